// One version of an encrypted file as history keeps it: who could read it, its values by name, what tells its data key.
// Must never need a key, nor keep more of the text than that.
import { parseAllDocuments } from 'yaml'
import { comments, readEncryptedFile, wholeFile, withoutYamlMetadata } from '../sops-file/encrypted-file.ts'
import type { EncryptedFile, Format } from '../sops-file/encrypted-file.ts'
import { encryptedValues } from '../sops-file/encrypted-value.ts'
import type { EncryptedValue } from '../sops-file/encrypted-value.ts'
import type { Recipient } from '../recipient.ts'
import { readersOf } from '../survey.ts'
import { readYamlBlock } from '../sops-file/yaml-block.ts'

/** Its texts are pieces of the file's, which they keep in memory as long as they are kept. */
export interface Leaf {
  /** Where the value stands; two are the same only where every step is. `spelledKey` says it as people know it. */
  readonly key: string
  readonly iv: string
  /** The tag of AES-GCM: the same for two values only where data key, IV, place and plaintext are the same. */
  readonly token: string
  /** Of the plaintext, in bytes. */
  readonly size: number
}

/** A value that the file leaves in the clear. */
export interface ClearValue {
  readonly key: string
  readonly size: number
}

/** The same with its text, which is never kept. */
export interface ClearText extends ClearValue {
  readonly text: string
}

export interface FileVersion {
  readonly format: Format
  readonly explicitType: boolean
  readonly readers: readonly Recipient[]
  readonly leaves: readonly Leaf[]
  readonly clear: readonly ClearText[]
  /** Texts that only a version with the same data key can have too: the end of each wrapped data key, and the MAC's tag. */
  readonly marks: readonly string[]
}

/** A step into a map or a list. The first step of a key is the document, from 0; where lines share a name, the later ones have -1, -2 and so on. */
type Step = string | number
const anyValue = /ENC\[AES256_GCM,data:[^\][\n]*\]/g
const [ofComments, ofWholeFile] = ['[-1]', '[-2]']

/**
 * The bytes of a file without what keeps sops from reading it, and nobody else: UTF-16, a byte order mark, CRLF. The same bytes where
 * there is none of it.
 */
