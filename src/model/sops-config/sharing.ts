// Which rules or key groups of a `.sops.yaml` have one field between them, through an alias or a merged map.
// Must never decide who is to have access.
import { isAlias, isNode, isScalar } from 'yaml'
import { parseRecipient } from '../recipient.ts'
import type { Refusal } from './change.ts'
import { holdersOf, mergedInto, provided, resolved, rulesIn } from './rules.ts'
import type { Holder } from './rules.ts'
import type { ConfigTree } from './tree.ts'

/**
 * Why the field of `holder` cannot be written to: another one has the same, and `gains` says that it is not to get what is
 * written. null where nobody else has it, everyone who has it gains, or it is an alias of one
 * key, which can be spelled out.
 */
export function sharingRefusal(
  tree: ConfigTree, holder: Holder, field: string, gains: (other: Holder) => boolean,
): Refusal | null {
  const own = useOf(tree, holder, field)
  if (own === null || own.isOneKey) return null
  for (const outer of rulesIn(tree).flatMap((rule) => holdersOf(tree, rule))) {
    for (const one of [outer, ...mergedInto(tree, outer)]) {
      const other = useOf(tree, one, field)
      // A group gains what it merges: where the inner one is meant, so is the outer one.
      if (other === null || other.value !== own.value || gains(one) || gains(outer)) continue
      const reason = `line ${own.line} and line ${other.line} share their ${field}${own.name === null ? '' : ` (&${own.name})`}, `
        + 'and the key is to come to the one only: write them apart first.'
      return { line: own.line, reason }
    }
  }
  return null
}

interface Use {
  readonly value: unknown
  readonly line: number
  readonly name: string | null
  /** An alias of a key by itself. */
  readonly isOneKey: boolean
}

/** What a rule or group has for a field, with the line in which it says so. */
function useOf(tree: ConfigTree, { map }: Holder, field: string): Use | null {
  const found = provided(tree, map, field)
  const value = resolved(tree, found?.value)
  if (found === null || !isNode(value)) return null
  const from = found.map === map && isNode(found.value) ? found.value : map
  const name = isAlias(found.value) ? found.value.source : 'anchor' in value ? value.anchor : undefined
  const isOneKey = found.map === map && isAlias(found.value) && isScalar(value) && parseRecipient(String(value.value)) !== null
  return { value, isOneKey, line: tree.lineOf(from.range?.[0] ?? 0), name: name ?? (found.map === map ? null : found.map.anchor ?? null) }
}
