// Which events are given keys, in the built bundle: the table of `model/event.test.ts` is wired to what the runner says.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { runAction } from '../support/action.ts'
import { makeAgeKey } from '../support/age-key.ts'
import { Team } from '../support/team.ts'
import { refusalOf, runUnchanged } from '../support/unchanged.ts'

const repository = { full_name: 'acme/infra', default_branch: 'main' }
const fork = { workflow_run: { event: 'push', head_repository: { full_name: 'mallory/infra' } }, repository }

let team: Team

beforeEach(() => {
  team = new Team()
  team.config({ alice: team.alice, bob: team.bob, ci: team.ci })
  team.encrypt('app.yaml', 'password: canary-3f9c1e\n')
  team.commit()
})

afterEach(() => team[Symbol.dispose]())

/** What the runner says of the event; without a payload there is no file. */
function started(event: string, ref: string, payload?: object): Readonly<Record<string, string>> {
  const path = join(team.path, 'event.json')
  if (payload !== undefined) writeFileSync(path, JSON.stringify(payload))
  return { GITHUB_EVENT_NAME: event, GITHUB_REF: ref, GITHUB_EVENT_PATH: path }
}

test.each<[string, string, object | undefined, string]>([
  ['issue_comment', 'refs/heads/main', { repository }, 'started by `issue_comment`'],
  ['merge_group', 'refs/heads/gh-readonly-queue/main/pr-7-0123abc', { repository }, 'started by `merge_group`'],
  ['workflow_dispatch', 'refs/pull/7/merge', { repository }, 'for refs/pull/7/merge'],
  ['push', 'refs/heads/feature', { repository }, 'refs/heads/feature, which is neither the default branch (main)'],
  ['push', 'refs/heads/main', undefined, 'does not say which branch is the default one'],
  ['workflow_run', 'refs/heads/main', fork, 'after a run of the fork mallory/infra'],
  ['', 'refs/heads/main', { repository }, 'GITHUB_EVENT_NAME'],
])('%j on %s is given no key', async (event, ref, payload, sentence) => {
  const { sentence: said, run } = await refusalOf(team, { 'removed-recipient': 'bob' }, { env: started(event, ref, payload) })
  expect(said).toContain(sentence)
  expect(said).toContain('Run on `workflow_dispatch`')
  expect(run.report).toBeNull()
})

test('a dry run needs none, whatever started it', async () => {
  team.credentials = {}
  const env = started('workflow_run', 'refs/pull/7/merge', fork)
  const run = await runUnchanged(team, { 'removed-recipient': 'bob', 'dry-run': 'true' }, { env })
  expect(run).toMatchObject({ exitCode: 0, report: { outcome: 'planned' } })
})

test.each<[string, string, object | undefined]>([
  ['schedule', 'refs/heads/main', undefined],
  ['repository_dispatch', 'refs/heads/main', { repository }],
  ['push', 'refs/heads/main', { repository }],
  ['workflow_run', 'refs/heads/main', { repository, workflow_run: { event: 'push', head_repository: repository } }],
])('%s on %s does the work', async (event, ref, payload) => {
  const run = await runAction(team, { 'removed-recipient': 'bob' }, { env: started(event, ref, payload) })
  expect(run.exitCode === 0 ? '' : run.log).toBe('')
  expect(run.report?.outcome).toBe('changed')
})

test('a job that only rotates is told the branch in `base` too', async () => {
  const folder = join(team.path, 'rotated')
  const inputs = { 'removed-recipient': 'bob', job: 'rotate', 'rotated-path': folder, base: 'release' }
  const run = await runAction(team, inputs, { env: started('push', 'refs/heads/release', { repository }) })
  expect(run.exitCode === 0 ? '' : run.log).toBe('')
})

test.each([{ job: 'rotate', 'rotated-path': 'rotated' }, { 'pull-request': 'false' }])('the head of a pull request is given no key, whatever started the run: %j', async (inputs) => {
  const startedFor = team.git('rev-parse', 'HEAD')
  team.git('checkout', '--quiet', '--detach')
  team.config({ alice: team.alice, bob: team.bob, ci: team.ci, mallory: makeAgeKey() })
  team.commit()
  team.git('update-ref', 'refs/remotes/pull/7/head', 'HEAD')
  const env = { ...started('workflow_dispatch', 'refs/heads/main', { repository }), GITHUB_SHA: startedFor }
  expect((await refusalOf(team, inputs, { env })).sentence).toMatch(/is not what the run was started for .*not given keys/)
})

test('a push to the branch in `base` gets past the event, to what else there is to say', async () => {
  const inputs = { 'removed-recipient': 'bob', 'pull-request': 'true', 'token': 'ghs_x', 'base': 'release' }
  const server = { GITHUB_API_URL: 'http://127.0.0.1:9', GITHUB_SERVER_URL: 'http://127.0.0.1:9' }
  const other = await refusalOf(team, inputs, { env: { ...started('push', 'refs/heads/feature', { repository }), ...server } })
  expect(other.sentence).toContain('neither the default branch (main) nor the one in `base`')
  const { sentence } = await refusalOf(team, inputs, { env: { ...started('push', 'refs/heads/release', { repository }), ...server } })
  expect(sentence).not.toContain('This run was started')
})
