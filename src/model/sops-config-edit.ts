// A `.sops.yaml` without some recipients, every other byte as it was.
// Must never write YAML anew, and never leave a rule or a key group with nobody.
import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Node } from 'yaml'
import { canonicalId } from './recipient.ts'
import type { Recipient } from './recipient.ts'
import { emptied, gone, isEntries, minus, profileFor, recipientsIn } from './sops-config-keys.ts'
import type { IsRemoved } from './sops-config-keys.ts'
import { proveEdit } from './sops-config-proof.ts'
import { cutsFor, splice } from './sops-config-splice.ts'
import type { Cut } from './sops-config-splice.ts'
import type { Slot, SlotList } from './sops-config-slots.ts'
import { readTree, recipientOf } from './sops-config-tree.ts'
import type { ConfigTree } from './sops-config-tree.ts'
import type { SopsConfig } from './sops-config.ts'

export type ConfigRemoval =
  | { readonly kind: 'untouched' }
  | { readonly kind: 'edited'; readonly path: string; readonly before: string; readonly after: string }
  | { readonly kind: 'refused'; readonly path: string; readonly line: number; readonly reason: string }

/**
 * Takes the recipients out wherever they stand: rules, key groups, `merge`, lists of anchors; their comments go with them.
 * Refused where a rule or a key group would have nobody left. Throws Failure `config-edit` when the result cannot be proven to
 * be the old text less these keys.
 */
export function removeRecipients(config: SopsConfig, removed: readonly Recipient[]): ConfigRemoval {
  const { path, text: before } = config
  const ids = new Set(removed.map(canonicalId))
  const isRemoved: IsRemoved = (recipient) => ids.has(canonicalId(recipient))
  const tree = readTree(path, before)
  if (!recipientsIn(tree.value).some(isRemoved)) return { kind: 'untouched' }
  const refusal = refuse(tree, isRemoved)
  if (refusal !== null) return { kind: 'refused', path, ...refusal }
  const after = tree.root === null ? before : splice(before, cutsIn(tree, tree.root, isRemoved))
  proveEdit(path, before, after, isRemoved)
  return { kind: 'edited', path, before, after }
}

function cutsIn(tree: ConfigTree, list: SlotList, isRemoved: IsRemoved): readonly Cut[] {
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
  if (slot.part === null) return isNodeGone(tree, slot.value, slot.profile, isRemoved)
  const recipient = recipientOf(tree, slot)
  return recipient !== null && isRemoved(recipient)
}

function isNodeGone(tree: ConfigTree, node: unknown, profile: string | null, isRemoved: IsRemoved): boolean {
  if (isAlias(node)) return isNodeGone(tree, tree.target(node), profile, isRemoved)
  if (isScalar(node)) return minus(node.value, isRemoved, profile) === gone
  if (isSeq(node)) return node.items.length > 0 && node.items.every((item) => isNodeGone(tree, item, profile, isRemoved))
  if (!isMap(node)) return false
  const own = tree.ofMap(node)
  if (own !== null) return isRemoved(own)
  const used = { aws_profile: node.get('aws_profile') }
  return node.items.length > 0 && node.items.every(({ key, value }) =>
    isNodeGone(tree, value, profileFor(used, isScalar(key) ? String(key.value) : ''), isRemoved))
}

function refuse(tree: ConfigTree, isRemoved: IsRemoved): { readonly line: number; readonly reason: string } | null {
  for (const { rule, node, what } of rulesIn(tree)) {
    const left = emptied(rule, isRemoved)
    if (left === null) continue
    const group = left.group === null ? null : child(tree, child(tree, node, 'key_groups'), left.group)
    const who = left.group === null ? what : `key group ${left.group + 1} of ${what}`
    return { line: lineOf(tree, group ?? node), reason: `${who} would have no recipient left.` }
  }
  return minus(tree.value, isRemoved) === gone ? { line: 1, reason: 'Nothing would be left of the file.' } : null
}

interface Rule {
  readonly rule: unknown
  readonly node: Node | null
  /** The rule in words, with its path_regex. */
  readonly what: string
}

function rulesIn(tree: ConfigTree): readonly Rule[] {
  if (!isEntries(tree.value)) return []
  const { creation_rules: creation, destination_rules: destination } = tree.value
  const list = (value: unknown): readonly unknown[] => Array.isArray(value) ? value : []
  const inside = (name: string, rules: unknown): readonly Rule[] => list(rules).map((rule, at) => {
    const regex = isEntries(rule) && typeof rule.path_regex === 'string' ? rule.path_regex : null
    const what = regex === null ? `rule ${at + 1} (without path_regex)` : `the rule with path_regex ${regex}`
    return { rule, node: child(tree, child(tree, tree.contents, name), at), what }
  })
  const recreation = inside('destination_rules', destination).map(({ rule, node, what }) => ({
    rule: isEntries(rule) ? rule.recreation_rule : null, node, what: `the recreation_rule of ${what}`,
  }))
  return [...inside('creation_rules', creation), ...recreation]
}

function child(tree: ConfigTree, node: Node | null, name: string | number): Node | null {
  const parent = isAlias(node) ? tree.target(node) : node
  return isMap(parent) || isSeq(parent) ? (parent.get(name, true) as Node | undefined) ?? null : null
}

function lineOf(tree: ConfigTree, node: Node | null): number {
  return tree.lineOf(node?.range?.[0] ?? 0)
}
