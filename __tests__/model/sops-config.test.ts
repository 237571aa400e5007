import { describe, expect, test } from '@jest/globals'
import { Failure } from '../../src/model/failure.ts'
import { YAMLParseError } from 'yaml'
import { withoutOutdents } from '../../src/model/sops-config/outdented.ts'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'

// In the texts A, B and C stand for age keys, P for a PGP fingerprint.
const letters: Readonly<Record<string, string>> = {
  A: `age1${'a'.repeat(58)}`, B: `age1${'q'.repeat(58)}`, C: `age1${'c'.repeat(58)}`,
    P: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4',
}
const full = (text: string): string => text.replace(/\b[ABCP]\b/g, (letter) => letters[letter] ?? letter)
const short = (id: string): string => Object.entries(letters).find(([, key]) => key === id)?.[0] ?? id

describe('the recipients of a config', () => {
  const arn = 'arn:aws:kms:eu-west-1:111122223333:key/b'
  const ids = (text: string): readonly string[] => readSopsConfig('.sops.yaml', full(text)).recipients.map(({ id }) => short(id))

  test.each([
    ['strings and lists', 'creation_rules:\n- age: A, B\n  pgp: [P]\n- age: >-\n    B,\n    C\n', ['A', 'B', 'P', 'C']],
    ['groups and merge', 'creation_rules:\n- key_groups:\n  - merge: [{age: [A]}]\n    pgp: [P]\n', ['A', 'P']],
    ['anchors, once each', 'keys: [&a A]\ncreation_rules:\n- age: [*a]\n- age: *a\n', ['A']],
    ['destination rules', 'destination_rules:\n- recreation_rule: {age: A}\n', ['A']],
    ['KMS strings', `creation_rules:\n- kms: "${arn}+arn:aws:iam::1:role/r, ${arn}"\n`, [`${arn}+arn:aws:iam::1:role/r`, arn]],
    ['KMS strings with a profile', `creation_rules:\n- kms: ${arn}\n  aws_profile: ops\n`, [`${arn}||ops`]],
    ['a KMS map', `k:\n- {arn: ${arn}, role: r, context: {b: 2, "a:": x}, aws_profile: ops}\n`, [`${arn}+r|a::x,b:2|ops`]],
    ['a KMS map with an empty context', `k:\n- {arn: ${arn}, context: {}, aws_profile: ""}\n`, [arn]],
    ['an Azure map', 'k:\n- {vaultUrl: https://v.vault.azure.net, key: k, version: "1"}\n',
      ['https://v.vault.azure.net/keys/k/1']],
    ['brackets closed left of their key', 'creation_rules:\n  - age: [\n    A,\n    B\n  ]\n    pgp: P\n', ['A', 'B', 'P']],
    ['lines with comments in brackets, left of their key', 'creation_rules:\n- age: [ A # a\n  # b\n, B\n ]\n', ['A', 'B']],
    ['brackets in brackets', 'creation_rules:\n- key_groups: [{\n  age: [\nA,\n  B ],\n pgp: [P]}\n]\n', ['A', 'B', 'P']],
    ['quotes that go on left of their key', 'creation_rules:\n- age: "A,\r\nB"\r\n- age: \'B,\n\n  C\'\n', ['A', 'B', 'C']],
    ['a # in quotes that go on left of their key', 'creation_rules:\n- age: "A, x #, C,\n  B"\n', ['A', 'C', 'B']],
    ['a << in quotes', 'creation_rules:\n- "<<": x\n  age: A\n', ['A']],
    ['any id of a PGP key where only such can stand',
      'creation_rules:\n- pgp: 85D77543B3D624B6, P\n- pgp: [B3D624B6]\n- key_groups:\n  - pgp:\n    - 0x85d77543b3d624b7\n'
        + `- pgp: ${'AB'.repeat(32)}\n`, ['85D77543B3D624B6', 'P', 'B3D624B6', '0x85d77543b3d624b7', 'AB'.repeat(32)]],
    ['so behind an alias', 'keys: [&bob 85D77543B3D624B6]\ncreation_rules:\n- pgp: [*bob]\n', ['85D77543B3D624B6']],
    ['what is no key', 'creation_rules:\n- age: [~, 12, bob, 85D77543B3D624B6]\n  pgp: alice\n  path_regex: a\n' +
      'stores: {yaml: {indent: 2}}\n', []],
    ['the first document only', 'keys: [A]\n---\nkeys: [B]\n', ['A']],
    ['an empty file', '', []],
  ])('%s', (_, text, wanted) => {
    expect(ids(text)).toEqual(wanted)
  })
})

