// Result → outputs, report file, job summary, annotations. The one place that writes them.
// Must never write text from outside that was not made harmless first.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { notice, setOutput, summary, warning } from '@actions/core'
import type { Inputs } from './model/inputs.ts'
import { renderSummary } from './model/markdown.ts'
import { visible } from './model/safe-text.ts'
import type { Result } from './rekey.ts'

/** Where what is written goes, besides what @actions/core knows. */
export interface OutputPlace {
  readonly temporary: string
  readonly runUrl: string | null
}

export async function writeOutputs(result: Result, inputs: Inputs, place: OutputPlace): Promise<void> {
  const { report, published } = result
  const reportPath = join(place.temporary, 'sops-rekey-report.json')
  writeFileSync(reportPath, `${JSON.stringify(report, null, 2)}\n`)
  const done = report.outcome === 'published' || report.outcome === 'changed'
  const acted = done ? report.files : []
  const count = (...actions: string[]): number => acted.filter(({ action }) => actions.includes(action)).length
  const changed = count('updated', 'rotated', 'updated+rotated')
  const outputs: Readonly<Record<string, string | number | boolean | null>> = {
    changed: done,
    'files-matched': report.files.length,
    'files-changed': changed,
    'files-updated': count('updated', 'updated+rotated'),
    'files-rotated': count('rotated', 'updated+rotated'),
    'files-unchanged': report.files.filter(({ action }) => action !== 'skipped' && action !== 'failed').length - changed,
    'files-skipped': report.files.filter(({ action }) => action === 'skipped').length,
    'exposed-secrets': report.exposure.length,
    'report-path': reportPath,
    'pull-request-number': published?.number ?? null,
    'pull-request-url': published?.url ?? null,
    'pull-request-operation': published?.operation ?? 'none',
    'pull-request-branch': published?.branch ?? null,
    'pull-request-head-sha': published?.headSha ?? null,
    'compare-url': published?.compareUrl ?? null,
  }
  for (const [name, value] of Object.entries(outputs)) setOutput(name, value ?? '')

  annotate(result, inputs)
  const text = renderSummary(report, {
    bodyHeader: null, fingerprint: null, runUrl: place.runUrl, pullRequestUrl: published?.url ?? null, reportPath,
  })
  // A runner that offers no summary is no reason to fail.
  if ((process.env['GITHUB_STEP_SUMMARY'] ?? '') !== '') await summary.addRaw(text, true).write()
}

/** At most one annotation a kind: a step may show ten. The error is set where the run ends. */
function annotate({ report, published }: Result, inputs: Inputs): void {
  if (report.files.length === 0 && report.outcome === 'unchanged') {
    notice(inputs.files.length === 0
      ? 'No tracked file carries sops metadata: every file that git tracks was looked at.'
      : `No encrypted file matches \`files\` (${visible(inputs.files.join(', '))}).`)
  }
  const warnings = [
    ...report.findings.filter(({ level }) => level === 'warning').map(({ path, message }) => `${path === null ? '' : `${visible(path)}: `}${visible(message)}`),
    ...published?.warnings ?? [],
  ]
  const [first] = warnings
  if (first !== undefined) warning(warnings.length === 1 ? first : `${first} (and ${warnings.length - 1} more, see the summary)`)
  const skipped = report.files.filter(({ action }) => action === 'skipped')
  if (skipped.length > 0) notice(`Skipped: ${skipped.slice(0, 10).map(({ path, reason }) => `${visible(path)} (${visible(reason)})`).join(', ')}`)
}
