// Proof of the names in an edited `.sops.yaml`: no key has one that it had not, and who is asked for by one is still found.
// Must never trust how the edit was made: it sees the two texts only.
import { formsOf, nameInComment } from '../owners/owners.ts'
import { canonicalId, shortForm } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import { anchorName } from './anchors.ts'
import type { ConfigChange, Refusal } from './change.ts'
import { diffLines } from './diff.ts'
import { ownersIn } from './owned.ts'
import { readTree } from './tree.ts'
import type { NamesOf } from './tree.ts'

/**
 * Where the result would name a key by what was not its name before, so that who is asked for by it would be another one; null
 * where it does not. A key that comes may have the name that it comes with and, without one, those of who goes for it; any key
 * those that `namesOf` knows.
 */
export function nameGained(path: string, before: string, after: string, change: ConfigChange, namesOf: NamesOf): Refusal | null {
  const had = new Map<string, Set<string>>()
  const allow = (id: string, names: readonly string[]): void => {
    const all = had.get(id) ?? new Set()
    for (const name of names) all.add(name)
    had.set(id, all)
  }
  for (const { name, recipient } of ownersIn(readTree(path, before), path)) allow(canonicalId(recipient), formsOf(name))
  const leaving = change.removed.flatMap((one) => [...had.get(canonicalId(one)) ?? [], ...namesOf(one)])
  for (const { name, recipient } of change.added) {
    const own = name === null ? leaving : formsOf(nameInComment(name) ?? name).concat(formsOf(anchorName(name)))
    allow(canonicalId(recipient), [...own, ...formsOf(shortForm(recipient))])
  }
  const strange = ownersIn(readTree(path, after), path).find(({ name, recipient }) => {
    const forms = formsOf(name).map((form) => form.replace(/-\d+$/, '')).concat(formsOf(name))
    return !forms.some((form) => had.get(canonicalId(recipient))?.has(form) === true || namesOf(recipient).includes(form))
  })
  if (strange === undefined) return null
  const what = strange.from === 'anchor' ? 'anchor' : 'comment'
  const reason = `${strange.name}, in the ${what} there, would then be the name of ${shortForm(strange.recipient)}, which it is not now: `
    + (what === 'anchor' ? 'give that another name.' : 'write the name of each key beside it, or take the comment out.')
  return { line: oldLine(before, after, strange.line), reason }
}

/**
 * Where, for what comes, a key that stays would lose a name, so that who is asked for by it would not be found; null where none
 * would. One that is in none of `without`, texts without who comes or without their names, is lost for who goes, who does not stay
 * for that.
 */
export function nameLost(
  path: string, before: string, after: string, { removed, added }: ConfigChange, without: readonly string[] = [],
): Refusal | null {
  if (added.length === 0) return null
  const gone = new Set(removed.map(canonicalId))
  const isRead = readIn(path, after)
  const kept = without.map((text) => readIn(path, text))
  const lost = ownersIn(readTree(path, before), path).find(({ name, recipient }) =>
    !gone.has(canonicalId(recipient)) && (kept.length === 0 || kept.some((isKept) => isKept(recipient, name))) && !isRead(recipient, name))
  if (lost === undefined) return null
  const names = added.map(({ name, recipient }) => name ?? shortForm(recipient)).join(', ')
  const reason = `the comment there lists names, and would not be read as names any more with ${names}: `
    + 'give a name of one word that is somebody\'s, or write the name of each key beside it.'
  return { line: lost.line, reason }
}

/** Whether each key that comes with a name has it in the text. */
export function areNamed(path: string, after: string, added: ConfigChange['added']): boolean {
  const isRead = readIn(path, after)
  return added.every(({ name, recipient }) => name === null || isRead(recipient, name) || isRead(recipient, anchorName(name)))
}

/** Whether a text gives a key a name, which as an anchor may have a number more. */
function readIn(path: string, text: string): (recipient: Recipient, name: string) => boolean {
  const of = (name: string, recipient: Recipient): readonly string[] => formsOf(name).map((form) => `${form}\n${canonicalId(recipient)}`)
  const read = new Set(ownersIn(readTree(path, text), path).flatMap(({ name, recipient }) =>
    [...of(name, recipient), ...of(name.replace(/-\d+$/, ''), recipient)]))
  return (recipient, name) => of(name, recipient).some((form) => read.has(form))
}

/** The line of the old text, from 1, that a line of the new one is or comes from. */
function oldLine(before: string, after: string, line: number): number {
  let [old, now] = [0, 0]
  for (const { op } of diffLines(before, after)) {
    if (op !== '+') old += 1
    if (op !== '-') now += 1
    if (now >= line && op !== '-') return Math.max(1, old)
  }
  return Math.max(1, old)
}
