// Every owner and every key of a repository removed in turn: what becomes of each config, in sops' eyes and line by line.
// Must never let a line change that is not about whoever is removed.
import { canonicalId } from '../src/model/recipient.ts'
import { removeRecipients } from '../src/model/sops-config/edit.ts'
import type { Survey } from '../src/model/survey.ts'
import type { Sops } from '../src/tools/sops.ts'
import type { Staging } from '../src/tools/staging.ts'
import { strayLines } from './corpus-lines.ts'
import type { Answers } from './corpus-reading.ts'
import { everyone, tryEdits, wordsFor } from './corpus-requests.ts'
import type { Outcomes, Trial } from './corpus-requests.ts'

/** `before` is what sops says of the files as they are; `staging` holds a copy of them and of the configs. */
export async function checkRemovals(survey: Survey, before: Answers, sops: Sops, staging: Staging): Promise<Outcomes> {
  const trials = everyone(survey).map(({ who, recipients }): Trial => {
    const ids = new Set(recipients.map(canonicalId))
    return {
      what: `without ${who}`,
      edit: (config) => removeRecipients(config, recipients, survey.owners),
      stray: (path, old, edited) => strayLines(old, edited, wordsFor(survey, path, recipients)),
      expected: (group) => group.filter((one) => !ids.has(canonicalId(one))),
    }
  })
  return await tryEdits(survey, before, trials, sops, staging)
}
