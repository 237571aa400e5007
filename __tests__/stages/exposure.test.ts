// Histories made by real sops and git, whose true answer is known by how they were made.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { madeAlike } from '../../src/model/exposure/made-alike.ts'
import { findDueRotations } from '../../src/stages/due-rotations.ts'
import { partialExposure } from '../../src/stages/expose.ts'
import { surveyRepository } from '../../src/stages/survey.ts'
import { makeAgeKey } from '../support/age-key.ts'
import { Chronicle } from '../support/history.ts'
import { canary, treeOf } from '../support/unchanged.ts'

const two = `a: ${canary}-a\nb: ${canary}-b\n`
const [jan, feb, mar, apr, may, jun] = ['2026-01-10', '2026-02-10', '2026-03-10', '2026-04-10', '2026-05-10', '2026-06-10'] as const

describe('a value that bob could read', () => {
  test('is current while it stays; what was set after he had gone for good was changed, as a key tells', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two })
    team.offboard(mar, 'app.yaml').set('app.yaml', '["b"]', `${canary}-c`).commitOn(apr)
    expect(await team.tell()).toEqual({
      'app.yaml a': { state: 'current', since: jan, until: mar }, 'app.yaml b': { state: 'unknown', since: jan, until: mar },
    })
    expect((await team.secrets()).map(({ reason }) => reason)).toEqual([null, expect.stringContaining('only a decryption can tell')])
    expect(await team.tell(team.ci.identity)).toMatchObject({ 'app.yaml a': { state: 'current' }, 'app.yaml b': { state: 'changed' } })
    expect(team.calls).toBe(2)
  })

  test('and that came back is current again, under whatever IV', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two }).offboard(mar, 'app.yaml')
    team.set('app.yaml', '["b"]', 'other').commitOn(apr)
    team.set('app.yaml', '["b"]', `${canary}-b`).commitOn(may)
    expect(await team.tell()).toMatchObject({ 'app.yaml b': { state: 'unknown' } })
    expect(await team.tell(team.ci.identity)).toMatchObject({ 'app.yaml b': { state: 'current' } })
  })

  test('is current until it is changed, also where he can still read it', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two })
    team.set('app.yaml', '["b"]', 'other').commitOn(feb)
    expect(await team.tell()).toEqual({
      'app.yaml a': { state: 'current', since: jan, until: null }, 'app.yaml b': { state: 'current', since: jan, until: null },
    })
  })

  test('was changed too early between updatekeys and the rotation; what is new then is current', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two })
    team.updatekeys(team.withoutBob, 'app.yaml').commitOn(feb)
    team.set('app.yaml', '["b"]', 'other').set('app.yaml', '["new"]', 'one').commitOn(mar)
    const now = { 'app.yaml a': 'current', 'app.yaml b': 'changed-too-early', 'app.yaml new': 'current' }
    const states = async (identity: string | null): Promise<unknown> => Object.fromEntries(Object.entries(await team.tell(identity)).map(([name, { state }]) => [name, state]))
    expect(await states(null)).toEqual(now)
    expect((await team.tell())['app.yaml b']).toEqual({ state: 'changed-too-early', since: jan, until: null })
    team.rotate('app.yaml').commitOn(apr)
    expect(await states(null)).toEqual(now)
    expect((await team.tell())['app.yaml new']).toEqual({ state: 'current', since: mar, until: apr })
    team.set('app.yaml', '["b"]', 'third').commitOn(may)
    expect(await states(null)).toMatchObject({ 'app.yaml b': 'unknown' })
    expect(await states(team.ci.identity)).toMatchObject({ 'app.yaml b': 'changed' })
    team.set('app.yaml', '["b"]', 'other').commitOn(jun)
    expect(await states(team.ci.identity)).toMatchObject({ 'app.yaml b': 'changed-too-early' })
  })

  test('is removed with its name or its file', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two, 'gone.yaml': `only: ${canary}\n` })
    team.run('unset', 'app.yaml', '["b"]').git('rm', '--quiet', 'gone.yaml')
    team.commitOn(feb)
    team.offboard(mar, 'app.yaml')
    expect(await team.tell(team.ci.identity)).toEqual({
      'app.yaml a': { state: 'current', since: jan, until: mar }, 'app.yaml b': { state: 'removed', since: jan, until: feb },
      'gone.yaml only': { state: 'removed', since: jan, until: feb },
    })
    expect(team.calls).toBe(0)
  })

  test('counts from the day he came, under a data key that is older; and so does what had been there before', async () => {
    using team = new Chronicle()
    team.begin(jan, { 'app.yaml': two }, team.withoutBob)
    team.set('app.yaml', '["b"]', 'other').commitOn(feb)
    team.updatekeys(team.everyone, 'app.yaml').commitOn(mar)
    team.offboard(apr, 'app.yaml').set('app.yaml', '["b"]', `${canary}-b`).commitOn(may)
    const told = await team.tell(team.ci.identity)
    expect(told).toEqual({ 'app.yaml a': { state: 'current', since: mar, until: apr }, 'app.yaml b': { state: 'current', since: mar, until: apr } })
  })

  test('is unknown where the runner opens the one version and not the other', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two }).offboard(mar, 'app.yaml')
    const dave = makeAgeKey()
    team.updatekeys({ ...team.withoutBob, dave }, 'app.yaml').set('app.yaml', '["b"]', `${canary}-c`).commitOn(apr)
    const reasons = async (identity: string): Promise<unknown> => (await team.secrets(identity)).map(({ state, reason }) => [state, reason])
    expect(await reasons(dave.identity)).toEqual([['current', null], ['unknown', 'an earlier value of it cannot be decrypted by this runner']])
    expect(await reasons(makeAgeKey().identity)).toEqual([['current', null], ['unknown', 'the file cannot be decrypted by this runner']])
    expect(team.calls).toBe(0)
  })

  test('is unknown where a file is left in the clear', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two, 'other.yaml': two })
    team.write('app.yaml', two)
    team.commitOn(feb)
    expect((await team.secrets(team.ci.identity)).map(({ file, state, reason }) => [file, state, reason]).slice(0, 2)).toEqual([
      ['app.yaml', 'unknown', expect.stringContaining('no longer one that sops can read')],
      ['app.yaml', 'unknown', expect.stringContaining('no longer one that sops can read')],
    ])
  })
})

