// Where in the text of a `.sops.yaml` each thing that could be taken out stands.
// Must never decide what is taken out, nor look at anything but the places that the parser gives.
import { isMap, isScalar, isSeq } from 'yaml'
import type { CST, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import type { Recipient } from '../recipient.ts'
import { partsOf, profileFor, recipientsIn } from './keys.ts'

/** One list item, one `key: value`, or one part of a comma-separated string, without its comment and line end. */
export interface Slot {
  readonly start: number
  readonly end: number
  /** Where what stands before it ends: the slot before, or the beginning of what holds the list. */
  readonly floor: number
  readonly value: Node | null
  /** The name of a pair; null for an item and a part. */
  readonly name: string | null
  /** The text between the commas, for a part of a string. */
  readonly part: string | null
  /** The `aws_profile` that flat KMS keys in it are used with. */
  readonly profile: string | null
  /** Whether it stands under the field `pgp`, where any id of a key that gpg takes is a key. */
  readonly pgp: boolean
  /** What it holds itself. null for an alias (its text stands elsewhere), a key, and everything that cannot be taken apart. */
  readonly below: SlotList | null
}

export interface SlotList {
  readonly style: 'block' | 'flow' | 'text'
  /** The keys of one rule or group rather than items: what stands above it is more often about the whole than about the first. */
  readonly pairs: boolean
  readonly slots: readonly Slot[]
  /** Offsets: the i-th stands after the i-th slot; as many as slots where the list ends in a comma. */
  readonly commas: readonly number[]
  /** The name of the pair whose value it is; null for that of an item. */
  readonly pair: string | null
  readonly holder: Pick<Slot, 'start' | 'floor'> | null
}

type OfMap = (map: YAMLMap) => Recipient | null

/** Of what a node is the value, and how keys in it are used. */
type Use = Pick<Slot, 'name' | 'profile' | 'pgp'>

/**
 * What a node holds, part by part; null where it cannot be taken apart. `start` is the offset from which it could begin; `ofMap`
 * tells the map forms of keys, which go whole.
 */
export function listOf(
  node: Node, holder: SlotList['holder'], start: number, use: Use, text: string, ofMap: OfMap,
): SlotList | null {
  if (isScalar(node)) return partsIn(node, holder, use, text)
  if (!isSeq(node) && !isMap(node)) return null
  if (isMap(node) && ofMap(node) !== null) return null
  const token = node.srcToken
  if (token?.type !== 'block-seq' && token?.type !== 'block-map' && token?.type !== 'flow-collection') return null
  const slots: Slot[] = []
  for (const [at, source] of sourcesOf(token).entries()) {
    const { value, ...within } = itemOf(node, at, use)
    const place = { start: startOf(source), floor: slots.at(-1)?.end ?? start }
    const below = value === null ? null : listOf(value, place, place.start, within, text, ofMap)
    slots.push({ ...place, end: endOf(value, source, below, text), value, part: null, ...within, below })
  }
  const style = token.type === 'flow-collection' ? 'flow' : 'block'
  const commas = token.type === 'flow-collection' ? commasOf(token) : []
  return { style, pairs: isMap(node), slots, commas, pair: use.name, holder }
}

function itemOf(node: YAMLMap | YAMLSeq, at: number, outer: Use): Use & Pick<Slot, 'value'> {
  const item = node.items[at] as Node | Pair
  if (!isMap(node)) return { value: item as Node | null, name: null, profile: outer.profile, pgp: outer.pgp }
  const { key, value } = item as Pair
  const own = node.get('aws_profile')
  const name = isScalar(key) ? String(key.value) : ''
  return { value: value as Node | null, name, profile: profileFor({ aws_profile: own }, name), pgp: name === 'pgp' }
}

type Source = CST.CollectionItem

/** The items of the source that hold something, one for each item of the node: an end in comments or a comma makes a bare one. */
function sourcesOf(token: CST.BlockSequence | CST.BlockMap | CST.FlowCollection): readonly Source[] {
  const signs = ['seq-item-ind', 'explicit-key-ind', 'anchor', 'tag']
  const holds = ({ start, key, sep, value }: Source): boolean =>
    Boolean(key ?? sep ?? value) || start.some(({ type }) => signs.includes(type))
  return (token.items as readonly Source[]).filter(holds)
}

function startOf({ start, key, value, sep }: Source): number {
  const first = start.find(({ type }) => !['space', 'newline', 'comment', 'comma'].includes(type))
  return (first ?? key ?? sep?.[0] ?? value)?.offset ?? 0
}

function endOf(value: Node | null, source: Source, below: SlotList | null, text: string): number {
  const separator = source.sep?.find(({ type }) => type === 'map-value-ind')
  const least = separator === undefined ? startOf(source) + 1 : separator.offset + 1
  const last = below?.style === 'block' ? below.slots.at(-1)?.end : undefined
  let end = last ?? value?.range?.[1] ?? least
  while (end > least && /\s/.test(text[end - 1] ?? '')) end -= 1
  return Math.max(end, least)
}

function commasOf(token: CST.FlowCollection): readonly number[] {
  const separators = (token.items as readonly Source[]).flatMap(({ start }) => start)
  return separators.filter(({ type }) => type === 'comma').map(({ offset }) => offset)
}

/** The parts of a comma-separated string as its source spells them; an escape in it makes that part no key. */
function partsIn(scalar: Scalar, holder: SlotList['holder'], { name: pair, ...use }: Use, text: string): SlotList | null {
  const [value, range] = [scalar.value, scalar.range]
  if (typeof value !== 'string' || !range || recipientsIn(value, null, use.pgp).length === 0) return null
  let [from, to] = [range[0], range[1]]
  if (scalar.type === 'BLOCK_FOLDED' || scalar.type === 'BLOCK_LITERAL') from = text.indexOf('\n', from) + 1
  if (scalar.type === 'QUOTE_DOUBLE' || scalar.type === 'QUOTE_SINGLE') [from, to] = [from + 1, to - 1]
  const slots: Slot[] = []
  const commas: number[] = []
  let at = from
  for (const raw of text.slice(from, to).split(',')) {
    const start = at + (raw.length - raw.trimStart().length)
    const end = Math.max(start, at + raw.trimEnd().length)
    slots.push({ start, end, floor: at, value: null, name: null, part: partsOf(raw)[0] ?? '', ...use, below: null })
    at += raw.length + 1
    commas.push(at - 1)
  }
  commas.pop()
  if (slots.at(-1)?.part === '') slots.pop()
  return { style: 'text', pairs: false, slots, commas, pair, holder }
}
