// What a check makes of history that it is given, and how it orders and counts what it found.
import { describe, expect, test } from '@jest/globals'
import { countOf, failsOn, inOrder } from '../../src/model/check/check.ts'
import { cameBack, finding, oldDataKeys, standings } from '../../src/model/check/check-findings.ts'
import type { ReturnedKeys } from '../../src/model/check/check-findings.ts'
import { parseKeyAge } from '../../src/model/exposure/key-age.ts'
import type { SopsAnswer } from '../../src/model/plan/plan.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import type { Survey, SurveyedFile } from '../../src/model/survey.ts'

const alice: Recipient = { kind: 'age', id: 'age1alice' }
const bob: Recipient = { kind: 'age', id: 'age1bob' }

function file(path: string, ...groups: readonly (readonly Recipient[])[]): SurveyedFile {
  const metadata = { groups, shamirThreshold: null, mac: '', lastModified: '' } as unknown as SurveyedFile['metadata']
  return {
    path, format: 'yaml', explicitType: false, metadata, valueCount: 1, encryptsComments: false, config: '.sops.yaml', blob: '', sha256: '',
  }
}

function survey(more: Partial<Survey> = {}): Survey {
  return {
    base: '', configs: [], ignoredConfigs: [], files: [file('a.yaml', [alice, bob])], others: [], damaged: [], skipped: [], unsure: [], unmatchedGlobs: [], owners: [],
    ownersFile: null, ...more,
  }
}

const removed = { recipient: bob, owner: 'bob', date: '2026-05-01', by: null, line: 3 }
const record = { path: '.sops-owners.yaml', text: '', removed: [removed] }
const owned = { recipient: bob, name: 'bob', from: 'owners-file', path: '.sops-owners.yaml', line: 1 } as const
const date = '2026-05-02T10:00:00Z'
const returned: ReturnedKeys = new Map([['age:age1bob', ['a.yaml', 'b.yaml'].map((path) => ({ path, date, elsewhere: false }))]])

describe('a key that was removed', () => {
  const shown = (one: Survey, history: ReturnedKeys): string[] =>
    cameBack(one, history).map(({ level, path, message }) => `${level} ${path ?? ''} ${message}`)

  test('and is back, is told once: by the record, else by history', () => {
    expect(shown(survey({ ownersFile: record }), returned)).toEqual([
      'error a.yaml bob, recorded as removed on 2026-05-01 (.sops-owners.yaml:3), is back: it can read a.yaml',
    ])
    expect(shown(survey(), returned)).toEqual([
      'warning a.yaml age1bob…1bob had been taken out of it on 2026-05-02, and is back; the same of 1 more',
    ])
  })

  test('and reads another file now, is said to have been taken out of every file', () => {
    const another: ReturnedKeys = new Map([['age:age1bob', [{ path: 'a.yaml', date, elsewhere: true }]]])
    expect(shown(survey(), another)).toEqual(['warning a.yaml age1bob…1bob had been taken out of every file on 2026-05-02, and is back'])
  })

  test('is no finding where it is gone, or was let in again by the owners file', () => {
    const gone = survey({ ownersFile: record, files: [file('a.yaml', [alice])] })
    expect(shown(gone, returned)).toEqual([])
    expect(shown(survey({ ownersFile: record, owners: [owned] }), returned)).toEqual([])
  })
})

test('a data key is old from the day on that `max-key-age` names; without a date nothing is said of it', () => {
  const now = new Date('2026-11-24T00:00:00Z')
  const since = new Map([['a.yaml', '2026-08-26T00:00:00Z'], ['b.yaml', '2026-08-26T00:00:01Z']])
  expect(oldDataKeys(since, since, parseKeyAge('90d'), now).map(({ path, message }) => [path, message]))
    .toEqual([['a.yaml', 'its data key is from 2026-08-26, older than 90d']])
  expect(oldDataKeys(since, since, null, now)).toEqual([])
  // What may be an older one is not said to be.
  const [perhaps] = oldDataKeys(since, new Map([['a.yaml', '2026-11-20T00:00:00Z']]), parseKeyAge('90d'), now)
  expect(perhaps?.message).toMatch(/^its data key may be one from 2026-08-26, older than 90d: one commit changed/)
})