describe('a value that is gone from its name', () => {
  const [secret, other] = [`${canary}-a`, `${canary}-b`]
  /** Bob has gone for good, and then someone does this. */
  const after = (plain: string | Buffer, change: (team: Chronicle) => void, path = 'app.yaml'): Chronicle => {
    const team = new Chronicle().begin(jan, { [path]: plain, 'other.yaml': 'x: something else\n' }).offboard(mar, path, 'other.yaml')
    change(team)
    team.commitOn(apr)
    return team
  }

  test.each<[string, string, string, (team: Chronicle) => void, string]>([
    ['renamed', `db:\n    pw: ${secret}\nz: q\n`, 'app.yaml db.pw', (team) => team.edit('app.yaml', `database:\n    pw: ${secret}\nz: q\n`), 'database.pw in app.yaml'],
    ['nested deeper', `db:\n    pw: ${secret}\nz: q\n`, 'app.yaml db.pw', (team) => team.edit('app.yaml', `prod:\n    db:\n        pw: ${secret}\nz: q\n`), 'prod.db.pw in app.yaml'],
    ['in the clear, by its name', `pw: ${secret}\nz: q\n`, 'app.yaml pw', (team) => team.edit('app.yaml', `pw_unencrypted: ${secret}\nz: q\n`), 'pw_unencrypted in app.yaml, in the clear'],
    ['in the clear, by the rule', `pw: ${secret}\ntoken: q\n`, 'app.yaml pw', (team) => {
      team.encrypt('app.yaml', `pw: ${secret}\ntoken: q\n`, '--encrypted-regex', '^token$')
    }, 'pw in app.yaml, in the clear'],
    ['in Base64', `stringData:\n    pw: ${secret}\nz: q\n`, 'app.yaml stringData.pw', (team) => team.edit('app.yaml', `data:\n    pw: ${Buffer.from(secret).toString('base64')}\nz: q\n`), 'data.pw in app.yaml, written another way'],
    ['moved to another file', `pw: ${secret}\nz: q\n`, 'app.yaml pw', (team) => team.set('other.yaml', '["pw"]', secret).run('unset', 'app.yaml', '["pw"]'), 'pw in other.yaml'],
    ['in a file of another name and format, encrypted anew', `pw: ${secret}\nz: q\n`, 'app.yaml pw', (team) => {
      team.git('rm', '--quiet', 'app.yaml')
      team.encrypt('app.json', `{"pw": "${secret}", "z": "q"}`)
    }, 'pw in app.json'],
    ['in one of two files that it was split in', `pw: ${secret}\nz: ${other}\n`, 'app.yaml pw', (team) => {
      team.git('rm', '--quiet', 'app.yaml')
      team.encrypt('one.yaml', `pw: ${secret}\n`)
      team.encrypt('two.yaml', 'z: changed\n')
    }, 'pw in one.yaml'],
  ])('is in use where it is %s', async (_, plain, name, change, place) => {
    using team = after(plain, change)
    expect((await team.tell())[name]).toEqual({ state: 'unknown', since: jan, until: mar })
    const [found] = (await team.secrets(team.ci.identity)).filter(({ file, key }) => `${file} ${key}` === name)
    expect(found).toMatchObject({ state: 'current', reason: `a value of it that they knew stands at ${place}` })
  })

  test('is in use where another file has had it all along, that he could not read', async () => {
    using team = new Chronicle()
    team.begin(jan, { 'app.yaml': `pw: ${secret}\n` }).config(team.withoutBob)
    team.encrypt('prod.yaml', `pw: ${secret}\nz: ${other}\n`)
    team.commitOn(feb)
    team.offboard(mar, 'app.yaml').set('app.yaml', '["pw"]', 'changed').commitOn(apr)
    expect(await team.tell()).toMatchObject({ 'app.yaml pw': { state: 'unknown' } })
    expect(await team.secrets(team.ci.identity)).toMatchObject([{ state: 'current', reason: expect.stringContaining('pw in prod.yaml') }])
    team.set('prod.yaml', '["pw"]', 'changed').commitOn(may)
    expect(await team.tell(team.ci.identity)).toEqual({ 'app.yaml pw': { state: 'changed', since: jan, until: mar } })
  })

  test('is removed where what came since is another one, as a key tells', async () => {
    using team = after(`pw: ${secret}\nz: q\n`, (one) => one.run('unset', 'app.yaml', '["pw"]').set('app.yaml', '["new"]', other))
    expect(await team.tell()).toMatchObject({ 'app.yaml pw': { state: 'unknown' } })
    expect(await team.tell(team.ci.identity)).toMatchObject({ 'app.yaml pw': { state: 'removed' } })
    expect((await team.secrets(makeAgeKey().identity)).find(({ key }) => key === 'pw')).toMatchObject({ state: 'unknown', reason: expect.stringContaining('cannot be decrypted') })
  })

  test('is removed where nothing is as long as it, or as another spelling, that he is not known to know', async () => {
    using team = after(`pw: ${secret}\nz: ${canary}-q\n`, (one) => one.run('unset', 'app.yaml', '["pw"]').set('app.yaml', '["new"]', `${other} and much more`))
    expect((await team.tell())['app.yaml pw']?.state).toBe('removed')
    expect((await team.tell(team.ci.identity))['app.yaml pw']?.state).toBe('removed')
    expect(team.calls).toBe(0)
  })

  test.each<[string, (team: Chronicle) => void]>([
    ['came before it went', (team) => {
      team.set('app.yaml', '["old"]', other).commitOn(mar)
      team.run('unset', 'app.yaml', '["pw"]')
    }],
    ['came under a name that there was', (team) => team.run('unset', 'app.yaml', '["pw"]').set('app.yaml', '["z"]', other)],
    ['has a name and a file that were encrypted anew later', (team) => {
      team.edit('app.yaml', `password: ${other}\nz: ${canary}-q\n`).commitOn(apr)
      team.encrypt('app.yaml', `password: ${other}\nz: ${canary}-q\n`)
    }],
  ])('may be any value as long without a key, also one that %s', async (_, change) => {
    using team = after(`pw: ${secret}\nz: ${canary}-q\n`, change)
    expect((await team.tell())['app.yaml pw']?.state).toBe('unknown')
    expect((await team.tell(team.ci.identity))['app.yaml pw']?.state).toBe('removed')
  })

  test('is found where it went to a name that another file had, or to a new name that was encrypted anew later', async () => {
    using team = after(`pw: ${secret}\nz: ${other}\n`, (one) => {
      one.set('other.yaml', '["x"]', secret).run('unset', 'app.yaml', '["pw"]').commitOn(apr)
      one.edit('app.yaml', `y: ${other}\n`).commitOn(may)
      one.encrypt('app.yaml', `y: ${other}\n`)
    })
    expect(await team.tell()).toMatchObject({ 'app.yaml pw': { state: 'unknown' }, 'app.yaml z': { state: 'unknown' } })
    expect((await team.secrets(team.ci.identity)).filter(({ file }) => file === 'app.yaml')).toMatchObject([
      { key: 'pw', state: 'current', reason: 'a value of it that they knew stands at x in other.yaml' },
      { key: 'z', state: 'current', reason: 'a value of it that they knew stands at y in app.yaml' },
    ])
  })

  test('and is too short to be the same for sure is not known to be gone where the same stands elsewhere', async () => {
    using team = after('pw: hunter2\nz: q\n', (one) => one.edit('app.yaml', 'password: hunter2\nz: q\n'))
    expect(await team.tell()).toMatchObject({ 'app.yaml pw': { state: 'unknown' } })
    expect(await team.secrets(team.ci.identity)).toContainEqual(expect.objectContaining({
      key: 'pw', state: 'unknown', reason: expect.stringMatching(/stands at password in app\.yaml, and that is too short/),
    }))
    team.set('app.yaml', '["password"]', 'hunter3').commitOn(may)
    expect(await team.tell()).toMatchObject({ 'app.yaml pw': { state: 'unknown' } })
    expect(await team.tell(team.ci.identity)).toMatchObject({ 'app.yaml pw': { state: 'removed' } })
    team.set('app.yaml', '["password"]', 'hunt').commitOn(jun)
    expect(await team.tell()).toMatchObject({ 'app.yaml pw': { state: 'removed' } })
  })

  test.each<[string, string, string | Buffer, string]>([
    ['app.yaml', 'tls.enc.yaml', 'key: |-\n    -----BEGIN KEY-----\n    abcdefgh\n', 'key'], ['conf/main.tf', 'tls.enc.yaml', `pw: ${secret}\n`, 'pw'],
    ['raw', 'raw.enc', Buffer.from([0, 1, 2, 253, 254, 255, 10, 0]), '(whole file)'],
  ])('since its file was decrypted under another name is found there: %s', async (path, from, plain, key) => {
    using team = after(plain, (one) => {
      one.git('rm', '--quiet', from)
      one.write(path, path.endsWith('.tf') ? `password = "${secret}"\n` : plain)
      one.write('README.md', plain)
    }, from)
    const found = async (identity: string | null): Promise<unknown> => (await team.secrets(identity)).find((one) => one.file === from)
    expect(await found(null)).toMatchObject({ key, state: 'unknown', reason: `${path} came in the clear in the commit in which it went: only a decryption can tell whether it holds this value` })
    expect(await found(team.ci.identity)).toMatchObject({ key, state: 'current', reason: `a value of it that they knew stands in the clear in ${path}` })
    expect(await found(makeAgeKey().identity)).toMatchObject({ key, state: 'unknown', reason: expect.stringContaining('cannot be decrypted') })
    team.write(path, 'x')
    team.commitOn(may)
    expect(await found(team.ci.identity)).toMatchObject({ key, state: 'removed', reason: null })
  })

  test('since its file was decrypted first, and renamed later, is found there too', async () => {
    using team = after(`pw: ${secret}\n`, (one) => one.write('app.yaml', `pw: ${secret}\n`))
    team.move('app.yaml', 'plain.yaml').commitOn(may)
    expect(await team.secrets()).toContainEqual(expect.objectContaining({ file: 'app.yaml', state: 'unknown' }))
    expect(await team.secrets(team.ci.identity)).toContainEqual(expect.objectContaining({ file: 'app.yaml', state: 'current', reason: expect.stringContaining('plain.yaml') }))
  })

  test('in another format is found, however that spells a line break', async () => {
    using team = after('key: |-\n    -----BEGIN KEY-----\n    abcdefgh\n', (one) => {
      one.git('rm', '--quiet', 'app.yaml')
      one.encrypt('app.env', 'KEY=-----BEGIN KEY-----\\nabcdefgh\n')
    })
    expect(await team.secrets(team.ci.identity)).toContainEqual(expect.objectContaining({
      file: 'app.yaml', key: 'key', state: 'current', reason: 'a value of it that they knew stands at KEY in app.env',
    }))
  })

  test('of one of two who left is told of each by what each could read', async () => {
    using team = new Chronicle()
    const carol = makeAgeKey()
    team.begin(jan, { 'app.yaml': `pw: ${secret}\n` }, { ...team.everyone, carol })
    team.updatekeys({ ...team.withoutBob, carol }, 'app.yaml').rotate('app.yaml').set('app.yaml', '["pw"]', other).commitOn(feb)
    team.offboard(mar, 'app.yaml')
    const told = (await team.secrets(team.ci.identity, {}, [team.bob, carol])).map(({ key, readBy, state, until }) => [key, readBy.length, state, until?.slice(0, 10)])
    expect(told).toEqual([['pw', 1, 'changed', feb], ['pw', 1, 'current', mar]])
  })

  test('since it is left in the clear, however short, is in use at its name', async () => {
    using team = after('pw: "4711"\ntoken: q\n', (one) => one.encrypt('app.yaml', 'pw: "4711"\ntoken: q\n', '--encrypted-regex', '^token$'))
    expect(await team.tell()).toMatchObject({ 'app.yaml pw': { state: 'unknown' } })
    expect(await team.secrets(team.ci.identity)).toContainEqual(expect.objectContaining({
      key: 'pw', state: 'current', reason: 'a value of it that they knew stands at pw in app.yaml, in the clear',
    }))
    team.encrypt('app.yaml', 'pw: "4712"\ntoken: q\n', '--encrypted-regex', '^token$')
    team.commitOn(may)
    expect(await team.tell(team.ci.identity)).toMatchObject({ 'app.yaml pw': { state: 'changed' } })
  })

  test('of a list is found when it comes back to a new place, while its old one has another', async () => {
    using team = after('hosts:\n    - one\n    - two\n', (one) => {
      one.edit('app.yaml', 'hosts:\n    - other\n    - two\n').commitOn(mar)
      one.edit('app.yaml', 'hosts:\n    - other\n    - two\n    - one\n')
    })
    const states = async (identity: string | null): Promise<readonly string[]> =>
      (await team.secrets(identity)).filter(({ file }) => file === 'app.yaml').map(({ key, state }) => `${key} ${state}`)
    expect(await states(null)).toEqual(['hosts[0] unknown', 'hosts[1] current'])
    expect(await states(team.ci.identity)).toEqual(['hosts[0] changed', 'hosts[1] current', 'hosts[2] current'])
  })

  test('of a list has the times of the item that it is found to be', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': 'hosts:\n    - one\n' })
    team.edit('app.yaml', 'hosts:\n    - one\n    - two\n').commitOn(feb)
    team.offboard(mar, 'app.yaml').encrypt('app.yaml', 'hosts:\n    - two\n')
    team.commitOn(apr)
    expect((await team.tell(team.ci.identity))['app.yaml hosts[0]']).toEqual({ state: 'current', since: feb, until: mar })
  })

  test('of a list is one secret, also where it is encrypted anew at another place of it', async () => {
    using team = after(`hosts:\n    - ${secret}\n`, (one) => one.encrypt('app.yaml', `hosts:\n    - ${other}\n    - ${secret}\n`))
    expect((await team.secrets(team.ci.identity)).filter(({ file }) => file === 'app.yaml').map(({ key, state }) => `${key} ${state}`))
      .toEqual(['hosts[0] changed', 'hosts[1] current'])
  })
})

