// Survey + who loses access → the names of the secrets they could read, from the staged ciphertext.
// Uses no key. Has to run before sops rewrites the staged files.
import { secretNames } from '../model/encrypted-file.ts'
import { exposedSecrets } from '../model/exposure.ts'
import type { Plan } from '../model/plan.ts'
import type { ExposedSecret } from '../model/report.ts'
import { canonicalId } from '../model/recipient.ts'
import type { Survey } from '../model/survey.ts'
import { readersOf } from '../model/survey.ts'
import type { Staging } from '../tools/staging.ts'

/** What each recipient that `plan` takes out of a file could read in that file. */
export function expose(survey: Survey, plan: Plan, staging: Staging): readonly ExposedSecret[] {
  const exposed: ExposedSecret[] = []
  for (const { file, after } of plan.changes) {
    const stays = new Set(after.flat().map(canonicalId))
    const readers = readersOf(file).filter((one) => !stays.has(canonicalId(one)))
    if (readers.length === 0) continue
    exposed.push(...exposedSecrets(file, secretNames(file, staging.read(file.path)), readers, survey.owners))
  }
  return exposed
}
