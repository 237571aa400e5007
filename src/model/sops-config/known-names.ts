// What is known of who holds a key from others than the text that is edited.
// Must never be a reason to let a name pass to another key.
import { formsOf, ownerOf } from '../owners/owners.ts'
import type { OwnedRecipient } from '../owners/owners.ts'
import { canonicalId, isMeantBy } from '../recipient.ts'
import type { NamesOf } from './tree.ts'

/** All names of a key by `owners` and by its own comment, in all their forms. */
export function namesBy(owners: readonly OwnedRecipient[]): NamesOf {
  const byKey = Map.groupBy(owners, ({ recipient }) => canonicalId(recipient))
  // Those that stand for others too: by the end of a fingerprint, or by any version.
  const loose = owners.filter(({ recipient: { kind } }) => kind === 'pgp' || kind === 'azure_keyvault')
  const told = new Map<string, readonly string[]>()
  return (recipient) => {
    const id = canonicalId(recipient)
    const known = told.get(id)
    if (known !== undefined) return known
    const meant = [...byKey.get(id) ?? [], ...loose.filter((owner) => isMeantBy(owner.recipient, recipient))]
    const own = ownerOf([], recipient)
    const names = [...new Set([...meant.map(({ name }) => name), ...own === null ? [] : [own]].flatMap(formsOf))]
    told.set(id, names)
    return names
  }
}
