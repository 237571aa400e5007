// What a file that comes is most like, of those that stand there: by the names of its values, then by its own.
import { expect, test } from '@jest/globals'
import { StandingFiles } from '../../src/model/exposure/standing-files.ts'

const leavesOf = (names: readonly string[]): readonly { readonly key: string; readonly iv: number; readonly size: number }[] =>
  names.map((name, at) => ({ key: JSON.stringify([0, name]), iv: at, size: 1 }))

/** Each file is a version of its own, in their order; the one that comes is the last. */
function mostLike(files: Readonly<Record<string, readonly string[]>>, path: string, names: readonly string[], gone: readonly string[] = []): readonly string[] {
  const all = [...Object.values(files), names]
  const standing = new StandingFiles((version) => leavesOf(all[version] ?? []))
  Object.keys(files).forEach((one, version) => standing.put(one, version))
  for (const one of gone) standing.put(one, null)
  return standing.mostLike(path, all.length - 1).map((version) => Object.keys(files)[version] ?? '').sort()
}

test.each<[string, Parameters<typeof mostLike>, readonly string[]]>([
  ['the one with the same names', [{ 'dev/db.yaml': ['a', 'b'], 'dev/app.yaml': ['a', 'b', 'c'] }, 'prod/app.yaml', ['b', 'a']], ['dev/db.yaml']],
  ['the one with most names', [{ 'one.yaml': ['a', 'b', 'x'], 'two.yaml': ['a', 'b', 'c', 'x'] }, 'new.yaml', ['a', 'b', 'c', 'd']], ['two.yaml']],
  ['that of its name in another folder', [{ 'dev/app.yaml': ['a'], 'prod/db.yaml': ['a'] }, 'prod/app.yaml', ['a']], ['dev/app.yaml']],
  ['those of its folder', [{ 'dev/x.yaml': ['a'], 'prod/y.yaml': ['a'], 'prod/z.yaml': ['a'] }, 'prod/app.yaml', ['a']], ['prod/y.yaml', 'prod/z.yaml']],
  ['one with half of its names', [{ 'one.yaml': ['a', 'x'] }, 'new.yaml', ['a', 'b']], ['one.yaml']],
  ['none with fewer', [{ 'one.yaml': ['a', 'x', 'y'] }, 'new.yaml', ['a']], []],
  ['none that went', [{ 'one.yaml': ['a'], 'two.yaml': ['a', 'b'] }, 'new.yaml', ['a'], ['one.yaml']], ['two.yaml']],
  ['none where there is none', [{}, 'new.yaml', ['a']], []],
])('a file is most like %s', (_, files, expected) => {
  expect(mostLike(...files)).toEqual(expected)
})

test('a file that changed is what it is now', () => {
  const standing = new StandingFiles((version) => leavesOf([['a'], ['b'], ['a']][version] ?? []))
  standing.put('app.yaml', 0)
  standing.put('app.yaml', 1)
  expect(standing.mostLike('new.yaml', 2)).toEqual([])
})