export function mended(bytes: Buffer): Buffer {
  const [first, second, third] = bytes
  const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  if (!isWide && !(first === 0xef && second === 0xbb && third === 0xbf) && !bytes.includes('\r\n')) return bytes
  // The decoder leaves out the mark.
  return Buffer.from(new TextDecoder(isWide ? (first === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8').decode(bytes).replaceAll('\r\n', '\n'))
}

/** null: no file of sops'. `unreadable`: one by its looks. `bytes` are `mended`. */
export function readVersion(path: string, bytes: Buffer): FileVersion | 'unreadable' | null {
  const file = readEncryptedFile(path, bytes)
  if (file === null) return null
  if ('damage' in file) return 'unreadable'
  const text = bytes.toString()
  const { format, explicitType, metadata } = file
  const values = readableValues(file, text)
  return values === null ? 'unreadable' : {
    format, explicitType, readers: readersOf(file), ...values,
    marks: [...wrappedKeys(format, text), ...encryptedValues(metadata.mac, '').map(({ tag }) => tag)],
  }
}

/** null where the text around the metadata is none of its format, as sops would find too. */
function readableValues(file: EncryptedFile, text: string): ReturnType<typeof valuesOf> | null {
  try {
    return valuesOf(file, text)
  } catch {
    return null
  }
}

/**
 * The name of a value in reports, like `db.password`, `hosts[0]` or `data."tls.crt"`, with `(document 2)` behind it where that is not the
 * first. No two keys of a file have the same, but for lines that share their name.
 */
export function spelledKey(key: string): string {
  if (key === ofComments) return comments
  if (key === ofWholeFile) return wholeFile
  const [document, ...steps] = JSON.parse(key) as [number, ...Step[]]
  const name = (step: string): string => (/[.[\]"]/.test(step) ? JSON.stringify(step) : step)
  const spelled = steps.map((step, at) => typeof step === 'number' ? `[${step}]` : at === 0 ? name(step) : `.${name(step)}`).join('')
  return document > 0 ? `${spelled} (document ${document + 1})` : spelled
}

/** The same for values that can change places without being changed: the items of a list, documents, comments. */
export function placeOf(key: string): string {
  return key === ofComments || key === ofWholeFile ? key : JSON.stringify((JSON.parse(key) as Step[]).map((step) => typeof step === 'number' ? 0 : step))
}

/** A comment has no name by which a decrypted file could be asked for it. */
export function isComment(key: string): boolean {
  return key === ofComments
}

/** The one value of a file that is encrypted as a whole. */
export function isWholeFile(key: string): boolean {
  return key === ofWholeFile
}

/** A value that stands at a name alone can't be moved by what comes and goes around it; an item of a list can. */
export function isListed(key: string): boolean {
  return key === ofComments || (key !== ofWholeFile && (JSON.parse(key) as Step[]).slice(1).some((step) => typeof step === 'number'))
}

const mark = /^ENC\[AES256_GCM,#(\d+)\]$/

function valuesOf({ format, metadata }: EncryptedFile, text: string): Pick<FileVersion, 'leaves' | 'clear'> {
  const values: EncryptedValue[] = []
  // Short stands for the values: what is inside of one has no name, and takes a parser's time.
  const body = withoutMetadata(format, text).replace(anyValue, (whole) => {
    const [value] = encryptedValues(whole, metadata.mac)
    return value === undefined ? whole : `ENC[AES256_GCM,#${values.push(value) - 1}]`
  })
  if (format === 'binary') return { leaves: values.map((one) => leaf(ofWholeFile, one)), clear: [] }
  const valueAt = (scalar: unknown): EncryptedValue | undefined => values[Number(mark.exec(typeof scalar === 'string' ? scalar : '')?.[1] ?? NaN)]
  const isComment = (scalar: unknown): boolean => valueAt(scalar)?.type === 'comment'
  const leaves: Leaf[] = []
  const clear: ClearText[] = []
  for (const [key, scalar] of scalarsIn(format, body, isComment)) {
    const value = valueAt(scalar)
    if (value !== undefined) leaves.push(leaf(key, value))
    else clear.push({ key, size: Buffer.byteLength(scalar), text: scalar })
  }
  return { leaves: [...leaves, ...values.filter(({ type }) => type === 'comment').map((one) => leaf(ofComments, one))], clear }
}

/** What a file in the clear holds, read as sops would encrypt it in that format; nothing where it is none of that. */
export function clearTexts(format: Format, bytes: Buffer): readonly ClearText[] {
  const encoding = format === 'binary' ? 'latin1' : 'utf8'
  try {
    return scalarsIn(format, bytes.toString(encoding)).map(([key, text]) => ({ key, text, size: Buffer.byteLength(text, encoding) }))
  } catch {
    return []
  }
}

function leaf(key: string, { iv, tag, data }: EncryptedValue): Leaf {
  return { key, iv, token: tag, size: Buffer.byteLength(data, 'base64') }
}

/**
 * Every scalar of a text with its key, as sops decrypts a file of that format; an INI file is taken as lines where it is
 * encrypted, and as sops' JSON of it where it is not.
 */
export function scalarsIn(format: Format, text: string, isLeftOut: (item: unknown) => boolean = () => false): readonly (readonly [string, string])[] {
  if (format === 'binary') return [[ofWholeFile, text]]
  const found: (readonly [string, string])[] = []
  const walk = (item: unknown, steps: readonly Step[]): void => {
    if (typeof item === 'string') found.push([JSON.stringify(steps), item])
    else if (Array.isArray(item)) item.filter((one) => !isLeftOut(one)).forEach((one, at) => walk(one, [...steps, at]))
    else if (typeof item === 'object' && item !== null) {
      for (const [name, one] of Object.entries(item)) if (steps.length > 1 || name !== 'sops') walk(one, [...steps, name])
    } else found.push([JSON.stringify(steps), JSON.stringify(item)])
  }
  treesIn(format, text).forEach((tree, at) => walk(tree, [format === 'yaml' ? at : -at]))
  return found
}

/** The documents of a text as maps. Of lines: a map of the first of each name, another of the second ones. */
function treesIn(format: Format, text: string): readonly unknown[] {
  if (format === 'json') return [JSON.parse(text)]
  if (format === 'dotenv') return byTurn(dotenvLines(text))
  if (format === 'ini') return iniTrees(text)
  const documents = text.split(/^---(?=\s|$).*\n?/m).filter((one) => one.trim() !== '').map(readYamlBlock)
  if (documents.every((one) => one !== null)) return documents
  return parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false, logLevel: 'error' }).filter(({ contents }) => contents !== null)
    .map((document): unknown => document.toJS({ maxAliasCount: 100 }))
}

/** sops takes `\n` for a line break, and writes one so. Source: `stores/dotenv/store.go`. */
function dotenvLines(text: string): readonly (readonly [readonly string[], string])[] {
  return [...text.matchAll(/^(?!#)[^\S\n]*([^\s=][^=\n]*)=(.*)$/gm)].map(([, name = '', value = '']) => [[name], value.replaceAll('\\n', '\n')])
}

function iniTrees(text: string): readonly unknown[] {
  if (text.startsWith('{')) {
    const { DEFAULT: top = {}, ...sections } = JSON.parse(text) as Readonly<Record<string, object>>
    return [{ ...sections, ...top }]
  }
  let section = 'DEFAULT'
  return byTurn(text.split('\n').flatMap((line): [string[], string][] => {
    section = /^\[(.+)\]\s*$/.exec(line)?.[1] ?? section
    // Backticks are about a name that would be read as another without them.
    const [, quoted, bare, value = ''] = /^(?:`([^`]+)`[^=]*|([^;#=\s][^=]*))=(.*)$/.exec(line) ?? []
    const name = quoted ?? bare?.trimEnd()
    return name === undefined ? [] : [[section === 'DEFAULT' ? [name] : [section, name], value.trim()]]
  }))
}

interface Names { [name: string]: Names | string }

function byTurn(entries: readonly (readonly [readonly string[], string])[]): readonly unknown[] {
  const seen = new Map<string, number>()
  const trees: Names[] = []
  for (const [steps, value] of entries) {
    const turn = seen.get(steps.join('\n')) ?? 0
    seen.set(steps.join('\n'), turn + 1)
    const [section = '', name] = steps
    const tree = trees[turn] ??= Object.create(null) as Names
    if (name === undefined) tree[section] = value
    else {
      const known = tree[section]
      const names = tree[section] = typeof known === 'object' ? known : Object.create(null) as Names
      names[name] = value
    }
  }
  return trees
}

function withoutMetadata(format: Format, text: string): string {
  if (format === 'yaml') return withoutYamlMetadata(text)
  if (format === 'dotenv') return text.replace(/^sops_.*$/gm, '')
  return format === 'ini' ? text.replace(/^\[sops\][^]*/m, '') : text
}

/** What ends a wrapped data key is as random as all of it. */
const endOfWrapped = 40
const armored = /-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----([^]*?)-----END/g
const bare = /(?:^|[\s"_{,-])enc["']?\s*[:=]\s*["']?(?!-----)([\w+/=:.-]{32,})/gm

/** Each wrapped data key (or part of one), however the format lays it out. */
function wrappedKeys(format: Format, text: string): readonly string[] {
  const start = format === 'yaml' ? text.search(/^["']?sops["']?[ \t]*:/m) : format === 'ini' ? text.search(/^\[sops\]/m)
    : format === 'dotenv' ? text.search(/^sops_/m) : text.lastIndexOf('"sops"')
  const metadata = text.slice(Math.max(start, 0))
  // Where no end follows, each beginning would be looked through to the end of the text.
  const whole = metadata.slice(0, metadata.lastIndexOf('-----END') + '-----END'.length)
  return [...whole.matchAll(armored), ...metadata.matchAll(bare)].map(([, wrapped = '']) => wrapped.replace(/\\n|\s/g, '').slice(-endOfWrapped))
}
