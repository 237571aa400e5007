// Where the secrets of a file that is gone live on: the file at the base that it was renamed to, by its content.
// Pure. Must never guess by a name where the content tells, nor let what only one of two copies had vanish in the other.
import type { History } from './history.ts'

/** A path from the commit that brought a file there to the one that took it away. */
interface Life {
  readonly path: string
  /** Its place in the order of the changes, 0 being the newest; -1 for what stands at the base. */
  readonly end: number
  /** The place of the change that began it. */
  start: number
  readonly last: number
  /** The paths that came into being in the commit that took it away. */
  readonly cameThen: ReadonlySet<string>
}

export interface Lineage {
  /** For each change of the history: the path whose secrets these are now. */
  readonly homes: readonly string[]
  /** For a change of a copy that is gone: the path of each of its values, by the IV; null for any other. */
  readonly homeOfEach: (change: number) => ((iv: number) => string) | null
  /** Files that were renamed in one commit, by their changes: the one that took the old path away, and the one that brought the new. */
  readonly moves: readonly (readonly [from: number, to: number])[]
}

interface Heir {
  readonly life: Life
  /** How many values it shares. */
  readonly count: number
  /** It came as the other went, or later, and no other life is as much like it: the same file by another name. */
  isMove: boolean
}

/**
 * A life that lasts to the base has its own home. One that is over has that of the life that came in the same commit or outlived it,
 * and shares a value that never changed (by its IV) or the data key with its last version; of several the one that shares most. Where
 * there is none, a file of its name takes its place. A copy that stood beside its heir gives that only what the heir has too: what was
 * edited in it was its own.
 */
export function lineageOf(history: History): Lineage {
  const { lives, lifeOf } = livesIn(history)
  const over = lives.filter(({ end }) => end >= 0)
  const { versionsOf, holders } = heldIn(history, lifeOf)
  const heirs = heirsOf(history, lives, over, versionsOf, holders)
  const homes = new Map<Life, string>()
  const homeOf = (life: Life): string => {
    const known = homes.get(life)
    if (known !== undefined) return known
    const heir = heirs.get(life)
    const home = heir === undefined ? life.path : homeOf(heir.life)
    homes.set(life, home)
    return home
  }
  // Who ends later has its home first, so that none is looked for in depth.
  for (const life of lives.toSorted((a, b) => a.end - b.end)) homeOf(life)
  const held = new Map<Life, ReadonlySet<number>>()
  const holds = (life: Life, iv: number): boolean => {
    const ivs = held.get(life) ?? new Set([...versionsOf.get(life) ?? []].flatMap((version) => history.versions[version]?.leaves.map((leaf) => leaf.iv) ?? []))
    held.set(life, ivs)
    return ivs.has(iv)
  }
  const homeOfValue = (life: Life, iv: number): string => {
    let at = life
    for (let heir = heirs.get(at); heir !== undefined; heir = heirs.get(at)) {
      if (!heir.isMove && !holds(heir.life, iv)) return at.path
      at = heir.life
    }
    return at.path
  }
  const isCopy = remembered((life: Life): boolean => {
    for (let heir = heirs.get(life); heir !== undefined; heir = heirs.get(heir.life)) if (!heir.isMove) return true
    return false
  })
  const moves = [...heirs].flatMap(([life, heir]): readonly (readonly [number, number])[] =>
    (heir.isMove && history.changes[life.end]?.commit === history.changes[heir.life.start]?.commit ? [[life.end, heir.life.start]] : []))
  return {
    homes: history.changes.map(({ path }, at) => homes.get(lifeOf[at] as Life) ?? path),
    homeOfEach: (change) => {
      const life = lifeOf[change]
      return life === undefined || !isCopy(life) ? null : (iv) => homeOfValue(life, iv)
    },
    moves,
  }
}

function remembered<K, V>(find: (of: K) => V): (of: K) => V {
  const found = new Map<K, V>()
  return (of) => {
    const known = found.get(of) ?? find(of)
    found.set(of, known)
    return known
  }
}

function heirsOf(
  history: History, lives: readonly Life[], over: readonly Life[],
  versionsOf: ReadonlyMap<Life, ReadonlySet<number>>, holders: ReadonlyMap<number, readonly Life[]>,
): ReadonlyMap<Life, Heir> {
  const commitAt = (change: number): number | undefined => history.changes[change]?.commit
  const shared = sharedWith(history, over)
  const born = Map.groupBy(lives, ({ path }) => path)
  const heirs = new Map<Life, Heir>()
  for (const life of over) {
    const counts = shared.get(life.last) ?? new Map<number, number>()
    const rank = ({ path }: Life): number => life.cameThen.has(path) ? 0 : path === life.path ? 1 : 2
    const countIn = (other: Life): number => [...versionsOf.get(other) ?? []].reduce((most, version) => Math.max(most, counts.get(version) ?? -1), -1)
    const outlives = (other: Life): boolean => other !== life && other.end < life.end
    const best = (others: Iterable<Life>): Pick<Heir, 'life' | 'count'> | null => {
      let found: Pick<Heir, 'life' | 'count'> | null = null
      for (const other of others) {
        const count = outlives(other) ? countIn(other) : -1
        if (count < 0) continue
        const order: number = found === null ? -1 : rank(other) - rank(found.life) || found.count - count || (isNearer(other, found.life, life) ? -1 : 1)
        if (order < 0) found = { life: other, count }
      }
      return found
    }
    // Only where nothing came in its place is everything else to be looked at.
    const then = best([...life.cameThen].flatMap((path) => born.get(path)?.filter(({ start }) => commitAt(start) === commitAt(life.end)) ?? []))
    const heir = then ?? best(new Set([...counts.keys()].flatMap((version) => holders.get(version) ?? [])))
    if (heir !== null) heirs.set(life, { ...heir, isMove: then !== null || heir.life.start < life.end })
  }
  for (const claims of Map.groupBy([...heirs].filter(([, { isMove }]) => isMove), ([, { life }]) => life).values()) {
    const [best] = claims.toSorted(([a, one], [b, other]) => other.count - one.count || (isNearer(a, b, one.life) ? -1 : 1))
    for (const [life, heir] of claims) heir.isMove = life === best?.[0]
  }
  return heirs
}

function livesIn({ changes, base }: History): { readonly lives: readonly Life[]; readonly lifeOf: readonly Life[] } {
  const came = new Map<number, Set<string>>()
  for (const { commit, path, before } of changes) if (before === null) came.set(commit, (came.get(commit) ?? new Set()).add(path))
  const lives: Life[] = []
  const open = new Map<string, Life | null>()
  const lifeOf = changes.map(({ commit, path, before, after }, at): Life => {
    const isFirst = !open.has(path)
    const cameThen = after === null ? came.get(commit) ?? new Set<string>() : new Set<string>()
    const life = open.get(path) ?? { path, end: isFirst && base.has(path) ? -1 : at, start: at, last: after ?? before ?? -1, cameThen }
    if ((open.get(path) ?? null) === null) lives.push(life)
    life.start = at
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
