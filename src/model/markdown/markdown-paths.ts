// Long lists of files, made short: by folder, by what they have in common.
// Must never lose a file: each is named or counted.
import { code } from '../safe-text.ts'

/** How much is shown of each; beyond it a count. */
export interface Room {
  readonly files: number
  readonly secrets: number
  readonly diffLines: number
  /** Whether there is room for the picture of who can read what. */
  readonly picture: boolean
}

export interface Folder {
  /** Ends with a slash; empty for the root. */
  readonly name: string
  /** The same as Markdown, in words where it has no name. */
  readonly title: string
  /** Whole, in the order they came in. */
  readonly paths: readonly string[]
}

/** `1 file`, `2 files`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

/** `a, b and c`; beyond `limit`, `a, b and 7 more`. */
export function listed(items: readonly string[], limit = 5): string {
  const shown = items.length > limit ? [...items.slice(0, limit), `${items.length - limit} more`] : items
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`
}

export function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

/** A closed `<details>`; `summary` must already be safe. */
export function folded(summary: string, content: string, isOpen = false): string {
  return `<details${isOpen ? ' open' : ''}><summary>${summary}</summary>\n\n${content}\n\n</details>`
}

/** Deeper folders are not told apart: it would take longer than it helps. */
const deepest = 12

/** The files by folder, as deep as at most `limit` folders allow. Each path is in exactly one. */
export function byFolder(paths: readonly string[], limit: number): readonly Folder[] {
  for (let depth = deepest; ; depth -= 1) {
    const groups = grouped(paths, (path) => path.split('/').slice(0, -1).slice(0, depth).map((name) => `${name}/`).join(''))
    if (groups.size > limit && depth > 0) continue
    const nameless = groups.size === 1 ? 'all folders' : 'the root'
    return [...groups].map(([name, inside]) => ({ name, title: name === '' ? nameless : code(name), paths: inside }))
  }
}

const examples = 3
const mostFolders = 100

/** List items that name every file where there are at most `limit`, else every folder with its count and a few of its files. */
export function pathLines(paths: readonly string[], limit: number): string[] {
  const all = paths.length <= limit
  return byFolder(paths, all ? Infinity : Math.min(limit, mostFolders)).map(({ name, title, paths: inside }) => {
    const names = inside.map((path) => path.slice(name.length))
    if (inside.length === 1) return `- ${inside.map((path) => code(path)).join('')}`
    const shown = (all ? names : names.slice(0, examples)).map((one) => code(one)).join(', ')
    if (name === '' && all) return `- ${shown}`
    const more = all || names.length <= examples ? '' : ` and ${names.length - examples} more`
    return `- ${title} (${inside.length}): ${shown}${more}`
  })
}
