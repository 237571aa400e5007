// What is asked → the plan: the configs edited, all of it staged, and sops asked what it would make of each file. Uses no key.
// Must never plan on a config that sops has not read as it was edited.
import { availableParallelism } from 'node:os'
import type { Plan } from '../model/plan/plan.ts'
import { planRekey } from '../model/plan/plan.ts'
import type { Runner } from '../model/plan/runner.ts'
import { editConfig } from '../model/sops-config/edit.ts'
import type { Survey } from '../model/survey.ts'
import type { Sops } from '../tools/sops.ts'
import type { Staging } from '../tools/staging.ts'
import type { Asked } from './asked.ts'
import { askSops, findHidden, stageCopies } from './stage.ts'

/** With the survey, which knows now what only sops could tell. `root`: of the checkout. */
export async function planStaged(
  sops: Sops, staging: Staging, root: string, { survey: known, request, findings }: Asked, runner: Runner,
): Promise<{ readonly survey: Survey; readonly plan: Plan }> {
  const cores = availableParallelism()
  const edits = known.configs.map((config) => editConfig(config, request, known.owners))
  const hidden = await findHidden(sops, root, known, staging, cores)
  const survey = { ...known, damaged: [...known.damaged, ...hidden] }
  stageCopies(root, survey, edits, staging)
  const answers = await askSops(sops, survey, edits, staging, cores)
  return { survey, plan: planRekey(survey, request, edits, answers, runner, findings) }
}
