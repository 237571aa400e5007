// A name that stood for one key and stands for another, by a history that is made up.
import { expect, test } from '@jest/globals'
import { HistoryBuilder } from '../../src/model/exposure/history-builder.ts'
import type { Change, History } from '../../src/model/exposure/history.ts'
import { namesakes } from '../../src/model/exposure/namesake.ts'
import type { OwnedRecipient } from '../../src/model/owners/owners.ts'
import type { Recipient } from '../../src/model/recipient.ts'

const key = (letter: string): Recipient => ({ kind: 'age', id: `age1${letter.repeat(58)}` })
const owned = (letter: string, name: string): OwnedRecipient => ({ recipient: key(letter), name, from: 'comment', path: '.sops.yaml', line: 1 })

/** By day from the first on, oldest first: `path readers` of each change, `-` for a file that goes. */
function historyOf(days: readonly (readonly string[])[]): History {
  const builder = new HistoryBuilder()
  const versionOf = (readers: string): number | null => {
    if (readers === '-') return null
    if (builder.numberOf(readers) === null) {
      builder.add(readers, { format: 'yaml', explicitType: false, readers: readers.split('').map(key), leaves: [], clear: [], marks: [readers] })
    }
    return builder.numberOf(readers)
  }
  const changes = days.flatMap((day, commit) => day.map((one): Change => {
    const [path = '', readers = ''] = one.split(' ')
    return { commit, path, time: commit * 86_400, isMerge: false, before: null, after: versionOf(readers) }
  })).toReversed()
  return builder.finish({ reach: { kind: 'whole' }, tooLarge: 0, changes, base: new Map(), plain: new Set() })
}

// a is alice; q was bob, w is bob now, and v may be too.
test.each<[string, string | null, string, (readonly string[])[]]>([
  ['that left before the other one came', '1970-01-02', 'w', [['f aq'], ['f a'], ['f aw']]],
  ['that left the last of its files', '1970-01-03', 'w', [['f aq', 'g aq'], ['f a'], ['g a'], ['g aw']]],
  ['that left with a file', '1970-01-02', 'w', [['f aq', 'g a'], ['f -'], ['g aw']]],
  ['that left twice', '1970-01-04', 'w', [['f aq'], ['f a'], ['f aq'], ['f a'], ['f aw']]],
  ['where the other one reads no file yet', '1970-01-02', 'w', [['f aq'], ['f a']]],
  ['where both others came later', '1970-01-02', 'wv', [['f aq'], ['f a'], ['f aw'], ['f avw']]],
  ['that was exchanged', null, 'w', [['f aq'], ['f aw']]],
  ['that was a second one for a while', null, 'w', [['f aq'], ['f aqw'], ['f aw']]],
  ['that was exchanged file by file', null, 'w', [['f aq', 'g aq'], ['f aw'], ['g a']]],
  ['that has not left', null, 'w', [['f aq', 'g aq'], ['f a'], ['f aw']]],
  ['that came back', null, 'w', [['f aq'], ['f a'], ['f aw'], ['f aqw']]],
  ['that moved from file to file', null, 'w', [['f aq', 'g a'], ['g aq', 'f a'], ['f aw', 'g aw']]],
  ['that never read a file', null, 'w', [['f a'], ['f aw']]],
  ['where one of two others was there before', null, 'wv', [['f aqv'], ['f av'], ['f avw']]],
  ['where who goes has another name', null, 'a', [['f q'], ['f -'], ['f a']]],
])('an earlier key %s', (_, until, removed, days) => {
  const owners = [owned('a', 'alice'), owned('w', 'Bob'), owned('v', 'bob (laptop)')]
  const found = namesakes(historyOf(days), removed.split('').map(key), [owned('q', 'Bob <bob@x.org>')], owners)
  const now = removed.split('').map((letter) => `age1${letter.repeat(6)}…${letter.repeat(4)}`).join(', ')
  expect(found).toEqual(until === null ? [] : [{
    code: 'namesake', level: 'warning', path: null,
    message: `Bob <bob@x.org> stood for age1qqqqqq…qqqq until ${until}, and now stands for ${now}, which came later: perhaps it is another person. Only ${now} is taken out`,
  }])
})
