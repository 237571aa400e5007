// inputs → Survey: finds every sops file of the checkout by content in one pass, and reads it without a key.
// Must never follow a link, and must leave nothing that matches unaccounted for.
import type { DamagedFile, EncryptedFile } from '../model/sops-file/encrypted-file.ts'
import { readEncryptedFile } from '../model/sops-file/encrypted-file.ts'
import { ruleFor } from '../model/sops-file/creation-rule.ts'
import { Failure } from '../model/failure.ts'
import { readPublicKeys } from '../model/owners/public-keys.ts'
import { readOwnersFile } from '../model/owners/owners-file.ts'
import type { OwnedRecipient } from '../model/owners/owners.ts'
import { visible } from '../model/safe-text.ts'
import { encrypted, isPointer, lfsPointer, mayHide, publicKey } from '../model/sops-file/sops-marks.ts'
import type { SopsConfig } from '../model/sops-config/read.ts'
import { readSopsConfig } from '../model/sops-config/read.ts'
import type { SkippedFile, Survey, SurveyedFile } from '../model/survey.ts'
import { configFor, sharedGroups } from '../model/survey.ts'
import type { Git } from '../tools/git.ts'
import { readUnlinked, sha256Of } from '../tools/staging.ts'
import type { LocalFile } from '../tools/staging.ts'
import { choose, unmatched } from './chosen-files.ts'
import { links } from './links.ts'
import { refuseAbsent, refuseUncommitted } from './uncommitted.ts'

const pointer = 'it is a pointer of Git LFS, and a rule of .sops.yaml names its path: what it stands for was not looked at. Take it out of LFS'

/** Where the owners file is looked for when nothing says it. */
export const usualOwnersFile = '.sops-owners.yaml'

/**
 * Surveys the checkout of `git`; `globs` (relative to its root, `!` excludes) narrow what the run is about. `ownersPath` must
 * be tracked where it is given; `keyring` are owners that are known from elsewhere.
 */
export async function surveyRepository(
  git: Git, globs: readonly string[], ownersPath: string | null = null, keyring: Promise<readonly OwnedRecipient[]> = Promise.resolve([]),
): Promise<Survey> {
  // What is no checkout fails by its head, whatever else fails there.
  const reading = Promise.all([git.tracked(), git.filesWith(...encrypted, publicKey, lfsPointer), git.uncommitted()])
  reading.catch(() => undefined)
  const base = await git.head()
  await git.assertTop()
  const [tracked, found, uncommitted] = await reading
  const special = tracked.special()
  refuseAbsent(special)
  const configPaths = new Set(tracked.find((path) => path === '.sops.yaml' || path.endsWith('/.sops.yaml')).map(({ path }) => path))
  const [ownersTracked] = tracked.find((path) => path === (ownersPath ?? usualOwnersFile))
  if (ownersTracked === undefined && ownersPath !== null) {
    throw new Failure('input', `The input \`owners-file\` names ${visible(ownersPath)}, which git does not track.`, { advice: 'Name the file that is committed, or leave it out.' })
  }
  const ownTexts = new Set([...configPaths, ...(ownersTracked === undefined ? [] : [ownersTracked.path])])
  const candidates = new Set(found.filter((path) => !ownTexts.has(path)))
  const blobs = new Map(tracked.find((path) => candidates.has(path)).map(({ path, blob }) => [path, blob]))
  const chosen = await choose(git.root, globs)
  await refuseUncommitted(git, special, uncommitted, ownTexts, chosen)

  const configs: SopsConfig[] = []
  for (const path of configPaths) {
    const text = readOwnText(git.root, path)
    configs.push(readSopsConfig(path, text))
  }

  const files: SurveyedFile[] = []
  const others: EncryptedFile[] = []
  const damaged: DamagedFile[] = []
  const skipped: SkippedFile[] = []
  const unsure: Pick<SurveyedFile, 'path' | 'sha256'>[] = []
  const ownersText = ownersTracked === undefined ? null : readOwnText(git.root, ownersTracked.path)
  const record = ownersTracked === undefined || ownersText === null ? null : { path: ownersTracked.path, text: ownersText, ...readOwnersFile(ownersTracked.path, ownersText) }
  const owners: OwnedRecipient[] = [...record?.owners ?? [], ...configs.flatMap((config) => config.owners)]
  const untold = configs.flatMap((config) => config.untold)
  const shared = sharedGroups()
  for (const path of [...candidates].sort()) {
    const read = readUnlinked(git.root, path)
    if (typeof read === 'string') {
      if (read === 'larger than 64 MiB' && chosen(path)) damaged.push({ path, damage: `it is ${read}` })
      else if (chosen(path)) skipped.push({ path, reason: `it is a ${read}, and no link is followed`, file: null })
      continue
    }
    const file = readEncryptedFile(path, read.bytes)
    if (file === null) {
      const list = readPublicKeys(path, read.bytes.toString())
      owners.push(...list.owners)
      untold.push(...list.untold)
      if (!chosen(path)) continue
      if (isPointer(read.bytes) && isNamedByRule(path, configs, configPaths)) damaged.push({ path, damage: pointer })
      else if (mayHide(read.bytes)) unsure.push({ path, sha256: sha256Of(read.bytes) })
    }
    else if (!chosen(path)) {
      if ('metadata' in file) others.push(shared(file))
    } else if ('damage' in file) damaged.push(file)
    else if (read.hardLink) skipped.push({ path, reason: 'it is a hard link, and to write it would write its other name too', file })
    else {
      files.push({ ...shared(file), config: configFor(path, configPaths), blob: blobs.get(path) ?? '', sha256: sha256Of(read.bytes) })
    }
  }
  skipped.push(...links(git.root, special, files, globs.length > 0 ? chosen : null))
  owners.push(...await keyring)
  const ignoredConfigs = tracked.find((path) => /(?:^|\/)\.sops\.yml$/.test(path)).map(({ path }) => path)
  const unmatchedGlobs = await unmatched(git.root, globs, [...files, ...damaged, ...skipped].map(({ path }) => path))
  return { base, configs, ignoredConfigs, files, others, damaged, skipped, unsure, unmatchedGlobs, owners, untold, ownersFile: record }
}

/** Not by a rule for every file. */
function isNamedByRule(path: string, configs: readonly SopsConfig[], paths: ReadonlySet<string>): boolean {
  const config = configs.find((one) => one.path === configFor(path, paths))
  return config !== undefined && (ruleFor(config, path)?.regex ?? null) !== null
}

/** A config or the owners file: what is read as text, and may be written. */
function readOwnText(root: string, path: string): string {
  const read = readUnlinked(root, path)
  const what = typeof read === 'string' ? (read === 'larger than 64 MiB' ? read : `a ${read}`) : read.hardLink ? 'a hard link' : null
  if (what !== null) {
    throw new Failure('config-unreadable', `${visible(path)} is ${what}; sops would follow it out of what git tracks.`, { path, advice: 'Make it a regular file.' })
  }
  const { bytes } = read as LocalFile
  if (readEncryptedFile(path, bytes) === null) return bytes.toString()
  throw new Failure('config-unreadable', `${visible(path)} is encrypted with sops, or part of what was: an edit of it would change a file of secrets.`, {
    path, advice: 'Give that file another name.',
  })
}

