// What GitHub refused → a sentence that names the permission, setting or input, and what to do.
// Must never say the token, nor carry more of an answer than its words.
import { Failure } from '../model/failure.ts'
import type { FailureCode, FailureDetails } from '../model/failure.ts'
import { limitAdvice, secondsToWait } from '../model/publishing/rate-limit.ts'
import { visible } from '../model/safe-text.ts'
import { isRefusedForNow, responseOf } from './github-client.ts'

/** GitHub said no, or nothing. */
export class GitHubFailure extends Failure {
  /** null where no answer came. */
  readonly status: number | null
  /** GitHub's own words, as one visible line; empty where it had none. */
  readonly said: string

  constructor(code: FailureCode, what: string, status: number | null, said: string, details: FailureDetails = {}) {
    super(code, what, details)
    this.name = 'GitHubFailure'
    this.status = status
    this.said = said
  }
}

/** What is asked for, in words that follow "could not", and the permission it takes. */
export interface Purpose {
  readonly action: string
  readonly permission: string
}

export const validToken = 'Give a token in `token` that is valid and not expired. That of a GitHub App lives for an hour: '
  + 'make it after the rotation, in the `publish` job of docs/scale-out.md.'

const settingAdvice = 'Turn on "Allow GitHub Actions to create and approve pull requests" in Settings → Actions → General → '
  + 'Workflow permissions; where it cannot be changed, the organisation governs it. Or give the action the token of a GitHub App.'

/** The words of an error of the client about `repository` (`owner/name`), without the token wherever it stands in them. */
export function gitHubFailure({ action, permission }: Purpose, repository: string, token: string, error: unknown): GitHubFailure {
  const harmless = (text: string): string => visible(text.replaceAll(token, '***'))
  const start = `Could not ${action} in ${visible(repository)}`
  const response = responseOf(error)
  if (response === null) {
    return new GitHubFailure('github-failed', `${start}: no answer from GitHub (${harmless(innermost(error))}).`, null, '', {
      advice: 'Run again.', cause: error,
    })
  }
  // No cause: the answer's words are all there is to know, and it could carry more than they do.
  const { status, headers, data } = response
  const said = harmless(wordsOf(data))
  const fail = (code: FailureCode, what: string, advice?: string): GitHubFailure => {
    return new GitHubFailure(code, `${start}: ${what}`, status, said, advice === undefined ? {} : { advice })
  }
  if (status === 401) {
    return fail('github-permission', 'GitHub does not know the token (401).', validToken)
  }
  if (status === 404) {
    return fail('github-permission', 'there is no such repository, or the token cannot see it (404).',
      `Give a token in \`token\` with access to it and \`${permission}\`.`)
  }
  if (isRefusedForNow(response)) {
    return fail('github-rate-limit', `GitHub limits how much this token may ask (${status}: ${said}).`, limitAdvice(secondsToWait(headers)))
  }
  if (status === 403 && said.includes('not permitted to create or approve pull requests')) {
    return fail('github-setting', 'the repository does not let GitHub Actions create pull requests (403).', settingAdvice)
  }
  if (status === 403 && said.startsWith('Resource not accessible by')) {
    const where = said.includes('personal access token') ? 'the settings of the token'
      : '`permissions` of the job, or in the App\'s'
    return fail('github-permission', 'the token lacks a permission (403).', `Give it \`${permission}\` in ${where}.`)
  }
  return fail('github-failed', `GitHub answered ${status}${said === '' ? '.' : `: ${said.replace(/[^.!?]$/, '$&.')}`}`)
}

/** `message` and what `errors` adds to it, as GitHub sends them. */
function wordsOf(data: unknown): string {
  const { message, errors } = (typeof data === 'object' && data !== null ? data : {}) as { message?: unknown; errors?: unknown }
  const details = (Array.isArray(errors) ? errors : []).map((each: unknown) => {
    if (typeof each !== 'object' || each === null) return String(each)
    const error = each as { message?: unknown; field?: unknown; code?: unknown }
    return typeof error.message === 'string' ? error.message : `${String(error.field)} ${String(error.code)}`
  })
  return [typeof message === 'string' ? message : '', ...details].filter((part) => part !== '').join('; ')
}

/** The words of the first cause: what wraps it says only that a fetch failed. */
function innermost(error: unknown): string {
  const { message, code, cause } = (typeof error === 'object' && error !== null ? error : {}) as Readonly<Record<string, unknown>>
  if (typeof cause === 'object' && cause !== null) return innermost(cause)
  return typeof message === 'string' && message !== '' ? message : String(code)
}
