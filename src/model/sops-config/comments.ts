// The comments of a `.sops.yaml` by where they stand: beside an item, on lines of their own above one.
// Must never judge whom a comment names.
import { isMap } from 'yaml'
import type { Slot, SlotList } from './slots.ts'

/** A line of its own, its line end included. */
export interface CommentLine {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** What a comment says, without its `#`, and where that begins. */
export interface CommentText {
  readonly start: number
  readonly text: string
}

/** Where the line begins, a byte order mark left out. */
export function lineStart(text: string, at: number): number {
  const start = at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1
  return start === 0 && at > 0 && text.startsWith('\uFEFF') ? 1 : start
}

/** The offset of the line's LF, or the end of the text. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end === -1 ? text.length : end
}

/** The comment beside an item that has its line to itself; null where there is none. */
export function commentBeside(text: string, list: SlotList, at: number): CommentText | null {
  const slot = list.slots[at]
  if (slot === undefined || list.style === 'text') return null
  const before = list.slots[at - 1]
  if (before !== undefined && before.end > lineStart(text, slot.start)) return null
  const found = (from: number, [all = '', said = '']: readonly string[]): CommentText =>
    ({ start: from + all.length - said.length, text: said })
  if (isMap(slot.value) && list.style === 'block') {
    const first = / #([^]*)$/.exec(text.slice(slot.start, lineEnd(text, slot.start)).trimEnd())
    if (first !== null) return found(slot.start + first.index, first)
  }
  const closing = list.slots.length === 1 && list.style === 'flow' && !list.pairs ? '\\]' : ''
  const rest = new RegExp(`^[ \\t,${closing}]*#(.*)$`).exec(text.slice(slot.end, lineEnd(text, slot.end)).trimEnd())
  return rest === null ? null : found(slot.end, rest)
}

/** The comment behind the last part of a string or list on one line, what closes it left out; null where there is none. */
export function commentBehind(text: string, list: SlotList): CommentText | null {
  const [last, holder] = [list.slots.at(-1), list.holder]
  if (holder === null || last === undefined || lineEnd(text, holder.start) !== lineEnd(text, last.end)) return null
  const rest = text.slice(last.end, lineEnd(text, last.end)).trimEnd()
  const lead = /^["' \t,\]]*[ \t]#/.exec(rest)?.[0].length ?? null
  return lead === null ? null : { start: last.end + lead, text: rest.slice(lead) }
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

/** The own-line comments directly below an item, top first. */
export function linesBelow(text: string, slot: Pick<Slot, 'end'>): readonly CommentLine[] {
  const lines: CommentLine[] = []
  for (let start = lineEnd(text, slot.end) + 1; start < text.length;) {
    const end = Math.min(lineEnd(text, start) + 1, text.length)
    const line = text.slice(start, end)
    if (!/^[ \t]*#/.test(line)) break
    lines.push({ start, end, text: line.trim() })
    start = end
  }
  return lines
}

/** Whether what holds a list stands right behind a dash: above `- age: A` stands what is about the rule. */
export function isBehindDash(text: string, { start }: Pick<Slot, 'start'>): boolean {
  return /^\s*-\s+$/.test(text.slice(lineStart(text, start), start))
}

/** The comment lines above what holds a list; for `- age: >-` those above the dash. */
export function linesAboveHolder(text: string, holder: Pick<Slot, 'start' | 'floor'>): readonly CommentLine[] {
  return commentsAbove(text, isBehindDash(text, holder) ? { start: lineStart(text, holder.start), floor: 0 } : holder)
}
