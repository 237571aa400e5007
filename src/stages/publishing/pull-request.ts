// Opens the pull request of a branch that is already pushed, or brings the one that is open up to date.
// Must never push, close or take away anything; labels, people and words that cannot be added never fail the run.
import { marksIn, withMarks } from '../../model/publishing/body-marks.ts'
import { keepTicks } from '../../model/tracking-issue/kept-ticks.ts'
import { GitHubFailure } from '../../tools/github.ts'
import type { AnyPullRequest, GitHub, NewPullRequest, OpenPullRequest } from '../../tools/github.ts'
import { sha256Of } from '../../tools/staging.ts'
import { attempt, decorate, decorationsMark } from './decorations.ts'
import type { Decorations } from './decorations.ts'

export interface PullRequestDraft extends NewPullRequest, Decorations {
  /** Which request it is for, hexadecimal; put into the body as a hidden mark. */
  readonly request: string
  /** The end of other people's commits that were overwritten. */
  readonly overwritten: string | null
}

export interface PullRequest {
  readonly number: number
  readonly url: string
  readonly operation: 'created' | 'updated'
}

export interface OpenedPullRequest {
  readonly pullRequest: PullRequest
  /** Sentences: what could not be added, and why. */
  readonly warnings: readonly string[]
}

/** As it stands there now. */
type Standing = PullRequest & Pick<OpenPullRequest, 'title' | 'body'>

/** The waits, in milliseconds, before each further try: GitHub may not know yet what it was just given. */
const pauses = [1_000, 2_000, 4_000]

/** Throws a GitHubFailure where there is no pull request in the end. `draft.draft` holds for a new one only. */
export async function openPullRequest(github: GitHub, wanted: PullRequestDraft): Promise<OpenedPullRequest> {
  const draft = { ...wanted, body: bodyOf(wanted) }
  const found = await github.findOpenPullRequest(draft.base, draft.branch)
  const opened = found === null ? await create(github, draft) : await update(github, found, draft)
  const { number, url, operation, title, body } = opened
  const { overwritten } = draft
  const history = overwritten === null ? null
    : await attempt([overwritten], 'history', () => github.comment(number, overwrittenWords(overwritten)))
  const { warnings, marks } = await decorateOnce(github, opened, draft)
  const unmarked = marks === null ? null
    : await attempt([body], 'marks, so that a later run will add again what it has', () => github.updatePullRequest(number, { title, body: withMarks(body, marks) }))
  return { pullRequest: { number, url, operation }, warnings: [history, ...warnings, unmarked].filter((warning) => warning !== null) }
}

/** The text with what a later run has to know, also where a person opens the pull request with it. */
export function bodyOf({ body, request, title }: Pick<PullRequestDraft, 'body' | 'request' | 'title'>): string {
  return withMarks(body, { request, title: titleMark(title) })
}

/**
 * Gives an open pull request that is up to date what it lacks: what was asked for since, or of a run that was stopped, and below
 * a text that a person wrote anew what it is for. Sentences: what could not be done.
 */
export async function complete(
  github: GitHub, pullRequest: AnyPullRequest, wanted: Decorations & { readonly fingerprint: string; readonly request: string },
): Promise<readonly string[]> {
  const { number, title, body } = pullRequest
  const { fingerprint = wanted.fingerprint, request = wanted.request } = marksIn(body)
  const { warnings, marks } = await decorateOnce(github, pullRequest, wanted)
  const lacks = Object.entries({ fingerprint, request, ...marks }).filter(([name, value]) => marksIn(body)[name as 'request'] !== value)
  if (lacks.length === 0) return warnings
  try {
    await github.updatePullRequest(number, { title, body: withMarks(body, Object.fromEntries(lacks)) })
    return warnings
  } catch (error) {
    return [...warnings, `The text of pull request #${number} does not say all that a later run has to know: ${words(error)}`]
  }
}

/** `marks`: to be put into the body, once all is there; null where that is not so, or it has them. */
async function decorateOnce(
  github: GitHub, { number, body }: Pick<OpenPullRequest, 'number' | 'body'>, wanted: Decorations,
): Promise<{ readonly warnings: readonly string[]; readonly marks: { readonly added: string } | null }> {
  const added = decorationsMark(wanted)
  if (added === null || marksIn(body).added === added) return { warnings: [], marks: null }
  const warnings = await decorate(github, number, wanted)
  return { warnings, marks: warnings.length === 0 ? { added } : null }
}

/** What a person changed in it stays: the title, the ticks of boxes of which nothing else is said now, labels they took away. */
async function update(github: GitHub, { number, url, title, body }: OpenPullRequest, draft: PullRequestDraft): Promise<Standing> {
  const { title: ours, added } = marksIn(body)
  const text = keepTicks(body, draft.body)
  const now = { title: ours === titleMark(title) ? draft.title : title, body: added === undefined ? text : withMarks(text, { added }) }
  await github.updatePullRequest(number, now)
  return { number, url, operation: 'updated', ...now }
}

/** Stands in the body: a title that it does not fit is a person's. */
function titleMark(title: string): string {
  return sha256Of(title.trim()).slice(0, 16)
}

/** Looks again before it asks again, for an answer that was lost may have followed the deed. */
async function create(
  github: GitHub, draft: PullRequestDraft, [pause, ...later]: readonly number[] = pauses,
): Promise<Standing> {
  const { title, body } = draft
  try {
    return { ...await github.createPullRequest(draft), operation: 'created', title, body }
  } catch (error) {
    if (!(error instanceof GitHubFailure) || !mayBeThere(error)) throw error
    const found = await find(github, draft, isSaidToBeThere(error) ? pauses : [])
    if (found !== null && error.status !== 422 && isAsWanted(found, draft)) {
      return { number: found.number, url: found.url, operation: 'created', title, body }
    }
    if (found !== null) return await update(github, found, draft)
    if (error.status === 422 || pause === undefined) throw error
    await github.pause(pause)
    return await create(github, draft, later)
  }
}

/** The list of pull requests may come later than the pull request: looks again after each pause. */
async function find(github: GitHub, draft: PullRequestDraft, [pause, ...later]: readonly number[]): Promise<OpenPullRequest | null> {
  const found = await github.findOpenPullRequest(draft.base, draft.branch)
  if (found !== null || pause === undefined) return found
  await github.pause(pause)
  return await find(github, draft, later)
}

/** Then it is the one whose answer was lost: the body says for which plan it is. */
function isAsWanted({ body }: OpenPullRequest, draft: PullRequestDraft): boolean {
  return body.trim() === draft.body.trim()
}

function mayBeThere({ status }: GitHubFailure): boolean {
  return status === null || status === 422 || status >= 500
}

/** GitHub has no code for it, and 422 for much else. */
function isSaidToBeThere({ status, said }: GitHubFailure): boolean {
  return status === 422 && said.includes('already exists')
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function overwrittenWords(sha: string): string {
  return `Commits on this branch that were not made by sops-rekey, up to ${sha}, were overwritten by this run `
    + '(`on-human-commits: overwrite`). '
    + `They can still be fetched: \`git fetch origin ${sha}\`.`
}
