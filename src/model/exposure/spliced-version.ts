// A version of a file with the wrapped data keys of another one: it decrypts where both have one data key, and nowhere else.
// Pure. Must never change anything else of it: the rule by which values are encrypted, the MAC and its time are its own.
import type { Format } from '../sops-file/encrypted-file.ts'

/** Fields of the metadata that hold wrapped data keys, or say how many of them it takes; in ENV and INI files with more behind it. */
const keyFields = /^(?:kms|gcp_kms|azure_kv|hc_vault|hckms|age|pgp|key_groups|shamir_threshold)(?:__|$)/

/** null where the metadata of one is laid out in a way that sops does not write. Both are of `format`. */
export function withKeysOf(format: Format, version: string, other: string): string | null {
  switch (format) {
    case 'yaml': return yamlWith(version, other)
    case 'dotenv': return linesWith(version, other, /^sops_([^=]*)=/)
    case 'ini': return iniWith(version, other)
    case 'json': case 'binary': return jsonWith(version, other)
  }
}

function jsonWith(version: string, other: string): string | null {
  const [own, foreign] = [version, other].map((text) => JSON.parse(text) as { readonly sops?: Readonly<Record<string, unknown>> })
  if (own?.sops === undefined || foreign?.sops === undefined) return null
  const kept = Object.entries(own.sops).filter(([name]) => !keyFields.test(name))
  const taken = Object.entries(foreign.sops).filter(([name]) => keyFields.test(name))
  return JSON.stringify({ ...own, sops: Object.fromEntries([...kept, ...taken]) })
}

const yamlBlock = /^sops:\n((?:(?: .*)?\n)+)/gm

/** Every document has the metadata, and all the same. */
function yamlWith(version: string, other: string): string | null {
  const [[, own = ''] = []] = version.matchAll(yamlBlock)
  const [[, foreign = ''] = []] = other.matchAll(yamlBlock)
  const [kept, taken] = [own, foreign].map(yamlFields)
  if (kept === undefined || taken === undefined || kept.length === 0 || taken.length === 0) return null
  // Each with its own indentation would be no YAML.
  const [indent = '', another = ''] = [own, foreign].map((block) => /^ */.exec(block)?.[0] ?? '')
  const shifted = (lines: string): string => lines.replaceAll(`\n${another}`, `\n${indent}`).replace(another, indent)
  const fields = [...kept.filter(({ name }) => !keyFields.test(name)).map(({ lines }) => lines),
    ...taken.filter(({ name }) => keyFields.test(name)).map(({ lines }) => (indent === another ? lines : shifted(lines)))]
  return version.replace(yamlBlock, () => `sops:\n${fields.join('')}`)
}

/** The entries of the block with the lines below them. */
function yamlFields(block: string): readonly { readonly name: string; readonly lines: string }[] {
  const [indent = ''] = /^ */.exec(block) ?? []
  const fields: { name: string; lines: string }[] = []
  for (const line of block.split(/(?<=\n)/)) {
    const rest = line.startsWith(indent) ? line.slice(indent.length) : ''
    const [, name] = /^([a-z_]+):/.exec(rest) ?? []
    const last = fields.at(-1)
    if (name !== undefined) fields.push({ name, lines: line })
    else if (last === undefined) return []
    else last.lines += line
  }
  return fields
}

function linesWith(version: string, other: string, field: RegExp): string | null {
  const isKey = (line: string): boolean => keyFields.test(field.exec(line)?.[1] ?? '')
  const taken = other.split('\n').filter(isKey)
  const kept = version.split('\n').filter((line) => line !== '' && !isKey(line))
  return taken.length === 0 ? null : `${[...kept, ...taken].join('\n')}\n`
}

function iniWith(version: string, other: string): string | null {
  const [[body, own], [, foreign]] = [version, other].map((text) => text.split(/^\[sops\][ \t]*\n/m)) as [string[], string[]]
  if (body === undefined || own === undefined || foreign === undefined) return null
  const section = linesWith(own, foreign, /^([^\s=]+)\s*=/)
  return section === null ? null : `${body}[sops]\n${section}`
}
