import { describe, expect, test } from '@jest/globals'
import type { Recipient, RecipientKind } from '../../src/model/recipient.ts'
import { canonicalId, isKept, isMeantBy, isSameKeyMaterial, parsePgpId, parseRecipient, sameRecipient, shortForm } from '../../src/model/recipient.ts'

const alice = 'age1qx0a4eukz6qvy2ga5qg7l0hf5a8kwy6vq6slwq3ykzp5spjm5gvs0k5pdr'
const fingerprint = 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4'
const ed25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK1dOZZ8Wz0CE2m4EWKc9zGPGfBNZBNHKO6nCtL4bFq'
const rsa = `ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ${'C'.repeat(330)}x+/==`
const arn = 'arn:aws:kms:us-east-1:111122223333:key/6b1c8a3e-1d5e-4a8e-9d1c-0c2f0f5a7b11'
const gcp = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'
const azure = 'https://myvault.vault.azure.net/keys/sops-key'
const version = '0a1b2c3d4e5f60718293a4b5c6d7e8f9'
const vault = 'https://vault.example.com:8200/v1/transit/keys/sops'
const huawei = 'tr-west-1:6b1c8a3e-1d5e-4a8e-9d1c-0c2f0f5a7b11'

function parsed(text: string): Recipient {
  const recipient = parseRecipient(text) ?? parsePgpId(text)
  if (recipient === null) throw new Error(`no recipient: ${text}`)
  return recipient
}

const spellings: readonly (readonly [RecipientKind, string, string])[] = [
  ['age', 'age1qx0a4eukz6qvy2ga5qg7l0hf5a8kwy6vq6slwq3ykzp5spjm5gvs0k5pdr', 'age1qx0a4e…5pdr'],
  ['age', `age1pq1${'q'.repeat(1952)}`, 'age1pq1qqq…qqqq'],
  ['age-plugin', 'age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t', 'age1yubikey1qwt50…hl3t'],
  ['age-plugin', 'age1se-x.y+z_11qgg72x2qfk9wg3wh0qg9u0v7l5dkq4jx69fv80p6wdus3ftg6flwg5dgtgy', 'age1se-x.y+z_11qgg72…gtgy'],
  ['age-ssh', ed25519, 'ssh-ed25519 …nCtL4bFq'],
  ['age-ssh', `${ed25519} bob@laptop`, 'bob@laptop'],
  ['age-ssh', `${rsa} bob at work`, 'bob at work'],
  ['pgp', fingerprint, '3D16CEE4A27381B4'],
  ['pgp', fingerprint.toLowerCase(), '3D16CEE4A27381B4'],
  ['pgp', 'FBC7 B9E2 A4F9 289A C0C1  D484 3D16 CEE4 A273 81B4', '3D16CEE4A27381B4'],
  ['pgp', `0x${fingerprint}`, '3D16CEE4A27381B4'],
  ['pgp', `${fingerprint}!`, '3D16CEE4A27381B4!'],
  ['kms', arn, arn.slice(12)],
  ['kms', 'arn:aws:kms:eu-west-1:1:key/mrk-1234abcd', 'eu-west-1:1:key/mrk-1234abcd'],
  ['kms', 'arn:aws-cn:kms:cn-north-1:1:alias/prod', 'cn-north-1:1:alias/prod'],
  ['kms', 'arn:aws-us-gov:kms:us-gov-west-1:1:key/k+arn:aws-us-gov:iam::1:role/path/ci', 'us-gov-west-1:1:key/k (role/path/ci)'],
  ['kms', 'arn:aws:kms:us-east-1:1:key/k|App:a b,Env:prod', 'us-east-1:1:key/k (App:a b, Env:prod)'],
  ['kms', 'arn:aws:kms:us-east-1:1:key/k||ops', 'us-east-1:1:key/k (profile ops)'],
  ['kms', 'arn:aws:kms:us-east-1:1:key/k+arn:aws:iam::1:role/ci|Env:prod|ops', 'us-east-1:1:key/k (role/ci, Env:prod, profile ops)'],
  ['gcp_kms', gcp, 'p/global/r/k'],
  ['gcp_kms', `${gcp}/cryptoKeyVersions/3`, 'p/global/r/k/3'],
  ['gcp_kms', 'projects/example.com:p/locations/europe-west1/keyRings/r/cryptoKeys/k', 'example.com:p/europe-west1/r/k'],
  ['azure_keyvault', `${azure}/${version}`, 'myvault.vault.azure.net/sops-key/0a1b2c3d…'],
  ['azure_keyvault', azure, 'myvault.vault.azure.net/sops-key'],
  ['azure_keyvault', `${azure}/`, 'myvault.vault.azure.net/sops-key'],
  ['azure_keyvault', `https://v.vault.azure.cn//keys/k/${version}`, 'v.vault.azure.cn/k/0a1b2c3d…'],
  ['azure_keyvault', `https://h.managedhsm.azure.net/keys/k/${version}`, 'h.managedhsm.azure.net/k/0a1b2c3d…'],
  ['hc_vault', vault, 'vault.example.com:8200/transit/sops'],
  ['hc_vault', 'http://127.0.0.1:8200/v1/teams/a/transit/keys/k/', '127.0.0.1:8200/teams/a/transit/k'],
  ['hc_vault', 'https://[::1]/v2/transit/keys/k', '[::1]/transit/k'],
  ['hc_vault', 'https://user:password@v.example.com/v1/transit/keys/k', 'v.example.com/transit/k'],
  ['hckms', huawei, huawei],
]

