// The text of a tracking issue: first written, then brought up to date around what people wrote into it.
// Must never touch more than the mark, the count and the lines of the list that are ours.
import type { FormerPaths } from '../exposure/former-paths.ts'
import { who } from '../markdown/markdown-headline.ts'
import { count } from '../markdown/markdown-paths.ts'
import type { ExposedSecret, ReportedRecipient } from '../report.ts'
import { link, visible } from '../safe-text.ts'
import { shortForm } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import { isDone } from '../report.ts'
import { entriesOf, grains } from './tracking-issue-lines.ts'
import type { Grain } from './tracking-issue-lines.ts'
import { mergeList, renderList } from './tracking-issue-list.ts'
import type { Verdict } from './tracking-issue-list.ts'
import { trackingMarker, withTrackingMarker } from './tracking-issue-marker.ts'
import type { TrackingMark } from './tracking-issue-marker.ts'

export interface TrackedRemoval {
  readonly removed: readonly ReportedRecipient[]
  /** Keys that they held before: what those could read is in `exposure` too. */
  readonly earlier?: readonly Recipient[]
  /** What narrows the removal (a base that is not the usual one, globs); empty where nothing does. */
  readonly scope: string
  /** Everything that they could read, whatever has become of it. */
  readonly exposure: readonly ExposedSecret[]
  /** Paths that the files in `exposure` had before: of those that it has none of, lines may speak that were written then. */
  readonly formerPaths: FormerPaths
  /** Only part of the history was there, so there may be more. */
  readonly partial: boolean
  /** The commit it was looked at. */
  readonly commit: string
  readonly runUrl: string | null
  readonly pullRequestUrl: string | null
}

export interface MergedIssue {
  readonly body: string
  /** Whether anything but the commit in the mark is another. */
  readonly changed: boolean
  /** Every line is ticked, and all of the history was there. */
  readonly complete: boolean
  readonly verdicts: readonly Verdict[]
  /** The marks around the list were gone, so it was added again at the end. */
  readonly appended: boolean
  /** The list had become too long for a line each, and was written anew; null where it was not. */
  readonly shortened: Grain | null
}

/** GitHub takes 65,536 characters; the rest is for people. */
const bodyLimit = 60_000
/** A longer list is nothing that a person ticks off one by one. */
const mostLines = 400

const beginLine = /^<!-- sops-rekey list=(secret|file|\d+) -->\s*$/
const endLine = /^<!-- sops-rekey list end -->\s*$/
const countMark = ' <!-- sops-rekey count -->'

/** One line, for GitHub's 256 characters. */
export function trackingTitle(removed: readonly ReportedRecipient[]): string {
  const said = new Set(removed.map(({ owner, kind, id }) => owner ?? shortForm({ kind, id })))
  const names = [...said].map((name) => visible(name, 60))
  const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
  return `Change the secrets that ${shown} could read`
}

/** Markdown below 60,000 characters, with all that is needed to keep it. */
export function newTrackingBody(removal: TrackedRemoval, mark: TrackingMark): string {
  const { removed, exposure, runUrl, pullRequestUrl } = removal
  const ticked = new Set(exposure.filter(isDone))
  const text = (grain: Grain): string => [
    `${who(removed)} could read the secrets below. Encrypting the files again does not take back what was read, and the git `
    + 'history keeps it readable: **each secret has to be changed where it is issued**, then in its file.',
    section(removal, grain, renderList(exposure, grain, readersOf(exposure), ticked), ticked),
    'Each run ticks what has been changed since, and says here what is new. Tick a line yourself where the secret no longer '
    + 'works although the file still holds it: that stays. What you write above, below or behind a line stays too. Once every '
    + 'line is ticked, the next run closes the issue.',
    [
      runUrl === null ? '' : `Made by ${link('this run', runUrl)} of sops-rekey.`,
      pullRequestUrl === null ? '' : `Access ends with ${link('the pull request', pullRequestUrl)}.`,
    ].filter((part) => part !== '').join(' '),
    trackingMarker(mark),
  ].filter((part) => part !== '').join('\n\n')
  return text(fitting(text, exposure, grains))
}

