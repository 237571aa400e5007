// Who a file is encrypted to, in sops' own terms: parse, canonical form, equality, a short form for people.
// Must never look at anything but the text it is given.

/** sops' names for the kinds of keys; `age` is split by how the key is held. */
export type RecipientKind =
  | 'age'
  | 'age-ssh'
  | 'age-plugin'
  | 'pgp'
  | 'kms'
  | 'gcp_kms'
  | 'azure_keyvault'
  | 'hc_vault'
  | 'hckms'

/**
 * `id` is the string sops prints for the key (`ToString` of its master keys, which is what `updatekeys` compares),
 * spelled as in the place it was read from. Compare with `sameRecipient`, never by `id`.
 */
export interface Recipient {
  readonly kind: RecipientKind
  readonly id: string
}

const shapes: readonly (readonly [RecipientKind, RegExp])[] = [
  ['age', /^age1[02-9ac-hj-np-z]{58}$|^age1pq1[02-9ac-hj-np-z]{1900,2000}$/],
  ['age-plugin', /^age1[a-z0-9.+_-]+1[02-9ac-hj-np-z]{6,}$/],
  ['age-ssh', /^ssh-(?:ed25519|rsa) [A-Za-z0-9+/]+=*(?: [^\r\n]*)?$/],
  ['kms', /^arn:aws[\w-]*:kms:[^,\s|]+(?:\|[^\r\n]*)?$/],
  ['gcp_kms', /^projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[^/\s]+\/cryptoKeys\/[^/\s]+(?:\/cryptoKeyVersions\/\d+)?$/],
  ['hc_vault', /^https?:\/\/[^\s,]+\/v1\/[^\s,]+\/keys\/[^\s,/]+$/],
  ['azure_keyvault', /^https:\/\/[^\s,/]+\/keys\/[^\s,/]+(?:\/[^\s,/]*)?$/],
  ['hckms', /^[a-z]{2}-[a-z]+-\d+:[0-9a-f]{8}-[0-9a-f-]{27}$/i],
  ['pgp', /^(?:0x)?[0-9A-Fa-f](?: ?[0-9A-Fa-f]){39}$/],
]

/** The recipient that `text` spells in full, as it can stand in `.sops.yaml`; null where it is no recipient's spelling. */
export function parseRecipient(text: string): Recipient | null {
  const id = text.trim().replace(/[ \t]{2,}/g, ' ')
  for (const [kind, shape] of shapes) if (shape.test(id)) return { kind, id }
  return null
}

/**
 * One string per key, whatever its spelling: PGP in upper case without spaces or `0x`, SSH without its comment.
 * KMS keeps role, context and profile, which sops takes as part of the key.
 */
export function canonicalId(recipient: Recipient): string {
  const { kind, id } = recipient
  if (kind === 'pgp') return `pgp:${id.replace(/^0x/i, '').replaceAll(' ', '').toUpperCase()}`
  if (kind === 'age-ssh') return `age-ssh:${id.split(/\s+/, 2).join(' ')}`
  if (kind === 'azure_keyvault') return `azure_keyvault:${id.replace(/\/$/, '')}`
  return `${kind}:${id}`
}

/** Whether two spellings mean the same key. */
export function sameRecipient(a: Recipient, b: Recipient): boolean {
  return canonicalId(a) === canonicalId(b)
}

/** A form short enough for a table, still enough to tell keys apart at a glance. Never used to compare. */
export function shortForm(recipient: Recipient): string {
  const { kind, id } = recipient
  if (kind === 'pgp') return canonicalId(recipient).slice(-16)
  if (kind === 'kms') return id.replace(/^arn:aws[\w-]*:kms:/, '').replace(/[+|].*$/, '')
  if (kind === 'age-ssh') {
    const [type = '', key = '', comment] = id.split(/\s+/)
    return comment ?? `${type} …${key.slice(-8)}`
  }
  if (kind === 'age' || kind === 'age-plugin') return `${id.slice(0, 10)}…${id.slice(-4)}`
  return id.length > 60 ? `…${id.slice(-58)}` : id
}
