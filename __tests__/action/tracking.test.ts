// What somebody could read, over the months after they left: the issue that keeps it, and how far back it is seen. From the
// built bundle, with real git and sops, and a server that is held against GitHub's own description of its API.
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { ActionOptions, ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import { makeAgeKey } from '../support/age-key.ts'
import type { IssueState } from '../support/github-issues.ts'
import type { GitHubServer } from '../support/github-server.ts'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import { Chronicle } from '../support/history.ts'
import { openapiValidator } from '../support/openapi-validation.ts'
import { annotations, canary, expectNothingLeaked, expectNothingLeft, refusalOf, runUnchanged } from '../support/unchanged.ts'

const token = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'
const [jan, feb] = ['2026-01-10', '2026-02-10'] as const
const two = { 'app.yaml': `a: ${canary}-a\nb: ${canary}-b\n` }

/** The token as git sends it. */
const encoded = Buffer.from(`x-access-token:${token}`).toString('base64')

type Inputs = Readonly<Record<string, string>>

/** A repository on a GitHub of its own, so that tests can wait side by side for the distance that GitHub wants between writes. */
class World implements AsyncDisposable {
  readonly team = new Chronicle()
  readonly server: GitHubServer

  constructor(server: GitHubServer) {
    this.server = server
  }

  static async start(): Promise<World> {
    return new World(await startGitHubServer({ token, repo: 'infra', validate: openapiValidator() }))
  }

  /** Bob can read both values. */
  static async withBob(): Promise<World> {
    const world = await World.start()
    world.team.begin(jan, two)
    world.push()
    return world
  }

  /** Bob could read both values, and left long ago as he should. */
  static async afterBob(): Promise<World> {
    const world = await World.withBob()
    world.team.offboard(feb, 'app.yaml')
    world.push()
    return world
  }

  push(branch = 'main'): void {
    this.team.git('push', '--quiet', this.server.repository, `HEAD:refs/heads/${branch}`)
  }

  /** A commit on the base with other values for these keys of a file. */
  change(path: string, values: Readonly<Record<string, string>>): void {
    for (const [key, value] of Object.entries(values)) this.team.set(path, `["${key}"]`, value)
    this.team.git('commit', '--quiet', '--all', '--allow-empty', '--message', 'fix: change secrets')
    this.push()
  }

  async merge(number: number): Promise<string> {
    await this.server.merge(number)
    this.team.git('reset', '--quiet', '--hard')
    this.team.git('pull', '--quiet', '--ff-only', this.server.repository, 'main')
    return this.team.git('rev-parse', 'HEAD')
  }

  /** A clone with another depth or filter; whose keys are whose stays as it is. */
  clone(...args: readonly string[]): Chronicle {
    const { team, server } = this
    const other = new Chronicle()
    rmSync(other.root, { recursive: true })
    execFileSync('git', ['--git-dir', server.repository, 'config', 'uploadpack.allowFilter', 'true'])
    execFileSync('git', ['clone', '--quiet', ...args, `file://${server.repository}`, other.root], { stdio: 'ignore' })
    other.credentials = team.credentials
    return other
  }

  inputs(inputs: Inputs): Inputs {
    // Fewer writes to wait for.
    const publishing = inputs['pull-request'] === 'false' ? {} : { 'pull-request': 'true', 'commit-mode': 'git' }
    return { ...publishing, 'tracking-issue': 'true', policy: 'off', token, ...inputs }
  }

  options(event = 'schedule', env: Readonly<Record<string, string>> = {}): ActionOptions {
    const { serverUrl, apiUrl } = this.server
    const place = { GITHUB_SERVER_URL: serverUrl, GITHUB_API_URL: apiUrl, GITHUB_REF: 'refs/heads/main' }
    return { env: { ...place, GITHUB_EVENT_NAME: event, ...env } }
  }

  /** A run that ends well and gives nothing away, in its log, its files or an issue; as on a schedule, if no one is named. */
  async done(inputs: Inputs = {}, checkout: Chronicle = this.team): Promise<ActionRun> {
    const run = await runAction(checkout, this.inputs(inputs), this.options())
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
    expectNothingLeft(run)
    expectNothingLeaked(run)
    expect(JSON.stringify(this.server.issues)).not.toContain(canary)
    return run
  }

  /** What was written to GitHub meanwhile. */
  async writes(action: () => Promise<unknown>): Promise<readonly string[]> {
    const before = this.server.requests.length
    await action()
    return this.server.requests.slice(before)
      .filter(({ method, path }) => method !== 'GET' && !/\/graphql$|\/git-upload-pack$/.test(path))
      .map(({ method, path }) => `${method} ${path.replace('/repos/acme/infra', '')}`)
  }

  issue(number: number): IssueState {
    const found = this.server.issues.find((one) => one.number === number)
    if (found === undefined) throw new Error(`There is no issue #${number}.`)
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.team[Symbol.dispose]()
    await this.server[Symbol.asyncDispose]()
  }
}

/** Of both values, whole. */
const known = Array<object>(2).fill({ readBy: ['bob'], since: `${jan}T12:00:00.000Z`, until: `${feb}T12:00:00.000Z` })

/** The lines of the list: key → tick and words. */
function lines({ body }: Pick<IssueState, 'body'>): Readonly<Record<string, string>> {
  const found = body.matchAll(/^ *- \[([ x])\] <code>(.*?)<\/code> <em>(.*?)<\/em>$/gm)
  return Object.fromEntries([...found].map(([, tick = '', key = '', words = '']) => [key, `${tick} ${words}`]))
}

function states({ report }: ActionRun): Readonly<Record<string, string>> {
  return Object.fromEntries(report?.exposure.map(({ key, state }) => [key, state]) ?? [])
}

describe('the issue', () => {
  test.concurrent('comes with the pull request, is ticked by the schedule, closed, and opened again', async () => {
    await using world = await World.start()
    const { team } = world
    const { alice, bob, ci } = team
    const carol = makeAgeKey()
    team.config({ alice, bob, carol, ci })
    team.encrypt('app.yaml', two['app.yaml'])
    team.config({ alice, carol, ci }, 'ops/.sops.yaml')
    team.encrypt('ops/db.yaml', `password: ${canary}-p\n`)
    team.commitOn(jan)
    world.push()

    const first = await world.done({ 'removed-recipient': 'bob, carol' })
    expect(first.outputs).toMatchObject({ 'pull-request-number': '1', 'tracking-issue-number': '2', 'exposed-secrets': '3' })
    expect(world.issue(2)).toMatchObject({
      title: 'Change the secrets that bob, carol could read', labels: ['sops-rekey'], state: 'open', comments: [],
    })
    expect(lines(world.issue(2)))
      .toEqual({ a: '  still in use', b: '  still in use', password: '  still in use, read by carol only' })
    expect(world.issue(2).body).toContain(`[the pull request](<${world.server.serverUrl}/acme/infra/pull/1>)`)

    await world.merge(1)
    world.change('ops/db.yaml', { password: `${canary}-new` })
    world.change('app.yaml', { a: `${canary}-new` })
    const half = team.git('rev-parse', 'HEAD')
    expect(await world.writes(async () => {
      const { outputs } = await world.done()
      expect(outputs).toMatchObject({ 'tracking-issue-number': '2', 'pull-request-operation': 'none', changed: 'false' })
    })).toEqual(['PATCH /issues/2', 'POST /issues/2/comments'])
    // Carol stands in no file of today.
    expect(lines(world.issue(2))).toEqual({ a: 'x changed', b: '  still in use', password: 'x changed, read by carol only' })
    expect(await world.writes(() => world.done())).toEqual([])

    world.change('app.yaml', { b: `${canary}-new` })
    await world.done()
    expect(world.issue(2)).toMatchObject({ state: 'closed', stateReason: 'completed' })

    // As git revert does it: the ciphertext of before.
    team.git('checkout', '--quiet', half, '--', 'app.yaml')
    team.commit('revert')
    world.push()
    await world.done()
    expect(world.issue(2)).toMatchObject({ state: 'open', stateReason: 'reopened' })
    expect(lines(world.issue(2))).toMatchObject({ a: 'x changed', b: '  still in use' })

    world.change('app.yaml', { b: `${canary}-newer` })
    await world.done()
    expect(world.issue(2).state).toBe('closed')

    // The same value, but new ciphertext: only the runner's key tells.
    world.change('app.yaml', { a: `${canary}-a` })
    await world.done()
    expect(lines(world.issue(2))).toMatchObject({ a: '  still in use', b: 'x changed' })
    expect(world.issue(2).state).toBe('open')
    expect(world.issue(2).comments).toEqual([
      expect.stringContaining('Done:'), expect.stringContaining('Closed.'), expect.stringMatching(/Opened again[^]*<code>b</),
      expect.stringContaining('Closed.'), expect.stringMatching(/Opened again[^]*<code>a</),
    ])
    expect(JSON.stringify(world.server.issues)).not.toContain(canary)
    expect([world.server.issues.length, world.server.pulls.length]).toEqual([1, 1])
  })

  test.concurrent('is kept also where the changes stay in the working tree', async () => {
    await using world = await World.withBob()
    const run = await world.done({ 'removed-recipient': 'bob', 'pull-request': 'false' })
    expect(run.outputs).toMatchObject({ changed: 'true', 'tracking-issue-number': '1', 'pull-request-number': '' })
    expect(lines(world.issue(1))).toEqual({ a: '  still in use', b: '  still in use' })
    expect(world.issue(1).body).not.toContain('pull request')
    world.team.commit()
    world.team.move('app.yaml', 'apps/app.yaml').commit()
    world.push()
    world.change('apps/app.yaml', { a: 'new' })
    // It is the same one, whatever a later run does with its changes, and whatever its file is called now.
    const later = await world.done()
    expect(later.outputs).toMatchObject({ 'tracking-issue-number': '1' })
    // Whatever the history was read for, it tells the ages too.
    expect(later.report?.files.filter(({ keySince }) => keySince === null)).toEqual([])
    expect(lines(world.issue(1))).toEqual({ a: 'x changed', b: '  still in use' })
    expect(world.issue(1).body.match(/^- <code>.*$/gm)).toEqual(['- <code>apps/app.yaml</code> (1 of 2 left)'])
    // Not a secret is left anywhere, which is the end of it too.
    world.team.git('rm', '--quiet', 'apps/app.yaml')
    world.team.commit()
    world.push()
    await world.done()
    expect(lines(world.issue(1))).toEqual({ a: 'x no longer there', b: 'x no longer there' })
    expect(world.issue(1)).toMatchObject({ state: 'closed', stateReason: 'completed' })
  })

  test.concurrent('is opened for whom a config leaves out, and kept up to date by a run that is refused', async () => {
    await using world = await World.withBob()
    const { team } = world
    team.config(team.withoutBob)
    team.commitOn(feb)
    world.push()
    expect((await world.done()).outputs).toMatchObject({ 'pull-request-number': '1', 'tracking-issue-number': '2' })
    expect(world.issue(2).title).toBe('Change the secrets that bob could read')
    expect(lines(world.issue(2))).toEqual({ a: '  still in use', b: '  still in use' })
    expect(await world.writes(() => world.done())).toEqual([])
    await world.merge(1)
    team.write('damaged.yaml', `a: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]\n`)
    team.run('unset', 'app.yaml', '["a"]')
    team.commit()
    world.push()
    const refused = await runAction(team, world.inputs({}), world.options())
    expect(refused.report).toMatchObject({ outcome: 'refused', exposure: [] })
    expect(refused.outputs).toMatchObject({ 'tracking-issue-number': '2', changed: 'false' })
    expect(lines(world.issue(2))).toEqual({ a: 'x no longer there', b: '  still in use' })
    // Nobody is taken for gone by a run that takes nothing from anybody.
    team.config({ alice: team.alice })
    team.commit()
    world.push()
    expect((await runAction(team, world.inputs({ 'removed-recipient': 'ci' }), world.options('workflow_dispatch'))).exitCode).toBe(1)
    expect(world.server.issues.length).toBe(1)
  })

  test.concurrent('holds what an earlier key of the same name opened, also by a run that names nobody', async () => {
    await using world = await World.afterBob()
    const { team } = world
    team.config({ ...team.withoutBob, 'Bob (laptop)': makeAgeKey() })
    team.encrypt('new.yaml', `c: ${canary}-c\n`)
    team.commitOn('2026-03-10')
    world.push()
    await world.done({ 'removed-recipient': 'bob', 'pull-request': 'false' })
    const mine = '  still in use, read by bob only'
    expect(lines(world.issue(1))).toEqual({ a: mine, b: mine, c: '  still in use, read by Bob &#40;laptop&#41; only' })
    team.git('reset', '--quiet', '--hard')
    expect(await world.writes(() => world.done({ 'pull-request': 'false' }))).toEqual([])
    team.git('reset', '--quiet', '--hard')
    world.change('app.yaml', { a: `${canary}-new` })
    await world.done({ 'pull-request': 'false' })
    expect(lines(world.issue(1))).toMatchObject({ a: 'x changed, read by bob only', b: mine })
  })

  test.concurrent('that the token may not keep is a warning with the permission; the rest is done', async () => {
    await using world = await World.withBob()
    world.server.refuse('POST', /\/issues$/, gitHubSays.notByIntegration)
    const run = await world.done({ 'removed-recipient': 'bob' })
    const issueless = { 'tracking-issue-number': '', 'exposed-secrets': '2' }
    expect(run.outputs).toMatchObject({ 'pull-request-operation': 'created', ...issueless })
    const sentence = /tracking issue could not be kept: .*Give it `issues: write` in `permissions` of the job/
    expect(annotations(run, 'warning')).toEqual([expect.stringMatching(sentence)])
    await world.merge(1)
    world.server.refuse('GET', /\/issues$/, gitHubSays.notByIntegration)
    expect(annotations(await world.done(), 'warning')).toEqual([expect.stringMatching(sentence)])
  })

  test.concurrent('of another base or of other files is one of its own, which runs of the usual scope leave alone', async () => {
    await using world = await World.afterBob()
    world.push('release')
    for (const scope of [{}, { base: 'release' }, { files: 'app.*' }]) await world.done({ 'removed-recipient': 'bob', ...scope })
    expect(world.server.issues.map(({ number }) => number)).toEqual([1, 2, 3])
    world.change('app.yaml', { a: 'new' })
    expect((await world.done()).outputs['tracking-issue-number']).toBe('1')
    const open = { a: '  still in use', b: '  still in use' }
    expect(world.server.issues.map(lines)).toEqual([{ ...open, a: 'x changed' }, open, open])
    expect((await world.done({ files: 'app.*' })).outputs['tracking-issue-number']).toBe('3')
    expect(world.server.issues.map(lines)).toEqual([{ ...open, a: 'x changed' }, open, { ...open, a: 'x changed' }])
  })

  test.concurrent('of somebody else is never changed, whatever mark and label it has', async () => {
    await using world = await World.afterBob()
    await world.done({ 'removed-recipient': 'bob' })
    const { body } = world.issue(1)
    world.server.editIssue(1, { author: 'mallory' })
    world.change('app.yaml', { a: 'new' })
    // A run that names nobody has nobody to keep an issue for.
    const runs: readonly (readonly [Inputs, readonly unknown[]])[] = [
      [{}, []],
      [{ 'removed-recipient': 'bob' }, [expect.stringContaining('#1 has the mark of this removal, but was opened by mallory')]],
    ]
    for (const [inputs, warnings] of runs) {
      expect(await world.writes(async () => {
        const run = await world.done(inputs)
        expect(run.outputs['tracking-issue-number']).toBe('')
        expect(annotations(run, 'warning')).toEqual(warnings)
      })).toEqual([])
    }
    expect(world.server.issues).toMatchObject([{ author: 'mallory', body, state: 'open', comments: [] }])
  })
})

test.concurrent('a second run for bob, who stands nowhere, says what became of it; a dry run does without a key', async () => {
  await using world = await World.afterBob()
  world.change('app.yaml', { b: `${canary}-new` })
  const run = await world.done({ 'removed-recipient': 'bob', 'tracking-issue': 'false' })
  expect(states(run)).toEqual({ a: 'current', b: 'changed' })
  expect(run.report?.exposure).toMatchObject(known)
  expect(run.outputs).toMatchObject({ 'exposed-secrets': '1', changed: 'false', 'tracking-issue-number': '' })
  expect(run.summary).toMatch(/- \[ \] <code>a<\/code>[^]*- \[x\] <code>b<\/code>/)
  world.team.credentials = {}
  const before = world.server.requests.length
  const dry = await runUnchanged(world.team, world.inputs({ 'removed-recipient': 'bob', 'dry-run': 'true' }), world.options())
  expect(dry.exitCode === 0 ? '' : dry.log).toBe('')
  expect(states(dry)).toEqual({ a: 'current', b: 'unknown' })
  expect(dry.outputs).toMatchObject({ 'exposed-secrets': '2', 'tracking-issue-number': '' })
  expect(dry.summary).toMatch(/- \[ \] <code>b<\/code> \([^)]*only a decryption can tell/)
  expect(world.server.requests).toHaveLength(before)
  expect(world.server.issues).toHaveLength(0)
})

describe('of a shallow checkout', () => {
  test.concurrent('the rest is fetched beside it with the token, which is said nowhere', async () => {
    await using world = await World.afterBob()
    world.change('app.yaml', { b: `${canary}-new` })
    using shallow = world.clone('--depth=1')
    expect(shallow.git('rev-list', '--count', 'HEAD')).toBe('1')
    // Tells every argument of git and of the programs it starts.
    const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
    const trace = join(shallow.path, 'trace')
    shallow.write('../programs/git', `#!/bin/sh\necho "$@" >>'${trace}'\nGIT_TRACE='${trace}' exec '${real}' "$@"\n`, 0o755)
    const said = (): string => spawnSync('grep', ['-rlaF', '-e', token, '-e', encoded, shallow.path], { encoding: 'utf8' }).stdout
    let [temporary, during] = ['', '']
    world.server.before('POST', /\/git-upload-pack$/, async () => {
      during = `${readdirSync(temporary).filter((name) => name.startsWith('sops-rekey-history-')).length} ${said()}`
      return Promise.resolve()
    })
    const PATH = [join(shallow.path, 'programs'), process.env['PATH']].join(delimiter)
    const run = await runUnchanged(shallow, world.inputs({ 'removed-recipient': 'bob' }), {
      ...world.options('workflow_dispatch', { PATH }), onStart: (_, place) => (temporary = place),
    })
    expect(run.exitCode === 0 ? '' : run.log).toBe('')
    expect(during).toBe('1 ')
    expect(said()).toBe('')
    expect(shallow.read('../trace')).toMatch(/remote-http http:/)
    expect(run.log.replaceAll(`::add-mask::${token}`, '')).not.toContain(token)
    expect(states(run)).toEqual({ a: 'current', b: 'changed' })
    expect(run.report?.exposure).toMatchObject(known)
    expect(annotations(run, 'warning')).toEqual([])
    expect(lines(world.issue(1))).toEqual({ a: '  still in use', b: 'x changed' })

    const aged = await runUnchanged(shallow, world.inputs({ 'max-key-age': '90d', 'dry-run': 'true' }), world.options())
    const reason = `its data key is from ${feb}, older than max-key-age`
    expect(aged.report?.files).toMatchObject([{ path: 'app.yaml', reason }])
  })

  test.concurrent('part is seen where the fetch is refused, which is said; no issue is closed for it', async () => {
    await using world = await World.withBob()
    world.server.refuse('GET', /\/info\/refs$/, gitHubSays.notFound)
    using shallow = world.clone('--depth=1')
    const dry = await runUnchanged(shallow, world.inputs({ 'removed-recipient': 'bob', 'dry-run': 'true' }), world.options())
    expect(dry.report?.findings.map(({ code }) => code)).toEqual(['history-partial'])
    const why = /the checkout is shallow\. .*could not be fetched.* Write `fetch-depth: 0` for actions\/checkout/
    expect(annotations(dry, 'warning')).toEqual([expect.stringMatching(why)])
    expect(dry.log).not.toContain(encoded)
    const { sentence } = await refusalOf(shallow, world.inputs({ 'max-key-age': '90d' }), world.options())
    expect(sentence).toMatch(/The checkout is shallow.*`max-key-age`.*`fetch-depth: 0`/)

    world.change('app.yaml', {})
    world.team.offboard(feb, 'app.yaml')
    world.push()
    await world.done({ 'removed-recipient': 'bob' })
    world.change('app.yaml', { a: 'new', b: 'new' })
    using later = world.clone('--depth=3')
    const run = await world.done({}, later)
    expect(annotations(run, 'warning')).toEqual([expect.stringContaining('Write `fetch-depth: 0`')])
    expect(lines(world.issue(1))).toEqual({ a: 'x changed', b: 'x changed' })
    expect(world.issue(1).state).toBe('open')
    expect(world.issue(1).body).toContain('**None of 2 secrets that could be seen is left to change.** Only part of the git '
      + 'history was there, so there may be more, and the issue is not closed by itself.')
    await world.done()
    expect(world.issue(1)).toMatchObject({ state: 'closed', stateReason: 'completed' })
    expect(world.issue(1).body).not.toContain('Only part')
  })
})

describe('of a partial clone', () => {
  test.concurrent.each([
    ['blob:none', /a partial one \(`filter` or `sparse-checkout`/], ['tree:0', /^git .* failed/],
  ])('(%s) only part is seen, which is said; nothing is fetched for it, and the issue stays open', async (filter, why) => {
    await using world = await World.withBob()
    using before = world.clone(`--filter=${filter}`)
    const dry = await runUnchanged(before, world.inputs({ 'removed-recipient': 'bob', 'dry-run': 'true' }), world.options())
    expect(dry.exitCode === 0 ? '' : dry.log).toBe('')

    world.team.offboard(feb, 'app.yaml')
    world.push()
    await world.done({ 'removed-recipient': 'bob' })
    world.change('app.yaml', { a: 'new', b: 'new' })
    using partial = world.clone(`--filter=${filter}`)
    const run = await runUnchanged(partial, world.inputs({}), world.options())
    expect(run.exitCode === 0 ? '' : run.log).toBe('')
    expect(run.outputs['tracking-issue-number']).toBe('1')
    expect(annotations(run, 'warning')).toEqual([expect.stringMatching(why)])
    expect(world.issue(1)).toMatchObject({ title: 'Change the secrets that bob could read', state: 'open', comments: [] })
    expect(world.issue(1).body).toContain('**None of the secrets could be seen this time.** Only part of the git history')
    expect(lines(world.issue(1))).toEqual({ a: '  still in use', b: '  still in use' })
    const { sentence } = await refusalOf(partial, world.inputs({ 'removed-recipient': 'bob' }), world.options())
    const unseen = /"bob" is neither a recipient here[^]*part of the history that could not be seen: .*`fetch-depth: 0`/
    expect(sentence).toMatch(unseen)
  })
})

test.concurrent('of several jobs those that plan and publish know the exposure; the last one alone keeps the issue', async () => {
  await using world = await World.withBob()
  const inputs = world.inputs({ 'removed-recipient': 'bob', 'pull-request': 'false' })
  const job = async (name: string, more: Inputs): Promise<ActionRun> => {
    const run = await runAction(world.team, { ...inputs, job: name, ...more }, world.options())
    expect(run.exitCode === 0 ? '' : run.log).toBe('')
    return run
  }
  const folder = join(world.team.path, 'rotated')
  const planned = await job('plan', {})
  const rotated = await job('rotate', { shard: '1/1', 'rotated-path': join(folder, '1') })
  expect(world.server.requests.filter(({ path }) => path.includes('/issues'))).toEqual([])
  const published = await job('publish', { 'rotated-path': folder })
  const runs = [planned, rotated, published]
  expect(runs.map(states)).toEqual([{ a: 'current', b: 'current' }, {}, { a: 'current', b: 'current' }])
  expect(runs.map(({ outputs }) => outputs['exposed-secrets'])).toEqual(['2', '0', '2'])
  expect(runs.map(({ outputs }) => outputs['tracking-issue-number'])).toEqual(['', '', '1'])
})
