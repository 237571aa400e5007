import { execFileSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import type { ExposedSecret, SecretState } from '../../src/model/report.ts'
import type { TrackedRemoval } from '../../src/model/tracking-issue/tracking-issue.ts'
import type { TrackingIssue } from '../../src/stages/tracking-issue.ts'
import { keepTrackingIssue } from '../../src/stages/tracking-issue.ts'
import { GitHub } from '../../src/tools/github.ts'
import type { IssueState } from '../support/github-issues.ts'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import type { GitHubServer } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'

const token = 'ghs_a-token-that-must-not-be-said'
const bob = { kind: 'age', id: `age1${'q'.repeat(58)}`, owner: 'bob' } as const
const fault = { status: 502, body: { message: 'Server Error' } }

const both = { password: 'current', token: 'current' } as const
const done = { password: 'changed', token: 'removed' } as const

function removal(states: Readonly<Record<string, SecretState>>, more: Partial<TrackedRemoval> = {}): TrackedRemoval {
  const exposure = Object.entries(states).map(([key, state]): ExposedSecret => (
    { file: 'app.yaml', key, readBy: ['bob'], since: null, until: null, state, reason: state === 'unknown' ? 'no key' : null }))
  return { removed: [bob], scope: '', exposure, formerPaths: new Map(), partial: false, commit: 'c0ffee', runUrl: null, pullRequestUrl: null, ...more }
}

/** A repository on a GitHub of its own, so that tests can wait side by side for the distance that GitHub wants between writes. */
class World implements AsyncDisposable {
  readonly server: GitHubServer
  readonly pauses: number[] = []

  private constructor(server: GitHubServer) {
    this.server = server
  }

  static async start(): Promise<World> {
    return new World(await startGitHubServer({ token, validate: openapiValidator() }))
  }

  /** A run of its own, with its own client. */
  async keep(states: Readonly<Record<string, SecretState>>, more: Partial<TrackedRemoval> = {}): Promise<TrackingIssue> {
    const pause = (milliseconds: number): Promise<void> => {
      this.pauses.push(milliseconds)
      return Promise.resolve()
    }
    const github = new GitHub({ token, owner: 'acme', repo: 'secrets', apiUrl: this.server.apiUrl, second: 1, pause })
    return await keepTrackingIssue(github, removal(states, more))
  }

  calls(): readonly string[] {
    return this.server.requests.map(({ method, path }) => `${method} ${path.replace('/repos/acme/secrets', '').replace('/api', '')}`)
  }

  /** The requests of one action. */
  async asked(action: () => Promise<unknown>): Promise<readonly string[]> {
    const before = this.server.requests.length
    await action()
    return this.calls().slice(before)
  }

  issue(number = 1): IssueState {
    const found = this.server.issues.find((one) => one.number === number)
    if (found === undefined) throw new Error(`no issue #${number}`)
    return found
  }

  edit(change: (body: string) => string): void {
    this.server.editIssue(1, { body: change(this.issue().body) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }
}

function tickLine(about: string): (body: string) => string {
  return (body) => body.replace(`[ ] <code>${about}`, `[x] <code>${about}`)
}

describe('an issue', () => {
  test.concurrent('is not opened where nothing is left to change, which takes one question where there never was anything', async () => {
    await using world = await World.start()
    expect(await world.keep({})).toEqual({ number: null, url: null, operation: 'none', warnings: [] })
    expect(world.calls()).toEqual(['GET /issues'])
    expect(await world.keep(done)).toMatchObject({ operation: 'none', warnings: [] })
    expect([world.calls().length, world.server.issues.length]).toEqual([4, 0])
  })

  test.concurrent('is opened with its label, and found by the run right after', async () => {
    await using world = await World.start()
    expect(await world.keep(both)).toEqual({ number: 1, url: `${world.server.serverUrl}/acme/secrets/issues/1`, operation: 'created', warnings: [] })
    expect(world.issue()).toMatchObject({ title: 'Change the secrets that bob could read', labels: ['sops-rekey'], comments: [] })
    expect(await world.asked(async () => expect(await world.keep(both)).toMatchObject({ number: 1, operation: 'unchanged', warnings: [] })))
      .toEqual(['GET /issues', 'POST /graphql'])
    expect(world.server.issues).toHaveLength(1)
  })

  test.concurrent('gets one change and one comment a run, and none where nothing happened', async () => {
    await using world = await World.start()
    await world.keep(both)
    const there = await world.asked(async () => expect(await world.keep({ ...both, token: 'changed', more: 'current' })).toMatchObject({ operation: 'updated' }))
    expect(there).toEqual(['GET /issues', 'POST /graphql', 'PATCH /issues/1', 'POST /issues/1/comments'])
    expect(world.issue().comments).toEqual([expect.stringMatching(/New in the list:\*\*\n\n.*more<\/code>: still in use\n\n\*\*Done:\*\*\n\n.*token<\/code>: changed/)])
    // A value that is no longer known is no news.
    expect(await world.keep({ ...both, password: 'unknown', token: 'changed', more: 'current' })).toMatchObject({ operation: 'updated' })
    expect(world.issue().comments).toHaveLength(1)
  })

  test.concurrent('is closed as completed, and opened again where a value comes back', async () => {
    await using world = await World.start()
    await world.keep(both)
    expect(await world.keep(done)).toMatchObject({ operation: 'closed', warnings: [] })
    expect(world.issue()).toMatchObject({ state: 'closed', stateReason: 'completed' })
    expect(await world.keep(done)).toMatchObject({ operation: 'unchanged' })
    expect(await world.keep({ ...done, password: 'current' })).toMatchObject({ number: 1, operation: 'reopened' })
    expect(world.issue()).toMatchObject({ state: 'open', stateReason: 'reopened' })
    expect(world.issue().comments).toEqual([expect.stringContaining('Closed.'), expect.stringMatching(/Opened again[^]*password/)])
    expect(await world.keep(done)).toMatchObject({ operation: 'closed' })
  })

  test.concurrent('is not closed where part of the history was missing', async () => {
    await using world = await World.start()
    await world.keep(both)
    expect(await world.keep(done, { partial: true })).toMatchObject({ operation: 'updated' })
    expect(world.issue().state).toBe('open')
    expect(await world.keep(done)).toMatchObject({ operation: 'closed' })
  })

  test.concurrent.each<[string, Partial<TrackedRemoval>]>([
    ['of somebody else', { removed: [{ ...bob, id: `age1${'p'.repeat(58)}` }] }], ['of one more', { removed: [bob, { ...bob, id: `age1${'p'.repeat(58)}` }] }],
    ['of another scope', { scope: 'release' }],
  ])('of a removal is not that %s', async (_, other) => {
    await using world = await World.start()
    await world.keep(both)
    expect(await world.keep(both, other)).toMatchObject({ number: 2, operation: 'created' })
    expect(await world.keep(both, other)).toMatchObject({ number: 2, operation: 'unchanged' })
  })

  test.concurrent('is the same whatever the order of the keys, their spelling and their names', async () => {
    await using world = await World.start()
    const pgp = { kind: 'pgp', id: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4', owner: null } as const
    await world.keep(both, { removed: [bob, pgp] })
    expect(await world.keep(both, { removed: [{ ...pgp, id: `0x${pgp.id.toLowerCase()}`, owner: 'b' }, { ...bob, owner: null }] })).toMatchObject({ number: 1 })
  })

  test.concurrent('of many long keys stays short', async () => {
    await using world = await World.start()
    const removed = Array.from({ length: 40 }, (_, at) => ({ kind: 'age', id: `age1pq1${'q'.repeat(1950)}${at}`, owner: `o${at}` } as const))
    await world.keep(both, { removed })
    expect(world.issue().body.length).toBeLessThan(10_000)
    expect(await world.keep(both, { removed: removed.toReversed() })).toMatchObject({ number: 1, operation: 'unchanged' })
    expect(await world.keep(both, { removed: removed.slice(1) })).toMatchObject({ number: 2, operation: 'created' })
  })

  test.concurrent('is found among hundreds of others with its label, and pull requests', async () => {
    await using world = await World.start()
    await world.keep(both)
    for (let at = 0; at < 220; at += 1) world.server.openIssue({ labels: ['sops-rekey'], body: 'Other.' })
    expect(await world.keep(both)).toMatchObject({ number: 1, operation: 'unchanged' })
  })
})

test('a pull request of ours that quotes the mark is not taken for the issue', async () => {
  await using world = await World.start()
  await world.keep(both)
  const git = (...args: string[]): string => {
    return execFileSync('git', ['--git-dir', world.server.repository, '-c', 'user.name=t', '-c', 'user.email=t@e', ...args], { input: '' }).toString().trim()
  }
  const tree = git('mktree')
  git('update-ref', 'refs/heads/main', git('commit-tree', tree, '-m', 'one'))
  git('update-ref', 'refs/heads/topic', git('commit-tree', tree, '-p', 'refs/heads/main', '-m', 'two'))
  const github = new GitHub({ token, owner: 'acme', repo: 'secrets', apiUrl: world.server.apiUrl })
  const { number } = await github.createPullRequest({ base: 'main', branch: 'topic', title: 't', body: world.issue().body, draft: false })
  await github.addLabels(number, ['sops-rekey'])
  world.edit(() => 'Gone.')
  expect(await world.keep(both)).toMatchObject({ number: 3, operation: 'created', warnings: [] })
  expect(world.server.pulls).toMatchObject([{ state: 'open' }])
})

describe('what people did', () => {
  test.concurrent('their tick stays, is told once, and closes with the rest', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.edit(tickLine('token'))
    expect(await world.keep(both)).toMatchObject({ operation: 'updated' })
    expect(world.issue().comments).toEqual([expect.stringMatching(/Ticked by a person, .* The tick stays:\*\*\n\n.*token<\/code>: still in use, but ticked by a person/)])
    expect(await world.keep(both)).toMatchObject({ operation: 'unchanged' })
    expect(await world.keep({ ...both, password: 'changed' })).toMatchObject({ operation: 'closed' })
  })

  test.concurrent('their words stay', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.edit((body) => `Hello.\n${body.replace('still in use</em>', 'still in use</em> (asked Dana)')}\nBye.`)
    await world.keep({ ...both, password: 'changed' })
    expect(world.issue().body).toMatch(/^Hello\.\n[^]*\[x\] <code>password<\/code> <em>changed<\/em> \(asked Dana\)\n[^]*\nBye\.$/)
  })

  test.concurrent('one they closed stays closed while nothing is new, without a word', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.server.editIssue(1, { state: 'closed', stateReason: 'not_planned' })
    expect(await world.keep(both)).toMatchObject({ operation: 'unchanged' })
    expect(await world.keep({ ...both, token: 'changed' })).toMatchObject({ operation: 'updated' })
    expect(world.issue()).toMatchObject({ state: 'closed', stateReason: 'not_planned', comments: [] })
    expect(world.issue().body).toContain('[x] <code>token')
    expect(await world.keep({ ...both, token: 'changed', more: 'current' })).toMatchObject({ operation: 'reopened' })
  })

  test.concurrent('one they opened again when all was done stays open until something changes', async () => {
    await using world = await World.start()
    await world.keep(both)
    await world.keep(done)
    world.server.editIssue(1, { state: 'open', stateReason: 'reopened' })
    expect(await world.keep(done)).toMatchObject({ operation: 'unchanged' })
    expect(world.issue().state).toBe('open')
  })

  test.concurrent('a task of their own holds it open until it is ticked', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.edit((body) => body.replace('  - [ ] <code>token', '  - [ ] tell the auditor\n  - [ ] <code>token'))
    expect(await world.keep(done)).toMatchObject({ operation: 'updated' })
    world.edit((body) => body.replace('[ ] tell', '[x] tell'))
    expect(await world.keep(done)).toMatchObject({ operation: 'closed' })
  })

  test.concurrent('the label is put back where they took it', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.server.editIssue(1, { labels: ['security'] })
    expect(await world.keep(both)).toMatchObject({ number: 1, operation: 'unchanged', warnings: [] })
    expect([world.server.issues.length, world.issue().labels]).toEqual([1, ['security', 'sops-rekey']])
  })

  test.concurrent('without the mark it is no longer ours', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.edit((body) => body.replace(/<!-- sops-rekey tracking.*/, ''))
    expect(await world.keep(both)).toMatchObject({ number: 2, operation: 'created' })
  })
})

