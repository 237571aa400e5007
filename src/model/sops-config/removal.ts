// What of a `.sops.yaml` goes when some keys go.
// Must never take out what still holds a key of someone else.
import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import { gone, minus, profileFor } from './keys.ts'
import type { IsRemoved } from './keys.ts'
import { cutsFor } from './splice.ts'
import type { Cut } from './splice.ts'
import type { Slot, SlotList } from './slots.ts'
import { recipientOf } from './tree.ts'
import type { ConfigTree } from './tree.ts'

/** The cuts after which none of the removed stands in the list or below it. */
export function cutsIn(tree: ConfigTree, list: SlotList, isRemoved: IsRemoved): readonly Cut[] {
  const leaving = new Set([...list.slots.keys()].filter((at) => {
    const slot = list.slots[at]
    return slot !== undefined && isGone(tree, slot, isRemoved)
  }))
  const staying = list.slots.filter((_, at) => !leaving.has(at))
  const below = staying.flatMap((slot) => slot.below === null ? [] : cutsIn(tree, slot.below, isRemoved))
  return leaving.size === 0 ? below : [...below, ...cutsFor(tree, list, leaving)]
}

/** Whether nothing is left of what the slot holds; an alias goes with what it stands for. */
function isGone(tree: ConfigTree, slot: Slot, isRemoved: IsRemoved): boolean {
  if (slot.part === null) return isNodeGone(tree, slot.value, slot, isRemoved)
  const recipient = recipientOf(tree, slot)
  return recipient !== null && isRemoved(recipient)
}

/** Whether nothing is left of a node, used so. */
export function isNodeGone(tree: ConfigTree, node: unknown, use: Pick<Slot, 'profile' | 'pgp'>, isRemoved: IsRemoved): boolean {
  if (isAlias(node)) return isNodeGone(tree, tree.target(node), use, isRemoved)
  if (isScalar(node)) return minus(node.value, isRemoved, use.profile, use.pgp) === gone
  if (isSeq(node)) return node.items.length > 0 && node.items.every((item) => isNodeGone(tree, item, use, isRemoved))
  if (!isMap(node)) return false
  const own = tree.ofMap(node)
  if (own !== null) return isRemoved(own)
  const used = { aws_profile: node.get('aws_profile') }
  return node.items.length > 0 && node.items.every(({ key, value }) => {
    const name = isScalar(key) ? String(key.value) : ''
    return isNodeGone(tree, value, { profile: profileFor(used, name), pgp: name === 'pgp' }, isRemoved)
  })
}
