// Which secrets some people could read at any commit, and what has become of each: names only, as far as no key is needed.
// Pure. What only a decryption can tell stays a question, and must never be taken for an answer.
import { severity, untoldDataKey } from './exposure-answer.ts'
import type { Answer, Known, Question } from './exposure-answer.ts'
import { isListed, placeOf, spelledKey } from './file-version.ts'
import { hidingPlacesIn } from './hiding-places.ts'
import type { HidingPlaces, Place } from './hiding-places.ts'
import type { History, KnownLeaf } from './history.ts'
import { joined, knownTo } from './known-values.ts'
import type { Knowing, KnownSecret, KnownValues } from './known-values.ts'
import type { OwnedRecipient } from './owners.ts'
import { ownerOf } from './owners.ts'
import type { Recipient } from './recipient.ts'
import { shortForm } from './recipient.ts'
import type { ExposedSecret, SecretState } from './report.ts'

/** A secret that is, without a key, as it is reported; or a question about one. Most are the former: they are not wrapped. */
export type TracedSecret = ExposedSecret | AskedSecret

/** Only a decryption tells what has become of it. */
export interface AskedSecret {
  readonly file: string
  /** As far as it can be told without a key; null where only a decryption shows that there is something to tell. */
  readonly untold: ExposedSecret | null
  readonly question: Question
  /** The same secret, once `question` is answered. */
  readonly answered: (told: Answer) => ExposedSecret
}

export function isAsked(traced: TracedSecret): traced is AskedSecret {
  return 'question' in traced
}

const undecided = 'its IV is another one: only a decryption can tell whether the value is'
const elsewhere = 'a value that is as long has come to another name since: only a decryption can tell whether it is this one'
const notEncrypted = 'the file is there, but is no longer one that sops can read'

/**
 * Every secret that any of `people` could read at a commit of `history`, by its file and name at the base, or the last it had.
 * Someone who stands in one key group counts as a reader, whatever threshold the file has. Times are those of commits: what a
 * side branch kept for longer than the line it was merged into is over with that line's change.
 */
export function traceExposure(history: History, people: readonly Recipient[], owners: readonly OwnedRecipient[]): readonly TracedSecret[] {
  const known = knownTo(people, history)
  const atBase = new Set([...history.base.values()].flatMap((version) => history.versions[version]?.leaves.map(({ iv }) => iv) ?? []))
  const hidingPlaces = hidingPlacesIn(history, known)
  const homes = new Set([...history.base.keys(), ...known.byHome.keys()])
  const placeOfKey = remembered(placeOf)
  const world: World = {
    history, known, atBase, hidingPlaces, namesOf: namesIn(people, owners), spelledAs: remembered(spelledKey),
    timeOf: remembered((seconds) => new Date(seconds * 1000).toISOString()),
  }
  const found: TracedSecret[] = []
  for (const home of [...homes].sort()) {
    const version = history.base.get(home) ?? null
    const leaves = version === null ? [] : history.versions[version]?.leaves ?? []
    const secrets = known.byHome.get(home) ?? nothing
    if (stillAsKnown(leaves, secrets, known)) {
      for (const secret of new Group(world, home, version, leaves, secrets).present()) found.push(secret)
      continue
    }
    for (const group of byPlace(leaves, secrets, placeOfKey)) {
      const traced = new Group(world, home, version, group.leaves, group.secrets)
      for (const secret of traced.present()) found.push(secret)
      for (const secret of traced.gone()) found.push(secret)
    }
  }
  return found
}

type Secrets = ReadonlyMap<string, KnownSecret>

const nothing: Secrets = new Map()

/** Whether each name has the one value that it always had, so that nothing can have changed places. */
function stillAsKnown(leaves: readonly KnownLeaf[], secrets: Secrets, { byIv }: KnownValues): boolean {
  return leaves.length === secrets.size && leaves.every(({ key, iv }) => {
    const { ivs = [] } = secrets.get(key) ?? {}
    return ivs.length === 1 && ivs[0] === iv && byIv.get(iv) !== 'perhaps'
  })
}

interface AtOnePlace {
  readonly leaves: KnownLeaf[]
  readonly secrets: Map<string, KnownSecret>
}

function byPlace(leaves: readonly KnownLeaf[], secrets: Secrets, placeOfKey: (key: string) => string): Iterable<AtOnePlace> {
  const groups = new Map<string, AtOnePlace>()
  const groupOf = (key: string): AtOnePlace => {
    const group = groups.get(placeOfKey(key)) ?? { leaves: [], secrets: new Map() }
    groups.set(placeOfKey(key), group)
    return group
  }
  for (const leaf of leaves) groupOf(leaf.key).leaves.push(leaf)
  for (const [key, secret] of secrets) groupOf(key).secrets.set(key, secret)
  return groups.values()
}

/** Thousands of secrets share a few answers. */
function remembered<K, V>(find: (of: K) => V): (of: K) => V {
  const found = new Map<K, V>()
  return (of) => {
    const known = found.get(of)
    if (known !== undefined) return known
    const fresh = find(of)
    found.set(of, fresh)
    return fresh
  }
}