describe('an issue of somebody else with our mark', () => {
  test.concurrent('is not ours; without our label it is not even seen', async () => {
    await using world = await World.start()
    await world.keep(both)
    const { body } = world.issue()
    world.edit(() => 'Gone.')
    world.server.openIssue({ author: 'mallory', body })
    expect(await world.keep(both)).toMatchObject({ number: 3, operation: 'created', warnings: [] })
    expect(world.issue(2).body).toBe(body)
    world.server.editIssue(2, { labels: ['sops-rekey'] })
    expect(await world.keep(done)).toMatchObject({ number: 3, operation: 'closed', warnings: [] })
    expect(world.issue(2)).toMatchObject({ body, state: 'open' })
  })

  test.concurrent('that bears our label, which strangers cannot give, is named, and no other opened night by night', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.server.editIssue(1, { author: 'an-app[bot]' })
    const { body } = world.issue()
    expect(await world.keep({ ...both, token: 'changed' })).toEqual({
      number: null, url: null, operation: 'none', warnings: [expect.stringMatching(/#1 .*opened by an-app\[bot\], not by github-actions\[bot\].*take the label sops-rekey from it/)],
    })
    expect([world.server.issues.length, world.issue().body]).toEqual([1, body])
  })

  test.concurrent('is also told from that of an App whose login GraphQL gives without its ending', async () => {
    await using world = await World.start()
    world.server.refuse('POST', /graphql/, { status: 200, body: { data: { viewer: { login: 'github-actions', databaseId: 1 } } } })
    await world.keep(both)
    expect(await world.keep(both)).toMatchObject({ number: 1, operation: 'unchanged' })
    world.server.editIssue(1, { author: 'github-actions-fan' })
    expect(await world.keep(both)).toMatchObject({ operation: 'none', warnings: [expect.stringContaining('github-actions-fan')] })
  })

  test.concurrent('that another version wrote is left as it is', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.edit((body) => body.replace('{"version":1', '{"version":2'))
    const { body } = world.issue()
    expect(await world.keep(done)).toMatchObject({ number: 1, operation: 'unchanged', warnings: [expect.stringContaining('another version')] })
    expect([world.server.issues.length, world.issue().body]).toEqual([1, body])
  })
})

