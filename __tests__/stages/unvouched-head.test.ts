// A commit on our branch: each way in which it may be another than the plan, made with real sops and git.
import { execFileSync, spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { parseRecipient } from '../../src/model/recipient.ts'
import type { Plan, RekeyRequest } from '../../src/model/plan/plan.ts'
import { recordOf } from '../../src/model/owners/removal-record.ts'
import type { Look } from '../../src/stages/publishing/unvouched-head.ts'
import { lookAt } from '../../src/stages/publishing/unvouched-head.ts'
import { surveyRepository } from '../../src/stages/survey.ts'
import { Git } from '../../src/tools/git.ts'
import { GitHub } from '../../src/tools/github.ts'
import { Log } from '../../src/tools/log.ts'
import { Staging } from '../../src/tools/staging.ts'
import type { AgeKey } from '../support/age-key.ts'
import { makeAgeKey } from '../support/age-key.ts'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import type { GitHubServer } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'
import { sopsBinary } from '../support/sops-binary.ts'
import { Team } from '../support/team.ts'

const token = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'
let team: Team
let server: GitHubServer
let base: string

beforeEach(async () => {
  team = new Team()
  const { alice, bob, ci } = team
  team.config({ alice, bob, ci })
  for (const path of ['a.yaml', 'b.yaml']) team.encrypt(path, `password: ${path}\nuser: web\n`)
  team.write('.sops-owners.yaml', `owners:\n  alice:\n    - ${alice.recipient}\n  bob:\n    - ${bob.recipient}\n`)
  team.write('README.md', 'Secrets.\n')
  base = team.commit()
  server = await startGitHubServer({ token, repo: 'infra', validate: openapiValidator() })
  push('main')
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  team[Symbol.dispose]()
})

function push(branch: string): void {
  team.git('push', '--quiet', '--force', server.repository, `HEAD:refs/heads/${branch}`)
}

function sops(args: readonly string[], input?: string): void {
  const env = { PATH: process.env['PATH'], HOME: team.home, SOPS_AGE_KEY: team.ci.identity }
  const { status, stderr } = spawnSync(sopsBinary(), args, { cwd: team.root, env, encoding: 'utf8', ...input === undefined ? {} : { input } })
  if (status !== 0) throw new Error(stderr)
}

function rotate(path: string, ...options: readonly string[]): void {
  sops(['rotate', '--in-place', '--rm-age', team.bob.recipient, ...options, path])
}

/** What the plan comes to: bob goes out of both files, the config and the owners file. */
function asPlanned(): void {
  const { alice, ci } = team
  team.config({ alice, ci })
  for (const path of team.git('ls-files', '[a-z]*.*').split('\n').filter((name) => name !== 'README.md')) rotate(path)
  record('2026-01-02', 'carol')
}

function record(date: string, by: string): void {
  const [, owners = ''] = /^(owners:\n {2}alice:\n.*\n)/.exec(team.read('.sops-owners.yaml')) ?? []
  team.write('.sops-owners.yaml', `${owners}removed:\n  - owner: bob\n    recipient: ${team.bob.recipient}\n    date: ${date}\n    by: ${by}\n`)
}

/** A commit with what `change` does to the checkout, on top of what that is at; it is then at the base again. */
function earlier(change: () => void): string {
  change()
  const commit = team.commit('earlier')
  push('earlier')
  team.git('reset', '--quiet', '--hard', base)
  return commit
}

async function look(head: string, against = base, rest: { readonly rotate?: boolean; readonly tip?: string; readonly said?: string[] } = {}): Promise<Look> {
  const git = new Git({ program: execFileSync('which', ['git'], { encoding: 'utf8' }).trim(), root: team.root, environment: { PATH: process.env['PATH'], HOME: team.home } })
  const github = new GitHub({ token, owner: 'acme', repo: 'infra', apiUrl: server.apiUrl })
  const survey = await surveyRepository(git, [])
  const request: RekeyRequest = {
    removed: [parseRecipient(team.bob.recipient)].filter((one) => one !== null), added: [], like: [], required: [], policy: 'off', rotateAll: false, overdue: new Map(), date: '2026-11-23', by: null,
  }
  const readers = (keys: readonly AgeKey[]): Plan['changes'][number]['after'] => [keys.map(({ recipient }) => ({ kind: 'age', id: recipient }))]
  const before = team.read('.sops.yaml')
  const changes = survey.files.map((file) => ({ file, after: readers([team.alice, team.ci]), rotate: rest.rotate ?? true, updatekeys: true, reason: '' }))
  const plan: Plan = {
    changes,
    configs: [{ path: '.sops.yaml', before, after: before.replace(/.* # bob.*\n/, '') }],
    record: recordOf(survey, request, changes, []), unchanged: [], refusals: [], findings: [],
  }
  await using staging = Staging.create(team.path)
  for (const { path } of survey.files) staging.write(path, { bytes: Buffer.from(team.read(path)), executable: false })
  const log = new Log()
  log.line = (line: string): void => void rest.said?.push(line)
  const remote = { url: `${server.serverUrl}/acme/infra`, token }
  return await lookAt({ git, github, remote, log, staging, tip: rest.tip ?? base }, {
    plan, base, identity: '', recordOf: (date, by) => recordOf(survey, { ...request, date, by }, changes, [])?.after ?? null,
  }, head, against)
}

test('the plan is known again, also made on another day by another person', async () => {
  expect(await look(earlier(asPlanned))).toBe('planned')
})

test.each([
  ['c.yaml', 'list: [x, x, y]\nport: 5432\nratio: 0.50\nlarge: 1e10\non: true\nnone: null\nempty: ""\nwhen: 2024-01-02T03:04:05Z\n# a comment\nlast: |\n  of\n  lines\n---\nsecond: x\n'],
  ['c.json', '{"list": ["x", "x", {"y": 1.5}], "port": 5432, "on": false, "none": null}'],
  ['c.env', '# a comment\nA=x\nB=\nC=x\n'],
  ['c.ini', '; a comment\n[a]\nx = 1\n[b]\nx = 1\n'],
  ['c.txt', 'of\nlines\n'],
])('so are files of every kind: %s', async (path, text) => {
  team.encrypt(path, text)
  base = team.commit()
  push('main')
  expect(await look(earlier(asPlanned))).toBe('planned')
})

const mallory = makeAgeKey()

test.each<[string, () => void]>([
  ['another file changes too', () => team.write('README.md', 'Run this.\n')],
  ['a file comes', () => team.write('.github/workflows/x.yaml', 'on: push\n')],
  ['a file that is to change does not', () => team.git('checkout', '--quiet', base, '--', 'b.yaml')],
  ['a file goes', () => rmSync(`${team.root}/b.yaml`)],
  ['somebody else reads a file', () => rotate('a.yaml', '--add-age', mallory.recipient)],
  ['somebody who should does not', () => rotate('a.yaml', '--rm-age', team.alice.recipient)],
  ['who was removed still reads a file', () => sops(['rotate', '--in-place', '--add-age', team.bob.recipient, 'a.yaml'])],
  ['a file is text in the clear', () => team.write('a.yaml', 'password: a.yaml\n')],
  ['a file is that of another path', () => team.write('a.yaml', team.read('b.yaml'))],
  ['a value is left out', () => sops(['unset', 'a.yaml', '["user"]'])],
  ['a value is another', () => sops(['set', 'a.yaml', '["user"]', '"somebody-else"'])],
  ['a file can be run', () => team.write('a.yaml', team.read('a.yaml'), 0o755)],
  ['the config says something else', () => team.config({ alice: team.alice, ci: team.ci, mallory })],
  ['the owners file says something else', () => team.write('.sops-owners.yaml', team.read('.sops-owners.yaml').replace('owners:\n', `owners:\n  mallory:\n    - ${mallory.recipient}\n`))],
  ['the owners file cannot be read', () => team.write('.sops-owners.yaml', 'owners: 1\n')],
  ['nobody is recorded in the owners file', () => team.git('checkout', '--quiet', base, '--', '.sops-owners.yaml')],
])('it is another where %s', async (_, change) => {
  expect(await look(earlier(() => {
    asPlanned()
    change()
  }))).toBe('other')
})

test('a data key that stays is enough only where it need not be another', async () => {
  const commit = earlier(() => {
    const { alice, ci } = team
    team.config({ alice, ci })
    for (const path of ['a.yaml', 'b.yaml']) sops(['updatekeys', '--yes', path])
    record('2026-01-02', 'carol')
  })
  expect([await look(commit), await look(commit, base, { rotate: false })]).toEqual(['other', 'planned'])
})

test.each<[string, () => void]>([
  ['a.yaml', () => sops(['rotate', '--in-place', 'a.yaml'])],
  ['.sops.yaml', () => team.write('.sops.yaml', team.read('.sops.yaml').replace('# bob', '# bob, who leaves'))],
])('what was made of an older %s is another, though it comes to the same', async (_, change) => {
  const [commit, older] = [earlier(asPlanned), base]
  change()
  base = team.commit()
  expect(await look(commit, older)).toBe('other')
})

test('a commit on what is not part of the base is another, and unknown where that cannot be told', async () => {
  const aside = earlier(() => team.write('README.md', 'Not on main.\n'))
  team.git('checkout', '--quiet', aside)
  const commit = earlier(asPlanned)
  expect(await look(commit, aside)).toBe('other')
  server.refuse('GET', /\/compare\//, gitHubSays.notByIntegration)
  expect(await look(commit, aside)).toBe('unknown')
})

test('what the base has got since, and the button merged, counts as its own', async () => {
  const commit = earlier(asPlanned)
  team.write('README.md', 'More.\n')
  const tip = team.commit()
  push('main')
  team.git('merge', '--quiet', '--no-edit', commit)
  const merged = team.git('rev-parse', 'HEAD')
  push('earlier')
  team.git('checkout', '--quiet', '-B', 'main', base)
  expect([await look(merged, tip, { tip }), await look(commit, base, { tip })]).toEqual(['planned', 'planned'])
})

test('a commit that cannot be had is unknown, and the log says why', async () => {
  const said: string[] = []
  expect(await look('0123456789012345678901234567890123456789', base, { said })).toBe('unknown')
  expect(said).toEqual([expect.stringMatching(/^The commit on the branch could not be looked into\. The commit 012345678901 could not be fetched: /)])
})
