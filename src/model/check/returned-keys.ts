// Which keys a commit had taken out of a file that they can read again, by its history.
// Must never take a key for returned that only joined on one branch while another one was edited.
import type { ReturnedKey, ReturnedKeys } from './check-findings.ts'
import type { Change, History } from '../exposure/history.ts'
import { lineageOf } from '../exposure/lineage.ts'
import { canonicalId } from '../recipient.ts'

/**
 * By what each commit did against its first parent, to a file that it renamed too; with the last such removal of each key from each file of the base, whatever
 * that was called then, and else with the one after which the key could read no file at all.
 */
export function returnedKeys(history: History): ReturnedKeys {
  const { changes, versions, base, recipients } = history
  const readersOf = (version: number | undefined | null): ReadonlySet<number> => new Set(versions[version ?? -1]?.readers ?? [])
  const [returned, seen] = [new Map<string, ReturnedKey[]>(), new Set<string>()]
  const add = (one: number, path: string, time: number, elsewhere: boolean): void => {
    const recipient = recipients[one]
    if (recipient === undefined || seen.has(`${one} ${path}`)) return
    seen.add(`${one} ${path}`)
    const id = canonicalId(recipient)
    returned.set(id, [...returned.get(id) ?? [], { path, date: new Date(time * 1000).toISOString(), elsewhere }])
  }
  const { homes, moves } = lineageOf(history)
  const movedTo = new Map(moves)
  const leftBy = (at: number): number | null => changes[movedTo.get(at) ?? at]?.after ?? null
  // The newest first.
  for (const [at, { before, time }] of changes.entries()) {
    const [home, left] = [homes[at] ?? '', leftBy(at)]
    if (before === null || left === null || !base.has(home)) continue
    const [stayed, now] = [readersOf(left), readersOf(base.get(home))]
    for (const one of readersOf(before)) if (!stayed.has(one) && now.has(one)) add(one, home, time, false)
  }
  const gone = goneEverywhere(history, readersOf, leftBy)
  for (const [path, version] of base) {
    for (const one of readersOf(version)) {
      const since = gone.get(one)
      if (since?.came.has(path) === true) add(one, path, since.time, true)
    }
  }
  return returned
}

interface Gone {
  /** Of the commit that took the key out of the last file that it could read. */
  readonly time: number
  /** The files that it came to since. */
  readonly came: Set<string>
}

/**
 * The last time each key was taken out of all files; a file that was deleted, with all who could read it, is no such time. `leftBy`: what
 * a change left of what stood there.
 */
function goneEverywhere(
  { changes }: History, readersOf: (version: number | null) => ReadonlySet<number>, leftBy: (change: number) => number | null,
): ReadonlyMap<number, Gone> {
  const gone = new Map<number, Gone>()
  const [files, reads] = [new Map<string, number | null>(), new Map<number, Set<string>>()]
  const move = ({ path, before, after }: Change): void => {
    // On another branch the file may have been another one.
    const [stood, had, has] = [readersOf(files.get(path) ?? null), readersOf(before), readersOf(after)]
    files.set(path, after)
    for (const one of stood) if (!has.has(one)) reads.get(one)?.delete(path)
    for (const one of has) {
      reads.set(one, (reads.get(one) ?? new Set()).add(path))
      if (!had.has(one)) gone.get(one)?.came.add(path)
    }
  }
  // What goes from one file to another in one commit was never gone, whatever the order of their names.
  for (const inCommit of [...Map.groupBy(changes.entries(), ([, { commit }]) => commit).values()].reverse()) {
    for (const [, change] of inCommit) move(change)
    for (const [at, { before, time }] of inCommit) {
      const left = leftBy(at)
      const has = readersOf(left)
      if (left !== null) for (const one of readersOf(before)) if (!has.has(one) && (reads.get(one)?.size ?? 0) === 0) gone.set(one, { time, came: new Set() })
    }
  }
  return gone
}
