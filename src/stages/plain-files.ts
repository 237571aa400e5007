// What came to a repository in the clear since a commit → which file holds a value, by digests.
// Must never keep a text, nor look at more than people can have put a secret into.
import type { History } from '../model/exposure/history.ts'
import type { Digests } from '../model/exposure/digests.ts'
import { mayHoldSecrets, scalarsOf } from '../model/exposure/plain-scalars.ts'
import { readBlobs, readRevisions } from '../tools/git-history.ts'
import type { OpenHistory } from './history.ts'

/** Files that came in the clear. */
export interface PlainFiles {
  /** By each digest of a value: the files that hold it, with the number of the commit in which they came. */
  readonly holding: ReadonlyMap<string, readonly PlainFile[]>
  /** By the length of a value: the newest commit that brought one as long. */
  readonly newest: ReadonlyMap<number, number>
  /** There were more than are looked at. */
  readonly tooMany: boolean
}

interface PlainFile {
  readonly path: string
  readonly came: number
}

export const nothingPlain: PlainFiles = { holding: new Map(), newest: new Map(), tooMany: false }
export const mostPlainFiles = 2000
const maxBytes = 1024 * 1024

/** Of the base, what came in `commit` or later (a number of `Change`); `sizes`: how long the values are that are looked for, in bytes. */
export async function readPlainFiles(
  { git, base, history, missing }: OpenHistory, commit: number, sizes: ReadonlySet<number>, digestsOf: (value: string) => Digests,
): Promise<PlainFiles> {
  const files = (await cameSince({ git, base, history }, commit)).filter(({ blob }) => !missing.has(blob))
  const byBlob = Map.groupBy(files.slice(0, mostPlainFiles), ({ blob }) => blob)
  const [holding, newest] = [new Map<string, PlainFile[]>(), new Map<number, number>()]
  await readBlobs(git, [...byBlob.keys()], (blob, bytes) => {
    const same = byBlob.get(blob) ?? []
    const text = bytes.toString()
    // A file that was encrypted as a whole is one value, byte by byte.
    const values = new Map([...scalarsOf(same[0]?.path ?? '', text).map((value) => [value, Buffer.byteLength(value)] as const), [bytes.toString('latin1'), bytes.length]])
    for (const [value, size] of values) {
      if (!sizes.has(size)) continue
      for (const digest of digestsOf(value).spellings) holding.set(digest, [...holding.get(digest) ?? [], ...same])
      newest.set(size, Math.min(newest.get(size) ?? Infinity, ...same.map(({ came }) => came)))
    }
  }, ({ length }) => length <= maxBytes)
  return { holding, newest, tooMany: files.length > mostPlainFiles }
}

async function cameSince(
  { git, base, history }: Pick<OpenHistory, 'git' | 'base' | 'history'>, commit: number,
): Promise<readonly (PlainFile & { readonly blob: string })[]> {
  const found: (PlainFile & { readonly blob: string })[] = []
  /** null: it is known since when it is there, or is none of the base. */
  const open = new Map<string, string | null>()
  let [at, sha] = [0, '']
  await readRevisions(git, base, (revision, path, before, after) => {
    if (revision.sha !== sha) [at, sha] = [at + 1, revision.sha]
    if (at > commit) return
    const blob = open.has(path) ? open.get(path) ?? null : after
    open.set(path, before === null ? null : blob)
    if (before === null && blob !== null && isPlain(history, path) && mayHoldSecrets(path)) found.push({ path, came: at, blob })
  })
  return found.toReversed()
}

function isPlain({ base }: History, path: string): boolean {
  return !base.has(path)
}
