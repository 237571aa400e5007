import { describe, expect, test } from '@jest/globals'
import { Failure } from '../../src/model/failure.ts'
import { parseRecipient } from '../../src/model/recipient.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import type { ConfigChange } from '../../src/model/sops-config/change.ts'
import { editConfig } from '../../src/model/sops-config/edit.ts'
import { proveEdit } from '../../src/model/sops-config/proof.ts'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'

// A, B and C stand for the age keys of alice, bob and carol, P and Q for PGP fingerprints, the others for keys of clouds.
const letters: Readonly<Record<string, string>> = {
  A: `age1${'a'.repeat(58)}`, B: `age1${'q'.repeat(58)}`, C: `age1${'c'.repeat(58)}`, D: `age1${'d'.repeat(58)}`,
  P: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4', Q: '1022470DE3F0BC54BC6AB62DE05550BC07FB1A0A',
  K: 'arn:aws:kms:eu-west-1:111122223333:key/k', G: 'projects/p/locations/global/keyRings/r/cryptoKeys/g',
  S: 'projects/p/locations/global/keyRings/r/cryptoKeys/s',
  L: 'arn:aws:kms:eu-west-1:111122223333:key/l', Z: 'https://v.vault.azure.net/keys/k/12',
  V: 'https://vault.example.com:8200/v1/transit/keys/k',
  H: 'tr-west-1:6b1c8a3e-1d5e-4a8e-9d1c-0c2f0f5a7b11',
}
const full = (text: string): string => text.replace(/\b[A-Z]\b/g, (letter) => letters[letter] ?? letter)
const key = (text: string): Recipient => parseRecipient(full(text)) ?? { kind: 'age', id: text }
const role = 'arn:aws:iam::111122223333:role/r'

interface Request { readonly removed?: readonly string[]; readonly added: readonly string[]; readonly like?: readonly string[] }

/** `carol=C` comes with a name, `C` without one; without `like` beside bob. */
function changeOf({ removed = [], added, like = ['B'] }: Request): ConfigChange {
  return {
    removed: removed.map(key), like: like[0] === '*' ? 'every rule' : like.map(key),
    added: added.map((one) => one.includes('=') ? { name: one.split('=')[0] ?? '', recipient: key(one.split('=')[1] ?? '') }
      : { name: null, recipient: key(one) }),
  }
}

function edit(text: string, request: Request): string {
  const result = editConfig(readSopsConfig('.sops.yaml', full(text)), changeOf(request))
  return result.kind === 'edited' ? result.after : result.kind === 'refused' ? `${result.line}: ${result.reason}` : result.kind
}

