// The exposure of a removal → the issue that keeps its checklist: opened, brought up to date, closed, opened again.
// Must never touch an issue that the token's owner did not open, nor fail a run: what goes wrong is a warning.
import { canonicalId } from '../model/recipient.ts'
import { visible } from '../model/safe-text.ts'
import { isDone } from '../model/report.ts'
import { isSameRemoval, readTrackingMarker, retiredBody, trackingVersion } from '../model/tracking-issue/tracking-issue-marker.ts'
import type { TrackingMark } from '../model/tracking-issue/tracking-issue-marker.ts'
import { trackingComment } from '../model/tracking-issue/tracking-issue-comment.ts'
import { mergeTrackingBody, newTrackingBody, trackingTitle } from '../model/tracking-issue/tracking-issue.ts'
import type { TrackedRemoval } from '../model/tracking-issue/tracking-issue.ts'
import { changeIssue, commentOnIssue, createIssue, labelIssue, listIssues, ownLogin } from '../tools/github-issues.ts'
import type { Issue } from '../tools/github-issues.ts'
import { GitHubFailure } from '../tools/github.ts'
import type { GitHub } from '../tools/github.ts'
import { sha256Of } from '../tools/staging.ts'

export interface TrackingIssue {
  readonly number: number | null
  readonly url: string | null
  readonly operation: 'created' | 'updated' | 'unchanged' | 'closed' | 'reopened' | 'none'
  /** Sentences: what could not be done, and why. */
  readonly warnings: readonly string[]
}

/** By which the issue is found again among any number of others. */
export const trackingLabel = 'sops-rekey'

/** The waits, in milliseconds, before each further try to open the issue. */
const pauses = [1_000, 2_000, 4_000]
const [labelPages, creatorPages] = [10, 3]
/** Post-quantum keys have 2,000 characters each, and the text has to stay below GitHub's limit. */
const mostIds = 4_000

/** Never throws. Opens no issue where nothing is left to change. */
export async function keepTrackingIssue(github: GitHub, removal: TrackedRemoval): Promise<TrackingIssue> {
  const mark = markOf(removal)
  const warnings: string[] = []
  let issue: Issue | null = null
  try {
    const found = await find(github, mark, removal)
    warnings.push(...found.warnings)
    issue = found.issue
    if (issue === null) {
      if (found.foreign || removal.exposure.every(isDone)) return { number: null, url: null, operation: 'none', warnings }
      const made = await create(github, removal, mark)
      return { number: made.number, url: made.url, operation: 'created', warnings }
    }
    for (const { number, body } of found.duplicates) {
      await attempt(warnings, `Issue #${number}, a duplicate of #${issue.number}, stays open`, async () => {
        await changeIssue(github, number, { body: retiredBody(body), state: 'closed', reason: 'duplicate' })
      })
    }
    return { number: issue.number, url: issue.url, ...await update(github, issue, removal, mark, warnings), warnings }
  } catch (error) {
    const what = issue === null ? 'The tracking issue could not be kept'
      : `The tracking issue #${issue.number} was not brought up to date`
    warnings.push(`${what}: ${words(error)}`)
    return { number: issue?.number ?? null, url: issue?.url ?? null, operation: 'none', warnings }
  }
}

/** The removals that the token's owner has an issue about, the oldest of each. Throws a Failure where GitHub does not say. */
export async function trackedRemovals(github: GitHub): Promise<readonly (TrackingMark & { readonly number: number })[]> {
  const issues = await listIssues(github, { labels: trackingLabel }, labelPages)
  const marked = issues.flatMap((issue) => {
    const mark = readTrackingMarker(issue.body)
    return mark?.version === trackingVersion ? [{ ...issue, mark }] : []
  })
  if (marked.length === 0) return []
  const login = await ownLogin(github)
  const ours = marked.filter(({ author }) => isBy(author, login)).toSorted((a, b) => a.number - b.number)
  return ours.filter(({ mark }, at) => ours.findIndex((one) => isSameRemoval(one.mark, mark)) === at).map(({ number, mark }) => ({ ...mark, number }))
}

function markOf({ removed, earlier = [], scope, commit }: TrackedRemoval): TrackingMark {
  const [ids, before] = [removed, earlier].map((keys) => [...new Set(keys.map(canonicalId))].sort()) as [string[], string[]]
  const long = ids.join('').length > mostIds
  const isKept = before.length > 0 && [...ids, ...before].join('').length <= mostIds
  return { removed: long ? [`sha256:${sha256Of(JSON.stringify(ids))}`] : ids, ...(isKept ? { earlier: before } : {}), scope, commit }
}

interface Found {
  readonly issue: Issue | null
  /** Younger ones for the same removal, of two runs that did not see each other. */
  readonly duplicates: readonly Issue[]
  /** There is one by somebody else, with our label, which takes a right that strangers do not have. */
  readonly foreign: boolean
  readonly warnings: readonly string[]
}

