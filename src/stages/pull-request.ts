// Opens the pull request of a branch that is already pushed, or brings the one that is open up to date.
// Must never push, close or take away anything; labels and people that cannot be added never fail the run.
import { GitHubFailure } from '../tools/github.ts'
import type { GitHub, NewPullRequest, OpenPullRequest } from '../tools/github.ts'
import { visible } from '../model/safe-text.ts'

export interface PullRequestDraft extends NewPullRequest {
  readonly labels: readonly string[]
  readonly assignees: readonly string[]
  readonly reviewers: readonly string[]
  readonly teamReviewers: readonly string[]
}

export interface PullRequest {
  readonly number: number
  readonly url: string
  readonly operation: 'created' | 'updated'
}

export interface OpenedPullRequest {
  readonly pullRequest: PullRequest
  /** Sentences: what could not be added, and why. */
  readonly warnings: readonly string[]
}

const defaultLabelPauses = [1_000, 2_000, 4_000]

/**
 * Throws a GitHubFailure where there is no pull request in the end. `draft.draft` holds for a new one only. GitHub may not
 * know a new pull request yet when it is labelled; `labelPauses`, in milliseconds, are the waits before each further try.
 */
export async function openPullRequest(
  github: GitHub,
  draft: PullRequestDraft,
  labelPauses: readonly number[] = defaultLabelPauses,
): Promise<OpenedPullRequest> {
  const found = await github.findOpenPullRequest(draft.base, draft.branch)
  const pullRequest = found === null ? await create(github, draft) : await update(github, found, draft)
  const { number } = pullRequest
  const warnings = [
    await attempt(draft.labels, 'labels', () => addLabels(github, number, draft.labels, labelPauses)),
    await attempt(draft.assignees, 'assignees', () => addAssignees(github, number, draft.assignees)),
    // Apart, because one that GitHub does not take spoils a whole call, and many tokens cannot ask teams.
    await attempt(draft.reviewers, 'reviewers', () => github.requestReviewers(number, draft.reviewers, [])),
    await attempt(draft.teamReviewers, 'team reviewers', () => github.requestReviewers(number, [], draft.teamReviewers)),
  ]
  return { pullRequest, warnings: warnings.filter((warning) => warning !== null) }
}

async function update(github: GitHub, { number, url }: OpenPullRequest, draft: PullRequestDraft): Promise<PullRequest> {
  await github.updatePullRequest(number, draft)
  return { number, url, operation: 'updated' }
}

async function create(github: GitHub, draft: PullRequestDraft): Promise<PullRequest> {
  try {
    return { ...await github.createPullRequest(draft), operation: 'created' }
  } catch (error) {
    if (!(error instanceof GitHubFailure) || !mayBeThere(error)) throw error
    const found = await github.findOpenPullRequest(draft.base, draft.branch)
    if (found === null) throw error
    return update(github, found, draft)
  }
}

/** GitHub has no code for "already exists" (422), and an answer that was lost or broken may have followed the deed. */
function mayBeThere({ status }: GitHubFailure): boolean {
  return status === null || status === 422 || status >= 500
}

async function addLabels(github: GitHub, number: number, labels: readonly string[], pauses: readonly number[]): Promise<void> {
  for (const pause of [...pauses, null]) {
    try {
      await github.addLabels(number, labels)
      return
    } catch (error) {
      const notYet = error instanceof GitHubFailure && error.status === 422 && error.said.includes('Could not resolve to a node')
      if (!notYet || pause === null) throw error
      await github.pause(pause)
    }
  }
}

async function addAssignees(github: GitHub, number: number, assignees: readonly string[]): Promise<void> {
  const assigned = new Set((await github.addAssignees(number, assignees)).map((login) => login.toLowerCase()))
  const missing = assignees.filter((login) => !assigned.has(login.toLowerCase()))
  if (missing.length > 0) throw new Error(`GitHub cannot assign ${visible(missing.join(', '))} here.`)
}

/** Does nothing for an empty list. null where it went well, else a sentence. */
async function attempt(list: readonly string[], what: string, action: () => Promise<void>): Promise<string | null> {
  if (list.length === 0) return null
  try {
    await action()
    return null
  } catch (error) {
    return `The pull request is there, but not all of its ${what}: ${error instanceof Error ? error.message : String(error)}`
  }
}
