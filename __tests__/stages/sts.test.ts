// An AWS key with a role: sops assumes the role first, and only with its credentials is the key used.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { readEncryptedFile } from '../../src/model/sops-file/encrypted-file.ts'
import { canonicalId, parseRecipient } from '../../src/model/recipient.ts'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'
import { startKmsServer } from '../support/kms-server.ts'
import { Repository } from '../support/repository.ts'
import { sopsBinary } from '../support/sops-binary.ts'
import { startStsServer } from '../support/sts-server.ts'

/** Not `repository.sops`, which would keep the services of this very process from answering. */
async function sops(
  repository: Repository, args: readonly string[], credentials: Readonly<Record<string, string>>,
): Promise<{ exitCode: number; output: string }> {
  const env = { PATH: process.env['PATH'], HOME: repository.home, SOPS_DISABLE_VERSION_CHECK: '1', ...credentials }
  return await new Promise((resolve) => {
    execFile(sopsBinary(), args, { cwd: repository.root, env, timeout: 30_000 }, (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr }))
  })
}

/** The three ways in which a rule names a role. */
const rules: readonly (readonly [string, (arn: string, role: string) => string, string])[] = [
  ['a flat rule', (arn, role) => `  - kms: ${arn}+${role}\n`, ''],
  ['a flat rule with spaces', (arn, role) => `  - kms: ${arn} + ${role}\n`, ''],
  ['a key group with a context', (arn, role) =>
    `  - key_groups:\n      - kms:\n          - {arn: "${arn}", role: "${role}", context: {Team: pay, App: web}}\n`, '|App:web,Team:pay'],
]

describe.each(rules)('a key with a role in %s', (_, rule, context) => {
  test('is used as that role, and reads the same in the rule, in the file and by sops', async () => {
    await using kms = await startKmsServer()
    await using sts = await startStsServer()
    using repository = new Repository()
    const [arn, role] = [kms.createKey(), sts.createRole('ci/deploy')]
    const credentials = { ...kms.environment(), ...sts.environment() }
    repository.write('.sops.yaml', `creation_rules:\n${rule(arn, role)}`)
    repository.write('app.yaml', 'password: hunter2\n')
    expect(await sops(repository, ['encrypt', '--in-place', 'app.yaml'], credentials)).toEqual({ exitCode: 0, output: '' })
    expect(await sops(repository, ['decrypt', 'app.yaml'], credentials)).toEqual({ exitCode: 0, output: 'password: hunter2\n' })
    expect(sts.calls).toEqual([0, 1].map(() => ({ role, session: expect.stringMatching(/^sops@/), caller: 'AKIAIOSFODNN7EXAMPLE', ok: true })))
    expect(kms.calls.map(({ operation, keyId, caller, ok }) => [operation, keyId, sts.roleOf(caller), ok]))
      .toEqual([['Encrypt', arn, role, true], ['Decrypt', arn, role, true]])

    const file = readEncryptedFile('app.yaml', Buffer.from(repository.read('app.yaml')))
    if (file === null || 'damage' in file) throw new Error('not read')
    const id = `kms:${arn}+${role}${context}`
    expect(file.metadata.groups.flat().map(canonicalId)).toEqual([id])
    expect(readSopsConfig('.sops.yaml', repository.read('.sops.yaml')).recipients.map(canonicalId)).toEqual([id])
    const asked = parseRecipient(id.slice('kms:'.length))
    expect(asked === null ? null : canonicalId(asked)).toBe(id)
    const { output } = await sops(repository, ['updatekeys', '--yes', 'app.yaml'], credentials)
    expect(output).toContain('already up to date')
  })

  test('is of no use to who may not assume it', async () => {
    await using kms = await startKmsServer()
    await using sts = await startStsServer()
    using repository = new Repository()
    const [arn, role] = [kms.createKey(), sts.createRole('deploy', 'AKIAOFSOMEBODYELSE00')]
    repository.write('.sops.yaml', `creation_rules:\n${rule(arn, role)}`)
    repository.write('app.yaml', 'password: hunter2\n')
    const args = ['encrypt', '--in-place', join(repository.root, 'app.yaml')]
    const mine = { ...kms.environment(), ...sts.environment() }
    expect(await sops(repository, args, mine)).toMatchObject({ exitCode: 1, output: expect.stringContaining('AccessDenied') })
    expect(kms.calls).toEqual([])
    expect(await sops(repository, args, { ...mine, AWS_ACCESS_KEY_ID: 'AKIAOFSOMEBODYELSE00' })).toMatchObject({ exitCode: 0 })
  })
})

test('a key with a profile uses the credentials of that profile, and keeps it through the file', async () => {
  await using kms = await startKmsServer()
  using repository = new Repository()
  const arn = kms.createKey()
  repository.write('.sops.yaml', `creation_rules:\n  - kms: ${arn}\n    aws_profile: ops\n`)
  repository.write('app.yaml', 'password: hunter2\n')
  repository.write('../home/aws', '[profile ops]\naws_access_key_id = AKIAOFTHEPROFILE0000\naws_secret_access_key = x\n')
  const own = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }
  const credentials = { ...kms.environment(), ...own, AWS_CONFIG_FILE: join(repository.home, 'aws') }
  expect(await sops(repository, ['encrypt', '--in-place', 'app.yaml'], credentials)).toEqual({ exitCode: 0, output: '' })
  expect(await sops(repository, ['decrypt', 'app.yaml'], credentials)).toEqual({ exitCode: 0, output: 'password: hunter2\n' })
  expect(kms.calls.map(({ caller }) => caller)).toEqual(['AKIAOFTHEPROFILE0000', 'AKIAOFTHEPROFILE0000'])
  const file = readEncryptedFile('app.yaml', Buffer.from(repository.read('app.yaml')))
  if (file === null || 'damage' in file) throw new Error('not read')
  expect(file.metadata.groups.flat().map(({ id }) => id)).toEqual([`${arn}||ops`])
})