describe('two runs at once', () => {
  test.concurrent('that both opened one: the next run keeps the older and closes the younger as a duplicate', async () => {
    await using world = await World.start()
    world.server.before('POST', /\/issues$/, async () => {
      await world.keep(both)
    })
    expect(await world.keep(both)).toMatchObject({ number: 2, operation: 'created' })
    expect(await world.keep(both)).toMatchObject({ number: 1, operation: 'unchanged', warnings: [] })
    expect(world.server.issues).toMatchObject([{ state: 'open' }, { state: 'closed', stateReason: 'duplicate' }])
    expect(await world.asked(() => world.keep(both))).toEqual(['GET /issues', 'POST /graphql'])
  })

  test.concurrent('a duplicate that cannot be closed is a warning', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.server.openIssue({ labels: ['sops-rekey'], body: world.issue().body })
    world.server.refuse('PATCH', /\/issues\/2$/, gitHubSays.notByIntegration)
    expect(await world.keep(done)).toMatchObject({ number: 1, operation: 'closed', warnings: [expect.stringMatching(/#2, a duplicate of #1, stays open: .*`issues: write`/)] })
  })
})

describe('an answer that is lost', () => {
  test.concurrent.each([0, 502])('after the issue was opened (%s): it is found, and no second one opened', async (status) => {
    await using world = await World.start()
    world.server.refuse('POST', /\/issues$/, { ...fault, status }, { afterwards: true, times: 1 })
    expect(await world.keep(both)).toMatchObject({ number: 1, operation: 'created', warnings: [] })
    expect([world.server.issues.length, world.pauses]).toEqual([1, []])
  })

  test.concurrent('before that: it is asked for again, after another look each', async () => {
    await using world = await World.start()
    world.server.refuse('POST', /\/issues$/, fault, { times: 2 })
    expect(await world.keep(both)).toMatchObject({ number: 1, operation: 'created' })
    expect([world.server.issues.length, world.pauses, world.calls().filter((call) => call === 'POST /issues').length]).toEqual([1, [1_000, 2_000], 3])
  })

  test.concurrent('each time is given up with a warning', async () => {
    await using world = await World.start()
    world.server.refuse('POST', /\/issues$/, fault)
    expect(await world.keep(both)).toMatchObject({ number: null, operation: 'none', warnings: [expect.stringContaining('GitHub answered 502')] })
    expect(world.pauses).toEqual([1_000, 2_000, 4_000])
  })

  test.concurrent('of a comment is not followed by a second one', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.server.refuse('POST', /comments$/, fault, { afterwards: true })
    expect(await world.keep(done)).toMatchObject({ operation: 'closed', warnings: [expect.stringContaining('says nothing of what is new')] })
    expect(world.issue().comments).toHaveLength(1)
  })
})

describe('what GitHub refuses is a warning that says what to do', () => {
  test.concurrent.each<[string, string, RegExp]>([
    ['to list', 'GET', /issues$/], ['to open', 'POST', /issues$/], ['whose token it is', 'POST', /graphql$/],
  ])('%s', async (_, method, path) => {
    await using world = await World.start()
    world.server.refuse(method, path, gitHubSays.notByIntegration)
    const kept = await world.keep(both)
    expect(kept).toMatchObject({ number: null, operation: 'none', warnings: [expect.stringMatching(/could not be kept: .*Give it `issues: write` in `permissions` of the job/)] })
    expect(world.server.issues).toHaveLength(0)
  })

  test.concurrent('to change it: the number is known all the same, and nothing is said in it', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.server.refuse('PATCH', /issues/, gitHubSays.notByIntegration)
    expect(await world.keep(done)).toMatchObject({ number: 1, operation: 'none', warnings: [expect.stringMatching(/#1 was not brought up to date: .*`issues: write`/)] })
    expect(world.issue().comments).toEqual([])
  })

  test.concurrent('issues, because they are turned off', async () => {
    await using world = await World.start()
    world.server.refuse('POST', /issues$/, { status: 410, body: { message: 'Issues has been disabled in this repository.', documentation_url: 'https://docs.github.com' } })
    expect((await world.keep(both)).warnings).toEqual([expect.stringMatching(/acme\/secrets: the repository has no issues \(410\)\. Turn them on in Settings/)])
  })

  test.concurrent('in an answer of GraphQL', async () => {
    await using world = await World.start()
    world.server.refuse('POST', /graphql$/, { status: 200, body: { data: null, errors: [{ message: `no\n${token}` }] } })
    const { warnings } = await world.keep(both)
    expect(warnings).toEqual([expect.stringMatching(/Could not ask whose the token is .*no\\n\*\*\*/)])
  })

  test.concurrent('a comment, because the issue is locked: it is brought up to date all the same', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.server.editIssue(1, { locked: true })
    expect(await world.keep({ ...both, token: 'changed' })).toMatchObject({ operation: 'updated', warnings: [expect.stringContaining('issue is locked')] })
    expect(world.issue().body).toContain('[x] <code>token')
  })

  test.concurrent('the label', async () => {
    await using world = await World.start()
    await world.keep(both)
    world.server.editIssue(1, { labels: [] })
    world.server.refuse('POST', /labels$/, gitHubSays.notByIntegration)
    expect(await world.keep(done)).toMatchObject({ operation: 'closed', warnings: [expect.stringContaining('lacks the label sops-rekey')] })
  })
})
