// What git writes about a push that failed, and whether it is worth another try.
import { describe, expect, test } from '@jest/globals'
import { mayPass, pushFailure, readFailedPush } from '../../src/tools/push-failure.ts'

const address = "fatal: unable to access 'https://github.example.com/acme/secrets/': "

test.each<[string, string, boolean]>([
  ['no name', `${address}Could not resolve host: github.example.com`, true],
  ['a reset', `${address}Recv failure: Connection reset by peer`, true],
  ['a stream that ends', 'error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly: CANCEL (err 8)\nfatal: the remote end hung up unexpectedly', true],
  ['an authority it does not know', `${address}SSL certificate problem: unable to get local issuer certificate`, false],
  ['another', `${address}server certificate verification failed. CAfile: none CRLfile: none`, false],
  ['what is missing here', 'error: src refspec main does not match any', false],
])('a push that fails for %s', (_, stderr, again) => {
  const failed = readFailedPush('', stderr)
  expect(failed).toMatchObject({ kind: 'failed', status: null })
  expect(mayPass(failed)).toBe(again)
  expect(pushFailure('The branch x could not be pushed', failed).advice).toBe(again ? 'Run again.' : null)
})

test('words of the remote do not pass for those of git', () => {
  const failed = readFailedPush('', `remote: The requested URL returned error: 500\nremote: HTTP 503\n${address}The requested URL returned error: 403`)
  expect(failed.status).toBe(403)
  expect(pushFailure('It could not be pushed', failed).code).toBe('github-permission')
})

test('a ref that is not taken is told from one that is elsewhere; neither is tried again', () => {
  const line = (reason: string): string => `To https://github.example.com/acme/secrets\n!\tabc:refs/heads/x\t${reason}\nDone\n`
  expect(readFailedPush(line('[rejected] (stale info)'), '')).toEqual({ kind: 'rejected', status: null, limit: null, said: '[rejected] (stale info)' })
  const declined = readFailedPush(line('[remote rejected] (hook declined)'), 'remote: \nremote: No,\r\nremote: never.\nerror: failed to push some refs')
  expect(declined).toEqual({ kind: 'declined', status: null, limit: null, said: '[remote rejected] (hook declined); No, never.' })
  expect(mayPass(declined)).toBe(false)
})

describe('a limit', () => {
  const refused = (status: number): string => `${address}The requested URL returned error: ${status}`
  const trace = (...headers: readonly string[]): string => headers.map((line) => `09:15:00.123456 http.c:799              <= Recv header: ${line}\r\n`).join('')
  const later = `${Math.floor(Date.now() / 1000) + 100}`

  test.each<[string, string, string, { readonly seconds: number | null } | null]>([
    ['by its status', trace('HTTP/1.1 429 Too Many Requests'), refused(429), { seconds: null }],
    ['by the time to wait', trace('HTTP/2 403', 'Retry-After: 60'), refused(403), { seconds: 60 }],
    ['by what is left', trace('HTTP/2 403', 'x-ratelimit-remaining: 0', `x-ratelimit-reset: ${later}`), refused(403), { seconds: 100 }],
    ['by its words', `${trace('HTTP/2 403')}remote: You have exceeded a secondary rate limit.\n`, refused(403), { seconds: null }],
    ['not by an answer before the last', trace('HTTP/2 403', 'retry-after: 60', 'HTTP/2 403'), refused(403), null],
    ['not without any of these', trace('HTTP/2 403', 'x-ratelimit-remaining: 12'), refused(403), null],
    ['not by what the remote says in the form of a trace', `remote: ${trace('retry-after: 60')}`, refused(403), null],
    ['not of a server that failed', trace('HTTP/2 503', 'retry-after: 60'), refused(503), null],
  ])('is told %s', (_, traced, stderr, limit) => {
    const failed = readFailedPush('', `${traced}${stderr}`)
    if (limit?.seconds === 100) expect([98, 99, 100, 101]).toContain(failed.limit?.seconds)
    else expect(failed.limit).toEqual(limit)
    expect(failed.said).not.toContain('http.c')
    expect(pushFailure('It could not be pushed', failed).code)
      .toBe(limit !== null ? 'github-rate-limit' : failed.status === 403 ? 'github-permission' : 'git-failed')
  })

  test.each([[300, true, /Run again in 300 seconds; /], [301, false, /Run again in 301 seconds: a run waits for 300 at most; /]])(
    'of %d s is waited for: %s', (seconds, waited, advice) => {
      const failed = readFailedPush('', `${trace('HTTP/2 403', `retry-after: ${seconds}`)}${refused(403)}`)
      expect(mayPass(failed)).toBe(waited)
      expect(pushFailure('It could not be pushed', failed).advice).toMatch(advice)
    })
})
