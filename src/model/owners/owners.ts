// Names and recipients: who holds which key, and what someone means who asks for a name or a key.
// Must never guess: a name matches whole or not at all, and what could mean two things is an error that lists them.
import { emailInBrackets, haveOtherEmails } from './email.ts'
import { asSeen, candidateLines, placeOf } from './owners-candidates.ts'
import { canonicalId, isMeantBy, parsePgpId, parseRecipient, sameRecipient } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'

export interface OwnedRecipient {
  readonly recipient: Recipient
  readonly name: string
  readonly from: 'owners-file' | 'anchor' | 'comment' | 'public-keys' | 'keyring'
  /** The file and line (from 1) in which the name stands beside the key. */
  readonly path: string
  readonly line: number
  /** In a keyring: the fingerprint of the key that this is, or is a subkey of. */
  readonly primary?: string
}

export type Resolution =
  | { readonly kind: 'resolved'; readonly recipients: readonly Recipient[] }
  | { readonly kind: 'unknown' | 'ambiguous'; readonly asked: string; readonly message: string }

/**
 * Who holds the key, by the most telling source: the owners file, anchors, comments, public-keys files, an SSH key's own
 * comment, PGP's user ids.
 */
export function ownerOf(owners: readonly OwnedRecipient[], recipient: Recipient): string | null {
  const own = owners.filter((owner) => isMeantBy(owner.recipient, recipient))
  const from = (source: OwnedRecipient['from']): string | null => {
    const said = own.filter((owner) => owner.from === source)
    const [{ name } = { name: null }] = [...said.filter((owner) => sameRecipient(owner.recipient, recipient)), ...said]
    return name === null ? null : asSeen(name)
  }
  return from('owners-file') ?? from('anchor') ?? from('comment') ?? from('public-keys')
    ?? sshComment(recipient) ?? from('keyring')
}

/** Where `name` stands beside the key, like `team-public-keys.txt:2`, by the most telling source; null where nothing says so. */
export function sourceOf(owners: readonly OwnedRecipient[], recipient: Recipient, name: string): string | null {
  const said = owners.filter((owner) => isMeantBy(owner.recipient, recipient) && formsOf(owner.name).includes(folded(name)))
  const order = ['owners-file', 'anchor', 'comment', 'public-keys', 'keyring'] as const
  const [first] = said.toSorted((a, b) => order.indexOf(a.from) - order.indexOf(b.from))
  return first === undefined ? null : placeOf(first)
}

/**
 * The recipients that `asked` (keys spelled in full, of PGP with their subkeys, PGP keys also by 16 digits, or names) stand for, each once, spelled as in
 * `known`: every recipient of any file or config. All that bear a name are meant, whatever says so, save keys that the owners
 * file gives to someone else. Several keys of a name in one file are one person's, and so is an SSH key whose own comment is
 * the name and that has no other; different keys in different files are ambiguous.
 * The first that stands for nothing or for too much decides the result.
 */
export function resolveRecipients(
  asked: readonly string[], owners: readonly OwnedRecipient[], known: readonly Recipient[],
): Resolution {
  return resolveAll(asked, owners, known, 'recipients')
}

/**
 * Like `resolveRecipients`, for what every file has to keep: an Azure key that is asked for, or written beside the name, without
 * a version stays so, since any one version of it will do. To be held against a file with `isKept`.
 */
export function resolveRequired(
  asked: readonly string[], owners: readonly OwnedRecipient[], known: readonly Recipient[],
): Resolution {
  return resolveAll(asked, owners, known, 'asWritten')
}

function resolveAll(
  asked: readonly string[], owners: readonly OwnedRecipient[], known: readonly Recipient[], which: 'recipients' | 'asWritten',
): Resolution {
  const resolved = new Map<string, Recipient>()
  for (const one of asked) {
    const result = resolveOne(asSeen(one).trim(), owners, known)
    if (result.kind !== 'resolved') return result
    for (const recipient of result[which]) resolved.set(canonicalId(recipient), recipient)
  }
  return { kind: 'resolved', recipients: [...resolved.values()] }
}

/** Each of them with what its holder opens by another key of the same PGP key: who goes by a name does not stay by a subkey. */
export function withSubkeys(
  recipients: readonly Recipient[], owners: readonly OwnedRecipient[], known: readonly Recipient[],
): readonly Recipient[] {
  return unique([...recipients, ...recipients.flatMap((one) => siblingsOf(one, owners, known))])
}

