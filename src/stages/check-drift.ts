// Survey → sops' keyless answer for every file, config by config, so that one that sops can't take leaves the others told.
// Must never have sops load a config that would send it to a network.
import type { CheckFinding } from '../model/check/check.ts'
import { finding } from '../model/check/check-findings.ts'
import { Failure } from '../model/failure.ts'
import type { SopsAnswer } from '../model/plan/plan.ts'
import { isMeantBy, shortForm } from '../model/recipient.ts'
import type { Survey } from '../model/survey.ts'
import { readersOf } from '../model/survey.ts'
import type { Sops } from '../tools/sops.ts'
import type { Staging } from '../tools/staging.ts'
import { inParallel } from './in-parallel.ts'
import { askSops } from './stage.ts'

export interface KeylessAnswers {
  /** By path; files of a config that sops could not take are missing. */
  readonly answers: ReadonlyMap<string, SopsAnswer>
  /** By config: why sops was not asked about it, or could not say. */
  readonly untold: ReadonlyMap<string, CheckFinding>
}

/** The files and configs have to be staged. */
export async function askKeyless(sops: Sops, survey: Survey, staging: Staging, atOnce: number): Promise<KeylessAnswers> {
  const untold = new Map<string, CheckFinding>()
  for (const { path, recipients } of survey.configs) {
    // sops asks the vault for the newest version as soon as it loads the config; the address is the config's own.
    const open = recipients.find(({ kind, id }) => kind === 'azure_keyvault' && /\/keys\/[^/]+\/?$/.test(id))
    if (open === undefined) continue
    // Anyone can write such a key into a config; where it is in use, a file has some version of it.
    const inUse = survey.files.some((file) => file.config === path && readersOf(file).some((one) => isMeantBy(open, one)))
    untold.set(path, finding('drift-unknown', inUse ? 'warning' : 'error', path,
      `it names ${shortForm(open)} without a version, which only the vault could tell`
      + `${inUse ? '' : ', and none of its files is encrypted to any version of it'}: `
      + 'whether its files have drifted, also from its other keys, was not looked at'))
  }
  // Who can read a file now, sops says without its config.
  const files = survey.files.map((file) => (file.config !== null && untold.has(file.config) ? { ...file, config: null } : file))
  const parts = [...Map.groupBy(files, ({ config }) => config)]
  const answered = await inParallel(parts, atOnce, async ([config, some]): Promise<ReadonlyMap<string, SopsAnswer>> => {
    try {
      return await askSops(sops, { ...survey, files: some }, [], staging, atOnce)
    } catch (error) {
      if (config === null || !(error instanceof Failure) || error.code !== 'config-unreadable') throw error
      untold.set(config, finding(error.code, 'error', config, error.message))
      return new Map()
    }
  })
  return { answers: new Map(answered.flatMap((one) => [...one])), untold }
}