function namesIn(people: readonly Recipient[], owners: readonly OwnedRecipient[]): World['namesOf'] {
  const names = new Map(people.map((one) => [one, ownerOf(owners, one) ?? shortForm(one)]))
  return remembered((readers) => [...new Set([...readers].flatMap((one) => names.get(one) ?? []))])
}

interface World {
  readonly history: History
  readonly known: KnownValues
  /** Each once. */
  readonly namesOf: (readers: ReadonlySet<Recipient>) => readonly string[]
  readonly spelledAs: (key: string) => string
  /** Of seconds since 1970, as a report says it. */
  readonly timeOf: (seconds: number) => string
  readonly hidingPlaces: ReturnType<typeof hidingPlacesIn>
  /** The IVs of all that stands at the base. */
  readonly atBase: ReadonlySet<number>
}

const nowhere: HidingPlaces = { suspects: [], elsewhere: [] }

/** The values of one name in one file, then and now; of one list, since its items change places. */
class Group {
  readonly #world: World
  readonly #home: string
  readonly #version: number | null
  readonly #leaves: readonly KnownLeaf[]
  readonly #secrets: Secrets
  /** The values at the base that nobody knows of. */
  readonly #fresh: readonly KnownLeaf[]
  /** The IVs they knew, and that stand here no more. */
  readonly #missing: readonly number[]
  readonly #wasAnother: boolean
  #all: readonly Known[] | null = null
  #names: ReadonlySet<string> | null = null

  constructor(world: World, home: string, version: number | null, leaves: readonly KnownLeaf[], secrets: Secrets) {
    this.#world = world
    this.#home = home
    this.#version = version
    this.#leaves = leaves
    this.#secrets = secrets
    const { byIv } = world.known
    this.#fresh = leaves.filter(({ iv }) => !byIv.has(iv))
    this.#missing = missingIn(leaves, secrets)
    this.#wasAnother = this.#missing.some((iv) => byIv.get(iv) === 'listed')
  }

  /** What stands at the base. */
  present(): readonly TracedSecret[] {
    const hasKnownKey = this.#fresh.some(({ key }) => this.#secrets.has(key))
    return this.#leaves.flatMap((leaf): TracedSecret | [] => {
      const { key, iv } = leaf
      const knowing = this.#world.known.byIv.get(iv)
      if (knowing === 'perhaps') return this.#asked(key, iv, untoldDataKey, this.#question([leaf], this.#known(), 'unknown'))
      if (knowing !== undefined) return this.#found(key, iv, ...this.#stateOf(knowing))
      if (this.#missing.length === 0) return []
      const gone = this.#gone(this.#secrets.get(key)?.ivs ?? [])
      // An item that came to a list at a new place was never known, unless it is found to be, if those that are missing can be others.
      if (hasKnownKey && !this.#secrets.has(key)) {
        return { ...this.#asked(key, null, undecided, this.#question([leaf], this.#known(), null)), untold: null }
      }
      const { elsewhere: others } = this.#world.hidingPlaces(this.#home, gone)
      return this.#asked(key, null, undecided, { ...this.#question([leaf], this.#known(), 'changed', gone), elsewhere: others })
    })
  }

