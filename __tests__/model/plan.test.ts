import { describe, expect, test } from '@jest/globals'
import type { EncryptedFile } from '../../src/model/sops-file/encrypted-file.ts'
import { goneByConfig } from '../../src/model/exposure/losing.ts'
import type { Groups, Plan, RekeyRequest } from '../../src/model/plan/plan.ts'
import { planIdentity, planRekey } from '../../src/model/plan/plan.ts'
import { shortForm } from '../../src/model/recipient.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import type { Runner } from '../../src/model/plan/runner.ts'
import type { ConfigEdit } from '../../src/model/sops-config/edit.ts'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'
import type { Survey, SurveyedFile } from '../../src/model/survey.ts'
import { configFor } from '../../src/model/survey.ts'
import type { ConfiguredRecipients } from '../../src/model/sops-file/updatekeys-output.ts'

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
  return { base: 'c', configs: [], ignoredConfigs: [], files, others: [], damaged: [], skipped: [], unsure: [], unmatchedGlobs: [], owners, ownersFile: null, ...rest }
}

const unknownRunner: Runner = { recipients: [], complete: false, vault: { address: null, token: false }, agePlugins: [] }
const none: RekeyRequest = {
  removed: [], added: [], like: [], required: [], policy: 'off', rotateAll: false, overdue: new Map(), date: '2026-11-23', by: null,
}
const removal: RekeyRequest = { ...none, removed: [bob], like: [bob] }
const become = (...groups: readonly (readonly Recipient[])[]): ConfiguredRecipients => ({ kind: 'different', current: [], groups, thresholdChanges: false })

