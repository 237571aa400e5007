// The story of a check: inputs → survey → history → what sops says without a key → merges → findings.
// Must never be given, look for or pass on a key, a credential or a token, nor change the checkout.
import { availableParallelism } from 'node:os'
import { mkdirSync } from 'node:fs'
import { accessMap } from './model/access/access-map.ts'
import type { AccessMap } from './model/access/access-map.ts'
import type { CheckFinding, CheckReport } from './model/check/check.ts'
import { countOf, inOrder } from './model/check/check.ts'
import { cameBack, damagedFiles, finding, heldKeys, oldDataKeys, policyOfFiles, standings, surveyed, unownedKeys } from './model/check/check-findings.ts'
import type { Standing } from './model/check/check-findings.ts'
import { Failure } from './model/failure.ts'
import type { Inputs, Job } from './model/inputs.ts'
import { resolveRequired } from './model/owners/owners.ts'
import type { OwnedRecipient, Resolution } from './model/owners/owners.ts'
import type { Recipient } from './model/recipient.ts'
import { Renames } from './model/check/renamed-plaintext.ts'
import { returnedKeys } from './model/check/returned-keys.ts'
import { surveyLine } from './model/run-words.ts'
import { visible } from './model/safe-text.ts'
import { knownRecipients } from './model/survey.ts'
import type { Survey } from './model/survey.ts'
import { askKeyless } from './stages/check-drift.ts'
import { findMergeDrops } from './stages/check-merges.ts'
import { filesWithKey, findPlaintext, onceEncrypted, unencryptedFiles } from './stages/check-plaintext.ts'
import { findDueRotations } from './stages/due-rotations.ts'
import { exposureOf } from './stages/expose.ts'
import { openHistory } from './stages/history.ts'
import { pathsOfOwners, readPast } from './stages/past-owners.ts'
import { resolveWithPast } from './stages/request.ts'
import type { Past } from './stages/request.ts'
import { findHidden, stageCopies } from './stages/stage.ts'
import { surveyRepository } from './stages/survey.ts'
import type { Git } from './tools/git.ts'
import type { GitMerges } from './tools/git-merges.ts'
import { keylessEnvironment } from './tools/keyless-environment.ts'
import type { Log } from './tools/log.ts'
import { spareMemory } from './tools/memory.ts'
import type { SopsBinary } from './tools/sops-installer.ts'
import { Sops } from './tools/sops.ts'
import { Staging } from './tools/staging.ts'

export interface CheckTools {
  readonly git: Git
  readonly merges: GitMerges
  readonly log: Log
  readonly installSops: () => Promise<SopsBinary>
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where temporary folders are made. */
  readonly temporary: string
  readonly runId: string | null
}

export interface CheckResult {
  readonly report: CheckReport
  /** Who can read what; null where the check ended before it was known. */
  readonly access: AccessMap | null
  /** What stopped the check; the report says it too. */
  readonly failure: Failure | null
}

/** Runs the check. Never throws: what goes wrong is in the result, with what had been found until then. */
export async function check(inputs: Inputs, job: Extract<Job, { kind: 'check' }>, tools: CheckTools): Promise<CheckResult> {
  const { git, merges, log } = tools
  const startedAt = new Date()
  const findings: CheckFinding[] = []
  const run: Progress = { survey: null, standings: new Map(), exposure: [], keySince: new Map(), sops: null, sopsCalls: 0 }
  const finish = (failure: Failure | null): CheckResult =>
    ({ access: run.survey === null ? null : accessMap(run.survey), report: reportOf(run, inOrder(findings), startedAt, tools.runId), failure })
  try {
    const installing = tools.installSops()
    installing.catch(() => undefined)
    const survey = run.survey = await surveyRepository(git, inputs.files, inputs.ownersFile)
    spareMemory(survey.files.length)
    log.line(surveyLine(survey))
    const known = knownRecipients(survey)
    const required = meant(resolveRequired(inputs.requiredRecipients, survey.owners, known))
    findings.push(...surveyed(survey), ...policyOfFiles(survey, inputs.policy, required), ...unownedKeys(survey))
    const unencrypted = await unencryptedFiles(git, survey, inputs.files)
    const renames = new Renames(onceEncrypted(unencrypted))
    await using open = await openHistory(git, survey, {
      everything: job.exposedTo.length > 0, also: onceEncrypted(unencrypted), texts: pathsOfOwners(survey, inputs.ownersFile),
      onChange: (...change) => renames.visit(...change), remote: null, temporary: tools.temporary,
    })
    findings.push(...findPlaintext(git, survey, unencrypted, {
      history: open.history, encryptedAs: renames.encryptedAs(open.history), withKey: await filesWithKey(git),
    }))
    const { readers, owners } = await exposedTo(job.exposedTo, survey, async (everywhere) =>
      await readPast(open, survey, inputs.ownersFile, everywhere))
    const { reach } = open.history
    if (reach.kind === 'partial') findings.push(unseen(reach.why, inputs, readers))
    const { keySince, sureSince, stillHeld } = findDueRotations(open.history, survey, [], null, startedAt)
    if (inputs.maxKeyAge !== null) run.keySince = keySince
    findings.push(...cameBack(survey, returnedKeys(open.history)), ...oldDataKeys(keySince, sureSince, inputs.maxKeyAge, startedAt))
    findings.push(...heldKeys(survey, stillHeld))
    run.exposure = await exposureOf(open, [...survey.owners, ...owners], [{ people: readers, only: null }], null)
    const binary = await installing
    log.line(`sops ${binary.version} (${binary.from}: ${binary.path})`)
    run.sops = { version: binary.version, sha256: binary.sha256 }

    await using staging = Staging.create(tools.temporary)
    // Nothing in it: no key to be found, and no program that a recipient could name.
    const empty = staging.beside('home')
    mkdirSync(empty, { mode: 0o700 })
    const sops = new Sops({
      program: binary.path, root: staging.root, workspace: git.root, environment: keylessEnvironment(tools.environment, empty),
      path: empty, onCall: () => (run.sopsCalls += 1),
    })
    const hidden = await findHidden(sops, git.root, survey, staging, availableParallelism())
    run.survey = { ...survey, damaged: [...survey.damaged, ...hidden] }
    findings.push(...damagedFiles(hidden))
    stageCopies(git.root, survey, [], staging)
    const answered = await askKeyless(sops, survey, staging, availableParallelism())
    const told = standings(survey, answered.answers, answered.untold)
    run.standings = told.byPath
    findings.push(...told.findings, ...await findMergeDrops(git, merges, survey, answered))
    return finish(null)
  } catch (error) {
    const what = `Something went wrong that should not: ${visible(String(error), 600)}.`
    const failure = error instanceof Failure ? error
      : new Failure('unexpected', what, { advice: 'Please report this.', cause: error })
    findings.push(finding(failure.code, 'error', failure.path, failure.message))
    return finish(failure)
  }
}