describe('a key of another kind comes into its own field', () => {
  test.each([
    ['a string beside a string', 'Q', 'creation_rules:\n  - age: A,B\n', 'creation_rules:\n  - age: A,B\n    pgp: Q\n'],
    ['behind what is there', 'Q', 'creation_rules:\n  - pgp: P\n    age: B\n', 'creation_rules:\n  - pgp: P,Q\n    age: B\n'],
    ['a list beside a list', 'q=Q', 'creation_rules:\n- age:\n  - B # bob\n',
      'creation_rules:\n- age:\n  - B # bob\n  pgp:\n  - Q # q\n'],
    ['its owner above', 'q=Q', 'creation_rules:\n- age:\n  # bob\n  - B\n',
      'creation_rules:\n- age:\n  # bob\n  - B\n  pgp:\n  # q\n  - Q\n'],
    ['a flow list', 'Q', 'creation_rules:\n- age: [B]\n', 'creation_rules:\n- age: [B]\n  pgp: [Q]\n'],
    ['between braces', 'Q', 'creation_rules: [{age: B}]\n', 'creation_rules: [{age: B, pgp: Q}]\n'],
    ['in quotes like its neighbour', 'Q', 'creation_rules:\n- age: \'B\'\n', 'creation_rules:\n- age: \'B\'\n  pgp: \'Q\'\n'],
    ['an empty list', 'Q', 'creation_rules:\n- age: B\n  pgp: []\n', 'creation_rules:\n- age: B\n  pgp: [Q]\n'],
    ['an empty field', 'Q', 'creation_rules:\n- age: B\n  pgp:\n', 'creation_rules:\n- age: B\n  pgp: Q\n'],
    ['a fingerprint with blanks', 'fbc7 b9e2 a4f9 289a c0c1 d484 3d16 cee4 a273 81b4', 'creation_rules:\n- age: B\n',
      'creation_rules:\n- age: B\n  pgp: P\n'],
    ['a fingerprint that looks like a number', '1'.repeat(40), 'creation_rules:\n- age: B\n',
      `creation_rules:\n- age: B\n  pgp: "${'1'.repeat(40)}"\n`],
    ['Vault in a rule', 'V', 'creation_rules:\n- age: B\n', 'creation_rules:\n- age: B\n  hc_vault_transit_uri: V\n'],
    ['Vault in a group', 'V', 'creation_rules:\n- key_groups: [{age: [B]}]\n',
      'creation_rules:\n- key_groups: [{age: [B], hc_vault: [V]}]\n'],
    ['an alias of one key, which is spelled out', 'Q', 'keys:\n- &p P\n- &bob B\ncreation_rules:\n- pgp: *p\n  age: *bob\n',
      'keys:\n- &p P\n- &bob B\n- Q\ncreation_rules:\n- pgp: P,Q\n  age: *bob\n'],
    ['an alias of one key that others have too', 'Q', 'keys:\n- &p P\n- &bob B\ncreation_rules:\n- pgp: *p\n  age: A\n- pgp: *p\n  age: *bob\n',
      'keys:\n- &p P\n- &bob B\n- Q\ncreation_rules:\n- pgp: *p\n  age: A\n- pgp: P,Q\n  age: *bob\n'],
    ['an alias defined at its first use', 'Q', 'creation_rules:\n- pgp: &p >-\n    P\n  age: A\n- age: B\n  pgp: *p\n',
      'creation_rules:\n- pgp: &p >-\n    P\n  age: A\n- age: B\n  pgp: P,Q\n'],
    ['HuaweiCloud, which sops takes as a list only', 'H', 'creation_rules:\n- age: B\n',
      'creation_rules:\n- age: B\n  hckms: [H]\n'],
    ['KMS with a role in a rule', `K+${role}`, 'creation_rules:\n- age: B\n', `creation_rules:\n- age: B\n  kms: K+${role}\n`],
    ['KMS with the profile of its rule', 'K||ops', 'creation_rules:\n- age: B\n  aws_profile: ops\n',
      'creation_rules:\n- age: B\n  kms: K\n  aws_profile: ops\n'],
    ['KMS in a group', `dr=K+${role}|App:x,Env:1|ops`, 'creation_rules:\n- key_groups:\n  - age:\n    - B # bob\n',
      'creation_rules:\n- key_groups:\n  - age:\n    - B # bob\n    kms:\n    - arn: K # dr\n'
        + `      role: ${role}\n      context:\n        App: x\n        Env: "1"\n      aws_profile: ops\n`],
    ['GCP, Azure and HuaweiCloud in a group', 'G Z H', 'creation_rules:\n- key_groups:\n  - age:\n    - B\n',
      'creation_rules:\n- key_groups:\n  - age:\n    - B\n    gcp_kms:\n    - resource_id: G\n    azure_keyvault:\n'
        + '    - vaultUrl: https://v.vault.azure.net\n      key: k\n      version: "12"\n    hckms:\n    - key_id: H\n'],
  ])('%s', (_, added, before, wanted) => {
    const keys = /^[A-Z]( [A-Z])*$/.test(added) ? added.split(' ') : [added]
    expect(edit(before, { added: keys })).toBe(full(wanted))
  })

  test('and the one whose place it takes goes with its field', () => {
    expect(edit('creation_rules:\n- age: B\n  path_regex: a\n', { removed: ['B'], added: ['Q'] }))
      .toBe(full('creation_rules:\n- pgp: Q\n  path_regex: a\n'))
  })
})

