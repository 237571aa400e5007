// A commit that nothing points to, built by plumbing from bytes beside the checkout.
// Must never touch the user's index or working tree, nor let a filter change a byte.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { pathsIn } from './git-program.ts'
import type { GitProgram } from './git-program.ts'

/** A commit that nothing points to yet. */
export interface Commit {
  readonly sha: string
  readonly parent: string
  /** The id of its tree. */
  readonly tree: string
  readonly message: string
  /** The id of its parent's tree, and what it has in the place of what that has. */
  readonly parentTree: string
  readonly entries: readonly TreeEntry[]
}

/** A regular file of a tree. */
export interface TreeEntry {
  readonly path: string
  readonly mode: '100644' | '100755'
  readonly blob: string
}

export interface CommitOptions {
  readonly parent: string
  /** A folder that holds the new bytes of `paths`, laid out like the repository. */
  readonly tree: string
  readonly paths: readonly string[]
  /** A file outside of the checkout for the index of this commit. */
  readonly indexFile: string
  /** Given the id of the tree that is committed. */
  readonly message: (tree: string) => string
  readonly author: { readonly name: string; readonly email: string }
}

/** As `Git.commit` says. */
export async function buildCommit(git: GitProgram, options: CommitOptions): Promise<Commit> {
  const env = {
    GIT_INDEX_FILE: options.indexFile,
    GIT_AUTHOR_NAME: options.author.name, GIT_AUTHOR_EMAIL: options.author.email,
    GIT_COMMITTER_NAME: options.author.name, GIT_COMMITTER_EMAIL: options.author.email,
  }
  await git.run(['read-tree', options.parent], { env })
  const wanted = new Set(options.paths)
  const executable = new Set(pathsIn(await git.run(['ls-files', '-z', '-s'], { env })).flatMap((entry) => {
    const path = entry.slice(entry.indexOf('\t') + 1)
    return wanted.has(path) && entry.startsWith('100755') ? [path] : []
  }))
  const ids = (await git.line(['hash-object', '-w', '--no-filters', '--stdin-paths'], {
    input: options.paths.map((path) => `${quoted(join(options.tree, path))}\n`).join(''),
  })).split('\n')
  const entries = options.paths.map((path, at): TreeEntry => ({ path, mode: executable.has(path) ? '100755' : '100644', blob: ids[at] ?? '' }))
  await git.run(['update-index', '-z', '--index-info'], {
    env, input: entries.map(({ path, mode, blob }) => `${mode} ${blob}\t${path}\0`).join(''),
  })
  const tree = await git.line(['write-tree'], { env })
  const message = options.message(tree)
  const sha = await git.line(['commit-tree', '-p', options.parent, '-F', '-', tree], { env, input: message })
  return { sha, parent: options.parent, tree, message, parentTree: await git.line(['rev-parse', `${options.parent}^{tree}`]), entries }
}

/** git's id of `bytes` as they are; `like` is any id of the repository, whose length tells its hash. */
export function blobId(bytes: Buffer, like: string): string {
  return createHash(like.length === 64 ? 'sha256' : 'sha1').update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex')
}

/** A path as git reads it from a list of lines. */
function quoted(path: string): string {
  const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r' }
  return `"${path.replace(/["\\\n\r]/g, (character) => escapes[character] ?? `\\${character}`)}"`
}
