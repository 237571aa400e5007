// Files in the clear under a rule: by what history says of them, and by what lies beside them.
import { expect, test } from '@jest/globals'
import { findPlaintext, onceEncrypted, unencryptedFiles } from '../../src/stages/check-plaintext.ts'
import { openHistory } from '../../src/stages/history.ts'
import { surveyRepository } from '../../src/stages/survey.ts'
import { Chronicle } from '../support/history.ts'

/** `level path`, each. */
async function found(team: Chronicle, ...globs: readonly string[]): Promise<readonly string[]> {
  const git = team.checkout()
  const survey = await surveyRepository(git, globs)
  const files = await unencryptedFiles(git, survey, globs)
  await using open = await openHistory(git, survey, { everything: false, also: onceEncrypted(files), remote: null, temporary: team.path })
  return findPlaintext(git, survey, files, open.history).map(({ level, path }) => `${level} ${path ?? ''}`)
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
  for (const path of ['config/db.yaml', 'config/other.yaml']) team.encrypt(path, 'password: x\n')
  team.write('config/never.txt', 'x')
  team.commitOn('2026-01-10')
  expect(await found(team)).toEqual([])
  team.write('config/db.yaml', 'password: x\n')
  team.commitOn('2026-02-10')
  expect(await found(team)).toEqual(['error config/db.yaml'])
  expect(await found(team, '!config/db.yaml')).toEqual([])
  team.encrypt('config/db.yaml', 'password: x\n')
  team.commitOn('2026-03-10')
  expect(await found(team)).toEqual([])
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
