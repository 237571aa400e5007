// Which data keys may be one although nothing that stands in two versions tells it: what one commit left untold.
// Pure. Must never take what may be the same for what is.
import type { Change, KnownLeaf } from './history.ts'

/** Why a data key may be an older one, as a part of a sentence. */
export const untoldKey = 'one commit changed every value and the recipients, so that nothing tells whether the data key changed too'

/** Any of `olds` may have the data key of any of `news`: versions by their numbers. */
export interface DataKeyLink {
  readonly olds: readonly number[]
  readonly news: readonly number[]
}

/** What a history knows when it looks for links. */
interface Versions {
  readonly changes: readonly Change[]
  readonly versions: readonly { readonly readers: readonly number[]; readonly leaves: readonly KnownLeaf[] }[]
  readonly dataKey: (version: number) => number
}

/** Beyond so many pairs of files that went and came in one commit, what could tell two of them apart is not looked at. */
const mostPairs = 10_000

/**
 * The oldest first. One commit that changed every value and the recipients too may have rotated or not, also where it brought the
 * file to another path, or back to its own. Where the recipients stayed, nothing but a rotation wraps the data key anew; where an IV
 * stayed, its ciphertext tells. A file that came as another one went is another file where no name of a value, and no length of one,
 * stands in both; as gone counts also one whose place another one took. What came beside all that stands is taken for a new file: people
 * make the file of one environment like that of another, and nothing would tell a copy of it from one.
 */
export function untoldLinks(history: Versions): readonly DataKeyLink[] {
  const { changes } = history
  const links: DataKeyLink[] = []
  const { traces, readersOf, isAnother, isUntold, isLike } = comparing(history)
  const told = new Set(changes.filter(({ isMerge }) => !isMerge).map(({ after }) => after))
  const stood = new Map<string, number>()
  for (const inCommit of [...Map.groupBy(changes, ({ commit }) => commit).values()].reverse()) {
    const went = inCommit.flatMap(({ before, after }) => (after === null && before !== null ? [before] : []))
    const came = inCommit.flatMap(({ before, after }) => (before === null && after !== null ? [after] : []))
    const heirs = new Set(went.length === 0 ? [] : came.flatMap(traces))
    const isInherited = (version: number): boolean => traces(version).some((trace) => heirs.has(trace))
    const sources = new Set(went.flatMap(traces))
    const orphans: number[] = []
    for (const { path, before, after, isMerge } of inCommit) {
      if (after === null || (isMerge && told.has(after))) continue
      const isOrphan = before === null && !traces(after).some((trace) => sources.has(trace))
      const old = before ?? (isOrphan ? stood.get(path) : undefined)
      if (old !== undefined && isUntold(old, after) && (before !== null || isLike(old, after))) links.push({ olds: [old], news: [after] })
      if (isOrphan) orphans.push(after)
    }
    const replaced = orphans.length === 0 ? [] : inCommit.flatMap(({ before, after }) => (before !== null && after !== null && isAnother(before, after) ? [before] : []))
    const olds = [...went.filter((version) => !isInherited(version)), ...replaced]
    links.push(...linksAmong(olds, orphans, readersOf, (old, fresh) => isUntold(old, fresh) && isLike(old, fresh)))
    for (const { path, before, after } of inCommit) {
      // What lives on at another path does not come back to this one.
      if (after === null && before !== null && !isInherited(before)) stood.set(path, before)
      else stood.delete(path)
    }
  }
  return links
}

/** Those of `olds` that may be the same of `news` share a link. */
function linksAmong(
  went: readonly number[], came: readonly number[], readersOf: Comparing['readersOf'], isLink: (old: number, fresh: number) => boolean,
): readonly DataKeyLink[] {
  const [olds, news] = [[...new Set(went)], [...new Set(came)]]
  if (olds.length === 0 || news.length === 0) return []
  if (olds.length * news.length > mostPairs) {
    const [had, have] = [olds, news].map((versions) => [...Map.groupBy(versions, readersOf)])
    return had?.flatMap(([before, some]) => have?.flatMap(([after, others]) => (before === after ? [] : [{ olds: some, news: others }])) ?? []) ?? []
  }
  const linked = olds.map((old) => ({ old, news: news.filter((fresh) => isLink(old, fresh)) })).filter((one) => one.news.length > 0)
  return [...Map.groupBy(linked, (one) => one.news.join()).values()].map((same) => ({ olds: same.map(({ old }) => old), news: same[0]?.news ?? [] }))
}

interface Comparing {
  /** What another version shares with this one where its data key is the same, or is known to be another. */
  readonly traces: (version: number) => readonly number[]
  /** The same text where the recipients are the same. */
  readonly readersOf: (version: number) => string
  /** Whether neither the data key nor a value of the one is known to stand in the other. */
  readonly isAnother: (old: number, fresh: number) => boolean
  /** Whether the recipients differ, and all else that would tell. */
  readonly isUntold: (old: number, fresh: number) => boolean
  /** Whether a name of a value, or the length of one, stands in both. */
  readonly isLike: (old: number, fresh: number) => boolean
}

function comparing({ versions, dataKey }: Versions): Comparing {
  // Data keys and IVs are numbers from 0 on.
  const traces = (version: number): readonly number[] => [-1 - dataKey(version), ...versions[version]?.leaves.map(({ iv }) => iv) ?? []]
  const readersOf = (version: number): string => [...versions[version]?.readers ?? []].sort((a, b) => a - b).join()
  const isAnother = (old: number, fresh: number): boolean => {
    const had = new Set(traces(old))
    return !traces(fresh).some((trace) => had.has(trace))
  }
  return {
    traces, readersOf, isAnother,
    isUntold: (old, fresh) => readersOf(old) !== readersOf(fresh) && isAnother(old, fresh),
    isLike: (old, fresh) => {
      const had = new Set(versions[old]?.leaves.flatMap(({ key, size }) => [key, size]))
      return versions[fresh]?.leaves.some(({ key, size }) => had.has(key) || had.has(size)) === true
    },
  }
}

/** `links` without the pairs that are told; a link is kept for those of it that have another pair. */
export function stillUntold(links: readonly DataKeyLink[], isTold: (old: number, fresh: number) => boolean): readonly DataKeyLink[] {
  return links.flatMap(({ olds, news }) => {
    const left = olds.filter((old) => news.some((fresh) => !isTold(old, fresh)))
    const open = news.filter((fresh) => olds.some((old) => !isTold(old, fresh)))
    return left.length === 0 ? [] : [{ olds: left, news: open }]
  })
}

/**
 * The data keys that may be one of `from`: what comes of those in any number of steps, and what those came of. What only came of the
 * same as one of them is not among them: two files that stood beside each other would have shown what they share.
 */
export function perhapsReached(links: readonly DataKeyLink[], dataKey: (version: number) => number, from: Iterable<number>): ReadonlySet<number> {
  const start = new Set(from)
  const found = new Set<number>()
  // The links are in the order of the commits, and what comes back to an older version comes to a link that was passed.
  const follow = (ordered: readonly DataKeyLink[], step: (link: DataKeyLink) => readonly [readonly number[], readonly number[]]): void => {
    const reached = new Set(start)
    for (let size = -1; size < reached.size;) {
      size = reached.size
      for (const link of ordered) {
        const [near, far] = step(link)
        if (near.some((version) => reached.has(dataKey(version)))) for (const version of far) reached.add(dataKey(version))
      }
    }
    for (const key of reached) if (!start.has(key)) found.add(key)
  }
  follow(links, ({ olds, news }) => [olds, news])
  follow(links.toReversed(), ({ olds, news }) => [news, olds])
  return found
}
