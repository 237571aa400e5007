// An owners file after a change of keys: who lost one, who got one, and the record of it; what else stands in it stays.
// Must never write the file anew.
import { isScalar } from 'yaml'
import { Failure } from '../failure.ts'
import { isOwnersName, readOwnersFile } from './owners-file.ts'
import type { OwnersFile } from './owners-file.ts'
import { appendItem, fieldItems, lineEnding, scalarText } from './owners-file-text.ts'
import { canonicalId, isMeantBy, parsePgpId, parseRecipient, sameRecipient } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import { visible } from '../safe-text.ts'
import type { Slot } from '../sops-config/slots.ts'
import { cutsFor, splice } from '../sops-config/splice.ts'
import type { Cut } from '../sops-config/splice.ts'
import { readTree } from '../sops-config/tree.ts'
import { unique } from '../survey.ts'

export interface OwnersChange {
  readonly removed: readonly Recipient[]
  /** Every key that can still read something: an entry that means one of these too (an Azure key in any version) stays. */
  readonly staying?: readonly Recipient[]
  /** Without a name: the key takes the place of the removed ones, and is their owner's where they have one owner. */
  readonly added: readonly { readonly recipient: Recipient; readonly name: string | null }[]
  /** `YYYY-MM-DD`, for the record. */
  readonly date: string
  readonly by: string | null
  /** Who held a removed key that the file names nobody for, where it is known from elsewhere. */
  readonly ownerOf?: (recipient: Recipient) => string | null
}

interface Owned {
  readonly recipient: Recipient
  readonly name: string
}

type Fail = (why: string, cause?: unknown) => Failure

type NewRecord = Omit<OwnersFile['removed'][number], 'line'>

/**
 * The text of an owners file after the change; null where it says all of it already, so that a second run changes nothing.
 * A removed key goes with its line, an owner without keys too; a key that replaces it stands in its place. Comments on lines of
 * their own stay. Each removed key is recorded, once for ever. Added keys without a name that anyone could tell are not entered.
 * Throws Failure `owners-file` where `text` is none, where an added key is another owner's already, and where the result,
 * read again, does not mean what `text` meant with the change.
 */
export function editOwnersFile(path: string, text: string, change: OwnersChange): string | null {
  const before = readOwnersFile(path, text)
  const fail: Fail = (why, cause) => new Failure('owners-file', `${visible(path)} could not be edited: ${why}.`, {
    path, advice: 'Bring it up to date by hand, commit that, and run again.', cause,
  })
  const means = (recipient: Recipient, of: readonly Recipient[] = []): boolean => of.some((one) => isMeantBy(recipient, one))
  const leaving = before.owners.filter(({ recipient }) => among(change.removed, recipient)
    || (means(recipient, change.removed) && !means(recipient, change.staying)))
  const staying = before.owners.filter((owned) => !leaving.includes(owned))
  const holders = unique(change.removed).map((recipient) => ({ recipient, owner: holderOf(recipient, before, leaving, change) }))
  const leavers = [...leaving.map(({ name }) => name), ...holders.flatMap(({ owner }) => owner ?? [])]
  const arriving = arrivals(before, leavers, staying, change, fail)
  const recorded = before.removed.map(({ recipient }) => recipient)
  const records = holders.filter(({ recipient }) => !among(recorded, recipient)).map((one): NewRecord => ({ ...one, date: change.date, by: change.by }))
  let after: string
  try {
    after = apply(path, text, leaving, arriving, records)
  } catch (cause) {
    throw fail('the result would not be valid', cause)
  }
  if (after === text) return null
  prove(path, after, { owners: [...staying, ...arriving], removed: [...before.removed, ...records] }, fail)
  return after
}

/** By the file, by its record of the key, by what is known from elsewhere; null too where that is no name that the file can hold. */
function holderOf(recipient: Recipient, before: OwnersFile, leaving: readonly Owned[], { ownerOf }: OwnersChange): string | null {
  const own = leaving.find((owned) => isMeantBy(owned.recipient, recipient))?.name
    ?? before.removed.findLast((record) => sameRecipient(record.recipient, recipient))?.owner
  const other = ownerOf?.(recipient) ?? null
  return own ?? (other === null || !isOwnersName(other) ? null : other)
}

function apply(
  path: string, text: string, leaving: readonly Owned[], arriving: readonly Owned[], records: readonly NewRecord[],
): string {
  const open = text !== '' && !text.endsWith('\n')
  let after = open ? text + lineEnding(text) : text
  const waiting = [...leaving]
  for (const { recipient, name } of arriving) {
    const at = waiting.findIndex((owned) => owned.name === name)
    const [replaced] = at === -1 ? [] : waiting.splice(at, 1)
    after = replaced === undefined ? enter(path, after, { recipient, name }) : replace(path, after, replaced, recipient)
  }
  if (waiting.length > 0) after = takeOut(path, after, waiting)
  for (const record of records) after = appendItem(path, after, ['removed'], recordLines(record))
  return open ? after.replace(/\r?\n$/, '') : after
}