/** One for all that are the same PGP key or its subkeys, by the keyring: the one that is `known`, else the fingerprint of the key. */
export function eachKeyOnce(
  recipients: readonly Recipient[], owners: readonly OwnedRecipient[], known: readonly Recipient[],
): readonly Recipient[] {
  const primaryOf = (one: Recipient): string | undefined =>
    owners.find(({ primary, recipient }) => primary !== undefined && isMeantBy(recipient, one))?.primary
  return unique(recipients.map((one) => {
    const primary = primaryOf(one)
    if (primary === undefined) return one
    return known.find((other) => primaryOf(other) === primary) ?? { kind: 'pgp', id: primary }
  }))
}

/** The name that a comment gives to a key; null where it is decoration, or speaks of another key. */
export function nameInComment(comment: string): string | null {
  const name = asSeen(comment).replace(/^[\s#]+/, '').replace(/(?<![\s:])[\s:]+$/, '')
  const holdsKey = name.split(/[\s,'"]+/).some((word) => parseRecipient(word) !== null) || /\bssh-(ed25519|rsa) /.test(name)
  return /[\p{L}\p{N}]/u.test(name) && !holdsKey ? name : null
}

/** What someone may say for a name: all of it, its part before ` (`, ` <` or ` - `, the e-mail in `<>`. As seen, lower case. */
export function formsOf(name: string): readonly string[] {
  const short = name.split(/ \(| <| - /, 1)[0] ?? name
  return [...new Set([name, short, emailInBrackets(name) ?? name].map(folded))]
}

function folded(name: string): string {
  return asSeen(name).trim().normalize('NFC').toLowerCase()
}

type Told =
  | { readonly kind: 'resolved'; readonly recipients: readonly Recipient[]; readonly asWritten: readonly Recipient[] }
  | Exclude<Resolution, { readonly kind: 'resolved' }>

function resolveOne(asked: string, owners: readonly OwnedRecipient[], known: readonly Recipient[]): Told {
  const no = (kind: 'unknown' | 'ambiguous', what: string, candidates: readonly string[]): Told =>
    ({ kind, asked, message: [`"${asked}" ${what}`, ...candidates, whatToDo].join('\n') })
  const unknown = (why: string): Told => known.length === 0
    ? { kind: 'unknown', asked, message: `"${asked}" is unknown: no file and no .sops.yaml here has any recipient.` }
    : no('unknown', `${why} There are:`, candidateLines(asked, owners, known))

  const inFull = parseRecipient(asked)
  const spelled = inFull ?? parsePgpId(asked)
  const same = spelled === null ? [] : unique(known).filter((recipient) => isMeantBy(spelled, recipient))
  const siblings = inFull === null ? [] : siblingsOf(inFull, owners, known).filter((one) => !same.includes(one))
  if (spelled !== null && same.length + siblings.length > 0) {
    // Two keys can end in the same digits.
    const oneKey = inFull !== null || same.every((a) => same.every((b) => isMeantBy(a, b)))
    if (!oneKey) return no('ambiguous', 'could mean:', candidateLines('', owners, same))
    return resolved([...same, ...siblings], [spelled], same.length > 0 ? same : siblings)
  }
  const noOne = 'is neither a recipient here nor the name of one.'
  if (inFull !== null || asked === '') return unknown(noOne)

  // An anchor has no blank: `bob laptop` becomes `&bob-laptop`.
  const anchor = /\s/.test(asked) ? folded(asked.replace(/[^\p{L}\p{N}_]+/gu, '-')) : null
  const named = owners.filter(({ name, from }) => formsOf(name).includes(folded(asked)) || (from === 'anchor' && folded(name) === anchor))
  const isAnothers = givenToOthers(owners, named, asked)
  const bySsh = known.filter((one) => formsOf(sshComment(one) ?? '').includes(folded(asked)))
  const bearers = [...named.map(({ recipient }) => recipient), ...bySsh]
  const borne = unique(known).filter((one) => bearers.some((own) => isMeantBy(own, one)))
  const recipients = borne.filter((one) => isAnothers(one) === null)
  const [first] = named
  const giver = borne.map(isAnothers).find((other) => other !== null) ?? null
  if (recipients.length === 0) {
    if (giver !== null) return unknown(`has no key: ${placeOf(giver)} says that the key of that name is ${asSeen(giver.name)}'s.`)
    return unknown(first === undefined ? noOne : `is in ${placeOf(first)}, but none of its keys stands in any file or config.`)
  }
  const meant = named.filter((owner) => recipients.some((one) => isMeantBy(owner.recipient, one)))
  return areOnePersons(recipients, meant, owners) ? resolved(recipients, meant.map(({ recipient }) => recipient))
    : no('ambiguous', 'could mean:', candidateLines('', meant, recipients))
}

/** The keys that are subkeys of one PGP key with it, by the keyring: sops has gpg choose among them, unless one is spelled with a `!`. */
function siblingsOf(asked: Recipient, owners: readonly OwnedRecipient[], known: readonly Recipient[]): readonly Recipient[] {
  if (asked.kind !== 'pgp' || asked.id.endsWith('!')) return []
  const primary = owners.find((owner) => owner.primary !== undefined && isMeantBy(asked, owner.recipient))?.primary
  const keys = primary === undefined ? [] : owners.filter((owner) => owner.primary === primary)
  return unique(known).filter((one) => keys.some(({ recipient }) => isMeantBy(recipient, one)))
}

/** `kept`: those that have to stay where all of them are asked to. */
function resolved(recipients: readonly Recipient[], words: readonly Recipient[], kept: readonly Recipient[] = recipients): Told {
  const versions = words.filter(({ kind }) => kind === 'azure_keyvault')
  const asWritten = kept.map((one) => versions.find((word) => isMeantBy(word, one)) ?? one)
  return { kind: 'resolved', recipients, asWritten: unique(asWritten) }
}

/** Who else holds a key by the word of the owners file, where it has an owner for it who was not asked for. */
function givenToOthers(
  owners: readonly OwnedRecipient[], named: readonly OwnedRecipient[], asked: string,
): (recipient: Recipient) => OwnedRecipient | null {
  const listed = owners.filter(({ from }) => from === 'owners-file')
  const exact = named.filter(({ name }) => folded(name) === folded(asked))
  const holds = exact.some(({ from }) => from === 'owners-file') ? exact : named
  return (recipient) => {
    const holders = listed.filter((owner) => isMeantBy(owner.recipient, recipient))
    return holders.some((owner) => holds.includes(owner)) ? null : holders[0] ?? null
  }
}

/** Whether `recipients`, which all bear the name that was asked for, are certainly one person's. */
function areOnePersons(
  recipients: readonly Recipient[], meant: readonly OwnedRecipient[], owners: readonly OwnedRecipient[],
): boolean {
  if (recipients.length === 1) return true
  const listed = meant.filter(({ from }) => from === 'owners-file')
  if (new Set(listed.map(({ name }) => name)).size > 1) return false
  if (recipients.every((one) => isIn(listed, one))) return true
  // One SSH key may have the name from its own comment alone, where nothing gives it another.
  const only = recipients.find((one) => !isIn(meant, one))
  if (only !== undefined && isIn(owners, only)) return false
  const oneFileSaysAll = meant.some(({ path }) => {
    const there = meant.filter((owner) => owner.path === path)
    return recipients.every((one) => one === only || isIn(there, one))
  })
  return oneFileSaysAll && !severalPeople([...new Set(meant.map(({ name }) => name))])
}

function isIn(owners: readonly OwnedRecipient[], recipient: Recipient): boolean {
  return owners.some((owner) => isMeantBy(owner.recipient, recipient))
}

/** Each key once, in its first spelling. */
function unique(recipients: readonly Recipient[]): readonly Recipient[] {
  const byKey = new Map<string, Recipient>()
  for (const one of recipients) if (!byKey.has(canonicalId(one))) byKey.set(canonicalId(one), one)
  return [...byKey.values()]
}

const whatToDo = 'Name one of them by its key, spelled in full, or by a name that only it has.'

/** `Bob <bob@a.org>` and `Bob <bob@b.org>` are two people, though both may be called Bob. */
function severalPeople(names: readonly string[]): boolean {
  return names.some((one) => names.some((other) => haveOtherEmails([one], [other])))
}

function sshComment(recipient: Recipient): string | null {
  return recipient.kind === 'age-ssh' ? asSeen(recipient.id.replace(/^\S+ +\S+ */, '').replace(/^#\s*/, '')) || null : null
}
