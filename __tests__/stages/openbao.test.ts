// Vault keys on a real server: the token, and the data key that is to be wrapped, go to that server only.
import { join } from 'node:path'
import { expect } from '@jest/globals'
import { readEncryptedFile } from '../../src/model/sops-file/encrypted-file.ts'
import { canonicalId, parseRecipient } from '../../src/model/recipient.ts'
import { foreignVaults } from '../../src/model/plan/trusted-keys.ts'
import { runChild } from '../../src/tools/child.ts'
import type { ChildResult } from '../../src/tools/child.ts'
import { ignoredVariables, sopsEnvironment } from '../../src/tools/environment.ts'
import type { Openbao } from '../support/openbao.ts'
import { startOpenbao, startStub } from '../support/openbao.ts'
import { where } from '../support/parts.ts'
import { Repository } from '../support/repository.ts'
import { sopsBinary } from '../support/sops-binary.ts'

const { afterAll, beforeAll, describe, test } = where('bao')

let vault: Openbao
beforeAll(async () => {
  vault = await startOpenbao()
})
afterAll(async () => await vault[Symbol.asyncDispose]())

type Environment = Readonly<Record<string, string>>

async function sops(repository: Repository, args: readonly string[], environment: Environment): Promise<ChildResult> {
  return await runChild(sopsBinary(), args, {
    cwd: repository.root, env: sopsEnvironment({ HOME: repository.home, ...environment }, repository.root),
  })
}

function inRule(repository: Repository, ...uris: readonly string[]): void {
  repository.write('.sops.yaml', `creation_rules:\n  - hc_vault_transit_uri: ${uris.join(',')}\n`)
  repository.write('app.yaml', 'password: hunter2\n')
}

describe('a Vault key', () => {
  test('wraps, and is read from the file as it stands in the rule, in whatever engine', async () => {
    using repository = new Repository()
    const uris = [await vault.createKey('app'), await vault.createKey('app', 'teams/a/transit')]
    inRule(repository, `${uris[0] ?? ''}/`, uris[1] ?? '')
    for (const command of ['encrypt', 'rotate']) {
      expect(await sops(repository, [command, '--in-place', 'app.yaml'], vault.credentials)).toMatchObject({ exitCode: 0 })
    }
    const file = readEncryptedFile('app.yaml', Buffer.from(repository.read('app.yaml')))
    if (file === null || 'damage' in file) throw new Error('not read')
    expect(file.metadata.groups.flat().map(canonicalId)).toEqual(uris.map((uri) => `hc_vault:${uri}`))
    expect(foreignVaults(file.metadata.groups.flat(), vault.address)).toEqual([])
    expect((await sops(repository, ['decrypt', 'app.yaml'], vault.credentials)).stdout.toString()).toBe('password: hunter2\n')
    await vault.deleteKey(uris[0] ?? '')
    expect((await sops(repository, ['decrypt', 'app.yaml'], vault.credentials)).exitCode).toBe(0)
    await vault.deleteKey(uris[1] ?? '')
    expect((await sops(repository, ['decrypt', 'app.yaml'], vault.credentials)).exitCode).toBe(128)
  })

  test('on the server of someone else is foreign, and sops would send it the token and the data key', async () => {
    await using stub = await startStub()
    using repository = new Repository()
    const uri = `${stub.address}/v1/transit/keys/app`
    inRule(repository, uri)
    const foreign = parseRecipient(uri)
    expect(foreignVaults(foreign === null ? [] : [foreign], vault.address)).toEqual([foreign])
    // As the user would run it: nothing tells sops whose token it is.
    const plain = repository.home
    const { exitCode } = await runChild(sopsBinary(), ['encrypt', '--in-place', 'app.yaml'], {
      cwd: repository.root, env: { HOME: plain, VAULT_TOKEN: 'of-the-runner', SOPS_DISABLE_VERSION_CHECK: '1' },
    })
    expect(exitCode).toBe(0)
    expect(stub.tokens).toEqual(['of-the-runner'])
  })

  test('is used at its own address, whatever agent or proxy of Vault the environment names', async () => {
    await using stub = await startStub()
    using repository = new Repository()
    inRule(repository, await vault.createKey('direct'))
    const elsewhere = Object.fromEntries(['VAULT_AGENT_ADDR', 'VAULT_PROXY_ADDR', 'VAULT_HTTP_PROXY'].map((name) => [name, stub.address]))
    expect(await sops(repository, ['encrypt', '--in-place', 'app.yaml'], { ...vault.credentials, ...elsewhere })).toMatchObject({ exitCode: 0 })
    expect(stub.tokens).toEqual([])
    expect(ignoredVariables(elsewhere)).toEqual(Object.keys(elsewhere))
  })

  /** Versions before 3.13 know no list of servers: there the plan's refusal is the only guard. */
  const knowsAllowlist = async (): Promise<boolean> => {
    using repository = new Repository()
    inRule(repository, 'http://127.0.0.1:1/v1/transit/keys/app')
    const { stderr } = await runChild(sopsBinary(), ['encrypt', 'app.yaml'], {
      cwd: repository.root, env: { HOME: repository.home, SOPS_HC_VAULT_ALLOWLIST: 'none', VAULT_MAX_RETRIES: '0', SOPS_DISABLE_VERSION_CHECK: '1' },
    })
    return stderr.includes('Allowlist')
  }

  test.each([
    ['VAULT_ADDR is another', { VAULT_ADDR: 'http://127.0.0.1:1' }],
    ['there is no VAULT_ADDR', {}],
    ['someone planted a list', { SOPS_HC_VAULT_ALLOWLIST: 'all' }],
    ['VAULT_ADDR is a list', { VAULT_ADDR: 'http://127.0.0.1:1,http://127.0.0.1' }],
  ])('elsewhere hears nothing from a sops that knows its own list: %s', async (_, variables) => {
    await using stub = await startStub()
    using repository = new Repository()
    inRule(repository, `${stub.address}/v1/transit/keys/app`)
    const environment = { VAULT_TOKEN: 'of-the-runner', VAULT_MAX_RETRIES: '0', ...variables }
    const { exitCode } = await sops(repository, ['encrypt', '--in-place', join(repository.root, 'app.yaml')], environment)
    const guarded = await knowsAllowlist()
    expect([exitCode, stub.tokens]).toEqual(guarded ? [1, []] : [0, ['of-the-runner']])
  })
})
