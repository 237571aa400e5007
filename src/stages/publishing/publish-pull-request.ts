// Verified bytes → a branch with a pull request, and what an earlier run of the same request left there.
// Must never use a key, nor leave unsaid what stands where it could not do all.
import { Failure } from '../../model/failure.ts'
import type { FailureCode } from '../../model/failure.ts'
import type { Inputs, PullRequestInputs } from '../../model/inputs.ts'
import { renderPullRequestBody } from '../../model/markdown/markdown.ts'
import { textsOf as plannedTexts } from '../../model/plan/plan.ts'
import { visible } from '../../model/safe-text.ts'
import type { Git } from '../../tools/git.ts'
import type { Remote } from '../../tools/git-remote.ts'
import { compareUrl } from '../../tools/github.ts'
import type { GitHub } from '../../tools/github.ts'
import type { Log } from '../../tools/log.ts'
import { Staging, sha256Of } from '../../tools/staging.ts'
import { areCleanMerges } from './clean-merges.ts'
import { assertNotOvertaken, assertOnBase } from './base-branch.ts'
import { closeSettled } from './close-pull-request.ts'
import { findPublished, readHead } from './earlier-run.ts'
import { ClosedMeanwhile, assertStillOpen, overwrittenNotice, respectedNotice } from './existing-pull-request.ts'
import type { Existing } from './existing-pull-request.ts'
import { keptFrom, nothingKept } from './kept.ts'
import { assertUnfiltered, authorOf, commitVerified } from './publish-branch.ts'
import { publishCommit } from './publish-commit.ts'
import { nothingPublished } from './publish.ts'
import type { Published, Publisher } from './publish.ts'
import { bodyOf, complete, openPullRequest } from './pull-request.ts'
import { baseOf, branchOf, requestOf, textsOf } from '../request-names.ts'
import { usualOwnersFile } from '../survey.ts'
import { lookAtSettled } from './settled-head.ts'
import { wantsBot } from './signed-commit.ts'
import { removeLeftovers } from './staging-ref.ts'
import { lookAt } from './unvouched-head.ts'

export interface PullRequestPlace {
  readonly git: Git
  readonly github: GitHub
  readonly log: Log
  /** Where temporary folders are made. */
  readonly temporary: string
  /** Like `https://github.com`. */
  readonly serverUrl: string
  /** The branch the run was started on, as the event says; null for a tag or a pull request. */
  readonly eventBranch: string | null
  readonly runUrl: string | null
}

