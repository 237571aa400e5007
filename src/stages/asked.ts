// Survey + inputs + history → what is asked of the files: who is meant, and which data keys have to go. Uses no key.
// Must never let a request that names nobody here pass for one that is done.
import type { Inputs } from '../model/inputs.ts'
import { madeAlike } from '../model/exposure/made-alike.ts'
import { namesakes } from '../model/exposure/namesake.ts'
import { removedForGood } from '../model/plan/plan-findings.ts'
import type { RekeyRequest } from '../model/plan/plan.ts'
import type { Recipient } from '../model/recipient.ts'
import type { Survey } from '../model/survey.ts'
import { findDueRotations, nothingDue } from './due-rotations.ts'
import type { DueRotations } from './due-rotations.ts'
import { partialExposure } from './expose.ts'
import type { HistoryOnDemand } from './history.ts'
import { resolveWithPast, whoIsMeant } from './request.ts'
import type { Past } from './request.ts'

export interface Asked extends Pick<DueRotations, 'keySince' | 'findings'> {
  /** With the names by which only history knows some of them. */
  readonly survey: Survey
  readonly request: RekeyRequest
  /** Keys that whoever is removed by name held before. */
  readonly before: readonly Recipient[]
  /** Who is meant, a line each. */
  readonly lines: readonly string[]
  /** Whether the age of the data keys was looked at. */
  readonly lookedBack: boolean
}

/** `everything`: whether all of the history is wanted anyway; `actor`: who asked for the run, where GitHub says it. */
export async function whatIsAsked(
  inputs: Inputs, surveyed: Survey, history: HistoryOnDemand, past: (everywhere: boolean) => Promise<Past>,
  { now, actor, everything }: { readonly now: Date; readonly actor: string | null; readonly everything: boolean },
): Promise<Asked> {
  const resolved = await resolveWithPast(inputs, surveyed, past)
  const { asked, earlier, owners } = resolved
  const before = earlier.map(({ recipient }) => recipient)
  const survey = { ...surveyed, owners: [...surveyed.owners, ...owners] }
  const lookedBack = everything || inputs.maxKeyAge !== null || removedForGood(survey).length > 0
  const { due, keySince, findings } = lookedBack
    ? findDueRotations((await history.open()).history, survey, asked.removed, inputs.maxKeyAge, now) : nothingDue
  const request = {
    ...asked, policy: inputs.policy, rotateAll: inputs.rotateAll, overdue: due, date: now.toISOString().slice(0, 10), by: actor,
  }
  const confused = earlier.length === 0 ? [] : namesakes((await history.open()).history, asked.removed, earlier, survey.owners)
  const alike = asked.removed.length === 0 ? null : madeAlike((await history.open()).history, [...asked.removed, ...before])
  const unseen = everything && findings.length === 0 ? partialExposure((await history.open()).history) : null
  return {
    survey, request, before, lines: whoIsMeant(resolved, survey), lookedBack, keySince,
    findings: [...findings, ...confused, ...[alike, unseen].filter((one) => one !== null)],
  }
}

/** Whether there is no file in question, nor was one for those who are removed, and no config to take them out of. */
export async function isIdle(survey: Survey, inputs: Inputs, history: HistoryOnDemand): Promise<boolean> {
  return nothingToDo(survey, inputs) && !await hadSecrets(survey, inputs, history)
}

/** Without a file in question only a request that names someone has something to do, in the configs, or an issue about what is gone. */
function nothingToDo({ files, damaged, unsure, others, configs }: Survey, { removedRecipients, addedRecipients, trackingIssue }: Inputs): boolean {
  return files.length + damaged.length + unsure.length === 0 && !trackingIssue
    && (removedRecipients.length + addedRecipients.length === 0 || others.length > 0 || configs.length === 0)
}

/** Whether there was once something for those to read who are removed, where nothing is encrypted and no config stands any more. */
async function hadSecrets({ others, configs }: Survey, { removedRecipients }: Inputs, history: HistoryOnDemand): Promise<boolean> {
  if (removedRecipients.length === 0 || others.length + configs.length > 0) return false
  return (await history.open()).history.versions.length > 0
}
