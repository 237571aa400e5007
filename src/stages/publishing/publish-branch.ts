// Verified bytes → one commit, built beside the checkout.
// Must never take anything but verified bytes.
import { bot, commitMessage } from '../../model/publishing/commit-message.ts'
import type { CommitWords, Identity } from '../../model/publishing/commit-message.ts'
import { Failure } from '../../model/failure.ts'
import type { Plan } from '../../model/plan/plan.ts'
import { textsOf } from '../../model/plan/plan.ts'
import { visible } from '../../model/safe-text.ts'
import { Verified } from '../../model/plan/verification.ts'
import { blobId } from '../../tools/git-commit.ts'
import type { Git } from '../../tools/git.ts'
import type { Commit } from '../../tools/git-commit.ts'
import { ownAccount } from '../../tools/github-issues.ts'
import type { GitHub } from '../../tools/github.ts'
import type { Staging } from '../../tools/staging.ts'

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

export interface Publication extends CommitWords {
  /** The commit that the new one stands on. */
  readonly parent: string
}

/**
 * Who stands as the author of the commit: the bot whose token GitHub makes it for. Where git makes it, and so for the token of a
 * person, for whom GitHub does not sign, that is the bot of GitHub Actions. `host` is GitHub's.
 */
export async function authorOf(github: GitHub, mode: 'auto' | 'api' | 'git', host: string): Promise<Identity> {
  if (mode === 'git') return bot
  const { login, databaseId } = await ownAccount(github)
  if (!login.endsWith('[bot]') || databaseId === null) return bot
  return { name: login, email: `${databaseId}+${login}@users.noreply.${host}` }
}

/** Builds the commit beside the checkout, and sees that it holds what was verified, byte for byte, and nothing else. */
export async function commitVerified(git: Git, staging: Staging, verified: Verified, publication: Publication): Promise<Commit> {
  if (!Verified.isVerified(verified)) throw new Failure('verification', 'Only what was verified can be published.')
  const bytes = new Map([
    ...verified.texts.map(({ path, after }) => [path, Buffer.from(after)] as const),
    ...verified.files.map(({ planned: { file: { path } } }) => [path, staging.read(path)] as const),
  ])
  const commit = await git.commit({
    parent: publication.parent, tree: staging.root, paths: [...bytes.keys()], indexFile: staging.beside('index'), author: bot,
    message: (tree) => commitMessage(publication, tree),
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
