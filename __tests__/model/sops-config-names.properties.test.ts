import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { OwnedRecipient } from '../../src/model/owners/owners.ts'
import { formsOf, resolveRecipients } from '../../src/model/owners/owners.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import { canonicalId } from '../../src/model/recipient.ts'
import type { ConfigChange } from '../../src/model/sops-config/change.ts'
import { editConfig } from '../../src/model/sops-config/edit.ts'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'

// The laws of names: by no edit does a key that stays get a name that it did not have, nor for who comes lose one that it had. Configs are made with names in every place
// in which people write them: by position, for all keys, for some and for more than there are, as labels, under headings.

const people = ['alice', 'bob', 'carol', 'dave', 'erin'] as const
type Person = (typeof people)[number]
const keyOf = (person: string): Recipient => ({ kind: 'age', id: `age1${(person[0] ?? 'a').replace('b', 'q').repeat(58)}` })

interface Field {
  readonly members: readonly Person[]
  /** Whose name is written where a style leaves some out. */
  readonly named: readonly Person[]
  readonly style: number
}

const some = fc.shuffledSubarray([...people], { minLength: 1 })
const field: fc.Arbitrary<Field> = fc.record({ members: some, named: fc.shuffledSubarray([...people]), style: fc.nat(15) })
const fields = fc.array(field, { minLength: 1, maxLength: 3 })
const headings: readonly number[] = [12, 13]

/** The lines of a rule in one of sixteen styles; two have a heading that is nobody's name. */
function linesOf({ members, named, style }: Field, at: number): readonly string[] {
  const keys = members.map((person) => keyOf(person).id)
  const told = members.filter((person) => named.includes(person))
  const beside = (names: readonly string[]): string => names.length === 0 ? '' : ` # ${names.join(', ')}`
  const above = (names: readonly string[]): string[] => names.length === 0 ? [] : [`    # ${names.join(', ')}`]
  const oneByOne = (names: readonly string[]): string[] => names.map((name) => `    # ${name}`)
  const folded = ['    age: >-', ...keys.map((key, index) => `      ${key}${index < keys.length - 1 ? ',' : ''}`)]
  const items = (lead: (person: Person) => readonly string[], rest: (person: Person) => string): string[] =>
    ['    age:', ...members.flatMap((person) => [...lead(person), `      - ${keyOf(person).id}${rest(person)}`])]
  const label = (person: Person): string[] => named.includes(person) ? [`      # ${person}`] : []
  const body = [
    () => [`    age: ${keys.join(',')}`],
    () => [`    age: ${keys.join(', ')}${beside(members)}`],
    () => [`    age: [${keys.join(', ')}]${beside(told)}`],
    () => [`    age: ${keys.join(',')}${beside(told)}`],
    () => [...above(members), `    age: [${keys.join(', ')}]`],
    () => [...above(told), `    age: ${keys.join(',')}`],
    () => [`    age: ${keys.join(',')}${beside([...members, 'zed'])}`],
    () => [...oneByOne(members), ...folded],
    () => [...oneByOne(told), ...folded],
    () => [...oneByOne(['zed', ...members]), ...folded],
    () => items(label, () => ''),
    () => items(() => [], (person) => named.includes(person) ? ` # ${person}` : ''),
    () => { const [first = '', ...more] = items(label, () => ''); return [first, '      # Falcon', ...more] },
    () => [`    age: ${keys.join(',')} # Falcon`],
    () => [...members.map((person) => `    # - ${person}`), `    age: ${keys.join(',')}`],
    () => ['    # Who can read:', ...told.map((person, index) => `    # ${index + 1}. ${person}`), `    age: [${keys.join(', ')}]`],
  ][style]?.() ?? []
  return [`  - path_regex: ^r${at}/`, ...body, '    pgp: FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4']
}

const write = (all: readonly Field[]): string => ['creation_rules:', ...all.flatMap(linesOf)].join('\n')
const everyone: readonly OwnedRecipient[] = people.map((name, at) =>
  ({ name, recipient: keyOf(name), from: 'public-keys', path: 'keys.txt', line: at + 1 }))

function edited(text: string, change: ConfigChange, known: readonly OwnedRecipient[]): string | null {
  const config = readSopsConfig('.sops.yaml', text)
  const result = editConfig(config, change, [...config.owners, ...known])
  return result.kind === 'edited' ? result.after : result.kind === 'untouched' ? text : null
}

/** The names that a text gives to a key. */
function namesIn(text: string, recipient: Recipient): readonly string[] {
  return readSopsConfig('.sops.yaml', text).owners.filter((owner) => canonicalId(owner.recipient) === canonicalId(recipient))
    .map(({ name }) => name)
}

