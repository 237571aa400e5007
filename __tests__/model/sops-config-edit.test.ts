import { execFileSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Failure } from '../../src/model/failure.ts'
import { diffLines, lineDiff } from '../../src/model/sops-config/diff.ts'
import { removeRecipients } from '../../src/model/sops-config/edit.ts'
import { proveEdit } from '../../src/model/sops-config/proof.ts'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'
import { resolveRecipients } from '../../src/model/owners/owners.ts'
import type { OwnedRecipient } from '../../src/model/owners/owners.ts'
import type { Recipient } from '../../src/model/recipient.ts'

// In the texts A, B and C stand for the age keys of alice, bob and carol, P for a PGP fingerprint; bob leaves.
const letters: Readonly<Record<string, string>> = {
  A: `age1${'a'.repeat(58)}`, B: `age1${'q'.repeat(58)}`, C: `age1${'c'.repeat(58)}`,
    P: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4',
}
const full = (text: string): string => text.replace(/\b[ABCP]\b/g, (letter) => letters[letter] ?? letter)
const age = (letter: string): Recipient => ({ kind: 'age', id: letters[letter] ?? '' })
const bob = [age('B')]

const remove = (text: string, removed: readonly Recipient[] = bob): ReturnType<typeof removeRecipients> =>
  removeRecipients(readSopsConfig('.sops.yaml', full(text)), removed)

function after(text: string, removed: readonly Recipient[] = bob): string {
  const result = remove(text, removed)
  if (result.kind !== 'edited') throw new Error(JSON.stringify(result))
  expect(result.before).toBe(full(text))
  return result.after
}

/** A rule whose keys stand as given, with another one after it. */
const rule = (keys: string): string => `creation_rules:\n  - path_regex: a\n${keys}  - age: A\n`

describe('a string of keys', () => {
  test.each([
    ['plain, first', '    age: B, A\n', '    age: A\n'],
    ['plain, between', '    age: A, B, C\n', '    age: A, C\n'],
    ['plain, last', '    age: A, B\n', '    age: A\n'],
    ['without blanks', '    age: A,B,C\n', '    age: A,C\n'],
    ['with a comma at the end', '    age: A, B,\n', '    age: A,\n'],
    ['twice', '    age: B, A, B\n', '    age: A\n'],
    ['in quotes', '    age: "A, B"\n', '    age: "A"\n'],
    ['in single quotes', '    age: \'B,A\'\n', '    age: \'A\'\n'],
    ['plain over lines, first', '    age: B,\n      A,\n      C\n', '    age: A,\n      C\n'],
    ['quoted over lines, last', '    age: "A,\n      C,\n      B"\n', '    age: "A,\n      C"\n'],
    ['quoted over lines, between', '    age: "A, B,\n      C"\n', '    age: "A,\n      C"\n'],
    ['folded, first', '    age: >-\n      B,\n      A\n', '    age: >-\n      A\n'],
    ['folded, last', '    age: >-\n      A,\n      C,\n      B\n', '    age: >-\n      A,\n      C\n'],
    ['folded, last, with a comma at the end', '    age: >-\n      A,\n      B,\n', '    age: >-\n      A,\n'],
    ['folded, two on a line', '    age: >-\n      A, B,\n      C\n', '    age: >-\n      A,\n      C\n'],
    ['folded, commas in front', '    age: >-\n      A\n      , B\n      , C\n', '    age: >-\n      A\n      , C\n'],
    ['folded, commas in front, first', '    age: >-\n      B\n      , A\n', '    age: >-\n      A\n'],
    ['literal', '    age: |\n      A,\n      B,\n      C\n', '    age: |\n      A,\n      C\n'],
    ['literal that keeps its blank lines', '    age: |+\n      A,\n      B\n\n', '    age: |+\n      A\n\n'],
    ['the only one beside another kind', '    age: B # bob\n    pgp: P\n', '    pgp: P\n'],
    ['folded, the only one beside another kind', '    pgp: P\n    age: >-\n      B\n', '    pgp: P\n'],
  ])('%s', (_, before, wanted) => {
    expect(after(rule(before))).toBe(full(rule(wanted)))
  })

  test('keeps comment and key together where comments are listed above it', () => {
    expect(after(rule('    # alice\n    # bob\n    # carol\n    age: >-\n      A,\n      B,\n      C\n')))
      .toBe(full(rule('    # alice\n    # carol\n    age: >-\n      A,\n      C\n')))
  })

  test.each([
    ['prose above', '    # Production secrets.\n    # Ask ops before changing this rule!\n    age: >-\n      A,\n      B\n'],
    ['a rule that was taken out above', '    # - path_regex: old\n    #   age: C\n    age: >-\n      A,\n      B\n'],
    ['stages beside', '    age: A,B # prod, staging\n'],
    ['stages above', '    # prod, staging\n    age: A,B\n'],
  ])('keeps what names nobody: %s', (_, before) => {
    expect(after(rule(before))).toBe(full(rule(before.replace(/,\s*B/, ''))))
  })

  test('keeps a comment above it that is no such list', () => {
    expect(after(rule('    # Everyone on call.\n    age: >-\n      A,\n      B\n')))
      .toBe(full(rule('    # Everyone on call.\n    age: >-\n      A\n')))
  })
})

