// Runs one child process: argv only, an environment that is given whole, output caught and never passed through.
// Must never inherit the environment, start a shell, or keep what a child says beyond the call.
// Not @actions/exec: that can't end a child, and keeps copies of its output (here: plaintext) as lines of text.
import { spawn } from 'node:child_process'
import { basename } from 'node:path'
import { Failure } from '../model/failure.ts'
import { assertNotStopped, onStop, whyStopped } from './stop.ts'

export interface ChildOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** What it reads; without any, its standard input is empty. */
  readonly input?: Buffer | string
  /** How long it may take, in milliseconds; beyond it the child is killed. */
  readonly deadline?: number
  /** Takes standard output piece by piece instead of having it collected. */
  readonly onStdout?: (piece: Buffer) => void
}

export interface ChildResult {
  /** null where a signal ended it. */
  readonly exitCode: number | null
  readonly stdout: Buffer
  readonly stderr: string
  /** The seconds that it was given, where it took longer and was ended; else null. */
  readonly overdue: number | null
}

const tenMinutes = 600_000
const maxStderr = 4 * 1024 * 1024

/** Runs `command` (an absolute path) and returns whatever it exits with. Throws where it can't start or the run is stopped. */
export async function runChild(command: string, args: readonly string[], options: ChildOptions): Promise<ChildResult> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  let stderrBytes = 0
  const name = basename(command)
  const deadline = options.deadline ?? tenMinutes
  assertNotStopped()
  return await new Promise((resolve, reject) => {
    const stdin = options.input === undefined ? 'ignore' : 'pipe'
    const child = spawn(command, args, { cwd: options.cwd, env: { ...options.env }, windowsHide: true, stdio: [stdin, 'pipe', 'pipe'] })
    const forget = onStop(() => child.kill('SIGKILL'))
    let overdue: number | null = null
    const timer = setTimeout(() => {
      overdue = deadline / 1000
      child.kill('SIGKILL')
    }, deadline)
    const take = options.onStdout ?? ((piece: Buffer): void => void stdout.push(piece))
    child.stdout?.on('data', (piece: Buffer) => {
      try {
        take(piece)
      } catch (error) {
        child.kill('SIGKILL')
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    })
    child.stderr?.on('data', (piece: Buffer) => {
      stderrBytes += piece.byteLength
      if (stderrBytes <= maxStderr) stderr.push(piece)
    })
    // A child that ends without reading its input says why with its exit code.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input)
    child.on('error', (cause) => {
      clearTimeout(timer)
      forget()
      reject(new Failure('sops-failed', `${name} could not be started.`, { cause }))
    })
    child.on('close', (exitCode) => {
      clearTimeout(timer)
      forget()
      const why = whyStopped()
      if (why === null) resolve({ exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString(), overdue })
      else reject(why)
    })
  })
}
