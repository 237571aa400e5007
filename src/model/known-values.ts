// What some people could read at any commit: the values, from when to when, and how surely.
// Pure. Must never take what they may have read for what they surely did.
import type { History, KnownLeaf } from './history.ts'
import { homesOf } from './lineage.ts'
import { isMeantBy } from './recipient.ts'
import type { Recipient } from './recipient.ts'

/**
 * How a value is known. `listed`: they stood in a version that has it, or could open it with a data key that they were given
 * later. `spliced`: it came when they stood there no more, under a data key that they had. `perhaps`: nobody can tell whether
 * that data key is one that they had.
 */
export type Knowing = 'listed' | 'spliced' | 'perhaps'

/** In seconds since 1970: the first commit at which they could read it, and the one that took it from them last. */
export interface Span {
  since: number
  until: number
  readBy: ReadonlySet<Recipient>
  /** The newest commit that had it. */
  last: number
}

export interface KnownSecret {
  /** The IV of each of its values, the newest first. */
  readonly ivs: Set<number>
}

export interface KnownValues {
  readonly byIv: ReadonlyMap<number, Knowing>
  /** Home (see `homesOf`) → key → the IV of each value they knew there, the newest first. */
  readonly byHome: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<number>>>
  /** Of a secret by its home and key. As sure as can be. */
  readonly spanOf: (home: string, key: string) => SureSpan | null
  /** Of a value by its IV, wherever it was. */
  readonly spanOfValue: (iv: number) => SureSpan | null
  /** The IVs that stand at the base in a version that they can surely read. */
  readonly readable: ReadonlySet<number>
  /** Whether they have the data key of a version for sure. */
  readonly canRead: (version: number) => boolean
}

export interface SureSpan extends Readonly<Span> {
  readonly isSure: boolean
}

/** Both, where both are as sure; else the surer one. */
export function joined(a: SureSpan | null, b: SureSpan | null): SureSpan | null {
  if (a === null || b === null) return a ?? b
  if (a.isSure !== b.isSure) return a.isSure ? a : b
  return {
    isSure: a.isSure, since: Math.min(a.since, b.since), until: Math.max(a.until, b.until), last: Math.max(a.last, b.last),
    readBy: a.readBy === b.readBy ? a.readBy : new Set([...a.readBy, ...b.readBy]),
  }
}

function surer(sure: Span | null, perhaps: () => Span | null): SureSpan | null {
  const span = sure ?? perhaps()
  return span === null ? null : { ...span, isSure: sure !== null }
}

interface Access {
  readonly readBy: ReadonlySet<Recipient>
  /** null: only perhaps. */
  readonly listed: { readonly time: number; readonly at: number } | null
}

/** What any of `people` could read, whoever wrapped the data key for them and whatever path the version stood at. */
export function knownTo(people: readonly Recipient[], history: History): KnownValues {
  const { accessTo, lists } = accessOf(people, history)
  const homes = homesOf(history)
  const byIv = new Map<number, Knowing>()
  const byHome = new Map<string, Map<string, Set<number>>>()
  const spans = { sure: new Spans(), perhaps: new Spans() }
  history.changes.forEach(({ path, time, before, after }, at) => {
    const home = homes[at] ?? path
    const [was, is] = [accessTo(before), accessTo(after)]
    if (was !== null && before !== null) {
      // What they could surely read is taken from them also where they may still have the data key.
      const left = is === null || after === null || (is.listed === null && was.listed !== null) ? [] : history.versions[after]?.leaves ?? []
      const stays = new Set<string | number>()
      for (const { key, iv } of left) stays.add(key).add(iv)
      for (const leaf of history.versions[before]?.leaves ?? []) spans[was.listed === null ? 'perhaps' : 'sure'].end(home, leaf, time, stays)
    }
    if (is === null || after === null) return
    const isTooLate = is.listed !== null && !lists(after) && at < is.listed.at
    const knowing = is.listed === null ? 'perhaps' : isTooLate ? 'spliced' : 'listed'
    const secrets = byHome.get(home) ?? new Map<string, Set<number>>()
    byHome.set(home, secrets)
    for (const leaf of history.versions[after]?.leaves ?? []) {
      const ivs = secrets.get(leaf.key)
      if (ivs === undefined) secrets.set(leaf.key, new Set([leaf.iv]))
      else ivs.add(leaf.iv)
      byIv.set(leaf.iv, surest(byIv.get(leaf.iv), knowing))
      spans[is.listed === null ? 'perhaps' : 'sure'].begin(home, leaf, Math.max(time, is.listed?.time ?? 0), is.readBy)
    }
  })
  const canRead = (version: number): boolean => (accessTo(version)?.listed ?? null) !== null
  return {
    byIv, byHome,
    spanOf: (home, key) => surer(spans.sure.ofSecret(home, key), () => spans.perhaps.ofSecret(home, key)),
    spanOfValue: (iv) => surer(spans.sure.ofValue(iv), () => spans.perhaps.ofValue(iv)),
    readable: new Set([...history.base.values()].filter(canRead).flatMap((version) => history.versions[version]?.leaves.map(({ iv }) => iv) ?? [])),
    canRead,
  }
}