describe('a list of keys', () => {
  test.each([
    ['block', '    age:\n      - A\n      - B\n', '    age:\n      - A\n'],
    ['block at the indentation of its key', '    age:\n    - B\n    - A\n', '    age:\n    - A\n'],
    ['block with commas in an item', '    age:\n      - A,B\n      - C\n', '    age:\n      - A\n      - C\n'],
    ['the comment beside it goes', '    age:\n      - A # alice\n      - B\t# bob\n', '    age:\n      - A # alice\n'],
    ['odd blanks stay', '    age:\n      -   A\t# alice\n      -  B\n      -    C   \n',
      '    age:\n      -   A\t# alice\n      -    C   \n'],
    ['flow', '    age: [A, B]\n', '    age: [A]\n'],
    ['flow, first', '    age: [ B, A ]\n', '    age: [ A ]\n'],
    ['flow, quoted', '    age: ["A", \'B\', "C"]\n', '    age: ["A", "C"]\n'],
    ['flow with commas in an item', '    age: ["A, B", C]\n', '    age: ["A", C]\n'],
    ['flow with a comma at the end', '    age: [A, B,]\n', '    age: [A,]\n'],
    ['flow over lines', '    age: [\n      A, # alice\n      B, # bob, mostly\n      C # carol\n      ]\n',
      '    age: [\n      A, # alice\n      C # carol\n      ]\n'],
    ['flow over lines, last', '    age: [\n      A, # alice, mostly\n      B # bob\n      ]\n',
      '    age: [\n      A # alice, mostly\n      ]\n'],
    ['flow over lines, closed beside it', '    age: [A,\n      B]\n', '    age: [A]\n'],
    ['flow, closed left of its key', '    age: [\n  A, # alice\n  # bob\n  B # bob\n  ]\n', '    age: [\n  A # alice\n  ]\n'],
    ['in quotes, left of its key', '    age: "A,\n  B,\n  C"\n', '    age: "A,\n  C"\n'],
    ['flow, opened beside it', '    age: [B,\n      A]\n', '    age: [A]\n'],
    ['flow, opened beside it, with comments', '    age: [B, # bob\n      # alice\n      A]\n',
      '    age: [\n      # alice\n      A]\n'],
    ['the only one beside another kind', '    age:\n      # bob\n      - B\n    pgp: [P]\n', '    pgp: [P]\n'],
    ['nothing in it that is no key is touched', '    age:\n      - ~\n      - 12\n      - B\n    pgp: [P]\n',
      '    age:\n      - ~\n      - 12\n    pgp: [P]\n'],
  ])('%s', (_, before, wanted) => {
    expect(after(rule(before))).toBe(full(rule(wanted)))
  })

  test('what stood first beside the dash makes room for the next, and for its comment', () => {
    expect(after('creation_rules:\n- age: B # bob\n  pgp: P\n- age: A')).toBe(full('creation_rules:\n- pgp: P\n- age: A'))
    expect(after('creation_rules:\n- age: B\n  # break-glass\n  pgp: P\n'))
      .toBe(full('creation_rules:\n- # break-glass\n  pgp: P\n'))
  })

  test('line ends are as they were', () => {
    expect(after('creation_rules:\r\n- age:\r\n  - A\r\n  - B\r\n')).toBe(full('creation_rules:\r\n- age:\r\n  - A\r\n'))
    expect(after('creation_rules:\r\n- age:\r\n  - A\r\n  - B')).toBe(full('creation_rules:\r\n- age:\r\n  - A'))
    expect(after('creation_rules:\n- age: >-\n    A,\n    B')).toBe(full('creation_rules:\n- age: >-\n    A'))
  })
})

