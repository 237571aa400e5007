// Inputs → rekey → outputs. The only place that ends the run, and the only setFailed.
import { readFileSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { exit } from 'node:process'
import { info, setFailed, setSecret } from '@actions/core'
import { check } from './check.ts'
import { writeCheck } from './check-outputs.ts'
import { readInputs } from './inputs.ts'
import { failsOn } from './model/check/check.ts'
import { eventRefusal } from './model/publishing/event.ts'
import { Failure } from './model/failure.ts'
import type { Inputs, Job } from './model/inputs.ts'
import { count } from './model/markdown/markdown-paths.ts'
import { endingLine } from './model/run-words.ts'
import { visible } from './model/safe-text.ts'
import { assertWritable, writeOutputs } from './outputs.ts'
import { rekey } from './rekey.ts'
import type { Tools } from './rekey.ts'
import { issueTracker } from './stages/track.ts'
import { pullRequestPublisher } from './stages/publishing/publish-pull-request.ts'
import { workingTreePublisher } from './stages/publishing/publish.ts'
import { folderPublisher } from './stages/rotated.ts'
import { findProgram, ignoredVariables, trustedPath } from './tools/environment.ts'
import { Git } from './tools/git.ts'
import type { GitOptions } from './tools/git.ts'
import { GitMerges } from './tools/git-merges.ts'
import { GitHub } from './tools/github.ts'
import { Log } from './tools/log.ts'
import { installSops } from './tools/sops-installer.ts'
import type { SopsBinary } from './tools/sops-installer.ts'
import { stopRun } from './tools/stop.ts'
import { carryOut, swapArgument } from './tools/swap.ts'

type Environment = Readonly<Record<string, string | undefined>>

async function main(program: string, environment: Environment): Promise<void> {
  maskKeys(environment)
  const inputs = readInputs()
  if (inputs.job.kind === 'check') {
    await runCheck(inputs, inputs.job, environment)
    return
  }
  const base = inputs.job.kind === 'rotate' ? inputs.job.base : inputs.pullRequest?.base ?? null
  if (!inputs.dryRun) refuseEvent(environment, base)
  for (const name of ignoredVariables(environment)) info(`${name} is set, but not passed on to sops.`)
  const temporary = temporaryFolder(environment)
  const runUrl = runAddress(environment)
  const place = { temporary, runUrl, repository: repositoryName(environment) }
  assertWritable(place, environment['GITHUB_OUTPUT'])
  const result = await rekey(inputs, toolsFor(inputs, program, environment, temporary, runUrl))
  await writeOutputs(result, inputs, place)
  if (result.failure !== null) throw result.failure
  info(endingLine(result.report, result.published?.url ?? null))
}

function temporaryFolder({ RUNNER_TEMP: given }: Environment): string {
  const asked = given === undefined || given === '' ? tmpdir() : given
  try {
    return realpathSync(asked)
  } catch (cause) {
    throw new Failure('input', `RUNNER_TEMP names ${visible(asked)}, which is not there.`, { advice: 'The runner sets it; leave it as it is.', cause })
  }
}

/** On any event: it has no key to give away, and runs nothing of what is checked out. */
async function runCheck(inputs: Inputs, job: Extract<Job, { kind: 'check' }>, environment: Environment): Promise<void> {
  const temporary = temporaryFolder(environment)
  const { git: options, installSops: install } = checkoutFor(inputs, environment)
  const result = await check(inputs, job, {
    git: new Git(options), merges: new GitMerges(options), log: new Log(), installSops: install, environment, temporary,
    runId: environment['GITHUB_RUN_ID'] ?? null,
  })
  await writeCheck(result, { temporary, repository: repositoryName(environment), documentation: documentationOf(environment), version: environment['GITHUB_ACTION_REF'] ?? '' })
  if (result.failure !== null) throw result.failure
  const { findings, counts: { errors, warnings } } = result.report
  const failing = findings.filter(({ level }) => failsOn(job.failOn, level)).length
  const notices = findings.length - errors - warnings
  const said = `The check found ${count(errors, 'error')}, ${count(warnings, 'warning')} and ${count(notices, 'notice')}.`
  if (failing > 0) throw new Failure('refused', said, { advice: 'The summary names each, and what to do about it.' })
  info(said)
}

/** Where this version of the action keeps docs/check.md, as the runner names it. */
function documentationOf(environment: Environment): string | null {
  const { GITHUB_SERVER_URL: server = '', GITHUB_ACTION_REPOSITORY: name = '', GITHUB_ACTION_REF: ref = '' } = environment
  const [, repository] = /^([\w.-]+\/[\w.-]+)(?:\/|$)/.exec(name) ?? []
  const plain = /^https?:\/\/[\w.:-]+$/.test(server) && /^[\w./-]+$/.test(ref)
  return repository === undefined || !plain ? null : `${server}/${repository}/blob/${ref}/docs/check.md`
}

interface Checkout {
  readonly git: GitOptions
  readonly installSops: () => Promise<SopsBinary>
}

/** The git and the sops for the checkout that the inputs name. */
function checkoutFor(inputs: Inputs, environment: Environment): Checkout {
  const workspace = environment['GITHUB_WORKSPACE'] ?? process.cwd()
  const asked = resolve(workspace, inputs.workingDirectory)
  let root: string
  try {
    root = realpathSync(asked)
  } catch (cause) {
    throw new Failure('input', `The input \`working-directory\` names ${visible(asked)}, which is not there.`, { advice: 'Name the root of a checkout.', cause })
  }
  const path = trustedPath(environment, root)
  const git = findProgram('git', path)
  if (git === null) throw new Failure('git-failed', 'There is no git on PATH.', { advice: 'Install git on the runner.' })
  return {
    git: { program: git, root, environment, onWait },
    installSops: async () => await installSops({
      workspace: root, pathVariable: path, sopsPath: inputs.sopsPath, ...(inputs.sopsVersion === null ? {} : { version: inputs.sopsVersion }),
    }),
  }
}

function toolsFor(inputs: Inputs, program: string, environment: Environment, temporary: string, runUrl: string | null): Tools {
  const { git, installSops: install } = checkoutFor(inputs, environment)
  const checkout = new Git(git)
  const serverUrl = environment['GITHUB_SERVER_URL'] ?? 'https://github.com'
  const repository = repositoryName(environment)
  const startedFor = environment['GITHUB_SHA'] || null
  const place = { git: checkout, eventBranch: eventBranch(environment), runUrl }
  const log = new Log()
  return {
    git: checkout,
    log,
    installSops: install,
    publisher: inputs.job.kind === 'rotate' ? folderPublisher(checkout, inputs.job.folder, inputs.job.shard, startedFor)
      : inputs.pullRequest === null || inputs.dryRun ? workingTreePublisher(checkout, program, startedFor)
      : pullRequestPublisher({ ...place, github: gitHub(environment, inputs.token), log, temporary, serverUrl }, inputs, inputs.pullRequest),
    tracker: !inputs.trackingIssue || inputs.dryRun || (inputs.job.kind !== 'all' && inputs.job.kind !== 'publish') ? null
      : issueTracker({ ...place, github: gitHub(environment, inputs.token) }, inputs),
    remote: repository === null || inputs.token === '' ? null : { url: `${serverUrl}/${repository}`, token: inputs.token },
    environment,
    temporary,
    runId: environment['GITHUB_RUN_ID'] ?? null,
    actor: environment['GITHUB_ACTOR'] ?? null,
  }
}

/** Like `acme/infra`; null where the environment names none. */
function repositoryName({ GITHUB_REPOSITORY: name = '' }: Environment): string | null {
  return /^[^/]+\/[^/]+$/.test(name) ? name : null
}

function onWait(seconds: number): void {
  info(`GitHub limits how much may be asked of it: waiting ${seconds} s.`)
}

function gitHub(environment: Environment, token: string): GitHub {
  const [owner = '', repo = ''] = repositoryName(environment)?.split('/') ?? []
  if (owner === '' || repo === '') {
    throw new Failure('event', 'GITHUB_REPOSITORY does not name a repository, so there is nowhere to open a pull request.', {
      advice: 'Run in GitHub Actions, or write `pull-request: false`.',
    })
  }
  setSecret(token)
  const { GITHUB_API_URL: apiUrl, GITHUB_GRAPHQL_URL: graphqlUrl } = environment
  return new GitHub({ token, owner, repo, onWait, ...(apiUrl === undefined ? {} : { apiUrl }), ...(graphqlUrl === undefined ? {} : { graphqlUrl }) })
}

function eventBranch(environment: Environment): string | null {
  const ref = environment['GITHUB_REF'] ?? ''
  return ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null
}

function runAddress(environment: Environment): string | null {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = environment
  return server === undefined || repository === undefined || run === undefined ? null : `${server}/${repository}/actions/runs/${run}`
}

/** What the event holds, by the file the runner wrote; null where that can't be read, which the model takes for a no. */
function eventPayload(environment: Environment): unknown {
  try {
    return JSON.parse(readFileSync(environment['GITHUB_EVENT_PATH'] ?? '', 'utf8')) as unknown
  } catch {
    return null
  }
}

function refuseEvent(environment: Environment, base: string | null): void {
  const { GITHUB_EVENT_NAME: event = '', GITHUB_REF: ref = '' } = environment
  const refusal = eventRefusal({ event, ref, payload: eventPayload(environment) }, base)
  if (refusal !== null) throw refusal
}

/** The runner hides a secret of several lines line by line only. */
function maskKeys(environment: Environment): void {
  for (const line of (environment['SOPS_AGE_KEY'] ?? '').split('\n')) if (line.trim().startsWith('AGE-')) setSecret(line.trim())
}

const [, program = '', argument] = process.argv
if (argument === swapArgument) {
  // Whoever stops the run may signal this process too, which must not end halfway.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const problem = carryOut(readFileSync(0, 'utf8'))
  if (problem !== null) process.stderr.write(problem)
  process.exitCode = problem === null ? 0 : 1
} else {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopRun(signal))
  const fail = (error: unknown): never => {
    setFailed(error instanceof Failure ? error.message : `Something went wrong that should not: ${visible(String(error), 600)}. Please report it.`)
    return exit(1)
  }
  // Else Node would print it, with whatever text of the repository stands in it.
  process.on('uncaughtException', fail)
  main(program, process.env).then(() => exit(0), fail)
}
