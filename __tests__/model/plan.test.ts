import { describe, expect, test } from '@jest/globals'
import type { EncryptedFile } from '../../src/model/encrypted-file.ts'
import type { Groups, Plan, RekeyRequest, RunnerKeys } from '../../src/model/plan.ts'
import { planIdentity, planRekey } from '../../src/model/plan.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import type { ConfigRemoval } from '../../src/model/sops-config-edit.ts'
import type { Survey, SurveyedFile } from '../../src/model/survey.ts'
import { configFor } from '../../src/model/survey.ts'
import type { ConfiguredRecipients } from '../../src/model/updatekeys-output.ts'

const person = (name: string): Recipient => ({ kind: 'age', id: `age1${name}` })
const [alice, bob, ci, mallory] = [person('alice'), person('bob'), person('ci'), person('mallory')]
const kms: Recipient = { kind: 'kms', id: 'arn:aws:kms:eu-west-1:1:key/k' }
const owners = [alice, bob, ci, mallory].map((recipient) => ({
  recipient, name: recipient.id.slice(4), from: 'anchor' as const, path: '.sops.yaml', line: 1,
}))

function file(groups: readonly (readonly Recipient[])[], path = 'a.yaml', config: string | null = '.sops.yaml'): SurveyedFile {
  const metadata = { groups, shamirThreshold: groups.length > 1 ? 2 : null, lastModified: '', mac: '', version: '' }
  return { path, format: 'yaml', explicitType: false, metadata, valueCount: 1, encryptsComments: false, config, blob: `blob of ${path}`, sha256: '' }
}

function survey(files: readonly SurveyedFile[], rest: Partial<Survey> = {}): Survey {
  return { base: 'c', configs: [], files, others: [], damaged: [], skipped: [], owners, ...rest }
}

const unknownRunner: RunnerKeys = { recipients: [], complete: false }
const removal: RekeyRequest = { removed: [bob], rotateAll: false, overdue: new Map() }
const none: RekeyRequest = { removed: [], rotateAll: false, overdue: new Map() }
const become = (...groups: readonly (readonly Recipient[])[]): ConfiguredRecipients => ({ kind: 'different', current: [], groups, thresholdChanges: false })

function plan(
  files: readonly SurveyedFile[], request: RekeyRequest, answer: ConfiguredRecipients,
  rest: { runner?: RunnerKeys; edits?: readonly ConfigRemoval[]; survey?: Partial<Survey>; current?: Groups } = {},
): Plan {
  const answers = new Map(files.map(({ path, metadata }) => [path, { configured: answer, current: rest.current ?? metadata.groups }]))
  return planRekey(survey(files, rest.survey), request, rest.edits ?? [], answers, rest.runner ?? unknownRunner)
}

const changesOf = ({ changes }: Plan): unknown => changes.map(({ updatekeys, rotate, after }) => ({ updatekeys, rotate, after }))

describe('a removal', () => {
  test('takes exactly the removed out, and rotates', () => {
    expect(changesOf(plan([file([[alice, bob, ci]])], removal, become([ci, alice])))).toEqual([{ updatekeys: true, rotate: true, after: [[alice, ci]] }])
  })

  test('also where the config was edited long ago', () => {
    expect(plan([file([[alice, bob]])], removal, become([alice])).refusals).toEqual([])
  })

  test('takes the removed out of every group', () => {
    const shamir = file([[alice, bob], [bob, ci]])
    expect(changesOf(plan([shamir], removal, become([alice], [ci])))).toEqual([{ updatekeys: true, rotate: true, after: [[alice], [ci]] }])
  })

  test.each<[string, readonly SurveyedFile[], ConfiguredRecipients, RegExp]>([
    ['nobody would be left', [file([[bob]])], become([alice]), /nobody could read/],
    ['a key group would be empty', [file([[alice], [bob], [ci]])], become([alice], [ci]), /key group 2 of 3 would be empty/],
    ['the config gained a reader', [file([[alice, bob]])], become([alice, mallory]), /drifted from \.sops\.yaml.*\+mallory/],
    ['the config lost another', [file([[alice, bob, ci]])], become([alice]), /drifted.*−ci/],
    ['a key changed its group', [file([[alice, bob, ci], [kms]])], become([alice], [kms, ci]), /drifted/],
    ['the config has another number of groups', [file([[alice, bob]])], { ...become([alice], [ci]), thresholdChanges: true } as ConfiguredRecipients, /threshold/],
    ['the config still names the removed', [file([[alice, bob]])], { kind: 'same' }, /still names/],
    ['no rule matches', [file([[alice, bob]])], { kind: 'no-rule' }, /no rule of \.sops\.yaml matches/],
    ['there is no config', [file([[alice, bob]], 'a.yaml', null)], { kind: 'no-rule' }, /no \.sops\.yaml/],
    ['sops can’t work with the file', [file([[alice, bob]])], { kind: 'unreadable', reason: 'yaml: line 3' }, /yaml: line 3/],
  ])('is refused where %s', (_, files, answer, sentence) => {
    const { refusals, changes } = plan(files, removal, answer)
    expect(refusals).toEqual([{ path: 'a.yaml', reason: expect.stringMatching(sentence) }])
    expect(changes).toEqual([])
  })

  test('leaves a file alone that the removed can’t read, and says where it drifts', () => {
    const result = plan([file([[alice]])], removal, become([alice, mallory]))
    expect(result).toMatchObject({ changes: [], refusals: [], findings: [{ code: 'drift', message: expect.stringContaining('+mallory') }] })
    expect(result.unchanged).toHaveLength(1)
  })

  test('with rotate-all gives such a file a new data key, and its recipients stay', () => {
    const result = plan([file([[alice]])], { ...removal, rotateAll: true }, become([alice, mallory]))
    expect(changesOf(result)).toEqual([{ updatekeys: false, rotate: true, after: [[alice]] }])
  })

  test('warns of a file outside of `files` that keeps the removed', () => {
    const others: EncryptedFile[] = [file([[bob]], 'other.yaml')]
    expect(plan([], removal, { kind: 'same' }, { survey: { others } }).findings).toMatchObject([{ code: 'still-reads', path: 'other.yaml' }])
  })
})

