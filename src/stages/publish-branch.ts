// Verified bytes → one commit; and what stands on the branch it is for.
// Must never take anything but verified bytes, nor take a branch for ours that is not.
import { lacksPlan } from '../model/body-marks.ts'
import { commitMessage, readTrailers } from '../model/commit-message.ts'
import type { CommitWords, Identity } from '../model/commit-message.ts'
import { Failure } from '../model/failure.ts'
import type { Plan } from '../model/plan.ts'
import { textsOf } from '../model/plan.ts'
import { visible } from '../model/safe-text.ts'
import { Verified } from '../model/verification.ts'
import { blobId } from '../tools/git.ts'
import type { Commit, Git } from '../tools/git.ts'
import { changedBetween, readCommit, refsBelow } from '../tools/github-git.ts'
import { ownAccount } from '../tools/github-issues.ts'
import { GitHubFailure } from '../tools/github.ts'
import type { AnyPullRequest, GitHub } from '../tools/github.ts'
import type { Staging } from '../tools/staging.ts'
import { decideExisting } from './existing-pull-request.ts'
import type { Existing, Politeness } from './existing-pull-request.ts'

const bot: Identity = { name: 'github-actions[bot]', email: '41898282+github-actions[bot]@users.noreply.github.com' }

/**
 * Refuses where git itself changes a file between commit and checkout, so that what is verified would not be what is
 * committed. `staging` still holds the bytes that were surveyed.
 */
export async function assertUnfiltered(git: Git, staging: Staging, plan: Plan): Promise<void> {
  const before = new Map(textsOf(plan).map((text) => [text.path, Buffer.from(text.before)]))
  const present = [
    ...(await git.tracked()).find((path) => before.has(path)).map(({ path, blob }) => ({ path, blob, bytes: before.get(path) ?? Buffer.of() })),
    ...plan.changes.map(({ file: { path, blob } }) => ({ path, blob, bytes: staging.read(path) })),
  ]
  const filtered = present.filter(({ blob, bytes }) => blobId(bytes, blob) !== blob).map(({ path }) => path)
  const [first] = filtered
  if (first === undefined) return
  throw new Failure('refused',
    `Nothing was changed, because what is checked out is not what is committed, byte for byte: ${filtered.slice(0, 20).map((path) => visible(path)).join(', ')}. `
    + 'A filter (as for LFS) or a rule for line ends (`eol`, `text`) in .gitattributes, or `core.autocrlf`, changes it on the way.', {
      path: first, advice: 'Take encrypted files and .sops.yaml out of that rule, for example with `-filter -text`, and commit them as they are.',
    })
}

/** Refuses a checkout that is not part of `base` on the remote: the pull request would carry its commits as well. */
export async function assertOnBase(git: Git, github: GitHub, base: string, commit: string): Promise<void> {
  const tip = await github.branchHead(base)
  if (tip === null) {
    throw new Failure('input', `There is no branch ${visible(base)} to open a pull request into, or the token cannot see it.`, {
      advice: 'Name the branch in `base`, like `base: main`; to see it the token needs `contents: read`.',
    })
  }
  if (tip === commit || await git.isPartOf(commit, tip)) return
  throw new Failure('changed-underneath',
    `The checkout (${commit.slice(0, 12)}) is not the tip of ${visible(base)} (${tip.slice(0, 12)}), nor known to be part of it.`,
    { advice: `Check out ${visible(base)}, and run again.` })
}

/**
 * Just before publishing: throws where `base` has got other bytes for one of `paths` since `commit`, or another history. Null where
 * all is well, a sentence where that cannot be told.
 */
