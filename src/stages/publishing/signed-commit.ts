// A commit that holds what was verified → the same one made by GitHub, which signs it for a bot.
// Must never take a commit or a tree of GitHub's unread, nor go without a signature unsaid.
import { Failure } from '../../model/failure.ts'
import type { PullRequestInputs } from '../../model/inputs.ts'
import { visible } from '../../model/safe-text.ts'
import type { Git } from '../../tools/git.ts'
import type { Commit } from '../../tools/git-commit.ts'
import type { Remote } from '../../tools/git-remote.ts'
import { createCommit, createTree, readCommit, refsBelow } from '../../tools/github-git.ts'
import type { GitHubCommit } from '../../tools/github-git.ts'
import { GitHubFailure } from '../../tools/github.ts'
import type { GitHub } from '../../tools/github.ts'
import { assertNotStopped } from '../../tools/stop.ts'
import { inPieces } from '../in-parallel.ts'

export interface CommitToMake extends Remote {
  /** For which it is. */
  readonly branch: string
  readonly commit: Commit
  readonly mode: PullRequestInputs['commitMode']
  readonly requireVerified: boolean
}

/** The waits, in milliseconds, before each further try. */
const pauses = [1_000, 2_000, 4_000]
/** GitHub takes its time for a tree. */
const entriesAtOnce = 500

export const wantsBot = 'GitHub signs for the workflow\'s own token (`token: ${{ github.token }}`) and for that of a GitHub App, not for one of a person.'

/**
 * Null, with a warning, where GitHub does not offer that and an unverified one will do. Leaves the objects at GitHub under `ref`.
 * Throws where it failed, where the commit is another, and where it has no signature and must have one.
 */
export async function makeSigned(git: Git, github: GitHub, wanted: CommitToMake, ref: string, warnings: string[]): Promise<GitHubCommit | null> {
  const id = await make(git, github, wanted, ref, warnings)
  if (id === null) return null
  const made = await onceKnown(github, () => readCommit(github, id))
  assertSame(made, wanted.commit)
  if (made.verified) return made
  if (wanted.requireVerified) throw unverified('GitHub did not sign the commit.')
  warnings.push(`The commit is not verified. ${wantsBot} Write \`commit-mode: git\` where that is as it should be.`)
  return made
}

async function make(git: Git, github: GitHub, wanted: CommitToMake, ref: string, warnings: string[]): Promise<string | null> {
  try {
    await stage(git, github, wanted, ref)
    assertNotStopped()
    return await create(github, wanted.commit)
  } catch (error) {
    if (!isUnavailable(error)) throw error
    if (wanted.requireVerified) throw unverified(error.message, error)
    if (wanted.mode === 'api') throw error
    warnings.push(`The commit is not verified: it was pushed by git, because GitHub would not make it. ${error.message}`)
    return null
  }
}

/** Asks again where GitHub says that it does not know what it has made a moment ago. */
export async function onceKnown<T>(github: GitHub, ask: () => Promise<T>, [pause, ...later]: readonly number[] = pauses): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof GitHubFailure) || error.status !== 404 || pause === undefined) throw error
    await github.pause(pause)
    return await onceKnown(github, ask, later)
  }
}

/** Throws where GitHub does not have the commit afterwards. */
async function stage(git: Git, github: GitHub, wanted: CommitToMake, ref: string): Promise<void> {
  const { branch, commit: { sha } } = wanted
  try {
    const said = await git.pushAside(wanted, sha, ref, branch)
    if (said !== null) throw new GitHubFailure('github-failed', `GitHub does not take the ref ${visible(ref)} for the branch ${visible(branch)}: ${said}.`, 422, said)
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.code === 'interrupted') throw cause
    // The answer may be all that was lost: curl asks again by itself, and is then told that the ref is there.
    const found = await refsBelow(github, ref.replace(/^refs\//, '')).catch(() => [])
    if (!found.some((one) => one.sha === sha)) throw cause
  }
}

/** A tree that GitHub does not take as it came by git, it is given in its own way: what differs from the parent's, bit by bit. */
async function create(github: GitHub, commit: Commit): Promise<string> {
  try {
    return await createCommit(github, commit)
  } catch (error) {
    if (!(error instanceof GitHubFailure) || error.status !== 422) throw error
  }
  let tree = commit.parentTree
  for (const entries of inPieces(commit.entries, entriesAtOnce)) tree = await createTree(github, tree, entries)
  if (tree !== commit.tree) throw another('The tree', 'content')
  return await createCommit(github, commit)
}

function unverified(why: string, cause?: unknown): Failure {
  return new Failure('unverified', `${why} A verified commit is required, so nothing was published.`, { advice: wantsBot, cause })
}

/** What GitHub, or this token, does not offer; not what failed, or what someone else has done. */
export function isUnavailable(error: unknown): error is GitHubFailure {
  return error instanceof GitHubFailure && error.code !== 'github-rate-limit' && (error.status === 403 || error.status === 404 || error.status === 422)
}

function assertSame(made: GitHubCommit, { tree, parent, message }: Commit): void {
  const wrong = [
    made.tree === tree ? [] : ['tree'],
    made.parents.length === 1 && made.parents[0] === parent ? [] : ['parent'],
    made.message.trimEnd() === message.trimEnd() ? [] : ['message'],
  ].flat()
  if (wrong.length > 0) throw another('The commit', wrong.join(' and '))
}

function another(what: string, difference: string): Failure {
  return new Failure('verification', `${what} that GitHub made has another ${difference} than the one that was verified.`, {
    advice: 'Nothing was published. Please report this.',
  })
}
