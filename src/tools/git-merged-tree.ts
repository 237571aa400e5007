// What merging two commits comes to, as git does it by itself.
// Must never answer a tree that somebody had to settle, nor run a program that the user has set for merges.
import { devNull } from 'node:os'
import type { GitProgram } from './git-program.ts'

const nobody = { name: 'nobody', email: 'nobody@invalid' }

/**
 * The id of the tree that merging `theirs` into `ours` comes to, `base` being where they parted; a clone need not have what lies
 * between. Null where there is a conflict, and where git is too old to say (before 2.38).
 */
export async function mergedTree(git: GitProgram, base: string, ours: string, theirs: string): Promise<string | null> {
  const env = {
    GIT_AUTHOR_NAME: nobody.name, GIT_AUTHOR_EMAIL: nobody.email, GIT_COMMITTER_NAME: nobody.name, GIT_COMMITTER_EMAIL: nobody.email,
  }
  const commitOf = async (of: string, ...parents: readonly string[]): Promise<string> =>
    await git.line(['commit-tree', ...parents.flatMap((one) => ['-p', one]), '-m', 'side', `${of}^{tree}`], { env })
  const parted = await commitOf(base)
  const sides = [await commitOf(ours, parted), await commitOf(theirs, parted)]
  const { exitCode, stdout } = await git.try(['merge-tree', '--write-tree', '--no-messages', ...sides], { settings: [['core.attributesFile', devNull]] })
  return exitCode === 0 ? stdout.toString().trim() : null
}
