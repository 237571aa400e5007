// One repository of a GitHub on a loopback port: the REST API a pull-request action needs, and git over HTTP through the real
// `git http-backend` on a bare repository. Must never import what has to be installed: the demo runs it as it is.
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { devNull, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gitData } from './github-git-data.ts'
import { issueData } from './github-issues.ts'
import type { IssueState } from './github-issues.ts'

export interface ApiRequest {
  readonly method: string
  /** As it was sent, still encoded; of the API without its prefix (`/repos/…`), of git whole (`/owner/name.git/…`). */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** null where there was none, and for git. */
  readonly body: unknown
}

/** What is wrong with a request, or with an answer to it; nothing where all is well. */
export interface RequestValidator {
  request(request: ApiRequest): readonly string[]
  answer(request: ApiRequest, status: number, body: unknown): readonly string[]
}

export interface GitHubServerOptions {
  readonly token: string
  /** Default `acme`. */
  readonly owner?: string
  /** Default `secrets`. */
  readonly repo?: string
  /** A bare repository, left alone at the end. Default: an empty one with the branch `main` to come, removed at the end. */
  readonly repository?: string
  /** Whom the token belongs to. Default `github-actions[bot]`. */
  readonly login?: string
  /** Who can be assigned and asked for a review. Default nobody. */
  readonly collaborators?: readonly string[]
  /** Slugs of teams that can be asked for a review. Default none. */
  readonly teams?: readonly string[]
  /** Titles of open milestones, numbered from 1. Default none. */
  readonly milestones?: readonly string[]
  readonly validate?: RequestValidator
}

export interface Refusal {
  /** 0: the connection breaks without an answer. */
  readonly status: number
  readonly body: unknown
}

export interface RefusalDetails {
  readonly headers?: Readonly<Record<string, string>>
  /** How often; default always. */
  readonly times?: number
  /** The request is carried out all the same, only its answer is lost. */
  readonly afterwards?: boolean
}

export interface PullState {
  readonly number: number
  readonly branch: string
  readonly draft: boolean
  readonly labels: readonly string[]
  readonly assignees: readonly string[]
  readonly reviewers: readonly string[]
  readonly teams: readonly string[]
  readonly comments: readonly string[]
  readonly milestone: number | null
  readonly base: string
  readonly title: string
  readonly body: string | null
  readonly state: 'open' | 'closed'
  readonly merged: boolean
}

export interface GitHubServer extends AsyncDisposable {
  readonly serverUrl: string
  readonly apiUrl: string
  /** Knows `updateRefs` and `viewer` alone. */
  readonly graphqlUrl: string
  /** For `git clone`, without credentials in it. */
  readonly cloneUrl: string
  /** The bare repository. */
  readonly repository: string
  readonly requests: readonly ApiRequest[]
  readonly pulls: readonly PullState[]
  readonly issues: readonly IssueState[]
  /** From now on answers requests like this so; `path` is held against `ApiRequest.path`. */
  refuse(method: string, path: RegExp, refusal: Refusal, details?: RefusalDetails): void
  /** A person opens an issue; what is left out is empty, or the token's owner. Answers its number. */
  openIssue(issue: Partial<IssueState>): number
  /** A person changes an issue. */
  editIssue(number: number, change: Partial<IssueState>): void
  /** A person merges the pull request: its base is at its branch then. */
  merge(number: number): Promise<void>
  /** Makes each request like this wait, in milliseconds. */
  delay(method: string, path: RegExp, milliseconds: number): void
  /** Lets someone else act right before the next request like this. */
  before(method: string, path: RegExp, action: () => Promise<unknown>): void
  /** Throws what the validator found so far. Disposing does so too, after closing. */
  assertValid(): void
}

export type Json = Readonly<Record<string, unknown>>
interface Rule {
  readonly method: string
  readonly path: RegExp
}
export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}
type Mutable<T> = { -readonly [key in keyof T]: T[key] }
type Draft = Mutable<PullState> & { readonly createdAt: string; updatedAt: string; closedAt: string | null; lastHead: string | null }
/** null: it is for another handler. */
export type Handler = (
  args: readonly string[], request: ApiRequest & { readonly body: Json | null },
) => Promise<Answer | null> | Answer | null

