// Which comment of a `.sops.yaml` speaks of which key, and which comments go when a key goes.
// Must never take a heading from the keys that stay under it.
//
// A comment beside an item is about that item. Of own-line comments directly above one, the lines go that name who leaves and
// nobody who stays, and the last one where it is a name over no key that stays: prose stays. As many names as keys, on lines
// directly above a string that has its keys on lines, are about one key each; so are as many names with commas between them in
// one comment, beside or directly above a string or list on one line.
import { formsOf, nameInComment } from '../owners.ts'
import { isLabel, isName } from './names.ts'
import { isMap } from 'yaml'
import type { Slot, SlotList } from './slots.ts'
import { anchorOf, holdsKeys, recipientOf } from './tree.ts'
import type { ConfigTree } from './tree.ts'

/** A line of its own, its line end included. */
export interface CommentLine {
  readonly start: number
  readonly end: number
  readonly text: string
}

export function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1
}

/** The offset of the line's LF, or the end of the text. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end === -1 ? text.length : end
}

/** The comment beside an item that has its line to itself; null where there is none. */
export function commentBeside(text: string, list: SlotList, at: number): string | null {
  const slot = list.slots[at]
  if (slot === undefined || list.style === 'text') return null
  const before = list.slots[at - 1]
  if (before !== undefined && before.end > lineStart(text, slot.start)) return null
  if (isMap(slot.value) && list.style === 'block') {
    const first = / #([^]*)$/.exec(text.slice(slot.start, lineEnd(text, slot.start)).trimEnd())
    if (first !== null) return first[1] ?? null
  }
  const closing = list.slots.length === 1 && list.style === 'flow' ? '\\]}' : ''
  const rest = new RegExp(`^[ \\t,${closing}]*#(.*)$`).exec(text.slice(slot.end, lineEnd(text, slot.end)).trimEnd())
  return rest?.[1] ?? null
}

