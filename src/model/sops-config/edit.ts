// A `.sops.yaml` with some recipients more or less, every other byte as it was.
// Must never write YAML anew, and never leave a rule or a key group with nobody.
import { visit } from 'yaml'
import { Failure } from '../failure.ts'
import type { OwnedRecipient } from '../owners/owners.ts'
import { canonicalId } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import { additions } from './addition.ts'
import { anchorName } from './anchors.ts'
import type { ConfigChange, Refusal } from './change.ts'
import { commentedOut } from './commented-out.ts'
import { rewrite } from './text.ts'
import { Unspellable } from './item.ts'
import { emptied, gone, inSopsOrder, minus, recipientsIn } from './keys.ts'
import type { IsRemoved } from './keys.ts'
import { namesBy } from './known-names.ts'
import { isName } from './names.ts'
import { areNamed, nameGained, nameLost } from './names-proof.ts'
import { uncovered } from './overrides.ts'
import { refusePrivateKey } from './private-key.ts'
import { proveEdit } from './proof.ts'
import { cutsIn } from './removal.ts'
import { child, lineOf, rulesIn } from './rules.ts'
import { splice } from './splice.ts'
import type { Cut } from './splice.ts'
import { readTree } from './tree.ts'
import type { ConfigTree } from './tree.ts'
import type { SopsConfig } from './read.ts'

export type { ConfigChange, NewRecipient } from './change.ts'

export type ConfigEdit =
  | { readonly kind: 'untouched' }
  | { readonly kind: 'edited'; readonly path: string; readonly before: string; readonly after: string }
  | { readonly kind: 'refused'; readonly path: string; readonly line: number; readonly reason: string }

export type ConfigRemoval = ConfigEdit

/** Takes the recipients out wherever they stand: `editConfig` without anyone who comes. */
export function removeRecipients(
  config: SopsConfig, removed: readonly Recipient[], owners: readonly OwnedRecipient[] = config.owners,
): ConfigEdit {
  return editConfig(config, { removed, added: [], like: [] }, owners)
}

/**
 * Puts each of the added right behind one of its models wherever one stands (rules, key groups, `merge`, lists of anchors), once
 * in a list, then takes the removed out with their comments, also where they were commented out. A key of the same kind as a removed model takes its place: its
 * anchor and the comments about it stay its own, unless it comes with a name, which then stands there instead.
 *
 * `owners` is all that is known of who holds which key: a comment that would pass for the name of another key goes where it is
 * known to be that of who leaves.
 *
 * Refused where a rule or a key group would have nobody left, where sops has no way to write the key, where `every rule` does not
 * tell which key group, where a field is shared with a rule that is not to get the key, where a field that goes would uncover what
 * it overrides, where a comment would pass for the name of a key that it does not name now, and where with the name of who comes
 * it would no longer be read as that of one whose name it is: such a name is written as one word first. A name that no comment can
 * hold is left out. Throws Failure `config-edit` for keys spelled with escapes, and when the result cannot be proven to be the old text
 * with this change, and `config-unreadable` for a private key.
 */
export function editConfig(config: SopsConfig, asked: ConfigChange, owners: readonly OwnedRecipient[] = config.owners): ConfigEdit {
  const change: ConfigChange = {
    removed: asked.removed.map(inSopsOrder),
    added: asked.added.map(({ recipient, name }) => ({ recipient: inSopsOrder(recipient), name: fitForText(name) })),
    like: asked.like === 'every rule' ? asked.like : asked.like.map(inSopsOrder),
  }
  const first = editAsWritten(config, change, owners)
  const refusal = lostBy(config, first, change, owners)
  if (first.kind !== 'edited' || (refusal === null && areNamed(first.path, first.after, change.added))) return first
  const inOneWord = { ...change, added: change.added.map((one) => ({ ...one, name: wordFor(one.name) })) }
  const second = editAsWritten(config, inOneWord, owners)
  const isRead = second.kind === 'edited' && lostBy(config, second, inOneWord, owners) === null
    && areNamed(second.path, second.after, inOneWord.added)
  return isRead ? second : refusal === null ? first : { kind: 'refused', path: first.path, ...refusal }
}

/** Where the edit would lose a name that would not be lost by the removal alone, or whatever the names of who comes. */
function lostBy(config: SopsConfig, edit: ConfigEdit, change: ConfigChange, owners: readonly OwnedRecipient[]): Refusal | null {
  if (edit.kind !== 'edited') return null
  const { path, before, after } = edit
  const lost = nameLost(path, before, after, change)
  if (lost === null || change.removed.length === 0) return lost
  const nameless = change.added.map((one) => ({ ...one, name: null }))
  const others = [{ ...change, added: [], like: [] }, { ...change, added: nameless }].map((one) => editAsWritten(config, one, owners))
  const without = others.flatMap((one) => (one.kind === 'edited' ? one.after : []))
  return without.length === others.length ? nameLost(path, before, after, change, without) : lost
}

