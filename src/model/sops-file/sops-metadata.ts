// The `sops` block of an encrypted file as plain data: who can read the file, and what sops needs to check it.
// Must never need a key, and must never take a block it does not fully understand for a good one.
import type { Recipient, RecipientKind } from '../recipient.ts'

export interface SopsMetadata {
  /** The key groups; a file without Shamir has one. */
  readonly groups: readonly (readonly Recipient[])[]
  readonly shamirThreshold: number | null
  /** As written; part of what the MAC is bound to. */
  readonly lastModified: string
  readonly mac: string
  readonly version: string
}

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  throw new TypeError(`sops.${name} is no string`)
}

/** sops' `arn+role|context|profile`, with the context's keys in order. Source: `kms/keysource.go`, `ToString`. */
function kmsId(key: Fields): string {
  const context = isFields(key['context']) ? key['context'] : {}
  const pairs = Object.keys(context).sort().map((name) => `${name}:${text(context, name)}`).join(',')
  const role = text(key, 'role')
  const profile = text(key, 'aws_profile')
  const arn = role === '' ? text(key, 'arn') : `${text(key, 'arn')}+${role}`
  if (profile !== '') return `${arn}|${pairs}|${profile}`
  return pairs === '' ? arn : `${arn}|${pairs}`
}

function ageKind(recipient: string): RecipientKind {
  if (recipient.startsWith('ssh-')) return 'age-ssh'
  return recipient.startsWith('age1pq1') || recipient.lastIndexOf('1') === 3 ? 'age' : 'age-plugin'
}

/** How each kind stands in a group of the metadata. Source: `stores/stores.go`. */
const kinds: Readonly<Record<string, (key: Fields) => Recipient>> = {
  age: (key) => ({ kind: ageKind(text(key, 'recipient')), id: text(key, 'recipient') }),
  pgp: (key) => ({ kind: 'pgp', id: text(key, 'fp') }),
  kms: (key) => ({ kind: 'kms', id: kmsId(key) }),
  gcp_kms: (key) => ({ kind: 'gcp_kms', id: text(key, 'resource_id') }),
  azure_kv: (key) => ({
    kind: 'azure_keyvault',
    id: `${text(key, 'vault_url')}/keys/${text(key, 'name')}/${text(key, 'version')}`,
  }),
  hc_vault: (key) => ({
    kind: 'hc_vault',
    id: `${text(key, 'vault_address')}/v1/${text(key, 'engine_path')}/keys/${text(key, 'key_name')}`,
  }),
  hckms: (key) => ({ kind: 'hckms', id: text(key, 'key_id') }),
}

/** Nothing, in JSON or as the text of a YAML null. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 'null' || value === '~'
}

function readGroup(group: Fields): Recipient[] {
  return Object.entries(kinds).flatMap(([name, read]) => {
    const keys = isEmpty(group[name]) ? [] : group[name]
    if (!Array.isArray(keys)) throw new TypeError(`sops.${name} is no list`)
    return keys.map((key: unknown) => {
      if (!isFields(key)) throw new TypeError(`sops.${name} has an entry that is no map`)
      const recipient = read(key)
      // A line break in a key would let it pass for two when sops prints it.
      if (!/^[^\p{Cc}]+$/u.test(recipient.id)) throw new TypeError(`sops.${name} has a key without a usable name`)
      return recipient
    })
  })
}

/**
 * The metadata in the value of a file's `sops` entry, its scalars as text (YAML would take a fingerprint for a number); null where that value is not sops metadata at all (it has
 * neither a MAC nor a version). Throws a TypeError that says what is wrong with metadata that is damaged.
 */
export function readMetadata(value: unknown): SopsMetadata | null {
  if (!isFields(value) || (value['mac'] === undefined && value['version'] === undefined)) return null
  const mac = text(value, 'mac')
  if (!mac.startsWith('ENC[AES256_GCM,')) throw new TypeError('sops.mac is missing')
  const nested = isEmpty(value['key_groups']) ? [] : value['key_groups']
  if (!Array.isArray(nested)) throw new TypeError('sops.key_groups is no list')
  const flat = readGroup(value)
  if (nested.length > 0 && flat.length > 0) throw new TypeError('sops has both key_groups and keys beside them')
  const groups = nested.length > 0
    ? nested.map((group: unknown) => {
        if (!isFields(group)) throw new TypeError('sops.key_groups has an entry that is no map')
        return readGroup(group)
      })
    : [flat]
  if (groups.every((group) => group.length === 0)) throw new TypeError('sops names no recipient')
  const threshold = Number(value['shamir_threshold'] ?? 0)
  return {
    groups,
    shamirThreshold: Number.isInteger(threshold) && threshold > 0 ? threshold : null,
    lastModified: text(value, 'lastmodified'),
    mac,
    version: text(value, 'version'),
  }
}

/**
 * Undoes the flat names of ENV and INI files: `age__list_0__map_recipient` is `age[0].recipient`.
 * Source: `stores/flatten.go`.
 */
export function unflatten(flat: Iterable<readonly [string, string]>): unknown {
  const root: Record<string, unknown> = {}
  for (const [name, value] of flat) {
    const steps = name.split(/__(?=list_\d+(?:__|$)|map_)/).map((step, at) =>
      at === 0 ? step : step.startsWith('list_') ? Number(step.slice(5)) : step.slice(4))
    let place: Record<string | number, unknown> = root
    steps.forEach((step, at) => {
      const next = steps[at + 1]
      if (step === '__proto__') throw new TypeError('a name in the sops block is not allowed')
      if (typeof step === 'number' && step > 10_000) throw new TypeError('a list in the sops block is too long')
      if (next === undefined) place[step] = value
      else place = (place[step] ??= typeof next === 'number' ? [] : {}) as Record<string | number, unknown>
    })
  }
  return root
}