/** The own-line comments directly above an item, top first. */
export function commentsAbove(text: string, slot: Pick<Slot, 'start' | 'floor'>): readonly CommentLine[] {
  const lines: CommentLine[] = []
  let start = lineStart(text, slot.start)
  if (text.slice(start, slot.start).trim() !== '') return []
  while (start > slot.floor) {
    const above = lineStart(text, start - 1)
    const line = text.slice(above, start)
    if (above < slot.floor || !/^[ \t]*#/.test(line)) break
    lines.unshift({ start: above, end: start, text: line.trim() })
    start = above
  }
  return lines
}

/** A name in a comment, without the blanks around it. */
export interface NameSpan {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The names in one comment that stand for the keys of a string or list on one line, in order; null where they do not. */
export function namesByPosition(text: string, list: SlotList): readonly NameSpan[] | null {
  const [first, last, holder] = [list.slots[0], list.slots.at(-1), list.holder]
  if (list.style === 'block' || list.pairs || holder === null || first === undefined || last === undefined) return null
  if (list.slots.length < 2 || lineEnd(text, first.start) < last.end) return null
  const beside = lineEnd(text, holder.start) === lineEnd(text, last.end)
    ? /^["' \t,\]]*[ \t]#/.exec(text.slice(last.end, lineEnd(text, last.end))) : null
  const above = linesAboveHolder(text, holder).at(-1)
  const from = beside !== null ? last.end + beside[0].length : above === undefined ? null : text.indexOf('#', above.start) + 1
  if (from === null) return null
  const spans: NameSpan[] = []
  let at = from
  for (const raw of text.slice(from, lineEnd(text, from)).split(',')) {
    const start = at + (raw.length - raw.trimStart().length)
    spans.push({ start, end: start + raw.trim().length, text: raw.trim() })
    at += raw.length + 1
  }
  return spans.length === list.slots.length && spans.every((span) => isName(span.text)) ? spans : null
}

/** The comment lines above a string of several lines that stand for its keys one by one, in order; null where they do not. */
export function orderedComments(text: string, list: SlotList): readonly CommentLine[] | null {
  const [first, last, holder] = [list.slots[0], list.slots.at(-1), list.holder]
  if (list.style !== 'text' || first === undefined || last === undefined || holder === null) return null
  if (lineEnd(text, holder.start) >= last.start) return null
  const lines = linesAboveHolder(text, holder)
  return lines.length === list.slots.length && lines.every((line) => isName(line.text)) ? lines : null
}

/** The comment lines above what holds a list; for `- age: >-` those above the dash. */
function linesAboveHolder(text: string, holder: Pick<Slot, 'start' | 'floor'>): readonly CommentLine[] {
  const line = lineStart(text, holder.start)
  const inline = /^\s*-\s+$/.test(text.slice(line, holder.start))
  return commentsAbove(text, inline ? { start: line, floor: 0 } : holder)
}

/** The items, by index, that the comments directly above the item `at` are about. */
export function covered(tree: ConfigTree, list: SlotList, at: number): readonly number[] {
  const { text } = tree
  const nameless = (slot: Slot | undefined): boolean => slot === undefined || anchorOf(slot) === null
  const first = commentBeside(text, list, at) === null && nameless(list.slots[at])
  const indices = [at]
  for (const [index, slot] of list.slots.entries()) {
    if (index <= at) continue
    const start = lineStart(text, slot.start)
    const blankAbove = start > slot.floor && text.slice(lineStart(text, start - 1), start).trim() === ''
    const namedAlone = first && commentBeside(text, list, index) !== null
    if (commentsAbove(text, slot).length > 0 || blankAbove || namedAlone) break
    if (holdsKeys(tree, slot)) indices.push(index)
  }
  return indices
}

/** The comment lines above the item `at` that go when the items `removed` of its list go. */
export function commentsLeaving(
  tree: ConfigTree, list: SlotList, at: number, removed: ReadonlySet<number>,
): readonly CommentLine[] {
  const { text } = tree
  const slot = list.slots[at]
  if (slot === undefined || list.style === 'text') return []
  const ordered = slot.below === null ? null : orderedComments(text, slot.below)
  if (ordered !== null) return ordered
  const [spans, above] = [slot.below === null ? null : namesByPosition(text, slot.below), linesAboveHolder(text, slot).at(-1)]
  const inside = ({ start, end }: NameSpan): boolean => above !== undefined && above.start <= start && end <= above.end
  if (above !== undefined && spans?.every(inside) === true) return [above]
  const lines = commentsAbove(text, slot)
  if (lines.length === 0) return []
  const names = (index: number): readonly string[] => namesOf(tree, list, index)
  const [leaving, staying] = [[at], [...list.slots.keys()].filter((index) => !removed.has(index))].map((of) => of.flatMap(names))
  const mentioned = (line: CommentLine, of: readonly string[] = []): boolean => of.some((name) => mentions(line.text, name))
  const naming = lines.map((line) => mentioned(line, leaving) && !mentioned(line, staying))
  for (const [index, line] of lines.entries()) {
    // A sentence that goes on; a name does not.
    const goesOn = /^#+ *\p{Ll}/u.test(line.text) && !isLabel(line.text) && !mentioned(line, staying)
    if (index > 0 && naming[index - 1] === true && !isLabel(lines[index - 1]?.text ?? '') && goesOn) naming[index] = true
  }
  const aboutOthers = covered(tree, list, at).some((index) => !removed.has(index))
  const aboutTheFile = list.pairs && list.holder === null
  return lines.filter((line, index) => naming[index] === true
    || (index === lines.length - 1 && !aboutOthers && !aboutTheFile && isLabel(line.text) && !mentioned(line, staying)))
}

function namesOf(tree: ConfigTree, list: SlotList, at: number): readonly string[] {
  const slot = list.slots[at]
  const recipient = slot === undefined ? null : recipientOf(tree, slot)
  if (slot === undefined || recipient === null) return []
  const beside = nameInComment(commentBeside(tree.text, list, at) ?? '')
  return [recipient.id, anchorOf(slot) ?? recipient.id, ...(beside === null ? [] : formsOf(beside))]
}

/** Whether `word` stands in `line` as a word of its own; `web` is not in `web-servers`. */
function mentions(line: string, word: string): boolean {
  const [where, what] = [line.toLowerCase(), word.toLowerCase()]
  const inside = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}_-]/u.test(char)
  for (let at = where.indexOf(what); at !== -1; at = where.indexOf(what, at + 1)) {
    if (!inside(where[at - 1]) && !inside(where[at + what.length])) return true
  }
  return false
}
