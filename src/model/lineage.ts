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
  const shared = sharedWith(history, over)
  const { versionsOf, holders } = heldIn(history, lifeOf)
  const born = Map.groupBy(lives, ({ path }) => path)
  const homes = new Map(lives.filter(({ end }) => end < 0).map((life) => [life, life.path]))
  // Who ends later has its home first.
  for (const life of over.toSorted((a, b) => a.end - b.end)) {
    const counts = shared.get(life.last) ?? new Map<number, number>()
    const rank = ({ path }: Life): number => life.cameThen.has(path) ? 0 : path === life.path ? 1 : 2
    const countIn = (other: Life): number => [...versionsOf.get(other) ?? []].reduce((most, version) => Math.max(most, counts.get(version) ?? -1), -1)
    const outlives = (other: Life): boolean => other !== life && other.end < life.end
    const best = (others: Iterable<Life>): Life | null => {
      let found: readonly [Life, number] | null = null
      for (const other of others) {
        const count = outlives(other) ? countIn(other) : -1
        if (count < 0) continue
        const order: number = found === null ? -1 : rank(other) - rank(found[0]) || found[1] - count || (isNearer(other, found[0], life) ? -1 : 1)
        if (order < 0) found = [other, count]
      }
      return found?.[0] ?? null
    }
    // Only where nothing came in its place is everything else to be looked at.
    const heir = best([...life.cameThen].flatMap((path) => born.get(path) ?? []))
      ?? best(new Set([...counts.keys()].flatMap((version) => holders.get(version) ?? [])))
    homes.set(life, (heir === null ? null : homes.get(heir)) ?? life.path)
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

/** Of two that share as much: the one that kept the file's name, or else comes first by its path. */
function isNearer(a: Life, b: Life, to: Life): boolean {
  const keeps = ({ path }: Life): boolean => nameIn(path) === nameIn(to.path)
  return keeps(a) === keeps(b) ? a.path < b.path : keeps(a)
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function heldIn({ changes }: History, lifeOf: readonly Life[]): {
  readonly versionsOf: ReadonlyMap<Life, ReadonlySet<number>>
  readonly holders: ReadonlyMap<number, readonly Life[]>
} {
  const versionsOf = new Map<Life, Set<number>>()
  changes.forEach(({ after }, at) => {
    const life = lifeOf[at]
    if (after !== null && life !== undefined) versionsOf.set(life, (versionsOf.get(life) ?? new Set()).add(after))
  })
  const holders = new Map<number, Life[]>()
  for (const [life, versions] of versionsOf) {
    for (const version of versions) {
      const known = holders.get(version)
      if (known === undefined) holders.set(version, [life])
      else known.push(life)
    }
  }
  return { versionsOf, holders }
}

/** For each last version of `over`: the versions that have something of it, and how many of its values. Many lives end in one version. */
function sharedWith(history: History, over: readonly Life[]): ReadonlyMap<number, ReadonlyMap<number, number>> {
  const [byIv, byDataKey] = [new Map<number, number[]>(), new Map<number, number[]>()]
  const add = (to: Map<number, number[]>, key: number, last: number): void => {
    const known = to.get(key)
    if (known === undefined) to.set(key, [last])
    else known.push(last)
  }
  const found = new Map([...new Set(over.map(({ last }) => last))].map((last) => [last, new Map<number, number>()]))
  for (const last of found.keys()) {
    for (const { iv } of history.versions[last]?.leaves ?? []) add(byIv, iv, last)
    add(byDataKey, history.dataKey(last), last)
  }
  if (found.size === 0) return found
  history.versions.forEach(({ leaves }, version) => {
    for (const last of byDataKey.get(history.dataKey(version)) ?? []) found.get(last)?.set(version, 0)
    for (const { iv } of leaves) {
      for (const last of byIv.get(iv) ?? []) found.get(last)?.set(version, (found.get(last)?.get(version) ?? 0) + 1)
    }
  })
  return found
}
