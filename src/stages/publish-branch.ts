// Verified bytes → one commit on one branch, and its pull request.
// Must never take anything but verified bytes, nor move a branch that is not ours.
import { Failure } from '../model/failure.ts'
import { visible } from '../model/safe-text.ts'
import { Verified } from '../model/verification.ts'
import type { Git } from '../tools/git.ts'
import type { GitHub } from '../tools/github.ts'
import type { Staging } from '../tools/staging.ts'

/** A commit of ours says so, and for which plan it was made. */
const trailer = 'Sops-Rekey-Fingerprint'

const bot = { name: 'github-actions[bot]', email: '41898282+github-actions[bot]@users.noreply.github.com' } as const

/** What stands on our branch now. */
export interface PublishedBranch {
  /** null: there is no such branch. */
  readonly head: string | null
  readonly pullRequest: { readonly number: number; readonly url: string; readonly headSha: string } | null
  /** The open pull request is for this very plan, so that there is nothing to publish. */
  readonly upToDate: boolean
}

export function fingerprintMarker(fingerprint: string): string {
  return `<!-- sops-rekey fingerprint=${fingerprint} -->`
}

/** Looks up what an earlier run left. Throws `branch-foreign` where someone else's work stands on the branch. */
export async function findPublished(github: GitHub, base: string, branch: string, fingerprint: string): Promise<PublishedBranch> {
  const [head, open] = await Promise.all([github.branchHead(branch), github.findOpenPullRequest(base, branch)])
  if (head === null) return { head, pullRequest: null, upToDate: false }
  const message = await github.commitMessage(head)
  const made = new RegExp(`^${trailer}: ([0-9a-f]+)$`, 'm').exec(message)?.[1]
  if (made === undefined) {
    throw new Failure('branch-foreign', `The branch ${visible(branch)} ends in a commit that is not ours (${head.slice(0, 12)}), and was left as it is.`, {
      advice: 'Merge or delete that branch, or give another one in `branch`.',
    })
  }
  return { head, pullRequest: open, upToDate: made === fingerprint && open !== null && open.body.includes(fingerprintMarker(fingerprint)) }
}

export interface Publication {
  readonly base: { readonly branch: string; readonly commit: string }
  readonly branch: string
  readonly message: string
  readonly fingerprint: string
  readonly remote: { readonly url: string; readonly token: string }
  readonly published: PublishedBranch
}

export interface PublishedCommit {
  readonly sha: string
}

/** Builds the commit beside the checkout, sees that it holds what was verified and nothing else, and pushes it. */
export async function pushVerified(git: Git, staging: Staging, verified: Verified, publication: Publication): Promise<PublishedCommit> {
  if (!Verified.isVerified(verified)) throw new Failure('verification', 'Only what was verified can be published.')
  const { base, branch, message, fingerprint, remote, published } = publication
  const paths = [...verified.configs.map(({ path }) => path), ...verified.files.map(({ planned }) => planned.file.path)]
  const sha = await git.commit({
    parent: base.commit, tree: staging.root, paths, indexFile: staging.beside('index'),
    message: `${message.trim()}\n\n${trailer}: ${fingerprint}\n`, author: bot,
  })
  const wanted = new Set(paths)
  const stray = (await git.changedPaths(sha)).filter((path) => !wanted.delete(path))
  if (stray.length > 0 || wanted.size > 0) {
    throw new Failure('verification', `The commit does not hold what was verified: ${visible([...stray, ...wanted].join(', '))}.`, {
      advice: 'A filter in .gitattributes may change these files; nothing was pushed.',
    })
  }
  await git.push({ url: remote.url, token: remote.token, commit: sha, branch, expected: published.head })
  return { sha }
}
