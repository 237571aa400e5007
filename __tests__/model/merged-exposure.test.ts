// What several people could read, in one list: of each what is true of them.
import { expect, test } from '@jest/globals'
import { mergedPeople, mergedSecrets, personsAmong } from '../../src/model/exposure/merged-exposure.ts'
import { HistoryBuilder } from '../../src/model/exposure/history-builder.ts'
import type { OwnedRecipient } from '../../src/model/owners/owners.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import type { ExposedSecret } from '../../src/model/report.ts'

const secret = (rest: Partial<ExposedSecret>): ExposedSecret =>
  ({ file: 'app.yaml', key: 'a', readBy: ['bob'], since: '2026-01-01', until: '2026-02-01', state: 'changed', reason: null, ...rest })

test('two of whom something else is true have an entry each; two of whom the same is true share one, in the order of files and names', () => {
  const bob = [secret({ key: 'b' }), secret({}), secret({ file: 'other.yaml' })]
  const carol = [secret({ file: 'a.yaml', readBy: ['carol'] }), secret({ readBy: ['carol'], state: 'current' }), secret({ key: 'b', readBy: ['carol'] })]
  expect(mergedPeople([bob, carol]).map(({ file, key, readBy, state }) => `${file} ${key} ${readBy.join('+')} ${state}`)).toEqual([
    'a.yaml a carol changed', 'app.yaml b bob+carol changed', 'app.yaml a bob changed', 'app.yaml a carol current', 'other.yaml a bob changed',
  ])
  // One that they share has the whole time.
  expect(mergedPeople([[secret({})], [secret({ readBy: ['carol'], since: '2026-01-15', until: null })]])).toEqual([secret({ readBy: ['bob', 'carol'], until: null })])
})

test('one entry a file and name has the worst state, the whole time, and all who read it', () => {
  const [merged, ...others] = mergedSecrets([secret({}), secret({ readBy: ['carol'], since: '2025-12-01', until: null, state: 'unknown', reason: 'closed' })])
  expect(others).toEqual([])
  expect(merged).toEqual(secret({ readBy: ['bob', 'carol'], since: '2025-12-01', until: null, state: 'unknown', reason: 'closed' }))
})

test('keys of one person are one, and so are people who stood in the very same versions; any other stands alone', () => {
  const key = (letter: string): Recipient => ({ kind: 'age', id: `age1${letter.repeat(58)}` })
  const [bob, laptop, carol, dave] = [key('q'), key('p'), key('z'), key('r')]
  const owner = (recipient: Recipient, name: string): OwnedRecipient => ({ recipient, name, from: 'owners-file', path: '', line: 1 })
  const builder = new HistoryBuilder()
  const version = (readers: readonly Recipient[]) => ({ format: 'yaml', explicitType: false, readers, leaves: [], clear: [], marks: [] }) as const
  builder.add('1', version([bob, carol, dave]))
  builder.add('2', version([bob, laptop]))
  const history = builder.finish({ reach: { kind: 'whole' }, tooLarge: 0, changes: [], base: new Map(), plain: new Set() })
  const owners = [owner(bob, 'bob'), owner(laptop, 'bob'), owner(carol, 'carol')]
  expect(personsAmong([bob, carol, laptop, dave], owners, history)).toEqual([[bob, laptop], [carol, dave]])
})
