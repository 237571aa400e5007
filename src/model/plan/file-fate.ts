// One file + the request + what sops says of it → what happens to it, or why that is refused. Pure.
// Must never let a file gain a reader that was not asked for, nor leave one that nobody can open.
import { ruleFor } from '../sops-file/creation-rule.ts'
import type { CreationRule } from '../sops-file/creation-rule.ts'
import type { Finding } from '../report.ts'
import type { Groups, PlannedFile, RekeyRequest } from './plan.ts'
import { canonicalId, isMeantBy, sameRecipient } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import type { Survey, SurveyedFile } from '../survey.ts'
import { isReadBy, nameOf, readersOf } from '../survey.ts'
import type { ConfiguredRecipients } from '../sops-file/updatekeys-output.ts'

export type Fate =
  | { readonly kind: 'change'; readonly change: PlannedFile }
  | { readonly kind: 'unchanged'; readonly reason: string }
  /** `byConfig`: for what its config says, which may not have been edited. */
  | { readonly kind: 'refused'; readonly reason: string; readonly byConfig?: true }

/** sops decides who reads a file: where its word is not what was read from the file, or it has none, the run is refused. */
export function misread(survey: Survey, file: SurveyedFile, answer: ConfiguredRecipients, current: Groups | null): Fate | null {
  if (answer.kind === 'unreadable') {
    const rule = ruleOf(survey, file)
    const by = rule === null ? file.config ?? '' : `the rule at ${file.config ?? ''}:${rule.line}`
    return { kind: 'refused', reason: `sops can't work with it by ${by}: ${answer.reason}. Mend the rule or the file, or leave it out with \`files\`` }
  }
  if (current === null) return { kind: 'refused', reason: "sops can't work with it" }
  const filled = file.metadata.groups.filter((group) => group.length > 0)
  const hidden = difference(survey, filled, current)
  return hidden === null && filled.length === current.length ? null
    : { kind: 'refused', reason: `sops reads other recipients from it than its metadata seems to name (${hidden ?? 'in other groups'}). Look at its sops block by hand` }
}

export function fateOf(survey: Survey, request: RekeyRequest, file: SurveyedFile, answer: ConfiguredRecipients): Fate {
  const asked = request.removed.length + request.added.length > 0
  const after = requested(request, file)
  const touched = !sameGroups(after, file.metadata.groups)
  const mustRotate = request.rotateAll ? 'rotate-all' : request.overdue.get(file.path) ?? null
  if (asked && !touched && mustRotate === null) return { kind: 'unchanged', reason: untouched(survey, request, file) }
  if (file.config === null) return { kind: 'refused', reason: 'no .sops.yaml stands in its folder or above. Add one, or leave it out with `files`' }
  if (touched) return planAsked(survey, request, file, after, answer, mustRotate)
  return asked ? onlyRotate(file, mustRotate) : planAlignment(survey, file, answer, mustRotate)
}

/** The groups as the request wants them: the added beside whom they are to be like, the removed gone. */
function requested({ removed, added, like }: RekeyRequest, { metadata: { groups } }: SurveyedFile): Groups {
  const [leaves, model] = [idsOf(removed), like === 'every rule' ? null : idsOf(like)]
  return groups.map((group) => {
    const joins = model === null || group.some((one) => model.has(canonicalId(one)))
    const stays = group.filter((one) => !leaves.has(canonicalId(one)))
    // An Azure key without a version is not there by the version that goes.
    const comes = joins ? added.map(({ recipient }) => recipient).filter((one) => !stays.some((present) => isMeantBy(one, present))) : []
    return [...stays, ...comes]
  })
}

function untouched(survey: Survey, { removed, added, like }: RekeyRequest, file: SurveyedFile): string {
  if (added.length === 0 || removed.length > 0) return 'the removed recipient is not among its recipients'
  const models = like === 'every rule' ? readersOf(file) : like
  if (!isReadBy(file, idsOf(models))) return `${nameOf(survey, models)} is not among its recipients`
  return `${nameOf(survey, added.map(({ recipient }) => recipient))} can read it already`
}

