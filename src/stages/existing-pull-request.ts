// What stands on our branch and in its pull requests → what this run may do there.
// Pure. Must never let a branch be moved that was not ours, nor open again what a person closed, unless that was asked for.
import { Failure } from '../model/failure.ts'
import { visible } from '../model/safe-text.ts'
import type { AnyPullRequest } from '../tools/github.ts'

export interface Found {
  readonly base: string
  readonly branch: string
  /** Of the plan that is to be published. */
  readonly fingerprint: string
  /** What the branch is at; null: there is no such branch. */
  readonly head: FoundHead | null
  /** Every one from the branch, open or not, the newest first. */
  readonly pullRequests: readonly AnyPullRequest[]
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

const open = '<!-- sops-rekey fingerprint='
const settled = '<!-- sops-rekey settled='

/** Stands in the body of a pull request that is open, or that somebody else closed. */
export function fingerprintMarker(fingerprint: string): string {
  return `${open}${fingerprint} -->`
}

/** Stands beside it: for which request, whatever the plan. */
export function requestMarker(request: string): string {
  return `<!-- sops-rekey request=${request} -->`
}

/** The body of a pull request that we close ourselves: its marker no longer counts as one that a person closed. */
export function settledBody(body: string): string {
  return body.replaceAll(open, settled)
}

/** Throws `branch-foreign` where someone else's work stands on the branch. */
export function decideExisting(found: Found, { onClosed, onHumanCommits }: Politeness): Existing {
  const { base, branch, fingerprint, head, pullRequests } = found
  const name = visible(branch)
  const marked = ({ body }: AnyPullRequest): boolean => body.includes(fingerprintMarker(fingerprint))
  const present = pullRequests.filter(({ state }) => state === 'open')
  const pullRequest = present.find((one) => one.base === base) ?? null
  const closed = pullRequests.find((one) => one.state === 'closed' && one.base === base && marked(one))
  if (pullRequest === null && closed !== undefined && onClosed === 'respect') {
    return { kind: 'closed-by-hand', pullRequest: closed }
  }
  if (head === null) return { kind: 'publish', head: null, pullRequest: null, overwritten: null }
  const ours = head.madeFor !== null
  const onceOurs = pullRequest?.body.includes(open) === true
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
  if (pullRequest !== null && head.madeFor === fingerprint && marked(pullRequest)) {
    return { kind: 'up-to-date', head: head.sha, pullRequest }
  }
  return { kind: 'publish', head: head.sha, pullRequest, overwritten: ours ? null : head.sha }
}

/** How to go on after `closed-by-hand`. */
export function respectedNotice({ number }: AnyPullRequest): string {
  return `Nothing was pushed: pull request #${number}, with the very same changes, was closed without being merged. `
    + 'Reopen it, or write `on-closed: reopen` to have a new one; other changes or another base get a new one by themselves.'
}

export function overwrittenNotice(branch: string, sha: string): string {
  return `Commits on ${visible(branch)} that were not ours, up to ${sha}, were overwritten (\`on-human-commits: overwrite\`).`
}
