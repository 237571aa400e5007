// The story: inputs → survey → plan → staged copy → sops → verify → publish → result.
// Must never publish what was not verified, nor end without accounting for every matched file.
import { availableParallelism } from 'node:os'
import { accessMap } from './model/access/access-map.ts'
import type { AccessMap } from './model/access/access-map.ts'
import { Failure } from './model/failure.ts'
import type { Inputs } from './model/inputs.ts'
import { whoLoses } from './model/exposure/losing.ts'
import type { Plan } from './model/plan/plan.ts'
import { planIdentity, planRekey } from './model/plan/plan.ts'
import { removedForGood } from './model/plan/plan-findings.ts'
import type { Recipient } from './model/recipient.ts'
import { recordOf } from './model/owners/removal-record.ts'
import type { Report } from './model/report.ts'
import type { RunProgress } from './model/run-report.ts'
import { reportOf } from './model/run-report.ts'
import { exposureLine, planLine, refusalOf, surveyLine, unexpected } from './model/run-words.ts'
import { visible } from './model/safe-text.ts'
import { partOf, shardsFor } from './model/plan/shard.ts'
import type { Survey } from './model/survey.ts'
import { editConfig } from './model/sops-config/edit.ts'
import type { Publisher, Published } from './stages/publishing/publish.ts'
import { exposureOf, partialExposure } from './stages/expose.ts'
import { findDueRotations, nothingDue } from './stages/due-rotations.ts'
import { HistoryOnDemand, openHistory } from './stages/history.ts'
import { pathsOfOwners, readPast } from './stages/past-owners.ts'
import { resolveWithPast, whoIsMeant } from './stages/request.ts'
import type { Past } from './stages/request.ts'
import { takeRotated } from './stages/rotated.ts'
import { rekeyStaged } from './stages/rotate.ts'
import { askSops, findHidden, stageCopies } from './stages/stage.ts'
import { surveyRepository } from './stages/survey.ts'
import { exposuresOf } from './stages/track.ts'
import type { Tracked, Tracker } from './stages/track.ts'
import { verifyStaged } from './stages/verify.ts'
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
import { isHalfway, putBack, swapNote } from './tools/swap.ts'

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
  const run: { -readonly [K in keyof RunProgress]: RunProgress[K] } = {
    outcome: 'failed', survey: null, request: null, plan: null, verified: null, exposure: [], keySince: new Map(), published: false, failure: null,
    rotateAll: inputs.rotateAll, maxKeyAge: inputs.maxKeyAge?.text ?? null,
    startedAt: new Date(), finishedAt: new Date(), runId: tools.runId, sops: null, sopsCalls: 0,
  }
  const finish = (published: Published | null, issue: Tracked | null = null): Result => {
    run.finishedAt = new Date()
    const planned = run.outcome === 'planned' ? run.plan : null
    const shards = inputs.job.kind !== 'plan' ? null : planned === null ? [] : shardsFor(planned, inputs.job.shards)
    return { report: reportOf(run), published, issue, shards, access: run.survey === null ? null : accessMap(run.survey), failure: run.failure }
  }
  let published: Published | null = null
  try {
    const { git, log, environment, temporary, remote, tracker } = tools
    const { job } = inputs
    await mendWorkingTree(git, log, inputs)
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
    if (nothingToDo(surveyed, inputs) && !await hadSecrets(surveyed, inputs, history)) {
      run.outcome = 'unchanged'
      return finish(inputs.dryRun ? null : await tools.publisher.settle(surveyed.base))
    }
    const past = async (everywhere: boolean): Promise<Past> => await readPast(await history.open(), surveyed, inputs.ownersFile, everywhere)
    const resolved = await resolveWithPast(inputs, surveyed, past)
    const [asked, before] = [resolved.asked, resolved.earlier.map(({ recipient }) => recipient)]
    const known = run.survey = { ...surveyed, owners: [...surveyed.owners, ...resolved.owners] }
    for (const line of whoIsMeant(resolved, known)) log.line(line)
    const looksBack = everything || inputs.maxKeyAge !== null || removedForGood(known).length > 0
    const { due, keySince, findings } = looksBack ? findDueRotations((await history.open()).history, known, asked.removed, inputs.maxKeyAge, run.startedAt) : nothingDue
    run.keySince = keySince
    const request = run.request = {
      ...asked, policy: inputs.policy, rotateAll: inputs.rotateAll, overdue: due,
      date: run.startedAt.toISOString().slice(0, 10), by: tools.actor,
    }
    const edits = known.configs.map((config) => editConfig(config, request, known.owners))
    const binary = await installing
    log.line(`sops ${binary.version} (${binary.from}: ${binary.path})`)
    run.sops = { version: binary.version, sha256: binary.sha256 }

    await using staging = Staging.create(temporary)
    const sops = new Sops({
      program: binary.path, root: staging.root, workspace: git.root, environment,
      path: programFolder(staging.beside('programs'), environment, git.root, inputs.agePlugins), onCall: () => (run.sopsCalls += 1),
    })
    const hidden = await findHidden(sops, git.root, known, staging, availableParallelism())
    const survey = run.survey = { ...known, damaged: [...known.damaged, ...hidden] }
    stageCopies(git.root, survey, edits, staging)
    const answers = await askSops(sops, survey, edits, staging, availableParallelism())
    const runner = runnerOf(environment, inputs.agePlugins)
    const seen = everything && findings.length === 0 ? partialExposure((await history.open()).history) : null
    const whole = planRekey(survey, request, edits, answers, runner, seen === null ? findings : [...findings, seen])
    const plan = run.plan = job.kind === 'rotate' ? partOf(whole, job.shard) : whole
    const atOnce = inputs.concurrency ?? defaultConcurrency(plan)
    const decryption = inputs.dryRun || job.kind === 'plan' || plan.refusals.length > 0 ? null : { sops, staging, runner, atOnce }
    const lost = job.kind === 'rotate' ? [] : whoLoses(plan, [...asked.removed, ...before])
    if (lost.length > 0) {
      const open = await history.open()
      if (!looksBack) run.keySince = findDueRotations(open.history, survey, [], null, run.startedAt).keySince
      run.exposure = await exposureOf(open, survey.owners, lost, decryption)
      log.line(exposureLine(run.exposure))
    }
    const track = async (keys: readonly Recipient[], by: Plan | null, pullRequestUrl: string | null): Promise<Tracked | null> => {
      if (tracker === null) return null
      const earlier = keys.length === 0 ? [] : before
      const exposures = await exposuresOf({ survey, named: [...keys, ...earlier], known: run.exposure, plan: by, history, past, decryption })
      return await tracker({ commit: survey.base, removed: keys, earlier, pullRequestUrl, ...exposures })
    }
    const complete = async (done: Published | null): Promise<Result> => finish(done, await track(asked.removed, whole, done?.url ?? null))
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

/** An earlier run may have been killed, with all of its processes, while it replaced files. */
async function mendWorkingTree(git: Git, log: Log, { dryRun }: Inputs): Promise<void> {
  // What is no checkout is said by the survey.
  const note = await git.ownPath(swapNote).catch(() => null)
  if (note === null || !isHalfway(note)) return
  if (dryRun) {
    throw new Failure('changed-underneath', 'An earlier run was killed while it replaced files, and left some of them new.', {
      advice: 'Run once without `dry-run`: that puts them back first.',
    })
  }
  putBack(git.root, note)
  log.line('An earlier run was killed while it replaced files: they are as they were before it.')
}

/** Without a file in question only a request that names someone has something to do, in the configs, or an issue about what is gone. */
function nothingToDo({ files, damaged, unsure, others, configs }: Survey, { removedRecipients, addedRecipients, trackingIssue }: Inputs): boolean {
  return files.length + damaged.length + unsure.length === 0 && !trackingIssue
    && (removedRecipients.length + addedRecipients.length === 0 || others.length > 0 || configs.length === 0)
}

/** Whether there was once something for those to read who are removed, where nothing is encrypted and no config stands any more. */
async function hadSecrets({ others, configs }: Survey, { removedRecipients }: Inputs, history: HistoryOnDemand): Promise<boolean> {
  if (removedRecipients.length === 0 || others.length + configs.length > 0) return false
  return (await history.open()).history.versions.length > 0
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
