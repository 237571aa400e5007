// A commit in our name where nothing is left to do: what may be let go, and each way in which there is more in it. Real sops and git.
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { lookAtSettled } from '../../src/stages/publishing/settled-head.ts'
import type { Look } from '../../src/stages/publishing/unvouched-head.ts'
import { Git } from '../../src/tools/git.ts'
import { GitHub } from '../../src/tools/github.ts'
import { readCommit } from '../../src/tools/github-git.ts'
import { Log } from '../../src/tools/log.ts'
import { Staging } from '../../src/tools/staging.ts'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import type { GitHubServer } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'
import { Team } from '../support/team.ts'

const token = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'
let team: Team
let server: GitHubServer

beforeEach(async () => {
  team = new Team()
  const { alice, bob, ci } = team
  team.config({ alice, bob, ci })
  team.encrypt('a.yaml', 'password: s3cret\nuser: web\n')
  team.write('.sops-owners.yaml', 'owners: {}\n')
  team.write('README.md', 'Secrets.\n')
  team.commit()
  server = await startGitHubServer({ token, repo: 'infra', validate: openapiValidator() })
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  team[Symbol.dispose]()
})

function sops(...args: readonly string[]): void {
  const { exitCode, stderr } = team.sops(args)
  if (exitCode !== 0) throw new Error(stderr)
}

/** What a run does to remove bob. */
function rekey(): void {
  team.config({ alice: team.alice, ci: team.ci })
  sops('updatekeys', '--yes', 'a.yaml')
  sops('rotate', '--in-place', 'a.yaml')
  team.write('.sops-owners.yaml', `owners: {}\nremoved:\n  - owner: bob\n    recipient: ${team.bob.recipient}\n    date: 2026-01-02\n`)
}

/** At a commit on top of the base, or of `merges` on top of it; the base is checked out. */
async function look(change: () => void, merge: () => readonly string[] = () => []): Promise<Look> {
  team.git('checkout', '--quiet', '-b', 'ours')
  rekey()
  change()
  const made = team.commit('ours')
  const merges = merge()
  team.git('push', '--quiet', server.repository, 'main', 'ours')
  team.git('checkout', '--quiet', 'main')
  const base = team.git('rev-parse', 'HEAD')
  const github = new GitHub({ token, owner: 'acme', repo: 'infra', apiUrl: server.apiUrl })
  const program = execFileSync('which', ['git'], { encoding: 'utf8' }).trim()
  const git = new Git({ program, root: team.root, environment: { PATH: process.env['PATH'], HOME: team.home } })
  await using staging = Staging.create(team.path)
  const place = { git, github, remote: { url: `${server.serverUrl}/acme/infra`, token }, log: new Log(), staging, tip: base }
  const [commit, ...above] = await Promise.all([made, ...merges].map(async (sha) => await readCommit(github, sha)))
  return await lookAtSettled(place, base, { commit: commit ?? await readCommit(github, made), merges: above }, '.sops-owners.yaml')
}

/** The base gets another file, and our branch a merge of it. */
function merged(more: () => void = () => undefined): readonly string[] {
  team.git('checkout', '--quiet', 'main')
  team.write('b.txt', 'b\n')
  team.commit('b')
  team.git('checkout', '--quiet', 'ours')
  team.git('merge', '--quiet', '--no-ff', '--no-commit', 'main')
  more()
  return [team.commit('Merge main')]
}

test('other readers and data keys, and what a run writes for them, may go; so may a merge of the base', async () => {
  expect(await look(() => undefined, merged)).toBe('planned')
})

test.each<[string, () => void]>([
  ['another file', () => team.write('README.md', 'Run this.\n')],
  ['a new file', () => team.write('notes.yaml', 'a: b\n')],
  ['a value more', () => sops('set', 'a.yaml', '["more"]', '"x"')],
  ['another value', () => sops('set', 'a.yaml', '["user"]', '"somebody-else"')],
  ['a text in the clear', () => team.write('a.yaml', 'password: s3cret\n')],
  ['another mode', () => team.write('a.yaml', team.read('a.yaml'), 0o755)],
  ['another mode of the config', () => team.write('.sops.yaml', team.read('.sops.yaml'), 0o755)],
])('more than that stays: %s', async (_, change) => {
  expect(await look(change)).toBe('other')
})

/** Makes a commit of somebody else below what was changed. */
function beneath(): void {
  team.git('stash', '--quiet')
  team.write('README.md', 'Theirs.\n')
  team.commit('theirs')
  team.git('stash', 'pop', '--quiet')
}

test('so does what has more in the merge', async () => {
  expect(await look(() => undefined, () => merged(() => team.write('c.txt', 'c\n')))).toBe('other')
})

test('so does what stands on a commit of somebody else', async () => {
  expect(await look(beneath)).toBe('other')
})

test('what it stands on is unknown where GitHub does not say', async () => {
  server.refuse('GET', /\/compare\//, gitHubSays.notByIntegration)
  expect(await look(beneath)).toBe('unknown')
})