function plan(
  files: readonly SurveyedFile[], request: RekeyRequest, answer: ConfiguredRecipients,
  rest: { runner?: Runner; edits?: readonly ConfigEdit[]; survey?: Partial<Survey>; current?: Groups } = {},
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
    ['the config gained a reader', [file([[alice, bob]])], become([alice, mallory]), /drifted from \.sops\.yaml: by its rule mallory would come, which was not asked for\. Run once without removed-recipient/],
    ['the config lost another', [file([[alice, bob, ci]])], become([alice]), /drifted from \.sops\.yaml: by its rule ci would go, which/],
    ['a key changed its group', [file([[alice, bob, ci], [kms]])], become([alice], [kms, ci]), /by its rule ci \(key group 2\) would come, ci \(key group 1\) would go, which/],
    ['the config has another number of groups', [file([[alice, bob]])], { ...become([alice], [ci]), thresholdChanges: true } as ConfiguredRecipients, /threshold/],
    ['the config still names the removed', [file([[alice, bob]])], { kind: 'same' }, /still names/],
    ['no rule matches', [file([[alice, bob]])], { kind: 'no-rule' }, /no rule of \.sops\.yaml names keys for it/],
    ['there is no config', [file([[alice, bob]], 'a.yaml', null)], { kind: 'no-rule' }, /no \.sops\.yaml/],
    ['sops can’t work with the file', [file([[alice, bob]])], { kind: 'unreadable', reason: 'yaml: line 3' }, /^sops can't work with it by \.sops\.yaml: yaml: line 3\. Mend the rule or the file/],
  ])('is refused where %s', (_, files, answer, sentence) => {
    const { refusals, changes } = plan(files, removal, answer)
    expect(refusals).toEqual([{ path: 'a.yaml', reason: expect.stringMatching(sentence) }])
    expect(changes).toEqual([])
  })

  test('names the rule by which sops can’t work with a file', () => {
    const configs = [readSopsConfig('.sops.yaml', `creation_rules:\n  - path_regex: ^b\n    age: ${alice.id}\n  - age: robert\n`)]
    expect(plan([file([[alice, bob]])], removal, { kind: 'unreadable', reason: 'unknown recipient type: robert' }, { survey: { configs } }).refusals)
      .toMatchObject([{ reason: expect.stringMatching(/^sops can't work with it by the rule at \.sops\.yaml:4: unknown recipient type: robert\. Mend/) }])
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

describe('key groups', () => {
  const both = file([[alice, bob, ci], [mallory, bob]])

  test('who loses one of several loses the data key: it had another part of it', () => {
    expect(changesOf(plan([both], none, become([alice, bob, ci], [mallory])))).toEqual([
      { updatekeys: true, rotate: true, after: [[alice, bob, ci], [mallory]] },
    ])
    expect(changesOf(plan([both], none, become([alice, bob, ci], [mallory, bob, kms])))).toMatchObject([{ updatekeys: true, rotate: false }])
  })

  test.each([['3', [both], 'opens with 2 of its 2 key groups, and the rule at .sops.yaml:2 says 3'], ['2', [both], null], ['3', [file([[alice]])], null]])(
    'a rule with a threshold of %s, which sops does not compare', (threshold, files, said) => {
      const text = `creation_rules:\n  - shamir_threshold: ${threshold}\n    key_groups: [{age: [${alice.id}]}, {age: [${bob.id}]}]\n`
      const { findings } = plan(files, none, { kind: 'same' }, { survey: { configs: [readSopsConfig('.sops.yaml', text)] } })
      expect(findings).toEqual(said === null ? [] : [{ code: 'threshold', level: 'warning', path: 'a.yaml', message: expect.stringContaining(said) }])
    })
})

describe('the runner', () => {
  const own: Runner = { ...unknownRunner, recipients: [bob], complete: true }
  test('is not locked out', () => {
    expect(plan([file([[alice, bob]])], removal, become([alice]), { runner: own }).refusals).toEqual([{ path: 'a.yaml', reason: expect.stringContaining('the runner itself') }])
  })

  test.each<[string, readonly Recipient[], Runner]>([
    ['its other key stays', [alice, bob], { ...own, recipients: [bob, alice] }],
    ['it may have another identity', [alice, bob], { ...own, complete: false }],
    ['it may use the key service', [kms, bob], own],
    ['it never could read the file', [alice, bob], { ...own, recipients: [ci] }],
  ])('is taken to go on where %s', (_, readers, runner) => {
    const rest = readers.filter((one) => one !== bob)
    expect(plan([file([readers])], removal, become(rest), { runner }).refusals).toEqual([])
  })
})

describe('what the runner must not do for a file', () => {
  const vault: Recipient = { kind: 'hc_vault', id: 'https://vault.acme.example:8200/v1/transit/keys/k' }
  const plugin: Recipient = { kind: 'age-plugin', id: 'age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t' }
  const own = { address: 'https://vault.acme.example:8200', token: true }

  test.each<[string, Recipient, Partial<Runner>, RegExp | null]>([
    ['sends nothing to another Vault than its own', vault, { vault: { address: 'https://vault.other.example', token: true } }, /would be sent a data key or the Vault token, and VAULT_ADDR says that yours is https:\/\/vault\.other\.example/],
    ['sends no data key to a Vault of which nobody knows whose it is', vault, { vault: { address: null, token: false } }, /Set it to the address of that server/],
    ['goes on with its own Vault', vault, { vault: own }, null],
    ['runs no plugin that is not named', plugin, {}, /age-plugin-yubikey, and no plugin is run that is not named in `age-plugins`/],
    ['runs a plugin that is named', plugin, { agePlugins: ['yubikey'] }, null],
  ])('%s', (_, key, runner, sentence) => {
    const { refusals } = plan([file([[key, alice, bob]])], removal, become([key, alice]), { runner: { ...unknownRunner, ...runner } })
    expect(refusals).toEqual(sentence === null ? [] : [{ path: 'a.yaml', reason: expect.stringMatching(sentence) }])
  })

  test('sends no token to a Vault that goes either; a plugin that goes is not run', () => {
    const gone = (key: Recipient, token: boolean): Plan => plan([file([[key, alice]])], { ...none, removed: [key], like: [key] }, become([alice]), { runner: { ...unknownRunner, vault: { address: null, token } } })
    expect(gone(vault, true).refusals).toHaveLength(1)
    expect(gone(vault, false).refusals).toEqual([])
    expect(gone(plugin, true).refusals).toEqual([])
  })
})

describe('an addition', () => {
  const carol = { recipient: person('carol'), name: 'carol' }
  const onboarding: RekeyRequest = { ...none, added: [carol], like: [bob] }

  test('gives exactly the access of the model, and rotates nothing', () => {
    const files = [file([[alice, bob]]), file([[alice]], 'b.yaml')]
    const answers = new Map([
      ['a.yaml', { configured: become([alice, bob, carol.recipient]), current: [[alice, bob]] }],
      ['b.yaml', { configured: { kind: 'same' as const }, current: [[alice]] }],
    ])
    const result = planRekey(survey(files), onboarding, [], answers, unknownRunner)
    expect(changesOf(result)).toEqual([{ updatekeys: true, rotate: false, after: [[alice, bob, carol.recipient]] }])
    expect(result.unchanged).toMatchObject([{ reason: 'bob is not among its recipients' }])
  })

  test('puts the new one into the group of the model', () => {
    expect(changesOf(plan([file([[alice], [bob], [ci]])], onboarding, become([alice], [bob, carol.recipient], [ci]))))
      .toEqual([{ updatekeys: true, rotate: false, after: [[alice], [bob, carol.recipient], [ci]] }])
  })

  test('leaves a file that the new one can read already', () => {
    const result = plan([file([[bob, carol.recipient]])], onboarding, { kind: 'same' })
    expect(result).toMatchObject({ changes: [], unchanged: [{ reason: expect.stringContaining('can read it already') }] })
  })

  test('to every rule is one to every file, but not to one of several groups', () => {
    const everywhere: RekeyRequest = { ...onboarding, like: 'every rule' }
    expect(changesOf(plan([file([[alice]])], everywhere, become([carol.recipient, alice])))).toMatchObject([{ rotate: false }])
    expect(plan([file([[alice], [bob]])], everywhere, become([alice, carol.recipient], [bob, carol.recipient])).refusals)
      .toMatchObject([{ reason: expect.stringContaining('several key groups') }])
  })

  test.each<[string, ConfiguredRecipients, RegExp]>([
    ['the config gains another reader as well', become([alice, bob, carol.recipient, mallory]), /by its rule mallory would come, which was not asked for\. Run once without added-recipient/],
    ['the config does not name the new one', { kind: 'same' }, /does not name the added recipient/],
    ['the config loses someone', become([bob, carol.recipient]), /by its rule alice would go, which/],
    ['the rule has not him whose access the new one gets', become([alice, mallory]), /by its rule mallory would come, bob would go, carol would not come, which/],
    ['no rule matches', { kind: 'no-rule' }, /no rule of/],
  ])('is refused where %s', (_, answer, sentence) => {
    expect(plan([file([[alice, bob]])], onboarding, answer).refusals).toEqual([{ path: 'a.yaml', reason: expect.stringMatching(sentence) }])
  })

  test('in the place of the removed is one change, with a new data key', () => {
    const replacement: RekeyRequest = { ...removal, added: [carol] }
    expect(changesOf(plan([file([[alice, bob]])], replacement, become([alice, carol.recipient]))))
      .toEqual([{ updatekeys: true, rotate: true, after: [[alice, carol.recipient]] }])
    expect(changesOf(plan([file([[bob]])], replacement, become([carol.recipient])))).toMatchObject([{ after: [[carol.recipient]] }])
    expect(plan([file([[alice]])], replacement, { kind: 'same' }).unchanged).toMatchObject([{ reason: expect.stringContaining('removed recipient is not among') }])
  })

  test('is one too where the newest version of an Azure key takes the place of a version', () => {
    const [newest, first, second] = ['', `/${'1'.repeat(32)}`, `/${'2'.repeat(32)}`].map((version): Recipient =>
      ({ kind: 'azure_keyvault', id: `https://v.vault.azure.net/keys/sops${version}` })) as [Recipient, Recipient, Recipient]
    const request: RekeyRequest = { ...none, removed: [first], like: [first], added: [{ recipient: newest, name: null }] }
    expect(changesOf(plan([file([[first]])], request, become([second])))).toEqual([{ updatekeys: true, rotate: true, after: [[second]] }])
    // It is there by any version that stays.
    expect(plan([file([[second]])], { ...request, removed: [], like: [second] }, { kind: 'same' }).unchanged).toHaveLength(1)
  })
})

describe('who has to stay', () => {
  test('is not taken out, asked for or by a config', () => {
    const required = [bob]
    expect(plan([file([[alice, bob]])], { ...removal, required }, become([alice])).refusals).toEqual([{ path: 'a.yaml', reason: expect.stringMatching(/would lose bob.*required-recipient/) }])
    expect(plan([file([[alice, bob]])], { ...none, required }, become([alice])).refusals).toHaveLength(1)
  })

  test('and is missing, is said', () => {
    expect(plan([file([[alice]])], { ...none, required: [ci] }, { kind: 'same' }).findings)
      .toMatchObject([{ code: 'required-recipient', level: 'warning', path: 'a.yaml', message: expect.stringContaining('ci cannot read it') }])
  })
})

describe('the policy', () => {
  const alone = [file([[alice, bob]])]
  test('warns of how a file will be, not of how it is', () => {
    const { findings, refusals } = plan(alone, { ...removal, policy: 'warn' }, become([alice]))
    expect(refusals).toEqual([])
    expect(findings.map(({ code, level }) => [code, level])).toEqual(expect.arrayContaining([['few-survivors', 'warning'], ['single-key-kind', 'warning']]))
  })

  test('enforced, refuses', () => {
    const { refusals } = plan(alone, { ...removal, policy: 'enforce' }, become([alice]))
    expect(refusals.map(({ path, reason }) => [path, reason.includes('policy: enforce')])).toEqual([['a.yaml', true], ['a.yaml', true]])
  })

  test('off, says nothing', () => {
    expect(plan(alone, removal, become([alice]))).toMatchObject({ findings: [], refusals: [] })
  })
})

describe('the owners file', () => {
  const text = `owners:\n  alice:\n    - ${kms.id}\n`
  const ownersFile = { path: '.sops-owners.yaml', text, removed: [{ owner: 'bob', recipient: bob, date: '2026-01-02', by: null, line: 4 }] }

  test('remembers who was removed, only where something is done', () => {
    const gone = { ...removal, removed: [kms], like: [kms], by: 'octocat' }
    const result = plan([file([[alice, kms]])], gone, become([alice]), { survey: { ownersFile } })
    expect(result.record).toMatchObject({ path: '.sops-owners.yaml', before: text, after: expect.stringMatching(/removed:\n(?:.*\n)*.*octocat/) })
    expect(plan([file([[alice]])], gone, { kind: 'same' }, { survey: { ownersFile } }).record).toBeNull()
  })

  describe('remembers who went by a config that was edited by hand', () => {
    const record = (files: readonly SurveyedFile[], rest: Partial<Survey> = {}): string | undefined =>
      plan(files, none, become([alice]), { survey: { ownersFile, ...rest } }).record?.after

    const dora: Recipient = { kind: 'age', id: `age1${'d'.repeat(58)}` }

    test('with the name that is known', () => {
      const known = owners.map((owner) => ({ ...owner, name: 'dora', recipient: dora }))
      expect(record([file([[alice, dora]])], { owners: known })).toMatch(/^removed:\n +- owner: dora\n +recipient: age1d+\n/m)
      expect(record([file([[alice, kms]])])).toMatch(/^removed:\n +- owner: alice\n +recipient: "?arn:.*\n/m)
    })

    test('not what no config could hold', () => {
      expect(record([file([[alice, ci]])])).toBeUndefined()
    })

    test('not while they can read, or stand in, anything', () => {
      const config = readSopsConfig('x/.sops.yaml', 'keys: []\n')
      expect(record([file([[alice, dora]])], { others: [file([[dora]], 'o.yaml')] })).toBeUndefined()
      expect(record([file([[alice, dora]])], { skipped: [{ path: 'l.yaml', reason: 'hard link', file: file([[dora]], 'l.yaml') }] })).toBeUndefined()
      expect(record([file([[alice, dora]])], { configs: [{ ...config, recipients: [dora] }] })).toBeUndefined()
    })

    test('not where the same key stays in another spelling', () => {
      const withRole: Recipient = { kind: 'kms', id: `${kms.id}+arn:aws:iam::1:role/ci` }
      expect(plan([file([[alice, kms]])], none, become([alice, withRole]), { survey: { ownersFile } }).record).toBeNull()
    })
  })

  test('is no part of what makes two plans the same', () => {
    const make = (date: string): string => {
      const gone = { ...removal, removed: [kms], like: [kms], date }
      return planIdentity(plan([file([[alice, kms]])], gone, become([alice]), { survey: { ownersFile } }), gone)
    }
    expect(make('2026-11-23')).toBe(make('2026-11-24'))
  })

  test('keeps who was removed from being let in again, by a request or by a rule', () => {
    const given = [{ removed: [], added: [{ recipient: bob, name: null }], like: [alice] }, {}]
    for (const one of given) {
      const { refusals } = plan([file([[alice]])], { ...none, ...one }, become([alice, bob]), { survey: { ownersFile } })
      expect(refusals).toEqual([{ path: 'a.yaml', reason: expect.stringMatching(/given to bob, whose key \.sops-owners\.yaml:4 records as removed on 2026-01-02/) }])
      const held = owners.map((owner) => ({ ...owner, from: 'owners-file' as const }))
      expect(plan([file([[alice]])], { ...none, ...one }, become([alice, bob]), { survey: { ownersFile, owners: held } }).refusals).toEqual([])
    }
  })

  test('that has come since makes another plan', () => {
    const gone = { ...removal, removed: [kms], like: [kms] }
    const identity = (survey: Partial<Survey>): string => planIdentity(plan([file([[alice, kms]])], gone, become([alice]), { survey }), gone)
    expect(identity({ ownersFile })).not.toBe(identity({}))
  })

  test('tells of a key that came back', () => {
    const back = plan([file([[alice, bob]])], none, { kind: 'same' }, { survey: { ownersFile } })
    expect(back.findings).toMatchObject([{ code: 'removed-came-back', level: 'warning', message: expect.stringContaining('bob, recorded as removed on 2026-01-02') }])
    const heldAgain = owners.map((one) => ({ ...one, from: 'owners-file' as const }))
    expect(plan([file([[alice, bob]])], none, { kind: 'same' }, { survey: { ownersFile, owners: heldAgain } }).findings).toEqual([])
    const kept = { ...ownersFile, removed: ownersFile.removed.map((one) => ({ ...one, recipient: kms })) }
    const again = { ...removal, removed: [kms], like: [kms] }
    expect(plan([file([[alice, kms]])], again, become([alice]), { survey: { ownersFile: kept } }).findings).toEqual([])
  })
})

test('a removed key that stays in comments is told of, in the config as it will be', () => {
  const dora: Recipient = { kind: 'age', id: `age1${'d'.repeat(58)}` }
  const ssh: Recipient = { kind: 'age-ssh', id: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK1dOZZ8Wz0CE2m4EWKc9zGPGfBNZBNHKO6nCtL4bFq' }
  const before = `creation_rules:\n  # - age: "${dora.id},age1x"\n  - age: ${dora.id} # ${dora.id}\n  # ${ssh.id} dora\n  - pgp: x\n`
  const config = { ...readSopsConfig('.sops.yaml', 'keys: []\n'), text: before }
  const found = (removed: readonly Recipient[], edits: readonly ConfigEdit[] = []): unknown =>
    plan([], { ...removal, removed }, { kind: 'same' }, { survey: { configs: [config] }, edits }).findings.filter(({ code }) => code === 'key-in-comment')
  expect(found([dora])).toMatchObject([{ level: 'notice', path: '.sops.yaml', message: expect.stringMatching(/^the comment in line 2 holds a removed key/) }])
  expect(found([dora, ssh])).toMatchObject([{ message: expect.stringMatching(/^the comments in lines 2, 4 hold/) }])
  expect(found([kms])).toEqual([])
  expect(found([dora], [{ kind: 'edited', path: '.sops.yaml', before, after: `creation_rules:\n  # - age: "age1x"\n` }])).toEqual([])
})

test('a .sops.yml is said to hold for nothing', () => {
  expect(plan([], none, { kind: 'same' }, { survey: { ignoredConfigs: ['.sops.yml'] } }).findings).toMatchObject([{ code: 'config-ignored', path: '.sops.yml' }])
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

  test('one whose rule names no keys is left, with a warning', () => {
    expect(plan([file([[alice]])], none, become())).toMatchObject({ changes: [], refusals: [], findings: [{ code: 'no-rule' }] })
    const configs = [readSopsConfig('.sops.yaml', 'creation_rules:\n  - path_regex: ^b\n    age: A\n  - encrypted_regex: ^x\n')]
    expect(plan([file([[alice, bob]])], removal, become(), { survey: { configs } }).refusals).toMatchObject([{
      reason: "the rule in line 4 of .sops.yaml, which is the first that matches it, names no keys, so that sops can't update it. Write its keys there, or into a rule above that one",
    }])
    expect(plan([file([[alice, bob]])], removal, become()).refusals).toMatchObject([{ reason: expect.stringContaining('names keys for it') }])
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
  const edited: ConfigEdit = { kind: 'edited', path: '.sops.yaml', before: 'b', after: 'a' }
  test('that was edited is part of the plan', () => {
    expect(plan([], removal, { kind: 'same' }, { edits: [edited] }).configs).toEqual([{ path: '.sops.yaml', before: 'b', after: 'a' }])
  })

  test('that is generated is refused, with its line', () => {
    const configs = [{ path: '.sops.yaml', text: '', recipients: [], owners: [], untold: [], generatedBy: { line: 2, text: '# AUTOMATICALLY GENERATED' } }]
    const { refusals, configs: planned } = plan([], removal, { kind: 'same' }, { edits: [edited], survey: { configs } })
    expect(refusals).toEqual([{ path: '.sops.yaml', reason: expect.stringContaining('line 2: # AUTOMATICALLY GENERATED') }])
    expect(planned).toEqual([])
  })

  test('that can’t be edited is refused', () => {
    const refused: ConfigEdit = { kind: 'refused', path: '.sops.yaml', line: 7, reason: 'a rule would have no recipient' }
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

describe('who leaves by one key and stays by another', () => {
  const otherOfBob: Recipient = { kind: 'age', id: 'age1other' }
  const context: Recipient = { kind: 'kms', id: `${kms.id}|App:web` }

  test('is said: another key of the same name', () => {
    const named = [...owners, { recipient: otherOfBob, name: 'Bob', from: 'comment' as const, path: 'x', line: 1 }]
    expect(plan([file([[alice, bob, otherOfBob]])], removal, become([alice, otherOfBob]), { survey: { owners: named } }).findings)
      .toMatchObject([{ code: 'still-reads', level: 'warning', path: 'a.yaml', message: expect.stringContaining('another key of Bob') }])
    // The one that takes the place is to stay.
    const replacement: RekeyRequest = { ...removal, added: [{ recipient: otherOfBob, name: 'Bob' }] }
    expect(plan([file([[alice, otherOfBob]])], replacement, { kind: 'same' }, { survey: { owners: named } }).findings).toEqual([])
  })

  const findingsFor = (gone: string, names: readonly (readonly [string, 'owners-file' | 'anchor' | 'comment'])[]): unknown => {
    const named = [{ recipient: bob, name: gone, from: 'anchor' as const, path: 'x', line: 1 },
      ...names.map(([name, from]) => ({ recipient: otherOfBob, name, from, path: 'x', line: 1 }))]
    return plan([file([[alice, bob, otherOfBob]])], removal, become([alice, otherOfBob]), { survey: { owners: named } }).findings
  }

  test.each([
    ['bob', 'bob yubikey'], ['bob', 'Bob’s yubikey'], ['bob', "bob's yubikey"], ['bob', 'bob-yubikey'], ['bob_yubikey', 'bob'], ['bob (laptop)', 'bob (yubikey)'],
    ['bob', 'bob(2024)'], ['bob', 'bob@acme.com'], ['Bob Smith <bob@acme.com>', 'bob@acme.com'], ['Robert bob@acme.com', 'Bob Smith <BOB@acme.com>'],
    ['bob@laptop', 'bob@desktop'], ['bob laptop', 'bob yubikey'], ['bob-laptop', 'Bob_YubiKey'], ['Bob’s laptop', 'bob (yubikey 5c)'], ['bob old', 'bob new'],
    ['bob1', 'bob2'], ['bob', 'bob2'], ['bob-2023', 'bob'], ['Bob Smith (work)', 'Bob Smith - home'], ['bob macbook-pro 2', 'Bob, phone'], ['bob-laptop1', 'bob-laptop2'], ['bob’s laptop', 'bob zenbook'], ['bob laptop', 'bob zenbook'],
    ['bob laptop', 'bob@acme.com'], ['bob dev laptop', 'bob dev yubikey'], ['falcon-1', 'falcon-2'],
  ])('is said with a perhaps: %s and %s', (gone, stays) => {
    expect(findingsFor(gone, [[stays, 'comment']])).toEqual([{ code: 'still-reads', level: 'warning', path: 'a.yaml',
      message: `it stays encrypted to ${shortForm(otherOfBob)}, whose name "${stays}" is like "${gone}", by which a removed key goes: perhaps it is the same person’s. Name it in \`removed-recipient\` too, if it is to go` }])
  })

  test.each([
    ['bob', 'bobby'], ['Bob Smith', 'Bob Jones'], ['bob@acme.com', 'bob@example.org'], ['bob@acme.com', 'alice@acme.com'], ['bob@laptop', 'alice@laptop'],
    ['root@web', 'root@db'], ['bob', 'alice'], ['bob laptop', 'alice laptop'], ['bob laptop', 'bobby yubikey'], ['prod cluster a', 'prod cluster b'],
    ['prod-1', 'prod-2'], ['prod old', 'prod new'], ['falcon cluster 1', 'falcon cluster 2'], ['web1', 'web2'], ['k8s', 'k9s'], ['work laptop', 'work phone'], ['ci key', 'ci backup'],
    ['Bob Smith 2', 'Bob Jones 2'], ['spare', 'backup key'], ['laptop', 'yubikey'], ['root@web1', 'root@web2'],
  ])('is not said: %s and %s', (gone, stays) => {
    expect(findingsFor(gone, [[stays, 'comment']])).toEqual([])
  })

  test('is said by any name of the key, unless the owners file knows whose it is', () => {
    expect(findingsFor('bob', [['b2', 'anchor'], ["bob's yubikey", 'comment']])).toMatchObject([{ message: expect.stringContaining('"bob\'s yubikey" is like "bob"') }])
    expect(findingsFor('bob', [['carol', 'owners-file'], ["bob's yubikey", 'comment']])).toEqual([])
  })

  test('is said: the same key in other words', () => {
    const gone: RekeyRequest = { ...none, removed: [kms], like: [kms] }
    expect(plan([file([[alice, kms, context]])], gone, become([alice, context])).findings)
      .toMatchObject([{ code: 'still-reads', message: expect.stringContaining('in other words') }])
    expect(plan([file([[alice, kms]])], gone, become([alice])).findings).toEqual([])
  })
})

test('a hard link that the removed can read is said', () => {
  const skipped = [{ path: 'a.yaml', reason: 'it is a hard link', file: file([[alice, bob]]) }]
  expect(plan([], removal, { kind: 'same' }, { survey: { skipped } }).findings).toMatchObject([{ code: 'still-reads', level: 'warning', path: 'a.yaml' }])
})

test('a damaged file refuses the run', () => {
  expect(plan([], none, { kind: 'same' }, { survey: { damaged: [{ path: 'x.yaml', damage: 'cut off' }] } }).refusals).toEqual([{ path: 'x.yaml', reason: expect.stringMatching(/^cut off\. .*`!path` in `files`/) }])
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

describe('who goes because a config leaves them out', () => {
  const names = (files: readonly SurveyedFile[], rest: { survey?: Partial<Survey>; named?: readonly Recipient[]; owners?: Survey['owners'] } = {}): unknown => {
    const made = plan(files.filter(({ path }) => path !== 'kept.yaml'), none, become([alice, ci]), { survey: rest.survey ?? {} })
    const kept = files.filter(({ path }) => path === 'kept.yaml').map((one) => ({ file: one, reason: '' }))
    return goneByConfig({ ...made, unchanged: [...made.unchanged, ...kept] }, survey(files, rest.survey), rest.named ?? [], rest.owners ?? owners)
  }
  const drifted = file([[alice, bob, ci]])
  const laptop = person('laptop')

  test.each<[string, readonly SurveyedFile[], Parameters<typeof names>[1], unknown]>([
    ['out of every file', [drifted], {}, [[bob]]],
    ['and is not named', [drifted], { named: [bob] }, []],
    ['unless they read another file', [drifted, file([[alice, bob]], 'kept.yaml')], {}, []],
    ['or one that the run leaves alone', [drifted], { survey: { others: [file([[bob]], 'other.yaml')] } }, []],
    ['or one that is skipped', [drifted], { survey: { skipped: [{ path: 'link', reason: '', file: file([[bob]], 'link') }] } }, []],
    ['each with all keys', [file([[alice, bob, laptop, mallory]])], { owners: [...owners, { ...owners[1] as Survey['owners'][number], recipient: laptop }] }, [[bob, laptop], [mallory]]],
    ['but not where the key is one of two that somebody had', [file([[alice, laptop, ci]])], { owners: [...owners, { ...owners[0] as Survey['owners'][number], recipient: laptop }] }, []],
    ['whoever it is', [file([[alice, laptop, ci]])], {}, [[laptop]]],
  ])('%s', (_, files, rest, expected) => {
    expect(names(files, rest)).toEqual(expected)
  })
})
