// Git's commits, trees and refs as GitHub's API has them: makes a commit or a tree, reads a commit, moves a ref by compare-and-swap,
// lists and deletes refs, compares.
// Must never name an author or committer, without which alone GitHub signs, nor move a ref without saying what it must be at.
import { visible } from '../model/safe-text.ts'
import type { TreeEntry } from './git-commit.ts'
import { GitHubFailure } from './github.ts'
import type { GitHub } from './github.ts'

export interface GitHubCommit {
  readonly sha: string
  readonly message: string
  /** The id of its tree. */
  readonly tree: string
  readonly parents: readonly string[]
  /** Addresses. */
  readonly author: string
  readonly committer: string
  /** GitHub vouches that the committer made it. */
  readonly verified: boolean
  /** When, in milliseconds. */
  readonly time: number
}

export interface NewCommit {
  readonly message: string
  /** The id of a tree that the repository has. */
  readonly tree: string
  readonly parent: string
}

export interface RefUpdate {
  /** A full name, like `refs/heads/main`. */
  readonly name: string
  /** What it must be at; null: it must not exist. */
  readonly from: string | null
  readonly to: string
}

const permission = 'contents: write'
const updateRefs = 'mutation ($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }'

/** Makes a commit that nothing points to, and answers its id. GitHub signs it if the token is a bot's: read it to know. */
export async function createCommit(github: GitHub, { message, tree, parent }: NewCommit): Promise<string> {
  const { owner, repo } = github
  const purpose = { action: 'make a commit', permission }
  return (await github.ask(purpose, ({ rest }) => rest.git.createCommit({ owner, repo, message, tree, parents: [parent] }))).sha
}

/** Makes a tree: `base`, another one, with `entries` in the place of what it has there. Answers its id. */
export async function createTree(github: GitHub, base: string, entries: readonly TreeEntry[]): Promise<string> {
  const { owner, repo } = github
  const purpose = { action: 'make a tree', permission }
  const tree = entries.map(({ path, mode, blob }) => ({ path, mode, type: 'blob' as const, sha: blob }))
  return (await github.ask(purpose, ({ rest }) => rest.git.createTree({ owner, repo, base_tree: base, tree }))).sha
}

export async function readCommit(github: GitHub, sha: string): Promise<GitHubCommit> {
  const { owner, repo } = github
  const purpose = { action: `read the commit ${visible(sha)}`, permission }
  const found = await github.ask(purpose, ({ rest }) => rest.git.getCommit({ owner, repo, commit_sha: sha }))
  return {
    sha: found.sha, message: found.message, tree: found.tree.sha, parents: found.parents.map((parent) => parent.sha),
    author: found.author.email, committer: found.committer.email, verified: found.verification.verified, time: Date.parse(found.committer.date),
  }
}

/** The refs whose names begin with `prefix` (without `refs/`), with what they point to. */
export async function refsBelow(github: GitHub, prefix: string): Promise<readonly { readonly name: string; readonly sha: string }[]> {
  const { owner, repo } = github
  const purpose = { action: `list the refs below ${visible(prefix)}`, permission }
  const found = await github.ask(purpose, ({ rest }) => rest.git.listMatchingRefs({ owner, repo, ref: prefix }))
  return found.map(({ ref, object }) => ({ name: ref, sha: object.sha }))
}

/** GitHub names that many files of a comparison, and no more. */
const mostCompared = 300

export interface Comparison {
  /** `to` is `from`, or stands on it. */
  readonly isAhead: boolean
  /** In which `to` differs from where the two parted; null where GitHub does not name all. */
  readonly paths: ReadonlySet<string> | null
}

