// Survey + history → the files whose data key has to go although their recipients may stay. Uses no key.
// Must never take a history that is cut off for the whole one.
import { Failure } from '../model/failure.ts'
import { untoldKey } from '../model/exposure/data-key-links.ts'
import type { History } from '../model/exposure/history.ts'
import type { KeyAge } from '../model/exposure/key-age.ts'
import { reachesBackTo } from '../model/exposure/key-age.ts'
import type { RemovedRecord } from '../model/owners/owners-file.ts'
import { removedForGood } from '../model/plan/plan-findings.ts'
import type { Recipient } from '../model/recipient.ts'
import { canonicalId, isMeantBy } from '../model/recipient.ts'
import type { Finding } from '../model/report.ts'
import { visible } from '../model/safe-text.ts'
import type { Survey } from '../model/survey.ts'
import { isReadBy } from '../model/survey.ts'

export interface DueRotations {
  /** Path → reason. */
  readonly due: ReadonlyMap<string, string>
  /** Path → when its data key, or an older one that it may be, first stood in a commit, ISO 8601, UTC. Without what the history doesn't tell. */
  readonly keySince: ReadonlyMap<string, string>
  /** The same, where it is surely that one. */
  readonly sureSince: ReadonlyMap<string, string>
  /** What is due for someone who was not named: path → their record in the owners file, and the day until which they had the data key. */
  readonly stillHeld: ReadonlyMap<string, StillHeld>
  readonly findings: readonly Finding[]
}

export interface StillHeld {
  readonly record: RemovedRecord
  /** `YYYY-MM-DD` */
  readonly until: string
}

/** Where nothing was asked that takes a look back. */
export const nothingDue: DueRotations = { due: new Map(), keySince: new Map(), sureSince: new Map(), stillHeld: new Map(), findings: [] }

/**
 * Due is what has an older data key than `age`, and what one of `removed` cannot read now, but whose data key was (or may have
 * been) wrapped for them once: whoever kept that can put it into the file of today. The same for those who left before, as the
 * owners file records it, where it surely was: of a removal that did all in one commit nothing is sure, and it is not done again.
 */
export function findDueRotations(
  history: History, survey: Survey, removed: readonly Recipient[], age: KeyAge | null, now: Date,
): DueRotations {
  const ids = new Set(removed.map(canonicalId))
  const { reach } = history
  if (age !== null && reach.kind === 'partial') {
    const what = reach.why.startsWith('the checkout is shallow') ? 'The checkout is shallow' : `Only part of the history can be seen (${reach.why})`
    throw new Failure('history-shallow', `${what}, so that the age of a data key (\`max-key-age\`) can't be told.`, {
      advice: 'Write `fetch-depth: 0` for actions/checkout.',
    })
  }
  const asked = survey.files.filter((file) => ids.size > 0 && !isReadBy(file, ids))
  const due = new Map<string, string>()
  const limit = age === null ? null : reachesBackTo(age, now).getTime() / 1000
  const [keySince, sureSince] = [new Map<string, string>(), new Map<string, string>()]
  const held = lastHeld(history, removed)
  for (const { path } of survey.files) {
    const since = reach.kind === 'whole' ? history.keySince(path) : null
    if (since === null) continue
    const { surely, earliest } = since
    keySince.set(path, new Date(earliest * 1000).toISOString())
    sureSince.set(path, new Date(surely * 1000).toISOString())
    if (limit !== null && surely <= limit) due.set(path, `its data key is from ${day(surely)}, older than max-key-age`)
    else if (limit !== null && earliest <= limit) due.set(path, `its data key may be one from ${day(earliest)}, older than max-key-age: ${untoldKey}`)
  }
  for (const { path } of asked) {
    const until = held(path)
    if (until === 'perhaps') due.set(path, `its data key may be one that was wrapped for the removed recipient: ${untoldKey}`)
    else if (until !== null) due.set(path, `its data key was wrapped for the removed recipient until ${day(until)}, and has not changed since`)
  }
  const stillHeld = heldByEarlier(history, survey, ids)
  for (const [path, { record, until }] of stillHeld) {
    const who = record.owner === null ? 'a recipient' : visible(record.owner)
    if (!due.has(path)) due.set(path, `its data key was wrapped until ${until} for ${who}, recorded as removed on ${record.date}, and has not changed since`)
  }
  const unseen = asked.length > 0 && reach.kind === 'partial' ? [partial(asked.length, reach.why)] : []
  return { due, keySince, sureSince, stillHeld, findings: [...unseen, ...(removed.length === 0 && age === null ? [] : noLongerEncrypted(history, survey))] }
}

/** What is left of a file that was cut off before its first value looks like any other text. */
function noLongerEncrypted({ plain }: History, { damaged, skipped }: Survey): readonly Finding[] {
  const told = new Set([...damaged, ...skipped].map(({ path }) => path))
  return [...plain].filter((path) => !told.has(path)).map((path) => ({
    code: 'no-longer-encrypted', level: 'warning', path, message: 'it was encrypted at an earlier commit, and is not any more: it was cut off, or committed in the clear',
  }))
}

/** Files that someone with a record cannot read now, but whose data key they had; without those in `asked`. */
function heldByEarlier(history: History, survey: Survey, asked: ReadonlySet<string>): ReadonlyMap<string, StillHeld> {
  const found = new Map<string, StillHeld>()
  for (const record of removedForGood(survey)) {
    const id = canonicalId(record.recipient)
    if (asked.has(id)) continue
    const last = keysHeld(history, [record.recipient])
    for (const file of last.size === 0 ? [] : survey.files) {
      const version = history.base.get(file.path)
      const until = version === undefined || isReadBy(file, new Set([id])) ? undefined : last.get(history.dataKey(version))
      if (until !== undefined && !found.has(file.path)) found.set(file.path, { record, until: day(until) })
    }
  }
  return found
}

/** The data keys that were wrapped for one of `removed`, and when that was last so. */
function keysHeld(history: History, removed: readonly Recipient[]): ReadonlyMap<number, number> {
  const meant = history.recipients.map((one) => removed.some((person) => isMeantBy(person, one)))
  const last = new Map<number, number>()
  for (const { after, time } of meant.includes(true) ? history.changes : []) {
    if (after === null || history.versions[after]?.readers.some((one) => meant[one]) !== true) continue
    const key = history.dataKey(after)
    last.set(key, Math.max(last.get(key) ?? 0, time))
  }
  return last
}

/** When the data key of the file at the base was last wrapped for one of `removed`; `perhaps` where it may be one that was. */
function lastHeld(history: History, removed: readonly Recipient[]): (path: string) => number | 'perhaps' | null {
  const last = keysHeld(history, removed)
  const perhaps = history.perhapsSame(last.keys())
  return (path) => {
    const version = history.base.get(path)
    if (version === undefined) return null
    const key = history.dataKey(version)
    return last.get(key) ?? (perhaps.has(key) ? 'perhaps' : null)
  }
}

function day(time: number): string {
  return new Date(time * 1000).toISOString().slice(0, 10)
}

function partial(count: number, why: string): Finding {
  return {
    code: 'history-shallow', level: 'warning', path: null,
    message: `${why}: whether the removed recipient once had the data key of the ${count} files they cannot read now can't be told. `
      + 'Write `fetch-depth: 0` for actions/checkout, or use `rotate-all: true`',
  }
}
