// What a run was asked for, checked, as plain data.
import type { FailOn } from './check/check.ts'
import type { KeyAge } from './exposure/key-age.ts'
import type { Shard } from './plan/shard.ts'

export interface PullRequestInputs {
  /** Base, branch and texts are templates (`model/template.ts`), whose variables were checked. */
  readonly base: string | null
  readonly branch: string | null
  readonly commitMessage: string | null
  readonly title: string | null
  readonly bodyHeader: string | null
  readonly labels: readonly string[]
  readonly assignees: readonly string[]
  readonly reviewers: readonly string[]
  readonly teamReviewers: readonly string[]
  /** The number or the title of an open one. */
  readonly milestone: string | null
  readonly draft: boolean
  /** End the commit's message with the committer's `Signed-off-by`. */
  readonly signoff: boolean
  /** What to do where a person closed the pull request of the very same plan. */
  readonly onClosed: 'respect' | 'reopen'
  /** What to do with commits on our branch that are not ours. */
  readonly onHumanCommits: 'fail' | 'overwrite'
  /** Whether the branch goes with the pull request that has nothing left to do. */
  readonly deleteBranch: boolean
  /** `api`: GitHub makes the commit, and signs it; `git`: a plain push; `auto`: the first, and the second where that is not to be had. */
  readonly commitMode: 'auto' | 'api' | 'git'
  readonly requireVerified: boolean
}

/** Which part of the story this job does; what it leaves out, other jobs do. */
export type Job =
  | { readonly kind: 'all' }
  /** Up to the plan, for which it says how many jobs it is worth, `shards` at most; none where it is published already. */
  | { readonly kind: 'plan'; readonly shards: number }
  /** Up to the verified ciphertext, which is left in `folder`. `base` as for the pull request that another job opens. */
  | { readonly kind: 'rotate'; readonly shard: Shard; readonly folder: string; readonly base: string | null }
  /** From the ciphertext in `folder` on, which is verified again. */
  | { readonly kind: 'publish'; readonly folder: string }
  /** No part of it: looks at the repository without a key. `exposedTo`: whose secrets are to be listed, as for `removedRecipients`. */
  | { readonly kind: 'check'; readonly failOn: FailOn; readonly exposedTo: readonly string[] }

export interface Inputs {
  readonly job: Job
  readonly removedRecipients: readonly string[]
  /** Recipients, owners' names, or `name=recipient`. */
  readonly addedRecipients: readonly string[]
  /** A recipient, an owner's name, or `*` for every rule. */
  readonly sameAccessAs: string | null
  readonly requiredRecipients: readonly string[]
  readonly policy: 'off' | 'warn' | 'enforce'
  /** Relative to the root; null: where it usually stands, if it does. */
  readonly ownersFile: string | null
  readonly agePlugins: readonly string[]
  readonly rotateAll: boolean
  readonly maxKeyAge: KeyAge | null
  readonly workingDirectory: string
  readonly files: readonly string[]
  readonly dryRun: boolean
  /** null: chosen from cores and kinds of keys. */
  readonly concurrency: number | null
  readonly sopsVersion: string | null
  readonly sopsPath: string | null
  /** For GitHub; empty where there is none, which only a run that asks GitHub for nothing may have. */
  readonly token: string
  /** Keep an issue with what is still to be changed. */
  readonly trackingIssue: boolean
  /** null: the changes stay in the working tree. */
  readonly pullRequest: PullRequestInputs | null
}
