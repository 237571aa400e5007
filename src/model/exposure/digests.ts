// What is kept of a value that was decrypted: digests of its spellings and of its parts, by which it is compared with others.
// Pure. Must never keep a piece of the value.
import { isShort } from './hiding-places.ts'
import { spellingsOf } from './spellings.ts'
import { canonicalJson, mostTexts, partsOf } from './value-parts.ts'
import type { ValueParts } from './value-parts.ts'

/** Only equality matters. */
export interface Digests {
  /** Two values are one where they share one of these; the first is that of the value as it is written. */
  readonly spellings: readonly string[]
  /** null for a value of one piece. */
  readonly parts: DigestedParts | null
}

export interface DigestedParts extends Pick<ValueParts, 'kind' | 'tooMany'> {
  /** So many for each part: those of its texts, filled up with -1. 48 bits: thousands of versions can have thousands of lines. */
  readonly numbers: Float64Array
}

/** `digest`: of a text, in Base64. */
export function digestsBy(digest: (text: string) => string): (value: string) => Digests {
  return (value) => {
    const spellings = spellingsOf(value)
    // The last spelling is the one that nothing was put around.
    const parts = spellings.map(partsOf).findLast((one) => one !== null) ?? null
    const all = new Set([...spellings, ...spellings.flatMap((one) => canonicalJson(one) ?? [])])
    return { spellings: [...all].map(digest), parts: parts === null ? null : digested(parts, digest) }
  }
}

function digested({ kind, tooMany, parts }: ValueParts, digest: (text: string) => string): DigestedParts {
  const numbers = new Float64Array(parts.length * mostTexts).fill(-1)
  parts.forEach((texts, at) => texts.forEach((text, one) => { numbers[at * mostTexts + one] = numberOf(digest(text)) }))
  return { kind, tooMany, numbers }
}

function numberOf(digest: string): number {
  return Buffer.from(digest.slice(0, 8), 'base64').readUIntBE(0, 6)
}

/** How much of a value stands in others. */
export interface Standing {
  /** `all`: the value itself is a part of one of them. */
  readonly kind: ValueParts['kind'] | 'all'
  readonly left: number
  readonly of: number
  /** One of them has more parts than are compared. */
  readonly tooMany: boolean
}

/** `size`: of the value of `known`, in bytes. */
export function standingOf(known: Digests, size: number, now: readonly Digests[]): Standing {
  const found = new Set<number>()
  for (const { spellings, parts } of now) {
    if (known.parts !== null) for (const one of spellings) found.add(numberOf(one))
    for (const one of parts?.numbers ?? []) found.add(one)
  }
  const tooMany = [known, ...now].some(({ parts }) => parts?.tooMany === true)
  if (known.parts === null) {
    const isThere = found.size > 0 && !isShort({ size }) && known.spellings.some((one) => found.has(numberOf(one)))
    return { kind: 'all', left: isThere ? 1 : 0, of: 1, tooMany }
  }
  const { kind, numbers } = known.parts
  found.delete(-1)
  const of = numbers.length / mostTexts
  const left = Array.from({ length: of }, (_, at) => numbers.subarray(at * mostTexts, (at + 1) * mostTexts)).filter((texts) => texts.some((one) => found.has(one))).length
  return { kind, left, of, tooMany }
}
