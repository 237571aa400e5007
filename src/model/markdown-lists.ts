// The parts of a summary or pull request that grow with the repository: tables, diffs, checklists.
// Must never drop an item without saying how many were dropped.
import { without } from './markdown-account.ts'
import type { Account, Voice } from './markdown-account.ts'
import { count, listed, nameLimit } from './markdown-headline.ts'
import type { Namer } from './markdown-headline.ts'
import type { ExposedSecret, Report, ReportedFile, ReportedRecipient } from './report.ts'
import { code, fenced, plain } from './safe-text.ts'

/** How much is shown of each; beyond it a count. */
export interface Room {
  readonly files: number
  readonly secrets: number
  readonly diffLines: number
}

const foldBeyond = 20

/** A closed `<details>`; `summary` must already be safe. */
function folded(summary: string, content: string): string {
  return `<details><summary>${summary}</summary>\n\n${content}\n\n</details>`
}

function cut<T>(items: readonly T[], limit: number, show: (item: T) => string, noun: string): string {
  const lines = items.slice(0, limit).map(show)
  const left = items.length - lines.length
  const more = lines.length === 0 ? count(left, noun) : `\nand ${count(left, `more ${noun}`)}`
  if (left > 0) lines.push(`${more}, see the report.`)
  return lines.join('\n')
}

function row(file: ReportedFile, name: Namer, voice: Voice): string {
  const { before, after } = file.recipients
  const signed = (sign: string) => (recipient: ReportedRecipient): string => `${sign}${name(recipient)}`
  const moves = [...without(before, after).map(signed('−')), ...without(after, before).map(signed('+'))]
  const unproven = voice === 'would' ? 'to come' : voice === 'open' ? 'in the pull request' : '✖ none'
  const cells = [
    code(file.path),
    listed(moves, 4) || 'as before',
    file.dataKey === 'new' ? 'new data key' : 'as before',
    file.verified ? 'same values ✔' : unproven,
  ]
  return `| ${cells.join(' | ')} |`
}

export function fileTable({ changed, voice }: Account, name: Namer, room: Room): string {
  if (changed.length === 0) return ''
  const left = changed.length - room.files
  if (room.files === 0) return `The report lists the ${count(changed.length, 'file')}.`
  const table = [
    '| File | Recipients | Data key | Proof |',
    '| --- | --- | --- | --- |',
    ...changed.slice(0, room.files).map((file) => row(file, name, voice)),
    ...(left > 0 ? [`\nand ${count(left, 'more file')}, see the report.`] : []),
  ].join('\n')
  return changed.length > foldBeyond ? folded(count(changed.length, 'file'), table) : table
}

export function configDiffs({ configs }: Report, room: Room): string {
  const shown = configs.slice(0, room.files).map(({ path, diff }) => {
    const lines = diff.replace(/\n$/, '').split('\n')
    const left = lines.length - room.diffLines
    const block = fenced('diff', lines.slice(0, room.diffLines))
    return `${code(path)}\n\n${block}${left > 0 ? `\n\nand ${count(left, 'more line')} of it.` : ''}`
  })
  const left = configs.length - shown.length
  if (left > 0) shown.push(`${shown.length === 0 ? count(left, 'config') : `and ${count(left, 'more config')}`}, see the report.`)
  return shown.join('\n\n')
}

/** A task list by file. Secrets that only some of `readers` could read say who. */
export function checklist(exposure: readonly ExposedSecret[], readers: readonly string[], room: Room): string {
  if (room.secrets === 0) return 'The report lists them.'
  const groups = new Map<string, ExposedSecret[]>()
  for (const secret of exposure) {
    const group = groups.get(secret.file)
    if (group === undefined) groups.set(secret.file, [secret])
    else group.push(secret)
  }
  const item = ({ key, readBy }: ExposedSecret): string =>
    `- [ ] ${code(key)}${readBy.length < readers.length ? ` (${listed(readBy.map((reader) => plain(reader, nameLimit)))})` : ''}`
  const fold = exposure.length > 60
  const parts: string[] = []
  let shown = 0
  for (const [file, secrets] of groups) {
    if (shown >= room.secrets) break
    const some = secrets.slice(0, room.secrets - shown)
    shown += some.length
    const title = `${code(file)} (${secrets.length})`
    const open = [`- ${title}`, ...some.map((one) => `  ${item(one)}`)]
    parts.push(fold ? folded(title, some.map(item).join('\n')) : open.join('\n'))
  }
  const left = exposure.length - shown
  if (left > 0) parts.push(`${fold ? '' : '\n'}and ${count(left, 'more secret')}, see the report.`)
  return parts.join(fold ? '\n\n' : '\n')
}

export function reasons(files: readonly ReportedFile[], room: Room): string {
  return cut(files, room.files, ({ path, reason }) => `- ${code(path)}: ${plain(reason)}`, 'file')
}

const weight = { error: 0, warning: 1, notice: 2 }

/** Errors first. Some findings are shown whatever the room, because they say what a person must know. */
export function findings({ findings }: Report, room: Room): string {
  const sorted = findings.toSorted((a, b) => weight[a.level] - weight[b.level])
  const [least, length] = room.files === 0 ? [3, 300] : [5, 1000]
  return cut(sorted, Math.max(least, room.files), ({ level, message, path }) => {
    const where = path === null ? '' : ` (${code(path, 100)})`
    // A message may list, on lines of their own, who there is.
    return `- ${level === 'error' ? '✖ error' : level}: ${plain(message.trim().replace(/\s*\n\s*/g, '; '), length)}${where}`
  }, 'finding')
}
