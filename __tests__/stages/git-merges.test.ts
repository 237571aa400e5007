import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { findProgram } from '../../src/tools/environment.ts'
import { GitMerges } from '../../src/tools/git-merges.ts'
import { Repository } from '../support/repository.ts'

let repository: Repository

beforeEach(() => {
  repository = new Repository()
  repository.write('a', '0\n')
  repository.commit()
})

afterEach(() => repository[Symbol.dispose]())

function mergesOf(root = repository.root): GitMerges {
  const environment = { PATH: process.env['PATH'], HOME: repository.home }
  return new GitMerges({ program: findProgram('git', process.env['PATH'] ?? '') ?? '', root, environment })
}

/** A branch from main with `text` in `path`, merged with main's side taken. */
function merge(branch: string, path: string, text: string): string {
  repository.git('checkout', '--quiet', '-b', branch)
  repository.write(path, text)
  repository.commit(branch)
  repository.git('checkout', '--quiet', 'main')
  repository.write('other', text)
  repository.commit(`beside ${branch}`)
  repository.git('merge', '--quiet', '--no-ff', '--strategy', 'ours', '--message', `merge ${branch}`, branch)
  return repository.git('rev-parse', 'HEAD')
}

test('where the commit is no merge, the newest that led to it are looked at, and older ones are no news', async () => {
  expect(await mergesOf().brought(10)).toEqual({ looked: [], left: 0, cutOff: false })
  const [one, two] = [merge('one', 'a', '1\n'), merge('two', 'a', '2\n')]
  repository.write('b', 'x')
  repository.commit()
  expect(await mergesOf().brought(10)).toEqual({ looked: [two, one], left: 0, cutOff: false })
  expect(await mergesOf().brought(1)).toEqual({ looked: [two], left: 0, cutOff: false })
})

test('a merge brings itself and those of its other side, not those before it', async () => {
  merge('before', 'a', '1\n')
  repository.git('checkout', '--quiet', '-b', 'feature')
  repository.git('branch', '--force', 'main', 'HEAD')
  repository.write('b', '1\n')
  repository.commit()
  repository.git('checkout', '--quiet', 'main')
  repository.write('c', '1\n')
  repository.commit()
  repository.git('checkout', '--quiet', 'feature')
  repository.git('merge', '--quiet', '--no-edit', 'main')
  const inner = repository.git('rev-parse', 'HEAD')
  repository.git('checkout', '--quiet', 'main')
  repository.git('merge', '--quiet', '--no-ff', '--no-edit', 'feature')
  const outer = repository.git('rev-parse', 'HEAD')
  expect(await mergesOf().brought(10)).toEqual({ looked: [outer, inner], left: 0, cutOff: false })
  expect(await mergesOf().brought(1)).toEqual({ looked: [outer], left: 1, cutOff: false })
})

test('the versions of a path are those of each side, of where they parted, and of the result', async () => {
  const base = repository.git('rev-parse', 'HEAD:a')
  const commit = merge('one\u00e9', 'a', '1\n')
  const side = repository.git('rev-parse', 'one\u00e9:a')
  const changed = await mergesOf().changedIn(commit, new Set(['a']))
  expect(changed).toEqual([{ commit, path: 'a', base, sides: [base, side], result: base }])
  expect(await mergesOf().changedIn(commit, new Set(['b']))).toEqual([])
  // New on one side, and gone in the result.
  const next = merge('two', 'new\nline', '2\n')
  const blob = repository.git('rev-parse', 'two:new\nline')
  const gone = await mergesOf().changedIn(next, new Set(['new\nline']))
  expect(gone).toEqual([{ commit: next, path: 'new\nline', base: null, sides: [null, blob], result: null }])
})

test('a clone without the parents is told from a commit that has none', async () => {
  merge('one', 'a', '1\n')
  const shallow = join(repository.path, 'shallow')
  mkdirSync(shallow)
  repository.git('clone', '--quiet', '--depth', '1', `file://${repository.root}`, shallow)
  expect(await mergesOf(shallow).brought(10)).toEqual({ looked: [], left: 0, cutOff: true })
})
