// What a check came to, as plain data: the JSON report, from which the summary, the annotations and the SARIF file are made too.
// Names of files and keys only: never a value, never a hash of a value.
import type { ExposedSecret, Finding, Report } from '../report.ts'

export interface CheckFinding extends Finding {
  /** From 1; null where it is about no line in particular. */
  readonly line: number | null
  /** What tells it from others of its code and path, mostly a key's id; null where there is one a path. */
  readonly about: string | null
}

/** From which level on findings fail the run. */
export type FailOn = Finding['level'] | 'never'

/** Every matched file is counted in exactly one of the first six; `plaintext` are files that are not encrypted at all. */
export interface CheckCounts {
  readonly inLine: number
  readonly drifted: number
  readonly withoutRule: number
  /** Where sops had no answer without a key, or no sound one. */
  readonly notTold: number
  readonly damaged: number
  readonly skipped: number
  readonly plaintext: number
  readonly errors: number
  readonly warnings: number
  readonly notices: number
}

export interface CheckReport {
  readonly schema: 1
  readonly kind: 'check'
  /** The commit that was looked at; empty where there was none. */
  readonly base: string
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly finishedAt: string
  readonly runId: string | null
  readonly sops: Report['sops']
  readonly counts: CheckCounts
  /** The gravest first. */
  readonly findings: readonly CheckFinding[]
  /** What those in `exposed-to` could read. */
  readonly exposure: readonly ExposedSecret[]
  /** Since when each file has its data key, ISO 8601, UTC; empty where `max-key-age` was not asked, or the history does not tell. */
  readonly dataKeys: readonly { readonly path: string; readonly keySince: string }[]
  readonly sopsCalls: number
}

const gravity: Readonly<Record<Finding['level'], number>> = { error: 0, warning: 1, notice: 2 }

/** Whether findings of `level` fail a run that is to fail on `failOn`. */
export function failsOn(failOn: FailOn, level: Finding['level']): boolean {
  return failOn !== 'never' && gravity[level] <= gravity[failOn]
}

/** The gravest first, then by code, path, line and key: the same findings give the same order. */
export function inOrder(findings: readonly CheckFinding[]): readonly CheckFinding[] {
  const by = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return [...findings].sort((a, b) => gravity[a.level] - gravity[b.level] || by(a.code, b.code) || by(a.path ?? '', b.path ?? '')
    || (a.line ?? 0) - (b.line ?? 0) || by(a.about ?? '', b.about ?? ''))
}

export function countOf(findings: readonly Finding[], level: Finding['level']): number {
  return findings.filter((one) => one.level === level).length
}
