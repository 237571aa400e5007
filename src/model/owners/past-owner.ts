// Whose keys were whose at earlier commits, or by the record of who was removed: which of them a name stood for last.
// Must never take the keys that a name stood for at two times for one person's, unless the one took the place of the other, nor a key
// that is in use for that of who had it once.
import { formsOf } from './owners.ts'
import { asSeen, placeOf } from './owners-candidates.ts'
import type { OwnedRecipient } from './owners.ts'
import type { RemovedRecord } from './owners-file.ts'
import { canonicalId, isMeantBy } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import type { SopsConfig } from '../sops-config/read.ts'

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

/**
 * Why a name that no more than the past gives to `keys` does not stand for them, a line for each that is in a config of today: it may be
 * somebody else's by now, or always have been.
 */
export function inUseToday(
  asked: string, keys: readonly Recipient[], past: readonly PastOwner[],
  { configs, owners }: { readonly configs: readonly Pick<SopsConfig, 'path' | 'recipients'>[]; readonly owners: readonly OwnedRecipient[] },
): readonly string[] {
  const isOf = (one: Recipient) => (owner: OwnedRecipient): boolean => isMeantBy(owner.recipient, one)
  return keys.flatMap((one) => {
    const config = configs.find(({ recipients }) => recipients.some((other) => isMeantBy(other, one)))
    if (config === undefined) return []
    const then = past.filter(isOf(one)).find(({ name }) => formsOf(name).includes(folded(asked)))
    const now = owners.filter(isOf(one)).map((owner) => `${asSeen(owner.name)}'s, by ${placeOf(owner)}`)
    const whose = now.length === 0 ? 'and nothing says whose it is' : `and is ${[...new Set(now)].join('; ')}`
    return [`${one.id} was that of "${asked}"${then === undefined ? '' : ` by ${placeOf(then)}`}. Today it stands in ${config.path}, ${whose}.`]
  })
}

function folded(name: string): string {
  return formsOf(name)[0] ?? ''
}
