// Whatever a file is called, it is worked on as any other, and its name says nothing to the runner, to sops or to git.
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import { runAction } from '../support/action.ts'
import { Team } from '../support/team.ts'
import { canary, expectNothingLeaked, expectNothingLeft, refusalOf } from '../support/unchanged.ts'

const names = [
  'with spaces .yaml', ' leading.yaml', 'line\nbreak.yaml', 'carriage\rreturn.yaml', 'tab\there.yaml', 'back`tick`.yaml',
  '"double" and \'single\'.yaml', 'caf\u00e9.yaml', 'cafe\u0301.yaml', 'right\u202eto-left.yaml', '--version.enc.yaml', '-n.yaml',
  '--/-.yaml', '$(touch ran);`touch ran`.yaml', '::set-output name=x::y.yaml', 'x\n::error::not ours.yaml',
  '\r::warning::nor this.yaml', '##[error]x.yaml', '::add-mask::a.yaml', 'a|b.yaml', '<img src=x>.yaml', '@everyone #1.yaml',
  '[link](example.com).yaml', '*.yaml', '[ab].yaml', '?.yaml', '\\.yaml', '%0A::error::.yaml', ':(top)x.yaml', '!x.yaml',
  `${'n'.repeat(240)}-1.yaml`, `${'n'.repeat(240)}-2.yaml`, `${'秘'.repeat(83)}.yaml`, 'HEAD', 'a/.sops.yaml.yaml', '#x.yaml',
  'Syncing keys for file app.yaml', 'x\n2026/01/01 00:00:00 Syncing keys for file y.yaml',
  '.sops-rekey-probe.json', '.sops-rekey-splice/app.yaml',
]

function repositoryOf(all: readonly string[]): Team {
  const team = new Team()
  const { alice, bob, ci } = team
  team.config({ alice, bob, ci })
  // JSON is YAML as well, and a key may be anything.
  for (const path of ['app.yaml', 'app.key', 'app.json']) team.encrypt(path, `{"a": "${canary}"}\n`)
  for (const path of all) team.write(path, team.read(`app.${/\.(yaml|json)$/.exec(path)?.[1] ?? 'key'}`))
  team.commit()
  return team
}

describe('files with strange names', () => {
  test('lose bob as any other, and are named in the report as they are', async () => {
    using team = repositoryOf(names)
    const run = await runAction(team, { 'removed-recipient': 'bob' })
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
    const all = [...names, 'app.yaml', 'app.key', 'app.json']
    expect(run.report?.files.map(({ path }) => path).sort()).toEqual([...all].sort())
    expect(run.report?.files.every(({ action, verified }) => action === 'updated+rotated' && verified)).toBe(true)
    for (const path of all) expect(team.read(path)).not.toContain(team.bob.recipient)
    for (const path of names.slice(0, 12)) expect(team.readersOf(path, { alice: team.alice, bob: team.bob })).toEqual(['alice'])
    // Nothing but these files and the config, and nothing that is new.
    const changed = team.git('diff', '--name-status', '-z').split('\0').filter((_, at) => at % 2 === 1)
    expect(changed.sort()).toEqual([...all, '.sops.yaml'].sort())
    expect(team.git('ls-files', '--others')).toBe('')
    expectNothingLeft(run)
    expectNothingLeaked(run)
  })

  test('that start with a dash are no options, where they come first as well', async () => {
    using team = repositoryOf(['--version.enc.yaml', '-i.yaml'])
    const run = await runAction(team, { 'removed-recipient': 'bob' })
    expect(run.exitCode).toBe(0)
    for (const path of ['--version.enc.yaml', '-i.yaml']) expect(team.read(path)).not.toContain(team.bob.recipient)
  })

  test('cannot forge a line of the log where they are what is wrong', async () => {
    using team = repositoryOf(names)
    const half = team.read('app.yaml').split('\nsops:')[0] ?? ''
    for (const path of names.filter((name) => name.endsWith('.yaml'))) team.write(path, half)
    const uncommitted = await refusalOf(team, { 'removed-recipient': 'bob' })
    expect(uncommitted.sentence).toContain('Not committed: ')
    expect(uncommitted.sentence).toContain('\\r\\x3a:warning::nor this.yaml')
    expect(uncommitted.sentence.split('\n')).toHaveLength(1)
    team.commit()
    const damaged = await refusalOf(team, { 'removed-recipient': 'bob' })
    expect(damaged.sentence).toMatch(/^Nothing was changed, because .* and \d+ more: it has encrypted values but no sops metadata\./)
    expect(damaged.sentence).not.toMatch(/[\n\r\u202e]/)
  })

  test('cannot forge one where sops or a link is what they are about', async () => {
    using team = repositoryOf([])
    const forged = 'x\n::error::y\n2026/01/01 00:00:00 File x synced with new keys.yaml'
    team.write(forged, team.read('app.yaml').replace(/^a: .*\n/m, ''))
    team.commit()
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'bob' })
    expect(sentence).toContain('x\\n::error::y\\n2026/01/01 00:00:00 File x synced with new keys.yaml: its MAC does not match')
  })

  test('in an encoding of their own are refused', async () => {
    using team = repositoryOf([])
    const blob = team.git('rev-parse', 'HEAD:app.yaml')
    const entry = Buffer.concat([Buffer.from(`100644 blob ${blob}\tlatin-`), Buffer.from([0xe9]), Buffer.from('.yaml\0')])
    const tree = execFileSync('git', ['mktree', '-z'], { cwd: team.root, input: entry, encoding: 'utf8' }).trim()
    team.git('reset', '--quiet', '--hard', team.git('commit-tree', '-m', 'x', tree))
    const { sentence } = await refusalOf(team, { 'removed-recipient': team.bob.recipient })
    expect(sentence).toMatch(/A tracked file has a name that is not UTF-8.*: latin-.\.yaml\./)
    expect(sentence).toContain('Rename it.')
  })
})