/** The change with the names as they are given. */
function editAsWritten(config: SopsConfig, change: ConfigChange, owners: readonly OwnedRecipient[]): ConfigEdit {
  const { path, text: before } = config
  const namesOf = namesBy(owners)
  const old = readTree(path, before, namesOf)
  refusePrivateKey(path, old)
  const escaped = escapedAt(old, [...change.removed, ...(change.like === 'every rule' ? [] : change.like)])
  if (escaped !== null) {
    throw new Failure('config-edit', `${path} could not be edited: the keys in line ${escaped} are spelled with a backslash.`, {
      path, advice: 'Write them without one, a line for each or all on one line, commit that, and run again.',
    })
  }
  try {
    const edits = change.added.length === 0 ? [] : additions(old, change)
    if (!isEdits(edits)) return { kind: 'refused', path, ...edits }
    const tree = edits.length === 0 ? old : readTree(path, rewrite(before, edits), namesOf)
    const ids = new Set(change.removed.map(canonicalId))
    const isRemoved: IsRemoved = (recipient) => ids.has(canonicalId(recipient))
    const leaving = recipientsIn(tree.value).some(isRemoved)
    if (edits.length === 0 && !leaving) {
      if (change.added.length > 0) proveEdit(path, before, before, change)
      return { kind: 'untouched' }
    }
    const refusal = leaving ? refuse(old, tree, isRemoved) ?? uncovered(tree, isRemoved) : null
    if (refusal !== null) return { kind: 'refused', path, ...refusal }
    const after = !leaving || tree.root === null ? tree.text : splice(tree.text, [...cutsIn(tree, tree.root, isRemoved), ...commentedOut(tree, isRemoved).map(({ start, end }): Cut => [start, end])])
    proveEdit(path, before, after, change)
    const strange = nameGained(path, before, after, change, namesOf)
    if (strange !== null) return { kind: 'refused', path, ...strange }
    return { kind: 'edited', path, before, after }
  } catch (error) {
    if (error instanceof Unspellable) return { kind: 'refused', path, line: old.lineOf(error.at), reason: error.message }
    throw error
  }
}

/** The name on one line, without what would not be seen or turn the line around; none where it is too long for one. */
function fitForText(name: string | null): string | null {
  const clean = name?.replace(/\p{Cf}+/gu, '').replace(/[\p{C}\s]+/gu, ' ').trim() ?? ''
  return /[\p{L}\p{N}]/u.test(clean) && clean.length <= 100 ? clean : null
}

/** The name as a list of names can hold it. */
function wordFor(name: string | null): string | null {
  return name === null || isName(name) ? name : anchorName(name)
}

/** The line of a text with one of the keys in which a backslash makes what it says other than what stands there. */
function escapedAt(tree: ConfigTree, keys: readonly Recipient[]): number | null {
  const ids = new Set(keys.map(canonicalId))
  let line: number | null = null
  visit(tree.contents, { Scalar: (_, { type, range, value }) => {
    const escaped = type === 'QUOTE_DOUBLE' && tree.text.slice(range?.[0], range?.[1]).includes('\\')
    if (escaped && recipientsIn(value).some((one) => ids.has(canonicalId(one)))) line ??= tree.lineOf(range?.[0] ?? 0)
  } })
  return line
}

function isEdits<T>(result: readonly T[] | Refusal): result is readonly T[] {
  return Array.isArray(result)
}

/** Who would have nobody left once the removed go, in the words and lines of the file as it is. */
function refuse(old: ConfigTree, tree: ConfigTree, isRemoved: IsRemoved): Refusal | null {
  const rules = rulesIn(old)
  for (const [at, { value }] of rulesIn(tree).entries()) {
    const left = emptied(value, isRemoved)
    const rule = rules[at]
    if (left === null || rule === undefined) continue
    const group = left.group === null ? null : child(old, child(old, rule.node, 'key_groups'), left.group)
    const who = left.group === null ? rule.what : `key group ${left.group + 1} of ${rule.what}`
    return { line: lineOf(old, group ?? rule.node), reason: `${who} would have no recipient left.` }
  }
  return minus(tree.value, isRemoved) === gone ? { line: 1, reason: 'Nothing would be left of the file.' } : null
}
