// Merges of the base on top of our commit: what passes for the button's, and each way in which there is more in one. Real git.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { areCleanMerges } from '../../src/stages/publishing/clean-merges.ts'
import { Git } from '../../src/tools/git.ts'
import { GitHub } from '../../src/tools/github.ts'
import { readCommit } from '../../src/tools/github-git.ts'
import { Log } from '../../src/tools/log.ts'
import { Staging } from '../../src/tools/staging.ts'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import type { GitHubServer } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'
import { Repository } from '../support/repository.ts'

const token = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'
const lines = Array.from({ length: 20 }, (_, at) => `line ${at}\n`)
let repository: Repository
let server: GitHubServer
let made: string

beforeEach(async () => {
  repository = new Repository()
  server = await startGitHubServer({ token, repo: 'infra', validate: openapiValidator() })
  repository.write('a.txt', lines.join(''))
  repository.write('b.txt', 'b\n')
  repository.commit('first')
  repository.git('checkout', '--quiet', '-b', 'ours')
  repository.write('a.txt', lines.with(0, 'ours\n').join(''))
  made = repository.commit('ours')
  onBase('a.txt', lines.with(-1, 'theirs\n').join(''))
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  repository[Symbol.dispose]()
})

/** The base moves on; our branch is then checked out again. */
function onBase(path: string, text: string): void {
  repository.git('checkout', '--quiet', 'main')
  repository.write(path, text)
  repository.commit(path)
  repository.git('checkout', '--quiet', 'ours')
}

/** Merges `what` into our branch; `more` is done to the files before that is committed. */
function merge(what = 'main', more?: () => void): string {
  repository.git('merge', '--quiet', '--no-ff', '--no-commit', what)
  more?.()
  return repository.commit(`Merge ${what}`)
}

async function areClean(merges: readonly string[], root = repository.root): Promise<boolean> {
  for (const name of ['main', 'ours']) repository.git('push', '--quiet', '--force', server.repository, `${name}:refs/heads/${name}`)
  const github = new GitHub({ token, owner: 'acme', repo: 'infra', apiUrl: server.apiUrl })
  const git = new Git({ program: execFileSync('which', ['git'], { encoding: 'utf8' }).trim(), root, environment: { PATH: process.env['PATH'], HOME: repository.home } })
  await using staging = Staging.create(repository.path)
  const tip = repository.git('rev-parse', 'main')
  const place = { git, github, remote: { url: `${server.serverUrl}/acme/infra`, token }, log: new Log(), staging, tip }
  const all = await Promise.all([made, ...merges].map(async (sha) => await readCommit(github, sha)))
  return await areCleanMerges(place, tip, all[0] ?? await readCommit(github, made), all.slice(1))
}

test('what git makes of both is clean, also twice, and in a shallow checkout that has seen nothing of it', async () => {
  const first = merge()
  expect(await areClean([first])).toBe(true)
  onBase('b.txt', 'more\n')
  const second = merge()
  expect(await areClean([first, second])).toBe(true)
  const shallow = join(repository.path, 'shallow')
  execFileSync('git', ['clone', '--quiet', '--depth=1', '--branch=main', `file://${server.repository}`, shallow])
  expect(await areClean([first, second], shallow)).toBe(true)
})

test.each<[string, () => readonly string[]]>([
  ['a line more', () => [merge('main', () => repository.write('a.txt', lines.with(0, 'ours\n').with(-1, 'theirs\n').with(9, 'evil\n').join('')))]],
  ['a file more', () => [merge('main', () => repository.write('.github/workflows/x.yaml', 'on: push\n'))]],
  ['a file less', () => [merge('main', () => repository.git('rm', '--quiet', '--force', 'b.txt'))]],
  ['another mode', () => [merge('main', () => repository.write('b.txt', 'b\n', 0o755))]],
  ['the base alone', () => [merge('main', () => repository.git('checkout', '--quiet', 'main', '--', '.'))]],
  ['more in the first of two', () => {
    const first = merge('main', () => repository.write('c.txt', 'c\n'))
    onBase('b.txt', 'more\n')
    return [first, merge()]
  }],
  ['something that is not on the base', () => {
    repository.git('checkout', '--quiet', '-b', 'aside', 'main')
    repository.write('c.txt', 'c\n')
    repository.commit('aside')
    repository.git('checkout', '--quiet', 'ours')
    return [merge('aside')]
  }],
  ['a conflict that somebody settled as git would leave it', () => {
    repository.git('checkout', '--quiet', 'main')
    repository.git('rm', '--quiet', 'a.txt')
    repository.commit('gone')
    repository.git('checkout', '--quiet', 'ours')
    expect(() => merge()).toThrow()
    return [repository.commit('Merge main')]
  }],
  ['an older state of the base, after a newer one', () => {
    const first = merge()
    const tree = repository.git('rev-parse', `${first}^{tree}`)
    const back = repository.git('commit-tree', tree, '-p', first, '-p', 'main~1', '-m', 'Merge')
    repository.git('reset', '--quiet', '--hard', back)
    return [first, back]
  }],
])('there is more in it: %s', async (_, act) => {
  expect(await areClean(act())).toBe(false)
})

test('nothing is clean where GitHub does not say how the base went on', async () => {
  const merges = [merge()]
  expect(await areClean(merges)).toBe(true)
  server.refuse('GET', /\/compare\//, gitHubSays.notByIntegration)
  expect(await areClean(merges)).toBe(false)
})
