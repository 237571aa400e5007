import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import type { CheckFinding, CheckReport } from '../../src/model/check/check.ts'
import { finding } from '../../src/model/check/check-findings.ts'
import { checkRules } from '../../src/model/check/check-rules.ts'
import { sarifOf } from '../../src/model/check/sarif.ts'
import type { SarifResult, SarifRun } from '../support/sarif-validation.ts'
import { complaintsAbout, sarifRun } from '../support/sarif-validation.ts'

const documentation = 'https://github.com/acme/sops-rekey/blob/v1/docs/check.md'
const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

function reportOf(findings: readonly CheckFinding[]): CheckReport {
  const none = {
    inLine: 0, drifted: 0, withoutRule: 0, notTold: 0, damaged: 0, skipped: 0, plaintext: 0, errors: 0, warnings: 0, notices: 0,
  }
  return {
    schema: 1, kind: 'check', base: 'a'.repeat(40), startedAt: '', finishedAt: '', runId: null, sops: null, counts: none, findings,
    exposure: [], dataKeys: [], sopsCalls: 0,
  }
}

function runOf(...findings: readonly CheckFinding[]): SarifRun {
  return sarifRun(sarifOf(reportOf(findings), { documentation, version: 'v1', digest }))
}

const fingerprints = (results: readonly SarifResult[]): string[] =>
  results.map(({ partialFingerprints: { primaryLocationLineHash: hash } }) => hash)

describe('a SARIF file', () => {
  test('is one by its schema, with findings of every kind and with none', () => {
    const all = Object.keys(checkRules).map((code) => finding(code, 'warning', 'a.yaml', 'x'))
    expect(runOf(...all).results).toHaveLength(all.length)
    expect(runOf().results).toEqual([])
    expect(complaintsAbout(sarifOf(reportOf([]), { documentation: null, version: '', digest }))).toEqual([])
  })

  test('that lacks something is seen not to be one', () => {
    const text = sarifOf(reportOf([finding('drift', 'error', 'a.yaml', 'x')]), { documentation, version: 'v1', digest })
    expect(complaintsAbout(text.replace('"text":"x"', '"txt":"x"')).join()).toContain('txt')
    expect(complaintsAbout(text.replace('"level":"error"', '"level":"grave"')).join()).toContain('/level')
    expect(complaintsAbout(text.replace('"startLine":1', '"startLine":0')).join()).toContain('startLine')
  })

  test('points to the rule, the file and the line, whatever the file is called', () => {
    const { results, tool: { driver: { rules } } } = runOf(
      finding('drift', 'error', 'a b/\n::error::%20#x?.yaml', 'x'),
      finding('owner-unknown', 'notice', '.sops.yaml', 'x', { line: 7 }))
    expect(results.map(({ level }) => level)).toEqual(['error', 'note'])
    expect(results.map(({ ruleId, ruleIndex }) => rules[ruleIndex]?.id === ruleId)).toEqual([true, true])
    const [first, second] = results.map(({ locations }) => locations[0]?.physicalLocation)
    expect(decodeURIComponent(first?.artifactLocation.uri ?? '')).toBe('a b/\n::error::%20#x?.yaml')
    expect(new URL(first?.artifactLocation.uri ?? '', 'file:///w/').hash).toBe('')
    expect([first, second].map((place) => place?.region.startLine)).toEqual([1, 7])
  })

  test('knows a finding again when its line and its words change, and tells two apart', () => {
    const key = (about: string, line: number, message: string): CheckFinding =>
      finding('owner-unknown', 'notice', '.sops.yaml', message, { line, about })
    const [before, other] = fingerprints(runOf(key('age:a', 3, 'x'), key('age:b', 4, 'x')).results)
    expect(fingerprints(runOf(key('age:a', 9, 'y')).results)).toEqual([before])
    expect(before).not.toBe(other)
    const twice = fingerprints(runOf(key('age:a', 3, 'x'), key('age:a', 5, 'x')).results)
    expect(new Set(twice).size).toBe(2)
  })

  test('shows the gravest 5,000 and counts the others', () => {
    const findings = Array.from({ length: 5010 }, (_, at) => finding('drift', at < 1 ? 'error' : 'warning', `${at}.yaml`, 'x'))
    const { results, invocations } = runOf(...findings)
    expect(results).toHaveLength(5000)
    expect(results[0]?.level).toBe('error')
    expect(invocations[0]?.toolExecutionNotifications[0]?.message.text).toContain('10 more findings')
  })

  test('tells what has no file as a notification, because a result needs a place', () => {
    const { results, invocations } = runOf(finding('history-shallow', 'notice', null, 'cut off'))
    expect(results).toEqual([])
    expect(invocations[0]?.toolExecutionNotifications.map(({ message }) => message.text)).toEqual(['cut off'])
  })

  test('shows no control character of a message', () => {
    const [result] = runOf(finding('drift', 'error', 'a.yaml', 'x\n::error::\u202e')).results
    expect(result?.message.text).toBe('x\\n::error::\\u202e')
  })
})

test('every code of a check has a heading of its own in docs/check.md, to which its rule leads', () => {
  const text = readFileSync(new URL('../../docs/check.md', import.meta.url), 'utf8')
  const headings = [...text.matchAll(/^### ([\w-]+)$/gm)].map(([, name = '']) => name)
  expect(headings.sort()).toEqual(Object.keys(checkRules).sort())
  for (const { id, helpUri, help } of runOf().tool.driver.rules) {
    expect(helpUri).toBe(`${documentation}#${id}`)
    expect(help.text).toMatch(/^[A-Z].*\.$/)
  }
})
