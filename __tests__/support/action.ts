// Runs the built action as the runner does: the bundle in a subprocess, inputs and context in its environment.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Report } from '../../src/model/report.ts'
import type { Repository } from './repository.ts'
import { sopsBinary } from './sops-binary.ts'

export const bundle = fileURLToPath(new URL('../../dist/index.js', import.meta.url))

/** What the runner would compile anew each time. */
const compiled = fileURLToPath(new URL('../../.sops-bin/compiled', import.meta.url))

export interface ActionRun {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  /** null where the run ended before it had one. */
  readonly report: Report | null
  /** RUNNER_TEMP of the run. */
  readonly temporary: string
}

export interface ActionOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Given the running process, to send it a signal. */
  readonly onStart?: (child: ChildProcess, temporary: string) => void
}

/** The values of the runner's file commands: `name<<delimiter`, lines, `delimiter`. */
function readOutputs(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^(.+?)<<(.+)\n([^]*?)\n\2$/gm)].map(([, name = '', , value = '']) => [name, value]))
}

/**
 * `inputs` as in a workflow's `with`; what is left out is empty, for which the program knows the defaults of action.yml.
 * Without `pull-request` the changes stay in the working tree.
 */
export async function runAction(
  repository: Repository, inputs: Readonly<Record<string, string>>, options: ActionOptions = {},
): Promise<ActionRun> {
  const temporary = mkdtempSync(join(repository.path, 'runner-'))
  const files = { GITHUB_OUTPUT: join(temporary, '_output'), GITHUB_STEP_SUMMARY: join(temporary, '_summary') }
  for (const file of Object.values(files)) writeFileSync(file, '')
  const runnerTemp = join(temporary, 'temp')
  mkdirSync(runnerTemp)
  const given = { 'pull-request': 'false', 'sops-path': sopsBinary(), ...inputs }
  const env = {
    PATH: process.env['PATH'], HOME: repository.home, RUNNER_TEMP: runnerTemp, RUNNER_TOOL_CACHE: join(temporary, 'tools'),
    GITHUB_WORKSPACE: repository.root, GITHUB_REPOSITORY: 'acme/infra', GITHUB_RUN_ID: '42', GITHUB_EVENT_NAME: 'workflow_dispatch',
    GITHUB_SERVER_URL: 'https://github.invalid', GITHUB_API_URL: 'https://api.github.invalid', ...files,
    NODE_COMPILE_CACHE: compiled, ...repository.credentials, ...options.env,
    ...Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
  }
  return await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bundle], { cwd: repository.root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let log = ''
    child.stdout.on('data', (piece: Buffer) => (log += piece.toString()))
    child.stderr.on('data', (piece: Buffer) => (log += piece.toString()))
    child.on('error', reject)
    child.on('close', (exitCode, signal) => {
      const outputs = readOutputs(readFileSync(files.GITHUB_OUTPUT, 'utf8'))
      const reportPath = outputs['report-path'] ?? ''
      resolve({
        exitCode, signal, log, outputs, summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'),
        report: existsSync(reportPath) ? JSON.parse(readFileSync(reportPath, 'utf8')) as Report : null, temporary: runnerTemp,
      })
    })
    options.onStart?.(child, runnerTemp)
  })
}
