// After bob has left: what he still knows, run by run, also when his name stands nowhere any more.
import { describe, expect, test } from '@jest/globals'
import { shortForm } from '../../src/model/recipient.ts'
import { runAction } from '../support/action.ts'
import type { ActionRun } from '../support/action.ts'
import { makeAgeKey } from '../support/age-key.ts'
import { Chronicle } from '../support/history.ts'
import { canary, expectNothingLeaked, expectNothingLeft, refusalOf, runUnchanged } from '../support/unchanged.ts'

const states = ({ report }: ActionRun): Readonly<Record<string, string>> =>
  Object.fromEntries(report?.exposure.map(({ file, key, state, readBy }) => [`${file} ${key}`, `${state} ${readBy.join()}`]) ?? [])

/** Bob is gone by a run of the action, and one of the two values he knew is changed. */
async function left(): Promise<Chronicle> {
  const team = new Chronicle().begin('2026-01-10', { 'app.yaml': `a: ${canary}-a\nb: ${canary}-b\n` })
  const run = await runAction(team, { 'removed-recipient': 'bob' })
  expect(run.exitCode === 0 ? '' : run.log).toBe('')
  expect(states(run)).toEqual({ 'app.yaml a': 'current bob', 'app.yaml b': 'current bob' })
  team.commitOn('2026-02-10')
  team.set('app.yaml', '["b"]', `${canary}-c`).commitOn('2026-03-10')
  return team
}

test.each([
  ['an alias to nothing', 'z: *::error::nope\n'],
  ['an alias to itself', 'z: &z [*z]\n'],
  ['aliases beyond count', `z: &z x\ny: [${'*z, '.repeat(300)}]\n`],
  ['a list for a name', '? ["::error::forged ##[error]forged"]\n: x\n'],
])('an earlier version with %s stops no run, and is counted', async (_, line) => {
  using team = new Chronicle().begin('2026-01-10', { 'app.yaml': `a: ${canary}-a\n` })
  const text = team.read('app.yaml')
  team.write('app.yaml', line + text)
  team.commitOn('2026-01-11')
  team.write('app.yaml', text)
  team.commitOn('2026-01-12')
  const run = await runAction(team, { 'removed-recipient': 'bob' })
  expect(run.exitCode === 0 ? '' : run.log).toBe('')
  expect(states(run)).toEqual({ 'app.yaml a': 'current bob' })
  expect(run.log).not.toMatch(/forged|nope/)
  expect(run.report?.findings.filter(({ code }) => code === 'history-partial')).toHaveLength(line.startsWith('?') ? 0 : 1)
})

