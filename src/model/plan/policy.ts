// Good practice that a file's recipients can fall short of: two kinds of keys, a key per environment, two who can open it.
// Pure. Must never look at a key's holder or at a file's content: a path, a rule and the groups decide.
import type { Groups } from './plan.ts'
import { canonicalId, shortForm, isKept } from '../recipient.ts'
import type { Recipient, RecipientKind } from '../recipient.ts'
import type { Finding } from '../report.ts'

export interface GovernedFile {
  readonly path: string
  /** The `.sops.yaml` that governs it, and the rule in it, where they are known. */
  readonly config: string | null
  readonly rule: { readonly line: number } | null
  /** The groups as they will be. */
  readonly groups: Groups
  /** How many groups it takes to open the file; as in sops, all of them where none is given. */
  readonly threshold?: number | null
}

/** What counts as one kind: who loses one age key easily loses the next one the same way. */
const families: Readonly<Record<RecipientKind, string>> = {
  age: 'age', 'age-ssh': 'age', 'age-plugin': 'age', pgp: 'PGP', kms: 'AWS KMS', gcp_kms: 'GCP KMS',
  azure_keyvault: 'Azure Key Vault', hc_vault: 'Vault', hckms: 'Huawei Cloud KMS',
}

const environments: ReadonlyMap<string, string> = new Map([
  ['prod', 'prod'], ['production', 'prod'], ['prd', 'prod'], ['preprod', 'preprod'],
  ['staging', 'staging'], ['stage', 'staging'], ['stg', 'staging'], ['dev', 'dev'], ['development', 'dev'],
  ['test', 'test'], ['qa', 'qa'], ['sandbox', 'sandbox'],
])

/** What `environmentOf` may tell, the one that matters most first. */
export const environmentNames: readonly string[] = [...new Set(environments.values())]

/**
 * What falls short, by path and then in the order of docs/policy.md; every finding is about one file and names its rule.
 * A file whose environment can't be told from its path has none, and shares its keys with nobody's.
 */
export function policyFindings(files: readonly GovernedFile[], level: 'warning' | 'error'): readonly Finding[] {
  const shared = sharedKeys(files)
  return [...files].sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0).flatMap((file) => {
    const finding = (code: string, message: string): Finding => ({ code, level, path: file.path, message })
    return [
      ...singleKind(file).map((message) => finding('single-key-kind', message)),
      ...foreignEnvironments(file, shared).map((message) => finding('shared-environment-key', message)),
      ...fewSurvivors(file).map((message) => finding('few-survivors', message)),
    ]
  })
}

/** Those of `required` that would not be among a file's recipients, in any of its groups. */
export function missingRequired(groups: Groups, required: readonly Recipient[]): readonly Recipient[] {
  return required.filter((one) => !isKept(one, groups.flat()))
}

/**
 * The environment a path speaks of: by a folder that is called so, else by the file's name up to its first dot, else by a
 * word in any name. null where it speaks of none, or of two alike.
 */
export function environmentOf(path: string): string | null {
  // `pre-prod` is one word; `non-prod` may be any of several environments.
  const names = path.toLowerCase().replace(/pre[-_.]prod/g, 'preprod').replace(/non[-_.]prod/g, 'nonprod').split('/')
  const file = names.pop() ?? ''
  const words = [...names, file].flatMap((name) => name.split(/[^\p{L}\p{N}]+/u))
  for (const told of [names, [file.replace(/(?<=.)\..*$/, '').replace(/^\./, '')], words]) {
    const found = new Set(told.flatMap((word) => environments.get(word) ?? []))
    if (found.size > 0) return found.size === 1 ? [...found].join('') : null
  }
  return null
}

function singleKind({ groups, ...file }: GovernedFile): readonly string[] {
  const kinds = new Set(groups.flat().map(({ kind }) => families[kind]))
  if (kinds.size !== 1) return []
  return [`only ${[...kinds].join('')} keys open it: add a key of another kind ${inRule(file)}, so that losing one does not lose the file`]
}

function fewSurvivors({ groups, threshold, ...file }: GovernedFile): readonly string[] {
  const parts = groups.map((group) => new Set(group.map(canonicalId)))
  const needed = threshold ?? Math.max(1, groups.length)
  const openWithout = (lost: string): number => parts.filter((ids) => ids.size > (ids.has(lost) ? 1 : 0)).length
  const critical = groups.flat().find((one) => openWithout(canonicalId(one)) < needed)
  if (critical === undefined && groups.flat().length > 0) return []
  if (groups.length > 1 && critical !== undefined) {
    return [`without ${shortForm(critical)} fewer than the ${needed} key groups it takes could open it: `
      + `add a second recipient to the groups that have only one ${inRule(file)}`]
  }
  return [`fewer than two recipients could open it: add another one ${inRule(file)}`]
}

/** By key: the environments it serves, each with the first path, in the order of the paths. */
type SharedKeys = ReadonlyMap<string, ReadonlyMap<string, string>>

function sharedKeys(files: readonly GovernedFile[]): SharedKeys {
  const keys = new Map<string, Map<string, string>>()
  for (const { path, groups } of files) {
    const environment = environmentOf(path)
    if (environment === null) continue
    for (const id of new Set(groups.flat().flatMap((one) => serviceKey(one) ?? []))) {
      const served = keys.get(id) ?? new Map<string, string>()
      const first = served.get(environment)
      if (first === undefined || path < first) served.set(environment, path)
      keys.set(id, served)
    }
  }
  return keys
}

function foreignEnvironments(file: GovernedFile, shared: SharedKeys): readonly string[] {
  const own = environmentOf(file.path)
  if (own === null) return []
  const keys = new Map(file.groups.flat().flatMap((one) => {
    const id = serviceKey(one)
    return id === null ? [] : [[id, one] as const]
  }))
  return [...keys].flatMap(([id, one]) => {
    const others = [...shared.get(id) ?? []].filter(([environment]) => environment !== own).sort(([a], [b]) => a < b ? -1 : 1)
    if (others.length === 0) return []
    const where = others.map(([environment, path]) => `${environment} (${path})`).join(', ')
    return [`its key ${shortForm(one)} opens files of ${own} and of ${where}: give ${own} a key of its own ${inRule(file)}`]
  })
}

/** One string for a key of a key service, whatever role, context or version it is used with; null for keys that people hold. */
function serviceKey({ kind, id }: Recipient): string | null {
  if (kind === 'kms') return id.replace(/[+|].*$/s, '')
  if (kind === 'gcp_kms') return id.replace(/\/cryptoKeyVersions\/\d+$/, '')
  if (kind === 'azure_keyvault') return id.replace(/(\/keys\/[^/]+)(?:\/[^]*)?$/, '$1')
  return kind === 'hc_vault' || kind === 'hckms' ? id : null
}

function inRule({ config, rule }: Pick<GovernedFile, 'config' | 'rule'>): string {
  if (config === null) return 'in a .sops.yaml rule of its own'
  return rule === null ? `in ${config}` : `in the rule at ${config}:${rule.line}`
}
