// The owners file: who holds which key, and the record of the keys that were removed. Its format: docs/owners-file.md.
// Must never let through what it does not understand, nor repeat a value in an error: someone may have pasted a private key.
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml'
import type { Node, Pair } from 'yaml'
import { Failure } from '../failure.ts'
import type { OwnedRecipient } from './owners.ts'
import { canonicalId, parsePgpId, parseRecipient } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import { visible } from '../safe-text.ts'

export interface RemovedRecord {
  readonly recipient: Recipient
  /** Who held it; null where nobody knew. */
  readonly owner: string | null
  /** `YYYY-MM-DD` */
  readonly date: string
  /** Who had it removed; null where nobody wrote it down. */
  readonly by: string | null
  /** Where the record begins in the file, from 1. */
  readonly line: number
}

export interface OwnersFile {
  /** In the order of the file; `from` is `owners-file`. */
  readonly owners: readonly OwnedRecipient[]
  readonly removed: readonly RemovedRecord[]
}

const maxBytes = 1024 * 1024
const maxName = 200
const privateKey = /AGE-SECRET-KEY-/i
const key = 'arn:aws:kms:eu-west-1:111122223333:alias/ci'
/** What an error shows as right; each is a whole file. */
const examples = {
  file: `{owners: {ci: [${key}]}, removed: []}`,
  owners: `owners: {ci: [${key}]}`,
  removed: `removed: [{owner: ci, recipient: ${key}, date: 2026-11-23, by: octocat}]`,
}

type Fail = (what: string, at: Node | null, right: keyof typeof examples) => Failure

/**
 * Throws Failure `owners-file`, with the line, what is wrong and a right example: not one YAML document, an alias, a field or a
 * kind of value that is not in the format, a key that is no recipient or has two owners, names that could be taken for each
 * other, no such date, over 1 MiB. An empty file is an empty record.
 */
export function readOwnersFile(path: string, text: string): OwnersFile {
  const lines = new LineCounter()
  const lineOf = (node: Node | null): number => lines.linePos(node?.range?.[0] ?? 0).line
  const failAt = (line: number | null, what: string, right: keyof typeof examples, cause?: unknown): Failure =>
    new Failure('owners-file', `${visible(path)}${line === null ? '' : `:${line}`}: ${what}.`, {
      path, advice: `Right is, for example: ${examples[right]}`, cause,
    })
  const fail: Fail = (what, at, right) => failAt(lineOf(at), what, right)
  if (Buffer.byteLength(text) > maxBytes) throw failAt(null, 'the file is larger than 1 MiB', 'file')
  let root: Node | null
  try {
    root = parse(text, lines, failAt)
  } catch (cause) {
    throw cause instanceof Failure ? cause : failAt(null, 'its lists nest beyond any use', 'file', cause)
  }
  const [owners = null, removed = null] = fieldsOf(root, ['owners', 'removed'], fail, 'file')
  return { owners: ownersIn(path, owners, fail, lineOf), removed: itemsOf(removed, fail, 'removed').map((item) => recordIn(item, fail, lineOf)) }
}

function parse(text: string, lines: LineCounter, failAt: (line: number, what: string, right: 'file', cause?: unknown) => Failure): Node | null {
  // Scalars stay text: a fingerprint may look like a number, and a name like nothing.
  const documents = parseAllDocuments(text, { schema: 'failsafe', prettyErrors: false, logLevel: 'error', lineCounter: lines })
  if (documents.length > 1) throw failAt(lines.linePos(documents[1]?.range[0] ?? 0).line, 'it has more than one document', 'file')
  const [error] = documents[0]?.errors ?? []
  if (error !== undefined) {
    // In the parser's words, tags and what follows a colon are quotations.
    const what = error.message.split(/:|\n/, 1)[0]?.replace(/ !\S+/, '') ?? ''
    throw failAt(lines.linePos(error.pos[0]).line, `not valid YAML: ${what}`, 'file', error)
  }
  return documents[0]?.contents ?? null
}

