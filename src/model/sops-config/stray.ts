// Which line of an edited `.sops.yaml` is none that the edit may have made.
// Must never look at what the text means.
import { shortForm } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import { anchorName } from './anchors.ts'
import type { ConfigChange } from './change.ts'
import { diffLines } from './diff.ts'
import { isField, mapEntries, spelled } from './spelling.ts'

/**
 * The first line, from 1, that is neither unchanged nor made of the lines in its place by leaving characters out, where the keys
 * that come, what names them, their fields and the signs around them need not have been there.
 */
export function strayLine(before: string, after: string, change: ConfigChange): number | null {
  return foreignLine(before, after, wordsOf(change), spelledOut(before))
}

/** The first line, from 1, of `before` that is no longer there, nor a part of a line; an alias may have been spelled out. */
export function lostLine(before: string, after: string): number | null {
  return foreignLine(after, before, /(?!)/g)
}

/** Each line with what its aliases stand for behind them: they may have been spelled out. */
function spelledOut(before: string): (line: string) => string {
  const anchored = new Map([...before.matchAll(/&([^\s,:[\]{}]+)[ \t]+(.*)(?=\r?\n(.*)|$)/g)].map(([, anchor = '', value = '', below = '']) => [anchor, value + below]))
  return (line) => line.replace(/\*([^\s,:[\]{}]+)/g, (alias, anchor: string) => `${alias} ${anchored.get(anchor) ?? ''}`)
}

function foreignLine(before: string, after: string, words: RegExp | null, sourceOf = (line: string): string => line): number | null {
  let [line, source, at] = [0, '', 0]
  const added: { readonly text: string; readonly line: number }[] = []
  for (const { op, line: text } of [...diffLines(before, after), { op: ' ', line: '' } as const]) {
    if (op !== '-') line += 1
    if (op === '-') source += `${sourceOf(text)}\n`
    if (op === '+') added.push({ text: oldPart(text, words), line })
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

/** What of a line must have been there: all but commas, unless one of the new keys or what names one stands in it. */
function oldPart(text: string, words: RegExp | null): string {
  if (words === null) return text
  const [, field = ''] = /^\s*(?:- +)*(\w+):\s*$/.exec(text) ?? []
  if (isField(field)) return ''
  const anchors = /[&*][\w-]+/g
  if (text.replace(words, '').replace(anchors, '') === text) return text.replaceAll(',', '')
  const names = text.replace(/\b\w+(?=:(?:\s|$))/g, (name) => isField(name) ? '' : name)
  return names.replace(words, '').replace(anchors, '').replace(/[\s"',:;[\]{}#&*+-]/g, '')
}

/** Everything that may come into the text with the new keys; their models are spelled out where an alias stood. */
function wordsOf({ added, like }: ConfigChange): RegExp | null {
  if (added.length === 0) return null
  const models = like === 'every rule' ? [] : like
  const ids = [...added.map(({ recipient }) => recipient), ...models].flatMap(formsOf)
  const names = added.flatMap(({ name, recipient }) => [...(name === null ? [] : [name, anchorName(name)]), shortForm(recipient)])
  const escaped = (words: readonly string[]): string => words.toSorted((a, b) => b.length - a.length)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|')
  return new RegExp(`${escaped(ids)}|(?:[ \\t]and[ \\t])?(?<![\\p{L}\\p{N}_])(?:${escaped(names)})(?:-\\d+)?(?![\\p{L}\\p{N}_])`, 'gu')
}

/** Every way in which a key can be written. */
function formsOf(recipient: Recipient): readonly string[] {
  const profile = recipient.id.split('|')[2] ?? null
  const entries = (mapEntries(recipient) ?? []).flatMap(([name, value]) => typeof value === 'string'
    ? [`${name}: ${value}`, `${name}:`, value] : [`${name}:`, ...value.flat()])
  const forms = [recipient.id, spelled(recipient, null), spelled(recipient, profile), ...entries]
  return forms.flatMap((form) => form === null || form === '' ? [] : form)
}
