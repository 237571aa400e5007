// The text edits that put one key in the place of another: the key itself, and what names its holder.
// Must never rename anything where the new holder is not named.
import { isAlias, isMap, isScalar } from 'yaml'
import { lineEnd } from './comments.ts'
import type { CommentLine } from './comments.ts'
import { behind } from './insert.ts'
import { labelOf, quoteOf, textOf } from './item.ts'
import type { Newcomer } from './item.ts'
import { commentsLeaving, nameIn } from './leaving.ts'
import type { TextEdit } from './text.ts'
import type { Place } from './lists.ts'
import { nameBesideItem, nameLists } from './naming.ts'
import { signsBefore } from './names.ts'
import { mapEntries, scalar } from './spelling.ts'
import { anchorOf } from './tree.ts'
import type { ConfigTree } from './tree.ts'

/**
 * The edits that make the key at `place` the newcomer; null where its form has no room for it (other fields in the map), so that
 * the one has to come and the other to go. Throws Unspellable.
 */
export function replaced(tree: ConfigTree, place: Place, one: Newcomer): readonly TextEdit[] | null {
  const key = place.list.style === 'text' ? replacedPart(place, one) : replacedItem(tree, place, one)
  return key === null ? null : [...key, ...(one.name === null ? [] : replacedNames(tree, place, one))]
}

/** The edits for a newcomer in the place of `*bob` in `age: *bob` and others behind it. Throws Unspellable. */
export function replacedAlias(tree: ConfigTree, place: Place, one: Newcomer, others: readonly Newcomer[]): readonly TextEdit[] {
  return [...behind(tree, { ...place, recipient: one.recipient }, others), ...(one.name === null ? [] : replacedNames(tree, place, one))]
}

function replacedPart({ list, slot, pair }: Place, { recipient }: Newcomer): readonly TextEdit[] {
  const text = textOf(recipient, slot.profile, slot.start)
  const value = pair?.list.slots[pair.at]?.value
  const alone = list.slots.length === 1 && isScalar(value) && value.type === 'PLAIN'
  return [{ start: slot.start, end: slot.end, text: alone ? scalar(text) : text }]
}

function replacedItem(tree: ConfigTree, place: Place, one: Newcomer): readonly TextEdit[] | null {
  const { slot } = place
  const { value } = slot
  const [start = 0, end = 0] = value?.range ?? []
  if (isAlias(value)) {
    const spelled = (): string => scalar(textOf(one.recipient, slot.profile, slot.start))
    const text = one.alias ?? (isMap(tree.target(value)) ? null : spelled())
    return text === null ? null : [{ start, end, text }]
  }
  const head = replacedHead(tree, place, one)
  const text = (): string => textOf(one.recipient, slot.profile, slot.start)
  if (isScalar(value) && (value.type === 'BLOCK_FOLDED' || value.type === 'BLOCK_LITERAL')) {
    const first = tree.text.indexOf('\n', start) + 1
    const said = tree.text.slice(first, end)
    const from = first + said.length - said.trimStart().length
    return [...head, { start: from, end: from + said.trim().length, text: text() }]
  }
  if (isScalar(value)) return [...head, { start, end, text: scalar(text(), quoteOf(value)) }]
  if (!isMap(value)) return null
  const entries = mapEntries(one.recipient) ?? []
  const same = entries.length === value.items.length && entries.every(([name, of]) =>
    typeof of === 'string' && value.has(name) && isScalar(value.get(name, true)))
  if (!same) return null
  return [...head, ...entries.map(([name, of]): TextEdit => {
    const node = value.get(name, true)
    const [from = 0, to = 0] = node?.range ?? []
    return { start: from, end: to, text: scalar(typeof of === 'string' ? of : '', quoteOf(node)) }
  })]
}

/** The anchor, and the name of a table's pair. */
function replacedHead({ text }: ConfigTree, { list, slot }: Place, one: Newcomer): readonly TextEdit[] {
  const old = anchorOf(slot)
  const from = slot.value?.range?.[0] ?? slot.end
  const at = old === null ? -1 : text.indexOf(`&${old}`, slot.start)
  const edits: TextEdit[] = []
  if (list.pairs && one.name !== null) {
    const key = /^(?:"[^"]*"|'[^']*'|[^:]*)/.exec(text.slice(slot.start, from))?.[0] ?? ''
    edits.push({ start: slot.start, end: slot.start + key.length, text: one.anchor ?? scalar(one.name) })
  }
  if (old === null || at === -1 || at > from || one.anchor === old) return edits
  const edit = one.anchor === null ? { start: at, end: from, text: '' }
    : { start: at + 1, end: at + 1 + old.length, text: one.anchor }
  return [...edits, edit]
}

function replacedNames(tree: ConfigTree, place: Place, one: Newcomer): readonly TextEdit[] {
  const { text } = tree
  const { list, at } = place
  const edits = nameLists(text, list).flatMap((names): readonly TextEdit[] => {
    const span = nameIn(tree, list, names, at)
    return span === null ? [] : [{ start: span.start, end: span.end, text: labelOf(one) }]
  })
  if (list.style === 'text') return edits
  const beside = nameBesideItem(text, list, at)
  if (beside !== null && !edits.some(({ start }) => start === beside.start)) {
    const lead = /[ \t]*#+[ \t]*$/.exec(text.slice(0, beside.start))?.[0].length ?? 0
    // The anchor says the name already.
    edits.push(one.name === one.anchor ? { start: beside.start - lead, end: beside.end, text: '' }
      : { start: beside.start, end: beside.end, text: labelOf(one) })
  }
  const [last, ...others] = commentsLeaving(tree, list, at, new Set([at])).toReversed()
  if (last !== undefined) edits.push(renamed(text, last, labelOf(one)))
  edits.push(...others.map(({ start, end }) => ({ start, end, text: '' })))
  return edits
}

/** The comment with another name after its sign and blanks. */
function renamed(text: string, { start, end }: CommentLine, name: string): TextEdit {
  const lead = signsBefore(text.slice(start, end))
  const until = Math.min(end, lineEnd(text, start))
  const rest = /(?<![ \t\r])[ \t\r]*$/.exec(text.slice(start, until))?.[0].length ?? 0
  return { start: start + lead, end: until - rest, text: name }
}