describe('the owners in a config', () => {
  const owners = (text: string): readonly string[] => readSopsConfig('.sops.yaml', full(text)).owners
    .map(({ name, from, recipient, path, line }) => `${from} ${name} = ${short(recipient.id)} ${path}:${line}`)

  test.each([
    ['anchors', 'keys:\n  - &alice A\n  - &bob B\n', ['anchor alice = A .sops.yaml:2', 'anchor bob = B .sops.yaml:3']],
    ['an anchor at its first use, not at the others', 'creation_rules:\n- age: [&bob B]\n- age: [*bob]\n',
      ['anchor bob = B .sops.yaml:2']],
    ['no anchor of several keys', 'x: &team A,B\ny: &devs [A, B]\nz: &all {age: [A, B]}\n', []],
    ['a comment beside', 'keys:\n  - A # Alice <alice@x.org>\n', ['comment Alice <alice@x.org> = A .sops.yaml:2']],
    ['a comment beside an alias', 'keys: [&b B]\ncreation_rules:\n- age:\n  - *b # Bob\n', ['anchor b = B .sops.yaml:1',
      'comment Bob = B .sops.yaml:4']],
    ['a comment beside a flat string', 'creation_rules:\n- age: A # alice\n', ['comment alice = A .sops.yaml:2']],
    ['a comment beside a list of one', 'creation_rules:\n- age: [A] # alice\n', ['comment alice = A .sops.yaml:2']],
    ['comments in a flow list over lines', 'keys: [\n  A, # alice\n  B # bob\n  ]\n', ['comment alice = A .sops.yaml:2',
      'comment bob = B .sops.yaml:3']],
    ['no comment beside several', 'creation_rules:\n- age: A,B # us\n- age: [A, B] # us\n- age: [A,\n    C, B, # us\n    P]\n',
      []],
    ['a comment above', 'keys:\n  # the team\n  # alice:\n  - A\n  # bob\n  - B\n', ['comment alice = A .sops.yaml:4',
      'comment bob = B .sops.yaml:6']],
    ['no heading', 'keys:\n  # the team\n  - A\n  - B\n', []],
    ['no comment about another key', 'keys:\n  # - C\n  - A # was C\n  # ----\n  - B\n', []],
    ['a comment beside a short PGP id',
      'creation_rules:\n- pgp:\n  - B3D624B6 # alice\n', ['comment alice = B3D624B6 .sops.yaml:3']],
    ['a KMS map', 'k:\n- arn: arn:aws:kms:x:1:key/k # production\n  role: r\n',
      ['comment production = arn:aws:kms:x:1:key/k+r .sops.yaml:2']],
    ['comments listed above a folded string', 'creation_rules:\n  # alice\n  # bob\n- age: >-\n    A,\n    B\n',
      ['comment alice = A .sops.yaml:5', 'comment bob = B .sops.yaml:6']],
    ['names by position beside', 'creation_rules:\n- age: A,B # alice, bob\n- age: [C, A] # Carol S., al\n',
      ['comment alice = A .sops.yaml:2', 'comment bob = B .sops.yaml:2', 'comment Carol S. = C .sops.yaml:3',
        'comment al = A .sops.yaml:3']],
    ['names by position above', 'creation_rules:\n- path_regex: f\n  # alice, bob\n  age: A,B\n', ['comment alice = A .sops.yaml:4',
      'comment bob = B .sops.yaml:4']],
    ['not above the rule: what stands there is about that', 'creation_rules:\n# Web, API\n- age: A,B\n', []],
    ['numbered, under what introduces them', 'creation_rules:\n- pgp: P\n  # Who can read:\n  # 1. alice\n  # 2) bob (laptop, 2024)\n  age: >-\n    A,\n    B\n',
      ['comment alice = A .sops.yaml:7', 'comment bob (laptop, 2024) = B .sops.yaml:8']],
    ['in the manner of a list', 'creation_rules:\n- pgp: P\n  # - alice\n  # - Bob S.\n  age: |\n    A,\n    B\n',
      ['comment alice = A .sops.yaml:6', 'comment Bob S. = B .sops.yaml:7']],
    ...['alice + bob', 'alice and bob', 'alice & bob', 'alice; bob', 'keys: alice, bob', 'Who can read: alice, bob', 'alice,bob'].map((names) =>
      [`by position, parted otherwise, "${names}"`, `creation_rules:\n- age: A,B # ${names}\n`,
        ['comment alice = A .sops.yaml:2', 'comment bob = B .sops.yaml:2']] as const),
    ['numbered beside, listed above', 'keys:\n- A # 1. alice\n# - bob\n- B\n# 3) carol (laptop, 2024)\n- C\n',
      ['comment alice = A .sops.yaml:2', 'comment bob = B .sops.yaml:4', 'comment carol (laptop, 2024) = C .sops.yaml:6']],
    ['on lines above keys on one line, where they are introduced', 'creation_rules:\n- pgp: P\n  # Who can read:\n  # alice\n  # bob\n  age: [A, B]\n',
      ['comment alice = A .sops.yaml:6', 'comment bob = B .sops.yaml:6']],
    ['or signed', 'creation_rules:\n- pgp: P\n  # - alice\n  # - bob\n  age: A,B\n',
      ['comment alice = A .sops.yaml:5', 'comment bob = B .sops.yaml:5']],
    ['and not where they may be two headings', 'creation_rules:\n- pgp: P\n  # Falcon\n  # Sparrow\n  age: A,B\n', []],
    ['with a comma that parts no names', 'creation_rules:\n- age: A,B # alice (laptop, 2024), bob\n',
      ['comment alice (laptop, 2024) = A .sops.yaml:2', 'comment bob = B .sops.yaml:2']],
    ...['TODO: alice, bob', 'alice or bob', 'was: alice, bob', 'alice/bob'].map((names) =>
      [`no names by position in "${names}"`, `creation_rules:\n- age: A,B # ${names}\n`, []] as const),
    ['one beside a field of one key must be a name and no more', 'creation_rules:\n- age: A # falcon\n- age: B # prod, staging\n- age: [C] # the web team\n- pgp: P # alice, bob\n',
      ['comment falcon = A .sops.yaml:2']],
    ['none above a field of one key, but where that has a line of its own', 'creation_rules:\n- pgp: P\n  # falcon\n  age: A\n- pgp: C\n  # sparrow\n  age: >-\n    B\n'
      + '# rule\n- age: >-\n    C\n', ['comment sparrow = B .sops.yaml:8']],
    ['none beside the braces of a rule', 'creation_rules: [{age: A}] # falcon\n', []],
    ...['has a yubikey', 'ask alice', 'Add more here', 'TODO rotate', 'expires in May'].map((prose) =>
      [`none in prose, "${prose}"`, `keys:\n  - A # ${prose}\n  # ${prose}\n  - B\n`, []] as const),
    ['a name that begins like prose', 'keys:\n  - A # An Nguyen\n  - B # May\n', ['comment An Nguyen = A .sops.yaml:2', 'comment May = B .sops.yaml:3']],
    ['none above a key that has one', 'keys:\n  # Falcon\n  - &alice A\n  # Sparrow\n  - B # bob\n', ['anchor alice = A .sops.yaml:3', 'comment bob = B .sops.yaml:5']],
    ['none where one stands over several keys', 'keys:\n  # Falcon\n  - A\n  - B\n  # Sparrow\n  - C\n', []],
    ['none where prose parts those under one', 'keys:\n  # Falcon\n  - A\n  # on leave until May\n  - B\n', []],
    ['one where the others have theirs beside', 'keys:\n  # falcon\n  - A\n  - B # bob\n', ['comment falcon = A .sops.yaml:3', 'comment bob = B .sops.yaml:4']],
    ['none under a key that stands under none: it may be that one’s', 'keys:\n  - A\n  # bob\n  - B\n  # carol\n  - C\n', []],
    ['none so, with a heading that is no name', 'keys:\n  # our people\n  - A\n  # bob\n  - B\n', []],
    ['one so, behind an empty line', 'keys:\n  - A\n\n  # bob\n  - B\n  # carol\n  - C\n',
      ['comment bob = B .sops.yaml:5', 'comment carol = C .sops.yaml:7']],
    ['one so, where that has a name of its own', 'keys:\n  - &alice A\n  # bob\n  - B\n  - C # carol\n',
      ['anchor alice = A .sops.yaml:2', 'comment bob = B .sops.yaml:4', 'comment carol = C .sops.yaml:5']],
    ['those above, under a heading that may be a name too', 'keys:\n  # Falcon\n  # alice\n  - A\n  # bob\n  - B\n', ['comment bob = B .sops.yaml:6']],
    ['one so, in brackets where others share a line', 'keys: [&alice A, &bob B,\n  # carol\n  C]\n',
      ['anchor alice = A .sops.yaml:1', 'anchor bob = B .sops.yaml:1', 'comment carol = C .sops.yaml:3']],
    ['none below, before an empty line', 'keys:\n  # Falcon\n  - A\n  # alice\n\n  # web\n  - B\n', []],
    ['none where they stand below their keys', 'keys:\n  - A\n  # alice\n  - B\n  # bob\n', []],
    ['none below, under a heading', 'keys:\n  # Falcon\n  - A\n  # alice\n  - B\n  # bob\n', []],
    ['none below, before another entry', 'creation_rules:\n- age:\n  - A\n  # alice\n  - B\n  # bob\n  pgp: P\n', []],
    ['none below, in brackets', 'keys: [\n  A,\n  # alice\n  B\n  # bob\n  ]\n', []],
    ['none below, deeper than the dashes', 'keys:\n  - A\n    # alice\n  - B\n\n  - C # carol\n', ['comment carol = C .sops.yaml:6']],
    ['those above, where one further out follows', 'creation_rules:\n- age:\n  # alice\n  - A\n  # bob\n  - B\n# Falcon\n- age: C\n',
      ['comment alice = A .sops.yaml:4', 'comment bob = B .sops.yaml:6']],
    ['those above, where prose or an empty line follows', 'keys:\n  # alice\n  - A\n  # add more here\nusers:\n  # bob\n  - B\n\n  # Falcon\n',
      ['comment alice = A .sops.yaml:3', 'comment bob = B .sops.yaml:7']],
    ['none of two on top of each other', 'keys:\n  # alice\n  # bob\n  - A\n', []],
    ...['Users', 'ofborg hosts', 'HOST KEYS', 'the team', 'All'].map((headline) =>
      [`none that means several, "${headline}"`, `keys:\n  # ${headline}\n  - A\n`, []] as const),
    ['no anchor that means several', 'keys:\n  - &team A\n  - &Servers B\n', []],
    ['no names where there are more or fewer than keys', 'creation_rules:\n- age: A,B # alice, bob, carol\n', []],
    ...['bob\n  # and the deploy robot', 'Production secrets.\n  # Ask ops before changing this rule!', 'alice:\n  # bob:',
      'NOTE: keep in sync\n  # see docs/keys.md', '- path_regex: old\n  #   age: C', 'Alice\n  # Bob.', 'Team A\n  # Team B',
      'alice\n  # bob*', 'alice\n  # staging', 'web nodes\n  # edge nodes', 'A\n  # bob'].map((comments) =>
      [`not all of ${JSON.stringify(comments)} are names`,
        `creation_rules:\n  # ${comments}\n- age: >-\n    A,\n    B\n`, []] as const),
    ...['prod, staging', 'see wiki, page keys', 'backup, old', 'edge nodes, alice', 'Bob Smith, Jr.', 'Alice B C D, bob']
      .map((names) => [`not all of "${names}" are names`, `creation_rules:\n- age: A,B # ${names}\n`, []] as const),
    ['no names in a sentence', 'creation_rules:\n- age: A,B # the keys of some people, and others too\n', []],
    ['comments above a folded string that are not one for each',
      'creation_rules:\n- pgp: P\n  # all of us\n  age: >-\n    A,\n    B\n', []],
  ])('%s', (_, text, wanted) => {
    expect(owners(text)).toEqual(wanted)
  })
})

