// Which changed lines of an edited `.sops.yaml` are not about the keys that were taken out or put in.
// Must never know how the edit is made: it sees two texts, and the words that a line about these keys can hold.
import { diffLines } from '../src/model/sops-config/diff.ts'

/** A text as it is compared: in lower case, a single space where there are several. */
export function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim().toLowerCase()
}

interface Change {
  readonly op: string
  readonly line: string
}

/** A dash or a field's name, with or without an anchor or the mark of a block, and nothing in it. */
const field = /^[\s-]*(?:&?[\w-]+:)?\s*(?:&\S+)?\s*(?:[>|][+-]?)?\s*$/

/**
 * Changed lines that are not about the removed keys. About them is a line that names one, what stands below it, the field or
 * dash that held nothing else and its heading, and a neighbour that only lost its comma or got the dash of the item before it.
 */
export function strayLines(before: string, after: string, words: readonly string[]): readonly string[] {
  const stray: string[] = []
  let hunk: Change[] = []
  for (const one of [...diffLines(before, after), { op: ' ', line: '' }]) {
    if (one.op !== ' ') hunk.push(one)
    else {
      stray.push(...strayIn(hunk, words))
      hunk = []
    }
  }
  return stray
}

/**
 * Changed lines of a text to which keys were added that are not about them. About them is a line that holds one of `words`, a field or
 * dash that holds nothing else, and a line with nothing lost of it but an alias for the key that it stood for.
 */
export function strayOfArrival(before: string, after: string, words: readonly string[]): readonly string[] {
  const changes = diffLines(before, after)
  const [cut, made] = ['-', '+'].map((sign) => changes.filter(({ op }) => op === sign).map(({ line }) => line))
  const isAbout = (line: string): boolean => words.some((word) => plain(line).includes(plain(word))) || field.test(line)
  const anchored = new Map([...before.matchAll(/&([\w-]+)[ \t]+([^\s#]+)/g)].map(([, anchor = '', key = '']) => [anchor, key]))
  const written = (line: string): string => line.trim().replace(/\*([\w-]+)/g, (alias, anchor: string) => anchored.get(anchor) ?? alias)
  const lost = (cut ?? []).filter((line) => !(made ?? []).some((other) => within(line.trim(), other) || within(written(line), other)))
  const strange = (made ?? []).filter((line) => line.trim() !== '' && !isAbout(line) && !(cut ?? []).some((other) => within(other.trim(), line)))
  return [...lost.map((line) => `-${line}`), ...strange.map((line) => `+${line}`)]
}

function strayIn(hunk: readonly Change[], words: readonly string[]): readonly string[] {
  const core = (line: string): string => line.replace(/^[\s-]+|[\s,]+$/g, '')
  const patterns = words.filter((word) => word !== '').map((word) => wholeWord(word))
  const names = (line: string): boolean => patterns.some((pattern) => pattern.test(plain(line)))
  const column = (line: string): number => line.search(/\S|$/)
  const cut = hunk.filter(({ op }) => op === '-').map(({ line }) => line)
  const made = hunk.filter(({ op }) => op === '+').map(({ line }) => line)
  const emptied = (line: string): boolean => field.test(line) && line.trim() !== ''
  let about: number | null = null
  const strayCut = cut.filter((line, at) => {
    if (names(line)) about = column(line)
    else if (about !== null && column(line) <= about) about = null
    // A comment above a field that goes as a whole speaks of nothing that stays.
    const isHeading = /^\s*#/.test(line) && emptied(cut[at + 1] ?? '')
    const stays = made.some((other) => core(other) === core(line))
    return about === null && !emptied(line) && !isHeading && !stays
  })
  const isRest = (line: string, of: string): boolean => core(of) === core(line) || (names(of) && within(line, of))
  const strayMade = made.filter((line) => !cut.some((other) => isRest(line, other)))
  return [...strayCut.map((line) => `-${line}`), ...strayMade.map((line) => `+${line}`)]
}

/** `web` is not in `web-servers`. */
function wholeWord(word: string): RegExp {
  const literal = word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${literal}(?![\\p{L}\\p{N}_-])`, 'u')
}

/** Whether `part` is what is left of `whole` when characters are left out. */
function within(part: string, whole: string): boolean {
  let at = 0
  for (const char of part) {
    at = whole.indexOf(char, at) + 1
    if (at === 0) return false
  }
  return true
}
