// The job summary of a check, from its report.
// Must never shorten a count to fit: when there is no room, lists are shortened first.
import { checkRules, ruleOf } from '../check/check-rules.ts'
import type { CheckFinding, CheckReport } from '../check/check.ts'
import { dataKeyAges } from './markdown-ages.ts'
import { checklist } from './markdown-checklist.ts'
import { nameLimit } from './markdown-headline.ts'
import { count, folded, grouped, listed } from './markdown-paths.ts'
import { code, link, plain } from '../safe-text.ts'

/** GitHub shows nothing of a summary beyond 1 MiB. */
const limit = 1_000_000

/** How many findings of a code, and secrets, are listed. */
const rooms = [Infinity, 1000, 200, 50, 10, 0]

const words = { error: '✖ error', warning: 'warning', notice: 'notice' } as const

export interface CheckContext {
  /** The address of docs/check.md; null where it is not known. */
  readonly documentation: string | null
  readonly reportPath: string | null
}

/** Markdown under 1 MiB, whatever the report holds. */
export function renderCheck(report: CheckReport, context: CheckContext): string {
  let text = ''
  for (const room of rooms) {
    text = `${sections(report, context, room).filter((part) => part !== '').join('\n\n')}\n`
    if (new TextEncoder().encode(text).length < limit) break
  }
  return text
}

function sections(report: CheckReport, { documentation, reportPath }: CheckContext, room: number): string[] {
  const { counts, findings, base } = report
  const kinds = [...grouped(findings, (one) => `${one.level} ${one.code}`).values()]
  const at = base === '' ? '' : ` at ${code(base.slice(0, 12))}`
  const files = [
    [counts.inLine, 'in line with their config'], [counts.drifted, 'drifted'], [counts.withoutRule, 'without a rule'],
    [counts.notTold, 'not told'], [counts.damaged, 'damaged'], [counts.skipped, 'skipped'],
  ].filter(([number]) => number !== 0).map(([number = 0, what = '']) => `${number} ${what}`)
  const all = counts.inLine + counts.drifted + counts.withoutRule + counts.notTold + counts.damaged + counts.skipped
  return [
    '## sops-rekey check',
    headline(report),
    `${count(all, 'matched file')}${at}${files.length === 0 ? '' : `: ${listed(files, 6)}`}. No key was used.`,
    kinds.length === 0 ? '' : table(kinds, documentation),
    ...kinds.map((kind) => details(kind, room)),
    exposed(report, room),
    aged(report, room),
    reportPath === null ? '' : `The report: ${code(reportPath)}`,
  ]
}

function headline({ counts: { errors, warnings, notices } }: CheckReport): string {
  const said = [
    ...(errors > 0 ? [count(errors, 'error')] : []), ...(warnings > 0 ? [count(warnings, 'warning')] : []),
    ...(notices > 0 ? [count(notices, 'notice')] : []),
  ]
  return said.length === 0 ? '**✔ Nothing found**' : `**${errors > 0 ? '✖ ' : ''}${listed(said)}**`
}

function table(kinds: readonly (readonly CheckFinding[])[], documentation: string | null): string {
  const rows = kinds.flatMap(([first, ...more]) => {
    if (first === undefined) return []
    // What stopped the check has no heading there.
    const known = documentation !== null && Object.hasOwn(checkRules, first.code)
    const name = known ? link(first.code, `${documentation}#${first.code}`) : code(first.code)
    return [`| ${[name, words[first.level], more.length + 1, plain(ruleOf(first.code).title)].join(' | ')} |`]
  })
  return ['| Finding | Level | Count | What is the matter |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

/** Findings of one code, those with the same words together, and what to do about them; errors can be read without a click. */
function details(kind: readonly CheckFinding[], room: number): string {
  const [first] = kind
  if (first === undefined) return ''
  const alike = [...grouped(kind, ({ message }) => message).values()]
  const shown = alike.slice(0, room)
  const lines = shown.map((same) => {
    const places = same.flatMap(({ path, line }) => (path === null ? [] : [`${code(path)}${line === null ? '' : `:${line}`}`]))
    const where = places.length === 0 ? '' : `${listed(places, Math.max(3, room))}: `
    return `- ${where}${plain(same[0]?.message ?? '', 1000)}`
  })
  const left = kind.length - shown.reduce((sum, same) => sum + same.length, 0)
  if (left > 0) lines.push(`- ${left} more, see the report`)
  const { title, help } = ruleOf(first.code)
  return folded(`${words[first.level]}: ${plain(title)} (${kind.length})`, [...lines, '', help].join('\n'), first.level === 'error')
}

function aged({ dataKeys, startedAt }: CheckReport, room: number): string {
  const ages = dataKeyAges({ files: dataKeys.map((one) => ({ ...one, dataKey: 'same' })), startedAt }, { files: room })
  return ages === '' ? '' : `### Age of the data keys\n\n${ages}`
}

function exposed({ exposure }: CheckReport, room: number): string {
  if (exposure.length === 0) return ''
  const readers = [...new Set(exposure.flatMap(({ readBy }) => readBy))]
  const who = listed(readers.map((reader) => plain(reader, nameLimit)), 3)
  const list = checklist(exposure, readers, { files: room, secrets: room, diffLines: 0, picture: false })
  return `### Secrets ${who} could read\n\n${count(exposure.length, 'secret')}. ${list}`
}
