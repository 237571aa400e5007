// Whose keys were whose at earlier commits, or by the record of who was removed: which of them a name stood for last.
// Must never take the keys that a name stood for at two times for one person's, unless the one took the place of the other.
import { formsOf } from './owners.ts'
import type { OwnedRecipient } from './owners.ts'
import type { RemovedRecord } from './owners-file.ts'
import { canonicalId, isMeantBy } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'

export interface PastOwner extends OwnedRecipient {
  /** The keys that the same file gives to the name after this one. */
  readonly next: readonly Recipient[]
}

/** The owners by an earlier version of a file, read at `place`; `after`: by each version that came in its place. */
export function pastOwners(owners: readonly OwnedRecipient[], place: string, after: readonly (readonly OwnedRecipient[])[]): readonly PastOwner[] {
  const versions = after.map((version) => Map.groupBy(version, ({ name }) => folded(name)))
  return owners.map((owner) => {
    const next = versions.flatMap((version) => {
      const keys = (version.get(folded(owner.name)) ?? []).map(({ recipient }) => recipient)
      return keys.some((one) => isMeantBy(owner.recipient, one)) ? [] : keys
    })
    return { ...owner, path: place, next }
  })
}

/** Who held the keys that an owners file, read at `place`, records as removed; those that were removed on one day are of one time. */
export function recordedOwners(records: readonly RemovedRecord[], place: string): readonly PastOwner[] {
  const byOwner = Map.groupBy(records, ({ owner }) => folded(owner ?? ''))
  return records.flatMap(({ recipient, owner, line, date }): readonly PastOwner[] => {
    if (owner === null) return []
    const next = (byOwner.get(folded(owner)) ?? []).filter((one) => one.date > date).map((one) => one.recipient)
    return [{ recipient, name: owner, from: 'owners-file', path: place, line, next }]
  })
}

/** `owners` without those keys of the name in whose place another one of `known` came: that one is meant, they are earlier ones. */
export function lastNamed(asked: string, owners: readonly PastOwner[], known: readonly Recipient[]): readonly PastOwner[] {
  const bears = ({ name }: PastOwner): boolean => formsOf(name).includes(folded(asked))
  const named = owners.filter((owner) => bears(owner) && known.some((one) => isMeantBy(owner.recipient, one)))
  const ids = new Set(named.map(({ recipient }) => canonicalId(recipient)))
  const exchanged = new Set(named.filter(({ next }) => next.some((one) => ids.has(canonicalId(one)))).map(({ recipient }) => canonicalId(recipient)))
  // Of keys that came in each other's place none is the last.
  return exchanged.size === ids.size ? owners : owners.filter((owner) => !bears(owner) || !exchanged.has(canonicalId(owner.recipient)))
}

function folded(name: string): string {
  return formsOf(name)[0] ?? ''
}
