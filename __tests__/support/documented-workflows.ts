// The workflows that README.md and docs/ show, as they stand there.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

const product = resolve(import.meta.dirname, '../..')

export interface DocumentedWorkflow {
  /** Of the file, as the line before it says, without its folder; else where it stands, like `README.md-2.yml`. */
  readonly name: string
  readonly text: string
}

/** Every YAML block with jobs in it. */
export function documentedWorkflows(): readonly DocumentedWorkflow[] {
  const docs = readdirSync(join(product, 'docs')).filter((name) => name.endsWith('.md')).sort()
  const pages = ['README.md', ...docs.map((name) => join('docs', name))]
  return pages.flatMap((page) => [...readFileSync(join(product, page), 'utf8')
    .matchAll(/(?:^`\.github\/workflows\/([\w.-]+)`:\n\n)?^```ya?ml\n([^]*?)^```$/gm)]
    .map(([, name, text = ''], at) => ({ name: name ?? `${basename(page)}-${at + 1}.yml`, text }))
    .filter(({ text }) => /^jobs:$/m.test(text)))
}
