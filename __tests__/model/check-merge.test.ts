import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { droppedByMerge, wantedIn } from '../../src/model/check/merge-drop.ts'
import type { SopsAnswer } from '../../src/model/plan/plan.ts'
import type { Recipient } from '../../src/model/recipient.ts'

const fingerprint = 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4'
const people = (names: string): Recipient[] => names.split('').map((id) => ({ kind: 'age', id }))
const lost = (base: string, sides: readonly string[], result: string): string =>
  droppedByMerge(people(base), sides.map(people), people(result)).map(({ id }) => id).join('')

describe('a merge drops', () => {
  test.each([
    ['nobody, where it keeps all', 'a', ['ab', 'ac'], 'abc', ''],
    ['who one side added', 'a', ['ab', 'ac'], 'ac', 'b'],
    ['who both sides added', 'a', ['ab', 'ab'], 'a', 'b'],
    ['who was there all the time', 'ab', ['ab', 'abc'], 'ac', 'b'],
    ['not whom one side removed', 'ab', ['a', 'abc'], 'ac', ''],
    ['not whom both sides removed', 'ab', ['a', 'a'], 'a', ''],
    ['whom nobody knew before, where the sides have no common past', '', ['a', 'b'], 'b', 'a'],
    ['who two of three sides kept and one removed: nobody', 'ab', ['ab', 'ab', 'a'], 'a', ''],
    ['who came in by one of three sides', 'a', ['a', 'a', 'ab'], 'a', 'b'],
  ])('%s', (_, base, sides, result, expected) => {
    expect(lost(base, sides, result)).toBe(expected)
  })

  test('nobody whom the rule for the file does not want, by the word of sops; without that any rule of its config may', () => {
    const config = { recipients: people('abc') }
    const wanted = (configured: SopsAnswer['configured'] | null, named: typeof config | null = config): string =>
      [...wantedIn(people('a'), named, configured === null ? null : { configured, current: null })].join()
    expect(wanted({ kind: 'same' })).toBe('age:a')
    expect(wanted({ kind: 'different', current: [], groups: [people('a'), people('b')], thresholdChanges: false })).toBe('age:a,age:b')
    expect([wanted(null), wanted({ kind: 'no-rule' }), wanted(null, null)]).toEqual(['age:a,age:b,age:c', 'age:a,age:b,age:c', ''])
  })

  test('nobody who is only spelled otherwise', () => {
    const [upper, lower] = [fingerprint, fingerprint.toLowerCase()].map((id): Recipient => ({ kind: 'pgp', id }))
    expect(upper === undefined || lower === undefined ? null : droppedByMerge([], [[upper], [lower]], [lower])).toEqual([])
  })

  test('nobody where the result is the union of what each side has and the other did not take out, whatever the sets', () => {
    const set = fc.subarray('abcdef'.split('')).map((ids) => ids.join(''))
    fc.assert(fc.property(set, set, set, (base, one, other) => {
      const kept = 'abcdef'.split('').filter((id) => {
        const [before, here, there] = [base, one, other].map((ids) => ids.includes(id))
        return before === true ? here === true && there === true : here === true || there === true
      })
      expect(lost(base, [one, other], kept.join(''))).toBe('')
      for (const id of kept) expect(lost(base, [one, other], kept.filter((kept) => kept !== id).join(''))).toBe(id)
    }))
  })
})
