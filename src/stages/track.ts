// Who was removed, now or before → an issue each with what they could read, brought up to date with what has become of it.
// Must never fail a run that has done its work: what goes wrong is a warning.
import type { Inputs } from '../model/inputs.ts'
import type { OwnedRecipient } from '../model/owners.ts'
import { mergedSecrets } from '../model/merged-exposure.ts'
import { ownerOf } from '../model/owners.ts'
import { parseCanonical, shortForm } from '../model/recipient.ts'
import type { Recipient } from '../model/recipient.ts'
import type { ExposedSecret } from '../model/report.ts'
import { visible } from '../model/safe-text.ts'
import type { TrackedRemoval } from '../model/tracking-issue.ts'
import type { Survey } from '../model/survey.ts'
import type { Git } from '../tools/git.ts'
import type { GitHub } from '../tools/github.ts'
import type { Decryption } from './digests.ts'
import { exposureOf } from './expose.ts'
import type { HistoryOnDemand } from './history.ts'
import { baseOf } from './request-names.ts'
import type { Past } from './request.ts'
import { keepTrackingIssue, trackedRemovals } from './tracking-issue.ts'
import type { TrackingIssue } from './tracking-issue.ts'

export interface Tracked {
  readonly numbers: readonly number[]
  readonly warnings: readonly string[]
}

export interface Exposures {
  /** The commit that was looked at. */
  readonly commit: string
  readonly owners: readonly OwnedRecipient[]
  /** Those that the request names; nobody: then whoever has an issue already. */
  readonly removed: readonly Recipient[]
  /** Keys that these held before. */
  readonly earlier: readonly Recipient[]
  /** What the holders of these keys could read. */
  readonly of: (keys: readonly Recipient[]) => Promise<readonly ExposedSecret[]>
  /** Only part of the history was there. */
  readonly partial: boolean
  readonly pullRequestUrl: string | null
}

export type Tracker = (exposures: Exposures) => Promise<Tracked>

export interface TrackerPlace {
  readonly git: Git
  readonly github: GitHub
  /** As the event says it; null where it has none. */
  readonly eventBranch: string | null
  readonly runUrl: string | null
}

export function issueTracker({ git, github, eventBranch, runUrl }: TrackerPlace, inputs: Inputs): Tracker {
  return async ({ commit, owners, removed, earlier, of, partial, pullRequestUrl }) => {
    try {
      const scope = await scopeOf(git, github, eventBranch, inputs)
      const { removals, warnings } = removed.length > 0 ? { removals: [{ removed, earlier }], warnings: [] } : await trackedNow(github, scope)
      const kept: TrackingIssue[] = []
      for (const one of removals) {
        kept.push(await keepTrackingIssue(github, {
          removed: named(one.removed, owners), earlier: one.earlier, scope, exposure: await of([...one.removed, ...one.earlier]),
          partial, commit, runUrl, pullRequestUrl,
        }))
      }
      return { numbers: kept.flatMap(({ number }) => number ?? []), warnings: [...warnings, ...kept.flatMap((one) => one.warnings)] }
    } catch (error) {
      return { numbers: [], warnings: [`The tracking issue could not be kept: ${visible(error instanceof Error ? error.message : String(error), 600)}`] }
    }
  }
}

type Keys = Pick<Exposures, 'removed' | 'earlier'>

/** What narrows a removal; empty for all files of the usual base. */
async function scopeOf(git: Git, github: GitHub, eventBranch: string | null, { pullRequest, files }: Inputs): Promise<string> {
  const current = await git.currentBranch() ?? eventBranch
  const standard = await github.defaultBranch()
  const base = pullRequest === null ? current ?? standard : baseOf(pullRequest, current, standard)
  return [...(base === standard ? [] : [base]), ...files].join('\n')
}

/** The removals that have an issue. One whose keys stand there as a digest only is left to a run that names them. */
async function trackedNow(github: GitHub, scope: string): Promise<{ readonly removals: readonly Keys[]; readonly warnings: readonly string[] }> {
  const found = (await trackedRemovals(github)).filter((one) => one.scope === scope)
  const read = found.map(({ number, removed, earlier = [] }) =>
    ({ number, removed: removed.map(parseCanonical), earlier: earlier.flatMap((one) => parseCanonical(one) ?? []) }))
  const whole = read.flatMap(({ removed, earlier }) => (removed.includes(null) ? [] : [{ removed: removed.flatMap((one) => one ?? []), earlier }]))
  const warnings = read.flatMap(({ number, removed }) => (removed.includes(null)
    ? [`Issue #${number} is about keys that do not stand in it in full: only a run with its \`removed-recipient\` brings it up to date.`] : []))
  return { removals: whole, warnings }
}

function named(removed: readonly Recipient[], owners: readonly OwnedRecipient[]): TrackedRemoval['removed'] {
  return removed.map((one) => ({ kind: one.kind, id: one.id, owner: ownerOf(owners, one) }))
}

/** The part of `exposure` that the holders of `keys` could read: a secret is done with where it is for each of them. */
function readableBy(keys: readonly Recipient[], owners: readonly OwnedRecipient[], exposure: readonly ExposedSecret[]): readonly ExposedSecret[] {
  const names = new Set(keys.map((one) => ownerOf(owners, one) ?? shortForm(one)))
  return mergedSecrets(exposure.flatMap((secret) => {
    const readBy = secret.readBy.filter((name) => names.has(name))
    return readBy.length === 0 ? [] : [{ ...secret, readBy }]
  }))
}

/** The exposure of whoever an issue is kept for, `known` being that of `named` (and maybe others). */
export async function exposuresOf(
  survey: Survey, named: readonly Recipient[], known: readonly ExposedSecret[], history: HistoryOnDemand, past: (everywhere: boolean) => Promise<Past>, decryption: Decryption | null,
): Promise<Pick<Exposures, 'owners' | 'of' | 'partial'>> {
  const open = await history.open()
  const partial = open.history.reach.kind === 'partial'
  if (named.length > 0) return { owners: survey.owners, partial, of: (keys) => Promise.resolve(readableBy(keys, survey.owners, known)) }
  // Who left long ago is known by name only to the past.
  let owners: readonly OwnedRecipient[] | null = null
  const of = async (keys: readonly Recipient[]): Promise<readonly ExposedSecret[]> => {
    owners ??= [...survey.owners, ...(await past(true)).owners]
    return mergedSecrets(await exposureOf(open, owners, [{ people: keys, only: null }], decryption))
  }
  return { owners: survey.owners, partial, of }
}