describe('anchors and aliases', () => {
  test.each([
    ['a list of anchors', 'keys:\n  - &alice A\n  - &bob B\ncreation_rules:\n  - age: [*alice, *bob]\n  - key_groups:\n' +
      '      - age:\n          - *bob\n          - *alice\n',
      'keys:\n  - &alice A\ncreation_rules:\n  - age: [*alice]\n  - key_groups:\n      - age:\n          - *alice\n'],
    ['an anchor at its first use', 'creation_rules:\n  - age:\n      - &bob B\n      - &alice A\n  - age:\n      - *alice\n' +
      '      - *bob\n',
      'creation_rules:\n  - age:\n      - &alice A\n  - age:\n      - *alice\n'],
    ['an anchored string', 'team: &team A,B\ncreation_rules:\n  - age: *team\n  - age: *team\n',
      'team: &team A\ncreation_rules:\n  - age: *team\n  - age: *team\n'],
    ['an anchored group', 'groups:\n  - &dev\n    age: [A, B]\n  - &ops\n    age: [B]\ncreation_rules:\n  - key_groups:\n' +
      '      - *dev\n      - merge: [*dev, *ops]\n',
      'groups:\n  - &dev\n    age: [A]\ncreation_rules:\n  - key_groups:\n      - *dev\n      - merge: [*dev]\n'],
    ['a merged map', 'base: &base\n  age: A, B\n  pgp: P\ncreation_rules:\n  - <<: *base\n    path_regex: a\n  - <<: *base\n',
      'base: &base\n  age: A\n  pgp: P\ncreation_rules:\n  - <<: *base\n    path_regex: a\n  - <<: *base\n'],
    ['a merged map that goes', 'base: &base {age: B}\ncreation_rules:\n  - <<: *base\n    pgp: P\n',
      'creation_rules:\n  - pgp: P\n'],
    ['a map of anchors', 'keys:\n  users:\n    alice: &alice A\n    bob: &bob B\ncreation_rules:\n  - age: [*bob, *alice]\n',
      'keys:\n  users:\n    alice: &alice A\ncreation_rules:\n  - age: [*alice]\n'],
    ['the last anchor of a list', 'keys:\n  - &bob B\ncreation_rules:\n  - pgp: P\n    age: *bob\n',
      'creation_rules:\n  - pgp: P\n'],
  ])('%s', (_, before, wanted) => {
    expect(after(before)).toBe(full(wanted))
  })
})

describe('key groups', () => {
  const groups = (text: string): string => `creation_rules:\n  - path_regex: a\n    key_groups:\n${text}`
  const arn = 'arn:aws:kms:eu-west-1:111122223333:key/b'

  test.each([
    ['merge', age('B').id, '      - merge:\n          - age: [B]\n          - age:\n              - B\n              - A\n',
      '      - merge:\n          - age:\n              - A\n'],
    ['merge that goes', age('B').id, '      - merge:\n          - age: [B]\n        pgp:\n          - P\n',
      '      - pgp:\n          - P\n'],
    ['a KMS map', `${arn}+arn:aws:iam::1:role/r|App:x,Env:prod|ops`,
      `      - kms:\n          - arn: ${arn}\n            role: arn:aws:iam::1:role/r\n            context:\n`
        + `              Env: prod\n              App: x\n            aws_profile: ops\n          - arn: ${arn}\n`,
      `      - kms:\n          - arn: ${arn}\n`],
    ['a KMS map without its context is another key', arn,
      `      - kms:\n          - arn: ${arn}\n            context: {Env: prod}\n          - {arn: ${arn}}\n`,
      `      - kms:\n          - arn: ${arn}\n            context: {Env: prod}\n`],
    ['a GCP map', 'projects/p/locations/l/keyRings/r/cryptoKeys/k',
      '      - gcp_kms:\n          - resource_id: projects/p/locations/l/keyRings/r/cryptoKeys/k\n        age: [A]\n',
      '      - age: [A]\n'],
    ['an Azure map', 'https://v.vault.azure.net/keys/k/1', '      - age: [A]\n        azure_keyvault:\n' +
      '          - vaultUrl: https://v.vault.azure.net\n            key: k\n            version: "1"\n',
      '      - age: [A]\n'],
    ['a Huawei map', 'tr-west-1:6b1c8a3e-1d5e-4a8e-9d1c-0c2f0f5a7b11',
      '      - age: [A]\n        hckms: [{key_id: "tr-west-1:6b1c8a3e-1d5e-4a8e-9d1c-0c2f0f5a7b11"}]\n',
      '      - age: [A]\n'],
    ['a Vault URI', 'https://vault.example.com:8200/v1/transit/keys/k',
      '      - age: [A]\n        hc_vault:\n          - https://vault.example.com:8200/v1/transit/keys/k\n',
      '      - age: [A]\n'],
  ])('%s', (_, id, before, wanted) => {
    const kind = id.startsWith('age') ? 'age' : id.startsWith('arn') ? 'kms' : id.startsWith('projects') ? 'gcp_kms'
      : id.startsWith('tr-') ? 'hckms' : id.includes('/v1/') ? 'hc_vault' : 'azure_keyvault'
    expect(after(groups(before), [{ kind, id }])).toBe(full(groups(wanted)))
  })

  test('the keys of a flat rule are used with its aws_profile', () => {
    const text = `creation_rules:\n  - kms: ${arn},${arn}2\n    aws_profile: ops\n  - kms: ${arn}\n`
    expect(after(text, [{ kind: 'kms', id: `${arn}||ops` }])).toBe(text.replace(`${arn},`, ''))
  })

  test('destination rules too', () => {
    const text = 'destination_rules:\n  - s3_bucket: b\n    recreation_rule:\n      age: A, B\n'
    expect(after(text)).toBe(full(text.replace(', B', '')))
  })
})

