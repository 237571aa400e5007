// What a key service says no to, nobody gets around: the run ends with its own reason, and nothing was changed.
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { runAction } from '../support/action.ts'
import { makeAgeKey } from '../support/age-key.ts'
import { Company } from '../support/company.ts'
import { startKmsServer } from '../support/kms-server.ts'
import type { KmsServer } from '../support/kms-server.ts'
import { sopsBinary } from '../support/sops-binary.ts'
import { Team } from '../support/team.ts'
import { canary, expectNothingLeaked, expectNothingLeft, refusalOf, runUnchanged } from '../support/unchanged.ts'

/** A repository whose files `alice`, `bob` and a KMS key can open; the runner has that key and no other. */
async function inCloud(kms: KmsServer, ...paths: readonly string[]): Promise<{ readonly team: Team; readonly arn: string }> {
  const [team, arn] = [new Team(), kms.createKey()]
  team.credentials = kms.environment()
  const people = `          - ${team.alice.recipient} # alice\n          - ${team.bob.recipient} # bob\n`
  team.write('.sops.yaml', `creation_rules:\n  - key_groups:\n      - kms: [{arn: ${arn}}]\n        age:\n${people}`)
  const [first = '', ...more] = paths
  await team.encryptMeanwhile(first, `password: ${canary}\n`)
  for (const path of more) team.write(path, team.read(first))
  team.commit()
  return { team, arn }
}

