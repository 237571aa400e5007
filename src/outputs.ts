// Result → outputs, report file, job summary, annotations. The one place that writes them.
// Must never write text from outside that was not made harmless first.
import { closeSync, constants, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { info, notice, setOutput, summary, warning } from '@actions/core'
import type { AccessMap } from './model/access/access-map.ts'
import { accessMapPage } from './model/access/access-map-page.ts'
import { Failure } from './model/failure.ts'
import type { Inputs } from './model/inputs.ts'
import { renderSummary } from './model/markdown/markdown.ts'
import { isDone } from './model/report.ts'
import type { Report } from './model/report.ts'
import { code, plain, visible } from './model/safe-text.ts'
import type { Result } from './rekey.ts'

/** Where what is written goes, besides what @actions/core knows. */
export interface OutputPlace {
  readonly temporary: string
  readonly runUrl: string | null
  /** Like `acme/infra`. */
  readonly repository: string | null
}

function reportIn(place: OutputPlace): string {
  return join(place.temporary, 'sops-rekey-report.json')
}

/** Throws, before anything was published, where the outputs and the report could not be written afterwards. */
export function assertWritable(place: OutputPlace, outputFile: string | undefined): void {
  const append = constants.O_WRONLY | constants.O_APPEND
  // The runner makes the file for the outputs itself.
  if (outputFile !== undefined && outputFile !== '') tryOpen('GITHUB_OUTPUT', outputFile, append)
  tryOpen('RUNNER_TEMP', reportIn(place), append | constants.O_CREAT)
}

function tryOpen(variable: string, path: string, flags: number): void {
  try {
    closeSync(openSync(path, flags, 0o644))
  } catch (cause) {
    throw new Failure('input', `${variable} leads to ${visible(path)}, which cannot be written (${(cause as NodeJS.ErrnoException).code ?? String(cause)}).`, {
      advice: 'The runner sets it; leave it as it is.', cause,
    })
  }
}

export async function writeOutputs(result: Result, inputs: Inputs, place: OutputPlace): Promise<void> {
  const { report, published } = result
  const reportPath = reportIn(place)
  writeReport(reportPath, report)
  const accessMapPath = writeAccessMap(result.access, report.finishedAt, place)
  const done = report.outcome === 'published' || report.outcome === 'changed' || (result.failure !== null && published !== null)
  const acted = done ? report.files : []
  const count = (...actions: string[]): number => acted.filter(({ action }) => actions.includes(action)).length
  const changed = count('updated', 'rotated', 'updated+rotated')
  const outputs: Readonly<Record<string, string | number | boolean | null>> = {
    changed: done,
    shards: result.shards === null ? null : JSON.stringify(result.shards),
    'rotated-path': inputs.job.kind === 'rotate' && result.failure === null ? inputs.job.folder : null,
    'files-matched': report.files.length,
    'files-changed': changed,
    'files-updated': count('updated', 'updated+rotated'),
    'files-rotated': count('rotated', 'updated+rotated'),
    'files-unchanged': report.files.filter(({ action }) => action !== 'skipped' && action !== 'failed').length - changed,
    'files-skipped': report.files.filter(({ action }) => action === 'skipped').length,
    'exposed-secrets': report.exposure.filter((secret) => !isDone(secret)).length,
    'report-path': reportPath,
    'access-map-path': accessMapPath,
    'pull-request-number': published?.number ?? null,
    'pull-request-url': published?.url ?? null,
    'pull-request-operation': published?.operation ?? 'none',
    'pull-request-branch': published?.branch ?? null,
    'pull-request-head-sha': published?.headSha ?? null,
    'pull-request-commits-verified': published?.verified ?? null,
    'tracking-issue-number': result.issue?.numbers.join('\n') ?? null,
    'compare-url': published?.compareUrl ?? null,
  }
  for (const [name, value] of Object.entries(outputs)) setOutput(name, value ?? '')

  annotate(result, inputs)
  // A runner that offers no summary is no reason to fail, nor is one that cannot be written when all else is done.
  try {
    const text = strandedSummary(result, place) ?? renderSummary(report, {
      bodyHeader: null, fingerprint: null, runUrl: place.runUrl, pullRequestUrl: published?.url ?? null, reportPath, access: result.access,
    })
    if ((process.env['GITHUB_STEP_SUMMARY'] ?? '') !== '') await summary.addRaw(text, true).write()
  } catch (error) {
    warning(`The summary could not be written: ${visible(String(error), 300)}`)
  }
}

/** JSON in pieces: as one text, the report on thousands of files is megabytes, and those once more as bytes. */
function* jsonOf(report: Report): Iterable<string> {
  let before = '{'
  for (const [name, value] of Object.entries(report) as [string, unknown][]) {
    yield `${before}${JSON.stringify(name)}:`
    before = ','
    if (Array.isArray(value)) {
      yield '['
      for (const [at, item] of value.entries()) yield `${at === 0 ? '' : ','}${JSON.stringify(item)}`
      yield ']'
    } else yield JSON.stringify(value)
  }
  yield '}\n'
}

/** Characters to a piece that is written. */
const pieceSize = 64 * 1024

function writeReport(path: string, report: Report): void {
  const file = openSync(path, 'w')
  try {
    let piece = ''
    for (const text of jsonOf(report)) {
      piece += text
      if (piece.length < pieceSize) continue
      writeSync(file, piece)
      piece = ''
    }
    writeSync(file, piece)
  } finally {
    closeSync(file)
  }
}

/** The path of the page; null where nothing is known to show, or where it could not be written: the rest counts for more. */
export function writeAccessMap(access: AccessMap | null, madeAt: string, { temporary, repository }: Pick<OutputPlace, 'temporary' | 'repository'>): string | null {
  if (access === null) return null
  const path = join(temporary, 'sops-rekey-access-map.html')
  try {
    writeFileSync(path, accessMapPage(access, { repository, madeAt }))
    return path
  } catch (error) {
    warning(`The access map could not be written: ${visible(String(error), 300)}`)
    return null
  }
}

/** For a branch without its pull request: the text of it, for a person to paste, in a file and here; null for any other run. */
function strandedSummary({ failure, published }: Result, place: OutputPlace): string | null {
  const body = published?.body ?? null
  if (failure === null || body === null) return null
  const path = join(place.temporary, 'sops-rekey-pull-request.md')
  writeFileSync(path, body)
  info(`The text for the pull request: ${path}`)
  return ['## sops-rekey', `**✖ Failed**, with the verified changes on a branch: ${plain(failure.message, 1000)}`,
    `The text for the pull request (${code(path)}):`, body].join('\n\n')
}

/** GitHub shows ten annotations of a level. */
const annotationsShown = 10

/** One warning a code, with how many more there are of it; those of publishing, each its own, come first. */
function warningsOf({ report, published, issue }: Result): readonly string[] {
  const alike = Map.groupBy(report.findings.filter(({ level }) => level === 'warning'), ({ code }) => code)
  const found = [...alike.values()].flatMap(([first, ...more]) => {
    if (first === undefined) return []
    const sentence = `${first.path === null ? '' : `${visible(first.path)}: `}${visible(first.message)}`
    return [more.length === 0 ? sentence : `${sentence} (and ${more.length} more, see the summary)`]
  })
  return [...published?.warnings ?? [], ...issue?.warnings ?? [], ...found].slice(0, annotationsShown)
}

/** Few annotations, because a step shows few. The error is set where the run ends. */
function annotate(result: Result, inputs: Inputs): void {
  const { report } = result
  if (report.files.length === 0 && result.failure === null) {
    notice(inputs.files.length === 0
      ? 'No tracked file carries sops metadata: every file that git tracks was looked at.'
      : `No encrypted file matches \`files\` (${visible(inputs.files.join(', '))}).`)
  }
  for (const sentence of warningsOf(result)) warning(sentence)
  for (const sentence of result.published?.notices ?? []) notice(sentence)
  const skipped = report.files.filter(({ action }) => action === 'skipped')
  if (skipped.length > 0) notice(`Skipped: ${skipped.slice(0, 10).map(({ path, reason }) => `${visible(path)} (${visible(reason)})`).join(', ')}`)
}
