// The client that every question to GitHub goes through: asks again where GitHub is away or wants us to slow down.
// Must never ask again after a plain refusal, nor wait more than three times or for more than five minutes.
import { randomUUID } from 'node:crypto'
import { getOctokit } from '@actions/github'
import { retry } from '@octokit/plugin-retry'
import { throttling } from '@octokit/plugin-throttling'

export type GitHubClient = ReturnType<typeof getOctokit>

export interface ClientOptions {
  readonly token: string
  /** Default: what GITHUB_API_URL said when the process started, else the public one. May have a path, as on GHES. */
  readonly apiUrl?: string
  /** How many milliseconds a second of waiting takes. Default 1000. */
  readonly second?: number
  /** Told before each wait that GitHub asks for, with its seconds. */
  readonly onWait?: (seconds: number) => void
}

export interface PlainResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number | undefined>>
  readonly data: unknown
}

const mostTries = 3
const longestWait = 300

/** What a request that must not be made twice says in its parameters: a limit that GitHub names is still waited for. */
export const onlyOnce = { request: { retries: 0 } } as const

/** GitHub's answer, where there was one. */
export function responseOf(error: unknown): PlainResponse | null {
  if (typeof error !== 'object' || error === null || !('response' in error)) return null
  return (error.response ?? null) as PlainResponse | null
}

/** Whether GitHub refuses for now only. A 403 has no code that tells a secondary limit from a refusal. */
export function isRateLimit({ status, headers, data }: PlainResponse): boolean {
  if (status !== 403 && status !== 429) return false
  return status === 429 || headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0'
    || /secondary rate limit/i.test(JSON.stringify(data))
}

/**
 * Reads are asked again after 1, 4 and 9 seconds where no answer came or the server failed, and so are writes save those
 * marked `onlyOnce`. Rate limits are waited for, by `retry-after`, the time of the reset, or a minute. Writes keep the
 * distance that GitHub asks for (one second; three where people are notified).
 */
export function gitHubClient({ token, apiUrl, second = 1000, onWait }: ClientOptions): GitHubClient {
  const again = (seconds: number, _request: unknown, _client: unknown, tries: number): boolean => {
    const wanted = tries < mostTries && seconds <= longestWait
    if (wanted) onWait?.(seconds)
    return wanted
  }
  return getOctokit(token, {
    ...(apiUrl === undefined ? {} : { baseUrl: apiUrl.replace(/\/+$/, '') }),
    retry: { retryAfterBaseValue: second, doNotRetry: [400, 401, 403, 404, 409, 410, 422, 429, 451] },
    // An id of its own: the distances between writes are kept per id, for the whole process.
    throttle: { id: randomUUID(), retryAfterBaseValue: second, onRateLimit: again, onSecondaryRateLimit: again },
  }, namedLimits, retry, throttling)
}

/** The throttling plugin knows a secondary limit by its words alone; one that only says `retry-after` gets them. */
function namedLimits(client: { readonly hook: GitHubClient['hook'] }): Readonly<Record<string, never>> {
  client.hook.error('request', (error) => {
    const response = responseOf(error)
    const unnamed = response !== null && isRateLimit(response) && response.headers['x-ratelimit-remaining'] !== '0'
    if (unnamed) error.message += ' (secondary rate limit)'
    throw error
  })
  return {}
}