describe('comments above a key', () => {
  test.each([
    ['one for each', '# alice\n- A\n# bob\n- B\n# carol\n- C\n', '# alice\n- A\n# carol\n- C\n'],
    ['one for each, of which the key has another name', '# alice\n- &a A\n# bob\n- &b B\n# carol\n- &c C\n',
      '# alice\n- &a A\n# bob\n# carol\n- &c C\n'],
    ['the last one under it', '- &a A\n# bob\n- B\n', '- &a A\n'],
    ['one that may be about the key above it stays', '- A\n# bob\n- B\n', '- A\n# bob\n'],
    ['one that has its word and stands over others stays', '# bob and friends\n- &bob B\n- &alice A\n', '# bob and friends\n- &alice A\n'],
    ['one that is its name and stands over others goes', '# Bob (laptop)\n- &bob B\n- &alice A\n', '- &alice A\n'],
    ['a heading stays for those after it', '# developers\n- &b B\n- &a A\n', '# developers\n- &a A\n'],
    ['a heading stays for those before it', '# developers\n- &a A\n- &b B\n', '# developers\n- &a A\n'],
    ['a heading stays though nobody is left under it', '# Platform\n- &a A\n# Gateway\n- &b B\n', '# Platform\n- &a A\n# Gateway\n'],
    ['a heading goes on after a blank line', '# Platform\n- &b B\n\n- &a A\n', '# Platform\n\n- &a A\n'],
    ['a comment that names the owner goes, the heading above it stays',
      '# developers\n# bob: until May\n# or June\n- &bob B\n- &a A\n', '# developers\n- &a A\n'],
    ['a heading over a commented first one stays, and the comment, since the key has a name', '# developers\n# Robert\n- &b B\n# carol\n- &c C\n',
      '# developers\n# Robert\n# carol\n- &c C\n'],
    ['a heading that names others too stays', '# bob and alice\n- &bob B\n- &alice A\n', '# bob and alice\n- &alice A\n'],
    ['a word that only contains the name does not name', '# web-servers\n- &web B\n- &app A\n', '# web-servers\n- &app A\n'],
    ['a task stays', '- &a A\n# TODO: new keys for all in 2027\n- &b B\n', '- &a A\n# TODO: new keys for all in 2027\n'],
    ['a policy stays', '- &a A\n\n# Rotation policy: every 90 days.\n# See the wiki.\n- &b B\n',
      '- &a A\n\n# Rotation policy: every 90 days.\n# See the wiki.\n'],
    ['a key that was taken out stays', '- &a A\n# - &dave P\n- &bob B\n', '- &a A\n# - &dave P\n'],
    ['a heading that is no name stays', '- &a A\n# --- team two ---\n- &b B\n', '- &a A\n# --- team two ---\n'],
    ['prose between a name and its key stays, and what stands above',
      '- &a A\n# Ask ops.\n# bob\n# see the wiki\n- &bob B\n',
      '- &a A\n# Ask ops.\n# see the wiki\n'],
    ['a sentence about the owner goes whole, the next one stays',
      '- &a A\n# bob has until May\n# or June\n# Ask ops.\n- &bob B\n',
      '- &a A\n# Ask ops.\n'],
    ['a name goes', '- &a A\n# Ask ops.\n# deploy robot\n- B\n', '- &a A\n# Ask ops.\n'],
    ['names stay where they may stand below their keys', '- A\n# alice\n- B\n# bob\n- C\n# carol\n', '- A\n# alice\n# bob\n- C\n# carol\n'],
    ['a comment behind the list stays', '- &a A\n- &b B\n# to be continued\n', '- &a A\n# to be continued\n'],
  ])('%s', (_, before, wanted) => {
    const keys = (text: string): string => `# bob wrote this file\nkeys:\n${text.replace(/^(?=.)/gm, '  ')}creation_rules: []\n`
    expect(after(keys(before))).toBe(full(keys(wanted)))
  })
})

