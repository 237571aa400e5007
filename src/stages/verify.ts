// Staged bytes → proof: reads and decrypts every file that was touched, once more, and lets the model judge.
import { randomUUID } from 'node:crypto'
import type { EncryptedFile } from '../model/sops-file/encrypted-file.ts'
import { readEncryptedFile, valuesIn } from '../model/sops-file/encrypted-file.ts'
import { compareDataKeys } from '../model/sops-file/encrypted-value.ts'
import { Failure } from '../model/failure.ts'
import { textsOf } from '../model/plan/plan.ts'
import { count } from '../model/markdown/markdown-paths.ts'
import { visible } from '../model/safe-text.ts'
import type { SurveyedFile } from '../model/survey.ts'
import type { FileEvidence } from '../model/plan/verification.ts'
import { Verified } from '../model/plan/verification.ts'
import type { Log } from '../tools/log.ts'
import type { Sops } from '../tools/sops.ts'
import type { Staging } from '../tools/staging.ts'
import { readAsItWas } from '../tools/staging.ts'
import { inParallel } from './in-parallel.ts'
import { explainLockout } from './rotate.ts'
import type { Rekeyed } from './rotate.ts'

export async function verifyStaged(
  sops: Sops, staging: Staging, root: string, rekeyed: Rekeyed, atOnce: number, log: Log,
): Promise<Verified> {
  const { plan, plaintextBefore, folder } = rekeyed
  const verified = await log.group(`Verify ${count(plan.changes.length, 'file')}`, async () => {
    const done = log.progress(plan.changes.length)
    const evidence = await inParallel(plan.changes, atOnce, async (planned): Promise<FileEvidence> => {
      const { file } = planned
      const plaintextAfter = await explainLockout(planned, async () => await sops.plaintextDigest(file))
      const staged = staging.read(file.path)
      const after = readEncryptedFile(file.path, staged)
      const seen = after === null || 'damage' in after ? { dataKey: 'unproven' as const, opensWithOldKey: null }
        : await compareKeys(sops, staging, file, staged, after, root)
      done(file.path)
      return { planned, plaintextBefore: plaintextBefore.get(file.path) ?? '', plaintextAfter, after, ...seen }
    })
    return Verified.verify(plan.changes, textsOf(plan), evidence)
  })
  if (verified instanceof Verified) return verified
  const [first] = verified
  const [what, advice] = folder === null ? ['sops wrote something that does not hold', 'Please report this.']
    : [`What other jobs left in ${visible(folder)} does not hold`, 'Run all jobs of the workflow again, and see who else can write there.']
  throw new Failure('verification',
    `${what}: ${verified.slice(0, 10).map(({ path, reason }) => `${visible(path)}: ${reason}`).join('; ')}.`,
    { ...(first === undefined ? {} : { path: first.path }), advice: `Nothing was changed. ${advice}` })
}

async function compareKeys(
  sops: Sops, staging: Staging, file: SurveyedFile, staged: Buffer, after: EncryptedFile, root: string,
): Promise<Pick<FileEvidence, 'dataKey' | 'opensWithOldKey'>> {
  const base = readAsItWas(root, file).bytes
  const dataKey = compareDataKeys(valuesIn(file, base), valuesIn(after, staged))
  return { dataKey, opensWithOldKey: dataKey === 'unproven' ? await trySplice(sops, staging, file, base, after) : null }
}

/**
 * The attack of someone who kept the old data key, done with the runner's own: the old file, whose recipients wrap the
 * old data key, with the MAC of the new one. It opens only if the new MAC was made with the old data key.
 */
async function trySplice(sops: Sops, staging: Staging, file: SurveyedFile, base: Buffer, after: EncryptedFile): Promise<boolean> {
  const spliced = base.toString()
    .replaceAll(file.metadata.mac, after.metadata.mac)
    .replaceAll(file.metadata.lastModified, after.metadata.lastModified)
  const path = `.sops-rekey-splice-${randomUUID()}/${file.path}`
  staging.write(path, { bytes: Buffer.from(spliced), executable: false })
  try {
    return await sops.isAuthentic({ path, format: file.format, explicitType: file.explicitType, config: file.config })
  } finally {
    staging.remove(path)
  }
}
