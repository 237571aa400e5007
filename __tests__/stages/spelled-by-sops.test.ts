// How sops itself spells each kind of key, asked without any key: what a rule names, and what it prints, must be the same to us.
import { describe, expect } from '@jest/globals'
import { canonicalId } from '../../src/model/recipient.ts'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'
import { readConfiguredRecipients } from '../../src/model/sops-file/updatekeys-output.ts'
import { makeAgeKey } from '../support/age-key.ts'
import { where } from '../support/parts.ts'
import { Repository } from '../support/repository.ts'

const ed25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHfWTveWcdFxRaMPIN/n554iqJi6zO0p8UgTqeUdSz8W'
const arn = 'arn:aws:kms:us-east-1:111122223333:key'
const other = makeAgeKey().recipient

/** Lines of a rule, and what sops prints of them. */
const rules: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['age', [`age: "${other}"`], [other]],
  ['an age plugin', ['age: age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t'], ['age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t']],
  ['SSH, with and without a comment', [`age: ["${ed25519}  bob  laptop", " ${ed25519} "]`], [`${ed25519}  bob  laptop`, ed25519]],
  ['PGP', ['pgp: "fbc7 b9e2 a4f9 289a c0c1  d484 3d16 cee4 a273 81b4, 0xFBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B5,FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4!"'],
    ['fbc7b9e2a4f9289ac0c1d4843d16cee4a27381b4', '0xFBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B5', 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4!']],
  ['KMS in a string', [`kms: "${arn}/mrk-1, arn:aws-us-gov:kms:us-gov-west-1:1:alias/a + arn:aws-us-gov:iam::1:role/r,arn:aws-cn:kms:cn-north-1:1:key/k"`, 'aws_profile: ops'],
    [`${arn}/mrk-1||ops`, 'arn:aws-us-gov:kms:us-gov-west-1:1:alias/a+arn:aws-us-gov:iam::1:role/r||ops', 'arn:aws-cn:kms:cn-north-1:1:key/k||ops']],
  ['KMS in a map', ['key_groups:', `  - kms: [{arn: "${arn}/a", role: "arn:aws:iam::1:role/r", context: {B: "2", A: "a b"}, aws_profile: ops}, {arn: "${arn}/b", context: {B: "2"}}]`],
    [`${arn}/a+arn:aws:iam::1:role/r|A:a b,B:2|ops`, `${arn}/b|B:2`]],
  ['GCP', ['gcp_kms: "projects/example.com:p/locations/global/keyRings/r/cryptoKeys/k, projects/p/locations/eu/keyRings/r/cryptoKeys/k/cryptoKeyVersions/3"'],
    ['projects/example.com:p/locations/global/keyRings/r/cryptoKeys/k', 'projects/p/locations/eu/keyRings/r/cryptoKeys/k/cryptoKeyVersions/3']],
  ['Azure in a string', ['azure_keyvault: "https://V.vault.azure.cn/keys/n/0a1b, https://h.managedhsm.azure.net/keys/n/0a1b"'],
    ['https://V.vault.azure.cn/keys/n/0a1b', 'https://h.managedhsm.azure.net/keys/n/0a1b']],
  ['Azure in a map', ['key_groups:', '  - azure_keyvault: [{vaultUrl: "https://v.vault.azure.net/", key: n, version: "0a"}]'], ['https://v.vault.azure.net//keys/n/0a']],
  ['Vault', ['hc_vault_transit_uri: "https://V.example.com:8200/v1/transit/keys/k/,http://[::1]/v2/a/b/transit/keys/k2"'],
    ['https://V.example.com:8200/v1/transit/keys/k', 'http://[::1]/v1/a/b/transit/keys/k2']],
]

describe('sops and we', () => {
  for (const [name, lines, printed] of rules) {
    // A list outside of key_groups is read from 3.11 on.
    const { test } = where(...lines.some((line) => line.startsWith('age: [')) ? ['sops 3.11.0'] as const : [])
    test(`name the keys of a rule alike: ${name}`, () => {
      using repository = new Repository()
      const mine = makeAgeKey().recipient
      repository.write('.sops.yaml', `creation_rules:\n  - age: ${mine}\n`)
      repository.encrypt('app.yaml', 'a: 1\n')
      const [first = '', ...rest] = lines
      repository.write('.sops.yaml', `creation_rules:\n${[`  - ${first}`, ...rest.map((line) => `    ${line}`)].join('\n')}\n`)
      const { stdout, stderr } = repository.sops(['updatekeys', 'app.yaml'], { input: 'n\n' })
      expect([...stdout.matchAll(/^\+\+\+ (.*)$/gm)].map(([, key]) => key)).toEqual(printed)
      const [answer] = readConfiguredRecipients([`${repository.root}/app.yaml`], stdout, stderr).values()
      if (answer?.kind !== 'different') throw new Error('sops sees no difference')
      const config = readSopsConfig('.sops.yaml', repository.read('.sops.yaml'))
      const unique = (ids: readonly string[]): string[] => [...new Set(ids)].sort()
      expect(unique(answer.groups.flat().map(canonicalId))).toEqual(unique(config.recipients.map(canonicalId)))
    })
  }
})
