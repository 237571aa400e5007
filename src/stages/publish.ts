// Verified bytes → where people see them: a branch with a pull request, or the working tree.
import { createHash } from 'node:crypto'
import type { Inputs, PullRequestInputs } from '../model/inputs.ts'
import { renderPullRequestBody } from '../model/markdown.ts'
import { Failure } from '../model/failure.ts'
import type { Report } from '../model/report.ts'
import { visible } from '../model/safe-text.ts'
import type { Verified } from '../model/verification.ts'
import type { Git } from '../tools/git.ts'
import { compareUrl, GitHubFailure } from '../tools/github.ts'
import type { GitHub } from '../tools/github.ts'
import type { Staging } from '../tools/staging.ts'
import { swap } from '../tools/swap.ts'
import { findPublished, pushVerified } from './publish-branch.ts'
import type { PublishedBranch } from './publish-branch.ts'
import { openPullRequest } from './pull-request.ts'

/** What the run left behind, as the outputs say it. */
export interface Published {
  readonly operation: 'created' | 'updated' | 'unchanged' | 'none'
  readonly number: number | null
  readonly url: string | null
  readonly branch: string | null
  readonly headSha: string | null
  readonly compareUrl: string | null
  readonly warnings: readonly string[]
  /** The branch is pushed, but its pull request could not be opened. */
  readonly failure: Failure | null
}

const nothing: Published = {
  operation: 'none', number: null, url: null, branch: null, headSha: null, compareUrl: null, warnings: [], failure: null,
}

export interface Publisher {
  /** What an earlier run published for the very same plan; null where there is something to do. */
  readonly find: (planIdentity: string) => Promise<Published | null>
  readonly publish: (verified: Verified, staging: Staging, report: Report) => Promise<Published>
}

/** Leaves the changes in the working tree, uncommitted. `program` is the file that node runs. */
export function workingTreePublisher(git: Git, program: string): Publisher {
  return {
    find: () => Promise.resolve(null),
    publish: async (verified, staging) => {
      const replacements = [
        ...verified.configs.map(({ path, before }) => ({ path, sha256: createHash('sha256').update(before).digest('hex') })),
        ...verified.files.map(({ planned }) => ({ path: planned.file.path, sha256: planned.file.sha256 })),
      ]
      await swap(program, { root: git.root, staged: staging.root, replacements })
      return nothing
    },
  }
}

export interface PullRequestPlace {
  readonly git: Git
  readonly github: GitHub
  /** Like `https://github.com`. */
  readonly serverUrl: string
  /** The branch the run was started on, as the event says; null for a tag or a pull request. */
  readonly eventBranch: string | null
  readonly runUrl: string | null
}

export function pullRequestPublisher(place: PullRequestPlace, inputs: Inputs, wanted: PullRequestInputs): Publisher {
  const { git, github, serverUrl } = place
  const branch = wanted.branch ?? branchOf(inputs)
  const text = textsOf(inputs)
  let base = ''
  let fingerprint = ''
  let published: PublishedBranch = { head: null, pullRequest: null, upToDate: false }
  return {
    find: async (planIdentity) => {
      base = wanted.base ?? await git.currentBranch() ?? place.eventBranch ?? await github.defaultBranch()
      fingerprint = createHash('sha256').update(planIdentity).digest('hex')
      published = await findPublished(github, base, branch, fingerprint)
      const { pullRequest, head, upToDate } = published
      if (!upToDate || pullRequest === null) return null
      return {
        ...nothing, operation: 'unchanged', number: pullRequest.number, url: pullRequest.url, branch, headSha: head,
        compareUrl: compareUrl(serverUrl, github.owner, github.repo, base, branch),
      }
    },
    publish: async (verified, staging, report) => {
      const url = compareUrl(serverUrl, github.owner, github.repo, base, branch)
      const body = renderPullRequestBody(report, {
        bodyHeader: wanted.bodyHeader, fingerprint, runUrl: place.runUrl, pullRequestUrl: null, reportPath: null,
      })
      const { sha } = await pushVerified(git, staging, verified, {
        base: { branch: base, commit: report.base }, branch, message: wanted.commitMessage ?? text, fingerprint, published,
        remote: { url: `${serverUrl}/${github.owner}/${github.repo}`, token: wanted.token },
      })
      const { labels, assignees, reviewers, teamReviewers, draft } = wanted
      const pushed: Published = { ...nothing, branch, headSha: sha, compareUrl: url }
      try {
        const { pullRequest, warnings } = await openPullRequest(github, {
          base, branch, title: wanted.title ?? text, body, draft, labels, assignees, reviewers, teamReviewers,
        })
        return { ...pushed, ...pullRequest, warnings }
      } catch (cause) {
        if (!(cause instanceof GitHubFailure)) throw cause
        const advice = `The branch ${visible(branch)} is pushed; its pull request can be opened by hand at ${url}`
        return { ...pushed, failure: new Failure(cause.code, cause.message, { advice, cause }) }
      }
    },
  }
}

/** A name that the same request always gets. */
function branchOf({ removedRecipients, rotateAll, maxKeyAge, files }: Inputs): string {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8)
  const slug = (text: string): string => (/^[\w.@ -]{1,40}$/.test(text) ? text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') : hash(text))
  const what = removedRecipients.length > 0 ? `remove-${[...removedRecipients].sort().map(slug).join('-').slice(0, 100)}`
    : rotateAll || maxKeyAge !== null ? 'rotate' : 'align'
  return `sops-rekey/${what}${files.length > 0 ? `-${hash(files.join('\n'))}` : ''}`
}

/** The title and commit message where none is given. */
function textsOf({ removedRecipients, rotateAll, maxKeyAge }: Inputs): string {
  if (removedRecipients.length > 0) return 'chore: rotate keys after team member offboarding'
  return rotateAll || maxKeyAge !== null ? 'chore: rotate sops data keys' : 'chore: bring sops files in line with .sops.yaml'
}
