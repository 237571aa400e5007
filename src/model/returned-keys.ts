// Which keys a commit had taken out of a file that they can read again, by its history.
// Must never take a key for returned that only joined on one branch while another one was edited.
import type { ReturnedKey, ReturnedKeys } from './check-findings.ts'
import type { History } from './history.ts'
import { canonicalId } from './recipient.ts'

/** By what each commit did against its first parent; with the last such removal of each key from each file of the base. */
export function returnedKeys({ changes, versions, base, recipients }: History): ReturnedKeys {
  const returned = new Map<string, ReturnedKey[]>()
  const readersOf = (version: number | undefined | null): ReadonlySet<number> => new Set(versions[version ?? -1]?.readers ?? [])
  const seen = new Set<string>()
  // The newest first.
  for (const { path, before, after, time } of changes) {
    if (before === null || after === null || !base.has(path)) continue
    const [stayed, now] = [readersOf(after), readersOf(base.get(path))]
    for (const one of readersOf(before)) {
      const [recipient, place] = [recipients[one], `${one} ${path}`]
      if (recipient === undefined || stayed.has(one) || !now.has(one) || seen.has(place)) continue
      seen.add(place)
      const id = canonicalId(recipient)
      returned.set(id, [...returned.get(id) ?? [], { path, date: new Date(time * 1000).toISOString() }])
    }
  }
  return returned
}
