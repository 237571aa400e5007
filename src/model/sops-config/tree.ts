// A `.sops.yaml` as sops reads it: its first document, what its aliases mean, its plain value, its slots.
// Must never decide what is taken out.
import { Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml'
import type { Alias, Node, Pair, YAMLMap } from 'yaml'
import { Failure } from '../failure.ts'
import type { Recipient } from '../recipient.ts'
import { partsOf, recipientOfMap, recipientOfPart, recipientsIn } from './keys.ts'
import { isOutdented, withoutOutdents } from './outdented.ts'
import { listOf } from './slots.ts'
import type { Slot, SlotList } from './slots.ts'

export interface ConfigTree {
  readonly text: string
  /** The plain value, aliases and merges resolved. */
  readonly value: unknown
  readonly root: SlotList | null
  readonly contents: Node | null
  target(alias: Alias): Node | null
  /** The line of an offset, from 1. */
  lineOf(offset: number): number
  /** The recipient that a map form stands for. */
  ofMap(map: YAMLMap): Recipient | null
  /** What others than this text call the holder of a key, in all the forms of `formsOf`. */
  readonly namesOf: NamesOf
}

export type NamesOf = (recipient: Recipient) => readonly string[]

/** sops itself reads a key once per rule; a file in which one anchor is used more often than this is an attack or a mistake. */
const maxAliasCount = 10_000
const maxLength = 1024 * 1024

/** Throws Failure `config-unreadable`, with line and column where there is one, for what sops or we could not take. */
export function readTree(path: string, text: string, namesOf: NamesOf = () => []): ConfigTree {
  const lines = new LineCounter()
  const place = (at: number): string => `${lines.linePos(at).line}:${lines.linePos(at).col}`
  const fail = (what: string, at: number | null, cause?: unknown): Failure =>
    new Failure('config-unreadable', `${path}${at === null ? '' : `:${place(at)}`}: ${what}`, {
      path, advice: 'Correct it there, see that sops still takes it, and run again.', cause,
    })
  if (text.length > maxLength) throw fail('the file is larger than 1 MiB.', null)
  try {
    // Scalars stay text: a fingerprint may look like a number.
    const options = { schema: 'failsafe', keepSourceTokens: true, merge: true, prettyErrors: false, logLevel: 'error', lineCounter: lines } as const
    const [strict = new Document()] = parseAllDocuments(text, options)
    const odd = /\r(?!\n)|[\u0085\u2028\u2029]/.exec(text)
    const oddEnd = 'sops takes the sign here (CR alone, NEL, LS or PS) for a line end, most programs do not: write LF.'
    if (odd !== null) throw fail(oddEnd, odd.index)
    const lenient = { ...options, lineCounter: new LineCounter() }
    const parsed = (source: string): Document => parseAllDocuments(source, lenient)[0] ?? new Document()
    const [error] = strict.errors
    const source = error === undefined ? text : withoutOutdents(text, (one) => parsed(one).errors)
    if (error !== undefined && source === null) {
      const or = isOutdented(error) ? ', or a line inside it begins no further right than its key does: indent it' : ''
      throw fail(`not valid YAML: ${error.message}${or}.`, error.pos[0], error)
    }
    const doc = source === null || source === text ? strict : parsed(source)
    const contents: Node | null = doc.contents
    const targets = resolveAliases(contents, (what, { range }) => fail(what, range?.[0] ?? null))
    const value: unknown = doc.toJS({ maxAliasCount })
    const ofMap = (map: YAMLMap): Recipient | null => mapRecipient(map, doc)
    const root = contents === null ? null : listOf(contents, null, 0, { name: null, profile: null, pgp: false }, text, ofMap)
    const target = (alias: Alias): Node | null => targets.get(alias) ?? null
    return { text, value, root, contents, target, lineOf: (at) => lines.linePos(at).line, ofMap, namesOf }
  } catch (cause) {
    // What is left are the library's cap on aliases, and nesting deeper than the stack.
    throw cause instanceof Failure ? cause : fail('its aliases multiply, or its lists nest, beyond any use.', null, cause)
  }
}

/** An alias means the last anchor of its name before it, as in sops' own parser; one inside its own anchor has no meaning. */
function resolveAliases(contents: Node | null, fail: (what: string, at: Node) => Failure): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>()
  const open = new Set<Node>()
  const targets = new Map<Alias, Node>()
  const meant = (node: unknown): unknown => isAlias(node) ? targets.get(node) : node
  const mergeable = (value: unknown): boolean =>
    isMap(meant(value)) || (isSeq(value) && value.items.every((item) => isMap(meant(item))))
  const walk = (node: unknown): void => {
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target === undefined || open.has(target)) throw fail(`the anchor ${node.source} contains itself or is not there.`, node)
      targets.set(node, target)
    }
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return
    if (node.anchor !== undefined) anchors.set(node.anchor, node)
    if (isScalar(node)) return
    open.add(node)
    for (const item of node.items as readonly unknown[]) {
      if (isMap(node)) walk((item as Pair).key)
      walk(isMap(node) ? (item as Pair).value : item)
      if (isMap(node) && isMerge(item as Pair) && !mergeable((item as Pair).value)) {
        throw fail('what << merges here is no map, nor a list of maps.', (item as Pair<Node>).key)
      }
    }
    open.delete(node)
  }
  walk(contents)
  return targets
}

