// What the demo prints: headings, tables, folded text, Markdown made legible, and claims, each of which carries its check.
// Must never print a claim without having looked.
import { styleText } from 'node:util'

const columns = 92
let headings = 0
const failed: string[] = []

export function heading(text: string): void {
  headings += 1
  console.log(`\n${styleText('bold', `${headings}. ${text}`)}\n${'─'.repeat(columns)}`)
}

/** Prose, folded at words. */
export function say(text: string): void {
  for (const line of text.split('\n')) console.log(fold(line, columns).join('\n'))
}

/** A word that is longer than the line keeps one of its own. Further lines begin below the text of a list item. */
function fold(line: string, width: number): readonly string[] {
  const margin = ' '.repeat(/^ *(?:- (?:\[ \] )?)?/.exec(line)?.[0].length ?? 0)
  const lines: string[] = []
  let rest = line
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width)
    const at = space > margin.length ? space : rest.indexOf(' ', width)
    if (at < 0) break
    lines.push(rest.slice(0, at))
    rest = `${margin}${rest.slice(at + 1)}`
  }
  return [...lines, rest]
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('   ').trimEnd())
}

export function table(rows: readonly (readonly string[])[]): void {
  for (const line of aligned(rows)) console.log(`  ${line}`)
}

/** Markdown nearly as GitHub shows it: code without its tags, tables in columns, no comments, no fold in a code block. */
export function markdown(text: string): void {
  const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }
  const shown = text.replace(/<!--[^]*?-->\n?/g, '').replace(/<\/?code>/g, '`')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&(amp|lt|gt|quot);/g, (_, name: string) => entities[name] ?? '')
    .replace(/(?:^\|.*\n)+/gm, (rows) => {
      const written = rows.split('\n').filter((row) => /[^|\s:-]/.test(row))
      return `${aligned(written.map((row) => row.split('|').slice(1, -1).map((cell) => cell.trim()))).join('\n')}\n`
    })
  let code = false
  for (const line of shown.trimEnd().split('\n')) {
    if (line.startsWith('```')) code = !code
    for (const piece of code ? [line] : fold(line, columns - 4)) console.log(`  │ ${piece}`.trimEnd())
  }
  console.log()
}

/** Says whether `text` holds. What does not makes the demo fail in the end; `seen` says what there was instead. */
export function claim(text: string, holds: boolean, seen = ''): void {
  const mark = holds ? styleText('green', '✓') : styleText('red', '✗ NOT TRUE:')
  console.log(`  ${mark} ${fold(text, columns - 4).join('\n    ')}`)
  if (holds) return
  failed.push(text)
  if (seen !== '') console.log(`    ${seen.replaceAll('\n', '\n    ')}`)
}

/** The claims that did not hold. */
export function failedClaims(): readonly string[] {
  return failed
}
