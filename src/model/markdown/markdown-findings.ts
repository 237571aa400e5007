// What a person must know beside the change itself: one line for each kind of finding, the gravest first.
// Must never let many findings of one kind hide another, nor drop one without counting it.
import { count, grouped, listed } from './markdown-paths.ts'
import type { Room } from './markdown-paths.ts'
import type { Finding } from '../report.ts'
import { code, plain } from '../safe-text.ts'

const weight = { error: 0, warning: 2, notice: 3 }

/** Someone can read what they should not, whatever this run does, or loses what is theirs. */
const grave = new Set(['still-reads', 'removed-came-back', 'no-longer-encrypted', 'namesake'])

/** Whether it has to be read before anything else. */
export function isUrgent({ level, code }: Finding): boolean {
  return level === 'error' || grave.has(code)
}

function weightOf(finding: Finding): number {
  return finding.level !== 'error' && isUrgent(finding) ? 1 : weight[finding.level]
}

/** Beyond these, messages of one kind are told by an example. */
const wordings = 3

/** Some are shown whatever the room. */
export function findingLines(findings: readonly Finding[], room: Room): string {
  const kinds = [...grouped(findings, ({ level, code }) => `${level} ${code}`).values()].flatMap((kind) => {
    const messages = [...grouped(kind, ({ message }) => message).values()]
    return messages.length > wordings ? [kind] : messages
  }).sort(([a], [b]) => (a === undefined || b === undefined ? 0 : weightOf(a) - weightOf(b)))
  const [least, length] = room.files === 0 ? [3, 300] : [5, 1000]
  const shown = kinds.slice(0, Math.max(least, room.files))
  const lines = shown.map((kind) => line(kind, room, length))
  const left = findings.length - shown.reduce((sum, kind) => sum + kind.length, 0)
  if (left > 0) lines.push(`\nand ${count(left, 'more finding')}, see the report.`)
  return lines.join('\n')
}

function line(kind: readonly Finding[], room: Room, length: number): string {
  const [first] = kind
  if (first === undefined) return ''
  const level = first.level === 'error' ? '✖ error' : first.level
  // A message may list, on lines of their own, who there is.
  const message = plain(first.message.trim().replace(/(?<!\s)\s*\n\s*/g, '; '), length)
  const limit = isUrgent(first) ? Math.min(100, Math.max(3, room.files)) : 3
  const files = (some: readonly Finding[]): string => {
    const paths = some.map(({ path }) => (path === null ? 'no file' : code(path, 100)))
    return listed(paths, limit)
  }
  if (kind.every((one) => one.message === first.message)) {
    const all = kind.every(({ path }) => path === null)
    const where = all ? (kind.length > 1 ? ` (${kind.length} times)` : '') : ` (${files(kind)})`
    return `- ${level}: ${message}${where}`
  }
  const where = first.path === null ? '' : ` (${code(first.path, 100)})`
  return `- ${level}: ${message}${where}, and ${kind.length - 1} more of the kind ${code(first.code)}: ${files(kind.slice(1))}`
}
