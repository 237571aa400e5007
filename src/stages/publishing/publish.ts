// Verified bytes → where people see them; here: the working tree.
import type { Failure } from '../../model/failure.ts'
import type { Plan } from '../../model/plan/plan.ts'
import type { Report } from '../../model/report.ts'
import type { Verified } from '../../model/plan/verification.ts'
import type { Git } from '../../tools/git.ts'
import type { Staging } from '../../tools/staging.ts'
import { sha256Of } from '../../tools/staging.ts'
import { swap, swapNote } from '../../tools/swap.ts'
import { nothingKept } from './kept.ts'
import type { Kept } from './kept.ts'
import { assertKnownHead } from './known-head.ts'

/** What the run left behind, as the outputs say it. */
export interface Published {
  readonly operation: 'created' | 'updated' | 'unchanged' | 'closed' | 'skipped-closed' | 'none'
  readonly number: number | null
  readonly url: string | null
  readonly branch: string | null
  readonly headSha: string | null
  /** GitHub vouches for that commit. */
  readonly verified: boolean | null
  readonly compareUrl: string | null
  readonly warnings: readonly string[]
  /** What is good to know, as a sentence each. */
  readonly notices: readonly string[]
  /** The text of the pull request; null where there is nothing to open one for. */
  readonly body: string | null
  /** The branch is pushed, or may be, but its pull request could not be opened. */
  readonly failure: Failure | null
}

export const nothingPublished: Published = {
  operation: 'none', number: null, url: null, branch: null, headSha: null, verified: null, compareUrl: null, warnings: [], notices: [],
  body: null, failure: null,
}

export interface Planned {
  readonly plan: Plan
  /** The commit it is for. */
  readonly base: string
  /** What the plan comes to, as one text. */
  readonly identity: string
  /** The owners file as the plan would have it on another day, by somebody else. */
  readonly recordOf: (date: string, by: string | null) => string | null
}

export interface Publisher {
  /**
   * Before any key is used: what an earlier run published for the very same plan; null where there is something to do.
   * Throws where the plan could not be published. `staging` holds the bytes that were surveyed.
   */
  readonly find: (planned: Planned, staging: Staging) => Promise<Published | null>
  /** After `find`: what an earlier run of the same request made from the same bytes; see `keptFrom`. */
  readonly earlier: (planned: Planned, staging: Staging) => Promise<Kept>
  /** Where there is nothing to do at the commit `base`: closes what an earlier run of the request opened. Never throws. */
  readonly settle: (base: string) => Promise<Published | null>
  /** Throws with everything as it was; what went wrong after that is in the result. */
  readonly publish: (verified: Verified, staging: Staging, report: Report) => Promise<Published>
}

/** Leaves the changes in the working tree, uncommitted. `program` is the file that node runs; `startedFor` as in `assertKnownHead`. */
export function workingTreePublisher(git: Git, program: string, startedFor: string | null): Publisher {
  return {
    find: async ({ base }) => {
      await assertKnownHead(git, base, startedFor)
      return null
    },
    earlier: () => Promise.resolve(nothingKept),
    settle: () => Promise.resolve(null),
    publish: async (verified, staging) => {
      const replacements = [
        ...verified.texts.map(({ path, before }) => ({ path, sha256: sha256Of(before) })),
        ...verified.files.map(({ planned }) => ({ path: planned.file.path, sha256: planned.file.sha256 })),
      ]
      await swap(program, { root: git.root, staged: staging.root, replacements, note: await git.ownPath(swapNote) })
      return nothingPublished
    },
  }
}
