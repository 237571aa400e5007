// The branch that the pull request goes into, as GitHub has it: whether the checkout is part of it, and its files are still the same.
// Must never let commits come along that the base does not have, nor a change to a file that somebody else has changed.
import { Failure } from '../../model/failure.ts'
import { visible } from '../../model/safe-text.ts'
import type { Git } from '../../tools/git.ts'
import { compareCommits } from '../../tools/github-git.ts'
import type { GitHub } from '../../tools/github.ts'

/**
 * Where `base` is at. Throws where `commit` is not part of it, or it has got other bytes for one of `paths` since. A checkout has
 * seldom what came after it: GitHub is asked.
 */
export async function assertOnBase(git: Git, github: GitHub, base: string, commit: string, paths: readonly string[]): Promise<string> {
  const tip = await github.branchHead(base)
  if (tip === null) {
    throw new Failure('input', `There is no branch ${visible(base)} to open a pull request into, or the token cannot see it.`, {
      advice: 'Name the branch in `base`, like `base: main`; to see it the token needs `contents: read`.',
    })
  }
  if (tip === commit) return tip
  const since = await compareCommits(github, commit, tip)
  if (!(since?.isAhead ?? await git.isPartOf(commit, tip))) {
    throw new Failure('changed-underneath',
      `The checkout (${commit.slice(0, 12)}) is not the tip of ${visible(base)} (${tip.slice(0, 12)}), nor known to be part of it.`,
      { advice: `Check out ${visible(base)}, and run again.` })
  }
  assertSame(base, since?.paths ?? null, paths)
  return tip
}

/**
 * Just before publishing: throws where `base` has got other bytes for one of `paths` since `commit`, or another history. Null where
 * all is well, a sentence where that cannot be told.
 */
export async function assertNotOvertaken(github: GitHub, base: string, commit: string, paths: readonly string[]): Promise<string | null> {
  const tip = await github.branchHead(base)
  if (tip === commit) return null
  const since = tip === null ? { isAhead: false, paths: null } : await compareCommits(github, commit, tip)
  if (since?.isAhead === false) throw overtaken(base, 'is no longer what this run stands on')
  assertSame(base, since?.paths ?? null, paths)
  return since?.paths === null || since === null
    ? `${visible(base)} has moved on during the run; whether in the files of this pull request, GitHub does not say.` : null
}

function assertSame(base: string, changed: ReadonlySet<string> | null, paths: readonly string[]): void {
  const both = paths.filter((path) => changed?.has(path) === true)
  if (both.length > 0) throw overtaken(base, `has got others of the files of this run meanwhile: ${both.slice(0, 20).map((path) => visible(path)).join(', ')}`)
}

function overtaken(base: string, what: string): Failure {
  return new Failure('changed-underneath', `${visible(base)} ${what}. Nothing was published.`, { advice: `Check out ${visible(base)} as it is now, and run again.` })
}
