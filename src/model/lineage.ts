// Where the secrets of a file that is gone live on: the file at the base that it was renamed to, by its content.
// Pure. Must never guess by a name where the content tells.
import type { History } from './history.ts'

/** A path from the commit that brought a file there to the one that took it away. */
interface Life {
  readonly path: string
  /** Its place in the order of the changes, 0 being the newest; -1 for what stands at the base. */
  readonly end: number
  readonly last: number
  /** The paths that came into being in the commit that took it away. */
  readonly cameThen: ReadonlySet<string>
}

/**
 * For each change of `history`: the path whose secrets these are now. A life that lasts to the base has its own. One that is over
 * has that of the life that came in the same commit or outlived it, and shares a value that never changed (by its IV) or the data
 * key with its last version; of several the one that shares most. Where there is none, a file of its name takes its place.
 */
export function homesOf(history: History): readonly string[] {
  const { lives, lifeOf } = livesIn(history)
  const over = lives.filter(({ end }) => end >= 0)
  const sharers = sharersOf(history, lifeOf, over)
  const homes = new Map(lives.filter(({ end }) => end < 0).map((life) => [life, life.path]))
  // Who ends later has its home first.
  for (const life of over.toSorted((a, b) => a.end - b.end)) {
    const rank = ({ path }: Life): number => life.cameThen.has(path) ? 0 : path === life.path ? 1 : 2
    const [best] = [...sharers.get(life) ?? []].filter(([other]) => other !== life && other.end < life.end)
      .toSorted(([a, shared], [b, more]) => rank(a) - rank(b) || more - shared || (a.path < b.path ? -1 : 1))
    homes.set(life, (best === undefined ? null : homes.get(best[0])) ?? life.path)
  }
  return history.changes.map(({ path }, at) => homes.get(lifeOf[at] as Life) ?? path)
}

function livesIn({ changes, base }: History): { readonly lives: readonly Life[]; readonly lifeOf: readonly Life[] } {
  const came = new Map<number, Set<string>>()
  for (const { commit, path, before } of changes) if (before === null) came.set(commit, (came.get(commit) ?? new Set()).add(path))
  const lives: Life[] = []
  const open = new Map<string, Life | null>()
  const lifeOf = changes.map(({ commit, path, before, after }, at): Life => {
    const isFirst = !open.has(path)
    const cameThen = after === null ? came.get(commit) ?? new Set<string>() : new Set<string>()
    const life = open.get(path) ?? { path, end: isFirst && base.has(path) ? -1 : at, last: after ?? before ?? -1, cameThen }
    if ((open.get(path) ?? null) === null) lives.push(life)
    // What is older than its birth is another.
    open.set(path, before === null ? null : life)
    return life
  })
  return { lives, lifeOf }
}

/** For each of `over`: the lives that held something of its last version, and how many of its values. */
function sharersOf(history: History, lifeOf: readonly Life[], over: readonly Life[]): ReadonlyMap<Life, ReadonlyMap<Life, number>> {
  const [byIv, byDataKey] = [new Map<number, Life[]>(), new Map<number, Life[]>()]
  const found = new Map(over.map((life) => [life, new Map<Life, number>()]))
  for (const life of over) {
    for (const { iv } of history.versions[life.last]?.leaves ?? []) byIv.set(iv, [...byIv.get(iv) ?? [], life])
    byDataKey.set(history.dataKey(life.last), [...byDataKey.get(history.dataKey(life.last)) ?? [], life])
  }
  const seen = new Map<Life, Set<number>>()
  history.changes.forEach(({ after }, at) => {
    const here = lifeOf[at]
    if (after === null || here === undefined || seen.get(here)?.has(after) === true) return
    seen.set(here, (seen.get(here) ?? new Set()).add(after))
    const shared = new Map((byDataKey.get(history.dataKey(after)) ?? []).map((life) => [life, 0]))
    for (const { iv } of history.versions[after]?.leaves ?? []) for (const life of byIv.get(iv) ?? []) shared.set(life, (shared.get(life) ?? 0) + 1)
    for (const [life, count] of shared) {
      const sharers = found.get(life)
      sharers?.set(here, Math.max(sharers.get(here) ?? 0, count))
    }
  })
  return found
}
