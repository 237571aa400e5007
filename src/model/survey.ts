// Every config and every encrypted file of a repository at one commit, and who can read each; read without a key.
import type { DamagedFile, EncryptedFile } from './sops-file/encrypted-file.ts'
import { ownerOf } from './owners/owners.ts'
import type { OwnedRecipient } from './owners/owners.ts'
import type { RemovedRecord } from './owners/owners-file.ts'
import type { UntoldName } from './owners/untold.ts'
import type { Recipient } from './recipient.ts'
import { canonicalId, shortForm } from './recipient.ts'
import type { SopsConfig } from './sops-config/read.ts'

export interface SurveyedFile extends EncryptedFile {
  /** The nearest `.sops.yaml` upward from the file's folder: what a person who stands there would get. */
  readonly config: string | null
  /** git's id of the bytes at the base commit. */
  readonly blob: string
  /** SHA-256 of the bytes that were read, so that a later step can tell that they are still these. */
  readonly sha256: string
}

export interface SkippedFile {
  readonly path: string
  readonly reason: string
  /** What it holds, where it was read (a hard link): someone may read it all the same. */
  readonly file: EncryptedFile | null
}

/** The record of who owns which key, and whose were removed. */
export interface OwnersFile {
  readonly path: string
  readonly text: string
  readonly removed: readonly RemovedRecord[]
}

export interface Survey {
  /** The commit that is checked out. */
  readonly base: string
  readonly configs: readonly SopsConfig[]
  /** Files called `.sops.yml`, which sops does not look for. */
  readonly ignoredConfigs: readonly string[]
  /** Encrypted files that the run is about. */
  readonly files: readonly SurveyedFile[]
  /** Encrypted files that `files` leaves out. */
  readonly others: readonly EncryptedFile[]
  readonly damaged: readonly DamagedFile[]
  readonly skipped: readonly SkippedFile[]
  /** Files that the run is about and that have something of sops in them, but are none of its files as far as can be told here. */
  readonly unsure: readonly Pick<SurveyedFile, 'path' | 'sha256'>[]
  /** Those of the run's globs that match none of these, where others do. */
  readonly unmatchedGlobs: readonly string[]
  /** Who holds which key, by every source. */
  readonly owners: readonly OwnedRecipient[]
  /** Names that stand in a comment which may be about one key or another. */
  readonly untold?: readonly UntoldName[]
  readonly ownersFile: OwnersFile | null
}

/** Of `configs` (paths of `.sops.yaml` files), the one nearest to `path`, going up. */
export function configFor(path: string, configs: ReadonlySet<string>): string | null {
  for (let folder = path; folder !== '';) {
    folder = folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/')) : ''
    const config = folder === '' ? '.sops.yaml' : `${folder}/.sops.yaml`
    if (configs.has(config)) return config
  }
  return null
}

/** Files with the same recipients share one list of them: thousands of files have the same few lists. */
export function sharedGroups(): <F extends EncryptedFile>(file: F) => F {
  const known = new Map<string, EncryptedFile['metadata']['groups']>()
  return (file) => {
    const key = JSON.stringify(file.metadata.groups)
    const groups = known.get(key) ?? file.metadata.groups
    known.set(key, groups)
    return { ...file, metadata: { ...file.metadata, groups } }
  }
}

/** Who can read a file, every key once. With Shamir: who holds a part. */
export function readersOf(file: EncryptedFile): readonly Recipient[] {
  return unique(file.metadata.groups.flat())
}

/** Whether one of `ids`, canonical, is among those who can read a file. */
export function isReadBy(file: Pick<EncryptedFile, 'metadata'>, ids: ReadonlySet<string>): boolean {
  return file.metadata.groups.some((group) => group.some((one) => ids.has(canonicalId(one))))
}

/** Every recipient that stands in any file or config. */
export function knownRecipients(survey: Survey): readonly Recipient[] {
  return unique([...survey.configs.flatMap(({ recipients }) => recipients), ...[...survey.files, ...survey.others, ...survey.skipped.flatMap(({ file }) => file ?? [])].flatMap(readersOf)])
}

/** Names for a sentence: the owners where they are known. */
export function nameOf({ owners }: Pick<Survey, 'owners'>, recipients: readonly Recipient[]): string {
  return [...new Set(recipients.map((one) => ownerOf(owners, one) ?? shortForm(one)))].join(', ')
}

export function unique(recipients: readonly Recipient[]): readonly Recipient[] {
  return [...new Map(recipients.map((one) => [canonicalId(one), one])).values()]
}
