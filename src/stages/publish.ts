// Verified bytes → where people see them: a branch with a pull request, or the working tree.
import { Failure } from '../model/failure.ts'
import type { Inputs, PullRequestInputs } from '../model/inputs.ts'
import { renderPullRequestBody } from '../model/markdown.ts'
import type { Plan } from '../model/plan.ts'
import type { Report } from '../model/report.ts'
import { visible } from '../model/safe-text.ts'
import type { Verified } from '../model/verification.ts'
import type { Git } from '../tools/git.ts'
import { compareUrl } from '../tools/github.ts'
import type { GitHub } from '../tools/github.ts'
import type { Staging } from '../tools/staging.ts'
import { sha256Of } from '../tools/staging.ts'
import { swap } from '../tools/swap.ts'
import { assertOnBase, assertUnfiltered, commitVerified, findPublished, pushCommit } from './publish-branch.ts'
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
  /** The text of the pull request; null where there is nothing to open one for. */
  readonly body: string | null
  /** The branch is pushed, or may be, but its pull request could not be opened. */
  readonly failure: Failure | null
}

const nothing: Published = {
  operation: 'none', number: null, url: null, branch: null, headSha: null, compareUrl: null, warnings: [], body: null, failure: null,
}

export interface Planned {
  readonly plan: Plan
  /** The commit it is for. */
  readonly base: string
  /** What the plan comes to, as one text. */
  readonly identity: string
}

export interface Publisher {
  /**
   * Before any key is used: what an earlier run published for the very same plan; null where there is something to do.
   * Throws where the plan could not be published. `staging` holds the bytes that were surveyed.
   */
  readonly find: (planned: Planned, staging: Staging) => Promise<Published | null>
  /** Throws with everything as it was; what went wrong after that is in the result. */
  readonly publish: (verified: Verified, staging: Staging, report: Report) => Promise<Published>
}

/** Leaves the changes in the working tree, uncommitted. `program` is the file that node runs. */
export function workingTreePublisher(git: Git, program: string): Publisher {
  return {
    find: () => Promise.resolve(null),
    publish: async (verified, staging) => {
      const replacements = [
        ...verified.texts.map(({ path, before }) => ({ path, sha256: sha256Of(before) })),
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
  const text = textsOf(inputs)
  let base = ''
  let branch = ''
  let fingerprint = ''
  let published: PublishedBranch = { head: null, pullRequest: null, upToDate: false }
  return {
    find: async ({ plan, base: commit, identity }, staging) => {
      await assertUnfiltered(git, staging, plan)
      const standard = await github.defaultBranch()
      base = wanted.base ?? await git.currentBranch() ?? place.eventBranch ?? standard
      branch = wanted.branch ?? branchOf(inputs, base === standard ? null : base)
      fingerprint = sha256Of(identity)
      await assertOnBase(git, github, base, commit)
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
      const commit = await commitVerified(git, staging, verified, { parent: report.base, message: wanted.commitMessage ?? text, fingerprint })
      const pushed: Published = { ...nothing, branch, headSha: commit, compareUrl: url, body }
      const unsure = await pushCommit(git, github, {
        branch, commit, expected: published.head, url: `${serverUrl}/${github.owner}/${github.repo}`, token: wanted.token,
      })
      if (unsure !== null) return { ...pushed, failure: unsure }
      const { labels, assignees, reviewers, teamReviewers, draft } = wanted
      try {
        const { pullRequest, warnings } = await openPullRequest(github, {
          base, branch, title: wanted.title ?? text, body, draft, labels, assignees, reviewers, teamReviewers,
        })
        return { ...pushed, ...pullRequest, warnings }
      } catch (cause) {
        const [code, what] = cause instanceof Failure ? [cause.code, cause.message] as const : ['unexpected', visible(String(cause), 600)] as const
        const advice = `The branch ${visible(branch)} is pushed; its pull request can be opened by hand at ${url}`
        return { ...pushed, failure: new Failure(code, what, { advice, cause }) }
      }
    },
  }
}

/**
 * A name that the same request always gets, and no other: where the words alone could stand for another request too, a
 * hash of the exact one follows. `into` is the base where that is not the usual one.
 */
function branchOf({ removedRecipients, addedRecipients, sameAccessAs, rotateAll, maxKeyAge, files }: Inputs, into: string | null): string {
  const age = maxKeyAge?.text ?? null
  const removed = [...removedRecipients].sort()
  const added = [...addedRecipients].sort()
  const words = [
    ...(removed.length > 0 ? ['remove', ...removed] : []),
    // Of `carol=age1…` the name, of a key alone enough to tell it from others.
    ...(added.length > 0 ? ['add', ...added.map((one) => one.replace(/=.*$/, ''))] : []),
    ...(rotateAll || age !== null ? ['rotate', age ?? ''] : removed.length + added.length > 0 ? [] : ['align']),
    ...(into === null ? [] : ['into', into]),
  ].filter((word) => word !== '')
  const slug = words.map((word) => word.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 40))
    .filter((word) => word !== '').join('-').slice(0, 100).replace(/-$/, '')
  const plain = words.every((word) => /^[a-z0-9]{1,40}$/.test(word)) && removed.length < 2 && added.length === 0 && files.length === 0
  const exact = JSON.stringify([removed, rotateAll, age, [...files], into, ...(added.length === 0 ? [] : [added, sameAccessAs])])
  return `sops-rekey/${slug}${plain ? '' : `-${sha256Of(exact).slice(0, 8)}`}`
}

/** The title and commit message where none is given. */
function textsOf({ removedRecipients, addedRecipients, rotateAll, maxKeyAge }: Inputs): string {
  if (addedRecipients.length > 0) return removedRecipients.length > 0 ? 'chore: replace a recipient of sops files' : 'chore: give a new recipient access to sops files'
  if (removedRecipients.length > 0) return 'chore: rotate keys after team member offboarding'
  return rotateAll || maxKeyAge !== null ? 'chore: rotate sops data keys' : 'chore: bring sops files in line with .sops.yaml'
}
