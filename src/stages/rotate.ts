// Plan → staged files with new recipients and new data keys, made by sops with the runner's own credentials.
// Must never touch a file that is not staged, and must see a file decrypt before it changes it.
import { canonicalId } from '../model/recipient.ts'
import { Failure } from '../model/failure.ts'
import type { Plan, PlannedFile } from '../model/plan/plan.ts'
import { count } from '../model/markdown/markdown-paths.ts'
import { visible } from '../model/safe-text.ts'
import type { SurveyedFile } from '../model/survey.ts'
import type { Log } from '../tools/log.ts'
import type { Sops } from '../tools/sops.ts'
import type { Staging } from '../tools/staging.ts'
import { Places } from './in-parallel.ts'
import { sayKept } from './publishing/kept.ts'
import type { Kept } from './publishing/kept.ts'
import { batchesOf } from './stage.ts'

/** The staged files after sops was done with them, and the digest of what each decrypted to before. */
export interface Rekeyed {
  readonly plan: Plan
  readonly plaintextBefore: ReadonlyMap<string, string>
  /** Where other jobs left the new files; null: sops wrote them here. */
  readonly folder: string | null
}

/** At most this many files for one updatekeys: it works on them one after the other. */
const filesPerUpdate = 50

/**
 * Each file is decrypted as it is, then gets its recipients, then its data key; while some wait for their key service, others
 * are worked on. updatekeys does not look at the MAC, so it only gets what has decrypted. `kept` takes the place of a file as it is.
 */
export async function rekeyStaged(sops: Sops, staging: Staging, plan: Plan, kept: Kept, atOnce: number, log: Log): Promise<Rekeyed> {
  const changes = plan.changes.filter(({ file }) => !kept.has(file.path))
  const plaintextBefore = new Map<string, string>()
  const byPath = new Map(plan.changes.map((change) => [change.file.path, change]))
  const toUpdate = changes.filter(({ updatekeys }) => updatekeys)
  const batches = batchesOf(toUpdate.map(({ file }) => file), Math.min(filesPerUpdate, Math.ceil(toUpdate.length / atOnce)))
  const alone = changes.filter(({ updatekeys }) => !updatekeys)
  sayKept(kept, log)
  await log.group(`New keys for ${count(changes.length, 'file')}`, async () => {
    const places = new Places(atOnce)
    const done = log.progress(plan.changes.length)
    const decrypt = async (file: SurveyedFile): Promise<void> => {
      plaintextBefore.set(file.path, await places.run(async () => await sops.plaintextDigest(file)))
    }
    const rotate = async (change: PlannedFile): Promise<void> => {
      if (change.rotate) await places.run(async () => await explainLockout(change, async () => await sops.rotate(change.file)))
      done(change.file.path)
    }
    await places.all([
      ...[...kept].map(async ([path, bytes]) => {
        const change = byPath.get(path)
        if (change !== undefined) await decrypt(change.file)
        staging.write(path, { bytes, executable: false })
        done(path)
      }),
      ...batches.map(async ({ config, files }) => {
        await places.all(files.map(decrypt))
        await places.run(async () => await sops.updatekeys(config, files), true)
        await places.all(files.flatMap(({ path }) => byPath.get(path) ?? []).map(rotate))
      }),
      ...alone.map(async (change) => {
        await decrypt(change.file)
        await rotate(change)
      }),
    ])
  })
  return { plan, plaintextBefore, folder: null }
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
