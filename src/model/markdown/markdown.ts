// The job summary and the pull request's body, both from the report and in the same words.
// Must never shorten a count or an honest word to fit: when there is no room, lists are shortened first.
import { accessDiagram, arrows } from '../access/access-diagram.ts'
import type { AccessMap } from '../access/access-map.ts'
import { accessTable } from './markdown-access.ts'
import { accountOf, accountingLine } from './markdown-account.ts'
import type { Account } from './markdown-account.ts'
import { dataKeyAges } from './markdown-ages.ts'
import { checklist, stateCounts } from './markdown-checklist.ts'
import { findingLines, isUrgent } from './markdown-findings.ts'
import { headline, nameLimit, namer, shownIn, who } from './markdown-headline.ts'
import type { Namer } from './markdown-headline.ts'
import { changedFiles, configDiffs, reasons } from './markdown-lists.ts'
import { count, listed } from './markdown-paths.ts'
import type { Room } from './markdown-paths.ts'
import { honestWords, proofs } from './markdown-words.ts'
import type { Report, ReportedFile } from '../report.ts'
import { code, link, plain, visible } from '../safe-text.ts'

export interface MarkdownContext {
  /** Markdown of the workflow's author, put first as it is. */
  readonly bodyHeader: string | null
  /** Hexadecimal. */
  readonly fingerprint: string | null
  readonly runUrl: string | null
  readonly pullRequestUrl: string | null
  readonly reportPath: string | null
  /** Who can read what at the base; left out of a pull request. */
  readonly access?: AccessMap | null
}

// GitHub refuses a body of 65,536 characters, and shows nothing of a summary beyond 1 MiB.
const bodyLimit = 60_000
const summaryLimit = 1_000_000
const headerLimit = 10_000

const rooms: readonly Room[] = [
  { files: Infinity, secrets: Infinity, diffLines: Infinity, picture: true },
  { files: 2000, secrets: 8000, diffLines: 1000, picture: true },
  { files: 500, secrets: 2000, diffLines: 400, picture: true },
  { files: 200, secrets: 1000, diffLines: 200, picture: true },
  { files: 60, secrets: 600, diffLines: 100, picture: true },
  { files: 60, secrets: 200, diffLines: 60, picture: true },
  { files: 20, secrets: 60, diffLines: 20, picture: false },
  { files: 10, secrets: 20, diffLines: 20, picture: false },
  { files: 3, secrets: 5, diffLines: 5, picture: false },
  { files: 0, secrets: 0, diffLines: 0, picture: false },
]

function section(title: string, content: string): string {
  return content === '' ? '' : `### ${title}\n\n${content}`
}

/** Beyond so many, an error that repeats why each file was refused is shorter without it. */
const fewFailed = 3

function whyStopped(report: Report, { failed }: Account, room: Room): string {
  const says = ({ path, reason }: ReportedFile): string => `${visible(path)}: ${visible(reason, 1000)}`
  const shortened = (message: string): string => failed.reduce((text, one) => text.replace(says(one), '\0'), message)
    .replace(/\0(?:; \0)*/g, 'of the files below')
  const shown = report.findings.map((finding) =>
    (finding.level === 'error' && failed.length > fewFailed ? { ...finding, message: shortened(finding.message) } : finding))
  const said = shown.filter(({ level, message }) => level === 'error' && message.length < 1000).map(({ message }) => message)
  const unsaid = failed.filter((one) => !said.some((message) => message === one.reason || message.includes(says(one))))
  const parts = [findingLines(shown, room), reasons(unsaid, room)].filter((part) => part !== '')
  const errors = report.findings.some(({ level }) => level === 'error')
  return errors || failed.length > 0 ? parts.join('\n\n') : [...parts, 'The log of the run says why.'].join('\n\n')
}

