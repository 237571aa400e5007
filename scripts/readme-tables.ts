// Writes the tables of inputs and outputs in README.md from action.yml, which alone says what there is.
// Must never touch a byte of the README outside of its markers.
import { readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>
  readonly outputs: Readonly<Record<string, { readonly description: string }>>
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const inCell = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim()
  const line = (cells: readonly string[]): string => `| ${cells.map(inCell).join(' | ')} |`.replaceAll('|  |', '| |')
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Puts `content` between `<!-- name -->` and `<!-- /name -->`. Throws where one is missing or comes again. */
function between(text: string, name: string, content: string): string {
  const [before, after, ...more] = text.split(`<!-- ${name} -->\n`)
  const [, rest, ...others] = (after ?? '').split(`<!-- /${name} -->\n`)
  if (before === undefined || rest === undefined || more.length + others.length > 0) {
    throw new Error(`README.md needs one <!-- ${name} --> and one <!-- /${name} --> after it, each on a line of its own.`)
  }
  return `${before}<!-- ${name} -->\n${content}\n<!-- /${name} -->\n${rest}`
}

/** `readme` with the tables that `action`, the text of an action.yml, asks for. */
export function withTables(readme: string, action: string): string {
  const { inputs, outputs } = parse(action) as Action
  const inputRows = Object.entries(inputs).map(([name, input]) => [
    `\`${name}\``, input.default === undefined ? '' : `\`${input.default}\``, input.description,
  ])
  const outputRows = Object.entries(outputs).map(([name, output]) => [`\`${name}\``, output.description])
  const withInputs = between(readme, 'inputs', table(['Input', 'Default', 'Meaning'], inputRows))
  return between(withInputs, 'outputs', table(['Output', 'Meaning'], outputRows))
}

if (import.meta.main) {
  const readme = new URL('../README.md', import.meta.url)
  const action = readFileSync(new URL('../action.yml', import.meta.url), 'utf8')
  writeFileSync(readme, withTables(readFileSync(readme, 'utf8'), action))
}
