// The text edits that put keys behind another one, in its manner.
// Must never touch a character that is there.
import { isAlias } from 'yaml'
import { commentBeside, lineEnd, lineStart, namesByPosition, orderedComments } from './comments.ts'
import { aboveLead, besideLead, blockItem, commentFor, inlineItem, labelOf, textOf } from './item.ts'
import { columnOf, contentEnd, eolAt, inserted } from './text.ts'
import type { TextEdit } from './text.ts'
import type { Newcomer } from './item.ts'
import type { Place } from './lists.ts'
import { isName } from './names.ts'
import { isPlain, scalar } from './spelling.ts'
import type { ConfigTree } from './tree.ts'

/** Puts the keys behind the one at `place`, each with a comment where that one has one. Throws Unspellable. */
export function behind(tree: ConfigTree, place: Place, newcomers: readonly Newcomer[]): readonly TextEdit[] {
  const { list, slot } = place
  if (newcomers.length === 0) return []
  if (list.style === 'text') return [...behindPart(tree, place, newcomers), ...besidePart(tree, place, newcomers)]
  if (isAlias(slot.value) && list.pairs) return besideAlias(place, newcomers)
  return list.style === 'block' ? behindLines(tree, place, newcomers) : behindFlowItem(tree, place, newcomers)
}