describe('a value of many lines', () => {
  const lines = `PASSWORD=${canary}-a\nTOKEN=${canary}-b\n`
  const block = (more = ''): string => `app: |\n    db.password=${canary}-c\n    db.token=${canary}-d\n${more}`

  test('of which one is changed, or that has one more, is not changed as long as any that bob knew stands in it', async () => {
    using team = new Chronicle().begin(jan, { '.env.prod': lines, 'app.yaml': block() }).offboard(feb, '.env.prod', 'app.yaml')
    team.edit('.env.prod', `PASSWORD=fresh-password\nTOKEN=${canary}-b\n`).edit('app.yaml', block('    log.level=debug\n')).commitOn(mar)
    team.edit('.env.prod', `PASSWORD=fresh-password\nTOKEN=${canary}-b\nLOG=debug\n`).commitOn(apr)
    const reasons = async (identity: string): Promise<unknown> => (await team.secrets(identity)).map(({ file, state, reason }) => [file, state, reason])
    const still = (left: string): string => `it has another value, but ${left} in it: look which of them are secrets`
    expect(await reasons(team.ci.identity)).toEqual([
      ['.env.prod', 'unknown', still('1 of the 2 lines that they knew still stands')], ['app.yaml', 'unknown', still('2 of the 2 lines that they knew still stand')],
    ])
    team.edit('.env.prod', 'PASSWORD=fresh-password\nTOKEN=fresh-token\nLOG=debug\n').commitOn(may)
    expect(await team.tell(team.ci.identity)).toMatchObject({ '.env.prod (whole file)': { state: 'changed' }, 'app.yaml app': { state: 'unknown' } })
  })
})