function ruleOf({ configs }: Pick<Survey, 'configs'>, { path, config }: SurveyedFile): CreationRule | null {
  const governing = configs.find((one) => one.path === config)
  return governing === undefined ? null : ruleFor(governing, path)
}

/** sops takes the first rule that matches, also where that says how to encrypt and leaves the keys to the command line. */
function withoutKeys(survey: Survey, file: SurveyedFile): string {
  const [{ config }, rule] = [file, ruleOf(survey, file)]
  if (rule === null) return `no rule of ${config ?? ''} names keys for it, so that sops can't update it. Add a rule for it`
  return `the rule in line ${rule.line} of ${config ?? ''}, which is the first that matches it, names no keys, so that sops can't update it. Write its keys there, or into a rule above that one`
}

/** A file of which the request wants other readers: exactly these, and where someone goes, the data key with them. */
function planAsked(
  survey: Survey, request: RekeyRequest, file: SurveyedFile, after: Groups, answer: ConfiguredRecipients, mustRotate: string | null,
): Fate {
  const config = file.config ?? ''
  const refused = (reason: string): Fate => ({ kind: 'refused', reason })
  const byConfig = (reason: string): Fate => ({ kind: 'refused', reason, byConfig: true })
  const emptied = after.findIndex((group) => group.length === 0)
  if (after.every((group) => group.length === 0)) return refused('nobody could read it any more. Add another recipient to its rule and run once without a removal, or leave it out with `files`')
  if (emptied >= 0) return refused(`key group ${emptied + 1} of ${after.length} would be empty, and Shamir's threshold would be at risk. Add another recipient to that group first, or name in \`added-recipient\` who takes the place`)
  if (request.like === 'every rule' && request.added.length > 0 && after.length > 1) {
    return refused('it has several key groups, and `*` does not say which. Name in `same-access-as` whose access the new recipient gets')
  }
  if (answer.kind !== 'different' && answer.kind !== 'same') return refused(withoutKeys(survey, file))
  const loses = someoneLoses(file.metadata.groups, after)
  if (answer.kind === 'same') return byConfig(loses ? 'its config still names the removed recipient after the edit' : 'its config does not name the added recipient after the edit')
  if (answer.thresholdChanges) return byConfig("its config would change the number of key groups, and with it Shamir's threshold")
  const named = asSopsNames(after, answer.groups, request)
  const drift = driftBeside(survey, request, named, answer.groups)
  if (drift !== null) {
    return byConfig(`it has drifted from ${config}: by its rule ${drift}, which was not asked for. `
      + `Run once without ${request.removed.length > 0 ? 'removed' : 'added'}-recipient to bring files in line, or mend the rule`)
  }
  const why = loses ? (request.added.length > 0 ? 'a recipient takes the place of the removed one' : 'the removed recipient can read it') : 'the added recipient gets access'
  return { kind: 'change', change: { file, updatekeys: true, rotate: loses || mustRotate !== null, after: named, reason: why } }
}

/** Who would come and go by the config beside those who were asked for, and who of these would not come; null where nobody. */
function driftBeside(survey: Survey, { added }: RekeyRequest, wanted: Groups, configured: Groups): string | null {
  const spelled = (one: Recipient, at: number): string =>
    (added.find(({ recipient }) => sameRecipient(recipient, one))?.name ?? nameOf(survey, [one])) + (wanted.length > 1 ? ` (key group ${at + 1})` : '')
  const without = (from: Groups, other: Groups, isSaid: (one: Recipient) => boolean): readonly string[] => from.flatMap((group, at) => {
    const ids = idsOf(other[at] ?? [])
    return group.filter((one) => !ids.has(canonicalId(one)) && isSaid(one)).map((one) => spelled(one, at))
  })
  const isNew = (one: Recipient): boolean => added.some(({ recipient }) => sameRecipient(recipient, one))
  const said = [
    [without(configured, wanted, () => true), 'would come'], [without(wanted, configured, (one) => !isNew(one)), 'would go'],
    [without(wanted, configured, isNew), 'would not come'],
  ] as const
  return said.flatMap(([who, does]) => (who.length === 0 ? [] : [`${who.join(', ')} ${does}`])).join(', ') || null
}

