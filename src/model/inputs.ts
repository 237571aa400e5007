// What a run was asked for, checked, as plain data.
import type { KeyAge } from './key-age.ts'

export interface PullRequestInputs {
  readonly token: string
  readonly base: string | null
  readonly branch: string | null
  readonly commitMessage: string | null
  readonly title: string | null
  readonly bodyHeader: string | null
  readonly labels: readonly string[]
  readonly assignees: readonly string[]
  readonly reviewers: readonly string[]
  readonly teamReviewers: readonly string[]
  readonly draft: boolean
}

export interface Inputs {
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
  /** null: the changes stay in the working tree. */
  readonly pullRequest: PullRequestInputs | null
}