test.each(['', '  '])('who is asked for by a name that may stand below the key is not found, and no other is taken, "%s"', (deeper) => {
  const keys = ['A # alice', `B\n  ${deeper}# bob`, `C\n  ${deeper}# carol`].map((key) => `  - ${key}\n`).join('')
  const { owners, recipients } = readSopsConfig('.sops.yaml', full(`keys:\n${keys}`))
  expect(resolveRecipients(['bob'], owners, recipients)).toMatchObject({ kind: 'unknown' })
  expect(resolveRecipients(['alice'], owners, recipients)).toEqual({ kind: 'resolved', recipients: [age('A')] })
})

test('what stands at the head of the file stays, though the list below it goes', () => {
  const rules = 'creation_rules:\n  - pgp: P\n'
  expect(after(`# Kept by the platform team.\nkeys:\n  - B\n\n${rules}`)).toBe(full(`# Kept by the platform team.\n\n${rules}`))
})

describe('a key that is commented out', () => {
  const rules = 'creation_rules:\n  - age:\n      - A\n      - B\n'
  test.each([
    ['goes', '# - B\n'], ['goes with its anchor', '#- &old B\n'], ['goes with its comment', '  # - B # until May\n'], ['goes without a dash', '    #B\n'],
    ['goes in quotes, with its comma', '#  "B",\n'],
  ])('%s', (_, line) => {
    expect(after(`${line}${rules}`)).toBe(full(rules.replace('      - B\n', '')))
    expect(after(`${rules}${line}`)).toBe(full(rules.replace('      - B\n', '')))
  })

  test.each([
    ['of somebody else', '# - A\n'], ['of several', '# - A,B\n'], ['of a rule', '#   age: B\n'], ['with a name', '# bob = B\n'],
  ])('stays where it is that %s', (_, line) => {
    expect(after(`${line}${rules}`)).toBe(full(line + rules.replace('      - B\n', '')))
  })

  test('stays in a text, and where nothing else of it goes', () => {
    expect(after(`note: |\n  # - B\n${rules}`)).toBe(full(`note: |\n  # - B\n${rules.replace('      - B\n', '')}`))
    expect(remove('# - B\ncreation_rules:\n  - age: A\n')).toEqual({ kind: 'untouched' })
  })
})

test('a byte order mark is no column', () => {
  expect(after('\uFEFFkeys:\n- B\n- A\n')).toBe(full('\uFEFFkeys:\n- A\n'))
  expect(after('\uFEFFold: B\nkeys: [A]\n')).toBe(full('\uFEFFkeys: [A]\n'))
})

test('what looks like a comment in a text is none', () => {
  expect(after('keys:\n  - |\n    keys of\n    # bob\n  - &bob B\n  - A\n'))
    .toBe(full('keys:\n  - |\n    keys of\n    # bob\n  - A\n'))
})

