// Which comments of a `.sops.yaml` are names of who holds a key, and which are prose, headings or YAML that was taken out.
// Must never take for a name what may be anything else: a wrong name takes the wrong key out.
import { nameInComment } from '../owners/owners.ts'

/** A name in a comment, without the blanks around it. */
export interface NameSpan {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Words for several at once, as a heading has them, or the anchor of a whole list. */
const several = new Set([
  'all', 'both', 'everyone', 'everybody', 'team', 'teams', 'us', 'we', 'group', 'groups', 'users', 'hosts', 'servers', 'admins',
  'administrators', 'developers', 'devs', 'machines', 'people', 'persons', 'humans', 'members', 'clients', 'nodes', 'systems',
  'services', 'devices', 'laptops', 'yubikeys', 'staff', 'employees', 'contractors', 'operators', 'maintainers', 'engineers',
  'owners', 'recipients', 'readers', 'clusters', 'environments', 'runners', 'robots', 'bots', 'colleagues', 'coworkers', 'others',
  'keys', 'secrets', 'rules', 'backups', 'tests', 'notes',
])

/** Words that speak of a key, a file or a stage of it; no one who holds a key is called so. */
const notNames = new Set([
  'prod', 'production', 'live', 'staging', 'stage', 'preview', 'sandbox', 'dev', 'development', 'local', 'test', 'testing', 'qa',
  'uat', 'main', 'master', 'default', 'backup', 'old', 'new', 'legacy', 'current', 'previous', 'former', 'primary', 'secondary',
  'temporary', 'temp', 'deprecated', 'unused', 'todo', 'fixme', 'note', 'a', 'an', 'and', 'or', 'the', 'this', 'these', 'each',
  'every', 'nobody', 'none', 'only', 'other', 'any', 'in', 'on', 'at', 'by', 'for', 'from', 'of', 'to', 'with', 'is', 'are', 'do',
  'not', 'no', 'see', 'ask', 'keep', 'add', 'remove', 'page', 'key', 'secret', 'rule', 'yes', 'me', 'infra', 'infrastructure',
  ...several,
])

/** Whether a word speaks of a key, a file or several, rather than of somebody. */
export function isNobody(word: string): boolean {
  return notNames.has(word.toLowerCase())
}

/** Words with which a sentence about a key begins, where what follows is in lower case; a name goes on in capitals. */
const sentence = new RegExp(`^(?:TODO|FIXME|NOTE|${[
  'has', 'have', 'had', 'ask', 'add', 'see', 'keep', 'remove', 'removed', 'todo', 'fixme', 'note', 'is', 'are', 'was', 'were', 'use',
  'used', 'uses', 'only', 'until', 'till', 'since', 'expires', 'expired', 'valid', 'rotate', 'rotated', 'replace', 'replaced', 'please',
  'also', 'not', 'no', 'do', "don't", 'must', 'should', 'need', 'needs', 'lost', 'left', 'on', 'in', 'at', 'to', 'for', 'from', 'with',
  'by', 'and', 'or', 'but', 'if', 'when', 'this', 'these', 'that', 'it', 'all', 'both', 'every', 'each', 'the', 'a', 'an', 'generated',
  'created', 'added', 'temporarily', 'same', 'what', 'whatever', 'who', 'why', 'there',
].map((word) => `[${word.charAt(0).toUpperCase()}${word.charAt(0)}]${word.slice(1)}`).join('|')}) (?=[\\p{Ll}\\d])`, 'u')

/** What may stand before names, as in `keys: alice, bob`. */
const heading = /^(?:(?:age|pgp|public|ssh) )?(?:keys?|owners?|holders?|readers?|recipients?|people|persons?|users?|members?|names?|hosts?|machines?|access|in order|who(?: (?:can read(?: it)?|reads(?: it)?|has access))?):\s+/i

/** More characters than these list no names. */
const longest = 4000

/** What lists begin their lines with. */
const bullet = /^(?:[-*•]|\d{1,3}[.):]|\(\d{1,3}\))[ \t]+/

