// The remote of a repository: what is fetched from it into a place of its own, and the one ref that is pushed to it.
// Must never put the token in argv or a file, nor use what the checkout or the user has set for the remote.
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../model/failure.ts'
import { usualWait } from '../model/publishing/rate-limit.ts'
import { visible } from '../model/safe-text.ts'
import type { GitProgram } from './git-program.ts'
import { mayPass, pushFailure, readFailedPush, saysHeaders } from './push-failure.ts'
import type { FailedPush } from './push-failure.ts'

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

export interface PushWaits {
  /** How to wait before a push is tried again, given milliseconds. */
  readonly pause: (milliseconds: number) => Promise<unknown>
  /** Told before each wait that the remote asks for, with its seconds. */
  readonly onWait: (seconds: number) => void
}

/** The waits, in milliseconds, before each further try of a push. */
const pauses = [1_000, 2_000, 4_000]

/**
 * Makes `aside` a bare repository (its folder is empty) that borrows the objects of `git`, of which those up to `known` are taken
 * for there, and fetches `commit` into it. Throws `git-failed`; `what` is the subject of its sentence.
 */
export async function fetchBeside(
  git: GitProgram, aside: GitProgram, remote: Remote, wanted: { readonly commit: string; readonly known: string }, options: readonly string[], what: string,
): Promise<void> {
  const { commit, known } = wanted
  const [objects, shallow = ''] = (await git.line(['rev-parse', '--path-format=absolute', '--git-path', 'objects', '--git-path', 'shallow'])).split('\n')
  await aside.run(['init', '--quiet', '--bare', '--template='])
  writeFileSync(join(aside.root, 'objects', 'info', 'alternates'), `${objects ?? ''}\n`)
  if (existsSync(shallow)) copyFileSync(shallow, join(aside.root, 'shallow'))
  await aside.run(['update-ref', 'refs/heads/base', known])
  const { settings, hide } = access(remote)
  const { exitCode, stderr } = await aside.try(['fetch', '--quiet', ...options, '--no-tags', '--no-write-fetch-head', remote.url, commit], { settings })
  if (exitCode === 0) return
  throw new Failure('git-failed', `${what} could not be fetched: ${visible(hide(stderr.trim()))}`)
}

/** As `Git.push` says. */
export async function pushBranch(git: GitProgram, waits: PushWaits, options: PushOptions): Promise<void> {
  const ref = `refs/heads/${options.branch}`
  const failed = await push(git, waits, options, `${options.commit ?? ''}:${ref}`, `--force-with-lease=${ref}:${options.expected ?? ''}`)
  if (failed === null) return
  if (failed.kind === 'rejected') {
    throw new Failure('changed-underneath', `The branch ${visible(options.branch)} was moved by someone else during the run, and was left as it is.`, {
      advice: 'Run again.', cause: failed.said,
    })
  }
  throw pushFailure(`The branch ${visible(options.branch)} could not be pushed`, failed)
}

/** As `Git.pushAside` says. */
export async function pushAside(git: GitProgram, waits: PushWaits, remote: Remote, commit: string, ref: string, branch: string): Promise<string | null> {
  const failed = await push(git, waits, remote, `${commit}:${ref}`, `--force-with-lease=${ref}:`)
  if (failed?.kind === 'failed') throw pushFailure(`The commit for the branch ${visible(branch)} could not be pushed to ${visible(ref)}`, failed)
  return failed?.said ?? null
}

/** null where it went well. Tries again where that may help: git finds done what an earlier try has done, or the lease stops it. */
async function push(
  git: GitProgram, waits: PushWaits, remote: Remote, refspec: string, lease: string, [pause, ...later]: readonly number[] = pauses,
): Promise<FailedPush | null> {
  const { settings, hide } = access(remote)
  const { exitCode, stdout, stderr } = await git.try(['push', '--porcelain', '--no-verify', lease, remote.url, refspec], { settings, env: saysHeaders })
  if (exitCode === 0) return null
  const failed = readFailedPush(hide(stdout.toString()), hide(stderr))
  if (pause === undefined || !mayPass(failed)) return failed
  const asked = failed.limit === null ? null : failed.limit.seconds ?? usualWait
  if (asked !== null) waits.onWait(asked)
  await waits.pause(asked === null ? pause : asked * 1000)
  return await push(git, waits, remote, refspec, lease, later)
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
