// What has become of a secret, once what was asked about it has been decrypted.
// Pure. Must never take what was not decrypted, or what only perhaps was theirs, for something else than it was.
import { standingOf } from './digests.ts'
import type { Digests } from './digests.ts'
import { isShort } from './hiding-places.ts'
import type { ByLength, KnownValue, Place } from './hiding-places.ts'
import { isAlike } from './spellings.ts'
import type { SecretState } from '../report.ts'

/** A value that they knew at the name, or in the list, that is asked about; and what it is called where it stands there. */
export interface Known extends KnownValue {
  readonly state: SecretState
  readonly reason: string | null
}

/** Whether one of the values at the base is one that they knew; how such a one was known decides what it is called. */
export interface Question {
  /** What stands at the name now, or in its list. */
  readonly now: readonly Place[]
  /** All that they knew at this name, or in this list. */
  readonly known: readonly Known[]
  /** Of those, what stood at this name and is gone: where that stands elsewhere it is still in use. */
  readonly own: readonly Known[]
  /** Where a part of what they knew is looked for: what stands at the name now, or all of a file that is encrypted as another sort. */
  readonly within: readonly Place[]
  readonly byLength: ByLength
  /** What came to stand in the clear in the same file. */
  readonly clear: readonly Place[]
  /** The commit in which the file went, where it did: what came in the clear since may hold it. */
  readonly went: number | null
  /** Whether a place is one of the same name or list, which reports what stands there itself. */
  readonly isHere: (place: Place) => boolean
  /** Where it is none of them; null: there is nothing to report then. */
  readonly otherwise: 'changed' | 'removed' | 'unknown' | null
  /** Why, where that is `unknown`. */
  readonly untold: string
}

export interface Answer {
  readonly state: SecretState
  readonly reason: string | null
  /** The known value that it is. */
  readonly iv: number | null
}

/** What was decrypted, as digests; only equality matters. */
export interface Decrypted {
  /** null: the version could not be decrypted. */
  readonly at: (place: Place) => Digests | null
  readonly of: (known: { readonly iv: number }) => Digests | null
  /** Which of `known` are the same value, however they are written. */
  readonly same: <K extends KnownValue>(known: readonly K[], value: Digests) => readonly K[]
  readonly find: (places: readonly Place[], value: Digests) => readonly Place[]
  /** The path of a file that came in the clear in `commit` or later, and holds the value. */
  readonly inTheClear: (commit: number, value: Digests) => string | null
  /** Whether such a file holds any value that is as long, or as long as another spelling. */
  readonly isClear: (commit: number, size: number) => boolean
  /** What is wrong with one that there is no digest of, like `cannot be decrypted by this runner`; null where there is one of each. */
  readonly lackOf: (known: readonly KnownValue[]) => string | null
  readonly lackAt: (places: readonly Place[]) => string | null
  /** Why nothing can be told of what came in the clear since a commit; null where it can. */
  readonly whyNotClear: (commit: number) => string | null
  readonly nameOf: (place: Place) => string
  readonly nameOfKnown: (known: KnownValue) => string
}

/** null: nothing to report here, since what they knew is found, and reported, at another place of the same list. */
export function answer(question: Question, decrypted: Decrypted): Answer | null {
  const { now, known, otherwise, untold } = question
  const here = now.map(decrypted.at).flatMap((value) => (value === null ? [] : decrypted.same(known, value)
    .map((one) => ({ ...one, reason: one.reason ?? (isWrittenSo(decrypted.of(one), value) ? null : respelled) }))))
  if (here.length > 0 && otherwise === 'removed') return null
  const surely = here.filter(isSure)
  if (surely.length > 0) return worst(surely)
  const perhaps = here.map(({ iv }): Answer => ({ state: 'unknown', reason: untold, iv }))
  if (otherwise === null) return perhaps[0] ?? null
  const found = [...otherwise === 'removed' ? [] : fromElsewhere(question, decrypted), ...elsewhere(question, decrypted), ...inParts(question, decrypted), ...perhaps]
  if (found.length > 0) return worst(found)
  const closed = otherwise === 'unknown' ? untold : whyNot(question, decrypted)
  return { state: closed === null ? otherwise : 'unknown', reason: closed, iv: null }
}

/** Whether two values that are one are written in the same way too. */
function isWrittenSo(one: Digests | null, value: Digests): boolean {
  return one?.spellings[0] === value.spellings[0]
}

function worst(among: readonly Answer[]): Answer {
  const { state, reason, iv } = among.reduce((a, b) => (severity(a.state) <= severity(b.state) ? a : b))
  return { state, reason, iv }
}

/** What stands at the name is a value that they know from another name. */
function fromElsewhere({ now, byLength, untold }: Question, { at, of, same, nameOfKnown }: Decrypted): readonly Answer[] {
  const found = now.flatMap((place) => {
    const value = at(place)
    return value === null ? [] : same(byLength.known(place.size), value).map((one) => ({ one, how: isWrittenSo(of(one), value) ? '' : inAnotherWay }))
  })
  const { one, how } = found.find((each) => isSure(each.one) && each.how === '') ?? found.find((each) => isSure(each.one)) ?? {}
  if (one === undefined) return found.length === 0 ? [] : [{ state: 'unknown', reason: untold, iv: null }]
  const from = `${nameOfKnown(one)}${how}`
  return [isShort(one) ? { state: 'unknown', reason: `it is the same as what they know from ${from}, and ${tooShort}`, iv: null }
    : { state: 'current', reason: `it is a value that they know from ${from}`, iv: null }]
}