describe('refused', () => {
  test.each([
    ['a rule with nobody left', 'creation_rules:\n  - age: A\n  - path_regex: ^b/\n    age: B\n', 3,
      'the rule with path_regex ^b/ would have no recipient left.'],
    ['a rule without path_regex', 'creation_rules:\n  - age: B\n', 2,
      'rule 1 (without path_regex) would have no recipient left.'],
    ['a key group with nobody left', 'creation_rules:\n  - path_regex: a\n    key_groups:\n      - age: [A]\n      - age:\n' +
      '        - B\n', 5,
      'key group 2 of the rule with path_regex a would have no recipient left.'],
    ['a group behind an alias', 'g: &g [{age: [B]}]\ncreation_rules:\n  - key_groups: *g\n    age: A\n', 1,
      'key group 1 of rule 1 (without path_regex) would have no recipient left.'],
    ['a recreation_rule', 'destination_rules:\n  - recreation_rule: {age: B}\n', 2,
      'the recreation_rule of rule 1 (without path_regex) would have no recipient left.'],
    ['a file with nothing left', 'keys: [B]\n', 1, 'Nothing would be left of the file.'],
    ['a field that overrides other keys', 'base: &b\n  age: A\ncreation_rules:\n  - <<: *b\n    age: B\n    pgp: P\n', 5,
      'age would have nobody left here, and that of line 2, which << merges, would count in its place: write here what is wanted of it, without the <<.'],
    ['one of several that are merged', 'g: &g {age: [B]}\nh: &h {age: [A]}\ncreation_rules:\n  - key_groups:\n      - <<: [*g, *h]\n        pgp: [P]\n', 1,
      'age would have nobody left here, and that of line 2, which << merges, would count in its place: write here what is wanted of it, without the <<.'],
    ['a label that would come to be the name of who stays', 'creation_rules:\n  - age:\n      # robert\n      - B\n      - A\n', 5,
      'robert, in the comment there, would then be the name of age1aaaaaa…aaaa, which it is not now: write the name of each key beside it, or take the comment out.'],
    ['a label that may be about who goes, and would come to be the name of who stays', 'creation_rules:\n  - age:\n      - B\n      # robert\n      - A\n', 5,
      'robert, in the comment there, would then be the name of age1aaaaaa…aaaa, which it is not now: write the name of each key beside it, or take the comment out.'],
    ['fewer names than keys, which would then be as many', 'creation_rules:\n  - age: A,B,C # alice, carol\n', 2,
      'alice, in the comment there, would then be the name of age1aaaaaa…aaaa, which it is not now: write the name of each key beside it, or take the comment out.'],
  ])('%s', (_, text, line, reason) => {
    expect(remove(text)).toEqual({ kind: 'refused', path: '.sops.yaml', line, reason })
  })

  test('a KMS key that overrides another, with the profile that is merged', () => {
    const [kms, other] = ['k', 'l'].map((name) => `arn:aws:kms:eu-west-1:111122223333:key/${name}`)
    const text = `base: &b\n  kms: ${other ?? ''}\n  aws_profile: ops\ncreation_rules:\n  - <<: *b\n    kms: ${kms ?? ''}\n    pgp: P\n`
    expect(remove(text, [{ kind: 'kms', id: `${kms ?? ''}||ops` }])).toMatchObject({ kind: 'refused', line: 6, reason: expect.stringMatching(/^kms would/) })
  })

  test('not where a field that is overridden goes, or where both do', () => {
    expect(after('base: &b\n  age: B\n  pgp: P\ncreation_rules:\n  - <<: *b\n    age: A\n')).toBe(full('base: &b\n  pgp: P\ncreation_rules:\n  - <<: *b\n    age: A\n'))
    expect(after('base: &b\n  age: B\n  pgp: P\ncreation_rules:\n  - <<: *b\n    age: B\n')).toBe(full('base: &b\n  pgp: P\ncreation_rules:\n  - <<: *b\n'))
  })

  test('not where a key stays that is known by a short id', () => {
    expect(after('creation_rules:\n  - pgp: 85D77543B3D624B6\n    age: B\n')).toBe('creation_rules:\n  - pgp: 85D77543B3D624B6\n')
  })
})

test('a PGP key known by a short id goes, and its rule is not left with nobody', () => {
  const short = [{ kind: 'pgp', id: '85D77543B3D624B6' }] as const
  expect(after('creation_rules:\n  - pgp: P, 85D77543B3D624B6\n    age: B\n', short))
    .toBe(full('creation_rules:\n  - pgp: P\n    age: B\n'))
  expect(after('creation_rules:\n  - key_groups:\n      - pgp:\n          - 85d77543b3d624b6 # dave\n        age: [B]\n', short))
    .toBe(full('creation_rules:\n  - key_groups:\n      - age: [B]\n'))
  expect(remove('creation_rules:\n  - pgp: [85D77543B3D624B6]\n', short)).toMatchObject({ kind: 'refused', line: 2 })
})

