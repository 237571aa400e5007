// The first sentence of a summary or pull request: who, how many files, what holds.
// Must never claim what the report's files do not show.
import { countOf, distinct, without } from './markdown-account.ts'
import type { Account } from './markdown-account.ts'
import { count, listed } from './markdown-paths.ts'
import { canonicalId, shortForm } from '../recipient.ts'
import type { Report, ReportedRecipient } from '../report.ts'
import { code, plain, visible } from '../safe-text.ts'

/** Characters shown of a person's name. */
export const nameLimit = 60

/** Each owner once, with all of their keys; a key without an owner stands for itself. */
export function who(recipients: readonly ReportedRecipient[]): string {
  const keys = new Map<string, string[]>()
  for (const recipient of recipients) {
    const key = code(shortForm(recipient), 80)
    const owner = recipient.owner === null ? key : plain(recipient.owner, nameLimit)
    keys.set(owner, [...(keys.get(owner) ?? []), ...(recipient.owner === null ? [] : [key])])
  }
  return listed([...keys].map(([owner, own]) => (own.length === 0 ? owner : `**${owner}** (${listed(own)})`)))
}

/** What tells a recipient from every other one of the report: a name, a short form of its key, or both. Not yet made safe. */
export interface ShownRecipient {
  readonly owner: string | null
  readonly key: string | null
}

/** The owner alone where that name stands for one key of the report, else with the key. */
export function shownIn({ request, files }: Report): (recipient: ReportedRecipient) => ShownRecipient {
  const keys = new Map<string, Set<string>>()
  const named = files.flatMap(({ recipients: { before, after } }) => [...before, ...after])
  for (const recipient of distinct([...request.removed, ...request.added, ...named])) {
    if (recipient.owner === null) continue
    // As people see it: two names may differ only beyond what is shown.
    const owner = visible(recipient.owner, nameLimit)
    keys.set(owner, (keys.get(owner) ?? new Set()).add(canonicalId(recipient)))
  }
  return ({ owner, ...recipient }) => {
    const alone = owner !== null && keys.get(visible(owner, nameLimit))?.size === 1
    return { owner, key: alone ? null : shortForm(recipient) }
  }
}

export type Namer = (recipient: ReportedRecipient) => string

/** Short names for lists, as Markdown. */
export function namer(report: Report): Namer {
  const shown = shownIn(report)
  const names = new Map<ReportedRecipient, string>()
  return (recipient) => {
    const known = names.get(recipient)
    if (known !== undefined) return known
    const { owner, key } = shown(recipient)
    const name = [...(owner === null ? [] : [plain(owner, nameLimit)]), ...(key === null ? [] : [code(key, 80)])].join(' ')
    names.set(recipient, name)
    return name
  }
}

/** What was asked for, as the files show it; null where no recipient was named. */
function asked({ request: { removed, added } }: Report, { changed }: Account, would: boolean): string | null {
  const clause = (recipients: readonly ReportedRecipient[], verb: string, side: 'lose' | 'gain'): string[] => {
    if (recipients.length === 0) return []
    const people = new Set(recipients.map((recipient) => recipient.owner ?? canonicalId(recipient))).size
    const be = would ? 'would be' : people === 1 ? 'was' : 'were'
    return [`${who(recipients)} ${be} ${verb} ${count(countOf(changed, recipients, side), 'file')}`]
  }
  const lose = countOf(changed, removed, 'lose')
  const swapped = changed.filter(({ recipients: { before, after } }) =>
    without(removed, before).length < removed.length && without(added, without(after, before)).length === 0).length
  if (added.length > 0 && lose > 0 && swapped === lose && countOf(changed, added, 'gain') === lose) {
    return `${who(added)} ${would ? 'would take' : 'took'} the place of ${who(removed)} in ${count(lose, 'file')}`
  }
  const clauses = [...clause(removed, 'removed from', 'lose'), ...clause(added, 'added to', 'gain')]
  return clauses.length === 0 ? null : listed(clauses)
}

/** What happened, and what became of the data keys where that is not the same thing. */
function happened(report: Report, account: Account, would: boolean): readonly [string] | readonly [string, string] {
  const { request } = report
  const { changed, rotated, gone, come } = account
  const be = (number: number): string => (would ? 'would be' : number === 1 ? 'was' : 'were')
  const keys = rotated.length === 0 ? 'data keys as before' : count(rotated.length, 'new data key')
  const named = asked(report, account, would)
  if (named !== null) return [named, keys]
  if (gone.length + come.length === 0 && rotated.length > 0) {
    const aged = request.maxKeyAge !== null && !request.rotateAll
    const old = aged ? ` whose data key was older than ${plain(request.maxKeyAge, 20)}` : ''
    return [`${count(rotated.length, 'file')}${old} ${would ? 'would get' : 'got'} a new data key`]
  }
  const [lose, gain] = [countOf(changed, gone, 'lose'), countOf(changed, come, 'gain')]
  const access = [
    ...(lose > 0 ? [`${lose} ${would ? 'would lose' : 'lost'} a recipient`] : []),
    ...(gain > 0 ? [`${gain} ${would ? 'would gain' : 'gained'} a recipient`] : []),
  ]
  const moved = changed.filter(({ recipients: { before, after } }) =>
    without(before, after).length + without(after, before).length > 0)
  // A key may be spelled otherwise in the config, without anyone's access changing.
  const drifted = moved.length === 0 ? changed : moved
  const configs = new Set(drifted.map(({ config }) => config)).size
  return [
    `${count(drifted.length, 'file')} ${be(drifted.length)} brought back to ` +
    `${configs === 1 ? 'the' : 'their'} ${code('.sops.yaml')} (${access.join(', ') || 'with the same readers'})`, keys,
  ]
}

/** One or two sentences; for a stopped run a title, because the reasons follow it. */
export function headline(report: Report, account: Account): string {
  const { voice, changed, unverified, remaining } = account
  const matched = count(report.files.length, 'matched file')
  if (voice === 'stopped') {
    const title = report.outcome === 'refused' ? 'Refused' : 'Failed'
    return `**✖ ${title}.** Nothing was changed, neither in the checkout nor on the base branch.`
  }
  const texts = listed(report.configs.map(({ path }) => code(path, 100)), 3)
  if (voice === 'open') {
    const what = changed.length > 0 ? count(changed.length, 'file') : texts
    return `Nothing new: the pull request already holds this plan for ${what}.`
  }
  if (changed.length === 0 && report.configs.length === 0) {
    if (remaining.length > 0) return `Nothing was changed in ${matched}, see below.`
    const { removed, added } = report.request
    const none = removed.length > 0 ? `: none is encrypted to ${who(removed)}`
      : added.length > 0 ? `: ${who(added)} can read each that was asked for already`
      : ''
    return `Nothing to change in ${matched}${none}.`
  }
  if (changed.length === 0) {
    return `${voice === 'would' ? `**Dry run.** Only ${texts} would change` : `Only ${texts} changed`}, no matched file.`
  }
  const what = happened(report, account, voice === 'would')
  if (voice === 'would') return `**Dry run.** ${what.join('; ')}. No key was used and nothing was changed.`
  return unverified.length > 0
    ? `${what.join('; ')}. **✖ ${unverified.length} of ${count(changed.length, 'changed file')} not verified.**`
    : `${what.join('; ')}${what.length === 2 ? ',' : ';'} values unchanged, verified ✔.`
}
