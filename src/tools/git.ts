// Git, by plumbing only: reads the checkout, builds a commit beside it, pushes one ref.
// Must never touch the user's index, working tree, hooks, configuration or stash, nor put a token in argv or a file.
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../model/failure.ts'
import { usualWait } from '../model/publishing/rate-limit.ts'
import { visible } from '../model/safe-text.ts'
import { runChild } from './child.ts'
import type { ChildResult } from './child.ts'
import { gitEnvironment } from './environment.ts'
import { mayPass, pushFailure, readFailedPush, saysHeaders } from './push-failure.ts'
import type { FailedPush } from './push-failure.ts'
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

export interface GitOptions {
  /** Absolute path of the git program. */
  readonly program: string
  /** Root of the working tree, absolute. */
  readonly root: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** How to wait before a push is tried again, given milliseconds. Default: by the clock. */
  readonly pause?: (milliseconds: number) => Promise<unknown>
  /** Told before each wait that the remote asks for, with its seconds. */
  readonly onWait?: (seconds: number) => void
}

export interface Remote {
  readonly url: string
  readonly token: string
}

export interface PushOptions extends Remote {
  /** null: the branch is deleted. */
  readonly commit: string | null
  readonly branch: string
  /** What the branch must point to now; null: it must not exist. */
  readonly expected: string | null
}

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

interface GitCall {
  readonly input?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
  /** Configuration for this call alone. */
  readonly settings?: readonly (readonly [string, string])[]
  readonly onStdout?: (piece: Buffer) => void
}

/** The waits, in milliseconds, before each further try of a push. */
const pauses = [1_000, 2_000, 4_000]

export class Git {
  readonly root: string
  readonly #program: string
  readonly #environment: GitOptions['environment']
  readonly #pause: (milliseconds: number) => Promise<unknown>
  readonly #onWait: (seconds: number) => void

  constructor(options: GitOptions) {
    this.root = options.root
    this.#program = options.program
    this.#environment = options.environment
    this.#pause = options.pause ?? pause
    this.#onWait = options.onWait ?? ((): void => undefined)
  }

