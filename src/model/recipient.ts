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

interface Kind {
  /** What a key of this kind looks like where it is spelled in full. */
  readonly shape: RegExp
  /** The id without what is only spelling. */
  readonly canonical: (id: string) => string
  readonly short: (id: string) => string
  /** The canonical id without what sops takes as part of the key though the same key answers; where there is such a thing. */
  readonly material?: (canonical: string) => string
}

const asIs = (id: string): string => id
const ends = (id: string): string => `${id.slice(0, 10)}…${id.slice(-4)}`
const atMost = (length: number, text: string): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text)
const hostInLowerCase = (url: string): string => url.replace(/^[^/]+\/\/[^/]+/, (origin) => origin.toLowerCase())
/** One origin for the many ways to write it; slashes that a server reads as one are one. */
const plainAddress = (url: string): string => url.replace(/^(https?):\/\/(?:[^/@]*@)?([^/]*)([^]*)$/, (
  _, scheme: string, host: string, path: string,
) =>
  `${scheme}://${host.replace(scheme === 'https' ? /:443$/ : /:80$/, '')}${path.replace(/\/{2,}/g, '/').replace(/\/$/, '')}`)
/** `host/v1/engine/keys/name` without the words between the names. */
const withoutVersion = (path: string): string => {
  const end = path.lastIndexOf('/keys/')
  return end < 0 ? path : path.slice(0, end).replace(/\/v\d+(?=\/)/, '') + path.slice(end + '/keys'.length)
}
const withoutScheme = (url: string): string => url.replace(/^https?:\/\/(?:[^/@]*@)?/i, '')