/** Up to three words without the signs of a sentence: a name, or a heading. */
export function isShort(comment: string): boolean {
  const core = coreOf(comment)
  const signs = /[:;?!=*&{}[\]"]/.test(core) || (core.endsWith('.') && !/ (?:\p{Lu}|Jr|Sr)\.$/u.test(core))
  return !signs && core.split(' ').length <= 3 && nameInComment(core) !== null
}

/** One of whose words none is one of the above. */
export function isLabel(comment: string): boolean {
  const core = coreOf(comment)
  return isShort(comment) && !sentence.test(core) && core.split(' ').every((word, at) =>
    (at === 0 ? /^[\p{L}\p{N}]/u : /^[\p{L}\p{N}<(]/u).test(word) && !notNames.has(word.toLowerCase().replace(/[,.]$/, '')))
}

/** Whether a label is about several, parted by commas. */
export function isParted(comment: string): boolean {
  return coreOf(comment).includes(',')
}

/** Whether an anchor is that of several, whose list may hold one key for now. */
export function isOfSeveral(anchor: string): boolean {
  return several.has(anchor.toLowerCase())
}

/** One that must be a name: a word, or several in capitals (`Carol S.`, `Bob <bob@x.org>`), as it takes to name by position. */
export function isName(comment: string): boolean {
  return isLabel(comment) && !/[:,]\s*$/.test(comment) && !/ \p{Ll}/u.test(coreOf(comment)) && !isParted(comment)
}

/** The name in a comment that speaks of one key only; null where it is a sentence, or none. */
export function nameBeside(comment: string): string | null {
  const name = nameInComment(comment.slice(signsBefore(comment)))
  return name === null || sentence.test(name) ? null : name
}

/** What may be the name of one on a line of its own among keys: no sentence, no long one, no word for several, no setting. */
export function nameOnLine(comment: string): string | null {
  const core = coreOf(comment)
  const words = core.split(' ')
  const isOther = words.length > 5 || /[=?!*{}[\]]/.test(core) || words.some((word) => several.has(word.toLowerCase().replace(/[,.:]$/, '')))
  return isOther ? null : nameBeside(comment)
}

/** How many characters stand before what a comment says: blanks, its signs, the sign of a list. */
export function signsBefore(comment: string): number {
  const lead = /^[\s#]*/.exec(comment)?.[0].length ?? 0
  return lead + (bullet.exec(comment.slice(lead))?.[0].length ?? 0)
}

/** The comment without its signs, a colon at its end, and what stands in brackets there. */
function coreOf(comment: string): string {
  const text = comment.slice(signsBefore(comment)).replace(/(?<![\s:])[\s:]+$/, '').replace(/\s+/g, ' ')
  return text.replace(/ +(?:\([^()]*\)|<[^<>]*>)$/, '')
}

/**
 * The names in a comment that holds nothing else but what introduces or parts them, as in `alice, bob`, `keys: alice, bob` and
 * `alice (laptop, 2024) + bob`; null where it holds anything else. `from` is the offset behind its sign.
 */
export function namesListed(text: string, from: number, to: number): readonly NameSpan[] | null {
  // Nobody lists names on a page; for each sign the rest is looked through.
  if (to - from > longest) return null
  const content = text.slice(from, to)
  const lead = /^[\s#]*/.exec(content)?.[0].length ?? 0
  const start = lead + (heading.exec(content.slice(lead))?.[0].length ?? 0)
  const spans: NameSpan[] = []
  let at = from + start
  for (const [index, part] of content.slice(start).split(/(,|;|[ \t][+&][ \t]|[ \t]and[ \t])(?![^(]*\))/).entries()) {
    const name = part.trim()
    const begin = at + (part.length - part.trimStart().length)
    // Each second one is what parts two names.
    if (index % 2 === 0) spans.push({ start: begin, end: begin + name.length, text: name })
    at += part.length
  }
  return spans.every((span) => isName(span.text)) ? spans : null
}
