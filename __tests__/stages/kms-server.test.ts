import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KmsFault, KmsServer } from '../support/kms-server.ts'
import { startKmsServer } from '../support/kms-server.ts'
import { sopsBinary } from '../support/sops-binary.ts'

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

let kms: KmsServer
let directory: string

beforeEach(async () => {
  kms = await startKmsServer()
  directory = await mkdtemp(join(tmpdir(), 'sops-rekey-kms-'))
})

afterEach(async () => {
  await kms[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

function sops(...args: string[]): Promise<Ran> {
  const env = { ...kms.environment(), HOME: directory, XDG_CONFIG_HOME: directory, SOPS_DISABLE_VERSION_CHECK: '1' }
  return new Promise((resolve) => {
    execFile(sopsBinary(), args, { cwd: directory, env, timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}

/** A file encrypted to the given keys, with the calls that took forgotten. */
async function encrypted(arns: string, context?: string): Promise<string> {
  const path = join(directory, 'secret.yaml')
  await writeFile(path, 'password: hunter2\n')
  const bound = context === undefined ? [] : ['--encryption-context', context]
  const ran = await sops('encrypt', '-i', '--kms', arns, ...bound, path)
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  return path
}

describe('sops with the key service', () => {
  test('encrypts, decrypts and rotates with the keys it names, one call a key', async () => {
    const [one, other] = [kms.createKey(), kms.createKey('eu-west-1', '999988887777')]
    const path = await encrypted(`${one},${other}`)
    expect(await sops('decrypt', path)).toMatchObject({ code: 0, stdout: 'password: hunter2\n' })
    const before = await readFile(path, 'utf8')
    expect(await sops('rotate', '-i', path)).toMatchObject({ code: 0 })
    expect(await readFile(path, 'utf8')).not.toBe(before)
    expect(await sops('decrypt', path)).toMatchObject({ code: 0, stdout: 'password: hunter2\n' })
    expect(kms.calls.map(({ operation, keyId, ok }) => [operation, keyId, ok])).toEqual([
      ['Encrypt', one, true],
      ['Encrypt', other, true],
      ['Decrypt', one, true],
      ['Decrypt', one, true],
      ['Encrypt', one, true],
      ['Encrypt', other, true],
      ['Decrypt', one, true],
    ])
  })

  test('finds a key by its alias', async () => {
    const path = await encrypted(kms.createAlias('prod', kms.createKey()))
    expect(await sops('decrypt', path)).toMatchObject({ code: 0, stdout: 'password: hunter2\n' })
  })

  test('is refused when the encryption context of the file is not the one it was wrapped with', async () => {
    const path = await encrypted(kms.createKey(), 'Environment:prod,Team:pay')
    expect(await sops('decrypt', path)).toMatchObject({ code: 0 })
    await writeFile(path, (await readFile(path, 'utf8')).replace('Environment: prod', 'Environment: test'))
    const ran = await sops('decrypt', path)
    expect(ran.code).toBe(128)
    expect(ran.stderr).toContain('InvalidCiphertextException')
  })

  test('is refused when another key of the service wrapped the data key', async () => {
    const [one, other] = [kms.createKey(), kms.createKey()]
    const path = await encrypted(one)
    await writeFile(path, (await readFile(path, 'utf8')).replace(one, other))
    const ran = await sops('decrypt', path)
    expect(ran.code).toBe(128)
    expect(ran.stderr).toContain('IncorrectKeyException')
  })

  test.each<[KmsFault['error'], number]>([
    ['AccessDeniedException', 1],
    ['DisabledException', 1],
    ['NotFoundException', 1],
    ['ThrottlingException', 3],
    ['KMSInternalException', 3],
  ])('sees %s, and calls %i time(s)', async (error, times) => {
    const arn = kms.createKey()
    const path = await encrypted(arn)
    kms.addFault({ error, keyId: arn, operation: 'Decrypt' })
    const ran = await sops('decrypt', path)
    expect(ran.code).toBe(128)
    expect(ran.stderr).toContain(error)
    expect(kms.calls.filter(({ ok }) => !ok)).toHaveLength(times)
    kms.clearFaults()
    expect(await sops('decrypt', path)).toMatchObject({ code: 0 })
  })

  test('gets over a throttle that ends', async () => {
    const path = await encrypted(kms.createKey())
    kms.addFault({ error: 'ThrottlingException', times: 1 })
    expect(await sops('decrypt', path)).toMatchObject({ code: 0 })
    expect(kms.calls.map(({ ok }) => ok)).toEqual([true, false, true])
  })

  test('fails at the call that was chosen, and at no other key', async () => {
    const [one, other] = [kms.createKey(), kms.createKey()]
    const path = await encrypted(`${one},${other}`)
    kms.addFault({ error: 'AccessDeniedException', keyId: one, operation: 'Decrypt', skip: 1 })
    expect(await sops('decrypt', path)).toMatchObject({ code: 0 })
    expect(await sops('decrypt', path)).toMatchObject({ code: 0 }) // through the other key
    expect(kms.calls.slice(2).map(({ keyId, ok }) => [keyId, ok])).toEqual([[one, true], [one, false], [other, true]])
  })

  test.each(['refused', 'reset'] as const)('that is away (%s) ends in an error, and works again when it is back', async (how) => {
    const path = await encrypted(kms.createKey())
    await kms.setAway(how)
    const ran = await sops('decrypt', path)
    expect(ran.code).toBe(128)
    expect(ran.stderr).toMatch(how === 'refused' ? /connection refused/ : /connection reset/)
    await kms.setAway(null)
    expect(await sops('decrypt', path)).toMatchObject({ code: 0 })
  })

  test('waits for a slow answer', async () => {
    const path = await encrypted(kms.createKey())
    kms.setDelay(300)
    const start = performance.now()
    expect(await sops('decrypt', path)).toMatchObject({ code: 0 })
    expect(performance.now() - start).toBeGreaterThanOrEqual(300)
  })
})

test('a call that is not signed is answered as the real service would', async () => {
  const response = await fetch(kms.url, { method: 'POST', headers: { 'x-amz-target': 'TrentService.Decrypt' }, body: '{}' })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' })
})
