// Each kind of key that needs no cloud, through the built action: who leaves opens nothing any more, also not with what they
// kept; who stays opens everything, and nobody else came.
import { expect, test } from '@jest/globals'
import type { ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import { sopsMeanwhile } from '../support/cloud-kinds.ts'
import type { LocalKey, RunningLocalKind } from '../support/local-kinds.ts'
import { kindOf, localKinds, together } from '../support/local-kinds.ts'
import { where } from '../support/parts.ts'
import { Team } from '../support/team.ts'
import { canary, expectNothingLeaked, expectNothingLeft } from '../support/unchanged.ts'

const plaintext = `password: ${canary}\nport: 5432\n`

type Credentials = Readonly<Record<string, string>>
type Rules = Readonly<Record<string, readonly string[]>>

/** What a person with this age key, and no right to the kind's keys, has. */
function person(kind: RunningLocalKind, { identity }: { readonly identity: string }): Credentials {
  return { ...kind.stranger, SOPS_AGE_KEY: identity }
}

/** What `path` decrypts to; null where none of the credentials opens it. Any other failure is the test's own. */
async function opened(team: Team, path: string, credentials: Credentials): Promise<string | null> {
  const { exitCode, stdout, stderr } = await sopsMeanwhile(team, ['decrypt', path], credentials)
  if (exitCode !== 0 && exitCode !== 128) throw new Error(`sops decrypt ${path} exits with ${exitCode ?? 'a signal'}: ${stderr}`)
  return exitCode === 0 ? stdout : null
}

/** A key group of these age keys and keys of the kind; several of these come under one name. */
function group(age: readonly string[], ...keys: readonly LocalKey[]): string[] {
  const people = age.map((recipient) => `  - ${recipient}`)
  const name = keys[0]?.inGroup[0] ?? ''
  const items = keys.flatMap(({ inGroup }) => inGroup.slice(1))
  const lines = name === 'age:' ? ['age:', ...people, ...items] : [...(age.length === 0 ? [] : ['age:', ...people]), name, ...items]
  return ['key_groups:', `  - ${lines[0] ?? ''}`, ...lines.slice(1).map((line) => `    ${line}`)]
}

/** A flat rule of the same, where the kind can stand in one. */
function flat(path: string, age: readonly string[], { flat: lines }: LocalKey): Rules {
  const [line] = lines ?? []
  if (line === undefined) return {}
  return { [path]: line.startsWith('age: ') ? [[line, ...age].join(',')] : [line, `age: ${age.join(',')}`] }
}

/** Files by their rules, and their bytes. */
async function encrypted(team: Team, rules: Rules, credentials: Credentials): Promise<ReadonlyMap<string, string>> {
  const lines = Object.entries(rules).flatMap(([path, rule]) => [`  - path_regex: ^${path}$`, ...rule.map((line) => `    ${line}`)])
  team.write('.sops.yaml', `creation_rules:\n${lines.join('\n')}\n`)
  for (const path of Object.keys(rules)) {
    team.write(path, plaintext)
    const { exitCode, stderr } = await sopsMeanwhile(team, ['encrypt', '--in-place', path], credentials)
    // gpg talks on stderr when it first sees a keyring.
    if (exitCode !== 0) throw new Error(stderr)
  }
  team.commit()
  return new Map(Object.keys(rules).map((path) => [path, team.read(path)]))
}

function expectDone(run: ActionRun, action: string, readers: Readonly<Record<string, readonly string[]>>): void {
  expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
  const files = run.report?.files ?? []
  expect(files.filter((file) => file.action !== action || !file.verified || file.dataKey !== 'new')).toEqual([])
  const sorted = (ids: readonly string[]): string[] => [...ids].sort()
  expect(Object.fromEntries(files.map(({ path, recipients }) => [path, sorted(recipients.after.map(({ id }) => id))])))
    .toEqual(Object.fromEntries(Object.entries(readers).map(([path, ids]) => [path, sorted(ids)])))
  expectNothingLeft(run)
  expectNothingLeaked(run)
}

/** The old metadata, whose recipients wrap the old data key, under the new values: opens if the data key is still the old one. */
async function expectSpliceFails(team: Team, path: string, before: string, credentials: Credentials): Promise<void> {
  const [values = ''] = team.read(path).split(/^sops:\n/m)
  const [, metadata = ''] = before.split(/^sops:\n/m)
  team.write('splice.yaml', `${values}sops:\n${metadata}`)
  expect((await sopsMeanwhile(team, ['decrypt', 'splice.yaml'], credentials)).exitCode).toBe(25)
}

for (const row of localKinds) where(...row.needs ?? []).describe(row.name, () => {
  test('bob leaves: with this key alone the runner takes his age key out of every file', async () => {
    await using kind = await row.start()
    using team = new Team()
    const { alice, bob } = team
    const { first } = kind
    expect(kindOf(first)).toBe(row.kind)
    const both = [alice.recipient, bob.recipient]
    const rules = { 'alone.yaml': group([bob.recipient], first), ...flat('flat.yaml', both, first), 'group.yaml': group(both, first) }
    const before = await encrypted(team, rules, kind.credentials)
    team.credentials = { ...kind.credentials }
    for (const path of before.keys()) expect(await opened(team, path, person(kind, bob))).toBe(plaintext)

    const run = await runAction(team, { ...kind.inputs, 'removed-recipient': bob.recipient })
    const left = (path: string): string[] => (path === 'alone.yaml' ? [first.id] : [alice.recipient, first.id])
    expectDone(run, 'updated+rotated', Object.fromEntries([...before.keys()].map((path) => [path, left(path)])))
    for (const [path, text] of before) {
      expect(await opened(team, path, kind.credentials)).toBe(plaintext)
      expect(await opened(team, path, person(kind, alice))).toBe(path === 'alone.yaml' ? null : plaintext)
      expect(await opened(team, path, person(kind, bob))).toBeNull()
      expect(await opened(team, path, kind.stranger)).toBeNull()
      await expectSpliceFails(team, path, text, person(kind, bob))
    }
    expect(team.read('.sops.yaml')).not.toContain(bob.recipient)
  })

  where(...row.needsForBoth ?? []).test('this key leaves: with an age key that stays the runner takes it out of every file, and leaves its other one', async () => {
    await using kind = await row.start()
    using team = new Team()
    const { alice, ci } = team
    const { first, second } = kind
    const people = [alice.recipient, ci.recipient]
    const rules = {
      ...flat('flat.yaml', people, first), 'group.yaml': group(people, first), 'two.yaml': group(people, first, second), 'alone.yaml': group([], first, second),
    }
    const before = await encrypted(team, rules, kind.credentials)
    for (const path of before.keys()) expect(await opened(team, path, kind.credentials)).toBe(plaintext)
    // To encrypt to the key that stays, the runner needs the right to it.
    team.credentials = together(kind.credentials, { SOPS_AGE_KEY: ci.identity })

    const run = await runAction(team, { ...kind.inputs, 'removed-recipient': first.spelling })
    const both = ['two.yaml', 'alone.yaml']
    const left = (path: string): string[] => [...path === 'alone.yaml' ? [] : people, ...both.includes(path) ? [second.id] : []]
    expectDone(run, 'updated+rotated', Object.fromEntries([...before.keys()].map((path) => [path, left(path)])))
    for (const [path, text] of before) {
      expect(await opened(team, path, person(kind, alice))).toBe(path === 'alone.yaml' ? null : plaintext)
      expect(await opened(team, path, kind.credentials)).toBe(both.includes(path) ? plaintext : null)
      await expectSpliceFails(team, path, text, kind.credentials)
    }
    expect(team.read('.sops.yaml')).not.toContain(first.id.replace(/\+arn:.*/, ''))
    for (const line of second.inGroup) expect(team.read('.sops.yaml')).toContain(line.trim())
  })

  test('rotate-all gives each file a new data key for the same readers', async () => {
    await using kind = await row.start()
    using team = new Team()
    const { alice } = team
    const { first, second } = kind
    const rules = { 'alone.yaml': group([], first), 'mixed.yaml': group([alice.recipient], first, second) }
    const before = await encrypted(team, rules, kind.credentials)
    const config = team.read('.sops.yaml')
    team.credentials = { ...kind.credentials }

    const run = await runAction(team, { ...kind.inputs, 'rotate-all': 'true' })
    expectDone(run, 'rotated', { 'alone.yaml': [first.id], 'mixed.yaml': [alice.recipient, first.id, second.id] })
    for (const [path, text] of before) {
      expect(await opened(team, path, kind.credentials)).toBe(plaintext)
      expect(await opened(team, path, kind.stranger)).toBeNull()
      await expectSpliceFails(team, path, text, kind.credentials)
    }
    expect(await opened(team, 'mixed.yaml', person(kind, alice))).toBe(plaintext)
    expect(team.read('.sops.yaml')).toBe(config)
  })
})