test.each<[string, string, readonly string[], string, string, string]>([
  ['value by value', '(whole file)', ['--input-type', 'binary', '--output-type', 'binary'], 'unknown', 'dotenv', '2 of the 2 lines that they knew still stand in it: look which of them are secrets'],
  ['as a whole', 'TOKEN', ['--input-type', 'dotenv', '--output-type', 'dotenv'], 'current', 'binary', 'the one that they knew still stands in it as a part'],
])('what bob knew of a file that is kept %s now is not removed', async (sort, key, before, state, after, reason) => {
  const lines = `PASSWORD=${canary}-a\nTOKEN=${canary}-b\n`
  using team = new Chronicle()
  team.config(team.everyone)
  team.encrypt('app', lines, ...before)
  team.commitOn(jan)
  team.config(team.withoutBob)
  team.encrypt('app', `${lines}LOG=debug\n`, '--input-type', after, '--output-type', after)
  team.commitOn(feb)
  const found = async (identity: string | null): Promise<unknown> => (await team.secrets(identity)).find((one) => one.key === key)
  expect(await found(null)).toMatchObject({ state: 'unknown', reason: expect.stringContaining(`the file is kept ${sort} now`) })
  expect(await found(team.ci.identity)).toMatchObject({ state, reason: expect.stringContaining(reason) })
})

describe('a value that stood in the clear', () => {
  const because = { state: 'current', reason: 'it stood in the clear at an earlier commit' }

  test('before its file was encrypted is one that bob could read, though that never was encrypted for him', async () => {
    using team = new Chronicle()
    const file = (path: string, text: string): void => {
      team.write(path, text)
      team.config(team.withoutBob)
    }
    file('app.yaml', `a: ${canary}-a\nb: change-me\nlist:\n    - ${canary}-c\n`)
    file('app.env', `# ${canary}\nA="${canary}-env"\n`)
    file('plain.yaml', `a: ${canary}\n`)
    team.commitOn(jan)
    team.encrypt('app.yaml', `a: ${canary}-a\nb: ${canary}-b\nlist:\n    - ${canary}-new\n    - ${canary}-c\nnew: ${canary}-d\n`)
    team.encrypt('app.env', `A=${canary}-env\n`)
    team.move('app.env', 'secrets/app.sops.env').commitOn(feb)
    const untold = { state: 'unknown', since: jan, until: feb }
    expect(await team.tell()).toEqual({ 'app.yaml a': untold, 'app.yaml b': untold, 'app.yaml list[0]': untold, 'secrets/app.sops.env A': untold })
    expect((await team.secrets()).map(({ reason }) => reason)).toEqual(Array(4).fill('a value stood in the clear at its name: only a decryption can tell whether it is still this one'))
    const found = await team.secrets(team.ci.identity)
    expect(found.map(({ key, state }) => `${key} ${state}`)).toEqual(['a current', 'b changed', 'list[0] changed', 'list[1] current', 'A current'])
    expect(found[0]).toMatchObject({ ...because, readBy: [expect.stringContaining('age1')], until: `${feb}T12:00:00.000Z` })
  })

  test('in a file of sops is one that he could read, once it is encrypted there; what is in the clear to this day is none', async () => {
    using team = new Chronicle()
    const text = `kind: Secret\npw: ${canary}-a\ntoken: ${canary}-b\n`
    const encrypt = (day: string, names: string): void => {
      team.encrypt('app.yaml', text, '--encrypted-regex', `^(${names})$`)
      team.commitOn(day)
    }
    team.config(team.withoutBob)
    encrypt(jan, 'pw')
    encrypt(feb, 'pw|token')
    expect(await team.tell(team.ci.identity)).toEqual({ 'app.yaml token': { state: 'current', since: jan, until: feb } })
    team.edit('app.yaml', `kind: Secret\npw: ${canary}-a\nrenamed:\n    token: ${canary}-b\n`).commitOn(mar)
    expect((await team.secrets(team.ci.identity)).map(({ key, reason }) => [key, reason])).toEqual([['token', 'a value of it that they knew stands at renamed.token in app.yaml']])
    encrypt(apr, 'pw')
    expect(await team.tell(team.ci.identity)).toEqual({})
  })
})

describe('where there is much to compare', () => {
  test('each file of today is compared, however many they are', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two })
    const files = Array.from({ length: 510 }, (_, at) => `many/${at}.yaml`)
    for (const path of files) team.write(path, team.read('app.yaml'))
    team.commitOn(feb)
    team.offboard(mar, 'app.yaml').set('app.yaml', '["a"]', 'other').commitOn(apr)
    // A comment in the clear is nothing that sops proves.
    for (const path of files) team.write(path, `# ${path}\n${team.read('app.yaml')}`)
    team.commitOn(may)
    const states = (await team.secrets(team.ci.identity)).map(({ key, state }) => `${key} ${state}`)
    expect(new Set(states)).toEqual(new Set(['a changed', 'b current']))
    expect(states.length).toBe(1022)
  })

  test('what is beyond the limit is said not to have been looked at', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two })
    const whole = team.read('app.yaml')
    // Copies with one value each that no key opens; the other one tells whose they are.
    for (let at = 0; at < 520; at += 1) team.write(`copies/${at}.yaml`, whole.replace(/^(a: .*,iv:)[^,]*/m, `$1${Buffer.alloc(32, `${at}`).toString('base64')}`))
    team.commitOn(feb)
    team.git('rm', '--quiet', '-r', 'copies')
    team.commitOn(mar)
    team.offboard(apr, 'app.yaml').set('app.yaml', '["a"]', `${canary}-x`).commitOn(may)
    const secrets = await team.secrets(team.ci.identity)
    expect(secrets.filter(({ file }) => file === 'app.yaml')).toMatchObject([
      { key: 'a', state: 'unknown', reason: 'a value as long that they knew from another name was not looked at: more than 500 versions' }, { key: 'b' },
    ])
    expect(new Set(secrets.filter(({ file }) => file !== 'app.yaml').map(({ key, state }) => `${key} ${state}`))).toEqual(new Set(['a unknown']))
  })
})

test('what he could read only on a branch that a merge left behind ends where it last stood', async () => {
  using team = new Chronicle().begin(jan, { 'app.yaml': two })
  team.git('checkout', '--quiet', '-b', 'side')
  team.encrypt('side.yaml', `only: ${canary}\n`)
  team.commitOn(feb)
  team.git('checkout', '--quiet', 'main')
  team.gitOn(mar, 'merge', '--quiet', '--strategy', 'ours', '--message', 'side', 'side')
  expect((await team.tell())['side.yaml only']).toMatchObject({ since: feb, until: feb })
})

test('a clock that was put back makes no end that is before its start', async () => {
  using team = new Chronicle().begin(mar, { 'app.yaml': two }).offboard(jan, 'app.yaml')
  expect(await team.tell()).toMatchObject({ 'app.yaml a': { since: mar, until: mar } })
})

