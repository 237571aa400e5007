// Verified bytes → one commit; and what stands on the branch it is for.
// Must never take anything but verified bytes, nor take a branch for ours that is not.
import { Failure } from '../model/failure.ts'
import type { Plan } from '../model/plan.ts'
import { textsOf } from '../model/plan.ts'
import { visible } from '../model/safe-text.ts'
import { Verified } from '../model/verification.ts'
import { blobId } from '../tools/git.ts'
import type { Commit, Git } from '../tools/git.ts'
import { readCommit } from '../tools/github-git.ts'
import type { GitHub } from '../tools/github.ts'
import type { Staging } from '../tools/staging.ts'
import { decideExisting } from './existing-pull-request.ts'
import type { Existing, Politeness } from './existing-pull-request.ts'

/** A commit of ours ends so: for which plan it was made, and what it held when we made it. */
const trailers = ['Sops-Rekey-Fingerprint', 'Sops-Rekey-Tree'] as const
const ending = new RegExp(`\\n\\n(?:Signed-off-by: [^\\n]+\\n)?${trailers.map((name) => `${name}: ([0-9a-f]+)`).join('\\n')}\\s*$`)

const bot = { name: 'github-actions[bot]', email: '41898282+github-actions[bot]@users.noreply.github.com' } as const

/**
 * Refuses where git itself changes a file between commit and checkout, so that what is verified would not be what is
 * committed. `staging` still holds the bytes that were surveyed.
 */
export async function assertUnfiltered(git: Git, staging: Staging, plan: Plan): Promise<void> {
  const before = new Map(textsOf(plan).map((text) => [text.path, Buffer.from(text.before)]))
  const present = [
    ...(await git.tracked()).find((path) => before.has(path)).map(({ path, blob }) => ({ path, blob, bytes: before.get(path) ?? Buffer.of() })),
    ...plan.changes.map(({ file: { path, blob } }) => ({ path, blob, bytes: staging.read(path) })),
  ]
  const filtered = present.filter(({ blob, bytes }) => blobId(bytes, blob) !== blob).map(({ path }) => path)
  const [first] = filtered
  if (first === undefined) return
  throw new Failure('refused',
    `Nothing was changed, because what is checked out is not what is committed, byte for byte: ${filtered.slice(0, 20).map((path) => visible(path)).join(', ')}. `
    + 'A filter (as for LFS) or a rule for line ends (`eol`, `text`) in .gitattributes, or `core.autocrlf`, changes it on the way.', {
      path: first, advice: 'Take encrypted files and .sops.yaml out of that rule, for example with `-filter -text`, and commit them as they are.',
    })
}

/** Refuses a checkout that is not part of `base` on the remote: the pull request would carry its commits as well. */
export async function assertOnBase(git: Git, github: GitHub, base: string, commit: string): Promise<void> {
  const tip = await github.branchHead(base)
  if (tip === null) {
    throw new Failure('input', `There is no branch ${visible(base)} to open a pull request into.`, { advice: 'Name the branch in `base`, like `base: main`.' })
  }
  if (tip === commit || await git.isPartOf(commit, tip)) return
  throw new Failure('changed-underneath',
    `The checkout (${commit.slice(0, 12)}) is not the tip of ${visible(base)} (${tip.slice(0, 12)}), nor known to be part of it.`,
    { advice: `Check out ${visible(base)}, and run again.` })
}

/** What the end of a message of ours says; null for any other message. */
export function readTrailers(message: string): { readonly fingerprint: string; readonly tree: string } | null {
  const [, fingerprint, tree] = ending.exec(message) ?? []
  return fingerprint === undefined || tree === undefined ? null : { fingerprint, tree }
}

/** What a commit of ours says of itself. */
export interface Made {
  readonly fingerprint: string
  /** GitHub vouches for it. */
  readonly verified: boolean
}

/**
 * Null where a run did not make it, or not as it stands there. `host` is GitHub's. Made by git it bears the bot's name twice. Made by
 * GitHub it is signed with GitHub's own key, which vouches for the committer, GitHub itself, and signs for a bot only where the
 * request left the author to GitHub.
 */
export async function madeFor(github: GitHub, sha: string, host: string): Promise<Made | null> {
  const { message, tree, parents, author, committer, verified } = await readCommit(github, sha)
  const said = readTrailers(message)
  if (said?.tree !== tree || parents.length !== 1) return null
  const byGit = author === bot.email && committer === bot.email
  const hosts = ['github.com', host]
  const byApi = verified && hosts.some((one) => committer === `noreply@${one}`)
    && hosts.some((one) => author.endsWith(`[bot]@users.noreply.${one}`))
  return byGit || byApi ? { fingerprint: said.fingerprint, verified } : null
}

export interface BranchOfRequest {
  readonly base: string
  readonly branch: string
  readonly fingerprint: string
  /** Like `github.com`. */
  readonly host: string
  /** What is there counts as up to date only if it is verified. */
  readonly requireVerified: boolean
}

/** What an earlier run left. */
export interface EarlierRun {
  readonly existing: Existing
  /** GitHub vouches for the commit on the branch. */
  readonly verified: boolean
}

/** Looks up what an earlier run left. Throws `branch-foreign` where someone else's work stands on the branch. */
export async function findPublished(github: GitHub, wanted: BranchOfRequest, politeness: Politeness): Promise<EarlierRun> {
  const { branch, host } = wanted
  const [sha, pullRequests] = await Promise.all([github.branchHead(branch), github.pullRequests(branch)])
  const made = sha === null ? null : await madeFor(github, sha, host)
  const head = sha === null ? null : { sha, madeFor: made?.fingerprint ?? null }
  const existing = decideExisting({ ...wanted, head, pullRequests }, politeness)
  const verified = made?.verified === true
  if (existing.kind !== 'up-to-date' || verified || !wanted.requireVerified) return { existing, verified }
  return { existing: { kind: 'publish', head: existing.head, pullRequest: existing.pullRequest, overwritten: null }, verified }
}

export interface Publication {
  /** The commit that the new one stands on. */
  readonly parent: string
  readonly message: string
  readonly fingerprint: string
  readonly signoff: boolean
}

/** Builds the commit beside the checkout, and sees that it holds what was verified, byte for byte, and nothing else. */
export async function commitVerified(git: Git, staging: Staging, verified: Verified, publication: Publication): Promise<Commit> {
  if (!Verified.isVerified(verified)) throw new Failure('verification', 'Only what was verified can be published.')
  const { parent, message, fingerprint, signoff } = publication
  const bytes = new Map([
    ...verified.texts.map(({ path, after }) => [path, Buffer.from(after)] as const),
    ...verified.files.map(({ planned: { file: { path } } }) => [path, staging.read(path)] as const),
  ])
  const commit = await git.commit({
    parent, tree: staging.root, paths: [...bytes.keys()], indexFile: staging.beside('index'), author: bot,
    message: (tree) => `${message.trim()}\n\n${signoff ? `Signed-off-by: ${bot.name} <${bot.email}>\n` : ''}${trailers[0]}: ${fingerprint}\n${trailers[1]}: ${tree}\n`,
  })
  const changed = await git.changes(commit.sha)
  const wrong = [...new Set([...bytes.keys(), ...changed.keys()])].filter((path) => {
    const wanted = bytes.get(path)
    return wanted === undefined || changed.get(path) !== blobId(wanted, commit.sha)
  })
  if (wrong.length === 0) return commit
  throw new Failure('verification', `The commit does not hold what was verified: ${wrong.slice(0, 20).map((path) => visible(path)).join(', ')}.`, {
    advice: 'Nothing was pushed. Please report this.',
  })
}