/** Brings the text up to date; see `mergeList` for what becomes of the lines of the list. */
export function mergeTrackingBody(previous: string, removal: TrackedRemoval, mark: TrackingMark): MergedIssue {
  const { exposure, formerPaths, partial } = removal
  const [lines, readers] = [previous.split('\n'), readersOf(exposure)]
  const found = findSection(lines)
  const grain = found?.grain ?? 'secret'
  const merged = mergeList(found === null ? lines : lines.slice(found.begin + 1, found.end), exposure, grain, readers, formerPaths)
  const ticked = new Set(merged.verdicts.filter((one) => one.ticked).flatMap(({ entry }) => entry.secrets))
  const around = (list: string): string => {
    if (found !== null) return [...lines.slice(0, found.begin), list, ...lines.slice(found.end + 1)].join('\n')
    const rest = lines.filter((line) => !beginLine.test(line) && !endLine.test(line)).join('\n')
    return `${rest.trimEnd()}\n\n${list}\n`
  }
  const recountedLines = merged.lines.map((line) => recounted(line, removal, ticked))
  const kept = around([lines[found?.begin ?? -1] ?? '', ...recountedLines, lines[found?.end ?? -1] ?? ''].join('\n'))
  const fits = found !== null && kept.length <= bodyLimit && merged.lines.length <= 2 * mostLines
  const rewritten = (one: Grain): string => around(section(removal, one, renderList(exposure, one, readers, ticked), ticked))
  const shorter = fits ? grain : fitting(rewritten, exposure, found === null ? grains : grains.slice(grains.indexOf(grain) + 1))
  const text = fits ? kept : rewritten(shorter)
  return {
    body: withTrackingMarker(text, mark), changed: text !== previous, complete: merged.complete && !partial,
    verdicts: merged.verdicts,
    appended: found === null, shortened: found !== null && shorter !== grain ? shorter : null,
  }
}

/** The first with which the text is short enough; the shortest where none is. */
function fitting(text: (grain: Grain) => string, exposure: readonly ExposedSecret[], among: readonly Grain[]): Grain {
  const lines = (grain: Grain): number => (grain === 'secret' ? exposure.length : entriesOf(exposure, grain).length)
  return among.find((grain) => lines(grain) <= mostLines && text(grain).length <= bodyLimit) ?? 0
}

interface Section {
  /** The lines of its marks. */
  readonly begin: number
  readonly end: number
  readonly grain: Grain
}

/** null where a mark is missing. */
function findSection(lines: readonly string[]): Section | null {
  const begin = lines.findLastIndex((line) => beginLine.test(line))
  const end = lines.findIndex((line, at) => at > begin && endLine.test(line))
  const [, said = ''] = beginLine.exec(lines[begin] ?? '') ?? []
  const grain = grains.find((one) => `${one}` === said)
  return begin < 0 || end < 0 || grain === undefined ? null : { begin, end, grain }
}

function section(removal: TrackedRemoval, grain: Grain, list: readonly string[], ticked: ReadonlySet<ExposedSecret>): string {
  const lines = [`<!-- sops-rekey list=${grain} -->`, countLine(removal, ticked), '', ...list, '', '<!-- sops-rekey list end -->']
  return lines.join('\n')
}

function countLine({ exposure, partial }: TrackedRemoval, ticked: ReadonlySet<ExposedSecret>): string {
  const left = exposure.filter((secret) => !ticked.has(secret)).length
  const all = `${count(exposure.length, 'secret')}${partial ? ' that could be seen' : ''}`
  // A list that an earlier run saw more of is not done because this one saw less.
  const said = partial && exposure.length === 0 ? 'None of the secrets could be seen this time.'
    : left === 0 ? `None of ${all} is left to change.` : `${left} of ${all} ${left === 1 ? 'is' : 'are'} left to change.`
  const more = partial ? ' Only part of the git history was there, so there may be more, and the issue is not closed by itself.'
    : ''
  return `**${said}**${more}${countMark}`
}

function recounted(line: string, removal: TrackedRemoval, ticked: ReadonlySet<ExposedSecret>): string {
  const end = line.endsWith('\r') ? '\r' : ''
  return line.endsWith(`${countMark}${end}`) ? `${countLine(removal, ticked)}${end}` : line
}

function readersOf(exposure: readonly ExposedSecret[]): readonly string[] {
  return [...new Set(exposure.flatMap(({ readBy }) => readBy))]
}
