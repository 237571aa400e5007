// The ref under which a commit waits at GitHub, outside of branches and tags, until its branch is moved.
// Must never outlive the run that made it, nor take away one that is not ours or that another run may still need.
import { readTrailers } from '../model/commit-message.ts'
import { visible } from '../model/safe-text.ts'
import { deleteRef, readCommit, refsBelow } from '../tools/github-git.ts'
import type { GitHub } from '../tools/github.ts'
import { sha256Of } from '../tools/staging.ts'

/** A run needs its ref for some seconds, and for minutes where GitHub makes it wait. */
const longestUse = 3_600_000
const mostAtOnce = 10

function folderOf(branch: string): string {
  return `refs/sops-rekey/staging/${sha256Of(branch).slice(0, 16)}/`
}

/** Says which branch it is for, and which commit it holds: no two runs make the same. */
export function stagingRef(branch: string, commit: string): string {
  return `${folderOf(branch)}${commit}`
}

/** Takes away what a run for the same branch left when it was killed. Never throws: the next run will look again. */
export async function removeLeftovers(github: GitHub, branch: string): Promise<void> {
  try {
    const folder = folderOf(branch)
    for (const { name, sha } of (await refsBelow(github, folder.replace(/^refs\//, ''))).slice(0, mostAtOnce)) {
      const { tree, message, time } = await readCommit(github, sha)
      const ours = name === stagingRef(branch, sha) && readTrailers(message)?.tree === tree
      if (ours && time < Date.now() - longestUse) await deleteRef(github, name)
    }
  } catch {
    // What stands there harms nobody.
  }
}

/** Never throws, but says what stayed. */
export async function unstage(github: GitHub, ref: string, warnings: string[]): Promise<void> {
  try {
    await deleteRef(github, ref)
  } catch (error) {
    const why = error instanceof Error ? error.message : visible(String(error))
    warnings.push(`A ref that was needed for a moment could not be deleted: ${visible(ref)}. The next run for this branch tries again. ${why}`)
  }
}