describe('a data key', () => {
  test('is another one for a file that was made anew from its plaintext: a key tells whether its values are', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two })
    team.write('app.yaml', two)
    team.commitOn(feb)
    team.config(team.withoutBob)
    team.encrypt('app.yaml', `a: ${canary}-a\nb: other\n`)
    team.commitOn(mar)
    expect(await team.tell()).toMatchObject({ 'app.yaml a': { state: 'unknown', until: mar }, 'app.yaml b': { state: 'unknown' } })
    // It may as well be the old ciphertext, brought back and edited, for all that can be told where the old data key can't be tried.
    expect(await team.tell(team.ci.identity)).toMatchObject({ 'app.yaml a': { state: 'current' }, 'app.yaml b': { state: 'changed' } })
    expect(await team.tell(makeAgeKey().identity)).toMatchObject({ 'app.yaml a': { state: 'unknown' }, 'app.yaml b': { state: 'unknown' } })
  })

  test.each<[string, string, (team: Chronicle) => void]>([
    ['moved, edited and wrapped anew', 'changed-too-early', (team) => team.move('app.yaml', 'moved.yaml')],
    // What is new in it was not changed there.
    ['moved, while another one took its place', 'current', (team) => team.move('app.yaml', 'moved.yaml').encrypt('app.yaml', 'a: one\n')],
    ['deleted, and brought back with an edit, wrapped anew', 'changed-too-early', (team) => {
      const old = team.read('app.yaml')
      team.git('rm', '--quiet', 'app.yaml')
      team.commitOn(feb)
      team.write('app.yaml', old)
    }],
  ])('of a file with one value may be the old one where one commit had it %s: a key that opens both tells', async (_, state, bring) => {
    using team = new Chronicle().begin(jan, { 'app.yaml': 'a: one\n', 'other.yaml': 'b: two\n' })
    bring(team)
    const path = existsSync(join(team.root, 'moved.yaml')) ? 'moved.yaml' : 'app.yaml'
    team.updatekeys(team.withoutBob, path).set(path, '["a"]', 'other').commitOn(mar)
    expect((await team.tell())[`${path} a`]).toMatchObject({ state: 'unknown' })
    expect((await team.tell(team.ci.identity))[`${path} a`]).toMatchObject({ state })
    const survey = await surveyRepository(team.checkout(), [])
    await using open = await team.open()
    const { due } = findDueRotations(open.history, survey, [{ kind: 'age', id: team.bob.recipient }], null, new Date(`${jun}T00:00:00Z`))
    expect([...due]).toEqual([[path, expect.stringMatching(/^its data key may be one that was wrapped/)]])
  })

  test('of a file that was made like another one, for others, is its own', async () => {
    using team = new Chronicle().begin(jan, { 'dev/app.yaml': two })
    team.config(team.withoutBob)
    team.encrypt('prod/app.yaml', two)
    team.commitOn(feb)
    expect(Object.keys(await team.tell())).toEqual(['dev/app.yaml a', 'dev/app.yaml b'])
    await using open = await team.open()
    const { due } = findDueRotations(open.history, await surveyRepository(team.checkout(), []), [{ kind: 'age', id: team.bob.recipient }], null, new Date(`${jun}T00:00:00Z`))
    expect([...due]).toEqual([])
  })

  test('of a file that was made like another one, for others, may be that one’s for all that anyone can tell: a notice names it', async () => {
    using team = new Chronicle()
    team.begin(jan, { 'first/app.yaml': two }, team.withoutBob).begin(feb, { 'dev/app.yaml': two })
    const told = async (): Promise<unknown> => {
      await using open = await team.open()
      return madeAlike(open.history, [{ kind: 'age', id: team.bob.recipient }])
    }
    team.encrypt('bobs/app.yaml', two)
    team.write('copy/app.yaml', team.read('dev/app.yaml'))
    team.write('rotated/app.yaml', team.read('dev/app.yaml'))
    team.updatekeys(team.withoutBob, 'copy/app.yaml', 'rotated/app.yaml').rotate('rotated/app.yaml')
    team.encrypt('gone/app.yaml', two)
    team.encrypt('other.yaml', 'x: 1\n')
    team.move('first/app.yaml', 'moved/app.yaml').commitOn(mar)
    team.git('rm', '--quiet', 'gone/app.yaml')
    team.commitOn(mar)
    expect(await told()).toBeNull()
    team.encrypt('prod/app.yaml', two)
    team.commitOn(mar)
    team.move('prod/app.yaml', 'live/app.yaml').commitOn(apr)
    expect(await told()).toMatchObject({ code: 'made-alike', level: 'notice', path: 'live/app.yaml', message: expect.stringMatching(/^live\/app\.yaml \(like dev\/app\.yaml\): /) })
  })

  test('of someone recorded as removed is due where it surely was theirs, and they are not back; what one commit did in full is not done again', async () => {
    using team = new Chronicle().begin(jan, { 'full.yaml': two, 'half.yaml': two, 'back.yaml': two })
    team.offboard(feb, 'full.yaml').updatekeys(team.withoutBob, 'half.yaml')
    team.write('.sops-owners.yaml', `owners: {}\nremoved: [{owner: bob, recipient: ${team.bob.recipient}, date: ${feb}}]\n`)
    team.commitOn(mar)
    await using open = await team.open()
    const survey = await surveyRepository(team.checkout(), [])
    const due = (named: readonly string[]): unknown =>
      findDueRotations(open.history, survey, named.map((id) => ({ kind: 'age', id })), null, new Date(`${jun}T00:00:00Z`))
    const reason = `its data key was wrapped until ${jan} for bob, recorded as removed on ${feb}, and has not changed since`
    expect(due([])).toMatchObject({ due: new Map([['half.yaml', reason]]), stillHeld: new Map([['half.yaml', { until: jan }]]) })
    expect(due([team.bob.recipient])).toMatchObject({ stillHeld: new Map() })
  })

  test('of a file that came in the commit in which another one was moved is its own', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two }).move('app.yaml', 'moved.yaml')
    team.updatekeys(team.withoutBob, 'moved.yaml').rotate('moved.yaml')
    team.encrypt('new.yaml', `fresh: ${canary}\n`)
    team.commitOn(feb)
    // Nor is it that of what once had its name, if that lives on elsewhere.
    team.encrypt('app.yaml', `fresh: ${canary}\n`)
    team.commitOn(mar)
    expect(Object.keys(await team.tell())).toEqual(['moved.yaml a', 'moved.yaml b'])
  })

  test('is told by a key where one commit encrypted all of a file anew, for others', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': `# ${canary}\n${two}` })
    team.config(team.withoutBob)
    team.encrypt('app.yaml', `# ${canary}\na: ${canary}-a\nb: other\n`)
    team.commitOn(feb)
    const [whole, comment] = [{ since: jan, until: feb }, 'app.yaml (comments)']
    expect(await team.tell(team.ci.identity)).toEqual({
      'app.yaml a': { state: 'current', ...whole }, 'app.yaml b': { state: 'changed', ...whole }, [comment]: { state: 'unknown', ...whole },
    })
    const reasons = async (identity: string | null): Promise<readonly unknown[]> => (await team.secrets(identity)).map(({ reason }) => reason)
    expect(await reasons(team.ci.identity)).toEqual([null, null, 'an encrypted comment has no name by which it could be compared with what it was'])
    expect(new Set(await reasons(null))).toEqual(new Set([expect.stringMatching(/whether they could read its last value: .* so that without a key nobody can tell/)]))
    expect(new Set(await reasons(makeAgeKey().identity))).toEqual(new Set([expect.stringMatching(/this runner could not try whether the data key is one that they had$/)]))
  })

  test.each<[string, string, string, string]>([
    ['app.yaml', `a: ${canary}-a\n`, 'a: changed\n', 'a'], ['app.json', `{"a": "${canary}-a"}`, '{"a": "changed"}', 'a'],
    ['app.env', `a=${canary}-a\n`, 'a=changed\n', 'a'], ['app.ini', `[s]\na = ${canary}-a\n`, '[s]\na = changed\n', 's.a'],
    ['key.bin', `${canary}-a`, 'changed', '(whole file)'],
  ])('is tried by a key as whoever kept the old one would try it: %s', async (path, before, after, key) => {
    using team = new Chronicle().begin(jan, { [path]: before })
    const whole = team.read(path)
    team.updatekeys(team.withoutBob, path).edit(path, after).commitOn(feb)
    expect(await team.tell(team.ci.identity)).toEqual({ [`${path} ${key}`]: { state: 'changed-too-early', since: jan, until: null } })
    team.git('reset', '--quiet', '--hard', 'HEAD~1')
    expect(team.read(path)).toBe(whole)
    team.updatekeys(team.withoutBob, path).edit(path, after).rotate(path).commitOn(feb)
    expect(await team.tell(team.ci.identity)).toEqual({ [`${path} ${key}`]: { state: 'changed', since: jan, until: feb } })
  })

  test('with key groups is tried with all of them, and with the threshold', async () => {
    using team = new Chronicle()
    const groups = (...keys: readonly { readonly recipient: string }[]): unknown => team.write('.sops.yaml',
      `creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n${keys.map(({ recipient }) => `      - age:\n          - ${recipient}\n`).join('')}`)
    const spare = makeAgeKey()
    groups(team.ci, spare, team.bob)
    team.encrypt('app.yaml', `a: ${canary}-a\n`)
    team.commitOn(jan)
    groups(team.ci, spare)
    team.credentials = { SOPS_AGE_KEY: `${team.ci.identity}\n${spare.identity}` }
    team.run('updatekeys', '--yes', 'app.yaml').edit('app.yaml', 'a: changed\n').commitOn(feb)
    const early = team.git('rev-parse', 'HEAD').trim()
    expect(await team.tell(`${team.ci.identity}\n${spare.identity}`)).toEqual({ 'app.yaml a': { state: 'changed-too-early', since: jan, until: null } })
    expect(await team.tell(team.ci.identity)).toMatchObject({ 'app.yaml a': { state: 'unknown' } })
    team.git('reset', '--quiet', '--soft', `${early}~1`)
    team.rotate('app.yaml').commitOn(feb)
    expect(await team.tell(`${team.ci.identity}\n${spare.identity}`)).toEqual({ 'app.yaml a': { state: 'changed', since: jan, until: feb } })
  })

  test('of a file that came for others in the commit in which an unlike one went is its own; where they are alike nobody is accused for sure', async () => {
    using team = new Chronicle().begin(jan, { 'dev.yaml': `pw: ${canary}-a\n`, 'kept.yaml': 'x: y\n' })
    team.git('rm', '--quiet', 'dev.yaml')
    team.config(team.withoutBob)
    team.encrypt('prod.yaml', `token: ${canary}-prod\n`)
    team.commitOn(feb)
    const due = async (): Promise<unknown> => {
      await using open = await team.open()
      return [...findDueRotations(open.history, await surveyRepository(team.checkout(), []), [{ kind: 'age', id: team.bob.recipient }], null, new Date(`${jun}T00:00:00Z`)).due]
    }
    expect(Object.keys(await team.tell())).toEqual(['dev.yaml pw', 'kept.yaml x'])
    expect(await due()).toEqual([])
    team.git('reset', '--quiet', '--hard', 'HEAD~1')
    team.git('rm', '--quiet', 'dev.yaml')
    team.config(team.withoutBob)
    team.encrypt('prod.yaml', `pw: ${canary}-prod\n`)
    team.commitOn(feb)
    expect(await team.tell()).toMatchObject({ 'prod.yaml pw': { state: 'unknown' } })
    expect(await due()).toEqual([['prod.yaml', expect.stringMatching(/^its data key may be one that was wrapped for the removed recipient: one commit changed/)]])
    // A key that opens both tells that he never could read it.
    expect(Object.keys(await team.tell(team.ci.identity))).toEqual(['dev.yaml pw', 'kept.yaml x'])
  })

  test('is surely another one where all values changed and the recipients did not', async () => {
    using team = new Chronicle()
    const { alice, bob, ci, withoutBob } = team
    team.begin(jan, { 'app.yaml': `a: ${canary}\n` }, { alice, bob, ci }).offboard(feb, 'app.yaml')
    team.config(withoutBob)
    team.encrypt('app.yaml', 'a: other\n')
    team.commitOn(mar)
    expect(await team.tell(team.ci.identity)).toEqual({ 'app.yaml a': { state: 'changed', since: jan, until: feb } })
  })
})

