// The result of a run as plain data: the JSON report, and what the summary and the pull request are written from.
// Names of keys only: never a value, never a hash of a value.
import type { RecipientKind } from './recipient.ts'

/** A recipient with the name of who holds it, where one is known. */
export interface ReportedRecipient {
  readonly kind: RecipientKind
  readonly id: string
  readonly owner: string | null
}

export type Outcome = 'published' | 'changed' | 'unchanged' | 'planned' | 'refused' | 'failed'

export type FileAction = 'updated' | 'rotated' | 'updated+rotated' | 'unchanged' | 'skipped' | 'failed'

export interface ReportedFile {
  readonly path: string
  /** sops' name of the store. null for what was skipped without being read. */
  readonly format: 'yaml' | 'json' | 'dotenv' | 'ini' | 'binary' | null
  /** The `.sops.yaml` that governs the file. */
  readonly config: string | null
  /** What was done, or in a dry run what would be. */
  readonly action: FileAction
  /** Why; for `skipped` and `failed` always a sentence. */
  readonly reason: string
  readonly recipients: { readonly before: readonly ReportedRecipient[]; readonly after: readonly ReportedRecipient[] }
  readonly dataKey: 'new' | 'same'
  /** Since when the file at the base has its data key, ISO 8601, UTC; null where the history was not asked or does not tell. */
  readonly keySince: string | null
  /** The staged bytes passed every proof. Never true in a dry run. */
  readonly verified: boolean
  /** How many encrypted values the file holds. */
  readonly values: number
}

/**
 * What has become of a value that someone could read: still in use; changed once they had lost the data key; changed before
 * that, so that they could read the new one too; no longer there; not to be told, with the reason.
 */
export type SecretState = 'current' | 'changed' | 'changed-too-early' | 'removed' | 'unknown'

export interface ExposedSecret {
  readonly file: string
  /** The path of the secret inside the file, like `db.password`; `(whole file)` for a binary one. */
  readonly key: string
  readonly readBy: readonly string[]
  /** When the first commit was made at which they could read it, ISO 8601, UTC; null where the history is not known. */
  readonly since: string | null
  /** When the commit was made that took it from them; null where they can read it at the base. */
  readonly until: string | null
  readonly state: SecretState
  /** Why it is `unknown`, or where it stands if it is `current` under another name; null otherwise. */
  readonly reason: string | null
}

/** Whether the value that someone knew is out of use. */
export function isDone({ state }: Pick<ExposedSecret, 'state'>): boolean {
  return state === 'changed' || state === 'removed'
}

export interface Finding {
  readonly code: string
  readonly level: 'error' | 'warning' | 'notice'
  readonly message: string
  readonly path: string | null
}

export interface ReportedConfigEdit {
  readonly path: string
  /** The lines taken out or changed, as a unified diff of the file without its header. */
  readonly diff: string
}

export interface Report {
  readonly schema: 1
  readonly outcome: Outcome
  readonly request: {
    readonly removed: readonly ReportedRecipient[]
    readonly added: readonly ReportedRecipient[]
    readonly rotateAll: boolean
    readonly maxKeyAge: string | null
  }
  /** The commit the run started from. */
  readonly base: string
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly finishedAt: string
  readonly runId: string | null
  /** null where the run ended before sops was found. */
  readonly sops: { readonly version: string; readonly sha256: string } | null
  readonly configs: readonly ReportedConfigEdit[]
  readonly files: readonly ReportedFile[]
  readonly exposure: readonly ExposedSecret[]
  readonly findings: readonly Finding[]
  readonly sopsCalls: number
}
