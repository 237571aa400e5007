// What the files of a report add up to, and who gained or lost access: the numbers behind every sentence people read.
// Must never count a file twice or leave one out.
import { canonicalId } from '../recipient.ts'
import type { Report, ReportedFile, ReportedRecipient } from '../report.ts'

/**
 * How the run is to be spoken of. `open`: nothing was done now, because the pull request already holds this plan;
 * `nothing`: there was nothing to do.
 */
export type Voice = 'done' | 'would' | 'open' | 'nothing' | 'stopped'

export interface Account {
  readonly voice: Voice
  readonly changed: readonly ReportedFile[]
  readonly rotated: readonly ReportedFile[]
  readonly unverified: readonly ReportedFile[]
  readonly skipped: readonly ReportedFile[]
  readonly failed: readonly ReportedFile[]
  /** Recipients that changed files lost or gained, each key once. */
  readonly gone: readonly ReportedRecipient[]
  readonly come: readonly ReportedRecipient[]
  /** Files, of any action, that stay encrypted to a recipient whose removal was asked for. */
  readonly remaining: readonly ReportedFile[]
}

/** The recipients of `from` that are not among `others`. */
export function without(from: readonly ReportedRecipient[], others: readonly ReportedRecipient[]): ReportedRecipient[] {
  const ids = new Set(others.map(canonicalId))
  return from.filter((recipient) => !ids.has(canonicalId(recipient)))
}

export function distinct(recipients: readonly ReportedRecipient[]): ReportedRecipient[] {
  return [...new Map(recipients.map((recipient) => [canonicalId(recipient), recipient])).values()]
}

/** How many of `files` lose (or gain) one of `recipients`. */
export function countOf(files: readonly ReportedFile[], recipients: readonly ReportedRecipient[], side: 'lose' | 'gain'): number {
  const ids = new Set(recipients.map(canonicalId))
  return files.filter(({ recipients: { before, after } }) =>
    (side === 'lose' ? without(before, after) : without(after, before)).some((one) => ids.has(canonicalId(one))),
  ).length
}

/** A report without a changed file is never spoken of as if one were. */
export function accountOf(report: Report): Account {
  const { files, outcome, request } = report
  const changed = files.filter(({ action }) => action === 'updated' || action === 'rotated' || action === 'updated+rotated')
  const stopped = outcome === 'refused' || outcome === 'failed'
  const voice = stopped ? 'stopped'
    : outcome === 'planned' ? 'would'
    : outcome === 'unchanged' ? (changed.length + report.configs.length > 0 ? 'open' : 'nothing')
    : 'done'
  const removed = new Set(request.removed.map(canonicalId))
  return {
    voice,
    changed,
    rotated: changed.filter(({ dataKey }) => dataKey === 'new'),
    unverified: changed.filter(({ verified }) => !verified),
    skipped: files.filter(({ action }) => action === 'skipped'),
    failed: files.filter(({ action }) => action === 'failed'),
    gone: distinct(changed.flatMap(({ recipients: { before, after } }) => without(before, after))),
    come: distinct(changed.flatMap(({ recipients: { before, after } }) => without(after, before))),
    remaining: files.filter(({ recipients: { after } }) => after.some((recipient) => removed.has(canonicalId(recipient)))),
  }
}

/** `60 matched = 42 changed + 16 unchanged + 2 skipped + 0 failed`. After a stop nothing counts as changed: nothing was. */
export function accountingLine(report: Report, account: Account): string {
  const { changed, skipped, failed, voice } = account
  const [moved, word] = voice === 'stopped' || voice === 'open' ? [0, 'changed']
    : [changed.length, voice === 'would' ? 'would change' : 'changed']
  const matched = report.files.length
  const still = matched - moved - skipped.length - failed.length
  return `${matched} matched = ${moved} ${word} + ${still} unchanged + ${skipped.length} skipped + ${failed.length} failed`
}

/** How many of these keys many people may use, because who may is decided outside the file. */
export function sharedKeys(recipients: readonly ReportedRecipient[]): number {
  const shared = recipients.filter(({ kind }) => kind.endsWith('kms') || kind === 'azure_keyvault' || kind === 'hc_vault')
  return distinct(shared).length
}