describe('a key of the same kind', () => {
  test.each<readonly [string, Request, string, string]>([
    ['a map behind a map', { added: ['dr=K||ops'], like: ['K'] },
      'creation_rules:\n- key_groups:\n  - kms:\n    - arn: K # prod\n',
      'creation_rules:\n- key_groups:\n  - kms:\n    - arn: K # prod\n    - arn: K # dr\n      aws_profile: ops\n'],
    ['a map in the place of a map: only its text', { removed: ['G'], added: ['S'], like: ['G'] },
      'creation_rules:\n- key_groups:\n  - gcp_kms:\n    - resource_id: G # prod\n',
      'creation_rules:\n- key_groups:\n  - gcp_kms:\n    - resource_id: S # prod\n'],
    ['a map with other entries in the place of a map', { removed: ['K'], added: ['dr=K||ops'], like: ['K'] },
      'creation_rules:\n- key_groups:\n  - kms:\n    - arn: K # prod\n    age: [A]\n',
      'creation_rules:\n- key_groups:\n  - kms:\n    - arn: K # dr\n      aws_profile: ops\n    age: [A]\n'],
    ['an anchored map behind one', { added: ['dr=K||ops'], like: ['K'] },
      'keys:\n- &k {arn: K}\ncreation_rules:\n- key_groups:\n  - kms: [*k]\n',
      'keys:\n- &k {arn: K}\n- &dr {arn: K, aws_profile: ops}\ncreation_rules:\n- key_groups:\n  - kms: [*k, *dr]\n'],
    ['two of them', { added: ['carol=C', 'dave=D'] }, 'creation_rules:\n- age:\n  - B # bob\n',
      'creation_rules:\n- age:\n  - B # bob\n  - C # carol\n  - D # dave\n'],
    ['one that is there already stays once', { added: ['C'] }, 'creation_rules:\n- age: B,C\n- age: B\n',
      'creation_rules:\n- age: B,C\n- age: B,C\n'],
    ['once beside two models', { added: ['C'], like: ['A', 'B'] }, 'creation_rules:\n- age: A,B\n',
      'creation_rules:\n- age: A,C,B\n'],
    ['a comment over several keys is none of the one', { added: ['carol=C'] },
      'creation_rules:\n- age:\n  # team\n  - B\n  - A\n',
      'creation_rules:\n- age:\n  # team\n  - B\n  - C\n  - A\n'],
    ['without a name it does not pass for that of the comment above', { added: ['C'] },
      'creation_rules:\n- age:\n  # bob\n  - B\n',
      'creation_rules:\n- age:\n  # bob\n  - B\n  # age1cccccc…cccc\n  - C\n'],
    ['without a name in a list by position', { added: ['C'] }, 'creation_rules:\n- age: B,A # bob, alice\n',
      'creation_rules:\n- age: B,C,A # bob, age1cccccc…cccc, alice\n'],
    ['under one of two labels with one text', { added: ['carol=C'] },
      'creation_rules:\n- age:\n  # alice\n  - A\n  # bob\n  - B\n  # bob\n  - D\n',
      'creation_rules:\n- age:\n  # alice\n  - A\n  # bob\n  - B\n  # carol\n  - C\n  # bob\n  - D\n'],
    ['in the place of both', { removed: ['B', 'D'], added: ['carol=C'], like: ['B', 'D'] },
      'creation_rules:\n- age:\n  # alice\n  - A\n  # bob\n  - B\n  # bob\n  - D\n',
      'creation_rules:\n- age:\n  # alice\n  - A\n  # carol\n  - C\n'],
    ['in the place of one of them', { removed: ['B'], added: ['carol=C'] },
      'creation_rules:\n- age:\n  # alice\n  - A\n  # bob\n  - B\n  # bob\n  - D\n',
      'creation_rules:\n- age:\n  # alice\n  - A\n  # carol\n  - C\n  # bob\n  - D\n'],
    ['and one of them out, with its own', { removed: ['B'], added: [] },
      'creation_rules:\n- age:\n  # alice\n  - A\n  # bob\n  - B\n  # bob\n  - D\n',
      'creation_rules:\n- age:\n  # alice\n  - A\n  # bob\n  - D\n'],
    ['a comment that names nobody is left alone, beside', { added: ['carol=C'] }, 'creation_rules:\n- age: B # ask first\n',
      'creation_rules:\n- age: B,C # ask first\n'],
    ['a comment that names nobody is left alone, by position', { removed: ['B'], added: ['carol=C'] },
      'creation_rules:\n- age: A,B # prod, staging\n', 'creation_rules:\n- age: A,C # prod, staging\n'],
    ['comments that name nobody are left alone, above', { removed: ['B'], added: ['carol=C'] },
      'creation_rules:\n# Production secrets.\n# Ask ops!\n- age: >-\n    A,\n    B\n',
      'creation_rules:\n# Production secrets.\n# Ask ops!\n- age: >-\n    A,\n    C\n'],
    ['prose above a key does not become its name', { removed: ['B'], added: ['carol=C'] },
      'creation_rules:\n- age:\n  - A\n  # TODO: new keys.\n  - B\n',
      'creation_rules:\n- age:\n  - A\n  # TODO: new keys.\n  - C\n'],
    ['on a line of its own where lines begin with their comma', { added: ['carol=C', 'D'] },
      'creation_rules:\n- age: [ A # alice\n       , B # bob\n       ]\n',
      'creation_rules:\n- age: [ A # alice\n       , B # bob\n       , C # carol\n       , D\n       ]\n'],
    ['so behind the first', { added: ['carol=C'], like: ['A'] },
      'creation_rules:\n- age: [ A # alice\n       , B # bob\n       ]\n',
      'creation_rules:\n- age: [ A # alice\n       , C # carol\n       , B # bob\n       ]\n'],
    ['with an encryption context in any order', { added: ['L|B:2,A:1'], like: ['K|d:1,c:2'] },
      'creation_rules:\n- key_groups:\n  - kms: [{arn: K, context: {c: "2", d: "1"}}]\n',
      'creation_rules:\n- key_groups:\n  - kms: [{arn: K, context: {c: "2", d: "1"}}, {arn: L, context: {A: "1", B: "2"}}]\n'],
    ['and so out', { removed: ['K|a-b:1,a:2'], added: [] },
      'creation_rules:\n- key_groups:\n  - kms: [{arn: K, context: {a-b: "1", a: "2"}}, {arn: L}]\n',
      'creation_rules:\n- key_groups:\n  - kms: [{arn: L}]\n'],
    ...[['a\u200db', 'ab'], ['x\ty', 'x y'], ['a\u202eb\u0007', 'ab']].map(([name = '', written = '']) =>
      [`without what is not seen in its name, ${JSON.stringify(name)}`, { added: [`${name}=C`] },
        'creation_rules:\n- age:\n  - B # bob\n',
        `creation_rules:\n- age:\n  - B # bob\n  - C # ${written}\n`] as const),
    ...['\u200d', '<<', 'x'.repeat(201)].map((name) => [
      `without a name that is none, ${JSON.stringify(name)}`, { added: [`${name}=C`] },
      'keys: {bob: &bob B}\ncreation_rules:\n- age:\n  - *bob # bob\n',
      'keys: {bob: &bob B}\ncreation_rules:\n- age:\n  - *bob # bob\n  - C\n'] as const),
    ['in a table under a name that needs quotes', { added: ['*x=C'] }, 'keys:\n  bob: B\ncreation_rules:\n- age: B\n',
      'keys:\n  bob: B\n  "*x": C\ncreation_rules:\n- age: B,C\n'],
    ['so between braces', { added: ['a: #b=C'] }, 'keys: {bob: B}\ncreation_rules:\n- age: B\n',
      'keys: {bob: B, "a: #b": C}\ncreation_rules:\n- age: B,C\n'],
    ['in quotes between braces', { added: ['C'] }, 'creation_rules: [{age: B}]\n', 'creation_rules: [{age: "B,C"}]\n'],
  ])('%s', (_, request, before, wanted) => {
    expect(edit(before, request)).toBe(full(wanted))
  })
})