describe('the runner', () => {
  const own: RunnerKeys = { recipients: [bob], complete: true }
  test('is not locked out', () => {
    expect(plan([file([[alice, bob]])], removal, become([alice]), { runner: own }).refusals).toEqual([{ path: 'a.yaml', reason: expect.stringContaining('the runner itself') }])
  })

  test.each<[string, readonly Recipient[], RunnerKeys]>([
    ['its other key stays', [alice, bob], { recipients: [bob, alice], complete: true }],
    ['it may have another identity', [alice, bob], { recipients: [bob], complete: false }],
    ['it may use the key service', [kms, bob], own],
    ['it never could read the file', [alice, bob], { recipients: [ci], complete: true }],
  ])('is taken to go on where %s', (_, readers, runner) => {
    const rest = readers.filter((one) => one !== bob)
    expect(plan([file([readers])], removal, become(rest), { runner }).refusals).toEqual([])
  })
})

describe('without a removal', () => {
  test('a file that loses a recipient by its config is rotated too', () => {
    expect(changesOf(plan([file([[alice, bob]])], none, become([alice])))).toEqual([{ updatekeys: true, rotate: true, after: [[alice]] }])
  })

  test('one that only gains is updated', () => {
    expect(changesOf(plan([file([[alice]])], none, become([alice, ci])))).toEqual([{ updatekeys: true, rotate: false, after: [[alice, ci]] }])
  })

  test('one in line is left', () => {
    expect(plan([file([[alice]])], none, { kind: 'same' })).toMatchObject({ changes: [], unchanged: [{ reason: 'in line with its config' }] })
  })

  test('one that no rule matches is left, with a warning', () => {
    expect(plan([file([[alice]])], none, { kind: 'no-rule' })).toMatchObject({ changes: [], refusals: [], findings: [{ code: 'no-rule', level: 'warning' }] })
  })

  test('other numbers of groups are refused', () => {
    expect(plan([file([[alice]])], none, become([alice], [ci])).refusals).toHaveLength(1)
    expect(plan([file([[alice]])], none, { ...become([alice]), thresholdChanges: true } as ConfiguredRecipients).refusals).toHaveLength(1)
  })

  test('rotate-all rotates what is in line and aligns what is not', () => {
    const all = { ...none, rotateAll: true }
    expect(changesOf(plan([file([[alice]])], all, { kind: 'same' }))).toEqual([{ updatekeys: false, rotate: true, after: [[alice]] }])
    expect(changesOf(plan([file([[alice]])], all, become([alice, ci])))).toEqual([{ updatekeys: true, rotate: true, after: [[alice, ci]] }])
  })

  test('what is overdue is rotated', () => {
    const request = { ...none, overdue: new Map([['old.yaml', 'too old']]) }
    const result = plan([file([[alice]], 'old.yaml'), file([[alice]], 'young.yaml')], request, { kind: 'same' })
    expect(result.changes.map((change) => change.file.path)).toEqual(['old.yaml'])
  })
})

