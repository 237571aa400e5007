// The end of a run by a signal: what is at work or waits ends at once, and what has not begun does not begin.
// Must never say that nothing was changed: that only the one who was stopped can know.
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../model/failure.ts'

/** The runner sends SIGINT, SIGTERM 7.5 s later, and kills after another 2.5 s. */
const timeToClearUp = 5_000
const leastTime = 1_000

let stopped: { readonly by: string; readonly at: number } | null = null
const ends = new Set<() => void>()

/** Ends the run; `signal` is the name of the first one that came. */
export function stopRun(signal: string): void {
  stopped ??= { by: signal, at: performance.now() }
  for (const end of ends) end()
}

/** Calls `end` when the run is stopped; what it returns takes that back. */
export function onStop(end: () => void): () => void {
  ends.add(end)
  return () => void ends.delete(end)
}

/** Failure `interrupted` after a signal, else null. */
export function whyStopped(): Failure | null {
  return stopped === null ? null : new Failure('interrupted', `The run was stopped by ${stopped.by}.`)
}

/** Throws `whyStopped`. */
export function assertNotStopped(): void {
  const why = whyStopped()
  if (why !== null) throw why
}

/** How many milliseconds are left for what has to be done although the run was stopped. */
export function timeLeft(): number {
  const since = stopped === null ? 0 : performance.now() - stopped.at
  return Math.ceil(Math.max(leastTime, timeToClearUp - since))
}

/** The result of `work`, or Failure `interrupted` as soon as the run is stopped, whatever becomes of `work` then. */
export async function untilStopped<T>(work: () => Promise<T>): Promise<T> {
  assertNotStopped()
  const working = work()
  return await new Promise((resolve, reject) => {
    const forget = onStop(() => {
      const why = whyStopped()
      if (why !== null) reject(why)
    })
    working.then(resolve, reject).finally(forget)
  })
}

/** Waits so many milliseconds. Throws Failure `interrupted` as soon as the run is stopped. */
export async function pause(milliseconds: number): Promise<void> {
  await untilStopped(async () => await sleep(milliseconds))
}
