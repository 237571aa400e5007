// How one new key is written in the manner of the key it comes beside: quotes, dash, map, anchor or alias, comment.
// Must never decide who comes where.
import { isAlias, isMap, isScalar } from 'yaml'
import { shortForm } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import { commentsLeaving } from './leaving.ts'
import type { Place } from './lists.ts'
import { nameBesideItem } from './naming.ts'
import { isPlain, mapEntries, scalar, spelled } from './spelling.ts'
import type { MapEntries } from './spelling.ts'
import type { ConfigTree } from './tree.ts'

/** A key to be written. */
export interface Newcomer {
  readonly recipient: Recipient
  /** Who holds it, fit for a comment. */
  readonly name: string | null
  /** The anchor to define with it. */
  readonly anchor: string | null
  /** The alias to write instead of it where aliases are written. */
  readonly alias: string | null
}

/** Why a key cannot be written at a place, as a value: thrown and caught within the edit of one file. */
export class Unspellable extends Error {
  readonly at: number

  constructor(recipient: Recipient, at: number) {
    super(`${shortForm(recipient)} has an encryption context or a profile that keys outside key_groups cannot have here.`)
    this.at = at
  }
}

/** The key as a string; throws Unspellable. */
export function textOf(recipient: Recipient, profile: string | null, at: number): string {
  const text = spelled(recipient, profile)
  if (text === null) throw new Unspellable(recipient, at)
  return text
}

/** The keys as the one string that sops takes for a field; throws Unspellable. */
export function stringOf({ list, slot }: Place, recipients: readonly Recipient[]): string {
  const text = recipients.map((one) => textOf(one, slot.profile, slot.start)).join(',')
  return list.style === 'block' && recipients.every(({ id }) => isPlain(id)) ? text : scalar(text)
}

/** What a comment calls the key where there has to be one. */
export function labelOf({ name, recipient }: Newcomer): string {
  return name ?? shortForm(recipient)
}

/** The item on one line, after its dash or between brackets. */
export function inlineItem(tree: ConfigTree, place: Place, one: Newcomer): string {
  const { slot } = place
  if (isAlias(slot.value) && one.alias !== null) return one.alias
  const model = isAlias(slot.value) ? tree.target(slot.value) : slot.value
  const entries = isMap(model) ? mapEntries(one.recipient) : null
  const anchor = one.anchor === null ? '' : `&${one.anchor} `
  if (entries !== null) return anchor + flowMap(entries)
  const quote = isAlias(slot.value) ? '' : quoteOf(model)
  return anchor + scalar(textOf(one.recipient, slot.profile, slot.start), quote)
}

/** The item as the lines of a block; those after the first begin with `pad`. */
export function blockItem(tree: ConfigTree, place: Place, one: Newcomer, pad: string): readonly string[] {
  const { slot } = place
  const entries = isMap(slot.value) && slot.value.srcToken?.type === 'block-map' ? mapEntries(one.recipient) : null
  if (entries === null) return [inlineItem(tree, place, one)]
  const lines = mapLines(entries)
  const [first = '', ...rest] = one.anchor === null ? lines : [`&${one.anchor}`, ...lines]
  return [first, ...rest.map((line) => pad + line)]
}

export function mapLines(entries: MapEntries): readonly string[] {
  return entries.flatMap(([name, value]) => typeof value === 'string' ? [`${name}: ${scalar(value)}`]
    : [`${name}:`, ...value.map(([key, of]) => `  ${scalar(key)}: ${scalar(of)}`)])
}

export function flowMap(entries: MapEntries): string {
  const pairs = entries.map(([name, value]) => `${name}: ${typeof value === 'string' ? scalar(value)
    : `{${value.map(([key, of]) => `${scalar(key)}: ${scalar(of)}`).join(', ')}}`}`)
  return `{${pairs.join(', ')}}`
}

export function quoteOf(node: unknown): '"' | "'" | '' {
  if (!isScalar(node)) return ''
  return node.type === 'QUOTE_DOUBLE' ? '"' : node.type === 'QUOTE_SINGLE' ? "'" : ''
}

/** The comment that the key gets beside it where one names the holder of its model; none where its anchor says the same. */
export function commentFor(lead: string | null, { name, anchor }: Newcomer): string {
  return lead === null || name === null || name === anchor ? '' : lead + name
}

/** What stands between an item and the name in the comment beside it; null where none names its holder. */
export function besideLead({ text }: ConfigTree, { list, at }: Place): string | null {
  const name = nameBesideItem(text, list, at)
  return name === null ? null : (/(?<![ \t])[ \t]+#+[ \t]*$/.exec(text.slice(0, name.start))?.[0] ?? ' # ')
}

/** What stands before the name in the comment above an item that is about nothing but that item; null where there is none. */
export function aboveLead(tree: ConfigTree, { list, at }: Place): string | null {
  const last = commentsLeaving(tree, list, at, new Set([at])).at(-1)
  return last === undefined ? null : (/^[ \t]*#+[ \t]*/.exec(tree.text.slice(last.start, last.end))?.[0] ?? null)
}
