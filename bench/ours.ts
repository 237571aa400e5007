// Our side: the built action, run as the runner runs it, with a clock and an eye on its memory.
// Must never pass for a run that failed or that leaves a file unaccounted for.
import { readFileSync } from 'node:fs'
import { runAction } from '../__tests__/support/action.ts'
import type { ActionRun } from '../__tests__/support/action.ts'
import type { Report } from '../src/model/report.ts'
import type { Repository } from '../__tests__/support/repository.ts'
import type { EncryptedTree } from './encrypted-tree.ts'
import type { RevisedTree } from './revised-tree.ts'

export interface ActionCost {
  readonly seconds: number
  /** The part of it up to the end of the survey; null where nobody looked. */
  readonly secondsToSurvey: number | null
  readonly sopsPerFile: number
  /** Peak of the action's own process, without its children; null where the system does not tell. */
  readonly peakMegabytes: number | null
  /** Requests to GitHub's API, git's own not among them; null where there is no GitHub. */
  readonly calls: number | null
}

/** How often the peak is read, in milliseconds; what grows in the last of these is missed. */
const interval = 20

export interface MeasuredRun {
  readonly run: ActionRun
  readonly report: Report
  readonly seconds: number
  /** Until the log says what the survey found. */
  readonly secondsToSurvey: number
  /** What came after the last group of the log, which is the proof of every file. */
  readonly secondsAfterProof: number
  readonly peakMegabytes: number | null
}

/** Runs the action to its end. Throws where it failed. */
export async function measure(
  tree: Repository, inputs: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {},
): Promise<MeasuredRun> {
  let peak: number | null = null
  let [ended, surveyed, proven] = [0, 0, 0]
  const started = performance.now()
  const run = await runAction(tree, inputs, {
    // Every run compiles the bundle, as on a new runner.
    env: { NODE_DISABLE_COMPILE_CACHE: '1', ...env },
    onStart: (child) => {
      const timer = setInterval(() => (peak = peakMegabytes(child.pid) ?? peak), interval)
      child.stdout?.on('data', (piece: Buffer) => {
        if (surveyed === 0 && piece.includes(' encrypted file')) surveyed = performance.now()
        if (piece.includes('::endgroup::')) proven = performance.now()
      })
      child.once('exit', () => {
        ended = performance.now()
        clearInterval(timer)
      })
    },
  })
  const { exitCode, log, report } = run
  if (exitCode !== 0 || report === null) throw new Error(`The action ended with ${exitCode ?? 'a signal'}:\n${log.slice(-3000)}`)
  return {
    run, report, seconds: (ended - started) / 1000, secondsToSurvey: (surveyed - started) / 1000, secondsAfterProof: (ended - proven) / 1000,
    peakMegabytes: peak,
  }
}

/** Throws unless the report says of every file that this was done to it. */
export function assertReported(tree: EncryptedTree, report: Report, outcome: 'planned' | 'changed' | 'published'): void {
  const verified = outcome !== 'planned'
  const done = new Set(report.files.filter((file) => file.action === 'updated+rotated' && file.verified === verified)
    .map(({ path }) => path))
  const missing = [...tree.files.keys()].filter((path) => !done.has(path)).length
  if (missing > 0 || report.files.length !== tree.files.size || report.outcome !== outcome) {
    const { size } = tree.files
    throw new Error(`The report is "${report.outcome}" on ${report.files.length} files; ${missing} of ${size} are not done.`)
  }
}

/** Offboards bob, or with `dryRun` only plans it. Throws where that was not done to every file. */
export async function offboardWithAction(tree: EncryptedTree, dryRun: boolean): Promise<ActionCost> {
  const { report, seconds, secondsToSurvey, peakMegabytes } = await measure(tree, { 'removed-recipient': 'bob', 'dry-run': String(dryRun) })
  assertReported(tree, report, dryRun ? 'planned' : 'changed')
  if (dryRun) tree.assertUntouched()
  else tree.assertOffboarded()
  return { seconds, secondsToSurvey, sopsPerFile: report.sopsCalls / tree.files.size, peakMegabytes, calls: null }
}

/** Asks what bob could read at any commit. Throws where that is not all of it. */
export async function readHistoryWithAction(tree: RevisedTree): Promise<ActionCost> {
  const inputs = { 'removed-recipient': tree.bob.recipient, 'dry-run': 'true' }
  const { report, seconds, peakMegabytes } = await measure(tree, inputs)
  tree.assertExposed(report)
  return { seconds, secondsToSurvey: null, sopsPerFile: report.sopsCalls / report.files.length, peakMegabytes, calls: null }
}

/** The most memory a running process ever had, as Linux counts it; null elsewhere, or when it is gone. */
function peakMegabytes(pid: number | undefined): number | null {
  if (process.platform !== 'linux') return null
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid ?? 'self'}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? null : Number(kilobytes) / 1024
  } catch {
    return null
  }
}
