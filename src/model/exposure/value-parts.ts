// What a value of many lines, a JSON text or a URL is made of, each part of which can be a secret: its lines, its scalars, its password.
// Pure. Must never keep a value, nor take for a part what nobody keeps a secret in: a name alone, a bracket, a public key.
import { shortest } from './hiding-places.ts'
import { unquoted } from './spellings.ts'

/** Each part as the texts by which it is found again: a line, and what is assigned in it. */
export interface ValueParts {
  readonly kind: 'line' | 'value' | 'password'
  readonly parts: readonly (readonly string[])[]
  /** There are more than are compared. */
  readonly tooMany: boolean
}

export const mostParts = 10_000
/** Of one part. */
export const mostTexts = 4

/** null for a value of one piece, and for bytes that are no text. */
export function partsOf(value: string): ValueParts | null {
  const text = value.trim()
  if (value.includes('\0')) return null
  const scalars = jsonScalars(text)
  if (scalars !== null) return limited('value', scalars.flatMap(([, scalar]) => partsOfScalar(scalar)))
  if (/[\n\r]/.test(text)) return limited('line', partsOfLines(text))
  const passwords = passwordsIn(text)
  return passwords.length === 0 ? null : limited('password', [passwords])
}

/** The same for all texts that are one JSON, however it is laid out; null for what is no object or array. */
export function canonicalJson(text: string): string | null {
  const scalars = jsonScalars(text.trim())
  return scalars === null ? null : JSON.stringify([...scalars].sort(([one], [other]) => (one < other ? -1 : 1)))
}

function limited(kind: ValueParts['kind'], parts: ValueParts['parts']): ValueParts {
  return { kind, parts: parts.slice(0, mostParts), tooMany: parts.length > mostParts }
}

/** What is nested deeper was written by no one. */
const deepest = 64

/** Each scalar by its path. */
function jsonScalars(text: string): readonly (readonly [string, unknown])[] | null {
  if (!/^(?:\{[^]*\}|\[[^]*\])$/.test(text)) return null
  const found: (readonly [string, unknown])[] = []
  const walk = (item: unknown, path: readonly (string | number)[]): boolean => {
    if (path.length > deepest) return false
    const inside = typeof item === 'object' && item !== null ? Object.entries(item) : []
    if (inside.length > 0) return inside.every(([name, one]) => walk(one, [...path, Array.isArray(item) ? Number(name) : name]))
    found.push([JSON.stringify(path), item])
    return true
  }
  try {
    return walk(JSON.parse(text), []) ? found : null
  } catch {
    return null
  }
}

function partsOfScalar(scalar: unknown): ValueParts['parts'] {
  if (typeof scalar !== 'string') return typeof scalar === 'number' ? told([String(scalar)]) : []
  return /[\n\r]/.test(scalar.trim()) ? partsOfLines(scalar) : told([scalar.trim(), ...passwordsIn(scalar.trim())])
}

const armor = /^-----(BEGIN|END) ([^-]*)-----$/
const noSecret = /CERTIFICATE|PUBLIC KEY|PARAMETERS/

function partsOfLines(text: string): ValueParts['parts'] {
  const parts: (readonly string[])[] = []
  /** A key is one part: what its first lines say, all keys of its kind say. */
  let key: { readonly kind: string; readonly lines: string[] } | null = null
  const close = (): void => {
    if (key !== null && !noSecret.test(key.kind)) parts.push(...told([key.lines.join('')]))
    key = null
  }
  for (const line of text.split(/\r\n?|\n/).map((one) => one.trim())) {
    const [, side, kind = ''] = armor.exec(line) ?? []
    if (side !== undefined) {
      close()
      if (side === 'BEGIN') key = { kind, lines: [] }
    } else if (key === null) parts.push(...partsOfLine(line))
    else key.lines.push(line)
    if (parts.length > mostParts) break
  }
  close()
  return parts
}

const assignment = /^[^:=]*[:=]\s*(.*)$/
/** A name alone: of a block, of a section, of a list. */
const noValue = /^(?:[|>][+-]?\d?[+-]?|[[{(]*)$/

function partsOfLine(line: string): ValueParts['parts'] {
  if (!/[\p{L}\p{N}]/u.test(line) || /^\[[^\]]*\]$/.test(line)) return []
  const [, right = line.replace(/^-\s+/, '')] = assignment.exec(line) ?? []
  const bare = unquoted(right.replace(/[,;]$/, '').trim()).trim()
  return noValue.test(bare) ? [] : told([line, bare, ...passwordsIn(bare), ...passwordsIn(line)])
}

/** One part, where any of its texts is long enough to be no other by chance. */
function told(texts: readonly string[]): ValueParts['parts'] {
  const long = [...new Set(texts)].filter((text) => Buffer.byteLength(text) >= shortest)
  return long.length === 0 ? [] : [long.slice(0, mostTexts)]
}

/** The password of a URL, as it stands there and as it is meant. */
function passwordsIn(text: string): readonly string[] {
  const [, password] = /^[a-z][\w+.-]*:\/\/[^\s/?#:@]*:([^\s/?#]+)@/i.exec(text) ?? []
  if (password === undefined) return []
  try {
    return [...new Set([password, decodeURIComponent(password)])]
  } catch {
    return [password]
  }
}