test.each([
  ['under a key that stands under none', '  - A\n  # bob\n  - B\n', ['bob 3']],
  ['below', '  - A\n  # alice\n  - B\n  # bob\n', ['alice 3', 'bob 5']],
  ['over several', '  # alice\n  - A\n  - B\n', ['alice 2']],
  ['on top of each other', '  # alice\n  # bob\n  - A\n', ['alice 2', 'bob 3']],
  ['not above one each', '  # alice\n  - A\n  # - bob\n  - B\n  - &carol C\n', []],
  ['not above or below one that has a name', '  # Falcon\n  - &alice A\n  # Sparrow\n  - B # bob\n  # Crow\n', []],
  ['not where it is none', '  - A\n  # the team\n  - B\n', []],
])('names that may be about one key or another, %s', (_, text, wanted) => {
  expect(readSopsConfig('.sops.yaml', full(`keys:\n${text}`)).untold.map(({ name, line, path }) => `${name} ${line}${path.replace('.sops.yaml', '')}`)).toEqual(wanted)
})

describe('a generated config', () => {
  test.each([
    ['# This file is AUTOMATICALLY GENERATED by tool, DO NOT EDIT\nkeys: []\n', { line: 1,
      text: '# This file is AUTOMATICALLY GENERATED by tool, DO NOT EDIT' }],
    ['---\n\n# generated by nix\r\nkeys: []\n', { line: 3, text: '# generated by nix' }],
    ['keys: []\n  # Do not edit below\n', { line: 2, text: '# Do not edit below' }],
    ['keys:\n  # generated by age-keygen\n  - A\n', null],
    ['keys: []\nnote: do not edit\n', null],
  ])('%j', (text, wanted) => {
    expect(readSopsConfig('.sops.yaml', text).generatedBy).toEqual(wanted)
  })
})