describe('a recipient', () => {
  test.each(spellings)('of the kind %s: %s', (kind, text, short) => {
    expect(parsed(text).kind).toBe(kind)
    expect(shortForm(parsed(text))).toBe(short)
  })

  test.each([
    '', 'bob', 'age1', 'age1qx0', 'AGE1QX0A4EUKZ6QVY2GA5QG7L0HF5A8KWY6VQ6SLWQ3YKZP5SPJM5GVS0K5PDR', 'age1a/../b1qqqqqqqq', 'age1a\nb',
    'FBC7B9E2', fingerprint.slice(-16), fingerprint + 'a'.repeat(24), fingerprint.slice(1), `${fingerprint}!!`, `${fingerprint}0`,
    'arn:aws:iam::1:user/bob', `${arn}, ${arn}`, `${arn} is the key of bob`,
    'projects/p/locations/global/keyRings/r', 'https://example.com/', 'https://example.com/v1/transit/k', 'http://v.vault.azure.net/keys/k/1',
    'ssh-dss AAAA', 'eu-west-1:key',
  ])('%j is none', (text) => {
    expect(parseRecipient(text)).toBeNull()
  })

  test.each([
    [fingerprint, fingerprint.toLowerCase().replace(/(.{4})/g, '$1 ').trim()],
    [fingerprint, `0x${fingerprint}`],
    [ed25519, `${ed25519} bob@laptop`],
    [ed25519, `${ed25519}  # bob`],
    [`${arn}+arn:aws:iam::1:role/r`, `${arn} + arn:aws:iam::1:role/r`],
    [`${azure}/${version}`, `https://MyVault.vault.azure.net//keys/sops-key/${version}`],
    [`${arn}|App:web,Env:prod|ops`, `${arn}|Env:prod, App:web|ops`],
    [azure, `${azure}/`],
    [vault, 'https://Vault.example.com:8200/v1/transit/keys/sops/'],
    [vault, vault.replace('/v1/', '/v2/')],
    [huawei, huawei.toUpperCase().replace('TR-WEST', 'tr-west')],
  ])('%s is the same key as %s', (a, b) => {
    expect(sameRecipient(parsed(a), parsed(b))).toBe(true)
  })

  test.each([
    [fingerprint, `${fingerprint}!`],
    [arn, `${arn}|Env:prod`],
    [arn, `${arn}||ops`],
    [arn, `${arn}+arn:aws:iam::1:role/r`],
    ['arn:aws:kms:eu-west-1:1:key/mrk-1', 'arn:aws:kms:us-east-1:1:key/mrk-1'],
    [gcp, `${gcp}/cryptoKeyVersions/1`],
    [azure, `${azure}/${version}`],
    [`${azure}/${version}`, `${azure.replace('.net', '.cn')}/${version}`],
    [vault, vault.replace('https', 'http')],
    [vault, vault.replace('transit', 'Transit')],
    [vault, vault.replace('transit', 'v1/transit')],
  ])('%s is not the same key as %s', (a, b) => {
    expect(sameRecipient(parsed(a), parsed(b))).toBe(false)
  })

  test('of two kinds is never one key', () => {
    expect(canonicalId({ kind: 'age', id: 'x' })).not.toBe(canonicalId({ kind: 'kms', id: 'x' }))
  })

  test.each([
    [fingerprint.toLowerCase(), `${fingerprint}!`, true],
    [`${fingerprint}!`, fingerprint, true],
    [azure, `${azure}/${version}`, true],
    [`${azure}/${version}`, azure, true],
    [`${azure}/${version}`, `${azure}/ffff`, false],
    [azure, `${azure}-2/${version}`, false],
    [arn, `${arn}|Env:prod`, false],
    [gcp, `${gcp}/cryptoKeyVersions/1`, false],
    [vault, vault, true],
  ])('who asks for %s and %s: %s', (asked, one, meant) => {
    expect(isMeantBy(parsed(asked), parsed(one))).toBe(meant)
  })

  test.each([
    [fingerprint, fingerprint.slice(-16), true],
    [`0x${fingerprint.slice(-16).toLowerCase()}`, `${fingerprint}!`, true],
    [fingerprint, fingerprint.slice(-8), false],
    [fingerprint.slice(-16), fingerprint.slice(-8), false],
    [fingerprint.slice(-8), `0x${fingerprint.slice(-8)}`, true],
    [fingerprint, fingerprint.slice(0, 16), false],
    [fingerprint, `${fingerprint.slice(-16, -1)}0`, false],
  ])('who asks for the PGP key %s and %s: %s, either way', (asked, one, meant) => {
    expect(isMeantBy(parsed(asked), parsed(one))).toBe(meant)
    expect(isMeantBy(parsed(one), parsed(asked))).toBe(meant)
  })

  test.each([
    fingerprint.slice(-8), fingerprint.slice(-16), `0x${fingerprint.slice(-16)}`, `${fingerprint.slice(-16)}!`, fingerprint,
    fingerprint + 'a'.repeat(24), 'A273  81B4',
  ])('is a PGP key where only those stand: %s', (text) => {
    expect(parsePgpId(` ${text} `)).toMatchObject({ kind: 'pgp' })
    expect(shortForm(parsed(text)).length).toBeLessThanOrEqual(17)
  })

  test.each(['bob', 'deadbee', 'a'.repeat(65), 'deadbeef bob', 'g'.repeat(16), '', `${fingerprint}\n`.repeat(2), alice])(
    'is no PGP key even there: %j', (text) => {
      expect(parsePgpId(text)).toBeNull()
    })

  test.each([
    [arn, `${arn}|Env:prod`],
    [`${arn}||ops`, `${arn}+arn:aws:iam::1:role/r`],
    ['arn:aws:kms:eu-west-1:1:key/mrk-1|Env:prod', 'arn:aws:kms:us-east-1:1:key/mrk-1'],
    [gcp, `${gcp}/cryptoKeyVersions/1`],
    [`${gcp}/cryptoKeyVersions/2`, `${gcp}/cryptoKeyVersions/1`],
    [azure, `${azure}/${version}`],
    [`${azure}/ffff`, `${azure.replace('.net', '.net:443')}/${version}`],
    ['https://v.example.com/v1/transit/keys/k', 'https://V.example.com:443/v1/transit/keys/k/'],
    ['http://v.example.com/v1/transit/keys/k', 'http://v.example.com:80//v2/transit/keys/k'],
    ['https://v.example.com/v1/transit/keys/k', 'https://user:password@v.example.com/v1/transit/keys/k'],
    [fingerprint, fingerprint.slice(-16)],
    [`${fingerprint}!`, fingerprint.slice(-8)],
    [ed25519, `${ed25519} bob`],
  ])('%s is used by whoever can use %s', (a, b) => {
    expect(isSameKeyMaterial(parsed(a), parsed(b))).toBe(true)
    expect(isSameKeyMaterial(parsed(b), parsed(a))).toBe(true)
  })

  test.each([
    [arn, arn.replace('us-east-1', 'eu-west-1')],
    ['arn:aws:kms:eu-west-1:1:key/mrk-1', 'arn:aws:kms:eu-west-1:2:key/mrk-1'],
    ['arn:aws:kms:eu-west-1:1:key/mrk-1', 'arn:aws-cn:kms:eu-west-1:1:key/mrk-1'],
    ['arn:aws:kms:eu-west-1:1:alias/mrk-1', 'arn:aws:kms:us-east-1:1:alias/mrk-1'],
    [gcp, `${gcp}2/cryptoKeyVersions/1`],
    [azure, `${azure}2/${version}`],
    [vault, vault.replace(':8200', '')],
    ['https://v.example.com:80/v1/transit/keys/k', 'https://v.example.com/v1/transit/keys/k'],
    [vault, vault.replace('transit', 'Transit')],
    [fingerprint, fingerprint.slice(0, 16)],
    [ed25519, alice],
  ])('%s is not told to be used by whoever can use %s', (a, b) => {
    expect(isSameKeyMaterial(parsed(a), parsed(b))).toBe(false)
  })

  test('without a version is kept where any version of it is', () => {
    expect(isKept(parsed(azure), [parsed(alice), parsed(`${azure}/${version}`)])).toBe(true)
    expect(isKept(parsed(`${azure}/ffff`), [parsed(`${azure}/${version}`)])).toBe(false)
    expect(isKept(parsed(azure), [])).toBe(false)
  })

  test('has a short form that is short, whatever its context holds', () => {
    expect(shortForm({ kind: 'kms', id: `${arn}|App:${'x'.repeat(1000)}` })).toHaveLength(100)
  })
})
