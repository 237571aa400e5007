// The check in the built bundle: what it finds, that it needs no key and gives none away, also on an outsider's content.
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { CheckReport } from '../../src/model/check/check.ts'
import type { ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import { makeAgeKey } from '../support/age-key.ts'
import { AgePlugin } from '../support/age-plugin.ts'
import { Company } from '../support/company.ts'
import { Chronicle } from '../support/history.ts'
import { startKmsServer } from '../support/kms-server.ts'
import { startStub } from '../support/openbao.ts'
import type { Repository } from '../support/repository.ts'
import { sarifRun } from '../support/sarif-validation.ts'
import type { SarifRun } from '../support/sarif-validation.ts'
import { sopsBinary } from '../support/sops-binary.ts'
import { where } from '../support/parts.ts'
import { Team } from '../support/team.ts'
import { canary, treeOf } from '../support/unchanged.ts'

interface Checked {
  readonly run: ActionRun
  readonly report: CheckReport
  readonly sarif: SarifRun
  /** `code level path`, each. */
  readonly found: readonly string[]
}

/** Runs the check and sees that it changed nothing, let no plaintext or identity out, and forged no line of the log. */
type Texts = Readonly<Record<string, string>>

async function check(repository: Repository, inputs: Texts = {}, env: Texts = {}): Promise<Checked> {
  const tree = treeOf(repository.root)
  const run = await runAction(repository, { job: 'check', policy: 'off', ...inputs }, { env })
  expect(treeOf(repository.root)).toEqual(tree)
  // The runner hides what such a line names.
  const log = run.log.split('\n').filter((line) => !line.startsWith('::add-mask::')).join('\n')
  const own = /^::(?:group|endgroup|debug)::|^::(?:error|warning|notice)(?: (?:title|file|line)=[^:]*)?::/
  expect(log.split('\n').filter((line) => /^\s*::/.test(line) && !own.test(line))).toEqual([])
  const [reportPath = '', sarifPath = ''] = [run.outputs['report-path'], run.outputs['sarif-path']]
  const [text, sarif] = [readFileSync(reportPath, 'utf8'), readFileSync(sarifPath, 'utf8')]
  const said = [log, run.summary, text, sarif].join()
  for (const secret of [canary, 'hunter2', 's3cret', 'AGE-SECRET-KEY']) expect(said).not.toContain(secret)
  const report = JSON.parse(text) as CheckReport
  expect(run.outputs).toMatchObject({ findings: String(report.findings.length), errors: String(report.counts.errors) })
  return { run, report, sarif: sarifRun(sarif), found: report.findings.map(({ code, level, path }) => [code, level, path ?? ''].join(' ')) }
}

/** alice, bob and ci read `app.yaml`; the runner has no key. */
function team(): Team {
  const made = new Team()
  const { alice, bob, ci } = made
  made.config({ alice, bob, ci })
  made.encrypt('app.yaml', `password: ${canary}\nuser: ${canary}-u\n`)
  made.commit()
  made.credentials = {}
  return made
}

const messageOf = (checked: Checked, code: string): string => checked.report.findings.find((one) => one.code === code)?.message ?? ''

test('says nothing where there is nothing to say, in a few calls of sops', async () => {
  using company = new Company()
  company.credentials = {}
  const { run, report, found, sarif } = await check(company)
  expect({ found, exitCode: run.exitCode }).toEqual({ found: [], exitCode: 0 })
  expect(report.counts).toMatchObject({ inLine: 8, drifted: 0, notTold: 0 })
  expect(run.summary).toContain('Nothing found')
  expect(sarif.results).toEqual([])
  expect(report.sopsCalls).toBeLessThanOrEqual(8)
})

describe('finds', () => {
  test('drift, with who is missing and who is too many, beside the file in the pull request', async () => {
    using repository = team()
    repository.config({ alice: repository.alice, ci: repository.ci })
    repository.commit()
    const extra = await check(repository)
    expect(extra.found).toEqual(['drift error app.yaml', 'owner-unknown notice app.yaml'])
    expect(messageOf(extra, 'drift')).toMatch(/by \.sops\.yaml, age1\S+ can read it, and should not/)
    expect(extra.run.log).toMatch(/^::error title=[^:]*,file=app\.yaml,line=1::app\.yaml: by \.sops\.yaml/m)
    expect(extra.run.exitCode).toBe(1)
    expect(extra.run.log).toContain('The check found 1 error, 0 warnings and 1 notice')

    repository.config({ alice: repository.alice, bob: repository.bob, ci: repository.ci, dave: makeAgeKey() })
    repository.commit()
    const missing = await check(repository)
    expect(messageOf(missing, 'drift')).toContain('dave should be able to read it, and cannot')
  })

  test('what no rule is for', async () => {
    using repository = team()
    repository.write('.sops.yaml', `creation_rules:\n  - path_regex: ^other/\n    age: ${repository.alice.recipient}\n`)
    repository.commit()
    expect((await check(repository)).found).toContain('no-rule warning app.yaml')
    repository.git('rm', '--quiet', '.sops.yaml')
    repository.commit()
    const { found, run } = await check(repository)
    expect(found).toContain('no-rule warning app.yaml')
    expect(run.exitCode).toBe(0)
  })

  test('plaintext that a rule names, and says no byte of it', async () => {
    using repository = team()
    const { alice } = repository
    repository.encrypt('moved.yaml', `first: ${canary}\nsecond: ${canary}\n`)
    repository.commit()
    rmSync(join(repository.root, 'moved.yaml'))
    repository.write('secrets/moved.yaml', `first: ${canary}\nsecond: ${canary}\n`)
    repository.write('secrets/deploy_key', `${alice.identity}\n`)
    repository.write('.sops.yaml', `creation_rules:\n  - path_regex: \\.enc\\.yaml$\n    age: ${alice.recipient} # alice\n`
      + `  - path_regex: ^secrets/\n    age: ${alice.recipient}\n  - age: ${alice.recipient}\n`)
    const paths = ['a.enc.yaml', 'secrets/db.yaml', 'secrets/README.md', 'deploy.yaml']
    for (const path of paths) repository.write(path, `password: ${canary}\n`)
    symlinkSync('../a.enc.yaml', join(repository.root, 'secrets/link.yaml'))
    repository.commit()
    const all = await check(repository)
    const plaintext = ({ found }: Checked): string[] => found.filter((one) => one.startsWith('plaintext'))
    const errors = ['secrets/deploy_key', 'secrets/moved.yaml'].map((path) => `plaintext error ${path}`)
    expect(plaintext(all)).toEqual(['plaintext error a.enc.yaml', ...errors, 'plaintext warning secrets/db.yaml'])
    expect(messageOf(all, 'plaintext')).toContain('the rule at .sops.yaml:2')
    expect(all.run.exitCode).toBe(1)
    const narrowed = await check(repository, { files: '!a.enc.yaml' })
    expect(plaintext(narrowed)).toEqual([...errors, 'plaintext warning secrets/db.yaml'])
  })

  test('a removed key that came back, by the owners file', async () => {
    using repository = team()
    const { bob } = repository
    const record = `owners: {}\nremoved:\n  - owner: bob\n    recipient: ${bob.recipient}\n    date: 2026-05-01\n`
    repository.write('.sops-owners.yaml', record)
    repository.commit()
    const { report, found, run } = await check(repository)
    expect(found.filter((one) => one.startsWith('removed-came-back'))).toEqual(['removed-came-back error .sops.yaml'])
    expect(report.findings[0]).toMatchObject({ line: 5, about: `age:${bob.recipient}` })
    expect(report.findings[0]?.message).toContain('bob, recorded as removed on 2026-05-01 (.sops-owners.yaml:3), is back')
    expect(run.exitCode).toBe(1)
    repository.write('.sops-owners.yaml', repository.read('.sops-owners.yaml').replace('owners: {}', `owners: {bob: [${bob.recipient}]}`))
    repository.commit()
    expect((await check(repository)).found.filter((one) => one.startsWith('removed-came-back'))).toEqual([])
  })

  test('a removed key that came back, by history alone', async () => {
    using repository = team()
    const old = [repository.read('.sops.yaml'), repository.read('app.yaml')] as const
    repository.config({ alice: repository.alice, ci: repository.ci })
    repository.credentials = { SOPS_AGE_KEY: repository.ci.identity }
    expect(repository.sops(['updatekeys', '--yes', 'app.yaml']).exitCode).toBe(0)
    repository.credentials = {}
    repository.commit('chore: bob leaves')
    expect((await check(repository)).found).toEqual([])
    repository.write('.sops.yaml', old[0])
    repository.write('app.yaml', old[1])
    repository.commit('fix: something else')
    const checked = await check(repository)
    expect(checked.found).toEqual(['removed-came-back warning app.yaml'])
    expect(messageOf(checked, 'removed-came-back')).toMatch(/^bob had been taken out of it on \d{4}-\d\d-\d\d, and is back$/)
  })

  test('who a merge dropped, by either side, and nobody whom a side removed', async () => {
    using repository = team()
    const { alice, bob, ci } = repository
    const dave = makeAgeKey()
    const update = (): void => {
      repository.credentials = { SOPS_AGE_KEY: ci.identity }
      expect(repository.sops(['updatekeys', '--yes', 'app.yaml']).exitCode).toBe(0)
      repository.credentials = {}
    }
    repository.git('checkout', '--quiet', '-b', 'feature')
    repository.config({ alice, bob, ci, dave })
    update()
    repository.commit('feat: dave joins')
    repository.git('checkout', '--quiet', 'main')
    repository.config({ alice, ci })
    update()
    repository.commit('chore: bob leaves')
    // The conflict is solved by taking ours.
    repository.git('merge', '--quiet', '--no-ff', '--strategy', 'ours', '--message', 'merge', 'feature')
    const checked = await check(repository)
    expect(checked.found).toEqual(['merge-dropped warning .sops.yaml'])
    expect(messageOf(checked, 'merge-dropped')).toContain(`dropped ${dave.recipient.slice(0, 10)}`)
    // A rule for other files wants dave, the one for this file does not.
    const config = repository.read('.sops.yaml')
    repository.write('.sops.yaml', config.replace('rules:\n', `rules:\n  - path_regex: ^dev/\n    age: ${dave.recipient}\n`))
    repository.git('commit', '--quiet', '--all', '--amend', '--no-edit')
    expect((await check(repository)).found.filter((one) => one.startsWith('merge-dropped'))).toEqual([])
    // The config names dave again, and the file is the one in question.
    repository.config({ alice, ci, dave })
    repository.git('add', '.')
    repository.git('commit', '--quiet', '--amend', '--no-edit')
    expect((await check(repository)).found).toEqual(['drift error app.yaml', 'merge-dropped warning app.yaml'])
    // Commits on top of it change nothing; a record of a removal does.
    repository.write('README', 'x')
    repository.commit()
    expect((await check(repository)).found).toContain('merge-dropped warning app.yaml')
    repository.write('.sops-owners.yaml', `owners: {}\nremoved: [{owner: dave, recipient: ${dave.recipient}, date: 2026-01-01}]\n`)
    repository.commit()
    expect((await check(repository)).found.filter((one) => one.startsWith('merge-dropped'))).toEqual([])
    repository.git('rm', '--quiet', '.sops-owners.yaml')
    repository.commit()
    update()
    repository.commit()
    expect((await check(repository)).found).toEqual([])
  })

  test('nobody whom a merge dropped and a later commit of the same pull request brought back', async () => {
    using repository = team()
    const { alice, bob, ci } = repository
    const [old, text] = [repository.read('.sops.yaml'), repository.read('app.yaml')]
    repository.git('checkout', '--quiet', '-b', 'feature')
    repository.config({ alice, bob, ci, dave: makeAgeKey() })
    const withDave = repository.read('.sops.yaml')
    repository.commit('feat: dave joins')
    repository.git('checkout', '--quiet', '-b', 'other', 'main')
    repository.write('b', '1\n')
    repository.commit()
    repository.git('merge', '--quiet', '--no-ff', '--strategy', 'ours', '--message', 'merge', 'feature')
    const pullRequest = async (): Promise<readonly string[]> => {
      repository.git('checkout', '--quiet', '--detach', 'main')
      repository.git('merge', '--quiet', '--no-ff', '--message', 'merge of the pull request', 'other')
      return (await check(repository)).found
    }
    expect([repository.read('.sops.yaml'), repository.read('app.yaml')]).toEqual([old, text])
    expect(await pullRequest()).toEqual(['merge-dropped warning .sops.yaml'])
    repository.git('checkout', '--quiet', 'other')
    repository.write('.sops.yaml', withDave)
    repository.commit('fix: dave again')
    expect(await pullRequest()).toEqual(['drift error app.yaml'])
  })

  test('keys without an owner, files that lack who is required, data keys that are old', async () => {
    using repository = team()
    const { alice, bob, ci } = repository
    repository.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient},${bob.recipient},${ci.recipient}\n`)
    repository.commit()
    const notices = await check(repository)
    expect(notices.found).toEqual(Array(3).fill('owner-unknown notice .sops.yaml'))
    expect(notices.run.log).toContain('(and 2 more of `owner-unknown`, see the summary)')
    expect(notices.run.exitCode).toBe(0)
    expect((await check(repository, { 'fail-on': 'notice' })).run.exitCode).toBe(1)
    repository.write('.sops-owners.yaml', `owners: {alice: [${alice.recipient}], bob: [${bob.recipient}]}\nremoved: []\n`)
    repository.commit()
    const one = await check(repository, { 'max-key-age': '1d', 'required-recipient': 'alice', 'exposed-to': 'bob' })
    expect(one.found).toEqual(['owner-unknown warning .sops.yaml'])
    expect(one.report.exposure.map(({ key, readBy }) => [key, ...readBy])).toEqual([['password', 'bob'], ['user', 'bob']])
    expect(one.run.summary).toContain('Secrets bob could read')
    expect((await check(repository, { 'fail-on': 'warning' })).run.exitCode).toBe(1)
  })

  test('what each of several could read, by person, where it is not the same for all', async () => {
    using history = new Chronicle().begin('2026-01-10', { 'a.yaml': 'p: A\n', 'b.yaml': 'p: B\n' })
    history.offboard('2026-02-10', 'a.yaml', 'b.yaml').set('a.yaml', '["p"]', 'C').commitOn('2026-03-10')
    const { report } = await check(history, { 'exposed-to': `alice, ${history.bob.recipient}` })
    expect(report.exposure.map(({ file, state, readBy }) => [file, state, ...readBy].join(' ')))
      .toEqual(['a.yaml current alice', 'a.yaml unknown bob', 'b.yaml current alice bob'])
  })

  test('data keys that are older than `max-key-age`, and that a shallow clone cannot tell', async () => {
    using repository = team()
    const young = await check(repository, { 'max-key-age': '90d' })
    expect([young.found, young.report.dataKeys.map(({ path }) => path)]).toEqual([[], ['app.yaml']])
    const commit = join(repository.path, 'commit')
    writeFileSync(commit, `${repository.git('cat-file', 'commit', 'HEAD').replace(/^(committer .*>) \d+/m, '$1 1577836800')}\n`)
    repository.git('reset', '--quiet', '--soft', repository.git('hash-object', '-t', 'commit', '-w', commit))
    const old = await check(repository, { 'max-key-age': '90d' })
    expect(old.found).toEqual(['data-key-old warning app.yaml'])
    expect(messageOf(old, 'data-key-old')).toBe('its data key is from 2020-01-01, older than 90d')
    expect(old.report.dataKeys).toEqual([{ path: 'app.yaml', keySince: '2020-01-01T00:00:00.000Z' }])
    writeFileSync(join(repository.root, '.git/shallow'), `${repository.git('rev-parse', 'HEAD')}\n`)
    const shallow = await check(repository, { 'max-key-age': '90d' })
    expect(shallow.found).toEqual(['history-shallow warning '])
    expect(messageOf(shallow, 'history-shallow')).toContain('how old the data keys are, cannot be told')
  })

  test('files that are not whole, configs that sops does not read, links; the policy', async () => {
    using repository = team()
    const text = repository.read('app.yaml')
    repository.write('half.yaml', text.slice(0, text.indexOf('\nsops:')))
    repository.write('a/.sops.yml', 'creation_rules: []\n')
    symlinkSync('app.yaml', join(repository.root, 'link.yaml'))
    repository.commit()
    const { found, report } = await check(repository, { policy: 'enforce' })
    expect(found).toEqual([
      'damaged-file error half.yaml', 'single-key-kind error app.yaml', 'config-ignored warning a/.sops.yml', 'skipped notice link.yaml',
    ])
    expect(report.counts).toMatchObject({ inLine: 1, damaged: 1, skipped: 1 })
    expect((await check(repository, { policy: 'enforce', 'fail-on': 'never' })).run.exitCode).toBe(0)
  })
})

where('sops 3.11.0').test('a config that sops cannot take leaves the files of the others told', async () => {
  using repository = team()
  repository.write('broken/.sops.yaml', `creation_rules:\n  - hckms: not-a-list\n    age: ${repository.alice.recipient} # alice\n`)
  repository.write('broken/app.yaml', repository.read('app.yaml'))
  repository.commit()
  const { found, report, run } = await check(repository)
  expect(found).toEqual(['config-unreadable error broken/.sops.yaml'])
  expect(report.counts).toMatchObject({ inLine: 1, notTold: 1 })
  expect(run.exitCode).toBe(1)
})

test('what keeps it from looking fails it, whatever `fail-on` says, and is in the report', async () => {
  using repository = team()
  repository.write('.sops-owners.yaml', 'owners: [\n')
  repository.commit()
  const { run, found } = await check(repository, { 'fail-on': 'never' })
  expect({ found, exitCode: run.exitCode }).toEqual({ found: ['owners-file error .sops-owners.yaml'], exitCode: 1 })
})

describe('without a key', () => {
  /** A sops that says what it was given before it does its work. */
  function told(repository: Repository): { readonly path: string; readonly lines: () => readonly string[] } {
    const [path, log] = [join(repository.path, 'told-sops'), join(repository.path, 'told')]
    writeFileSync(path, `#!/bin/sh
/usr/bin/env >> '${log}'
echo "ARGS $*" >> '${log}'
for file in "$HOME"/* "$HOME"/.[!.]*; do
  if [ -n "$HOME" ] && [ -e "$file" ]; then echo "IN HOME $file" >> '${log}'; fi
done
exec '${sopsBinary()}' "$@"
`)
    chmodSync(path, 0o755)
    return { path, lines: () => readFileSync(log, 'utf8').split('\n') }
  }

  const credentials = {
    SOPS_AGE_KEY: `AGE-SECRET-KEY-1${'Q'.repeat(58)}`, SOPS_AGE_KEY_FILE: '/tmp/keys.txt',
    AWS_ACCESS_KEY_ID: canary, AWS_SECRET_ACCESS_KEY: canary,
    GOOGLE_CREDENTIALS: canary, AZURE_CLIENT_SECRET: canary, VAULT_TOKEN: canary, HUAWEICLOUD_SDK_SK: canary,
    GNUPGHOME: '/tmp/gnupg',
    GITHUB_TOKEN: canary, ACTIONS_RUNTIME_TOKEN: canary, ACTIONS_ID_TOKEN_REQUEST_TOKEN: canary, INPUT_TOKEN: canary,
    SOPS_GPG_EXEC: '/tmp/evil', SOPS_KEYSERVICE: 'tcp://127.0.0.1:1',
  }

  test('sops gets no credential of any kind, an empty home and no program', async () => {
    using repository = team()
    const sops = told(repository)
    mkdirSync(join(repository.home, '.ssh'))
    const { run, found } = await check(repository, { 'sops-path': sops.path }, credentials)
    expect({ found, exitCode: run.exitCode }).toEqual({ found: [], exitCode: 0 })
    const asked = sops.lines().join('\n').split(/^ARGS --config .*$/m)
    expect(asked.length).toBeGreaterThan(1)
    const names = new Set(asked.join('\n').split('\n').flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []))
    const allowed = [
      'HOME', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA', 'XDG_CONFIG_HOME', 'PATH', 'TMPDIR', 'LANG', 'LC_ALL', 'HTTPS_PROXY', 'HTTP_PROXY',
      'https_proxy', 'http_proxy', 'AWS_EC2_METADATA_DISABLED', 'SOPS_HC_VAULT_ALLOWLIST', 'SOPS_DISABLE_VERSION_CHECK', 'GOGC', 'GOMEMLIMIT',
      'NO_COLOR', 'PWD', 'SHLVL', '_', 'OLDPWD',
    ]
    expect([...names].filter((name) => !allowed.includes(name))).toEqual([])
    expect(asked.join()).not.toContain('IN HOME')
    expect(asked.join()).not.toContain(canary)
    expect(asked.join()).not.toContain('AGE-SECRET-KEY')
    expect(asked.join()).toContain('SOPS_HC_VAULT_ALLOWLIST=none')
  })

  test('no key service is asked for anything, though the job could use it', async () => {
    await using kms = await startKmsServer()
    using repository = team()
    const arn = kms.createKey()
    repository.write('.sops.yaml', `creation_rules:\n  - age: ${repository.alice.recipient} # alice\n    kms: ${arn}\n`)
    repository.commit()
    const { found, run } = await check(repository, {}, { ...credentials, ...kms.environment() })
    expect(found.filter((one) => one.startsWith('drift'))).toEqual(['drift error app.yaml'])
    expect(run.exitCode).toBe(1)
    expect(kms.calls).toEqual([])
  })
})

describe("an outsider's pull request", () => {
  test('runs nothing, reaches nobody and forges nothing', async () => {
    await using stub = await startStub()
    let reached = 0
    const server = createServer((socket) => {
      reached += 1
      socket.destroy()
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const vault = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    using repository = team()
    const evil = new AgePlugin(join(repository.path, 'plugins'), 'evil')
    const { recipient } = evil.makeKey()
    const text = repository.read('app.yaml')
    const rules = {
      plugin: `age: ${recipient}`, vault: `hc_vault_transit_uri: ${stub.address}/v1/transit/keys/app`,
      azure: `azure_keyvault: ${vault}/keys/app`, slow: `path_regex: ^(a+)+$\n    age: ${repository.alice.recipient}`,
      forged: `path_regex: "secrets/x\\n::error::forged"\n    age: ${repository.alice.recipient}`,
    }
    const name = `${'a'.repeat(60)}!\n::error::not ours.yaml`
    for (const [folder, rule] of Object.entries(rules)) {
      repository.write(`${folder}/.sops.yaml`, `creation_rules:\n  - ${rule}\n`)
      repository.write(`${folder}/${name}`, text)
    }
    repository.write('secrets/x\n::error::forged', 'password: x\n')
    repository.write('package.json', '{"scripts": {"preinstall": "touch ran"}}\n')
    repository.commit()
    const env = {
      GITHUB_EVENT_NAME: 'pull_request_target', GITHUB_REF: 'refs/pull/7/merge', VAULT_TOKEN: canary, VAULT_ADDR: stub.address,
      AZURE_CLIENT_SECRET: canary, AZURE_TENANT_ID: 'x', AZURE_CLIENT_ID: 'x',
      PATH: [join(repository.path, 'plugins'), process.env['PATH']].join(delimiter),
    }
    const { found, report, run } = await check(repository, {}, env)
    expect(found).toEqual(expect.arrayContaining([
      `drift error plugin/${name}`, `drift error vault/${name}`, 'drift-unknown error azure/.sops.yaml', `no-rule warning slow/${name}`,
    ]))
    expect(report.counts.inLine).toBe(1)
    expect([evil.runs, stub.tokens.length, reached]).toEqual([0, 0, 0])
    expect(run.summary).not.toContain('\n::error::')
    expect(run.exitCode).toBe(1)
    await new Promise((done) => server.close(done))
  })

  test.each(['pull_request', 'pull_request_target', 'merge_group', 'push', 'schedule', ''])('is served on %j', async (event) => {
    using repository = team()
    const { run, found } = await check(repository, {}, { GITHUB_EVENT_NAME: event, GITHUB_REF: 'refs/pull/7/merge' })
    expect({ exitCode: run.exitCode, found }).toEqual({ exitCode: 0, found: [] })
  })
})
