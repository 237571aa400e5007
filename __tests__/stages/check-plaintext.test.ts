// Files in the clear under a rule: by what history says of them, and by what lies beside them.
import { describe, expect, test } from '@jest/globals'
import { Renames } from '../../src/model/check/renamed-plaintext.ts'
import { filesWithKey, findPlaintext, onceEncrypted, unencryptedFiles } from '../../src/stages/check-plaintext.ts'
import { openHistory } from '../../src/stages/history.ts'
import { surveyRepository } from '../../src/stages/survey.ts'
import { Chronicle } from '../support/history.ts'

/** `level path (as what it was encrypted)`, each. */
async function found(team: Chronicle, ...globs: readonly string[]): Promise<readonly string[]> {
  const git = team.checkout()
  const survey = await surveyRepository(git, globs)
  const files = await unencryptedFiles(git, survey, globs)
  const renames = new Renames(onceEncrypted(files))
  await using open = await openHistory(git, survey, {
    everything: false, also: onceEncrypted(files), onChange: (...change) => renames.visit(...change), remote: null, temporary: team.path,
  })
  const known = { history: open.history, encryptedAs: renames.encryptedAs(open.history), withKey: await filesWithKey(git) }
  return findPlaintext(git, survey, files, known).map(({ level, path, message }) =>
    [level, path ?? '', ...(/commit (as .*?),/.exec(message) ?? []).slice(1)].join(' '))
}

/** A rule for `regex` alone. */
function under(regex: string): Chronicle {
  const team = new Chronicle()
  team.config(team.everyone)
  team.write('.sops.yaml', team.read('.sops.yaml').replace('  - key_groups', `  - path_regex: ${regex}\n    key_groups`))
  return team
}

test.each(['', 'config/'])('what was encrypted once and is not now is an error, though the rule for %j says nothing of secrets', async (regex) => {
  using team = under(regex)
  for (const path of ['config/db.yaml', 'config/other.yaml', 'config/tls.key', 'config/.env.prod']) team.encrypt(path, 'password: x\n')
  team.write('config/never.txt', 'x')
  team.commitOn('2026-01-10')
  expect(await found(team)).toEqual([])
  team.write('config/db.yaml', 'password: x\n')
  team.commitOn('2026-02-10')
  expect(await found(team)).toEqual(['error config/db.yaml'])
  expect(await found(team, '!config/db.yaml')).toEqual([])
  team.encrypt('config/db.yaml', 'password: x\n')
  for (const path of ['config/tls.key', 'config/.env.prod']) team.write(path, 'x\n')
  team.commitOn('2026-03-10')
  expect(await found(team)).toEqual(['error config/.env.prod', 'error config/tls.key'])
})

test('the odd one out in a folder whose files are encrypted is a warning', async () => {
  using team = under('^prod/')
  for (const name of ['prod/a.yaml', 'prod/b.yaml', 'prod/sub/a.yaml']) team.encrypt(name, 'password: x\n')
  team.write('prod/c.yaml', 'password: x\n')
  // Not of the same folder, not a format of secrets, a manifest that holds none, and one of as many as are encrypted.
  team.write('prod/other/c.yaml', 'password: x\n')
  team.write('prod/page.html', 'password: x\n')
  team.write('prod/README.md', 'password: x\n')
  team.write('prod/sub/values.yaml', 'password: x\n')
  team.commitOn('2026-01-10')
  expect(await found(team)).toEqual(['warning prod/c.yaml'])
  team.write('prod/c.yaml', 'apiVersion: v1\nkind: Service\n')
  team.commitOn('2026-01-11')
  expect(await found(team)).toEqual([])
})

test('no file is odd under a rule that is for every file', async () => {
  using team = under('')
  for (const name of ['a.yaml', 'b.yaml']) team.encrypt(name, 'password: x\n')
  team.write('c.yaml', 'password: x\n')
  team.commitOn('2026-01-10')
  expect(await found(team)).toEqual([])
})

test.each(['', String.raw`.*\.yaml$`])('a Secret of Kubernetes is a warning under a rule for the values of Secrets, though %j says nothing of secrets', async (regex) => {
  using team = under(regex)
  team.write('.sops.yaml', team.read('.sops.yaml').replace('    key_groups', '    encrypted_regex: ^(data|stringData)$\n    key_groups'))
  const manifest = 'apiVersion: v1\nkind: Secret\nstringData:\n    a: b\n'
  team.write('apps/secret.yaml', manifest)
  team.write('apps/map.yaml', manifest.replace('Secret', 'ConfigMap'))
  team.write('examples/secret.yaml', manifest)
  team.encrypt('apps/encrypted.yaml', manifest)
  team.commitOn('2026-01-10')
  expect(await found(team)).toEqual(['warning apps/secret.yaml'])
  team.write('.sops.yaml', team.read('.sops.yaml').replace('data|stringData', 'token'))
  team.commitOn('2026-01-11')
  expect(await found(team)).toEqual([])
})

const text = 'password: hunter2\nuser: web\nport: 5432\n'
/** No text. */
const whole = Buffer.from([0x61, 0xff, 0xfe, 0x80, 0x0a])

