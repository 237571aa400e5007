// Talks to GitHub's REST API about one repository: a method per question, answers as small values of our own.
// Must never say the token, nor decide by the words of a message where GitHub has a status for it.
import { visible } from '../model/safe-text.ts'
import { gitHubClient, hastyClient, onlyOnce } from './github-client.ts'
import type { ClientOptions, GitHubClient } from './github-client.ts'
import { GitHubFailure, gitHubFailure } from './github-failure.ts'
import type { Purpose } from './github-failure.ts'
import { pause, timeLeft, untilStopped, whyStopped } from './stop.ts'

export { GitHubFailure } from './github-failure.ts'
export type { Purpose } from './github-failure.ts'

export interface GitHubOptions extends ClientOptions {
  readonly owner: string
  readonly repo: string
  /** How to wait between tries that are ours, given milliseconds. Default: by the clock. */
  readonly pause?: (milliseconds: number) => Promise<unknown>
}

export interface OpenPullRequest {
  readonly number: number
  readonly url: string
  readonly title: string
  readonly body: string
  readonly headSha: string
  readonly base: string
}

/** A pull request whatever became of it. */
export interface AnyPullRequest extends OpenPullRequest {
  readonly state: 'open' | 'closed' | 'merged'
}

export interface Milestone {
  readonly number: number
  readonly title: string
}

export interface NewPullRequest {
  readonly base: string
  readonly branch: string
  readonly title: string
  readonly body: string
  readonly draft: boolean
}

/** What only reads is asked for by jobs that do no more than that, too. */
const toRead = 'contents: read` to plan and, to publish, `contents: write'
const toLook = 'pull-requests: read` to plan and, to publish, `pull-requests: write'

const pageSize = 100
const mostPages = 10

/** The page on which a person opens the pull request by hand. */
export function compareUrl(serverUrl: string, owner: string, repo: string, base: string, branch: string): string {
  // Brackets and quotes too: the address stands in Markdown.
  const escape = (part: string): string =>
    encodeURIComponent(part).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  const inPath = (name: string): string => name.split('/').map(escape).join('/')
  return `${serverUrl.replace(/\/+$/, '')}/${escape(owner)}/${escape(repo)}/compare/${inPath(base)}...${inPath(branch)}?expand=1`
}

/**
 * Every method throws a GitHubFailure where GitHub does not do what it is asked for, and Failure `interrupted` as soon as the run is
 * stopped: whether it was done then is not known.
 */
export class GitHub {
  readonly owner: string
  readonly repo: string
  readonly pause: (milliseconds: number) => Promise<unknown>
  readonly #options: GitHubOptions
  readonly #isLast: boolean
  readonly #client: GitHubClient
  readonly #rest: GitHubClient['rest']
  readonly #here: { readonly owner: string; readonly repo: string }

  /** `last`: for how many milliseconds it may be asked although the run was stopped. */
  constructor(options: GitHubOptions, last: number | null = null) {
    const { owner, repo } = options
    this.owner = owner
    this.repo = repo
    this.pause = options.pause ?? pause
    this.#options = options
    this.#isLast = last !== null
    this.#client = last === null ? gitHubClient(options) : hastyClient(options, last)
    this.#rest = this.#client.rest
    this.#here = { owner, repo }
  }

