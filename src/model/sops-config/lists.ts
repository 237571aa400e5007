// Every place in a `.sops.yaml` at which a key stands, list by list, with the field of sops that the list is for.
// Must never decide what comes or goes.
import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Node, Pair, YAMLMap } from 'yaml'
import { canonicalId } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import { recipientsIn } from './keys.ts'
import type { Slot, SlotList } from './slots.ts'
import { isField } from './spelling.ts'
import { anchorOf, recipientOf } from './tree.ts'
import type { ConfigTree } from './tree.ts'

/** One key where it stands: an item, a part of a string, a pair of a table, or the alias that is a field's value. */
export interface Place {
  readonly list: SlotList
  readonly at: number
  readonly slot: Slot
  /** null for what we cannot read as one key. */
  readonly recipient: Recipient | null
  /** The pair that holds the string of which this is a part. */
  readonly pair: { readonly list: SlotList; readonly at: number } | null
}

export interface KeyList {
  /** `table`: `bob: &bob age1…`, one pair a key. `alias`: `age: *bob`. */
  readonly kind: 'items' | 'table' | 'alias'
  /** The field of sops these keys are read for; null where keys are only defined or noted down. */
  readonly field: string | null
  readonly node: Node
  readonly places: readonly Place[]
  /** The canonical ids of all it holds, also through aliases. */
  readonly members: ReadonlySet<string>
}

/** All lists of keys, in the order of the text. */
export function keyListsIn(tree: ConfigTree): readonly KeyList[] {
  const fields = fieldsByUse(tree)
  const lists: KeyList[] = []
  const push = (kind: KeyList['kind'], field: string | null, node: Node, places: readonly Place[]): void => {
    lists.push({ kind, field, node, places, members: membersOf(tree, node, places, field === 'pgp') })
  }
  const parts = (list: SlotList, pair: Place['pair']): readonly Place[] => list.slots.map((slot, at) =>
    ({ list, at, slot, recipient: recipientOf(tree, slot), pair }))
  const walk = (list: SlotList, node: Node, own: string | null, pair: Place['pair']): void => {
    const field = own ?? fields.get(node) ?? null
    if (list.style === 'text') {
      push('items', field, node, parts(list, pair))
      return
    }
    const item = (slot: Slot, at: number): Place => ({ list, at, slot, recipient: recipientOf(tree, slot), pair: null })
    if (isMap(node)) {
      const table = list.slots.map(item)
      const names = list.slots.map((_, at) => nameAt(node, at))
      if (table.length > 0 && table.every(({ recipient }, at) => recipient !== null && !isField(names[at] ?? ''))) {
        push('table', null, node, table)
        return
      }
      for (const [at, slot] of list.slots.entries()) {
        const name = names[at] ?? ''
        if (isAlias(slot.value)) {
          if (isField(name) && recipientOf(tree, slot) !== null) push('alias', name, slot.value, [item(slot, at)])
        } else if (slot.below !== null && slot.value !== null) {
          walk(slot.below, slot.value, isField(name) ? name : null, { list, at })
        }
      }
      return
    }
    const places = list.slots.flatMap((slot, at): readonly Place[] => {
      if (recipientOf(tree, slot) !== null) return [item(slot, at)]
      return field !== null && anchorOf(slot) === null && slot.below?.style === 'text' ? parts(slot.below, null) : []
    })
    if (places.length > 0) push('items', field, node, places)
    for (const slot of list.slots) {
      const taken = places.some((place) => place.slot === slot || place.list === slot.below)
      if (!taken && slot.below !== null && slot.value !== null) walk(slot.below, slot.value, null, null)
    }
  }
  if (tree.root !== null && tree.contents !== null) walk(tree.root, tree.contents, null, null)
  return lists
}

/** The name of the pair at an index of a map. */
export function nameAt(map: YAMLMap, at: number): string {
  return nameOf(map.items[at])
}

/** The name of a pair; `<<` for a merge. */
export function nameOf(pair: Pair | undefined): string {
  const key = pair?.key
  if (!isScalar(key)) return ''
  return typeof key.value === 'symbol' ? key.value.description ?? '' : String(key.value)
}

/** Which field a list is for that stands elsewhere and is used through its anchor. */
function fieldsByUse(tree: ConfigTree): ReadonlyMap<Node, string> {
  const fields = new Map<Node, string>()
  const mark = (value: unknown, field: string): void => {
    const node = isAlias(value) ? tree.target(value) : value
    if (isSeq(node)) for (const item of node.items) mark(item, field)
    if (isScalar(node) || isSeq(node)) fields.set(node, field)
  }
  const walk = (node: unknown): void => {
    if (isSeq(node)) for (const item of node.items) walk(item)
    if (!isMap(node)) return
    for (const pair of node.items) {
      if (isField(nameOf(pair))) mark(pair.value, nameOf(pair))
      walk(pair.value)
    }
  }
  walk(tree.contents)
  return fields
}

function membersOf(tree: ConfigTree, node: Node, places: readonly Place[], pgp: boolean): ReadonlySet<string> {
  const ids = new Set(places.flatMap(({ recipient }) => recipient === null ? [] : [canonicalId(recipient)]))
  const add = (value: unknown): void => {
    const of = isAlias(value) ? tree.target(value) : value
    if (isSeq(of)) for (const item of of.items) add(item)
    if (isScalar(of)) for (const recipient of recipientsIn(of.value, null, pgp)) ids.add(canonicalId(recipient))
  }
  // A string with an aws_profile means other keys than it spells; its places know.
  if (!isScalar(node) && !isMap(node)) add(node)
  return ids
}

/** The slots of every node that can be taken apart. */
export function slotListsIn(tree: ConfigTree): ReadonlyMap<Node, SlotList> {
  const lists = new Map<Node, SlotList>()
  const walk = (node: Node | null, list: SlotList | null): void => {
    if (node === null || list === null) return
    lists.set(node, list)
    for (const { value, below } of list.slots) walk(value, below)
  }
  walk(tree.contents, tree.root)
  return lists
}