function isMerge({ key }: Pair): boolean {
  if (!isScalar(key) || key.type !== 'PLAIN') return false
  return (typeof key.value === 'symbol' ? key.value.description : key.value) === '<<'
}

function mapRecipient(map: YAMLMap, doc: Document): Recipient | null {
  const fields = ['arn', 'resource_id', 'key_id', 'vaultUrl', '<<']
  const telling = map.items.some(({ key }) => isScalar(key) && fields.includes(String(key.value)))
  return telling ? recipientOfMap(map.toJS(doc, { maxAliasCount }) as Record<string, unknown>) : null
}

/** The one recipient that a slot names and nothing beside it; null for several, none, and what is no key. */
export function recipientOf(tree: ConfigTree, slot: Slot): Recipient | null {
  if (slot.part !== null) return recipientOfPart(slot.part, slot.profile, slot.pgp)
  const node = isAlias(slot.value) ? tree.target(slot.value) : slot.value
  if (isMap(node)) return tree.ofMap(node)
  if (!isScalar(node) || typeof node.value !== 'string') return null
  const [part, ...more] = partsOf(node.value).filter(Boolean)
  return part === undefined || more.length > 0 ? null : recipientOfPart(part, slot.profile, slot.pgp)
}

/** The name of the anchor that a slot defines or refers to. */
export function anchorOf(slot: Slot): string | null {
  if (isAlias(slot.value)) return slot.value.source
  return (isScalar(slot.value) || isMap(slot.value) ? slot.value.anchor : undefined) ?? null
}

/** Whether anything in the slot is a key, also through an alias. */
export function holdsKeys(tree: ConfigTree, slot: Slot): boolean {
  if (slot.part !== null) return recipientOfPart(slot.part, null, slot.pgp) !== null
  return nodeHoldsKeys(tree, slot.value, slot.pgp)
}

function nodeHoldsKeys(tree: ConfigTree, node: unknown, pgp: boolean): boolean {
  if (isAlias(node)) return nodeHoldsKeys(tree, tree.target(node), pgp)
  if (isScalar(node)) return recipientsIn(node.value, null, pgp).length > 0
  if (isSeq(node)) return node.items.some((item) => nodeHoldsKeys(tree, item, pgp))
  return isMap(node) && (tree.ofMap(node) !== null || node.items.some(({ key, value }) =>
    nodeHoldsKeys(tree, value, isScalar(key) && key.value === 'pgp')))
}
