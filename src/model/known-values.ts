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

/** What they knew under one name: the IV of each of its values, the newest first. */
export interface KnownSecret {
  readonly ivs: readonly number[]
}

export interface KnownValues {
  readonly byIv: ReadonlyMap<number, Knowing>
  /** By home (see `homesOf`), then by key. */
  readonly byHome: ReadonlyMap<string, ReadonlyMap<string, KnownSecret>>
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
  const byHome = new Map<string, Map<string, OpenSecret>>()
  const values = new Map<number, OpenValue>()
  const spansOf = (home: string, { key, iv }: KnownLeaf): readonly [OpenSecret, OpenValue] => {
    const secrets = byHome.get(home) ?? new Map<string, OpenSecret>()
    byHome.set(home, secrets)
    const [secret, value] = [secrets.get(key) ?? { ivs: [], sure: null, perhaps: null }, values.get(iv) ?? { of: null, sure: null, perhaps: null }]
    secrets.set(key, secret)
    values.set(iv, value)
    return [secret, value]
  }
  history.changes.forEach(({ path, time, before, after }, at) => {
    const home = homes[at] ?? path
    const [was, is] = [accessTo(before), accessTo(after)]
    if (was !== null && before !== null) {
      // What they could surely read is taken from them also where they may still have the data key.
      const left = is === null || after === null || (is.listed === null && was.listed !== null) ? [] : history.versions[after]?.leaves ?? []
      const stays = new Set<string | number>()
      for (const { key, iv } of left) stays.add(key).add(iv)
      for (const leaf of history.versions[before]?.leaves ?? []) {
        const [secret, value] = spansOf(home, leaf)
        if (!stays.has(leaf.key)) end(secret, was, time)
        if (!stays.has(leaf.iv)) end(value, was, time)
      }
    }
    if (is === null || after === null) return
    const isTooLate = is.listed !== null && !lists(after) && at < is.listed.at
    const knowing = is.listed === null ? 'perhaps' : isTooLate ? 'spliced' : 'listed'
    for (const leaf of history.versions[after]?.leaves ?? []) {
      const [secret, value] = spansOf(home, leaf)
      if (value.of !== secret) secret.ivs.push(leaf.iv)
      value.of = secret
      byIv.set(leaf.iv, surest(byIv.get(leaf.iv), knowing))
      begin(secret, is, time)
      begin(value, is, time)
    }
  })
  for (const [home, secrets] of byHome) {
    for (const [key, secret] of secrets) {
      // The end of what never was theirs.
      if (secret.ivs.length === 0) secrets.delete(key)
      // A value can have been somewhere else in between.
      if (secret.ivs.length > 1) secret.ivs = [...new Set(secret.ivs)]
    }
    if (secrets.size === 0) byHome.delete(home)
  }
  const canRead = (version: number): boolean => (accessTo(version)?.listed ?? null) !== null
  return {
    byIv, byHome,
    spanOf: (home, key) => surestSpan(byHome.get(home)?.get(key)),
    spanOfValue: (iv) => surestSpan(values.get(iv)),
    readable: new Set([...history.base.values()].filter(canRead).flatMap((version) => history.versions[version]?.leaves.map(({ iv }) => iv) ?? [])),
    canRead,
  }
}

/** Of a secret, or of a value wherever it stands: for sure, and perhaps. null: not at all. */
interface Spans {
  sure: Span | null
  perhaps: Span | null
}

interface OpenSecret extends Spans {
  ivs: number[]
}

interface OpenValue extends Spans {
  /** The secret that it was found to be of last. */
  of: OpenSecret | null
}

function spanFor(spans: Spans, { listed }: Access): Span {
  const span = (listed === null ? spans.perhaps : spans.sure) ?? { since: Infinity, until: -Infinity, readBy: nobody, last: -Infinity }
  if (listed === null) spans.perhaps = span
  else spans.sure = span
  return span
}

function begin(spans: Spans, access: Access, time: number): void {
  const span = spanFor(spans, access)
  span.since = Math.min(span.since, Math.max(time, access.listed?.time ?? 0))
  span.last = Math.max(span.last, Math.max(time, access.listed?.time ?? 0))
  // Most have the readers of one data key: they share its set.
  if (span.readBy !== access.readBy) span.readBy = span.readBy.size === 0 ? access.readBy : new Set([...span.readBy, ...access.readBy])
}

function end(spans: Spans, access: Access, time: number): void {
  const span = spanFor(spans, access)
  span.until = Math.max(span.until, time)
}

/** What was never begun is none. */
function surestSpan(spans: Spans | undefined): SureSpan | null {
  if (spans === undefined) return null
  const { sure, perhaps } = spans
  if (sure !== null && sure.since < Infinity) return { ...sure, isSure: true }
  return perhaps !== null && perhaps.since < Infinity ? { ...perhaps, isSure: false } : null
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
