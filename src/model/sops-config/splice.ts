// The text of a `.sops.yaml` with some items of its lists cut out, down to their commas, comments and lines.
// Must never write a character that was not there, and never cut where nothing is removed.
import { lineEnd, lineStart } from './comments.ts'
import { commentsLeaving, namesLeaving } from './leaving.ts'
import type { Slot, SlotList } from './slots.ts'
import type { ConfigTree } from './tree.ts'

/** From the first offset up to the second. */
export type Cut = readonly [number, number]

/** What to cut so that the items at the indices `removed` of the list are no longer there. At least one item must stay. */
export function cutsFor(tree: ConfigTree, list: SlotList, removed: ReadonlySet<number>): readonly Cut[] {
  const cuts = list.style === 'block' ? blockCuts(tree.text, list, removed) : separatedCuts(tree.text, list, removed)
  const comments = [...removed].flatMap((at) => commentsLeaving(tree, list, at, removed))
  // What lists the names of all that an item holds goes with it.
  const inside = [...removed].flatMap((at) => {
    const below = list.slots[at]?.below ?? null
    return below === null ? [] : namesLeaving(tree, below, new Set(below.slots.keys()))
  })
  return [...cuts, ...comments.map(({ start, end }): Cut => [start, end]), ...inside, ...namesLeaving(tree, list, removed)]
}

/** The text without the cuts, which may overlap. A text without a line end at its end stays one. */
export function splice(text: string, cuts: readonly Cut[]): string {
  let [result, at] = ['', 0]
  for (const [start, end] of cuts.toSorted((a, b) => a[0] - b[0])) {
    if (start > at) result += text.slice(at, start)
    at = Math.max(at, end)
  }
  return at >= text.length && !text.endsWith('\n') ? result.replace(/\r?\n$/, '') : result + text.slice(at)
}

function wholeLines(text: string, slot: Slot): Cut {
  return [lineStart(text, slot.start), Math.min(lineEnd(text, slot.end) + 1, text.length)]
}

function blockCuts(text: string, list: SlotList, removed: ReadonlySet<number>): readonly Cut[] {
  return [...removed].flatMap((at): readonly Cut[] => {
    const slot = list.slots[at]
    if (slot === undefined) return []
    const lines = wholeLines(text, slot)
    if (text.slice(lines[0], slot.start).trim() === '') return [lines]
    // `- age: …` or `- - …`: the dash before it belongs to what stays, so that the next thing moves up beside the dash.
    let last = slot
    for (let next = at + 1; removed.has(next); next += 1) last = list.slots[next] ?? last
    const rest = /^\s*/.exec(text.slice(lineEnd(text, last.end)))
    return [[slot.start, lineEnd(text, last.end) + (rest?.[0].length ?? 0)]]
  })
}

/** Lists with commas: each item that goes takes one comma along, the one after it where there is one. */
function separatedCuts(text: string, list: SlotList, removed: ReadonlySet<number>): readonly Cut[] {
  const commas = commasLeaving(text, list, removed)
  const items = list.slots.filter((_, at) => removed.has(at)).map(({ start, end }): Cut => [start, end])
  const spans = [...items, ...[...commas.values()].map((comma): Cut => [comma, comma + 1])]
  return [...removed].flatMap((at): readonly Cut[] => {
    const slot = list.slots[at]
    if (slot === undefined) return []
    const comma = commas.get(at)
    const [from, to] = wholeLines(text, slot)
    const commaCut: readonly Cut[] = comma === undefined ? [] : [loneComma(text, comma)]
    if (isBare(text, [from, to], spans, list.style)) return [[from, to], ...commaCut]
    if (comma === undefined) return [[slot.start, slot.end]]
    if (comma < slot.start) {
      // The last one: what stands between it and the comma goes too, unless that is a comment.
      return isBare(text, [comma, slot.end], spans, 'text') ? [[comma, slot.end]] : [...commaCut, [slot.start, slot.end]]
    }
    return [inlineCut(text, list, at, comma, removed)]
  })
}

function inlineCut(text: string, list: SlotList, at: number, comma: number, removed: ReadonlySet<number>): Cut {
  const { slots, style } = list
  const slot = slots[at] ?? { start: comma, end: comma }
  const next = slots.find(({ start }, index) => start > comma && !removed.has(index))
  const own = lineEnd(text, comma)
  if (next !== undefined && next.start < own) return [slot.start, next.start]
  const before = slots.findLast(({ end }, index) => end <= slot.start && !removed.has(index))
  if (before !== undefined && before.end >= lineStart(text, slot.start)) {
    return [slot.start - (/(?<![ \t])[ \t]*$/.exec(text.slice(before.end, slot.start))?.[0].length ?? 0), comma + 1]
  }
  // The first on the line of the opening bracket or quote: the next one moves up to it.
  if (next === undefined) return [slot.start, comma + 1]
  const commented = style === 'flow' && text.slice(own, next.start).includes('#')
  return [slot.start, commented ? own - (text[own - 1] === '\r' ? 1 : 0) : next.start]
}

/** A comma whose item stands on another line; one that leads its line takes the blanks after it along. */
function loneComma(text: string, comma: number): Cut {
  const leads = text.slice(lineStart(text, comma), comma).trim() === ''
  return [comma, comma + 1 + (leads ? (/^[ \t]*/.exec(text.slice(comma + 1))?.[0].length ?? 0) : 0)]
}

/** Which comma each item takes along: an item that leads its line with a comma that one, the last of all the one before it. */
function commasLeaving(text: string, list: SlotList, removed: ReadonlySet<number>): ReadonlyMap<number, number> {
  const taken = new Set<number>()
  const leaving = new Map<number, number>()
  const sameLine = (a: number, b: number): boolean => !text.slice(Math.min(a, b), Math.max(a, b)).includes('\n')
  for (const at of [...removed].sort((a, b) => a - b)) {
    const slot = list.slots[at]
    if (slot === undefined) continue
    const [before, after] = [list.commas[at - 1], list.commas[at]]
    const leads = before !== undefined && !taken.has(before) && sameLine(before, slot.start)
      && (after === undefined || !sameLine(slot.end, after))
    const comma = leads ? before : after ?? list.commas.findLast((one) => one < slot.start && !taken.has(one))
    if (comma === undefined) continue
    taken.add(comma)
    leaving.set(at, comma)
  }
  return leaving
}

/** Whether only blanks are left of a stretch of text once the spans are cut, and the comment that ends a flow list's line. */
function isBare(text: string, [from, to]: Cut, spans: readonly Cut[], style: SlotList['style']): boolean {
  let left = ''
  for (let at = from; at < to; at += 1) {
    const span = spans.find(([start, end]) => start <= at && at < end)
    if (span === undefined) left += text[at] ?? ''
    else at = span[1] - 1
  }
  return (style === 'flow' ? left.replace(/^[ \t]*#.*/, '') : left).trim() === ''
}
