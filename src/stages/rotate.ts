// Plan → staged files with new recipients and new data keys, made by sops with the runner's own credentials.
// Must never touch a file that is not staged, and must see every file decrypt before it changes the first.
import { canonicalId } from '../model/recipient.ts'
import { Failure } from '../model/failure.ts'
import type { Plan, PlannedFile } from '../model/plan.ts'
import { visible } from '../model/safe-text.ts'
import type { Log } from '../tools/log.ts'
import type { Sops } from '../tools/sops.ts'
import { inParallel } from './in-parallel.ts'
import { batchesOf } from './stage.ts'

/** The staged files after sops was done with them, and the digest of what each decrypted to before. */
export interface Rekeyed {
  readonly plan: Plan
  readonly plaintextBefore: ReadonlyMap<string, string>
}

/** At most this many files for one updatekeys: it works on them one after the other. */
const filesPerUpdate = 50

export async function rekeyStaged(sops: Sops, plan: Plan, atOnce: number, log: Log): Promise<Rekeyed> {
  const { changes } = plan
  const plaintextBefore = await log.group(`Decrypt ${changes.length} files as they are`, async () => {
    const done = log.progress(changes.length)
    return new Map(await inParallel(changes, atOnce, async ({ file }) => {
      const digest = await sops.plaintextDigest(file)
      done(file.path)
      return [file.path, digest] as const
    }))
  })
  const toUpdate = changes.filter(({ updatekeys }) => updatekeys).map(({ file }) => file)
  if (toUpdate.length > 0) {
    const size = Math.min(filesPerUpdate, Math.ceil(toUpdate.length / atOnce))
    await log.group(`updatekeys on ${toUpdate.length} files`, async () => {
      const done = log.progress(toUpdate.length)
      await inParallel(batchesOf(toUpdate, size), atOnce, async ({ config, files }) => {
        await sops.updatekeys(config, files)
        for (const { path } of files) done(path)
      })
    })
  }
  const toRotate = changes.filter(({ rotate }) => rotate)
  await log.group(`rotate ${toRotate.length} files`, async () => {
    const done = log.progress(toRotate.length)
    await inParallel(toRotate, atOnce, async (planned) => {
      await explainLockout(planned, async () => await sops.rotate(planned.file))
      done(planned.file.path)
    })
  })
  return { plan, plaintextBefore }
}

/** A file that decrypted with its old recipients and has no usable key with its new ones is a lock-out. */
export async function explainLockout<T>(planned: PlannedFile, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.code !== 'no-usable-key' || !planned.updatekeys) throw cause
    const left = planned.after.flat().map(canonicalId).join(', ')
    throw new Failure('lockout', `${visible(planned.file.path)}: the runner itself could no longer decrypt it. It would be left to ${visible(left, 600)}.`, {
      path: planned.file.path,
      advice: 'Give the job the credentials of a key that stays, or keep the key it uses now.',
      cause,
    })
  }
}