describe('anchors', () => {
  const rules = 'creation_rules:\n- age: [*bob, *alice]\n'
  test.each<readonly [string, Request, string, string]>([
    ['a name that is taken', { added: ['alice=C'] }, `keys: [&bob B, &alice A]\n${rules}`,
      'keys: [&bob B, &alice-2 C, &alice A]\ncreation_rules:\n- age: [*bob, *alice-2, *alice]\n'],
    ['a name that is none for an anchor', { added: ['Zoë Ω [x] <z@x.org>=C'] }, `keys: [&bob B, &alice A]\n${rules}`,
      'keys: [&bob B, &Zoe-x C, &alice A]\ncreation_rules:\n- age: [*bob, *Zoe-x, *alice]\n'],
    ['without a name the key itself', { added: ['C'] }, `keys: [&bob B, &alice A]\n${rules}`,
      'keys: [&bob B, C, &alice A]\ncreation_rules:\n- age: [*bob, C, *alice]\n'],
    ['in the place of one without a name: its anchor stays', { removed: ['B'], added: ['C'] },
      `keys: [&bob B, &alice A]\n${rules}`,
      `keys: [&bob C, &alice A]\n${rules}`],
    ['in the place of one of the same name', { removed: ['B'], added: ['bob=C'] }, `keys: [&bob B, &alice A]\n${rules}`,
      `keys: [&bob C, &alice A]\n${rules}`],
    ['one for two that go', { removed: ['A', 'B'], added: ['carol=C'], like: ['A', 'B'] }, `keys: [&bob B, &alice A]\n${rules}`,
      'keys: [&carol C]\ncreation_rules:\n- age: [*carol]\n'],
    ['the one that the key has', { added: ['C'] }, `keys: [&c C, &bob B, &alice A]\n${rules}`,
      'keys: [&c C, &bob B, &alice A]\ncreation_rules:\n- age: [*bob, *c, *alice]\n'],
    ['not one that stands further down', { added: ['C'] }, 'creation_rules:\n- age: [&bob B]\n- age: [&c C]\n',
      'creation_rules:\n- age: [&bob B, C]\n- age: [&c C]\n'],
    ['the place of one beside whom the key stands already', { removed: ['B'], added: ['C'] },
      'keys: [&bob B, &c C]\ncreation_rules:\n- age: [*bob, *c]\n- age: [*bob]\n',
      'keys: [&c C]\ncreation_rules:\n- age: [*c]\n- age: [*c]\n'],
    ['not an alias of one further down', { added: ['C'] }, 'keys: [&bob B]\ncreation_rules:\n- age: [*bob]\n- age: [&c C]\n',
      'keys: [&bob B, C]\ncreation_rules:\n- age: [*bob, C]\n- age: [&c C]\n'],
    ['not one that two keys have', { added: ['C'] }, 'keys: [&x C, &bob B]\nold: [&x A]\ncreation_rules:\n- age: [*bob]\n',
      'keys: [&x C, &bob B]\nold: [&x A]\ncreation_rules:\n- age: [*bob, C]\n'],
    ['not that of one beside whom the key stands already', { removed: ['B'], added: ['C'] },
      'keys: [&bob B]\ncreation_rules:\n- age: [*bob, C]\n- age: [*bob]\n',
      'keys: [C]\ncreation_rules:\n- age: [C]\n- age: [C]\n'],
    ['defined over several lines: only the text of the key', { removed: ['B'], added: ['carol=C'] },
      'keys:\n- &bob >- # its own line\n    B\n\n- &alice |\n  A\ncreation_rules:\n- age: [*bob, *alice]\n',
      'keys:\n- &carol >- # its own line\n    C\n\n- &alice |\n  A\ncreation_rules:\n- age: [*carol, *alice]\n'],
    ['so where line ends count', { removed: ['B'], added: ['C'] }, 'keys:\n- &bob |\n  B\n- &alice A\ncreation_rules:\n- age: [*bob, *alice]\n',
      'keys:\n- &bob |\n  C\n- &alice A\ncreation_rules:\n- age: [*bob, *alice]\n'],
    ['two for one, where a field is an alias: spelled out', { removed: ['B'], added: ['carol=C', 'dave=D'] },
      'keys:\n- &bob B\ncreation_rules:\n- age: *bob # bob\n- age: [*bob]\n',
      'keys:\n- &carol C\n- &dave D\ncreation_rules:\n- age: C,D # carol, dave\n- age: [*carol, *dave]\n'],
    ['two for one without names, in quotes', { removed: ['B'], added: ['C', 'D'] }, 'keys:\n- &bob B\ncreation_rules: [{age: *bob}]\n',
      'keys:\n- &bob C\n- D\ncreation_rules: [{age: "C,D"}]\n'],
    ['one more, where a field is an alias with its name beside it', { added: ['carol=C'] }, 'keys:\n- &b1 B\ncreation_rules:\n- age: *b1 # bob\n',
      'keys:\n- &b1 B\n- &carol C\ncreation_rules:\n- age: B,C # bob, carol\n'],
    ['another kind among them', { added: ['q=Q'] }, `keys: [&bob B, &alice A]\n${rules}`,
      'keys: [&bob B, &q Q, &alice A]\ncreation_rules:\n- age: [*bob, *alice]\n  pgp: [*q]\n'],
  ])('%s', (_, request, before, wanted) => {
    expect(edit(before, request)).toBe(full(wanted))
  })
})

