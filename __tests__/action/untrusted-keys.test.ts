// Keys that someone wrote into a file or a rule to have the runner run their program, or talk to their server: refused before
// sops is let loose on them, and their owner hears nothing.
import { delimiter, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { runAction } from '../support/action.ts'
import { AgePlugin } from '../support/age-plugin.ts'
import { sopsMeanwhile } from '../support/cloud-kinds.ts'
import { Gnupg } from '../support/gnupg.ts'
import { startOpenbao, startStub } from '../support/openbao.ts'
import { where } from '../support/parts.ts'
import { Team } from '../support/team.ts'
import { canary, refusalOf } from '../support/unchanged.ts'

async function encrypt(team: Team, credentials: Readonly<Record<string, string>>): Promise<void> {
  team.write('app.yaml', `password: ${canary}\n`)
  const { exitCode, stderr } = await sopsMeanwhile(team, ['encrypt', '--in-place', 'app.yaml'], credentials)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
}

function rule(team: Team, ...lines: readonly string[]): void {
  team.write('.sops.yaml', `creation_rules:\n  - ${lines.join('\n    ')}\n`)
}

describe("the runner's Vault token", () => {
  test.each([
    ['of another server, as VAULT_ADDR says', 'http://127.0.0.1:8200', 'VAULT_ADDR'],
    ['of a server that nothing names', '', 'VAULT_ADDR'],
  ])('is not sent to the address in a file: %s', async (_, address, says) => {
    await using stub = await startStub()
    using team = new Team()
    const { alice, bob, ci } = team
    rule(team, `age: ${alice.recipient},${bob.recipient},${ci.recipient}`, `hc_vault_transit_uri: ${stub.address}/v1/transit/keys/app`)
    await encrypt(team, { VAULT_TOKEN: 'of-the-attacker' })
    team.commit()
    const before = stub.tokens.length
    team.credentials = { SOPS_AGE_KEY: ci.identity, VAULT_TOKEN: 'of-the-runner', VAULT_ADDR: address }
    for (const request of [{ 'removed-recipient': bob.recipient }, { 'rotate-all': 'true' }]) {
      const { sentence, run } = await refusalOf(team, request)
      expect(sentence).toContain(says)
      expect(run.report?.outcome).toBe('refused')
    }
    expect(stub.tokens).toHaveLength(before)
  })

  where('bao').test('is not sent to the address in a rule, with the data key', async () => {
    await using vault = await startOpenbao()
    await using stub = await startStub()
    using team = new Team()
    const uri = await vault.createKey('app')
    const people = `age: ${team.alice.recipient},${team.ci.recipient}`
    rule(team, people, `hc_vault_transit_uri: ${uri}`)
    await encrypt(team, vault.credentials)
    rule(team, people, `hc_vault_transit_uri: ${uri},${stub.address}/v1/transit/keys/app`)
    team.commit()
    team.credentials = { SOPS_AGE_KEY: team.ci.identity, ...vault.credentials }
    // Without a removal the files are brought in line with their rules.
    const { sentence } = await refusalOf(team, {})
    expect(sentence).toContain(`VAULT_ADDR says that yours is ${vault.address}`)
    expect(stub.tokens).toEqual([])
  })
})

describe('an age plugin', () => {
  test('that nobody allowed never runs, though it lies on PATH: not for a file, a rule or an identity', async () => {
    using team = new Team()
    const { alice, bob, ci } = team
    const evil = new AgePlugin(join(team.path, 'plugins'), 'evil')
    const key = evil.makeKey()
    const path = { PATH: [join(team.path, 'plugins'), process.env['PATH']].join(delimiter) }
    const people = [alice, bob, ci].map(({ recipient }) => recipient)
    rule(team, `age: ${[...people, key.recipient].join(',')}`)
    await encrypt(team, path)
    team.commit()
    expect(evil.runs).toBe(1)
    team.credentials = { SOPS_AGE_KEY: `${ci.identity}\n${key.identity}`, ...path }
    for (const request of [{ 'removed-recipient': bob.recipient }, { 'rotate-all': 'true' }, { 'rotate-all': 'true', 'age-plugins': 'evi' }]) {
      const { sentence, run } = await refusalOf(team, request)
      expect(sentence).toContain('age-plugin-evil')
      // Not because sops could not find the program: sops was not asked.
      expect(run.report?.outcome).toBe('refused')
    }
    expect(evil.runs).toBe(1)

    rule(team, `age: ${people.join(',')}`)
    await encrypt(team, path)
    rule(team, `age: ${[...people, key.recipient].join(',')}`)
    team.commit()
    const { sentence, run } = await refusalOf(team, {})
    expect(sentence).toContain('age-plugin-evil')
    expect(run.report?.outcome).toBe('refused')
    expect(evil.runs).toBe(1)
  })

  test('is not needed to take its recipient out', async () => {
    using team = new Team()
    const evil = new AgePlugin(join(team.path, 'plugins'), 'evil')
    const key = evil.makeKey()
    const path = { PATH: [join(team.path, 'plugins'), process.env['PATH']].join(delimiter) }
    rule(team, `age: ${team.alice.recipient},${key.recipient},${team.ci.recipient}`)
    await encrypt(team, path)
    team.commit()
    team.credentials = { SOPS_AGE_KEY: team.ci.identity, ...path }
    const run = await runAction(team, { 'removed-recipient': key.recipient })
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
    expect(evil.runs).toBe(1)
    expect(team.decrypt('app.yaml', { SOPS_AGE_KEY: key.identity, ...path }).exitCode).toBe(128)
  })
})

where('gpg').test("whose a PGP key is, the runner's keyring tells: bob leaves by his e-mail, with a subkey of his too", async () => {
  using team = new Team()
  using gnupg = new Gnupg()
  const [alice, bob] = [gnupg.makeKey('Alice <alice@example.com>'), gnupg.addSubkey(gnupg.makeKey('Bob B. (ops) <bob@example.com>'))]
  const spaced = bob.fingerprint.toLowerCase().replace(/(.{4})/g, '$1 ').trim()
  rule(team, `pgp: '${alice.fingerprint},${spaced},${bob.subkeys[1] ?? ''}!'`, `age: ${team.ci.recipient}`)
  await encrypt(team, gnupg.credentials)
  team.commit()
  team.credentials = { ...gnupg.credentials }
  const run = await runAction(team, { 'removed-recipient': 'bob@example.com' })
  expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
  const [file] = run.report?.files ?? []
  expect(file?.recipients.before.map(({ owner }) => owner))
    .toEqual(expect.arrayContaining(['Alice <alice@example.com>', 'Bob B. (ops) <bob@example.com>']))
  expect(file?.recipients.after.map(({ id }) => id).sort()).toEqual([alice.fingerprint, team.ci.recipient].sort())
})
