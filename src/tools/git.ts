// Git, by plumbing only: reads the checkout, builds a commit beside it, pushes one ref.
// Must never touch the user's index, working tree, hooks, configuration or stash, nor put a token in argv or a file.
import { realpathSync } from 'node:fs'
import { Failure } from '../model/failure.ts'
import { visible } from '../model/safe-text.ts'
import { buildCommit } from './git-commit.ts'
import type { Commit, CommitOptions } from './git-commit.ts'
import { GitProgram, pathsIn } from './git-program.ts'
import type { ProgramOptions } from './git-program.ts'
import { mergedTree } from './git-merged-tree.ts'
import { fetchBeside, pushAside, pushBranch } from './git-remote.ts'
import type { PushOptions, PushWaits, Remote } from './git-remote.ts'
import { pause } from './stop.ts'

/**
 * A tracked path of the index: `mode` as git writes it, `absent` where a sparse checkout left it out, `assumed` where git was told
 * to take it for unchanged.
 */
export interface TrackedPath {
  readonly path: string
  readonly mode: string
  readonly blob: string
  readonly absent: boolean
  readonly assumed: boolean
}

/** The index of a repository, which may have a great many paths: only those that are asked for are looked at closely. */
export interface TrackedPaths {
  readonly find: (wanted: (path: string) => boolean) => readonly TrackedPath[]
  /** Links, submodules, what a sparse checkout left out, and what git takes for unchanged. */
  readonly special: () => readonly TrackedPath[]
}

export interface GitOptions extends ProgramOptions {
  /** How to wait before a push is tried again, given milliseconds. Default: by the clock. */
  readonly pause?: (milliseconds: number) => Promise<unknown>
  /** Told before each wait that the remote asks for, with its seconds. */
  readonly onWait?: (seconds: number) => void
}

export class Git {
  readonly root: string
  readonly #options: GitOptions
  readonly #git: GitProgram
  readonly #waits: PushWaits

  constructor(options: GitOptions) {
    this.root = options.root
    this.#options = options
    this.#git = new GitProgram(options)
    this.#waits = { pause: options.pause ?? pause, onWait: options.onWait ?? ((): void => undefined) }
  }

