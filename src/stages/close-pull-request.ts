// Nothing is left to do → the pull request that an earlier run of the same request opened is closed, its branch deleted.
// Must never touch a pull request of another request or with commits that are not ours; what goes wrong is a warning.
import { link, visible } from '../model/safe-text.ts'
import type { AnyPullRequest, GitHub } from '../tools/github.ts'
import { requestMarker, settledBody } from './existing-pull-request.ts'

export interface Settling {
  readonly base: string
  readonly branch: string
  /** Which request it is, as it stands in the marker. */
  readonly request: string
  /** The commit that the run found nothing to do at. */
  readonly commit: string
  readonly runUrl: string | null
  /** Whether the branch ends in our commit, as we made it. */
  readonly isOurs: (sha: string) => Promise<boolean>
  /** Deletes the branch only if it still is at `sha`; null where it is to be kept. */
  readonly deleteBranch: ((sha: string) => Promise<void>) | null
}

export interface Settled {
  /** The pull request that was closed; null where there was none to close, or it could not be. */
  readonly closed: AnyPullRequest | null
  readonly warnings: readonly string[]
}

/** Never throws. Closes only where the run saw what the base holds now. */
export async function closeSettled(github: GitHub, settling: Settling): Promise<Settled> {
  const { base, branch, request, commit, isOurs } = settling
  let pullRequest: AnyPullRequest | undefined
  try {
    pullRequest = (await github.pullRequests(branch))
      .find((one) => one.state === 'open' && one.base === base && one.body.includes(requestMarker(request)))
    if (pullRequest === undefined || await github.branchHead(base) !== commit) return { closed: null, warnings: [] }
    if (!await isOurs(pullRequest.headSha)) {
      const why = `pull request #${pullRequest.number} has commits that are not ours, and stays open`
      return { closed: null, warnings: [`Nothing is left to do, but ${why}.`] }
    }
    await close(github, branch, pullRequest)
  } catch (error) {
    const what = pullRequest === undefined ? 'its pull request could not be looked for'
      : `pull request #${pullRequest.number} stays open`
    return { closed: null, warnings: [`Nothing is left to do, but ${what}: ${words(error)}`] }
  }
  return { closed: pullRequest, warnings: await sayAndDelete(github, pullRequest, settling) }
}

async function close(github: GitHub, branch: string, { number, body }: AnyPullRequest): Promise<void> {
  try {
    await github.closePullRequest(number, settledBody(body))
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
