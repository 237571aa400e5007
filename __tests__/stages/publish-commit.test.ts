// One commit to its branch, whatever its size: a real repository, and a server that is held against GitHub's descriptions.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { publishCommit } from '../../src/stages/publishing/publish-commit.ts'
import type { CommitToPublish } from '../../src/stages/publishing/publish-commit.ts'
import { Git } from '../../src/tools/git.ts'
import { GitHub } from '../../src/tools/github.ts'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import type { GitHubServer } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'
import { Repository } from '../support/repository.ts'

const token = 'ghs_a-token-that-must-not-be-said'
const branch = 'sops-rekey/remove-bob'
const files = 5_000
const [pushes, receives, graphql] = [/\/info\/refs$/, /\/git-receive-pack$/, /^\/api\/graphql$/] as const
const [makesCommit, makesTree, madeCommit] = [/\/git\/commits$/, /\/git\/trees$/, /\/git\/commits\//] as const

let repository: Repository
let server: GitHubServer
let git: Git
let github: GitHub
let wanted: CommitToPublish
let paused: number[]
/** The seconds of each wait of git's that GitHub asked for. */
let waited: number[]

beforeEach(async () => {
  repository = new Repository()
  server = await startGitHubServer({ token, validate: openapiValidator() })
  repository.write('README.md', 'Secrets.\n')
  repository.git('add', '.')
  repository.git('commit', '--quiet', '--message', 'first')
  repository.git('push', '--quiet', server.repository, 'main')
  const program = execFileSync('which', ['git'], { encoding: 'utf8' }).trim()
  paused = []
  waited = []
  const pause = async (milliseconds: number): Promise<void> => {
    paused.push(milliseconds)
    await Promise.resolve()
  }
  git = new Git({ program, root: repository.root, environment: { PATH: process.env['PATH'], HOME: repository.home }, pause, onWait: (seconds) => waited.push(seconds) })
  github = new GitHub({ token, owner: 'acme', repo: 'secrets', apiUrl: server.apiUrl, pause })
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
  return {
    branch, commit, expected: null, mode: 'api', requireVerified: true, url: `${server.serverUrl}/acme/secrets`, token,
    folder: join(repository.path, 'signed'), beforeMove: () => Promise.resolve(),
  }
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
    'POST /git/commits', 'GET /git/commits/…', 'GET ', 'POST /api/graphql', 'DELETE /git/refs/sops-rekey/staging/…/…',
  ])
})

describe('nothing is published', () => {
  test.each<[string, () => void]>([
    ['the push does not arrive', () => server.refuse('POST', /git-receive-pack$/, { status: 0, body: null })],
    ['the token may not push', () => server.refuse('GET', /info\/refs$/, { status: 403, body: null })],
    ['commits cannot be made', () => server.refuse('POST', makesCommit, gitHubSays.notByIntegration)],
  ])('where %s', async (_, arrange) => {
    arrange()
    for (const mode of ['auto', 'api'] as const) await expect(publishCommit(git, github, { ...wanted, mode })).rejects.toThrow(/Could not|could not/)
    expect(execFileSync('git', ['--git-dir', server.repository, 'for-each-ref', '--format=%(refname)'], { encoding: 'utf8' }).trim()).toBe('refs/heads/main')
  })
})

test('a limit of GitHub is no reason for an unverified commit', async () => {
  server.refuse('POST', makesCommit, gitHubSays.secondaryRateLimit, { headers: { 'retry-after': '3600' } })
  await expect(publishCommit(git, github, { ...wanted, mode: 'auto', requireVerified: false })).rejects.toMatchObject({ code: 'github-rate-limit' })
})

