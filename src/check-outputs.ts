// The result of a check → outputs, JSON and SARIF files, job summary, annotations. The one place that writes them.
// Must never write text from outside that was not made harmless first.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { error, notice, setOutput, summary, warning } from '@actions/core'
import type { CheckResult } from './check.ts'
import type { CheckFinding } from './model/check/check.ts'
import { ruleOf } from './model/check/check-rules.ts'
import { renderCheck } from './model/markdown/markdown-check.ts'
import { visible } from './model/safe-text.ts'
import { sarifOf } from './model/check/sarif.ts'
import { writeAccessMap } from './outputs.ts'

export interface CheckPlace {
  readonly temporary: string
  /** Like `acme/infra`; null where the runner does not tell. */
  readonly repository: string | null
  /** The address of docs/check.md as this version has it; null where the runner does not tell. */
  readonly documentation: string | null
  readonly version: string
}

export async function writeCheck({ report, access }: CheckResult, { temporary, repository, documentation, version }: CheckPlace): Promise<void> {
  const reportPath = join(temporary, 'sops-rekey-check.json')
  const sarifPath = join(temporary, 'sops-rekey-check.sarif')
  const shown = report.findings.map((one) => ({ ...one, message: visible(one.message, 4000) }))
  writeFileSync(reportPath, `${JSON.stringify({ ...report, findings: shown })}\n`)
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
  writeFileSync(sarifPath, sarifOf(report, { documentation, version, digest }))
  const { errors, warnings } = report.counts
  const outputs = {
    findings: report.findings.length, errors, warnings, 'report-path': reportPath, 'sarif-path': sarifPath,
    'access-map-path': writeAccessMap(access, report.finishedAt, { temporary, repository }) ?? '',
  }
  for (const [name, value] of Object.entries(outputs)) setOutput(name, value)
  for (const level of ['error', 'warning', 'notice'] as const) {
    annotate(level, report.findings.filter((one) => one.level === level))
  }
  // A runner that offers no summary is no reason to fail.
  try {
    const text = renderCheck(report, { documentation, reportPath })
    if ((process.env['GITHUB_STEP_SUMMARY'] ?? '') !== '') await summary.addRaw(text, true).write()
  } catch (cause) {
    warning(`The summary could not be written: ${visible(String(cause), 300)}`)
  }
}

/** GitHub shows ten annotations of a level; one place is kept for what ends the run. */
const annotationsShown = 9

const writers = { error, warning, notice } as const

/** One annotation a code; of one finding alone, beside the line it is about. */
function annotate(level: keyof typeof writers, findings: readonly CheckFinding[]): void {
  const kinds = [...Map.groupBy(findings, ({ code }) => code).values()]
  for (const [first, ...more] of kinds.slice(0, annotationsShown)) {
    if (first === undefined) continue
    const title = ruleOf(first.code).title
    const sentence = `${first.path === null ? '' : `${visible(first.path)}: `}${visible(first.message, 1000)}`
    const place = more.length > 0 || first.path === null ? {} : { file: visible(first.path), startLine: first.line ?? 1 }
    const others = more.length === 0 ? '' : ` (and ${more.length} more of \`${first.code}\`, see the summary)`
    writers[level](sentence + others, { title, ...place })
  }
}
