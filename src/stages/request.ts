// What was asked for, in names → the keys that are meant. Throws where that is not exactly one thing.
import type { Inputs } from '../model/inputs.ts'
import { Failure } from '../model/failure.ts'
import { resolveRecipients } from '../model/owners.ts'
import type { RekeyRequest } from '../model/plan.ts'
import type { Survey } from '../model/survey.ts'
import { knownRecipients } from '../model/survey.ts'

/** Throws `recipient-unknown` or `recipient-ambiguous`, listing who there is. */
export function resolveRequest(
  inputs: Pick<Inputs, 'removedRecipients' | 'rotateAll'>, survey: Survey, overdue: ReadonlySet<string>,
): RekeyRequest {
  const resolved = resolveRecipients(inputs.removedRecipients, survey.owners, knownRecipients(survey))
  if (resolved.kind !== 'resolved') throw new Failure(`recipient-${resolved.kind}`, resolved.message)
  return { removed: resolved.recipients, rotateAll: inputs.rotateAll, overdue }
}
