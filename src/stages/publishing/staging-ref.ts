// The ref under which a commit waits at GitHub, outside of branches and tags, until its branch is moved.
// Must never outlive the run that made it, nor take away one that is not ours or that another run may still need.
import { readTrailers } from '../../model/publishing/commit-message.ts'
import { Failure } from '../../model/failure.ts'
import { visible } from '../../model/safe-text.ts'
import { deleteRef, readCommit, refsBelow } from '../../tools/github-git.ts'
import type { GitHub } from '../../tools/github.ts'
import { sha256Of } from '../../tools/staging.ts'

/** A run needs its ref for some seconds, and for minutes where GitHub makes it wait. */
const longestUse = 3_600_000
const mostAtOnce = 10

const folder = 'refs/sops-rekey/staging/'
const named = /^refs\/sops-rekey\/staging\/[0-9a-f]{16}\/([0-9a-f]{40}|[0-9a-f]{64})$/

/** Says which branch it is for, and which commit it holds: no two runs make the same. */
export function stagingRef(branch: string, commit: string): string {
  return `${folder}${sha256Of(branch).slice(0, 16)}/${commit}`
}

/** Takes away what runs left that were killed, for whatever branch. Never throws: the next run will look again. */
export async function removeLeftovers(github: GitHub): Promise<void> {
  try {
    const found = (await refsBelow(github, folder.replace(/^refs\//, ''))).filter(({ name, sha }) => named.exec(name)?.[1] === sha)
    for (const { name, sha } of found.slice(0, mostAtOnce)) {
      const { tree, message, time } = await readCommit(github, sha)
      const ours = readTrailers(message)?.tree === tree
      if (ours && time < Date.now() - longestUse) await deleteRef(github, name)
    }
  } catch {
    // What stands there harms nobody.
  }
}

/** Also where the run was stopped. Never throws, but says what stayed. */
export async function unstage(github: GitHub, ref: string, warnings: string[]): Promise<void> {
  try {
    await deleteRef(github.evenStopped(), ref)
  } catch (error) {
    // The signal came in between.
    if (error instanceof Failure && error.code === 'interrupted') {
      await unstage(github, ref, warnings)
      return
    }
    const why = error instanceof Error ? error.message : visible(String(error))
    warnings.push(`A ref that was needed for a moment could not be deleted: ${visible(ref)}. The next run tries again after an hour. ${why}`)
  }
}
