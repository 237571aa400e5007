// What git says of the checkout → it stands there as it is committed, or the run stops.
// Must never read behind a link.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readEncryptedFile } from '../model/sops-file/encrypted-file.ts'
import { Failure } from '../model/failure.ts'
import { visible } from '../model/safe-text.ts'
import { blobId } from '../tools/git-commit.ts'
import type { Git, TrackedPath } from '../tools/git.ts'
import { readUnlinked } from '../tools/staging.ts'

export function refuseAbsent(special: readonly TrackedPath[]): void {
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
export async function refuseUncommitted(
  git: Git, special: readonly TrackedPath[], status: readonly string[], configs: ReadonlySet<string>, chosen: (path: string) => boolean,
): Promise<void> {
  // git says nothing of a file that it was told to take for unchanged.
  const assumed = special.filter((one) => one.assumed && !one.absent && isOther(git.root, one)).map(({ path }) => path)
  const changed: string[] = []
  for (const path of new Set([...status, ...assumed])) {
    if (configs.has(path) || ((chosen(path) || isGone(git.root, path)) && await holdsSecrets(git, path))) changed.push(path)
  }
  const [first] = changed
  if (first === undefined) return
  throw new Failure('uncommitted-changes', `Not committed: ${changed.slice(0, 20).map((path) => visible(path)).join(', ')}${changed.length > 20 ? ` and ${changed.length - 20} more` : ''}.`, {
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

/** Whether its bytes are not those of the index. */
function isOther(root: string, { path, blob }: TrackedPath): boolean {
  if (!existsSync(join(root, path))) return true
  const read = readUnlinked(root, path)
  return typeof read !== 'string' && blobId(read.bytes, blob) !== blob
}
