// Keys that a commit had taken out of a file and that are back, by a history that is made up.
import { expect, test } from '@jest/globals'
import { HistoryBuilder } from '../../src/model/history.ts'
import type { Change } from '../../src/model/history.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import { returnedKeys } from '../../src/model/returned-keys.ts'

/** Each step from the oldest on: who read `a.yaml` before, and who after it; `m` for a merge. */
function returned(base: string, ...steps: readonly (readonly [string, string, 'm'?])[]): string[] {
  const builder = new HistoryBuilder()
  const versionOf = (names: string): number | null => {
    if (names === '') return null
    if (builder.numberOf(names) === null) {
      const readers = names.split('').map((name): Recipient => ({ kind: 'age', id: name }))
      builder.add(names, { format: 'yaml', explicitType: false, readers, leaves: [], marks: [names] })
    }
    return builder.numberOf(names)
  }
  const changes = steps.map(([before, after, merge], at): Change => ({
    commit: at, path: 'a.yaml', time: at * 86_400, isMerge: merge === 'm', before: versionOf(before), after: versionOf(after),
  })).toReversed()
  const now = versionOf(base) ?? -1
  const history = builder.finish({ reach: { kind: 'whole' }, tooLarge: 0, changes, base: new Map([['a.yaml', now]]), plain: new Set() })
  return [...returnedKeys(history)].flatMap(([id, places]) => places.map(({ path, date }) => `${id} ${path} ${date.slice(0, 10)}`))
}

test.each<[string, string[], string, (readonly [string, string, 'm'?])[]]>([
  ['taken out and back', ['age:b a.yaml 1970-01-02'], 'ab', [['', 'ab'], ['ab', 'a'], ['a', 'ab']]],
  ['taken out twice: the last time counts', ['age:b a.yaml 1970-01-04'], 'ab', [['', 'ab'], ['ab', 'a'], ['a', 'ab'], ['ab', 'a'], ['a', 'ab']]],
  ['taken out for good', [], 'a', [['', 'ab'], ['ab', 'a']]],
  ['back by the merge of a stale branch', ['age:b a.yaml 1970-01-02'], 'abc', [['', 'ab'], ['ab', 'a'], ['ab', 'abc'], ['a', 'abc', 'm']]],
  ['joined on a branch while another one was edited', [], 'abc', [['', 'ab'], ['ab', 'abc'], ['ab', 'abd'], ['abd', 'abc', 'm']]],
  ['in a file that was removed and made anew', [], 'ab', [['', 'ab'], ['ab', ''], ['', 'ab']]],
])('%s', (_, expected, base, steps) => {
  expect(returned(base, ...steps)).toEqual(expected)
})
