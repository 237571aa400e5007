// A history in which commits left untold whether a data key changed + a key → the same history with that told, as far as it matters.
// Must never take for told what the runner cannot open.
import { versionsReadBy } from '../model/exposure/history.ts'
import type { History } from '../model/exposure/history.ts'
import type { Recipient } from '../model/recipient.ts'
import type { DigestedVersions } from './digests.ts'

/** Pairs of versions that are tried, each a process of sops. */
const mostPairs = 100

/** Tried is what may have given one of `persons` a data key that is not known to be theirs, step by step from those that are. */
export async function tellDataKeys(history: History, persons: readonly (readonly Recipient[])[], digests: DigestedVersions): Promise<History> {
  const told = new Map<string, boolean | null>()
  let known = history
  while (known.links.length > 0 && told.size < mostPairs) {
    const pairs = pairsToTry(known, persons, told, mostPairs - told.size)
    if (pairs.length === 0) break
    for (const [old, fresh] of pairs) told.set(`${old} ${fresh}`, await digests.haveOneDataKey(old, fresh))
    known = history.told((old, fresh) => told.get(`${old} ${fresh}`) ?? null)
  }
  return known
}

function pairsToTry(
  history: History, persons: readonly (readonly Recipient[])[], tried: ReadonlyMap<string, unknown>, most: number,
): readonly (readonly [number, number])[] {
  const theirs = persons.map((keys) => dataKeysOf(history, keys))
  // What both are theirs by themselves, and what neither is, tells nothing.
  const isOpen = (old: number, fresh: number): boolean => theirs.some((keys) => keys.has(history.dataKey(old)) !== keys.has(history.dataKey(fresh)))
  const pairs: (readonly [number, number])[] = []
  for (const { olds, news } of history.links) {
    for (const old of olds) {
      for (const fresh of news) {
        if (pairs.length >= most) return pairs
        if (isOpen(old, fresh) && !tried.has(`${old} ${fresh}`)) pairs.push([old, fresh])
      }
    }
  }
  return pairs
}

/** Those that were wrapped for one of `keys` in some version. */
function dataKeysOf(history: History, keys: readonly Recipient[]): ReadonlySet<number> {
  return new Set(versionsReadBy(history, keys).map((version) => history.dataKey(version)))
}
