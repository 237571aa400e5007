// Which comments of a `.sops.yaml` go when a key goes.
// Must never take a heading from the keys that stay under it, nor leave a name behind that would pass for that of another key.
//
// Of own-line comments directly above an item, the lines go that name who leaves and nobody who stays, and the last one where it is
// the only name of that key, or a label over no other one: prose stays. Of labels with one text each is about its own key. Of
// comments that list names those of who leaves go.
import { formsOf } from '../owners/owners.ts'
import { canonicalId } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import { commentsAbove } from './comments.ts'
import type { CommentLine } from './comments.ts'
import { hasOwnName, labelAbove, labelsThatName, mayStandBelow, nameBesideItem, nameLists } from './naming.ts'
import type { NameList } from './naming.ts'
import { isLabel, isShort, signsBefore } from './names.ts'
import type { NameSpan } from './names.ts'
import type { SlotList } from './slots.ts'
import { anchorOf, holdsKeys, recipientOf } from './tree.ts'
import type { ConfigTree } from './tree.ts'

/** The comment lines above the item `at` that go when the items `removed` of its list go. */
export function commentsLeaving(
  tree: ConfigTree, list: SlotList, at: number, removed: ReadonlySet<number>,
): readonly CommentLine[] {
  const { text } = tree
  const slot = list.slots[at]
  const lines = slot === undefined || list.style === 'text' ? [] : commentsAbove(text, slot)
  if (slot === undefined || lines.length === 0) return []
  const names = (index: number): readonly string[] => namesOf(tree, list, index)
  const label = labelAbove(text, slot)
  const labels = label === null ? [] : labelsThatName(tree, list)
  const own = labels[at] ?? null
  const stay = [...list.slots.keys()].filter((index) => !removed.has(index))
  const [leaving, staying] = [[at], stay].map((of) => of.flatMap(names))
  const others = own === null ? stay : stay.filter((index) => labels[index]?.text !== own.text)
  const under = others.length === stay.length ? staying : others.flatMap(names)
  const mentioned = (line: CommentLine, of: readonly string[] = []): boolean => of.some((name) => mentions(line.text, name))
  const isStaying = (line: CommentLine): boolean => mentioned(line, line.start === own?.start ? under : staying)
  const stands = isHeading(tree, list, at, removed)
  // Over keys that stay it goes only where it is the name, and not where it has a word of it.
  const isTheirs = ({ text: line }: CommentLine): boolean => !stands || !isShort(line)
    || formsOf(line.slice(signsBefore(line))).some((form) => leaving?.some((name) => name.toLowerCase() === form) === true)
  const naming = lines.map((line) => mentioned(line, leaving) && !isStaying(line) && isTheirs(line))
  for (const [index, line] of lines.entries()) {
    // A sentence that goes on; a name does not.
    const goesOn = /^#+ *\p{Ll}/u.test(line.text) && !isLabel(line.text) && !isStaying(line)
    if (index > 0 && naming[index - 1] === true && !isLabel(lines[index - 1]?.text ?? '') && goesOn) naming[index] = true
  }
  const isAlone = label !== null && !isStaying(label) && (own !== null
    || (!hasOwnName(tree, list, at) && !(list.pairs && list.holder === null) && !stands && !mayStandBelow(tree, list)))
  return lines.filter((_, index) => naming[index] === true || (isAlone && index === lines.length - 1))
}

/** Whether keys that stay stand under the comment above an item: those up to the next label. */
function isHeading(tree: ConfigTree, list: SlotList, at: number, removed: ReadonlySet<number>): boolean {
  for (const [index, slot] of list.slots.entries()) {
    if (index <= at) continue
    if (labelAbove(tree.text, slot) !== null) return false
    if (!removed.has(index) && holdsKeys(tree, slot)) return true
  }
  return false
}

/** From the first offset up to the second: what goes of the comments that list names when the items `removed` go. */
export function namesLeaving(tree: ConfigTree, list: SlotList, removed: ReadonlySet<number>): readonly (readonly [number, number])[] {
  return nameLists(tree.text, list).flatMap((one) => {
    const { spans, lines, whole } = one
    const gone = new Set([...removed].flatMap((at) => {
      const span = nameIn(tree, list, one, at)
      return span === null ? [] : [spans.indexOf(span)]
    }))
    if (gone.size === spans.length) return whole
    if (lines !== null) return lines.filter((_, at) => gone.has(at)).map(({ start, end }): readonly [number, number] => [start, end])
    const first = spans.findIndex((_, at) => !gone.has(at))
    return spans.flatMap(({ start, end }, at): readonly (readonly [number, number])[] => {
      if (!gone.has(at)) return []
      return [at < first ? [start, spans[at + 1]?.start ?? end] : [spans[at - 1]?.end ?? start, end]]
    })
  })
}

/** The name of the key `at` in a list of names: by its place where each has one, else where it is known to be theirs alone. */
export function nameIn(tree: ConfigTree, list: SlotList, { spans, inOrder }: NameList, at: number): NameSpan | null {
  if (inOrder) return spans[at] ?? null
  const known = (index: number): readonly string[] => {
    const slot = list.slots[index]
    const recipient = slot === undefined ? null : recipientOf(tree, slot)
    return recipient === null ? [] : tree.namesOf(recipient)
  }
  const id = (index: number): string | null => {
    const recipient = list.slots[index] === undefined ? null : recipientOf(tree, list.slots[index])
    return recipient === null ? null : canonicalId(recipient)
  }
  const others = new Set([...list.slots.keys()].filter((index) => id(index) !== id(at)).flatMap(known))
  const [own, ...more] = spans.filter((span) => formsOf(span.text).some((form) => known(at).includes(form) && !others.has(form)))
  return own === undefined || more.length > 0 ? null : own
}

function namesOf(tree: ConfigTree, list: SlotList, at: number): readonly string[] {
  const slot = list.slots[at]
  const recipient: Recipient | null = slot === undefined ? null : recipientOf(tree, slot)
  if (slot === undefined || recipient === null) return []
  const beside = nameBesideItem(tree.text, list, at)
  return [recipient.id, anchorOf(slot) ?? recipient.id, ...(beside === null ? [] : formsOf(beside.text)), ...tree.namesOf(recipient)]
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
