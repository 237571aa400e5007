// Which key of a list in a `.sops.yaml` each comment around it names.
// Must never let one name pass from key to key: who is asked for by it would be another one.
//
// A comment beside an item is about that item. As many names as keys, in one comment beside or directly above a string or list on
// one line, or on lines directly above a string that has its keys on lines, are about one key each; above the dash of a rule only
// several on lines, since what stands there is about the rule. A label directly above an item is its name where nothing else names that
// key, and no label of the list stands over a key that has no name: else it may be a heading. A key without a name and an empty line
// above the first label is under none; were it to count, who it belongs to could not leave without a name coming to others.
// Where those of the list may stand below their keys, none is a name.
import { isAlias } from 'yaml'
import { commentBehind, commentBeside, commentsAbove, isBehindDash, linesAboveHolder, linesBelow, lineEnd, lineStart } from './comments.ts'
import type { CommentLine } from './comments.ts'
import { isLabel, isName, isParted, nameBeside, namesListed, signsBefore } from './names.ts'
import type { NameSpan } from './names.ts'
import type { Slot, SlotList } from './slots.ts'
import { isField } from './spelling.ts'
import { anchorOf, holdsKeys, recipientOf } from './tree.ts'
import type { ConfigTree } from './tree.ts'

/** Names in a comment beside or above a string or list of keys. */
export interface NameList {
  readonly spans: readonly NameSpan[]
  /** Whether each is the name of the key in its place. */
  readonly inOrder: boolean
  /** From the first offset up to the second: what goes when none of the names stays. */
  readonly whole: readonly (readonly [number, number])[]
  /** The line of each name where it has one of its own. */
  readonly lines: readonly CommentLine[] | null
}

/** Every comment about a string or list of keys that holds names and nothing else, the one that says more about it first. */
export function nameLists(text: string, list: SlotList): readonly NameList[] {
  if (list.style === 'block' || list.pairs || list.holder === null) return []
  return [besideList(text, list), linesAbove(text, list) ?? lineAbove(text, list)].flatMap((one) => one ?? [])
}

/** The names of the keys in a string or list, in their order; null where no comment says them. */
export function namesInOrder(text: string, list: SlotList): readonly NameSpan[] | null {
  return nameLists(text, list).find(({ inOrder }) => inOrder)?.spans ?? null
}

/** A single key is no list: what stands beside it must be the value of a pair to be read as one of names. */
function besideList(text: string, list: SlotList): NameList | null {
  const comment = list.slots.length > 1 || list.pair !== null ? commentBehind(text, list) : null
  const spans = comment === null ? null : namesListed(text, comment.start, comment.start + comment.text.length)
  if (comment === null || spans === null) return null
  const sign = text.lastIndexOf('#', comment.start)
  const blanks = /(?<![ \t])[ \t]*$/.exec(text.slice(0, sign))?.[0].length ?? 0
  const end = comment.start + comment.text.length
  return { spans, inOrder: spans.length === list.slots.length, whole: [[sign - blanks, end]], lines: null }
}

/** Above a single item stands a label, which is no list. */
function lineAbove(text: string, list: SlotList): NameList | null {
  const [first, last, { holder }] = [list.slots[0], list.slots.at(-1), list]
  if (holder === null || first === undefined || last === undefined || lineEnd(text, first.start) < last.end) return null
  if (list.slots.length === 1 && list.pair === null) return null
  const above = linesAboveHolder(text, holder).at(-1)
  const spans = above === undefined ? null : namesListed(text, text.indexOf('#', above.start) + 1, lineEnd(text, above.start))
  if (above === undefined || spans === null) return null
  const inOrder = spans.length > 1 && spans.length === list.slots.length && !isBehindDash(text, holder)
  return { spans, inOrder, whole: [[above.start, above.end]], lines: null }
}

/**
 * Those directly above it that are names one by one, with or without the signs of a list; a line before them may introduce them.
 * Above keys on one line they need either.
 */
