// What counts as a key in the plain value of a `.sops.yaml`, and what the value is without some of them.
// Must never look at the text: this is the meaning that every edit of the text is held against.
import { parsePgpId, parseRecipient } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'

export type IsRemoved = (recipient: Recipient) => boolean

type Entries = Readonly<Record<string, unknown>>

/** What is left of a value that held removed keys and nothing else. */
export const gone = Symbol('gone')

/** The fields of a rule or a key group that hold keys. */
const kinds = ['age', 'pgp', 'kms', 'gcp_kms', 'azure_keyvault', 'hc_vault', 'hc_vault_transit_uri', 'hckms'] as const

/** The parts of a comma-separated string; a folded or literal scalar leaves line breaks in it, which sops trims. */
export function partsOf(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim().replace(/\s+/g, ' '))
}

/**
 * The recipient that one part of a string names. sops makes `profile`, the `aws_profile` of its rule, a part of the key; under
 * the field `pgp` it takes any id that gpg takes.
 */
export function recipientOfPart(part: string, profile: string | null, pgp = false): Recipient | null {
  const recipient = parseRecipient(part) ?? (pgp ? parsePgpId(part) : null)
  if (recipient?.kind !== 'kms' || profile === null) return recipient
  return { kind: 'kms', id: `${recipient.id}||${profile}` }
}

/** The recipient of a map form (`{arn, role, context, aws_profile}` and its like), as sops prints it; null for other maps. */
export function recipientOfMap(map: Entries): Recipient | null {
  const { arn, role, context, aws_profile: profile, resource_id: resource, key_id: id, vaultUrl, key, version } = map
  if (typeof arn === 'string') return { kind: 'kms', id: kmsId(arn, role, context, profile) }
  if (typeof resource === 'string') return { kind: 'gcp_kms', id: resource.replaceAll(' ', '') }
  if (typeof id === 'string') return { kind: 'hckms', id }
  if (typeof vaultUrl !== 'string' || typeof key !== 'string') return null
  return { kind: 'azure_keyvault', id: `${vaultUrl}/keys/${key}/${scalarText(version)}` }
}

/** The recipient as sops spells it: the pairs of a KMS encryption context in the order of their names. */
export function inSopsOrder(recipient: Recipient): Recipient {
  const [arn = '', context = '', ...profile] = recipient.id.split('|')
  if (recipient.kind !== 'kms' || !context.includes(',')) return recipient
  const pairs = new Map(context.split(',').map((pair) => [pair.split(':', 1)[0] ?? '', pair]))
  const sorted = [...pairs.keys()].sort().map((name) => pairs.get(name) ?? '')
  return { kind: 'kms', id: [arn, sorted.join(','), ...profile].join('|') }
}

/** The `aws_profile` that the strings under the field `name` of `map` are used with. */
export function profileFor(map: Entries, name: string): string | null {
  return name === 'kms' && typeof map.aws_profile === 'string' && map.aws_profile !== '' ? map.aws_profile : null
}

/** Every recipient in a value, in order, with repetitions. */
export function recipientsIn(value: unknown, profile: string | null = null, pgp = false): readonly Recipient[] {
  if (typeof value === 'string') return partsOf(value).flatMap((part) => recipientOfPart(part, profile, pgp) ?? [])
  if (Array.isArray(value)) return value.flatMap((item) => recipientsIn(item, profile, pgp))
  if (!isEntries(value)) return []
  const own = recipientOfMap(value)
  if (own !== null) return [own]
  return Object.entries(value).flatMap(([name, item]) => recipientsIn(item, profileFor(value, name), name === 'pgp'))
}

/**
 * The value without the removed keys, or `gone`. Lists and maps that lose all they had go too. Strings that hold keys
 * come out as their trimmed parts with a comma between, empty parts kept, so that spelling does not matter in a comparison.
 */
export function minus(value: unknown, isRemoved: IsRemoved, profile: string | null = null, pgp = false): unknown {
  if (typeof value === 'string') return stringMinus(value, isRemoved, profile, pgp)
  if (Array.isArray(value)) {
    const left = value.map((item) => minus(item, isRemoved, profile, pgp)).filter((item) => item !== gone)
    return left.length === 0 && value.length > 0 ? gone : left
  }
  if (!isEntries(value)) return value
  const own = recipientOfMap(value)
  if (own !== null) return isRemoved(own) ? gone : value
  const entries = Object.entries(value)
  const left = entries.map(([name, item]) => [name, minus(item, isRemoved, profileFor(value, name), name === 'pgp')] as const)
    .filter(([, item]) => item !== gone)
  return left.length === 0 && entries.length > 0 ? gone : Object.fromEntries(left)
}

/**
 * Where removing would leave nobody: the first key group of a rule, or the flat keys of a rule (`group` null), that has keys
 * now and would have none. Flat keys beside `key_groups` count for nothing, as in sops.
 */
export function emptied(rule: unknown, isRemoved: IsRemoved): { readonly group: number | null } | null {
  if (!isEntries(rule)) return null
  const loses = (group: unknown, flat: boolean): boolean => {
    const keys = keysOf(group, flat)
    return keys.length > 0 && keys.every((key) => key !== null && isRemoved(key))
  }
  const groups = rule.key_groups
  if (!Array.isArray(groups) || groups.length === 0) return loses(rule, true) ? { group: null } : null
  const group = groups.findIndex((item) => loses(item, false))
  return group === -1 ? null : { group }
}

export function isEntries(value: unknown): value is Entries {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The keys of a rule or group; null for one that we cannot read but sops might. */
function keysOf(group: unknown, flat: boolean): readonly (Recipient | null)[] {
  if (!isEntries(group)) return []
  const merged = !flat && Array.isArray(group.merge) ? group.merge.flatMap((item) => keysOf(item, false)) : []
  return [...merged, ...kinds.flatMap((kind) => keysUnder(group[kind], flat ? profileFor(group, kind) : null, kind === 'pgp'))]
}

function keysUnder(value: unknown, profile: string | null, pgp: boolean): readonly (Recipient | null)[] {
  if (typeof value === 'string') return partsOf(value).filter(Boolean).map((part) => recipientOfPart(part, profile, pgp))
  if (Array.isArray(value)) return value.flatMap((item) => keysUnder(item, profile, pgp))
  return isEntries(value) ? [recipientOfMap(value)] : []
}

function stringMinus(text: string, isRemoved: IsRemoved, profile: string | null, pgp: boolean): unknown {
  const parts = partsOf(text).map((part) => ({ part, recipient: recipientOfPart(part, profile, pgp) }))
  if (parts.every(({ recipient }) => recipient === null)) return text
  const left = parts.filter(({ recipient }) => recipient === null || !isRemoved(recipient)).map(({ part }) => part)
  return left.every((part) => part === '') ? gone : left.join(',')
}

/** As `ToString` and `kmsContextToString` of sops' kms/keysource.go write it. */
function kmsId(arn: string, role: unknown, context: unknown, profile: unknown): string {
  const pairs = isEntries(context) ? Object.keys(context).sort().map((key) => `${key}:${scalarText(context[key])}`) : []
  const arnRole = scalarText(role) === '' ? arn : `${arn}+${scalarText(role)}`
  const parts = [arnRole, pairs.join(','), scalarText(profile)]
  while (parts.at(-1) === '') parts.pop()
  return parts.join('|')
}

function scalarText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}