describe('who is known from elsewhere', () => {
  const owners = (['A alice', 'B bob', 'C carol'] as const).map((of, at): OwnedRecipient =>
    ({ recipient: age(of.charAt(0)), name: of.slice(2), from: 'public-keys', path: 'keys.txt', line: at + 1 }))

  test.each([
    ['is taken out of a list of fewer names', 'creation_rules:\n  - age: A,B,C # alice, bob\n', 'creation_rules:\n  - age: A,C # alice\n'],
    ['and out of one of more', 'creation_rules:\n  - age: A,B # alice, bob, dave\n', 'creation_rules:\n  - age: A # alice, dave\n'],
    ['and above keys on lines', 'creation_rules:\n  - path_regex: a\n    # bob\n    # alice\n    age: >-\n      A,\n      B,\n      C\n',
      'creation_rules:\n  - path_regex: a\n    # alice\n    age: >-\n      A,\n      C\n'],
    ['and above two of which one stays', 'keys:\n  # bob\n  - B\n  - A\n', 'keys:\n  - A\n'],
    ['and not where the name is that of who stays', 'keys:\n  # alice\n  - B\n  - A\n', 'keys:\n  # alice\n  - A\n'],
  ])('%s', (_, before, wanted) => {
    const result = removeRecipients(readSopsConfig('.sops.yaml', full(before)), bob, owners)
    expect(result).toMatchObject({ kind: 'edited', after: full(wanted) })
  })
})

test('untouched where none of the keys is', () => {
  expect(remove('creation_rules:\n  - age: A # not B\n')).toEqual({ kind: 'untouched' })
  expect(remove('# only a comment\n')).toEqual({ kind: 'untouched' })
})

describe('an edit is proven', () => {
  const failure = (run: () => unknown): unknown => {
    try {
      return run()
    } catch (error) {
      return error instanceof Failure ? `${error.code}: ${error.message}` : error
    }
  }
  const before = full('keys: [A, B] # keys\ncreation_rules:\n  - age: A\n')
  const proof = (text: string): unknown => failure(() => {
    proveEdit('.sops.yaml', before, full(text), { removed: bob, added: [], like: [] })
  })

  test('one whose meaning would change is stopped: the key of a merged map would come through', () => {
    const text = 'base: &base\n  age: A\ncreation_rules:\n  - <<: *base\n    age: B\n    pgp: P\n'
    const edited = full(text.replace('    age: B\n', ''))
    expect(failure(() => { proveEdit('.sops.yaml', full(text), edited, { removed: bob, added: [], like: [] }) }))
      .toMatch(/^config-edit: \.sops\.yaml could not be edited: .* mean the same .* Take the key out .* by hand/)
  })

  test.each([
    ['an item', 'creation_rules:\n  - key_groups:\n      - age:\n          - A\n          - S\n'],
    ['one that nothing uses', 'creation_rules:\n  - age: A\nkeys:\n\n  - &bob S # bob\n'],
    ['a part of a string', 'creation_rules:\n  - age: >-\n      A,\n      B,\n      S\n'],
    ['a name', 'creation_rules:\n  - age: A\n\n\nS: B\n'],
    ['one in lower case', 'creation_rules:\n  - age:\n      - A\n\n      - s\n'],
    ['a post-quantum one', 'creation_rules:\n  - age:\n      - A\n\n      - PQ\n'],
    ['one in PEM', 'creation_rules:\n  - age: A\nkeys:\n  - |\n    -----BEGIN OPENSSH PRIVATE KEY-----\n    QQQQ\n'],
    ['one of a plugin', 'creation_rules:\n  - age: A\n    pgp:\n\n      - AGE-PLUGIN-YUBIKEY-1QQQQQQ\n'],
  ])('a private key is refused, also where nobody goes: %s', (_, text) => {
    const secret = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`
    const spelled = text.replace(/\bS\b/, secret).replace(/\bs\b/, secret.toLowerCase()).replace(/\bPQ\b/, secret.replace('KEY-', 'KEY-PQ-'))
    const said = failure(() => remove(spelled, []))
    expect(said).toMatch(/^config-unreadable: \.sops\.yaml:5 holds a private key where .* Take it out, and treat it as leaked.*removed-recipient/)
    expect(said).not.toMatch(/QQQQ/i)
    // In a comment it is nobody's recipient, and a file may be called like it.
    expect(remove('creation_rules:\n  - path_regex: age-secret-key-1.yaml|AGE-SECRET-KEY-2|AGE-PLUGIN-YUBIKEY-1.key\n    age: A\n')).toEqual({ kind: 'untouched' })
    expect(remove(`# ${secret}\ncreation_rules:\n  - age: A # ${secret}\n`)).toEqual({ kind: 'untouched' })
  })

  test('a key that is spelled with an escape is left to people', () => {
    expect(failure(() => remove('creation_rules:\n  - age: "A\\x2c B"\n'))).toMatch(/^config-edit: .*line 2 .*backslash/)
    expect(failure(() => remove('creation_rules:\n  - age: "A,\\\n      B"\n')))
      .toMatch(/line 2 .*backslash.* Write them without/)
  })

  test('the right one passes', () => {
    expect(proof('keys: [A] # keys\ncreation_rules:\n  - age: A\n')).toBeUndefined()
  })

  test.each([
    ['the key is still there', 'keys: [A, B] # keys\ncreation_rules:\n  - age: A\n'],
    ['another key went', 'keys: [] # keys\ncreation_rules:\n  - age: A\n'],
    ['another key came', 'keys: [A] # keys\ncreation_rules:\n  - age: A, C\n'],
    ['a comma came', 'keys: [A] # keys\ncreation_rules:\n  - age: A,\n'],
    ['it is no YAML', 'keys: [A # keys\ncreation_rules:\n  - age: A\n'],
    ['a comment changed', 'keys: [A] # Keys\ncreation_rules:\n  - age: A\n'],
    ['the quotes changed', 'keys: [A] # keys\ncreation_rules:\n  - age: "A"\n'],
    ['the lines changed their order', 'creation_rules:\n  - age: A\nkeys: [A] # keys\n'],
  ])('not where %s', (_, text) => {
    expect(proof(text)).toMatch(/^config-edit: /)
  })
})

