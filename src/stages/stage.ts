// Survey + edited configs → a staged copy of the matched files and of every config, and what sops says of them there.
// Uses no key. Must never stage bytes that are not those that were surveyed.
import { randomUUID } from 'node:crypto'
import type { DamagedFile, Format } from '../model/sops-file/encrypted-file.ts'
import { Failure } from '../model/failure.ts'
import type { ConfigEdit } from '../model/sops-config/edit.ts'
import type { Survey, SurveyedFile } from '../model/survey.ts'
import type { SopsAnswer } from '../model/plan/plan.ts'
import type { ConfiguredRecipients } from '../model/sops-file/updatekeys-output.ts'
import type { Sops } from '../tools/sops.ts'
import type { Staging } from '../tools/staging.ts'
import { readAsItWas } from '../tools/staging.ts'
import { inParallel, inPieces } from './in-parallel.ts'

/** Copies the matched files and every config, the latter as edited. */
export function stageCopies(root: string, survey: Survey, edits: readonly ConfigEdit[], staging: Staging): void {
  const edited = new Map(edits.flatMap((edit) => (edit.kind === 'edited' ? [[edit.path, edit.after]] : [])))
  for (const { path, text } of survey.configs) {
    staging.write(path, { bytes: Buffer.from(edited.get(path) ?? text), executable: false })
  }
  for (const file of survey.files) staging.write(file.path, readAsItWas(root, file))
}

/** As many names as one command line takes on every system. */
const namesAtOnce = 250

/** A recipient that nobody has the identity of: under a rule of it alone, sops lists every reader that a file has. */
const nobody = 'age18wxrxnqlgcdrledpuqlqqggslrf4wg6ux4paddm4fnr0pdc8zdnshsc7g9'

/** A config, staged, of a rule that names nobody. */
function nobodysRule(staging: Staging): string {
  const path = `.sops-rekey-${randomUUID()}.yaml`
  staging.write(path, { bytes: Buffer.from(`creation_rules:\n  - age: ${nobody}\n`), executable: false })
  return path
}

/**
 * Those of the survey's `unsure` files that sops can read as encrypted in some format, however they are written: to leave them out
 * would leave them to whoever reads them.
 */
export async function findHidden(sops: Sops, root: string, { unsure }: Survey, staging: Staging, atOnce: number): Promise<readonly DamagedFile[]> {
  if (unsure.length === 0) return []
  const rule = nobodysRule(staging)
  for (const file of unsure) staging.write(file.path, readAsItWas(root, file))
  const ask = async (format: Format, paths: readonly string[]): Promise<readonly string[]> => {
    try {
      const answers = await sops.configuredRecipients(rule, paths.map((path) => ({ path, format, explicitType: true, config: rule })))
      return paths.filter((path) => answers.get(path)?.kind === 'different' || answers.get(path)?.kind === 'same')
    } catch (error) {
      if (!(error instanceof Failure) || error.code === 'interrupted') throw error
      // One that sops breaks off at is none that it reads; the others have to be asked about without it.
      return paths.length === 1 ? [] : (await Promise.all(inPieces(paths, Math.ceil(paths.length / 2)).map(async (half) => await ask(format, half)))).flat()
    }
  }
  const formats = ['yaml', 'json', 'dotenv', 'ini', 'binary'] as const
  const found = await inParallel(formats.flatMap((format) => inPieces(unsure.map(({ path }) => path), namesAtOnce).map((paths) => ({ format, paths }))), atOnce,
    async ({ format, paths }) => (await ask(format, paths)).map((path) => [path, format] as const))
  for (const path of [rule, ...unsure.map((file) => file.path)]) staging.remove(path)
  return [...Map.groupBy(found.flat(), ([path]) => path)].map(([path, as]) => ({
    path, damage: `sops reads it as ${as.map(([, format]) => format).join(' or ')}, and it is written in a way that is not followed here. Have sops write it anew, for example with \`sops rotate\``,
  }))
}

/**
 * sops' keyless answer for every staged file: what it would become under its staged config, and who it says can read it now.
 * Loads each edited config, if only to see that it loads.
 */
export async function askSops(
  sops: Sops, survey: Survey, edits: readonly ConfigEdit[], staging: Staging, atOnce: number,
): Promise<ReadonlyMap<string, SopsAnswer>> {
  // What is made for the asking has names that no tracked file has.
  const rule = nobodysRule(staging)
  const probe = { path: `.sops-rekey-${randomUUID()}.json`, format: 'json', explicitType: false, config: null } as const
  staging.write(probe.path, { bytes: Buffer.from('{}'), executable: false })
  const ask = async (batches: readonly Batch[]): Promise<Map<string, ConfiguredRecipients>> =>
    new Map((await inParallel(batches, atOnce, async ({ config, files }) => await sops.configuredRecipients(config, files))).flatMap((one) => [...one]))

  const batches = batchesOf(survey.files, namesAtOnce)
  const configured = await ask(batches)
  const untold = survey.files.filter(({ path }) => configured.get(path)?.kind !== 'different')
  const listed = await ask(batchesOf(untold.map((file) => ({ ...file, config: rule })), namesAtOnce))
  const governing = new Set(batches.map(({ config }) => config))
  for (const edit of edits) {
    if (edit.kind === 'edited' && !governing.has(edit.path)) await sops.configuredRecipients(edit.path, [probe])
  }
  staging.remove(rule)
  staging.remove(probe.path)
  return new Map(survey.files.map(({ path }) => {
    const answer = configured.get(path) ?? { kind: 'no-rule' }
    return [path, { configured: answer, current: currentOf(answer.kind === 'different' ? answer : listed.get(path)) }]
  }))
}

function currentOf(answer: ConfiguredRecipients | undefined): SopsAnswer['current'] {
  if (answer?.kind === 'different') return answer.current
  return answer?.kind === 'same' ? [[{ kind: 'age', id: nobody }]] : null
}

export interface Batch {
  readonly config: string
  readonly files: readonly SurveyedFile[]
}

/** `files` in pieces that one call of updatekeys can take: same config, same type, at most `size`. */
export function batchesOf(files: readonly SurveyedFile[], size: number): readonly Batch[] {
  const alike = Map.groupBy(files, ({ config, format, explicitType }) => JSON.stringify([config, explicitType ? format : null]))
  return [...alike.values()].flatMap((group) => inPieces(group, size).flatMap((piece) => {
    const config = piece[0]?.config ?? null
    return config === null ? [] : [{ config, files: piece }]
  }))
}
