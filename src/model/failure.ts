// A coded error: what happened, to what, and what to do. Its text is fit for a public log.
// Must never carry plaintext or a child's raw output.

export type FailureCode =
  | 'input' // an input is no such thing, or two contradict each other
  | 'event' // the run was started by something it must not serve
  | 'not-a-repository'
  | 'config-missing' // no .sops.yaml governs a file
  | 'config-unreadable' // a .sops.yaml that sops or we cannot read
  | 'config-edit' // an edit of .sops.yaml whose result is not what was asked for
  | 'owners-file' // an owners file that we cannot read, or whose edit is not what was asked for
  | 'recipient-unknown'
  | 'recipient-ambiguous'
  | 'refused' // the plan refuses; the reasons stand in the message
  | 'uncommitted-changes'
  | 'damaged-file' // not parseable, tampered, truncated
  | 'sops-missing' // no acceptable sops
  | 'sops-checksum'
  | 'sops-failed'
  | 'no-usable-key'
  | 'key-service' // a cloud said no, or did not answer
  | 'lockout' // the runner itself could no longer decrypt
  | 'verification'
  | 'rotated-missing' // the folder of rotated files is not what the plan needs
  | 'history-shallow'
  | 'git-failed'
  | 'changed-underneath' // the checkout or the branch moved during the run
  | 'github-permission'
  | 'github-setting'
  | 'github-rate-limit' // still refused for now after three waits, or for too long
  | 'github-failed'
  | 'branch-foreign' // a branch of our name that we did not make
  | 'unverified' // GitHub would not vouch for the commit, and the run must not publish without that
  | 'interrupted'
  | 'unexpected' // the machine, or a mistake of ours

export interface FailureDetails {
  /** The file it happened to, relative to the repository's root. */
  readonly path?: string
  /** What to do now, a full sentence. */
  readonly advice?: string
  readonly cause?: unknown
}

/** The only error the product throws on purpose. `message` says what happened and where, and ends with the advice. */
export class Failure extends Error {
  readonly code: FailureCode
  readonly path: string | null
  readonly advice: string | null

  constructor(code: FailureCode, what: string, details: FailureDetails = {}) {
    super(details.advice === undefined ? what : `${what} ${details.advice}`, { cause: details.cause })
    this.name = 'Failure'
    this.code = code
    this.path = details.path ?? null
    this.advice = details.advice ?? null
  }
}
