// What a person has to know of a plan besides what will be done: who still reads, who came back, who is missing, what the policy says.
// Must never decide anything.
import { ruleFor } from '../sops-file/creation-rule.ts'
import { asSeen } from '../owners/owners-candidates.ts'
import { isLike } from '../owners/likeness.ts'
import { ownerOf } from '../owners/owners.ts'
import type { RemovedRecord } from '../owners/owners-file.ts'
import type { EditedText, Groups, RekeyRequest } from './plan.ts'
import { missingRequired, policyFindings } from './policy.ts'
import { canonicalId, isMeantBy, isSameKeyMaterial, shortForm } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import type { Finding } from '../report.ts'
import { linesOfComments } from '../sops-config/commented-out.ts'
import type { Survey, SurveyedFile } from '../survey.ts'
import { isReadBy, knownRecipients, nameOf } from '../survey.ts'

/** A file and who will read it. */
export interface PlannedResult {
  readonly file: SurveyedFile
  readonly groups: Groups
}

export function findingsOf(
  survey: Survey, request: RekeyRequest, results: readonly PlannedResult[], configs: readonly EditedText[],
): readonly Finding[] {
  const removed = new Set(request.removed.map(canonicalId))
  const ignored = survey.ignoredConfigs.map((path): Finding => ({
    code: 'config-ignored', level: 'warning', path, message: 'sops only looks for .sops.yaml: what this file says holds for no file',
  }))
  return [...globsWithout(survey), ...stillReads(survey, removed), ...readsOtherwise(survey, request, results), ...cameBack(survey, removed), ...ignored, ...stillListed(survey, removed), ...inComments(survey, request, configs), ...missing(survey, request, results)]
}

/** By `survey.configs` with the edits of the plan. */
export function policyOf(
  survey: Survey, configs: readonly EditedText[], results: readonly PlannedResult[], level: 'warning' | 'error',
): readonly Finding[] {
  const edited = new Map(configs.map((one) => [one.path, one.after]))
  const becoming = new Map(survey.configs.map((config) => [config.path, { ...config, text: edited.get(config.path) ?? config.text }]))
  return policyFindings(results.map(({ file: { path, config, metadata }, groups }) => {
    const governing = becoming.get(config ?? '')
    return { path, config, rule: governing === undefined ? null : ruleFor(governing, path), groups, threshold: metadata.shamirThreshold }
  }), level)
}

/** Who was removed, and was not entered again since. */
export function removedForGood({ owners, ownersFile }: Survey): readonly RemovedRecord[] {
  const held = new Set(owners.filter(({ from }) => from === 'owners-file').map(({ recipient }) => canonicalId(recipient)))
  return (ownersFile?.removed ?? []).filter(({ recipient }) => !held.has(canonicalId(recipient)))
}

function stillReads(survey: Survey, removed: ReadonlySet<string>): readonly Finding[] {
  const linked = survey.skipped.flatMap(({ path, reason, file }) => (file === null ? [] : [{ file, why: `${path}: ${reason}` }]))
  return [...survey.others.map((one) => ({ file: one, why: 'it is outside of `files`' })), ...linked].flatMap(({ file, why }): readonly Finding[] =>
    isReadBy(file, removed) ? [{ code: 'still-reads', level: 'warning', path: file.path, message: `the removed recipient still reads it: ${why}` }] : [])
}

/** Comments that hold a removed key among other words, in the configs as they will be: nobody else may have it in mind to take them out. */
function inComments(survey: Survey, { removed }: RekeyRequest, configs: readonly EditedText[]): readonly Finding[] {
  if (removed.length === 0) return []
  return survey.configs.flatMap(({ path, text }): readonly Finding[] => {
    const lines = linesOfComments(path, configs.find((one) => one.path === path)?.after ?? text, removed)
    const where = lines.length === 1 ? `the comment in line ${lines.join()} holds` : `the comments in lines ${lines.join(', ')} hold`
    return lines.length === 0 ? [] : [{
      code: 'key-in-comment', level: 'notice', path, message: `${where} a removed key: look that nobody lets it in again from there`,
    }]
  })
}

