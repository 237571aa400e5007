// Survey + what sops says of it → what is wrong with who can read what. Pure, and by names and keys only.
// Must never call a file in line of which sops had nothing to say.
import { misread, thresholdDrift } from '../plan/file-fate.ts'
import type { CheckFinding } from './check.ts'
import type { Inputs } from '../inputs.ts'
import { untoldKey } from '../exposure/data-key-links.ts'
import type { KeyAge } from '../exposure/key-age.ts'
import { reachesBackTo } from '../exposure/key-age.ts'
import type { RemovedRecord } from '../owners/owners-file.ts'
import { ownerOf } from '../owners/owners.ts'
import type { Groups, SopsAnswer } from '../plan/plan.ts'
import { policyOf, removedForGood } from '../plan/plan-findings.ts'
import { missingRequired } from '../plan/policy.ts'
import { canonicalId, shortForm } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import type { Finding } from '../report.ts'
import type { Survey, SurveyedFile } from '../survey.ts'
import { isReadBy, knownRecipients, nameOf, unique } from '../survey.ts'

/** A key that a commit had taken out of a file, and that can read it again. */
export interface ReturnedKey {
  readonly path: string
  /** When that commit was made, ISO 8601, UTC. */
  readonly date: string
  /** It had been taken out of the last file that it could read, and this is another. */
  readonly elsewhere: boolean
}

/** By the canonical id of the key. Only those that can read the file now. */
export type ReturnedKeys = ReadonlyMap<string, readonly ReturnedKey[]>

export function finding(
  code: string, level: Finding['level'], path: string | null, message: string,
  more: Partial<Pick<CheckFinding, 'line' | 'about'>> = {},
): CheckFinding {
  return { code, level, path, message, line: null, about: null, ...more }
}

/** How a file stands to its config. */
export type Standing = 'inLine' | 'drifted' | 'withoutRule' | 'notTold'

/**
 * By sops' own answers; a file without one is not told. `untold` are configs that sops was not asked about, with the reason: one
 * finding each, none for their files; so it is with a config that sops can't take.
 */
export function standings(
  survey: Survey, answers: ReadonlyMap<string, SopsAnswer>, untold: ReadonlyMap<string, CheckFinding>,
): { readonly byPath: ReadonlyMap<string, Standing>; readonly findings: readonly CheckFinding[] } {
  const unreadable = new Map<string, CheckFinding>()
  const judged = survey.files.map((file): readonly [string, Standing, readonly CheckFinding[]] => {
    const answer = answers.get(file.path)
    if (answer === undefined) return [file.path, 'notTold', []]
    const asked = file.config === null || !untold.has(file.config)
    const configured = asked ? answer.configured : { kind: 'same' as const }
    // The word of a rule without keys is that nobody should read the file, which nobody means.
    const told = configured.kind === 'different' && configured.groups.length === 0 ? { kind: 'no-rule' as const } : configured
    // Where sops lists the readers of the file by another rule, it is the config that it can't take.
    const isConfigs = told.kind === 'unreadable' && answer.current !== null
    const hidden = misread(survey, file, isConfigs ? { kind: 'same' } : told, answer.current)
    if (hidden?.kind === 'refused') {
      return [file.path, 'notTold', [finding('hidden-readers', 'error', file.path, hidden.reason)]]
    }
    if (!asked) return [file.path, 'notTold', []]
    if (told.kind === 'unreadable') {
      const config = file.config ?? ''
      if (!unreadable.has(config)) unreadable.set(config, finding('config-unreadable', 'error', config, `sops can't work with ${file.path} by it: ${told.reason}`))
      return [file.path, 'notTold', []]
    }
    if (told.kind === 'no-rule') {
      const rule = file.config === null ? 'no .sops.yaml stands in its folder or above'
        : `no rule of ${file.config} names keys for it`
      return [file.path, 'withoutRule', [finding('no-rule', 'warning', file.path, rule)]]
    }
    const threshold = told.kind === 'different' ? null : thresholdDrift(survey, file)
    if (told.kind !== 'different' && threshold === null) return [file.path, 'inLine', []]
    const drift = told.kind === 'different' ? driftIn(survey, file, told.groups, told.thresholdChanges) : threshold ?? ''
    return [file.path, 'drifted', [finding('drift', 'error', file.path, drift)]]
  })
  return {
    byPath: new Map(judged.map(([path, standing]) => [path, standing])),
    findings: [...untold.values(), ...unreadable.values(), ...judged.flatMap(([, , findings]) => findings)],
  }
}

