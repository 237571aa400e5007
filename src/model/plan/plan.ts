// Survey + request + what sops says of the configs → what happens to each file, or why the run is refused.
// Pure. Must never let a file gain a reader that was not asked for, nor leave one that nobody can open.
import { driftFinding, fateOf, misread, thresholdDrift } from './file-fate.ts'
import { findingsOf, policyOf, removedForGood } from './plan-findings.ts'
import { missingRequired } from './policy.ts'
import type { Finding } from '../report.ts'
import type { Recipient } from '../recipient.ts'
import { canonicalId, isKept } from '../recipient.ts'
import { recordOf } from '../owners/removal-record.ts'
import type { Runner } from './runner.ts'
import { runnerRefusal } from './runner.ts'
import type { ConfigEdit, NewRecipient } from '../sops-config/edit.ts'
import type { Survey, SurveyedFile } from '../survey.ts'
import { isReadBy, nameOf, readersOf } from '../survey.ts'
import type { ConfiguredRecipients } from '../sops-file/updatekeys-output.ts'

export interface RekeyRequest {
  readonly removed: readonly Recipient[]
  readonly added: readonly NewRecipient[]
  /** Beside whom the added come: the removed where they take their place. */
  readonly like: readonly Recipient[] | 'every rule'
  /** Who has to stay in every file. */
  readonly required: readonly Recipient[]
  readonly policy: 'off' | 'warn' | 'enforce'
  readonly rotateAll: boolean
  /** Files whose data key has to go although their recipients may stay, with the reason. */
  readonly overdue: ReadonlyMap<string, string>
  /** For the record in the owners file: the day, like `2026-11-23`, and who asked for the run. */
  readonly date: string
  readonly by: string | null
}

export type Groups = readonly (readonly Recipient[])[]

export interface PlannedFile {
  readonly file: SurveyedFile
  readonly updatekeys: boolean
  readonly rotate: boolean
  /** The groups as they have to be in the end. */
  readonly after: Groups
  readonly reason: string
}

/** What sops says of a file without any key. */
export interface SopsAnswer {
  /** What it would become under its config, as edited for this request. */
  readonly configured: ConfiguredRecipients
  /** Who can read it now; null where sops can't work with it. */
  readonly current: Groups | null
}

/** Why the whole run is refused. */
export interface Refusal {
  readonly path: string | null
  readonly reason: string
}

/** A text file of the repository as it is and as it will be. */
export interface EditedText {
  readonly path: string
  readonly before: string
  readonly after: string
}

export interface Plan {
  /** What will be done, in the order of the paths. Nothing may be done where `refusals` is not empty. */
  readonly changes: readonly PlannedFile[]
  readonly unchanged: readonly { readonly file: SurveyedFile; readonly reason: string }[]
  readonly configs: readonly EditedText[]
  /** The owners file with what this run is to be remembered for; null where there is none, or nothing to say. */
  readonly record: EditedText | null
  readonly refusals: readonly Refusal[]
  readonly findings: readonly Finding[]
}

