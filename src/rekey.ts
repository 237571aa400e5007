// The story: inputs → survey → plan → staged copy → sops → verify → publish → result.
// Must never publish what was not verified, nor end without accounting for every matched file.
import { availableParallelism } from 'node:os'
import { accessMap } from './model/access/access-map.ts'
import type { AccessMap } from './model/access/access-map.ts'
import { Failure } from './model/failure.ts'
import type { Inputs } from './model/inputs.ts'
import { whoLoses } from './model/exposure/losing.ts'
import type { Plan } from './model/plan/plan.ts'
import { planIdentity } from './model/plan/plan.ts'
import type { Recipient } from './model/recipient.ts'
import { recordOf } from './model/owners/removal-record.ts'
import type { Report } from './model/report.ts'
import type { RunProgress } from './model/run-report.ts'
import { reportOf } from './model/run-report.ts'
import { exposureLine, planLine, refusalOf, surveyLine, unexpected } from './model/run-words.ts'
import { visible } from './model/safe-text.ts'
import { partOf, shardsFor } from './model/plan/shard.ts'
import type { Publisher, Published } from './stages/publishing/publish.ts'
import { isIdle, whatIsAsked } from './stages/asked.ts'
import { exposureOf } from './stages/expose.ts'
import { findDueRotations } from './stages/due-rotations.ts'
import { HistoryOnDemand, openHistory } from './stages/history.ts'
import { pathsOfOwners, readPast } from './stages/past-owners.ts'
import { planStaged } from './stages/planned.ts'
import type { Past } from './stages/request.ts'
import { takeRotated } from './stages/rotated.ts'
import { rekeyStaged } from './stages/rotate.ts'
import { surveyRepository } from './stages/survey.ts'
import { exposuresOf } from './stages/track.ts'
import type { Tracked, Tracker } from './stages/track.ts'
import { verifyStaged } from './stages/verify.ts'
import { mendWorkingTree } from './stages/working-tree.ts'
import { programFolder, trustedPath } from './tools/environment.ts'
import type { Git } from './tools/git.ts'
import type { Remote } from './tools/git-remote.ts'
import { keyringOwners } from './tools/keyring.ts'
import type { Log } from './tools/log.ts'
import { spareMemory } from './tools/memory.ts'
import { runnerOf } from './tools/runner-keys.ts'
import type { SopsBinary } from './tools/sops-installer.ts'
import { Sops } from './tools/sops.ts'
import { Staging } from './tools/staging.ts'

export interface Tools {
  readonly git: Git
  readonly log: Log
  readonly installSops: () => Promise<SopsBinary>
  readonly publisher: Publisher
  /** null: no issue is kept. */
  readonly tracker: Tracker | null
  /** Where to fetch from what a shallow checkout lacks; null: nowhere. */
  readonly remote: Remote | null
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where temporary folders are made. */
  readonly temporary: string
  readonly runId: string | null
  /** Who asked for the run, where GitHub says it. */
  readonly actor: string | null
}

export interface Result {
  readonly report: Report
  readonly published: Published | null
  /** The parts the work is worth, `1/8` and so on, where that was asked; null otherwise. */
  readonly shards: readonly string[] | null
  /** The issues that keep what is to be changed; null where none was asked for, or the run did not come so far. */
  readonly issue: Tracked | null
  /** Who can read what at the base; null where the run ended before it was known. */
  readonly access: AccessMap | null
  /** What stopped the run; the report says it too. */
  readonly failure: Failure | null
}