export async function assertNotOvertaken(github: GitHub, base: string, commit: string, paths: readonly string[]): Promise<string | null> {
  const tip = await github.branchHead(base)
  if (tip === commit) return null
  const changed = tip === null ? null : await changedBetween(github, commit, tip)
  if (changed === 'unknown') return `${visible(base)} has moved on during the run; whether in the files of this pull request, GitHub does not say.`
  const both = changed === null ? null : paths.filter((path) => changed.has(path))
  if (both?.length === 0) return null
  const what = both === null ? 'is no longer what this run stands on' : `has got others of the files of this run meanwhile: ${both.slice(0, 20).map((path) => visible(path)).join(', ')}`
  throw new Failure('changed-underneath', `${visible(base)} ${what}. Nothing was published.`, { advice: `Check out ${visible(base)} as it is now, and run again.` })
}

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
export async function madeFor(github: GitHub, sha: string, host: string): Promise<Made | null> {
  const { message, tree, parents, author, committer, verified } = await readCommit(github, sha)
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
  readonly requireVerified: boolean
}

/** What an earlier run left. */
export interface EarlierRun {
  readonly existing: Existing
  /** GitHub vouches for the commit on the branch. */
  readonly verified: boolean
}

/** Looks up what an earlier run left. Throws `branch-foreign` where someone else's work stands on the branch. */
export async function findPublished(github: GitHub, wanted: BranchOfRequest, politeness: Politeness): Promise<EarlierRun> {
  const { branch, host } = wanted
  const [sha, pullRequests] = await Promise.all([github.branchHead(branch), github.pullRequests(branch)])
  const made = sha === null ? null : await madeFor(github, sha, host)
  const head = sha === null ? null : { sha, madeFor: made?.fingerprint ?? null }
  const closedFor = politeness.onClosed === 'respect' ? await readClosed(github, wanted, pullRequests) : new Map<number, string>()
  const existing = decideExisting({ ...wanted, head, pullRequests, closedFor }, politeness)
  if (existing.kind === 'publish' && sha === null) await assertRoom(github, branch)
  const verified = made?.verified === true
  if (existing.kind !== 'up-to-date' || verified || !wanted.requireVerified) return { existing, verified }
  return { existing: { kind: 'publish', head: existing.head, pullRequest: existing.pullRequest, overwritten: null }, verified }
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

export interface Publication extends CommitWords {
  /** The commit that the new one stands on. */
  readonly parent: string
}

/**
 * Who stands as the author of the commit: the bot whose token GitHub makes it for. Where git makes it, and so for the token of a
 * person, for whom GitHub does not sign, that is the bot of GitHub Actions. `host` is GitHub's.
 */
export async function authorOf(github: GitHub, mode: 'auto' | 'api' | 'git', host: string): Promise<Identity> {
  if (mode === 'git') return bot
  const { login, databaseId } = await ownAccount(github)
  if (!login.endsWith('[bot]') || databaseId === null) return bot
  return { name: login, email: `${databaseId}+${login}@users.noreply.${host}` }
}

/** Builds the commit beside the checkout, and sees that it holds what was verified, byte for byte, and nothing else. */
export async function commitVerified(git: Git, staging: Staging, verified: Verified, publication: Publication): Promise<Commit> {
  if (!Verified.isVerified(verified)) throw new Failure('verification', 'Only what was verified can be published.')
  const bytes = new Map([
    ...verified.texts.map(({ path, after }) => [path, Buffer.from(after)] as const),
    ...verified.files.map(({ planned: { file: { path } } }) => [path, staging.read(path)] as const),
  ])
  const commit = await git.commit({
    parent: publication.parent, tree: staging.root, paths: [...bytes.keys()], indexFile: staging.beside('index'), author: bot,
    message: (tree) => commitMessage(publication, tree),
  })
  const changed = await git.changes(commit.sha)
  const wrong = [...new Set([...bytes.keys(), ...changed.keys()])].filter((path) => {
    const wanted = bytes.get(path)
    return wanted === undefined || changed.get(path) !== blobId(wanted, commit.sha)
  })
  if (wrong.length === 0) return commit
  throw new Failure('verification', `The commit does not hold what was verified: ${wrong.slice(0, 20).map((path) => visible(path)).join(', ')}.`, {
    advice: 'Nothing was pushed. Please report this.',
  })
}
