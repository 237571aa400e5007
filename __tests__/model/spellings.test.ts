// One value, written in other ways: what is the same to whoever uses it shares a spelling, and has a length that is looked for.
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { alikeSizes, isAlike, spellingsOf } from '../../src/model/exposure/spellings.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const wrapped = (text: string): string => base64(text).replace(/.{76}(?=.)/g, '$&\n')
const areOne = (a: string, b: string): boolean => spellingsOf(a).some((one) => spellingsOf(b).includes(one))

test.each<[string, string, string]>([
  ['a line break behind it', 'pass word', 'pass word\n'], ['quotes', 'pass', '"pass"'], ['other quotes', 'pass', "'pass'"],
  ['Base64', 'hunter2', 'aHVudGVyMg=='], ['Base64 of a whole line', 'hunter2', base64('hunter2\n')], ['Base64 in lines', 'x'.repeat(200), `${wrapped('x'.repeat(200))}\n`],
  ['a number', '12345678.5', '12345678.50'], ['a number with a sign', '42', '+42'],
  ['bytes in Base64', Buffer.from([0, 255, 1, 254, 7, 200]).toString('latin1'), Buffer.from([0, 255, 1, 254, 7, 200]).toString('base64')],
])('is the same with %s', (_, one, other) => {
  expect(areOne(one, other)).toBe(true)
  expect(isAlike(Buffer.byteLength(one, 'latin1'), Buffer.byteLength(other))).toBe(true)
})

test('a number is the same however sops writes it, which is no longer where it is encrypted', () => {
  expect(areOne('12345678.50', '1.23456785e+07')).toBe(true)
  expect(areOne('12345678.50', '1.23456785e+08')).toBe(false)
})

test.each([
  ['pass', 'Pass'], ['1234567890123456', '1234567890123457'], ['9007199254740993', '9007199254740992'], ['pass', 'pass1'], ['pass', '"pass'], ['12345678901234567', '12345678901234568'], ['aHVudGVyMg', 'aHVudGVyMh'], ['abcd', Buffer.from('abcd', 'base64').toString('latin1')],
])('%j is another value than %j', (one, other) => {
  expect(areOne(one, other)).toBe(false)
})

test('however a value is written, and however long it is, it is found', () => {
  const respelled = fc.constantFrom<(text: string) => string>((text) => `${text}\n`, (text) => `"${text}"`, (text) => `'${text}'`, base64, (text) => base64(`${text}\n`), wrapped, (text) => `${wrapped(text)}\n`)
  // What is a spelling of something else already, is not what is asked here.
  const plain = fc.string({ minLength: 6, maxLength: 300 }).filter((text) => spellingsOf(text).length === 1 && text.trim() === text)
  fc.assert(fc.property(plain, respelled, (text, write) => {
    const [own, other] = [text, write(text)].map((one) => Buffer.byteLength(one)) as [number, number]
    expect(areOne(text, write(text))).toBe(true)
    expect(alikeSizes(own)).toContain(other)
    expect(alikeSizes(other)).toContain(own)
    expect([isAlike(own, other), isAlike(other, own)]).toEqual([true, true])
  }))
})