function behindPart({ text }: ConfigTree, place: Place, newcomers: readonly Newcomer[]): readonly TextEdit[] {
  const { list, slot, pair } = place
  const sep = separator(text, place)
  const added = newcomers.map(({ recipient }) => sep + textOf(recipient, slot.profile, slot.start)).join('')
  const [first, last] = [list.slots[0] ?? slot, list.slots.at(-1) ?? slot]
  const edit = inserted(slot.end, added)
  if (pair?.list.style !== 'flow' || /["']/.test(text[first.start - 1] ?? '')) return [edit]
  // A comma in a plain string between brackets would end it.
  return [inserted(first.start, '"'), edit, inserted(last.end, '"')]
}

/** The name in the comment that lists whose the parts are. */
function besidePart({ text }: ConfigTree, place: Place, newcomers: readonly Newcomer[]): readonly TextEdit[] {
  const { list, at, slot, pair } = place
  const line = orderedComments(text, list)?.[at]
  if (line !== undefined) {
    const [lead = ''] = /^[ \t]*#+[ \t]*/.exec(text.slice(line.start, line.end)) ?? []
    return [inserted(line.end, newcomers.map((one) => lead + labelOf(one) + eolAt(text, line.start)).join(''))]
  }
  const names = newcomers.map((one) => `, ${labelOf(one)}`).join('')
  const span = namesByPosition(text, list)?.[at]
  if (span !== undefined) return [inserted(span.end, names)]
  const comment = list.slots.length === 1 && pair !== null ? commentBeside(text, pair.list, pair.at) : null
  if (comment === null || !isName(comment) || comment.includes(',')) return []
  const end = contentEnd(text, slot.end)
  return [inserted(end - (/(?<![ \t])[ \t]*$/.exec(text.slice(slot.end, end))?.[0].length ?? 0), names)]
}

/** What stands between the keys of a string: as before this one, else as behind it. */
function separator(text: string, { list, at, slot }: Place): string {
  const [one, two] = at > 0 ? [list.slots[at - 1], slot] : [slot, list.slots[1]]
  const between = one === undefined || two === undefined ? '' : text.slice(one.end, two.start)
  const lead = between === '' ? text.slice(lineStart(text, slot.start), slot.start) : between.slice(between.lastIndexOf('\n') + 1)
  if (between !== '' && !between.includes('\n')) return between
  if (between !== '') return lead.includes(',') ? eolAt(text, slot.start) + lead : `,${eolAt(text, slot.start)}${lead}`
  return lead !== '' && lead.trim() === '' ? `,${eolAt(text, slot.start)}${lead}` : ','
}

/** `age: *bob`: sops takes one string there, so the keys are spelled out. */
function besideAlias({ list, slot, recipient }: Place, newcomers: readonly Newcomer[]): readonly TextEdit[] {
  const [start = 0, end = 0] = slot.value?.range ?? []
  const all = [...(recipient === null ? [] : [recipient]), ...newcomers.map((one) => one.recipient)]
  const text = all.map((one) => textOf(one, slot.profile, slot.start)).join(',')
  return [{ start, end, text: list.style === 'block' && all.every((one) => isPlain(one.id)) ? text : scalar(text) }]
}

function behindLines(tree: ConfigTree, place: Place, newcomers: readonly Newcomer[]): readonly TextEdit[] {
  const { text } = tree
  const { list, slot } = place
  const eol = eolAt(text, slot.start)
  const pad = ' '.repeat(columnOf(text, slot.start))
  const [dash = '- '] = list.pairs ? [''] : /^-[ \t]+(?=\S)/.exec(text.slice(slot.start, slot.end)) ?? []
  const [beside, above] = [besideLead(tree, place), aboveLead(tree, place)]
  const lines = newcomers.flatMap((one) => {
    const comment = commentFor(beside, one)
    const key = list.pairs ? `${one.anchor ?? scalar(one.name ?? '')}: ` : dash
    const [head = '', ...rest] = blockItem(tree, place, one, pad + ' '.repeat(dash.length))
    return [...(above === null ? [] : [above + labelOf(one)]), pad + key + head + comment, ...rest]
  })
  return [inserted(contentEnd(text, slot.end), lines.map((line) => eol + line).join(''))]
}

function behindFlowItem(tree: ConfigTree, place: Place, newcomers: readonly Newcomer[]): readonly TextEdit[] {
  const { text } = tree
  const { list, at, slot } = place
  const keyOf = (one: Newcomer): string => list.pairs ? `${one.anchor ?? scalar(one.name ?? '')}: ` : ''
  const items = newcomers.map((one) => keyOf(one) + inlineItem(tree, place, one))
  const comma = list.commas[at]
  const lead = text.slice(lineStart(text, slot.start), slot.start)
  const rest = text.slice(slot.end, lineEnd(text, slot.end))
  const leading = /^[ \t\r]*(#.*)?$/.test(rest) ? commaLead(text, place) : null
  if (leading !== null) {
    const [beside, above, eol] = [besideLead(tree, place), aboveLead(tree, place), eolAt(text, slot.start)]
    const lines = newcomers.flatMap((one, index) => [...(above === null ? [] : [above + labelOf(one)]),
      leading + (items[index] ?? '') + commentFor(beside, one)])
    return [inserted(contentEnd(text, slot.end), lines.map((line) => eol + line).join(''))]
  }
  if (lead.trim() !== '' || !/^[ \t]*(?:,[ \t\r]*|\r)?(#.*)?$/.test(rest) || (comma !== undefined && comma > lineEnd(text, slot.end))) {
    const [one, two] = at > 0 ? [list.slots[at - 1], slot] : [slot, list.slots[1]]
    const between = one === undefined || two === undefined ? '' : text.slice(one.end, two.start)
    const sep = /^[ \t]*,[ \t]*$/.test(between) ? between : ', '
    const edit = inserted(slot.end, items.map((item) => sep + item).join(''))
    const span = namesByPosition(text, list)?.[at]
    return span === undefined ? [edit] : [edit, inserted(span.end, newcomers.map((one) => `, ${labelOf(one)}`).join(''))]
  }
  const [beside, above, eol] = [besideLead(tree, place), aboveLead(tree, place), eolAt(text, slot.start)]
  const lines = newcomers.flatMap((one, index) => {
    const end = comma !== undefined || index < items.length - 1 ? ',' : ''
    const comment = commentFor(beside, one)
    return [...(above === null ? [] : [above + labelOf(one)]), `${lead}${items[index] ?? ''}${end}${comment}`]
  })
  const edits = comma === undefined ? [inserted(slot.end, ',')] : []
  return [...edits, inserted(contentEnd(text, slot.end), lines.map((line) => eol + line).join(''))]
}

/** What begins the lines of a list whose lines begin with their comma; null where they do not. */
function commaLead(text: string, { list, at, slot }: Place): string | null {
  const starts = [slot.start, at === 0 ? list.slots[1]?.start ?? 0 : 0]
  const leads = starts.map((start) => text.slice(lineStart(text, start), start))
  return leads.find((lead) => /^[ \t]*,[ \t]*$/.test(lead)) ?? null
}