/** `answers` are sops' own, a file each; one that reads a file otherwise than the survey did is not to be trusted with it. */
export function planRekey(
  survey: Survey, request: RekeyRequest, edits: readonly ConfigEdit[],
  answers: ReadonlyMap<string, SopsAnswer>, runner: Runner, noted: readonly Finding[] = [],
): Plan {
  const changes: PlannedFile[] = []
  const unchanged: { file: SurveyedFile; reason: string }[] = []
  const refusals: Refusal[] = survey.damaged.map(({ path, damage }) =>
    ({ path, reason: `${damage}. Mend it, or leave it out with a line \`!path\` in \`files\`` }))
  const findings: Finding[] = [...noted]
  const removed = new Set(request.removed.map(canonicalId))
  const asked = request.removed.length + request.added.length > 0

  const configs = edits.flatMap((edit) => (edit.kind === 'edited' && generatedBy(survey, edit.path) === null ? [{ path: edit.path, before: edit.before, after: edit.after }] : []))
  refusals.push(...refusedEdits(survey, edits))
  // What sops says of its files is about a config that is not edited.
  const unedited = new Set(edits.flatMap((edit) => (edit.kind === 'refused' ? [edit.path] : [])))

  for (const file of survey.files) {
    const { configured, current } = answers.get(file.path) ?? { configured: { kind: 'no-rule' }, current: null }
    // A rule may say how to encrypt and leave the keys to the command line.
    const answer = configured.kind === 'different' && configured.groups.length === 0 ? { kind: 'no-rule' } as const : configured
    const fate = misread(survey, file, answer, current) ?? fateOf(survey, request, file, answer)
    if (fate.kind === 'refused' && fate.byConfig === true && unedited.has(file.config ?? '')) unchanged.push({ file, reason: `${file.config ?? ''} could not be edited` })
    else if (fate.kind === 'refused') refusals.push({ path: file.path, reason: fate.reason })
    else if (fate.kind === 'unchanged') unchanged.push({ file, reason: fate.reason })
    else {
      const reason = runnerRefusal(file, fate.change.after, runner) ?? losesRequired(survey, request, file, fate.change.after)
        ?? gainsRemoved(survey, file, fate.change.after)
      if (reason === null) changes.push(fate.change)
      else refusals.push({ path: file.path, reason })
    }
    const threshold = thresholdDrift(survey, file)
    if (threshold !== null) findings.push({ code: 'threshold', level: 'warning', path: file.path, message: threshold })
    const follows = fate.kind === 'change' && fate.change.updatekeys
    if (!follows && !isReadBy(file, removed)) findings.push(...driftFinding(survey, file, answer, asked))
  }
  const becomes = new Map(changes.map(({ file, after }) => [file.path, after]))
  const results = survey.files.map((file) => ({ file, groups: becomes.get(file.path) ?? file.metadata.groups }))
  findings.push(...findingsOf(survey, request, results, configs))
  if (request.policy !== 'off') {
    const found = policyOf(survey, configs, results, request.policy === 'enforce' ? 'error' : 'warning')
    if (request.policy === 'warn') findings.push(...found)
    else refusals.push(...found.map(({ path, message }) => ({ path, reason: `${message} (\`policy: enforce\`)` })))
  }
  const record = refusals.length > 0 || changes.length + configs.length === 0 ? null : recordOf(survey, request, changes, unchanged.map(({ file }) => file))
  return { changes, unchanged, configs, record, refusals, findings }
}

function generatedBy(survey: Survey, path: string): { readonly line: number; readonly text: string } | null {
  return survey.configs.find((config) => config.path === path)?.generatedBy ?? null
}

function refusedEdits(survey: Survey, edits: readonly ConfigEdit[]): readonly Refusal[] {
  return edits.flatMap((edit): readonly Refusal[] => {
    if (edit.kind === 'refused') return [{ path: edit.path, reason: `line ${edit.line}: ${edit.reason}` }]
    const generated = edit.kind === 'edited' ? generatedBy(survey, edit.path) : null
    if (edit.kind !== 'edited' || generated === null) return []
    return [{ path: edit.path, reason: `it is generated (line ${generated.line}: ${generated.text}); make the change in its source, and run again` }]
  })
}

function losesRequired(survey: Survey, { required }: RekeyRequest, file: SurveyedFile, after: Groups): string | null {
  const lost = missingRequired(after, required).filter((one) => isKept(one, readersOf(file)))
  return lost.length === 0 ? null : `it would lose ${nameOf(survey, lost)}, and \`required-recipient\` says that every file keeps that`
}

/** Who was removed is not let in again, by a stale rule or by mistake: the record has to go first. */
function gainsRemoved(survey: Survey, file: SurveyedFile, after: Groups): string | null {
  const { ownersFile } = survey
  const back = removedForGood(survey).find(({ recipient }) => {
    const ids = new Set([canonicalId(recipient)])
    return !isReadBy(file, ids) && after.some((group) => group.some((one) => ids.has(canonicalId(one))))
  })
  if (ownersFile === null || back === undefined) return null
  return `it would be given to ${back.owner ?? nameOf(survey, [back.recipient])}, whose key ${ownersFile.path}:${back.line} records as removed on ${back.date}. `
    + 'Enter the key under `owners` there, if it is to be let in again'
}

/** Every text that is to be written beside the encrypted files. */
export function textsOf({ configs, record }: Plan): readonly EditedText[] {
  return record === null ? configs : [...configs, record]
}

/**
 * What this plan comes to, as one text: the same plan on the same bytes gives the same text, whatever else changed in
 * the repository. (A second run with the same text has nothing new to publish.)
 */
export function planIdentity(plan: Plan, request: RekeyRequest): string {
  const groups = (all: Groups): string[][] => all.map((group) => group.map(canonicalId).sort())
  return JSON.stringify({
    removed: request.removed.map(canonicalId).sort(),
    added: request.added.map(({ recipient }) => canonicalId(recipient)).sort(),
    rotateAll: request.rotateAll,
    configs: plan.configs.map(({ path, before, after }) => [path, before, after]),
    // What will be recorded has the day in it; what it is recorded in tells as much.
    record: plan.record === null ? null : [plan.record.path, plan.record.before],
    files: plan.changes.map(({ file, updatekeys, rotate, after }) => [file.path, file.blob, updatekeys, rotate, groups(after)]),
  })
}
