// Which checkout is worked on where GitHub is not asked for its branches: what the run was started for, or what stands on one of them.
// Must never take the head of somebody's pull request for it.
import { Failure } from '../../model/failure.ts'
import type { Git } from '../../tools/git.ts'

/** actions/checkout keeps the heads and merges of pull requests there. */
const ofPullRequests = 'refs/remotes/pull/'

/**
 * Throws `event` where `commit` is neither part of the commit that the run was started for nor of a branch that was fetched.
 * `startedFor` is GITHUB_SHA; null where a person runs it, who knows what they have checked out.
 */
export async function assertKnownHead(git: Git, commit: string, startedFor: string | null): Promise<void> {
  if (startedFor === null || commit === startedFor || await git.isPartOf(commit, startedFor)) return
  const names: Buffer[] = []
  await git.stream(['for-each-ref', `--contains=${commit}`, '--format=%(refname)', 'refs/remotes/'], (piece) => names.push(piece))
  if (Buffer.concat(names).toString().split('\n').some((name) => name !== '' && !name.startsWith(ofPullRequests))) return
  throw new Failure('event',
    `The checkout (${commit.slice(0, 12)}) is not what the run was started for (${startedFor.slice(0, 12)}), nor known to be on a branch; it is not given keys.`,
    { advice: 'Check out a branch of the repository, with `fetch-depth: 0` where it is an older commit of one.' })
}