function driftIn(survey: Survey, file: SurveyedFile, wanted: Groups, thresholdChanges: boolean): string {
  const { config, metadata: { groups } } = file
  const without = (from: Groups, others: Groups): readonly Recipient[] => {
    const ids = new Set(others.flat().map(canonicalId))
    return unique(from.flat().filter((one) => !ids.has(canonicalId(one))))
  }
  const [missing, extra] = [without(wanted, groups), without(groups, wanted)]
  const said = [
    ...(missing.length === 0 ? [] : [`${nameOf(survey, missing)} should be able to read it, and cannot`]),
    ...(extra.length === 0 ? [] : [`${nameOf(survey, extra)} can read it, and should not`]),
  ]
  if (said.length === 0) {
    const alike = groups.length === wanted.length && !thresholdChanges
    said.push(alike ? 'its keys stand in other groups' : `it has ${groups.length} key groups in place of ${wanted.length}`)
  }
  return `by ${config ?? ''}, ${said.join('; ')}`
}

/** Keys that were removed, by the owners file or by history, and that read a file or stand in a config again. */
export function cameBack(survey: Survey, returned: ReturnedKeys): readonly CheckFinding[] {
  const present = new Map(knownRecipients(survey).map((one) => [canonicalId(one), one]))
  const recorded = removedForGood(survey).flatMap(({ recipient, owner, date, line }): readonly CheckFinding[] => {
    const again = present.get(canonicalId(recipient))
    if (again === undefined) return []
    const record = `recorded as removed on ${date} (${survey.ownersFile?.path ?? ''}:${line})`
    const message = `${owner ?? nameOf(survey, [again])}, ${record}, is back: it ${whereIs(survey, again)}`
    return [aboutKey(survey, again, 'removed-came-back', 'error', message)]
  })
  const said = new Set(recorded.map(({ about }) => about))
  const listed = survey.owners.filter(({ from }) => from === 'owners-file')
  const meant = new Set(listed.map(({ recipient }) => canonicalId(recipient)))
  const remembered = [...returned].flatMap(([id, places]): readonly CheckFinding[] => {
    const [again, first] = [present.get(id), places[0]]
    if (again === undefined || first === undefined || said.has(id) || meant.has(id)) return []
    const more = places.length === 1 ? '' : `; the same of ${places.length - 1} more`
    const what = first.elsewhere ? 'every file' : 'it'
    const message = `${nameOf(survey, [again])} had been taken out of ${what} on ${first.date.slice(0, 10)}, and is back${more}`
    return [finding('removed-came-back', 'warning', first.path, message, { about: id })]
  })
  return [...recorded, ...remembered]
}

/** Files that someone cannot read any more, who was removed, and whose data key was theirs `until` a day. */
export function heldKeys(
  survey: Survey, held: ReadonlyMap<string, { readonly record: RemovedRecord; readonly until: string }>,
): readonly CheckFinding[] {
  return [...held].map(([path, { record: { recipient, owner, date, line }, until }]) => {
    const record = `recorded as removed on ${date} (${survey.ownersFile?.path ?? ''}:${line})`
    return finding('data-key-held', 'warning', path,
      `${owner ?? nameOf(survey, [recipient])}, ${record}, still has its data key, which was wrapped for them until ${until}: `
      + 'updatekeys alone does not revoke; rotate', { about: canonicalId(recipient) })
  })
}

/** Keys that no source gives a name; a warning where there is an owners file to enter them in. */
export function unownedKeys(survey: Survey): readonly CheckFinding[] {
  const level = survey.ownersFile === null ? 'notice' : 'warning'
  return knownRecipients(survey).filter((one) => ownerOf(survey.owners, one) === null)
    .map((one) => aboutKey(survey, one, 'owner-unknown', level,
      `nobody knows whose key ${shortForm(one)} is: it ${whereIs(survey, one)}`))
}

