// A commit that holds what was verified → its branch at GitHub, made anew and signed by GitHub where it does that.
// Must never move a branch that is not where it was seen, take a commit of GitHub's unread, nor go without a signature unsaid.
import { Failure } from '../model/failure.ts'
import type { PullRequestInputs } from '../model/inputs.ts'
import { visible } from '../model/safe-text.ts'
import { assertNotStopped } from '../tools/child.ts'
import type { Commit, Git, Remote } from '../tools/git.ts'
import { createCommit, moveRef, readCommit, refsBelow } from '../tools/github-git.ts'
import type { GitHubCommit } from '../tools/github-git.ts'
import { GitHubFailure } from '../tools/github.ts'
import type { GitHub } from '../tools/github.ts'
import { removeLeftovers, stagingRef, unstage } from './staging-ref.ts'

export interface CommitToPublish extends Remote {
  readonly branch: string
  readonly commit: Commit
  /** What the branch was at; null: there was none. */
  readonly expected: string | null
  readonly mode: PullRequestInputs['commitMode']
  readonly requireVerified: boolean
  /** Called right before the branch is moved; where it throws, nothing is. */
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

/** The waits, in milliseconds, before each further try. */
const pauses = [1_000, 2_000, 4_000]

const wantsBot = 'GitHub signs for the workflow\'s own token (`token: ${{ github.token }}`) and for that of a GitHub App, not for one of a person.'

/** Throws where the branch is as it was: someone else was first, GitHub refuses, or the commit would not be verified and must be. */
export async function publishCommit(git: Git, github: GitHub, wanted: CommitToPublish): Promise<PublishedCommit> {
  const { mode, commit: { sha } } = wanted
  const warnings: string[] = []
  const published = mode === 'git' ? null : await throughApi(git, github, wanted, warnings)
  return published ?? { sha, verified: false, warnings, failure: await push(git, github, wanted) }
}

/** Null where GitHub makes no commit, which is then said, and git may push ours. What fails after it has made one is an error. */
async function throughApi(git: Git, github: GitHub, wanted: CommitToPublish, warnings: string[]): Promise<PublishedCommit | null> {
  const { branch, commit, expected, beforeMove } = wanted
  const ref = stagingRef(branch, commit.sha)
  await removeLeftovers(github, branch)
  try {
    const id = await make(git, github, wanted, ref, warnings)
    if (id === null) return null
    const made = await onceKnown(github, () => readCommit(github, id))
    assertSame(made, commit)
    if (!made.verified) {
      if (wanted.requireVerified) throw unverified('GitHub did not sign the commit.')
      warnings.push(`The commit is not verified. ${wantsBot} Write \`commit-mode: git\` where that is as it should be.`)
    }
    // Without a signature ours is the better one: of the two it alone says that a run made it. It is there already.
    const { sha } = made.verified ? made : commit
    await beforeMove()
    assertNotStopped()
    return { sha, verified: made.verified, warnings, failure: await move(github, branch, expected, sha) }
  } finally {
    // A warning of this one still counts: it is the same list.
    await unstage(github, ref, warnings)
  }
}

/** The id of the commit that GitHub made; null, with a warning, where it does not offer that and an unverified one will do. */
async function make(git: Git, github: GitHub, wanted: CommitToPublish, ref: string, warnings: string[]): Promise<string | null> {
  try {
    await stage(git, github, wanted, ref)
    assertNotStopped()
    return await createCommit(github, wanted.commit)
  } catch (error) {
    if (!isUnavailable(error)) throw error
    if (wanted.requireVerified) throw unverified(error.message, error)
    if (wanted.mode === 'api') throw error
    warnings.push(`The commit is not verified: it was pushed by git, because GitHub would not make it. ${error.message}`)
    return null
  }
}

/** Asks again where GitHub says that it does not know what it has made a moment ago. */
async function onceKnown<T>(github: GitHub, ask: () => Promise<T>, [pause, ...later]: readonly number[] = pauses): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof GitHubFailure) || error.status !== 404 || pause === undefined) throw error
    await github.pause(pause)
    assertNotStopped()
    return await onceKnown(github, ask, later)
  }
}

/** Throws where GitHub does not have the commit afterwards. */
async function stage(git: Git, github: GitHub, wanted: CommitToPublish, ref: string): Promise<void> {
  const { commit: { sha } } = wanted
  try {
    const said = await git.pushAside(wanted, sha, ref)
    if (said !== null) throw new GitHubFailure('github-failed', `GitHub does not take the ref ${visible(ref)}: ${said}.`, 422, said)
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.code === 'interrupted') throw cause
    // The answer may be all that was lost: curl asks again by itself, and is then told that the ref is there.
    const found = await refsBelow(github, ref.replace(/^refs\//, '')).catch(() => [])
    if (!found.some((one) => one.sha === sha)) throw cause
  }
}

function unverified(why: string, cause?: unknown): Failure {
  return new Failure('unverified', `${why} A verified commit is required, so nothing was published.`, { advice: wantsBot, cause })
}

/** What GitHub, or this token, does not offer; not what failed, or what someone else has done. */
function isUnavailable(error: unknown): error is GitHubFailure {
  return error instanceof GitHubFailure && error.code !== 'github-rate-limit' && (error.status === 403 || error.status === 404 || error.status === 422)
}

function assertSame(made: GitHubCommit, { tree, parent, message }: Commit): void {
  const wrong = [
    made.tree === tree ? [] : ['tree'],
    made.parents.length === 1 && made.parents[0] === parent ? [] : ['parent'],
    made.message.trimEnd() === message.trimEnd() ? [] : ['message'],
  ].flat()
  if (wrong.length === 0) return
  throw new Failure('verification', `The commit that GitHub made has another ${wrong.join(' and ')} than the one that was verified.`, {
    advice: 'Nothing was published. Please report this.',
  })
}

/** Null once the branch is at `to`; a Failure where it may be. Throws where it is not. */
async function move(github: GitHub, branch: string, from: string | null, to: string): Promise<Failure | null> {
  try {
    await onceKnown(github, () => moveRef(github, { name: `refs/heads/${branch}`, from, to }))
    return null
  } catch (cause) {
    if (!(cause instanceof GitHubFailure)) throw cause
    // The answer may be all that was lost. Undefined: that could not be asked either.
    const now = await github.branchHead(branch).catch(() => undefined)
    if (now === to) return null
    if (now === from) throw isUnavailable(cause) ? notMoved(cause) : cause
    if (now === undefined) return maybe(cause, branch, false, 'It may have been moved.')
    throw movedByOther(branch, cause)
  }
}

/** Null once the branch is at the commit; a Failure where it may be. Throws where it is not. */
async function push(git: Git, github: GitHub, wanted: CommitToPublish): Promise<Failure | null> {
  const { branch, commit: { sha }, expected, url, token } = wanted
  await wanted.beforeMove()
  try {
    await git.push({ branch, commit: sha, expected, url, token })
    return null
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.code === 'changed-underneath') throw cause
    const now = await github.branchHead(branch).catch(() => undefined)
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
  return new Failure(cause.code, `${cause.message.replace(/[^.]$/, '$&.')} Nothing was published.`, {
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
