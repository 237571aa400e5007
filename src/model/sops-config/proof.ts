// Proof of an edited `.sops.yaml`: it means what it meant with the change made, and nothing else in its text changed.
// Must never trust how the edit was made: it sees the two texts only.
import { Failure } from '../failure.ts'
import { canonicalId } from '../recipient.ts'
import type { ConfigChange } from './change.ts'
import { accessIn } from './access.ts'
import type { Access } from './access.ts'
import { isEntries, minus, recipientsIn } from './keys.ts'
import type { IsRemoved } from './keys.ts'
import { isField } from './spelling.ts'
import { lostLine, strayLine } from './stray.ts'
import { readTree } from './tree.ts'

/**
 * Throws Failure `config-edit` unless `after` is `before` with the change made: but for the keys that come and go both mean the
 * same; each rule and group gives access to whom it should; and each line is an old one, what is left of old ones, or such with
 * nothing but the new keys and what names them. Where nobody goes, every old line is still there, as it was or as part of one.
 */
export function proveEdit(path: string, before: string, after: string, change: ConfigChange): void {
  const only = change.added.length === 0
  const fail = (why: string, cause?: unknown): Failure => new Failure('config-edit', `${path} could not be edited: ${why}.`, {
    path, advice: `${only ? 'Take the key out of it' : 'Make the change in it'} by hand, commit that, and run again.`, cause,
  })
  let meant: unknown
  try {
    meant = readTree(path, after).value
  } catch (cause) {
    throw fail('what is left would not be valid', cause)
  }
  const wanted = readTree(path, before).value
  const ids = new Set([...change.removed, ...change.added.map(({ recipient }) => recipient)].map(canonicalId))
  const moves: IsRemoved = (recipient) => ids.has(canonicalId(recipient))
  const others = (value: unknown): unknown => held(minus(value, moves))
  if (!equal(others(meant), others(wanted))) throw fail('what is left would not mean the same without the key')
  const gone = new Set(change.removed.map(canonicalId))
  if (recipientsIn(meant).some((recipient) => gone.has(canonicalId(recipient)))) throw fail('the key would still be in it')
  const wrong = wrongAccess(accessIn(wanted), accessIn(meant), change)
  if (wrong !== null) throw fail(`${wrong} would not have the right keys`)
  const stray = strayLine(before, after, change)
  if (stray !== null) throw fail(`line ${stray} of the result is neither an old line nor the rest of one`)
  const lost = change.removed.length === 0 ? lostLine(before, after) : null
  if (lost !== null) throw fail(`line ${lost} would be lost`)
}

/** The first rule or group whose keys are not the old ones with the change made, or stand where sops does not read them. */
function wrongAccess(before: readonly Access[], after: readonly Access[], { removed, added, like }: ConfigChange): string | null {
  const models = like === 'every rule' ? null : new Set(like.map(canonicalId))
  const coming = added.map(({ recipient }) => canonicalId(recipient))
  const right = (old: Access, now: Access | undefined): boolean => {
    // Of several key groups of one rule `every rule` means none; then one of them has the key already.
    const gains = models === null ? old.ids.size > 0 && old.groups < 2 : [...old.ids].some((id) => models.has(id))
    const wanted = new Set([...old.ids, ...(gains ? coming : [])])
    for (const one of removed) wanted.delete(canonicalId(one))
    return now !== undefined && equal([...wanted].sort(), [...now.ids].sort())
      && [...now.misplaced].every((id) => old.misplaced.has(id)) && !coming.some((id) => now.twice.has(id) && !old.twice.has(id))
  }
  const wrong = before.find((old, at) => !right(old, after[at]))
  return wrong === undefined ? before.length === after.length ? null : 'a rule' : wrong.what
}

/** The value without the fields that hold no key: for sops they are not there. */
function held(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(held)
  if (!isEntries(value)) return value
  const empty = (item: unknown): boolean => item === null || item === '' || (Array.isArray(item) && item.length === 0)
  const entries = Object.entries(value).filter(([name, item]) => !isField(name) || !empty(item))
  return Object.fromEntries(entries.map(([name, item]) => [name, held(item)]))
}

/** Deep equality of plain values; the order of a map's entries does not count. */
function equal(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]))
}
