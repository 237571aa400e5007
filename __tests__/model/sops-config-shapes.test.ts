import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parseDocument } from 'yaml'
import { editConfig } from '../../src/model/sops-config/edit.ts'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'
import { readConfiguredRecipients } from '../../src/model/sops-file/updatekeys-output.ts'
import { parseRecipient } from '../../src/model/recipient.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import { bech32 } from '../support/age-key.ts'
import { where } from '../support/parts.ts'
import { sopsBinary } from '../support/sops-binary.ts'

// Every shape of a config, once without bob, once with carol beside him, once with carol in his place; then sops says who could
// read a file under it. A, B and C stand for the age keys of alice, bob and carol, X for that of the file, P for a PGP key.
const letters: Readonly<Record<string, string>> = {
  A: bech32('age', Buffer.alloc(32, 1)), B: bech32('age', Buffer.alloc(32, 2)), C: bech32('age', Buffer.alloc(32, 3)),
  X: bech32('age', Buffer.alloc(32, 4)), P: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4',
}
const full = (text: string): string => text.replace(/\b[ABCPX]\b/g, (letter) => letters[letter] ?? letter)
const letterOf = (id: string): string => Object.entries(letters).find(([, key]) => key === id)?.[0] ?? id
const age = (letter: string): Recipient => ({ kind: 'age', id: letters[letter] ?? '' })

interface Shape {
  readonly name: string
  /** Who can read a file, group by group, for now. */
  readonly groups: string
  readonly before: string
  readonly removed: string
  readonly added: string
  readonly replaced: string
}

