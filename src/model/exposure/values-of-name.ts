// The values of one name in one file, then and now → what has become of each, or the question that tells.
// Pure. What only a decryption can tell stays a question, and must never be taken for an answer.
import type { Answer, Known, Question } from './exposure-answer.ts'
import { asOne, clearedHere, elsewhere, inTheClear, leftInTheClear, nameless, notEncrypted, stoodInTheClear, undecided, valueByValue, wasInTheClear } from './exposure-words.ts'
import { isComment, isListed, isWholeFile } from './file-version.ts'
import { clearedAt } from './hiding-places.ts'
import type { ByLength, Place, lastWith } from './hiding-places.ts'
import type { History, KnownLeaf } from './history.ts'
import { joined } from './known-values.ts'
import type { Knowing, KnownSecret, KnownValues } from './known-values.ts'
import type { AskedSecret, TracedSecret } from './traced-secret.ts'
import type { Recipient } from '../recipient.ts'
import type { ExposedSecret, SecretState } from '../report.ts'

/** By name. */
export type Secrets = ReadonlyMap<string, KnownSecret>

/** What all of them are held against. */
export interface World {
  readonly history: History
  readonly known: KnownValues
  /** Each once. */
  readonly namesOf: (readers: ReadonlySet<Recipient>) => readonly string[]
  readonly spelledAs: (key: string) => string
  /** Of seconds since 1970, as a report says it. */
  readonly timeOf: (seconds: number) => string
  readonly byLength: ByLength
  readonly lastWith: ReturnType<typeof lastWith>
  /** The commit that took away what stood at a path last. */
  readonly wentIn: ReadonlyMap<string, number>
  /** Why it is not known whether they could read something. */
  readonly untold: string
  /** The IVs of all that stands at the base. */
  readonly atBase: ReadonlySet<number>
}

