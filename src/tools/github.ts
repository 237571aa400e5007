// Talks to GitHub's REST API about one repository: a method per question, answers as small values of our own.
// Must never say the token, nor decide by the words of a message where GitHub has a status for it.
import { setTimeout as sleep } from 'node:timers/promises'
import { getOctokit } from '@actions/github'
import { Failure } from '../model/failure.ts'
import type { FailureCode, FailureDetails } from '../model/failure.ts'
import { visible } from '../model/safe-text.ts'

export interface GitHubOptions {
  readonly token: string
  readonly owner: string
  readonly repo: string
  /** Default: what GITHUB_API_URL said when the process started, else the public one. May have a path, as on GHES. */
  readonly apiUrl?: string
  /** How to wait, given milliseconds. Default: by the clock. */
  readonly pause?: (milliseconds: number) => Promise<unknown>
}

export interface OpenPullRequest {
  readonly number: number
  readonly url: string
  readonly body: string
  readonly headSha: string
  readonly base: string
}

export interface GitHubCommit {
  readonly message: string
  /** The id of its tree. */
  readonly tree: string
  readonly parents: readonly string[]
  /** The addresses of author and committer. */
  readonly by: readonly string[]
}

export interface NewPullRequest {
  readonly base: string
  readonly branch: string
  readonly title: string
  readonly body: string
  readonly draft: boolean
}

/** GitHub said no, or nothing. */
export class GitHubFailure extends Failure {
  /** null where no answer came. */
  readonly status: number | null
  /** GitHub's own words, as one visible line; empty where it had none. */
  readonly said: string

  constructor(code: FailureCode, what: string, status: number | null, said: string, details: FailureDetails = {}) {
    super(code, what, details)
    this.name = 'GitHubFailure'
    this.status = status
    this.said = said
  }
}

/** What is asked for, in words that follow "could not", and the permission it takes. */
interface Purpose {
  readonly action: string
  readonly permission: string
}

interface PlainResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number | undefined>>
  readonly data: unknown
}

const longestPause = 300_000
const rateLimitTries = 3
const settingAdvice = 'Turn on "Allow GitHub Actions to create and approve pull requests" in Settings → Actions → General → '
  + 'Workflow permissions; where it cannot be changed, the organisation governs it. Or give the action the token of a GitHub App.'

/** The page on which a person opens the pull request by hand. */
export function compareUrl(serverUrl: string, owner: string, repo: string, base: string, branch: string): string {
  // Brackets and quotes too: the address stands in Markdown.
  const escape = (part: string): string =>
    encodeURIComponent(part).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  const inPath = (name: string): string => name.split('/').map(escape).join('/')
  return `${serverUrl.replace(/\/+$/, '')}/${escape(owner)}/${escape(repo)}/compare/${inPath(base)}...${inPath(branch)}?expand=1`
}

/** `message` and what `errors` adds to it, as GitHub sends them. */
function wordsOf(data: unknown): string {
  const { message, errors } = (typeof data === 'object' && data !== null ? data : {}) as { message?: unknown; errors?: unknown }
  const details = (Array.isArray(errors) ? errors : []).map((each: unknown) => {
    if (typeof each !== 'object' || each === null) return String(each)
    const error = each as { message?: unknown; field?: unknown; code?: unknown }
    return typeof error.message === 'string' ? error.message : `${String(error.field)} ${String(error.code)}`
  })
  return [typeof message === 'string' ? message : '', ...details].filter((part) => part !== '').join('; ')
}

function responseOf(error: unknown): PlainResponse | null {
  if (typeof error !== 'object' || error === null || !('response' in error)) return null
  return (error.response ?? null) as PlainResponse | null
}

/** The words of the first cause: what wraps it says only that a fetch failed. */
function innermost(error: unknown): string {
  const { message, code, cause } = (typeof error === 'object' && error !== null ? error : {}) as Readonly<Record<string, unknown>>
  if (typeof cause === 'object' && cause !== null) return innermost(cause)
  return typeof message === 'string' && message !== '' ? message : String(code)
}

