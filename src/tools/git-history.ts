// Git's history, read in two streams: what each commit changed, then the bytes of the versions.
// Must never hold more than one version, follow a rename (the content tells those), or fetch what a clone left out.
import type { Git } from './git.ts'

export interface Revision {
  readonly sha: string
  /** Of the committer, in seconds since 1970. */
  readonly time: number
  readonly isMerge: boolean
}

/** Regular files only, by their blobs; null: none, or something else. A name that is no UTF-8 is told apart no further. */
export type VisitChange = (revision: Revision, path: string, before: string | null, after: string | null) => void

/**
 * Every change that led to `commit`, newest first, no commit before what follows from it; a merge against its first parent, so
 * that what it brought to that line is seen, and what was made in it.
 */
export async function readRevisions(git: Git, commit: string, visit: VisitChange): Promise<void> {
  let revision: Revision = { sha: '', time: 0, isMerge: false }
  let change: readonly [string | null, string | null] | null = null
  const onField = (field: string): void => {
    if (change !== null) {
      if (change[0] !== change[1]) visit(revision, field, ...change)
      change = null
      return
    }
    // git ends the line of the commit only where something follows.
    const text = field.startsWith('\n') ? field.slice(1) : field
    if (text.startsWith(':')) {
      const [from = '', to = '', before = '', after = ''] = text.slice(1).split(' ')
      change = [from.startsWith('100') ? before : null, to.startsWith('100') ? after : null]
      return
    }
    const [sha = '', time, , ...more] = text.trimEnd().split(' ')
    revision = { sha, time: Number(time), isMerge: more.length > 0 }
  }
  await git.stream([
    'log', '--date-order', '--raw', '-z', '--no-abbrev', '--no-renames', '--diff-merges=first-parent', '--no-color', '--no-notes',
    '--ignore-submodules=none', '--format=%H %ct %P', commit, '--',
  ], fields(onField))
}

/** The regular files of a commit. */
export async function readTree(git: Git, commit: string, visit: (path: string, blob: string) => void): Promise<void> {
  await git.stream(['ls-tree', '-r', '-z', '--full-tree', commit], fields((entry) => {
    const tab = entry.indexOf('\t')
    const [mode = '', , blob = ''] = entry.slice(0, tab).split(' ')
    if (mode.startsWith('100')) visit(entry.slice(tab + 1), blob)
  }))
}

/** What a commit has in the place of what its parent had, where both are regular files: path → blobs. */
export async function readReplaced(git: Git, commit: string): Promise<ReadonlyMap<string, { readonly before: string; readonly after: string }>> {
  const found = new Map<string, { readonly before: string; readonly after: string }>()
  let change: { readonly before: string; readonly after: string } | null = null
  await git.stream(['diff-tree', '-r', '-z', '--no-commit-id', '--raw', '--no-abbrev', '--no-renames', commit], fields((field) => {
    if (field.startsWith(':')) {
      const [from = '', to = '', before = '', after = ''] = field.slice(1).split(' ')
      change = from === to && from.startsWith('100') ? { before, after } : null
      return
    }
    if (change !== null) found.set(field, change)
  }))
  return found
}

/** In which paths `to` differs from `from`, both commits; of what is a regular file in both, and has the same mode, the blobs, else null. */
export async function readDifference(
  git: Git, from: string, to: string,
): Promise<ReadonlyMap<string, { readonly before: string; readonly after: string } | null>> {
  const found = new Map<string, { readonly before: string; readonly after: string } | null>()
  let change: { readonly before: string; readonly after: string } | null = null
  await git.stream(['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', from, to], fields((field) => {
    if (field.startsWith(':')) {
      const [before = '', after = '', old = '', blob = ''] = field.slice(1).split(' ')
      change = before === after && before.startsWith('100') ? { before: old, after: blob } : null
    } else found.set(field, change)
  }))
  return found
}

/** What a partial clone left out of the history of `commit`: ids of trees and blobs. */
export async function readMissing(git: Git, commit: string): Promise<ReadonlySet<string>> {
  const missing = new Set<string>()
  let rest = ''
  await git.stream(['rev-list', '--objects', '--no-object-names', '--missing=print', commit], (piece) => {
    const lines = (rest + piece.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('?')) missing.add(line.slice(1))
  })
  return missing
}

/** Larger is no file that anyone keeps secrets in. */
const maxBytes = 64 * 1024 * 1024

/**
 * The bytes of each blob that is wanted, once, in the order of `ids`; they are not to be kept. Unless something else is wanted,
 * what has a NUL in its beginning is left out: it is no text unless it is UTF-16. Returns the ids of those that are too large to be looked at.
 */
export async function readBlobs(
  git: Git, ids: readonly string[], visit: (id: string, bytes: Buffer) => void, isWanted: (bytes: Buffer) => boolean = isText,
): Promise<readonly string[]> {
  if (ids.length === 0) return []
  const tooLarge: string[] = []
  /** What is being read: its header is in `head` until it ends. */
  let head = ''
  let blob: { readonly id: string; readonly wanted: boolean; left: number; pieces: Buffer[] } | null = null
  const onStdout = (piece: Buffer): void => {
    for (let at = 0; at < piece.length;) {
      if (blob === null) {
        const end = piece.indexOf(10, at)
        head += piece.toString('latin1', at, end < 0 ? piece.length : end)
        if (end < 0) return
        at = end + 1
        const [id = '', type, size = ''] = head.split(' ')
        head = ''
        if (type === 'missing' || size === '') continue
        const wanted = type === 'blob' && Number(size) <= maxBytes
        if (type === 'blob' && !wanted) tooLarge.push(id)
        blob = { id, wanted, left: Number(size) + 1, pieces: [] }
      }
      const part = piece.subarray(at, at + blob.left)
      at += part.length
      blob.left -= part.length
      if (blob.wanted) blob.pieces.push(part)
      if (blob.left > 0) continue
      if (blob.wanted) {
        const [first = part] = blob.pieces
        const whole = blob.pieces.length === 1 ? first : Buffer.concat(blob.pieces)
        const bytes = whole.subarray(0, -1)
        if (isWanted(bytes)) visit(blob.id, bytes)
      }
      blob = null
    }
  }
  await git.stream(['cat-file', '--batch', '--buffer'], onStdout, ids.map((id) => `${id}\n`).join(''))
  return tooLarge
}

function isText(bytes: Buffer): boolean {
  const mark = bytes.toString('latin1', 0, 2)
  return mark === '\u00ff\u00fe' || mark === '\u00fe\u00ff' || !bytes.subarray(0, 8000).includes(0)
}

/** Splits a stream at its NULs. */
function fields(onField: (field: string) => void): (piece: Buffer) => void {
  let rest = Buffer.alloc(0)
  return (piece) => {
    const end = piece.lastIndexOf(0)
    if (end < 0) {
      rest = Buffer.concat([rest, piece])
      return
    }
    const whole = Buffer.concat([rest, piece.subarray(0, end)]).toString()
    rest = Buffer.from(piece.subarray(end + 1))
    for (const field of whole.split('\0')) onField(field)
  }
}
