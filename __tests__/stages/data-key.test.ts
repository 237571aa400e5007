// The rules on which all that is said of history leans, held against the sops that the suite uses; and what follows from them
// for the age of a data key.
import { describe, expect, test } from '@jest/globals'
import type { FileVersion } from '../../src/model/exposure/file-version.ts'
import { readVersion, spelledKey } from '../../src/model/exposure/file-version.ts'
import { Chronicle } from '../support/history.ts'

const samples = [
  ['app.yaml', '# c\na: one\nb: two\nlist: [x, y]\n', 'a', 'a: ', '["a"]'], ['app.json', '{"a": "one", "b": "two", "list": ["x", "y"]}', 'a', '"a": ', '["a"]'],
  ['app.env', '# c\na=one\nb=two\n', 'a', 'a=', '["a"]'], ['app.ini', '[s]\na = one\nb = two\n', 's.a', 'a = ', '["s"]["a"]'], ['key', 'one', '(whole file)', '', null],
] as const

function versionOf(team: Chronicle, path: string): FileVersion {
  const version = readVersion(path, Buffer.from(team.read(path)))
  if (version === null || version === 'unreadable') throw new Error(`${path} is not encrypted.`)
  return version
}

/** Of the second of two versions: which names have a value with an IV, and with a ciphertext, of the first; how many marks. */
function shared(before: FileVersion, after: FileVersion): unknown {
  const [ivs, tokens] = [new Set(before.leaves.map(({ iv }) => iv)), new Set(before.leaves.map(({ token }) => token))]
  const names = (kept: (leaf: FileVersion['leaves'][number]) => boolean): string[] => after.leaves.filter(kept).map(({ key }) => spelledKey(key))
  return {
    newIv: names(({ iv }) => !ivs.has(iv)), newCiphertext: names(({ token }) => !tokens.has(token)),
    marks: after.marks.filter((mark) => before.marks.includes(mark)).length,
  }
}

describe.each(samples)('of %s', (path, text, name, _, index) => {
  test('an IV stays with its value, a data key with its wrapped forms, and each goes with it', () => {
    using team = new Chronicle().begin('2026-01-10', { [path]: text })
    const first = versionOf(team, path)
    const all = first.leaves.map(({ key }) => spelledKey(key))
    expect(first.marks).toHaveLength(4)
    const set = index === null ? first : versionOf(team.set(path, index, 'set'), path)
    if (index !== null) expect(shared(first, set)).toEqual({ newIv: [name], newCiphertext: [name], marks: 3 })
    const edited = versionOf(team.edit(path, index === null ? 'edited' : text.replace('one', 'edited')), path)
    expect(shared(set, edited)).toEqual({ newIv: [name], newCiphertext: [name], marks: 3 })
    const rotated = versionOf(team.rotate(path), path)
    expect(shared(edited, rotated)).toEqual({ newIv: [], newCiphertext: all, marks: 0 })
    const fewer = versionOf(team.updatekeys(team.withoutBob, path), path)
    expect(shared(rotated, fewer)).toEqual({ newIv: [], newCiphertext: [], marks: 1 })
    team.write(path, text)
    team.encrypt(path, text)
    expect(shared(fewer, versionOf(team, path))).toEqual({ newIv: all, newCiphertext: all, marks: 0 })
  })
})

describe('the age of a data key', () => {
  async function ages(team: Chronicle, everything = false): Promise<Readonly<Record<string, string>>> {
    await using open = await team.open({ everything })
    const { history } = open
    return Object.fromEntries([...history.base.keys()].map((path) => [path, new Date((history.keySince(path)?.earliest ?? 0) * 1000).toISOString().slice(0, 10)]))
  }

  test('is that of the first commit that had it, through edits, renames, updatekeys and merges; a rotation begins a new one', async () => {
    using team = new Chronicle().begin('2026-01-10', Object.fromEntries(['edited', 'single', 'renamed', 'rotated', 'merged', 'wrapped'].map((name) => [`${name}.yaml`, 'a: one\n'])))
    team.set('edited.yaml', '["b"]', 'two').set('single.yaml', '["a"]', 'two').move('renamed.yaml', 'moved.yaml').set('moved.yaml', '["a"]', 'two')
    team.rotate('rotated.yaml').commitOn('2026-02-10')
    team.git('checkout', '--quiet', '-b', 'side')
    team.rotate('merged.yaml').commitOn('2026-03-10')
    team.git('checkout', '--quiet', 'main')
    team.encrypt('young.yaml', 'a: one\n')
    team.commitOn('2026-04-10')
    team.gitOn('2026-05-10', 'merge', '--quiet', '--no-ff', '--message', 'side', 'side')
    team.updatekeys(team.withoutBob, 'wrapped.yaml').commitOn('2026-06-10')
    const told = {
      'edited.yaml': '2026-01-10', 'single.yaml': '2026-01-10', 'moved.yaml': '2026-01-10', 'wrapped.yaml': '2026-01-10',
      'rotated.yaml': '2026-02-10', 'merged.yaml': '2026-03-10', 'young.yaml': '2026-04-10',
    }
    expect(await ages(team)).toEqual(told)
    expect(await ages(team, true)).toEqual(told)
  })

  test('is rather the older where one commit changed all, recipients too; a file made anew begins anew', async () => {
    using team = new Chronicle().begin('2026-01-10', { 'all.yaml': 'a: one\n', 'anew.yaml': 'a: one\n' })
    team.updatekeys(team.withoutBob, 'all.yaml').set('all.yaml', '["a"]', 'two')
    team.config(team.everyone)
    team.encrypt('anew.yaml', 'a: one\n')
    team.commitOn('2026-02-10')
    expect(await ages(team)).toEqual({ 'all.yaml': '2026-01-10', 'anew.yaml': '2026-02-10' })
  })

  test('is that of what it was copied from, where its bytes are', async () => {
    using team = new Chronicle().begin('2026-01-10', { 'app.yaml': 'a: one\n' })
    team.write('copy.yaml', team.read('app.yaml'))
    team.commitOn('2026-02-10')
    team.set('copy.yaml', '["a"]', 'two').commitOn('2026-03-10')
    expect(await ages(team)).toEqual({ 'app.yaml': '2026-01-10', 'copy.yaml': '2026-01-10' })
  })
})
