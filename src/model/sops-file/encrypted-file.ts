// An encrypted file read without a key: its format, its metadata, the names of its secrets.
// Must never hold or guess a plaintext value, and must tell a damaged sops file from a file that is none.
import { parseAllDocuments } from 'yaml'
import { encryptedValues, isEncryptedComment, isEncryptedValue } from './encrypted-value.ts'
import type { EncryptedValue } from './encrypted-value.ts'
import { readMetadata, unflatten } from './sops-metadata.ts'
import type { SopsMetadata } from './sops-metadata.ts'
import { isStump } from './stump.ts'
import { readYamlBlock } from './yaml-block.ts'

/** sops' names of its stores, as `--input-type` takes them. */
export type Format = 'yaml' | 'json' | 'dotenv' | 'ini' | 'binary'

export interface EncryptedFile {
  /** Relative to the repository's root, with `/`. */
  readonly path: string
  readonly format: Format
  /** Whether sops would choose another store by the file's name, so that the type has to be given. */
  readonly explicitType: boolean
  readonly metadata: SopsMetadata
  /** How many values are encrypted, comments left out. The values themselves stay in the file: see `valuesIn`. */
  readonly valueCount: number
  readonly encryptsComments: boolean
}

/** A file that is meant for sops and that sops could not read, with the reason. */
export interface DamagedFile {
  readonly path: string
  readonly damage: string
}

const maxBytes = 64 * 1024 * 1024

/** The store sops takes by a file's name; case counts. Source: `cmd/sops/formats/formats.go`. */
export function formatByName(path: string): Format {
  if (path.endsWith('.yaml') || path.endsWith('.yml')) return 'yaml'
  if (path.endsWith('.json')) return 'json'
  if (path.endsWith('.env')) return 'dotenv'
  return path.endsWith('.ini') ? 'ini' : 'binary'
}

/** The value of the top-level `sops` entry of every document in `text`; throws an Error where `text` is not that format. */
type MetadataReader = (text: string) => readonly unknown[]

function readYaml(text: string): readonly unknown[] {
  return yamlBlocks(text) ?? yamlDocuments(text)
}

/**
 * The quick way through what sops itself writes: `sops:` is the last top-level entry of each document, so only that
 * block has to be parsed. null where the text is laid out in any other way.
 */
