// Which creation rule of a `.sops.yaml` governs a file, to say so in an explanation.
// Must never decide anything by it: who reads a file is sops' own answer.
import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Node } from 'yaml'
import { RE2JS } from 're2js'
import { readTree } from '../sops-config/tree.ts'
import type { ConfigTree } from '../sops-config/tree.ts'
import type { SopsConfig } from '../sops-config/read.ts'

export interface CreationRule {
  /** Where the rule begins in its config, from 1. */
  readonly line: number
  /** null where it is for every file. */
  readonly regex: string | null
  /** null where the rule gives none, so that every key group is needed. */
  readonly shamirThreshold: number | null
  /** Which names of values are encrypted; null where that is said in another way, or all are. */
  readonly encryptedRegex: string | null
}

interface Candidate extends CreationRule {
  /** null: sops can't take the regex, and so takes none of the rules from here on. */
  readonly matches: ((path: string) => boolean) | null
}

/** Configs do not change, and thousands of files ask the same one. */
const known = new WeakMap<SopsConfig, readonly Candidate[]>()

/**
 * The first rule whose `path_regex` (RE2, in linear time) is found in `path` as seen from the config's folder; both are relative
 * to the repository's root. null where none is, where the file is not below that folder, and where a regex on the way there is
 * none to RE2, with which sops fails too. Source: `parseCreationRuleForFile` in sops' config.go.
 */
export function ruleFor(config: SopsConfig, path: string): CreationRule | null {
  const folder = config.path.slice(0, config.path.lastIndexOf('/') + 1)
  if (!path.startsWith(folder)) return null
  const candidates = known.get(config) ?? candidatesIn(readTree(config.path, config.text))
  known.set(config, candidates)
  const rule = candidates.find(({ matches }) => matches === null || matches(path.slice(folder.length)))
  if (rule === undefined || rule.matches === null) return null
  const { line, regex, shamirThreshold, encryptedRegex } = rule
  return { line, regex, shamirThreshold, encryptedRegex }
}

function candidatesIn(tree: ConfigTree): readonly Candidate[] {
  const rules = entry(tree, tree.contents, 'creation_rules')
  if (!isSeq(rules)) return []
  return (rules.items as readonly Node[]).map((item) => {
    const line = tree.lineOf(item.range?.[0] ?? 0)
    const regex = regexOf(entry(tree, item, 'path_regex'))
    const shamirThreshold = countOf(entry(tree, item, 'shamir_threshold'))
    const found = { line, regex, shamirThreshold, encryptedRegex: regexOf(entry(tree, item, 'encrypted_regex')) }
    if (regex === null) return { ...found, matches: () => true }
    try {
      const compiled = RE2JS.compile(regex)
      return { ...found, matches: (path) => compiled.test(path) }
    } catch {
      return { ...found, matches: null }
    }
  })
}

/** What a key of a map stands for, `<<` included; null where there is no such key. */
function entry(tree: ConfigTree, of: Node | null, name: string): Node | null {
  const map = resolved(tree, of)
  if (!isMap(map)) return null
  const own = (key: string): Node | null =>
    (map.items.find((pair) => isScalar(pair.key) && pair.key.source === key)?.value ?? null) as Node | null
  const direct = own(name)
  if (direct !== null) return resolved(tree, direct)
  const merged = resolved(tree, own('<<'))
  for (const source of isSeq(merged) ? merged.items as readonly Node[] : [merged]) {
    const found = entry(tree, source, name)
    if (found !== null) return found
  }
  return null
}

function resolved(tree: ConfigTree, node: Node | null): Node | null {
  return isAlias(node) ? tree.target(node) : node
}

/** sops reads a missing, empty or null regex as none, for every file; any other scalar as its text. */
function regexOf(node: Node | null): string | null {
  if (!isScalar(node) || typeof node.value !== 'string') return null
  const isNull = node.type === 'PLAIN' && /^(?:~|null|Null|NULL)$/.test(node.value)
  return node.value === '' || isNull ? null : node.value
}

/** A number from 1 on; sops takes 0 for none. */
function countOf(node: Node | null): number | null {
  const count = isScalar(node) && typeof node.value === 'string' ? Number(node.value) : 0
  return Number.isInteger(count) && count > 0 ? count : null
}