function ownersIn(path: string, node: Node | null, fail: Fail, lineOf: (node: Node) => number): readonly OwnedRecipient[] {
  const owners: OwnedRecipient[] = []
  const [names, holders] = [new Map<string, string>(), new Map<string, string>()]
  for (const [name, keyNode, value] of pairsOf(node, fail, 'owners')) {
    checkName(name, keyNode, fail, 'owners')
    const other = names.get(name.toLowerCase())
    if (other !== undefined) throw fail(`the names ${shown(other)} and ${shown(name)} mean the same to who asks for one`, keyNode, 'owners')
    names.set(name.toLowerCase(), name)
    for (const item of itemsOf(value, fail, 'owners')) {
      const recipient = recipientIn(item, `under ${shown(name)}`, fail, 'owners')
      const holder = holders.get(canonicalId(recipient))
      if (holder === name) throw fail(`the key stands twice under ${shown(name)}`, item, 'owners')
      if (holder !== undefined) throw fail(`the key under ${shown(name)} is ${shown(holder)}'s already, and a key has one owner`, item, 'owners')
      holders.set(canonicalId(recipient), name)
      owners.push({ recipient, name, from: 'owners-file', path, line: lineOf(item) })
    }
  }
  return owners
}

function recordIn(item: Node, fail: Fail, lineOf: (node: Node) => number): RemovedRecord {
  if (!isMap(item)) throw fail('what stands under removed is no record', item, 'removed')
  const [owner = null, recipient = null, date = null, by = null] = fieldsOf(item, ['owner', 'recipient', 'date', 'by'], fail, 'removed')
  const name = (node: Node | null): string | null => {
    const text = textOf(node)
    if (node === null || isNull(node)) return null
    checkName(text, node, fail, 'removed')
    return text
  }
  const day = textOf(date)
  if (day === null || !isDay(day)) throw fail('a removed key needs the date, a day that there is, as year-month-day', date ?? item, 'removed')
  return { recipient: recipientIn(recipient ?? item, 'of the record', fail, 'removed'), owner: name(owner), date: day, by: name(by), line: lineOf(item) }
}

/** The values of a map's fields in the order of `names`; any other field is an error. */
function fieldsOf(node: Node | null, names: readonly string[], fail: Fail, right: keyof typeof examples): readonly (Node | null)[] {
  const pairs = pairsOf(node, fail, right)
  const stray = pairs.find(([name]) => name === null || !names.includes(name))
  if (stray !== undefined) throw fail(`there is no field ${shown(stray[0] ?? '?')}, only ${names.join(', ')}`, stray[1], right)
  return names.map((wanted) => pairs.find(([name]) => name === wanted)?.[2] ?? null)
}

function pairsOf(node: Node | null, fail: Fail, right: keyof typeof examples): readonly (readonly [string | null, Node, Node | null])[] {
  if (node === null || isNull(node)) return []
  if (!isMap(node)) throw fail(isAlias(node) ? 'an alias has no place here: spell it out' : 'here `name: …` is expected', node, right)
  return (node.items as readonly Pair<Node, Node | null>[]).map(({ key: name, value }) => [textOf(name), name, value])
}

function itemsOf(node: Node | null, fail: Fail, right: keyof typeof examples): readonly Node[] {
  if (node === null || isNull(node)) return []
  if (!isSeq(node)) throw fail(isAlias(node) ? 'an alias has no place here: spell it out' : 'here a list is expected', node, right)
  return node.items as readonly Node[]
}

function recipientIn(node: Node, where: string, fail: Fail, right: keyof typeof examples): Recipient {
  const text = textOf(node)
  if (text !== null && privateKey.test(text)) throw fail(`what stands ${where} is a private key. Consider it public from now on`, node, right)
  const recipient = text === null ? null : (parseRecipient(text) ?? parsePgpId(text))
  if (recipient === null) throw fail(`what stands ${where} is no recipient as it can stand in .sops.yaml`, node, right)
  return recipient
}

function checkName(name: string | null, at: Node, fail: Fail, right: keyof typeof examples): asserts name is string {
  if (name === null || name.trim() === '') throw fail('a name is missing', at, right)
  if (name === '<<') throw fail('a merge has no place here: spell it out', at, right)
  if (parseRecipient(name) !== null) throw fail('a key stands where the name of its owner belongs', at, right)
  if (!isOwnersName(name)) {
    throw fail(`a name is one line of at most ${maxName} characters that can be seen`, at, right)
  }
}

/** Whether the file can hold the name: a line of characters that can be seen, and no key. */
export function isOwnersName(name: string): boolean {
  return name !== '' && name !== '<<' && parseRecipient(name) === null && name.trim() === name && visible(name, maxName) === name
}

function textOf(node: Node | null): string | null {
  return isScalar(node) && typeof node.value === 'string' ? node.value : null
}

function isNull(node: Node): boolean {
  return isScalar(node) && (node.value === null || (node.type === 'PLAIN' && /^(?:|~|null)$/i.test(textOf(node) ?? '?')))
}

function isDay(text: string): boolean {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : null
  return day !== null && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

function shown(name: string): string {
  return privateKey.test(name) ? 'that is a private key' : `"${visible(name, 60)}"`
}
