// What a request is called where people see it: its branch, its title, the values of its templates.
// Must never let a name from outside change what the text around it means.
import { isBranchName } from '../model/publishing/branch-name.ts'
import { Failure } from '../model/failure.ts'
import type { Inputs, PullRequestInputs } from '../model/inputs.ts'
import { parseRecipient, shortForm } from '../model/recipient.ts'
import type { Report, ReportedRecipient } from '../model/report.ts'
import { parted, plain, visible } from '../model/safe-text.ts'
import type { TemplateValues } from '../model/publishing/template.ts'
import { fillTemplate } from '../model/publishing/template.ts'
import { sha256Of } from '../tools/staging.ts'

/** The branch the pull request goes into, by the input or else `current`. `standard` is the repository's default branch. */
export function baseOf({ base }: PullRequestInputs, current: string | null, standard: string): string {
  const values: TemplateValues<'base'> = { default: standard }
  return base === null ? current ?? standard : fillTemplate(base, values)
}

/** The branch the commit goes to; the same request always gets the same. */
export function branchOf(inputs: Inputs, wanted: PullRequestInputs, base: string, standard: string): string {
  if (wanted.branch === null) return standardBranch(inputs, base === standard ? null : base)
  const values: TemplateValues<'branch'> = {
    removed: slugOf(inputs.removedRecipients), added: slugOf(inputs.addedRecipients.map(nameOf)), base: slugOf([base]),
  }
  const branch = fillTemplate(wanted.branch, values)
  if (isBranchName(branch)) return branch
  throw new Failure('input', `The input \`branch\` comes to ${visible(branch)}, which is no name for a branch.`, { advice: 'Leave a variable out, or shorten it.' })
}

/** One text per request into `base`, 64 hexadecimal digits: the same words again are the same request. */
export function requestOf(inputs: Inputs, base: string): string {
  const { removedRecipients, addedRecipients, sameAccessAs, rotateAll, maxKeyAge, files } = inputs
  const [removed, added] = [[...removedRecipients].sort(), [...addedRecipients].sort()]
  return sha256Of(JSON.stringify([removed, added, sameAccessAs, rotateAll, maxKeyAge?.text ?? null, [...files], base]))
}

export interface PullRequestTexts {
  readonly title: string
  readonly commitMessage: string
  readonly bodyHeader: string | null
}

export interface TextContext {
  readonly base: string
  /** `owner/name` */
  readonly repository: string
  readonly runUrl: string | null
}

/** The texts that people read, with their variables filled in from what was done. */
export function textsOf(inputs: Inputs, wanted: PullRequestInputs, report: Report, context: TextContext): PullRequestTexts {
  const standard = standardText(inputs)
  const values = (harmless: (text: string) => string): TemplateValues<'body-header'> => {
    const raw: TemplateValues<'body-header'> = {
      removed: report.request.removed.map(shown).join(', '), added: report.request.added.map(shown).join(', '),
      files: `${report.files.filter(({ action }) => !['unchanged', 'skipped', 'failed'].includes(action)).length}`,
      date: report.startedAt.slice(0, 10), base: context.base, repository: context.repository, run: context.runUrl ?? '',
    }
    const entries = Object.entries(raw).map(([name, value]) => [name, harmless(value)])
    return Object.fromEntries(entries) as TemplateValues<'body-header'>
  }
  const line = (text: string): string => visible(text, 1000)
  const header = wanted.bodyHeader
  return {
    // GitHub takes 256 characters.
    title: visible(fillTemplate(wanted.title ?? standard, values(line)), 250),
    // GitHub heeds a mention or a `fixes #12` there.
    commitMessage: fillTemplate(wanted.commitMessage ?? standard, { ...values((text) => parted(text, 1000)), run: context.runUrl ?? '' }),
    // The address of the run is the runner's own; as text it would not be a link.
    bodyHeader: header === null ? null
      : fillTemplate(header, { ...values((text) => plain(text, 1000)), run: context.runUrl ?? '' }),
  }
}

/** A recipient's owner or short form. */
function shown({ owner, kind, id }: ReportedRecipient): string {
  return owner ?? shortForm({ kind, id })
}

/** Of `carol=age1…` the name; of a key alone the key. */
function nameOf(asked: string): string {
  return parseRecipient(asked) === null ? asked.replace(/=.*$/, '') : asked
}

function slug(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 40)
}

/** Letters, digits and hyphens; where they could stand for other words too, a hash of the exact ones follows. */
function slugOf(words: readonly string[]): string {
  const slugs = [...words].sort().map(slug).filter((word) => word !== '').join('-').slice(0, 100).replace(/-$/, '')
  if (words.length < 2 && words.every((word) => /^[a-z0-9]{1,40}$/.test(word))) return slugs
  return `${slugs === '' ? '' : `${slugs}-`}${sha256Of(JSON.stringify([...words].sort())).slice(0, 8)}`
}

/**
 * A name that the same request always gets, and no other: where the words alone could stand for another request too, a
 * hash of the exact one follows. `into` is the base where that is not the usual one.
 */
function standardBranch(inputs: Inputs, into: string | null): string {
  const { removedRecipients, addedRecipients, sameAccessAs, rotateAll, maxKeyAge, files } = inputs
  const age = maxKeyAge?.text ?? null
  const removed = [...removedRecipients].sort()
  const added = [...addedRecipients].sort()
  const words = [
    ...(removed.length > 0 ? ['remove', ...removed] : []),
    // Of `carol=age1…` the name, of a key alone enough to tell it from others.
    ...(added.length > 0 ? ['add', ...added.map((one) => one.replace(/=.*$/, ''))] : []),
    ...(rotateAll || age !== null ? ['rotate', age ?? ''] : removed.length + added.length > 0 ? [] : ['align']),
    ...(into === null ? [] : ['into', into]),
  ].filter((word) => word !== '')
  const slugs = words.map(slug).filter((word) => word !== '').join('-').slice(0, 100).replace(/-$/, '')
  const isPlain = words.every((word) => /^[a-z0-9]{1,40}$/.test(word))
    && removed.length < 2 && added.length === 0 && files.length === 0
  const exact = JSON.stringify([removed, rotateAll, age, [...files], into, ...(added.length === 0 ? [] : [added, sameAccessAs])])
  return `sops-rekey/${slugs}${isPlain ? '' : `-${sha256Of(exact).slice(0, 8)}`}`
}

/** The title and commit message where none is given. */
function standardText({ removedRecipients, addedRecipients, rotateAll, maxKeyAge }: Inputs): string {
  if (addedRecipients.length > 0) {
    return removedRecipients.length > 0 ? 'chore: replace a recipient of sops files'
      : 'chore: give a new recipient access to sops files'
  }
  if (removedRecipients.length > 0) return 'chore: rotate keys after team member offboarding'
  return rotateAll || maxKeyAge !== null ? 'chore: rotate sops data keys' : 'chore: bring sops files in line with .sops.yaml'
}
