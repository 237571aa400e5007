import { describe, expect, test } from '@jest/globals'
import { canonicalId, parseRecipient, sameRecipient, shortForm } from '../../src/model/recipient.ts'

const fingerprint = 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4'
const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK1dOZZ8Wz0CE2m4EWKc9zGPGfBNZBNHKO6nCtL4bFq'

describe('a recipient', () => {
  test.each([
    ['age1qx0a4eukz6qvy2ga5qg7l0hf5a8kwy6vq6slwq3ykzp5spjm5gvs0k5pdr', 'age'],
    [`age1pq1${'q'.repeat(1952)}`, 'age'],
    ['age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t', 'age-plugin'],
    [sshKey, 'age-ssh'],
    [`${sshKey} bob@laptop`, 'age-ssh'],
    [fingerprint, 'pgp'],
    ['fbc7 b9e2 a4f9 289a c0c1 d484 3d16 cee4 a273 81b4', 'pgp'],
    ['arn:aws:kms:us-east-1:111122223333:key/6b1c8a3e-1d5e-4a8e-9d1c-0c2f0f5a7b11', 'kms'],
    ['arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/prod+arn:aws-us-gov:iam::1:role/r|Env:prod|ops', 'kms'],
    ['arn:aws:kms:us-east-1:111122223333:key/k|App:a b,Env:prod', 'kms'],
    ['projects/p/locations/global/keyRings/r/cryptoKeys/k', 'gcp_kms'],
    ['https://myvault.vault.azure.net/keys/sops-key/0a1b2c', 'azure_keyvault'],
    ['https://vault.example.com:8200/v1/transit/keys/sops', 'hc_vault'],
    ['tr-west-1:6b1c8a3e-1d5e-4a8e-9d1c-0c2f0f5a7b11', 'hckms'],
  ])('%s is %s', (text, kind) => {
    expect(parseRecipient(text)).toMatchObject({ kind })
  })

  test.each(['', 'bob', 'age1', 'age1qx0', 'FBC7B9E2', 'arn:aws:iam::1:user/bob', 'https://example.com/', 'age1a\nb'])(
    '%j is none',
    (text) => {
      expect(parseRecipient(text)).toBeNull()
    },
  )

  test('is the same key in another spelling', () => {
    const pair = (a: string, b: string): boolean => {
      const [one, other] = [parseRecipient(a), parseRecipient(b)]
      if (one === null || other === null) throw new Error('no recipient')
      return sameRecipient(one, other)
    }
    expect(pair(fingerprint, fingerprint.toLowerCase().replace(/(.{4})/g, '$1 ').trim())).toBe(true)
    expect(pair(sshKey, `${sshKey} bob@laptop`)).toBe(true)
    expect(pair('arn:aws:kms:eu-west-1:1:key/a', 'arn:aws:kms:eu-west-1:1:key/a|Env:prod')).toBe(false)
  })

  test('of two kinds is never one key', () => {
    expect(canonicalId({ kind: 'age', id: 'x' })).not.toBe(canonicalId({ kind: 'kms', id: 'x' }))
  })

  test('has a short form that does not hide which it is', () => {
    expect(shortForm({ kind: 'pgp', id: fingerprint.toLowerCase() })).toBe('3D16CEE4A27381B4')
    expect(shortForm({ kind: 'age-ssh', id: `${sshKey} bob@laptop` })).toBe('bob@laptop')
  })
})
