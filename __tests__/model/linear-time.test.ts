// Text that anyone may have committed, made to keep a matcher busy for minutes: it is read like any other.
import { expect, test } from '@jest/globals'
import { readVersion } from '../../src/model/exposure/file-version.ts'
import { isLike } from '../../src/model/owners/likeness.ts'
import { nameInComment } from '../../src/model/owners/owners.ts'
import { readPublicKeys } from '../../src/model/owners/public-keys.ts'
import { shortForm } from '../../src/model/recipient.ts'
import { isLabel, nameBeside, namesListed } from '../../src/model/sops-config/names.ts'

const many = 300_000
const key = `age1${'q'.repeat(58)}`
const stanza = '-----BEGIN AGE ENCRYPTED FILE-----'

const mac = 'ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]'

function encrypted(body: string, wrapped: string): string {
  return JSON.stringify({ a: body, sops: { age: [{ recipient: key, enc: wrapped }], lastmodified: '2026-01-10T12:00:00Z', mac, version: '3.13.3' } })
}

test.each([
  ['beginnings of values', 'app.yaml', `a: ${'ENC[AES256_GCM,data:'.repeat(many)}\nsops:\n    age:\n        - recipient: ${key}\n          enc: x\n    mac: ${mac}\n    version: 3.13.3\n`],
  ['beginnings of wrapped keys', 'app.json', encrypted('x', stanza.repeat(many))],
])('a version full of %s', (_, path, text) => {
  expect(readVersion(path, Buffer.from(text))).toMatchObject({ readers: [{ id: key }], leaves: [] })
})

test('a wrapped key is told, whatever stands around it', () => {
  const text = encrypted('x', `${stanza}\nABCD\n-----END AGE ENCRYPTED FILE-----\n${stanza}`)
  expect(readVersion('app.json', Buffer.from(text))).toMatchObject({ marks: ['ABCD', 'AAAA'] })
})

test.each([
  ['blanks in a comment', () => nameInComment(`# bob${' '.repeat(many)}x`)],
  ['beginnings of an address', () => nameBeside(`# bob${' <'.repeat(many)}`)],
  ['signs of a list', () => nameBeside(`${'# - '.repeat(many)}bob`)],
  ['commas', () => namesListed(`${'a,'.repeat(many)}(`, 0, 2 * many + 1)],
  ['what parts names', () => namesListed(' and'.repeat(many), 0, 4 * many)],
  ['blanks in a label', () => isLabel(`# bob${' '.repeat(many)}x`)],
  ['a word before an odd end of line', () => readPublicKeys('keys.txt', `${'a'.repeat(many)}\u{2028}x`)],
  ['words that tell keys apart', () => isLike(`bob${' old'.repeat(many)}`, 'alice')],
  ['comments and keys by turns', () => readPublicKeys('keys.txt', `# bob\n${key}\n`.repeat(many / 10))],
  ['an address with many versions', () => shortForm({ kind: 'hc_vault', id: `https://vault/keys${'/v1/a'.repeat(many)}` })],
])('%s', (_, read) => {
  expect(read).not.toThrow()
})

test('the short form of a Vault key has neither scheme nor version', () => {
  expect(shortForm({ kind: 'hc_vault', id: 'https://vault.example.com:8200/v1/team/transit/keys/sops/' })).toBe('vault.example.com:8200/team/transit/sops')
})
