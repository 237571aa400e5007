// The first sentence of a summary or pull request: who, how many files, what holds.
// Must never claim what the report's files do not show.
import { countOf, without } from './markdown-account.ts'
import type { Account } from './markdown-account.ts'
import { canonicalId, shortForm } from './recipient.ts'
import type { Report, ReportedRecipient } from './report.ts'
import { code, plain } from './safe-text.ts'

/** Characters shown of a person's name. */
export const nameLimit = 60

/** `1 file`, `2 files`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

/** `a, b and c`; beyond `limit`, `a, b and 7 more`. */
export function listed(items: readonly string[], limit = 5): string {
  const shown = items.length > limit ? [...items.slice(0, limit), `${items.length - limit} more`] : items
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`
}

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

export type Namer = (recipient: ReportedRecipient) => string

/** Short names for lists: the owner alone where that name stands for one key of the report, else with the key. */
export function namer(report: Report): Namer {
  const { request, files } = report
  const keys = new Map<string, Set<string>>()
  const named = files.flatMap(({ recipients: { before, after } }) => [...before, ...after])
  for (const recipient of [...request.removed, ...request.added, ...named]) {
    if (recipient.owner === null) continue
    keys.set(recipient.owner, (keys.get(recipient.owner) ?? new Set()).add(canonicalId(recipient)))
  }
  return (recipient) => {
    const key = code(shortForm(recipient), 80)
    if (recipient.owner === null) return key
    const owner = plain(recipient.owner, nameLimit)
    return keys.get(recipient.owner)?.size === 1 ? owner : `${owner} ${key}`
  }
}

function happened({ request }: Report, { changed, rotated, gone, come }: Account, would: boolean): string {
  const be = (number: number): string => (would ? 'would be' : number === 1 ? 'was' : 'were')
  const clause = (recipients: readonly ReportedRecipient[], verb: string, side: 'lose' | 'gain'): string[] => {
    if (recipients.length === 0) return []
    const people = new Set(recipients.map((recipient) => recipient.owner ?? canonicalId(recipient))).size
    return [`${who(recipients)} ${be(people)} ${verb} ${count(countOf(changed, recipients, side), 'file')}`]
  }
  const asked = [...clause(request.removed, 'removed from', 'lose'), ...clause(request.added, 'added to', 'gain')]
  if (asked.length > 0) return `${listed(asked)}; ${count(rotated.length, 'new data key')}`
  if (gone.length + come.length === 0) {
    const aged = request.maxKeyAge !== null && !request.rotateAll
    const old = aged ? ` whose data key was older than ${plain(request.maxKeyAge, 20)}` : ''
    return `${count(rotated.length, 'file')}${old} ${would ? 'would get' : 'got'} a new data key`
  }
  const [lose, gain] = [countOf(changed, gone, 'lose'), countOf(changed, come, 'gain')]
  const access = [
    ...(lose > 0 ? [`${lose} ${would ? 'would lose' : 'lost'} a recipient`] : []),
    ...(gain > 0 ? [`${gain} ${would ? 'would gain' : 'gained'} a recipient`] : []),
  ]
  const drifted = changed.filter(({ recipients: { before, after } }) =>
    without(before, after).length + without(after, before).length > 0)
  const configs = new Set(drifted.map(({ config }) => config)).size
  return (
    `${count(drifted.length, 'file')} ${be(drifted.length)} brought back to ` +
    `${configs === 1 ? 'the' : 'their'} ${code('.sops.yaml')} (${access.join(', ')}); ${count(rotated.length, 'new data key')}`
  )
}

/** One or two sentences; for a stopped run a title, because the reasons follow it. */
export function headline(report: Report, account: Account): string {
  const { voice, changed, unverified, remaining } = account
  const matched = count(report.files.length, 'matched file')
  if (voice === 'stopped') {
    const title = report.outcome === 'refused' ? 'Refused' : 'Failed'
    return `**✖ ${title}.** Nothing was changed, neither in the checkout nor on the base branch.`
  }
  if (voice === 'open') return `Nothing new: the pull request already holds this plan for ${count(changed.length, 'file')}.`
  if (changed.length === 0 && report.configs.length === 0) {
    if (remaining.length > 0) return `Nothing was changed in ${matched}, see below.`
    const none = report.request.removed.length > 0 ? `: none is encrypted to ${who(report.request.removed)}` : ''
    return `Nothing to change in ${matched}${none}.`
  }
  if (changed.length === 0) {
    const only = voice === 'would' ? '**Dry run.** Only the config would change' : 'Only the config changed'
    return `${only}, no matched file.`
  }
  const sentence = happened(report, account, voice === 'would')
  if (voice === 'would') return `**Dry run.** ${sentence}. No key was used and nothing was changed.`
  return unverified.length > 0
    ? `${sentence}. **✖ ${unverified.length} of ${count(changed.length, 'changed file')} not verified.**`
    : `${sentence}${sentence.includes('; ') ? ',' : ';'} values unchanged, verified ✔.`
}
