import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { bodyOf, complete, openPullRequest } from '../../src/stages/publishing/pull-request.ts'
import type { PullRequestDraft } from '../../src/stages/publishing/pull-request.ts'
import { readCommit } from '../../src/tools/github-git.ts'
import { GitHub, GitHubFailure, compareUrl } from '../../src/tools/github.ts'
import type { GitHubOptions } from '../../src/tools/github.ts'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import type { GitHubServer, Refusal } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'

const run = promisify(execFile)
const token = 'ghs_a-token-that-must-not-be-said'
const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
const branch = 'sops-rekey/remove-bob'
const draft: PullRequestDraft = {
  base: 'main', branch, title: 'chore: rotate keys', body: 'What was done.', draft: false,
  labels: [], assignees: [], reviewers: [], teamReviewers: [], milestone: null, request: 'f00d', overwritten: null,
}

/** As it stands in the pull request. */
const marks = '<!-- sops-rekey request=f00d -->\n<!-- sops-rekey title=b1d299dd41ad1753 -->\n'
const body = `${draft.body}\n\n${marks}`

let server: GitHubServer
let github: GitHub
let pauses: number[]
/** The seconds of each wait that GitHub asked for. */
let waits: number[]

/** A commit without files on the branch, on top of what `on` names. */
async function commit(name: string, message: string, on?: string): Promise<string> {
  const git = async (...args: string[]): Promise<string> => {
    return (await run('git', ['--git-dir', server.repository, ...args])).stdout.trim()
  }
  const author = ['-c', 'user.name=t', '-c', 'user.email=t@example.com']
  const parent = on === undefined ? [] : ['-p', `refs/heads/${on}`]
  const sha = await git(...author, 'commit-tree', emptyTree, '-m', message, ...parent)
  await git('update-ref', `refs/heads/${name}`, sha)
  return sha
}

/** One for which a second is soon over. */
function quick(more: Partial<GitHubOptions> = {}): GitHub {
  const onWait = (seconds: number): void => void waits.push(seconds)
  return new GitHub({ token, owner: 'acme', repo: 'secrets', apiUrl: server.apiUrl, second: 1, onWait, ...more })
}

async function failure(action: Promise<unknown>): Promise<GitHubFailure> {
  const error: unknown = await action.then(() => new Error('It went through.'), (reason: unknown) => reason)
  if (error instanceof GitHubFailure) return error
  throw error
}

function asked(method: string): readonly string[] {
  return server.requests.filter((request) => request.method === method).map(({ path }) => path)
}

