// One commit to its branch, whatever its size: a real repository, and a server that is held against GitHub's descriptions.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { publishCommit } from '../../src/stages/publish-commit.ts'
import type { CommitToPublish } from '../../src/stages/publish-commit.ts'
import { Git } from '../../src/tools/git.ts'
import { GitHub } from '../../src/tools/github.ts'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import type { GitHubServer } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'
import { Repository } from '../support/repository.ts'

const token = 'ghs_a-token-that-must-not-be-said'
const branch = 'sops-rekey/remove-bob'
const files = 5_000

let repository: Repository
let server: GitHubServer
let git: Git
let github: GitHub
let wanted: CommitToPublish

beforeEach(async () => {
  repository = new Repository()
  server = await startGitHubServer({ token, validate: openapiValidator() })
  repository.write('README.md', 'Secrets.\n')
  repository.git('add', '.')
  repository.git('commit', '--quiet', '--message', 'first')
  repository.git('push', '--quiet', server.repository, 'main')
  const program = execFileSync('which', ['git'], { encoding: 'utf8' }).trim()
  git = new Git({ program, root: repository.root, environment: { PATH: process.env['PATH'], HOME: repository.home } })
  github = new GitHub({ token, owner: 'acme', repo: 'secrets', apiUrl: server.apiUrl, pause: () => Promise.resolve() })
  wanted = await commitOf(1)
})

afterEach(async () => {
  repository[Symbol.dispose]()
  await server[Symbol.asyncDispose]()
})

async function commitOf(count: number): Promise<CommitToPublish> {
  const tree = join(repository.path, 'staged')
  const paths = Array.from({ length: count }, (_, at) => `team-${at % 50}/${at}.yaml`)
  for (const path of paths) {
    mkdirSync(join(tree, path, '..'), { recursive: true })
    writeFileSync(join(tree, path), `password: ENC[${path}]\n`)
  }
  const commit = await git.commit({
    parent: await git.head(), tree, paths, indexFile: join(repository.path, 'index'),
    author: { name: 'bot', email: 'bot@example.com' }, message: () => 'chore: rotate\n',
  })
  return { branch, commit, expected: null, mode: 'api', requireVerified: true, url: `${server.serverUrl}/acme/secrets`, token }
}

/** The requests to the API, ids left out. */
function asked(): string[] {
  return server.requests.filter(({ path }) => !path.includes('/info/refs') && !path.includes('git-receive-pack'))
    .map(({ method, path }) => `${method} ${decodeURIComponent(path).replace('/repos/acme/secrets', '').replace(/[0-9a-f]{16,40}/g, '…')}`)
}

test(`${files} files take a handful of questions`, async () => {
  wanted = await commitOf(files)
  const { sha, verified, warnings, failure } = await publishCommit(git, github, wanted)
  expect({ verified, warnings, failure }).toEqual({ verified: true, warnings: [], failure: null })
  expect(await github.branchHead(branch)).toBe(sha)
  expect(execFileSync('git', ['--git-dir', server.repository, 'ls-tree', '-r', '--name-only', sha], { encoding: 'utf8' }).trim().split('\n')).toHaveLength(files + 1)
  expect(asked().slice(0, -1)).toEqual([
    'GET /git/matching-refs/sops-rekey/staging/…/', 'POST /git/commits', 'GET /git/commits/…', 'GET ', 'POST /api/graphql',
    'DELETE /git/refs/sops-rekey/staging/…/…',
  ])
})

describe('nothing is published', () => {
  test.each<[string, () => void]>([
    ['the list of refs cannot be read, and commits cannot be made', () => {
      server.refuse('GET', /matching-refs/, gitHubSays.notByIntegration)
      server.refuse('POST', /\/git\/commits$/, gitHubSays.notByIntegration)
    }],
    ['the push does not arrive', () => server.refuse('POST', /git-receive-pack$/, { status: 0, body: null })],
    ['the token may not push', () => server.refuse('GET', /info\/refs$/, { status: 403, body: null })],
  ])('where %s', async (_, arrange) => {
    arrange()
    for (const mode of ['auto', 'api'] as const) await expect(publishCommit(git, github, { ...wanted, mode })).rejects.toThrow(/Could not|could not/)
    expect(execFileSync('git', ['--git-dir', server.repository, 'for-each-ref', '--format=%(refname)'], { encoding: 'utf8' }).trim()).toBe('refs/heads/main')
  })
})

test('a limit of GitHub is no reason for an unverified commit', async () => {
  server.refuse('POST', /\/git\/commits$/, gitHubSays.secondaryRateLimit, { headers: { 'retry-after': '3600' } })
  await expect(publishCommit(git, github, { ...wanted, mode: 'auto', requireVerified: false })).rejects.toMatchObject({ code: 'github-rate-limit' })
})

test('a ref that cannot be listed is no reason not to publish', async () => {
  server.refuse('GET', /matching-refs/, gitHubSays.notByIntegration)
  expect(await publishCommit(git, github, wanted)).toMatchObject({ verified: true, warnings: [], failure: null })
})

test('the token is in no argument of git, nor in what is said of a push that failed', async () => {
  const [said, program] = [join(repository.path, 'arguments'), join(repository.path, 'git')]
  writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$@" >>'${said}'\nexec git "$@"\n`, { mode: 0o755 })
  const listening = new Git({ program, root: repository.root, environment: { PATH: process.env['PATH'], HOME: repository.home } })
  await publishCommit(listening, github, wanted)
  server.refuse('GET', /info\/refs$/, { status: 403, body: null })
  const error = await publishCommit(listening, github, { ...wanted, mode: 'git', branch: 'other' }).catch((reason: unknown) => reason)
  expect(String(error)).toContain('403')
  expect(readFileSync(said, 'utf8')).toContain('refs/sops-rekey/staging/')
  for (const secret of [token, Buffer.from(`x-access-token:${token}`).toString('base64')]) {
    expect(String(error)).not.toContain(secret)
    expect(readFileSync(said, 'utf8')).not.toContain(secret)
  }
})
