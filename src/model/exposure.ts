// Which secrets some people could read at any commit, and what has become of each: names only, as far as no key is needed.
// Pure. What only a decryption can tell stays a question, and must never be taken for an answer.
import { isListed, placeOf, spelledKey } from './file-version.ts'
import type { History, KnownLeaf } from './history.ts'
import { knownTo } from './known-values.ts'
import type { Knowing, KnownValues } from './known-values.ts'
import type { OwnedRecipient } from './owners.ts'
import { ownerOf } from './owners.ts'
import type { Recipient } from './recipient.ts'
import { shortForm } from './recipient.ts'
import type { ExposedSecret, SecretState } from './report.ts'

/** A value of a version, to be decrypted. */
export interface Place {
  readonly version: number
  readonly key: string
}

/** Whether one of the values at the base is one that they knew; how such a one was known decides what it is called. */
export interface Question {
  readonly now: readonly Place[]
  readonly known: readonly { readonly iv: number; readonly key: string; readonly state: SecretState; readonly reason: string | null }[]
  /** Where it is none of them. */
  readonly otherwise: 'changed' | 'removed' | 'unknown'
}

export interface TracedSecret {
  readonly secret: ExposedSecret
  /** null where the state is what it is without a key. */
  readonly question: Question | null
}

const untoldDataKey = 'one commit changed all of the values and the recipients, so that without a key nobody can tell whether the data key changed too'
const undecided = 'its IV is another one: only a decryption can tell whether the value is'
const notEncrypted = 'the file is there, but is no longer one that sops can read'

/**
 * Every secret that any of `people` could read at a commit of `history`, by its file and name at the base, or the last it had.
 * Someone who stands in one key group counts as a reader, whatever threshold the file has. Times are those of commits: what a
 * side branch kept for longer than the line it was merged into is over with that line's change.
 */
export function traceExposure(history: History, people: readonly Recipient[], owners: readonly OwnedRecipient[]): readonly TracedSecret[] {
  const known = knownTo(people, history)
  const atBase = new Set([...history.base.values()].flatMap((version) => history.versions[version]?.leaves.map(({ iv }) => iv) ?? []))
  const homes = new Set([...history.base.keys(), ...known.byHome.keys()])
  const places = new Map<string, string>()
  const placeOfKey = (key: string): string => {
    const place = places.get(key) ?? placeOf(key)
    places.set(key, place)
    return place
  }
  const names = new Map(people.map((one) => [one, ownerOf(owners, one) ?? shortForm(one)]))
  return [...homes].sort().flatMap((home) => {
    const version = history.base.get(home) ?? null
    const leaves = Map.groupBy(version === null ? [] : history.versions[version]?.leaves ?? [], ({ key }) => placeOfKey(key))
    const secrets = Map.groupBy(known.byHome.get(home) ?? [], ([key]) => placeOfKey(key))
    return [...new Set([...leaves.keys(), ...secrets.keys()])].flatMap((place) => {
      const group = new Group(history, known, names, home, version, leaves.get(place) ?? [], new Map(secrets.get(place) ?? []), atBase)
      return [...group.present(), ...group.gone()]
    })
  })
}

/** The values of one name in one file, then and now; of one list, since its items change places. */
class Group {
  readonly #history: History
  readonly #known: KnownValues
  readonly #names: ReadonlyMap<Recipient, string>
  readonly #home: string
  readonly #version: number | null
  readonly #leaves: readonly KnownLeaf[]
  readonly #secrets: ReadonlyMap<string, ReadonlySet<number>>
  readonly #atBase: ReadonlySet<number>

  constructor(
    history: History, known: KnownValues, names: ReadonlyMap<Recipient, string>, home: string, version: number | null, leaves: readonly KnownLeaf[],
    secrets: ReadonlyMap<string, ReadonlySet<number>>, atBase: ReadonlySet<number>,
  ) {
    this.#history = history
    this.#known = known
    this.#names = names
    this.#home = home
    this.#version = version
    this.#leaves = leaves
    this.#secrets = secrets
    this.#atBase = atBase
  }