/** Those whose secrets are to be listed, also where they stand in no file and no config any more. */
async function exposedTo(
  names: readonly string[], survey: Survey, past: (everywhere: boolean) => Promise<Past>,
): Promise<{ readonly readers: readonly Recipient[]; readonly owners: readonly OwnedRecipient[] }> {
  if (names.length === 0) return { readers: [], owners: [] }
  const wanted = { removedRecipients: names, addedRecipients: [], sameAccessAs: null, requiredRecipients: [] }
  const { asked, earlier, owners } = await resolveWithPast(wanted, survey, past)
  return { readers: [...asked.removed, ...earlier.map(({ recipient }) => recipient)], owners }
}

/** What only history knows, where not all of it could be seen; a warning where it was asked for. */
function unseen(why: string, { maxKeyAge }: Inputs, readers: readonly Recipient[]): CheckFinding {
  const asked = [
    ...(maxKeyAge === null ? [] : ['how old the data keys are']),
    ...(readers.length === 0 ? [] : ['what those in `exposed-to` could read at earlier commits']),
  ]
  const what = ['whether keys came back that had been removed', ...asked].join(', and ')
  return finding('history-shallow', asked.length === 0 ? 'notice' : 'warning', null, `${why}: ${what}, cannot be told`)
}

function meant(resolution: Resolution): readonly Recipient[] {
  if (resolution.kind === 'resolved') return resolution.recipients
  throw new Failure(resolution.kind === 'ambiguous' ? 'recipient-ambiguous' : 'recipient-unknown', resolution.message)
}

interface Progress {
  survey: Survey | null
  standings: ReadonlyMap<string, Standing>
  exposure: CheckReport['exposure']
  keySince: ReadonlyMap<string, string>
  sops: CheckReport['sops']
  sopsCalls: number
}

function reportOf(run: Progress, findings: readonly CheckFinding[], started: Date, runId: string | null): CheckReport {
  const { survey, exposure, keySince, sops, sopsCalls } = run
  const stand = (standing: Standing): number => [...run.standings.values()].filter((one) => one === standing).length
  const files = survey?.files.length ?? 0
  const [inLine, drifted, withoutRule] = [stand('inLine'), stand('drifted'), stand('withoutRule')]
  return {
    schema: 1, kind: 'check', base: survey?.base ?? '',
    startedAt: started.toISOString(), finishedAt: new Date().toISOString(), runId, sops,
    counts: {
      inLine, drifted, withoutRule, notTold: files - inLine - drifted - withoutRule,
      damaged: survey?.damaged.length ?? 0, skipped: survey?.skipped.length ?? 0,
      plaintext: findings.filter(({ code }) => code === 'plaintext').length,
      errors: countOf(findings, 'error'), warnings: countOf(findings, 'warning'), notices: countOf(findings, 'notice'),
    },
    findings, exposure, dataKeys: [...keySince].map(([path, since]) => ({ path, keySince: since })), sopsCalls,
  }
}