describe('how a file stands to its config', () => {
  type Configured = SopsAnswer['configured']
  const answer = (configured: Configured, ...current: readonly Recipient[]): ReadonlyMap<string, SopsAnswer> =>
    new Map([['a.yaml', { configured, current: [current] }]])
  const different = (...groups: readonly (readonly Recipient[])[]): Configured =>
    ({ kind: 'different', current: [[alice, bob]], groups, thresholdChanges: false })
  test.each<[string, ReadonlyMap<string, SopsAnswer>, string, string]>([
    ['the same', answer({ kind: 'same' }, alice, bob), 'inLine', ''],
    ['another', answer(different([alice]), alice, bob), 'drifted', 'drift by .sops.yaml, age1bob…1bob can read it, and should not'],
    ['in two groups', answer(different([alice], [bob]), alice, bob), 'drifted', 'drift by .sops.yaml, it has 1 key groups in place of 2'],
    ['a rule without keys', answer(different(), alice, bob), 'withoutRule', 'no-rule no rule of .sops.yaml names keys for it'],
    ['no rule', answer({ kind: 'no-rule' }, alice, bob), 'withoutRule', 'no-rule no rule of .sops.yaml names keys for it'],
    ['readers that its metadata hides', answer({ kind: 'same' }, alice), 'notTold', 'hidden-readers'],
    ['a rule that sops cannot take', answer({ kind: 'unreadable', reason: 'no' }, alice, bob), 'notTold', "config-unreadable sops can't work with a.yaml by it: no"],
    ['a rule that sops cannot take, and readers that its metadata hides', answer({ kind: 'unreadable', reason: 'no' }, alice), 'notTold', 'hidden-readers'],
    ['no answer', new Map(), 'notTold', ''],
  ])('%s', (_, answers, standing, said) => {
    const told = standings(survey(), answers, new Map())
    expect(told.byPath.get('a.yaml')).toBe(standing)
    expect(told.findings.map(({ code, message }) => `${code} ${message}`).join()).toContain(said)
    expect(told.findings.length).toBe(said === '' ? 0 : 1)
  })

  test('is one finding for a config that sops cannot take, however many its files are', () => {
    const two = survey({ files: ['a.yaml', 'b.yaml'].map((path) => file(path, [alice, bob])) })
    const answers = new Map(['a.yaml', 'b.yaml'].map((path): [string, SopsAnswer] =>
      [path, { configured: { kind: 'unreadable', reason: 'no' }, current: [[alice, bob]] }]))
    const { findings } = standings(two, answers, new Map())
    expect(findings.map(({ code, path }) => `${code} ${path ?? ''}`)).toEqual(['config-unreadable .sops.yaml'])
  })

  test('is not told of a config that was not asked about, but hidden readers are', () => {
    const untold = new Map([['.sops.yaml', finding('drift-unknown', 'notice', '.sops.yaml', 'x')]])
    const codes = (...current: readonly Recipient[]): string[] =>
      standings(survey(), answer({ kind: 'no-rule' }, ...current), untold).findings.map(({ code }) => code)
    expect(codes(alice, bob)).toEqual(['drift-unknown'])
    expect(codes(alice)).toEqual(['drift-unknown', 'hidden-readers'])
  })
})

test('the gravest comes first, then code, path and line; the order of finding does not matter', () => {
  const all = [
    finding('b', 'notice', 'a', ''), finding('b', 'error', 'b', ''), finding('b', 'error', 'a', '', { line: 2 }),
    finding('b', 'error', 'a', '', { line: 1 }), finding('a', 'warning', null, ''),
  ]
  const ordered = inOrder(all).map(({ code, level, path, line }) => `${level} ${code} ${path ?? '-'} ${line ?? '-'}`)
  expect(ordered).toEqual(['error b a 1', 'error b a 2', 'error b b -', 'warning a - -', 'notice b a -'])
  expect(inOrder(all.toReversed())).toEqual(inOrder(all))
  expect(countOf(all, 'error')).toBe(3)
})

test.each([
  ['error', 'error', true], ['error', 'warning', false], ['warning', 'error', true], ['warning', 'notice', false],
  ['notice', 'notice', true], ['never', 'error', false],
] as const)(
  '`fail-on: %s` and a finding of the level %s: %s', (failOn, level, fails) => {
    expect(failsOn(failOn, level)).toBe(fails)
  })
