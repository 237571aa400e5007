// What a run came to, stage by stage → the report. Every matched file is accounted for, whatever stopped the run.
import type { DamagedFile } from './sops-file/encrypted-file.ts'
import type { Failure } from './failure.ts'
import { ownerOf } from './owners/owners.ts'
import { textsOf } from './plan/plan.ts'
import type { Plan, PlannedFile, RekeyRequest } from './plan/plan.ts'
import { canonicalId } from './recipient.ts'
import type { Recipient } from './recipient.ts'
import type { ExposedSecret, FileAction, Outcome, Report, ReportedFile, ReportedRecipient } from './report.ts'
import { privateKeys } from './safe-text.ts'
import { lineDiff } from './sops-config/diff.ts'
import type { Survey, SurveyedFile } from './survey.ts'
import { readersOf, unique } from './survey.ts'
import type { Verified } from './plan/verification.ts'

/** How far a run came; what it did not reach is null. */
export interface RunProgress {
  readonly outcome: Outcome
  readonly survey: Survey | null
  readonly request: RekeyRequest | null
  readonly plan: Plan | null
  readonly verified: Verified | null
  readonly exposure: readonly ExposedSecret[]
  /** Path → since when the file has its data key, where the history was asked. */
  readonly keySince: ReadonlyMap<string, string>
  /** What was verified stands where people see it, or may; a failure after that takes nothing back. */
  readonly published: boolean
  readonly failure: Failure | null
  readonly rotateAll: boolean
  readonly maxKeyAge: string | null
  readonly startedAt: Date
  readonly finishedAt: Date
  readonly runId: string | null
  readonly sops: Report['sops']
  readonly sopsCalls: number
}

export function reportOf(run: RunProgress): Report {
  const { survey, plan, failure } = run
  const stopped = failure !== null && !run.published
  const known = new Map<string, ReportedRecipient>()
  // Who comes may have a name only in the request.
  const fresh = new Map((run.request?.added ?? []).map(({ recipient, name }) => [canonicalId(recipient), name]))
  const named = (recipients: readonly Recipient[]): ReportedRecipient[] => recipients.map(({ kind, id }) => {
    const key = `${kind} ${id}`
    const one = known.get(key) ?? { kind, id, owner: (ownerOf(survey?.owners ?? [], { kind, id }) ?? fresh.get(canonicalId({ kind, id })))?.replace(privateKeys, '(a private key)') ?? null }
    known.set(key, one)
    return one
  })
  return {
    schema: 1,
    outcome: run.outcome,
    request: { removed: named(run.request?.removed ?? []), added: named((run.request?.added ?? []).map(({ recipient }) => recipient)), rotateAll: run.rotateAll, maxKeyAge: run.maxKeyAge },
    base: survey?.base ?? '',
    startedAt: run.startedAt.toISOString(),
    finishedAt: run.finishedAt.toISOString(),
    runId: run.runId,
    sops: run.sops,
    configs: plan === null || stopped ? [] : textsOf(plan).map(({ path, before, after }) => ({ path, diff: lineDiff(before, after).replace(privateKeys, '(a private key)') })),
    files: survey === null ? [] : reportFiles(run, survey, named),
    exposure: stopped ? [] : run.exposure,
    findings: [
      ...(failure === null ? [] : [{ code: failure.code, level: 'error' as const, message: failure.message, path: failure.path }]),
      ...(plan?.findings ?? []),
    ],
    sopsCalls: run.sopsCalls,
  }
}

type Naming = (recipients: readonly Recipient[]) => ReportedRecipient[]

function reportFiles(run: RunProgress, survey: Survey, named: Naming): readonly ReportedFile[] {
  const { plan, failure } = run
  const verified = new Map(run.verified?.files.map((one) => [one.planned.file.path, one]))
  const changes = new Map(plan?.changes.map((change) => [change.file.path, change]))
  const unchanged = new Map(plan?.unchanged.map(({ file, reason }) => [file.path, reason]))
  const refused = new Map(plan?.refusals.map(({ path, reason }) => [path, reason]))
  const files = survey.files.map((file): ReportedFile => {
    const change = changes.get(file.path)
    const before = named(readersOf(file))
    const kept = { recipients: { before, after: before }, dataKey: 'same' as const, keySince: run.keySince.get(file.path) ?? null, verified: false }
    const refusal = refused.get(file.path)
    // The sentence that ends the run names all that was refused, with the first as its place.
    if (refusal !== undefined) return entry(file, 'failed', refusal, kept)
    if (failure?.path === file.path) return entry(file, 'failed', failure.message, kept)
    if (failure !== null && !run.published) return entry(file, 'unchanged', 'the run stopped before anything was changed', kept)
    if (change === undefined) return entry(file, 'unchanged', unchanged.get(file.path) ?? '', kept)
    return entry(file, actionOf(change), change.reason, {
      recipients: { before, after: named(unique(change.after.flat())) },
      dataKey: verified.get(file.path)?.dataKey ?? (change.rotate ? 'new' : 'same'),
      keySince: run.keySince.get(file.path) ?? null,
      verified: verified.has(file.path),
    })
  })
  const nobody = { format: null, config: null, recipients: { before: [], after: [] }, dataKey: 'same', keySince: null, verified: false, values: 0 } as const
  return [
    ...files,
    ...survey.damaged.map(({ path, damage }: DamagedFile): ReportedFile => ({ path, action: 'failed', reason: damage, ...nobody })),
    ...survey.skipped.map(({ path, reason, file }): ReportedFile => {
      const readers = file === null ? [] : named(readersOf(file))
      return { path, action: 'skipped', reason, ...nobody, recipients: { before: readers, after: readers } }
    }),
  ].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function actionOf({ updatekeys, rotate }: PlannedFile): FileAction {
  return updatekeys ? (rotate ? 'updated+rotated' : 'updated') : 'rotated'
}

function entry(
  file: SurveyedFile, action: FileAction, reason: string, rest: Pick<ReportedFile, 'recipients' | 'dataKey' | 'keySince' | 'verified'>,
): ReportedFile {
  const { path, format, config, valueCount } = file
  return { path, format, config, action, reason, ...rest, values: valueCount }
}
