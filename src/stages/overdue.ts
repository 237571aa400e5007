// Survey + max-key-age → the files whose data key is older, from git's history, without any key.
// Must never take a history that is cut off for the whole one.
import { dataKeySince } from '../model/data-key-age.ts'
import type { FileVersion } from '../model/data-key-age.ts'
import { readEncryptedFile } from '../model/encrypted-file.ts'
import { Failure } from '../model/failure.ts'
import type { KeyAge } from '../model/key-age.ts'
import { reachesBackTo } from '../model/key-age.ts'
import type { Survey } from '../model/survey.ts'
import type { Git } from '../tools/git.ts'

/** Paths of `survey.files` whose data key was made more than `age` before `now`; none where `age` is null. */
export async function findOverdue(git: Git, survey: Survey, age: KeyAge | null, now: Date): Promise<ReadonlySet<string>> {
  if (age === null || survey.files.length === 0) return new Set()
  if (await git.isShallow()) {
    throw new Failure('history-shallow', 'The checkout is shallow, so that the age of a data key (`max-key-age`) can\'t be told.', {
      advice: 'Write `fetch-depth: 0` for actions/checkout.',
    })
  }
  const limit = reachesBackTo(age, now).getTime() / 1000
  const history = await git.history(survey.files.map(({ path }) => path))
  const overdue = new Set<string>()
  for (const { path } of survey.files) {
    const changes = history.get(path) ?? []
    // Whoever was born after the limit has no older key: no need to read its versions.
    if ((changes.at(-1)?.time ?? 0) > limit) continue
    const versions: FileVersion[] = []
    const blobs = await git.readBlobs(changes.map(({ blob }) => blob))
    changes.forEach(({ time, blob }) => {
      const bytes = blobs.get(blob)
      const read = bytes === undefined ? null : readEncryptedFile(path, bytes)
      versions.push({ time, file: read !== null && 'metadata' in read ? read : null })
    })
    const since = dataKeySince(versions)
    if (since !== null && since <= limit) overdue.add(path)
  }
  return overdue
}
