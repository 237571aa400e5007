// What git writes about a push that failed, and whether it is worth another try.
import { expect, test } from '@jest/globals'
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
  expect(readFailedPush(line('[rejected] (stale info)'), '')).toEqual({ kind: 'rejected', status: null, said: '[rejected] (stale info)' })
  const declined = readFailedPush(line('[remote rejected] (hook declined)'), 'remote: \nremote: No,\r\nremote: never.\nerror: failed to push some refs')
  expect(declined).toEqual({ kind: 'declined', status: null, said: '[remote rejected] (hook declined); No, never.' })
  expect(mayPass(declined)).toBe(false)
})
