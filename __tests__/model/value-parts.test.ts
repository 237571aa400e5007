// What a value is made of: what can be a secret in it, and nothing that all such values have.
import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { digestsBy, standingOf } from '../../src/model/exposure/digests.ts'
import { canonicalJson, mostParts, partsOf } from '../../src/model/exposure/value-parts.ts'

const pem = (kind: string, body: string): string => `-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----\n`

test.each<[string, string, unknown]>([
  ['one line', 'DB_PASSWORD=S3cretValue\n', null],
  ['bytes', 'some text\nother text\n\0', null],
  ['lines', 'first line\nshort\n\nother line\r\n', ['line', [['first line'], ['other line']]]],
  ['assignments', 'DB=S3cretValue\nexport KEY="S3cretValue"\npw: S3cretValue\n"pw": "S3cretValue",\nPIN=1234', ['line', [
    ['DB=S3cretValue', 'S3cretValue'], ['export KEY="S3cretValue"', 'S3cretValue'], ['pw: S3cretValue', 'S3cretValue'], ['"pw": "S3cretValue",', 'S3cretValue'], ['PIN=1234'],
  ]]],
  ['a list', 'users:\n  - S3cretValue\n', ['line', [['- S3cretValue', 'S3cretValue']]]],
  ['names alone', 'privateKey: |\n[production]\nclusters:\n  server = {\n--------------\nTOKEN=\n', ['line', []]],
  ['URLs in lines', 'URL=postgres://app:S3cretValue@host/db\nhttps://me:S3cretValue@host\n', ['line', [
    ['URL=postgres://app:S3cretValue@host/db', 'postgres://app:S3cretValue@host/db', 'S3cretValue'], ['https://me:S3cretValue@host', '//me:S3cretValue@host', 'S3cretValue'],
  ]]],
  ['a key, as one part', pem('PRIVATE KEY', 'MC4CAQAwBQYDK2VwBCIEIA\nabcdefgh'), ['line', [['MC4CAQAwBQYDK2VwBCIEIAabcdefgh']]]],
  ['what is no secret', `${pem('CERTIFICATE', 'MIIBabcdefgh')}${pem('PUBLIC KEY', 'MIIBabcdefgh')}`, ['line', []]],
  ['JSON', '{"db": {"pw": "S3cretValue", "port": 5432}, "pins": [123456789, true], "pem": "first line\\nother line\\n"}', ['value', [['S3cretValue'], ['123456789'], ['first line'], ['other line']]]],
  ['JSON that is none', '{"db": S3cretValue}', null],
  ['a URL', 'postgres://app:p%40ss@host/db', ['password', [['p%40ss', 'p@ss']]]],
  ['a URL with what is no password', 'https://host:8080/a:b@c', null],
])('of %s', (_, value, expected) => {
  const parts = partsOf(value)
  expect(parts === null ? null : [parts.kind, parts.parts]).toEqual(expected)
})

test('more parts than are compared are not kept, and what is nested deeper than anyone does is no JSON', () => {
  const lines = (count: number): string => Array.from({ length: count }, (_, at) => `line ${at} of many`).join('\n')
  expect(partsOf(lines(mostParts))).toMatchObject({ tooMany: false })
  const { parts, tooMany } = partsOf(lines(2 * mostParts)) ?? { parts: [] }
  expect([parts.length, tooMany]).toEqual([mostParts, true])
  expect([60, 100].map((depth) => canonicalJson('['.repeat(depth) + ']'.repeat(depth)) !== null)).toEqual([true, false])
  expect(canonicalJson('['.repeat(100_000) + ']'.repeat(100_000))).toBeNull()
})

test('one JSON is the same however it is laid out, and no other', () => {
  const text = '{"a": {"b": [1, "x"], "c": {}}, "d": null}'
  expect(canonicalJson('{ "d":null,\n"a":{"c":{},"b":[1,"x"]}}')).toBe(canonicalJson(text))
  for (const other of ['{"a": {"b": ["x", 1], "c": {}}, "d": null}', '{"a": {"b": [1, "x"], "c": []}, "d": null}', '{"a": {"b": [1, "x"]}, "d": null}']) {
    expect(canonicalJson(other)).not.toBe(canonicalJson(text))
  }
  expect(canonicalJson('"text"')).toBeNull()
})

test('what stands of a value in another one is counted by its parts, also of one in Base64', () => {
  const digestsOf = digestsBy((text) => createHash('sha256').update(text).digest('base64'))
  const standing = (was: string, now: string): unknown => {
    const { kind, left, of } = standingOf(digestsOf(was), Buffer.byteLength(was), [digestsOf(now)])
    return [kind, left, of]
  }
  const two = 'DB=S3cretValue\nKEY=other-secret\n'
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  expect(standing(two, 'DB=S3cretValue\nKEY=fresh-secret\n')).toEqual(['line', 1, 2])
  expect(standing(two, 'DATABASE: "S3cretValue"\nx: y\n')).toEqual(['line', 1, 2])
  expect(standing(two, 'S3cretValue')).toEqual(['line', 1, 2])
  expect(standing(base64(two), base64(`${two}LOG_LEVEL=debug\n`))).toEqual(['line', 2, 2])
  expect(standing(two, 'DB=fresh-secret-1\nKEY=fresh-secret-2\n')).toEqual(['line', 0, 2])
  expect(standing('S3cretValue', two)).toEqual(['all', 1, 1])
  expect(standing('S3cretValue', 'postgres://app:S3cretValue@host/db')).toEqual(['all', 1, 1])
  expect(standing('pw', 'postgres://app:pw@host/db')).toEqual(['all', 0, 1])
  expect(standing('DB', 'a=first\nDB\n')).toEqual(['all', 0, 1])
  expect(standing('fresh-secret', 'fresh-secret')).toEqual(['all', 0, 1])
  expect(digestsOf(two).parts?.numbers).toHaveLength(8)
})