/** Null where GitHub cannot tell. `from` and `to` are ids. */
export async function compareCommits(github: GitHub, from: string, to: string): Promise<Comparison | null> {
  const { owner, repo } = github
  const purpose = { action: `compare ${visible(from)} with ${visible(to)}`, permission }
  try {
    // All files are on the first page, however few commits it has.
    const basehead = `${from}...${to}`
    const { status, files = [] } = await github.ask(purpose, ({ rest }) => rest.repos.compareCommitsWithBasehead({ owner, repo, basehead, per_page: 1 }))
    const paths = files.flatMap(({ filename, previous_filename: before }) => (before === undefined ? [filename] : [filename, before]))
    return { isAhead: status === 'ahead' || status === 'identical', paths: files.length >= mostCompared ? null : new Set(paths) }
  } catch (error) {
    if (error instanceof GitHubFailure) return null
    throw error
  }
}

/** Does nothing where there is no such ref. `name` is a full one. */
export async function deleteRef(github: GitHub, name: string): Promise<void> {
  const { owner, repo } = github
  const purpose = { action: `delete ${visible(name)}`, permission }
  const ref = name.replace(/^refs\//, '')
  try {
    await github.ask(purpose, ({ rest }) => rest.git.deleteRef({ owner, repo, ref }))
  } catch (error) {
    // GitHub has 422 for a ref that is not there, but not for that alone.
    const unclear = error instanceof GitHubFailure && (error.status === 422 || error.status === 404)
    if (!unclear || (await refsBelow(github, ref)).some((one) => one.name === name)) throw error
  }
}

/** As GraphQL names the repository. */
export async function repositoryId(github: GitHub): Promise<string> {
  const { owner, repo } = github
  return (await github.ask({ action: 'read the repository', permission }, ({ rest }) => rest.repos.get({ owner, repo }))).node_id
}

/** The status of a refusal for what an older GitHub does not know: REST would say "not implemented". */
export const notInSchema = 501

/**
 * Moves a ref, also to what does not follow from where it is, if it is where it must be. Throws a GitHubFailure where it was not
 * moved or where that is not known; GitHub has no code for "is elsewhere", so look.
 */
export async function moveRef(github: GitHub, repositoryId: string, { name, from, to }: RefUpdate): Promise<void> {
  const { owner, repo } = github
  const purpose = { action: `move ${visible(name)}`, permission }
  const update = { name, beforeOid: from ?? '0'.repeat(to.length), afterOid: to, force: from !== null }
  const refusals = await github.ask(purpose, async (octokit) => {
    try {
      await octokit.graphql(updateRefs, { input: { repositoryId, refUpdates: [update] } })
      return { data: [] }
    } catch (error) {
      const data = refusalsOf(error)
      if (data === null) throw error
      return { data }
    }
  })
  const [first] = refusals
  if (first === undefined) return
  const said = visible(refusals.map(({ message }) => message).join('; '), 600)
  const status = statusOf(first)
  throw new GitHubFailure(status === 403 ? 'github-permission' : 'github-failed',
    `Could not ${purpose.action} in ${visible(`${owner}/${repo}`)}: GitHub answered ${first.type ?? 'an error'}: ${said.replace(/[^.!?]$/, '$&.')}`, status, said,
    status === 403 ? { advice: `The token needs \`${permission}\`.` } : {})
}

interface GraphqlRefusal {
  readonly message: string
  readonly type?: string
  readonly extensions?: { readonly code?: string }
}

/** What GraphQL refused with an answer of 200; null for anything else. */
function refusalsOf(error: unknown): readonly GraphqlRefusal[] | null {
  const errors = typeof error === 'object' && error !== null && 'errors' in error ? error.errors : null
  return Array.isArray(errors) && errors.length > 0 ? errors as readonly GraphqlRefusal[] : null
}

/** The status REST would have for it; 200, which it had, where that cannot be told. A code is that of a check against the schema. */
function statusOf({ type, extensions }: GraphqlRefusal): number {
  if (type === 'FORBIDDEN' || type === 'INSUFFICIENT_SCOPES') return 403
  if (type === 'NOT_FOUND') return 404
  if (extensions?.code !== undefined) return notInSchema
  return type === 'UNPROCESSABLE' ? 422 : 200
}