function linesAbove(text: string, list: SlotList): NameList | null {
  const [last, { holder }] = [list.slots.at(-1), list]
  if (holder === null || last === undefined) return null
  const onLines = lineEnd(text, holder.start) < last.start
  if (onLines && list.style !== 'text') return null
  const all = linesAboveHolder(text, holder)
  const names = all.map((line): NameSpan | null => {
    const start = line.start + signsBefore(text.slice(line.start, line.end))
    const name = text.slice(start, line.end).trimEnd()
    return isName(name) ? { start, end: start + name.length, text: name } : null
  })
  const first = names.findLastIndex((name) => name === null) + 1
  const [lines, introduction] = [all.slice(first), all[first - 1]]
  const spans = names.slice(first).flatMap((name) => name ?? [])
  const introduced = introduction?.text.endsWith(':') === true
  const signed = lines.every((line, at) => /[^#\s]/.test(text.slice(line.start, spans[at]?.start)))
  if (spans.length === 0 || (!onLines && (spans.length < 2 || !(introduced || signed)))) return null
  const whole = introduced ? [introduction, ...lines] : lines
  // Above the dash of a rule a single line is about the rule.
  const inOrder = spans.length === list.slots.length && (spans.length > 1 || !isBehindDash(text, holder))
  return { spans, inOrder, whole: whole.map(({ start, end }) => [start, end]), lines }
}

/** The name in the comment beside an item, or beside a field whose value is an alias or a list of one; null where there is none. */
export function nameBesideItem(text: string, list: SlotList, at: number): NameSpan | null {
  const [slot, comment] = [list.slots[at], commentBeside(text, list, at)]
  if (slot === undefined || comment === null) return null
  // Behind the bracket that closes a list of one stands what would be a list for several.
  const isBehind = list.style === 'flow' && list.holder !== null && lineEnd(text, list.holder.start) === lineEnd(text, slot.end)
  if (!isItem(slot) || isBehind) {
    const spans = isBehind || isAlias(slot.value) ? namesListed(text, comment.start, comment.start + comment.text.length) : null
    return spans?.length === 1 ? spans[0] ?? null : null
  }
  const name = nameBeside(comment.text)
  if (name === null) return null
  return { start: comment.start + signsBefore(comment.text), end: comment.start + comment.text.trimEnd().length, text: name }
}

/** Whether it is one of a list or a table, rather than a field of sops. */
export function isItem(slot: Slot): boolean {
  return slot.name === null || !isField(slot.name)
}

/** Whether the key has a name that is not above it. */
export function hasOwnName({ text }: ConfigTree, list: SlotList, at: number): boolean {
  const slot = list.slots[at]
  if (slot === undefined) return false
  const listed = isItem(slot) || slot.below === null ? [] : nameLists(text, slot.below)
  return anchorOf(slot) !== null || nameBesideItem(text, list, at) !== null || listed.some(({ inOrder }) => inOrder)
}

/** The comment directly above an item where it may be a name or a heading; one below another is one of a list. */
export function labelAbove(text: string, slot: Slot): CommentLine | null {
  const lines = commentsAbove(text, slot)
  const [before, last] = [lines.at(-2), lines.at(-1)]
  return last !== undefined && isLabel(last.text) && (before === undefined || !isLabel(before.text)) ? last : null
}

/**
 * Whether labels of a list may be about the item above them: one stands deeper than the next item, or behind the last one of a
 * block of lines, or right below a key that has no name otherwise. Names below their keys, and none for the last, look just like
 * names above, and none for the first.
 */
export function mayStandBelow(tree: ConfigTree, list: SlotList): boolean {
  const [{ text }, { slots }] = [tree, list]
  const column = (at: number): number => at - lineStart(text, at)
  const indentOf = (at: number): number => /^[ \t]*/.exec(text.slice(lineStart(text, at)))?.[0].length ?? 0
  const isKey = (slot: Slot): boolean => recipientOf(tree, slot) !== null
  return slots.some((slot, at) => {
    const label = labelAbove(text, slot)
    if (label !== null && text.indexOf('#', label.start) - label.start > column(slot.start)) return true
    const next = slots[at + 1]
    if (next !== undefined && !text.slice(slot.end, next.start).includes('\n')) return false
    const lines = linesBelow(text, slot)
    const [first] = lines
    if (first === undefined || !isLabel(first.text) || text.indexOf('#', first.start) - first.start < indentOf(slot.start)) return false
    if (next === undefined) return true
    const isParted = lines.at(-1)?.end !== lineStart(text, next.start)
    return isKey(slot) && (isParted || (isKey(next) && !isLabel(commentsAbove(text, slot).at(-1)?.text ?? '') && !hasOwnName(tree, list, at)))
  })
}

/** By item, the label above it that is its name. One that stands over several keys without a name makes all of the list headings. */
export function labelsThatName(tree: ConfigTree, list: SlotList): readonly (CommentLine | null)[] {
  const labels = list.slots.map((slot) => (list.style !== 'text' && isItem(slot) ? labelAbove(tree.text, slot) : null))
  if (labels.every((label) => label === null)) return labels
  if (mayStandBelow(tree, list)) return labels.map(() => null)
  const nameless = list.slots.map((slot, at) => holdsKeys(tree, slot) && !hasOwnName(tree, list, at))
  let under = 0
  for (const [at, label] of labels.entries()) {
    if (label !== null) under = 1
    else if (under > 0 && nameless[at] === true) under += 1
    if (under > 1) return labels.map(() => null)
  }
  return labels.map((label, at) => {
    const slot = list.slots[at]
    const isKey = nameless[at] === true && slot !== undefined && recipientOf(tree, slot) !== null
    return isKey && label !== null && !isParted(label.text) ? label : null
  })
}

/** The labels above and below the keys of a list that may be the name of one of them, and are not told to be that of any. */
export function labelsUntold(tree: ConfigTree, list: SlotList): readonly CommentLine[] {
  if (list.style === 'text') return []
  const [told, last] = [labelsThatName(tree, list), list.slots.at(-1)]
  const isNameless = (slot: Slot, at: number): boolean => recipientOf(tree, slot) !== null && !hasOwnName(tree, list, at)
  const above = list.slots.flatMap((slot, at) => (isItem(slot) && told[at] === null && isNameless(slot, at) ? commentsAbove(tree.text, slot) : []))
  const below = last !== undefined && isItem(last) && isNameless(last, list.slots.length - 1) ? linesBelow(tree.text, last) : []
  return [...above, ...below].filter(({ text }) => isLabel(text))
}
