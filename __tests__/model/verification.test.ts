import { describe, expect, test } from '@jest/globals'
import type { EncryptedFile } from '../../src/model/sops-file/encrypted-file.ts'
import { compareDataKeys } from '../../src/model/sops-file/encrypted-value.ts'
import type { EncryptedValue } from '../../src/model/sops-file/encrypted-value.ts'
import type { PlannedFile } from '../../src/model/plan/plan.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import type { FileEvidence } from '../../src/model/plan/verification.ts'
import { Verified } from '../../src/model/plan/verification.ts'

const [alice, bob, ci] = ['alice', 'bob', 'ci'].map((name): Recipient => ({ kind: 'age', id: `age1${name}` })) as [Recipient, Recipient, Recipient]
const value = (iv: string, data: string): EncryptedValue => ({ iv, data, tag: `tag of ${data}`, type: 'str' })

function file(groups: readonly Recipient[][]): EncryptedFile {
  return {
    path: 'a.yaml', format: 'yaml', explicitType: false, valueCount: 2, encryptsComments: false,
    metadata: { groups, shamirThreshold: null, lastModified: 't', mac: 'm', version: '3.13.3' },
  }
}

const planned: PlannedFile = {
  file: { ...file([[alice, bob, ci]]), config: '.sops.yaml', blob: '', sha256: '' },
  updatekeys: true, rotate: true, after: [[alice, ci]], reason: '',
}
const good = file([[ci, alice]])
const evidence: FileEvidence = { planned, plaintextBefore: 'same', plaintextAfter: 'same', after: good, dataKey: 'new', opensWithOldKey: null }

describe('verified', () => {
  test('is what passes every proof', () => {
    const verified = Verified.verify([planned], [], [evidence])
    expect(verified).toBeInstanceOf(Verified)
    expect(verified instanceof Verified && verified.files).toMatchObject([{ dataKey: 'new' }])
  })

  test.each<[string, Partial<FileEvidence>, RegExp]>([
    ['another plaintext', { plaintextAfter: 'other' }, /content is not what it was/],
    ['no metadata', { after: null }, /no sops metadata/],
    ['a damaged file', { after: { path: 'a.yaml', damage: 'it is cut off' } }, /cut off/],
    ['the removed still there', { after: file([[alice, bob, ci]]) }, /can be read with age:age1bob/],
    ['one who stays is gone', { after: file([[alice]]) }, /can not be read with age:age1ci/],
    ['another number of groups', { after: file([[alice], [ci]]) }, /2 key groups instead of 1/],
    ['another threshold', { after: { ...good, metadata: { ...good.metadata, shamirThreshold: 2 } } }, /threshold/],
    ['another format', { after: { ...good, format: 'json' } }, /from yaml to json/],
    ['the old data key', { dataKey: 'same' }, /old data key/],
    ['nothing to compare, not tried', { dataKey: 'unproven' }, /could not be proven/],
    ['nothing to compare, opens with the old key', { dataKey: 'unproven', opensWithOldKey: true }, /old data key/],
    ['evidence of another plan', { planned: { ...planned } }, /another plan/],
  ])('is not: %s', (_, part, sentence) => {
    const wrong = Verified.verify([planned], [], [{ ...evidence, ...part }])
    expect(wrong).toEqual([{ path: 'a.yaml', reason: expect.stringMatching(sentence) }])
  })

  test('is nothing that was not checked', () => {
    expect(Verified.verify([planned], [], [])).toEqual([{ path: 'a.yaml', reason: 'it was not checked' }])
  })

  test('has no look-alike', () => {
    expect(Verified.isVerified({ files: [], configs: [] } as unknown as Verified)).toBe(false)
  })
})

describe('data keys', () => {
  test.each([
    ['another key', [value('1', 'a')], [value('1', 'b')], 'new'],
    ['the same key', [value('1', 'a')], [value('1', 'a')], 'same'],
    ['a value that was set in between', [value('1', 'a'), value('2', 'b')], [value('1', 'a'), value('3', 'c')], 'same'],
    ['one of two values with the old key', [value('1', 'old'), value('2', 'older')], [value('1', 'new'), value('2', 'older')], 'same'],
    ['nothing in common', [value('1', 'a')], [value('2', 'a')], 'unproven'],
    ['no values', [], [], 'unproven'],
  ] as const)('%s', (_, before, after, expected) => {
    expect(compareDataKeys(before, after)).toBe(expected)
  })
})
