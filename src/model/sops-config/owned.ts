// Every name that a `.sops.yaml` gives the holder of a key: by anchors, by the comments around the key.
// Must never say a name that the text gives to no one in particular.
import { isAlias } from 'yaml'
import { nameInComment } from '../owners/owners.ts'
import type { OwnedRecipient } from '../owners/owners.ts'
import type { UntoldName } from '../owners/untold.ts'
import { canonicalId } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import { isOfSeveral, signsBefore } from './names.ts'
import { labelsThatName, labelsUntold, nameBesideItem, namesInOrder } from './naming.ts'
import type { SlotList } from './slots.ts'
import { anchorOf, recipientOf } from './tree.ts'
import type { ConfigTree } from './tree.ts'

/** Each name of each key once, with the first line of the key that has it. */
export function ownersIn(tree: ConfigTree, path: string): readonly OwnedRecipient[] {
  const owners = new Map<string, OwnedRecipient>()
  const add = (from: 'anchor' | 'comment', name: string | null, recipient: Recipient, at: number): void => {
    const key = `${name ?? ''}\n${canonicalId(recipient)}`
    if (name !== null && !owners.has(key)) owners.set(key, { recipient, name, from, path, line: tree.lineOf(at) })
  }
  const walk = (list: SlotList): void => {
    const [listed, labels] = [namesInOrder(tree.text, list), labelsThatName(tree, list)]
    for (const [at, slot] of list.slots.entries()) {
      const recipient = recipientOf(tree, slot)
      if (recipient !== null) {
        const alone = list.style !== 'text'
        const anchor = alone && !isAlias(slot.value) ? anchorOf(slot) : null
        if (anchor !== null && !isOfSeveral(anchor)) add('anchor', anchor, recipient, slot.start)
        const beside = (alone ? nameBesideItem(tree.text, list, at) : null) ?? listed?.[at]
        for (const { text } of [beside ?? [], labels[at] ?? []].flat()) {
          add('comment', nameInComment(text.slice(signsBefore(text))), recipient, slot.start)
        }
      }
      if (slot.below !== null) walk(slot.below)
    }
  }
  if (tree.root !== null) walk(tree.root)
  return [...owners.values()]
}

/** The names in comments that may be about one key or another. */
export function untoldIn(tree: ConfigTree, path: string): readonly UntoldName[] {
  const walk = (list: SlotList): readonly UntoldName[] => [
    ...labelsUntold(tree, list).flatMap(({ start, text }) => {
      const name = nameInComment(text.slice(signsBefore(text)))
      return name === null ? [] : [{ name, path, line: tree.lineOf(start) }]
    }),
    ...list.slots.flatMap(({ below }) => (below === null ? [] : walk(below))),
  ]
  return tree.root === null ? [] : walk(tree.root)
}