/** Of secrets by home and key, and of values by IV, which are the same wherever they stand. */
class Spans {
  readonly #secrets = new Map<string, Map<string, Span>>()
  readonly #values = new Map<number, Span>()

  ofSecret(home: string, key: string): Span | null {
    return begun(this.#secrets.get(home)?.get(key))
  }

  ofValue(iv: number): Span | null {
    return begun(this.#values.get(iv))
  }

  begin(home: string, { key, iv }: KnownLeaf, time: number, readBy: ReadonlySet<Recipient>): void {
    for (const span of [this.#secret(home, key), this.#value(iv)]) {
      span.since = Math.min(span.since, time)
      span.last = Math.max(span.last, time)
      // Most have the readers of one data key: they share its set.
      if (span.readBy !== readBy) span.readBy = span.readBy.size === 0 ? readBy : new Set([...span.readBy, ...readBy])
    }
  }

  end(home: string, { key, iv }: KnownLeaf, time: number, stays: ReadonlySet<string | number>): void {
    const ended = [...stays.has(key) ? [] : [this.#secret(home, key)], ...stays.has(iv) ? [] : [this.#value(iv)]]
    for (const span of ended) span.until = Math.max(span.until, time)
  }

  #secret(home: string, key: string): Span {
    const ofHome = this.#secrets.get(home) ?? new Map<string, Span>()
    this.#secrets.set(home, ofHome)
    const span = ofHome.get(key) ?? unbegun()
    ofHome.set(key, span)
    return span
  }

  #value(iv: number): Span {
    const span = this.#values.get(iv) ?? unbegun()
    this.#values.set(iv, span)
    return span
  }
}

function begun(span: Span | undefined): Span | null {
  return span !== undefined && span.since < Infinity ? span : null
}

function unbegun(): Span {
  return { since: Infinity, until: -Infinity, readBy: nobody, last: -Infinity }
}

const nobody: ReadonlySet<Recipient> = new Set()

/** Who has which data key, from when on, and who is listed where. */
function accessOf(people: readonly Recipient[], history: History): {
  readonly accessTo: (version: number | null) => Access | null
  readonly lists: (version: number) => boolean
} {
  const meant = history.recipients.map((one) => people.filter((person) => isMeantBy(person, one)))
  const listed = (version: number): readonly Recipient[] => history.versions[version]?.readers.flatMap((one) => meant[one] ?? []) ?? []
  const access = new Map<number, { readBy: Set<Recipient>; listed: { time: number; at: number } | null }>()
  history.changes.forEach(({ after, time }, at) => {
    if (after === null || listed(after).length === 0) return
    const key = history.dataKey(after)
    const known = access.get(key) ?? { readBy: new Set(), listed: { time, at } }
    for (const one of listed(after)) known.readBy.add(one)
    // The changes go back in time.
    access.set(key, { ...known, listed: { time: Math.min(time, known.listed?.time ?? time), at } })
  })
  for (const [key, { readBy }] of [...access]) {
    for (const other of history.perhapsSame(key)) {
      const known = access.get(other) ?? { readBy: new Set(), listed: null }
      if (known.listed === null) access.set(other, { ...known, readBy: new Set([...known.readBy, ...readBy]) })
    }
  }
  return {
    accessTo: (version) => (version === null ? null : access.get(history.dataKey(version)) ?? null),
    lists: (version) => listed(version).length > 0,
  }
}

const order: readonly (Knowing | undefined)[] = ['listed', 'spliced', 'perhaps', undefined]

function surest(a: Knowing | undefined, b: Knowing): Knowing {
  return order.indexOf(a) < order.indexOf(b) ? a ?? b : b
}
