// The job summary and the pull request's body, both from the report and in the same words.
// Must never shorten a count or an honest word to fit: when there is no room, lists are shortened first.
import { accountOf, accountingLine } from './markdown-account.ts'
import type { Account } from './markdown-account.ts'
import { count, headline, listed, nameLimit, namer, who } from './markdown-headline.ts'
import type { Namer } from './markdown-headline.ts'
import { checklist, configDiffs, fileTable, findings, reasons } from './markdown-lists.ts'
import type { Room } from './markdown-lists.ts'
import { honestWords, proofs } from './markdown-words.ts'
import type { Report } from './report.ts'
import { code, link, plain } from './safe-text.ts'

export interface MarkdownContext {
  /** Markdown of the workflow's author, put first as it is. */
  readonly bodyHeader: string | null
  /** Hexadecimal. */
  readonly fingerprint: string | null
  readonly runUrl: string | null
  readonly pullRequestUrl: string | null
  readonly reportPath: string | null
}

// GitHub refuses a body of 65,536 characters, and shows nothing of a summary beyond 1 MiB.
const bodyLimit = 60_000
const summaryLimit = 1_000_000
const headerLimit = 10_000

const rooms: readonly Room[] = [
  { files: Infinity, secrets: Infinity, diffLines: Infinity },
  { files: 2000, secrets: 8000, diffLines: 1000 },
  { files: 500, secrets: 2000, diffLines: 400 },
  { files: 200, secrets: 1000, diffLines: 200 },
  { files: 60, secrets: 600, diffLines: 100 },
  { files: 20, secrets: 200, diffLines: 60 },
  { files: 10, secrets: 40, diffLines: 20 },
  { files: 3, secrets: 10, diffLines: 5 },
  { files: 0, secrets: 0, diffLines: 0 },
]

function section(title: string, content: string): string {
  return content === '' ? '' : `### ${title}\n\n${content}`
}

function whyStopped(report: Report, { failed }: Account, room: Room): string {
  const errors = report.findings.some(({ level }) => level === 'error')
  return [findings(report, room), reasons(failed, room), errors || failed.length > 0 ? '' : 'The log of the run says why.']
    .filter((part) => part !== '').join('\n\n')
}

function exposed(report: Report, { gone }: Account, room: Room): string {
  const { exposure, request, base } = report
  const readers = [...new Set(exposure.flatMap(({ readBy }) => readBy))]
  if (exposure.length === 0) {
    const lost = request.removed.length > 0 ? request.removed : gone
    return lost.length === 0 ? ''
      : section('Secrets to change', `At ${code(base.slice(0, 12))} none was found that ${who(lost)} could read.`)
  }
  const files = new Set(exposure.map(({ file }) => file)).size
  const title = `Secrets ${listed(readers.map((reader) => plain(reader, nameLimit)), 3)} could read`
  const where = `${count(exposure.length, 'secret')} in ${count(files, 'file')} at ${code(base.slice(0, 12))}.`
  return section(title, `${where} Tick each once its value has been changed.\n\n${checklist(exposure, readers, room)}`)
}

function sections(report: Report, account: Account, name: Namer, room: Room): string[] {
  const { voice, skipped, remaining } = account
  const skippedList = section('Skipped', reasons(skipped, room))
  const accounting = accountingLine(report, account)
  const first = headline(report, account)
  if (voice === 'stopped') return [first, section('What stopped it', whyStopped(report, account, room)), skippedList, accounting]
  const are = count(remaining.length, 'matched file is', 'matched files are')
  const kept = `${are} still encrypted to ${who(report.request.removed)}`
  const still = remaining.length > 0 && voice !== 'open' ? `**✖ ${kept}:**\n\n${reasons(remaining, room)}` : ''
  return [
    first,
    still,
    fileTable(account, name, room),
    section(voice === 'would' ? 'Config, as it would be' : 'Config', configDiffs(report, room)),
    section('What was proven', proofs(report, account)),
    exposed(report, account, room),
    section('What this cannot do', honestWords(report, account)),
    skippedList,
    section('Findings', findings(report, room)),
    accounting,
  ]
}

/** Fewer bytes than any row of the table, and than any line of the checklist. */
const [leastRow, leastItem] = [20, 8]

/** Tells without writing it that a text would not fit: one about thousands of files is megabytes. */
function surelyTooMuch({ exposure }: Report, { changed }: Account, room: Room, limit: number): boolean {
  return Math.min(changed.length, room.files) * leastRow + Math.min(exposure.length, room.secrets) * leastItem > limit
}

function fit(report: Report, limit: number, around: (parts: string[]) => string[]): string {
  const [account, name] = [accountOf(report), namer(report)]
  let text = ''
  for (const room of rooms) {
    if (surelyTooMuch(report, account, room, limit)) continue
    text = `${around(sections(report, account, name, room)).filter((part) => part !== '').join('\n\n')}\n`
    if (new TextEncoder().encode(text).length < limit) break
  }
  return text
}

/** Markdown for the job summary, under 1 MiB whatever the report holds. */
export function renderSummary(report: Report, context: MarkdownContext): string {
  const { pullRequestUrl, reportPath } = context
  return fit(report, summaryLimit, (parts) => [
    '## sops-rekey',
    ...parts,
    pullRequestUrl === null ? '' : link('The pull request', pullRequestUrl),
    reportPath === null ? '' : `The report: ${code(reportPath)}`,
  ])
}

/**
 * Markdown for the pull request, under 60,000 bytes of UTF-8 whatever the report holds. The last line is the hidden marker
 * `<!-- sops-rekey fingerprint=… -->`; throws a RangeError where the fingerprint is not hexadecimal.
 */
export function renderPullRequestBody(report: Report, context: MarkdownContext): string {
  const { bodyHeader, fingerprint, runUrl } = context
  if (fingerprint !== null && !/^[0-9a-f]+$/.test(fingerprint)) throw new RangeError('The fingerprint is not hexadecimal.')
  const header = bodyHeader === null || new TextEncoder().encode(bodyHeader).length <= headerLimit ? bodyHeader?.trim() ?? ''
    : `(The body header has ${bodyHeader.length} characters and was left out.)`
  return fit(report, bodyLimit, (parts) => [
    header,
    ...parts,
    runUrl === null ? '' : `Made by ${link('this run', runUrl)} of sops-rekey.`,
    fingerprint === null ? '' : `<!-- sops-rekey fingerprint=${fingerprint} -->`,
  ])
}
