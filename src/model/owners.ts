// Names and recipients: who holds which key, and what someone means who asks for a name or a key.
// Must never guess: a name matches whole or not at all, and what could mean two things is an error that lists them.
import { candidateLines } from './owners-candidates.ts'
import { canonicalId, isMeantBy, parseRecipient, sameRecipient } from './recipient.ts'
import type { Recipient } from './recipient.ts'

export interface OwnedRecipient {
  readonly recipient: Recipient
  readonly name: string
  readonly from: 'owners-file' | 'anchor' | 'comment' | 'public-keys' | 'keyring'
  /** The file and line (from 1) in which the name stands beside the key. */
  readonly path: string
  readonly line: number
}

export type Resolution =
  | { readonly kind: 'resolved'; readonly recipients: readonly Recipient[] }
  | { readonly kind: 'unknown' | 'ambiguous'; readonly asked: string; readonly message: string }

/**
 * The keys of a public-keys file with their names: `age1… bob`, `age1… # bob`, `# bob` on the line above,
 * `ssh-… AAAA bob@laptop`. A key without a name, and every line that does not begin with a key, is left out.
 */
export function readPublicKeys(path: string, text: string): readonly OwnedRecipient[] {
  const owners: OwnedRecipient[] = []
  let above: string | null = null
  for (const [at, line] of text.replace(/^\uFEFF/, '').split(/\r?\n/).entries()) {
    const [recipient, beside] = keyAndRest(line.trim())
    const name = beside ?? above
    if (recipient !== null && name !== null) owners.push({ recipient, name, from: 'public-keys', path, line: at + 1 })
    above = /^\s*#/.test(line) ? nameInComment(line) : null
  }
  return owners
}

/** Who holds the key, by the most telling source: the owners file, anchors, comments, public-keys files, an SSH key's own comment, PGP's user ids. */
export function ownerOf(owners: readonly OwnedRecipient[], recipient: Recipient): string | null {
  const own = owners.filter((owner) => sameRecipient(owner.recipient, recipient))
  const from = (source: OwnedRecipient['from']): string | undefined => own.find((owner) => owner.from === source)?.name
  return from('owners-file') ?? from('anchor') ?? from('comment') ?? from('public-keys') ?? sshComment(recipient) ?? from('keyring') ?? null
}

/**
 * The recipients that `asked` (keys spelled in full, or names) stand for, each once, spelled as in `known`: every recipient of
 * any file or config. Several keys of a name in one file are all meant; different keys in different files are ambiguous.
 * The first that stands for nothing or for too much decides the result.
 */
export function resolveRecipients(
  asked: readonly string[], owners: readonly OwnedRecipient[], known: readonly Recipient[],
): Resolution {
  const resolved = new Map<string, Recipient>()
  for (const one of asked) {
    const result = resolveOne(one.trim(), owners, known)
    if (result.kind !== 'resolved') return result
    for (const recipient of result.recipients) resolved.set(canonicalId(recipient), recipient)
  }
  return { kind: 'resolved', recipients: [...resolved.values()] }
}

/** The name that a comment gives to a key; null where it is decoration, or speaks of another key. */
export function nameInComment(comment: string): string | null {
  const name = comment.replace(/^[\s#]+/, '').replace(/[\s:]+$/, '')
  const holdsKey = name.split(/[\s,'"]+/).some((word) => parseRecipient(word) !== null) || /\bssh-(ed25519|rsa) /.test(name)
  return /[\p{L}\p{N}]/u.test(name) && !holdsKey ? name : null
}

/** What someone may say for a name: all of it, its part before ` (`, ` <` or ` - `, the e-mail in `<>`. Lower case. */
export function formsOf(name: string): readonly string[] {
  const short = name.split(/ \(| <| - /, 1)[0] ?? name
  return [...new Set([name, short, emailIn(name) ?? name].map((form) => form.trim().toLowerCase()))]
}

function resolveOne(asked: string, owners: readonly OwnedRecipient[], known: readonly Recipient[]): Resolution {
  const clean = asked.replace(/\p{Cc}+/gu, ' ')
  const no = (kind: 'unknown' | 'ambiguous', what: string, candidates: readonly string[]): Resolution =>
    ({ kind, asked: clean, message: [`"${clean}" ${what}`, ...candidates, whatToDo].join('\n') })

  const spelled = parseRecipient(asked)
  const same = spelled === null ? [] : unique(known).filter((recipient) => isMeantBy(spelled, recipient))
  if (same.length > 0) return { kind: 'resolved', recipients: same }
  const unknown = (): Resolution => known.length === 0
    ? { kind: 'unknown', asked: clean, message: `"${clean}" is unknown: no file and no .sops.yaml here has any recipient.` }
    : no('unknown', 'is neither a recipient here nor the name of one. There are:', candidateLines(clean, owners, known))
  if (spelled !== null) return unknown()

  const meant = owners.filter(({ name, recipient }) => formsOf(name).includes(asked.toLowerCase())
    && known.some((one) => sameRecipient(one, recipient)))
  const bySsh = known.filter((recipient) => sshComment(recipient)?.toLowerCase() === asked.toLowerCase())
  const ids = new Set((meant.length > 0 ? meant.map(({ recipient }) => recipient) : bySsh).map(canonicalId))
  const recipients = unique(known).filter((recipient) => ids.has(canonicalId(recipient)))
  if (recipients.length === 0) return unknown()
  const onePerson = recipients.length === 1 || (oneFileSaysAll(meant, ids) && !severalPeople(meant, asked))
  return onePerson ? { kind: 'resolved', recipients } : no('ambiguous', 'could mean:', candidateLines('', meant, recipients))
}

/** Each key once, in its first spelling. */
function unique(recipients: readonly Recipient[]): readonly Recipient[] {
  const byKey = new Map<string, Recipient>()
  for (const one of recipients) if (!byKey.has(canonicalId(one))) byKey.set(canonicalId(one), one)
  return [...byKey.values()]
}

const whatToDo = 'Name one of them by its key, spelled in full, or by a name that only it has.'

function oneFileSaysAll(meant: readonly OwnedRecipient[], ids: ReadonlySet<string>): boolean {
  return meant.some(({ path }) => new Set(meant.filter((owner) => owner.path === path)
    .map(({ recipient }) => canonicalId(recipient))).size === ids.size)
}

/** `Bob <bob@a>` and `Bob <bob@b>` are two people, though both may be called Bob. */
function severalPeople(meant: readonly OwnedRecipient[], asked: string): boolean {
  const emails = new Set(meant.flatMap(({ name }) => emailIn(name)?.toLowerCase() ?? []))
  return emails.size > 1 && !emails.has(asked.toLowerCase())
}

function emailIn(name: string): string | null {
  return /<([^<>\s]+@[^<>\s]+)>/.exec(name)?.[1] ?? null
}

function sshComment(recipient: Recipient): string | null {
  return recipient.kind === 'age-ssh' ? recipient.id.replace(/^\S+ +\S+ */, '').replace(/^#\s*/, '') || null : null
}

function keyAndRest(line: string): readonly [Recipient | null, string | null] {
  const spelled = /^(ssh-\S+\s+\S+|(?:0x)?[0-9A-Fa-f](?: ?[0-9A-Fa-f]){39}(?=\s|$)|\S+)(.*)$/.exec(line)
  const recipient = parseRecipient(spelled?.[1] ?? '')
  return [recipient, recipient === null ? null : nameInComment(spelled?.[2] ?? '')]
}