/** The added keys that have to be entered, each with its owner's name as the file spells it. */
function arrivals(
  before: OwnersFile, leavers: readonly string[], staying: readonly Owned[], { added }: OwnersChange, fail: Fail,
): readonly Owned[] {
  const [leaver, ...more] = new Map(leavers.map((name) => [name.toLowerCase(), name])).values()
  const arriving: Owned[] = []
  for (const { recipient, name: asked } of added) {
    const wanted = asked ?? (more.length === 0 ? leaver : undefined)
    const name = before.owners.find((owned) => owned.name.toLowerCase() === wanted?.toLowerCase())?.name ?? wanted
    const holder = [...staying, ...arriving].find((owned) => sameRecipient(owned.recipient, recipient))
    if (holder !== undefined && asked !== null && holder.name !== name) {
      throw fail(`the key that was added for ${visible(asked, 60)} is ${visible(holder.name, 60)}'s in it`)
    }
    if (holder === undefined && name !== undefined) arriving.push({ recipient, name })
  }
  return arriving
}

function enter(path: string, text: string, { recipient, name }: Owned): string {
  const [owner, key] = [scalarText(name), scalarText(recipient.id)]
  const present = fieldItems(readTree(path, text), ['owners', name]) !== null
  return present ? appendItem(path, text, ['owners', name], { block: [`- ${key}`], flow: key })
    : appendItem(path, text, ['owners'], { block: [`${owner}:`, `  - ${key}`], flow: `${owner}: [${key}]` })
}

function replace(path: string, text: string, { name, recipient: old }: Owned, recipient: Recipient): string {
  const tree = readTree(path, text)
  const slot = fieldItems(tree, ['owners', name])?.list?.slots.find((one) => holds(one, old))
  const start = slot?.value?.range?.[0]
  if (slot === undefined || start === undefined) return text
  return `${text.slice(0, start)}${scalarText(recipient.id)}${text.slice(slot.end)}`
}

function takeOut(path: string, text: string, leaving: readonly Owned[]): string {
  const tree = readTree(path, text)
  const owners = fieldItems(tree, ['owners'])?.list ?? null
  if (owners === null) return text
  const gone = new Set<number>()
  const cuts = owners.slots.flatMap(({ below }, at): readonly Cut[] => {
    if (below === null) return []
    const keys = new Set([...below.slots.keys()].filter((index) => {
      const slot = below.slots[index]
      return slot !== undefined && leaving.some(({ recipient }) => holds(slot, recipient))
    }))
    if (keys.size > 0 && keys.size === below.slots.length) gone.add(at)
    return keys.size === 0 || gone.has(at) ? [] : cutsFor(tree, below, keys)
  })
  const all = gone.size === 0 ? cuts : [...cuts, ...cutsFor(tree, owners, gone)]
  // Names are not told by comments here: those on lines of their own may be about anyone, and stay.
  return splice(text, all.filter(([start, end]) => !/^[ \t]*#/.test(text.slice(start, end))))
}

function recordLines({ owner, recipient, date, by }: NewRecord): { readonly block: readonly string[]; readonly flow: string } {
  const fields = [
    ...owner === null ? [] : [`owner: ${scalarText(owner)}`],
    `recipient: ${scalarText(recipient.id)}`, `date: ${scalarText(date)}`,
    ...by === null ? [] : [`by: ${scalarText(by)}`],
  ]
  return { block: fields.map((field, at) => `${at === 0 ? '- ' : '  '}${field}`), flow: `{${fields.join(', ')}}` }
}

function prove(
  path: string, after: string, wanted: { readonly owners: readonly Owned[]; readonly removed: readonly NewRecord[] }, fail: Fail,
): void {
  let read: OwnersFile
  try {
    read = readOwnersFile(path, after)
  } catch (cause) {
    throw fail('the result would not be valid', cause)
  }
  const meaning = ({ owners, removed }: typeof wanted): string => JSON.stringify([
    owners.map(({ name, recipient }) => [name, canonicalId(recipient)].join('\n')).sort(),
    removed.map(({ owner, recipient, date, by }) => [owner, canonicalId(recipient), date, by]),
  ])
  if (meaning(read) !== meaning(wanted)) throw fail('the result would not mean what it meant, with the change')
}

function among(recipients: readonly Recipient[], recipient: Recipient): boolean {
  return recipients.some((one) => sameRecipient(one, recipient))
}

function holds({ value }: Slot, recipient: Recipient): boolean {
  const key = isScalar(value) && typeof value.value === 'string' ? parseRecipient(value.value) ?? parsePgpId(value.value) : null
  return key !== null && sameRecipient(key, recipient)
}
