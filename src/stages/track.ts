// Who was removed, now or before → an issue each with what they could read, brought up to date with what has become of it.
// Must never fail a run that has done its work: what goes wrong is a warning.
import type { Inputs } from '../model/inputs.ts'
import { formerPaths } from '../model/exposure/former-paths.ts'
import type { FormerPaths } from '../model/exposure/former-paths.ts'
import { goneByConfig } from '../model/exposure/losing.ts'
import { mergedSecrets } from '../model/exposure/merged-exposure.ts'
import type { OwnedRecipient } from '../model/owners/owners.ts'
import { ownerOf } from '../model/owners/owners.ts'
import type { Plan } from '../model/plan/plan.ts'
import { canonicalId, parseCanonical, shortForm } from '../model/recipient.ts'
import type { Recipient } from '../model/recipient.ts'
import type { ExposedSecret } from '../model/report.ts'
import { visible } from '../model/safe-text.ts'
import type { TrackedRemoval } from '../model/tracking-issue/tracking-issue.ts'
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
  /** The keys of each who lost the last file to a config that leaves them out. */
  readonly gone: readonly (readonly Recipient[])[]
  /** Keys that these held before. */
  readonly earlier: readonly Recipient[]
  /** What the holders of these keys could read. */
  readonly of: (keys: readonly Recipient[]) => Promise<readonly ExposedSecret[]>
  readonly formerPaths: FormerPaths
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
  return async ({ commit, owners, removed, gone, earlier, of, formerPaths: former, partial, pullRequestUrl }) => {
    try {
      const scope = await scopeOf(git, github, eventBranch, inputs)
      const { removals, warnings } = removed.length > 0 ? { removals: [{ removed, earlier }], warnings: [] } : await trackedNow(github, scope)
      const known = new Set(removals.map((one) => idsOf(one.removed)))
      const fresh = gone.filter((keys) => !known.has(idsOf(keys))).map((keys): Keys => ({ removed: keys, earlier: [] }))
      const kept: TrackingIssue[] = []
      for (const one of [...removals, ...fresh]) {
        kept.push(await keepTrackingIssue(github, {
          removed: named(one.removed, owners), earlier: one.earlier, scope, exposure: await of([...one.removed, ...one.earlier]),
          formerPaths: former, partial, commit, runUrl, pullRequestUrl,
        }))
      }
      return { numbers: kept.flatMap(({ number }) => number ?? []), warnings: [...warnings, ...kept.flatMap((one) => one.warnings)] }
    } catch (error) {
      return { numbers: [], warnings: [`The tracking issue could not be kept: ${visible(error instanceof Error ? error.message : String(error), 600)}`] }
    }
  }
}

type Keys = Pick<Exposures, 'removed' | 'earlier'>

function idsOf(keys: readonly Recipient[]): string {
  return [...new Set(keys.map(canonicalId))].sort().join('\n')
}

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

/** What is known of the run when its issues are kept. */
export interface RunToTrack {
  readonly survey: Survey
  /** Those that the request names, with keys that they held before, and what is known of their exposure (and maybe of others'). */
  readonly named: readonly Recipient[]
  readonly known: readonly ExposedSecret[]
  /** null where nothing is taken from anybody. */
  readonly plan: Plan | null
  readonly history: HistoryOnDemand
  readonly past: (everywhere: boolean) => Promise<Past>
  readonly decryption: Decryption | null
}

/** The exposure of whoever an issue is kept for. */
export async function exposuresOf({ survey, named, known, plan, history, past, decryption }: RunToTrack): Promise<Pick<Exposures, 'owners' | 'gone' | 'of' | 'formerPaths' | 'partial'>> {
  const open = await history.open()
  const partial = open.history.reach.kind === 'partial'
  const isNamed = new Set(named.map(canonicalId))
  // Who left long ago, or whom a config leaves out, is known by name only to the past.
  let everyone: readonly OwnedRecipient[] | null = null
  const ownersEver = async (): Promise<readonly OwnedRecipient[]> => (everyone ??= [...survey.owners, ...(await past(true)).owners])
  const of = async (keys: readonly Recipient[]): Promise<readonly ExposedSecret[]> => (keys.every((one) => isNamed.has(canonicalId(one)))
    ? readableBy(keys, survey.owners, known)
    : mergedSecrets(await exposureOf(open, await ownersEver(), [{ people: keys, only: null }], decryption)))
  const gone = plan === null || goneByConfig(plan, survey, named, survey.owners).length === 0 ? [] : goneByConfig(plan, survey, named, await ownersEver())
  return { owners: gone.length === 0 ? survey.owners : await ownersEver(), gone, of, formerPaths: formerPaths(open.history), partial }
}
