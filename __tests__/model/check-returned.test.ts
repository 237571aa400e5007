// Keys that a commit had taken out of a file and that are back, by a history that is made up.
import { expect, test } from '@jest/globals'
import { HistoryBuilder } from '../../src/model/exposure/history-builder.ts'
import type { Change } from '../../src/model/exposure/history.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import { returnedKeys } from '../../src/model/check/returned-keys.ts'

/** `path before after`, as the names of who reads it, `-` for no file; a list is one commit; `m` last for a merge. */
type Step = string | readonly string[]

/** Each step from the oldest on; `base`: `path readers` of what stands there now. Who shares a letter in capitals shares a value. */
function returned(base: readonly string[], ...steps: readonly Step[]): string[] {
  const builder = new HistoryBuilder()
  const versionOf = (names: string): number | null => {
    if (names === '-') return null
    if (builder.numberOf(names) === null) {
      const readers = names.toLowerCase().split('').map((name): Recipient => ({ kind: 'age', id: name }))
      const leaves = names.split('').filter((name) => name !== name.toLowerCase()).map((iv) => ({ key: 'k', iv, token: iv, size: 1 }))
      builder.add(names, { format: 'yaml', explicitType: false, readers, leaves, clear: [], marks: [names] })
    }
    return builder.numberOf(names)
  }
  const changes = steps.flatMap((step, commit) => (typeof step === 'string' ? [step] : step).map((one): Change => {
    const [path = '', before = '', after = '', merge] = one.split(' ')
    return { commit, path, time: commit * 86_400, isMerge: merge === 'm', before: versionOf(before), after: versionOf(after) }
  })).toReversed()
  const now = new Map(base.map((one): [string, number] => [one.split(' ')[0] ?? '', versionOf(one.split(' ')[1] ?? '') ?? -1]))
  const history = builder.finish({ reach: { kind: 'whole' }, tooLarge: 0, changes, base: now, plain: new Set() })
  return [...returnedKeys(history)].flatMap(([id, places]) =>
    places.map(({ path, date, elsewhere }) => `${id} ${path} ${date.slice(0, 10)}${elsewhere ? ' elsewhere' : ''}`))
}

test.each<[string, string[], string[], Step[]]>([
  ['taken out and back', ['age:b f 1970-01-02'], ['f ab'], ['f - ab', 'f ab a', 'f a ab']],
  ['taken out twice: the last time counts', ['age:b f 1970-01-04'], ['f ab'], ['f - ab', 'f ab a', 'f a ab', 'f ab a', 'f a ab']],
  ['taken out for good', [], ['f a'], ['f - ab', 'f ab a']],
  ['back by the merge of a stale branch', ['age:b f 1970-01-02'], ['f abc'], ['f - ab', 'f ab a', 'f ab abc', 'f a abc m']],
  ['joined on a branch while another one was edited', [], ['f abc'], ['f - ab', 'f ab abc', 'f ab abd', 'f abd abc m']],
  ['in a file that was removed and made anew', [], ['f ab'], ['f - ab', 'f ab -', 'f - ab']],
  ['taken out before the file got another name', ['age:b g 1970-01-02'], ['g Vab'],
    ['f - Vab', 'f Vab Va', ['f Va -', 'g - Va'], 'g Va Vab']],
  ['taken out of every file, and in a new one', ['age:b g 1970-01-03 elsewhere'], ['f a', 'g ab'],
    ['f - ab', ['h - bd', 'f ab a'], 'h bd d', 'g - ab']],
  ['taken out, then the file was removed and made anew', ['age:b f 1970-01-02'], ['f abd'], ['f - ab', 'f ab a', 'f a -', 'f - abd']],
  ['taken out of one file, while in another, and in a new one', [], ['f a', 'h bd', 'g ab'], ['f - ab', 'h - bd', 'f ab a', 'g - ab']],
  ['moved from one file to another in one commit', [], ['f a', 'g b'], ['f - ab', ['g - b', 'f ab a']]],
  ['taken out as the file got another name', ['age:b g 1970-01-02'], ['g Vab'], ['f - Vab', ['f Vab -', 'g - Va'], 'g Va Vab']],
  ['taken out of every file as the last one got another name', ['age:b h 1970-01-02 elsewhere'], ['g Va', 'h ab'], ['f - Vab', ['f Vab -', 'g - Va'], 'h - ab']],
  ['taken out of one file as another one went, and back in that', ['age:b f 1970-01-02 elsewhere'], ['f ab', 'g ad'],
    [['f - ab', 'g - abd'], ['f ab -', 'g abd ad'], 'f - ab']],
  ['taken out so, in the other order', ['age:b g 1970-01-02 elsewhere'], ['f ad', 'g ab'], [['f - abd', 'g - ab'], ['f abd ad', 'g ab -'], 'g - ab']],
  ['moved so, in the other order', [], ['f b', 'g a'], ['g - ab', ['g ab a', 'f - b']]],
])('%s', (_, expected, base, steps) => {
  expect(returned(base, ...steps)).toEqual(expected)
})