describe('a second run for bob', () => {
  test('says what has become of what he knew, with a key; a dry run what can be told without', async () => {
    using team = await left()
    const run = await runUnchanged(team, { 'removed-recipient': 'bob' })
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
    expect(run.report).toMatchObject({ outcome: 'unchanged', request: { removed: [{ id: team.bob.recipient, owner: 'bob' }] } })
    expect(states(run)).toEqual({ 'app.yaml a': 'current bob', 'app.yaml b': 'changed bob' })
    expect(run.report?.exposure.map(({ since, until }) => [since, until])).toEqual(
      Array<string[]>(2).fill(['2026-01-10T12:00:00.000Z', '2026-02-10T12:00:00.000Z']))
    const { credentials } = team
    team.credentials = {}
    expect(states(await runUnchanged(team, { 'removed-recipient': team.bob.recipient, 'dry-run': 'true' })))
      .toEqual({ 'app.yaml a': 'current bob', 'app.yaml b': 'unknown bob' })
    team.credentials = credentials
  })

  test('does not take a word for a name that no commit had', async () => {
    using team = await left()
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'bobby' })
    expect(sentence).toContain('"bobby" is neither a recipient here nor the name of one')
    expect(sentence).not.toContain(team.bob.recipient)
  })

  test('does not take a key that has an owner and never stood anywhere for one that is gone', async () => {
    using team = await left()
    team.write('.sops-owners.yaml', `owners: {carol: [${makeAgeKey().recipient}]}\n`)
    team.commitOn('2026-04-10')
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'carol' })
    expect(sentence).toContain('"carol" is in .sops-owners.yaml:1, but none of its keys stands in any file or config. There are:')
  })

  test('asks who is meant, where by now only a comment gives his name to another key', async () => {
    using team = await left()
    const record = `removed: [{owner: bob, recipient: ${team.bob.recipient}, date: 2026-02-10}]\n`
    team.write('.sops-owners.yaml', record)
    team.write('.sops.yaml', team.read('.sops.yaml').replace(/# alice/, '# bob'))
    team.commitOn('2026-04-10')
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'bob' })
    expect(sentence).toContain('"bob" could mean who was removed on 2026-02-10, by the record in .sops-owners.yaml:1, or whoever a comment or an anchor calls so now:')
    for (const { recipient } of [team.alice, team.bob]) expect(sentence).toContain(recipient)
    expect((await refusalOf(team, { 'removed-recipient': 'bob', 'added-recipient': makeAgeKey().recipient })).sentence).toContain('"bob" could mean who was removed')
    // The owners file says whose it is.
    team.write('.sops-owners.yaml', `owners: {bob: [${team.alice.recipient}]}\n${record}`)
    team.commitOn('2026-04-11')
    const run = await runUnchanged(team, { 'removed-recipient': 'bob', 'dry-run': 'true' })
    expect(run.report?.request.removed.map(({ id }) => id)).toEqual([team.alice.recipient])
  })

  test('asks which bob, where two keys of that name have gone, and tells when', async () => {
    using team = await left()
    const robert = makeAgeKey()
    team.updatekeys({ ...team.withoutBob, bob: robert }, 'app.yaml').commitOn('2026-04-10')
    team.offboard('2026-05-10', 'app.yaml')
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'bob' })
    for (const key of [robert, team.bob]) expect(sentence).toContain(key.recipient)
    expect(sentence).toMatch(/\.sops\.yaml at [0-9a-f]{12} \(2026-04-10\)/)
    expect(sentence).toMatch(/\.sops\.yaml at [0-9a-f]{12} \(2026-01-10\)/)
    expect(Object.values(states(await runUnchanged(team, { 'removed-recipient': robert.recipient })))).toEqual(['current bob', 'current bob'])
  })

  test('by name lists what his earlier key opened too, takes out the present one alone, and says so', async () => {
    using team = new Chronicle().begin('2026-01-10', { 'a.yaml': 'p: A\n', 'b.yaml': 'p: B\n' })
    team.offboard('2026-02-10', 'a.yaml', 'b.yaml')
    const second = makeAgeKey()
    const { recipient } = second
    // Whose key was once called after somebody else is not meant.
    team.updatekeys({ alice: team.alice, Bob: second, bob: team.ci }, 'b.yaml').commitOn('2026-03-09')
    team.updatekeys({ ...team.withoutBob, bob: second }, 'b.yaml').commitOn('2026-03-10')
    const inputs = { 'dry-run': 'true', policy: 'off' }
    const byName = await runUnchanged(team, { ...inputs, 'removed-recipient': 'bob' })
    expect(states(byName)).toEqual({ 'a.yaml p': 'current bob', 'b.yaml p': 'current bob' })
    const [first, now] = [team.bob, second].map((key) => shortForm({ kind: 'age', id: key.recipient }))
    const message = `bob stood for ${first ?? ''} until 2026-02-10, and now stands for ${now ?? ''}, which came later: perhaps it is another person. Only ${now ?? ''} is taken out`
    expect(byName.report).toMatchObject({ request: { removed: [{ id: recipient, owner: 'bob' }] }, findings: [{ code: 'namesake', level: 'warning', path: null, message }] })
    expect(byName.summary).toMatch(/Look at this first:[^]*perhaps it is another person/)
    expect(byName.log).toMatch(new RegExp(`^ *${team.bob.recipient}, an earlier key of bob, by \\.sops\\.yaml at [0-9a-f]{12} \\(2026-01-10\\)`, 'm'))
    expect(states(await runUnchanged(team, { ...inputs, 'removed-recipient': recipient }))).toEqual({ 'b.yaml p': 'current bob' })
    const { report } = await runAction(team, { job: 'check', policy: 'off', 'exposed-to': 'bob' })
    expect(report?.exposure.map(({ file }) => file)).toEqual(['a.yaml', 'b.yaml'])
  })

  test('an earlier key of another with the same name and another e-mail is not his', async () => {
    using team = new Chronicle()
    const robert = makeAgeKey()
    const first = { alice: team.alice, 'Bob <bob@other.example>': robert, ci: team.ci }
    team.begin('2026-01-10', { 'a.yaml': 'p: A\n' }, first)
    team.updatekeys(team.withoutBob, 'a.yaml').rotate('a.yaml').commitOn('2026-02-10')
    team.config({ ...team.withoutBob, 'Bob <bob@example.com>': team.bob })
    team.encrypt('b.yaml', 'p: B\n')
    team.commitOn('2026-03-10')
    const run = await runUnchanged(team, { 'dry-run': 'true', policy: 'off', 'removed-recipient': 'bob' })
    expect(run.report?.exposure.map(({ file }) => file)).toEqual(['b.yaml'])
  })

  test('where every secret and config has been deleted says what he knew; where there never were any, it has nothing to do', async () => {
    using team = await left()
    const { bob } = team
    team.git('rm', '--quiet', 'app.yaml', '.sops.yaml')
    team.write('README', 'x')
    team.commitOn('2026-04-10')
    for (const who of [bob.recipient, 'bob']) {
      const run = await runUnchanged(team, { 'removed-recipient': who })
      expect({ exitCode: run.exitCode, outcome: run.report?.outcome }).toEqual({ exitCode: 0, outcome: 'unchanged' })
      expect(Object.values(states(run)).map((one) => one.split(' ')[0])).toEqual(['removed', 'removed'])
    }
    using empty = new Chronicle()
    empty.write('README', 'x')
    empty.commitOn('2026-01-10')
    const { exitCode, report } = await runUnchanged(empty, { 'removed-recipient': 'bob' })
    expect({ exitCode, outcome: report?.outcome, exposure: report?.exposure }).toEqual({ exitCode: 0, outcome: 'unchanged', exposure: [] })
  })

  test('knows him by the record in the owners file, without looking further', async () => {
    using team = await left()
    team.write('.sops-owners.yaml', `removed: [{owner: Bob Smith, recipient: ${team.bob.recipient}, date: 2026-02-10}]\n`)
    team.commitOn('2026-04-10')
    const run = await runUnchanged(team, { 'removed-recipient': 'bob smith' })
    expect(run.exitCode === 0 ? '' : run.log).toBe('')
    expect(states(run)).toEqual({ 'app.yaml a': 'current Bob Smith', 'app.yaml b': 'changed Bob Smith' })
  })

  test('cannot give his place to someone', async () => {
    using team = await left()
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'bob', 'added-recipient': `carol=${makeAgeKey().recipient}` })
    expect(sentence).toContain('"bob" is neither a recipient here nor the name of one')
  })
})

test('a run that removes bob leaves and leaks nothing of what it compared', async () => {
  using team = await left()
  team.updatekeys(team.everyone, 'app.yaml').commitOn('2026-04-10')
  const run = await runAction(team, { 'removed-recipient': 'bob' })
  expect(run.exitCode === 0 ? '' : run.log).toBe('')
  expect(states(run)).toEqual({ 'app.yaml a': 'current bob', 'app.yaml b': 'current bob' })
  expectNothingLeft(run)
  expectNothingLeaked(run)
})
