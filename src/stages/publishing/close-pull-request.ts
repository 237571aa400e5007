// Nothing is left to do → the pull request that an earlier run of the same request opened is closed, its branch deleted.
// Must never touch a pull request of another request or with commits that are not ours; what goes wrong is a warning.
import { marksIn, settledBody } from '../../model/publishing/body-marks.ts'
import { link, visible } from '../../model/safe-text.ts'
import type { AnyPullRequest, GitHub } from '../../tools/github.ts'
import type { Look } from './unvouched-head.ts'

export interface Settling {
  readonly base: string
  readonly branch: string
  /** Which request it is, as it stands in the mark. */
  readonly request: string
  /** The branch is that of this request alone, so that a text without the mark does not matter. */
  readonly ownBranch: boolean
  /** The commit that the run found nothing to do at. */
  readonly commit: string
  readonly runUrl: string | null
  /** What ends in this commit; null where that is not ours, or not as we made it. */
  readonly readHead: (sha: string) => Promise<SettledHead | null>
  /** Deletes the branch only if it still is at `sha`; null where it is to be kept. */
  readonly deleteBranch: ((sha: string) => Promise<void>) | null
}

export interface Settled {
  /** The pull request that was closed; null where there was none to close, or it could not be. */
  readonly closed: AnyPullRequest | null
  readonly warnings: readonly string[]
}

export interface SettledHead {
  /** Of the plan that it was made for. */
  readonly fingerprint: string
  /** Whether there is nothing in it but what a run puts there. */
  readonly look: () => Promise<Look>
}

/** Never throws. Closes only where the run saw what the base holds now. */
export async function closeSettled(github: GitHub, settling: Settling): Promise<Settled> {
  const { base, branch, request, ownBranch, commit, readHead } = settling
  let pullRequest: AnyPullRequest | undefined
  try {
    const present = (await github.pullRequests(branch)).filter((one) => one.state === 'open' && one.base === base)
    pullRequest = present.find(({ body }) => [request, undefined].includes(marksIn(body).request))
    if (pullRequest === undefined || await github.branchHead(base) !== commit) return { closed: null, warnings: [] }
    const { number, headSha, body } = pullRequest
    const isTold = ownBranch || marksIn(body).request === request
    const head = await readHead(headSha)
    // On a branch of several requests one that we know nothing of is none of our business.
    if (!isTold && head === null) return { closed: null, warnings: [] }
    if (!isTold) return { closed: null, warnings: [`Nothing is left to do, but pull request #${number} stays open: its text no longer says for which request it is.`] }
    const seen = await head?.look() ?? 'other'
    if (head === null || seen === 'other') {
      return { closed: null, warnings: [`Nothing is left to do, but pull request #${number} has commits that are not ours, and stays open. Look at them, then merge or close it.`] }
    }
    if (seen === 'unknown') {
      return { closed: null, warnings: [`Nothing is left to do, but pull request #${number} stays open: whether its commits are ours could not be seen. Look at them, then merge or close it.`] }
    }
    await close(github, branch, pullRequest, head.fingerprint)
  } catch (error) {
    const what = pullRequest === undefined ? 'its pull request could not be looked for'
      : `pull request #${pullRequest.number} stays open`
    return { closed: null, warnings: [`Nothing is left to do, but ${what}: ${words(error)}`] }
  }
  return { closed: pullRequest, warnings: await sayAndDelete(github, pullRequest, settling) }
}

async function close(github: GitHub, branch: string, { number, body }: AnyPullRequest, fingerprint: string): Promise<void> {
  try {
    await github.closePullRequest(number, settledBody(body, fingerprint))
  } catch (error) {
    // The answer may be all that was lost.
    const now = (await github.pullRequests(branch).catch(() => [])).find((one) => one.number === number)
    if (now?.state !== 'closed') throw error
  }
}

async function sayAndDelete(github: GitHub, { number, headSha }: AnyPullRequest, settling: Settling): Promise<readonly string[]> {
  const { branch, commit, runUrl, deleteBranch } = settling
  const warnings: string[] = []
  const attempt = async (what: string, action: () => Promise<void>): Promise<void> => {
    await action().catch((error: unknown) => warnings.push(`Pull request #${number} is closed, but ${what}: ${words(error)}`))
  }
  const run = runUrl === null ? 'A run' : link('A run', runUrl)
  await attempt('not told why', () => github.comment(number, [
    'Closed, because there is nothing left to do:',
    `${run} of the same request at ${commit.slice(0, 12)} found every file as it should be.`,
    deleteBranch === null ? 'The branch was kept (`delete-branch: false`).' : 'Its branch is deleted.',
  ].join(' ')))
  if (deleteBranch !== null) {
    await attempt(`its branch ${visible(branch)} is not deleted`, () => deleteBranch(headSha).catch(async (error: unknown) => {
      // The answer may be all that was lost.
      if (await github.branchHead(branch) !== null) throw error
    }))
  }
  return warnings
}

function words(error: unknown): string {
  return visible(error instanceof Error ? error.message : String(error), 600)
}