/** `keySince`: when the data key of each file came to be, ISO 8601; a file that is not in it is not told of. */
export function oldDataKeys(
  keySince: ReadonlyMap<string, string>, sureSince: ReadonlyMap<string, string>, age: KeyAge | null, now: Date,
): readonly CheckFinding[] {
  if (age === null) return []
  const limit = reachesBackTo(age, now).getTime()
  return [...keySince].filter(([, since]) => Date.parse(since) <= limit).map(([path, since]) => {
    const surely = sureSince.get(path) ?? since
    const said = Date.parse(surely) <= limit ? `its data key is from ${surely.slice(0, 10)}, older than ${age.text}`
      : `its data key may be one from ${since.slice(0, 10)}, older than ${age.text}: ${untoldKey}`
    return finding('data-key-old', 'warning', path, said)
  })
}

/** The policy of docs/policy.md on the files as they are, and who has to be able to read each. */
export function policyOfFiles(survey: Survey, policy: Inputs['policy'], required: readonly Recipient[]): readonly CheckFinding[] {
  const results = survey.files.map((file) => ({ file, groups: file.metadata.groups }))
  const found = policy === 'off' ? [] : policyOf(survey, [], results, policy === 'enforce' ? 'error' : 'warning')
  const lacking = results.flatMap(({ file, groups }): readonly CheckFinding[] => {
    const missing = missingRequired(groups, required)
    const message = `${nameOf(survey, missing)} cannot read it, though \`required-recipient\` says that every file keeps that`
    return missing.length === 0 ? [] : [finding('required-recipient', 'error', file.path, message)]
  })
  return [...found.map((one) => ({ ...one, line: null, about: null })), ...lacking]
}

/** What the survey could not take for what it seems to be. */
export function surveyed(survey: Survey): readonly CheckFinding[] {
  return [
    ...damagedFiles(survey.damaged),
    ...survey.ignoredConfigs.map((path) => finding('config-ignored', 'warning', path,
      'sops only looks for .sops.yaml: what this file says holds for no file')),
    ...survey.skipped.map(({ path, reason }) => finding('skipped', 'notice', path, reason)),
  ]
}

export function damagedFiles(files: Survey['damaged']): readonly CheckFinding[] {
  return files.map(({ path, damage }) => finding('damaged-file', 'error', path, damage))
}

/** A finding about a key stands where the key is written: in a config, else in the first file that it reads. */
export function aboutKey(survey: Survey, one: Recipient, code: string, level: Finding['level'], message: string): CheckFinding {
  const id = canonicalId(one)
  const config = survey.configs.find(({ recipients }) => recipients.some((other) => canonicalId(other) === id))
  if (config !== undefined) return finding(code, level, config.path, message, { line: lineOf(config, one), about: id })
  const file = [...survey.files, ...survey.others].find((other) => isReadBy(other, new Set([id])))
  return finding(code, level, file?.path ?? null, message, { about: id })
}

/** Where a config spells the key as it was read there; null where it does so in parts. */
function lineOf({ text, recipients }: Survey['configs'][number], one: Recipient): number | null {
  const spelled = recipients.find((other) => canonicalId(other) === canonicalId(one))?.id ?? one.id
  const at = text.indexOf(spelled)
  return at < 0 ? null : text.slice(0, at).split('\n').length
}

function whereIs(survey: Survey, one: Recipient): string {
  const id = canonicalId(one)
  const files = [...survey.files, ...survey.others].filter((file) => isReadBy(file, new Set([id]))).map(({ path }) => path)
  const configs = survey.configs.filter(({ recipients }) => recipients.some((other) => canonicalId(other) === id))
    .map(({ path }) => path)
  const some = (paths: readonly string[]): string =>
    `${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ` and ${paths.length - 3} more` : ''}`
  const said = [
    ...(configs.length === 0 ? [] : [`stands in ${some(configs)}`]),
    ...(files.length === 0 ? [] : [`can read ${some(files)}`]),
  ]
  return said.length === 0 ? 'can read a file that was skipped' : said.join(' and ')
}