const shapes: readonly Shape[] = [
  {
    name: 'a string', groups: 'ABP',
    before: 'creation_rules:\n  - age: A,B\n    pgp: P\n',
    removed: 'creation_rules:\n  - age: A\n    pgp: P\n',
    added: 'creation_rules:\n  - age: A,B,C\n    pgp: P\n',
    replaced: 'creation_rules:\n  - age: A,C\n    pgp: P\n',
  },
  {
    name: 'a string in quotes with blanks', groups: 'AB',
    before: "creation_rules:\n  - age: 'B, A'\n",
    removed: "creation_rules:\n  - age: 'A'\n",
    added: "creation_rules:\n  - age: 'B, C, A'\n",
    replaced: "creation_rules:\n  - age: 'C, A'\n",
  },
  {
    name: 'the only key, its owner beside', groups: 'BP',
    before: 'creation_rules:\n  - age: B # bob\n    pgp: P\n',
    removed: 'creation_rules:\n  - pgp: P\n',
    added: 'creation_rules:\n  - age: B,C # bob, carol\n    pgp: P\n',
    replaced: 'creation_rules:\n  - age: C # carol\n    pgp: P\n',
  },
  {
    name: 'owners by position beside', groups: 'AB',
    before: 'creation_rules:\n  - path_regex: ^f\n    age: A, B # alice, bob\n',
    removed: 'creation_rules:\n  - path_regex: ^f\n    age: A # alice\n',
    added: 'creation_rules:\n  - path_regex: ^f\n    age: A, B, C # alice, bob, carol\n',
    replaced: 'creation_rules:\n  - path_regex: ^f\n    age: A, C # alice, carol\n',
  },
  {
    name: 'owners by position above', groups: 'AB',
    before: 'creation_rules:\n  - path_regex: ^f\n    # alice, bob\n    age: A,B\n',
    removed: 'creation_rules:\n  - path_regex: ^f\n    # alice\n    age: A\n',
    added: 'creation_rules:\n  - path_regex: ^f\n    # alice, bob, carol\n    age: A,B,C\n',
    replaced: 'creation_rules:\n  - path_regex: ^f\n    # alice, carol\n    age: A,C\n',
  },
  {
    name: 'what may look like it above a rule', groups: 'AB',
    before: 'creation_rules:\n  # Web, API\n  - age: A,B\n',
    removed: 'creation_rules:\n  # Web, API\n  - age: A\n',
    added: 'creation_rules:\n  # Web, API\n  - age: A,B,C\n',
    replaced: 'creation_rules:\n  # Web, API\n  - age: A,C\n',
  },
  {
    name: 'owners by position in other signs', groups: 'AB',
    before: 'creation_rules:\n  - age: [A, B] # keys: alice + bob (laptop, 2024)\n',
    removed: 'creation_rules:\n  - age: [A] # keys: alice\n',
    added: 'creation_rules:\n  - age: [A, B, C] # keys: alice + bob (laptop, 2024) + carol\n',
    replaced: 'creation_rules:\n  - age: [A, C] # keys: alice + carol\n',
  },
  {
    name: 'owners by position as people say them', groups: 'AB',
    before: 'creation_rules:\n  - path_regex: ^f\n    # alice and bob\n    age: A,B\n',
    removed: 'creation_rules:\n  - path_regex: ^f\n    # alice\n    age: A\n',
    added: 'creation_rules:\n  - path_regex: ^f\n    # alice and bob and carol\n    age: A,B,C\n',
    replaced: 'creation_rules:\n  - path_regex: ^f\n    # alice and carol\n    age: A,C\n',
  },
  {
    name: 'a folded scalar under a numbered list of owners', groups: 'AB',
    before: 'creation_rules:\n  - path_regex: ^f\n    # Who can read:\n    # 1. alice\n    # 2. bob\n    age: >-\n      A,\n      B\n',
    removed: 'creation_rules:\n  - path_regex: ^f\n    # Who can read:\n    # 1. alice\n    age: >-\n      A\n',
    added: 'creation_rules:\n  - path_regex: ^f\n    # Who can read:\n    # 1. alice\n    # 2. bob\n    # carol\n    age: >-\n      A,\n      B,\n      C\n',
    replaced: 'creation_rules:\n  - path_regex: ^f\n    # Who can read:\n    # 1. alice\n    # 2. carol\n    age: >-\n      A,\n      C\n',
  },
  {
    name: 'a list of owners above keys on one line', groups: 'AB',
    before: 'creation_rules:\n  - path_regex: ^f\n    # - alice\n    # - bob\n    age: A,B\n',
    removed: 'creation_rules:\n  - path_regex: ^f\n    # - alice\n    age: A\n',
    added: 'creation_rules:\n  - path_regex: ^f\n    # - alice\n    # - bob\n    # - carol\n    age: A,B,C\n',
    replaced: 'creation_rules:\n  - path_regex: ^f\n    # - alice\n    # - carol\n    age: A,C\n',
  },
  {
    name: 'numbered owners above each key', groups: 'AB',
    before: 'creation_rules:\n  - age:\n      # 1) alice\n      - A\n      # 2) bob\n      - B\n',
    removed: 'creation_rules:\n  - age:\n      # 1) alice\n      - A\n',
    added: 'creation_rules:\n  - age:\n      # 1) alice\n      - A\n      # 2) bob\n      - B\n      # carol\n      - C\n',
    replaced: 'creation_rules:\n  - age:\n      # 1) alice\n      - A\n      # 2) carol\n      - C\n',
  },
  {
    name: 'a heading over named keys', groups: 'AB',
    before: 'keys:\n  # Platform\n  - &bob B\n  # Gateway\n  - &web A\ncreation_rules:\n  - age: [*web, *bob]\n',
    removed: 'keys:\n  # Platform\n  # Gateway\n  - &web A\ncreation_rules:\n  - age: [*web]\n',
    added: 'keys:\n  # Platform\n  - &bob B\n  - &carol C\n  # Gateway\n  - &web A\ncreation_rules:\n  - age: [*web, *bob, *carol]\n',
    replaced: 'keys:\n  # Platform\n  - &carol C\n  # Gateway\n  - &web A\ncreation_rules:\n  - age: [*web, *carol]\n',
  },
  {
    name: 'a list, owners beside', groups: 'AB',
    before: 'creation_rules:\n  - age:\n      - A # alice\n      - B # bob, mostly\n',
    removed: 'creation_rules:\n  - age:\n      - A # alice\n',
    added: 'creation_rules:\n  - age:\n      - A # alice\n      - B # bob, mostly\n      - C # carol\n',
    replaced: 'creation_rules:\n  - age:\n      - A # alice\n      - C # carol\n',
  },
  {
    name: 'a list, owners above', groups: 'AB',
    before: "creation_rules:\n  - age:\n    # bob\n    - 'B'\n    # alice\n    - A\n",
    removed: 'creation_rules:\n  - age:\n    # alice\n    - A\n',
    added: "creation_rules:\n  - age:\n    # bob\n    - 'B'\n    # carol\n    - 'C'\n    # alice\n    - A\n",
    replaced: "creation_rules:\n  - age:\n    # carol\n    - 'C'\n    # alice\n    - A\n",
  },
  {
    name: 'a folded scalar under an ordered list of owners', groups: 'AB',
    before: 'creation_rules:\n  # alice\n  # bob\n  - age: >-\n      A,\n      B\n',
    removed: 'creation_rules:\n  # alice\n  - age: >-\n      A\n',
    added: 'creation_rules:\n  # alice\n  # bob\n  # carol\n  - age: >-\n      A,\n      B,\n      C\n',
    replaced: 'creation_rules:\n  # alice\n  # carol\n  - age: >-\n      A,\n      C\n',
  },
  {
    name: 'a literal scalar', groups: 'AB',
    before: 'creation_rules:\n  - age: |\n      B,\n      A\n',
    removed: 'creation_rules:\n  - age: |\n      A\n',
    added: 'creation_rules:\n  - age: |\n      B,\n      C,\n      A\n',
    replaced: 'creation_rules:\n  - age: |\n      C,\n      A\n',
  },
  {
    name: 'commas in front', groups: 'AB',
    before: 'creation_rules:\n  - age: >-\n      A\n      , B\n',
    removed: 'creation_rules:\n  - age: >-\n      A\n',
    added: 'creation_rules:\n  - age: >-\n      A\n      , B\n      , C\n',
    replaced: 'creation_rules:\n  - age: >-\n      A\n      , C\n',
  },
  {
    name: 'anchors in a list', groups: 'AB',
    before: 'keys:\n  - &alice A\n  - &bob B\ncreation_rules:\n  - age: [*alice, *bob]\n',
    removed: 'keys:\n  - &alice A\ncreation_rules:\n  - age: [*alice]\n',
    added: 'keys:\n  - &alice A\n  - &bob B\n  - &carol C\ncreation_rules:\n  - age: [*alice, *bob, *carol]\n',
    replaced: 'keys:\n  - &alice A\n  - &carol C\ncreation_rules:\n  - age: [*alice, *carol]\n',
  },
  {
    name: 'anchors in a table', groups: 'AB|P',
    before: 'keys:\n  users:\n    bob: &bob B\n    alice: &alice A\ncreation_rules:\n  - key_groups:\n      - age:\n'
      + '          - *bob\n          - *alice\n      - pgp: [P]\n    shamir_threshold: 2\n',
    removed: 'keys:\n  users:\n    alice: &alice A\ncreation_rules:\n  - key_groups:\n      - age:\n          - *alice\n'
      + '      - pgp: [P]\n    shamir_threshold: 2\n',
    added: 'keys:\n  users:\n    bob: &bob B\n    carol: &carol C\n    alice: &alice A\ncreation_rules:\n  - key_groups:\n'
      + '      - age:\n          - *bob\n          - *carol\n          - *alice\n      - pgp: [P]\n'
      + '    shamir_threshold: 2\n',
    replaced: 'keys:\n  users:\n    carol: &carol C\n    alice: &alice A\ncreation_rules:\n  - key_groups:\n      - age:\n'
      + '          - *carol\n          - *alice\n      - pgp: [P]\n    shamir_threshold: 2\n',
  },
  {
    name: 'anchors at first use', groups: 'AB',
    before: 'creation_rules:\n  - path_regex: ^other\n    age:\n      - &bob B\n      - &alice A\n  - age:\n'
      + '      - *alice\n      - *bob\n',
    removed: 'creation_rules:\n  - path_regex: ^other\n    age:\n      - &alice A\n  - age:\n      - *alice\n',
    added: 'creation_rules:\n  - path_regex: ^other\n    age:\n      - &bob B\n      - &carol C\n      - &alice A\n'
      + '  - age:\n      - *alice\n      - *bob\n      - *carol\n',
    replaced: 'creation_rules:\n  - path_regex: ^other\n    age:\n      - &carol C\n      - &alice A\n  - age:\n'
      + '      - *alice\n      - *carol\n',
  },
  {
    name: 'an alias for a whole field', groups: 'BP',
    before: 'keys: [&bob B]\ncreation_rules:\n  - age: *bob\n    pgp: P\n',
    removed: 'creation_rules:\n  - pgp: P\n',
    added: 'keys: [&bob B, &carol C]\ncreation_rules:\n  - age: B,C\n    pgp: P\n',
    replaced: 'keys: [&carol C]\ncreation_rules:\n  - age: *carol\n    pgp: P\n',
  },
  {
    name: 'an anchored string', groups: 'AB',
    before: 'team: &team A,B\ncreation_rules:\n  - age: *team\n',
    removed: 'team: &team A\ncreation_rules:\n  - age: *team\n',
    added: 'team: &team A,B,C\ncreation_rules:\n  - age: *team\n',
    replaced: 'team: &team A,C\ncreation_rules:\n  - age: *team\n',
  },
  {
    name: 'a merged map', groups: 'ABP',
    before: 'base: &base\n  age: A, B\n  pgp: P\ncreation_rules:\n  - <<: *base\n    path_regex: f\n',
    removed: 'base: &base\n  age: A\n  pgp: P\ncreation_rules:\n  - <<: *base\n    path_regex: f\n',
    added: 'base: &base\n  age: A, B, C\n  pgp: P\ncreation_rules:\n  - <<: *base\n    path_regex: f\n',
    replaced: 'base: &base\n  age: A, C\n  pgp: P\ncreation_rules:\n  - <<: *base\n    path_regex: f\n',
  },
  {
    name: 'merge in a key group', groups: 'ABP',
    before: 'creation_rules:\n  - key_groups:\n      - merge:\n          - age: [A]\n          - age:\n              - B\n'
      + '        pgp:\n          - P\n',
    removed: 'creation_rules:\n  - key_groups:\n      - merge:\n          - age: [A]\n        pgp:\n          - P\n',
    added: 'creation_rules:\n  - key_groups:\n      - merge:\n          - age: [A]\n          - age:\n              - B\n'
      + '              - C\n        pgp:\n          - P\n',
    replaced: 'creation_rules:\n  - key_groups:\n      - merge:\n          - age: [A]\n          - age:\n              - C\n'
      + '        pgp:\n          - P\n',
  },
  {
    name: 'several key groups', groups: 'A|BP',
    before: 'creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [A]\n      - age: [B]\n        pgp: [P]\n',
    removed: 'creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [A]\n      - pgp: [P]\n',
    added: 'creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [A]\n      - age: [B, C]\n'
      + '        pgp: [P]\n',
    replaced: 'creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [A]\n      - age: [C]\n'
      + '        pgp: [P]\n',
  },
  {
    name: 'flow style', groups: 'BP',
    before: 'creation_rules: [{age: B, pgp: P, path_regex: f}]\n',
    removed: 'creation_rules: [{pgp: P, path_regex: f}]\n',
    added: 'creation_rules: [{age: "B,C", pgp: P, path_regex: f}]\n',
    replaced: 'creation_rules: [{age: C, pgp: P, path_regex: f}]\n',
  },
  {
    name: 'a flow list over lines', groups: 'AB',
    before: 'creation_rules:\n  - age: [\n      A, # alice\n      B # bob\n    ]\n',
    removed: 'creation_rules:\n  - age: [\n      A # alice\n    ]\n',
    added: 'creation_rules:\n  - age: [\n      A, # alice\n      B, # bob\n      C # carol\n    ]\n',
    replaced: 'creation_rules:\n  - age: [\n      A, # alice\n      C # carol\n    ]\n',
  },
  {
    name: 'lines in brackets and quotes that begin left of their key', groups: 'ABPP',
    before: 'creation_rules:\n  - age: [\n    A, # alice\n B # bob\n  ]\n    pgp: "P,\nP"\n',
    removed: 'creation_rules:\n  - age: [\n    A # alice\n  ]\n    pgp: "P,\nP"\n',
    added: 'creation_rules:\n  - age: [\n    A, # alice\n B, # bob\n C # carol\n  ]\n    pgp: "P,\nP"\n',
    replaced: 'creation_rules:\n  - age: [\n    A, # alice\n C # carol\n  ]\n    pgp: "P,\nP"\n',
  },
  {
    name: 'a flow list with commas in front', groups: 'AB',
    before: 'creation_rules:\n- age: [ A # alice\n  , B # bob\n  ]\n',
    removed: 'creation_rules:\n- age: [ A # alice\n  ]\n',
    added: 'creation_rules:\n- age: [ A # alice\n  , B # bob\n  , C # carol\n  ]\n',
    replaced: 'creation_rules:\n- age: [ A # alice\n  , C # carol\n  ]\n',
  },
  {
    name: 'a list with commas in an item', groups: 'ABPX',
    before: 'creation_rules:\n  - age: [X, "B,A"]\n    \'pgp\': "P"\n',
    removed: 'creation_rules:\n  - age: [X, "A"]\n    \'pgp\': "P"\n',
    added: 'creation_rules:\n  - age: [X, "B,C,A"]\n    \'pgp\': "P"\n',
    replaced: 'creation_rules:\n  - age: [X, "C,A"]\n    \'pgp\': "P"\n',
  },
  {
    name: 'stores and a rule without keys', groups: 'AB',
    before: 'stores: {yaml: {indent: 2}}\ncreation_rules:\n  - path_regex: ^plain/\n  - age: A,B\n',
    removed: 'stores: {yaml: {indent: 2}}\ncreation_rules:\n  - path_regex: ^plain/\n  - age: A\n',
    added: 'stores: {yaml: {indent: 2}}\ncreation_rules:\n  - path_regex: ^plain/\n  - age: A,B,C\n',
    replaced: 'stores: {yaml: {indent: 2}}\ncreation_rules:\n  - path_regex: ^plain/\n  - age: A,C\n',
  },
  {
    name: 'a recreation_rule', groups: 'A',
    before: 'creation_rules:\n  - age: A\ndestination_rules:\n  - s3_bucket: b\n    recreation_rule:\n      age: A, B\n',
    removed: 'creation_rules:\n  - age: A\ndestination_rules:\n  - s3_bucket: b\n    recreation_rule:\n      age: A\n',
    added: 'creation_rules:\n  - age: A\ndestination_rules:\n  - s3_bucket: b\n    recreation_rule:\n      age: A, B, C\n',
    replaced: 'creation_rules:\n  - age: A\ndestination_rules:\n  - s3_bucket: b\n    recreation_rule:\n      age: A, C\n',
  },
  {
    name: 'CRLF, tabs, no line end, a path of Windows', groups: 'ABP',
    before: 'creation_rules:\r\n  - path_regex: ^other\\\\.*$\t# windows\r\n    age: B,A\r\n  - pgp: P\r\n    age:\r\n'
      + '      - A\t# alice\r\n      - B\t# bob',
    removed: 'creation_rules:\r\n  - path_regex: ^other\\\\.*$\t# windows\r\n    age: A\r\n  - pgp: P\r\n    age:\r\n'
      + '      - A\t# alice',
    added: 'creation_rules:\r\n  - path_regex: ^other\\\\.*$\t# windows\r\n    age: B,C,A\r\n  - pgp: P\r\n    age:\r\n'
      + '      - A\t# alice\r\n      - B\t# bob\r\n      - C\t# carol',
    replaced: 'creation_rules:\r\n  - path_regex: ^other\\\\.*$\t# windows\r\n    age: C,A\r\n  - pgp: P\r\n    age:\r\n'
      + '      - A\t# alice\r\n      - C\t# carol',
  },
]