describe('a name that would keep others from being read is written as one word', () => {
  test.each<readonly [string, Request, string, string]>([
    ['in a line', { removed: ['B'], added: ['bob laptop=C'] }, 'creation_rules:\n- age: A,B # alice, bob\n',
      'creation_rules:\n- age: A,C # alice, bob-laptop\n'],
    ['in a line above', { added: ["zoe's laptop=C"] }, 'creation_rules:\n- path_regex: a\n  # alice, bob\n  age: [A, B]\n',
      'creation_rules:\n- path_regex: a\n  # alice, bob, zoe-s-laptop\n  age: [A, B, C]\n'],
    ['one for two', { added: ['zoe & max=C'] }, 'creation_rules:\n- age: A,B # alice, bob\n',
      'creation_rules:\n- age: A,B,C # alice, bob, zoe-max\n'],
    ['on lines', { added: ['bob laptop=C', 'Dave Doe=D'] }, 'creation_rules:\n# alice\n# bob\n- age: >-\n    A,\n    B\n',
      'creation_rules:\n# alice\n# bob\n# bob-laptop\n# Dave Doe\n- age: >-\n    A,\n    B,\n    C,\n    D\n'],
    ['above keys', { added: ['Kim, Zoe=C'] }, 'creation_rules:\n- age:\n  # alice\n  - A\n  # bob\n  - B\n',
      'creation_rules:\n- age:\n  # alice\n  - A\n  # bob\n  - B\n  # Kim-Zoe\n  - C\n'],
    ['where it would not be read itself', { added: ['added by zoe=C'] }, 'creation_rules:\n- age:\n  - B # bob\n',
      'creation_rules:\n- age:\n  - B # bob\n  - C # added-by-zoe\n'],
    ['but not where it is', { added: ['zoe laptop=C'] }, 'creation_rules:\n- age:\n  # bob\n  - B\n',
      'creation_rules:\n- age:\n  # bob\n  - B\n  # zoe laptop\n  - C\n'],
    ['nor where nobody is named there', { added: ['zoe laptop=C'] }, 'creation_rules:\n- age: B # alice, bob\n',
      'creation_rules:\n- age: B,C # alice, bob, zoe laptop\n'],
  ])('%s', (_, request, before, wanted) => {
    expect(edit(before, request)).toBe(full(wanted))
  })

  test.each<readonly [string, Request, string]>([
    ['in a line', { removed: ['B'], added: ['prod=C'] }, 'creation_rules:\n- age: A,B # alice, bob\n'],
    ['where the removal alone would do no better', { removed: ['B'], added: ['prod=C'] }, 'creation_rules:\n- path_regex: a\n  # alice, bob\n  age: [A, B]\n'],
    ['on lines', { added: ['prod=C'] }, 'creation_rules:\n- path_regex: a\n  # alice\n  # bob\n  age: >-\n    A,\n    B\n'],
  ])('and refused where no word of it would do: %s', (_, request, text) => {
    expect(edit(text, request)).toMatch(/^\d: the comment there lists names, and would not be read as names any more with prod: give a name of one word that is somebody's, or write the name of each key beside it\.$/)
  })
})

test('a name that is lost with who goes is no reason against who comes', () => {
  const text = 'creation_rules:\n- path_regex: a\n  # carol, bob\n  age: [C, B]\n- age: A # alice\n'
  expect(edit(text, { removed: ['C'], added: ['dave=D'], like: ['A'] }))
    .toBe(full('creation_rules:\n- path_regex: a\n  # bob\n  age: [B]\n- age: A,D # alice, dave\n'))
})

describe('every rule', () => {
  const every = { added: ['carol=C'], like: ['*'] }
  test.each([
    ['gets the key, but for those without keys',
      'creation_rules:\n- path_regex: a\n- age: A\n- pgp: P\n- key_groups: [{age: [B]}]\n',
      'creation_rules:\n- path_regex: a\n- age: A,C\n- pgp: P\n  age: C\n- key_groups: [{age: [B, C]}]\n'],
    ['a recreation_rule too', 'destination_rules:\n- recreation_rule: {age: A}\n',
      'destination_rules:\n- recreation_rule: {age: "A,C"}\n'],
    ['with an anchor among the others', 'keys:\n- &a A\ncreation_rules:\n- age: [*a]\n',
      'keys:\n- &a A\n- &carol C\ncreation_rules:\n- age: [*a, *carol]\n'],
    ['a group that has it by what it merges', 'creation_rules:\n- key_groups:\n  - merge: [{age: [C]}]\n    age: [A]\n- age: A\n',
      'creation_rules:\n- key_groups:\n  - merge: [{age: [C]}]\n    age: [A]\n- age: A,C\n'],
    ['not where one of several groups has it', 'creation_rules:\n- key_groups: [{age: [C]}, {age: [A]}]\n- age: A\n',
      'creation_rules:\n- key_groups: [{age: [C]}, {age: [A]}]\n- age: A,C\n'],
    ['that has short PGP ids alone', 'creation_rules:\n- pgp: 85D77543B3D624B6\n',
      'creation_rules:\n- pgp: 85D77543B3D624B6\n  age: C\n'],
  ])('%s', (_, before, wanted) => {
    expect(edit(before, every)).toBe(full(wanted))
  })

  test('is refused where a rule has several key groups', () => {
    expect(edit('creation_rules:\n- age: A\n- path_regex: b\n  key_groups: [{age: [A]}, {age: [B]}]\n', every))
      .toMatch(/^3: the rule with path_regex b has 2 key groups, .*same-access-as/)
  })
})

describe('a key comes once to all that a list means', () => {
  const shared = (age: string): string => `x: &all "A,B"\ncreation_rules:\n- path_regex: a\n  age: *all\n- age: ${age}\n`
  const sharedWithCarol = (age: string): string => shared(age).replace('A,B', 'A,B,C')

  test.each<[string, Request, string, string]>([
    ['for every rule', { added: ['C'], like: ['*'] }, shared('[*all, D]'), sharedWithCarol('[*all, D]')],
    ['beside one that stands in both', { added: ['C'] }, shared('[*all, B]'), sharedWithCarol('[*all, B]')],
    ['in the place of that one', { removed: ['B'], added: ['C'] }, shared('[*all, B]'), shared('[*all]').replace('A,B', 'A,C')],
    ['in the place of one that stands twice', { removed: ['B'], added: ['C'] }, 'creation_rules:\n- age: [A, B, B]\n', 'creation_rules:\n- age: [A, C]\n'],
    ['and of its comments', { removed: ['B'], added: ['carol=C'] }, 'creation_rules:\n- age:\n  - B # bob\n  - B # bob again\n',
      'creation_rules:\n- age:\n  - C # carol\n'],
    ['and of its anchors', { removed: ['B'], added: ['carol=C'] }, 'keys:\n- &bob B\n- &rob B\ncreation_rules:\n- age: [*bob, *rob]\n- age: [*rob]\n',
      'keys:\n- &carol C\ncreation_rules:\n- age: [*carol]\n- age: [*carol]\n'],
  ])('%s', (_, request, before, wanted) => {
    expect(edit(before, request)).toBe(full(wanted))
  })
})

describe('refused', () => {
  test.each([
    ['an encryption context in a rule', 'K|App:x', 'creation_rules:\n- age: A\n- age: B\n',
      /^3: .*encryption context or a profile/],
    ['another profile than that of the rule', 'K', 'creation_rules:\n- age: B\n  aws_profile: ops\n',
      /^2: .*encryption context or a profile/],
  ])('%s', (_, added, text, message) => {
    expect(edit(text, { added: [added] })).toMatch(message)
  })

  test.each([
    ['a list behind aliases',
      'p: &p [P]\ncreation_rules:\n- age: B\n  pgp: *p\n- age: A\n  pgp: *p\n', /^4: line 4 and line 6 share their pgp \(&p\)/],
    ['a merged field', 'b: &b\n  pgp: P\ncreation_rules:\n- age: A\n  <<: *b\n- <<: *b\n  age: B\n',
      /^6: line 6 and line 4 share their pgp \(&b\), .*apart/],
    ['a field of key groups',
      'creation_rules:\n- key_groups:\n  - pgp: &p [P]\n    age: [B]\n- key_groups:\n  - merge: [{pgp: *p}]\n',
      /^3: line 3 and line 6 share their pgp \(&p\)/],
  ])('%s that a rule shares which is not to get the key', (_, text, message) => {
    expect(edit(text, { added: ['Q'] })).toMatch(message)
    expect(edit(text, { removed: ['B'], added: ['Q'] })).toMatch(message)
  })

  test('not where all who share it get the key', () => {
    const text = 'p: &p [P]\ncreation_rules:\n- age: B\n  pgp: *p\n- age: B,A\n  pgp: *p\n'
    expect(edit(text, { added: ['Q'] })).toBe(full(text.replace('[P]', '[P, Q]')))
    expect(edit(text, { added: ['Q'], like: ['*'] })).toBe(full(text.replace('[P]', '[P, Q]')))
  })

  test('a rule that would have nobody left though another one comes elsewhere', () => {
    expect(edit('creation_rules:\n- age: A\n- age: B\n', { removed: ['B'], added: ['C'], like: ['A'] }))
      .toBe('3: rule 2 (without path_regex) would have no recipient left.')
  })
})

test('a key comes beside one that is known by a short PGP id, into the field of its own kind', () => {
  const config = readSopsConfig('.sops.yaml', full('creation_rules:\n- pgp: 85D77543B3D624B6\n- age: A\n'))
  const like = [{ kind: 'pgp', id: '85d77543b3d624b6' }] as const
  expect(editConfig(config, { removed: [], added: [{ name: null, recipient: key('C') }], like }))
    .toMatchObject({ after: full('creation_rules:\n- pgp: 85D77543B3D624B6\n  age: C\n- age: A\n') })
})

test('untouched where none of the models is, and where the key is already', () => {
  expect(edit('creation_rules:\n- age: A\n', { added: ['C'] })).toBe('untouched')
  expect(edit('creation_rules:\n- age: B,C\n', { added: ['C'] })).toBe('untouched')
})

test('a rule gets the key into what counts for it: not a merged map whose keys it replaces by its own', () => {
  const text = 'base: &base\n  age: B\n  pgp: P\ncreation_rules:\n- <<: *base\n  age: A\n  path_regex: a\n- <<: *base\n  pgp: P\n'
  expect(edit(text, { added: ['Q'] })).toBe(full(text.replace(/pgp: P\n$/, 'pgp: P,Q\n')))
})

test('untouched is proven too: where a model\'s access is not seen in the text, the edit is left to people', () => {
  const text = 'base: &base\n  aws_profile: ops\ncreation_rules:\n- <<: *base\n  kms: K\n'
  expect(() => edit(text, { added: ['L||ops'], like: ['K||ops'] }))
    .toThrow(/creation rule 1 would not have the right keys/)
})

describe('an addition is proven', () => {
  const before = full('# head\ncreation_rules:\n- age: B # bob\n- pgp: P\n')
  const proof = (text: string, request: Request = { added: ['carol=C'] }): unknown => {
    try {
      proveEdit('.sops.yaml', before, full(text), changeOf(request))
      return 'proven'
    } catch (error) {
      return error instanceof Failure ? `${error.code}: ${error.message}` : error
    }
  }

  test('the right one passes', () => {
    expect(proof('# head\ncreation_rules:\n- age: B,C # bob, carol\n- pgp: P\n')).toBe('proven')
    expect(proof('# head\ncreation_rules:\n- age: C # carol\n- pgp: P\n', { removed: ['B'], added: ['carol=C'] })).toBe('proven')
  })

  test.each([
    ['it did not come', '# head\ncreation_rules:\n- age: B # bob\n- pgp: P\n', /creation rule 1 would not have the right keys/],
    ['it came where no model is', '# head\ncreation_rules:\n- age: B,C # bob\n- pgp: P\n  age: C\n',
      /creation rule 2 would not have/],
    ['it came twice', '# head\ncreation_rules:\n- age: B,C,C # bob, carol\n- pgp: P\n', /creation rule 1 would not have/],
    ['it came into a field of another kind', '# head\ncreation_rules:\n- age: B # bob\n  pgp: C\n- pgp: P\n',
      /creation rule 1 would not have/],
    ['another one came', '# head\ncreation_rules:\n- age: B,C,D # bob\n- pgp: P\n', /mean the same/],
    ['another one went', '# head\ncreation_rules:\n- age: C # bob\n- pgp: P\n', /mean the same|right keys/],
    ['a comment came', '# head\n# more\ncreation_rules:\n- age: B,C # bob\n- pgp: P\n', /line 2 of the result/],
    ['a comment went', 'creation_rules:\n- age: B,C # bob\n- pgp: P\n', /line 1 would be lost/],
    ['a comment changed on a line of its own', '# heads\ncreation_rules:\n- age: B,C # bob\n- pgp: P\n', /line 1/],
    ['a comment changed beside the key', '# head\ncreation_rules:\n- age: B,C # rob, carol\n- pgp: P\n', /line 3/],
  ])('not where %s', (_, text, message) => {
    expect(proof(text)).toMatch(message)
  })

  test('not where the one that goes is still there', () => {
    const text = '# head\ncreation_rules:\n- age: C # carol\n- pgp: P\nkeys: [B]\n'
    expect(proof(text, { removed: ['B'], added: ['carol=C'] })).toMatch(/^config-edit: .*(still|same)/)
  })
})
