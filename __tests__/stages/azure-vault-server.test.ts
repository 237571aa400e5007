import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { AzureError, AzureVaultServer } from '../support/azure-vault-server.ts'
import { azureLoginHost, azureVaultHost, startAzureVaultServer } from '../support/azure-vault-server.ts'
import { sopsMeanwhile } from '../support/cloud-kinds.ts'
import type { ConnectProxy } from '../support/connect-proxy.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { where } from '../support/parts.ts'
import type { SopsResult } from '../support/repository.ts'
import { Repository } from '../support/repository.ts'
import { askService } from '../support/tls-service.ts'

const plaintext = 'password: hunter2\n'

let proxy: ConnectProxy
let vault: AzureVaultServer
let repository: Repository

beforeEach(async () => {
  proxy = await startConnectProxy()
  vault = await startAzureVaultServer(proxy)
  repository = new Repository()
})

afterEach(async () => {
  await proxy[Symbol.asyncDispose]()
  await vault[Symbol.asyncDispose]()
  repository[Symbol.dispose]()
})

async function sops(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<SopsResult> {
  return await sopsMeanwhile(repository, args, { ...proxy.environment(), ...vault.environment(), ...env })
}

async function encrypted(...keys: readonly string[]): Promise<void> {
  repository.write('secret.yaml', plaintext)
  expect(await sops(['encrypt', '-i', '--azure-kv', keys.join(), 'secret.yaml'])).toMatchObject({ exitCode: 0, stderr: '' })
}

/** What was asked of the vault, without the challenges and the logins. */
function asked(): string[] {
  return vault.calls.filter(({ operation, status }) => operation !== 'login' && status !== 401)
    .map(({ operation, key, status }) => `${operation} ${key} ${status}`)
}

const nameOf = (url: string): string => url.replace(/^.*\/keys\//, '')
const unversioned = (url: string): string => url.replace(/\/[^/]*$/, '')

describe('sops with the vault', () => {
  test('encrypts, decrypts, rotates and wraps for other keys, one call a key after a challenge and a login', async () => {
    const [one, other] = [vault.createKey(), vault.createKey()]
    await encrypted(one)
    expect(vault.calls.map(({ operation, status }) => `${operation} ${status}`))
      .toEqual(['encrypt 401', 'login 200', 'encrypt 200'])
    expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0, stdout: plaintext })
    const before = repository.read('secret.yaml')
    expect(await sops(['rotate', '-i', 'secret.yaml'])).toMatchObject({ exitCode: 0 })
    expect(repository.read('secret.yaml')).not.toBe(before)
    repository.write('.sops.yaml', `creation_rules:\n  - azure_keyvault: ${other}\n`)
    expect(await sops(['updatekeys', '--yes', 'secret.yaml'])).toMatchObject({ exitCode: 0 })
    expect(repository.read('secret.yaml')).toContain(`version: ${other.split('/').at(-1) ?? ''}`)
    expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0, stdout: plaintext })
    const [first, second] = [nameOf(one), nameOf(other)]
    expect(asked()).toEqual([
      `encrypt ${first} 200`, `decrypt ${first} 200`,
      `decrypt ${first} 200`, `encrypt ${first} 200`,
      `decrypt ${first} 200`, `encrypt ${second} 200`, `decrypt ${second} 200`,
    ])
    expect(proxy.strangers).toEqual([])
  })

  where('sops 3.11.0').test('asks for the version of a key without one when it reads the config, and writes it into the file', async () => {
    const url = vault.createKey()
    repository.write('.sops.yaml', `creation_rules:\n  - azure_keyvault: ${unversioned(url)}\n`)
    repository.write('secret.yaml', plaintext)
    expect(await sops(['encrypt', '-i', 'secret.yaml'])).toMatchObject({ exitCode: 0 })
    expect(asked()).toEqual([`get ${unversioned(nameOf(url))} 200`, `encrypt ${nameOf(url)} 200`])
    expect(repository.read('secret.yaml')).toContain(`version: ${url.split('/').at(-1) ?? ''}`)
    const newer = vault.createVersion(url)
    expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0, stdout: plaintext })
    // The file has not changed, and still it has drifted.
    const keyless = await sops(['updatekeys', 'secret.yaml'])
    expect(keyless.stdout).toContain(`+++ ${newer}`)
    expect(keyless.stdout).toContain(`--- ${url}`)
  })

  where('sops 3.11.0').test.each([
    ['flat', 'azure_keyvault: URL'], ['in a group', 'key_groups: [{azure_keyvault: [{vaultUrl: HOST, key: key-1}]}]'],
  ])(
    'cannot so much as read the config where a key without a version (%s) may not be looked up', async (_, rule) => {
      const url = vault.createKey()
      await encrypted(url)
      const filled = rule.replace('URL', unversioned(url)).replace('HOST', `https://${azureVaultHost}`)
      repository.write('.sops.yaml', `creation_rules:\n  - ${filled}\n`)
      vault.addFault({ error: 'Forbidden', operation: 'get' })
      const { exitCode, stderr } = await sops(['updatekeys', 'secret.yaml'])
      expect(exitCode).toBe(1)
      expect(stderr).toContain('RESPONSE 403: 403 Forbidden')
      // What needs no rule is not held up.
      expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0, stdout: plaintext })
    })

  test('is refused when another key of the vault wrapped the data key, and for a version that is not there', async () => {
    const [one, other] = [vault.createKey(), vault.createKey()]
    await encrypted(one)
    const [, version = ''] = nameOf(one).split('/')
    const [name = '', otherVersion = ''] = nameOf(other).split('/')
    const text = repository.read('secret.yaml')
    repository.write('secret.yaml', text.replace('key-1', name).replace(version, otherVersion))
    const foreign = await sops(['decrypt', 'secret.yaml'])
    expect(foreign.exitCode).toBe(128)
    expect(foreign.stderr).toContain('ERROR CODE: BadParameter')
    repository.write('secret.yaml', text.replace(version, '0123456789abcdef0123456789abcdef'))
    const gone = await sops(['decrypt', 'secret.yaml'])
    expect(gone.exitCode).toBe(128)
    expect(gone.stderr).toContain('ERROR CODE: KeyNotFound')
  })

  test('is refused at the login with a secret of somebody else, once, and never gets to the key', async () => {
    await encrypted(vault.createKey())
    const from = vault.calls.length
    const { exitCode, stderr } = await sops(['decrypt', 'secret.yaml'], { AZURE_CLIENT_SECRET: 'of-somebody-else' })
    expect(exitCode).toBe(128)
    expect(stderr).toContain('AADSTS7000215')
    expect(vault.calls.slice(from).map(({ operation, status }) => `${operation} ${status}`)).toEqual(['decrypt 401', 'login 401'])
  })

  // The client library makes four attempts by itself, 3 seconds here and 9 for an internal error.
  test.each<[AzureError, number, number]>([
    ['Forbidden', 403, 1], ['Throttled', 429, 4],
  ])('sees %s (%i), and calls %i time(s)', async (error, status, times) => {
    const url = vault.createKey()
    await encrypted(url)
    vault.addFault({ error, operation: 'decrypt', key: nameOf(url) })
    const { exitCode, stderr } = await sops(['decrypt', 'secret.yaml'])
    expect(exitCode).toBe(128)
    expect(stderr).toContain(`RESPONSE ${status}`)
    expect(vault.calls.filter((call) => call.status === status)).toHaveLength(times)
  })

  test('gets over a throttle that ends', async () => {
    await encrypted(vault.createKey())
    vault.addFault({ error: 'Throttled', times: 1 })
    expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0, stdout: plaintext })
  })

  // Four attempts again, 9 seconds. A login service that is away costs up to twice as much.
  test('that is away fails within half a minute, and works when it is back', async () => {
    await encrypted(vault.createKey())
    proxy.setAway(azureVaultHost, 'reset')
    const start = performance.now()
    const { exitCode, stderr } = await sops(['decrypt', 'secret.yaml'])
    expect(performance.now() - start).toBeLessThan(30_000)
    expect(exitCode).toBe(128)
    expect(stderr.replace(/\s+\|?\s*/g, ' ')).toContain('connection reset by peer')
    proxy.setAway(azureVaultHost, null)
    expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0 })
  })
})

