// What an earlier run of the same request left: its branch, its pull request, and whether that still is what this run would publish.
// Must never take a commit for ours that is not, nor believe one without a look into it: GitHub signs for whoever runs a workflow.
import { lacksPlan } from '../../model/publishing/body-marks.ts'
import { bot, readTrailers } from '../../model/publishing/commit-message.ts'
import { Failure } from '../../model/failure.ts'
import { visible } from '../../model/safe-text.ts'
import { readCommit, refsBelow } from '../../tools/github-git.ts'
import type { GitHubCommit } from '../../tools/github-git.ts'
import { GitHubFailure } from '../../tools/github.ts'
import type { AnyPullRequest, GitHub } from '../../tools/github.ts'
import { decideExisting } from './existing-pull-request.ts'
import type { Existing, Politeness } from './existing-pull-request.ts'
import type { Look } from './unvouched-head.ts'

/** What a commit of ours says of itself. */
export interface Made {
  readonly fingerprint: string
  /** GitHub vouches for it. */
  readonly verified: boolean
}

/**
 * Null where a run did not make it, or not as it stands there. `host` is GitHub's. Made by git it bears the bot's name twice. Made by
 * GitHub it is signed with GitHub's own key, which vouches for the committer, GitHub itself, and signs for a bot only where the
 * request left the author to GitHub.
 */
async function madeFor(github: GitHub, sha: string, host: string): Promise<Made | null> {
  return madeBy(await readCommit(github, sha), host)
}

function madeBy({ message, tree, parents, author, committer, verified }: GitHubCommit, host: string): Made | null {
  const said = readTrailers(message)
  if (said?.tree !== tree || parents.length !== 1) return null
  const byGit = author === bot.email && committer === bot.email
  const hosts = ['github.com', host]
  const byApi = verified && hosts.some((one) => committer === `noreply@${one}`)
    && hosts.some((one) => author.endsWith(`[bot]@users.noreply.${one}`))
  return byGit || byApi ? { fingerprint: said.fingerprint, verified } : null
}

export interface BranchOfRequest {
  readonly base: string
  readonly branch: string
  readonly fingerprint: string
  /** Which request it is, where the branch may be that of several; else null. */
  readonly request: string | null
  /** Like `github.com`. */
  readonly host: string
  /** What is there counts as up to date only if it is verified. */
  readonly mustBeVerified: boolean
  /** Whether `head` differs from `against` by this very plan. */
  readonly look: (head: string, against: string) => Promise<Look>
  /** Whether the merges on top of a commit of ours hold nothing but it and the base. */
  readonly areClean: (made: GitHubCommit, merges: readonly GitHubCommit[]) => Promise<boolean>
}

/** What an earlier run left. */
export interface EarlierRun {
  readonly existing: Existing
  /** GitHub vouches for the commit on the branch. */
  readonly verified: boolean
}

/** Looks up what an earlier run left. Throws `branch-foreign` where someone else's work stands on the branch. */
export async function findPublished(github: GitHub, wanted: BranchOfRequest, politeness: Politeness): Promise<EarlierRun> {
  const { branch } = wanted
  const [sha, pullRequests] = await Promise.all([github.branchHead(branch), github.pullRequests(branch)])
  const head = sha === null ? null : await readHead(github, sha, wanted.host)
  const closedFor = politeness.onClosed === 'respect' ? await readClosed(github, wanted, pullRequests) : new Map<number, string>()
  const decide = (fingerprint: string | null): EarlierRun => ({
    existing: decideExisting({ ...wanted, head: sha === null ? null : { sha, madeFor: fingerprint }, pullRequests, closedFor }, politeness),
    verified: fingerprint !== null && head?.verified === true,
  })
  const found = decide(head?.fingerprint ?? null)
  if (found.existing.kind === 'publish' && sha === null) await assertRoom(github, branch)
  if (head === null) return found
  const { existing } = found
  const isOurs = async (): Promise<boolean> => head.merges.length === 0 || await wanted.areClean(head.commit, head.merges)
  if (existing.kind !== 'up-to-date') return existing.kind === 'closed-by-hand' || await isOurs() ? found : decide(null)
  const seen = !head.verified && wanted.mustBeVerified ? 'unknown' : await wanted.look(existing.head, head.against)
  if (seen === 'planned') return found
  if (seen === 'other' || !await isOurs()) return decide(null)
  return { existing: { kind: 'publish', head: existing.head, pullRequest: existing.pullRequest, overwritten: null }, verified: false }
}

/** A commit of ours at the end of a branch, as it seems. */
export interface Head extends Made {
  /** By what it differs from that is what it was made for. */
  readonly against: string
  readonly commit: GitHubCommit
  /** Merges of the base into the branch, as the button "Update branch" makes them, the oldest first. */
  readonly merges: readonly GitHubCommit[]
}

const mostMerges = 10

/** Null where it is not ours, as it seems. */
export async function readHead(github: GitHub, sha: string, host: string): Promise<Head | null> {
  let commit = await readCommit(github, sha)
  const against = commit.parents.at(-1)
  const merges: GitHubCommit[] = []
  while (merges.length < mostMerges && commit.parents.length === 2) {
    merges.unshift(commit)
    commit = await readCommit(github, commit.parents[0] ?? '')
  }
  const made = madeBy(commit, host)
  const verified = [commit, ...merges].every((one) => one.verified)
  return made === null || against === undefined ? null : { ...made, verified, against, commit, merges }
}

/** A few are enough: of a person who closes one after the other, each with another text, the last counts. */
const mostClosedRead = 3

/** Where none is open: for which plan those were made that a person closed after they wrote the text anew, as their commits say. */
async function readClosed(
  github: GitHub, { base, host }: BranchOfRequest, pullRequests: readonly AnyPullRequest[],
): Promise<ReadonlyMap<number, string>> {
  if (pullRequests.some((one) => one.state === 'open' && one.base === base)) return new Map()
  const closed = pullRequests.filter((one) => one.state === 'closed' && one.base === base && lacksPlan(one.body)).slice(0, mostClosedRead)
  const found = await Promise.all(closed.map(async ({ number, headSha }) => [number, await readOurs(github, headSha, host)] as const))
  return new Map(found.flatMap(([number, made]) => (made === null ? [] : [[number, made.fingerprint]])))
}

/** null too where GitHub does not have the commit any more. */
async function readOurs(github: GitHub, sha: string, host: string): Promise<Made | null> {
  try {
    return await madeFor(github, sha, host)
  } catch (error) {
    if (error instanceof GitHubFailure && (error.status === 404 || error.status === 422)) return null
    throw error
  }
}

/** Of two branches `a` and `a/b` git can have only one. */
async function assertRoom(github: GitHub, branch: string): Promise<void> {
  const parts = branch.split('/')
  const above = parts.slice(1).map((_, at) => parts.slice(0, at + 1).join('/'))
  const heads = await Promise.all(above.map((name) => github.branchHead(name)))
  const below = (await refsBelow(github, `heads/${branch}/`)).map(({ name }) => name.replace('refs/heads/', ''))
  const inTheWay = above.find((_, at) => heads[at] !== null) ?? below[0]
  if (inTheWay === undefined) return
  throw new Failure('branch-foreign', `There is a branch ${visible(inTheWay)}, beside which git can have no ${visible(branch)}. Nothing was pushed.`, {
    advice: 'Rename or delete it, or give another branch in `branch`.',
  })
}