/** In the order in which they are tried: a post-quantum age key looks like that of a plugin called `pq`. */
const kinds: Readonly<Record<RecipientKind, Kind>> = {
  age: { shape: /^age1[02-9ac-hj-np-z]{58}$|^age1pq1[02-9ac-hj-np-z]{1900,2000}$/, canonical: asIs, short: ends },
  'age-plugin': {
    shape: /^age1[a-z0-9.+_-]+1[02-9ac-hj-np-z]{6,}$/,
    canonical: asIs,
    short: (id) => `${id.slice(0, id.lastIndexOf('1') + 6)}…${id.slice(-4)}`,
  },
  'age-ssh': {
    shape: /^ssh-(?:ed25519|rsa) [A-Za-z0-9+/]+=*(?: [^\r\n]*)?$/,
    canonical: (id) => id.split(/\s+/, 2).join(' '),
    short: (id) => {
      const [, type = '', key = '', comment = ''] = /^(\S+)\s+(\S+)\s*([^]*)$/.exec(id) ?? []
      return comment === '' ? `${type} …${key.slice(-8)}` : comment
    },
  },
  kms: { shape: /^arn:aws[\w-]*:kms:[^,\s|]+(?:\|[^\r\n]*)?$/, canonical: contextInOrder, short: shortKms, material: kmsKey },
  gcp_kms: {
    shape: /^projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[^/\s]+\/cryptoKeys\/[^/\s]+(?:\/cryptoKeyVersions\/\d+)?$/,
    canonical: asIs,
    // The names without the words between them: project/location/ring/key.
    short: (id) => id.split('/').filter((_, at) => at % 2 === 1).join('/'),
    material: (id) => id.replace(/\/cryptoKeyVersions\/\d+$/, ''),
  },
  hc_vault: {
    shape: /^https?:\/\/[^\s,]+\/v\d+\/[^\s,]+\/keys\/[^\s,/]+\/?$/i,
    // Whatever version of the API the config names, sops writes v1.
    canonical: (id) => hostInLowerCase(id).replace(/^([^/]+\/\/[^/]+)\/v\d+\//, '$1/v1/').replace(/\/$/, ''),
    short: (id) => withoutVersion(withoutScheme(id)).replace(/\/$/, ''),
    material: (id) => plainAddress(id).replace(/^([^/]+\/\/[^/]+)\/v\d+\//, '$1/v1/'),
  },
  azure_keyvault: {
    // Two slashes where the config's map form ends the address with one.
    shape: /^https:\/\/[^\s,/]+\/{1,2}keys\/[^\s,/]+(?:\/[^\s,/]*)?$/i,
    canonical: (id) => hostInLowerCase(id).replace(/([^:])\/\/keys\//, '$1/keys/').replace(/\/$/, ''),
    short: (id) => withoutScheme(id).replace(/\/{1,2}keys\//, '/').replace(/\/$/, '')
      .replace(/(\/[^/]+\/[^/]{8})[^/]+$/, '$1…'),
    material: (id) => plainAddress(id).replace(/(\/keys\/[^/]+)\/[^]*$/, '$1'),
  },
  hckms: { shape: /^[a-z]{2}-[a-z]+-\d+:[0-9a-f]{8}-[0-9a-f-]{27}$/i, canonical: (id) => id.toLowerCase(), short: asIs },
  pgp: {
    // With a `!` gpg takes just this subkey; without it, it may take another one of the same person.
    shape: /^(?:0x)?[0-9A-Fa-f](?: ?[0-9A-Fa-f]){39}!?$/,
    canonical: (id) => id.replace(/^0x/i, '').replaceAll(' ', '').toUpperCase(),
    short: (id) => /[0-9A-F]{1,16}!?$/.exec(kinds.pgp.canonical(id))?.[0] ?? id,
    material: (id) => id.replace('!', ''),
  },
}

/** The recipient that `text` spells in full, as it can stand in `.sops.yaml`; null where it is no recipient's spelling. */
export function parseRecipient(text: string): Recipient | null {
  const trimmed = text.trim().replace(/[ \t]{2,}/g, ' ')
  // sops drops the spaces in an ARN; a person puts them around the plus.
  const id = trimmed.startsWith('arn:') ? trimmed.replace(/ ?\+ ?(?=arn:)/, '+') : trimmed
  const [kind] = (Object.entries(kinds) as [RecipientKind, Kind][]).find(([, { shape }]) => shape.test(id)) ?? []
  return kind === undefined ? null : { kind, id }
}

/**
 * Any id that gpg may take for a key (a fingerprint, or its last 16 or 8 digits), which sops passes on as it is. Only for places
 * where nothing but a PGP key can stand, or where it is held against keys that there are: a word in a text may look like one.
 */
export function parsePgpId(text: string): Recipient | null {
  const id = text.trim().replace(/[ \t]{2,}/g, ' ')
  return /^(?:0x)?[0-9A-Fa-f](?: ?[0-9A-Fa-f]){7,63}!?$/.test(id) ? { kind: 'pgp', id } : null
}

/**
 * One string per key, whatever its spelling: PGP in upper case without spaces or `0x`, SSH without its comment, addresses with
 * their host in lower case. KMS keeps role, context and profile, which sops takes as part of the key; Azure its version, PGP
 * its `!`.
 */
export function canonicalId({ kind, id }: Recipient): string {
  return `${kind}:${kinds[kind].canonical(id)}`
}

/** The recipient that `canonicalId` says; null where it is none. */
export function parseCanonical(text: string): Recipient | null {
  const colon = text.indexOf(':')
  const recipient = parseRecipient(text.slice(colon + 1))
  return recipient !== null && canonicalId(recipient) === text ? recipient : null
}

/** Whether two spellings mean the same key. */
export function sameRecipient(a: Recipient, b: Recipient): boolean {
  return canonicalId(a) === canonicalId(b)
}

/**
 * Whether someone who asks for `asked` means `one` too: the same key; a PGP key with and without `!`, by its fingerprint or the
 * end of it, of 16 digits at least (8 are too easily made to match); an Azure key without a version and any version of it (a
 * config without one stands for the newest, which is what the file then names).
 */
export function isMeantBy(asked: Recipient, one: Recipient): boolean {
  if (asked.kind !== one.kind) return false
  if (asked.kind === 'pgp') return haveOneEnd(asked, one, 16)
  const [a, b] = [canonicalId(asked), canonicalId(one)]
  return a === b || (asked.kind === 'azure_keyvault' && (a.startsWith(`${b}/`) || b.startsWith(`${a}/`)))
}

/** Whether a file that `present` can read keeps `required`, as it was asked for: any version will do for an Azure key without. */
export function isKept(required: Recipient, present: readonly Recipient[]): boolean {
  return present.some((one) => isMeantBy(required, one))
}

/**
 * Whether who can use the one can use the other, as far as their text tells, though sops takes them for two: a KMS key with
 * another role, context or profile, or its replica in another region; a GCP or Azure key with and without its version; a Vault
 * key under the same address written otherwise; a PGP key by fewer of its digits. A PGP subkey is not told from its primary.
 */
export function isSameKeyMaterial(a: Recipient, b: Recipient): boolean {
  if (a.kind !== b.kind) return false
  return a.kind === 'pgp' ? haveOneEnd(a, b, 8) : materialOf(a) === materialOf(b)
}

function materialOf({ kind, id }: Recipient): string {
  const { canonical, material = asIs } = kinds[kind]
  return material(canonical(id))
}

/** Whether the one is how the other ends, and has `digits` or more; or whether they are the same. */
function haveOneEnd(a: Recipient, b: Recipient, digits: number): boolean {
  const [short = '', long = ''] = [materialOf(a), materialOf(b)].sort((one, other) => one.length - other.length)
  return short === long || (short.length >= digits && long.endsWith(short))
}

/** A form short enough for a table, still enough to tell keys apart at a glance. Never used to compare. */
export function shortForm({ kind, id }: Recipient): string {
  return atMost(100, kinds[kind].short(id))
}

/** The pairs of an encryption context are a map: no order is another key. */
function contextInOrder(id: string): string {
  return id.replace(/\|([^|]*)/, (_, pairs: string) => `|${pairs.split(',').map((pair) => pair.trim()).sort().join(',')}`)
}

/** `region:account:key/… (role/ci, App:web, profile ops)`. */
function shortKms(id: string): string {
  const [arns = '', context = '', profile = ''] = id.split('|')
  const [arn = '', role = ''] = arns.split('+arn:')
  const more = [role.replace(/^[^/]*:/, ''), context.replaceAll(',', ', '), profile === '' ? '' : `profile ${profile}`]
    .filter((one) => one !== '')
  return arn.replace(/^arn:aws[\w-]*:kms:/, '') + (more.length === 0 ? '' : ` (${more.join(', ')})`)
}

/** The key alone; one that has replicas (`mrk-`) without its region. */
function kmsKey(id: string): string {
  const [arn = ''] = id.split(/\+arn:|\|/, 1)
  return arn.replace(/^(arn:[^:]+:kms:)[^:]+(:[^:]*:key\/mrk-)/, '$1$2')
}