test('a diff shows what changed with two lines around it', () => {
  expect(lineDiff('1\n2\n3\n4\n5\n6\n7\n8\n9\n', '1\n2\n4\n5\n6\n7\n8\nnine\n')).toBe(' 1\n 2\n-3\n 4\n 5\n@@\n 7\n 8\n-9\n+nine')
  expect(lineDiff('1\r\n2\r\n', '1\r\n')).toBe(' 1\n-2')
  expect(lineDiff('1\n', '1\n')).toBe('')
  expect(lineDiff('a\nb\nc\na\nb\nb\na\n', 'c\nb\na\nb\na\nc\n').split('\n').filter((line) => /^[-+]/.test(line))).toHaveLength(5)
})

test('a diff has the fewest changes that there can be, and both texts in it', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 14 })
  const common = (a: readonly string[], b: readonly string[]): number => {
    let row = Array.from({ length: b.length + 1 }, () => 0)
    for (const line of a) {
      const next = [0]
      for (const [at, other] of b.entries()) {
        next.push(line === other ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0))
      }
      row = next
    }
    return row[b.length] ?? 0
  }
  fc.assert(fc.property(lines, lines, (a, b) => {
    const diff = diffLines(`${a.join('\n')}\n`, `${b.join('\n')}\n`)
    const without = (sign: string): string[] => diff.filter(({ op }) => op !== sign).map(({ line }) => line)
    expect([without('+'), without('-')]).toEqual([a, b])
    expect(diff.filter(({ op }) => op === ' ')).toHaveLength(common(a, b))
    expect(diff.map(({ op }) => op).join('')).not.toContain('+-')
  }), { numRuns: 500 })
})

test('a diff with a change in each of thousands of rules takes little memory', () => {
  const program = `
    import { diffLines } from ${JSON.stringify(new URL('../../src/model/sops-config/diff.ts', import.meta.url).href)}
    const text = (key) => Array.from({ length: 5500 }, (_, at) => \`- path_regex: ^r\${at}/\\n  age: \${key}\\n\`).join('')
    console.log(diffLines(text('a,b'), text('a')).filter(({ op }) => op !== ' ').length)`
  const args = ['--max-old-space-size=64', '--input-type=module', '-e', program]
  expect(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })).toBe('11000\n')
}, 60_000)
