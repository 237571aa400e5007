// What was asked for, in names → the keys that are meant. Throws where that is not exactly one thing.
import type { Inputs } from '../model/inputs.ts'
import { Failure } from '../model/failure.ts'
import { resolveRecipients } from '../model/owners.ts'
import type { RekeyRequest } from '../model/plan.ts'
import type { Survey } from '../model/survey.ts'
import { knownRecipients } from '../model/survey.ts'

/** Throws `config-missing`, or `recipient-unknown` or `recipient-ambiguous`, listing who there is. */
export function resolveRequest(
  inputs: Pick<Inputs, 'removedRecipients' | 'rotateAll'>, survey: Survey, overdue: ReadonlySet<string>,
): RekeyRequest {
  if (survey.files.length > 0 && survey.configs.length === 0) {
    throw new Failure('config-missing', `There are ${survey.files.length} encrypted files, and git tracks no .sops.yaml in any folder, so that nothing says who should read them.`, {
      advice: 'Add a .sops.yaml with creation_rules at the root (.sops.yml is not read by sops).',
    })
  }
  const resolved = resolveRecipients(inputs.removedRecipients, survey.owners, knownRecipients(survey))
  if (resolved.kind !== 'resolved') throw new Failure(`recipient-${resolved.kind}`, resolved.message)
  return { removed: resolved.recipients, rotateAll: inputs.rotateAll, overdue }
}
