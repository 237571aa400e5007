// What stands on our branch and in its pull requests → what this run may do there.
// Pure. Must never let a branch be moved that was not ours, nor open again what a person closed, unless that was asked for.
import { lacksPlan, marksIn } from '../../model/publishing/body-marks.ts'
import { Failure } from '../../model/failure.ts'
import { visible } from '../../model/safe-text.ts'
import type { AnyPullRequest } from '../../tools/github.ts'

export interface Found {
  readonly base: string
  readonly branch: string
  /** Of the plan that is to be published. */
  readonly fingerprint: string
  /** Which request it is, where the branch may be that of several; null where the branch says it. */
  readonly request: string | null
  /** What the branch is at; null: there is no such branch. */
  readonly head: FoundHead | null
  /** Every one from the branch, open or not, the newest first. */
  readonly pullRequests: readonly AnyPullRequest[]
  /** For which plan closed ones were made whose text does not say it, as far as their commits are ours: number → fingerprint. */
  readonly closedFor: ReadonlyMap<number, string>
}

export interface FoundHead {
  readonly sha: string
  /** The fingerprint in our commit; null where the commit is not ours, or not as we made it. */
  readonly madeFor: string | null
}

export interface Politeness {
  readonly onClosed: 'respect' | 'reopen'
  readonly onHumanCommits: 'fail' | 'overwrite'
}

export type Existing =
  /** The open pull request is for this very plan. */
  | { readonly kind: 'up-to-date'; readonly head: string; readonly pullRequest: AnyPullRequest }
  /** A person closed a pull request for this very plan without merging it. */
  | { readonly kind: 'closed-by-hand'; readonly pullRequest: AnyPullRequest }
  | {
    readonly kind: 'publish'
    /** What the branch has to be at still when it is moved; null: it must not exist. */
    readonly head: string | null
    readonly pullRequest: AnyPullRequest | null
    /** The end of other people's commits on our branch, which are overwritten as was asked; else null. */
    readonly overwritten: string | null
  }

/** Throws `branch-foreign` where someone else's work stands on the branch. */
export function decideExisting(found: Found, { onClosed, onHumanCommits }: Politeness): Existing {
  const { base, branch, fingerprint, request, head, pullRequests, closedFor } = found
  const name = visible(branch)
  const marked = ({ body }: AnyPullRequest): boolean => marksIn(body).fingerprint === fingerprint
  const present = pullRequests.filter(({ state }) => state === 'open')
  const pullRequest = present.find((one) => one.base === base) ?? null
  // Our commit says it too, where a person took the mark out of the text.
  const isPlan = (one: AnyPullRequest): boolean => marked(one) || (lacksPlan(one.body) && closedFor.get(one.number) === fingerprint)
  const closed = pullRequests.find((one) => one.state === 'closed' && one.base === base && isPlan(one))
  if (pullRequest === null && closed !== undefined && onClosed === 'respect') {
    return { kind: 'closed-by-hand', pullRequest: closed }
  }
  if (head === null) return { kind: 'publish', head: null, pullRequest: null, overwritten: null }
  const ours = head.madeFor !== null
  const onceOurs = pullRequest !== null && marksIn(pullRequest.body).fingerprint !== undefined
  if (!ours && !(onceOurs && onHumanCommits === 'overwrite')) {
    const advice = onceOurs
      ? 'Merge or close its pull request and delete the branch, or write `on-human-commits: overwrite` to have them overwritten.'
      : 'Merge or delete that branch, or give another one in `branch`.'
    throw new Failure('branch-foreign',
      `The branch ${name} ends in a commit that is not ours (${head.sha.slice(0, 12)}), and was left as it is.`, { advice })
  }
  const elsewhere = present.find((one) => one.base !== base)
  if (elsewhere !== undefined) {
    throw new Failure('branch-foreign',
      `The branch ${name} has a pull request into ${visible(elsewhere.base)} (#${elsewhere.number}), and was left as it is.`,
      { advice: `Merge or close it, or give another branch in \`branch\` for ${visible(base)}.` })
  }
  // With the mark of another plan: of the last update only the push came through.
  if (pullRequest !== null && head.madeFor === fingerprint && (marked(pullRequest) || lacksPlan(pullRequest.body))) {
    return { kind: 'up-to-date', head: head.sha, pullRequest }
  }
  const other = pullRequest === null || request === null ? undefined : marksIn(pullRequest.body).request
  if (pullRequest !== null && other !== undefined && other !== request) {
    throw new Failure('branch-foreign',
      `The branch ${name} has the pull request of another request (#${pullRequest.number}), which this one would replace, and was left as it is.`,
      { advice: 'Merge or close it, or give each request a branch of its own, like `branch: sops-rekey/offboard-{removed}`.' })
  }
  return { kind: 'publish', head: head.sha, pullRequest, overwritten: ours ? null : head.sha }
}

/** A person closed the pull request while the run was at it. */
export class ClosedMeanwhile extends Failure {
  readonly pullRequest: AnyPullRequest

  constructor(pullRequest: AnyPullRequest) {
    super('changed-underneath', `Nothing was pushed: pull request #${pullRequest.number} was closed during the run, without being merged.`, {
      advice: 'Reopen it, or write `on-closed: reopen` to have a new one.',
    })
    this.pullRequest = pullRequest
  }
}

/** Throws where the pull request that was open is not so any more: `ClosedMeanwhile`, or `changed-underneath` where it was merged. */
export function assertStillOpen(seen: AnyPullRequest | null, now: readonly AnyPullRequest[], { onClosed }: Politeness): void {
  const found = seen === null ? undefined : now.find(({ number }) => number === seen.number)
  // With another head it was GitHub that closed it, for whoever moved the branch: moving it on fails then.
  if (found?.state === 'closed' && found.headSha === seen?.headSha && onClosed === 'respect') throw new ClosedMeanwhile(found)
  if (found?.state !== 'merged') return
  throw new Failure('changed-underneath', `Pull request #${found.number} was merged during the run, and nothing was pushed.`, { advice: 'Run again.' })
}

/** How to go on after `closed-by-hand`. */
export function respectedNotice({ number }: AnyPullRequest): string {
  return `Nothing was pushed: pull request #${number}, with the very same changes, was closed without being merged. `
    + 'Reopen it, or write `on-closed: reopen` to have a new one; other changes or another base get a new one by themselves.'
}

export function overwrittenNotice(branch: string, sha: string): string {
  return `Commits on ${visible(branch)} that were not ours, up to ${sha}, were overwritten (\`on-human-commits: overwrite\`).`
}
