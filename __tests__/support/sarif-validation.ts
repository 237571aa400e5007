// Holds a text against the published JSON schema of SARIF 2.1.0 (fixtures/sarif-2.1.0.json) and GitHub's limits on it.
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'

export interface SarifResult {
  readonly ruleId: string
  readonly ruleIndex: number
  readonly level: string
  readonly message: { readonly text: string }
  readonly locations: readonly { readonly physicalLocation: { readonly artifactLocation: { readonly uri: string }; readonly region: { readonly startLine: number } } }[]
  readonly partialFingerprints: { readonly primaryLocationLineHash: string }
}

export interface SarifRule {
  readonly id: string
  readonly helpUri?: string
  readonly help: { readonly text: string }
}

export interface SarifRun {
  readonly tool: { readonly driver: { readonly rules: readonly SarifRule[] } }
  readonly invocations: readonly { readonly toolExecutionNotifications: readonly { readonly message: { readonly text: string } }[] }[]
  readonly results: readonly SarifResult[]
}

/** What the schema has against `text`; empty where it is SARIF. */
export function complaintsAbout(text: string): readonly string[] {
  // One of its patterns is none where regular expressions are read strictly.
  const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false })
  formats.default(ajv)
  const validate = ajv.compile(JSON.parse(readFileSync(new URL('fixtures/sarif-2.1.0.json', import.meta.url), 'utf8')) as object)
  validate(JSON.parse(text))
  return (validate.errors ?? []).map(({ instancePath, message = 'does not fit', params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
}

/** The one run of a file that the schema has nothing against. */
export function sarifRun(text: string): SarifRun {
  const complaints = complaintsAbout(text)
  const [run] = (JSON.parse(text) as { runs: readonly SarifRun[] }).runs
  if (complaints.length > 0 || run === undefined) throw new Error(`This is no SARIF: ${complaints.join('; ')}`)
  return run
}
