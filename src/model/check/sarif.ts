// A check's findings as SARIF 2.1.0, within what GitHub's code scanning takes.
// Must never drop a finding without saying so in the file.
import { checkRules, ruleOf } from './check-rules.ts'
import type { CheckFinding, CheckReport } from './check.ts'
import { visible } from '../safe-text.ts'

/** Of more results GitHub shows the gravest 5,000, and of more than 25,000 none. */
const mostResults = 5000

const levels = { error: 'error', warning: 'warning', notice: 'note' } as const

export interface SarifOptions {
  /** The address of docs/check.md, http(s); null where it is not known. */
  readonly documentation: string | null
  /** Of the action; empty where it is not known. */
  readonly version: string
  /** A digest of a text, for the fingerprints: names of files and keys go into it, and nothing that changes with the day. */
  readonly digest: (text: string) => string
}

/**
 * The text of the file. A finding without a path is a notification of the run, because GitHub refuses a result without a
 * place. `primaryLocationLineHash` is the one fingerprint GitHub looks at: it stays the same when lines move and messages change.
 */
export function sarifOf({ findings, base }: CheckReport, { documentation, version, digest }: SarifOptions): string {
  const codes = [...new Set([...Object.keys(checkRules), ...findings.map(({ code }) => code)])]
  const placed = findings.filter(({ path }) => path !== null)
  const left = placed.slice(mostResults)
  const notifications = [
    ...findings.filter(({ path }) => path === null).map(({ code, level, message }) =>
      ({ level: levels[level], descriptor: { id: code }, message: { text: visible(message, 1000) } })),
    ...(left.length === 0 ? [] : [{
      level: 'warning',
      message: { text: `${left.length} more findings are in the JSON report: code scanning shows ${mostResults}.` },
    }]),
  ]
  const seen = new Map<string, number>()
  const fingerprint = ({ code, path, about }: CheckFinding): string => {
    const hash = digest(JSON.stringify([code, path, about]))
    const count = (seen.get(hash) ?? 0) + 1
    seen.set(hash, count)
    return `${hash.slice(0, 32)}:${count}`
  }
  return `${JSON.stringify({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: { driver: {
        name: 'sops-rekey check',
        ...(version === '' ? {} : { version }),
        ...(documentation === null ? {} : { informationUri: documentation }),
        rules: codes.map((code) => ruleIn(code, documentation)),
      } },
      // Tells the analysis from that of other tools, and from one of another folder.
      automationDetails: { id: 'sops-rekey/check/' },
      columnKind: 'utf16CodeUnits',
      invocations: [{ executionSuccessful: true, toolExecutionNotifications: notifications }],
      ...(base === '' ? {} : { properties: { commit: base } }),
      results: placed.slice(0, mostResults).map((one) => ({
        ruleId: one.code,
        ruleIndex: codes.indexOf(one.code),
        level: levels[one.level],
        message: { text: visible(one.message, 1000) },
        locations: [{ physicalLocation: {
          artifactLocation: { uri: uriOf(one.path ?? ''), uriBaseId: '%SRCROOT%' },
          region: { startLine: one.line ?? 1 },
        } }],
        partialFingerprints: { primaryLocationLineHash: fingerprint(one) },
      })),
    }],
  })}\n`
}

function ruleIn(code: string, documentation: string | null): object {
  const { title, help } = ruleOf(code)
  const page = documentation === null || !Object.hasOwn(checkRules, code) ? null : `${documentation}#${code}`
  return {
    id: code,
    name: code.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title },
    fullDescription: { text: `${title}.` },
    help: { text: help, markdown: page === null ? help : `${help}\n\n[What this means](${page})` },
    ...(page === null ? {} : { helpUri: page }),
    properties: { tags: ['security', 'sops'] },
  }
}

/** A relative reference (RFC 3986) that leads to the file, whatever it is called. */
function uriOf(path: string): string {
  return path.split('/').map((name) => encodeURIComponent(name.toWellFormed())).join('/')
}
