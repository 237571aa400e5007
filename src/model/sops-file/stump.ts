// Whether a text is what is left of an encrypted file: laid out as sops lays out a format, with a value of sops where values stand.
// Must never take a text that shows an example for one: prose and programs have lines that no such format has.
import { parseAllDocuments } from 'yaml'
import type { Format } from './encrypted-file.ts'

/** `byName` as `formatByName` tells it: where the name says the format, less of the layout has to. */
export function isStump(text: string, byName: Format): boolean {
  if (!text.includes('ENC[AES256_GCM,data:')) return false
  const lines = text.split(/\r\n|\r|\n/)
  if (byName === 'dotenv' || byName === 'ini') return lines.some((line) => ofLines.value.test(line))
  if (byName === 'binary') return isCutJson(text) || isCutYaml(lines) || areNames(lines)
  const whole = hasValues(text)
  return whole ?? (isCutJson(text) || lines.some((line) => inYaml.test(line)))
}

/** Whether a value of sops is among those of a text that parses; null where it does not. */
function hasValues(text: string): boolean | null {
  try {
    const documents = parseAllDocuments(text, { schema: 'failsafe', logLevel: 'error' })
    if (documents.some(({ errors }) => errors.length > 0)) return null
    return documents.some((document) => holdsValue(document.toJS({ maxAliasCount: 100 })))
  } catch {
    return null
  }
}

function holdsValue(value: unknown): boolean {
  // The last one may be cut.
  if (typeof value === 'string') return value.startsWith('ENC[AES256_GCM,')
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsValue)
}

function isCutJson(text: string): boolean {
  return /^\s*\{/.test(text) && /[:[,]\s*"ENC\[AES256_GCM,data:/.test(text)
}

const inYaml = /^[ \t]*(?:- +)*(?:#|"?[^\s"#:=]+"?[ \t]*[:=][ \t]*)?["']?ENC\[AES256_GCM,data:/
const yamlEntry = /^[ \t]*(?:- +)*(?:(?:"[^"]*"|'[^']*'|[^\s"'#:][^:]*):(?:[ \t]|$)|ENC\[|#)|^---|^[ \t]*- /

/** Every line but the last, which may be cut, is an entry, or stands in a block of text below one. */
function isCutYaml(lines: readonly string[]): boolean {
  let block = Infinity
  for (const line of lines.slice(0, -1)) {
    const column = line.search(/\S/)
    if (column < 0 || column > block) continue
    if (!yamlEntry.test(line)) return false
    block = /[:-][ \t]+[|>][-+\d]*[ \t]*$/.test(line) ? column : Infinity
  }
  return lines.some((line) => inYaml.test(line))
}

const ofLines = { value: /^(?:[#;]|(?![#;])[^\s=][^=]*=\s*)ENC\[AES256_GCM,data:/, line: /^\s*(?:[#;].*|\[[^\]]+\]\s*|[^\s=:{}()]+\s*=.*)?$/ }

/** ENV or INI: every line but the last is a name with a value, a section, a comment or empty. */
function areNames(lines: readonly string[]): boolean {
  return lines.slice(0, -1).every((line) => ofLines.line.test(line)) && lines.some((line) => ofLines.value.test(line))
}
