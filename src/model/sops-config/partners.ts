// Which new key takes whose place outright: the key's text changes where it stands, and nothing around it has to.
// Must never pair keys of which one cannot stand where the other does.
import { canonicalId } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import type { ConfigChange, NewRecipient } from './change.ts'
import type { KeyList } from './lists.ts'
import { replaced } from './replace.ts'
import { sameField } from './spelling.ts'
import type { ConfigTree } from './tree.ts'

/**
 * The new keys by the canonical id of the one whose place they take: of those that go and are the models of who comes, the first
 * of a field with the first. None for a key that the file has already, for it may stand beside the one that goes.
 */
export function partnersIn(tree: ConfigTree, lists: readonly KeyList[], change: ConfigChange): ReadonlyMap<string, NewRecipient> {
  const partners = new Map<string, NewRecipient>()
  if (change.like === 'every rule') return partners
  const known = new Set(lists.flatMap(({ members }) => [...members]))
  const models = new Set(change.like.map(canonicalId))
  for (const removed of change.removed) {
    const id = canonicalId(removed)
    if (!models.has(id) || !known.has(id)) continue
    const one = change.added.find(({ recipient }) => sameField(recipient.kind, removed.kind)
      && !known.has(canonicalId(recipient)) && ![...partners.values()].some((other) =>
      canonicalId(other.recipient) === canonicalId(recipient)))
    if (one !== undefined && fitsEverywhere(tree, lists, id, one)) partners.set(id, one)
  }
  return partners
}

function fitsEverywhere(tree: ConfigTree, lists: readonly KeyList[], id: string, one: NewRecipient): boolean {
  const isIt = (recipient: Recipient | null): boolean => recipient !== null && canonicalId(recipient) === id
  const places = lists.flatMap((list) => list.places).filter(({ recipient }) => isIt(recipient))
  return places.every((place) => replaced(tree, place, { ...one, anchor: 'a', alias: '*a' }) !== null)
}
