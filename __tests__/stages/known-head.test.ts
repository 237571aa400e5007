// Which checkouts get keys where GitHub is not asked, on real ones.
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { assertKnownHead } from '../../src/stages/publishing/known-head.ts'
import { Git } from '../../src/tools/git.ts'
import { Repository } from '../support/repository.ts'

let repository: Repository
let git: Git
let first: string
let second: string

beforeEach(() => {
  repository = new Repository()
  first = commit('first')
  second = commit('second')
  const program = execFileSync('which', ['git'], { encoding: 'utf8' }).trim()
  git = new Git({ program, root: repository.root, environment: { PATH: process.env['PATH'], HOME: repository.home } })
})

afterEach(() => repository[Symbol.dispose]())

function commit(message: string): string {
  repository.git('commit', '--quiet', '--allow-empty', '--message', message)
  return repository.git('rev-parse', 'HEAD')
}

test('a person by hand, what the run was started for, and what came before it', async () => {
  await expect(assertKnownHead(git, second, null)).resolves.toBeUndefined()
  await expect(assertKnownHead(git, second, second)).resolves.toBeUndefined()
  await expect(assertKnownHead(git, first, second)).resolves.toBeUndefined()
})

test('a commit of a branch that was fetched, though the run was started for another', async () => {
  repository.git('update-ref', 'refs/remotes/origin/release', second)
  await expect(assertKnownHead(git, second, first)).resolves.toBeUndefined()
  await expect(assertKnownHead(git, first, '0'.repeat(40))).resolves.toBeUndefined()
})

test.each([['of nobody', 'refs/sops/none'], ['of a pull request', 'refs/remotes/pull/7/merge'], ['of a branch that is only here', 'refs/heads/mine']])(
  'not the head %s', async (_, ref) => {
    repository.git('update-ref', ref, second)
    await expect(assertKnownHead(git, second, first)).rejects.toMatchObject({ code: 'event', message: expect.stringContaining('not given keys') })
  })
