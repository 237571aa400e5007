// What the owners file is to remember of a plan: who was asked to go, and who goes since no config names them any more.
// Must never record a key that can still read something.
import { ownerOf } from './owners.ts'
import { editOwnersFile } from './owners-file-edit.ts'
import type { EditedText, PlannedFile, RekeyRequest } from '../plan/plan.ts'
import { isSameKeyMaterial, parseRecipient, sameRecipient } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import type { Survey, SurveyedFile } from '../survey.ts'
import { readersOf, unique } from '../survey.ts'

/** The owners file after the plan; null where there is none, or nothing to say. */
export function recordOf(
  survey: Survey, request: RekeyRequest, changes: readonly PlannedFile[], unchanged: readonly SurveyedFile[],
): EditedText | null {
  const { ownersFile, owners, configs, others, skipped } = survey
  if (ownersFile === null) return null
  const { removed: asked, added, date, by } = request
  const files = [...unchanged, ...others, ...skipped.flatMap(({ file }) => file ?? [])]
  const left = unique([...changes.flatMap(({ after }) => after.flat()), ...files.flatMap(readersOf), ...configs.flatMap(({ recipients }) => recipients)])
  const staying = left.filter((one) => !asked.some((other) => sameRecipient(one, other)))
  // A key under another version or role is the same key.
  const stays = (one: Recipient): boolean => [...staying, ...added.map(({ recipient }) => recipient)].some((other) => isSameKeyMaterial(one, other))
  const drifted = changes.flatMap(({ file }) => readersOf(file)).filter((one) => parseRecipient(one.id) !== null && !stays(one))
  const removed = unique([...asked, ...drifted])
  const { path, text: before } = ownersFile
  const after = editOwnersFile(path, before, { removed, staying, added, date, by, ownerOf: (one) => ownerOf(owners, one) })
  return after === null ? null : { path, before, after }
}