describe('a config', () => {
  const edited: ConfigRemoval = { kind: 'edited', path: '.sops.yaml', before: 'b', after: 'a' }
  test('that was edited is part of the plan', () => {
    expect(plan([], removal, { kind: 'same' }, { edits: [edited] }).configs).toEqual([{ path: '.sops.yaml', before: 'b', after: 'a' }])
  })

  test('that is generated is refused, with its line', () => {
    const configs = [{ path: '.sops.yaml', text: '', recipients: [], owners: [], generatedBy: { line: 2, text: '# AUTOMATICALLY GENERATED' } }]
    const { refusals, configs: planned } = plan([], removal, { kind: 'same' }, { edits: [edited], survey: { configs } })
    expect(refusals).toEqual([{ path: '.sops.yaml', reason: expect.stringContaining('line 2: # AUTOMATICALLY GENERATED') }])
    expect(planned).toEqual([])
  })

  test('that can’t be edited is refused', () => {
    const refused: ConfigRemoval = { kind: 'refused', path: '.sops.yaml', line: 7, reason: 'a rule would have no recipient' }
    expect(plan([], removal, { kind: 'same' }, { edits: [refused] }).refusals).toEqual([{ path: '.sops.yaml', reason: 'line 7: a rule would have no recipient' }])
  })
})

describe('a file that sops reads otherwise than it was read here', () => {
  test.each<[string, Groups]>([
    ['one more reader', [[alice, bob]]], ['one less', [[]]], ['another group', [[alice], [bob]]],
  ])('is refused: %s', (_, current) => {
    for (const request of [removal, none]) {
      for (const answer of [{ kind: 'same' }, { kind: 'no-rule' }, become([alice])] as const) {
        const { changes, unchanged, refusals } = plan([file([[alice]])], request, answer, { current })
        expect({ changes, unchanged, refusals }).toEqual({ changes: [], unchanged: [], refusals: [{ path: 'a.yaml', reason: expect.stringMatching(/^sops reads other recipients/) }] })
      }
    }
  })

  test('is refused where sops can’t read it at all', () => {
    const answers = new Map([['a.yaml', { configured: { kind: 'no-rule' as const }, current: null }]])
    expect(planRekey(survey([file([[alice]])]), removal, [], answers, unknownRunner).refusals).toHaveLength(1)
  })
})

test('a file that the removed can’t read, and that no config governs, does not stop a removal', () => {
  const result = plan([file([[alice]], 'a.yaml', null)], removal, { kind: 'no-rule' })
  expect(result).toMatchObject({ refusals: [], changes: [], findings: [{ code: 'no-rule', level: 'warning' }] })
})

test('a hard link that the removed can read is said', () => {
  const skipped = [{ path: 'a.yaml', reason: 'it is a hard link', file: file([[alice, bob]]) }]
  expect(plan([], removal, { kind: 'same' }, { survey: { skipped } }).findings).toMatchObject([{ code: 'still-reads', level: 'warning', path: 'a.yaml' }])
})

test('a damaged file refuses the run', () => {
  expect(plan([], none, { kind: 'same' }, { survey: { damaged: [{ path: 'x.yaml', damage: 'cut off' }] } }).refusals).toEqual([{ path: 'x.yaml', reason: expect.stringMatching(/^cut off\. .*`!x\.yaml` in `files`/) }])
})

describe('the identity of a plan', () => {
  const make = (files: readonly SurveyedFile[], request = removal): string => planIdentity(plan(files, request, become([alice])), request)
  test('is the same for the same plan on the same bytes, and another for any other', () => {
    const [one] = [file([[alice, bob]])]
    expect(make([one])).toBe(make([{ ...one, sha256: 'read anew' }]))
    expect(make([one])).not.toBe(make([{ ...one, blob: 'changed' }]))
    expect(make([one])).not.toBe(make([one, file([[alice, bob]], 'b.yaml')]))
    expect(make([one])).not.toBe(make([one], { ...removal, rotateAll: true }))
  })
})

test.each([
  ['a/b/c.yaml', 'a/.sops.yaml'], ['a/c.yaml', 'a/.sops.yaml'], ['ab/c.yaml', '.sops.yaml'], ['c.yaml', '.sops.yaml'],
])('the config of %s is %s', (path, config) => {
  expect(configFor(path, new Set(['.sops.yaml', 'a/.sops.yaml']))).toBe(config)
})

test('without a config there is none', () => {
  expect(configFor('a/b.yaml', new Set(['b/.sops.yaml']))).toBeNull()
})
