// What else than one departure can be asked for: new data keys for all or for the old ones, alignment, part of a repository.
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import type { ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import type { AgeKey } from '../support/age-key.ts'
import { makeAgeKey } from '../support/age-key.ts'
import { Company } from '../support/company.ts'
import type { Repository } from '../support/repository.ts'
import { Team } from '../support/team.ts'
import { annotations, canary, expectNothingLeaked, expectNothingLeft, refusalOf } from '../support/unchanged.ts'

async function done(repository: Repository, inputs: Readonly<Record<string, string>>): Promise<ActionRun> {
  const run = await runAction(repository, inputs)
  expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
  expectNothingLeft(run)
  expectNothingLeaked(run)
  return run
}

/** What happened to each file, as the report says it. */
function fates(run: ActionRun): Readonly<Record<string, string>> {
  return Object.fromEntries(run.report?.files.map(({ path, action, dataKey }) => [path, `${action}: ${dataKey}`]) ?? [])
}

/** The wrapped values of a file, which all change with its data key and with nothing else. */
function valuesOf(repository: Repository, path: string): readonly string[] {
  return [...repository.read(path).split(/^sops:$/m)[0]?.matchAll(/data:([^,]+)/g) ?? []].map(([, data = '']) => data)
}

/** Whose own key opens `path`. */
function readers(team: Team, path: string, others: Readonly<Record<string, AgeKey>> = {}): readonly string[] {
  return team.readersOf(path, { alice: team.alice, bob: team.bob, ...others, ci: team.ci })
}

const secret = `password: ${canary}\n`

describe('without a removal', () => {
  /** `loses` still has bob, `gains` lacks alice, `fits` is as its config wants it. */
  function drifted(): Team {
    const team = new Team()
    const { alice, bob, ci } = team
    team.config({ alice, bob, ci })
    team.encrypt('loses.yaml', secret)
    team.config({ ci })
    team.encrypt('gains.yaml', secret)
    team.config({ alice, ci })
    team.encrypt('fits.yaml', secret)
    team.commit()
    return team
  }

  test('files that drifted are brought back to their config; who loses a reader gets a new data key', async () => {
    using team = drifted()
    const before = valuesOf(team, 'gains.yaml')
    const config = team.read('.sops.yaml')
    const run = await done(team, {})
    expect(fates(run)).toEqual({
      'loses.yaml': 'updated+rotated: new', 'gains.yaml': 'updated: same', 'fits.yaml': 'unchanged: same',
    })
    for (const path of Object.keys(fates(run))) expect(readers(team, path)).toEqual(['alice', 'ci'])
    expect(valuesOf(team, 'gains.yaml')).toEqual(before)
    expect(team.read('.sops.yaml')).toBe(config)
    expect(run.outputs).toMatchObject({ 'files-updated': '2', 'files-rotated': '1', 'files-unchanged': '1' })
    expect(run.report?.exposure).toMatchObject([{ file: 'loses.yaml', key: 'password', state: 'current' }])
    expect(run.report?.files.filter(({ keySince }) => keySince === null)).toEqual([])
    expect(run.report?.files.find(({ path }) => path === 'gains.yaml')?.reason).toBe('brought back to .sops.yaml: +alice')

    team.commit()
    expect(Object.values(fates(await done(team, {})))).toEqual(Array<string>(3).fill('unchanged: same'))
    expect(team.git('status', '--porcelain')).toBe('')
  })

  test('rotate-all gives every file a new data key, and brings drift back too', async () => {
    using team = drifted()
    const before = valuesOf(team, 'fits.yaml')
    const run = await done(team, { 'rotate-all': 'true' })
    expect(fates(run)).toEqual({
      'loses.yaml': 'updated+rotated: new', 'gains.yaml': 'updated+rotated: new', 'fits.yaml': 'rotated: new',
    })
    for (const path of Object.keys(fates(run))) expect(readers(team, path)).toEqual(['alice', 'ci'])
    expect(valuesOf(team, 'fits.yaml')).not.toEqual(before)
  })

  test('rotate-all with a removal rotates what the removed could not read, too', async () => {
    using company = new Company()
    const run = await done(company, { 'removed-recipient': 'bob', 'rotate-all': 'true' })
    expect(fates(run)).toMatchObject({ 'finance/payroll.yaml': 'rotated: new', 'apps/web/secrets.yaml': 'updated+rotated: new' })
  })
})

describe('max-key-age', () => {
  const days = 24 * 60 * 60 * 1000
  const commitAt = (team: Team, daysAgo: number): void => {
    const date = new Date(Date.now() - daysAgo * days).toISOString()
    team.git('add', '--all')
    const [PATH, now] = [process.env['PATH'], new Date().toISOString()]
    const env = { PATH, HOME: team.home, GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: now }
    execFileSync('git', ['commit', '--quiet', '--message', `${daysAgo} days ago`], { cwd: team.root, env })
  }

  /** Files of several ages; a strange name in the history is no commit. */
  function aged(): Team {
    const team = new Team()
    team.config({ alice: team.alice, ci: team.ci })
    for (const path of ['edited.yaml', 'rotated.yaml', 'untouched.yaml']) team.encrypt(path, `${secret}other: ${canary}\n`)
    commitAt(team, 200)
    team.write('commit 4102444800', 'in the year 2100')
    team.encrypt('untouched-2.yaml', secret)
    commitAt(team, 150)
    team.encrypt('young.yaml', secret)
    expect(team.sops(['set', 'edited.yaml', '["other"]', `"${canary}-2"`]).exitCode).toBe(0)
    expect(team.sops(['rotate', '--in-place', 'rotated.yaml']).exitCode).toBe(0)
    commitAt(team, 10)
    return team
  }

  test('rotates what has an older data key: an edit does not make it younger, a rotation does', async () => {
    using team = aged()
    const run = await done(team, { 'max-key-age': '90d' })
    expect(fates(run)).toEqual({
      'edited.yaml': 'rotated: new', 'untouched.yaml': 'rotated: new', 'untouched-2.yaml': 'rotated: new',
      'rotated.yaml': 'unchanged: same', 'young.yaml': 'unchanged: same',
    })
    expect(run.report?.files.find(({ path }) => path === 'edited.yaml')?.reason).toMatch(/^its data key is from \d{4}-\d\d-\d\d, older than max-key-age$/)
    team.git('reset', '--quiet', '--hard')
    expect(Object.values(fates(await done(team, { 'max-key-age': '29w' })))).toEqual(Array<string>(5).fill('unchanged: same'))
    team.git('reset', '--quiet', '--hard')
    const halfAYear = fates(await done(team, { 'max-key-age': '6m' }))
    expect(halfAYear).toMatchObject({ 'edited.yaml': 'rotated: new', 'untouched-2.yaml': 'unchanged: same' })
  })

  test('is that of the file before it was renamed, or its only value was set', async () => {
    using team = new Team()
    team.config({ alice: team.alice, ci: team.ci })
    team.encrypt('before.yaml', `${secret}other: ${canary}\n`)
    team.encrypt('single.yaml', secret)
    commitAt(team, 200)
    team.git('mv', 'before.yaml', 'after.yaml')
    expect(team.sops(['set', 'single.yaml', '["password"]', `"${canary}-2"`]).exitCode).toBe(0)
    commitAt(team, 10)
    expect(fates(await done(team, { 'max-key-age': '90d' }))).toEqual({ 'after.yaml': 'rotated: new', 'single.yaml': 'rotated: new' })
  })

  test('cannot be told from a shallow checkout', async () => {
    using team = aged()
    using shallow = new Team()
    shallow.git('fetch', '--quiet', '--depth=1', `file://${team.root}`, 'main')
    shallow.git('reset', '--quiet', '--hard', 'FETCH_HEAD')
    shallow.credentials = team.credentials
    const { sentence } = await refusalOf(shallow, { 'max-key-age': '90d' })
    expect(sentence).toContain('The checkout is shallow')
    expect(sentence).toContain('`fetch-depth: 0`')
    expect(fates(await done(shallow, {}))).toMatchObject({ 'edited.yaml': 'unchanged: same' })
  })
})

describe('files', () => {
  test('narrow the run; what is left out keeps bob, and that is said', async () => {
    using company = new Company()
    const run = await done(company, { 'removed-recipient': 'bob', policy: 'off', files: 'apps/**\n!apps/api/**' })
    expect(fates(run)).toEqual({ 'apps/web/prod.env': 'updated+rotated: new', 'apps/web/secrets.yaml': 'updated+rotated: new' })
    expect(run.report?.findings.filter(({ code }) => code === 'still-reads').map(({ path }) => path).sort()).toEqual(
      ['apps/api/config.json', 'apps/api/settings.ini', 'apps/api/tls.key', 'prod/values.yaml.enc', 'prod/ключи и.yaml'])
    const warning = 'the removed recipient still reads it: it is outside of `files` (and 4 more'
    expect(annotations(run, 'warning')).toEqual([expect.stringContaining(warning)])
    expect(company.git('diff', '--name-only').split('\n')).toEqual(expect.not.arrayContaining(['apps/api/config.json']))
  })

  test('of which one matches nothing, that is said', async () => {
    using company = new Company()
    const run = await done(company, { 'removed-recipient': 'bob', policy: 'off', files: 'apps/**\nprod/*.yml\n! apps/api/**' })
    expect(Object.keys(fates(run))).toEqual(['apps/web/prod.env', 'apps/web/secrets.yaml'])
    expect(annotations(run, 'warning')).toContain('`prod/*.yml` in `files` matches no encrypted file')
  })

  test('may only exclude', async () => {
    using company = new Company()
    const run = await done(company, { 'rotate-all': 'true', files: '!apps/**\n!prod/*.enc' })
    expect(Object.keys(fates(run))).toEqual(['finance/payroll.yaml', 'prod/ключи и.yaml'])
  })
})

describe('who leaves', () => {
  test('can be several, by name or key, on one line or on many', async () => {
    const asked: readonly ((team: Team, carol: string) => string)[] = [
      () => 'bob, carol', () => 'bob\ncarol\n', (team, carol) => `${team.bob.recipient},${carol}`, (_, carol) => `BOB\n${carol}`,
    ]
    using team = new Team()
    const { alice, bob, ci } = team
    const carol = makeAgeKey()
    team.config({ alice, bob, carol, ci })
    team.encrypt('app.yaml', secret)
    team.config({ carol, alice, ci }, 'ops/.sops.yaml')
    team.encrypt('ops/app.yaml', secret)
    team.commit()
    for (const ask of asked) {
      const run = await done(team, { 'removed-recipient': ask(team, carol.recipient) })
      expect(run.report?.request.removed.map(({ owner }) => owner)).toEqual(['bob', 'carol'])
      for (const path of ['app.yaml', 'ops/app.yaml']) expect(readers(team, path, { carol })).toEqual(['alice', 'ci'])
      expect(team.read('.sops.yaml') + team.read('ops/.sops.yaml')).not.toMatch(/bob|carol/)
      expect(run.report?.exposure.map(({ file, readBy }) => [file, readBy]))
        .toEqual([['app.yaml', ['bob', 'carol']], ['ops/app.yaml', ['carol']]])
      team.git('reset', '--quiet', '--hard')
    }
  })

  test('can be named as in a file of public keys', async () => {
    using team = new Team()
    const { alice, bob, ci } = team
    team.write('docs/public-keys.txt', `${alice.recipient} alice\n${bob.recipient} Bob Smith <bob@example.com>\n`)
    team.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient},${bob.recipient},${ci.recipient}\n`)
    team.encrypt('app.yaml', secret)
    team.commit()
    const run = await done(team, { 'removed-recipient': 'bob@example.com' })
    expect(run.report?.request.removed).toEqual([{ kind: 'age', id: bob.recipient, owner: 'Bob Smith <bob@example.com>' }])
    expect(readers(team, 'app.yaml')).toEqual(['alice', 'ci'])
    expect(team.read('.sops.yaml')).toBe(`creation_rules:\n  - age: ${alice.recipient},${ci.recipient}\n`)
  })
})

describe('a file', () => {
  test('of several YAML documents is one file', async () => {
    using team = new Team()
    const { alice, bob, ci } = team
    team.config({ alice, bob, ci })
    team.encrypt('all.yaml', `a: ${canary}-1\n---\nb: ${canary}-2\n---\nc:\n  - ${canary}-3\n`)
    team.commit()
    const run = await done(team, { 'removed-recipient': 'bob' })
    expect(fates(run)).toEqual({ 'all.yaml': 'updated+rotated: new' })
    expect(team.decrypt('all.yaml', { SOPS_AGE_KEY: alice.identity }).stdout)
      .toBe(`a: ${canary}-1\n---\nb: ${canary}-2\n---\nc:\n    - ${canary}-3\n`)
    expect(readers(team, 'all.yaml')).toEqual(['alice', 'ci'])
    expect(run.report?.exposure.map(({ key }) => key)).toEqual(['a', 'b (document 2)', 'c[0] (document 3)'])
  })

  test.each([
    ['empty.yaml', 'password: ""\nlist: []\n'], ['empty.json', '{"password": ""}'],
    ['empty.env', 'PASSWORD=\n'], ['empty.ini', '[db]\npassword =\n'],
  ])('without any encrypted value is rotated, and proven all the same: %s', async (path, text) => {
    using team = new Team()
    const { alice, bob, ci } = team
    team.config({ alice, bob, ci })
    team.encrypt(path, text)
    const values = [...team.read(path).matchAll(/ENC\[/g)]
    expect(values).toHaveLength(1)
    team.commit()
    const run = await done(team, { 'removed-recipient': 'bob' })
    expect(run.report?.files).toMatchObject([{ path, action: 'updated+rotated', dataKey: 'new', verified: true, values: 0 }])
    expect(readers(team, path)).toEqual(['alice', 'ci'])
  })

  test('is governed by the nearest config above it, and by the first rule that matches its path below that', async () => {
    using team = new Team()
    const { alice, bob, ci } = team
    const rule = (regex: string, ...people: readonly { readonly recipient: string }[]): string =>
      `  - path_regex: ${regex}\n    age: ${people.map(({ recipient }) => recipient).join(',')}\n`
    team.write('.sops.yaml', `creation_rules:\n${rule('^deep/', alice, bob, ci)}${rule('.*', alice, ci)}`)
    team.write('deep/er/.sops.yaml', `creation_rules:\n${rule('^x\\.yaml$', bob, ci)}${rule('.*', ci)}`)
    for (const path of ['top.yaml', 'deep/x.yaml', 'deep/er/x.yaml', 'deep/er/y.yaml']) team.encrypt(path, secret)
    team.commit()
    const run = await done(team, { 'removed-recipient': bob.recipient })
    expect(Object.fromEntries(run.report?.files.map(({ path, config, action }) => [path, [config, action]]) ?? [])).toEqual({
      'top.yaml': ['.sops.yaml', 'unchanged'], 'deep/x.yaml': ['.sops.yaml', 'updated+rotated'],
      'deep/er/x.yaml': ['deep/er/.sops.yaml', 'updated+rotated'], 'deep/er/y.yaml': ['deep/er/.sops.yaml', 'unchanged'],
    })
    expect(readers(team, 'deep/x.yaml')).toEqual(['alice', 'ci'])
    expect(readers(team, 'deep/er/x.yaml')).toEqual(['ci'])
  })
})
