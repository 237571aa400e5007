// How a recipient is written in a `.sops.yaml`: under which field, as a string or as a map, quoted where YAML needs it.
// Must never write what sops would read as another key.
import { canonicalId } from '../recipient.ts'
import type { Recipient, RecipientKind } from '../recipient.ts'

export type Form = 'text' | 'map'

/** The entries of a map form in the order people write them. */
export type MapEntries = readonly (readonly [string, string | readonly (readonly [string, string])[]])[]

const fields: Readonly<Record<RecipientKind, readonly [flat: string, group: string]>> = {
  age: ['age', 'age'],
  'age-ssh': ['age', 'age'],
  'age-plugin': ['age', 'age'],
  pgp: ['pgp', 'pgp'],
  kms: ['kms', 'kms'],
  gcp_kms: ['gcp_kms', 'gcp_kms'],
  azure_keyvault: ['azure_keyvault', 'azure_keyvault'],
  hc_vault: ['hc_vault_transit_uri', 'hc_vault'],
  hckms: ['hckms', 'hckms'],
}
const names = new Set(Object.values(fields).flat())
const mapKinds: readonly RecipientKind[] = ['kms', 'gcp_kms', 'azure_keyvault', 'hckms']

/** The field that holds keys of this kind, directly in a rule or in a key group. */
export function fieldFor(kind: RecipientKind, group: boolean): string {
  return fields[kind][group ? 1 : 0]
}

export function isField(name: string): boolean {
  return names.has(name)
}

/** The fields that hold keys in a rule itself, or in a key group. */
export function fieldNames(group: boolean): readonly string[] {
  return [...new Set(Object.values(fields).map((of) => of[group ? 1 : 0]))]
}

/** Whether two kinds stand under the same field. */
export function sameField(a: RecipientKind, b: RecipientKind): boolean {
  return fields[a][0] === fields[b][0]
}

/** Whether keys of this kind stand under the field, in rules or in groups. */
export function takes(field: string, kind: RecipientKind): boolean {
  return fields[kind].includes(field)
}

/** How sops wants a key of this kind in a rule's own field or in a key group. */
export function formFor(kind: RecipientKind, group: boolean): Form {
  return group && mapKinds.includes(kind) ? 'map' : 'text'
}

/**
 * The key as one string, to stand alone or between commas; null for a KMS key that a string cannot express where the strings
 * are used with `profile`: one with an encryption context, or with another profile.
 */
export function spelled(recipient: Recipient, profile: string | null): string | null {
  const { kind, id } = recipient
  if (kind === 'pgp') return canonicalId(recipient).slice('pgp:'.length)
  // A comma would end the key, and some signs in a comment need quotes that a part of a string cannot have.
  if (kind === 'age-ssh') return /^[\w +/=@.-]*$/.test(id) ? id : canonicalId(recipient).slice('age-ssh:'.length)
  if (kind !== 'kms') return id
  const [arn = '', context = '', own = ''] = id.split('|')
  return context === '' && own === (profile ?? '') ? arn : null
}

/** The entries of the key's map form; null for a kind that has none. */
export function mapEntries({ kind, id }: Recipient): MapEntries | null {
  if (kind === 'gcp_kms') return [['resource_id', id]]
  if (kind === 'hckms') return [['key_id', id]]
  if (kind === 'azure_keyvault') {
    const [, vaultUrl = '', key = '', version = ''] = /^(.*)\/keys\/([^/]*)(?:\/(.*))?$/.exec(id) ?? []
    return [['vaultUrl', vaultUrl], ['key', key], ...(version === '' ? [] : [['version', version] as const])]
  }
  if (kind !== 'kms') return null
  const [spelledArn = '', context = '', profile = ''] = id.split('|')
  const [, arn = spelledArn, role = ''] = /^(.*?)\+(arn:.*)$/.exec(spelledArn) ?? []
  const pairs = context.split(',').filter(Boolean).map((pair) => /^([^:]*):(.*)$/.exec(pair)?.slice(1) ?? [pair, ''])
  return [
    ['arn', arn],
    ...(role === '' ? [] : [['role', role] as const]),
    ...(pairs.length === 0 ? [] : [['context', pairs.map(([key = '', value = '']) => [key, value] as const)] as const]),
    ...(profile === '' ? [] : [['aws_profile', profile] as const]),
  ]
}

/** The text as a YAML scalar, in the quotes given where they fit, without any where that is safe. */
export function scalar(text: string, quote: '"' | "'" | '' = ''): string {
  if (quote === "'") return `'${text.replaceAll("'", "''")}'`
  return quote === '' && isPlain(text) ? text : JSON.stringify(text)
}

/** Whether the text without quotes is that text for every parser, also between brackets; a number is none. */
export function isPlain(text: string): boolean {
  const special = /^(?:[\d._]+(?:e[\d_]+)?|0[xob][\da-f_]+|[\d_]+(?::[\d_.]+)+|\d+-\d+-\d+.*|true|false|null|yes|no|on|off|y|n)$/i
  return /^[A-Za-z0-9/](?:[\w+./@=-]|:(?=[\w+./@=:-])| (?=[\w+./@=-]))*$/.test(text)
    && !special.test(text)
}
