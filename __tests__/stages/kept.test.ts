// What of an earlier run's commit may take the place of a new rotation: each condition with the commit that would break it.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Plan } from '../../src/model/plan/plan.ts'
import { keptFrom } from '../../src/stages/publishing/kept.ts'
import { surveyRepository } from '../../src/stages/survey.ts'
import { Git } from '../../src/tools/git.ts'
import { Log } from '../../src/tools/log.ts'
import { Staging } from '../../src/tools/staging.ts'
import type { AgeKey } from '../support/age-key.ts'
import { sopsBinary } from '../support/sops-binary.ts'
import { Team } from '../support/team.ts'

let team: Team

beforeEach(() => {
  team = new Team()
  const { alice, bob, ci } = team
  team.config({ alice, bob, ci })
  team.encrypt('a.yaml', 'password: s3cret\nuser: web\n')
  team.commit()
})

afterEach(() => team[Symbol.dispose]())

function sops(...args: readonly string[]): void {
  const env = { PATH: process.env['PATH'], HOME: team.home, SOPS_AGE_KEY: team.ci.identity }
  const { status, stderr } = spawnSync(sopsBinary(), args, { cwd: team.root, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}

/** A commit on top of the base with what `change` does to the checkout, which is then as it was. */
function earlier(change: () => void): string {
  team.git('checkout', '--quiet', '-b', 'earlier')
  change()
  team.git('commit', '--quiet', '--all', '--message', 'earlier')
  const commit = team.git('rev-parse', 'HEAD').trim()
  team.git('checkout', '--quiet', '-')
  return commit
}

async function kept(commit: string, readers: readonly AgeKey[], rotate: boolean, root = team.root): Promise<readonly string[]> {
  const git = new Git({ program: 'git', root, environment: { PATH: process.env['PATH'], HOME: team.home } })
  const survey = await surveyRepository(git, [])
  await using staging = Staging.create(team.path)
  for (const { path } of survey.files) staging.write(path, { bytes: Buffer.from(team.read(path)), executable: false })
  const after = [readers.map(({ recipient }) => ({ kind: 'age' as const, id: recipient }))]
  const plan: Plan = {
    changes: survey.files.map((file) => ({ file, after, rotate, updatekeys: true, reason: '' })),
    unchanged: [], configs: [], record: null, refusals: [], findings: [],
  }
  const remote = { url: `file://${team.root}`, token: 'none' }
  return [...(await keptFrom(git, remote, commit, survey.base, plan, staging, new Log())).keys()]
}

const withoutBob = (): void => sops('rotate', '--in-place', '--rm-age', team.bob.recipient, 'a.yaml')
const sameKey = (): void => {
  team.config({ alice: team.alice, ci: team.ci })
  sops('updatekeys', '--yes', 'a.yaml')
  team.git('checkout', '--quiet', '--', '.sops.yaml')
}

test('is a file with the planned readers and another data key', async () => {
  const { alice, ci } = team
  expect(await kept(earlier(withoutBob), [alice, ci], true)).toEqual(['a.yaml'])
})

test('is a file with the same data key only where it need not be another', async () => {
  const { alice, ci } = team
  const commit = earlier(sameKey)
  expect(await kept(commit, [alice, ci], true)).toEqual([])
  expect(await kept(commit, [alice, ci], false)).toEqual(['a.yaml'])
})

test('is no file that others would read', async () => {
  const { alice, bob, ci } = team
  const commit = earlier(withoutBob)
  expect(await kept(commit, [ci], true)).toEqual([])
  expect(await kept(commit, [alice, bob, ci], true)).toEqual([])
})

test('is no file that has changed since', async () => {
  const { alice, ci } = team
  const commit = earlier(withoutBob)
  sops('set', 'a.yaml', '["password"]', '"another"')
  team.commit()
  expect(await kept(commit, [alice, ci], true)).toEqual([])
})

test('is no file that got the new data key meanwhile, gave it to bob, and was changed back', async () => {
  const { alice, ci } = team
  team.write('b.yaml', team.read('a.yaml'))
  team.commit()
  const commit = earlier(() => {
    withoutBob()
    sops('rotate', '--in-place', '--rm-age', team.bob.recipient, 'b.yaml')
  })
  const before = team.git('rev-parse', 'HEAD')
  team.git('checkout', '--quiet', commit, '--', 'a.yaml')
  sops('updatekeys', '--yes', 'a.yaml')
  team.commit()
  team.git('checkout', '--quiet', before, '--', 'a.yaml')
  team.commit()
  expect(await kept(commit, [alice, ci], true)).toEqual(['b.yaml'])
})

test('is no file that sops could not read', async () => {
  const { alice, ci } = team
  expect(await kept(earlier(() => team.write('a.yaml', 'password: s3cret\n')), [alice, ci], true)).toEqual([])
})

test('is found in a partial clone too, which has the commit without its files', async () => {
  const { alice, ci } = team
  const commit = earlier(withoutBob)
  for (const name of ['allowFilter', 'allowAnySHA1InWant']) team.git('config', `uploadpack.${name}`, 'true')
  const clone = join(team.path, 'clone')
  team.git('clone', '--quiet', '--filter=blob:none', `file://${team.root}`, clone)
  expect(team.git('-C', clone, 'cat-file', '-t', commit)).toBe('commit')
  expect(await kept(commit, [alice, ci], true, clone)).toEqual(['a.yaml'])
})

test('is nothing where the commit cannot be had', async () => {
  const { alice, ci } = team
  expect(await kept('0123456789012345678901234567890123456789', [alice, ci], true)).toEqual([])
})