describe('the vault itself', () => {
  test('shows the public key to who is let in, and challenges who is not', async () => {
    const url = vault.createKey()
    const ask = async (token: string): ReturnType<typeof askService> =>
      await askService(proxy.authority.cert, vault.port, `${url}?api-version=7.6`, { method: 'GET', token })
    const refused = await ask('of-somebody-else')
    expect(refused).toMatchObject({ status: 401, body: { error: { code: 'Unauthorized' } } })
    const { AZURE_TENANT_ID: tenant = '', AZURE_CLIENT_ID: client = '', AZURE_CLIENT_SECRET: secret = '' } = vault.environment()
    expect(refused.headers?.['www-authenticate'])
      .toBe(`Bearer authorization="https://${azureLoginHost}/${tenant}", resource="https://vault.azure.net"`)
    const other = await login(tenant, { client_id: client, client_secret: 'other' })
    expect(other).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    const { body } = await login(tenant, { client_id: client, client_secret: secret })
    const shown = await ask((body as { access_token: string }).access_token)
    expect(shown).toMatchObject({ status: 200, body: { key: { kid: url, kty: 'RSA', e: 'AQAB' } } })
  })

  async function login(tenant: string, who: Readonly<Record<string, string>>): ReturnType<typeof askService> {
    const form = new URLSearchParams({ grant_type: 'client_credentials', scope: 'https://vault.azure.net/.default', ...who })
    const url = `https://${azureLoginHost}/${tenant}/oauth2/v2.0/token`
    return await askService(proxy.authority.cert, vault.port, url, { text: form.toString() })
  }
})
