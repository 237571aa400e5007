// Our side: the built action, run as the runner runs it, with a clock and an eye on its memory.
// Must never pass for a run that failed or that leaves a file unaccounted for.
import { readFileSync } from 'node:fs'
import { runAction } from '../__tests__/support/action.ts'
import type { EncryptedTree } from './encrypted-tree.ts'

export interface ActionCost {
  readonly seconds: number
  readonly sopsPerFile: number
  /** Peak of the action's own process, without its children; null where the system does not tell. */
  readonly peakMegabytes: number | null
}

/** How often the peak is read, in milliseconds; what grows in the last of these is missed. */
const interval = 20

/** Offboards bob, or with `dryRun` only plans it. Throws where that was not done to every file. */
export async function offboardWithAction(tree: EncryptedTree, dryRun: boolean): Promise<ActionCost> {
  let peak: number | null = null
  let ended = 0
  const started = performance.now()
  const { exitCode, log, report } = await runAction(tree, { 'removed-recipient': 'bob', 'dry-run': String(dryRun) }, {
    onStart: (child) => {
      const timer = setInterval(() => (peak = peakMegabytes(child.pid) ?? peak), interval)
      child.once('exit', () => {
        ended = performance.now()
        clearInterval(timer)
      })
    },
  })
  if (exitCode !== 0 || report === null) throw new Error(`The action ended with ${exitCode ?? 'a signal'}:\n${log.slice(-3000)}`)
  const done = new Set(report.files.filter(({ action, verified }) => action === 'updated+rotated' && verified === !dryRun)
    .map(({ path }) => path))
  const missing = [...tree.files.keys()].filter((path) => !done.has(path)).length
  const outcome = dryRun ? 'planned' : 'changed'
  if (missing > 0 || report.files.length !== tree.files.size || report.outcome !== outcome) {
    const { size } = tree.files
    throw new Error(`The report is "${report.outcome}" on ${report.files.length} files; ${missing} of ${size} are not done.`)
  }
  if (dryRun) tree.assertUntouched()
  else tree.assertOffboarded()
  return { seconds: (ended - started) / 1000, sopsPerFile: report.sopsCalls / tree.files.size, peakMegabytes: peak }
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