const documentation = 'https://docs.github.com/rest'
const bodyTooLong = 'body is too long (maximum is 65536 characters)'
const run = promisify(execFile)

function refusal(status: number, message: string, errors?: readonly Json[]): Refusal {
  const details = errors === undefined ? {} : { errors }
  return { status, body: { message, ...details, documentation_url: documentation, status: `${status}` } }
}

function invalid(resource: string, error: Json): Refusal {
  return refusal(422, 'Validation Failed', [{ resource, ...error }])
}

/** What GitHub says in the cases a pull-request action must tell apart. */
export const gitHubSays = {
  notFound: refusal(404, 'Not Found'),
  badCredentials: refusal(401, 'Bad credentials'),
  settingForbids: refusal(403, 'GitHub Actions is not permitted to create or approve pull requests.'),
  notByIntegration: refusal(403, 'Resource not accessible by integration'),
  notByPersonalToken: refusal(403, 'Resource not accessible by personal access token'),
  secondaryRateLimit: refusal(403, 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'),
  labelNotYet: invalid('Label', {
    code: 'unprocessable', field: 'data', message: "Could not resolve to a node with the global id of 'PR_1'",
  }),
} as const

const urlsOfRepository = `archive assignees blobs branches collaborators comments commits compare contents contributors
  deployments downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels languages
  merges milestones notifications pulls releases stargazers statuses subscribers subscription tags teams trees`.split(/\s+/)
const urlsOfUser = 'events followers following gists organizations received_events repos starred subscriptions'.split(' ')

function addresses(names: readonly string[], root: string): Json {
  return Object.fromEntries(names.map((name) => [`${name}_url`, `${root}/${name}`]))
}

/** Starts it on a free loopback port. */
export async function startGitHubServer(options: GitHubServerOptions): Promise<GitHubServer> {
  const { token, owner = 'acme', repo = 'secrets', login = 'github-actions[bot]' } = options
  const { collaborators = [], teams = [], milestones = [], validate } = options
  const repository = options.repository ?? await mkdtemp(join(tmpdir(), 'github-'))
  const ours = { HOME: repository, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: devNull }
  const gitEnvironment = { PATH: process.env['PATH'] ?? '', ...ours }
  const git = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run('git', ['--git-dir', repository, ...args], { env: gitEnvironment, maxBuffer: 64 * 1024 * 1024 })
    return stdout.trimEnd()
  }
  if (options.repository === undefined) {
    await run('git', ['init', '-q', '--bare', '-b', 'main', repository], { env: gitEnvironment })
  }
  await git('config', 'http.receivepack', 'true')

  const requests: ApiRequest[] = []
  const pulls: Draft[] = []
  const violations: string[] = []
  const refusals: (Rule & Required<RefusalDetails> & Refusal & { left: number })[] = []
  const actions: (Rule & { readonly action: () => Promise<unknown>; readonly once: boolean })[] = []
  const server = createServer((request, response) => void respond(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const apiUrl = `${serverUrl}/api/v3`
  const [api, html] = [`${apiUrl}/repos/${owner}/${repo}`, `${serverUrl}/${owner}/${repo}`]

  const commitOf = async (ref: string): Promise<string | null> => {
    return git('rev-parse', '--verify', '-q', '--end-of-options', `${ref}^{commit}`).catch(() => null)
  }
  const tip = (branch: string): Promise<string | null> => commitOf(`refs/heads/${branch}`)
  const ahead = async (base: string, branch: string): Promise<number> => {
    return Number(await git('rev-list', '--count', `refs/heads/${base}..refs/heads/${branch}`))
  }

  const user = (name: string): Json => {
    const root = `${apiUrl}/users/${encodeURIComponent(name)}`
    return {
      ...addresses(urlsOfUser, root), avatar_url: `${serverUrl}/${encodeURIComponent(name)}.png`, gravatar_id: '',
      html_url: `${serverUrl}/${encodeURIComponent(name)}`, id: 1, login: name, node_id: `U_${name}`, site_admin: false,
      type: name.endsWith('[bot]') ? 'Bot' : 'User', url: root,
    }
  }
  const team = (slug: string): Json => ({
    id: 1, node_id: `T_${slug}`, url: `${apiUrl}/teams/${slug}`, members_url: `${apiUrl}/teams/${slug}/members`, name: slug, slug,
    description: null, permission: 'push', html_url: `${serverUrl}/orgs/${owner}/teams/${slug}`,
    repositories_url: `${apiUrl}/teams/${slug}/repos`, parent: null, type: 'organization', organization_id: 1,
  })
  const label = (name: string): Json => {
    const url = `${api}/labels/${encodeURIComponent(name)}`
    return { id: 1, node_id: `L_${name}`, url, name, description: '', color: 'ededed', default: false }
  }
  const theRepository = async (): Promise<Json> => {
    const open = pulls.filter(({ state }) => state === 'open').length
    const head = (await readFile(join(repository, 'HEAD'), 'utf8')).trim().replace('ref: refs/heads/', '')
    const moment = '2026-01-01T00:00:00Z'
    return {
      ...addresses(urlsOfRepository, api), id: 1, node_id: 'R_1', name: repo, full_name: `${owner}/${repo}`, owner: user(owner),
      url: api, html_url: html, clone_url: `${html}.git`, git_url: `git:${owner}/${repo}.git`, svn_url: html, mirror_url: null,
      ssh_url: `git@127.0.0.1:${owner}/${repo}.git`, default_branch: head, private: true, fork: false, description: null,
      homepage: null, language: null, license: null, size: 0, forks: 0, forks_count: 0, stargazers_count: 0, watchers: 0,
      watchers_count: 0, network_count: 0, subscribers_count: 0, open_issues: open, open_issues_count: open, has_downloads: true,
      has_issues: true, has_projects: false, has_wiki: false, has_pages: false, has_discussions: false, archived: false,
      disabled: false, pushed_at: moment, created_at: moment, updated_at: moment,
    }
  }
  const side = async (branch: string, last: string | null = null): Promise<Json & { readonly sha: string }> => ({
    label: `${owner}:${branch}`, ref: branch, repo: await theRepository(), user: user(owner),
    sha: (await tip(branch)) ?? last ?? '0'.repeat(40),
  })
  const milestone = (number: number): Json => ({
    url: `${api}/milestones/${number}`, html_url: `${html}/milestone/${number}`, labels_url: `${api}/milestones/${number}/labels`,
    id: number, node_id: `M_${number}`, number, state: 'open', title: milestones[number - 1], description: null, creator: user(owner),
    open_issues: 0, closed_issues: 0, created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', closed_at: null, due_on: null,
  })
  const people = (pull: PullState): Json => ({
    milestone: pull.milestone === null ? null : milestone(pull.milestone),
    user: user(login), labels: pull.labels.map(label), assignee: pull.assignees.map(user)[0] ?? null,
    assignees: pull.assignees.map(user), author_association: 'CONTRIBUTOR', locked: false,
  })
  const pullAnswer = async (pull: Draft): Promise<Json> => {
    const { number, title, body, state, draft } = pull
    const [url, page, issue] = [`${api}/pulls/${number}`, `${html}/pull/${number}`, `${api}/issues/${number}`]
    // GitHub still says what a branch was at that is gone.
    const [head, base] = [await side(pull.branch, pull.lastHead), await side(pull.base)]
    pull.lastHead = head.sha
    const links = {
      self: url, html: page, issue, comments: `${issue}/comments`, commits: `${url}/commits`, review_comments: `${url}/comments`,
      review_comment: `${api}/pulls/comments{/number}`, statuses: `${api}/statuses/${head.sha}`,
    }
    return {
      ...people(pull), id: number, node_id: `PR_${number}`, number, title, body, state, draft, head, base, url, html_url: page,
      diff_url: `${page}.diff`, patch_url: `${page}.patch`, issue_url: issue, comments_url: links.comments,
      commits_url: links.commits, review_comments_url: links.review_comments, review_comment_url: links.review_comment,
      statuses_url: links.statuses,
      _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])), created_at: pull.createdAt,
      updated_at: pull.updatedAt, closed_at: pull.closedAt, merged_at: pull.merged ? pull.closedAt : null, merge_commit_sha: null, auto_merge: null,
      requested_reviewers: pull.reviewers.map(user), requested_teams: pull.teams.map(team),
    }
  }
  /** What only the answer for one pull request holds. */
  const wholePull = async (pull: Draft): Promise<Json> => {
    const range = `refs/heads/${pull.base}...refs/heads/${pull.branch}`
    const numbers = (await git('diff', '--shortstat', range).catch(() => '')).matchAll(/(\d+) (file|insertion|deletion)/g)
    const changed = new Map([...numbers].map((match) => [match[2], Number(match[1])]))
    return {
      ...await pullAnswer(pull), additions: changed.get('insertion') ?? 0, deletions: changed.get('deletion') ?? 0,
      changed_files: changed.get('file') ?? 0, comments: pull.comments.length, review_comments: 0, merged: pull.merged, merged_by: null,
      commits: await ahead(pull.base, pull.branch).catch(() => 0), mergeable: null, mergeable_state: 'unknown',
      maintainer_can_modify: false,
    }
  }
  const issueAnswer = (pull: Draft): Json => {
    const [url, page] = [`${api}/issues/${pull.number}`, `${html}/pull/${pull.number}`]
    const { number, title, body, state, draft } = pull
    return {
      ...people(pull), id: number, node_id: `PR_${number}`, number, title, body, state, draft, url, html_url: page,
      repository_url: api, labels_url: `${url}/labels{/name}`, comments_url: `${url}/comments`, events_url: `${url}/events`,
      comments: pull.comments.length,
      created_at: pull.createdAt, updated_at: pull.updatedAt, closed_at: pull.closedAt,
      pull_request: { url: `${api}/pulls/${number}`, html_url: page, diff_url: `${page}.diff`, patch_url: `${page}.patch` },
    }
  }
  const commitParts = async (sha: string): Promise<{ readonly commit: Json; readonly parents: readonly Json[] }> => {
    const fields = (await git('show', '-s', '--format=%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%T%x00%P%x00%B', sha)).split('\0')
    const [name, email, date, byName, byEmail, byDate, tree, parents = '', message = ''] = fields
    const parentList = parents.split(' ').filter((parent) => parent !== '')
    return {
      commit: {
        url: `${api}/git/commits/${sha}`, author: { name, email, date },
        committer: { name: byName, email: byEmail, date: byDate }, message: message.trimEnd(),
        tree: { sha: tree, url: `${api}/git/trees/${String(tree)}` }, verification: await data.verificationOf(sha),
      },
      parents: parentList.map((parent) => {
        return { sha: parent, url: `${api}/git/commits/${parent}`, html_url: `${html}/commit/${parent}` }
      }),
    }
  }
  const gitCommit = async (sha: string): Promise<Json> => {
    const { commit, parents } = await commitParts(sha)
    return { ...commit, sha, node_id: `C_${sha}`, html_url: `${html}/commit/${sha}`, parents }
  }
  const data = gitData({
    login, api, commit: gitCommit, refuse: refusal,
    git: async (args, input = '', index) => {
      const env = { ...gitEnvironment, ...index === undefined ? {} : { GIT_INDEX_FILE: join(repository, index) } }
      const running = run('git', ['--git-dir', repository, ...args], { env, maxBuffer: 64 * 1024 * 1024 })
      // Most of it does not read.
      running.child.stdin?.on('error', () => undefined).end(input)
      return (await running).stdout.trimEnd()
    },
  })
  const wholeCommit = async (sha: string): Promise<Json> => {
    const { commit, parents } = await commitParts(sha)
    return {
      sha, node_id: `C_${sha}`, url: `${api}/commits/${sha}`, html_url: `${html}/commit/${sha}`,
      comments_url: `${api}/commits/${sha}/comments`, commit: { ...commit, comment_count: 0 },
      author: null, committer: null, parents,
    }
  }
  const reference = (ref: string, sha: string): Json => {
    const object = { type: 'commit', sha, url: `${api}/git/commits/${sha}` }
    return { ref, node_id: `REF_${ref}`, url: encodeURI(`${api}/git/${ref}`), object }
  }

  const ok = (body: unknown, status = 200): Answer => ({ status, body })
  const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])
  const union = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set([...a, ...b])]
  const pageOf = <T>(all: readonly T[], { per_page: size = '30', page = '1' }: ApiRequest['query']): readonly T[] => {
    return all.slice((Number(page) - 1) * Number(size), Number(page) * Number(size))
  }
  const tooLong = (body: unknown): boolean => typeof body === 'string' && body.length > 65_536
  const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`
  const pullOf = (number: string | undefined): Draft | undefined => pulls.find((pull) => `${pull.number}` === number)
  const withPull = (handler: (pull: Draft, body: Json) => Promise<Answer> | Answer): Handler => {
    return ([number], { body }) => {
      const pull = pullOf(number)
      if (pull === undefined) return gitHubSays.notFound
      pull.updatedAt = now()
      return handler(pull, body ?? {})
    }
  }
  /** GitHub closes a pull request whose branch is gone or has nothing left to merge. */
  const closeEmpty = async (): Promise<void> => {
    for (const pull of pulls.filter(({ state }) => state === 'open')) {
      if (await ahead(pull.base, pull.branch).catch(() => 0) === 0) Object.assign(pull, { state: 'closed', closedAt: now() })
    }
  }

  const issues = issueData({
    login, api, html, user, label, now, refuse: refusal,
    nextNumber: () => pulls.length + issues.issues.length + 1, pulls: () => pulls.map(issueAnswer),
    tooLong: (body) => tooLong(body) ? invalid('Issue', { code: 'custom', field: 'body', message: bodyTooLong }) : null,
  })

  const createPull = async (body: Json): Promise<Answer> => {
    const [title, base] = [typeof body['title'] === 'string' ? body['title'] : '', String(body['base'])]
    const branch = String(body['head']).replace(`${owner}:`, '')
    const custom = (message: string): Refusal => invalid('PullRequest', { code: 'custom', message })
    if (title.trim() === '') return invalid('PullRequest', { code: 'missing_field', field: 'title' })
    if (tooLong(body['body'])) return custom(bodyTooLong)
    if (await tip(branch) === null) return invalid('PullRequest', { code: 'invalid', field: 'head' })
    if (await tip(base) === null) return invalid('PullRequest', { code: 'invalid', field: 'base' })
    if (await ahead(base, branch) === 0) return custom(`No commits between ${base} and ${branch}`)
    if (pulls.some((pull) => pull.state === 'open' && pull.branch === branch && pull.base === base)) {
      return custom(`A pull request already exists for ${owner}:${branch}.`)
    }
    const pull: Draft = {
      number: pulls.length + issues.issues.length + 1, title, body: typeof body['body'] === 'string' ? body['body'] : null, base, branch,
      draft: body['draft'] === true, state: 'open', labels: [], assignees: [], reviewers: [], teams: [], comments: [],
      milestone: null, merged: false, createdAt: now(), updatedAt: now(), closedAt: null, lastHead: null,
    }
    pulls.push(pull)
    return ok(await wholePull(pull), 201)
  }
  const requestReviewers = withPull(async (pull, body) => {
    const [reviewers, slugs] = [texts(body['reviewers']), texts(body['team_reviewers'])]
    if (reviewers.includes(login)) return refusal(422, 'Review cannot be requested from pull request author.')
    if (reviewers.some((name) => !collaborators.includes(name)) || slugs.some((slug) => !teams.includes(slug))) {
      return refusal(422, 'Reviews may only be requested from collaborators. One or more of the users or teams you specified is '
        + `not a collaborator of the ${owner}/${repo} repository.`)
    }
    pull.reviewers = union(pull.reviewers, reviewers)
    pull.teams = union(pull.teams, slugs)
    return ok(await pullAnswer(pull), 201)
  })

  const handlers: readonly (readonly [string, RegExp, Handler])[] = [
    ...data.handlers,
    ...issues.handlers,
    ['GET', /^$/, async () => ok(await theRepository())],
    ['GET', /^\/branches\/(.+)$/, async ([name = '']) => {
      const sha = await tip(name)
      if (sha === null) return gitHubSays.notFound
      const self = `${api}/branches/${encodeURIComponent(name)}`
      const links = { self, html: `${html}/tree/${encodeURIComponent(name)}` }
      const protection = { name, protected: false, protection: { enabled: false }, protection_url: `${self}/protection` }
      return ok({ ...protection, commit: await wholeCommit(sha), _links: links })
    }],
    ['GET', /^\/commits\/(.+)$/, async ([name = '']) => {
      const sha = await tip(name) ?? await commitOf(name)
      return sha === null ? refusal(422, `No commit found for SHA: ${name}`) : ok(await wholeCommit(sha))
    }],
    ['GET', /^\/compare\/(.+)\.\.\.(.+)$/, async ([from = '', to = '']) => {
      const [base, head] = [await commitOf(from), await commitOf(to)]
      if (base === null || head === null) return gitHubSays.notFound
      const count = async (range: string): Promise<number> => Number(await git('rev-list', '--count', range))
      const [aheadBy, behindBy] = [await count(`${base}..${head}`), await count(`${head}..${base}`)]
      const names = (await git('diff', '--name-only', '--no-renames', '-z', `${base}...${head}`)).split('\0').filter((name) => name !== '')
      const page = `${html}/compare/${base}...${head}`
      return ok({
        url: `${api}/compare/${base}...${head}`, html_url: page, permalink_url: page, diff_url: `${page}.diff`, patch_url: `${page}.patch`,
        base_commit: await wholeCommit(base), merge_base_commit: await wholeCommit(await git('merge-base', base, head)),
        status: base === head ? 'identical' : behindBy === 0 ? 'ahead' : aheadBy === 0 ? 'behind' : 'diverged',
        ahead_by: aheadBy, behind_by: behindBy, total_commits: aheadBy, commits: [],
        files: names.slice(0, 300).map((filename) => ({
          sha: null, filename, status: 'modified', additions: 1, deletions: 1, changes: 2,
          blob_url: encodeURI(`${html}/blob/${head}/${filename}`), raw_url: encodeURI(`${html}/raw/${head}/${filename}`),
          contents_url: encodeURI(`${api}/contents/${filename}`),
        })),
      })
    }],
    ['GET', /^\/git\/commits\/([0-9a-f]{40})$/, async ([name = '']) => {
      const sha = await commitOf(name)
      return sha === null ? gitHubSays.notFound : ok(await gitCommit(sha))
    }],
    ['GET', /^\/git\/ref\/(.+)$/, async ([name = '']) => {
      const sha = await commitOf(`refs/${name}`)
      return sha === null ? gitHubSays.notFound : ok(reference(`refs/${name}`, sha))
    }],
    ['GET', /^\/git\/matching-refs\/(.+)$/, async ([prefix = '']) => {
      const lines = (await git('for-each-ref', '--format=%(refname) %(objectname)')).split('\n')
      const matching = lines.filter((line) => line.startsWith(`refs/${prefix}`))
      return ok(matching.map((line) => reference(...line.split(' ') as [string, string])))
    }],
    ['DELETE', /^\/git\/refs\/(.+)$/, async ([name = '']) => {
      if (await commitOf(`refs/${name}`) === null) return refusal(422, 'Reference does not exist')
      await git('update-ref', '-d', `refs/${name}`)
      await closeEmpty()
      return ok(null, 204)
    }],
    ['GET', /^\/pulls$/, async (_, { query }) => {
      const { state = 'open', head, base } = query
      const wanted = pulls.filter((pull) => (state === 'all' || pull.state === state)
        && (base === undefined || pull.base === base)
        // Without an owner before it GitHub ignores the head.
        && (head?.includes(':') !== true || `${owner}:${pull.branch}` === head))
      return ok(await Promise.all(pageOf(wanted.reverse(), query).map(pullAnswer)))
    }],
    ['POST', /^\/pulls$/, (_, { body }) => createPull(body ?? {})],
    ['GET', /^\/pulls\/(\d+)$/, withPull(async (pull) => ok(await wholePull(pull)))],
    ['PATCH', /^\/pulls\/(\d+)$/, withPull(async (pull, body) => {
      if (tooLong(body['body'])) return invalid('Issue', { code: 'custom', field: 'body', message: bodyTooLong })
      Object.assign(pull, body)
      pull.closedAt = pull.state === 'closed' ? now() : null
      return ok(await wholePull(pull))
    })],
    ['POST', /^\/pulls\/(\d+)\/requested_reviewers$/, requestReviewers],
    ['GET', /^\/milestones$/, (_, { query }) => ok(pageOf(milestones.map((__, at) => milestone(at + 1)), query))],
    ['PATCH', /^\/issues\/(\d+)$/, withPull((pull, body) => {
      const number = Number(body['milestone'])
      if (milestones[number - 1] === undefined) return invalid('Issue', { code: 'invalid', field: 'milestone' })
      pull.milestone = number
      return ok(issueAnswer(pull))
    })],
    ['POST', /^\/issues\/(\d+)\/labels$/, withPull((pull, body) => {
      pull.labels = union(pull.labels, texts(body['labels']))
      return ok(pull.labels.map(label))
    })],
    ['POST', /^\/issues\/(\d+)\/assignees$/, withPull((pull, body) => {
      // GitHub leaves out whom it cannot assign, without a word.
      const named = texts(body['assignees']).map((name) => name.toLowerCase())
      pull.assignees = union(pull.assignees, collaborators.filter((name) => named.includes(name.toLowerCase())))
      return ok(issueAnswer(pull), 201)
    })],
    ['POST', /^\/issues\/(\d+)\/comments$/, withPull((pull, body) => {
      pull.comments = [...pull.comments, String(body['body'])]
      const id = pull.comments.length
      const moments = { created_at: now(), updated_at: now() }
      return ok({
        ...moments, id, node_id: `IC_${id}`, body: body['body'], user: user(login), url: `${api}/issues/comments/${id}`,
        html_url: `${html}/pull/${pull.number}#issuecomment-${id}`, issue_url: `${api}/issues/${pull.number}`,
        author_association: 'CONTRIBUTOR',
      }, 201)
    })],
  ]

  const apiAnswer = async (request: ApiRequest): Promise<Answer> => {
    const prefix = `/repos/${owner}/${repo}`
    const rest = request.path.slice(prefix.length)
    const inside = request.path.toLowerCase().startsWith(prefix.toLowerCase()) && (rest === '' || rest.startsWith('/'))
    for (const [method, path, handler] of inside ? handlers : []) {
      const match = method === request.method ? path.exec(rest) : null
      const body = request.body as Json | null
      const answer = match === null ? null : await handler(match.slice(1).map(decodeURIComponent), { ...request, body })
      if (answer !== null) return answer
    }
    return gitHubSays.notFound
  }

  /** git's own CGI program answers; what it says goes back as it is. */
  const gitAnswer = async (request: IncomingMessage, path: string, search: string, body: Buffer): Promise<[Answer, Buffer]> => {
    const child = spawn('git', ['http-backend'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {
        ...gitEnvironment, GIT_PROJECT_ROOT: repository, GIT_HTTP_EXPORT_ALL: '1', PATH_INFO: path, QUERY_STRING: search,
        REQUEST_METHOD: request.method ?? '', CONTENT_TYPE: request.headers['content-type'] ?? '',
        CONTENT_LENGTH: `${body.length}`, HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''), REMOTE_USER: login, REMOTE_ADDR: '127.0.0.1',
      },
    })
    // It may answer, and end, before it has read everything.
    child.stdin.on('error', () => undefined).end(body)
    const output = Buffer.concat(await child.stdout.toArray() as Buffer[])
    const end = output.indexOf('\r\n\r\n')
    const lines = output.subarray(0, end).toString('latin1').split('\r\n')
    const fields = lines.map((line) => line.split(/:\s*/, 2) as [string, string])
    const { Status = '200', ...headers } = Object.fromEntries(fields) as Record<string, string>
    if (path === '/git-receive-pack') await closeEmpty()
    return [{ status: Number.parseInt(Status, 10), body: null, headers }, output.subarray(end + 4)]
  }

  const meets = (request: ApiRequest) => (rule: Rule): boolean => {
    return rule.method === request.method && rule.path.test(request.path)
  }
  const basic = `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`.toLowerCase()

  const handle = async (request: IncomingMessage, raw: Buffer): Promise<[Answer, Buffer?]> => {
    const { pathname, search, searchParams } = new URL(request.url ?? '/', serverUrl)
    const gitPath = new RegExp(`^/${owner}/${repo}(?:\\.git)?(?=/(?:info/refs|git-|HEAD|objects))`, 'i').exec(pathname)?.[0]
    const isJson = gitPath === undefined && raw.length > 0
    const asked: ApiRequest = {
      method: request.method ?? '', path: pathname.replace(/^\/api\/v3(?=\/)/, ''), query: Object.fromEntries(searchParams),
      body: isJson ? JSON.parse(raw.toString()) : null,
    }
    requests.push(asked)
    for (const rule of actions.filter(meets(asked))) {
      if (rule.once) actions.splice(actions.indexOf(rule), 1)
      await rule.action()
    }
    const authorization = request.headers.authorization ?? ''
    const fault = refusals.find((rule) => rule.left > 0 && meets(asked)(rule))
    if (fault !== undefined) fault.left -= 1
    if (gitPath !== undefined) {
      if (authorization.toLowerCase() !== basic) {
        return [{ status: 401, body: null, headers: { 'www-authenticate': 'Basic realm="GitHub"' } }, Buffer.from('Unauthorized')]
      }
      if (fault?.afterwards === false) return [fault]
      const answer = await gitAnswer(request, pathname.slice(gitPath.length), search.slice(1), raw)
      return fault === undefined ? answer : [fault]
    }
    const isGraphql = pathname === '/api/graphql'
    if (!isGraphql && !pathname.startsWith('/api/v3/')) return [fault ?? gitHubSays.notFound]
    const name = `${asked.method} ${asked.path}`
    violations.push(...validate?.request(asked).map((what) => `${name} ${what}`) ?? [])
    const known = authorization === `token ${token}` || authorization.toLowerCase() === `bearer ${token}`.toLowerCase()
    const answered = !known ? gitHubSays.badCredentials : fault?.afterwards === false ? fault
      : isGraphql ? await data.graphql((asked.body ?? {}) as Json) : await apiAnswer(asked)
    const answer = known && fault !== undefined ? fault : answered
    const wrong = answer.status === 0 ? [] : validate?.answer(asked, answer.status, answer.body) ?? []
    violations.push(...wrong.map((what) => `${name} → ${answer.status}: ${what}`))
    return [answer]
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const [answer, raw] = await handle(request, Buffer.concat(await request.toArray() as Buffer[]))
      if (answer.status === 0) return void response.destroy()
      const type = raw === undefined && answer.body !== null ? { 'content-type': 'application/json; charset=utf-8' } : {}
      response.writeHead(answer.status, { ...type, ...answer.headers })
      response.end(raw ?? (answer.body === null ? undefined : JSON.stringify(answer.body)))
    } catch (error) {
      violations.push(`${String(request.method)} ${String(request.url)}: the server broke: ${String(error)}`)
      response.writeHead(500).end()
    }
  }

  const assertValid = (): void => {
    if (violations.length > 0) throw new Error(`Not as GitHub describes it:\n${violations.join('\n')}`)
  }
  return {
    serverUrl, apiUrl, graphqlUrl: `${serverUrl}/api/graphql`, cloneUrl: `${html}.git`, repository, requests, pulls, issues: issues.issues, assertValid,
    refuse(method, path, { status, body }, { headers = {}, times = Infinity, afterwards = false } = {}): void {
      refusals.push({ method, path, status, body, headers, times, afterwards, left: times })
    },
    openIssue(issue): number {
      return issues.open(issue).number
    },
    editIssue(number, change): void {
      const issue = issues.issues.find((one) => one.number === number)
      if (issue === undefined) throw new Error(`There is no issue #${number}.`)
      Object.assign(issue, change)
    },
    async merge(number): Promise<void> {
      const pull = pullOf(`${number}`)
      if (pull === undefined) throw new Error(`There is no pull request #${number}.`)
      Object.assign(pull, { state: 'closed', merged: true, closedAt: now() })
      await git('update-ref', `refs/heads/${pull.base}`, `refs/heads/${pull.branch}`)
    },
    delay(method, path, milliseconds): void {
      actions.push({ method, path, once: false, action: () => sleep(milliseconds) })
    },
    before(method, path, action): void {
      actions.push({ method, path, once: true, action })
    },
    async [Symbol.asyncDispose](): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      if (options.repository === undefined) await rm(repository, { recursive: true, force: true })
      assertValid()
    },
  }
}