/**
 * By the label, and by who opened it where a person took the label away. Not by GitHub's own filter on authors alone, which
 * is known to find nothing for some Apps, nor by its search, which comes too late for the next run.
 */
async function find(github: GitHub, mark: TrackingMark, { exposure }: TrackedRemoval): Promise<Found> {
  const marked = (issues: readonly Issue[]): readonly Issue[] => issues.filter(({ body }) => {
    const found = readTrackingMarker(body)
    return found !== null && isSameRemoval(found, mark)
  })
  const labelled = marked(await listIssues(github, { labels: trackingLabel }, labelPages))
  if (labelled.length === 0 && exposure.length === 0) return { issue: null, duplicates: [], foreign: false, warnings: [] }
  const login = await ownLogin(github)
  const isOurs = ({ author }: Issue): boolean => isBy(author, login)
  const own = labelled.filter(isOurs)
  const ours = own.length > 0 ? own : marked(await listIssues(github, { creator: login }, creatorPages)).filter(isOurs)
  const [issue = null, ...duplicates] = ours.toSorted((a, b) => a.number - b.number)
  const foreign = issue === null ? labelled : []
  return { issue, duplicates, foreign: foreign.length > 0, warnings: foreign.map((one) => foreignWarning(one, login)) }
}

/** Anybody can copy the mark into an issue of their own. */
function isBy(author: string | null, login: string): boolean {
  return author === login || author === `${login}[bot]`
}

function foreignWarning({ number, author }: Issue, login: string): string {
  return `Issue #${number} has the mark of this removal, but was opened by ${visible(author ?? 'nobody', 60)}, not by `
    + `${visible(login, 60)}, whose token this is. It was left alone, and no other was opened: take the label ${trackingLabel} `
    + 'from it to have one, or use the token of the one who opened it.'
}

/** Looks again before it asks again, for an answer that was lost may have followed the deed. */
async function create(
  github: GitHub, removal: TrackedRemoval, mark: TrackingMark, [pause, ...later]: readonly number[] = pauses,
): Promise<Issue> {
  try {
    return await createIssue(github, {
      title: trackingTitle(removal.removed), body: newTrackingBody(removal, mark), labels: [trackingLabel],
    })
  } catch (error) {
    if (!(error instanceof GitHubFailure) || (error.status !== null && error.status < 500) || pause === undefined) throw error
    const { issue } = await find(github, mark, removal)
    if (issue !== null) return issue
    await github.pause(pause)
    return await create(github, removal, mark, later)
  }
}

type Kept = Pick<TrackingIssue, 'operation'>

async function update(
  github: GitHub, issue: Issue, removal: TrackedRemoval, mark: TrackingMark, warnings: string[],
): Promise<Kept> {
  const { number, state } = issue
  const found = readTrackingMarker(issue.body)
  if (found?.version !== trackingVersion) {
    warnings.push(`Issue #${number} was written by another version of sops-rekey, and was left as it is.`)
    return { operation: 'unchanged' }
  }
  if (!issue.labels.includes(trackingLabel)) {
    const what = `Issue #${number} lacks the label ${trackingLabel}, by which it is found`
    await attempt(warnings, what, () => labelIssue(github, number, trackingLabel))
  }
  // A run that named the key alone leaves the lines about earlier ones to the next that knows of them.
  const merged = mergeTrackingBody(issue.body, removal, { ...(found.earlier === undefined ? {} : { earlier: found.earlier }), ...mark })
  // Of what a person closed only something new takes the decision back, and what a person opened again stays open as it is.
  const isNew = merged.verdicts.some(({ news }) => news === 'back' || news === 'added')
  const move = state === 'closed' ? (isNew ? 'reopen' : null)
    : merged.complete && (merged.changed || !issue.reopened) ? 'close' : null
  if (!merged.changed && move === null) return { operation: 'unchanged' }
  await changeIssue(github, number, {
    body: merged.body,
    ...(move === 'close' ? { state: 'closed', reason: 'completed' } : move === 'reopen' ? { state: 'open', reason: 'reopened' } : {}),
  })
  const comment = state === 'closed' && move === null ? null : trackingComment(merged, removal, move)
  if (comment !== null) {
    const what = `Issue #${number} is up to date, but says nothing of what is new`
    await attempt(warnings, what, () => commentOnIssue(github, number, comment))
  }
  return { operation: move === 'close' ? 'closed' : move === 'reopen' ? 'reopened' : 'updated' }
}

async function attempt(warnings: string[], otherwise: string, action: () => Promise<void>): Promise<void> {
  await action().catch((error: unknown) => warnings.push(`${otherwise}: ${words(error)}`))
}

function words(error: unknown): string {
  return visible(error instanceof Error ? error.message : String(error), 600)
}