/** How long GitHub wants us to wait, in milliseconds; null where it does not ask for that, or for too long. */
function wantedPause({ status, headers, data }: PlainResponse): number | null {
  if (status !== 403 && status !== 429) return null
  const after = headers['retry-after']
  // A 403 has no code that tells a secondary rate limit from a refusal.
  if (status === 403 && after === undefined && !/secondary rate limit/i.test(wordsOf(data))) return null
  const seconds = Number(after ?? 60)
  const milliseconds = Number.isFinite(seconds) ? seconds * 1000 : 60_000
  return milliseconds <= longestPause ? milliseconds : null
}

/** Every method throws a GitHubFailure where GitHub does not do what it is asked for. */
export class GitHub {
  readonly owner: string
  readonly repo: string
  readonly pause: (milliseconds: number) => Promise<unknown>
  readonly #token: string
  readonly #rest: ReturnType<typeof getOctokit>['rest']
  readonly #here: { readonly owner: string; readonly repo: string }

  constructor(options: GitHubOptions) {
    const { token, owner, repo, apiUrl } = options
    this.owner = owner
    this.repo = repo
    this.pause = options.pause ?? sleep
    this.#token = token
    this.#rest = getOctokit(token, apiUrl === undefined ? {} : { baseUrl: apiUrl.replace(/\/+$/, '') }).rest
    this.#here = { owner, repo }
  }

