import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import type { GitHubServer, GitHubServerOptions } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'

const run = promisify(execFile)
const token = 'ghs_0123'

let clone: string

async function git(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', clone, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    env: { PATH: process.env['PATH'], GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1', HOME: clone },
  })
  return stdout.trim()
}

function authorization(secret: string): readonly string[] {
  return ['-c', `http.extraheader=Authorization: basic ${Buffer.from(`x-access-token:${secret}`).toString('base64')}`]
}

interface Answer {
  readonly status: number
  readonly answer: unknown
}

async function api(server: GitHubServer, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${server.apiUrl}/repos/acme/secrets${path}`, {
    method, headers: { authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, answer: text === '' ? null : JSON.parse(text) as unknown }
}

async function start(options: Partial<GitHubServerOptions> = {}): Promise<GitHubServer> {
  const server = await startGitHubServer({ token, validate: openapiValidator(), ...options })
  await git('init', '-q', '-b', 'main', '.')
  for (const [branch, name] of [['main', 'a'], ['topic/one', 'b']] as const) {
    await git('checkout', '-q', '-B', branch)
    await writeFile(join(clone, name), `${name}\n`)
    await git('add', name)
    await git('commit', '-q', '-m', `adds ${name}\n\nwith a body`)
  }
  await git(...authorization(token), 'push', '-q', server.cloneUrl, 'main', 'topic/one')
  return server
}

beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), 'clone-'))
})

afterEach(async () => {
  await rm(clone, { recursive: true, force: true })
})

describe('git over HTTP', () => {
  test('pushes and fetches with the token, with or without .git', async () => {
    await using server = await start()
    const listed = await git(...authorization(token), 'ls-remote', server.cloneUrl.replace(/\.git$/, ''), 'topic/one')
    expect(listed).toContain(await git('rev-parse', 'topic/one'))
    const refused = /could not read Username|Authentication failed/
    await expect(git(...authorization('ghs_other'), 'ls-remote', server.cloneUrl)).rejects.toThrow(refused)
    await expect(git('ls-remote', server.cloneUrl)).rejects.toThrow(refused)
  })

  test('takes a large push, and can be told to refuse one', async () => {
    await using server = await start()
    await writeFile(join(clone, 'large'), Buffer.alloc(3_000_000).map((__, index) => (index * index * 31) % 251))
    await git('add', 'large')
    await git('commit', '-q', '-m', 'large')
    server.refuse('POST', /git-receive-pack$/, { status: 403, body: { message: 'no' } }, { times: 1 })
    await expect(git(...authorization(token), 'push', server.cloneUrl, 'topic/one')).rejects.toThrow(/403/)
    await git(...authorization(token), 'push', '-q', server.cloneUrl, 'topic/one')
    const { answer } = await api(server, 'GET', '/git/ref/heads/topic%2Fone')
    expect(answer).toMatchObject({ object: { sha: await git('rev-parse', 'HEAD') } })
  })
})

describe('the API', () => {
  test('answers every operation it knows as the description says', async () => {
    await using server = await start({ collaborators: ['alice'], teams: ['platform'] })
    const sha = await git('rev-parse', 'topic/one')
    expect(await api(server, 'POST', '/pulls', { title: 't', head: 'acme:topic/one', base: 'main' })).toMatchObject({
      status: 201, answer: { number: 1, state: 'open', body: null, commits: 1, changed_files: 1, additions: 1, head: { sha } },
    })
    const calls: readonly (readonly [string, string, unknown, number])[] = [
      ['GET', '', undefined, 200],
      ['GET', '/branches/topic%2Fone', undefined, 200],
      ['GET', '/branches/none', undefined, 404],
      ['GET', '/commits/topic/one', undefined, 200],
      ['GET', '/commits/none', undefined, 422],
      ['GET', `/git/commits/${sha}`, undefined, 200],
      ['GET', '/git/ref/heads%2Fnone', undefined, 404],
      ['GET', '/git/matching-refs/heads/topic', undefined, 200],
      ['GET', '/pulls?state=all&per_page=5&page=1', undefined, 200],
      ['GET', '/pulls/1', undefined, 200],
      ['GET', '/pulls/7', undefined, 404],
      ['PATCH', '/pulls/1', { title: 'u' }, 200],
      ['POST', '/issues/1/labels', { labels: ['x'] }, 200],
      ['POST', '/issues/1/assignees', { assignees: ['alice', 'bob'] }, 201],
      ['POST', '/issues/1/comments', { body: 'hello' }, 201],
      ['POST', '/pulls/1/requested_reviewers', { reviewers: ['alice'], team_reviewers: ['platform'] }, 201],
      ['POST', '/pulls/1/requested_reviewers', { reviewers: ['bob'] }, 422],
      ['GET', '/pulls/1', undefined, 200],
      ['PATCH', '/pulls/1', { state: 'closed' }, 200],
      ['DELETE', '/git/refs/heads%2Fnone', undefined, 422],
    ]
    for (const [method, path, body, status] of calls) {
      expect([path, (await api(server, method, path, body)).status]).toEqual([path, status])
    }
    const people = { assignees: ['alice'], reviewers: ['alice'], teams: ['platform'] }
    expect(server.pulls).toMatchObject([{ title: 'u', state: 'closed', labels: ['x'], comments: ['hello'], ...people }])
    server.assertValid()
  })

  test.each([
    [{ title: 't', head: 'none', base: 'main' }, 'head'],
    [{ title: 't', head: 'topic/one', base: 'none' }, 'base'],
    [{ title: 't', head: 'main', base: 'topic/one' }, 'No commits between topic/one and main'],
    [{ title: 't', head: 'topic/one', base: 'main', body: 'x'.repeat(65_537) }, 'body is too long'],
    [{ title: 't', head: 'again', base: 'main' }, 'A pull request already exists for acme:again.'],
  ])('refuses a pull request as GitHub does: %#', async (body, reason) => {
    await using server = await start()
    await git(...authorization(token), 'push', '-q', server.cloneUrl, 'topic/one:again')
    await api(server, 'POST', '/pulls', { title: 'first', head: 'again', base: 'main' })
    const { status, answer } = await api(server, 'POST', '/pulls', body)
    expect(status).toBe(422)
    expect(JSON.stringify(answer)).toContain(reason)
    expect(server.pulls).toHaveLength(1)
  })

  test('closes a pull request whose branch goes, or falls back to its base', async () => {
    await using server = await start()
    await git(...authorization(token), 'push', '-q', server.cloneUrl, 'topic/one:two')
    await api(server, 'POST', '/pulls', { title: 'one', head: 'topic/one', base: 'main' })
    await api(server, 'POST', '/pulls', { title: 'two', head: 'two', base: 'main' })
    expect((await api(server, 'DELETE', '/git/refs/heads/topic/one')).status).toBe(204)
    expect(server.pulls.map(({ state }) => state)).toEqual(['closed', 'open'])
    await git(...authorization(token), 'push', '-q', '--force', server.cloneUrl, 'main:two')
    expect(server.pulls.map(({ state }) => state)).toEqual(['closed', 'closed'])
  })

  test('lists by head and base, and like GitHub ignores a head without an owner', async () => {
    await using server = await start()
    await git(...authorization(token), 'push', '-q', server.cloneUrl, 'topic/one:two')
    for (const head of ['topic/one', 'two']) await api(server, 'POST', '/pulls', { title: head, head, base: 'main' })
    expect((await api(server, 'GET', '/pulls?head=acme:two&base=main')).answer).toMatchObject([{ number: 2 }])
    expect((await api(server, 'GET', '/pulls?head=acme:two&base=other')).answer).toEqual([])
    expect((await api(server, 'GET', '/pulls?head=two')).answer).toMatchObject([{ number: 2 }, { number: 1 }])
  })

  test('can be slow, and logs what it was asked', async () => {
    await using server = await start()
    server.delay('GET', /secrets$/, 120)
    const before = Date.now()
    await api(server, 'GET', '')
    expect(Date.now() - before).toBeGreaterThanOrEqual(110)
    await api(server, 'POST', '/pulls', { title: 't', head: 'topic/one', base: 'main' })
    expect(server.requests.at(-1)).toEqual({
      method: 'POST', path: '/repos/acme/secrets/pulls', query: {}, body: { title: 't', head: 'topic/one', base: 'main' },
    })
  })
})

describe('the validation finds', () => {
  const found = async (action: (server: GitHubServer) => Promise<unknown>): Promise<string> => {
    const server = await start()
    await action(server)
    return server[Symbol.asyncDispose]().then(() => '', String)
  }

  test.each<[string, string, string, unknown, RegExp]>([
    ['an operation that is not there', 'GET', '/pulls/1/reviews', undefined, /GET \S+reviews is no operation/],
    ['a parameter that is not there', 'GET', '/pulls?heads=x', undefined, /has no parameter heads/],
    ['a parameter of no such value', 'GET', '/pulls?state=opened', undefined, /state: .*must be equal to one of/],
    ['a number that is none', 'GET', '/pulls?per_page=many', undefined, /per_page: .*must be integer/],
    ['a body that lacks something', 'POST', '/issues/1/comments', {}, /must have required property 'body'/],
    ['a body of another type', 'POST', '/pulls', { head: 'topic/one', base: 'main', draft: 'yes' }, /\/draft must be boolean/],
    ['a property that is not there', 'POST', '/pulls', { head: 'topic/one', base: 'main', labels: [] }, /has no property labels/],
    ['a body where none belongs', 'DELETE', '/git/refs/heads/topic/one', { sha: 'x' }, /takes no body/],
  ])('%s', async (_, method, path, body, violation) => {
    expect(await found((server) => api(server, method, path, body))).toMatch(violation)
  })

  test.each<[string, number, unknown, RegExp]>([
    ['an answer that lacks something', 200, { id: 1 }, /→ 200: \(whole\) must have required property 'archive_url'/],
    ['a status that is never given', 418, {}, /→ 418: may not answer 418/],
    ['a refusal in another form', 403, { message: 1 }, /→ 403: \/message must be string/],
    ['a refusal that any operation may give, in another form', 429, { message: 1 }, /→ 429: \/message must be string/],
  ])('%s', async (_, status, body, violation) => {
    const refused = found(async (server) => {
      server.refuse('GET', /secrets$/, { status, body })
      await api(server, 'GET', '')
    })
    expect(await refused).toMatch(violation)
  })

  test('nothing wrong with what GitHub says', async () => {
    expect(await found(async (server) => {
      for (const refusal of Object.values(gitHubSays)) server.refuse('POST', /labels$/, refusal, { times: 1 })
      for (const { status } of Object.values(gitHubSays)) {
        expect(await api(server, 'POST', '/issues/1/labels', { labels: ['x'] })).toMatchObject({ status })
      }
    })).toBe('')
  })
})
