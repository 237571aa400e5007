// Which keys come to which places of a `.sops.yaml`, each once in all that a list means.
// Must never leave a list without a key that comes to it.
import { isAlias, isSeq } from 'yaml'
import type { NewRecipient } from './change.ts'
import type { KeyList, Place } from './lists.ts'
import type { ConfigTree } from './tree.ts'

/** A key that comes behind another one, or takes its place. */
export interface Arrival {
  readonly one: NewRecipient
  readonly place: Place
  readonly instead: boolean
}

/** Without those to a list that gets the key already, in another place or through an alias. Whose place it is then goes with nobody in it. */
export function onceEach(tree: ConfigTree, lists: readonly KeyList[], arrivals: readonly Arrival[]): readonly Arrival[] {
  const listOf = new Map(lists.flatMap((list) => list.places.map((place) => [place, list] as const)))
  const nodes = Map.groupBy(arrivals, ({ one }) => one)
  return arrivals.filter(({ one, place }) => {
    const list = listOf.get(place)
    const others = nodes.get(one) ?? []
    if (list === undefined || others.length === 1) return true
    const first = others.find((other) => listOf.get(other.place) === list)
    const within = nodesWithin(tree, list.node)
    return first?.place === place && !others.some((other) => within.has(listOf.get(other.place)?.node))
  })
}

/** All that a list holds through aliases. */
function nodesWithin(tree: ConfigTree, node: unknown): ReadonlySet<unknown> {
  const within = new Set<unknown>()
  const walk = (list: unknown): void => {
    for (const item of isSeq(list) ? list.items : []) {
      const target = isAlias(item) ? tree.target(item) : item
      if (isAlias(item)) within.add(target)
      walk(target)
    }
  }
  walk(node)
  return within
}
