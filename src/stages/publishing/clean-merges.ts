// Merges of the base on top of our commit, as the button "Update branch" makes them → whether there is anything else in them.
// Must never take a merge for clean that git would not have made so: what somebody put into it would be lost with the branch.
import { mkdirSync } from 'node:fs'
import { Failure } from '../../model/failure.ts'
import { compareCommits } from '../../tools/github-git.ts'
import type { GitHubCommit } from '../../tools/github-git.ts'
import { isOnBase } from './unvouched-head.ts'
import type { LookPlace } from './unvouched-head.ts'

/**
 * Whether each of `merges`, the oldest first, on top of `made`, has the tree that git makes of its two parents, without a conflict,
 * the second of which is part of the base. `commit` is the one that the run is for.
 */
export async function areCleanMerges(place: LookPlace, commit: string, made: GitHubCommit, merges: readonly GitHubCommit[]): Promise<boolean> {
  const { git, github, remote, log, staging } = place
  const last = merges.at(-1)
  if (last === undefined) return true
  // Where the branch stood on the base before each merge, and after the last.
  const stood = [made, ...merges].map(({ parents }) => parents.at(-1) ?? '')
  for (const [at, to] of stood.slice(1).entries()) {
    if ((await compareCommits(github, stood[at] ?? '', to))?.isAhead !== true) return false
  }
  const folder = staging.beside('merges')
  mkdirSync(folder, { mode: 0o700 })
  try {
    const aside = await git.with(remote, last.sha, commit, folder, merges.length + 2)
    if (await isOnBase(place, aside, commit, stood.at(-1) ?? '') !== true) return false
    for (const [at, { tree, parents: [first = '', second = ''] }] of merges.entries()) {
      if (await aside.mergedTree(stood[at] ?? '', first, second) !== tree) return false
    }
    return true
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'git-failed') throw error
    log.line(`The merges on the branch could not be looked into. ${error.message}`)
    return false
  }
}
