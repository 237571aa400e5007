import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readPublicKeys } from '../../src/model/owners/public-keys.ts'
import type { OwnedRecipient } from '../../src/model/owners/owners.ts'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'

// The law of names on lines of their own: whatever way a list is written, each key has its true name or none, and never another's.

const people = ['alice', 'bob', 'carol', 'dave', 'erin'] as const
const keyOf = (person: string): string => `age1${(person[0] ?? 'a').replace('b', 'q').repeat(58)}`

const ways = ['above', 'below', 'deeper', 'beside', 'under headings'] as const

interface Entry {
  readonly person: (typeof people)[number]
  readonly isNamed: boolean
  readonly isParted: boolean
}

const entries = fc.shuffledSubarray([...people], { minLength: 1 }).chain((some) =>
  fc.tuple(...some.map((person): fc.Arbitrary<Entry> => fc.record({
    person: fc.constant(person), isNamed: fc.boolean(), isParted: fc.boolean(),
  }))))
const list = fc.record({ way: fc.constantFrom(...ways), entries, heading: fc.constantFrom(null, '# our people', '# ---- keys ----') })
type List = typeof list extends fc.Arbitrary<infer T> ? T : never

function linesOf({ way, entries: all, heading }: List, dash: string): readonly string[] {
  return [...heading === null ? [] : [heading], ...all.flatMap(({ person, isNamed, isParted }, at) => {
    const key = `${dash}${keyOf(person)}`
    const [above, below] = [isNamed && way === 'above' ? [`# ${person}`] : [], isNamed && way === 'below' ? [`# ${person}`] : []]
    const deeper = isNamed && way === 'deeper' ? [`  # ${person}`] : []
    // One that is called like a person, and stands over two keys.
    const [head, other] = way === 'under headings' && at === 0 ? [['# alice'], [`${dash}${keyOf('zoe')}`]] : [[], []]
    const beside = isNamed && way === 'beside' ? ` # ${person}` : ''
    return [...isParted ? [''] : [], ...head, ...above, `${key}${beside}`, ...other, ...below, ...deeper]
  })]
}

const readers: readonly (readonly [string, (one: List) => readonly OwnedRecipient[]])[] = [
  ['a public-keys file', (one) => readPublicKeys('keys.txt', linesOf(one, '').join('\n')).owners],
  ['a list of a config', (one) => {
    const lines = ['keys:', ...linesOf(one, '- ').map((line) => (line === '' ? '' : `  ${line}`)), 'creation_rules: []', '']
    return readSopsConfig('.sops.yaml', lines.join('\n')).owners
  }],
]

describe.each(readers)('%s', (_, read) => {
  const namesOf = (owners: readonly OwnedRecipient[], person: string): readonly string[] =>
    owners.filter(({ recipient }) => recipient.id === keyOf(person)).map(({ name }) => name)

  test('gives a key its true name or none', () => {
    fc.assert(fc.property(list, (one) => {
      const owners = read(one)
      for (const { person, isNamed } of one.entries) {
        const truth = isNamed && one.way !== 'under headings' ? [person] : []
        expect(truth).toEqual(expect.arrayContaining([...namesOf(owners, person)]))
      }
    }), { numRuns: 500 })
  })

  test('gives it where each has one above or beside it', () => {
    fc.assert(fc.property(list, (one) => {
      fc.pre(one.way === 'above' || one.way === 'beside')
      const owners = read({ ...one, entries: one.entries.map((entry) => ({ ...entry, isNamed: true })) })
      for (const { person } of one.entries) expect(namesOf(owners, person)).toEqual([person])
    }), { numRuns: 200 })
  })
})