/** Empty where there is nothing to draw. */
function picture(report: Report, { voice }: Account): string {
  const shown = shownIn(report)
  const diagram = accessDiagram(report.files, (recipient) => {
    const { owner, key } = shown(recipient)
    return [owner, key].filter((part) => part !== null).join(' ')
  })
  if (diagram === null) return ''
  const legend = [
    ...(diagram.includes(arrows.kept) ? ['Solid: could and can.'] : []),
    ...(diagram.includes(arrows.lost) ? ['Red, dotted: no longer can.'] : []),
    ...(diagram.includes(arrows.gained) ? ['Green, thick: newly can.'] : []),
  ].join(' ')
  // Nothing in it can close the fence: a name's backtick stands as its number.
  const title = voice === 'would' ? 'Who can read what, as it would be' : 'Who can read what'
  return section(title, `${legend}\n\n\`\`\`mermaid\n${diagram}\n\`\`\``)
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
  // Of a run that knows no history all are as they were at the base.
  const states = exposure.every(({ since, state }) => since === null && state === 'current') ? '' : `: ${stateCounts(exposure)}`
  const where = `${count(exposure.length, 'secret')} in ${count(files, 'file')} at ${code(base.slice(0, 12))}${states}.`
  return section(title, `${where} ${checklist(exposure, readers, room)}`)
}

function sections(report: Report, account: Account, name: Namer, drawn: string, room: Room): string[] {
  const { voice, skipped, remaining } = account
  const skippedList = section('Skipped', reasons(skipped, room))
  const accounting = accountingLine(report, account)
  const first = headline(report, account)
  if (voice === 'stopped') return [first, section('What stopped it', whyStopped(report, account, room)), skippedList, accounting]
  const open = voice === 'open'
  const are = count(remaining.length, 'matched file is', 'matched files are')
  const kept = `${are} still encrypted to ${who(report.request.removed)}`
  const still = remaining.length > 0 && !open ? `**✖ ${kept}:**\n\n${reasons(remaining, room)}` : ''
  // What is said of a file above is not said of it twice.
  const above = new Set(still === '' ? [] : remaining.map(({ path }) => path))
  const found = report.findings.filter(({ code, path }) => code !== 'still-reads' || path === null || !above.has(path))
  const urgent = findingLines(found.filter(isUrgent), room)
  return [
    first,
    still,
    urgent === '' ? '' : `**Look at this first:**\n\n${urgent}`,
    changedFiles(account, name, room),
    room.picture ? drawn : '',
    section(voice === 'would' ? 'Config, as it would be' : 'Config', configDiffs(report, room)),
    section('What was proven', proofs(report, account)),
    exposed(report, account, room),
    section('What this cannot do', honestWords(report, account)),
    skippedList,
    section('Unchanged', reasons(unchanged(report), room, 0)),
    section('Findings', findingLines(found.filter((one) => !isUrgent(one)), room)),
    accounting,
  ]
}

function unchanged({ files }: Report): readonly ReportedFile[] {
  return files.filter(({ action }) => action === 'unchanged')
}

/** Fewer bytes than any name in the list of files, and than any line of the checklist. */
const [leastName, leastItem] = [14, 8]

/** Tells without writing it that a text would not fit: one about thousands of files is megabytes. */
function surelyTooMuch({ exposure }: Report, { changed }: Account, room: Room, limit: number): boolean {
  const names = changed.length <= room.files ? changed.length : 0
  return names * leastName + (exposure.length <= room.secrets ? exposure.length : 0) * leastItem > limit
}

function fit(report: Report, limit: number, around: (parts: string[], room: Room) => string[]): string {
  const [account, name] = [accountOf(report), namer(report)]
  const drawn = picture(report, account)
  let text = ''
  for (const room of rooms) {
    if (surelyTooMuch(report, account, room, limit)) continue
    text = `${around(sections(report, account, name, drawn, room), room).filter((part) => part !== '').join('\n\n')}\n`
    if (new TextEncoder().encode(text).length < limit) break
  }
  return text
}

/** Nothing was changed, and the sentence that says why counts for more than any list. */
function stoppedEarly({ outcome }: Report): boolean {
  return outcome === 'refused' || outcome === 'failed'
}

/** Markdown for the job summary, under 1 MiB whatever the report holds. */
export function renderSummary(report: Report, context: MarkdownContext): string {
  const { pullRequestUrl, reportPath, access = null } = context
  return fit(report, summaryLimit, (parts, room) => [
    '## sops-rekey',
    ...parts,
    section('Age of the data keys', stoppedEarly(report) ? '' : dataKeyAges(report, room)),
    section('Who can read what before this run', access === null ? '' : accessTable(access, room)),
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
