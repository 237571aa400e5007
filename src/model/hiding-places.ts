// Where at the base a value can stand that went from its name: by its length, which its ciphertext has too, and by when it came.
// Pure. Must never take for a proof that two values are as long as each other.
import { hasName } from './file-version.ts'
import type { History, KnownLeaf } from './history.ts'
import type { KnownValues } from './known-values.ts'

/** A value of a version, to be decrypted. */
export interface Place {
  readonly version: number
  readonly key: string
}

export interface HidingPlaces {
  /** Values that came to a new name as this one went, or later: without a key nobody can tell whether one of them is it. */
  readonly suspects: readonly Place[]
  /** Any value that is as long, in lists that many questions share. */
  readonly elsewhere: readonly (readonly Place[])[]
}

/** What is shorter is the same by chance too often to prove anything: `true`, a port, a region. */
const shortest = 8

interface Entry extends Place {
  /** The place of the commit that it came in, in the order of the commits; 0 is the newest. null: it came in the place of another. */
  readonly came: number | null
}

/** Of values that stood in the file whose home is `home`. Only what people are not sure to have read can be a place: the rest is listed itself. */
export function hidingPlacesIn(history: History, { byIv }: Pick<KnownValues, 'byIv'>): (home: string, ivs: readonly number[]) => HidingPlaces {
  const order = orderOf(history)
  const bySize = entriesBySize(history, order, (iv) => (byIv.get(iv) ?? 'perhaps') === 'perhaps')
  const places = new Map<number, readonly Place[]>()
  for (const [size, entries] of bySize) places.set(size, entries)
  let went: ReadonlyMap<number, Went> | null = null
  const since = new Map<string, readonly Place[]>()
  return (home, ivs) => {
    went ??= whenTheyWent(history, order, byIv)
    const gone = ivs.flatMap((iv) => went?.get(iv) ?? [])
    const cameSince = ({ size, at }: Went): readonly Place[] => {
      const key = `${size} ${at}`
      const found = since.get(key) ?? (bySize.get(size) ?? []).filter(({ came }) => came !== null && came <= at)
      since.set(key, found)
      return found
    }
    const suspects = gone.flatMap((one) => [...cameSince(one), ...cleared(history, home, one)])
    const sizes = new Set(gone.map(({ size }) => size))
    return { suspects, elsewhere: [...sizes].flatMap((size) => (places.has(size) ? [places.get(size) ?? []] : [])) }
  }
}

interface Went {
  readonly size: number
  readonly at: number
  /** The version that had it last. */
  readonly from: number
}

function orderOf({ changes }: History): readonly number[] {
  let [last, place] = [-1, -1]
  return changes.map(({ commit }) => {
    if (commit !== last) place += 1
    last = commit
    return place
  })
}

function entriesBySize(history: History, order: readonly number[], isUnsure: (iv: number) => boolean): ReadonlyMap<number, readonly Entry[]> {
  const leaves = [...new Set(history.base.values())].flatMap((version) => (history.versions[version]?.leaves ?? [])
    .filter(({ iv, key, size }) => size >= shortest && hasName(key) && isUnsure(iv)).map((leaf) => ({ version, leaf })))
  const cameAt = new Map<number, number>(leaves.map(({ leaf }) => [leaf.iv, -1]))
  // The changes go back in time: the oldest stays.
  if (cameAt.size > 0) {
    history.changes.forEach(({ after }, at) => {
      for (const { iv } of leavesOf(history, after)) if (cameAt.has(iv)) cameAt.set(iv, at)
    })
  }
  const names = new Map<number, ReadonlySet<string>>()
  const hadName = (version: number, key: string): boolean => {
    const known = names.get(version) ?? new Set(leavesOf(history, version).map((one) => one.key))
    names.set(version, known)
    return known.has(key)
  }
  return Map.groupBy(leaves.map(({ version, leaf: { key, iv, size } }) => {
    const at = cameAt.get(iv) ?? -1
    const before = history.changes[at]?.before ?? null
    return { version, key, size, came: before !== null && hadName(before, key) ? null : order[at] ?? 0 }
  }), ({ size }) => size)
}

/** For each value that they knew and that stands nowhere any more: the earliest commit that took it away without bringing it elsewhere. */
function whenTheyWent(history: History, order: readonly number[], byIv: KnownValues['byIv']): ReadonlyMap<number, Went> {
  const here = new Set([...history.base.values()].flatMap((version) => leavesOf(history, version).map(({ iv }) => iv)))
  const found = new Map<number, Went>()
  for (const [at, changes] of Map.groupBy(history.changes.keys(), (one) => order[one] ?? 0)) {
    const came = new Set<number>()
    const left: (readonly [KnownLeaf, number])[] = []
    for (const one of changes) {
      const { before = null, after = null } = history.changes[one] ?? {}
      const had = new Set(leavesOf(history, before).map(({ iv }) => iv))
      const has = new Set(leavesOf(history, after).map(({ iv }) => iv))
      for (const iv of has) if (!had.has(iv)) came.add(iv)
      for (const leaf of leavesOf(history, before)) {
        if (before !== null && leaf.size >= shortest && byIv.has(leaf.iv) && !here.has(leaf.iv) && !has.has(leaf.iv)) left.push([leaf, before])
      }
    }
    for (const [{ iv, size }, from] of left) if (!came.has(iv)) found.set(iv, { size, at, from })
  }
  // What a merge left behind went in no commit: anything may have come since.
  for (const [version, { leaves }] of history.versions.entries()) {
    for (const { iv, size } of leaves) {
      if (size >= shortest && byIv.has(iv) && !here.has(iv) && !found.has(iv)) found.set(iv, { size, at: Infinity, from: version })
    }
  }
  return found
}

/** What stands in the clear in the same file now, as long as the value, under a name that was not in the clear then. */
function cleared(history: History, home: string, { size, from }: Went): readonly Place[] {
  const version = history.base.get(home)
  if (version === undefined) return []
  const then = new Set(history.versions[from]?.clear.map(({ key }) => key))
  return (history.versions[version]?.clear ?? []).filter((one) => one.size === size && !then.has(one.key)).map(({ key }) => ({ version, key }))
}

function leavesOf({ versions }: History, version: number | null): readonly KnownLeaf[] {
  return version === null ? [] : versions[version]?.leaves ?? []
}
