// A version of a file as history has it: each value by its name, whatever its metadata looks like.
import { expect, test } from '@jest/globals'
import { readVersion, scalarsIn, spelledKey } from '../../src/model/exposure/file-version.ts'
import { withKeysOf } from '../../src/model/exposure/spliced-version.ts'
import { readEncryptedFile, secretNames } from '../../src/model/sops-file/encrypted-file.ts'

const value = (at: number): string => `ENC[AES256_GCM,data:0LDe77DV4Q==,iv:O2kpdUOjbNzIffyEWf5MgQ1wI503HlYSajOKUG4ujw${at}=,tag:IlAyD1kHSBgRQ4qtSsoMXQ==,type:str]`
const message = '            -----BEGIN PGP MESSAGE-----\n\n            hF4DoO58sRLV7gsSAQdAy5ahucg6qUQOxtUtZrQLYaR7zppIhbxCc3i1oStMcQ0w\n            =QlUg\n            -----END PGP MESSAGE-----\n'
const metadata = `sops:\n    pgp:\n        - created_at: "2026-11-28T11:39:21Z"\n          enc: |-\n${message}          fp: DFA1F98A8C2E45C785578E87ECBF3B79A14F1BEB\n    lastmodified: "2026-11-28T11:39:21Z"\n    mac: ${value(3)}\n    version: 3.11.0\n`
const first = `user: ${value(1)}\npassword: ${value(2)}\n${metadata}`

test.each([
  ['the last value before a PGP message, which has an empty line in it', first, ['user', 'password']],
  ['those of each document', `${first}---\ntoken: ${value(4)}\n${metadata}`, ['user', 'password', 'token']],
  ['those of lines that end in CRLF', first.replaceAll('\n', '\r\n'), ['user', 'password']],
  ['the only one', `password: ${value(2)}\n${metadata}`, ['password']],
])('%s is read', (_, text, names) => {
  const [version, file] = [readVersion('app.yaml', Buffer.from(text)), readEncryptedFile('app.yaml', Buffer.from(text))]
  if (version === null || version === 'unreadable' || file === null || 'damage' in file) throw new Error('not read')
  expect(version.leaves.map(({ key }) => (JSON.parse(key) as readonly unknown[])[1])).toEqual(names)
  expect(secretNames(file, Buffer.from(text))).toEqual(names)
})

test('a PGP message goes whole into another version', () => {
  const spliced = withKeysOf('yaml', first, first.replace('hF4DoO58', 'hF4DoO99'))
  expect(spliced).toContain(message.replace('hF4DoO58', 'hF4DoO99'))
  expect(spliced?.split('\n').sort()).toEqual(first.replace('hF4DoO58', 'hF4DoO99').split('\n').sort())
})

test.each([
  ['each document by its number, but for the first', 'yaml', 'p: 1\n---\np: 2\nhosts:\n  - 3\n---\np: 4\n', ['p', 'p (document 2)', 'hosts[0] (document 2)', 'p (document 3)']],
  ['lines that share a name by that name alone', 'dotenv', 'A=1\nA=2\nB=3\n', ['A', 'B', 'A']],
] as const)('a report names %s', (_, format, text, names) => {
  const keys = scalarsIn(format, text).map(([key]) => key)
  expect(keys.map(spelledKey)).toEqual(names)
  expect(new Set(keys).size).toBe(names.length)
})
