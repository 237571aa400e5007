// Verified bytes → one commit on one branch.
// Must never take anything but verified bytes, nor move a branch that is not ours.
import { Failure } from '../model/failure.ts'
import type { Plan } from '../model/plan.ts'
import { textsOf } from '../model/plan.ts'
import { visible } from '../model/safe-text.ts'
import { Verified } from '../model/verification.ts'
import { blobId } from '../tools/git.ts'
import type { Git } from '../tools/git.ts'
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

/** Looks up what an earlier run left. Throws `branch-foreign` where someone else's work stands on the branch. */
export async function findPublished(github: GitHub, base: string, branch: string, fingerprint: string, politeness: Politeness): Promise<Existing> {
  const [sha, pullRequests] = await Promise.all([github.branchHead(branch), github.pullRequests(branch)])
  const head = sha === null ? null : { sha, madeFor: await madeFor(github, sha) }
  return decideExisting({ base, branch, fingerprint, head, pullRequests }, politeness)
}

/** The fingerprint in a commit of ours; null where it is not ours, or not as we made it. */
export async function madeFor(github: GitHub, sha: string): Promise<string | null> {
  const { message, tree, parents, by } = await github.commit(sha)
  const [, made = null, held] = ending.exec(message) ?? []
  return held !== tree || parents.length !== 1 || by.some((address) => address !== bot.email) ? null : made
}

export interface Publication {
  /** The commit that the new one stands on. */
  readonly parent: string
  readonly message: string
  readonly fingerprint: string
  readonly signoff: boolean
}

/** Builds the commit beside the checkout, and sees that it holds what was verified, byte for byte, and nothing else. */
export async function commitVerified(git: Git, staging: Staging, verified: Verified, publication: Publication): Promise<string> {
  if (!Verified.isVerified(verified)) throw new Failure('verification', 'Only what was verified can be published.')
  const { parent, message, fingerprint, signoff } = publication
  const bytes = new Map([
    ...verified.texts.map(({ path, after }) => [path, Buffer.from(after)] as const),
    ...verified.files.map(({ planned: { file: { path } } }) => [path, staging.read(path)] as const),
  ])
  const sha = await git.commit({
    parent, tree: staging.root, paths: [...bytes.keys()], indexFile: staging.beside('index'), author: bot,
    message: (tree) => `${message.trim()}\n\n${signoff ? `Signed-off-by: ${bot.name} <${bot.email}>\n` : ''}${trailers[0]}: ${fingerprint}\n${trailers[1]}: ${tree}\n`,
  })
  const changed = await git.changes(sha)
  const wrong = [...new Set([...bytes.keys(), ...changed.keys()])].filter((path) => {
    const wanted = bytes.get(path)
    return wanted === undefined || changed.get(path) !== blobId(wanted, sha)
  })
  if (wrong.length === 0) return sha
  throw new Failure('verification', `The commit does not hold what was verified: ${wrong.slice(0, 20).map((path) => visible(path)).join(', ')}.`, {
    advice: 'Nothing was pushed. Please report this.',
  })
}

export interface Push {
  readonly branch: string
  readonly commit: string
  /** What the branch was at. */
  readonly expected: string | null
  readonly url: string
  readonly token: string
}

/** Null once the branch is at the commit; a Failure where it may be. Throws where it is as it was. */
export async function pushCommit(git: Git, github: GitHub, push: Push): Promise<Failure | null> {
  const { branch, commit, expected } = push
  try {
    await git.push(push)
    return null
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.code === 'changed-underneath') throw cause
    // The answer may be all that was lost. Undefined: that could not be asked either.
    const now = await github.branchHead(branch).catch(() => undefined)
    const stopped = cause.code === 'interrupted'
    if (now === commit && !stopped) return null
    // What a stopped push has sent may still be at work.
    if (now === expected && !stopped) throw cause
    const state = now === commit ? 'It is pushed.' : 'It may have been pushed, or be so in a moment.'
    return new Failure(cause.code, `${stopped ? 'The run was stopped' : 'Something went wrong'} while the branch ${visible(branch)} was being pushed. ${state}`, {
      advice: 'Run again: the same request finds what is there.', cause,
    })
  }
}