test('a data key is the same where one commit edited a value and changed the recipients, by the values it left', async () => {
  using team = new Chronicle().begin(jan, { 'app.yaml': two })
  team.updatekeys(team.withoutBob, 'app.yaml').set('app.yaml', '["b"]', 'other').commitOn(feb)
  expect(await team.tell()).toEqual({
    'app.yaml a': { state: 'current', since: jan, until: null }, 'app.yaml b': { state: 'changed-too-early', since: jan, until: null },
  })
})

test('a merge that brings several steps at once does not hide them', async () => {
  using team = new Chronicle().begin(jan, { 'app.yaml': `a: ${canary}\n` })
  team.git('checkout', '--quiet', '-b', 'side')
  team.offboard(feb, 'app.yaml').set('app.yaml', '["a"]', 'other').commitOn(mar)
  team.git('checkout', '--quiet', 'main')
  team.gitOn(apr, 'merge', '--quiet', '--no-ff', '--message', 'side', 'side')
  expect(await team.tell(team.ci.identity)).toEqual({ 'app.yaml a': { state: 'changed', since: jan, until: apr } })
})

test('someone in one key group is a reader, whatever threshold there is', async () => {
  using team = new Chronicle()
  team.write('.sops.yaml', `creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n${[team.alice, team.bob, team.ci].map(({ recipient }) => `      - age:\n          - ${recipient}\n`).join('')}`)
  team.encrypt('app.yaml', two)
  team.commitOn(jan)
  expect(await team.tell()).toMatchObject({ 'app.yaml a': { state: 'current', since: jan, until: null } })
})

test('a file larger than anyone keeps secrets in is left out, which is said', async () => {
  using team = new Chronicle().begin(jan, { 'app.yaml': two })
  team.write('large.txt', Buffer.alloc(64 * 1024 * 1024 + 1, 'x'))
  team.commitOn(feb)
  team.git('rm', '--quiet', 'large.txt')
  team.commitOn(mar)
  await using open = await team.open()
  expect(open.history).toMatchObject({ reach: { kind: 'whole' }, tooLarge: 1 })
  expect(partialExposure(open.history)).toMatchObject({ level: 'notice', message: expect.stringContaining('larger than 64 MiB') })
  expect(open.history.base.size).toBe(1)
})

