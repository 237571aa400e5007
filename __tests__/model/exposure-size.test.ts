// What is kept of a large repository: as much as it has values, and no more for values that are as long as each other.
import { expect, test } from '@jest/globals'
import { traceExposure } from '../../src/model/exposure/exposure.ts'
import { HistoryBuilder } from '../../src/model/exposure/history-builder.ts'
import type { Change } from '../../src/model/exposure/history.ts'
import { isAsked } from '../../src/model/exposure/traced-secret.ts'
import type { Recipient } from '../../src/model/recipient.ts'

const [alice, bob] = ['a', 'q'].map((letter): Recipient => ({ kind: 'age', id: `age1${letter.repeat(58)}` })) as [Recipient, Recipient]

test('the questions about values of one length share what they are held against', () => {
  const [files, values, size] = [100, 10, 12]
  const builder = new HistoryBuilder()
  const changes: Change[] = []
  const base = new Map<string, number>()
  for (let at = 0; at < files; at += 1) {
    const path = `${at}.yaml`
    // Bob read the first; the third has other values, and half of them other names.
    for (const [commit, readers] of [[alice, bob], [alice], [alice]].entries()) {
      const leaves = Array.from({ length: values }, (_, one) => {
        const iv = `${path} ${one} ${commit === 2 ? 'new' : 'old'}`
        return { key: JSON.stringify([0, commit === 2 && one % 2 === 1 ? `new${one}` : `${one}`]), iv, token: `${iv} ${commit}`, size }
      })
      builder.add(`${path} ${commit}`, { format: 'yaml', explicitType: false, readers, leaves, clear: [], marks: [`${path} ${commit}`] })
      const [before, after] = [builder.numberOf(`${path} ${commit - 1}`), builder.numberOf(`${path} ${commit}`)]
      changes.push({ commit, path, time: commit, isMerge: false, before, after })
      base.set(path, after ?? -1)
    }
  }
  const history = builder.finish({ reach: { kind: 'whole' }, tooLarge: 0, changes: changes.toSorted((a, b) => b.commit - a.commit), base, plain: new Set() })
  const questions = traceExposure(history, [bob], []).flatMap((one) => (isAsked(one) ? [one.question] : []))
  expect(questions).toHaveLength(files * values)
  const shared = new Set(questions.flatMap(({ byLength }) => [byLength.places(size), byLength.known(size)]))
  expect([...shared].map((list) => list.length)).toEqual([files * values, files * values])
  const each = questions.map(({ now, known, own, clear }) => now.length + known.length + own.length + clear.length)
  expect(Math.max(...each)).toBeLessThanOrEqual(2 * values)
})