const carol = { recipient: age('C'), name: 'carol' }
const edits = {
  removed: { removed: [age('B')], added: [], like: [] },
  added: { removed: [], added: [carol], like: [age('B')] },
  replaced: { removed: [age('B')], added: [carol], like: [age('B')] },
} as const

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sops-config-shapes-'))
  const stanza = '-----BEGIN AGE ENCRYPTED FILE-----\n-----END AGE ENCRYPTED FILE-----\n'
  const sops = { age: [{ recipient: letters.X, enc: stanza }], lastmodified: '2026-01-01T00:00:00Z', mac: 'x', version: '3.10.2' }
  await writeFile(join(folder, 'f.json'), JSON.stringify({ a: 'x', sops }))
})
afterAll(() => rm(folder, { recursive: true }))

/** What sops takes for the keys of a file under the config: the letters of each group in order of the alphabet. */
async function groupsBySops(config: string): Promise<string> {
  const [file, path] = [join(folder, 'f.json'), join(folder, 'config.yaml')]
  await writeFile(path, config)
  const [stdout, stderr] = await new Promise<readonly [string, string]>((resolve) => {
    const env = { HOME: folder, XDG_CONFIG_HOME: folder, SOPS_DISABLE_VERSION_CHECK: '1' }
    const child = execFile(sopsBinary(), ['--config', path, 'updatekeys', file], { env, timeout: 30_000 }, (_, out, err) => {
      resolve([out, err])
    })
    child.stdin?.end('n\n')
  })
  const answer = readConfiguredRecipients([file], stdout, stderr).get(file)
  if (answer?.kind !== 'different') throw new Error(`${answer?.kind ?? 'nothing'}: ${stderr}`)
  return answer.groups.map((group) => group.map(({ id }) => letterOf(id)).sort().join('')).join('|')
}