  async #try(args: readonly string[], options: GitCall = {}): Promise<ChildResult> {
    return await runChild(this.#program, args, {
      cwd: this.root,
      env: { ...gitEnvironment(this.#environment, this.root, options.settings ?? []), ...options.env },
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.onStdout === undefined ? {} : { onStdout: options.onStdout }),
    })
  }

  async #run(args: readonly string[], options: GitCall = {}): Promise<Buffer> {
    const { exitCode, stdout, stderr, overdue } = await this.#try(args, options)
    if (exitCode === 0) return stdout
    const how = overdue === null ? `failed with ${exitCode ?? 'a signal'}` : `did not finish within ${overdue} s, and was ended`
    throw new Failure('git-failed', `git ${args[0] ?? ''} ${how}: ${visible(stderr.trim())}`)
  }

  async #line(args: readonly string[], options: GitCall = {}): Promise<string> {
    return (await this.#run(args, options)).toString().trim()
  }

  /** The commit that is checked out. Throws `not-a-repository` where there is none. */
  async head(): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#try(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'])
    if (exitCode === 0) return stdout.toString().trim()
    throw new Failure('not-a-repository', `${visible(this.root)} is no git checkout with a commit. ${visible(stderr.trim())}`.trim(), {
      advice: 'Run actions/checkout before this step, or point `working-directory` at the checkout.',
    })
  }

  /** Throws `not-a-repository` where `root` is not the top of its working tree: part of it would go unseen. */
  async assertTop(): Promise<void> {
    const top = realpathSync(await this.#line(['rev-parse', '--show-toplevel']))
    if (top === this.root) return
    throw new Failure('not-a-repository', `${visible(this.root)} lies inside of the checkout ${visible(top)}.`, {
      advice: 'Point `working-directory` at the root of the checkout, and narrow the run with `files`.',
    })
  }

  /** The branch that is checked out, or null where HEAD is detached. */
  async currentBranch(): Promise<string | null> {
    const { exitCode, stdout } = await this.#try(['symbolic-ref', '--quiet', '--short', 'HEAD'])
    return exitCode === 0 ? stdout.toString().trim() : null
  }

  /** A path for a file of ours inside of git's own folder, which no commit can have. */
  async ownPath(name: string): Promise<string> {
    return await this.#line(['rev-parse', '--path-format=absolute', '--git-path', name])
  }

  async isShallow(): Promise<boolean> {
    return (await this.#line(['rev-parse', '--is-shallow-repository'])) === 'true'
  }

  async tracked(): Promise<TrackedPaths> {
    const entries = paths(await this.#run(['ls-files', '-z', '-s', '-v']))
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
    const { exitCode, stdout, stderr } = await this.#try(
      ['grep', '-z', '-l', '-P', '--no-recurse-submodules', '--full-name', ...expressions.flatMap((one) => ['-e', one])])
    if (exitCode === 0 || exitCode === 1) return paths(stdout)
    throw new Failure('git-failed', `git grep failed: ${visible(stderr.trim())}`)
  }

  /** Tracked paths whose index entry or working tree differs from HEAD. */
  async uncommitted(): Promise<readonly string[]> {
    const entries = paths(await this.#run(['status', '--porcelain=v1', '-z', '--untracked-files=no', '--no-renames', '--ignore-submodules=all']))
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
    const { exitCode, stderr } = await this.#try(args, { ...(input === undefined ? {} : { input }), settings, env, onStdout })
    if (exitCode !== 0) throw new Failure('git-failed', `git ${args[0] ?? ''} failed with ${exitCode ?? 'a signal'}: ${visible(stderr.trim())}`)
  }

  /** Whether objects may be missing here, as the remote that they were left at promised to have them. */
  async isPartialClone(): Promise<boolean> {
    return (await this.#try(['config', '--get-regexp', '^(extensions\\.partialclone|remote\\..*\\.promisor)$'])).exitCode === 0
  }

  /**
   * Makes a bare repository in `folder` (empty) that borrows the objects of this one, and fetches into it what a shallow
   * checkout lacks of the history of `commit`. The checkout stays as it is. Throws `git-failed`.
   */
  async deepened(remote: Remote, commit: string, folder: string): Promise<Git> {
    return await this.#fetched(remote, commit, commit, folder, ['--unshallow'], 'The history before the checkout')
  }

  /** The same, for `commit` and its parents, which need not be part of the checkout's history; that is known up to `base`. */
  async with(remote: Remote, commit: string, base: string, folder: string): Promise<Git> {
    // A partial clone may have the commit, and passes for one that has all that belongs to it.
    const options = await this.isPartialClone() ? ['--refetch', '--depth=2'] : await this.isShallow() ? ['--depth=2'] : []
    return await this.#fetched(remote, commit, base, folder, options, `The commit ${commit.slice(0, 12)}`)
  }

  async #fetched(remote: Remote, commit: string, known: string, folder: string, options: readonly string[], what: string): Promise<Git> {
    const [objects, shallow = ''] = (await this.#line(['rev-parse', '--path-format=absolute', '--git-path', 'objects', '--git-path', 'shallow'])).split('\n')
    const aside = new Git({ program: this.#program, root: folder, environment: this.#environment, pause: this.#pause, onWait: this.#onWait })
    await aside.#run(['init', '--quiet', '--bare', '--template='])
    writeFileSync(join(folder, 'objects', 'info', 'alternates'), `${objects ?? ''}\n`)
    if (existsSync(shallow)) copyFileSync(shallow, join(folder, 'shallow'))
    await aside.#run(['update-ref', 'refs/heads/base', known])
    const { settings, hide } = access(remote)
    const { exitCode, stderr } = await aside.#try(['fetch', '--quiet', ...options, '--no-tags', '--no-write-fetch-head', remote.url, commit], { settings })
    if (exitCode === 0) return aside
    throw new Failure('git-failed', `${what} could not be fetched: ${visible(hide(stderr.trim()))}`)
  }

  /** The bytes of `path` at HEAD; null where it is not there. */
  async committed(path: string): Promise<Buffer | null> {
    const { exitCode, stdout } = await this.#try(['cat-file', 'blob', `HEAD:${path}`])
    return exitCode === 0 ? stdout : null
  }

  /**
   * Builds a commit of `parent` with the new bytes of `paths`, as they are and with the modes they have there: no filter of
   * .gitattributes or of the configuration takes part. Nothing points to it, the checkout is not touched.
   */
  async commit(options: CommitOptions): Promise<Commit> {
    const env = {
      GIT_INDEX_FILE: options.indexFile,
      GIT_AUTHOR_NAME: options.author.name, GIT_AUTHOR_EMAIL: options.author.email,
      GIT_COMMITTER_NAME: options.author.name, GIT_COMMITTER_EMAIL: options.author.email,
    }
    await this.#run(['read-tree', options.parent], { env })
    const wanted = new Set(options.paths)
    const executable = new Set(paths(await this.#run(['ls-files', '-z', '-s'], { env })).flatMap((entry) => {
      const path = entry.slice(entry.indexOf('\t') + 1)
      return wanted.has(path) && entry.startsWith('100755') ? [path] : []
    }))
    const ids = (await this.#line(['hash-object', '-w', '--no-filters', '--stdin-paths'], {
      input: options.paths.map((path) => `${quoted(join(options.tree, path))}\n`).join(''),
    })).split('\n')
    const entries = options.paths.map((path, at): TreeEntry => ({ path, mode: executable.has(path) ? '100755' : '100644', blob: ids[at] ?? '' }))
    await this.#run(['update-index', '-z', '--index-info'], {
      env, input: entries.map(({ path, mode, blob }) => `${mode} ${blob}\t${path}\0`).join(''),
    })
    const tree = await this.#line(['write-tree'], { env })
    const message = options.message(tree)
    const sha = await this.#line(['commit-tree', '-p', options.parent, '-F', '-', tree], { env, input: message })
    return { sha, parent: options.parent, tree, message, parentTree: await this.#line(['rev-parse', `${options.parent}^{tree}`]), entries }
  }

  /** What `commit` changes against its first parent: each path with the id of its new blob; null where more than bytes changed. */
  async changes(commit: string): Promise<ReadonlyMap<string, string | null>> {
    const fields = paths(await this.#run(['diff-tree', '-r', '-z', '--no-commit-id', '--raw', '--no-abbrev', '--no-renames', commit]))
    const changed = new Map<string, string | null>()
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [from = '', to, , blob = '', status] = (fields[at] ?? '').split(' ')
      changed.set(fields[at + 1] ?? '', status === 'M' && from === `:${to ?? ''}` ? blob : null)
    }
    return changed
  }

  /** Whether `commit` is known here, and part of what `tip` holds. Of a shallow clone, only what it has is known. */
  async isPartOf(commit: string, tip: string): Promise<boolean> {
    return (await this.#try(['merge-base', '--is-ancestor', commit, tip])).exitCode === 0
  }

  /** Moves `branch` of the remote to `commit`, or deletes it, only if it still is what was expected. */
  async push(options: PushOptions): Promise<void> {
    const ref = `refs/heads/${options.branch}`
    const failed = await this.#push(options, `${options.commit ?? ''}:${ref}`, `--force-with-lease=${ref}:${options.expected ?? ''}`)
    if (failed === null) return
    if (failed.kind === 'rejected') {
      throw new Failure('changed-underneath', `The branch ${visible(options.branch)} was moved by someone else during the run, and was left as it is.`, {
        advice: 'Run again.', cause: failed.said,
      })
    }
    throw pushFailure(`The branch ${visible(options.branch)} could not be pushed`, failed)
  }

  /**
   * Brings `commit`, which is for `branch`, to the remote under `ref`, a full name that is no branch's and must not exist yet. Answers
   * null, or what the remote says where it does not take it.
   */
  async pushAside(remote: Remote, commit: string, ref: string, branch: string): Promise<string | null> {
    const failed = await this.#push(remote, `${commit}:${ref}`, `--force-with-lease=${ref}:`)
    if (failed?.kind === 'failed') throw pushFailure(`The commit for the branch ${visible(branch)} could not be pushed to ${visible(ref)}`, failed)
    return failed?.said ?? null
  }

  /** null where it went well. Tries again where that may help: git finds done what an earlier try has done, or the lease stops it. */
  async #push(remote: Remote, refspec: string, lease: string, [pause, ...later]: readonly number[] = pauses): Promise<FailedPush | null> {
    const { settings, hide } = access(remote)
    const { exitCode, stdout, stderr } = await this.#try(['push', '--porcelain', '--no-verify', lease, remote.url, refspec], { settings, env: saysHeaders })
    if (exitCode === 0) return null
    const failed = readFailedPush(hide(stdout.toString()), hide(stderr))
    if (pause === undefined || !mayPass(failed)) return failed
    const asked = failed.limit === null ? null : failed.limit.seconds ?? usualWait
    if (asked !== null) this.#onWait(asked)
    await this.#pause(asked === null ? pause : asked * 1000)
    return await this.#push(remote, refspec, lease, later)
  }
}

/** What makes git use the token at the remote and nothing else, and a text without it. */
function access({ url, token }: Remote): { readonly settings: readonly (readonly [string, string])[]; readonly hide: (text: string) => string } {
  const authorization = Buffer.from(`x-access-token:${token}`).toString('base64')
  // For the address itself, since of all that fit it git takes the longest, whoever set it.
  const header = `http.${url}.extraheader`
  return {
    settings: [
      // The empty value drops a header that the checkout left behind.
      [header, ''], [header, `AUTHORIZATION: basic ${authorization}`], ['credential.helper', ''],
      // The longest match wins: the address itself, whatever the user has it replaced by.
      [`url.${url}.pushInsteadOf`, url], [`url.${url}.insteadOf`, url],
    ],
    hide: (text) => text.replaceAll(authorization, '***').replaceAll(token, '***'),
  }
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

function paths(output: Buffer): string[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    return decoder.decode(output).split('\0').slice(0, -1)
  } catch (cause) {
    const name = output.toString().split('\0').find((one) => one.includes('\u{fffd}'))?.replace(/^.*\t/, '') ?? ''
    throw new Failure('git-failed', `A tracked file has a name that is not UTF-8, and sops could not be told of it: ${visible(name)}.`, {
      advice: 'Rename it.', cause,
    })
  }
}
