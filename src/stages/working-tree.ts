// A checkout that a killed run left half replaced → as it was before that run. Uses no key.
// Must never go on over a half-done one.
import { Failure } from '../model/failure.ts'
import type { Git } from '../tools/git.ts'
import type { Log } from '../tools/log.ts'
import { isHalfway, putBack, swapNote } from '../tools/swap.ts'

/** An earlier run may have been killed, with all of its processes, while it replaced files. Throws where only a look was asked for. */
export async function mendWorkingTree(git: Git, log: Log, dryRun: boolean): Promise<void> {
  // What is no checkout is said by the survey.
  const note = await git.ownPath(swapNote).catch(() => null)
  if (note === null || !isHalfway(note)) return
  if (dryRun) {
    throw new Failure('changed-underneath', 'An earlier run was killed while it replaced files, and left some of them new.', {
      advice: 'Run once without `dry-run`: that puts them back first.',
    })
  }
  putBack(git.root, note)
  log.line('An earlier run was killed while it replaced files: they are as they were before it.')
}
