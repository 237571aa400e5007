// What was planned against what sops wrote → proof, or what is wrong. The only maker of what may be published.
import type { DamagedFile, EncryptedFile } from '../sops-file/encrypted-file.ts'
import type { EditedText, Groups, PlannedFile } from './plan.ts'
import { canonicalId } from '../recipient.ts'

/** What was seen of one file: its staged bytes read again, and digests of what they decrypted to, before and after. */
export interface FileEvidence {
  readonly planned: PlannedFile
  readonly plaintextBefore: string
  readonly plaintextAfter: string
  readonly after: EncryptedFile | DamagedFile | null
  /** The ciphertexts of before and after, compared; `unproven` where only sops itself can tell. */
  readonly dataKey: 'new' | 'same' | 'unproven'
  /**
   * Whether the values and MAC of the new file still open with the old data key, tried with sops; null where that was
   * not tried, because ciphertexts could be compared instead.
   */
  readonly opensWithOldKey: boolean | null
}

export interface VerifiedFile {
  readonly planned: PlannedFile
  readonly after: EncryptedFile
  readonly dataKey: 'new' | 'same'
}

/** Staged bytes that passed every proof. Only `verify` makes one, and only this can be published. */
export class Verified {
  readonly files: readonly VerifiedFile[]
  /** The configs, and the owners file. */
  readonly texts: readonly EditedText[]
  readonly #proven = true

  private constructor(files: readonly VerifiedFile[], texts: readonly EditedText[]) {
    this.files = files
    this.texts = texts
  }

  /** Checks all evidence; on any doubt returns what is wrong, in sentences without secrets, and nothing else. */
  static verify(
    changes: readonly PlannedFile[], texts: readonly EditedText[], evidence: readonly FileEvidence[],
  ): Verified | readonly WrongFile[] {
    const seen = new Map(evidence.map((one) => [one.planned.file.path, one]))
    const files: VerifiedFile[] = []
    const wrong: WrongFile[] = []
    for (const change of changes) {
      const path = change.file.path
      const one = seen.get(path)
      const result = one === undefined ? 'it was not checked' : checkFile(change, one)
      if (typeof result === 'string') wrong.push({ path, reason: result })
      else files.push(result)
    }
    return wrong.length > 0 ? wrong : new Verified(files, texts)
  }

  /** Whether this was made by `verify`; a look-alike was not. */
  static isVerified(value: Verified): boolean {
    return #proven in value
  }
}

export interface WrongFile {
  readonly path: string
  readonly reason: string
}

function checkFile(planned: PlannedFile, evidence: FileEvidence): VerifiedFile | string {
  const { file, rotate } = planned
  const { after } = evidence
  if (evidence.planned !== planned) return 'the evidence is that of another plan'
  if (after === null) return 'it carries no sops metadata any more'
  if ('damage' in after) return after.damage
  if (evidence.plaintextAfter !== evidence.plaintextBefore) return 'its decrypted content is not what it was'
  if (after.format !== file.format) return `its format changed from ${file.format} to ${after.format}`
  const recipients = checkRecipients(planned.after, after.metadata.groups)
  if (recipients !== null) return recipients
  if (after.metadata.shamirThreshold !== file.metadata.shamirThreshold) return "Shamir's threshold changed"
  const compared = evidence.dataKey
  // Without a value to compare, the old key is tried on the new MAC.
  const dataKey = compared !== 'unproven' ? compared : evidence.opensWithOldKey === null ? 'unproven' : evidence.opensWithOldKey ? 'same' : 'new'
  if (dataKey === 'unproven') return 'it could not be proven which data key it has'
  if (rotate && dataKey === 'same') return 'it still has the old data key'
  return { planned, after, dataKey }
}

/** Whether a file has exactly the readers that were planned. */
export function isAsPlanned(planned: Groups, found: Groups): boolean {
  return checkRecipients(planned, found) === null
}

function checkRecipients(planned: Groups, found: Groups): string | null {
  if (planned.length !== found.length) return `it has ${found.length} key groups instead of ${planned.length}`
  for (const [at, group] of planned.entries()) {
    const wanted = new Set(group.map(canonicalId))
    const present = new Set((found[at] ?? []).map(canonicalId))
    const extra = [...present].find((id) => !wanted.has(id))
    if (extra !== undefined) return `it can be read with ${extra}, which was not planned`
    const missing = [...wanted].find((id) => !present.has(id))
    if (missing !== undefined) return `it can not be read with ${missing}, which was planned`
  }
  return null
}
