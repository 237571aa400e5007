// What some people could read at any commit: the values, from when to when, and how surely.
// Pure. Must never take what they may have read for what they surely did.
import type { ClearVersion, History } from './history.ts'
import { lineageOf } from './lineage.ts'
import type { Lineage } from './lineage.ts'
import { isMeantBy } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'

/**
 * How a value is known. `listed`: they stood in a version that has it, or could open it with a data key that they were given
 * later. `spliced`: it came when they stood there no more, under a data key that they had. `perhaps`: nobody can tell whether
 * that data key is one that they had. `clear`: it stood in the clear, where whoever has the repository could read it.
 */
export type Knowing = 'listed' | 'spliced' | 'clear' | 'perhaps'

/** In seconds since 1970: the first commit at which they could read it, and the one that took it from them last. */
export interface Span {
  readonly since: number
  readonly until: number
  readonly readBy: ReadonlySet<Recipient>
  /** The newest commit that had it. */
  readonly last: number
}

/** What they knew under one name: the IV of each of its values, the newest first. */
export interface KnownSecret {
  readonly ivs: readonly number[]
}

export interface KnownValues {
  readonly byIv: ReadonlyMap<number, Knowing>
  /** By home (see `lineageOf`), then by key. */
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

export interface SureSpan extends Span {
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
  const { homes, homeOfEach } = lineageOf(history)
  const byIv = new Map<number, Knowing>()
  const byHome = new Map<string, Map<string, OpenSecret>>()
  const values = new Map<number, OpenValue>()
  const secretsAt = (home: string): Map<string, OpenSecret> => {
    const secrets = byHome.get(home) ?? new Map<string, OpenSecret>()
    byHome.set(home, secrets)
    return secrets
  }
  history.changes.forEach(({ path, time, before, after }, at) => {
    const each = homeOfEach(at)
    const secretsOf = (iv: number): Map<string, OpenSecret> => secretsAt(each?.(iv) ?? homes[at] ?? path)
    const [was, is] = [accessTo(before), accessTo(after)]
    if (was !== null && before !== null) {
      // What they could surely read is taken from them also where they may still have the data key.
      const left = is === null || after === null || (is.listed === null && was.listed !== null) ? [] : history.versions[after]?.leaves ?? []
      const stays = new Set<string | number>()
      for (const { key, iv } of left) stays.add(key).add(iv)
      const end = shared((span) => ended(span, time))
      for (const { key, iv } of history.versions[before]?.leaves ?? []) {
        if (!stays.has(key)) take(entryOf(secretsOf(iv), key, newSecret), was, end)
        if (!stays.has(iv)) take(entryOf(values, iv, newValue), was, end)
      }
    }
    if (is === null || after === null) return
    const isTooLate = is.listed !== null && !lists(after) && at < is.listed.at
    const knowing = is.listed === null ? 'perhaps' : isTooLate ? 'spliced' : 'listed'
    const begin = shared((span) => begun(span, is, time))
    for (const { key, iv } of history.versions[after]?.leaves ?? []) {
      const [secret, value] = [entryOf(secretsOf(iv), key, newSecret), entryOf(values, iv, newValue)]
      if (value.of !== secret) addIv(secret, iv)
      value.of = secret
      byIv.set(iv, surest(byIv.get(iv), knowing))
      take(secret, is, begin)
      take(value, is, begin)
    }
  })
  const readBy = new Set(people)
  for (const { home, leaves, since, until } of people.length === 0 ? [] : clearIn(history, { homes, homeOfEach })) {
    const change = shared((span) => ended(begun(span, { readBy, listed: null }, since), until))
    for (const { key, iv } of leaves) {
      const [secret, value] = [entryOf(secretsAt(home), key, newSecret), entryOf(values, iv, newValue)]
      addIv(secret, iv)
      byIv.set(iv, 'clear')
      for (const spans of [secret, value]) spans.sure = change(spans.sure ?? never)
    }
  }
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

/**
 * What stood in the clear under a name that has been encrypted in the same file, and is not in the clear there now: what everybody still
 * reads at the base is no secret.
 */
function clearIn(
  { clearVersions, changes, base, versions }: History, { homes, homeOfEach }: Pick<Lineage, 'homes' | 'homeOfEach'>,
): readonly (Pick<ClearVersion, 'leaves' | 'since' | 'until'> & { readonly home: string })[] {
  /** The value's own, and that of its file, if another one outlived that. */
  const homesOf = (at: number, iv: number): readonly string[] => [homeOfEach(at)?.(iv) ?? [], homes[at] ?? []].flat()
  const encrypted = new Map<string, Set<string>>()
  for (const { change, leaves } of clearVersions) for (const { iv } of leaves) for (const home of homesOf(change, iv)) encrypted.set(home, new Set())
  if (encrypted.size === 0) return []
  changes.forEach(({ after }, at) => {
    for (const { key, iv } of versions[after ?? -1]?.leaves ?? []) encrypted.get(homesOf(at, iv)[0] ?? '')?.add(key)
  })
  for (const [home, keys] of encrypted) for (const { key } of versions[base.get(home) ?? -1]?.clear ?? []) keys.delete(key)
  return clearVersions.flatMap(({ change, leaves, since, until }) => {
    const byHome = Map.groupBy(leaves, ({ key, iv }) => homesOf(change, iv).find((home) => encrypted.get(home)?.has(key)) ?? null)
    return [...byHome].flatMap(([home, some]) => (home === null ? [] : [{ home, leaves: some, since, until }]))
  })
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

function newSecret(): OpenSecret {
  return { ivs: noIvs, sure: null, perhaps: null }
}

/** A list that is made with its first item takes no room for others: nearly all have one. */
function addIv(secret: OpenSecret, iv: number): void {
  if (secret.ivs === noIvs) secret.ivs = [iv]
  else secret.ivs.push(iv)
}

function newValue(): OpenValue {
  return { of: null, sure: null, perhaps: null }
}

function entryOf<K, V>(entries: Map<K, V>, key: K, make: () => V): V {
  const known = entries.get(key) ?? make()
  entries.set(key, known)
  return known
}

/** What a commit does to the span of one value it does to all that had the same: they share the result. */
function shared(change: (span: Span) => Span): (span: Span) => Span {
  const done = new Map<Span, Span>()
  return (span) => entryOf(done, span, () => change(span))
}

function take(spans: Spans, { listed }: Access, change: (span: Span) => Span): void {
  if (listed === null) spans.perhaps = change(spans.perhaps ?? never)
  else spans.sure = change(spans.sure ?? never)
}

function begun({ since, until, readBy, last }: Span, access: Access, time: number): Span {
  const start = Math.max(time, access.listed?.time ?? 0)
  return {
    since: Math.min(since, start), until, last: Math.max(last, start),
    // Most have the readers of one data key: they share its set.
    readBy: readBy === access.readBy || readBy.size === 0 ? access.readBy : new Set([...readBy, ...access.readBy]),
  }
}

function ended(span: Span, time: number): Span {
  return { ...span, until: Math.max(span.until, time) }
}

/** What was never begun is none. */
function surestSpan(spans: Spans | undefined): SureSpan | null {
  if (spans === undefined) return null
  const { sure, perhaps } = spans
  if (sure !== null && sure.since < Infinity) return { ...sure, isSure: true }
  return perhaps !== null && perhaps.since < Infinity ? { ...perhaps, isSure: false } : null
}

const noIvs: number[] = []
const never: Span = { since: Infinity, until: -Infinity, readBy: new Set(), last: -Infinity }

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
  const anyOf = new Set([...access.values()].flatMap(({ readBy }) => [...readBy]))
  for (const other of history.perhapsSame(access.keys())) access.set(other, { readBy: anyOf, listed: null })
  return {
    accessTo: (version) => (version === null ? null : access.get(history.dataKey(version)) ?? null),
    lists: (version) => listed(version).length > 0,
  }
}

const order: readonly (Knowing | undefined)[] = ['listed', 'spliced', 'clear', 'perhaps', undefined]

function surest(a: Knowing | undefined, b: Knowing): Knowing {
  return order.indexOf(a) < order.indexOf(b) ? a ?? b : b
}
