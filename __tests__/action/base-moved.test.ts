// A second run after the base has moved: what was proven and published once, from the same bytes, is not made again.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import type { GitHubServer } from '../support/github-server.ts'
import { startGitHubServer } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'
import { Team } from '../support/team.ts'

const token = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'
const branch = 'sops-rekey/remove-bob'
const files = ['a.yaml', 'b.yaml', 'c.yaml']

let team: Team
let server: GitHubServer

beforeEach(async () => {
  team = new Team()
  const { alice, bob, ci } = team
  team.config({ alice, bob, ci })
  for (const file of files) team.encrypt(file, `password: of-${file}\n`)
  server = await startGitHubServer({ token, repo: 'infra', validate: openapiValidator() })
  push()
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  team[Symbol.dispose]()
})

function push(): void {
  team.commit()
  team.git('push', '--quiet', server.repository, 'HEAD:refs/heads/main')
}

function remote(...args: readonly string[]): string {
  return execFileSync('git', ['--git-dir', server.repository, ...args], { encoding: 'utf8' }).trim()
}

function blobs(): readonly string[] {
  return files.map((file) => remote('rev-parse', `${branch}:${file}`))
}

async function run(inputs: Readonly<Record<string, string>> = {}): Promise<ActionRun> {
  const result = await runAction(team, { 'removed-recipient': 'bob', 'pull-request': 'true', policy: 'off', token, ...inputs }, {
    env: { GITHUB_SERVER_URL: server.serverUrl, GITHUB_API_URL: server.apiUrl, GITHUB_REF: 'refs/heads/main' },
  })
  expect(result.exitCode === 0 ? '' : result.log).toBe('')
  return result
}

/** Somebody changes one of the files on the base; the checkout follows. */
function changeC(): void {
  team.encrypt('c.yaml', 'password: another\n')
  push()
}

test('only what has changed is made anew, and all of it is proven again', async () => {
  const first = await run()
  const before = blobs()
  changeC()
  const second = await run()
  expect(second.outputs).toMatchObject({ 'pull-request-operation': 'updated', 'pull-request-commits-verified': 'true', 'files-changed': '3' })
  const after = blobs()
  expect(after.slice(0, 2)).toEqual(before.slice(0, 2))
  expect(after[2]).not.toBe(before[2])
  expect(second.log).toContain('On the branch already, made from the same bytes: 2 files')
  expect(second.report?.files.every(({ verified, dataKey }) => verified && dataKey === 'new')).toBe(true)
  // Two rotations less, and two updatekeys.
  expect(second.report?.sopsCalls).toBe((first.report?.sopsCalls ?? 0) - 4)
  expect(team.git('status', '--porcelain')).toBe('')
})

test('a shallow checkout comes to the same', async () => {
  await run()
  const before = blobs()
  changeC()
  team.git('fetch', '--quiet', '--depth=1', `file://${server.repository}`, 'main')
  await run()
  expect(blobs().slice(0, 2)).toEqual(before.slice(0, 2))
})

test('so does a rotation that other jobs have done', async () => {
  await run()
  const before = blobs()
  changeC()
  const folder = join(team.path, 'rotated')
  await run({ 'job': 'rotate', 'shard': '1/1', 'rotated-path': folder, 'token': '' })
  const { outputs, log } = await run({ 'job': 'publish', 'rotated-path': folder })
  expect(outputs).toMatchObject({ 'pull-request-operation': 'updated', 'pull-request-commits-verified': 'true' })
  expect(log).toContain('On the branch already, made from the same bytes: 2 files')
  expect(blobs().slice(0, 2)).toEqual(before.slice(0, 2))
  expect(blobs()[2]).not.toBe(before[2])
})

test('what GitHub does not vouch for is made anew', async () => {
  await run({ 'commit-mode': 'git' })
  const before = blobs()
  changeC()
  const { log } = await run({ 'commit-mode': 'git' })
  for (const [at, blob] of blobs().entries()) expect(blob).not.toBe(before[at])
  expect(log).not.toContain('On the branch already')
})