describe('a version that sops could not read, and bob all the same', () => {
  const wide = (text: string): Buffer => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])
  test.each<[string, string, (text: string) => string | Buffer]>([
    ['app.yaml', two, wide], ['app.yaml', two, (text) => Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text, 'utf16le').swap16()])],
    ['app.env', `a=${canary}-a\nb=${canary}-b\n`, (text) => text.replaceAll('\n', '\r\n')],
    ['app.json', `{"a": "${canary}-a", "b": "${canary}-b"}`, (text) => `\u{feff}${text}`],
  ])('is one that he knows: %s', async (path, plain, spoil) => {
    using team = new Chronicle()
    team.config(team.everyone)
    team.encrypt(path, plain)
    const whole = team.read(path)
    team.write(path, spoil(whole))
    team.commitOn(jan)
    team.write(path, whole)
    team.set(path, '["b"]', 'other').offboard(feb, path)
    expect(await team.tell(team.ci.identity)).toEqual({
      [`${path} a`]: { state: 'current', since: jan, until: feb }, [`${path} b`]: { state: 'changed', since: jan, until: feb },
    })
  })

  test('is counted where nobody can make sense of it', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two })
    const whole = team.read('app.yaml')
    team.write('app.yaml', whole.replace(/^    mac: .*\n/m, ''))
    team.commitOn(feb)
    team.write('app.yaml', whole)
    team.commitOn(mar)
    await using open = await team.open()
    expect(open.history.unreadable).toBe(1)
    expect(partialExposure(open.history)).toMatchObject({ code: 'history-partial', level: 'notice', message: expect.stringContaining('could not be read') })
  })
})

describe('a file', () => {
  test('that was renamed is one file, whatever was done to it on the way', async () => {
    using team = new Chronicle().begin(jan, { 'old.yaml': two })
    team.move('old.yaml', 'new/app.yaml').updatekeys(team.withoutBob, 'new/app.yaml').rotate('new/app.yaml').commitOn(feb)
    team.set('new/app.yaml', '["b"]', 'other').commitOn(mar)
    const told = { 'new/app.yaml a': { state: 'current', since: jan, until: feb }, 'new/app.yaml b': { state: 'changed', since: jan, until: feb } }
    expect(await team.tell(team.ci.identity)).toEqual(told)
    team.move('new/app.yaml', 'old.yaml').commitOn(apr)
    expect(Object.keys(await team.tell(team.ci.identity))).toEqual(['old.yaml a', 'old.yaml b'])
  })

  test('that was copied is two, each with its own fate', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two })
    team.write('copy.yaml', team.read('app.yaml'))
    team.updatekeys(team.withoutBob, 'app.yaml', 'copy.yaml').rotate('copy.yaml').commitOn(feb)
    team.set('app.yaml', '["a"]', 'other').commitOn(mar)
    expect(await team.tell()).toEqual({
      'app.yaml a': { state: 'changed-too-early', since: jan, until: null }, 'app.yaml b': { state: 'current', since: jan, until: null },
      // Never readable there, but under the old name; the one until it was changed, the other to this day.
      'copy.yaml a': { state: 'current', since: jan, until: mar }, 'copy.yaml b': { state: 'current', since: jan, until: null },
    })
  })

  test('that was renamed and edited is not taken for a copy that is more like it', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two })
    team.write('copy.yaml', team.read('app.yaml'))
    team.commitOn(feb)
    team.move('app.yaml', 'moved.yaml').updatekeys(team.withoutBob, 'moved.yaml', 'copy.yaml').rotate('moved.yaml').rotate('copy.yaml')
    team.set('moved.yaml', '["b"]', 'other').commitOn(mar)
    expect(await team.tell(team.ci.identity)).toMatchObject({
      'moved.yaml a': { state: 'current', since: jan, until: mar }, 'moved.yaml b': { state: 'changed', since: jan, until: mar },
      // Under its first name he could read it before.
      'copy.yaml b': { state: 'current', since: jan, until: mar },
    })
  })

  test('that is like others to the byte keeps its name where all are moved', async () => {
    using team = new Chronicle().begin(jan, { 'old/a.yaml': two })
    for (const name of ['b', 'c']) team.write(`old/${name}.yaml`, team.read('old/a.yaml'))
    team.commitOn(feb)
    for (const name of ['a', 'b', 'c']) team.move(`old/${name}.yaml`, `new/${name}.yaml`)
    team.commitOn(mar)
    team.set('new/c.yaml', '["b"]', 'other').offboard(apr, 'new/a.yaml', 'new/b.yaml', 'new/c.yaml')
    const changed = Object.entries(await team.tell(team.ci.identity)).map(([name, { state, since }]) => `${name} ${state} ${since ?? ''}`)
    expect(changed).toContain(`new/c.yaml b changed ${feb}`)
  })

  test.each<[string, string, readonly string[]]>([
    ['app.env', '  A=one\nB=two\n\tC=three\n', ['A', 'B', 'C']],
    ['app.ini', '[s]\n`a=b` = one\n"c:d" = two\n', ['s.a=b', 's.c:d']],
    ['app.yaml', '"a.b": one\na:\n    b: two\n', ['"a.b"', 'a.b']],
  ])('has each of its secrets, however their names are spelled: %s', async (path, text, names) => {
    using team = new Chronicle().begin(jan, { [path]: text })
    expect(Object.keys(await team.tell())).toEqual(names.map((name) => `${path} ${name}`))
    // Encrypted anew, so that each is found by its name alone.
    team.config(team.everyone)
    team.encrypt(path, text)
    team.offboard(feb, path)
    expect(Object.values(await team.tell(team.ci.identity)).map(({ state }) => state)).toEqual(names.map(() => 'current'))
  })

  test('that is gone lives on in the copy that outlived it', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two })
    for (const copy of ['early.yaml', 'late.yaml']) team.write(copy, team.read('app.yaml'))
    team.set('late.yaml', '["b"]', 'other').commitOn(feb)
    team.git('rm', '--quiet', 'early.yaml')
    team.commitOn(mar)
    team.git('rm', '--quiet', 'app.yaml')
    team.commitOn(apr)
    // What was edited in the copy is not what the others had.
    expect(Object.keys(await team.tell())).toEqual(['app.yaml b', 'late.yaml a', 'late.yaml b'])
    expect((await team.tell())['late.yaml a']?.since).toBe(jan)
  })

  test('is read on side branches too, and by what a merge made of it', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two })
    team.git('checkout', '--quiet', '-b', 'side')
    team.encrypt('side.yaml', `only: ${canary}\n`)
    team.commitOn(feb)
    team.git('checkout', '--quiet', 'main')
    team.offboard(mar, 'app.yaml')
    team.gitOn(apr, 'merge', '--quiet', '--no-ff', '--message', 'side', 'side')
    team.updatekeys(team.withoutBob, 'side.yaml').rotate('side.yaml').commitOn(may)
    expect(await team.tell()).toEqual({
      'app.yaml a': { state: 'current', since: jan, until: mar }, 'app.yaml b': { state: 'current', since: jan, until: mar },
      'side.yaml only': { state: 'current', since: feb, until: may },
    })
    team.git('checkout', '--quiet', '-b', 'dead', 'HEAD~1')
    team.encrypt('merged.yaml', `only: ${canary}\n`)
    team.commitOn(may)
    team.git('checkout', '--quiet', 'main')
    team.gitOn(jun, 'merge', '--quiet', '--no-ff', '--no-commit', 'dead')
    team.git('rm', '--quiet', '--force', 'merged.yaml')
    team.config(team.everyone)
    team.encrypt('evil.yaml', `only: ${canary}\n`)
    team.commitOn(jun)
    expect(await team.tell()).toMatchObject({ 'evil.yaml only': { state: 'current', since: jun, until: null }, 'side.yaml only': { until: may } })
  })

  test.each([
    ['app.json', '{"a": "A", "b": "B"}', '["b"]', 'b'], ['app.env', '# c\nA=A\nB=B\n', '["B"]', 'B'], ['app.ini', '[s]\na = A\nb = B\n', '["s"]["b"]', 's.b'],
  ])('of any format: %s', async (path, text, key, name) => {
    using team = new Chronicle().begin(jan, { [path]: text }).offboard(feb, path)
    team.set(path, key, 'other').commitOn(mar)
    const told = Object.entries(await team.tell(team.ci.identity))
    expect(told.filter(([, { state }]) => state === 'changed').map(([one]) => one)).toEqual([`${path} ${name}`])
    expect(told.filter(([, { state }]) => state === 'current').length).toBe(told.length - 1)
    team.set(path, key, '"B"').commitOn(apr)
    expect((await team.secrets(team.ci.identity)).find((one) => one.key === name)).toMatchObject({ state: 'current', reason: 'it is a value that they know, written another way' })
  })

  test('of bytes is one secret', async () => {
    using team = new Chronicle().begin(jan, { key: Buffer.from([0, 255, 1, 254]) }).offboard(feb, 'key')
    expect(await team.tell()).toEqual({ 'key (whole file)': { state: 'current', since: jan, until: feb } })
    // Bytes that read as text are the same replacement character.
    team.encrypt('key', Buffer.from([0, 253, 1, 252]))
    team.commitOn(mar)
    expect(await team.tell(team.ci.identity)).toEqual({ 'key (whole file)': { state: 'changed', since: jan, until: feb } })
  })

  test('with a list keeps track of its items, wherever they stand', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': 'hosts:\n    - one\n    - two\n    - three\n' }).offboard(feb, 'app.yaml')
    team.edit('app.yaml', 'hosts:\n    - zero\n    - one\n    - two\n').commitOn(mar)
    expect(await team.tell(team.ci.identity)).toEqual({
      'app.yaml hosts[0]': { state: 'changed', since: jan, until: feb }, 'app.yaml hosts[1]': { state: 'current', since: jan, until: feb },
      'app.yaml hosts[2]': { state: 'current', since: jan, until: feb },
    })
    team.edit('app.yaml', 'hosts:\n    - one\n    - five\n    - two\n    - six\n').commitOn(mar)
    // What came to a new place is not what was known.
    expect(Object.entries(await team.tell(team.ci.identity)).map(([key, { state }]) => `${key} ${state}`))
      .toEqual(['app.yaml hosts[0] current', 'app.yaml hosts[1] changed', 'app.yaml hosts[2] current'])
    team.edit('app.yaml', 'hosts:\n    - four\n').commitOn(apr)
    const fewer = await team.tell()
    expect(Object.values(fewer).map(({ state }) => state)).toEqual(['unknown', 'unknown', 'unknown'])
    expect(Object.values(await team.tell(team.ci.identity)).map(({ state }) => state)).toEqual(['changed', 'removed', 'removed'])
  })
})