describe('a key service that', () => {
  test('works is asked once to decrypt each time, and the new file opens with it', async () => {
    await using kms = await startKmsServer()
    const { team } = await inCloud(kms, 'app.yaml')
    using repository = team
    const before = kms.calls.length
    const run = await runAction(repository, { 'removed-recipient': 'bob' })
    expect(run.exitCode).toBe(0)
    // decrypt; updatekeys; rotate; decrypt: one Decrypt each, and an Encrypt for each of the two that wrap.
    expect(kms.calls.slice(before).map(({ operation }) => operation).sort())
      .toEqual([...Array<string>(4).fill('Decrypt'), 'Encrypt', 'Encrypt'])
    expect(team.readersOf('app.yaml', { alice: team.alice, bob: team.bob })).toEqual(['alice'])
  })

  test('denies is quoted, and not asked again', async () => {
    await using kms = await startKmsServer()
    const { team, arn } = await inCloud(kms, 'app.yaml')
    using repository = team
    kms.addFault({ error: 'AccessDeniedException', operation: 'Decrypt' })
    const before = kms.calls.length
    const { sentence, run } = await refusalOf(repository, { 'removed-recipient': 'bob' })
    expect(sentence).toContain('app.yaml: none of its keys could be used.')
    expect(sentence).toContain(`is not authorized to perform: kms:Decrypt on resource: ${arn}`)
    expect(sentence).toContain('Give the job the credentials of one of these keys.')
    expect(kms.calls.slice(before)).toHaveLength(1)
    expect(run.report).toMatchObject({ outcome: 'failed', files: [{ path: 'app.yaml', action: 'failed' }] })
  })

  test('denies only later, on one file of many: no file is changed', async () => {
    await using kms = await startKmsServer()
    const paths = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}.yaml`)
    const { team } = await inCloud(kms, ...paths)
    using repository = team
    // With one process at a time: updatekeys wraps a to f, then rotate does.
    for (const [skip, command, path] of [[2, 'updatekeys', 'c.yaml'], [6 + 3, 'rotate', 'd.yaml']] as const) {
      kms.clearFaults()
      kms.addFault({ error: 'AccessDeniedException', operation: 'Encrypt', skip, times: 1 })
      const denied = kms.calls.filter(({ ok }) => !ok).length
      const { sentence, run } = await refusalOf(repository, { 'removed-recipient': 'bob', concurrency: '1' })
      expect(sentence).toContain(`${path}: sops ${command} failed`)
      expect(sentence).toContain('is not authorized to perform: kms:Encrypt')
      expect(sentence).not.toContain('a.yaml')
      expect(kms.calls.filter(({ ok }) => !ok)).toHaveLength(denied + 1)
      // updatekeys goes on with the other files of its batch by itself; what comes after it does not begin.
      if (command === 'rotate') expect(kms.calls.at(-1)).toMatchObject({ operation: 'Encrypt', ok: false })
      expect(run.report?.files.map(({ action }) => action).sort()).toEqual(['failed', ...Array<string>(5).fill('unchanged')])
    }
  })

  test('is away', async () => {
    await using kms = await startKmsServer()
    const { team } = await inCloud(kms, 'app.yaml')
    using repository = team
    await kms.setAway('refused')
    const { sentence } = await refusalOf(repository, { 'removed-recipient': 'bob' })
    expect(sentence).toContain('app.yaml: none of its keys could be used.')
    expect(sentence).toContain('connection refused')
    await kms.setAway(null)
    expect(await runUnchanged(repository, { 'removed-recipient': 'bob', 'dry-run': 'true' })).toMatchObject({ exitCode: 0 })
  })

  test('throttles twice is asked until it answers', async () => {
    await using kms = await startKmsServer()
    const { team } = await inCloud(kms, 'app.yaml')
    using repository = team
    kms.addFault({ error: 'ThrottlingException', operation: 'Encrypt', times: 2 })
    const run = await runAction(repository, { 'removed-recipient': 'bob' })
    expect(run.exitCode).toBe(0)
    expect(kms.calls.filter(({ ok }) => !ok)).toHaveLength(2)
  })
})

test('a flat kms rule would strip the encryption context of a file: that is drift, and refused', async () => {
  await using kms = await startKmsServer()
  using team = new Team()
  const arn = kms.createKey()
  team.credentials = kms.environment()
  const [alice, bob] = [team.alice.recipient, team.bob.recipient]
  const inContext = `      - kms:\n          - arn: ${arn}\n            context: {App: web}\n`
  team.write('.sops.yaml', `creation_rules:\n  - key_groups:\n${inContext}        age: [${alice}, ${bob}]\n`)
  await team.encryptMeanwhile('app.yaml', `password: ${canary}\n`)
  expect(team.read('app.yaml')).toContain('App: web')
  team.write('.sops.yaml', `creation_rules:\n  - kms: ${arn}\n    age: ${alice}, ${bob}\n`)
  team.commit()
  const before = kms.calls.length
  const { sentence } = await refusalOf(team, { 'removed-recipient': bob })
  expect(sentence).toContain('app.yaml: it has drifted from .sops.yaml: by its rule ')
  expect(sentence).toContain('us-east-1:111122223333:key/')
  expect(kms.calls).toHaveLength(before)
})

test('a runner without any usable key: the file, each of its keys and where was looked', async () => {
  using company = new Company()
  const identities = [makeAgeKey().identity, makeAgeKey().identity]
  company.credentials = { SOPS_AGE_KEY: `# of nobody here\n${identities.join('\n')}\n` }
  const { sentence, run } = await refusalOf(company, { 'removed-recipient': 'bob', concurrency: '1' })
  expect(sentence).toMatch(/^apps\/api\/config\.json: none of its keys could be used\. age1/)
  expect(sentence).toContain("the job's age identity is of another key. Give the job the credentials of one of these keys.")
  expect(run.log).not.toContain('::group::Verify')
  for (const identity of identities) expect(run.log).toContain(`::add-mask::${identity}\n`)
})

describe('an environment that was tampered with', () => {
  test('makes neither sops nor git run a program, read another config or look at another repository', async () => {
    using company = new Company()
    using elsewhere = new Company()
    const program = (path: string): string => {
      company.write(path, `#!/bin/sh\necho "$0" >> '${company.path}/ran'\nexit 1\n`, 0o755)
      return join(company.root, path)
    }
    for (const name of ['sops', 'git', 'gpg', 'age-plugin-x']) program(`bin/${name}`)
    program('../node_modules/.bin/git')
    company.write('planted.yaml', `creation_rules:\n  - age: ${company.bob.recipient}\n`)
    company.commit()
    const hook = program('.git/hooks/post-checkout')
    const env = {
      PATH: ['bin', join(company.root, 'bin'), join(company.path, 'node_modules/.bin'), '', process.env['PATH']].join(':'),
      SOPS_AGE_KEY_CMD: hook, SOPS_AGE_SSH_PRIVATE_KEY_CMD: hook, SOPS_GPG_EXEC: hook,
      SOPS_CONFIG: join(company.root, 'planted.yaml'),
      SOPS_KEYSERVICE: 'tcp://127.0.0.1:1', SOPS_ENABLE_LOCAL_KEYSERVICE: 'false', SOPS_DECRYPTION_ORDER: 'pgp',
      GIT_DIR: join(elsewhere.root, '.git'), GIT_WORK_TREE: elsewhere.root, GIT_INDEX_FILE: join(elsewhere.root, '.git/index'),
      GIT_EXTERNAL_DIFF: hook, GIT_SSH_COMMAND: hook, GIT_EXEC_PATH: join(company.root, 'bin'), GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.fsmonitor', GIT_CONFIG_VALUE_0: hook, GIT_ASKPASS: hook, GIT_TRACE: join(company.path, 'trace'),
    }
    company.git('config', 'core.fsmonitor', hook)
    const run = await runAction(company, { 'removed-recipient': 'bob' }, { env })
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
    expect(run.report?.base).toBe(readFileSync(join(company.root, '.git/refs/heads/main'), 'utf8').trim())
    expect(run.report?.files.filter(({ action }) => action === 'updated+rotated')).toHaveLength(7)
    for (const file of ['ran', 'trace']) expect(() => readFileSync(join(company.path, file))).toThrow('ENOENT')
    expectNothingLeft(run)
    expectNothingLeaked(run)
  })

  test('and no key command: without a key of its own the runner can open nothing', async () => {
    using company = new Company()
    company.credentials = {}
    const env = { SOPS_AGE_KEY_CMD: `echo ${company.ci.identity}` }
    const { sentence } = await refusalOf(company, { 'removed-recipient': 'bob' }, { env })
    expect(sentence).toContain('none of its keys could be used')
  })

  test('that puts folders of the checkout, or of packages, first on PATH does not decide which sops is used', async () => {
    using company = new Company()
    const folders = ['bin', 'node_modules/.bin', '../node_modules/.bin']
    for (const folder of folders) company.write(`${folder}/sops`, '#!/bin/sh\necho sops 3.13.3\n', 0o755)
    const tools = join(company.path, 'tools')
    mkdirSync(tools)
    symlinkSync(sopsBinary(), join(tools, 'sops'))
    const planted = folders.map((folder) => join(company.root, folder))
    const env = { PATH: [...planted, tools, process.env['PATH']].join(':') }
    const run = await runUnchanged(company, { 'removed-recipient': 'bob', 'sops-path': '', 'dry-run': 'true' }, { env })
    expect(run).toMatchObject({ exitCode: 0, report: { outcome: 'planned' } })
    expect(run.log).toContain(join(tools, 'sops'))
  })
})

test('a runner with too few of the groups of a Shamir threshold: how many it has, and how many are needed', async () => {
  using team = new Team()
  const { alice, bob, ci } = team
  const groups = [alice, bob, ci].map(({ recipient }) => `      - age:\n          - ${recipient}\n`).join('')
  team.write('.sops.yaml', `creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n${groups}`)
  team.encrypt('app.yaml', `a: ${canary}\n`)
  team.commit()
  const { sentence } = await refusalOf(team, { 'rotate-all': 'true' })
  expect(sentence).toMatch(/^app\.yaml: 1 of its key groups could be used, and 2 are needed\. .* in 1 more of its groups\.$/)
})
