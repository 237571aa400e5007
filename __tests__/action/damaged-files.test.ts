// A file that is not whole stops the run before anything is changed, also where only sops can tell.
import { describe, expect, test } from '@jest/globals'
import { runAction } from '../support/action.ts'
import { Team } from '../support/team.ts'
import { canary, refusalOf } from '../support/unchanged.ts'

const plain: Readonly<Record<string, string>> = {
  'app.yaml': `db:\n  user: ${canary}-u\n  password: ${canary}-p\nhosts:\n  - ${canary}-1\n  - ${canary}-2\nport: 5432\n`,
  'app.json': JSON.stringify({ db: { user: `${canary}-u`, password: `${canary}-p` } }),
  'app.env': `USER=${canary}-u\nPASSWORD=${canary}-p\n`,
  'app.ini': `[db]\nuser = ${canary}-u\npassword = ${canary}-p\n`,
  'app.key': `${canary}\n`,
}

/** A repository with `files` of `plain`, encrypted to alice, bob and the runner. */
function repositoryOf(...files: readonly string[]): Team {
  const team = new Team()
  const { alice, bob, ci } = team
  team.config({ alice, bob, ci })
  for (const path of files) team.encrypt(path, plain[path] ?? '')
  team.commit()
  return team
}

/** The lines of `text` whose values `first` and `second` name, with these values exchanged. */
function exchange(text: string, first: RegExp, second: RegExp): string {
  const [, one = ''] = first.exec(text) ?? []
  const [, other = ''] = second.exec(text) ?? []
  expect([one, other]).not.toContain('')
  return text.replace(one, '\0').replace(other, one).replace('\0', other)
}

