import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { sopsMeanwhile } from '../support/cloud-kinds.ts'
import type { ConnectProxy } from '../support/connect-proxy.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import type { GcpError, GcpKmsServer } from '../support/gcp-kms-server.ts'
import { crc32c, gcpKmsHost, startGcpKmsServer } from '../support/gcp-kms-server.ts'
import { where } from '../support/parts.ts'
import type { SopsResult } from '../support/repository.ts'
import { Repository } from '../support/repository.ts'
import { askService } from '../support/tls-service.ts'

const plaintext = 'password: hunter2\n'

let proxy: ConnectProxy
let kms: GcpKmsServer
let repository: Repository

beforeEach(async () => {
  proxy = await startConnectProxy()
  kms = await startGcpKmsServer(proxy)
  repository = new Repository()
})

afterEach(async () => {
  await proxy[Symbol.asyncDispose]()
  await kms[Symbol.asyncDispose]()
  repository[Symbol.dispose]()
})

async function sops(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<SopsResult> {
  return await sopsMeanwhile(repository, args, { ...proxy.environment(), ...kms.environment(), ...env })
}

async function encrypted(...keys: readonly string[]): Promise<void> {
  repository.write('secret.yaml', plaintext)
  expect(await sops(['encrypt', '-i', '--gcp-kms', keys.join(), 'secret.yaml'])).toMatchObject({ exitCode: 0, stderr: '' })
}

where('sops 3.11.0').describe('sops with the key service', () => {
  test('encrypts, decrypts, rotates and wraps for other keys, one call a key', async () => {
    const [one, other] = [kms.createKey(), kms.createKey()]
    await encrypted(one)
    expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0, stdout: plaintext })
    const before = repository.read('secret.yaml')
    expect(await sops(['rotate', '-i', 'secret.yaml'])).toMatchObject({ exitCode: 0 })
    expect(repository.read('secret.yaml')).not.toBe(before)
    repository.write('.sops.yaml', `creation_rules:\n  - gcp_kms: ${other}\n`)
    expect(await sops(['updatekeys', '--yes', 'secret.yaml'])).toMatchObject({ exitCode: 0 })
    expect(repository.read('secret.yaml')).toContain(`resource_id: ${other}`)
    expect(repository.read('secret.yaml')).not.toContain(one)
    expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0, stdout: plaintext })
    expect(kms.calls.map(({ operation, key, status }) => [operation, key, status])).toEqual([
      ['encrypt', one, 200], ['decrypt', one, 200],
      ['decrypt', one, 200], ['encrypt', one, 200],
      ['decrypt', one, 200], ['encrypt', other, 200], ['decrypt', other, 200],
    ])
    expect(proxy.strangers).toEqual([])
  })

  test('opens what an older version of the key wrapped, until that version is destroyed', async () => {
    const key = kms.createKey()
    await encrypted(key)
    kms.createVersion(key)
    expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0, stdout: plaintext })
    kms.destroyVersion(key, 1)
    const { exitCode, stderr } = await sops(['decrypt', 'secret.yaml'])
    expect(exitCode).toBe(128)
    expect(stderr.replace(/\s+\|?\s*/g, ' ')).toContain(`${key}/cryptoKeyVersions/1 is not enabled`)
  })

  test('takes no resource name of a version: it says so itself, and asks nobody', async () => {
    repository.write('secret.yaml', plaintext)
    const version = `${kms.createKey()}/cryptoKeyVersions/1`
    const { exitCode, stderr } = await sops(['encrypt', '-i', '--gcp-kms', version, 'secret.yaml'])
    expect(exitCode).not.toBe(0)
    expect(stderr).toContain('no valid resource ID found')
    expect(kms.calls).toEqual([])
  })

  test('is refused when another key of the service wrapped the data key', async () => {
    const [one, other] = [kms.createKey(), kms.createKey()]
    await encrypted(one)
    repository.write('secret.yaml', repository.read('secret.yaml').replace(one, other))
    const { exitCode, stderr } = await sops(['decrypt', 'secret.yaml'])
    expect(exitCode).toBe(128)
    expect(stderr).toContain('Error 400: Decryption failed')
  })

  test('is refused with a token of somebody else, and for a key that is not there', async () => {
    await encrypted(kms.createKey())
    const stranger = await sops(['decrypt', 'secret.yaml'], { GOOGLE_OAUTH_ACCESS_TOKEN: 'of-somebody-else' })
    expect(stranger.exitCode).toBe(128)
    expect(stranger.stderr).toContain('Error 401: Request had invalid authentication credentials.')
    repository.write('secret.yaml', repository.read('secret.yaml').replace('cryptoKeys/key-1', 'cryptoKeys/gone'))
    const gone = await sops(['decrypt', 'secret.yaml'])
    expect(gone.exitCode).toBe(128)
    expect(gone.stderr).toContain('Error 404')
  })

  test.each<[GcpError, number]>([
    ['PERMISSION_DENIED', 403], ['RESOURCE_EXHAUSTED', 429], ['INTERNAL', 500],
  ])('sees %s (%i) and does not ask again', async (error, status) => {
    const key = kms.createKey()
    await encrypted(key)
    kms.addFault({ error, key, operation: 'decrypt' })
    const { exitCode, stderr } = await sops(['decrypt', 'secret.yaml'])
    expect(exitCode).toBe(128)
    expect(stderr).toContain(`Error ${status}`)
    expect(kms.calls.map((call) => call.status)).toEqual([200, status])
  })

  // One that does not end is asked for a whole minute (24 calls), which is the client library's own deadline.
  test('asks again while the service is unavailable', async () => {
    await encrypted(kms.createKey())
    kms.addFault({ error: 'UNAVAILABLE', times: 2 })
    expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0, stdout: plaintext })
    expect(kms.calls.map(({ status }) => status)).toEqual([200, 503, 503, 200])
  })

  // A host that never answers costs that minute too.
  test.each([
    ['refused', 'Bad Gateway'], ['reset', 'connection reset by peer'],
  ] as const)('that is away (%s) fails at once, and works when it is back', async (how, said) => {
    await encrypted(kms.createKey())
    proxy.setAway(gcpKmsHost, how)
    const start = performance.now()
    const { exitCode, stderr } = await sops(['decrypt', 'secret.yaml'])
    expect(performance.now() - start).toBeLessThan(5000)
    expect(exitCode).toBe(128)
    expect(stderr.replace(/\s+\|?\s*/g, ' ')).toContain(said)
    proxy.setAway(gcpKmsHost, null)
    expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0 })
  })

  test('does not talk to a service whose certificate it has no reason to trust', async () => {
    await encrypted(kms.createKey())
    await using other = await startConnectProxy()
    const { SSL_CERT_FILE = '' } = other.environment()
    const { exitCode, stderr } = await sops(['decrypt', 'secret.yaml'], { SSL_CERT_FILE, SSL_CERT_DIR: repository.home })
    expect(exitCode).toBe(128)
    expect(stderr.replace(/\s+\|?\s*/g, ' ')).toContain('certificate signed by unknown authority')
    expect(kms.calls).toHaveLength(1)
  })

  test('waits for a slow answer', async () => {
    await encrypted(kms.createKey())
    kms.setDelay(300)
    const start = performance.now()
    expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0 })
    expect(performance.now() - start).toBeGreaterThanOrEqual(300)
  })
})