function globsWithout({ unmatchedGlobs }: Survey): readonly Finding[] {
  return unmatchedGlobs.map((glob): Finding => ({ code: 'files-unmatched', level: 'warning', path: null, message: `\`${glob}\` in \`files\` matches no encrypted file` }))
}

/** A list of public keys is somebody's own text: it is left as it is. */
function stillListed({ owners }: Survey, removed: ReadonlySet<string>): readonly Finding[] {
  return owners.filter(({ from, recipient }) => from === 'public-keys' && removed.has(canonicalId(recipient))).map(({ path, line, name }): Finding => ({
    code: 'public-key-listed', level: 'notice', path, message: `line ${line} still lists the key of ${name}; take it out where the list is used for anything`,
  }))
}

/** All names of the keys, whatever says them, but of one that the owners file knows the name there. */
function namesOf({ owners }: Survey, recipients: readonly Recipient[]): readonly string[] {
  return [...new Set(recipients.flatMap((one) => {
    const own = owners.filter(({ recipient }) => isMeantBy(recipient, one))
    const listed = own.some(({ from }) => from === 'owners-file')
    return [...[ownerOf(owners, one)].filter((name) => name !== null), ...listed ? [] : own.map(({ name }) => asSeen(name))]
  }))]
}

/** Who leaves by one key and may read by another: one of the same person, perhaps by a like name, or the same key in other words. */
function readsOtherwise(survey: Survey, { removed, added }: RekeyRequest, results: readonly PlannedResult[]): readonly Finding[] {
  const gone = new Set(removed.map(canonicalId))
  const people = namesOf(survey, removed)
  const why = (one: Recipient): string | null => {
    if (gone.has(canonicalId(one))) return null
    const same = removed.find((other) => isSameKeyMaterial(one, other))
    if (same !== undefined) return `it stays encrypted to ${shortForm(one)}, which is the removed key ${shortForm(same)} in other words`
    if (added.some(({ recipient }) => isMeantBy(recipient, one))) return null
    const names = namesOf(survey, [one])
    const name = names.find((its) => people.some((other) => its.toLowerCase() === other.toLowerCase()))
    if (name !== undefined) return `it stays encrypted to another key of ${name}, ${shortForm(one)}`
    const [alike] = names.flatMap((its) => people.flatMap((other) => (isLike(its, other) ? [[its, other] as const] : [])))
    if (alike === undefined) return null
    return `it stays encrypted to ${shortForm(one)}, whose name "${alike[0]}" is like "${alike[1]}", by which a removed key goes: perhaps it is the same person’s`
  }
  const known = new Map<string, string | null>()
  return results.flatMap(({ file, groups }) => groups.flat().flatMap((one): readonly Finding[] => {
    const id = canonicalId(one)
    const message = known.get(id) ?? (known.has(id) ? null : why(one))
    known.set(id, message)
    return message === null ? [] : [{ code: 'still-reads', level: 'warning', path: file.path, message: `${message}. Name it in \`removed-recipient\` too, if it is to go` }]
  }))
}

/** Keys that the owners file records as removed, and that stand somewhere again: a stale branch brings them back. */
function cameBack(survey: Survey, removing: ReadonlySet<string>): readonly Finding[] {
  const { ownersFile } = survey
  if (ownersFile === null) return []
  const present = new Set(knownRecipients(survey).map(canonicalId))
  return removedForGood(survey).map((one) => ({ ...one, id: canonicalId(one.recipient) }))
    .filter(({ id }) => present.has(id) && !removing.has(id))
    .map(({ recipient, owner, date }): Finding => ({
      code: 'removed-came-back', level: 'warning', path: ownersFile.path,
      message: `${owner ?? nameOf(survey, [recipient])}, recorded as removed on ${date}, can read files or stands in a config again`,
    }))
}

function missing(survey: Survey, { required }: RekeyRequest, results: readonly PlannedResult[]): readonly Finding[] {
  return results.flatMap(({ file, groups }): readonly Finding[] => {
    const lacking = missingRequired(groups, required)
    return lacking.length === 0 ? [] : [{
      code: 'required-recipient', level: 'warning', path: file.path,
      message: `${nameOf(survey, lacking)} cannot read it, though \`required-recipient\` says that every file keeps that`,
    }]
  })
}