/** Whether a rule has a list outside of key_groups, which an older sops rejects. */
function hasList(text: string): boolean {
  const { creation_rules: rules } = parseDocument(full(text), { merge: true, logLevel: 'error' }).toJS() as { readonly creation_rules: readonly object[] }
  return rules.some((rule) => Object.entries(rule).some(([name, value]) => name !== 'key_groups' && Array.isArray(value)))
}

for (const { name, groups, before, ...wanted } of shapes) where(...hasList(before) ? ['sops 3.11.0'] as const : []).describe(name, () => {
  test.each(['removed', 'added', 'replaced'] as const)('%s', async (edit) => {
    const result = editConfig(readSopsConfig('.sops.yaml', full(before)), edits[edit])
    expect(result).toEqual({ kind: 'edited', path: '.sops.yaml', before: full(before), after: full(wanted[edit]) })
    const now = { removed: groups.replace('B', ''), added: groups.replace('B', 'BC'), replaced: groups.replace('B', 'C') }[edit]
    expect(await groupsBySops(full(wanted[edit]))).toBe(now)
  })
})

describe('any kind of key beside one of another kind is the key that sops reads', () => {
  const arn = 'arn:aws:kms:eu-west-1:111122223333:key/6b1c8a3e-1d5e-4a8e-9d1c-0c2f0f5a7b11'
  const ssh = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK1dOZZ8Wz0CE2m4EWKc9zGPGfBNZBNHKO6nCtL4bFq'
  const flat = [
    'ABCDEF0123456789ABCDEF0123456789ABCDEF01', '1'.repeat(40), ssh, arn, `${arn}+arn:aws:iam::111122223333:role/r`,
    'projects/p/locations/global/keyRings/r/cryptoKeys/k', 'https://v.vault.azure.net/keys/k/0123456789',
    'https://vault.example.com:8200/v1/transit/keys/k', 'tr-west-1:6b1c8a3e-1d5e-4a8e-9d1c-0c2f0f5a7b11',
  ]
  const inGroups = [...flat, `${arn}|App:x y,Env:1`, `${arn}+arn:aws:iam::111122223333:role/r|Env:prod|ops`, `${arn}||ops`]
  const cases = [
    ...flat.flatMap((id) => ['- age: A,B\n', '- {age: B, path_regex: f}\n'].map((rule) => [id, rule] as const)),
    ...inGroups.flatMap((id) => ['- key_groups:\n  - age:\n    - A\n    - B\n',
      '- key_groups: [{age: [B]}]\n'].map((rule) => [id, rule] as const)),
  ]

  const takesHuawei = where('sops 3.11.0')
  for (const [id, rule] of cases) (id.startsWith('tr-') ? takesHuawei.test : test)(`${id} in ${JSON.stringify(rule)}`, async () => {
    const recipient = parseRecipient(id) ?? age('X')
    const before = full(`creation_rules:\n${rule}`)
    const result = editConfig(readSopsConfig('.sops.yaml', before),
      { removed: [], added: [{ recipient, name: null }], like: [age('B')] })
    const after = result.kind === 'edited' ? result.after : result.kind
    expect(await groupsBySops(after)).toBe([...(rule.includes('A') ? ['A'] : []), 'B', id].sort().join(''))
  })
})
