import { describe, expect, test } from '@jest/globals'
import type { CheckFinding, CheckReport } from '../../src/model/check/check.ts'
import { countOf } from '../../src/model/check/check.ts'
import { finding } from '../../src/model/check/check-findings.ts'
import { renderCheck } from '../../src/model/markdown/markdown-check.ts'

const context = { documentation: 'https://github.com/acme/sops-rekey/blob/v1/docs/check.md', reportPath: '/tmp/report.json' }

function reportOf(findings: readonly CheckFinding[], more: Partial<CheckReport> = {}): CheckReport {
  const counts = {
    inLine: 3, drifted: 0, withoutRule: 0, notTold: 0, damaged: 0, skipped: 1, plaintext: 0,
    errors: countOf(findings, 'error'), warnings: countOf(findings, 'warning'), notices: countOf(findings, 'notice'),
  }
  return {
    schema: 1, kind: 'check', base: 'a'.repeat(40), startedAt: '', finishedAt: '', runId: null, sops: null, counts, findings,
    exposure: [], dataKeys: [], sopsCalls: 0, ...more,
  }
}

describe('the summary', () => {
  test('has a row a code with its count, and every finding below, those with the same words together', () => {
    const drift = (path: string): CheckFinding => finding('drift', 'error', path, 'bob can read it')
    const unowned = finding('owner-unknown', 'notice', '.sops.yaml', 'whose?', { line: 7 })
    const text = renderCheck(reportOf([drift('a.yaml'), drift('b.yaml'), unowned]), context)
    expect(text).toContain('**✖ 2 errors and 1 notice**')
    expect(text).toContain('4 matched files at <code>aaaaaaaaaaaa</code>: 3 in line with their config and 1 skipped. No key was')
    const title = 'The recipients of a file are not those that its config names'
    expect(text).toContain(`| [drift](<${context.documentation}#drift>) | ✖ error | 2 | ${title} |`)
    expect(text).toContain('- <code>a.yaml</code> and <code>b.yaml</code>: bob can read it')
    expect(text).toContain('- <code>.sops.yaml</code>:7: whose&#63;')
  })

  test('shows errors opened, and the rest folded', () => {
    const text = renderCheck(reportOf([finding('drift', 'error', 'a.yaml', 'x'), finding('no-rule', 'warning', 'b.yaml', 'y')]), context)
    expect(text.match(/<details[^>]*><summary>[^:]*/g)).toEqual(['<details open><summary>✖ error', '<details><summary>warning'])
  })

  test('says that there is nothing, where there is nothing', () => {
    expect(renderCheck(reportOf([]), context)).toContain('**✔ Nothing found**')
  })

  test('tells the ages of data keys where they were asked', () => {
    const dataKeys = [{ path: 'b.yaml', keySince: '2026-11-20T23:00:00Z' }, { path: 'a.yaml', keySince: '2026-08-01T00:00:00Z' }]
    const text = renderCheck(reportOf([], { dataKeys, startedAt: '2026-11-24T10:00:00Z' }), context)
    expect(text).toContain('### Age of the data keys\n\n- since 2026-08-01 (115 days): <code>a.yaml</code>\n- since 2026-11-20 (4 days): <code>b.yaml</code>')
    expect(renderCheck(reportOf([]), context)).not.toContain('Age of')
  })

  test('lets no text from outside take effect', () => {
    const evil = '</details><img src=x> | @everyone\n::error::x [a](http://b.c) `x` #1'
    const exposure = [{ file: evil, key: evil, readBy: [evil], since: null, until: null, state: 'current', reason: null }] as const
    const findings = [finding('drift', 'error', evil, evil), finding(evil, 'warning', null, evil)]
    const text = renderCheck(reportOf(findings, { exposure }), context)
    expect(text).not.toMatch(/<img|@everyone|^::|\[a\]|http:\/\/b/m)
    expect(text.match(/<details(?: open)?>/g)?.length).toBe(text.match(/<\/details>/g)?.length)
    for (const row of text.split('\n').filter((line) => line.startsWith('| '))) expect(row.split(' | ')).toHaveLength(4)
  })

  test('stays below 1 MiB, with the counts of all', () => {
    const findings = Array.from({ length: 30_000 }, (_, at) =>
      finding('drift', 'error', `${'folder/'.repeat(20)}${at}.yaml`, `file ${at}`))
    const text = renderCheck(reportOf(findings), context)
    expect(new TextEncoder().encode(text).length).toBeLessThan(1_000_000)
    expect(text).toContain('| ✖ error | 30000 |')
    expect(text).toMatch(/- \d+ more, see the report/)
  })
})
