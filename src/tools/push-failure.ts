// What git says of a push that failed → whether asking again may help, and a sentence that says why and what to do.
// Must never be given a token, nor blame a permission for anything but GitHub's own no to it.
import { Failure } from '../model/failure.ts'
import type { FailureCode } from '../model/failure.ts'
import { isRateLimit, limitAdvice, longestWait, secondsToWait } from '../model/publishing/rate-limit.ts'
import type { Headers } from '../model/publishing/rate-limit.ts'
import { visible } from '../model/safe-text.ts'
import { validToken } from './github-failure.ts'

export interface FailedPush {
  /** `rejected`: the ref is not where it had to be. `declined`: the remote does not take it. `failed`: it did not come so far. */
  readonly kind: 'rejected' | 'declined' | 'failed'
  /** Of HTTP; null where none was said. */
  readonly status: number | null
  /** GitHub refuses for now only, for so many seconds where it names them; null where it is no limit. */
  readonly limit: { readonly seconds: number | null } | null
  /** One visible line, what the remote had to say included. */
  readonly said: string
}

/** Has git say which headers it got: a limit is told by them, and git itself says no more than 403. It hides what it sends. */
export const saysHeaders = { GIT_TRACE_CURL: 'true', GIT_TRACE_CURL_NO_DATA: 'true' } as const

const traced = /\d\d:\d\d:\d\d\.\d{6} \S+:\d+ +(?:==|=>|<=) .*$/gm
const tracedHeader = /^\d\d:\d\d:\d\d\.\d{6} \S+:\d+ +<= Recv header: (?:(HTTP\/)|([\w-]+): *(.*?)\r?$)/gm

/** A connection that broke, or could not be made. */
const network = /unable to access|RPC failed|hung up unexpectedly|unexpected disconnect|early EOF|\(remote failed to report status\)/

/** Of the last answer, from what git wrote with `saysHeaders`. */
function headersIn(stderr: string): Headers {
  let headers: Record<string, string> = {}
  for (const [, first, name = '', value = ''] of stderr.matchAll(tracedHeader)) {
    if (first === undefined) headers[name.toLowerCase()] = value
    else headers = {}
  }
  return headers
}

/** From what `git push --porcelain` wrote in English. */
export function readFailedPush(stdout: string, stderr: string): FailedPush {
  const lines = stderr.replace(traced, '').split(/[\r\n]+/).map((line) => line.trim())
  const [theirs, ours] = [lines.filter((line) => line.startsWith('remote:')), lines.filter((line) => !line.startsWith('remote:'))]
  // `!<tab>from:to<tab>reason` for a ref that was not moved.
  const reason = /^!\t\S*\t(.*)$/m.exec(stdout)?.[1] ?? ''
  const kind = reason.startsWith('[rejected]') ? 'rejected' : reason.startsWith('[remote rejected]') ? 'declined' : 'failed'
  const code = /(?:returned error: |\bHTTP )(\d{3})\b/.exec(ours.join('\n'))?.[1]
  // Without credentials that it takes, git would ask a person for others.
  const asksForOthers = ours.some((line) => /could not read (?:Username|Password)|Authentication failed/.test(line))
  const isUnseen = ours.some((line) => /^fatal: repository '.*' not found/.test(line))
  const status = asksForOthers ? 401 : isUnseen ? 404 : code === undefined ? null : Number(code)
  const headers = headersIn(stderr)
  const words = [reason, ...theirs.map((line) => line.slice('remote:'.length).trim()), ...(kind === 'failed' ? ours : [])]
  return {
    kind, status, limit: isRateLimit(status, headers, theirs.join('\n')) ? { seconds: secondsToWait(headers) } : null,
    said: visible(words.filter((one) => one !== '').join('; ').replace(/([.,:;!?]); /g, '$1 '), 800),
  }
}

/** Whether the same push may go through a moment later. */
export function mayPass({ kind, status, limit, said }: FailedPush): boolean {
  if (kind !== 'failed') return false
  if (limit !== null) return (limit.seconds ?? 0) <= longestWait
  if (status !== null) return status === 408 || status >= 500
  return network.test(said) && !/certificate/i.test(said)
}

/** `what` is the start of the sentence, up to "could not be pushed". */
export function pushFailure(what: string, failed: FailedPush): Failure {
  const { status, limit, said } = failed
  const fail = (code: FailureCode, advice?: string): Failure => {
    return new Failure(code, `${what}: ${said}${/[.!?]$/.test(said) ? '' : '.'}`, advice === undefined ? {} : { advice })
  }
  if (status === 401) return new Failure('github-permission', `${what}: GitHub does not know the token (401).`, { advice: validToken })
  if (limit !== null) return fail('github-rate-limit', limitAdvice(limit.seconds))
  if (status === 403) return fail('github-permission', 'The token needs `contents: write`.')
  if (status === 404) return fail('github-permission', 'Give a token in `token` with access to the repository and `contents: write`.')
  // GitHub's codes for a protected branch and for a rule.
  if (failed.kind === 'declined' && /\bGH0(?:06|13)\b/.test(said)) {
    return fail('github-setting', 'A rule of the repository or its organisation forbids it: let the owner of the token bypass it, '
      + 'or give another branch in `branch`.')
  }
  return mayPass(failed) ? fail('git-failed', 'Run again.') : fail('git-failed')
}