describe('a tampered file', () => {
  const tampered: readonly (readonly [string, string, (text: string) => string, RegExp])[] = [
    ['a line is gone', 'app.yaml',
      (text) => text.replace(/^ {4}user: .*\n/m, ''), /app\.yaml: its MAC does not match its values; .*\. Restore it/],
    ['a value that is not encrypted was changed', 'app.ini',
      (text) => text.replace(/^user( *)= .*$/m, 'user$1= mallory'), /app\.ini: /],
    ['two items of a list changed places', 'app.yaml',
      (text) => exchange(text, /^ +- (ENC.*)\n/m, /^ +- ENC.*\n +- (ENC.*)$/m), /app\.yaml: its MAC does not match/],
    ['two values of a kind changed places', 'app.yaml',
      (text) => exchange(text, /user: (.*)/, /password: (.*)/), /app\.yaml: a value does not belong to its data key/],
    ['the same in JSON', 'app.json',
      (text) => exchange(text, /"user": "(.*)"/, /"password": "(.*)"/), /app\.json: a value does not belong/],
    ['a line of ENV is gone', 'app.env', (text) => text.replace(/^USER=.*\n/m, ''), /app\.env: its MAC does not match/],
    ['the MAC is that of nothing', 'app.key', (text) => text.replace(/("mac": "ENC\[AES256_GCM,data:)./, '$1_'), /app\.key: /],
  ]
  test.each(tampered)('%s: %s', async (_, path, tamper, expected) => {
    using team = repositoryOf(path)
    team.write(path, tamper(team.read(path)))
    team.commit()
    const { sentence, run } = await refusalOf(team, { 'removed-recipient': 'bob' })
    expect(sentence).toMatch(expected)
    expect(run.report?.files.find((file) => file.path === path)).toMatchObject({ action: 'failed', verified: false })
  })
})

describe('what sops quotes of a file that it cannot take', () => {
  const [someValue, itsOwn] = [/(ENC\[AES256_GCM,data:[^,]*,iv:[^,]*,tag:[^,]*,type:)str\]/, /ENC\[AES256_GCM,[^\]]*\]/]
  const quoted: readonly (readonly [string, string, (text: string) => string, string])[] = [
    ...[...Object.keys(plain).map((path) => [path, 'int'] as const), ...['float', 'bool', 'bytes', 'time'].map((type) => ['app.yaml', type] as const)]
      .map(([path, type]) => [`${path} with its first value called ${type}`, path, (text: string) => text.replace(someValue, `$1${type}]`), `${path}: `] as const),
    ...['app.yaml', 'app.json', 'app.env', 'app.ini'].map((path) =>
      [`${path} with a value in the clear`, path, (text: string) => text.replace(itsOwn, `${canary}-clear`), 'stands in the clear'] as const),
    ['an INI line without its name', 'app.ini', (text) => text.replace('[db]\n', `[db]\n${canary}-line\n`), 'app.ini: '],
    ['an INI section that is not closed', 'app.ini', (text) => `[${canary}\n${text}`, 'app.ini: '],
    ['an ENV line without its name', 'app.env', (text) => `${text}${canary}-line\n`, 'is no NAME=value'],
    ['a YAML value of two parts', 'app.yaml', (text) => text.replace(itsOwn, `${canary}: x`), 'it is no YAML at line 2'],
    ['a YAML alias', 'app.yaml', (text) => `z: *${canary}\n${text}`, 'it is no YAML that sops takes'],
    ['a time that is none', 'app.yaml', (text) => text.replace(/(lastmodified: ").*"/, `$1${canary}"`), 'that is no time'],
  ]
  test.each(quoted)('is not passed on: %s', async (_, path, damage, expected) => {
    using team = repositoryOf(path)
    team.write(path, damage(team.read(path)))
    team.commit()
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'bob' })
    expect(sentence).toContain(`${path}: `)
    expect(sentence).toContain(expected)
  })
})

describe('a file that is cut off', () => {
  test.each(Object.keys(plain))('anywhere behind its first value: %s', async (path) => {
    using team = repositoryOf(path)
    const whole = team.read(path)
    const first = whole.indexOf('ENC[AES256_GCM,data:') + 'ENC[AES256_GCM,data:'.length
    // A line break at the end is nobody's loss, nor are the last figures of the version.
    const mac = path.endsWith('.env') || path.endsWith('.ini') ? whole.search(/^(?:sops_)?mac\s*=/m) : whole.length
    const last = Math.min(whole.length - 3, mac + 60)
    const places = Array.from({ length: 3 }, (_, at) => first + Math.floor(((last - first) * at) / 2))
    for (const place of places) {
      team.write(path, whole.slice(0, place))
      team.commit()
      const { sentence } = await refusalOf(team, { 'removed-recipient': team.bob.recipient })
      expect(sentence).toContain(path)
    }
  })
})

test('a file that is cut off before its first value is said by history', async () => {
  using team = repositoryOf('app.yaml', 'app.key')
  team.write('app.key', team.read('app.key').slice(0, 20))
  team.commit()
  const run = await runAction(team, { 'removed-recipient': 'bob' })
  expect(run.exitCode === 0 ? '' : run.log).toBe('')
  expect(run.report?.findings).toContainEqual(expect.objectContaining({ code: 'no-longer-encrypted', level: 'warning', path: 'app.key' }))
  expect(run.summary).toMatch(/Look at this first:[^]*it was encrypted at an earlier commit/)
})

describe('a file with', () => {
  test.each(['app.yaml', 'app.json', 'app.env', 'app.ini'])('the marks of a merge conflict: %s', async (path) => {
    using team = repositoryOf(path)
    const ours = team.read(path)
    expect(team.sops(['rotate', '--in-place', path]).exitCode).toBe(0)
    const [lines, theirs] = [ours.split('\n'), team.read(path).split('\n')]
    const mac = lines.findIndex((line) => /^\W*(?:sops_)?mac\W/.test(line))
    const other = theirs.findIndex((line) => /^\W*(?:sops_)?mac\W/.test(line))
    expect(mac * other).toBeGreaterThan(0)
    lines.splice(mac, 1, '<<<<<<< HEAD', lines[mac] ?? '', '=======', theirs[other] ?? '', '>>>>>>> feature')
    team.write(path, lines.join('\n'))
    team.commit()
    const { sentence } = await refusalOf(team, { 'removed-recipient': team.bob.recipient })
    expect(sentence).toContain(`${path}: `)
  })

  const unreadable: readonly (readonly [string, string, (text: string) => string, string])[] = [
    ['line ends that sops does not know', 'app.env',
      (text) => text.replaceAll('\n', '\r\n'), 'lines end in CRLF, which sops cannot read in ENV files'],
    ['a byte order mark', 'app.json',
      (text) => `\u{feff}${text}`, 'app.json: it starts with a byte order mark, which sops cannot read'],
    ['a quote that is not closed', 'app.yaml',
      (text) => `note: "\n${text}`, 'it is no YAML at line '],
    ['a comma too many', 'app.json', (text) => text.replace('{', '{,'), 'app.json: it is not readable as json'],
    ['a line that is none', 'app.env', (text) => `${text}what is this\n`, 'is no NAME=value'],
    ['values, but without its metadata', 'app.yaml',
      (text) => text.slice(0, text.indexOf('\nsops:')), 'app.yaml: it has encrypted values but no sops metadata'],
    ['no recipient', 'app.yaml',
      (text) => text.replace(/^ {4}age:\n(?: {8}.*\n)+/m, '    age: []\n'), 'app.yaml: sops names no recipient'],
  ]
  test.each(unreadable)('%s: %s', async (_, path, damage, expected) => {
    using team = repositoryOf(path)
    team.write(path, damage(team.read(path)))
    team.commit()
    team.credentials = {}
    const { sentence, run } = await refusalOf(team, { 'removed-recipient': team.bob.recipient })
    expect(sentence).toContain(`Nothing was changed, because ${path}: `)
    expect(sentence).toContain(expected)
    expect(run.report).toMatchObject({ outcome: 'refused', files: [{ path, action: 'failed' }] })
  })
})

test('one damaged file among ten good ones stops all, by its text or by its MAC', async () => {
  using team = repositoryOf('app.yaml')
  const good = team.read('app.yaml')
  for (let at = 0; at < 10; at += 1) team.write(`file-${at}.yaml`, good)
  team.write('file-4x.yaml', good.slice(0, good.indexOf('\nsops:')))
  team.commit()
  const text = await refusalOf(team, { 'removed-recipient': 'bob' })
  expect(text.sentence).toBe('Nothing was changed, because file-4x.yaml: it has encrypted values but no sops metadata. '
    + 'Mend it, or leave it out with a line `!path` in `files`.')

  team.write('file-4x.yaml', good.replace(/^ {4}user: .*\n/m, ''))
  team.commit()
  const mac = await refusalOf(team, { 'removed-recipient': 'bob' })
  expect(mac.sentence).toContain('file-4x.yaml: its MAC does not match its values')
  expect(mac.run.report?.files.map(({ action }) => action).sort()).toEqual(['failed', ...Array<string>(11).fill('unchanged')])
  expect(mac.run.log).not.toContain('::group::Verify')
})