const removed = fc.shuffledSubarray([...people], { minLength: 1, maxLength: 3 })
const newcomer = fc.constantFrom({ recipient: keyOf('zoe'), name: 'zoe' }, { recipient: keyOf('zoe'), name: null })
const oddly = fc.constantFrom('zoe', 'zoe laptop', 'prod', 'zoe & max', 'Kim, Zoe', 'added by zoe').map((name) => ({ recipient: keyOf('zoe'), name }))
const runs = { numRuns: 100 }

describe('no edit gives a key that stays a name that it did not have', () => {
  const holds = (text: string, change: ConfigChange, known: readonly OwnedRecipient[]): void => {
    const after = edited(text, change, known)
    const gone = change.removed.flatMap((one) => [...namesIn(text, one), ...known.filter(({ recipient }) => recipient === one).map(({ name }) => name)])
    for (const person of [...people, 'zoe']) {
      const [had, has] = [text, after ?? text].map((one) => namesIn(one, keyOf(person)))
      const theirs = known.some(({ name }) => name === person) ? [person] : []
      const comes = person === 'zoe' ? ['zoe', ...gone, ...has?.filter((name) => name.startsWith('age1')) ?? []] : []
      expect({ person, strange: has?.filter((name) => ![...had ?? [], ...theirs, ...comes].includes(name)) }).toEqual({ person, strange: [] })
    }
  }
  const knowledge = fc.constantFrom([], everyone)

  test('a removal', () => {
    fc.assert(fc.property(fields, removed, knowledge, (all, gone, known) => {
      holds(write(all), { removed: gone.map(keyOf), added: [], like: [] }, known)
    }), runs)
  })

  test('an addition', () => {
    fc.assert(fc.property(fields, fc.constantFrom(...people), newcomer, knowledge, (all, like, one, known) => {
      holds(write(all), { removed: [], added: [one], like: [keyOf(like)] }, known)
    }), runs)
  })

  test('a replacement', () => {
    fc.assert(fc.property(fields, fc.constantFrom(...people), newcomer, knowledge, (all, like, one, known) => {
      holds(write(all), { removed: [keyOf(like)], added: [one], like: [keyOf(like)] }, known)
    }), runs)
  })
})

test('whatever the name of who comes, each key that stays keeps its names', () => {
  fc.assert(fc.property(fields, fc.constantFrom(...people), oddly, fc.boolean(), (all, like, one, goes) => {
    const text = write(all)
    const change = { removed: goes ? [keyOf(like)] : [], added: [one], like: [keyOf(like)] }
    const after = edited(text, change, [])
    for (const person of people.filter((person) => after !== null && !(goes && person === like))) {
      expect({ person, names: namesIn(after ?? '', keyOf(person)) }).toEqual({ person, names: namesIn(text, keyOf(person)) })
    }
  }), runs)
})

test('where everyone is known and no heading is about, no edit is refused for a name', () => {
  const change = fc.oneof(
    removed.map((gone): ConfigChange => ({ removed: gone.map(keyOf), added: [], like: [] })),
    fc.tuple(fc.constantFrom(...people), newcomer).map(([like, one]): ConfigChange => ({ removed: [], added: [one], like: [keyOf(like)] })),
    fc.tuple(fc.constantFrom(...people), newcomer).map(([like, one]): ConfigChange => ({ removed: [keyOf(like)], added: [one], like: [keyOf(like)] })),
  )
  fc.assert(fc.property(fields, change, (all, asked) => {
    fc.pre(all.every(({ style }) => !headings.includes(style)))
    expect(edited(write(all), asked, everyone)).not.toBeNull()
  }), runs)
})

test('who was removed by name is nobody when the same is asked again', () => {
  fc.assert(fc.property(fields, fc.constantFrom(...people, 'zed', 'Falcon'), fc.constantFrom([], everyone), (all, name, known) => {
    const text = write(all)
    const resolve = (of: string): ReturnType<typeof resolveRecipients> => {
      const { owners, recipients } = readSopsConfig('.sops.yaml', of)
      return resolveRecipients([name], [...owners, ...known], recipients)
    }
    const first = resolve(text)
    if (first.kind !== 'resolved') return
    const after = edited(text, { removed: first.recipients, added: [], like: [] }, known)
    if (after !== null) expect(resolve(after)).toMatchObject({ kind: 'unknown' })
  }), runs)
})

test('every style can be read', () => {
  const full = Array.from({ length: 16 }, (_, style) => write([{ members: ['alice', 'bob'], named: ['alice', 'bob'], style }]))
  const read = full.map((text) => readSopsConfig('.sops.yaml', text).owners.flatMap(({ name }) => formsOf(name)).join(' '))
  expect(read).toEqual(['', ...Array<string>(5).fill('alice bob'), '', ...Array<string>(2).fill('alice bob'), '', ...Array<string>(2).fill('alice bob'), 'bob', '', 'alice bob', 'alice bob'])
})
