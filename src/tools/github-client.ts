// The client that every question to GitHub goes through: asks again where GitHub is away or wants us to slow down.
// Must never ask again after a plain refusal, wait more than three times or for more than five minutes, nor go on after a signal.
import { randomUUID } from 'node:crypto'
import { getOctokit } from '@actions/github'
import { retry } from '@octokit/plugin-retry'
import { throttling } from '@octokit/plugin-throttling'
import { isRateLimit, longestWait } from '../model/publishing/rate-limit.ts'
import type { Headers } from '../model/publishing/rate-limit.ts'
import { onStop } from './stop.ts'

export type GitHubClient = ReturnType<typeof getOctokit>

export interface ClientOptions {
  readonly token: string
  /** Default: what GITHUB_API_URL said when the process started, else the public one. May have a path, as on GHES. */
  readonly apiUrl?: string
  /** The address of GraphQL. Default: what follows from `apiUrl`. */
  readonly graphqlUrl?: string
  /** How many milliseconds a second of waiting takes. Default 1000. */
  readonly second?: number
  /** Told before each wait that GitHub asks for, with its seconds. */
  readonly onWait?: (seconds: number) => void
}

export interface PlainResponse {
  readonly status: number
  readonly headers: Headers
  readonly data: unknown
}

const mostTries = 3

/** What a request that must not be made twice says in its parameters: a limit that GitHub names is still waited for. */
export const onlyOnce = { request: { retries: 0 } } as const

/** GitHub's answer, where there was one. */
export function responseOf(error: unknown): PlainResponse | null {
  if (typeof error !== 'object' || error === null || !('response' in error)) return null
  return (error.response ?? null) as PlainResponse | null
}

export function isRefusedForNow({ status, headers, data }: PlainResponse): boolean {
  return isRateLimit(status, headers, JSON.stringify(data))
}

/**
 * Reads are asked again after 1, 4 and 9 seconds where no answer came or the server failed, and so are writes save those
 * marked `onlyOnce`. Rate limits are waited for, by `retry-after`, the time of the reset, or a minute. Writes keep the
 * distance that GitHub asks for (one second; three where people are notified). After a signal nothing is sent.
 */
export function gitHubClient({ token, apiUrl, graphqlUrl, second = 1000, onWait }: ClientOptions): GitHubClient {
  const again = (seconds: number, _request: unknown, _client: unknown, tries: number): boolean => {
    const wanted = tries < mostTries && seconds <= longestWait
    if (wanted) onWait?.(seconds)
    return wanted
  }
  const stop = new AbortController()
  onStop(() => stop.abort())
  const client = getOctokit(token, {
    ...addressOf(apiUrl),
    retry: { retryAfterBaseValue: second, doNotRetry: [400, 401, 403, 404, 409, 410, 422, 429, 451] },
    // An id of its own: the distances between writes are kept per id, for the whole process.
    throttle: { id: randomUUID(), retryAfterBaseValue: second, onRateLimit: again, onSecondaryRateLimit: again },
  }, endingWith(stop.signal), namedLimits, retry, throttling)
  const [, baseUrl, url] = /^(.+)(\/[^/]+)\/*$/.exec(graphqlUrl ?? '') ?? []
  if (baseUrl !== undefined && url !== undefined) client.graphql = client.graphql.defaults({ baseUrl, url })
  return client
}

/** One that waits for nothing and asks nothing again, for so many milliseconds. */
export function hastyClient({ token, apiUrl }: ClientOptions, milliseconds: number): GitHubClient {
  return getOctokit(token, addressOf(apiUrl), endingWith(AbortSignal.timeout(milliseconds)))
}

function addressOf(apiUrl: string | undefined): { readonly baseUrl?: string } {
  return apiUrl === undefined ? {} : { baseUrl: apiUrl.replace(/\/+$/, '') }
}

type Hooks = { readonly hook: GitHubClient['hook'] }

/** Each request ends with the signal. Not by an option, which would take the place of those that know of a proxy. */
function endingWith(signal: AbortSignal): (client: Hooks) => Readonly<Record<string, never>> {
  return (client) => {
    client.hook.before('request', (options) => {
      options.request.signal = signal
    })
    return {}
  }
}

/**
 * The throttling plugin knows a secondary limit by its words alone; one that only says `retry-after` gets them. A limit of GraphQL
 * comes with an answer of 200, which the plugin knows under the address of github.com alone.
 */
function namedLimits(client: Hooks): Readonly<Record<string, never>> {
  client.hook.after('request', (response, request) => {
    const { errors } = (response.data ?? {}) as { readonly errors?: readonly { readonly type?: string }[] }
    if (!Array.isArray(errors) || !errors.some(({ type }) => type === 'RATE_LIMITED')) return
    throw Object.assign(new Error('GraphQL rate limit'), { status: 403, request, response: { ...response, status: 403 } })
  })
  client.hook.error('request', (error) => {
    const response = responseOf(error)
    const isNamed = response?.headers['x-ratelimit-remaining'] === '0' && response.headers['retry-after'] === undefined
    if (response !== null && isRefusedForNow(response) && !isNamed) error.message += ' (secondary rate limit)'
    throw error
  })
  return {}
}
