// Commits that GitHub signs: from the built bundle, real git, and a server that is held against GitHub's own descriptions of its APIs.
import { execFileSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import type { GitHubServer, GitHubServerOptions, Refusal } from '../support/github-server.ts'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'
import { Team } from '../support/team.ts'
import { annotations } from '../support/unchanged.ts'

const token = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'
const branch = 'sops-rekey/remove-bob'
const stagingFolder = `refs/sops-rekey/staging/${createHash('sha256').update(branch).digest('hex').slice(0, 16)}/`
const [makesCommit, receivePack, graphql] = [/\/git\/commits$/, /\/git-receive-pack$/, /^\/api\/graphql$/] as const
const botAddress = '41898282+github-actions[bot]@users.noreply.github.com'

let team: Team
let server: GitHubServer

beforeEach(async () => {
  team = new Team()
  const { alice, bob, ci } = team
  team.config({ alice, bob, ci })
  team.encrypt('a.yaml', 'password: s3cret\n')
  team.write('run.sh', '#!/bin/sh\n', 0o755)
  await start()
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  team[Symbol.dispose]()
})

async function start(options: Partial<GitHubServerOptions> = {}): Promise<void> {
  server = await startGitHubServer({ token, repo: 'infra', validate: openapiValidator(), ...options })
  push()
}

/** From here on the token is the one of a person. */
async function asPerson(): Promise<void> {
  await server[Symbol.asyncDispose]()
  await start({ login: 'carol' })
}

function push(): void {
  if (team.git('status', '--porcelain') !== '') team.commit()
  team.git('push', '--quiet', server.repository, 'HEAD:refs/heads/main')
}

/** Something new to encrypt, so that an earlier run's branch is out of date. */
function addSecret(): void {
  team.encrypt('b.yaml', 'token: n3w\n')
  push()
}

function remote(...args: readonly string[]): string {
  return execFileSync('git', ['--git-dir', server.repository, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

function refs(): string[] {
  return remote('for-each-ref', '--format=%(refname)').split('\n')
}

const [withoutBranch, withBranch] = [['refs/heads/main'], ['refs/heads/main', `refs/heads/${branch}`]] as const

async function run(inputs: Readonly<Record<string, string>> = {}, onStart?: (child: ChildProcess) => void): Promise<ActionRun> {
  return await runAction(team, { 'removed-recipient': 'bob', 'pull-request': 'true', policy: 'off', token, ...inputs }, {
    env: { GITHUB_SERVER_URL: server.serverUrl, GITHUB_API_URL: server.apiUrl, GITHUB_REF: 'refs/heads/main' },
    ...(onStart === undefined ? {} : { onStart }),
  })
}

async function done(inputs: Readonly<Record<string, string>> = {}): Promise<ActionRun> {
  const result = await run(inputs)
  expect(result.exitCode === 0 ? '' : result.log).toBe('')
  return result
}

/** A run that fails with every ref as it was; its one error. */
async function refused(inputs: Readonly<Record<string, string>> = {}): Promise<string> {
  const before = remote('for-each-ref')
  const result = await run(inputs)
  expect(result.exitCode === 1 ? '' : result.log).toBe('')
  expect(remote('for-each-ref')).toBe(before)
  expect(server.pulls.length).toBe(before.includes(branch) ? 1 : 0)
  expect(result.outputs).toMatchObject({ changed: 'false', 'pull-request-commits-verified': '' })
  const errors = annotations(result, 'error')
  expect(errors).toHaveLength(1)
  return errors[0] ?? ''
}

/** Who made the commit on the branch: of author and committer the addresses, and whether there is a signature. */
function makers(): string {
  return `${remote('log', '-1', '--format=%ae %ce', branch)}${remote('cat-file', 'commit', branch).includes('\ngpgsig ') ? ' signed' : ''}`
}

function asked(): string[] {
  return server.requests.map(({ method, path }) => `${method} ${path}`)
}

function graphqlSays(message: string, details: object = {}): Refusal {
  return { status: 200, body: { errors: [{ message, ...details }] } }
}

const conflict: Refusal = { status: 409, body: { message: 'Conflict', documentation_url: '' } }
const notInSchema = graphqlSays("Field 'updateRefs' doesn't exist on type 'Mutation'", { extensions: { code: 'undefinedField' } })

describe('a token of a bot', () => {
  test('gets a commit that GitHub signed, and nothing else', async () => {
    const result = await done()
    expect(annotations(result, 'warning')).toEqual([])
    expect(refs()).toEqual(withBranch)
    expect(makers()).toBe(`${botAddress} noreply@github.com signed`)
    expect(result.outputs).toMatchObject({
      'pull-request-commits-verified': 'true', 'pull-request-operation': 'created', 'pull-request-head-sha': remote('rev-parse', branch),
    })
    expect(remote('rev-parse', `${branch}^`)).toBe(remote('rev-parse', 'main'))
    expect(remote('diff', '--name-only', 'main', branch)).toBe('.sops.yaml\na.yaml')
    expect(remote('log', '-1', '--format=%B', branch)).toMatch(
      new RegExp(`^chore: rotate keys[^]*\\n\\nSops-Rekey-Fingerprint: [0-9a-f]{64}\\nSops-Rekey-Tree: ${remote('rev-parse', `${branch}^{tree}`)}$`))
    const sent = server.requests.find(({ method, path }) => method === 'POST' && makesCommit.test(path))?.body ?? {}
    expect(Object.keys(sent).sort()).toEqual(['message', 'parents', 'tree'])
  })

  test('has it brought up to date, and left alone where it is', async () => {
    const first = await done()
    const again = await done()
    expect(again.outputs).toMatchObject({
      'pull-request-operation': 'unchanged', 'pull-request-commits-verified': 'true', 'pull-request-head-sha': first.outputs['pull-request-head-sha'],
    })
    addSecret()
    const third = await done()
    expect(third.outputs).toMatchObject({ 'pull-request-operation': 'updated', 'pull-request-number': '1', 'pull-request-commits-verified': 'true' })
    expect(remote('rev-list', '--count', `main..${branch}`)).toBe('1')
    expect(refs()).toEqual(withBranch)
    expect(makers()).toContain('signed')
  })

  test('of a GitHub App is known again too', async () => {
    await server[Symbol.asyncDispose]()
    await start({ login: 'acme-keys[bot]' })
    await done()
    expect(makers()).toBe('4711+acme-keys[bot]@users.noreply.github.com noreply@github.com signed')
    expect((await done()).outputs).toMatchObject({ 'pull-request-operation': 'unchanged', 'pull-request-commits-verified': 'true' })
  })

  test('says it nowhere', async () => {
    const result = await done()
    const encoded = Buffer.from(`x-access-token:${token}`).toString('base64')
    for (const text of [result.log.replaceAll(`::add-mask::${token}`, ''), result.summary, JSON.stringify(result.report), team.git('config', '--list')]) {
      expect(text).not.toContain(token)
      expect(text).not.toContain(encoded)
    }
  })
})

describe('a token of a person', () => {
  beforeEach(asPerson)

  test('gets a commit of git’s, as the bot, with a warning', async () => {
    const result = await done()
    expect(annotations(result, 'warning')).toEqual([expect.stringMatching(/^The commit is not verified\. .*not for one of a person/)])
    expect(makers()).toBe(`${botAddress} ${botAddress}`)
    expect(result.outputs).toMatchObject({ 'pull-request-commits-verified': 'false', 'pull-request-head-sha': remote('rev-parse', branch) })
    expect(refs()).toEqual(withBranch)
    const again = await done()
    expect(again.outputs).toMatchObject({ 'pull-request-operation': 'unchanged', 'pull-request-commits-verified': 'false' })
    expect(annotations(again, 'warning')).toEqual([expect.stringMatching(/^The commit on the branch \([0-9a-f]{12}\) is not verified, and was left as it is, .*`commit-mode: api`/)])
  })

  test.each(['auto', 'api'])('gets nothing with commit-mode %s where a verified one is required', async (mode) => {
    const sentence = await refused({ 'require-verified': 'true', 'commit-mode': mode })
    expect(sentence).toMatch(/^GitHub did not sign the commit\. A verified commit is required, so nothing was published\. .*not for one of a person/)
  })
})

describe('where verified is required', () => {
  test.each([['require-verified', 'true'], ['commit-mode', 'api']])('by %s: %s, an unverified commit of an earlier run is not enough, though nothing else changed', async (name, value) => {
    await done({ 'commit-mode': 'git' })
    expect(makers()).toBe(`${botAddress} ${botAddress}`)
    const result = await done({ [name]: value })
    expect(result.outputs).toMatchObject({ 'pull-request-operation': 'updated', 'pull-request-commits-verified': 'true' })
    expect(makers()).toContain('signed')
  })

  test('a GitHub that does not let the run make commits is an error that says so', async () => {
    server.refuse('POST', makesCommit, gitHubSays.notByIntegration)
    expect(await refused({ 'require-verified': 'true' })).toContain('A verified commit is required, so nothing was published.')
  })
})

describe('commit-mode', () => {
  test('git pushes, and asks the API for nothing that it did not before', async () => {
    const result = await done({ 'commit-mode': 'git' })
    expect(annotations(result, 'warning')).toEqual([])
    expect(makers()).toBe(`${botAddress} ${botAddress}`)
    expect(result.outputs).toMatchObject({ 'pull-request-commits-verified': 'false' })
    expect(asked().filter((one) => /graphql|matching-refs\/sops|POST .*git\/commits/.test(one))).toEqual([])
  })

  test.each<[string, RegExp, Refusal]>([
    ['no such endpoint', makesCommit, gitHubSays.notFound],
    ['no permission', makesCommit, gitHubSays.notByIntegration],
    ['a tree it does not take', makesCommit, { status: 422, body: { message: 'Tree SHA does not exist', documentation_url: '' } }],
  ])('auto falls back to git with a warning where there is %s; api does not', async (_, path, answer) => {
    server.refuse('POST', path, answer)
    expect(await refused({ 'commit-mode': 'api' })).toMatch(/^Could not make a commit/)
    const result = await done()
    expect(annotations(result, 'warning')).toEqual([expect.stringMatching(/^The commit is not verified: it was pushed by git, .*Could not make a commit/)])
    expect(result.outputs).toMatchObject({ 'pull-request-commits-verified': 'false' })
    expect(makers()).toBe(`${botAddress} ${botAddress}`)
    expect(refs()).toEqual(withBranch)
  })

  test('auto does not throw a commit away that GitHub has signed, also where there is no right to move a branch to it', async () => {
    await done()
    addSecret()
    server.refuse('POST', graphql, graphqlSays('Resource not accessible by integration', { type: 'FORBIDDEN' }))
    const sentence = await refused()
    expect(sentence).toMatch(/^Could not move refs\/heads.*[^.]\. The token needs .*[^.]\. Run again; where .*`commit-mode: git`.*[^.]\. Nothing was published; the branch .* and its pull request are as they were\.$/)
    expect(makers()).toContain('signed')
  })

  test('auto pushes the commit that GitHub has signed where GraphQL cannot move a branch to it', async () => {
    await done()
    addSecret()
    server.refuse('POST', graphql, notInSchema)
    const result = await done()
    expect([annotations(result, 'warning'), refs()]).toEqual([[], withBranch])
    expect(result.outputs).toMatchObject({ 'pull-request-operation': 'updated', 'pull-request-commits-verified': 'true' })
    expect(makers()).toContain('signed')
  })

  test('auto falls back too where refs beside branches are refused', async () => {
    remote('config', 'receive.hideRefs', 'refs/sops-rekey')
    const result = await done()
    expect(annotations(result, 'warning')).toEqual([expect.stringContaining('GitHub does not take the ref refs/sops-rekey/staging/')])
    expect(refs()).toEqual(withBranch)
  })

  test.each<[string, RegExp, Refusal]>([
    ['commits are in conflict with something else', makesCommit, conflict],
    ['GraphQL has an error of no kind', graphql, graphqlSays('Something is not right')],
  ])('auto does not fall back where %s', async (_, path, answer) => {
    server.refuse('POST', path, answer)
    expect(await refused()).toMatch(/^Could not /)
  })

  test.each([
    [{ 'commit-mode': 'signed' }, /`commit-mode` is "signed".*Write `commit-mode: auto`/],
    [{ 'commit-mode': 'git', 'require-verified': 'true' }, /`commit-mode: git` and `require-verified: true` contradict each other/],
    [{ 'require-verified': 'yes' }, /`require-verified` is "yes"/],
    [{ 'pull-request': 'false', 'commit-mode': 'api' }, /`commit-mode` and `pull-request: false` contradict/],
    [{ 'pull-request': 'false', 'require-verified': 'true' }, /`require-verified` and `pull-request: false` contradict/],
  ])('%j is refused', async (inputs, sentence) => {
    expect(annotations(await run(inputs), 'error')).toEqual([expect.stringMatching(sentence)])
  })
})

describe('someone else who moves the branch meanwhile', () => {
  /** Right before the branch would be moved, puts it there themselves. */
  function comesFirst(): void {
    server.before('POST', graphql, async () => {
      remote('update-ref', `refs/heads/${branch}`, remote('rev-parse', 'main'))
      await Promise.resolve()
    })
  }

  test.each(['that was not there', 'that was ours'])('wins on a branch %s; nothing is overwritten', async (which) => {
    if (which === 'that was ours') {
      await done()
      addSecret()
    }
    comesFirst()
    const result = await run()
    expect(annotations(result, 'error')).toEqual([expect.stringMatching(/^The branch sops-rekey\/remove-bob was moved by someone else/)])
    expect(remote('rev-parse', branch)).toBe(remote('rev-parse', 'main'))
    expect(refs()).toEqual(withBranch)
    expect(result.outputs).toMatchObject({ changed: 'false' })
  })

  const [ours, gitHub, mallory] = [`github-actions[bot] <${botAddress}>`, 'GitHub <noreply@github.com>', 'mallory <mallory@example.com>'] as const

  test.each<[string, string, string, boolean]>([
    ['the author is a person', mallory, gitHub, true],
    ['the key is a person’s', ours, mallory, true],
    ['there is no signature', ours, gitHub, false],
    ['a bot of another GitHub made it', 'x[bot] <1+x[bot]@users.noreply.example.com>', gitHub, true],
  ])('is not taken for us by our message and tree where %s', async (_, author, committer, signed) => {
    await done()
    const [head = '', ...message] = remote('cat-file', 'commit', branch).replace(/\ngpgsig [^]*?\n(?! )/, '\n').split('\n\n')
    const raw = [
      head.replace(/(?<=\nauthor ).*>/, author).replace(/(?<=\ncommitter ).*>/, committer)
        + (signed ? '\ngpgsig -----BEGIN PGP SIGNATURE-----\n x' : ''), ...message,
    ].join('\n\n')
    const theirs = execFileSync('git', ['--git-dir', server.repository, 'hash-object', '-t', 'commit', '-w', '--stdin'], { encoding: 'utf8', input: raw }).trim()
    remote('update-ref', `refs/heads/${branch}`, theirs)
    expect(await refused()).toContain('ends in a commit that is not ours')
    expect(remote('rev-parse', branch)).toBe(theirs)
  })
})

describe('the commit that GitHub made', () => {
  test.each<[string, (made: Record<string, unknown>) => void]>([
    ['tree', (made) => (made['tree'] = { sha: '0'.repeat(40), url: 'https://example.com/' })],
    ['parent', (made) => (made['parents'] = [])],
    ['message', (made) => (made['message'] = 'chore: another')],
  ])('is refused where it has another %s', async (what, change) => {
    server.before('POST', makesCommit, async () => {
      const parent = remote('rev-parse', 'main')
      const person = { name: 'x', email: 'x@example.com', date: '2026-01-01T00:00:00Z' }
      const sent = server.requests.at(-1)?.body as { readonly message: string; readonly tree: string }
      const made = {
        sha: parent, node_id: 'C_1', url: 'https://example.com/', html_url: 'https://example.com/', author: person, committer: person,
        message: sent.message, tree: { sha: sent.tree, url: 'https://example.com/' },
        parents: [{ sha: parent, url: 'https://example.com/', html_url: 'https://example.com/' }],
        verification: { verified: true, reason: 'valid', signature: '', payload: '', verified_at: null },
      }
      change(made)
      server.refuse('GET', /\/git\/commits\//, { status: 200, body: made })
      await Promise.resolve()
    })
    expect(await refused()).toMatch(new RegExp(`^The commit that GitHub made has another ${what} than the one that was verified\\. Nothing was published`))
  })
})

describe('the staging ref', () => {
  test.each<[string, () => void]>([
    ['making the commit fails', () => server.refuse('POST', makesCommit, conflict)],
    ['moving the branch fails', () => server.refuse('POST', graphql, graphqlSays('No.'))],
  ])('is gone when %s', async (_, arrange) => {
    let staged = ''
    server.before('POST', makesCommit, async () => {
      staged = refs().find((ref) => ref.startsWith(stagingFolder)) ?? ''
      await Promise.resolve()
    })
    arrange()
    expect((await run()).exitCode).toBe(1)
    expect(staged).not.toBe('')
    expect(refs().filter((ref) => ref.includes('staging'))).toEqual([])
  })

  test('is gone when the run is stopped, which publishes nothing then', async () => {
    let child: ChildProcess | null = null
    server.before('POST', makesCommit, async () => {
      child?.kill('SIGTERM')
      await Promise.resolve()
    })
    const result = await run({}, (started) => {
      child = started
    })
    expect(annotations(result, 'error')).toEqual([expect.stringMatching(/^The run was stopped by SIGTERM\. Nothing was changed/)])
    expect(refs()).toEqual(withoutBranch)
  })

  test('is gone when the run is stopped while it waits for GitHub, at once', async () => {
    server.refuse('POST', makesCommit, gitHubSays.secondaryRateLimit)
    let stopped = Infinity
    const result = await run({}, (child) => {
      child.stdout?.on('data', (piece: Buffer) => {
        if (!piece.toString().includes('waiting 60 s')) return
        stopped = Date.now()
        child.kill('SIGTERM')
      })
    })
    expect(Date.now() - stopped).toBeLessThan(30_000)
    expect(annotations(result, 'error')).toEqual([expect.stringMatching(/^The run was stopped by SIGTERM\. Nothing was changed/)])
    expect(refs()).toEqual(withoutBranch)
  })

  test('that cannot be deleted is said, and the next run an hour later takes it away', async () => {
    server.refuse('DELETE', /staging/, conflict, { times: 1 })
    const first = await done()
    expect(annotations(first, 'warning')).toEqual([expect.stringMatching(/could not be deleted: refs\/sops-rekey\/staging\//)])
    const young = refs().find((ref) => ref.startsWith(stagingFolder)) ?? ''
    expect(young).not.toBe('')

    // The same commit, two hours old; one that is not ours; one under another name; one for another branch.
    const message = remote('log', '-1', '--format=%B', young)
    const make = (text: string): string => execFileSync('git', ['--git-dir', server.repository, '-c', 'user.name=x', '-c', 'user.email=x@y', 'commit-tree', `${young}^{tree}`, '-m', text], {
      encoding: 'utf8', env: { ...process.env, GIT_COMMITTER_DATE: new Date(Date.now() - 7_200_000).toISOString() },
    }).trim()
    const [ours, foreign] = [make(message), make('mine')]
    remote('update-ref', `${stagingFolder}${ours}`, ours)
    remote('update-ref', `${stagingFolder}${foreign}`, foreign)
    remote('update-ref', `${stagingFolder}saved`, ours)
    remote('update-ref', `refs/sops-rekey/staging/0000000000000000/${ours}`, ours)
    addSecret()
    await done()
    expect(refs().filter((ref) => ref.includes('staging')).sort())
      .toEqual([`${stagingFolder}${foreign}`, `${stagingFolder}saved`, young].sort())
  })
})

describe('an answer that is lost', () => {
  test.each<[string, RegExp]>([['of the push', receivePack], ['of the move', graphql]])('%s is no failure', async (_, path) => {
    server.refuse('POST', path, { status: 0, body: null }, { afterwards: true })
    const result = await done()
    expect(result.outputs).toMatchObject({ 'pull-request-commits-verified': 'true', 'pull-request-head-sha': remote('rev-parse', branch) })
    expect(refs()).toEqual(withBranch)
  })

  test('together with any other says that the branch may be moved', async () => {
    server.refuse('POST', graphql, { status: 0, body: null }, { afterwards: true })
    server.before('POST', graphql, async () => {
      server.refuse('GET', /\/git\/ref\//, conflict)
      await Promise.resolve()
    })
    const result = await run()
    expect(annotations(result, 'error')).toEqual([expect.stringContaining('It may have been moved.')])
    expect(refs()).toEqual(withBranch)
    expect(result.outputs).toMatchObject({ changed: 'true', 'pull-request-branch': branch })
  })
})
