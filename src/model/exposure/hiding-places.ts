// Where a value that somebody knew can stand now, and what a value of today can be of all that they knew: by its length, which its
// ciphertext has too, and by those that its other spellings have. Pure. Must never take a length for a proof.
import { isComment } from './file-version.ts'
import type { History, KnownLeaf } from './history.ts'
import type { Knowing, KnownValues } from './known-values.ts'
import { alikeSizes, isAlike } from './spellings.ts'

/** A value of a version, to be decrypted. */
export interface Place {
  readonly version: number
  readonly key: string
  /** In bytes. */
  readonly size: number
}

/** A value that they knew, by its IV; for sure, or only perhaps. */
export interface KnownValue {
  readonly iv: number
  readonly home: string
  readonly key: string
  readonly size: number
  readonly knowing: Knowing
}

/** Lists of what is as long as a value, or as another spelling of it: any number of questions share them. */
export interface ByLength {
  /** What stands at the base and they are not sure to know. What they are sure to know is reported where it stands. */
  readonly places: (size: number) => readonly Place[]
  /** The same for comments, which have no names. */
  readonly comments: (size: number) => readonly Place[]
  /** All that they knew, wherever it stood. */
  readonly known: (size: number) => readonly KnownValue[]
}

/** What is shorter is the same by chance too often to prove anything: `true`, a port, a region. */
export const shortest = 8

export function isShort({ size }: { readonly size: number }): boolean {
  return size < shortest
}

export function byLength(history: History, known: KnownValues): ByLength {
  const isUnsure = (iv: number): boolean => (known.byIv.get(iv) ?? 'perhaps') === 'perhaps'
  const atBase = [...new Set(history.base.values())].flatMap((version) => leavesOf(history, version)
    .flatMap(({ key, iv, size }): Place[] => (isUnsure(iv) ? [{ version, key, size }] : [])))
  return {
    places: alike(() => atBase.filter(({ key }) => !isComment(key))),
    comments: alike(() => atBase.filter(({ key }) => isComment(key))),
    known: alike(() => allKnown(history, known)),
  }
}

function alike<T extends { readonly size: number }>(all: () => Iterable<T>): (size: number) => readonly T[] {
  let bySize: ReadonlyMap<number, readonly T[]> | null = null
  const lists = new Map<number, readonly T[]>()
  return (size) => {
    const sized = bySize ??= Map.groupBy(all(), (one) => one.size)
    const list = lists.get(size) ?? alikeSizes(size).flatMap((one) => sized.get(one) ?? [])
    lists.set(size, list)
    return list
  }
}

/** Each value once, where it was found last. */
function allKnown(history: History, { byHome, byIv }: KnownValues): Iterable<KnownValue> {
  const found = new Map<number, KnownValue>()
  for (const [home, secrets] of byHome) {
    for (const [key, { ivs }] of secrets) {
      if (isComment(key)) continue
      for (const iv of ivs) if (!found.has(iv)) found.set(iv, { iv, home, key, size: history.sizeOf(iv), knowing: byIv.get(iv) ?? 'perhaps' })
    }
  }
  return found.values()
}

/** What stands in the clear at `home` under a name that it was not in the clear at where one of `values` stood last. */
export function clearedAt(history: History, home: string, lastWith: (iv: number) => number | null, values: readonly { readonly iv: number; readonly size: number }[]): readonly Place[] {
  const version = history.base.get(home)
  const clear = version === undefined ? [] : history.versions[version]?.clear ?? []
  if (version === undefined || clear.length === 0) return []
  return clear.filter(({ key, size }) => values.some((value) => isAlike(value.size, size)
    && history.versions[lastWith(value.iv) ?? -1]?.clear.some((one) => one.key === key) !== true)).map(({ key, size }) => ({ version, key, size }))
}

/** For each IV the newest version that has it. */
export function lastWith(history: History): (iv: number) => number | null {
  let last: ReadonlyMap<number, number> | null = null
  return (iv) => (last ??= newestVersions(history)).get(iv) ?? null
}

function newestVersions(history: History): ReadonlyMap<number, number> {
  const found = new Map<number, number>()
  for (const { after } of history.changes) {
    for (const { iv } of leavesOf(history, after)) if (after !== null && !found.has(iv)) found.set(iv, after)
  }
  return found
}

function leavesOf({ versions }: History, version: number | null): readonly KnownLeaf[] {
  return version === null ? [] : versions[version]?.leaves ?? []
}
