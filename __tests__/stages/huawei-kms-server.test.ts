import { expect } from '@jest/globals'
import { sopsMeanwhile } from '../support/cloud-kinds.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { startHuaweiKmsServer } from '../support/huawei-kms-server.ts'
import type { SopsResult } from '../support/repository.ts'
import { where } from '../support/parts.ts'
import { Repository } from '../support/repository.ts'

where('sops 3.11.0').test('sops encrypts, rotates, wraps for other keys and decrypts, and is refused as a stranger and for a wrong key', async () => {
  await using proxy = await startConnectProxy()
  await using kms = await startHuaweiKmsServer(proxy)
  using repository = new Repository()
  const credentials = { ...proxy.environment(), ...kms.environment() }
  const [one, other] = [kms.createKey(), kms.createKey()]
  const uuid = (id: string): string => id.replace(/^.*:/, '')
  repository.write('secret.yaml', 'password: hunter2\n')
  const sops = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<SopsResult> =>
    await sopsMeanwhile(repository, args, { ...credentials, ...env })
  expect(await sops(['encrypt', '-i', '--hckms', one, 'secret.yaml'])).toMatchObject({ exitCode: 0 })
  const before = repository.read('secret.yaml')
  expect(await sops(['rotate', '-i', 'secret.yaml'])).toMatchObject({ exitCode: 0 })
  expect(repository.read('secret.yaml')).not.toBe(before)
  repository.write('.sops.yaml', `creation_rules:\n  - hckms:\n      - ${other}\n`)
  expect(await sops(['updatekeys', '--yes', 'secret.yaml'])).toMatchObject({ exitCode: 0 })
  expect(await sops(['decrypt', 'secret.yaml'])).toMatchObject({ exitCode: 0, stdout: 'password: hunter2\n' })
  expect(kms.calls.map(({ operation, key, status }) => [operation, key, status])).toEqual([
    ['encrypt', uuid(one), 200], ['decrypt', uuid(one), 200], ['encrypt', uuid(one), 200],
    ['decrypt', uuid(one), 200], ['encrypt', uuid(other), 200], ['decrypt', uuid(other), 200],
  ])
  const refused = async (env: Readonly<Record<string, string>> = {}): Promise<string> => {
    const { exitCode, stderr } = await sops(['decrypt', 'secret.yaml'], env)
    expect(exitCode).toBe(128)
    return stderr
  }
  expect(await refused({ HUAWEICLOUD_SDK_AK: 'OF-SOMEBODY-ELSE' })).toContain('APIGW.0301')
  kms.addFault({ error: 'KMS.0401', key: uuid(other) })
  expect(await refused()).toContain('KMS.0401')
  kms.clearFaults()
  repository.write('secret.yaml', repository.read('secret.yaml').replace(other, one))
  expect(await refused()).toContain('KMS.0400')
})
