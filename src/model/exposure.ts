// Which secrets someone could read at the base commit: names only, taken from the ciphertext.
import type { OwnedRecipient } from './owners.ts'
import { ownerOf } from './owners.ts'
import type { Recipient } from './recipient.ts'
import { shortForm } from './recipient.ts'
import type { ExposedSecret } from './report.ts'
import type { SurveyedFile } from './survey.ts'

/** One entry a secret; `names` are the secrets of `file` as `secretNames` gives them. */
export function exposedSecrets(
  file: SurveyedFile, names: readonly string[], readers: readonly Recipient[], owners: readonly OwnedRecipient[],
): readonly ExposedSecret[] {
  const readBy = [...new Set(readers.map((one) => ownerOf(owners, one) ?? shortForm(one)))]
  return names.map((key) => ({ file: file.path, key, readBy, since: null, until: null, state: 'current', reason: null }))
}
