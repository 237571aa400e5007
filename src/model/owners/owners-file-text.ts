// Where in the text of an owners file its lists and maps stand, and how one more entry is put into them.
// Must never touch a character that is there.
import { isMap, isScalar } from 'yaml'
import type { Node, Pair } from 'yaml'
import { lineEnd, lineStart } from '../sops-config/comments.ts'
import type { Slot, SlotList } from '../sops-config/slots.ts'
import { readTree } from '../sops-config/tree.ts'
import type { ConfigTree } from '../sops-config/tree.ts'

/** An entry written both ways; the lines of `block` without the indentation that they share. */
export interface NewItem {
  readonly block: readonly string[]
  readonly flow: string
}

export interface Field {
  /** The `name: value`, where it stands. */
  readonly slot: Slot
  /** What the value holds; null where it is empty or `null`. */
  readonly list: SlotList | null
}

/** A field by the names that lead to it; null where there is none. */
export function fieldItems(tree: ConfigTree, names: readonly string[]): Field | null {
  let [list, node, field]: [SlotList | null, Node | null, Field | null] = [tree.root, tree.contents, null]
  for (const name of names) {
    const pairs: readonly Pair[] = isMap(node) ? node.items : []
    const at = pairs.findIndex(({ key }) => isScalar(key) && key.value === name)
    const slot: Slot | undefined = list?.slots[at]
    if (slot === undefined) return null
    node = slot.value
    list = isScalar(node) ? null : slot.below
    field = { slot, list }
  }
  return field
}

/** `text`, whose last line has an end, with one more entry at the end of the field; the last of `names` is made where it is missing. */
export function appendItem(path: string, text: string, names: readonly string[], item: NewItem): string {
  const tree = readTree(path, text)
  const field = fieldItems(tree, names)
  if (field !== null) return field.list === null ? fill(tree, field.slot, item) : append(text, field.list, startOf(field.slot.value), item)
  const name = names.at(-1) ?? ''
  const made = { block: [`${name}:`, ...indented(item.block, '  ')], flow: `${name}: ${bracketed(item)}` }
  const { root } = tree
  if (root?.style === 'flow') return append(text, root, startOf(tree.contents), made)
  const [first, last] = [root?.slots[0], root?.slots.at(-1)]
  // Comments at the end are about what stands above them, so that a new field comes after.
  const marker = last === undefined ? null : /^[^\s#]/m.exec(text.slice(lineEnd(text, last.end)))
  const at = marker === null || last === undefined ? text.length : last.end
  return insertLines(text, at, indented(made.block, first === undefined ? '' : padOf(text, first)))
}

function append(text: string, list: SlotList, open: number, item: NewItem): string {
  const [first, last] = [list.slots[0], list.slots.at(-1)]
  if (first === undefined || last === undefined) return `${text.slice(0, open + 1)}${item.flow}${text.slice(open + 1)}`
  if (list.style === 'flow') return `${text.slice(0, last.end)}, ${item.flow}${text.slice(last.end)}`
  return insertLines(text, last.end, indented(item.block, padOf(text, first)))
}

/** A field that holds nothing gets a list or map of one. */
function fill({ text, root }: ConfigTree, slot: Slot, item: NewItem): string {
  const [start, end] = slot.value?.range ?? [slot.end, slot.end]
  if (start === end && root?.style === 'block') return insertLines(text, slot.end, indented(item.block, `${padOf(text, slot)}  `))
  return `${text.slice(0, start)}${start === end ? ' ' : ''}${bracketed(item)}${text.slice(end)}`
}

/** The lines below the line of an offset. */
function insertLines(text: string, at: number, lines: readonly string[]): string {
  const below = at === text.length ? at : lineEnd(text, at) + 1
  return `${text.slice(0, below)}${lines.map((line) => line + lineEnding(text)).join('')}${text.slice(below)}`
}

export function lineEnding(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n'
}

function indented(lines: readonly string[], pad: string): readonly string[] {
  return lines.map((line) => pad + line)
}

function padOf(text: string, slot: Slot): string {
  return ' '.repeat(slot.start - lineStart(text, slot.start))
}

function bracketed({ block, flow }: NewItem): string {
  return block[0]?.startsWith('- ') === true ? `[${flow}]` : `{${flow}}`
}

function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0
}

/** A scalar that reads as `value` anywhere in YAML: plain where that is sure, else in double quotes. */
export function scalarText(value: string): string {
  const word = /^[\p{L}\p{N}](?:[\p{L}\p{N}_.@+/|:=-]*[\p{L}\p{N}_.@+/|=-])?$/u
  const plain = value.split(' ').every((part) => word.test(part)) && !/^(?:null|true|false|yes|no|on|off)$/i.test(value)
  return plain ? value : JSON.stringify(value)
}