function yamlBlocks(text: string): readonly unknown[] | null {
  const found: unknown[] = []
  for (const document of text.split(/^---(?=\s|$).*\n?/m)) {
    if (document.trim() === '') continue
    const [, block, ...more] = document.split(/^sops:[ \t]*\r?$/m)
    if (block === undefined || more.length > 0 || /^[^\s#]/m.test(block) || /^["'{[%]|^\.\.\./m.test(document)) return null
    const quick = readYamlBlock(block)
    if (quick === null) return null
    found.push(quick)
  }
  return found
}

/** A YAML text without the metadata of each document, as sops lays that out: a PGP message has an empty line in it. */
export function withoutYamlMetadata(text: string): string {
  return text.replace(/^sops:[ \t]*\r?\n(?:(?: [^\n]*|\r)?\n)+/gm, '')
}

/** What is inside of a value, which has no secret's name. */
const insideOfValue = /(?<=ENC\[AES256_GCM,data:)[^\]\n]*(?=,type:[a-z]+\])/gm

function yamlDocuments(text: string): readonly unknown[] {
  return parseAllDocuments(text, { schema: 'failsafe', logLevel: 'error' }).map((document) => {
    const [error] = document.errors
    if (error !== undefined) throw new Error(`${error.code.toLowerCase().replaceAll('_', ' ')} at line ${error.linePos?.[0].line ?? '?'}`)
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    return topLevelSops(value)
  })
}

function topLevelSops(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'sops' in value ? value.sops : undefined
}

function readJson(text: string): readonly unknown[] {
  // A byte order mark is no JSON to sops, and none to JSON.parse.
  return [topLevelSops(JSON.parse(text))]
}

function readDotenv(text: string): readonly unknown[] {
  const entries = text.split('\n').flatMap((line, at) => {
    if (line.trim() === '' || line.startsWith('#')) return []
    const equals = line.indexOf('=')
    if (equals < 1) throw new Error(`line ${at + 1} is no NAME=value`)
    return line.startsWith('sops_') ? [[line.slice('sops_'.length, equals), line.slice(equals + 1)] as const] : []
  })
  if (entries.some(([, value]) => value.endsWith('\r'))) throw new Error('lines end in CRLF, which sops cannot read in ENV files')
  return entries.length === 0 ? [undefined] : [unflatten(entries)]
}

function readIni(text: string): readonly unknown[] {
  const [, section] = text.split(/^\[sops\][ \t]*\r?$/m)
  if (section === undefined) return [undefined]
  const [body = ''] = section.split(/^\[/m)
  const entries = body.split(/\r?\n/).flatMap((line) => {
    const equals = line.indexOf('=')
    return equals < 1 || /^\s*[;#]/.test(line) ? [] : [[line.slice(0, equals).trim(), line.slice(equals + 1).trim()] as const]
  })
  return [unflatten(entries)]
}

const readers: Readonly<Record<Format, MetadataReader>> = {
  yaml: readYaml, json: readJson, dotenv: readDotenv, ini: readIni, binary: readJson,
}

/** Marks that a text carries sops metadata in that format, cheap enough to try them all. */
const marks: readonly (readonly [Format, RegExp])[] = [
  ['json', /^\s*\{[^]*"sops"\s*:/],
  ['dotenv', /^sops_(?:mac|version)=/m],
  ['ini', /^\[sops\][ \t]*\r?$/m],
  ['yaml', /^["']?sops["']?[ \t]*:/m],
]

/** The text of a file that starts with the mark of UTF-16; null for any other. */
function wideText(bytes: Uint8Array): string | null {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  return first === 0xfe && second === 0xff ? new TextDecoder('utf-16be').decode(bytes) : null
}

function formatByContent(text: string, byName: Format): Format | null {
  const marked = marks.filter(([, mark]) => mark.test(text)).map(([format]) => format)
  // JSON is YAML too, and a binary file is kept as JSON: where the name fits the content, the name decides.
  if (byName === 'yaml' && marked.includes('json')) return 'yaml'
  if (marked.includes(byName)) return byName
  const [format = null] = marked
  return format === 'json' && byName === 'binary' && isBinaryEnvelope(text) ? 'binary' : format
}

function isBinaryEnvelope(text: string): boolean {
  try {
    const names = Object.keys(JSON.parse(text) as object)
    return names.length === 2 && names.includes('data') && names.includes('sops')
  } catch {
    return false
  }
}

/**
 * Reads one file that may be encrypted with sops.
 * null: not sops' (a README that shows an example, say). `damage`: sops' by its content, but not whole.
 */
export function readEncryptedFile(path: string, bytes: Uint8Array): EncryptedFile | DamagedFile | null {
  if (bytes.byteLength > maxBytes) return { path, damage: 'it is larger than 64 MiB' }
  const byName = formatByName(path)
  const wide = wideText(bytes)
  if (wide !== null) return marks.some(([, mark]) => mark.test(wide)) ? { path, damage: 'it is written in UTF-16; sops reads that, but does not write it' } : null
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  const format = formatByContent(text.replace(/^\u{feff}/u, ''), byName)
  if (format === null) return isStump(text, byName) ? { path, damage: 'it has encrypted values but no sops metadata' } : null
  if (format === 'json' && text.startsWith('\u{feff}')) return { path, damage: 'it starts with a byte order mark, which sops cannot read' }
  try {
    const found = readers[format](text).map(readMetadata)
    const [metadata] = found
    if (metadata === undefined || metadata === null) {
      return isStump(text, byName) ? { path, damage: 'its sops metadata is not whole' } : null
    }
    if (found.some((other) => JSON.stringify(other) !== JSON.stringify(metadata))) {
      return { path, damage: 'its documents carry different sops metadata' }
    }
    if (!text.includes(metadata.mac)) return { path, damage: 'its values are written with escapes, as sops never does' }
    // A copy, because a piece of a text keeps all of the text in memory.
    return { path, format, explicitType: format !== byName, metadata: structuredClone(metadata), ...countValues(text, metadata) }
  } catch (error) {
    // A mark alone is not enough: charts and version lists have a `sops` of their own.
    if (!isStump(text, byName)) return null
    return { path, damage: error instanceof TypeError ? error.message : `it is not readable as ${format}: ${parserSays(error)}` }
  }
}

function countValues(text: string, { mac }: SopsMetadata): Pick<EncryptedFile, 'valueCount' | 'encryptsComments'> {
  const values = encryptedValues(text, mac)
  const valueCount = values.filter(({ type }) => type !== 'comment').length
  return { valueCount, encryptsComments: valueCount < values.length }
}

/** Every encrypted value of `file` in the order of its `bytes`, comments among them. */
export function valuesIn(file: EncryptedFile, bytes: Uint8Array): readonly EncryptedValue[] {
  return encryptedValues(new TextDecoder().decode(bytes), file.metadata.mac)
}

/** What a parser says, without what it quotes of the text. */
function parserSays(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return error instanceof SyntaxError ? (/position \d+/.exec(error.message)?.[0] ?? 'it ends too early') : error.message
}

export const wholeFile = '(whole file)'
export const comments = '(comments)'

/**
 * The paths of the secrets in a file, like `db.password` or `hosts[0].token`, in the file's order; `(whole file)` for
 * a binary one, `(comments)` where comments are encrypted.
 */
export function secretNames(file: EncryptedFile, bytes: Uint8Array): readonly string[] {
  const text = new TextDecoder().decode(bytes)
  const names = file.format === 'binary' ? [wholeFile]
    : file.format === 'dotenv' ? lineNames(text, /^([^#\s=][^=]*)=ENC\[AES256_GCM,/)
      : file.format === 'ini' ? iniNames(text)
        : yamlNames(withoutYamlMetadata(text).replace(insideOfValue, ''))
  const unique = [...new Set(names)]
  return file.encryptsComments ? [...unique, comments] : unique
}

function yamlNames(text: string): string[] {
  const quick = readYamlBlock(text)
  if (quick !== null) return treeNames(quick, '')
  return parseAllDocuments(text, { logLevel: 'error' }).flatMap((document) => treeNames(document.toJS({ maxAliasCount: 100 }), ''))
}

function lineNames(text: string, name: RegExp): string[] {
  return text.split('\n').flatMap((line) => name.exec(line)?.[1] ?? []).filter((one) => !one.startsWith('sops_'))
}

function iniNames(text: string): string[] {
  let section = ''
  return text.split('\n').flatMap((line) => {
    section = /^\[(.+)\]\s*$/.exec(line)?.[1] ?? section
    const name = /^([^;#=][^=]*?)\s*=\s*ENC\[AES256_GCM,/.exec(line)?.[1]
    return name === undefined || section === 'sops' ? [] : [section === '' || section === 'DEFAULT' ? name : `${section}.${name}`]
  })
}

function treeNames(value: unknown, path: string): string[] {
  if (typeof value === 'string') return isEncryptedValue(value) ? [path] : []
  // A comment in a list is an item of it as long as it is encrypted.
  if (Array.isArray(value)) return value.filter((item) => !isEncryptedComment(item)).flatMap((item, at) => treeNames(item, `${path}[${at}]`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, item]) =>
    path === '' && name === 'sops' ? [] : treeNames(item, path === '' ? name : `${path}.${name}`))
}
