// Places in a text, and edits of it: what stands between two offsets gives way to something else.
// Must never know what the text is about.
import { lineEnd, lineStart } from './comments.ts'

/** What stands between the offsets gives way to the text. */
export interface TextEdit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The text with the edits made. Of several at one offset the first comes first. */
export function rewrite(text: string, edits: readonly TextEdit[]): string {
  let [result, at] = ['', 0]
  for (const { start, end, text: made } of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    result += text.slice(at, Math.max(at, start)) + made
    at = Math.max(at, end)
  }
  return result + text.slice(at)
}

export function inserted(at: number, text: string): TextEdit {
  return { start: at, end: at, text }
}

/** The line end of the line at an offset; that of the line before where it has none. */
export function eolAt(text: string, at: number): string {
  const end = lineEnd(text, at)
  const last = end === text.length ? text.lastIndexOf('\n') : end
  return last > 0 && text[last - 1] === '\r' ? '\r\n' : '\n'
}

/** The end of what stands in the line at an offset: before CR and LF. */
export function contentEnd(text: string, at: number): number {
  const end = lineEnd(text, at)
  return end > 0 && text[end - 1] === '\r' ? end - 1 : end
}

export function columnOf(text: string, at: number): number {
  return at - lineStart(text, at)
}
