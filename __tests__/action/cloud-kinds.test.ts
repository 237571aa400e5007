// Each kind of key that lives in a cloud, alone and mixed with age, through the built action: who leaves opens nothing any
// more, who stays opens everything, and nobody else came.
import { expect, test } from '@jest/globals'
import type { ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import type { RunningKind } from '../support/cloud-kinds.ts'
import { cloudKinds, sopsMeanwhile } from '../support/cloud-kinds.ts'
import { where } from '../support/parts.ts'
import { Team } from '../support/team.ts'
import { canary, expectNothingLeaked, expectNothingLeft, refusalOf } from '../support/unchanged.ts'

const plaintext = `password: ${canary}\nport: 5432\n`

/** What a person with this age key, or none, and no right in the cloud has. */
function outside(kind: RunningKind, identity?: string): Record<string, string> {
  return { ...kind.stranger, ...(identity === undefined ? {} : { SOPS_AGE_KEY: identity }) }
}

/** What `path` decrypts to; null where none of the credentials opens it. Any other failure is the test's own. */
async function opened(team: Team, path: string, credentials: Readonly<Record<string, string>>): Promise<string | null> {
  const { exitCode, stdout, stderr } = await sopsMeanwhile(team, ['decrypt', path], credentials)
  if (exitCode !== 0 && exitCode !== 128) throw new Error(`sops decrypt ${path} exits with ${exitCode ?? 'a signal'}: ${stderr}`)
  return exitCode === 0 ? stdout : null
}

async function encrypted(
  team: Team, rules: Readonly<Record<string, readonly string[]>>, credentials: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = Object.entries(rules)
    .flatMap(([path, rule]) => [`  - path_regex: ^${path}$`, ...rule.map((line) => `    ${line}`)])
  team.write('.sops.yaml', `creation_rules:\n${lines.join('\n')}\n`)
  for (const path of Object.keys(rules)) {
    team.write(path, plaintext)
    const { exitCode, stderr } = await sopsMeanwhile(team, ['encrypt', '--in-place', path], credentials)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  }
  team.commit()
}

/** A key group with the lines of a cloud key and these age keys. */
function group(inGroup: readonly string[], ...recipients: readonly string[]): string[] {
  const age = recipients.length === 0 ? [] : ['age:', ...recipients.map((recipient) => `  - ${recipient}`)]
  const [first = '', ...rest] = [...age, ...inGroup]
  return ['key_groups:', `  - ${first}`, ...rest.map((line) => `    ${line}`)]
}

/** The recipients of each file after the run, as the report has them. */
function readersAfter(run: ActionRun): Record<string, string[]> {
  const files = run.report?.files ?? []
  return Object.fromEntries(files.map(({ path, recipients }) => [path, recipients.after.map(({ id }) => id).sort()]))
}

function expectDone(run: ActionRun, action: string): void {
  expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
  expect(run.report?.files.filter((file) => file.action !== action || !file.verified || file.dataKey !== 'new')).toEqual([])
  expectNothingLeft(run)
  expectNothingLeaked(run)
}

/** The recipients of the old file over the values of the new one: who kept the old data key opens that if it was not rotated. */
async function expectSpliceFails(
  team: Team, path: string, before: string, credentials: Readonly<Record<string, string>>,
): Promise<void> {
  const [values] = team.read(path).split(/^sops:\n/m)
  const [, metadata] = before.split(/^sops:\n/m)
  team.write('splice.yaml', `${values ?? ''}sops:\n${metadata ?? ''}`)
  const { exitCode } = await sopsMeanwhile(team, ['decrypt', 'splice.yaml'], credentials)
  expect(exitCode).toBe(25)
}

for (const { name, needs, start } of cloudKinds) where(...needs ?? []).describe(name, () => {
  test('bob leaves: who has the cloud key alone takes his age key out of every file', async () => {
    await using kind = await start()
    using team = new Team()
    const [alice, bob, { first }] = [team.alice, team.bob, kind]
    const rules = {
      'alone.yaml': [...first.flat, `age: ${bob.recipient}`],
      'flat.yaml': [...first.flat, `age: ${alice.recipient},${bob.recipient}`],
      'group.yaml': group(first.inGroup, alice.recipient, bob.recipient),
    }
    await encrypted(team, rules, kind.credentials)
    team.credentials = { ...kind.credentials }
    const before = Object.fromEntries(Object.keys(rules).map((path) => [path, team.read(path)]))
    for (const path of Object.keys(rules)) expect(await opened(team, path, outside(kind, bob.identity))).toBe(plaintext)

    const run = await runAction(team, { 'removed-recipient': bob.recipient })
    expectDone(run, 'updated+rotated')
    const both = [alice.recipient, first.id].sort()
    expect(readersAfter(run)).toEqual({ 'alone.yaml': [first.id], 'flat.yaml': both, 'group.yaml': both })
    for (const [path, text] of Object.entries(before)) {
      expect(await opened(team, path, kind.credentials)).toBe(plaintext)
      expect(await opened(team, path, outside(kind, alice.identity))).toBe(path === 'alone.yaml' ? null : plaintext)
      expect(await opened(team, path, outside(kind, bob.identity))).toBeNull()
      await expectSpliceFails(team, path, text, outside(kind, bob.identity))
    }
    expect(team.read('.sops.yaml')).not.toContain(bob.recipient)
    for (const line of [...first.flat, ...first.inGroup]) expect(team.read('.sops.yaml')).toContain(line.trim())
  })

  test('a cloud key leaves: who has an age key that stays takes it out, without a right in the cloud', async () => {
    await using kind = await start()
    using team = new Team()
    const [alice, ci, { first }] = [team.alice, team.ci, kind]
    const rules = {
      'flat.yaml': [...first.flat, `age: ${alice.recipient},${ci.recipient}`],
      'group.yaml': group(first.inGroup, alice.recipient, ci.recipient),
    }
    await encrypted(team, rules, kind.credentials)
    const before = Object.fromEntries(Object.keys(rules).map((path) => [path, team.read(path)]))
    team.credentials = outside(kind, ci.identity)

    const run = await runAction(team, { 'removed-recipient': first.spelling })
    expectDone(run, 'updated+rotated')
    const left = [alice.recipient, ci.recipient].sort()
    expect(readersAfter(run)).toEqual({ 'flat.yaml': left, 'group.yaml': left })
    for (const [path, text] of Object.entries(before)) {
      expect(await opened(team, path, outside(kind, alice.identity))).toBe(plaintext)
      expect(await opened(team, path, kind.credentials)).toBeNull()
      await expectSpliceFails(team, path, text, kind.credentials)
    }
    for (const line of [...first.flat, ...first.inGroup]) expect(team.read('.sops.yaml')).not.toContain(line.trim())
  })

  test('one of two cloud keys leaves: the other goes on opening every file, and it no longer does', async () => {
    await using kind = await start()
    using team = new Team()
    const { first, second } = kind
    await encrypted(team, { 'app.yaml': group([...first.inGroup, ...second.inGroup.slice(1)]) }, kind.credentials)
    const before = team.read('app.yaml')
    team.credentials = { ...kind.credentials }

    const run = await runAction(team, { 'removed-recipient': second.spelling })
    expectDone(run, 'updated+rotated')
    expect(readersAfter(run)).toEqual({ 'app.yaml': [first.id] })
    expect(await opened(team, 'app.yaml', kind.credentials)).toBe(plaintext)
    kind.deny(first)
    expect(await opened(team, 'app.yaml', kind.credentials)).toBeNull()
    await expectSpliceFails(team, 'app.yaml', before, kind.credentials)
  })

  test('rotate-all gives a new data key to files with the cloud key alone and with age keys, to the same readers', async () => {
    await using kind = await start()
    using team = new Team()
    const [alice, { first, second }] = [team.alice, kind]
    const rules = { 'alone.yaml': first.flat, 'mixed.yaml': group(second.inGroup, alice.recipient) }
    await encrypted(team, rules, kind.credentials)
    const before = Object.fromEntries(Object.keys(rules).map((path) => [path, team.read(path)]))
    team.credentials = { ...kind.credentials }

    const run = await runAction(team, { 'rotate-all': 'true' })
    expectDone(run, 'rotated')
    expect(readersAfter(run)).toEqual({ 'alone.yaml': [first.id], 'mixed.yaml': [alice.recipient, second.id].sort() })
    for (const [path, text] of Object.entries(before)) {
      expect(await opened(team, path, kind.credentials)).toBe(plaintext)
      await expectSpliceFails(team, path, text, kind.credentials)
    }
    expect(await opened(team, 'mixed.yaml', outside(kind, alice.identity))).toBe(plaintext)
  })

  test('a cloud that refuses the runner: its own reason, and nothing is changed', async () => {
    await using kind = await start()
    using team = new Team()
    const { alice, bob } = team
    await encrypted(team, { 'app.yaml': group(kind.first.inGroup, alice.recipient, bob.recipient) }, kind.credentials)
    team.credentials = { ...kind.credentials }
    kind.deny(kind.first)
    const { sentence } = await refusalOf(team, { 'removed-recipient': bob.recipient })
    expect(sentence).toContain('app.yaml')
    expect(sentence).toMatch(/not authorized|denied on resource/)
  })
})