  /** The commit that is checked out. Throws `not-a-repository` where there is none. */
  async head(): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#git.try(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'])
    if (exitCode === 0) return stdout.toString().trim()
    throw new Failure('not-a-repository', `${visible(this.root)} is no git checkout with a commit. ${visible(stderr.trim())}`.trim(), {
      advice: 'Run actions/checkout before this step, or point `working-directory` at the checkout.',
    })
  }

  /** Throws `not-a-repository` where `root` is not the top of its working tree: part of it would go unseen. */
  async assertTop(): Promise<void> {
    const top = realpathSync(await this.#git.line(['rev-parse', '--show-toplevel']))
    if (top === this.root) return
    throw new Failure('not-a-repository', `${visible(this.root)} lies inside of the checkout ${visible(top)}.`, {
      advice: 'Point `working-directory` at the root of the checkout, and narrow the run with `files`.',
    })
  }

  /** The branch that is checked out, or null where HEAD is detached. */
  async currentBranch(): Promise<string | null> {
    const { exitCode, stdout } = await this.#git.try(['symbolic-ref', '--quiet', '--short', 'HEAD'])
    return exitCode === 0 ? stdout.toString().trim() : null
  }

  /** A path for a file of ours inside of git's own folder, which no commit can have. */
  async ownPath(name: string): Promise<string> {
    return await this.#git.line(['rev-parse', '--path-format=absolute', '--git-path', name])
  }

  async isShallow(): Promise<boolean> {
    return (await this.#git.line(['rev-parse', '--is-shallow-repository'])) === 'true'
  }

  async tracked(): Promise<TrackedPaths> {
    const entries = pathsIn(await this.#git.run(['ls-files', '-z', '-s', '-v']))
    const parse = (entry: string): TrackedPath => {
      const tab = entry.indexOf('\t')
      const [tag = '', mode = '', blob = ''] = entry.slice(0, tab).split(' ')
      return { path: entry.slice(tab + 1), mode, blob, absent: /s/i.test(tag), assumed: /[a-z]/.test(tag) }
    }
    return {
      find: (wanted) => entries.filter((entry) => wanted(entry.slice(entry.indexOf('\t') + 1))).map(parse),
      special: () => entries.filter((entry) => !entry.startsWith('100', 2) || !entry.startsWith('H')).map(parse),
    }
  }

  /** Tracked regular files of the working tree that hold a line of bytes which matches one of the Perl regular expressions. */
  async filesWith(...expressions: readonly string[]): Promise<readonly string[]> {
    const { exitCode, stdout, stderr } = await this.#git.try(
      ['grep', '-z', '-l', '-P', '--no-recurse-submodules', '--full-name', ...expressions.flatMap((one) => ['-e', one])])
    if (exitCode === 0 || exitCode === 1) return pathsIn(stdout)
    throw new Failure('git-failed', `git grep failed: ${visible(stderr.trim())}`)
  }

  /** Tracked paths whose index entry or working tree differs from HEAD. */
  async uncommitted(): Promise<readonly string[]> {
    const entries = pathsIn(await this.#git.run(['status', '--porcelain=v1', '-z', '--untracked-files=no', '--no-renames', '--ignore-submodules=all']))
    return entries.map((entry) => entry.slice(3))
  }

  /**
   * Runs a command that only reads and never asks the network; hands its output on piece by piece, so that none of it has to be
   * kept. Throws `git-failed`.
   */
  async stream(args: readonly string[], onStdout: (piece: Buffer) => void, input?: string): Promise<void> {
    // Stands in for GIT_NO_LAZY_FETCH, which older ones don't know: a partial clone would fetch what is missing one by one.
    const settings = [['protocol.allow', 'never']] as const
    const env = { GIT_NO_LAZY_FETCH: '1', GIT_NO_REPLACE_OBJECTS: '1' }
    const { exitCode, stderr } = await this.#git.try(args, { ...(input === undefined ? {} : { input }), settings, env, onStdout })
    if (exitCode !== 0) throw new Failure('git-failed', `git ${args[0] ?? ''} failed with ${exitCode ?? 'a signal'}: ${visible(stderr.trim())}`)
  }

  /** Whether objects may be missing here, as the remote that they were left at promised to have them. */
  async isPartialClone(): Promise<boolean> {
    return (await this.#git.try(['config', '--get-regexp', '^(extensions\\.partialclone|remote\\..*\\.promisor)$'])).exitCode === 0
  }

  /**
   * Makes a bare repository in `folder` (empty) that borrows the objects of this one, and fetches into it what a shallow
   * checkout lacks of the history of `commit`. The checkout stays as it is. Throws `git-failed`.
   */
  async deepened(remote: Remote, commit: string, folder: string): Promise<Git> {
    return await this.#fetched(remote, commit, commit, folder, ['--unshallow'], 'The history before the checkout')
  }

  /**
   * The same, for `commit` and what led to it, so many commits deep at least; they need not be part of the checkout's history, which
   * is known up to `base`.
   */
  async with(remote: Remote, commit: string, base: string, folder: string, depth = 2): Promise<Git> {
    const deep = `--depth=${depth}`
    // A partial clone may have the commit, and passes for one that has all that belongs to it.
    const options = await this.isPartialClone() ? ['--refetch', deep] : await this.isShallow() ? [deep] : []
    return await this.#fetched(remote, commit, base, folder, options, `The commit ${commit.slice(0, 12)}`)
  }

  async #fetched(remote: Remote, commit: string, known: string, folder: string, options: readonly string[], what: string): Promise<Git> {
    const aside = new Git({ ...this.#options, root: folder })
    await fetchBeside(this.#git, aside.#git, remote, { commit, known }, options, what)
    return aside
  }

  /** The bytes of `path` at HEAD; null where it is not there. */
  async committed(path: string): Promise<Buffer | null> {
    const { exitCode, stdout } = await this.#git.try(['cat-file', 'blob', `HEAD:${path}`])
    return exitCode === 0 ? stdout : null
  }

  /**
   * Builds a commit of `parent` with the new bytes of `paths`, as they are and with the modes they have there: no filter of
   * .gitattributes or of the configuration takes part. Nothing points to it, the checkout is not touched.
   */
  async commit(options: CommitOptions): Promise<Commit> {
    return await buildCommit(this.#git, options)
  }

  /** What `commit` changes against its first parent: each path with the id of its new blob; null where more than bytes changed. */
  async changes(commit: string): Promise<ReadonlyMap<string, string | null>> {
    const fields = pathsIn(await this.#git.run(['diff-tree', '-r', '-z', '--no-commit-id', '--raw', '--no-abbrev', '--no-renames', commit]))
    const changed = new Map<string, string | null>()
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [from = '', to, , blob = '', status] = (fields[at] ?? '').split(' ')
      changed.set(fields[at + 1] ?? '', status === 'M' && from === `:${to ?? ''}` ? blob : null)
    }
    return changed
  }

  /** As `mergedTree` says. Writes objects: for a repository of its own, not for the checkout. */
  async mergedTree(base: string, ours: string, theirs: string): Promise<string | null> {
    return await mergedTree(this.#git, base, ours, theirs)
  }

  /** Whether `commit` is known here, and part of what `tip` holds. Of a shallow clone, only what it has is known. */
  async isPartOf(commit: string, tip: string): Promise<boolean> {
    return (await this.#git.try(['merge-base', '--is-ancestor', commit, tip])).exitCode === 0
  }

  /** Moves `branch` of the remote to `commit`, or deletes it, only if it still is what was expected. */
  async push(options: PushOptions): Promise<void> {
    await pushBranch(this.#git, this.#waits, options)
  }

  /**
   * Brings `commit`, which is for `branch`, to the remote under `ref`, a full name that is no branch's and must not exist yet. Answers
   * null, or what the remote says where it does not take it.
   */
  async pushAside(remote: Remote, commit: string, ref: string, branch: string): Promise<string | null> {
    return await pushAside(this.#git, this.#waits, remote, commit, ref, branch)
  }
}