/** What stood at the name stands elsewhere. */
function elsewhere({ own, byLength, clear, went, isHere, untold }: Question, { at, of, find, nameOf, inTheClear }: Decrypted): readonly Answer[] {
  return own.flatMap((one): Answer | [] => {
    const value = of(one)
    if (value === null) return []
    const [encrypted, cleared] = [byLength.places(one.size), clear].map((places) => {
      const others = find(places, value).filter((place) => !isHere(place))
      return others.find((place) => isWrittenSo(at(place), value)) ?? others[0]
    })
    const path = went === null ? null : inTheClear(went, value)
    const how = (place: Place): string => (isWrittenSo(at(place), value) ? '' : inAnotherWay)
    const where = encrypted !== undefined ? `at ${nameOf(encrypted)}${how(encrypted)}`
      : cleared !== undefined ? `at ${nameOf(cleared)}, in the clear${how(cleared)}` : path !== null ? `in the clear in ${path}` : null
    if (where === null) return []
    if (isSure(one) && !isShort(one)) return { state: 'current', reason: `a value of it that they knew stands ${where}`, iv: one.iv }
    return { state: 'unknown', reason: isSure(one) ? `the same as a value of it that they knew stands ${where}, and ${tooShort}` : untold, iv: null }
  })
}

/** What they knew is another value now, or was cut into several, and parts of it are in use. */
function inParts({ known, within, otherwise, untold }: Question, { at, of }: Decrypted): readonly Answer[] {
  const now = within.flatMap((place) => at(place) ?? [])
  if (now.length === 0 || otherwise === 'removed') return []
  return known.flatMap((one): Answer | [] => {
    const digests = of(one)
    if (digests === null) return []
    const but = otherwise === 'unknown' ? `${untold}; ` : 'it has another value, but '
    const { kind, left, of: all, tooMany } = standingOf(digests, one.size, now)
    if (!isSure(one)) return left === 0 ? [] : { state: 'unknown', reason: untold, iv: null }
    if (left === 0) return tooMany ? { state: 'unknown', reason: `${but}${tooManyParts}`, iv: null } : []
    if (kind === 'all') return { state: one.state, reason: `${but}the one that they knew still stands in it as a part`, iv: one.iv }
    if (kind === 'password') return { state: one.state, reason: `${but}the password in it is still the one that they knew`, iv: one.iv }
    return { state: 'unknown', reason: `${but}${all === 1 ? `the ${kind}` : `${left} of the ${all} ${kind}s`} that they knew still ${left === 1 ? 'stands' : 'stand'} in it: look which of them are secrets`, iv: null }
  })
}

/** Whether a part of what they knew at the name can be told from what stands there now, however long that is. */
export function mayHoldParts({ now, within, known }: Question, { at }: Pick<Decrypted, 'at'>): boolean {
  const isAnotherSort = now.length === 0
  return known.length > 0 && within.some((place) => isAnotherSort || (at(place)?.parts ?? null) !== null)
}

/** What would have to be compared, and could not be. */
function whyNot(question: Question, decrypted: Decrypted): string | null {
  const { now, known, own, byLength, clear, went, otherwise } = question
  const { lackAt, lackOf, whyNotClear } = decrypted
  const said = (what: string, lack: string | null): string | null => (lack === null ? null : `${what} ${lack}`)
  const sizes = [...new Set(now.map(({ size }) => size))]
  const isInParts = mayHoldParts(question, decrypted)
  return said('the file', lackAt(now))
    ?? said('an earlier value of it', lackOf([...known.filter(({ size }) => isInParts || sizes.some((one) => isAlike(one, size))), ...soughtOf(question, decrypted)]))
    ?? said('a value as long that they knew from another name', otherwise === 'changed' ? first(sizes, (size) => lackOf(byLength.known(size))) : null)
    ?? said('a file that may hold it now', first(own, ({ size }) => lackAt(byLength.places(size))) ?? lackAt(clear))
    ?? (went === null || own.length === 0 ? null : whyNotClear(went))
}

/** Of what stood at the name, what there is any place for. */
export function soughtOf({ own, byLength, clear, went }: Question, { isClear }: Pick<Decrypted, 'isClear'>): readonly Known[] {
  return own.filter(({ size }) => byLength.places(size).length > 0 || clear.some((place) => isAlike(place.size, size)) || (went !== null && isClear(went, size)))
}

function first<T>(list: readonly T[], find: (one: T) => string | null): string | null {
  for (const one of list) {
    const found = find(one)
    if (found !== null) return found
  }
  return null
}

const inAnotherWay = ', written another way'
const respelled = `it is a value that they know${inAnotherWay}`
const tooManyParts = 'one of the two has more parts than are compared: look whether a secret that they knew still stands in it'
const tooShort = 'that is too short to be the same for sure, and not by chance'

function isSure({ knowing }: KnownValue): boolean {
  return knowing !== 'perhaps'
}

const bySeverity: readonly SecretState[] = ['current', 'changed-too-early', 'unknown', 'changed', 'removed']

/** The worst comes first. */
export function severity(state: SecretState): number {
  return bySeverity.indexOf(state)
}
