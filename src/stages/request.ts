// What was asked for, in names → the keys that are meant. Throws where that is not exactly one thing.
import type { Inputs } from '../model/inputs.ts'
import { Failure } from '../model/failure.ts'
import { resolveRecipients } from '../model/owners.ts'
import type { Recipient } from '../model/recipient.ts'
import type { Survey } from '../model/survey.ts'
import { knownRecipients } from '../model/survey.ts'

/** Throws `config-missing`, or `recipient-unknown` or `recipient-ambiguous`, listing who there is. */
export function resolveRemoved(inputs: Pick<Inputs, 'removedRecipients'>, survey: Survey): readonly Recipient[] {
  if (survey.files.length > 0 && survey.configs.length === 0) {
    throw new Failure('config-missing', `There are ${survey.files.length} encrypted files, and git tracks no .sops.yaml in any folder, so that nothing says who should read them.`, {
      advice: 'Add a .sops.yaml with creation_rules at the root (.sops.yml is not read by sops).',
    })
  }
  const resolved = resolveRecipients(inputs.removedRecipients, survey.owners, knownRecipients(survey))
  if (resolved.kind !== 'resolved') throw new Failure(`recipient-${resolved.kind}`, resolved.message)
  return resolved.recipients
}
