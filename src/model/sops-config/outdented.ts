// The text of a `.sops.yaml` for a parser stricter than that of sops, for which lines inside brackets or quotes begin anywhere.
// Must never move a character: what is joined stands at its old offset.
import type { YAMLError } from 'yaml'
import { lineEnd, lineStart } from './comments.ts'

/** More than this, in characters parsed, is no list of keys. */
const maxWork = 2_000_000

/** Whether the error is about brackets or quotes that are not closed, or whose next line begins too far left. */
export function isOutdented({ code, message }: YAMLError): boolean {
  return code === 'BAD_INDENT' ? message.startsWith('Flow ') : code === 'MISSING_CHAR' && message.startsWith('Missing closing ')
}

/**
 * The text with blanks for each line end, and the comment before it, after which a line inside brackets or quotes begins too far
 * left; null where that is not all that is wrong with it, or would not mean the same.
 */
export function withoutOutdents(text: string, errorsIn: (source: string) => readonly YAMLError[]): string | null {
  let source = text
  for (let work = 0; work <= maxWork; work += text.length) {
    const errors = errorsIn(source)
    if (errors.length === 0) return source
    const error = errors.find(isOutdented)
    const next = error === undefined ? null : joined(source, error)
    if (next === null) return null
    source = next
  }
  return null
}

function joined(source: string, { code, pos: [at] }: YAMLError): string | null {
  const quoted = code === 'MISSING_CHAR'
  const end = quoted ? lineEnd(source, at) : lineStart(source, at) - 1
  // A marker ends the document even between quotes.
  if (end < 0 || end >= source.length - 1 || /^(?:---|\.\.\.)/.test(source.slice(end + 1, end + 4))) return null
  const start = lineStart(source, end)
  const line = source.slice(start, end)
  const comment = quoted ? -1 : line.search(/(?:^|[\s,[\]{}])#/)
  // In quotes a # is none of a comment, and a backslash at the end joins what a blank would part.
  if (quoted ? line.trimEnd().endsWith('\\') : comment !== -1 && /["']/.test(line)) return null
  const kept = comment === -1 ? line.trimEnd() : line.slice(0, comment)
  return source.slice(0, start) + kept.padEnd(end + 1 - start) + source.slice(end + 1)
}
