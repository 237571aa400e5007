// What an earlier run put on the branch of this request → the files that need not be made anew, because their base is the same.
// Must never be believed: GitHub has to vouch for the commit, who reads the file is compared here, and the rest is proven later.
import { mkdirSync } from 'node:fs'
import { readEncryptedFile, valuesIn } from '../../model/sops-file/encrypted-file.ts'
import { compareDataKeys, haveSameValues } from '../../model/sops-file/encrypted-value.ts'
import { Failure } from '../../model/failure.ts'
import { count } from '../../model/markdown/markdown-paths.ts'
import type { Plan, PlannedFile } from '../../model/plan/plan.ts'
import { isAsPlanned } from '../../model/plan/verification.ts'
import type { Git } from '../../tools/git.ts'
import type { Remote } from '../../tools/git-remote.ts'
import { readBlobs, readReplaced, readRevisions } from '../../tools/git-history.ts'
import type { Log } from '../../tools/log.ts'
import type { Staging } from '../../tools/staging.ts'

/** Path → ciphertext. */
export type Kept = ReadonlyMap<string, Buffer>

export const nothingKept: Kept = new Map()

export function sayKept(kept: Kept, log: Log): void {
  if (kept.size > 0) log.line(`On the branch already, made from the same bytes: ${count(kept.size, 'file')}, proven again.`)
}

/**
 * Of the files that `commit` gave new bytes, those that had the same before, and ever since as far as the checkout's history tells,
 * and would get the same readers now. `staging` still
 * holds the bytes that were surveyed at `base`. Nothing, where the commit cannot be fetched: then all is made anew, and the log says so.
 */
export async function keptFrom(
  git: Git, remote: Remote, commit: string, base: string, plan: Plan, staging: Staging, log: Log,
): Promise<Kept> {
  const folder = staging.beside('earlier')
  mkdirSync(folder, { mode: 0o700 })
  try {
    const aside = await git.with(remote, commit, base, folder)
    const replaced = await readReplaced(aside, commit)
    const touched = await touchedBetween(aside, `${commit}^`, base)
    const wanted = new Map(plan.changes.flatMap((change): (readonly [string, PlannedFile])[] => {
      const there = replaced.get(change.file.path)
      return there?.before === change.file.blob && !touched.has(change.file.path) ? [[there.after, change]] : []
    }))
    const kept = new Map<string, Buffer>()
    await readBlobs(aside, [...wanted.keys()], (blob, bytes) => {
      const change = wanted.get(blob)
      if (change !== undefined && isUsable(change, staging.read(change.file.path), bytes)) kept.set(change.file.path, Buffer.from(bytes))
    })
    return kept
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'git-failed') throw error
    log.line(`What stands on the branch could not be looked at, so all is made anew. ${error.message}`)
    return nothingKept
  }
}

/**
 * What was changed on the way, be it changed back since: the new bytes may have stood there, and been given to others. Nothing,
 * where a shallow checkout does not have the way.
 */
async function touchedBetween(git: Git, from: string, to: string): Promise<ReadonlySet<string>> {
  const touched = new Set<string>()
  if (await git.isPartOf(from, to)) await readRevisions(git, `${from}..${to}`, (_, path) => touched.add(path))
  return touched
}

function isUsable(change: PlannedFile, before: Buffer, bytes: Buffer): boolean {
  const dataKey = dataKeyIn(change, before, bytes)
  return change.rotate ? dataKey === 'new' : dataKey !== null
}

/**
 * Told without a key: which data key a file has whose bytes were `before` and are `bytes` now, beside that one; null where it is not
 * the planned file, with exactly the planned readers and the same values. `unproven` where nothing in it could be compared but the
 * MAC, which is another.
 */
export function dataKeyIn({ file, after }: PlannedFile, before: Buffer, bytes: Buffer): 'new' | 'same' | 'unproven' | null {
  const read = readEncryptedFile(file.path, bytes)
  if (read === null || 'damage' in read || read.format !== file.format || !isAsPlanned(after, read.metadata.groups)) return null
  if (read.metadata.shamirThreshold !== file.metadata.shamirThreshold) return null
  const [earlier, later] = [valuesIn(file, before), valuesIn(read, bytes)]
  if (!haveSameValues(earlier, later)) return null
  const compared = compareDataKeys(earlier, later)
  return compared === 'unproven' && read.metadata.mac === file.metadata.mac ? 'same' : compared
}