/** The values of one name in one file, then and now; of one list, since its items change places. */
export class ValuesOfName {
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
      if (knowing === 'perhaps') return this.#untold(key, iv, this.#world.untold, [leaf], 'unknown', [])
      if (knowing !== undefined) return this.#found(key, iv, ...this.#stateOf(knowing))
      if (this.#missing.length === 0) return []
      const gone = this.#gone(this.#secrets.get(key)?.ivs ?? [])
      // An item that came to a list at a new place was never known, unless it is found to be, if those that are missing can be others.
      if (hasKnownKey && !this.#secrets.has(key)) {
        return isComment(key) ? [] : { ...this.#asked(key, undecided, this.#question([leaf], null, gone)), untold: null }
      }
      const why = this.#secrets.get(key)?.ivs.every((one) => this.#world.known.byIv.get(one) === 'clear') === true ? stoodInTheClear : undecided
      return this.#isSure(key) ? this.#untold(key, null, why, [leaf], 'changed', gone) : this.#untold(key, null, this.#world.untold, [leaf], 'unknown', gone)
    })
  }

  /** What they knew under a name that is no more, or that is no more encrypted. */
  gone(): readonly TracedSecret[] {
    return [...this.#secrets].flatMap(([key, { ivs }]): TracedSecret | [] => {
      // What went to another path with its file is told there; what it was before may have stayed.
      const gone = this.#gone(ivs)
      return this.#hasName(key) || gone.length === 0 ? [] : this.#goneFrom(key, gone)
    })
  }

  #goneFrom(key: string, gone: readonly number[]): TracedSecret {
    const { history, byLength: { places, comments }, lastWith: last, untold, wentIn: went } = this.#world
    if (this.#version === null && history.plain.has(this.#home)) return this.#found(key, null, 'unknown', notEncrypted)
    const isSure = this.#isSure(key)
    const sizes = new Set(gone.map((iv) => history.sizeOf(iv)))
    const now = this.#version === null ? null : history.versions[this.#version] ?? null
    if (isSure && now !== null && (now.format === 'binary') !== isWholeFile(key)) {
      const untoldPart = isWholeFile(key) ? valueByValue : asOne
      const question = this.#question([], 'unknown', gone, new Set(gone))
      return this.#asked(key, untoldPart, { ...question, within: placesIn(this.#version, now.leaves), untold: untoldPart })
    }
    if (isComment(key)) {
      const isGone = this.#fresh.length === 0 && [...sizes].every((size) => comments(size).length === 0)
      return isSure && isGone ? this.#found(key, null, 'removed', null) : this.#found(key, null, 'unknown', isSure ? nameless : untold)
    }
    const own = gone.map((iv) => ({ iv, size: history.sizeOf(iv) }))
    const clear = clearedAt(history, this.#home, last, own)
    const [left] = this.#clearAt(key)
    if (left !== undefined) {
      const asked = this.#question([left], isSure ? 'changed' : 'unknown', gone)
      const place = `a value of it that they knew stands at ${this.#world.spelledAs(key)} in ${this.#home}, in the clear`
      const question = { ...asked, clear, known: asked.known.map((one) => (one.state === 'unknown' ? one : { ...one, reason: place })) }
      return this.#asked(key, isSure ? inTheClear : untold, question)
    }
    const commit = this.#version === null ? went.get(this.#home) ?? null : null
    const [came] = commit === null ? [] : history.cameInTheClear.get(commit) ?? []
    const isElsewhere = [...sizes].some((size) => places(size).some((place) => !this.#isHere(place)))
    const why = !isSure ? untold : this.#fresh.length > 0 ? undecided : isElsewhere ? elsewhere : clear.length > 0 ? clearedHere
      : commit !== null && history.decrypted.has(this.#home) ? leftInTheClear
      : came === undefined ? null : `${came} came in the clear in the commit in which it went: only a decryption can tell whether it holds this value`
    const question = { ...this.#question(this.#fresh, isSure ? 'removed' : 'unknown', gone, new Set(gone)), clear, went: commit }
    if (why !== null) return this.#asked(key, why, question)
    const removed = this.#found(key, null, 'removed', null)
    return commit === null ? removed : { ...this.#asked(key, '', question), untold: removed }
  }

  /** A question, or where none can be asked, the reason. */
  #untold(key: string, iv: number | null, reason: string, now: readonly KnownLeaf[], otherwise: Question['otherwise'], gone: readonly number[]): TracedSecret {
    if (isComment(key)) return this.#found(key, iv, 'unknown', reason === undecided ? nameless : reason)
    return this.#asked(key, reason, this.#question(now, otherwise, gone), iv)
  }

  /** What stands in the clear under this name. */
  #clearAt(key: string): readonly KnownLeaf[] {
    const clear = this.#version === null ? [] : this.#world.history.versions[this.#version]?.clear ?? []
    return clear.filter((one) => one.key === key).map(({ size }) => ({ key, iv: -1, size }))
  }

  /** Whether they surely could read any value of this name. */
  #isSure(key: string): boolean {
    return this.#secrets.get(key)?.ivs.some((iv) => this.#world.known.byIv.get(iv) !== 'perhaps') === true
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
    if (knowing === 'perhaps') return ['unknown', this.#world.untold]
    if (knowing === 'clear') return ['current', wasInTheClear]
    return [knowing === 'spliced' && this.#wasAnother ? 'changed-too-early' : 'current', null]
  }

  /** All that they knew here, or what of it is among `ivs`. */
  #known(among: ReadonlySet<number> | null = null): readonly Known[] {
    if (among === null && this.#all !== null) return this.#all
    const { known: { byIv }, history } = this.#world
    const known = [...this.#secrets].flatMap(([key, { ivs }]) => ivs.filter((iv) => among?.has(iv) ?? true).map((iv): Known => {
      const knowing = byIv.get(iv) ?? 'perhaps'
      const [state, reason] = this.#stateOf(knowing)
      return { iv, key, home: this.#home, size: history.sizeOf(iv), knowing, state, reason }
    }))
    if (among === null) this.#all = known
    return known
  }

  /** `gone` went from the name that is asked about; `among`: what of all that they knew here is looked for here. */
  #question(
    now: readonly KnownLeaf[], otherwise: Question['otherwise'], gone: readonly number[], among: ReadonlySet<number> | null = null,
  ): Question {
    const places = placesIn(this.#version, now)
    return {
      now: places, within: places, known: this.#known(among),
      own: gone.length === 0 || otherwise === null ? [] : this.#known(new Set(gone)), byLength: this.#world.byLength, clear: [], went: null,
      isHere: (place) => this.#isHere(place), otherwise, untold: this.#world.untold,
    }
  }

  #found(key: string, iv: number | null, state: SecretState, reason: string | null): ExposedSecret {
    const { readBy, since, until } = this.#readAt(key, iv)
    return { file: this.#home, key: this.#world.spelledAs(key), readBy, since, until, state, reason }
  }

  /** The same, where only a decryption tells. */
  #asked(key: string, reason: string, question: Question, iv: number | null = null): AskedSecret {
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
    const ofValue = iv === null ? null : spanOfValue(iv)
    // An item of a list that they surely could read is told by itself; one that they only perhaps could not.
    const ofName = ofValue?.isSure === true && isListed(key) ? null : spanOf(this.#home, key)
    const span = joined(ofName, ofValue) ?? this.#anySpan()
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

function placesIn(version: number | null, leaves: readonly KnownLeaf[]): readonly Place[] {
  return leaves.map(({ key, size }) => ({ version: version ?? -1, key, size }))
}

/** The IVs that were known under some name and stand nowhere here. */
function missingIn(leaves: readonly KnownLeaf[], secrets: Secrets): readonly number[] {
  const known = [...secrets.values()].flatMap(({ ivs }) => ivs)
  const [leaf] = leaves
  if (leaves.length === 1) return known.filter((iv) => iv !== leaf?.iv)
  const here = new Set(leaves.map(({ iv }) => iv))
  return known.filter((iv) => !here.has(iv))
}
