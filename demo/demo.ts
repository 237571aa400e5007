// The demo: a company is made on the spot, bob leaves, the built action takes him out, and everything said about it is tried.
// Must never leave anything behind, nor touch anything outside of its own temporary folder.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { ActionRun } from '../__tests__/support/action.ts'
import { runAction } from '../__tests__/support/action.ts'
import type { GitHubServer } from '../__tests__/support/github-server.ts'
import { startGitHubServer } from '../__tests__/support/github-server.ts'
import type { KmsServer } from '../__tests__/support/kms-server.ts'
import { startKmsServer } from '../__tests__/support/kms-server.ts'
import type { Access } from './company.ts'
import { Company, paths, secrets } from './company.ts'
import { tryOldKey } from './old-key.ts'
import { claim, failedClaims, heading, say, table } from './page.ts'
import { showPullRequest } from './published.ts'

const token = 'a-token-that-only-this-server-knows'
let action: ChildProcess | null = null

function showAccess(access: Access): void {
  const readers = ['alice', 'bob', 'carol', 'CI']
  const rows = [...access].map(([path, texts]) => [path, ...readers.map((one) => texts[one] === null ? '·' : 'reads')])
  table([['', ...readers], ...rows])
  console.log()
}

function readableBy(access: Access, reader: string): number {
  return paths.filter((path) => access.get(path)?.[reader] !== null).length
}

async function takeBobOut(company: Company, kms: KmsServer, github: GitHubServer): Promise<ActionRun> {
  heading('The built action runs: `removed-recipient: bob`, with the credentials of CI')
  const [calls, began] = [kms.calls.length, performance.now()]
  const run = await runAction(company, { 'removed-recipient': 'bob', 'pull-request': 'true', token, labels: 'offboarding' }, {
    env: { GITHUB_SERVER_URL: github.serverUrl, GITHUB_API_URL: github.apiUrl, GITHUB_REF: 'refs/heads/main' },
    onStart: (child) => (action = child),
  })
  const { exitCode, signal, log, outputs, report } = run
  if (exitCode !== 0) throw new Error(`The action exits with ${exitCode ?? signal ?? ''}. Its log:\n${log}`)
  say(`${since(began)} s, ${report?.sopsCalls ?? 0} processes of sops ${report?.sops?.version ?? ''}, `
    + `${kms.calls.length - calls} calls to KMS. Some of its outputs:`)
  const counts = ['files-matched', 'files-changed', 'files-rotated', 'files-unchanged', 'exposed-secrets']
  table([...counts, 'pull-request-operation', 'pull-request-branch'].map((name) => [name, outputs[name] ?? '']))
  return run
}

async function showEnd(company: Company, before: Access, merged: string): Promise<void> {
  heading('After the merge: who reads what, tried again')
  const after = await company.whoReads(merged)
  showAccess(after)
  const [was, is] = [readableBy(before, 'bob'), readableBy(after, 'bob')]
  claim('bob\'s key opened 6 of the 7 files, and opens none now', was === 6 && is === 0, `${was} and ${is}`)
  claim('alice, carol and CI read what they read before, byte for byte',
    ['alice', 'carol', 'CI'].every((reader) => paths.every((path) => after.get(path)?.[reader] === before.get(path)?.[reader])))
}

async function main(): Promise<void> {
  say('A company of three people and a CI keeps its secrets in git with sops. Everybody has an age key; CI has none, it '
    + 'decrypts through KMS. bob leaves. Keys, repository, remote, KMS and GitHub are made for this run, on this machine; '
    + 'sops, git and the action are the real ones.')
  await using kms = await startKmsServer()
  const company = new Company(kms)
  await company.open()
  await using github = await startGitHubServer({ token, repo: 'infra', repository: company.remote })

  heading('Before: who reads what, tried with sops and the one key')
  const before = await company.whoReads(company.root)
  showAccess(before)
  claim('CI reads every file, and in each what was put in', paths.every((path) => before.get(path)?.['CI'] === secrets[path]))

  const head = company.git('rev-parse', 'HEAD')
  const run = await takeBobOut(company, kms, github)
  const branch = run.outputs['pull-request-branch'] ?? ''
  company.git('fetch', '--quiet', company.remote, `${branch}:${branch}`)
  showPullRequest(company, github, run, head)
  const merged = company.clone(branch, 'merged')
  await showEnd(company, before, merged)
  await tryOldKey(company, merged)

  heading('What is left to do')
  say('bob has read these values, and git keeps the old files, which his key still opens. The pull request lists the secrets '
    + 'by name: change each of them where it is used.\n')
  const old = await company.run(company.readers.bob, ['decrypt', paths[1] ?? ''])
  claim(`at the old commit bob's key still opens ${paths[1] ?? ''}`, old.exitCode === 0, old.stderr)
}

function since(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1)
}

/** The action ends its children and removes its staged copy when it is told to stop; the rest goes with our folder. */
async function stop(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): Promise<void> {
  if (action !== null && action.exitCode === null && action.signalCode === null) {
    action.kill('SIGTERM')
    await once(action, 'close')
  }
  process.exit(128 + constants.signals[signal])
}

const began = performance.now()
const folder = mkdtempSync(join(tmpdir(), 'sops-rekey-demo-'))
const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
process.on('exit', remove)
// Not `once`: Ctrl-C comes twice, from the terminal and from whoever started us, and the second would end us uncleaned.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(signal))
// Whatever is made from here on, is made in there.
process.env['TMPDIR'] = folder
try {
  await main()
  remove()
  claim('everything that was made for this is removed', !existsSync(folder))
} catch (error) {
  // Where a child died of a Ctrl-C, our own signal is still to be handled.
  await setImmediate()
  console.error(`\n${error instanceof Error ? error.message : String(error)}\n\nThe demo FAILED.`)
  process.exit(1)
}
const failed = failedClaims()
console.log(failed.length === 0 ? `\nAll that is said here was tried, and holds. ${since(began)} s.`
  : `\nThe demo FAILED. Not true:\n${failed.map((text) => `  - ${text}`).join('\n')}`)
process.exit(failed.length === 0 ? 0 : 1)
