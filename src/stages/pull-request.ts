// Opens the pull request of a branch that is already pushed, or brings the one that is open up to date.
// Must never push, close or take away anything; labels, people and words that cannot be added never fail the run.
import { visible } from '../model/safe-text.ts'
import { keepTicks } from '../model/kept-ticks.ts'
import { GitHubFailure } from '../tools/github.ts'
import type { AnyPullRequest, GitHub, NewPullRequest, OpenPullRequest } from '../tools/github.ts'
import { sha256Of } from '../tools/staging.ts'
import { fingerprintMarker, lacksMarkers, requestMarker } from './existing-pull-request.ts'

export interface PullRequestDraft extends NewPullRequest {
  readonly labels: readonly string[]
  readonly assignees: readonly string[]
  readonly reviewers: readonly string[]
  readonly teamReviewers: readonly string[]
  /** The number or the title of an open one. */
  readonly milestone: string | null
  /** Which request it is for, hexadecimal; put into the body as a hidden marker. */
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

/** The waits, in milliseconds, before each further try: GitHub may not know yet what it was just given. */
const pauses = [1_000, 2_000, 4_000]

/** Throws a GitHubFailure where there is no pull request in the end. `draft.draft` holds for a new one only. */
export async function openPullRequest(github: GitHub, wanted: PullRequestDraft): Promise<OpenedPullRequest> {
  const draft = { ...wanted, body: `${wanted.body.trimEnd()}\n${requestMarker(wanted.request)}\n${titleMarker(wanted.title)}\n` }
  const found = await github.findOpenPullRequest(draft.base, draft.branch)
  const pullRequest = found === null ? await create(github, draft) : await update(github, found, draft)
  const { number } = pullRequest
  const { milestone, overwritten } = draft
  const warnings = [
    overwritten === null ? null
      : await attempt([overwritten], 'history', () => github.comment(number, overwrittenWords(overwritten))),
    await attempt(draft.labels, 'labels', () => addLabels(github, number, draft.labels)),
    milestone === null ? null : await attempt([milestone], 'milestone', () => setMilestone(github, number, milestone)),
    await attempt(draft.assignees, 'assignees', () => addAssignees(github, number, draft.assignees)),
    // Apart, because many tokens cannot ask teams.
    await attempt(draft.reviewers, 'reviewers', () => askEach(draft.reviewers, (some) => github.requestReviewers(number, some, []))),
    await attempt(draft.teamReviewers, 'team reviewers', () => askTeams(github, number, draft.teamReviewers)),
  ]
  return { pullRequest, warnings: warnings.filter((warning) => warning !== null) }
}

/** What a person changed in it stays: the title, and the ticks of boxes of which nothing else is said now. */
async function update(github: GitHub, { number, url, title, body }: OpenPullRequest, draft: PullRequestDraft): Promise<PullRequest> {
  const ours = body.includes(titleMarker(title))
  await github.updatePullRequest(number, { title: ours ? draft.title : title, body: keepTicks(body, draft.body) })
  return { number, url, operation: 'updated' }
}

/** Stands in the body: a title that it does not fit is a person's. */
function titleMarker(title: string): string {
  return `<!-- sops-rekey title=${sha256Of(title.trim()).slice(0, 16)} -->`
}

/**
 * Says again in a text that a person wrote anew what it is for, below their words. null where that was not needed or went well,
 * else a sentence.
 */
export async function markAgain(github: GitHub, { number, title, body, ...rest }: AnyPullRequest, fingerprint: string, request: string): Promise<string | null> {
  if (!lacksMarkers({ number, title, body, ...rest })) return null
  try {
    await github.updatePullRequest(number, { title, body: `${body.trimEnd()}\n\n${fingerprintMarker(fingerprint)}\n${requestMarker(request)}\n` })
    return null
  } catch (error) {
    return `The text of pull request #${number} was written anew, and does not say what it is for: ${words(error)}`
  }
}

/** GitHub takes nobody of a call where it does not take one of them. Throws for those that it does not take. */
async function askEach(names: readonly string[], ask: (some: readonly string[]) => Promise<void>): Promise<void> {
  try {
    await ask(names)
  } catch (error) {
    if (!(error instanceof GitHubFailure) || error.status !== 422 || names.length < 2) throw error
    const refused: string[] = []
    for (const name of names) await ask([name]).catch((reason: unknown) => refused.push(`${visible(name)}: ${words(reason)}`))
    if (refused.length > 0) throw new Error(refused.join('; '), { cause: error })
  }
}

/** The workflow's own token does not see teams: what GitHub says of one then names neither the token nor the team. */
async function askTeams(github: GitHub, number: number, teams: readonly string[]): Promise<void> {
  try {
    await askEach(teams, (some) => github.requestReviewers(number, [], some))
  } catch (cause) {
    // For 403 its advice would be a permission that the workflow's token has already.
    const said = cause instanceof GitHubFailure && cause.status === 403 ? `GitHub answered 403: ${cause.said}.` : words(cause)
    throw new Error(`${said} ${teamAdvice}`, { cause })
  }
}

const teamAdvice = 'Is the team there, with access to this repository? It takes a token that may read the organisation\'s members, like that of a '
  + 'GitHub App with `members: read`; the workflow\'s own cannot.'

/** Looks again before it asks again, for an answer that was lost may have followed the deed. */
async function create(
  github: GitHub, draft: PullRequestDraft, [pause, ...later]: readonly number[] = pauses,
): Promise<PullRequest> {
  try {
    return { ...await github.createPullRequest(draft), operation: 'created' }
  } catch (error) {
    if (!(error instanceof GitHubFailure) || !mayBeThere(error)) throw error
    const found = await github.findOpenPullRequest(draft.base, draft.branch)
    if (found !== null && error.status !== 422 && isAsWanted(found, draft)) {
      return { number: found.number, url: found.url, operation: 'created' }
    }
    if (found !== null) return await update(github, found, draft)
    if (error.status === 422 || pause === undefined) throw error
    await github.pause(pause)
    return await create(github, draft, later)
  }
}

/** Then it is the one whose answer was lost: the body says for which plan it is. */
function isAsWanted({ body }: OpenPullRequest, draft: PullRequestDraft): boolean {
  return body.trim() === draft.body.trim()
}

/** GitHub has no code for "already exists" (422). */
function mayBeThere({ status }: GitHubFailure): boolean {
  return status === null || status === 422 || status >= 500
}

async function addLabels(
  github: GitHub, number: number, labels: readonly string[], [pause, ...later]: readonly number[] = pauses,
): Promise<void> {
  try {
    await github.addLabels(number, labels)
  } catch (error) {
    const notYet = error instanceof GitHubFailure && error.status === 422 && error.said.includes('Could not resolve to a node')
    if (!notYet || pause === undefined) throw error
    await github.pause(pause)
    await addLabels(github, number, labels, later)
  }
}

/** A title that looks like a number is still a title. */
async function setMilestone(github: GitHub, number: number, wanted: string): Promise<void> {
  const milestones = await github.milestones()
  const found = milestones.find(({ title }) => title === wanted) ?? milestones.find((one) => `${one.number}` === wanted)
  if (found !== undefined) {
    await github.setMilestone(number, found.number)
    return
  }
  const there = milestones.slice(0, 10).map(({ title }) => title).join(', ')
  throw new Error(visible(`there is no open milestone ${wanted}${there === '' ? '' : `; there are: ${there}`}.`))
}

async function addAssignees(github: GitHub, number: number, assignees: readonly string[]): Promise<void> {
  const assigned = new Set((await github.addAssignees(number, assignees)).map((login) => login.toLowerCase()))
  const missing = assignees.filter((login) => !assigned.has(login.toLowerCase()))
  if (missing.length > 0) throw new Error(`GitHub cannot assign ${visible(missing.join(', '))} here.`)
}

/** Does nothing for an empty list. null where it went well, else a sentence. */
async function attempt(list: readonly string[], what: string, action: () => Promise<void>): Promise<string | null> {
  if (list.length === 0) return null
  try {
    await action()
    return null
  } catch (error) {
    return `The pull request is there, but not all of its ${what}: ${words(error)}`
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function overwrittenWords(sha: string): string {
  return `Commits on this branch that were not made by sops-rekey, up to ${sha}, were overwritten by this run `
    + '(`on-human-commits: overwrite`). '
    + `They can still be fetched: \`git fetch origin ${sha}\`.`
}
