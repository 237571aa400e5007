// Keys in the comments of a `.sops.yaml`: an item that was commented out, or a key among other words.
// Must never take a line of a text for a comment.
import { visit } from 'yaml'
import { canonicalId, parseRecipient } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import type { CommentLine } from './comments.ts'
import type { IsRemoved } from './keys.ts'
import { readTree } from './tree.ts'
import type { ConfigTree } from './tree.ts'

/** The lines that hold one of the removed as an item that was commented out, and nothing else. */
export function commentedOut(tree: ConfigTree, isRemoved: IsRemoved): readonly CommentLine[] {
  return commentLines(tree).filter(({ text }) => {
    const key = itemIn(text)
    return key !== null && isRemoved(key)
  })
}

/** The lines, from 1, whose comment holds one of the keys. Throws Failure `config-unreadable`. */
export function linesOfComments(path: string, text: string, keys: readonly Recipient[]): readonly number[] {
  const tree = readTree(path, text)
  const ids = new Set(keys.map(canonicalId))
  const holds = (line: string): boolean => keysIn(line).some((key) => ids.has(canonicalId(key)))
  return commentLines(tree).filter((line) => holds(line.text)).map(({ start }) => tree.lineOf(start))
}

/** Lines of their own, in the order of the text. */
function commentLines({ text, contents }: ConfigTree): readonly CommentLine[] {
  const texts: (readonly [number, number])[] = []
  visit(contents, { Scalar: (_, { range }) => {
    if (range && text.slice(range[0], range[1]).includes('\n')) texts.push([range[0], range[1]])
  } })
  return [...text.matchAll(/^[ \t]*#.*(?:\n|$)/gm)].filter(({ index }) => !texts.some(([from, to]) => from <= index && index < to))
    .map(({ index, 0: line }) => ({ start: index, end: index + line.length, text: line.trim() }))
}

/** `# - &bob age1… # since May` → the key; null where the comment is anything else. */
function itemIn(comment: string): Recipient | null {
  const item = comment.replace(/^#+[ \t]*(?:- +)?(?:&\S+ +)?/, '').replace(/[ \t]+#.*$/, '').replace(/[ \t]*,$/, '')
  return parseRecipient(item.replace(/^(["'])(.*)\1$/, '$2'))
}

function keysIn(comment: string): readonly Recipient[] {
  const words = comment.match(/ssh-\S+ [A-Za-z0-9+/]+=*|[^\s,'"[\]{}#]+/g) ?? []
  return words.flatMap((word) => parseRecipient(word) ?? [])
}
