// Ways in which someone who leaves could stay a reader unseen. Each must end with him out, or with a run that fails.
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parse, parseDocument } from 'yaml'
import type { YAMLSeq } from 'yaml'
import type { ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import { startKmsServer } from '../support/kms-server.ts'
import { Team } from '../support/team.ts'
import { annotations, canary, refusalOf } from '../support/unchanged.ts'

const secret = `password: ${canary}\nother: x\n`
const removeBob = async (team: Team): Promise<ActionRun> => await runAction(team, { 'removed-recipient': 'bob' })

/** Everybody reads `app.yaml` and `app.json`. */
function teamOfThree(): Team {
  const team = new Team()
  team.config({ alice: team.alice, bob: team.bob, ci: team.ci })
  team.encrypt('app.yaml', secret)
  team.encrypt('app.json', JSON.stringify({ password: canary }))
  team.commit()
  return team
}

type Metadata = Record<string, unknown> & { age: { recipient: string }[] }

/** Rewrites the `sops` block of `app.json`, which no MAC protects. */
function rewrite(team: Team, change: (sops: Metadata) => unknown): void {
  const file = JSON.parse(team.read('app.json')) as { sops: Metadata }
  team.write('app.json', JSON.stringify({ ...file, sops: change(file.sops) }, null, 2))
  team.commit('chore: tidy up')
}

describe('metadata that names other readers than sops reads', () => {
  test('key groups beside keys', async () => {
    using team = teamOfThree()
    rewrite(team, (sops) => ({ ...sops, key_groups: [{ age: sops.age.filter(({ recipient }) => recipient !== team.bob.recipient) }] }))
    expect(team.readersOf('app.json', { bob: team.bob })).toEqual(['bob'])
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'bob' })
    expect(sentence).toContain('app.json: sops has both key_groups and keys beside them')
  })

  test('a second name in other letters', async () => {
    using team = teamOfThree()
    rewrite(team, ({ age, ...sops }) => ({ ...sops, age: age.filter(({ recipient }) => recipient !== team.bob.recipient), Age: age }))
    const read = team.readersOf('app.json', { bob: team.bob }).length > 0
    const run = await removeBob(team)
    // It depends on the version whether sops reads that name. Where it does, the run is refused.
    expect(run.exitCode).toBe(read ? 1 : 0)
    if (read) expect(annotations(run, 'error')).toEqual([expect.stringContaining('app.json: sops reads other recipients from it')])
    else expect(team.readersOf('app.json', { bob: team.bob })).toEqual([])
  })

  test('text in UTF-16', async () => {
    using team = teamOfThree()
    team.write('app.yaml', Buffer.from(`\u{feff}${team.read('app.yaml')}`, 'utf16le'))
    team.commit('chore: saved by an editor')
    expect(team.readersOf('app.yaml', { bob: team.bob })).toEqual(['bob'])
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'bob' })
    expect(sentence).toContain('app.yaml: it is written in UTF-16')
  })

  test('values written with escapes', async () => {
    using team = teamOfThree()
    team.write('app.json', team.read('app.json').replaceAll('ENC[', '\\u0045NC['))
    team.commit('chore: tidy up')
    expect(team.readersOf('app.json', { bob: team.bob })).toEqual(['bob'])
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'bob' })
    expect(sentence).toContain('app.json: its values are written with escapes')
  })
})

