// Survey + request + what sops says of the configs → what happens to each file, or why the run is refused.
// Pure. Must never let a file gain a reader that was not asked for, nor leave one that nobody can open.
import type { Finding } from './report.ts'
import type { Recipient } from './recipient.ts'
import { canonicalId, shortForm } from './recipient.ts'
import { ownerOf } from './owners.ts'
import type { ConfigRemoval } from './sops-config-edit.ts'
import type { Survey, SurveyedFile } from './survey.ts'
import { isReadBy, readersOf } from './survey.ts'
import type { ConfiguredRecipients } from './updatekeys-output.ts'

export interface RekeyRequest {
  readonly removed: readonly Recipient[]
  readonly rotateAll: boolean
  /** Files whose data key has to go although their recipients may stay, with the reason. */
  readonly overdue: ReadonlyMap<string, string>
}

/** The runner's own age recipients as far as its environment tells; `complete` where it can have no other of that kind. */
export interface RunnerKeys {
  readonly recipients: readonly Recipient[]
  readonly complete: boolean
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

export interface EditedConfig {
  readonly path: string
  readonly before: string
  readonly after: string
}

export interface Plan {
  /** What will be done, in the order of the paths. Nothing may be done where `refusals` is not empty. */
  readonly changes: readonly PlannedFile[]
  readonly unchanged: readonly { readonly file: SurveyedFile; readonly reason: string }[]
  readonly configs: readonly EditedConfig[]
  readonly refusals: readonly Refusal[]
  readonly findings: readonly Finding[]
}

type Fate =
  | { readonly kind: 'change'; readonly change: PlannedFile }
  | { readonly kind: 'unchanged'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }

/** `answers` are sops' own, a file each; one that reads a file otherwise than the survey did is not to be trusted with it. */
export function planRekey(
  survey: Survey, request: RekeyRequest, edits: readonly ConfigRemoval[],
  answers: ReadonlyMap<string, SopsAnswer>, runner: RunnerKeys, noted: readonly Finding[] = [],
): Plan {
  const changes: PlannedFile[] = []
  const unchanged: { file: SurveyedFile; reason: string }[] = []
  const refusals: Refusal[] = survey.damaged.map(({ path, damage }) => ({ path, reason: `${damage}. Mend it, or leave it out with a line \`!${path}\` in \`files\`` }))
  const findings: Finding[] = [...noted]
  const configs: EditedConfig[] = []
  const removed = new Set(request.removed.map(canonicalId))

  for (const edit of edits) {
    if (edit.kind === 'refused') refusals.push({ path: edit.path, reason: `line ${edit.line}: ${edit.reason}` })
    if (edit.kind !== 'edited') continue
    const { path, before, after } = edit
    const generated = survey.configs.find((config) => config.path === path)?.generatedBy ?? null
    if (generated === null) configs.push({ path, before, after })
    else refusals.push({ path, reason: `it is generated (line ${generated.line}: ${generated.text}); take the recipient out of its source, and run again` })
  }

  for (const file of survey.files) {
    const { configured: answer, current } = answers.get(file.path) ?? { configured: { kind: 'no-rule' }, current: null }
    const loses = isReadBy(file, removed)
    const fate = misread(survey, file, answer, current) ?? fateOf(survey, request, removed, file, answer)
    if (fate.kind === 'refused') refusals.push({ path: file.path, reason: fate.reason })
    else if (fate.kind === 'unchanged') unchanged.push({ file, reason: fate.reason })
    else {
      const lockout = locksOutRunner(file, fate.change, runner)
      if (lockout === null) changes.push(fate.change)
      else refusals.push({ path: file.path, reason: lockout })
    }
    if (!loses) findings.push(...driftFinding(survey, file, answer, removed.size > 0))
  }
  const linked = survey.skipped.flatMap(({ path, reason, file }) => (file === null ? [] : [{ file, why: `${path}: ${reason}` }]))
  for (const { file, why } of [...survey.others.map((one) => ({ file: one, why: 'it is outside of `files`' })), ...linked]) {
    if (!isReadBy(file, removed)) continue
    findings.push({ code: 'still-reads', level: 'warning', path: file.path, message: `the removed recipient still reads it: ${why}` })
  }
  return { changes, unchanged, configs, refusals, findings }
}

/** sops decides who reads a file: where its word is not what was read from the file, or it has none, the run is refused. */
function misread(survey: Survey, file: SurveyedFile, answer: ConfiguredRecipients, current: Groups | null): Fate | null {
  if (answer.kind === 'unreadable') return { kind: 'refused', reason: `sops can't work with it by ${file.config ?? ''}: ${answer.reason}` }
  if (current === null) return { kind: 'refused', reason: "sops can't work with it" }
  const filled = file.metadata.groups.filter((group) => group.length > 0)
  const hidden = difference(survey, filled, current)
  return hidden === null && filled.length === current.length ? null
    : { kind: 'refused', reason: `sops reads other recipients from it than its metadata seems to name (${hidden ?? 'in other groups'}). Look at its sops block by hand` }
}

function fateOf(survey: Survey, request: RekeyRequest, removed: ReadonlySet<string>, file: SurveyedFile, answer: ConfiguredRecipients): Fate {
  const loses = isReadBy(file, removed)
  const mustRotate = request.rotateAll ? 'rotate-all' : request.overdue.get(file.path) ?? null
  if (removed.size > 0 && !loses && mustRotate === null) return { kind: 'unchanged', reason: 'the removed recipient is not among its recipients' }
  if (file.config === null) return { kind: 'refused', reason: 'no .sops.yaml stands in its folder or above. Add one, or leave it out with `files`' }
  if (loses) return planRemoval(survey, file, removed, answer)
  return removed.size > 0 ? onlyRotate(file, mustRotate) : planAlignment(survey, file, answer, mustRotate)
}

/** A file that the removed can read: exactly they go, and the data key with them. */
function planRemoval(survey: Survey, file: SurveyedFile, removed: ReadonlySet<string>, answer: ConfiguredRecipients): Fate {
  const after = file.metadata.groups.map((group) => group.filter((one) => !removed.has(canonicalId(one))))
  const emptied = after.findIndex((group) => group.length === 0)
  if (after.every((group) => group.length === 0)) return { kind: 'refused', reason: 'nobody could read it any more' }
  if (emptied >= 0) {
    return { kind: 'refused', reason: `key group ${emptied + 1} of ${after.length} would be empty, and Shamir's threshold would be at risk` }
  }
  if (answer.kind !== 'different' && answer.kind !== 'same') return { kind: 'refused', reason: `no rule of ${file.config ?? ''} matches it, so that sops can't update it. Add a rule for it` }
  if (answer.kind === 'same') return { kind: 'refused', reason: 'its config still names the removed recipient after the edit' }
  if (answer.thresholdChanges) return { kind: 'refused', reason: "its config would change the number of key groups, and with it Shamir's threshold" }
  const drift = difference(survey, after, answer.groups)
  if (drift !== null) {
    return {
      kind: 'refused',
      reason: `it has drifted from ${file.config ?? ''}: to follow its rule would also change ${drift}, which was not asked for. Run once without removed-recipient to bring files in line, or mend the rule`,
    }
  }
  return { kind: 'change', change: { file, updatekeys: true, rotate: true, after, reason: 'the removed recipient can read it' } }
}

/** A file that the removed can't read keeps its recipients, its drift too, and gets a new data key. */
function onlyRotate(file: SurveyedFile, reason: string | null): Fate {
  return { kind: 'change', change: { file, updatekeys: false, rotate: true, after: file.metadata.groups, reason: reason ?? '' } }
}

/** Without a removal the config decides. Who loses access by it also loses the data key. */
function planAlignment(survey: Survey, file: SurveyedFile, answer: ConfiguredRecipients, mustRotate: string | null): Fate {
  if (answer.kind !== 'different') {
    if (mustRotate === null) return { kind: 'unchanged', reason: answer.kind === 'same' ? 'in line with its config' : 'no rule matches it' }
    return onlyRotate(file, mustRotate)
  }
  if (answer.thresholdChanges || answer.groups.length !== file.metadata.groups.length) {
    return {
      kind: 'refused',
      reason: `its config has ${answer.groups.length} key groups and the file ${file.metadata.groups.length}; updatekeys ignores shamir_threshold, which could lock everyone out. Re-create the file by hand`,
    }
  }
  const wanted = new Set(answer.groups.flat().map(canonicalId))
  const loses = readersOf(file).some((one) => !wanted.has(canonicalId(one)))
  const reason = `brought back to ${file.config ?? ''}: ${difference(survey, file.metadata.groups, answer.groups) ?? 'spelling of a key'}`
  return { kind: 'change', change: { file, updatekeys: true, rotate: loses || mustRotate !== null, after: answer.groups, reason } }
}

/** What would have to change for `from` to become `to`, like `+alice, −bob`; null where they are equal. */
function difference(survey: Survey, from: Groups, to: Groups): string | null {
  const name = (one: Recipient): string => ownerOf(survey.owners, one) ?? shortForm(one)
  const changes = Array.from({ length: Math.max(from.length, to.length) }, (_, at) => {
    const [had, gets] = [from[at] ?? [], to[at] ?? []]
    const [before, after] = [new Set(had.map(canonicalId)), new Set(gets.map(canonicalId))]
    return [
      ...gets.filter((one) => !before.has(canonicalId(one))).map((one) => `+${name(one)}`),
      ...had.filter((one) => !after.has(canonicalId(one))).map((one) => `−${name(one)}`),
    ]
  }).flat()
  return changes.length === 0 ? null : changes.join(', ')
}

/** Refuses what the runner could open before and surely not after; where it is not sure, the final bytes decide. */
function locksOutRunner(file: SurveyedFile, change: PlannedFile, runner: RunnerKeys): string | null {
  // Any other kind may be one that the runner has the credentials of.
  if (!runner.complete || !change.after.flat().every(({ kind }) => kind === 'age')) return null
  const own = new Set(runner.recipients.map(canonicalId))
  const opens = (groups: Groups): boolean => groups.some((group) => group.some((one) => own.has(canonicalId(one))))
  if (!opens(file.metadata.groups) || opens(change.after)) return null
  return 'the runner itself could no longer decrypt it: its own key is the one that would go'
}

function driftFinding(survey: Survey, file: SurveyedFile, answer: ConfiguredRecipients, removing: boolean): readonly Finding[] {
  if (answer.kind === 'no-rule') {
    const rule = file.config === null ? 'no .sops.yaml stands above it' : `no rule of ${file.config} matches it`
    return [{ code: 'no-rule', level: 'warning', path: file.path, message: `${rule}; its recipients were left as they are` }]
  }
  if (answer.kind !== 'different' || !removing) return []
  const drift = difference(survey, file.metadata.groups, answer.groups) ?? 'the number of key groups'
  return [{ code: 'drift', level: 'notice', path: file.path, message: `differs from ${file.config ?? ''} (${drift}), and was left as it is` }]
}

/**
 * What this plan comes to, as one text: the same plan on the same bytes gives the same text, whatever else changed in
 * the repository. (A second run with the same text has nothing new to publish.)
 */
export function planIdentity(plan: Plan, request: RekeyRequest): string {
  const groups = (all: Groups): string[][] => all.map((group) => group.map(canonicalId).sort())
  return JSON.stringify({
    removed: request.removed.map(canonicalId).sort(),
    rotateAll: request.rotateAll,
    configs: plan.configs.map(({ path, before, after }) => [path, before, after]),
    files: plan.changes.map(({ file, updatekeys, rotate, after }) => [file.path, file.blob, updatekeys, rotate, groups(after)]),
  })
}