describe('a history', () => {
  test('with names that are no text, links and a large file is read all the same', async () => {
    using team = new Chronicle().begin(jan, { 'app.yaml': two })
    const name = Buffer.concat([Buffer.from(join(team.root, 'x-')), Buffer.from([0xff, 0xfe])])
    writeFileSync(name, team.read('app.yaml'))
    team.git('config', 'core.protectNTFS', 'false')
    team.commitOn(feb)
    execFileSync('git', ['rm', '--quiet', '-r', '.'], { cwd: team.root })
    team.config(team.withoutBob)
    execFileSync('ln', ['-s', 'elsewhere', join(team.root, 'app.yaml')])
    team.commitOn(mar)
    const told = await team.tell()
    expect(told['app.yaml a']).toMatchObject({ since: jan, until: mar })
  })

  test('that a shallow checkout lacks is fetched beside it, and the checkout stays as it is', async () => {
    using whole = new Chronicle().begin(jan, { 'app.yaml': two }).offboard(feb, 'app.yaml')
    whole.commitOn(mar)
    using team = new Chronicle()
    team.git('fetch', '--quiet', '--depth=1', `file://${whole.root}`, 'main')
    team.git('reset', '--quiet', '--hard', 'FETCH_HEAD')
    Object.assign(team.bob, whole.bob)
    expect(await team.tell()).toEqual({})
    const before = treeOf(join(team.root, '.git'))
    const remote = { url: `file://${whole.root}`, token: 'ghs_x' }
    expect(await team.tell(null, { remote })).toEqual({
      'app.yaml a': { state: 'current', since: jan, until: feb }, 'app.yaml b': { state: 'current', since: jan, until: feb },
    })
    expect(treeOf(join(team.root, '.git'))).toEqual(before)
    expect(readdirSync(team.path).filter((name) => name.startsWith('sops-rekey-history-'))).toEqual([])
    await using open = await team.open({ remote: { url: `file://${whole.root}-not-there`, token: 'ghs_x' } })
    expect(open.history.reach).toEqual({ kind: 'partial', why: expect.stringMatching(/^the checkout is shallow\. .*could not be fetched/) })
  })

  test('of a partial clone is said to be seen in part, and nothing is fetched for it', async () => {
    using whole = new Chronicle().begin(jan, { 'app.yaml': two }).offboard(feb, 'app.yaml')
    whole.git('config', 'uploadpack.allowFilter', 'true')
    using team = new Chronicle()
    Object.assign(team.bob, whole.bob)
    execFileSync('rm', ['-rf', team.root])
    execFileSync('git', ['clone', '--quiet', '--filter=blob:none', `file://${whole.root}`, team.root], { stdio: 'ignore' })
    const before = treeOf(join(team.root, '.git', 'objects'))
    await using open = await team.open()
    expect(open.history.reach).toEqual({ kind: 'partial', why: expect.stringContaining('partial') })
    expect(open.history.base.size).toBe(1)
    expect(treeOf(join(team.root, '.git', 'objects'))).toEqual(before)
  })

  test('of a clone without trees is not seen at all, which is said; nothing is fetched for it either', async () => {
    using whole = new Chronicle().begin(jan, { 'app.yaml': two }).offboard(feb, 'app.yaml')
    whole.git('config', 'uploadpack.allowFilter', 'true')
    using team = new Chronicle()
    execFileSync('rm', ['-rf', team.root])
    execFileSync('git', ['clone', '--quiet', '--filter=tree:0', `file://${whole.root}`, team.root], { stdio: 'ignore' })
    const before = treeOf(join(team.root, '.git', 'objects'))
    await using open = await team.open()
    expect(open.history.reach.kind).toBe('partial')
    expect(treeOf(join(team.root, '.git', 'objects'))).toEqual(before)
  })
})
