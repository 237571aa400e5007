// The list of who could have been meant, closest first, for an error that names what was asked.
// Must never decide that one of them was meant.
import type { OwnedRecipient } from './owners.ts'
import { canonicalId, isMeantBy, sameRecipient, shortForm } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'

interface Candidate {
  readonly text: string
  readonly distance: number
}

/**
 * One line a candidate, like `  bob  age1… (.sops.yaml:4)`: every name of each of the recipients, and those without a name.
 * Ordered by likeness to `asked`; in the order given where `asked` is empty.
 */
export function candidateLines(
  asked: string, owners: readonly OwnedRecipient[], recipients: readonly Recipient[],
): readonly string[] {
  const unique = recipients.filter((one, at) => recipients.findIndex((other) => sameRecipient(one, other)) === at)
  const candidates = unique.flatMap((recipient): Candidate[] => {
    const names = owners.filter((owner) => isMeantBy(owner.recipient, recipient))
    const byKey = keyDistance(asked, recipient)
    if (names.length === 0) return [{ text: spell(recipient), distance: byKey }]
    return names.map((owner) => ({
      text: `${asSeen(owner.name)}  ${spell(recipient)} (${placeOf(owner)})`,
      distance: Math.min(byKey, nameDistance(asked, asSeen(owner.name))),
    }))
  })
  const ordered = asked === '' ? candidates : candidates.toSorted((a, b) => a.distance - b.distance)
  return [...new Set(ordered.map(({ text }) => `  ${text}`))]
}

/** Where the name stands, as `path:line`; a keyring has no lines. */
export function placeOf({ path, line }: OwnedRecipient): string {
  return line === 0 ? path : `${path}:${line}`
}

/** What people see of `text`: without characters that have no width or turn its direction, on one line. */
export function asSeen(text: string): string {
  return text.replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '').replace(/\p{Cc}+/gu, ' ')
}

/** The whole key, so that it can be copied into the next request; only what no one would copy by hand is shortened. */
function spell(recipient: Recipient): string {
  return recipient.id.length > 240 ? shortForm(recipient) : recipient.id
}

/** 0 for a key that begins or ends like what was asked (a truncated age key, a short PGP id, an ARN without its context). */
function keyDistance(asked: string, recipient: Recipient): number {
  const wanted = asked.replace(/^0x/i, '').replaceAll(' ', '').toLowerCase()
  const id = canonicalId(recipient).replace(/^[^:]*:/, '').replaceAll(' ', '').toLowerCase()
  return wanted.length >= 6 && (id.startsWith(wanted) || id.endsWith(wanted) || wanted.startsWith(id)) ? 0 : 1
}

/** 0 for equal words, 1 for nothing in common: Levenshtein's distance as a share of the longer one. */
function nameDistance(asked: string, name: string): number {
  const [a, b] = [asked.toLowerCase().slice(0, 100), name.toLowerCase().slice(0, 100)]
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return (row[b.length] ?? 0) / Math.max(a.length, b.length, 1)
}
