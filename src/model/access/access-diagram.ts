// Who can read which files before and after a run, as a Mermaid flowchart for repositories small enough to draw.
// Must never let a name be anything but the text of its node.
import { count, grouped } from '../markdown/markdown-paths.ts'
import { canonicalId } from '../recipient.ts'
import type { ReportedFile, ReportedRecipient } from '../report.ts'
import { visible } from '../safe-text.ts'

const most = { recipients: 12, groups: 12, links: 40 }
const labelLimit = 60

/** By what became of the access; no name can hold one of these. */
export const arrows = { kept: '-->', lost: '-.->', gained: '==>' } as const

/**
 * `text` inside a quoted label. A quote ends a label, `%%{` starts a directive wherever it stands, `#…;` is a character, and
 * what is left is read as Markdown and HTML: so all punctuation is `#code;`, save a dot, hyphen or underscore inside a word.
 */
function label(text: string): string {
  // Mermaid marks characters with `ﬂ°` on the way, and would take a name's own for that.
  const shown = visible(text, labelLimit).replaceAll('ﬂ°', 'ﬂ °')
    .replace(/(?<![\p{L}\p{N}])[._-]|[._-](?![\p{L}\p{N}])|(?<=www)\.|[^\p{L}\p{N} /._-]/giu,
      (character) => `#${character.codePointAt(0) ?? 0};`)
  return `"${shown}"`
}

interface Group {
  readonly before: ReadonlySet<string>
  readonly after: ReadonlySet<string>
  readonly paths: readonly string[]
}

/** Whose readers are the same before, and the same after. */
function groupsOf(files: readonly ReportedFile[]): readonly Group[] {
  const rows = files.map(({ path, recipients: { before, after } }) => (
    { path, before: new Set(before.map(canonicalId)), after: new Set(after.map(canonicalId)) }))
  const readable = rows.filter(({ before, after }) => before.size + after.size > 0)
  return [...grouped(readable, ({ before, after }) => JSON.stringify([[...before].sort(), [...after].sort()])).values()]
    .flatMap((same) => same.slice(0, 1).map(({ before, after }) => ({ before, after, paths: same.map(({ path }) => path) })))
}

/** The folder all of `paths` are in; empty for the root. */
function commonFolder(paths: readonly string[]): string {
  return paths.map((path) => path.slice(0, path.lastIndexOf('/') + 1)).reduce((common, folder) => {
    let shared = common
    while (!folder.startsWith(shared)) shared = shared.slice(0, shared.lastIndexOf('/', shared.length - 2) + 1)
    return shared
  })
}

/**
 * The flowchart's source, without a fence. A link is solid for who could read the files before and can after, dotted for
 * who no longer can, thick for who is new. null where nobody's access changes, or where it would be too large to be read.
 * `nameOf` gives plain text, whatever it holds.
 */
export function accessDiagram(files: readonly ReportedFile[], nameOf: (recipient: ReportedRecipient) => string): string | null {
  const groups = groupsOf(files)
  const named = files.flatMap(({ recipients: { before, after } }) => [...before, ...after])
  const recipients = new Map(named.map((one) => [canonicalId(one), one]))
  if (groups.length > most.groups || recipients.size > most.recipients) return null
  const links = groups.flatMap(({ before, after }, at) => [...recipients.keys()].flatMap((id, who) => {
    const [had, has] = [before.has(id), after.has(id)]
    if (!had && !has) return []
    const arrow = had && has ? arrows.kept : had ? `${arrows.lost}|no longer|` : `${arrows.gained}|new|`
    return [{ text: `r${who} ${arrow} f${at}`, color: had && has ? null : had ? '#cf222e' : '#1a7f37' }]
  }))
  if (links.length > most.links || links.every(({ color }) => color === null)) return null
  const titles = groups.map(({ paths }) => titleOf(paths))
  const again = (title: string): boolean => titles.indexOf(title) !== titles.lastIndexOf(title)
  return [
    'flowchart LR',
    ...[...recipients.values()].map((recipient, at) => `  r${at}[${label(nameOf(recipient))}]`),
    ...groups.map(({ paths }, at) => {
      const title = titles[at] ?? ''
      return `  f${at}[${label(again(title) ? `${title}, like ${paths[0] ?? ''}` : title)}]`
    }),
    ...links.map(({ text }) => `  ${text}`),
    ...['#cf222e', '#1a7f37'].flatMap((color) => {
      const colored = links.flatMap((link, at) => (link.color === color ? [at] : []))
      return colored.length === 0 ? [] : [`  linkStyle ${colored.join(',')} stroke:${color}`]
    }),
  ].join('\n')
}

function titleOf(paths: readonly string[]): string {
  const [first = ''] = paths
  if (paths.length === 1) return first
  const folder = commonFolder(paths)
  return `${count(paths.length, 'file')}${folder === '' ? '' : ` in ${folder}`}`
}