describe('a file that only sops takes for encrypted', () => {
  const escaped = (text: string): string => text.replaceAll('ENC[', '\\u0045NC[')
  test.each<[string, string, (team: Team) => string | Buffer, string]>([
    ['JSON with escapes in all that could be looked for', 'app.json', (team) => escaped(team.read('app.json')).replace('"sops"', '"s\\u006fps"'), 'json'],
    ['YAML with escapes', 'app.yaml',
      (team) => team.read('app.yaml').replace(/(: )(ENC\[.*)$/gm, '$1"$2"').replaceAll('"ENC[', '"\\x45NC[').replace(/^sops:/m, '"\\x73ops":'), 'yaml'],
    ['YAML with a key of its own line, under another name', 'notes.txt', (team) => team.read('app.yaml').replace(/^sops:\n/m, '? sops\n:\n'), 'yaml'],
    ['UTF-16 with escapes', 'app.yaml',
      (team) => Buffer.from(`\u{feff}${team.read('app.yaml').replace(/^sops:/m, '"\\x73ops":')}`, 'utf16le'), 'yaml'],
  ])('%s', async (_, path, write, expected) => {
    using team = teamOfThree()
    team.write(path, write(team))
    team.commit('chore: tidy up')
    const type = path.endsWith('.txt') ? ['--input-type', 'yaml', '--output-type', 'yaml'] : []
    expect(team.readersOf(path, { bob: team.bob }, ...type)).toEqual(['bob'])
    for (const inputs of [{ 'removed-recipient': 'bob' }, { 'dry-run': 'true' }]) {
      const { sentence } = await refusalOf(team, inputs)
      expect(sentence).toContain(`${path}: `)
      expect(sentence).toMatch(new RegExp(`${expected}|no sops metadata`))
    }
  })

  test('a page with an example is not one, and stops nobody', async () => {
    using team = teamOfThree()
    team.write('README.md', `# How to\n\n~~~yaml\n${team.read('app.yaml')}~~~\n`)
    team.write('notes.txt', 'sops is what we use: `\\u0073ops`\n')
    team.commit()
    const run = await removeBob(team)
    expect(run.exitCode === 0 ? '' : run.log).toBe('')
    expect(run.report?.files.map(({ path }) => path)).toEqual(['app.json', 'app.yaml'])
  })

  test.each(['x/.sops.yaml', '.sops-owners.yaml'])('that is called like a config: %s', async (path) => {
    using team = teamOfThree()
    team.write(path, team.read('app.yaml'))
    team.commit()
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'bob' })
    expect(sentence).toContain(`${path} is encrypted with sops`)
  })

  test('that Git LFS keeps elsewhere, where a rule names its path', async () => {
    using team = teamOfThree()
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12\n`
    team.write('secrets/big.yaml', pointer)
    team.write('film.mp4', pointer)
    team.write('.sops.yaml', team.read('.sops.yaml').replace('  - key_groups:', '  - path_regex: ^(secrets/|app)\n    key_groups:'))
    team.commit()
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'bob' })
    expect(sentence).toContain('secrets/big.yaml: it is a pointer of Git LFS')
    expect(sentence).not.toContain('film.mp4')
  })
})

describe('an earlier offboarding that ran updatekeys and forgot to rotate', () => {
  /** The team after it, and the file as bob kept it. */
  function halfDone(): { readonly team: Team; readonly kept: string } {
    const team = teamOfThree()
    const kept = team.read('app.yaml')
    const config = team.read('.sops.yaml')
    team.config({ alice: team.alice, ci: team.ci })
    expect(team.sops(['updatekeys', '--yes', 'app.yaml']).exitCode).toBe(0)
    team.write('.sops.yaml', config)
    team.commit('chore: remove bob')
    return { team, kept }
  }

  test('is finished: the data key he once had is replaced', async () => {
    const { team, kept } = halfDone()
    using repository = team
    const run = await removeBob(team)
    expect(run.exitCode === 0 ? '' : run.log).toBe('')
    expect(run.report?.files.find(({ path }) => path === 'app.yaml')).toMatchObject({
      action: 'rotated', dataKey: 'new', reason: expect.stringContaining('was wrapped for the removed recipient until'),
    })
    const spliced = parseDocument(repository.read('app.yaml'))
    const stanza = (parse(kept) as { sops: Metadata }).sops.age.find(({ recipient }) => recipient === team.bob.recipient)
    const keys = spliced.getIn(['sops', 'age']) as YAMLSeq
    keys.items.unshift(spliced.createNode(stanza))
    team.write('spliced.yaml', spliced.toString({ lineWidth: 0 }))
    expect(team.decrypt('spliced.yaml', { SOPS_AGE_KEY: team.bob.identity }).exitCode).toBe(25)
  })

  test('is said by the check and finished by a run that names nobody, where the owners file records him as removed', async () => {
    const { team } = halfDone()
    using repository = team
    const { alice, bob, ci } = team
    repository.config({ alice, ci })
    repository.write('.sops-owners.yaml', `owners: {}\nremoved:\n  - owner: bob\n    recipient: ${bob.recipient}\n    date: 2026-05-01\n`)
    repository.commit()
    const checked = await runAction(repository, { job: 'check', policy: 'off' })
    expect(checked.report?.findings.filter(({ code }) => code === 'data-key-held')).toEqual([expect.objectContaining({
      level: 'warning', path: 'app.yaml', message: expect.stringMatching(/^bob, recorded as removed on 2026-05-01 \(\.sops-owners\.yaml:3\), still has its data key, .*updatekeys alone does not revoke; rotate$/),
    })])
    const run = await runAction(repository, { policy: 'off' })
    expect(run.exitCode === 0 ? '' : run.log).toBe('')
    expect(run.report?.files.find(({ path }) => path === 'app.yaml')).toMatchObject({
      action: 'rotated', dataKey: 'new', reason: expect.stringMatching(/ for bob, recorded as removed on 2026-05-01, /),
    })
  })

  test('is not told from a shallow checkout, which is said', async () => {
    const { team } = halfDone()
    using repository = team
    repository.git('fetch', '--quiet', '--depth', '1', `file://${team.root}`, 'main')
    repository.git('reset', '--quiet', '--hard', 'FETCH_HEAD')
    const shallow = join(team.path, 'shallow')
    repository.git('clone', '--quiet', '--depth', '1', `file://${team.root}`, shallow)
    renameSync(team.root, join(team.path, 'whole'))
    renameSync(shallow, team.root)
    const run = await removeBob(team)
    expect(run.exitCode === 0 ? '' : run.log).toBe('')
    expect(annotations(run, 'warning')[0]).toContain('the checkout is shallow')
  })
})

test('a KMS key with an encryption context of several pairs is a recipient as any other', async () => {
  await using kms = await startKmsServer()
  using team = new Team()
  team.credentials = kms.environment()
  team.write('.sops.yaml', `creation_rules:
  - key_groups:
      - kms:
          - arn: ${kms.createKey()}
            context:
              App: web shop
              Env: prod
        age:
          - ${team.alice.recipient} # alice
          - ${team.bob.recipient} # bob
`)
  await team.encryptMeanwhile('app.yaml', secret)
  team.commit()
  const run = await removeBob(team)
  expect(run.exitCode === 0 ? '' : run.log).toBe('')
  expect(team.readersOf('app.yaml', { alice: team.alice, bob: team.bob })).toEqual(['alice'])
})

test('a config that governs no file yet loses him too', async () => {
  using team = new Team()
  team.config({ alice: team.alice, bob: team.bob, ci: team.ci })
  team.commit()
  const run = await removeBob(team)
  expect(run.exitCode === 0 ? '' : run.log).toBe('')
  expect(team.read('.sops.yaml')).not.toContain('bob')
})