describe('a config that cannot be read', () => {
  const bomb = ['a: &a [x, x, x]', ...['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name, at) =>
    `${name}: &${name} [${Array<string>(9).fill(`*${'abcdefg'.charAt(at)}`).join(', ')}]`)].join('\n')

  test.each([
    ['broken YAML, with its place', 'keys:\n  - "a\n', /^dir\/\.sops\.yaml:3:1: not valid YAML: /],
    ['a key twice', 'creation_rules: []\nkeys: []\ncreation_rules: []\n', /^dir\/\.sops\.yaml:3:1: .*unique/],
    ['a merge of no map', 'creation_rules:\n- age: A\n- <<: x\n  age: B\n', /:3:3: what << merges here is no map/],
    ['a merge of a list of keys', 'b: &b [A]\ncreation_rules:\n- <<: *b\n', /:3:3: what << merges here is no map/],
    ['a merge of a list with no map', 'b: &b {age: A}\ncreation_rules:\n- <<: [*b, x]\n', /:3:3: what << merges here is no map/],
    ['line ends of CR alone', 'creation_rules:\n- age: A\r  pgp: P\n', /:2:9: .*CR alone/],
    ['a line end that few programs see', 'creation_rules:\n- age: A # x\u2028  pgp: P\n', /:2:13: .*LS/],
    ['a document\'s end between quotes', 'creation_rules:\n- age: "A,\n---\nB"\n', /:2:11: not valid YAML: .*further right/],
    ['a break in quotes that a blank would not stand for',
      'creation_rules:\n- age: "A,\\\nB"\n', /:2:12: .*further right.*indent it/],
    ['a sign in quotes that may be no comment', 'creation_rules:\n- age: [A, "x # y",\nB]\n', /:3:1: .*further right/],
    ['brackets that are not closed', 'creation_rules:\n- age: [A,\nB\n', /:3:1: not valid YAML: .*end with a \]/],
    ['outdented lines and another mistake', 'creation_rules:\n- age: [A,\nB]\nx: @y\n', /:3:1: not valid YAML/],
    ['more outdented lines than a config has', `creation_rules:\n- age: [\n${'x,\n'.repeat(4000)}]\n`, /:3:1: not valid YAML/],
    ['aliases that multiply', bomb, /multiply/],
    ['an anchor inside itself', 'keys: &a\n  - [*a]\n', /:2:6: the anchor a contains itself/],
    ['an alias of nothing', 'keys: [*a]\n', /:1:8: /],
    ['more than 1 MiB', `# ${'x'.repeat(1024 * 1024)}\n`, /larger than 1 MiB/],
    ['nesting beyond the stack', '['.repeat(100_000), /dir\/\.sops\.yaml/],
  ])('%s', (_, text, message) => {
    const read = (): unknown => readSopsConfig('dir/.sops.yaml', text)
    expect(read).toThrow(Failure)
    expect(read).toThrow(message)
    expect(read).toThrow(expect.objectContaining({ code: 'config-unreadable', path: 'dir/.sops.yaml' }))
  })

  test('what may be a comment or a part of a quoted text is not left out', () => {
    const joined = (line: string): string | null => {
      const text = `${line}\n]`
      const error = new YAMLParseError([text.length - 1, text.length], 'BAD_INDENT', 'Flow sequence')
      return withoutOutdents(text, (source) => source === text ? [error] : [])
    }
    expect(joined('[A, # x')).toBe('[A,     ]')
    expect(joined('[A, "x # y"')).toBeNull()
  })

  test('one anchor used in hundreds of rules is no bomb', () => {
    const text = full(`keys: [&a A]\ncreation_rules:\n${'- age: [*a]\n'.repeat(2000)}`)
    expect(readSopsConfig('.sops.yaml', text).recipients).toHaveLength(1)
  })
})