export function pullRequestPublisher(place: PullRequestPlace, inputs: Inputs, wanted: PullRequestInputs): Publisher {
  const { git, github, log, serverUrl } = place
  const host = new URL(serverUrl).hostname
  const repository = `${github.owner}/${github.repo}`
  const remote: Remote = { url: `${serverUrl}/${repository}`, token: inputs.token }
  let base = ''
  let branch = ''
  let fingerprint = ''
  let vouched = false
  let published: Existing = { kind: 'publish', head: null, pullRequest: null, overwritten: null }
  const locate = async (): Promise<void> => {
    const standard = await github.defaultBranch()
    base = baseOf(wanted, await git.currentBranch() ?? place.eventBranch, standard)
    branch = branchOf(inputs, wanted, base, standard)
    if (branch === base || branch === standard) {
      throw new Failure('input', `The branch for the commit is ${visible(branch)}, which is ${branch === base ? 'what the pull request goes into' : 'the default branch'}.`, {
        advice: 'Name another one in `branch`, or leave it out.',
      })
    }
    if (wanted.commitMode !== 'git') await removeLeftovers(github)
  }
  /** `work` leaves all as it was where it fails; what it says of GitHub or git ends with that. */
  const asItWas = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw withWhatStands(error, branch)
    }
  }
  return {
    find: async (planned, staging) => await asItWas(async () => {
      const { plan, base: commit, identity } = planned
      await assertUnfiltered(git, staging, plan)
      await locate()
      fingerprint = sha256Of(identity)
      const paths = [...plannedTexts(plan).map(({ path }) => path), ...plan.changes.map(({ file }) => file.path)]
      const tip = await assertOnBase(git, github, base, commit, paths)
      const { existing, verified } = await findPublished(github, {
        base, branch, fingerprint, host, mustBeVerified: wanted.requireVerified || wanted.commitMode === 'api',
        // Where the branch is named after the request, it says which one it is.
        request: wanted.branch === null ? null : requestOf(inputs, base),
        look: async (head, against) => await lookAt({ git, github, remote, log, staging, tip }, planned, head, against),
        areClean: async (made, merges) => await areCleanMerges({ git, github, remote, log, staging, tip }, commit, made, merges),
      }, wanted)
      published = existing
      vouched = verified
      if (published.kind === 'publish') return null
      const { number, url } = published.pullRequest
      const there: Published = { ...nothingPublished, number, url, branch, compareUrl: compareUrl(serverUrl, github.owner, github.repo, base, branch) }
      if (published.kind === 'closed-by-hand') return { ...there, operation: 'skipped-closed', notices: [respectedNotice(published.pullRequest)] }
      const lacks = await complete(github, published.pullRequest, { ...wanted, fingerprint, request: requestOf(inputs, base) })
      const warnings = verified || wanted.commitMode !== 'auto' ? lacks : [unverifiedWarning(published.head), ...lacks]
      return { ...there, operation: 'unchanged', headSha: published.head, verified, warnings }
    }),
    earlier: async ({ plan, base: commit }, staging) => {
      // Whoever can push could put a file there whose data key they know.
      if (published.kind !== 'publish' || published.head === null || published.overwritten !== null || !vouched) return nothingKept
      return await keptFrom(git, remote, published.head, commit, plan, staging, log)
    },
    settle: async (commit) => {
      try {
        await locate()
      } catch (error) {
        return { ...nothingPublished, warnings: [`Nothing is left to do, but its pull request could not be looked for: ${visible(error instanceof Error ? error.message : String(error), 600)}`] }
      }
      const { closed, warnings } = await closeSettled(github, {
        base, branch, request: requestOf(inputs, base), ownBranch: wanted.branch === null, commit, runUrl: place.runUrl,
        readHead: async (sha) => {
          const head = await readHead(github, sha, host)
          return head === null ? null : { fingerprint: head.fingerprint, look: async () => {
            await using staging = Staging.create(place.temporary)
            const looking = { git, github, remote, log, staging, tip: commit }
            return await lookAtSettled(looking, commit, head, inputs.ownersFile ?? usualOwnersFile)
          } }
        },
        deleteBranch: wanted.deleteBranch ? async (sha) => await git.push({ branch, commit: null, expected: sha, ...remote }) : null,
      })
      return closed === null ? { ...nothingPublished, warnings } : { ...nothingPublished, operation: 'closed', number: closed.number, url: closed.url, branch, warnings }
    },
    publish: async (verified, staging, report) => {
      if (published.kind !== 'publish') throw new RangeError('There is nothing to publish.')
      const { head, overwritten, pullRequest: before } = published
      const texts = textsOf(inputs, wanted, report, { base, repository, runUrl: place.runUrl })
      const url = compareUrl(serverUrl, github.owner, github.repo, base, branch)
      const request = requestOf(inputs, base)
      const body = renderPullRequestBody(report, {
        bodyHeader: texts.bodyHeader, fingerprint, runUrl: place.runUrl, pullRequestUrl: null, reportPath: null,
      })
      const notices = overwritten === null ? [] : [overwrittenNotice(branch, overwritten)]
      const { requireVerified, commitMode: mode } = wanted
      const paths = [...verified.texts.map(({ path }) => path), ...verified.files.map(({ planned }) => planned.file.path)]
      const seen: { overtaken: string | null } = { overtaken: null }
      const done = await asItWas(async () => {
        const commit = await commitVerified(git, staging, verified, {
          parent: report.base, message: texts.commitMessage, fingerprint,
          signoff: wanted.signoff ? await authorOf(github, wanted.commitMode, host) : null,
        })
        return await publishCommit(git, github, {
          branch, commit, expected: head, mode, requireVerified, ...remote, folder: staging.beside('signed'),
          beforeMove: async () => {
            if (before !== null) assertStillOpen(before, await github.pullRequests(branch), wanted)
            seen.overtaken = await assertNotOvertaken(github, base, report.base, paths)
          },
        })
      }).catch((error: unknown) => {
        if (error instanceof ClosedMeanwhile) return error
        throw error
      })
      if (done instanceof ClosedMeanwhile) {
        return { ...nothingPublished, operation: 'skipped-closed', number: done.pullRequest.number, url: done.pullRequest.url, branch, compareUrl: url, notices: [done.message] }
      }
      const pushed: Published = {
        ...nothingPublished, branch, headSha: done.sha, verified: done.verified, compareUrl: url, notices, body: bodyOf({ body, request, title: texts.title }),
        warnings: seen.overtaken === null ? done.warnings : [seen.overtaken, ...done.warnings],
        failure: done.failure,
      }
      if (pushed.failure !== null) return pushed
      const { labels, assignees, reviewers, teamReviewers, milestone, draft } = wanted
      try {
        const { pullRequest, warnings } = await openPullRequest(github, {
          base, branch, title: texts.title, body, draft, labels, assignees, reviewers, teamReviewers, milestone, request, overwritten,
        })
        return { ...pushed, ...pullRequest, warnings: [...pushed.warnings, ...warnings] }
      } catch (cause) {
        const [code, what] = cause instanceof Failure ? [cause.code, cause.message] as const : ['unexpected', visible(String(cause), 600)] as const
        const advice = before === null ? `The branch ${visible(branch)} is pushed; its pull request can be opened by hand at ${url}`
          : `The branch ${visible(branch)} is pushed, but the text of pull request #${before.number} may still be that of an earlier run: run again.`
        return { ...pushed, number: before?.number ?? null, url: before?.url ?? null, failure: new Failure(code, what, { advice, cause }) }
      }
    },
  }
}

/** Of these no sentence says what became of the branch. */
const saysNotWhatStands: ReadonlySet<FailureCode> = new Set(['github-permission', 'github-setting', 'github-rate-limit', 'github-failed', 'git-failed'])

function withWhatStands(error: unknown, branch: string): unknown {
  if (!(error instanceof Failure) || !saysNotWhatStands.has(error.code)) return error
  const places = branch === '' ? 'branch and pull request' : `the branch ${visible(branch)} and its pull request`
  return new Failure(error.code, error.message.replace(/[^.]$/, '$&.'), { advice: `Nothing was published; ${places} are as they were.`, cause: error })
}

function unverifiedWarning(sha: string): string {
  return `The commit on the branch (${sha.slice(0, 12)}) is not verified, and was left as it is, because it holds this very plan. ${wantsBot} `
    + 'Write `commit-mode: api` to have it made anew, or `commit-mode: git` where that is as it should be.'
}
