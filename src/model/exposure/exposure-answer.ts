// What has become of a secret, once what was asked about it has been decrypted.
// Pure. Must never take what was not decrypted, or what only perhaps was theirs, for something else than it was.
import { isShort } from './hiding-places.ts'
import type { ByLength, KnownValue, Place } from './hiding-places.ts'
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
  readonly at: (place: Place) => string | null
  readonly of: (known: { readonly iv: number }) => string | null
  /** Which of `known` have the digest. */
  readonly same: <K extends KnownValue>(known: readonly K[], digest: string) => readonly K[]
  readonly find: (places: readonly Place[], digest: string) => readonly Place[]
  /** The path of a file that came in the clear in `commit` or later, and holds the value. */
  readonly inTheClear: (commit: number, digest: string) => string | null
  /** Whether such a file holds any value as long. */
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
  const here = now.map(decrypted.at).flatMap((digest) => (digest === null ? [] : decrypted.same(known, digest)))
  if (here.length > 0 && otherwise === 'removed') return null
  const surely = here.filter(isSure)
  if (surely.length > 0) return worst(surely)
  const perhaps = here.map(({ iv }): Answer => ({ state: 'unknown', reason: untold, iv }))
  if (otherwise === null) return perhaps[0] ?? null
  const found = [...otherwise === 'removed' ? [] : fromElsewhere(question, decrypted), ...elsewhere(question, decrypted), ...perhaps]
  if (found.length > 0) return worst(found)
  const closed = otherwise === 'unknown' ? untold : whyNot(question, decrypted)
  return { state: closed === null ? otherwise : 'unknown', reason: closed, iv: null }
}

function worst(among: readonly Answer[]): Answer {
  const { state, reason, iv } = among.reduce((a, b) => (severity(a.state) <= severity(b.state) ? a : b))
  return { state, reason, iv }
}

/** What stands at the name is a value that they know from another name. */
function fromElsewhere({ now, byLength, untold }: Question, { at, same, nameOfKnown }: Decrypted): readonly Answer[] {
  const found = now.flatMap((place) => {
    const digest = at(place)
    return digest === null ? [] : same(byLength.known(place.size), digest)
  })
  const one = found.find(isSure)
  if (one === undefined) return found.length === 0 ? [] : [{ state: 'unknown', reason: untold, iv: null }]
  const from = nameOfKnown(one)
  return [isShort(one) ? { state: 'unknown', reason: `it is the same as what they know from ${from}, and ${tooShort}`, iv: null }
    : { state: 'current', reason: `it is a value that they know from ${from}`, iv: null }]
}

/** What stood at the name stands elsewhere. */
function elsewhere({ own, byLength, clear, went, isHere, untold }: Question, { of, find, nameOf, inTheClear }: Decrypted): readonly Answer[] {
  return own.flatMap((one): Answer | [] => {
    const digest = of(one)
    if (digest === null) return []
    const [encrypted, cleared] = [byLength.places(one.size), clear].map((places) => find(places, digest).find((place) => !isHere(place)))
    const path = went === null ? null : inTheClear(went, digest)
    const where = encrypted !== undefined ? `at ${nameOf(encrypted)}`
      : cleared !== undefined ? `at ${nameOf(cleared)}, in the clear` : path !== null ? `in the clear in ${path}` : null
    if (where === null) return []
    if (isSure(one) && !isShort(one)) return { state: 'current', reason: `a value of it that they knew stands ${where}`, iv: one.iv }
    return { state: 'unknown', reason: isSure(one) ? `the same as a value of it that they knew stands ${where}, and ${tooShort}` : untold, iv: null }
  })
}

/** What would have to be compared, and could not be. */
function whyNot(question: Question, decrypted: Decrypted): string | null {
  const { now, known, own, byLength, clear, went, otherwise } = question
  const { lackAt, lackOf, whyNotClear } = decrypted
  const said = (what: string, lack: string | null): string | null => (lack === null ? null : `${what} ${lack}`)
  const sizes = [...new Set(now.map(({ size }) => size))]
  return said('the file', lackAt(now))
    ?? said('an earlier value of it', lackOf([...known.filter(({ size }) => sizes.includes(size)), ...soughtOf(question, decrypted)]))
    ?? said('a value as long that they knew from another name', otherwise === 'changed' ? first(sizes, (size) => lackOf(byLength.known(size))) : null)
    ?? said('a file that may hold it now', first(own, ({ size }) => lackAt(byLength.places(size))) ?? lackAt(clear))
    ?? (went === null || own.length === 0 ? null : whyNotClear(went))
}

/** Of what stood at the name, what there is any place for. */
export function soughtOf({ own, byLength, clear, went }: Question, { isClear }: Pick<Decrypted, 'isClear'>): readonly Known[] {
  return own.filter(({ size }) => byLength.places(size).length > 0 || clear.some((place) => place.size === size) || (went !== null && isClear(went, size)))
}

function first<T>(list: readonly T[], find: (one: T) => string | null): string | null {
  for (const one of list) {
    const found = find(one)
    if (found !== null) return found
  }
  return null
}

const tooShort = 'that is too short to be the same for sure, and not by chance'

function isSure({ knowing }: KnownValue): boolean {
  return knowing !== 'perhaps'
}

const bySeverity: readonly SecretState[] = ['current', 'changed-too-early', 'unknown', 'changed', 'removed']

/** The worst comes first. */
export function severity(state: SecretState): number {
  return bySeverity.indexOf(state)
}
