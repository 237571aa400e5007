// A commit that holds what was verified → its branch at GitHub, made anew and signed by GitHub where it does that.
// Must never move a branch that is not where it was seen, nor go without a signature unsaid.
import { mkdirSync } from 'node:fs'
import { Failure } from '../../model/failure.ts'
import { visible } from '../../model/safe-text.ts'
import type { Git } from '../../tools/git.ts'
import { moveRef, notInSchema, repositoryId } from '../../tools/github-git.ts'
import { GitHubFailure } from '../../tools/github.ts'
import type { GitHub } from '../../tools/github.ts'
import { assertNotStopped } from '../../tools/stop.ts'
import { isUnavailable, makeSigned, onceKnown } from './signed-commit.ts'
import type { CommitToMake } from './signed-commit.ts'
import { stagingRef, unstage } from './staging-ref.ts'

export interface CommitToPublish extends CommitToMake {
  /** What the branch was at; null: there was none. */
  readonly expected: string | null
  /** A folder that is not there yet, for a commit that has to be fetched. */
  readonly folder: string
  /** Called right before the branch is moved, for each way that is tried; where it throws, nothing is. */
  readonly beforeMove: () => Promise<void>
}

export interface PublishedCommit {
  readonly sha: string
  /** GitHub vouches for it. */
  readonly verified: boolean
  /** Sentences. */
  readonly warnings: readonly string[]
  /** Where the branch may be at the commit, or not. */
  readonly failure: Failure | null
}

/** Throws where the branch is as it was: someone else was first, GitHub refuses, or the commit would not be verified and must be. */
export async function publishCommit(git: Git, github: GitHub, wanted: CommitToPublish): Promise<PublishedCommit> {
  const { mode, commit: { sha } } = wanted
  const warnings: string[] = []
  const published = mode === 'git' ? null : await throughApi(git, github, wanted, warnings)
  return published ?? { sha, verified: false, warnings, failure: await push(git, github, wanted, sha) }
}

/** Null where GitHub makes no commit, or none that the branch can be moved to, which is then said, and git may push ours. */
async function throughApi(git: Git, github: GitHub, wanted: CommitToPublish, warnings: string[]): Promise<PublishedCommit | null> {
  const { branch, commit, expected, beforeMove } = wanted
  const ref = stagingRef(branch, commit.sha)
  try {
    const made = await makeSigned(git, github, wanted, ref, warnings)
    if (made === null) return null
    // Without a signature ours is the better one: of the two it alone says that a run made it. It is there already.
    const { sha } = made.verified ? made : commit
    const repository = await repositoryId(github)
    await beforeMove()
    assertNotStopped()
    const failure = await move(github, repository, branch, expected, sha).catch(async (error: unknown) => {
      if (!(error instanceof GitHubFailure) || error.status !== notInSchema) throw error
      return made.verified ? await pushMade(git, github, wanted, sha, warnings) : await push(git, github, wanted, sha)
    })
    return failure === 'not pushed' ? null : { sha, verified: made.verified, warnings, failure }
  } finally {
    // A warning of this one still counts: it is the same list.
    await unstage(github, ref, warnings)
  }
}

/** Null once the branch is at `to`; a Failure where it may be. Throws where it is not. */
async function move(github: GitHub, repository: string, branch: string, from: string | null, to: string): Promise<Failure | null> {
  try {
    await onceKnown(github, () => moveRef(github, repository, { name: `refs/heads/${branch}`, from, to }))
    return null
  } catch (cause) {
    const stopped = cause instanceof Failure && cause.code === 'interrupted'
    if (!stopped && (!(cause instanceof GitHubFailure) || cause.status === notInSchema)) throw cause
    // The answer may be all that was lost. Undefined: that could not be asked either.
    const now = await github.evenStopped().branchHead(branch).catch(() => undefined)
    if (stopped) return maybe(cause, branch, true, now === to ? 'It is pushed.' : 'It may have been pushed, or be so in a moment.')
    if (now === to) return null
    if (now === from) throw isUnavailable(cause) ? notMoved(cause) : cause
    if (now === undefined) return maybe(cause, branch, false, 'It may have been moved.')
    throw movedByOther(branch, cause)
  }
}

/** As `push`, for a commit that GitHub made and git does not have yet. `not pushed`, with a warning, where ours may take its place. */
async function pushMade(git: Git, github: GitHub, wanted: CommitToPublish, sha: string, warnings: string[]): Promise<Failure | null | 'not pushed'> {
  const { commit, folder, mode, requireVerified } = wanted
  try {
    mkdirSync(folder, { mode: 0o700 })
    return await push(await git.with(wanted, sha, commit.parent, folder), github, wanted, sha)
  } catch (error) {
    if (!(error instanceof Failure) || error.code === 'interrupted' || requireVerified || mode !== 'auto') throw error
    warnings.push(`The commit is not verified: it was pushed by git, because the branch could not be moved to the one that GitHub signed. ${error.message}`)
    return 'not pushed'
  }
}

/** Null once the branch is at the commit; a Failure where it may be. Throws where it is not. */
async function push(git: Git, github: GitHub, wanted: CommitToPublish, sha: string): Promise<Failure | null> {
  const { branch, expected, url, token } = wanted
  await wanted.beforeMove()
  try {
    await git.push({ branch, commit: sha, expected, url, token })
    return null
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.code === 'changed-underneath') throw cause
    const now = await github.evenStopped().branchHead(branch).catch(() => undefined)
    const stopped = cause.code === 'interrupted'
    if (now === sha && !stopped) return null
    // What a stopped push has sent may still be at work.
    if (now === expected && !stopped) throw cause
    if (now !== undefined && !stopped) throw movedByOther(branch, cause)
    return maybe(cause, branch, stopped, now === sha ? 'It is pushed.' : 'It may have been pushed, or be so in a moment.')
  }
}

/** Git could push our commit instead, but that would throw away the one that GitHub has signed. */
function notMoved(cause: GitHubFailure): Failure {
  return new Failure(cause.code, cause.message, {
    advice: 'Run again; where GitHub never lets this token do that, `commit-mode: git` does without, and without a verified commit.', cause,
  })
}

function movedByOther(branch: string, cause: Failure): Failure {
  return new Failure('changed-underneath', `The branch ${visible(branch)} was moved by someone else during the run, and was left as it is.`, {
    advice: 'Run again.', cause,
  })
}

function maybe(cause: Failure, branch: string, stopped: boolean, state: string): Failure {
  return new Failure(cause.code, `${stopped ? 'The run was stopped' : 'Something went wrong'} while the branch ${visible(branch)} was being pushed. ${state}`, {
    advice: 'Run again: the same request finds what is there.', cause,
  })
}
