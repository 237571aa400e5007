// Fields of a `.sops.yaml` that override what a map merges with `<<`, and would uncover it if they went.
// Must never judge what the uncovered keys may read: who was kept out stays out.
import { isMap, isNode, isScalar, isSeq, visit } from 'yaml'
import type { YAMLMap } from 'yaml'
import type { Refusal } from './change.ts'
import { profileFor } from './keys.ts'
import type { IsRemoved } from './keys.ts'
import { nameOf } from './lists.ts'
import { isNodeGone } from './removal.ts'
import { lineOf, resolved } from './rules.ts'
import { isField } from './spelling.ts'
import type { ConfigTree } from './tree.ts'

interface Provider {
  readonly name: string
  readonly value: unknown
}

/** Why the removed cannot go: a field would go with them, and another one, which holds other keys, would count instead; null where none would. */
export function uncovered(tree: ConfigTree, isRemoved: IsRemoved): Refusal | null {
  let found: Refusal | null = null
  visit(tree.contents, { Map: (_, map) => {
    const providers = providersIn(tree, map)
    const profile = resolved(tree, providers.find(({ name }) => name === 'aws_profile')?.value)
    const used = { aws_profile: isScalar(profile) ? profile.value : null }
    const fields = Map.groupBy(providers.filter(({ name }) => isField(name)), ({ name }) => name)
    for (const [name, [first, ...more]] of fields) {
      const goes = (value: unknown): boolean => isNodeGone(tree, value, { profile: profileFor(used, name), pgp: name === 'pgp' }, isRemoved)
      const next = more.find(({ value }) => !goes(value))
      if (first === undefined || next === undefined || !goes(first.value)) continue
      const line = (value: unknown): number => lineOf(tree, isNode(value) ? value : null)
      const reason = `${name} would have nobody left here, and that of line ${line(next.value)}, which << merges, would count in its place: `
        + 'write here what is wanted of it, without the <<.'
      found ??= { line: line(first.value), reason }
    }
  } })
  return found
}

/** The pairs of a map, then those of the maps behind its `<<`: the first of a name counts. */
function providersIn(tree: ConfigTree, map: YAMLMap): readonly Provider[] {
  const own = map.items.filter((pair) => nameOf(pair) !== '<<').map((pair): Provider => ({ name: nameOf(pair), value: pair.value }))
  const merged = map.items.filter((pair) => nameOf(pair) === '<<').flatMap(({ value }) => {
    const bases = resolved(tree, value)
    return (isSeq(bases) ? bases.items : [bases]).map((base) => resolved(tree, base))
  })
  return [...own, ...merged.flatMap((base) => isMap(base) ? providersIn(tree, base) : [])]
}