/** A key may be asked for in fewer words than sops has for it: an Azure key without a version is the one of the newest. */
function asSopsNames(after: Groups, configured: Groups, { added }: RekeyRequest): Groups {
  return after.map((group, at) => group.map((one) => {
    if (!added.some(({ recipient }) => sameRecipient(recipient, one))) return one
    return configured[at]?.find((named) => isMeantBy(one, named)) ?? one
  }))
}

/** A file whose readers stay as they are, its drift too, and that gets a new data key. */
function onlyRotate(file: SurveyedFile, reason: string | null): Fate {
  return { kind: 'change', change: { file, updatekeys: false, rotate: true, after: file.metadata.groups, reason: reason ?? '' } }
}

/** Without a removal the config decides. Who loses access by it also loses the data key. */
function planAlignment(survey: Survey, file: SurveyedFile, answer: ConfiguredRecipients, mustRotate: string | null): Fate {
  if (answer.kind !== 'different') {
    if (mustRotate === null) return { kind: 'unchanged', reason: answer.kind === 'same' ? 'in line with its config' : 'no rule names keys for it' }
    return onlyRotate(file, mustRotate)
  }
  if (answer.thresholdChanges || answer.groups.length !== file.metadata.groups.length) {
    return {
      kind: 'refused',
      reason: `its config has ${answer.groups.length} key groups and the file ${file.metadata.groups.length}; updatekeys ignores shamir_threshold, which could lock everyone out. Re-create the file by hand`,
    }
  }
  const loses = someoneLoses(file.metadata.groups, answer.groups)
  const reason = `brought back to ${file.config ?? ''}: ${difference(survey, file.metadata.groups, answer.groups) ?? 'spelling of a key'}`
  return { kind: 'change', change: { file, updatekeys: true, rotate: loses || mustRotate !== null, after: answer.groups, reason } }
}

/** Group by group: who stands in another one as well had a part of the data key that is theirs no more. */
function someoneLoses(from: Groups, to: Groups): boolean {
  return from.some((group, at) => {
    const kept = idsOf(to[at] ?? [])
    return group.some((one) => !kept.has(canonicalId(one)))
  })
}

/** Where a file takes another number of its key groups than its rule says, which sops does not tell; null where it does not. */
export function thresholdDrift(survey: Pick<Survey, 'configs'>, file: SurveyedFile): string | null {
  const { config, metadata: { groups, shamirThreshold } } = file
  const rule = groups.length < 2 ? null : ruleOf(survey, file)
  if (rule === null) return null
  const [has, wants] = [shamirThreshold ?? groups.length, rule.shamirThreshold ?? groups.length]
  return has === wants ? null
    : `it opens with ${has} of its ${groups.length} key groups, and the rule at ${config ?? ''}:${rule.line} says ${wants}; updatekeys leaves that as it is. Encrypt it anew to change it`
}

/** What would have to change for `from` to become `to`, like `+alice, −bob`; null where they are equal. */
export function difference(survey: Survey, from: Groups, to: Groups): string | null {
  const name = (one: Recipient): string => nameOf(survey, [one])
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

export function driftFinding(survey: Survey, file: SurveyedFile, answer: ConfiguredRecipients, removing: boolean): readonly Finding[] {
  if (answer.kind === 'no-rule') {
    const rule = file.config === null ? 'no .sops.yaml stands above it' : `no rule of ${file.config} names keys for it`
    return [{ code: 'no-rule', level: 'warning', path: file.path, message: `${rule}; its recipients were left as they are` }]
  }
  if (answer.kind !== 'different' || !removing) return []
  const drift = difference(survey, file.metadata.groups, answer.groups) ?? 'the number of key groups'
  return [{ code: 'drift', level: 'notice', path: file.path, message: `differs from ${file.config ?? ''} (${drift}), and was left as it is` }]
}

function sameGroups(a: Groups, b: Groups): boolean {
  return a.length === b.length && a.every((group, at) => {
    const [one, other] = [idsOf(group), idsOf(b[at] ?? [])]
    return one.size === other.size && [...one].every((id) => other.has(id))
  })
}

function idsOf(recipients: readonly Recipient[]): ReadonlySet<string> {
  return new Set(recipients.map(canonicalId))
}
