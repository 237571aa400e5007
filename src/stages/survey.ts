// inputs → Survey: finds every sops file of the checkout by content in one pass, and reads it without a key.
// Must never follow a link, and must leave nothing that matches unaccounted for.
import { existsSync } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { join, posix, relative, sep } from 'node:path'
import { create } from '@actions/glob'
import type { DamagedFile, EncryptedFile } from '../model/encrypted-file.ts'
import { readEncryptedFile } from '../model/encrypted-file.ts'
import { ruleFor } from '../model/creation-rule.ts'
import { Failure } from '../model/failure.ts'
import { readPublicKeys } from '../model/owners.ts'
import { readOwnersFile } from '../model/owners-file.ts'
import type { OwnedRecipient } from '../model/owners.ts'
import { visible } from '../model/safe-text.ts'
import type { SopsConfig } from '../model/sops-config/read.ts'
import { readSopsConfig } from '../model/sops-config/read.ts'
import type { SkippedFile, Survey, SurveyedFile } from '../model/survey.ts'
import { configFor, sharedGroups } from '../model/survey.ts'
import type { Git, TrackedPath } from '../tools/git.ts'
import { readUnlinked, sha256Of } from '../tools/staging.ts'
import type { LocalFile } from '../tools/staging.ts'

/** A letter in quotes, or what JSON and YAML let stand for it. */
const letter = (one: string): string => {
  const [high = '', low = ''] = one.charCodeAt(0).toString(16)
  return `(${one}|\\\\(x|u00|U000000)${high}[${low}${low.toUpperCase()}])`
}
/** What may carry sops metadata: a value of sops, the entry or names of its metadata, or text in UTF-16, which hides both. */
const encrypted = [
  'ENC\\[AES256_GCM,', `"${Array.from('sops', letter).join('')}"`, "^[\"']?sops[\"']?[ \\t]*:", '^sops_(mac|version)=', '^\\[sops\\]', '^(\\xff\\xfe|\\xfe\\xff)',
]
/** A line that starts with a public key, as in a list of who owns which. */
const publicKey = '^(age1[0-9a-z]{20}|ssh-(ed25519|rsa) AAAA)'

/** What stands in the place of a file that Git LFS keeps. */
const lfsPointer = '^version https://git-lfs\\.github\\.com/spec/'

const symlink = '120000'
const submodule = '160000'

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
  const [base] = await Promise.all([git.head(), git.assertTop()])
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
  await refuseUncommitted(git, uncommitted, ownTexts, chosen)

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
      owners.push(...readPublicKeys(path, read.bytes.toString()))
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
  skipped.push(...await links(git.root, special, files, globs.length > 0 ? chosen : null))
  owners.push(...await keyring)
  const ignoredConfigs = tracked.find((path) => /(?:^|\/)\.sops\.yml$/.test(path)).map(({ path }) => path)
  return { base, configs, ignoredConfigs, files, others, damaged, skipped, unsure, owners, ownersFile: record }
}

const pointer = 'it is a pointer of Git LFS, and a rule of .sops.yaml names its path: what it stands for was not looked at. Take it out of LFS'

function isPointer(bytes: Buffer): boolean {
  return new RegExp(lfsPointer).test(bytes.toString('latin1', 0, 100))
}

/** Not by a rule for every file. */
function isNamedByRule(path: string, configs: readonly SopsConfig[], paths: ReadonlySet<string>): boolean {
  const config = configs.find((one) => one.path === configFor(path, paths))
  return config !== undefined && (ruleFor(config, path)?.regex ?? null) !== null
}

/** Whether sops could find something in a file of which nothing was found here: a list of keys, for one, has no word of it. */
function mayHide(bytes: Buffer): boolean {
  return /ENC\[AES|sops|\\(?:x|u00|U000000)[67]|^(?:\xff\xfe|\xfe\xff)/i.test(bytes.toString('latin1'))
}

/** Which paths `globs` choose; all of them where there are none. */
export async function choose(root: string, globs: readonly string[]): Promise<(path: string) => boolean> {
  if (globs.length === 0) return () => true
  // The root is a path, whatever it is called.
  const literal = root.replace(/[[?*]/g, '[$&]')
  const rooted = globs.map((glob) => (glob.startsWith('!') ? `!${join(literal, glob.slice(1))}` : join(literal, glob)))
  const everything = rooted.every((glob) => glob.startsWith('!')) ? [join(literal, '**'), ...rooted] : rooted
  const globber = await create(everything.join('\n'), { followSymbolicLinks: false, matchDirectories: false })
  const paths = new Set((await globber.glob()).map((path) => relative(root, path).split(sep).join('/')))
  return (path) => paths.has(path)
}

/** The links and submodules among the matches: those the globs name, and those that point to an encrypted file. */
async function links(
  root: string, special: readonly TrackedPath[], files: readonly SurveyedFile[], chosen: ((path: string) => boolean) | null,
): Promise<readonly SkippedFile[]> {
  const targets = new Set(files.map(({ path }) => path))
  const skipped: SkippedFile[] = []
  for (const { path, mode } of special) {
    if (mode === submodule) skipped.push({ path, reason: 'it is a submodule, a repository of its own: run there too', file: null })
    if (mode !== symlink) continue
    const link = await readlink(join(root, path)).catch(() => null)
    const asked = chosen === null ? link !== null && targets.has(posix.join(posix.dirname(path), link)) : chosen(path)
    if (asked) skipped.push({ path, reason: 'it is a symlink, and no link is followed', file: null })
  }
  return skipped
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

function refuseAbsent(special: readonly TrackedPath[]): void {
  const absent = special.filter((one) => one.absent)
  const [first] = absent
  if (first === undefined) return
  throw new Failure('not-a-repository',
    `The checkout is sparse: ${absent.length} tracked files are not there (${visible(first.path)} is one), and could hold secrets.`,
    { advice: 'Check out everything: no `sparse-checkout` in actions/checkout.' })
}

/**
 * What is published stands on HEAD: a config or an encrypted file that differs from it (also one that was deleted, and
 * would keep its readers there) stops the run.
 */
async function refuseUncommitted(
  git: Git, uncommitted: readonly string[], configs: ReadonlySet<string>, chosen: (path: string) => boolean,
): Promise<void> {
  const changed: string[] = []
  for (const path of uncommitted) {
    if (configs.has(path) || ((chosen(path) || isGone(git.root, path)) && await holdsSecrets(git, path))) changed.push(path)
  }
  const [first] = changed
  if (first === undefined) return
  throw new Failure('uncommitted-changes', `Not committed: ${changed.map((path) => visible(path)).join(', ')}.`, {
    path: first, advice: 'Commit or discard these changes, and run again.',
  })
}

/** Whether `path` is not there any more, or only behind a link, so that no glob can have found it. */
function isGone(root: string, path: string): boolean {
  return !existsSync(join(root, path)) || readUnlinked(root, path) === 'symlink'
}

/** Whether `path` is an encrypted file, damaged or not, at HEAD or in the working tree. */
async function holdsSecrets(git: Git, path: string): Promise<boolean> {
  const committed = await git.committed(path)
  if (committed !== null && readEncryptedFile(path, committed) !== null) return true
  if (!existsSync(join(git.root, path))) return false
  const present = readUnlinked(git.root, path)
  return typeof present !== 'string' && readEncryptedFile(path, present.bytes) !== null
}
