// Each kind of key as one that comes: beside somebody, of its own kind or another, in the place of another of its kind, in the place
// of an age key; in flat rules and in key groups, in files that its kind alone opens and in mixed ones.
import { expect, test } from '@jest/globals'
import type { ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import { makeAgeKey } from '../support/age-key.ts'
import type { CloudKey } from '../support/cloud-kinds.ts'
import { cloudKinds, sopsMeanwhile } from '../support/cloud-kinds.ts'
import type { LocalKey } from '../support/local-kinds.ts'
import { localKinds, together } from '../support/local-kinds.ts'
import type { Part } from '../support/parts.ts'
import { where } from '../support/parts.ts'
import { Team } from '../support/team.ts'
import { canary, expectNothingLeaked } from '../support/unchanged.ts'

interface Row {
  readonly name: string
  readonly needs?: readonly Part[]
  readonly needsForBoth?: readonly Part[]
  start(): Promise<AsyncDisposable & {
    readonly credentials: Readonly<Record<string, string>>
    readonly stranger: Readonly<Record<string, string>>
    readonly inputs?: Readonly<Record<string, string>>
    readonly first: CloudKey | LocalKey
    readonly second: CloudKey | LocalKey
  }>
}

const plaintext = `password: ${canary}\n`
const paths = ['flat.yaml', 'group.yaml']
/** Read by the first key of the kind alone, by the second alone, and by that and an age key. */
const [alone, joined, mixed] = ['alone.yaml', 'joined.yaml', 'mixed.yaml'] as const

async function opens(team: Team, path: string, credentials: Readonly<Record<string, string>>): Promise<boolean> {
  const { exitCode, stdout } = await sopsMeanwhile(team, ['decrypt', path], credentials)
  // No key of these, or a data key of which the values know nothing.
  expect([0, 128, 25]).toContain(exitCode)
  return exitCode === 0 && stdout === plaintext
}

/** The values of a file as it is, with the keys of an earlier state of it: what whoever kept that would make of it. */
function withOldKeys(old: string, now: string): string {
  const [[body = '', block = ''], [, before = '']] = [now, old].map((text) => text.split(/^(?=sops:)/m)) as [string[], string[]]
  const current = (name: string): string => new RegExp(`^ *${name}: .*$`, 'm').exec(block)?.[0] ?? ''
  return body + ['mac', 'lastmodified'].reduce((text, name) => text.replace(new RegExp(`^ *${name}: .*$`, 'm'), current(name)), before)
}

function expectReaders(run: ActionRun, action: string, readers: Readonly<Record<string, readonly string[]>>): void {
  expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
  // The comment of an SSH key stays behind where a rule holds its keys in one string.
  const sorted = (ids: readonly string[]): string[] => ids.map((id) => id.replace(/^(ssh-\S+ \S+) .*/, '$1')).sort()
  expect(run.report?.files.filter((file) => file.action !== 'unchanged').map((file) => [file.path, file.action, file.verified, sorted(file.recipients.after.map(({ id }) => id))]))
    .toEqual(Object.entries(readers).map(([path, ids]) => [path, action, true, sorted(ids)]))
  expectNothingLeaked(run)
}

const rows: readonly Row[] = [...localKinds, ...cloudKinds]
for (const row of rows) where(...row.needs ?? [], ...row.needsForBoth ?? []).describe(row.name, () => {
  test('comes, takes the place of another of its kind, and that of an age key', async () => {
    await using kind = await row.start()
    using team = new Team()
    const { alice, bob, ci } = team
    const { first, second } = kind
    const dave = makeAgeKey()
    const people = [alice, bob, ci].map(({ recipient }) => recipient)
    const files = first.flat === null ? ['group.yaml'] : paths
    const group = people.map((one) => `          - ${one}\n`).join('')
    const keysOf = (key: CloudKey | LocalKey): string => key.inGroup.join('\n        ')
    const withCi = second.inGroup[0] === 'age:' ? `${keysOf(second)}\n          - ${ci.recipient}` : `${keysOf(second)}\n        age:\n          - ${ci.recipient}`
    team.write('.sops.yaml', `creation_rules:\n${files.includes('flat.yaml') ? `  - path_regex: ^flat\n    age: ${people.join(',')}\n` : ''}  - path_regex: ^group\n    key_groups:\n      - age:\n${group}`
      + [[alone, keysOf(first)], [joined, keysOf(second)], [mixed, withCi]].map(([path, keys]) => `  - path_regex: ^${path}\n    key_groups:\n      - ${keys}\n`).join(''))
    // Two keys of one name: who is like that comes beside either.
    team.write('public-keys.txt', `${bob.recipient} erin\n${second.spelling} erin\n`)
    for (const path of files) team.encrypt(path, plaintext)
    for (const path of [alone, joined, mixed]) {
      team.write(path, plaintext)
      expect(await sopsMeanwhile(team, ['encrypt', '--in-place', path], kind.credentials)).toMatchObject({ exitCode: 0 })
    }
    team.commit()
    team.credentials = together(kind.credentials, { SOPS_AGE_KEY: ci.identity })
    const all = (...ids: readonly string[]): Record<string, readonly string[]> => Object.fromEntries(files.map((path) => [path, ids]))

    const before = team.read('group.yaml')
    const comes = await runAction(team, { ...kind.inputs, 'added-recipient': `"${first.spelling}", ${dave.recipient}`, 'same-access-as': 'erin' })
    const [one, two] = [first.id, second.id]
    expectReaders(comes, 'updated', { ...all(...people, one, dave.recipient), [joined]: [two, one, dave.recipient], [mixed]: [two, ci.recipient, one, dave.recipient] })
    for (const path of [...files, joined, mixed]) {
      expect([path, await opens(team, path, kind.credentials)]).toEqual([path, true])
      expect([path, await opens(team, path, { ...kind.stranger, SOPS_AGE_KEY: dave.identity })]).toEqual([path, true])
    }
    team.commit('comes')
    // Nothing was rotated: the old keys open the new values too.
    team.write('group.yaml', withOldKeys(before, team.read('group.yaml')))
    expect(await opens(team, 'group.yaml', { SOPS_AGE_KEY: bob.identity })).toBe(true)
    team.git('checkout', '--quiet', '--', 'group.yaml')

    const old = new Map([alone, ...files, joined, mixed].map((path) => [path, team.read(path)]))
    const replaces = await runAction(team, { ...kind.inputs, 'removed-recipient': first.spelling, 'added-recipient': second.spelling })
    expectReaders(replaces, 'updated+rotated', {
      [alone]: [two], ...all(...people, dave.recipient, two), [joined]: [two, dave.recipient], [mixed]: [two, ci.recipient, dave.recipient],
    })
    for (const [path, text] of old) {
      expect([path, await opens(team, path, kind.credentials)]).toEqual([path, true])
      // Without a new data key the stanza of the old key would still open it.
      const now = team.read(path)
      team.write(path, withOldKeys(text, now))
      expect([path, await opens(team, path, kind.credentials)]).toEqual([path, false])
      team.write(path, now)
    }
    team.commit('replaces')

    // A key that has left comes in nobody's place: this is a repository that never knew it.
    team.git('reset', '--quiet', '--soft', team.git('commit-tree', 'HEAD^{tree}', '-m', 'anew').trim())
    const instead = await runAction(team, { ...kind.inputs, 'removed-recipient': bob.recipient, 'added-recipient': first.spelling })
    expectReaders(instead, 'updated+rotated', all(alice.recipient, ci.recipient, dave.recipient, two, one))
    for (const path of files) {
      expect([path, await opens(team, path, kind.credentials)]).toEqual([path, true])
      expect([path, await opens(team, path, { ...kind.stranger, SOPS_AGE_KEY: bob.identity })]).toEqual([path, false])
    }
  })
})