  async defaultBranch(): Promise<string> {
    const purpose = { action: 'read the repository', permission: 'contents: write' }
    return (await this.#ask(purpose, () => this.#rest.repos.get(this.#here))).default_branch
  }

  /** The commit the branch is at; null where there is no such branch, or the token cannot see the repository. */
  async branchHead(branch: string): Promise<string | null> {
    const purpose = { action: `read the branch ${visible(branch)}`, permission: 'contents: write' }
    try {
      const found = await this.#ask(purpose, () => this.#rest.git.getRef({ ...this.#here, ref: `heads/${branch}` }))
      return found.object.sha
    } catch (error) {
      if (error instanceof GitHubFailure && error.status === 404) return null
      throw error
    }
  }

  async commit(sha: string): Promise<GitHubCommit> {
    const purpose = { action: `read the commit ${visible(sha)}`, permission: 'contents: write' }
    const found = await this.#ask(purpose, () => this.#rest.git.getCommit({ ...this.#here, commit_sha: sha }))
    return {
      message: found.message, tree: found.tree.sha, parents: found.parents.map((parent) => parent.sha),
      by: [found.author.email, found.committer.email],
    }
  }

  /** The open pull request from `branch` of this repository, not of a fork, into `base`; null where there is none. */
  async findOpenPullRequest(base: string, branch: string): Promise<OpenPullRequest | null> {
    return (await this.#openPullRequests(branch, { base })).find((one) => one.base === base) ?? null
  }

  /** Every open pull request from `branch` of this repository, not of a fork, whatever it goes into. */
  async openPullRequests(branch: string): Promise<readonly OpenPullRequest[]> {
    return await this.#openPullRequests(branch, {})
  }

  async #openPullRequests(branch: string, narrow: { readonly base?: string }): Promise<readonly OpenPullRequest[]> {
    const purpose = { action: 'look for the pull request', permission: 'pull-requests: write' }
    const listed = await this.#ask(purpose, () => {
      return this.#rest.pulls.list({ ...this.#here, ...narrow, state: 'open', head: `${this.owner}:${branch}`, per_page: 100 })
    })
    // GitHub ignores a filter that it does not understand. Ids, because a label hides a fork of the same owner.
    return listed.filter(({ head, base: into }) => {
      // A fork that was deleted leaves null, which the published types do not say.
      const from = head.repo as { readonly id: number } | null
      return from?.id === into.repo.id && head.ref === branch
    }).map(({ number, html_url: url, body, head, base }) => ({ number, url, body: body ?? '', headSha: head.sha, base: base.ref }))
  }

  async createPullRequest(wanted: NewPullRequest): Promise<{ readonly number: number; readonly url: string }> {
    const purpose = { action: 'open the pull request', permission: 'pull-requests: write' }
    const { branch: head, base, title, body, draft } = wanted
    const made = await this.#ask(purpose, () => this.#rest.pulls.create({ ...this.#here, base, head, title, body, draft }))
    return { number: made.number, url: made.html_url }
  }

  async updatePullRequest(number: number, { title, body }: { readonly title: string; readonly body: string }): Promise<void> {
    const purpose = { action: `update pull request #${number}`, permission: 'pull-requests: write' }
    await this.#ask(purpose, () => this.#rest.pulls.update({ ...this.#here, pull_number: number, title, body }))
  }

  /** Adds; those that are there stay. A label that does not exist yet is made, which takes `issues: write`. */
  async addLabels(number: number, labels: readonly string[]): Promise<void> {
    const permission = 'pull-requests: write` and, for a label that does not exist yet, `issues: write'
    const purpose = { action: `label pull request #${number}`, permission }
    await this.#ask(purpose, () => this.#rest.issues.addLabels({ ...this.#here, issue_number: number, labels: [...labels] }))
  }

  /** Adds, and answers who is assigned then: GitHub leaves out whom it cannot assign without saying so. */
  async addAssignees(number: number, assignees: readonly string[]): Promise<readonly string[]> {
    const purpose = { action: `assign pull request #${number}`, permission: 'pull-requests: write' }
    const issue = await this.#ask(purpose, () => {
      return this.#rest.issues.addAssignees({ ...this.#here, issue_number: number, assignees: [...assignees] })
    })
    return (issue.assignees ?? []).map(({ login }) => login)
  }

  /** Adds. One that GitHub does not take, and it takes none of the call. */
  async requestReviewers(number: number, reviewers: readonly string[], teams: readonly string[]): Promise<void> {
    const purpose = { action: `ask for a review of pull request #${number}`, permission: 'pull-requests: write' }
    await this.#ask(purpose, () => {
      return this.#rest.pulls.requestReviewers({
        ...this.#here, pull_number: number, reviewers: [...reviewers], team_reviewers: [...teams],
      })
    })
  }

  async #ask<T>(purpose: Purpose, call: () => Promise<{ readonly data: T }>): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        return (await call()).data
      } catch (error) {
        const response = responseOf(error)
        const wait = response === null || tries === rateLimitTries ? null : wantedPause(response)
        if (wait === null) throw this.#failure(purpose, response, error)
        await this.pause(wait)
      }
    }
  }

  #failure({ action, permission }: Purpose, response: PlainResponse | null, error: unknown): GitHubFailure {
    const start = `Could not ${action} in ${visible(`${this.owner}/${this.repo}`)}`
    if (response === null) {
      const reason = this.#harmless(innermost(error))
      return new GitHubFailure('github-failed', `${start}: no answer from GitHub (${reason}).`, null, '', { cause: error })
    }
    // No cause: the answer's words are all there is to know, and it could carry more than they do.
    const { status } = response
    const said = this.#harmless(wordsOf(response.data))
    const fail = (code: FailureCode, what: string, advice?: string): GitHubFailure => {
      return new GitHubFailure(code, `${start}: ${what}`, status, said, advice === undefined ? {} : { advice })
    }
    if (status === 401) {
      return fail('github-permission', 'GitHub does not know the token (401).', 'Give a token that is valid and not expired.')
    }
    if (status === 404) {
      return fail('github-permission', 'there is no such repository, or the token cannot see it (404).',
        `Give a token with access to it and \`${permission}\`.`)
    }
    if (status === 403 && said.includes('not permitted to create or approve pull requests')) {
      return fail('github-setting', 'the repository does not let GitHub Actions create pull requests (403).', settingAdvice)
    }
    if (status === 403 && said.startsWith('Resource not accessible by')) {
      return fail('github-permission', 'the token lacks a permission (403).', `Give it \`${permission}\`.`)
    }
    return fail('github-failed', `GitHub answered ${status}${said === '' ? '' : `: ${said}`}`)
  }

  #harmless(text: string): string {
    return visible(text.replaceAll(this.#token, '***'))
  }
}
