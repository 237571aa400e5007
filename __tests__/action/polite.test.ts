// What a person did with the pull request is respected: closed it, put commits on it, merged the same change elsewhere.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import { makeAgeKey } from '../support/age-key.ts'
import type { GitHubServer } from '../support/github-server.ts'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'
import { Team } from '../support/team.ts'
import { annotations } from '../support/unchanged.ts'

const token = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'
const branch = 'sops-rekey/remove-bob'
const aligned = 'sops-rekey/align'

let team: Team
let server: GitHubServer

beforeEach(async () => {
  team = new Team()
  const { alice, bob, ci } = team
  team.config({ alice, bob, ci })
  team.encrypt('a.yaml', 'password: s3cret\n')
  server = await startGitHubServer({ token, repo: 'infra', milestones: ['Offboarding'], validate: openapiValidator() })
  push()
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  team[Symbol.dispose]()
})

/** Commits what is there, and puts it on `main` of the remote. */
function push(): void {
  if (team.git('status', '--porcelain') !== '') team.commit()
  team.git('push', '--quiet', server.repository, 'HEAD:refs/heads/main')
}

function remote(...args: readonly string[]): string {
  return execFileSync('git', ['--git-dir', server.repository, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

function heads(): readonly string[] {
  return remote('for-each-ref', '--format=%(refname:short)').split('\n')
}

/** What a person does on the website. */
async function edit(number: number, change: Readonly<Record<string, unknown>>): Promise<void> {
  const url = `${server.apiUrl}/repos/acme/infra/pulls/${number}`
  const answer = await fetch(url, { method: 'PATCH', headers: { authorization: `token ${token}` }, body: JSON.stringify(change) })
  expect(answer.status).toBe(200)
}

/** Somebody's commit on top of the branch. */
function commitOnTop(name = branch): string {
  const who = ['-c', 'user.name=carol', '-c', 'user.email=carol@example.com']
  const sha = remote(...who, 'commit-tree', `${name}^{tree}`, '-p', name, '-m', 'fix: a word')
  remote('update-ref', `refs/heads/${name}`, sha)
  return sha
}

async function run(inputs: Readonly<Record<string, string>> = {}): Promise<ActionRun> {
  return await runAction(team, { 'removed-recipient': 'bob', 'pull-request': 'true', policy: 'off', token, ...inputs }, {
    env: { GITHUB_SERVER_URL: server.serverUrl, GITHUB_API_URL: server.apiUrl, GITHUB_REF: 'refs/heads/main', GITHUB_REPOSITORY: 'acme/infra' },
  })
}

async function done(inputs: Readonly<Record<string, string>> = {}): Promise<ActionRun> {
  const result = await run(inputs)
  expect(result.exitCode === 0 ? '' : result.log).toBe('')
  return result
}

/** A run that has no key, and leaves every branch and pull request as it was. */
async function keyless(inputs: Readonly<Record<string, string>> = {}): Promise<ActionRun> {
  const before = [remote('for-each-ref'), JSON.stringify(server.pulls.map(({ state, body }) => [state, body]))]
  const { credentials } = team
  team.credentials = {}
  const result = await run(inputs)
  team.credentials = credentials
  expect([remote('for-each-ref'), JSON.stringify(server.pulls.map(({ state, body }) => [state, body]))]).toEqual(before)
  return result
}

describe('a pull request that a person closed', () => {
  test('is respected: nothing is pushed, no key used, and the notice says how to go on', async () => {
    await done()
    await edit(1, { state: 'closed' })
    remote('update-ref', '-d', `refs/heads/${branch}`)
    const result = await keyless()
    expect(result.exitCode).toBe(0)
    expect(result.outputs).toMatchObject({ changed: 'false', 'pull-request-operation': 'skipped-closed', 'pull-request-number': '1' })
    expect(annotations(result, 'notice')).toEqual([expect.stringMatching(/#1, with the very same changes, was closed .*`on-closed: reopen`/)])
    await edit(1, { body: 'We do not want this.' })
    expect((await keyless()).outputs['pull-request-operation']).toBe('skipped-closed')
  })

  test('also while its branch is still there, and although somebody put more on it', async () => {
    await done()
    commitOnTop()
    await edit(1, { state: 'closed' })
    expect((await keyless()).outputs['pull-request-operation']).toBe('skipped-closed')
  })

  test('gets a successor with `on-closed: reopen`', async () => {
    await done()
    await edit(1, { state: 'closed' })
    const result = await done({ 'on-closed': 'reopen' })
    expect(result.outputs).toMatchObject({ 'pull-request-operation': 'created', 'pull-request-number': '2' })
    // And that one is the one that counts from now on.
    expect((await keyless()).outputs).toMatchObject({ 'pull-request-operation': 'unchanged', 'pull-request-number': '2' })
  })

  test('gets a successor for other changes', async () => {
    await done()
    await edit(1, { state: 'closed' })
    team.encrypt('b.yaml', 'password: other\n')
    push()
    expect((await done()).outputs).toMatchObject({ 'pull-request-operation': 'created', 'pull-request-number': '2' })
  })

  test('also while the run is at it, whatever it was about to publish', async () => {
    await done()
    team.encrypt('b.yaml', 'password: other\n')
    push()
    const head = remote('rev-parse', branch)
    server.before('POST', /\/git\/commits$/, async () => edit(1, { state: 'closed' }))
    const result = await done()
    expect(result.outputs).toMatchObject({ changed: 'false', 'pull-request-operation': 'skipped-closed', 'pull-request-number': '1', 'files-changed': '0' })
    expect(annotations(result, 'notice')).toEqual([expect.stringMatching(/#1 was closed during the run.*`on-closed: reopen`/)])
    expect([remote('rev-parse', branch), server.pulls.length]).toEqual([head, 1])
  })

  test('by merging it is not one: what was taken back is done again', async () => {
    await done()
    const before = remote('rev-parse', 'main')
    await server.merge(1)
    remote('update-ref', 'refs/heads/main', before)
    expect((await done()).outputs).toMatchObject({ 'pull-request-operation': 'created', 'pull-request-number': '2' })
  })
})

describe('what a person wrote into an open pull request', () => {
  test('is no reason to publish again; a text of their own is only marked', async () => {
    await done()
    await edit(1, { title: 'Bob leaves', body: server.pulls[0]?.body?.replaceAll('- [ ]', '- [x]').replaceAll('\n', '\r\n') })
    expect((await keyless()).outputs['pull-request-operation']).toBe('unchanged')
    await edit(1, { body: 'Please merge by Friday.' })
    const head = remote('rev-parse', branch)
    team.credentials = {}
    expect((await done()).outputs['pull-request-operation']).toBe('unchanged')
    expect(remote('rev-parse', branch)).toBe(head)
    expect(server.pulls).toMatchObject([{ title: 'Bob leaves', body: expect.stringMatching(/^Please merge by Friday\.\n\n<!-- sops-rekey fingerprint=/) }])
    expect((await keyless()).outputs['pull-request-operation']).toBe('unchanged')
    expect((await done({ labels: 'security' })).outputs['pull-request-operation']).toBe('unchanged')
    expect(server.pulls[0]?.labels).toEqual(['security'])
    Object.assign(server.pulls[0] ?? {}, { labels: [] })
    expect((await keyless({ labels: 'security' })).outputs['pull-request-operation']).toBe('unchanged')
    expect(server.pulls[0]?.labels).toEqual([])
  })

  test('stays when it is brought up to date: the title, and the ticks', async () => {
    await done()
    await edit(1, { title: 'Bob leaves', body: server.pulls[0]?.body?.replaceAll('- [ ]', '- [x]') })
    team.encrypt('b.yaml', 'password: other\n')
    push()
    expect((await done()).outputs['pull-request-operation']).toBe('updated')
    expect(server.pulls[0]?.title).toBe('Bob leaves')
    expect(server.pulls[0]?.body?.match(/- \[.\] <code>password<\/code>/g)).toEqual(['- [x] <code>password</code>', '- [ ] <code>password</code>'])
  })

  test('is named where it could not be brought up to date', async () => {
    await done()
    team.encrypt('b.yaml', 'password: other\n')
    push()
    server.refuse('PATCH', /\/pulls\/1$/, gitHubSays.notByIntegration)
    const result = await run()
    expect(result.exitCode).toBe(1)
    expect(result.outputs).toMatchObject({ 'pull-request-number': '1', 'pull-request-url': `${server.serverUrl}/acme/infra/pull/1` })
    expect(annotations(result, 'error')).toEqual([expect.stringMatching(/is pushed, but the text of pull request #1 may still be that of an earlier run/)])
  })
})

describe('one branch', () => {
  test('for two requests: the second does not replace the open pull request of the first', async () => {
    const { alice, bob, ci } = team
    team.config({ alice, bob, ci, carol: makeAgeKey() })
    team.encrypt('a.yaml', 'password: s3cret\n')
    push()
    await done({ branch: 'offboarding' })
    const result = await keyless({ branch: 'offboarding', 'removed-recipient': 'carol' })
    expect(annotations(result, 'error')).toEqual([expect.stringMatching(/another request \(#1\).*`branch: .*\{removed\}`/)])
    expect((await keyless({ branch: 'offboarding' })).outputs['pull-request-operation']).toBe('unchanged')
  })

  test.each([['main', /is main, which is what the pull request goes into/, {}], ['main', /is main, which is the default branch/, { base: 'release' }]])(
    'that others stand on is refused: %s %s', async (name, sentence, inputs) => {
      remote('update-ref', 'refs/heads/release', 'main')
      expect(annotations(await keyless({ branch: name, ...inputs }), 'error')).toEqual([expect.stringMatching(sentence)])
    })

  test('whose name is too long once it is filled in is refused before a key is used', async () => {
    const result = await keyless({ branch: `${'x'.repeat(200)}/{removed}`, 'removed-recipient': team.bob.recipient })
    expect(annotations(result, 'error')).toEqual([expect.stringMatching(/`branch` comes to x+.*no name for a branch/)])
  })

  test('to go into that the token cannot see: both reasons are named', async () => {
    server.refuse('GET', /\/git\/ref\//, gitHubSays.notFound)
    expect(annotations(await keyless(), 'error')).toEqual([expect.stringMatching(/no branch main .*or the token cannot see it.*`contents: read`/)])
  })
})

describe('commits of others on our branch', () => {
  test('that only merge the base, as GitHub’s button does, change nothing', async () => {
    await done()
    team.write('README.md', 'More.\n')
    push()
    const merge = remote('-c', 'user.name=carol', '-c', 'user.email=carol@example.com', 'commit-tree', remote('merge-tree', '--write-tree', branch, 'main'), '-p', branch, '-p', 'main', '-m', 'Merge')
    remote('update-ref', `refs/heads/${branch}`, merge)
    expect((await keyless()).outputs).toMatchObject({ 'pull-request-operation': 'unchanged', 'pull-request-head-sha': merge })

    // A merge is no work of theirs, which the next plan would have to spare.
    team.encrypt('b.yaml', 'password: s3cret\n')
    push()
    expect((await done()).outputs).toMatchObject({ 'pull-request-operation': 'updated' })
    expect(remote('log', '--format=%P', '-1', branch)).toBe(remote('rev-parse', 'main'))
    const theirs = remote('-c', 'user.name=carol', '-c', 'user.email=carol@example.com', 'commit-tree', 'main^{tree}', '-p', branch, '-p', 'main', '-m', 'Merge')
    remote('update-ref', `refs/heads/${branch}`, theirs)
    expect(annotations(await keyless(), 'error')).toEqual([expect.stringContaining('ends in a commit that is not ours')])
    team.encrypt('c.yaml', 'password: s3cret\n')
    push()
    expect(annotations(await keyless(), 'error')).toEqual([expect.stringContaining('ends in a commit that is not ours')])
  })

  test('are left alone, and the sentence names the input', async () => {
    await done()
    const theirs = commitOnTop()
    const result = await keyless()
    expect(result.exitCode).toBe(1)
    expect(annotations(result, 'error')).toEqual([expect.stringMatching(
      new RegExp(`ends in a commit that is not ours \\(${theirs.slice(0, 12)}\\).*\`on-human-commits: overwrite\``))])
  })

  test('are overwritten where that is asked for, which the log and the pull request say', async () => {
    await done()
    const theirs = commitOnTop()
    const result = await done({ 'on-human-commits': 'overwrite' })
    expect(result.outputs).toMatchObject({ 'pull-request-operation': 'updated', 'pull-request-number': '1' })
    expect(remote('log', '--format=%s', `main..${branch}`)).toBe('chore: rotate keys after team member offboarding')
    expect(annotations(result, 'notice')).toEqual([expect.stringContaining(`up to ${theirs}, were overwritten`)])
    expect(server.pulls[0]?.comments).toEqual([expect.stringContaining(`git fetch origin ${theirs}`)])
  })

  test('that come while the run is at it are not', async () => {
    await done()
    commitOnTop()
    let theirs = ''
    server.before('GET', /\/info\/refs$/, async () => {
      theirs = commitOnTop()
      await Promise.resolve()
    })
    const result = await run({ 'on-human-commits': 'overwrite' })
    expect(result.exitCode).toBe(1)
    expect(result.log).toMatch(/^::error::The branch sops-rekey\/remove-bob was moved by someone else/m)
    expect(remote('rev-parse', branch)).toBe(theirs)
  })

  test('are left alone on a branch that was never ours, whatever is asked for', async () => {
    remote('update-ref', `refs/heads/${branch}`, 'main')
    commitOnTop()
    const result = await keyless({ 'on-human-commits': 'overwrite' })
    expect(annotations(result, 'error')).toEqual([expect.stringMatching(/not ours.*give another one in `branch`/)])
  })
})

describe('when nothing is left to do', () => {
  /** A pull request for a file that drifted, and the same mended by hand on the base since. */
  const mendedMeanwhile = async (): Promise<void> => {
    const { alice, bob, ci } = team
    const file = team.read('a.yaml')
    team.config({ alice, ci })
    push()
    await done({ 'removed-recipient': '' })
    expect(server.pulls).toMatchObject([{ state: 'open', branch: aligned }])
    team.config({ alice, bob, ci })
    expect(team.read('a.yaml')).toBe(file)
    push()
  }
  const nothing = { 'removed-recipient': '' }

  test('the pull request of the same request is closed with the reason, and its branch deleted', async () => {
    await mendedMeanwhile()
    await edit(1, { body: 'Somebody’s own words.' })
    const result = await done(nothing)
    expect(result.outputs).toMatchObject({ changed: 'false', 'pull-request-operation': 'closed', 'pull-request-number': '1' })
    expect(server.pulls).toMatchObject([{ state: 'closed', comments: [expect.stringMatching(/nothing left to do: .*Its branch is deleted/)] }])
    expect(heads()).toEqual(['main'])
    expect(annotations(result, 'warning')).toEqual([])

    // What we closed is not what a person closed.
    const { alice, ci } = team
    team.config({ alice, ci })
    push()
    expect((await done(nothing)).outputs).toMatchObject({ 'pull-request-operation': 'created', 'pull-request-number': '2' })
  })

  test.each<[string, () => void]>([
    ['every file is gone', () => {
      for (const path of ['a.yaml', '.sops.yaml']) rmSync(join(team.root, path))
      team.write('README.md', 'Nothing to hide.\n')
    }],
    ['somebody took the removed one out by hand', () => {
      const { alice, ci } = team
      team.config({ alice, ci })
      for (const args of [['updatekeys', '--yes', 'a.yaml'], ['rotate', '--in-place', 'a.yaml']]) expect(team.sops(args, { cwd: team.root }).exitCode).toBe(0)
    }],
  ])('so too where %s', async (_, act) => {
    await done()
    act()
    push()
    expect((await done()).outputs).toMatchObject({ 'pull-request-operation': 'closed', 'pull-request-number': '1' })
    expect([server.pulls[0]?.state, heads()]).toEqual(['closed', ['main']])
  })

  test('an answer that is lost on the way is looked for', async () => {
    await mendedMeanwhile()
    server.refuse('PATCH', /\/pulls\/1$/, { status: 502, body: { message: 'Server Error' } }, { afterwards: true })
    const result = await done(nothing)
    expect(result.outputs['pull-request-operation']).toBe('closed')
    expect([annotations(result, 'warning'), heads(), server.pulls[0]?.comments.length]).toEqual([[], ['main'], 1])
  }, 60_000)

  test('on a branch of several requests one whose text does not say which one it is for stays open, with a warning', async () => {
    const { alice, bob, ci } = team
    team.config({ alice, ci })
    push()
    await done({ ...nothing, branch: 'shared' })
    await edit(1, { body: 'Somebody’s own words.' })
    team.config({ alice, bob, ci })
    push()
    expect(annotations(await keyless({ ...nothing, branch: 'shared' }), 'warning')).toEqual([expect.stringMatching(/#1 stays open: its text no longer says/)])
  })

  test('the branch is kept with `delete-branch: false`', async () => {
    await mendedMeanwhile()
    await done({ ...nothing, 'delete-branch': 'false' })
    expect(server.pulls).toMatchObject([{ state: 'closed', comments: [expect.stringContaining('The branch was kept')] }])
    expect(heads()).toEqual(['main', aligned])
  })

  test('a pull request with commits of others stays open', async () => {
    await mendedMeanwhile()
    commitOnTop(aligned)
    const result = await keyless(nothing)
    expect(annotations(result, 'warning')).toEqual([expect.stringContaining('#1 has commits that are not ours')])
    expect(result.outputs['pull-request-operation']).toBe('none')

    // In our name, with our marks, and with a file of theirs.
    const ours = `${aligned}~1`
    const blob = remote('rev-parse', 'main:.sops.yaml')
    const tree = execFileSync('git', ['--git-dir', server.repository, 'mktree'], {
      encoding: 'utf8', input: `${remote('ls-tree', ours)}\n100644 blob ${blob}\tnotes.txt\n`,
    }).trim()
    const message = remote('log', '-1', '--format=%B', ours).replace(/(?<=\nSops-Rekey-Tree: ).*/, tree)
    const bot = ['-c', 'user.name=github-actions[bot]', '-c', 'user.email=41898282+github-actions[bot]@users.noreply.github.com']
    remote('update-ref', `refs/heads/${aligned}`, remote(...bot, 'commit-tree', tree, '-p', `${ours}~1`, '-m', message))
    expect(annotations(await keyless(nothing), 'warning')).toEqual([expect.stringContaining('#1 has commits that are not ours')])
  })

  test('the answer to the deletion of the branch is lost, and no harm done', async () => {
    await mendedMeanwhile()
    server.refuse('POST', /\/git-receive-pack$/, { status: 500, body: null }, { afterwards: true, times: 1 })
    expect(annotations(await done(nothing), 'warning')).toEqual([])
    expect(heads()).toEqual(['main'])
  })

  test('a branch that is moved in the same moment is not deleted', async () => {
    await mendedMeanwhile()
    let theirs = ''
    server.before('GET', /\/info\/refs$/, async () => {
      theirs = commitOnTop(aligned)
      await Promise.resolve()
    })
    const result = await done(nothing)
    expect(annotations(result, 'warning')).toEqual([expect.stringMatching(/is closed, but its branch .* is not deleted: .*moved by someone else/)])
    expect(remote('rev-parse', aligned)).toBe(theirs)
  })

  test('the pull request of another request on the same branch stays open', async () => {
    await done({ branch: aligned })
    expect((await keyless(nothing)).outputs['pull-request-operation']).toBe('none')
    expect(server.pulls).toMatchObject([{ state: 'open' }])
  })

  test('at a commit that the base has moved on from, nothing is closed', async () => {
    await mendedMeanwhile()
    remote('update-ref', 'refs/heads/main', remote('-c', 'user.name=x', '-c', 'user.email=x@y', 'commit-tree', 'main^{tree}', '-p', 'main', '-m', 'x'))
    await keyless(nothing)
    expect(server.pulls).toMatchObject([{ state: 'open' }])
  })

  test('and nothing can be asked, that is a warning without a word of ours', async () => {
    await mendedMeanwhile()
    server.refuse('GET', /^\/repos\/acme\/infra$/, gitHubSays.notByIntegration)
    expect(annotations(await keyless(nothing), 'warning')).toEqual([expect.stringMatching(/could not be looked for: Could not read the repository/)])
  })

  test('and GitHub refuses, that is a warning', async () => {
    await mendedMeanwhile()
    server.refuse('PATCH', /\/pulls\/1$/, gitHubSays.notByIntegration)
    const result = await keyless(nothing)
    expect(result.exitCode).toBe(0)
    expect(annotations(result, 'warning')).toEqual([expect.stringMatching(/#1 stays open: .*Give it `pull-requests: write`/)])
  })
})

describe('templates', () => {
  test('are filled in, each value harmless for its place', async () => {
    const { alice, bob, ci } = team
    team.config({ alice, 'Bob "*B*" @all': bob, ci })
    push()
    await done({
      'removed-recipient': 'Bob "*B*" @all', base: '{default}', branch: 'leavers/{removed}-{base}', milestone: 'offboarding', signoff: 'true',
      title: '{removed} left {repository} on {date}', 'commit-message': 'chore: {files} file(s) without {removed}\n\nFor {base} [skip ci].',
      'body-header': '**{removed}** left {base}, see {run}; {{date}} and { "a": 1 }.',
    })
    const [pull] = server.pulls
    expect(pull?.branch).toMatch(/^leavers\/bob-b-all-[0-9a-f]{8}-main$/)
    expect(pull?.title).toMatch(/^Bob "\*B\*" @all left acme\/infra on \d{4}-\d\d-\d\d$/)
    expect(pull?.body?.split('\n')[0]).toBe('**Bob &#34;&#42;B&#42;&#34; &#64;&#8203;all** left main, see '
      + `${server.serverUrl}/acme/infra/actions/runs/42; {date} and { "a": 1 }.`)
    expect(remote('log', '-1', '--format=%B', pull?.branch ?? '')).toMatch(new RegExp(
      '^chore: 1 file\\(s\\) without Bob "\\*B\\*" @\u200ball\\n\\nFor main \\[skip ci\\]\\.\\n\\n'
      + 'Signed-off-by: github-actions\\[bot\\] <41898282\\+github-actions\\[bot\\]@users\\.noreply\\.127\\.0\\.0\\.1>\\nSops-Rekey-Fingerprint: '))
  })

  test('a commit is signed off by the App that is its author', async () => {
    await server[Symbol.asyncDispose]()
    server = await startGitHubServer({ token, repo: 'infra', login: 'an-app[bot]', validate: openapiValidator() })
    push()
    await done({ signoff: 'true', 'commit-message': 'chore: {removed} left\n\nCo-authored-by: x <x@y>' })
    const trailers = remote('log', '-1', '--format=%(trailers:only)', branch).split('\n')
    expect(trailers.slice(0, 2)).toEqual(['Co-authored-by: x <x@y>', `Signed-off-by: ${remote('log', '-1', '--format=%an <%ae>', branch).replace('github.com', '127.0.0.1')}`])
    expect((await keyless({ signoff: 'true' })).outputs['pull-request-operation']).toBe('unchanged')
  })

  test('a signed-off commit is still known as ours', async () => {
    await done({ signoff: 'true' })
    expect((await keyless({ signoff: 'true' })).outputs['pull-request-operation']).toBe('unchanged')
  })

  test.each([
    ['title', 'On {day}', /`title` holds \{day\}, which stands for nothing there\. There are \{removed\}, \{added\}, .*`\{\{day\}\}`/],
    ['branch', 'x/{date}', /`branch` holds \{date\}.*There are \{removed\}, \{added\}, \{base\}/],
    ['base', '{base}', /`base` holds \{base\}.*There is \{default\}/],
    ['title', 'For {added}', /`title` holds \{added\}, but `added-recipient` is not given/],
    ['branch', 'x/{removed}..', /Write the name of a branch/],
    ['on-closed', 'ignore', /Write `on-closed: respect` or `on-closed: reopen`/],
    ['on-human-commits', 'keep', /Write `on-human-commits: fail` or `on-human-commits: overwrite`/],
    ['delete-branch', 'no', /Write `delete-branch: true`/],
    ['signoff', 'yes', /Write `signoff: true`/],
  ])('and choices: %s %j is refused before anything runs', async (name, value, sentence) => {
    const result = await keyless({ [name]: value })
    expect(annotations(result, 'error')).toEqual([expect.stringMatching(sentence)])
    expect(server.requests).toHaveLength(0)
  })
})

test('a milestone that is not there is a warning', async () => {
  // Beside those about files, however many there are.
  const result = await done({ milestone: 'Q9', policy: 'warn' })
  expect(annotations(result, 'warning')).toEqual([
    expect.stringContaining('there is no open milestone Q9; there are: Offboarding.'), expect.stringContaining('only age keys open it'),
  ])
})

test('a limit of GitHub is waited for, and the log says so', async () => {
  server.refuse('GET', /\/infra$/, gitHubSays.secondaryRateLimit, { times: 1, headers: { 'retry-after': '1' } })
  expect((await done()).log).toContain('GitHub limits how much may be asked of it: waiting 1 s.')
})
