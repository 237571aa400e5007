// Survey + git's history → the files whose data key has to go although their recipients may stay. Uses no key.
// Must never take a history that is cut off for the whole one.
import { versionsWithSameKey } from '../model/data-key-age.ts'
import type { FileVersion } from '../model/data-key-age.ts'
import { readEncryptedFile, valuesIn } from '../model/encrypted-file.ts'
import { Failure } from '../model/failure.ts'
import type { KeyAge } from '../model/key-age.ts'
import { reachesBackTo } from '../model/key-age.ts'
import { canonicalId } from '../model/recipient.ts'
import type { Recipient } from '../model/recipient.ts'
import type { Finding } from '../model/report.ts'
import type { Survey } from '../model/survey.ts'
import { isReadBy } from '../model/survey.ts'
import type { Git } from '../tools/git.ts'
import { inPieces } from './in-parallel.ts'

export interface DueRotations {
  /** Path → reason. */
  readonly due: ReadonlyMap<string, string>
  readonly findings: readonly Finding[]
}

/** How many files' versions are in memory at once. */
const filesAtOnce = 50

/**
 * Due is what has an older data key than `age`, and what one of `removed` cannot read now, but whose data key was once wrapped
 * for them: whoever kept that can put it into the file of today.
 */
export async function findDueRotations(
  git: Git, survey: Survey, removed: readonly Recipient[], age: KeyAge | null, now: Date,
): Promise<DueRotations> {
  const ids = new Set(removed.map(canonicalId))
  const asked = survey.files.filter((file) => age !== null || (ids.size > 0 && !isReadBy(file, ids)))
  const due = new Map<string, string>()
  if (asked.length === 0) return { due, findings: [] }
  if (await git.isShallow()) {
    if (age === null) return { due, findings: [shallow(asked.length)] }
    throw new Failure('history-shallow', 'The checkout is shallow, so that the age of a data key (`max-key-age`) can\'t be told.', {
      advice: 'Write `fetch-depth: 0` for actions/checkout.',
    })
  }
  const limit = age === null ? null : reachesBackTo(age, now).getTime() / 1000
  const history = await git.history(asked.map(({ path }) => path))
  for (const piece of inPieces(asked, filesAtOnce)) {
    const blobs = await git.readBlobs([...new Set(piece.flatMap(({ path }) => (history.get(path) ?? []).map(({ blob }) => blob)))])
    for (const { path } of piece) {
      const versions = (history.get(path) ?? []).map(({ time, blob }): FileVersion => {
        const bytes = blobs.get(blob) ?? new Uint8Array()
        const read = readEncryptedFile(path, bytes)
        return { time, file: read !== null && 'metadata' in read ? { metadata: read.metadata, values: valuesIn(read, bytes) } : null }
      })
      const sameKey = versionsWithSameKey(versions)
      // The commit that brought the data key.
      const since = sameKey.at(-1)?.time ?? null
      const held = sameKey.find(({ file }) => file !== null && isReadBy(file, ids))
      if (held !== undefined) due.set(path, `its data key was wrapped for the removed recipient until ${day(held.time)}, and has not changed since`)
      else if (limit !== null && since !== null && since <= limit) due.set(path, `its data key is from ${day(since)}, older than max-key-age`)
    }
  }
  return { due, findings: [] }
}

function day(time: number): string {
  return new Date(time * 1000).toISOString().slice(0, 10)
}

function shallow(count: number): Finding {
  return {
    code: 'history-shallow', level: 'warning', path: null,
    message: `the checkout is shallow: whether the removed recipient once had the data key of the ${count} files they cannot read now can't be told. `
      + 'Write `fetch-depth: 0` for actions/checkout, or use `rotate-all: true`',
  }
}