describe('the key service itself', () => {
  test('sums as CRC-32C does: the check value of its catalogue entry', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  })

  test('names the version that wrapped, and checks and gives checksums', async () => {
    const key = kms.createKey()
    const token = kms.environment()['GOOGLE_OAUTH_ACCESS_TOKEN'] ?? ''
    const ask = async (operation: string, body: unknown): ReturnType<typeof askService> =>
      await askService(proxy.authority.cert, kms.port, `https://${gcpKmsHost}/v1/${key}:${operation}`, { token, body })
    const bytes = Buffer.from('a data key')
    const given = { plaintext: bytes.toString('base64'), plaintextCrc32c: String(crc32c(bytes)) }
    const sealed = await ask('encrypt', given)
    const version = { name: `${key}/cryptoKeyVersions/1`, verifiedPlaintextCrc32c: true, protectionLevel: 'SOFTWARE' }
    expect(sealed).toMatchObject({ status: 200, body: version })
    const { ciphertext, ciphertextCrc32c } = sealed.body as Record<string, string>
    expect(ciphertextCrc32c).toBe(String(crc32c(Buffer.from(ciphertext ?? '', 'base64'))))
    expect(await ask('decrypt', { ciphertext, ciphertextCrc32c })).toEqual(expect.objectContaining({
      status: 200, body: { ...given, usedPrimary: true, protectionLevel: 'SOFTWARE' },
    }))
    expect(await ask('decrypt', { ciphertext, additionalAuthenticatedData: 'AAAA' })).toMatchObject({ status: 400 })
    const wrong = await ask('encrypt', { ...given, plaintextCrc32c: '1' })
    expect(wrong).toMatchObject({ status: 400, body: { error: { code: 400, status: 'INVALID_ARGUMENT' } } })
  })

  test('lets nobody in without a token', async () => {
    const url = `https://${gcpKmsHost}/v1/${kms.createKey()}:encrypt`
    const answer = await askService(proxy.authority.cert, kms.port, url, { body: { plaintext: 'AAAA' } })
    expect(answer).toMatchObject({ status: 401, body: { error: { status: 'UNAUTHENTICATED' } } })
  })
})