test('a limit of GraphQL, which comes with a status of 200, is waited for', async () => {
  const waits: number[] = []
  const quick = new GitHub({ token, owner: 'acme', repo: 'secrets', apiUrl: server.apiUrl, second: 1, onWait: (seconds) => waits.push(seconds) })
  const limited = { data: { updateRefs: null }, errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded for installation ID 1.' }] }
  server.refuse('POST', graphql, { status: 200, body: limited }, { times: 1, headers: { 'retry-after': '7' } })
  expect(await publishCommit(git, quick, wanted)).toMatchObject({ verified: true, failure: null })
  expect(waits).toEqual([7])
})

test('GraphQL is asked where the runner says that it is', async () => {
  const elsewhere = new GitHub({ token, owner: 'acme', repo: 'secrets', apiUrl: server.apiUrl, graphqlUrl: `${server.serverUrl}/some/where` })
  server.refuse('POST', /^\/some\/where$/, { status: 200, body: { errors: [{ message: 'No.' }] } })
  await expect(publishCommit(git, elsewhere, wanted)).rejects.toMatchObject({ message: expect.stringContaining('GitHub answered an error: No.') })
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


function remote(...args: readonly string[]): string {
  return execFileSync('git', ['--git-dir', server.repository, ...args], { encoding: 'utf8' }).trim()
}

function refs(): string[] {
  return remote('for-each-ref', '--format=%(refname)').split('\n')
}

const published = ['refs/heads/main', `refs/heads/${branch}`]

describe('a push whose answer is lost', () => {
  test('once, so that it is repeated and finds its own ref, is no reason for an unverified commit', async () => {
    server.refuse('POST', receives, { status: 0, body: null }, { afterwards: true, times: 1 })
    expect(await publishCommit(git, github, wanted)).toMatchObject({ verified: true, warnings: [], failure: null })
    expect(server.requests.filter(({ path }) => receives.test(path))).toHaveLength(2)
    expect(refs()).toEqual(published)
  })

  test.each<[string, number]>([['broken', 0], ['with a fault', 500]])('%s is not made twice by git', async (_, status) => {
    server.refuse('POST', receives, { status, body: null }, { afterwards: true, times: 1 })
    expect(await publishCommit(git, github, { ...wanted, mode: 'git' })).toMatchObject({ sha: wanted.commit.sha, failure: null })
    expect(remote('rev-parse', branch)).toBe(wanted.commit.sha)
  })
})

describe('what GitHub has made and signed', () => {
  const notFound = { status: 200, body: { errors: [{ type: 'NOT_FOUND', message: 'Could not resolve to a node.' }] } }

  test('it may not know yet, when it is read or moved to', async () => {
    server.refuse('GET', madeCommit, gitHubSays.notFound, { times: 2 })
    server.refuse('POST', graphql, notFound, { times: 3 })
    expect(await publishCommit(git, github, { ...wanted, mode: 'auto', requireVerified: false })).toMatchObject({ verified: true, warnings: [], failure: null })
    expect(paused).toEqual([1_000, 2_000, 1_000, 2_000, 4_000])
  })

  test.each<[string, () => void]>([
    ['is read', () => server.refuse('GET', madeCommit, gitHubSays.notFound)],
    ['is read at all', () => server.refuse('GET', madeCommit, gitHubSays.notByIntegration)],
    ['is moved to', () => server.refuse('POST', graphql, notFound)],
  ])('is not thrown away for an unverified one where it never %s', async (_, arrange) => {
    arrange()
    await expect(publishCommit(git, github, { ...wanted, mode: 'auto', requireVerified: false })).rejects.toThrow(/^Could not (?:read the commit|move)/)
    expect(refs()).toEqual(['refs/heads/main'])
  })
})

describe('a tree that GitHub does not take from git', () => {
  const noTree = { status: 422, body: { message: 'Tree SHA does not exist', documentation_url: '' } }
  const sent = (): readonly { readonly base_tree?: string; readonly tree?: readonly object[] }[] =>
    server.requests.filter(({ path }) => makesTree.test(path)).map(({ body }) => body as object)

  test('is made by it from the parent’s, bit by bit', async () => {
    wanted = await commitOf(501)
    server.refuse('POST', makesCommit, noTree, { times: 1 })
    expect(await publishCommit(git, github, wanted)).toMatchObject({ verified: true, warnings: [], failure: null })
    expect(remote('rev-parse', `${branch}^{tree}`)).toBe(wanted.commit.tree)
    expect(sent().map(({ tree = [] }) => tree.length)).toEqual([500, 1])
    expect(sent()[0]?.base_tree).toBe(remote('rev-parse', 'main^{tree}'))
  })

  test('and that comes out as another is refused', async () => {
    server.refuse('POST', makesCommit, noTree, { times: 1 })
    server.refuse('POST', makesTree, { status: 201, body: { sha: wanted.commit.parentTree, url: 'https://example.com/', truncated: false, tree: [] } })
    await expect(publishCommit(git, github, { ...wanted, mode: 'auto' })).rejects.toMatchObject({ code: 'verification' })
    expect(refs()).toEqual(['refs/heads/main'])
  })

  test('nor so, is pushed by git where no verified commit is required', async () => {
    server.refuse('POST', makesCommit, noTree)
    const { sha, warnings } = await publishCommit(git, github, { ...wanted, mode: 'auto', requireVerified: false })
    expect([sha, warnings]).toEqual([wanted.commit.sha, [expect.stringMatching(/^The commit is not verified: it was pushed by git, .*Could not make a commit/)]])
  })
})

describe('a GitHub that has no `updateRefs`', () => {
  const bodies = { errors: [{ message: "Field 'updateRefs' doesn't exist on type 'Mutation'", extensions: { code: 'undefinedField' } }] }
  beforeEach(() => server.refuse('POST', graphql, { status: 200, body: bodies }))

  test('gets the commit that it signed by a push', async () => {
    const { sha, ...rest } = await publishCommit(git, github, wanted)
    expect(rest).toEqual({ verified: true, warnings: [], failure: null })
    expect(remote('rev-parse', branch)).toBe(sha)
    expect(sha).not.toBe(wanted.commit.sha)
    expect(refs()).toEqual(published)
  })

  test('gets git’s where it signs none', async () => {
    await server[Symbol.asyncDispose]()
    server = await startGitHubServer({ token, login: 'carol', validate: openapiValidator() })
    server.refuse('POST', graphql, { status: 200, body: bodies })
    repository.git('push', '--quiet', server.repository, 'main')
    const person = new GitHub({ token, owner: 'acme', repo: 'secrets', apiUrl: server.apiUrl })
    const { sha, verified } = await publishCommit(git, person, { ...wanted, mode: 'auto', requireVerified: false, url: `${server.serverUrl}/acme/secrets` })
    expect([sha, verified, remote('rev-parse', branch)]).toEqual([wanted.commit.sha, false, wanted.commit.sha])
  })

  test('is not pushed over someone who was first', async () => {
    server.before('POST', graphql, async () => {
      remote('update-ref', `refs/heads/${branch}`, 'main')
      await Promise.resolve()
    })
    await expect(publishCommit(git, github, { ...wanted, mode: 'auto', requireVerified: false })).rejects.toMatchObject({ code: 'changed-underneath' })
    expect(remote('rev-parse', branch)).toBe(remote('rev-parse', 'main'))
  })

  test('and none to whom the signed one can be pushed gets git’s, with a warning, unless a verified one is wanted', async () => {
    server.refuse('POST', /\/git-upload-pack$/, { status: 403, body: null })
    await expect(publishCommit(git, github, { ...wanted, requireVerified: false })).rejects.toMatchObject({ code: 'git-failed' })
    expect(refs()).toEqual(['refs/heads/main'])
    const again = { ...wanted, folder: join(repository.path, 'again'), mode: 'auto' } as const
    const { sha, verified, warnings } = await publishCommit(git, github, { ...again, requireVerified: false })
    expect([sha, verified]).toEqual([wanted.commit.sha, false])
    expect(warnings).toEqual([expect.stringMatching(/^The commit is not verified: it was pushed by git, because the branch could not be moved/)])
  })
})

describe('a push that fails', () => {
  const modes = ['git', 'auto'] as const
  const publish = async (mode: CommitToPublish['mode']): Promise<unknown> => {
    return await publishCommit(git, github, { ...wanted, mode, requireVerified: false }).catch((reason: unknown) => reason)
  }
  const count = (path: RegExp): number => server.requests.filter((one) => path.test(one.path)).length

  test.each<[string, 'GET' | 'POST', RegExp, number]>([
    ['before it begins', 'GET', pushes, 503], ['half way', 'POST', receives, 500], ['for a limit', 'GET', pushes, 429], ['without an answer', 'POST', receives, 0],
  ])('%s is tried again', async (_, method, path, status) => {
    for (const mode of modes) {
      paused = []
      server.refuse(method, path, { status, body: null }, { times: status === 0 ? 2 : 3 })
      expect(await publish(mode)).toMatchObject({ verified: mode === 'auto', warnings: [], failure: null })
      expect(paused.length).toBeGreaterThan(0)
      remote('update-ref', '-d', `refs/heads/${branch}`)
    }
  })

  test.each([['waited for', 7, 1], ['not waited for where it is too long', 301, 0]])('for a secondary limit is %s', async (_, seconds, waits) => {
    server.refuse('GET', pushes, { status: 403, body: null }, { times: 1, headers: { 'retry-after': `${seconds}` } })
    const result = await publish('git')
    expect([paused, waited]).toEqual([Array(waits).fill(seconds * 1000), Array(waits).fill(seconds)])
    expect(result).toMatchObject(waits > 0 ? { failure: null } : { code: 'github-rate-limit', message: expect.stringContaining('Run again in 301 seconds: a run waits for 300 at most') })
  })

  const realm = { headers: { 'www-authenticate': 'Basic realm="GitHub"' } }

  test.each<[string, 'GET' | 'POST', RegExp, number, number, string, RegExp]>([
    ['always', 'POST', receives, 500, 4, 'git-failed', /500.*\. Run again\.$/],
    ['for a limit', 'GET', pushes, 429, 4, 'github-rate-limit', /429\. Run again later; the token of a GitHub App has a limit of its own\.$/],
    ['for a permission', 'GET', pushes, 403, 1, 'github-permission', /403\. The token needs `contents: write`\.$/],
    ['for want of the repository', 'GET', pushes, 404, 1, 'github-permission', /not found\. Give a token in `token` with access to the repository/],
    ['for a token that has expired', 'GET', pushes, 401, 1, 'github-permission', /: GitHub does not know the token \(401\)\. Give .* not expired\. .*lives for an hour: make it after the rotation/],
    ['for a token that expires now', 'POST', receives, 401, 1, 'github-permission', /: GitHub does not know the token \(401\)\. Give .* not expired/],
  ])('%s says why', async (_, method, path, status, times, code, sentence) => {
    server.refuse(method, path, { status, body: null }, status === 401 ? realm : {})
    for (const mode of modes) {
      const before = count(path)
      expect(await publish(mode)).toMatchObject({ code, message: expect.stringMatching(sentence) })
      expect(count(path) - before).toBe(times)
      expect(refs()).toEqual(['refs/heads/main'])
    }
  })

  test('by a rule of the repository says what the remote says', async () => {
    const hook = join(server.repository, 'hooks', 'update')
    mkdirSync(join(hook, '..'), { recursive: true })
    writeFileSync(hook, '#!/bin/sh\necho "error: GH013: Repository rule violations found for $1." >&2\necho "- Commits must be verified." >&2\nexit 1\n', { mode: 0o755 })
    const error = await publish('git')
    expect(error).toMatchObject({ code: 'github-setting', message: expect.stringMatching(/hook declined.*GH013: Repository rule violations.*- Commits must be verified\..* A rule of the repository .*`branch`\.$/) })
    expect(String(error)).not.toContain('contents: write')
    expect(count(receives)).toBe(1)
  })

  test('because someone else was first is said so, though git does not know', async () => {
    server.before('POST', receives, async () => {
      remote('update-ref', `refs/heads/${branch}`, 'main')
      await Promise.resolve()
    })
    expect(await publish('git')).toMatchObject({ code: 'changed-underneath' })
    expect(remote('rev-parse', branch)).toBe(remote('rev-parse', 'main'))
  })
})

test.each([404, 422])('a staging ref that stays is said, also where GitHub answers %d as if there were none', async (status) => {
  server.refuse('DELETE', /staging/, { status, body: { message: 'No.', documentation_url: '' } })
  const { warnings } = await publishCommit(git, github, wanted)
  expect(warnings).toEqual([expect.stringMatching(/could not be deleted: refs\/sops-rekey\/staging\/.* tries again after an hour\. Could not delete/)])
})

test.each(['/', '/acme/', '/acme/secrets', '/acme/secrets/'])('a header that the user has git send to %s does not come along', async (path) => {
  repository.git('config', `http.${server.serverUrl}${path}.extraheader`, 'AUTHORIZATION: basic bm9wZTpub3Bl')
  expect(await publishCommit(git, github, wanted)).toMatchObject({ verified: true, failure: null })
})

test('an index that is split leaves nothing of ours beside it', async () => {
  repository.git('config', 'core.splitIndex', 'true')
  repository.git('update-index', '--split-index')
  const before = readdirSync(join(repository.root, '.git')).sort()
  await commitOf(2)
  expect(readdirSync(join(repository.root, '.git')).sort()).toEqual(before)
})
