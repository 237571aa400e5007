// What has become of a secret, once what was asked about it has been decrypted.
// Pure. Must never take what was not decrypted for something else than it was.
import type { HidingPlaces, Place } from './hiding-places.ts'
import type { SecretState } from './report.ts'

export interface Known {
  readonly iv: number
  readonly key: string
  readonly state: SecretState
  readonly reason: string | null
}

/** Whether one of the values at the base is one that they knew; how such a one was known decides what it is called. */
export interface Question extends HidingPlaces {
  readonly now: readonly Place[]
  readonly known: readonly Known[]
  /** Of those, what stood at this name and is gone: where that stands elsewhere it is still in use. */
  readonly own: readonly Known[]
  /** Whether a place is one of the same name or list, which reports what stands there itself. */
  readonly isHere: (place: Place) => boolean
  /** Where it is none of them; null: there is nothing to report then. */
  readonly otherwise: 'changed' | 'removed' | 'unknown' | null
}

export interface Answer {
  readonly state: SecretState
  readonly reason: string | null
  /** The known value that it is. */
  readonly iv: number | null
}

export const untoldDataKey = 'one commit changed all of the values and the recipients, so that without a key nobody can tell whether the data key changed too'

/** What was decrypted, as digests; only equality matters. */
export interface Decrypted {
  /** null: the version could not be decrypted. */
  readonly at: (place: Place) => string | null
  readonly of: (known: { readonly iv: number; readonly key: string }) => string | null
  /** Why there is none `of` them. */
  readonly whyNot: (known: readonly Known[]) => string
  /** Which of `known` have the digest. */
  readonly same: (known: readonly Known[], digest: string) => readonly Known[]
  readonly find: (places: readonly Place[], digest: string) => Place | null
  readonly nameOf: (place: Place) => string
}

/** null: nothing to report here, since what they knew is found, and reported, at another place of the same list. */
export function answer(question: Question, decrypted: Decrypted): Answer | null {
  const { now, known, own, suspects, elsewhere: others, otherwise } = question
  const told = (state: SecretState, reason: string | null, iv: number | null = null): Answer => ({ state, reason, iv })
  const digests = now.map(decrypted.at)
  if (digests.includes(null)) return otherwise === null ? null : told('unknown', 'the file cannot be decrypted by this runner')
  const same = digests.flatMap((digest) => (digest === null ? [] : decrypted.same(known, digest)))
  if (same.length > 0) {
    const worst = same.reduce((a, b) => (severity(a.state) <= severity(b.state) ? a : b))
    return otherwise === 'removed' ? null : told(worst.state, worst.reason, worst.iv)
  }
  if (otherwise === null) return null
  for (const one of own) {
    const digest = decrypted.of(one)
    if (digest === null) continue
    for (const places of [suspects, ...others]) {
      const place = decrypted.find(places, digest)
      if (place !== null && !question.isHere(place)) return told('current', `a value of it that they knew stands at ${decrypted.nameOf(place)}`, one.iv)
    }
  }
  const asked = now.length + suspects.length > 0
  const closed = asked ? known.filter((one) => decrypted.of(one) === null) : []
  if (closed.length > 0) return told('unknown', decrypted.whyNot(closed))
  if (suspects.some((place) => decrypted.at(place) === null)) return told('unknown', 'a file that may hold it now cannot be decrypted by this runner')
  return told(otherwise, otherwise === 'unknown' ? untoldDataKey : null)
}

const bySeverity: readonly SecretState[] = ['current', 'changed-too-early', 'unknown', 'changed', 'removed']

/** The worst comes first. */
export function severity(state: SecretState): number {
  return bySeverity.indexOf(state)
}
