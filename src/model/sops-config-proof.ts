// Proof of an edited `.sops.yaml`: it means what it meant without the removed keys, and nothing else in its text changed.
// Must never trust how the edit was made: it sees the two texts only.
import { Failure } from './failure.ts'
import { diffLines } from './sops-config-diff.ts'
import { minus } from './sops-config-keys.ts'
import type { IsRemoved } from './sops-config-keys.ts'
import { readTree } from './sops-config-tree.ts'

/**
 * Throws Failure `config-edit` unless `after` means `before` minus the removed keys, and each line of it is a line of `before`
 * or what is left of lines that were cut.
 */
export function proveEdit(path: string, before: string, after: string, isRemoved: IsRemoved): void {
  const fail = (why: string, cause?: unknown): Failure => new Failure('config-edit', `${path} could not be edited: ${why}.`, {
    path, advice: 'Take the key out of it by hand, commit that, and run again.', cause,
  })
  let meant: unknown
  try {
    meant = minus(readTree(path, after).value, () => false)
  } catch (cause) {
    throw fail('what is left would not be valid', cause)
  }
  const wanted = minus(readTree(path, before).value, isRemoved)
  if (!equal(meant, wanted)) throw fail('what is left would not mean the same without the key')
  const strayed = strayLine(before, after)
  if (strayed !== null) throw fail(`line ${strayed} of the result is neither an old line nor the rest of one`)
}

/** The first line, from 1, that is neither unchanged nor made of the lines in its place by leaving characters out. */
function strayLine(before: string, after: string): number | null {
  let [line, source, at] = [0, '', 0]
  const added: { readonly text: string; readonly line: number }[] = []
  for (const { op, line: text } of [...diffLines(before, after), { op: ' ', line: '' } as const]) {
    if (op !== '-') line += 1
    if (op === '-') source += `${text}\n`
    if (op === '+') added.push({ text, line })
    if (op !== ' ') continue
    at = 0
    for (const one of added) {
      for (const char of one.text) {
        at = source.indexOf(char, at) + 1
        if (at === 0) return one.line
      }
    }
    added.length = 0
    source = ''
  }
  return null
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