  /** What stands at the base. */
  present(): readonly TracedSecret[] {
    const fresh = this.#fresh()
    const atKnownKey = fresh.filter(({ key }) => this.#secrets.has(key))
    // An item that came to a list at a new place was never known, if those that are missing can be others.
    const suspects = new Set(atKnownKey.length > 0 ? atKnownKey : fresh)
    return this.#leaves.flatMap((leaf) => {
      const knowing = this.#known.byIv.get(leaf.iv)
      if (knowing === 'perhaps') return [{ ...this.#found(leaf.key, leaf.iv, 'unknown', untoldDataKey), question: this.#question([leaf], 'unknown') }]
      if (knowing !== undefined) return [this.#found(leaf.key, leaf.iv, ...this.#stateOf(knowing))]
      if (!suspects.has(leaf) || this.#missing().length === 0) return []
      return [{ ...this.#found(leaf.key, null, 'unknown', undecided), question: this.#question([leaf], 'changed') }]
    })
  }

  /** What they knew under a name that is no more. */
  gone(): readonly TracedSecret[] {
    const names = new Set(this.#leaves.map(({ key }) => key))
    return [...this.#secrets].flatMap(([key, ivs]) => {
      const [latest = -1] = ivs
      if (names.has(key) || this.#atBase.has(latest)) return []
      if (this.#version === null && this.#history.plain.has(this.#home)) return [this.#found(key, null, 'unknown', notEncrypted)]
      const fresh = this.#fresh()
      if (fresh.length === 0) return [this.#found(key, null, 'removed', null)]
      return [{ ...this.#found(key, null, 'unknown', undecided), question: this.#question(fresh, 'removed', ivs) }]
    })
  }

  /** The values at the base that nobody knows of. */
  #fresh(): readonly KnownLeaf[] {
    return this.#leaves.filter(({ iv }) => !this.#known.byIv.has(iv))
  }

  /** The IVs they knew, and that stand here no more. */
  #missing(): readonly number[] {
    const here = new Set(this.#leaves.map(({ iv }) => iv))
    return [...this.#secrets.values()].flatMap((ivs) => [...ivs]).filter((iv) => !here.has(iv))
  }

  #stateOf(knowing: Knowing): readonly [SecretState, string | null] {
    if (knowing === 'perhaps') return ['unknown', untoldDataKey]
    const wasAnother = this.#missing().some((iv) => this.#known.byIv.get(iv) === 'listed')
    return [knowing === 'spliced' && wasAnother ? 'changed-too-early' : 'current', null]
  }

  #question(now: readonly KnownLeaf[], otherwise: Question['otherwise'], among: ReadonlySet<number> | null = null): Question {
    const known = [...this.#secrets].flatMap(([key, ivs]) => [...ivs].filter((iv) => among?.has(iv) ?? true).map((iv) => {
      const [state, reason] = this.#stateOf(this.#known.byIv.get(iv) ?? 'perhaps')
      return { iv, key, state, reason }
    }))
    return { now: now.map(({ key }) => ({ version: this.#version ?? -1, key })), known, otherwise }
  }

  #found(key: string, iv: number | null, state: SecretState, reason: string | null): TracedSecret {
    const { spanOf, canRead, readable } = this.#known
    const ofValue = iv === null ? null : spanOf(this.#home, iv) ?? spanOf(null, iv)
    const ofName = iv !== null && isListed(key) ? null : spanOf(this.#home, key)
    const span = ofName ?? ofValue ?? this.#anySpan()
    const here = this.#version !== null && canRead(this.#version) && this.#leaves.some((leaf) => leaf.key === key)
    const reads = here || (ofName === null && iv !== null && readable.has(iv))
    const readBy = [...new Set([...span?.readBy ?? []].flatMap((one) => this.#names.get(one) ?? []))]
    const isWhole = this.#history.reach.kind === 'whole'
    const time = (seconds: number | undefined): string | null => seconds !== undefined && Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString() : null
    return {
      secret: { file: this.#home, key: spelledKey(key), readBy, since: isWhole ? time(span?.since) : null, until: reads ? null : time(span?.until), state, reason },
      question: null,
    }
  }

  /** Of an item that stands where none stood before. */
  #anySpan(): ReturnType<KnownValues['spanOf']> {
    const [key = ''] = this.#secrets.keys()
    return this.#known.spanOf(this.#home, key)
  }
}

/**
 * The state by the digests of decrypted values (null: could not be decrypted; only equality matters). null: nothing to report
 * here, since what they knew is found, and reported, at another place of the same list.
 */
export function answer(
  { now, known, otherwise }: Question, digestNow: (place: Place) => string | null, digestOf: (iv: number, key: string) => string | null,
): Pick<ExposedSecret, 'state' | 'reason'> | null {
  const digests = now.map(digestNow)
  if (digests.includes(null)) return { state: 'unknown', reason: 'the file cannot be decrypted by this runner' }
  const before = known.map((one) => ({ ...one, digest: digestOf(one.iv, one.key) }))
  const same = before.filter(({ digest }) => digests.includes(digest))
  if (same.length > 0) {
    const worst = same.reduce((a, b) => (severity(a.state) <= severity(b.state) ? a : b))
    return otherwise === 'removed' ? null : { state: worst.state, reason: worst.reason }
  }
  if (before.some(({ digest }) => digest === null)) return { state: 'unknown', reason: 'an earlier value of it cannot be decrypted by this runner' }
  return { state: otherwise, reason: otherwise === 'unknown' ? untoldDataKey : null }
}

const bySeverity: readonly SecretState[] = ['current', 'changed-too-early', 'unknown', 'changed', 'removed']

function severity(state: SecretState): number {
  return bySeverity.indexOf(state)
}

/** One entry a file and name, with all that read it, over the whole time; the state of the worst of them. */
export function mergedSecrets(secrets: readonly ExposedSecret[]): readonly ExposedSecret[] {
  return [...Map.groupBy(secrets, ({ file, key }) => JSON.stringify([file, key])).values()].flatMap((same) => {
    const [worst] = same.toSorted((a, b) => severity(a.state) - severity(b.state))
    if (worst === undefined) return []
    const ends = same.map(({ until }) => until)
    return [{
      ...worst, readBy: [...new Set(same.flatMap(({ readBy }) => readBy))],
      since: earliest(same.map(({ since }) => since)), until: ends.includes(null) ? null : ends.toSorted().at(-1) ?? null,
    }]
  })
}

function earliest(times: readonly (string | null)[]): string | null {
  return times.includes(null) ? null : times.toSorted()[0] ?? null
}