describe('what was encrypted under another name is an error', () => {
  test.each<[string, (team: Chronicle) => void, string]>([
    ['as it was decrypted', (team) => team.move('config/db.yaml', 'config/new.yaml').write('config/new.yaml', text), 'config/db.yaml'],
    ['where a value has changed since', (team) => team.move('config/db.yaml', 'config/new.yaml').write('config/new.yaml', text.replace('hunter2', 'correct horse')), 'config/db.yaml'],
    ['as a whole', (team) => team.move('config/tool.conf', 'config/new.cfg').write('config/new.cfg', whole), 'config/tool.conf'],
  ])('%s', async (_, change, before) => {
    using team = under('config/')
    team.encrypt('config/db.yaml', text)
    team.encrypt('config/tool.conf', whole)
    team.commitOn('2026-01-10')
    change(team)
    team.commitOn('2026-02-10')
    const [path = ''] = team.git('diff', '--name-only', '--diff-filter=A', '--no-renames', 'HEAD~1').split('\n')
    expect(await found(team)).toEqual([`error ${path} as ${before}`])
    // What came as it went, and is not the same.
    team.write(path, `other: text\n${'x'.repeat(40)}: y\n`)
    team.commitOn('2026-02-11')
    expect(await found(team)).toEqual([])
  })

  test('also where it was decrypted first and moved later, twice, and changed in between', async () => {
    using team = under('config/')
    team.encrypt('config/db.yaml', text)
    team.commitOn('2026-01-10')
    team.write('config/db.yaml', 'other: 1\n')
    team.commitOn('2026-01-11')
    team.move('config/db.yaml', 'config/second.yaml').commitOn('2026-01-12')
    team.write('config/second.yaml', 'apiVersion: v1\nkind: ConfigMap\ndata: {other: 2}\n')
    team.commitOn('2026-01-13')
    team.move('config/second.yaml', 'elsewhere/third.yaml').commitOn('2026-01-14')
    expect(await found(team)).toEqual([])
    team.move('elsewhere/third.yaml', 'config/third.yaml').commitOn('2026-01-15')
    expect(await found(team)).toEqual(['error config/third.yaml as config/db.yaml'])
    team.write('config/third.yaml', '# nothing is left\n')
    team.commitOn('2026-01-16')
    expect(await found(team)).toEqual([])
  })

  test('but not what has other values, or lacks one, or only came with others when it went', async () => {
    using team = under('config/')
    team.encrypt('config/db.yaml', text)
    team.commitOn('2026-01-10')
    team.move('config/db.yaml', 'config/a.yaml').write('config/a.yaml', text.replace('hunter2', 'x').replace('web', 'mail'))
    team.write('config/b.yaml', 'password: hunter2\nuser: web\n')
    team.write('config/c.yaml', 'replicas: 3\n')
    team.commitOn('2026-02-10')
    expect(await found(team)).toEqual([])
  })
})

test('a private key is an error under whatever rule is not for every file', async () => {
  const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz\n-----END OPENSSH PRIVATE KEY-----\n'
  using team = under('^deploy/')
  for (const path of ['deploy/deploy_key', 'deploy/README.md', 'examples/key', 'other/deploy_key']) team.write(path, key)
  team.write('deploy/make.sh', 'head -1 key | grep -q "BEGIN OPENSSH PRIVATE KEY-----"\n')
  team.commitOn('2026-01-10')
  expect(await found(team)).toEqual(['error deploy/deploy_key'])
  team.write('.sops.yaml', team.read('.sops.yaml').replace(/ {2}- path_regex: .*\n {4}/, '  - '))
  team.commitOn('2026-01-11')
  expect(await found(team)).toEqual([])
})

test('what is called after secrets is an error where it has one, or where all beside it are encrypted', async () => {
  using team = under(String.raw`^[a-z]+/.*\.(env|yaml)$`)
  team.encrypt('a/db.env', 'A=x\n')
  team.write('a/.env', 'LEVEL=debug\n')
  team.encrypt('b/db.yaml', 'a: x\n')
  team.write('b/other.yaml', 'a: x\n')
  team.write('c/.env', 'LEVEL=debug\n')
  team.write('d/.env', 'LEVEL=debug\nAPI_TOKEN=abcdef\n')
  team.write('d/other.env', 'API_TOKEN=${TOKEN}\n')
  team.commitOn('2026-01-10')
  expect(await found(team)).toEqual(['error a/.env', 'warning c/.env', 'error d/.env', 'warning d/other.env'])
  team.write('a/more.yaml', 'a: x\n')
  team.commitOn('2026-01-11')
  expect(await found(team)).toEqual(['warning a/.env', 'warning c/.env', 'error d/.env', 'warning d/other.env'])
})

test('a manifest that is no Secret is none, whatever it is called, unless its name says that it is encrypted; so with what GitHub reads', async () => {
  const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz\n-----END OPENSSH PRIVATE KEY-----\n'
  using team = under(String.raw`\.enc\.yaml$|secrets\.yaml$`)
  const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n'
  const files = { 'a.enc.yaml': manifest, 'a/secrets.yaml': manifest, 'b/secrets.yaml': '{}\n', '.github/workflows/secrets.yaml': 'on: push\n', '.github/secrets.yaml': key }
  for (const [path, content] of Object.entries(files)) team.write(path, content)
  team.commitOn('2026-01-10')
  expect(await found(team)).toEqual(['error .github/secrets.yaml', 'error a.enc.yaml'])
})
