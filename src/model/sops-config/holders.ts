// Whom a rule or key group of a `.sops.yaml` gives access, field by field.
// Must never look at how that is written.
import { isMap, isScalar, isSeq } from 'yaml'
import { canonicalId } from '../recipient.ts'
import { profileFor, recipientsIn } from './keys.ts'
import { mergedInto, provided, resolved } from './rules.ts'
import type { Holder } from './rules.ts'
import { fieldNames } from './spelling.ts'
import type { ConfigTree } from './tree.ts'

/** The canonical ids of the keys under one field of a rule or group, its own or merged with `<<`. */
export function keysUnder(tree: ConfigTree, holder: Holder, field: string): ReadonlySet<string> {
  const ids = new Set<string>()
  const profile = profileOf(tree, holder, field)
  const add = (value: unknown): void => {
    const node = resolved(tree, value)
    if (isSeq(node)) for (const item of node.items) add(item)
    const own = isMap(node) ? tree.ofMap(node) : null
    if (own !== null) ids.add(canonicalId(own))
    if (!isScalar(node)) return
    for (const recipient of recipientsIn(node.value, profile, field === 'pgp')) ids.add(canonicalId(recipient))
  }
  add(provided(tree, holder.map, field)?.value)
  return ids
}

/** All of the above, in the fields that count there. */
export function keysOf(tree: ConfigTree, holder: Holder): ReadonlySet<string> {
  return new Set(fieldNames(holder.group).flatMap((field) => [...keysUnder(tree, holder, field)]))
}

/** The keys of a group with those of the groups it merges. */
export function allKeysOf(tree: ConfigTree, holder: Holder): ReadonlySet<string> {
  return new Set([holder, ...mergedInto(tree, holder)].flatMap((one) => [...keysOf(tree, one)]))
}

/** The `aws_profile` with which a rule's own field is used. */
export function profileOf(tree: ConfigTree, { map, group }: Holder, field: string): string | null {
  const value = group ? null : resolved(tree, provided(tree, map, 'aws_profile')?.value)
  return profileFor({ aws_profile: isScalar(value) ? value.value : null }, field)
}