/** Runs the story. Never throws: what goes wrong is in the result, and then nothing was changed unless `published` says so. */
export async function rekey(inputs: Inputs, tools: Tools): Promise<Result> {
  const run = newRun(inputs, tools)
  const finish = (published: Published | null, issue: Tracked | null = null): Result => resultOf(run, inputs, published, issue)
  let published: Published | null = null
  try {
    const { git, log, environment, temporary, remote, tracker } = tools
    const { job } = inputs
    await mendWorkingTree(git, log, inputs.dryRun)
    // Beside the survey; whether there is one matters only if there is something to do.
    const installing = tools.installSops()
    installing.catch(() => undefined)
    const keyring = keyringOwners(environment, trustedPath(environment, git.root))
    keyring.catch(() => undefined)
    const surveyed = run.survey = await surveyRepository(git, inputs.files, inputs.ownersFile, keyring)
    log.line(surveyLine(surveyed))
    spareMemory(surveyed.files.length)
    const everything = inputs.removedRecipients.length > 0 || tracker !== null
    const texts = pathsOfOwners(surveyed, inputs.ownersFile)
    await using history = new HistoryOnDemand(async () => await openHistory(git, surveyed, { everything, texts, remote, temporary }), log)
    if (await isIdle(surveyed, inputs, history)) {
      run.outcome = 'unchanged'
      return finish(inputs.dryRun ? null : await tools.publisher.settle(surveyed.base))
    }
    const past = async (everywhere: boolean): Promise<Past> => await readPast(await history.open(), surveyed, inputs.ownersFile, everywhere)
    const asked = await whatIsAsked(inputs, surveyed, history, past, { now: run.startedAt, actor: tools.actor, everything })
    const { request, before } = asked
    ;[run.survey, run.request, run.keySince] = [asked.survey, request, asked.keySince]
    for (const line of asked.lines) log.line(line)
    const binary = await installing
    log.line(`sops ${binary.version} (${binary.from}: ${binary.path})`)
    run.sops = { version: binary.version, sha256: binary.sha256 }

    await using staging = Staging.create(temporary)
    const sops = new Sops({
      program: binary.path, root: staging.root, workspace: git.root, environment,
      path: programFolder(staging.beside('programs'), environment, git.root, inputs.agePlugins), onCall: () => (run.sopsCalls += 1),
    })
    const runner = runnerOf(environment, inputs.agePlugins)
    const { survey, plan: whole } = await planStaged(sops, staging, git.root, asked, runner)
    const plan = job.kind === 'rotate' ? partOf(whole, job.shard) : whole
    ;[run.survey, run.plan] = [survey, plan]
    const atOnce = inputs.concurrency ?? defaultConcurrency(plan)
    const decryption = inputs.dryRun || job.kind === 'plan' || plan.refusals.length > 0 ? null : { sops, staging, runner, atOnce }
    const lost = job.kind === 'rotate' ? [] : whoLoses(plan, [...request.removed, ...before])
    if (lost.length > 0) {
      const open = await history.open()
      if (!asked.lookedBack) run.keySince = findDueRotations(open.history, survey, [], null, run.startedAt).keySince
      run.exposure = await exposureOf(open, survey.owners, lost, decryption)
      log.line(exposureLine(run.exposure))
    }
    const track = async (keys: readonly Recipient[], by: Plan | null, pullRequestUrl: string | null): Promise<Tracked | null> => {
      if (tracker === null) return null
      const earlier = keys.length === 0 ? [] : before
      const exposures = await exposuresOf({ survey, named: [...keys, ...earlier], known: run.exposure, plan: by, history, past, decryption })
      return await tracker({ commit: survey.base, removed: keys, earlier, pullRequestUrl, ...exposures })
    }
    const complete = async (done: Published | null): Promise<Result> => finish(done, await track(request.removed, whole, done?.url ?? null))
    if (plan.record !== null) staging.write(plan.record.path, { bytes: Buffer.from(plan.record.after), executable: false })
    log.line(planLine(plan))
    if (plan.refusals.length > 0) {
      ;[run.failure, run.outcome] = [refusalOf(plan), 'refused']
      // Nothing was taken from anybody; what became of the secrets of those who left before is told all the same.
      return finish(null, await track([], null, null))
    }
    if (inputs.dryRun || (whole.changes.length === 0 && whole.configs.length === 0)) {
      run.outcome = inputs.dryRun ? 'planned' : 'unchanged'
      return inputs.dryRun ? finish(null) : await complete(await tools.publisher.settle(survey.base))
    }
    const planned = {
      plan, base: survey.base, identity: planIdentity(whole, request),
      recordOf: (date: string, by: string | null) => recordOf(survey, { ...request, date, by }, whole.changes, whole.unchanged.map(({ file }) => file))?.after ?? null,
    }
    const earlier = await tools.publisher.find(planned, staging)
    if (earlier !== null) {
      run.outcome = 'unchanged'
      return await complete(earlier)
    }
    if (job.kind === 'plan') {
      run.outcome = 'planned'
      return finish(null)
    }
    const kept = await tools.publisher.earlier(planned, staging)
    const rekeyed = job.kind === 'publish'
      ? await takeRotated(sops, staging, plan, planned.identity, survey.base, job.folder, kept, atOnce, log)
      : await rekeyStaged(sops, staging, plan, kept, atOnce, log)
    run.verified = await verifyStaged(sops, staging, git.root, rekeyed, atOnce, log)
    run.outcome = inputs.pullRequest === null ? 'changed' : 'published'
    run.finishedAt = new Date()
    published = await tools.publisher.publish(run.verified, staging, reportOf(run))
    run.published = published.operation !== 'skipped-closed'
    if (!run.published) [run.outcome, run.verified] = ['unchanged', null]
    run.failure = published.failure
    if (published.failure !== null) run.outcome = 'failed'
    return await complete(published)
  } catch (error) {
    // What is published stays so, whatever the clearing up came to.
    if (published !== null) return finish({ ...published, warnings: [...published.warnings, leftOver(error)] })
    run.failure = error instanceof Failure ? withWhatStands(error) : unexpected(error)
    run.outcome = run.failure.code === 'refused' ? 'refused' : 'failed'
    return finish(null)
  }
}

type Run = { -readonly [K in keyof RunProgress]: RunProgress[K] }

function newRun(inputs: Inputs, { runId }: Tools): Run {
  return {
    outcome: 'failed', survey: null, request: null, plan: null, verified: null, exposure: [], keySince: new Map(), published: false,
    failure: null, rotateAll: inputs.rotateAll, maxKeyAge: inputs.maxKeyAge?.text ?? null,
    startedAt: new Date(), finishedAt: new Date(), runId, sops: null, sopsCalls: 0,
  }
}

function resultOf(run: Run, { job }: Inputs, published: Published | null, issue: Tracked | null): Result {
  run.finishedAt = new Date()
  const planned = run.outcome === 'planned' ? run.plan : null
  const shards = job.kind !== 'plan' ? null : planned === null ? [] : shardsFor(planned, job.shards)
  return { report: reportOf(run), published, issue, shards, access: run.survey === null ? null : accessMap(run.survey), failure: run.failure }
}

/** One process keeps a core busy; one that waits for a key service does not. */
function defaultConcurrency({ changes }: Plan): number {
  const local = new Set(['age', 'age-ssh', 'age-plugin', 'pgp'])
  const remote = changes.some(({ file }) => file.metadata.groups.flat().some(({ kind }) => !local.has(kind)))
  return remote ? Math.min(48, 12 * availableParallelism()) : availableParallelism() + 1
}

function leftOver(error: unknown): string {
  return `The temporary folder, which holds ciphertext only, could not be taken away: ${visible(String(error), 300)}`
}

/** Whoever was stopped did not know what the rest of the run had done. */
function withWhatStands(failure: Failure): Failure {
  return failure.code === 'interrupted' ? new Failure(failure.code, failure.message, { advice: 'Nothing was changed.', cause: failure }) : failure
}
