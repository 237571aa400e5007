// GitHub refuses for now → how long it wants us to wait, and what is said where we don't.
// Must never take a plain refusal for a limit.

/** The longest time that a run waits at once, in seconds. */
export const longestWait = 300
/** Where GitHub names no time, in seconds. */
export const usualWait = 60

/** Names in lower case. */
export type Headers = Readonly<Record<string, string | number | undefined>>

/** Whether an answer refuses for now only; `words` is what it says. A 403 has no code that tells a secondary limit from a refusal. */
export function isRateLimit(status: number | null, headers: Headers, words: string): boolean {
  if (status !== 403 && status !== 429) return false
  return status === 429 || headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0'
    || /secondary rate limit|"RATE_LIMITED"/i.test(words)
}

/** In how many seconds GitHub says that it will answer again; null where it does not. */
export function secondsToWait({ 'retry-after': after, 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': reset }: Headers): number | null {
  if (after !== undefined && Number.isFinite(Number(after))) return Number(after)
  return remaining === '0' && reset !== undefined ? Math.max(Math.ceil(Number(reset) - Date.now() / 1000), 0) : null
}

/** What to do once a limit was waited for in vain, or names a time that is too long; in seconds, null where it names none. */
export function limitAdvice(seconds: number | null): string {
  const when = seconds === null ? 'later' : `in ${seconds} seconds`
  const why = seconds !== null && seconds > longestWait ? `: a run waits for ${longestWait} at most` : ''
  return `Run again ${when}${why}; the token of a GitHub App has a limit of its own.`
}