beforeEach(async () => {
  const collaborators = ['alice', 'carol', 'Dave']
  server = await startGitHubServer({ token, collaborators, teams: ['platform'], milestones: ['Q1', '1', 'Q2'], validate: openapiValidator() })
  pauses = []
  waits = []
  const pause = (milliseconds: number): Promise<void> => {
    pauses.push(milliseconds)
    return Promise.resolve()
  }
  github = quick({ pause })
  await commit('main', 'first')
  await commit(branch, 'rotated', 'main')
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

describe('a pull request', () => {
  test('is created, with everything that was asked for', async () => {
    const all = { labels: ['security'], assignees: ['alice'], reviewers: ['carol'], teamReviewers: ['platform'], draft: true }
    const { pullRequest, warnings } = await openPullRequest(github, { ...draft, ...all })
    expect(pullRequest).toEqual({ number: 1, url: `${server.serverUrl}/acme/secrets/pull/1`, operation: 'created' })
    expect(warnings).toEqual([])
    expect(server.pulls).toMatchObject([{
      base: 'main', branch, title: draft.title, body: expect.stringMatching(/^What was done\.\n\n(<!-- sops-rekey (request|title|added)=[0-9a-f]+ -->\n){3}$/),
      draft: true, state: 'open', labels: ['security'], assignees: ['alice'], reviewers: ['carol'], teams: ['platform'],
    }])
  })

  test('that is open is updated, and keeps what others added', async () => {
    await openPullRequest(github, { ...draft, labels: ['mine'] })
    await github.addLabels(1, ['theirs'])
    const second = await openPullRequest(github, { ...draft, title: 'other', body: 'Again.', labels: ['mine', 'new'] })
    expect(second.pullRequest).toEqual({ number: 1, url: `${server.serverUrl}/acme/secrets/pull/1`, operation: 'updated' })
    expect(server.pulls).toMatchObject([{ title: 'other', body: expect.stringMatching(/^Again\.\n\n<!--/), labels: ['mine', 'theirs', 'new'] }])
  })

  test('that someone opens in the same moment is updated', async () => {
    server.before('POST', /\/pulls$/, async () => {
      const other = new GitHub({ token, owner: 'acme', repo: 'secrets', apiUrl: server.apiUrl })
      await other.createPullRequest({ ...draft, title: 'first' })
    })
    const { pullRequest } = await openPullRequest(github, draft)
    expect(pullRequest).toMatchObject({ number: 1, operation: 'updated' })
    // Whose title it is cannot be known.
    expect(server.pulls).toMatchObject([{ title: 'first', body }])
  })

  test('keeps the title that a person gave it, and what they ticked', async () => {
    await openPullRequest(github, { ...draft, body: '- [ ] tell bob' })
    await github.updatePullRequest(1, { title: 'Bob leaves', body: server.pulls[0]?.body?.replace('[ ]', '[x]') ?? '' })
    const update = { ...draft, title: 'chore: rotate more keys', body: '- [ ] tell bob\n- [ ] tell dave' }
    for (let times = 0; times < 2; times += 1) {
      await openPullRequest(github, update)
      expect(server.pulls).toMatchObject([{ title: 'Bob leaves', body: expect.stringMatching(/^- \[x\] tell bob\n- \[ \] tell dave\n/) }])
    }
  })

  const forPlan = { ...draft, fingerprint: 'beef' }
  const completed = async (wanted: typeof forPlan): Promise<readonly string[]> => {
    const [pull] = await github.pullRequests(branch)
    return pull === undefined ? ['there is none'] : await complete(github, pull, wanted)
  }
  const fingerprintLine = '<!-- sops-rekey fingerprint=beef -->\n'

  test.each([
    ['Please merge by Friday.', `Please merge by Friday.\n\n${fingerprintLine}<!-- sops-rekey request=f00d -->\n`],
    [`Please merge by Friday.\n\n${fingerprintLine}`, `Please merge by Friday.\n\n${fingerprintLine}<!-- sops-rekey request=f00d -->\n`],
    [`${fingerprintLine}<!-- sops-rekey request=0ff -->\n`, `${fingerprintLine}<!-- sops-rekey request=0ff -->\n`],
  ])('whose text is %j is marked again below it, once', async (theirs, marked) => {
    await quick().createPullRequest({ ...draft, title: 'Bob leaves', body: theirs })
    for (let times = 0; times < 2; times += 1) expect(await completed(forPlan)).toEqual([])
    expect(server.pulls).toMatchObject([{ title: 'Bob leaves', body: marked }])
    expect(asked('PATCH')).toHaveLength(theirs === marked ? 0 : 1)
  })

  test('that cannot be marked again is a warning', async () => {
    await openPullRequest(github, draft)
    server.refuse('PATCH', /pulls/, gitHubSays.notByIntegration)
    expect(await completed(forPlan)).toEqual([expect.stringMatching(/#1 does not say all that a later run has to know.*`pull-requests: write`/)])
  })

  test('that a person opens with its text is one of ours', async () => {
    await github.createPullRequest({ ...draft, body: bodyOf({ ...draft, body: fingerprintLine }) })
    expect(await completed(forPlan)).toEqual([])
    expect(asked('PATCH')).toEqual([])
  })

  test.each([502, 0])('whose answer was lost on the way (%s) is found, and not asked for again', async (status) => {
    server.refuse('POST', /\/pulls$/, { status, body: { message: 'Server Error' } }, { afterwards: true })
    expect((await openPullRequest(github, draft)).pullRequest).toMatchObject({ number: 1, operation: 'created' })
    expect(server.pulls).toHaveLength(1)
    expect([asked('POST').length, asked('PATCH').length, pauses]).toEqual([1, 0, []])
  })

  test.each([502, 0])('that did not come about (%s) is asked for again, after another look each', async (status) => {
    server.refuse('POST', /\/pulls$/, { status, body: { message: 'Server Error' } }, { times: 2 })
    expect((await openPullRequest(github, draft)).pullRequest).toMatchObject({ number: 1, operation: 'created' })
    expect(pauses).toEqual([1_000, 2_000])
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET', 'POST', 'GET', 'POST'])
  })

  test('that never comes about is given up', async () => {
    server.refuse('POST', /\/pulls$/, { status: 502, body: { message: 'Server Error' } })
    expect(await failure(openPullRequest(github, draft))).toMatchObject({ code: 'github-failed', status: 502 })
    expect([asked('POST').length, pauses]).toEqual([4, [1_000, 2_000, 4_000]])
  })

  test('that is there though the list does not have it yet is waited for', async () => {
    server.before('POST', /\/pulls$/, async () => {
      await quick().createPullRequest({ ...draft, title: 'first' })
      server.refuse('GET', /\/pulls$/, { status: 200, body: [] }, { times: 2 })
    })
    expect((await openPullRequest(github, draft)).pullRequest).toMatchObject({ number: 1, operation: 'updated' })
    expect([pauses, asked('POST').length]).toEqual([[1_000, 2_000], 2])
  })

  test('says where commits of others were overwritten', async () => {
    await openPullRequest(github, { ...draft, overwritten: 'c0ffee' })
    expect(server.pulls[0]?.comments).toEqual([expect.stringMatching(/up to c0ffee, were overwritten .*`git fetch origin c0ffee`/)])
  })

  test('gets a milestone that is beyond the first hundred', async () => {
    await server[Symbol.asyncDispose]()
    server = await startGitHubServer({ token, milestones: Array.from({ length: 150 }, (_, at) => `M${at + 1}`), validate: openapiValidator() })
    github = quick()
    await commit('main', 'first')
    await commit(branch, 'rotated', 'main')
    expect((await openPullRequest(github, { ...draft, milestone: 'M150' })).warnings).toEqual([])
    expect(server.pulls).toMatchObject([{ milestone: 150 }])
  })

  test.each([['Q2', 3], ['3', 3], ['1', 2]])('gets the milestone %s by its title, else by its number', async (milestone, number) => {
    expect((await openPullRequest(github, { ...draft, milestone })).warnings).toEqual([])
    expect(server.pulls).toMatchObject([{ milestone: number }])
  })

  test('that GitHub refuses for what it holds is no success', async () => {
    const error = await failure(openPullRequest(github, { ...draft, base: branch, branch: 'main' }))
    expect(error).toMatchObject({ code: 'github-failed', status: 422 })
    expect(error.message).toContain(`No commits between ${branch} and main`)
  })

  test.each([
    ['of a fork', (pull: Pull): Pull => ({ ...pull, head: { ...pull.head, repo: { ...pull.head.repo, id: 2 } } })],
    ['of a fork that was deleted', (pull: Pull): Pull => ({ ...pull, head: { ...pull.head, repo: null as never } })],
    ['of another branch', (pull: Pull): Pull => ({ ...pull, head: { ...pull.head, ref: 'other' } })],
    ['into another base', (pull: Pull): Pull => ({ ...pull, base: { ...pull.base, ref: 'other' } })],
  ])('%s is not taken for ours, though GitHub lists it', async (_, changed) => {
    await openPullRequest(github, draft)
    const url = `${server.apiUrl}/repos/acme/secrets/pulls`
    const [pull] = await (await fetch(url, { headers: { authorization: `token ${token}` } })).json() as [Pull]
    expect(await github.findOpenPullRequest('main', branch)).toMatchObject({ number: 1 })
    await server[Symbol.asyncDispose]()
    // Without validation: the description does not know that a deleted fork leaves null.
    server = await startGitHubServer({ token })
    server.refuse('GET', /\/pulls$/, { status: 200, body: [changed(pull)] })
    github = new GitHub({ token, owner: 'acme', repo: 'secrets', apiUrl: server.apiUrl })
    expect(await github.findOpenPullRequest('main', branch)).toBeNull()
  })
})

interface Pull {
  readonly head: { readonly ref: string; readonly repo: { readonly id: number } }
  readonly base: { readonly ref: string }
}

describe('what it gets besides', () => {
  const added = /<!-- sops-rekey added=[0-9a-f]{16} -->\n$/
  const both = { ...draft, fingerprint: 'beef', labels: ['security', 'keys'], assignees: ['alice'] }
  const completed = async (wanted: typeof both): Promise<readonly string[]> => {
    const [pull] = await github.pullRequests(branch)
    return pull === undefined ? ['there is none'] : await complete(quick(), pull, wanted)
  }

  test('is noted in the body, so that what a person takes away stays away', async () => {
    await openPullRequest(github, both)
    expect(server.pulls[0]?.body).toMatch(added)
    Object.assign(server.pulls[0] ?? {}, { labels: [], assignees: [] })
    expect(await completed({ ...both, labels: ['keys', 'security'] })).toEqual([])
    expect((await openPullRequest(quick(), { ...both, body: 'Other changes.' })).warnings).toEqual([])
    expect(server.pulls).toMatchObject([{ labels: [], assignees: [], body: expect.stringMatching(added) }])
  })

  test('is added by a later run where the first was killed or it was refused, or another set is asked for; each once', async () => {
    await quick().createPullRequest({ ...draft, body: bodyOf(draft) })
    server.refuse('POST', /labels$/, gitHubSays.notByIntegration, { times: 1 })
    expect(await completed(both)).toHaveLength(1)
    expect(server.pulls).toMatchObject([{ labels: [], assignees: ['alice'], body: expect.not.stringMatching(added) }])
    for (const labels of [both.labels, ['more']]) {
      expect(await completed({ ...both, labels })).toEqual([])
      expect(server.pulls).toMatchObject([{ labels: expect.arrayContaining(labels) }])
      const requests = server.requests.length
      expect(await completed({ ...both, labels })).toEqual([])
      expect(server.requests.slice(requests).map(({ method }) => method)).toEqual(['GET'])
    }
    expect(server.pulls[0]?.body?.match(/added=/g)).toHaveLength(1)
  })

  test('is asked about by no request where nothing is', async () => {
    await openPullRequest(github, draft)
    expect([asked('POST').length, asked('PATCH').length]).toEqual([1, 0])
  })
})

describe('what cannot be added', () => {
  test('is a warning each, and spoils nothing else', async () => {
    const people = { assignees: ['alice', 'nobody'], reviewers: ['github-actions[bot]'], teamReviewers: ['platform'], milestone: 'Q9' }
    server.refuse('POST', /labels$/, gitHubSays.notByIntegration)
    const { pullRequest, warnings } = await openPullRequest(github, { ...draft, ...people, labels: ['x'] })
    expect(pullRequest.operation).toBe('created')
    expect(warnings).toEqual([
      expect.stringMatching(/labels: .*lacks a permission.*`pull-requests: write` and, .*`issues: write`/),
      expect.stringContaining('there is no open milestone Q9; there are: Q1, 1, Q2.'),
      expect.stringContaining('GitHub cannot assign nobody here.'),
      expect.stringContaining('Review cannot be requested from pull request author.'),
    ])
    expect(server.pulls).toMatchObject([{ assignees: ['alice'], reviewers: [], teams: ['platform'] }])
  })

  test('one who cannot be asked for a review does not keep others from it', async () => {
    const { warnings } = await openPullRequest(github, { ...draft, reviewers: ['carol', 'nobody', 'alice'], teamReviewers: ['platform', 'gone'] })
    expect(warnings).toEqual([
      expect.stringMatching(/its reviewers: nobody: .*collaborators/), expect.stringMatching(/its team reviewers: gone: .*token that may read the organisation's members/),
    ])
    expect(server.pulls).toMatchObject([{ reviewers: ['carol', 'alice'], teams: ['platform'] }])
  })

  test('a team that the token cannot see: the sentence names such a token, not a permission that is there already', async () => {
    server.refuse('POST', /requested_reviewers$/, gitHubSays.notByIntegration)
    const { warnings } = await openPullRequest(github, { ...draft, teamReviewers: ['platform'] })
    expect(warnings).toEqual([expect.stringMatching(/403: Resource not accessible by integration\. .*`members: read`/)])
    expect(warnings.join()).not.toContain('`pull-requests: write`')
  })

  test('an assignee in other letters is the same person', async () => {
    const { warnings } = await openPullRequest(github, { ...draft, assignees: ['DAVE'] })
    expect(warnings).toEqual([])
    expect(server.pulls).toMatchObject([{ assignees: ['Dave'] }])
  })

  test('a label waits until GitHub knows the pull request', async () => {
    server.refuse('POST', /labels$/, gitHubSays.labelNotYet, { times: 3 })
    expect((await openPullRequest(github, { ...draft, labels: ['x'] })).warnings).toEqual([])
    expect(pauses).toEqual([1_000, 2_000, 4_000])
    expect(server.pulls).toMatchObject([{ labels: ['x'] }])
  })

  test('a label that GitHub never takes is given up', async () => {
    server.refuse('POST', /labels$/, gitHubSays.labelNotYet)
    expect((await openPullRequest(github, { ...draft, labels: ['x'] })).warnings).toHaveLength(1)
    expect(pauses).toEqual([1_000, 2_000, 4_000])
    expect(asked('POST').filter((path) => path.endsWith('labels'))).toHaveLength(4)
  })

  test('a label that is refused for another reason is not tried again', async () => {
    const words = { message: 'Validation Failed', documentation_url: 'https://docs.github.com/rest' }
    server.refuse('POST', /labels$/, { status: 422, body: words })
    expect((await openPullRequest(github, { ...draft, labels: ['x'] })).warnings).toHaveLength(1)
    expect(pauses).toEqual([])
  })
})

describe('what GitHub refuses', () => {
  const refused = (refusal: Refusal): Promise<GitHubFailure> => {
    server.refuse('POST', /\/pulls$/, refusal)
    return failure(openPullRequest(github, draft))
  }

  test('by a setting is named with the setting', async () => {
    const error = await refused(gitHubSays.settingForbids)
    expect(error.code).toBe('github-setting')
    expect(error.advice).toContain('"Allow GitHub Actions to create and approve pull requests"')
    expect(error.advice).toContain('Settings → Actions → General → Workflow permissions')
    expect(asked('POST')).toHaveLength(1)
  })

  test.each([
    ['notByIntegration', '`permissions` of the job, or in the App\'s'], ['notByPersonalToken', 'the settings of the token'],
  ] as const)('%s is named with the permission, and not asked again', async (name, where) => {
    const error = await refused(gitHubSays[name])
    expect(error).toMatchObject({ code: 'github-permission', status: 403, advice: `Give it \`pull-requests: write\` in ${where}.` })
    expect([asked('POST').length, waits]).toEqual([1, []])
  })

  test('for other reasons is told in its own words, harmless and without the token', async () => {
    const error = await refused({ status: 403, body: { message: `no\n::set-output name=a::${token}\u202e` } })
    expect(error).toMatchObject({ code: 'github-failed', status: 403, cause: undefined })
    expect(error.message).toBe(
      'Could not open the pull request in acme/secrets: GitHub answered 403: no\\n::set-output name=a::***\\u202e.',
    )
  })

  test('because of a bad token is about the token', async () => {
    const stranger = new GitHub({ token: 'ghs_other', owner: 'acme', repo: 'secrets', apiUrl: server.apiUrl })
    const error = await failure(stranger.defaultBranch())
    expect(error).toMatchObject({ code: 'github-permission', status: 401 })
    expect(error.message).not.toContain('ghs_other')
  })

  test('because it shows no such repository is about what the token can see', async () => {
    const error = await failure(new GitHub({ token, owner: 'acme', repo: 'other', apiUrl: server.apiUrl }).defaultBranch())
    expect(error).toMatchObject({ code: 'github-permission', status: 404 })
    expect(error.message).toContain('acme/other')
  })

  test('for now is asked again after the time it names, else a minute', async () => {
    server.refuse('GET', /secrets$/, gitHubSays.secondaryRateLimit, { times: 1 })
    const named = { times: 1, headers: { 'retry-after': '7' } }
    server.refuse('GET', /secrets$/, { status: 429, body: { message: 'slow down' } }, named)
    server.refuse('GET', /secrets$/, { status: 403, body: { message: 'slow down' } }, { ...named, headers: { 'retry-after': '3' } })
    expect(await github.defaultBranch()).toBe('main')
    expect(waits).toEqual([60, 7, 3])
  })

  test('because the limit of the hour is used up is asked again once that hour is over', async () => {
    const reset = Math.floor(Date.now() / 1000) + 20
    server.refuse('GET', /secrets$/, { status: 403, body: { message: 'API rate limit exceeded' } }, {
      times: 1, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${reset}` },
    })
    expect(await github.defaultBranch()).toBe('main')
    expect(waits).toHaveLength(1)
    expect(waits[0]).toBeGreaterThan(15)
    expect(waits[0]).toBeLessThan(23)
  })

  test('for now, again and again, is given up after three waits', async () => {
    server.refuse('GET', /secrets$/, gitHubSays.secondaryRateLimit)
    const error = await failure(github.defaultBranch())
    expect(error).toMatchObject({ code: 'github-rate-limit', status: 403 })
    expect(error.message).toMatch(/limits how much this token may ask .*secondary rate limit.* Run again later/)
    expect([waits, asked('GET').length]).toEqual([[60, 60, 60], 4])
  })

  test('for an hour is not waited for', async () => {
    server.refuse('GET', /secrets$/, gitHubSays.secondaryRateLimit, { headers: { 'retry-after': '3600' } })
    expect(await failure(github.defaultBranch())).toMatchObject({ code: 'github-rate-limit', advice: expect.stringContaining('in 3600 seconds') })
    expect(waits).toEqual([])
  })

  test('for now is also asked again where it was to be made only once: nothing was made', async () => {
    server.refuse('POST', /\/pulls$/, gitHubSays.secondaryRateLimit, { times: 1, headers: { 'retry-after': '2' } })
    expect((await openPullRequest(github, draft)).pullRequest.operation).toBe('created')
    expect([waits, pauses]).toEqual([[2], []])
  })

  test('because its server failed is asked again, at most three times', async () => {
    const fault = { status: 502, body: { message: 'Server Error' } }
    server.refuse('GET', /secrets$/, fault, { times: 3 })
    expect(await github.defaultBranch()).toBe('main')
    server.refuse('GET', /secrets$/, fault)
    expect(await failure(github.defaultBranch())).toMatchObject({ code: 'github-failed', status: 502 })
    expect(asked('GET')).toHaveLength(8)
  })

  test('a comment, with an answer that was lost, is not said twice', async () => {
    await openPullRequest(github, draft)
    server.refuse('POST', /comments$/, { status: 502, body: { message: 'Server Error' } }, { afterwards: true })
    expect(await failure(github.comment(1, 'Once.'))).toMatchObject({ status: 502 })
    expect(server.pulls).toMatchObject([{ comments: ['Once.'] }])
  })

  test('nothing, because it is away, says so', async () => {
    const { apiUrl, [Symbol.asyncDispose]: stop } = await startGitHubServer({ token })
    await stop()
    const error = await failure(quick({ apiUrl }).defaultBranch())
    expect(error).toMatchObject({ code: 'github-failed', status: null })
    expect(error.message).toContain('ECONNREFUSED')
  })
})

describe('the repository', () => {
  test.each(['plain', 'sops-rekey/fix#12', 'zürich/鍵', 'a%2Fb', '(x)&y=z+w'])('is read for the branch %s', async (name) => {
    const sha = await commit(name, `about ${name}\n\nsops-rekey: f00`, 'main')
    expect(await github.branchHead(name)).toBe(sha)
    expect(await readCommit(github, sha)).toMatchObject({
      sha, message: `about ${name}\n\nsops-rekey: f00`, tree: emptyTree, parents: [await github.branchHead('main')],
      author: 't@example.com', committer: 't@example.com', verified: false,
    })
    await openPullRequest(github, { ...draft, branch: name, body: '<!-- mark -->' })
    const url = `${server.serverUrl}/acme/secrets/pull/1`
    expect(await github.findOpenPullRequest('main', name)).toEqual({ number: 1, url, title: draft.title, body: `<!-- mark -->\n\n${marks}`, headSha: sha, base: 'main', state: 'open' })
  })

  test('has no head for a branch that is not there, nor for a part of its name', async () => {
    expect(await github.branchHead('sops-rekey')).toBeNull()
    server.refuse('GET', /git\/ref/, gitHubSays.notByIntegration)
    expect(await failure(github.branchHead(branch))).toMatchObject({ code: 'github-permission' })
  })

  test('is asked under the prefix of the API address', async () => {
    expect(new URL(server.apiUrl).pathname).toBe('/api/v3')
    const slashed = new GitHub({ token, owner: 'acme', repo: 'secrets', apiUrl: `${server.apiUrl}/` })
    expect(await slashed.defaultBranch()).toBe('main')
  })
})

describe('the address to compare', () => {
  test.each([
    ['https://github.com', 'main', 'a/b', 'https://github.com/acme/secrets/compare/main...a/b?expand=1'],
    ['https://ghe.example/', 'release/1', 'fix#1', 'https://ghe.example/acme/secrets/compare/release/1...fix%231?expand=1'],
    ['https://github.com', 'main', 'ü(1)?%', 'https://github.com/acme/secrets/compare/main...%C3%BC%281%29%3F%25?expand=1'],
  ])('on %s from %s to %s', (serverUrl, base, name, url) => {
    expect(compareUrl(serverUrl, 'acme', 'secrets', base, name)).toBe(url)
  })
})
