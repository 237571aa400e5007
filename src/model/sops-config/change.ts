// What is asked of a `.sops.yaml`: which keys go, which come, and beside whom.
// Must never hold anything of one file.
import type { Recipient } from '../recipient.ts'

/** A key that comes, with the name of who holds it where one is known. */
export interface NewRecipient {
  readonly recipient: Recipient
  readonly name: string | null
}

export interface ConfigChange {
  readonly removed: readonly Recipient[]
  readonly added: readonly NewRecipient[]
  /** Beside whom the added come: wherever one of these has access, so has each of them. */
  readonly like: readonly Recipient[] | 'every rule'
}

/** Why a file cannot be changed so, and where (lines count from 1). */
export interface Refusal {
  readonly line: number
  readonly reason: string
}
