// What stood in the clear before it was encrypted: found at its path, or at the path that it was encrypted to.
import { expect, test } from '@jest/globals'
import { ClearPaths } from '../../src/model/exposure/clear-paths.ts'
import type { FoundChange } from '../../src/model/exposure/clear-paths.ts'
import { clearTexts } from '../../src/model/exposure/file-version.ts'
import { HistoryBuilder } from '../../src/model/exposure/history-builder.ts'

const change = (commit: number, path: string, before: string | null, after: string | null): FoundChange =>
  ({ commit, path, time: 100 - commit, isMerge: false, before, after })

/** Newest first: `plain` was written, changed, and then encrypted at `to`. */
function clearOf(plain: string, to: string): unknown {
  const found = [
    change(1, to, 'second', 'third'),
    ...plain === to ? [change(2, to, 'changed', 'second')] : [change(2, to, null, 'second'), change(2, plain, 'changed', null)],
    change(3, plain, 'plain', 'changed'), change(4, 'other', null, 'x'), change(4, plain, null, 'plain'),
  ]
  const [paths, builder] = [new ClearPaths(found), new HistoryBuilder((text) => ({ spellings: [`digest of ${text}`], parts: null }))]
  for (const blob of ['third', 'second']) {
    const leaves = [{ key: '[0,"a"]', iv: blob, token: blob, size: 1 }]
    builder.add(blob, { format: 'dotenv', explicitType: false, readers: [], leaves, clear: [], marks: [] })
    paths.isEncrypted(to, 'dotenv')
  }
  expect(paths.formatOf(['other', to], 1)).toBe('dotenv')
  if (paths.formatOf([plain], 1) !== 'dotenv') return null
  builder.addClear('changed', clearTexts('dotenv', Buffer.from('a=1\nb=2\n')))
  builder.addClear('plain', clearTexts('dotenv', Buffer.from('a=1\nz=2\n')))
  return paths.versionsOf(builder).map(({ change: at, leaves, since, until }) => [at, leaves.map(({ key }) => key), since, until])
}

test.each([
  ['app.env', 'app.env'], ['app.env', 'app.enc.env'], ['.env', 'secrets/.env.sops'], ['dir/app.env', 'app.enc'],
])('%s, encrypted as %s, is what that has in common with it, from when to when', (plain, to) => {
  expect(clearOf(plain, to)).toEqual([[1, ['[0,"a"]'], 97, 98], [1, ['[0,"a"]'], 96, 97]])
})

test('what another file was is not looked at, nor what is too large for one that people wrote', () => {
  expect(clearOf('app.env', 'other.env')).toBe(null)
  const paths = new ClearPaths([])
  paths.isEncrypted('app.env', 'dotenv')
  expect([1024 * 1024, 1024 * 1024 + 1].map((size) => paths.formatOf(['app.env'], size))).toEqual(['dotenv', null])
})

test.each([
  ['yaml', 'a: 1\nb:\n  - x\n', [['[0,"a"]', '1'], ['[0,"b",0]', 'x']]], ['json', '{"a": {"b": "c"}}', [['[0,"a","b"]', 'c']]], ['json', '{', []],
  ['dotenv', 'A="x"\n', [['[0,"A"]', '"x"']]], ['ini', '[s]\na = b\n', [['[0,"s","a"]', 'b']]], ['binary', '\u00ff', [['[-2]', '\u00c3\u00bf']]],
] as const)('a text in the clear is read as %s: %j', (format, text, texts) => {
  expect(clearTexts(format, Buffer.from(text)).map(({ key, text: value }) => [key, value])).toEqual(texts)
  expect(clearTexts(format, Buffer.from(text)).map(({ size }) => size)).toEqual(texts.map(([, value]) => value.length))
})
