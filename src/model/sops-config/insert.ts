// The text edits that put keys behind another one, in its manner.
// Must never touch a character that is there.
import { isAlias } from 'yaml'
import { lineEnd, lineStart } from './comments.ts'
import { aboveLead, besideLead, blockItem, commentFor, inlineItem, labelOf, stringOf, textOf } from './item.ts'
import { columnOf, contentEnd, eolAt, inserted } from './text.ts'
import type { TextEdit } from './text.ts'
import type { Newcomer } from './item.ts'
import type { Place } from './lists.ts'
import { nameBesideItem, nameLists } from './naming.ts'
import { scalar } from './spelling.ts'
import type { ConfigTree } from './tree.ts'

/** Puts the keys behind the one at `place`, each with a comment where that one has one. Throws Unspellable. */
export function behind(tree: ConfigTree, place: Place, newcomers: readonly Newcomer[]): readonly TextEdit[] {
  const { list } = place
  if (newcomers.length === 0) return []
  if (list.style === 'text') return [...behindPart(tree, place, newcomers), ...namesBehind(tree, place, newcomers)]
  if (isLoneAlias(place)) return besideAlias(tree, place, newcomers)
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

/**
 * The names of who comes in the comments that list those of the keys: behind that of the key before, or last. One that lists as
 * many more names than there are keys as keys come gets them too: it would say whose each key is, and mean others.
 */
function namesBehind({ text }: ConfigTree, { list, at }: Place, newcomers: readonly Newcomer[]): readonly TextEdit[] {
  return nameLists(text, list).flatMap(({ spans, inOrder, lines }): readonly TextEdit[] => {
    if (!inOrder && spans.length !== list.slots.length + newcomers.length) return []
    const index = inOrder ? at : spans.length - 1
    const [span, line] = [spans[index], lines?.[index]]
    if (span === undefined) return []
    if (line !== undefined) {
      // A number would be that of another one.
      const lead = text.slice(line.start, span.start).replace(/\(?\d+[.):]*[ \t]+$/, '')
      return [inserted(line.end, newcomers.map((one) => lead + labelOf(one) + eolAt(text, line.start)).join(''))]
    }
    const [before, after] = index > 0 ? [spans[index - 1], span] : [span, spans[1]]
    const between = before === undefined || after === undefined ? ', ' : text.slice(before.end, after.start)
    return [inserted(span.end, newcomers.map((one) => between + labelOf(one)).join(''))]
  })
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

/** Whether it is the alias of one key that is all that a field has. */
export function isLoneAlias({ list, slot }: Place): boolean {
  return list.pairs && isAlias(slot.value)
}

/** `age: *bob`: sops takes one string there, so the keys are spelled out, and a comment of one name is one of several. */
function besideAlias({ text }: ConfigTree, place: Place, newcomers: readonly Newcomer[]): readonly TextEdit[] {
  const { list, at, slot, recipient } = place
  const [start = 0, end = 0] = slot.value?.range ?? []
  const all = [...(recipient === null ? [] : [recipient]), ...newcomers.map((one) => one.recipient)]
  const name = nameBesideItem(text, list, at)
  const names = name === null ? [] : [inserted(name.end, newcomers.map((one) => `, ${labelOf(one)}`).join(''))]
  return [{ start, end, text: stringOf(place, all) }, ...names]
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
  const rest = text.slice(slot.end, contentEnd(text, slot.end))
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
    return [inserted(slot.end, items.map((item) => sep + item).join('')), ...namesBehind(tree, place, newcomers)]
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
