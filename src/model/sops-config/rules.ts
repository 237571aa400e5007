// The rules of a `.sops.yaml`, and the maps in them that hold keys: a rule itself, its key groups, what they merge.
// Must never judge which rule a file gets.
import { isAlias, isMap, isSeq } from 'yaml'
import type { Node, YAMLMap } from 'yaml'
import { isEntries } from './keys.ts'
import { nameOf } from './lists.ts'
import type { ConfigTree } from './tree.ts'

export interface Rule {
  readonly value: unknown
  readonly node: Node | null
  /** The rule in words, with its path_regex. */
  readonly what: string
}

/** A map that sops reads keys from. */
export interface Holder {
  readonly map: YAMLMap
  /** A key group, or the rule's own fields. */
  readonly group: boolean
  readonly rule: Rule
}

/** Every creation rule, then every recreation_rule. */
export function rulesIn(tree: ConfigTree): readonly Rule[] {
  if (!isEntries(tree.value)) return []
  const { creation_rules: creation, destination_rules: destination } = tree.value
  const list = (value: unknown): readonly unknown[] => Array.isArray(value) ? value : []
  const inside = (name: string, rules: unknown): readonly Rule[] => list(rules).map((value, at) => {
    const regex = isEntries(value) && typeof value.path_regex === 'string' ? value.path_regex : null
    const what = regex === null ? `rule ${at + 1} (without path_regex)` : `the rule with path_regex ${regex}`
    return { value, node: child(tree, child(tree, tree.contents, name), at), what }
  })
  const recreation = inside('destination_rules', destination).flatMap(({ value, node, what }): readonly Rule[] =>
    isEntries(value) && isEntries(value.recreation_rule)
      ? [{ value: value.recreation_rule, node: child(tree, node, 'recreation_rule'), what: `the recreation_rule of ${what}` }]
      : [])
  return [...inside('creation_rules', creation), ...recreation]
}

/** What sops reads keys from in a rule: its key groups where it has some, one by one, else the rule itself. */
export function holdersOf(tree: ConfigTree, rule: Rule): readonly Holder[] {
  const own = resolved(tree, rule.node)
  if (!isMap(own)) return []
  const groups = resolved(tree, provided(tree, own, 'key_groups')?.value)
  if (!isSeq(groups) || groups.items.length === 0) return [{ map: own, group: false, rule }]
  return groups.items.flatMap((item): readonly Holder[] => {
    const map = resolved(tree, item)
    return isMap(map) ? [{ map, group: true, rule }] : []
  })
}

/** The key groups that a key group merges, at any depth. */
export function mergedInto(tree: ConfigTree, holder: Holder): readonly Holder[] {
  const merge = resolved(tree, provided(tree, holder.map, 'merge')?.value)
  if (!holder.group || !isSeq(merge)) return []
  return merge.items.flatMap((item): readonly Holder[] => {
    const map = resolved(tree, item)
    if (!isMap(map)) return []
    const inner = { ...holder, map }
    return [inner, ...mergedInto(tree, inner)]
  })
}

/** The pair of that name which counts for a map: its own, else one of the maps behind its `<<`; with the map it stands in. */
export function provided(
  tree: ConfigTree, map: YAMLMap, name: string,
): { readonly map: YAMLMap; readonly at: number; readonly value: unknown } | null {
  const at = map.items.findIndex((pair) => nameOf(pair) === name)
  if (at !== -1) return { map, at, value: map.items[at]?.value }
  for (const pair of map.items) {
    if (nameOf(pair) !== '<<') continue
    const value = resolved(tree, pair.value)
    for (const item of isSeq(value) ? value.items : [value]) {
      const base = resolved(tree, item)
      const found = isMap(base) ? provided(tree, base, name) : null
      if (found !== null) return found
    }
  }
  return null
}

/** The node that an alias stands for; any other node itself. */
export function resolved(tree: ConfigTree, node: unknown): unknown {
  return isAlias(node) ? tree.target(node) : node
}

/** The node under a name or index, through aliases and merges. */
export function child(tree: ConfigTree, node: unknown, name: string | number): Node | null {
  const parent = resolved(tree, node)
  if (isMap(parent)) return (provided(tree, parent, String(name))?.value ?? null) as Node | null
  return isSeq(parent) ? (parent.get(name, true) as Node | undefined) ?? null : null
}

export function lineOf(tree: ConfigTree, node: Node | null): number {
  return tree.lineOf(node?.range?.[0] ?? 0)
}