  /** Where the run was stopped, one that can be asked all the same, for what must not stay as it is; else this one. */
  evenStopped(): GitHub {
    return whyStopped() === null ? this : new GitHub(this.#options, timeLeft())
  }

  async defaultBranch(): Promise<string> {
    const purpose = { action: 'read the repository', permission: toRead }
    return (await this.#ask(purpose, () => this.#rest.repos.get(this.#here))).default_branch
  }

  /** The commit the branch is at; null where there is no such branch, or the token cannot see the repository. */
  async branchHead(branch: string): Promise<string | null> {
    const purpose = { action: `read the branch ${visible(branch)}`, permission: toRead }
    try {
      const found = await this.#ask(purpose, () => this.#rest.git.getRef({ ...this.#here, ref: `heads/${branch}` }))
      return found.object.sha
    } catch (error) {
      if (error instanceof GitHubFailure && error.status === 404) return null
      throw error
    }
  }

  /** The open pull request from `branch` of this repository, not of a fork, into `base`; null where there is none. */
  async findOpenPullRequest(base: string, branch: string): Promise<OpenPullRequest | null> {
    return (await this.#pullRequests(branch, { state: 'open', base })).find((one) => one.base === base) ?? null
  }

  /** The newest hundred pull requests from `branch` of this repository, not of a fork, the newest first. */
  async pullRequests(branch: string): Promise<readonly AnyPullRequest[]> {
    return await this.#pullRequests(branch, { state: 'all' })
  }

  async #pullRequests(branch: string, narrow: { readonly state: 'open' | 'all'; readonly base?: string }): Promise<readonly AnyPullRequest[]> {
    const purpose = { action: 'look for the pull request', permission: toLook }
    const listed = await this.#ask(purpose, () => {
      return this.#rest.pulls.list({ ...this.#here, ...narrow, head: `${this.owner}:${branch}`, per_page: pageSize })
    })
    // GitHub ignores a filter that it does not understand. Ids, because a label hides a fork of the same owner.
    return listed.filter(({ head, base: into }) => {
      // A fork that was deleted leaves null, which the published types do not say.
      const from = head.repo as { readonly id: number } | null
      return from?.id === into.repo.id && head.ref === branch
    }).map(({ number, html_url: url, title, body, head, base, state, merged_at: merged }) => ({
      number, url, title, body: body ?? '', headSha: head.sha, base: base.ref,
      state: state === 'open' ? state : merged === null ? 'closed' : 'merged',
    }))
  }

  /** Asks once: after an answer that was lost the pull request may be there. */
  async createPullRequest(wanted: NewPullRequest): Promise<{ readonly number: number; readonly url: string }> {
    const purpose = { action: 'open the pull request', permission: 'pull-requests: write' }
    const { branch: head, base, title, body, draft } = wanted
    const made = await this.#ask(purpose, () => this.#rest.pulls.create({ ...this.#here, ...onlyOnce, base, head, title, body, draft }))
    return { number: made.number, url: made.html_url }
  }

  async updatePullRequest(number: number, { title, body }: { readonly title: string; readonly body: string }): Promise<void> {
    const purpose = { action: `update pull request #${number}`, permission: 'pull-requests: write' }
    await this.#ask(purpose, () => this.#rest.pulls.update({ ...this.#here, pull_number: number, title, body }))
  }

  async closePullRequest(number: number, body: string): Promise<void> {
    const purpose = { action: `close pull request #${number}`, permission: 'pull-requests: write' }
    await this.#ask(purpose, () => this.#rest.pulls.update({ ...this.#here, pull_number: number, state: 'closed', body }))
  }

  /** Asks once: said twice would be worse than a warning that it may not have been said. */
  async comment(number: number, body: string): Promise<void> {
    const purpose = { action: `comment on pull request #${number}`, permission: 'pull-requests: write' }
    await this.#ask(purpose, () => this.#rest.issues.createComment({ ...this.#here, ...onlyOnce, issue_number: number, body }))
  }

  /** The open milestones, those that are due first before the others: a thousand at most. */
  async milestones(): Promise<readonly Milestone[]> {
    const purpose = { action: 'read the milestones', permission: 'pull-requests: write' }
    const found: Milestone[] = []
    for (let page = 1; page <= mostPages; page += 1) {
      const listed = await this.#ask(purpose, () => this.#rest.issues.listMilestones({ ...this.#here, state: 'open', per_page: pageSize, page }))
      found.push(...listed.map(({ number, title }) => ({ number, title })))
      if (listed.length < pageSize) break
    }
    return found
  }

  async setMilestone(number: number, milestone: number): Promise<void> {
    const purpose = { action: `set the milestone of pull request #${number}`, permission: 'pull-requests: write' }
    await this.#ask(purpose, () => this.#rest.issues.update({ ...this.#here, issue_number: number, milestone }))
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

  /** For what has no method here: `call` is given the client, and its refusal becomes a GitHubFailure. */
  async ask<T>(purpose: Purpose, call: (client: GitHubClient) => Promise<{ readonly data: T }>): Promise<T> {
    return await this.#ask(purpose, () => call(this.#client))
  }

  async #ask<T>(purpose: Purpose, call: () => Promise<{ readonly data: T }>): Promise<T> {
    try {
      return (await (this.#isLast ? call() : untilStopped(call))).data
    } catch (error) {
      // What was asked for when the run was stopped fails for that.
      const why = this.#isLast ? null : whyStopped()
      throw why ?? gitHubFailure(purpose, `${this.owner}/${this.repo}`, this.#options.token, error)
    }
  }
}
