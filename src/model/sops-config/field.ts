// The text edits that give a rule or key group a field it does not have, behind one it has and in the manner of that one.
// Must never write into a field that is there.
import { isAlias, isSeq } from 'yaml'
import { aboveLead, besideLead, flowMap, mapLines, quoteOf, textOf } from './item.ts'
import type { Newcomer } from './item.ts'
import { nameBesideItem, namesInOrder } from './naming.ts'
import { columnOf, contentEnd, eolAt, inserted } from './text.ts'
import type { TextEdit } from './text.ts'
import { resolved } from './rules.ts'
import type { Slot, SlotList } from './slots.ts'
import { formFor, mapEntries, scalar } from './spelling.ts'
import type { MapEntries } from './spelling.ts'
import type { ConfigTree } from './tree.ts'

/** The field to make, and what it will stand in. */
export interface NewField {
  readonly name: string
  /** In a key group; else in a rule itself. */
  readonly group: boolean
  /** The `aws_profile` of the rule. */
  readonly profile: string | null
}

/** Puts the field with these keys behind the pair at `at` of the map's list. Throws Unspellable. */
export function newField(
  tree: ConfigTree, list: SlotList, at: number, field: NewField, newcomers: readonly Newcomer[],
): readonly TextEdit[] {
  const { text } = tree
  const slot = list.slots[at]
  if (slot === undefined) return []
  const asList = field.group || field.name === 'hckms' || isSeq(resolved(tree, slot.value))
  const items = newcomers.map((one) => itemOf(slot, field, one))
  const written = items.map((item) => typeof item === 'string' ? item : flowMap(item)).join(', ')
  const value = asList ? `[${written}]` : stringOf(slot, field, newcomers)
  if (list.style === 'flow') return [inserted(slot.end, `, ${field.name}: ${value}`)]
  const [pad, eol] = [' '.repeat(columnOf(text, slot.start)), eolAt(text, slot.start)]
  const block = asList && slot.below?.style === 'block' ? slot.below : null
  const lines = block === null ? [`${pad}${field.name}: ${value}${commentOf(tree, list, at, newcomers)}`]
    : [`${pad}${field.name}:`, ...blockLines(tree, block, items, newcomers)]
  return [inserted(contentEnd(text, slot.end), lines.map((line) => eol + line).join(''))]
}

/** Puts the keys into the field at `at`, which is there but holds nothing. Throws Unspellable. */
export function fillField(
  tree: ConfigTree, list: SlotList, at: number, field: NewField, newcomers: readonly Newcomer[],
): readonly TextEdit[] {
  const slot = list.slots[at]
  const [start = 0, end = 0] = slot?.value?.range ?? []
  if (slot === undefined || tree.text.slice(start, end).replace(/[[\]\s"'~]|null/g, '') !== '') return []
  const items = newcomers.map((one) => itemOf({ ...slot, value: null }, field, one))
  const written = items.map((item) => typeof item === 'string' ? item : flowMap(item)).join(', ')
  const asList = field.group || field.name === 'hckms' || isSeq(slot.value)
  const value = asList ? `[${written}]` : stringOf({ ...slot, value: null }, field, newcomers)
  return start < end ? [{ start, end, text: value }] : [inserted(slot.end, ` ${value}`)]
}

function itemOf(slot: Slot, { group, profile }: NewField, one: Newcomer): string | MapEntries {
  const entries = formFor(one.recipient.kind, group) === 'map' ? mapEntries(one.recipient) : null
  if (entries !== null) return entries
  const model = isSeq(slot.value) ? slot.value.items[0] : slot.value
  return isAlias(model) && one.alias !== null ? one.alias : scalar(textOf(one.recipient, profile, slot.start), quoteOf(model))
}

/** A rule's own field: an alias can stand for one key only. */
function stringOf(slot: Slot, { profile }: NewField, newcomers: readonly Newcomer[]): string {
  const [first, ...more] = newcomers
  if (isAlias(slot.value) && first !== undefined && first.alias !== null && more.length === 0) return first.alias
  const text = newcomers.map(({ recipient }) => textOf(recipient, profile, slot.start)).join(',')
  return scalar(text, quoteOf(slot.value))
}

function blockLines(
  tree: ConfigTree, block: SlotList, items: readonly (string | MapEntries)[], newcomers: readonly Newcomer[],
): readonly string[] {
  const pad = ' '.repeat(columnOf(tree.text, block.slots[0]?.start ?? 0))
  const places = block.slots.map((slot, at) => ({ list: block, at, slot, recipient: null, pair: null }))
  const firstOf = (leads: readonly (string | null)[]): string | null => leads.find((lead) => lead !== null) ?? null
  const beside = firstOf(places.map((place) => besideLead(tree, place)))
  const above = beside === null ? firstOf(places.map((place) => aboveLead(tree, place))) : null
  return items.flatMap((item, at) => {
    const [head = '', ...rest] = typeof item === 'string' ? [item] : mapLines(item)
    const name = newcomers[at]?.name ?? null
    return [
      ...(above === null || name === null ? [] : [above + name]),
      `${pad}- ${head}${beside === null || name === null ? '' : beside + name}`,
      ...rest.map((line) => `${pad}  ${line}`),
    ]
  })
}

/** A comment of its own where the field before it names its holders. */
function commentOf({ text }: ConfigTree, list: SlotList, at: number, newcomers: readonly Newcomer[]): string {
  const below = list.slots[at]?.below ?? null
  const named = nameBesideItem(text, list, at) !== null || (below !== null && namesInOrder(text, below) !== null)
  const names = newcomers.flatMap(({ name }) => name ?? [])
  return named && names.length === newcomers.length ? ` # ${names.join(', ')}` : ''
}
