// What a pull request gets besides its text: labels, a milestone, people. Once for each set that is asked for: a mark in the body
// says which one it got, so that what a person takes away stays away.
// Must never take anything away, nor fail a run: what cannot be added is a warning.
import { visible } from '../../model/safe-text.ts'
import { GitHubFailure } from '../../tools/github.ts'
import type { GitHub } from '../../tools/github.ts'
import { sha256Of } from '../../tools/staging.ts'

export interface Decorations {
  readonly labels: readonly string[]
  readonly assignees: readonly string[]
  readonly reviewers: readonly string[]
  readonly teamReviewers: readonly string[]
  /** The number or the title of an open one. */
  readonly milestone: string | null
}

/** The waits, in milliseconds, before each further try: GitHub may not know yet what it was just given. */
const pauses = [1_000, 2_000, 4_000]

/** What the mark says of this set, in whatever order it was written; null where nothing is asked for. */
export function decorationsMark({ labels, assignees, reviewers, teamReviewers, milestone }: Decorations): string | null {
  const lists = [labels, assignees, reviewers, teamReviewers].map((list) => [...new Set(list)].sort())
  const none = milestone === null && lists.every((list) => list.length === 0)
  return none ? null : sha256Of(JSON.stringify([...lists, milestone])).slice(0, 16)
}

/** Sentences: what could not be added, and why. */
export async function decorate(github: GitHub, number: number, wanted: Decorations): Promise<readonly string[]> {
  const { labels, assignees, reviewers, teamReviewers, milestone } = wanted
  const warnings = [
    await attempt(labels, 'labels', () => addLabels(github, number, labels)),
    milestone === null ? null : await attempt([milestone], 'milestone', () => setMilestone(github, number, milestone)),
    await attempt(assignees, 'assignees', () => addAssignees(github, number, assignees)),
    // Apart, because many tokens cannot ask teams.
    await attempt(reviewers, 'reviewers', () => askEach(reviewers, (some) => github.requestReviewers(number, some, []))),
    await attempt(teamReviewers, 'team reviewers', () => askTeams(github, number, teamReviewers)),
  ]
  return warnings.filter((warning) => warning !== null)
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
export async function attempt(list: readonly string[], what: string, action: () => Promise<void>): Promise<string | null> {
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