  /** What they knew under a name that is no more. */
  gone(): readonly TracedSecret[] {
    const { history, atBase, hidingPlaces } = this.#world
    return [...this.#secrets].flatMap(([key, { ivs }]): TracedSecret | [] => {
      const [latest = -1] = ivs
      if (this.#hasName(key) || atBase.has(latest)) return []
      if (this.#version === null && history.plain.has(this.#home)) return this.#found(key, null, 'unknown', notEncrypted)
      const gone = this.#gone(ivs)
      const hidden = hidingPlaces(this.#home, gone)
      const suspects = hidden.suspects.filter((place) => !this.#isHere(place))
      if (this.#fresh.length + suspects.length + hidden.elsewhere.length === 0) return this.#found(key, null, 'removed', null)
      const question = { ...this.#question(this.#fresh, this.#known(new Set(ivs)), 'removed', gone), ...hidden, suspects }
      if (this.#fresh.length > 0) return this.#asked(key, null, undecided, question)
      const asked = this.#asked(key, null, elsewhere, question)
      return suspects.length > 0 ? asked : { ...asked, untold: this.#found(key, null, 'removed', null) }
    })
  }

  /** Whether a value stands at the base under this name. */
  #hasName(key: string): boolean {
    if (this.#leaves.length < 2) return this.#leaves[0]?.key === key
    return (this.#names ??= new Set(this.#leaves.map((leaf) => leaf.key))).has(key)
  }

  #isHere({ version, key }: Place): boolean {
    return version === this.#version && this.#hasName(key)
  }

  #gone(ivs: readonly number[]): readonly number[] {
    return ivs.filter((iv) => !this.#world.atBase.has(iv))
  }

  #stateOf(knowing: Knowing): readonly [SecretState, string | null] {
    if (knowing === 'perhaps') return ['unknown', untoldDataKey]
    return [knowing === 'spliced' && this.#wasAnother ? 'changed-too-early' : 'current', null]
  }

  /** All that they knew here, or what of it is among `ivs`. */
  #known(among: ReadonlySet<number> | null = null): readonly Known[] {
    if (among === null && this.#all !== null) return this.#all
    const known = [...this.#secrets].flatMap(([key, { ivs }]) => ivs.filter((iv) => among?.has(iv) ?? true).map((iv): Known => {
      const [state, reason] = this.#stateOf(this.#world.known.byIv.get(iv) ?? 'perhaps')
      return { iv, key, state, reason }
    }))
    if (among === null) this.#all = known
    return known
  }

  #question(now: readonly KnownLeaf[], known: readonly Known[], otherwise: Question['otherwise'], gone: readonly number[] = []): Question {
    return {
      now: now.map(({ key }) => ({ version: this.#version ?? -1, key })), known, own: gone.length === 0 ? [] : this.#known(new Set(gone)),
      isHere: (place) => this.#isHere(place), otherwise, ...nowhere,
    }
  }

  #found(key: string, iv: number | null, state: SecretState, reason: string | null): ExposedSecret {
    const { readBy, since, until } = this.#readAt(key, iv)
    return { file: this.#home, key: this.#world.spelledAs(key), readBy, since, until, state, reason }
  }

  /** The same, where only a decryption tells. */
  #asked(key: string, iv: number | null, reason: string, question: Question): AskedSecret {
    const secret = this.#found(key, iv, 'unknown', reason)
    return { file: this.#home, untold: secret, question, answered: this.#answered(secret, key) }
  }

  /** Kept apart, since it keeps all of the group as long as it is kept. */
  #answered(secret: ExposedSecret, key: string): (told: Answer) => ExposedSecret {
    return ({ iv, state, reason }) => ({ ...secret, ...(iv !== null && isListed(key) ? this.#readAt(key, iv) : {}), state, reason })
  }

  /** By whom, and from when to when: by its name, and by what is known of its value wherever it was. */
  #readAt(key: string, iv: number | null): Pick<ExposedSecret, 'readBy' | 'since' | 'until'> {
    const { known: { spanOf, spanOfValue, canRead, readable }, namesOf, history } = this.#world
    const ofName = iv !== null && isListed(key) ? null : spanOf(this.#home, key)
    const span = joined(ofName, iv === null ? null : spanOfValue(iv)) ?? this.#anySpan()
    const here = this.#version !== null && canRead(this.#version) && this.#hasName(key)
    const reads = here || (iv !== null && readable.has(iv))
    const since = span === null ? undefined : span.since
    // What a merge left behind was taken from them by no commit: they could read it where it last stood.
    const end = span === null ? undefined : Number.isFinite(span.until) ? span.until : span.last
    // It may have gone before they were given its data key, or a clock was put back.
    const until = end === undefined ? undefined : Math.max(end, since ?? end)
    const isWhole = history.reach.kind === 'whole'
    const time = (seconds: number | undefined): string | null =>
      seconds !== undefined && Number.isFinite(seconds) ? this.#world.timeOf(seconds) : null
    return {
      readBy: span === null ? [] : namesOf(span.readBy),
      since: isWhole ? time(since) : null, until: reads ? null : time(until),
    }
  }

  /** Of an item that stands where none stood before. */
  #anySpan(): ReturnType<KnownValues['spanOf']> {
    const [key = ''] = this.#secrets.keys()
    return this.#world.known.spanOf(this.#home, key)
  }
}

/** The IVs that were known under some name and stand nowhere here. */
function missingIn(leaves: readonly KnownLeaf[], secrets: Secrets): readonly number[] {
  const known = [...secrets.values()].flatMap(({ ivs }) => ivs)
  const [leaf] = leaves
  if (leaves.length === 1) return known.filter((iv) => iv !== leaf?.iv)
  const here = new Set(leaves.map(({ iv }) => iv))
  return known.filter((iv) => !here.has(iv))
}

/** One entry a file and name, with all that read it, over the whole time; the state of the worst of them. */
export function mergedSecrets(secrets: readonly ExposedSecret[]): readonly ExposedSecret[] {
  const byFile = [...Map.groupBy(secrets, ({ file }) => file).values()]
  return byFile.flatMap((inside) => {
    const names = new Set(inside.map(({ key }) => key))
    return names.size === inside.length ? inside : [...Map.groupBy(inside, ({ key }) => key).values()].flatMap(mergedSecret)
  })
}

/** The same file and name. */
function mergedSecret(same: readonly ExposedSecret[]): readonly ExposedSecret[] {
  if (same.length === 1) return same
  const [worst] = same.toSorted((a, b) => severity(a.state) - severity(b.state))
  if (worst === undefined) return []
  const ends = same.map(({ until }) => until)
  return [{
    ...worst, readBy: [...new Set(same.flatMap(({ readBy }) => readBy))],
    since: earliest(same.map(({ since }) => since)), until: ends.includes(null) ? null : ends.toSorted().at(-1) ?? null,
  }]
}

function earliest(times: readonly (string | null)[]): string | null {
  return times.includes(null) ? null : times.toSorted()[0] ?? null
}
