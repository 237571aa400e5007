// What has become of a secret, by what could be decrypted: `changed` and `removed` only where nothing is left to be held against it.
import { expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { digestsBy } from '../../src/model/exposure/digests.ts'
import type { Digests } from '../../src/model/exposure/digests.ts'
import { answer } from '../../src/model/exposure/exposure-answer.ts'
import type { Decrypted, Known, Question } from '../../src/model/exposure/exposure-answer.ts'
import type { KnownValue, Place } from '../../src/model/exposure/hiding-places.ts'

const size = 12
const known = (iv: number, rest: Partial<Known> = {}): Known =>
  ({ iv, home: 'app.yaml', key: '[0,"pw"]', size, knowing: 'listed', state: 'current', reason: null, ...rest })
const here: Place = { version: 0, key: '[0,"pw"]', size }
const elsewhere: Place = { version: 1, key: '[0,"x"]', size }
const was = known(1)
const untold = 'nobody can tell'

const digest = (text: string): string => createHash('sha256').update(text).digest('base64')
const digestsOf = digestsBy(digest)

interface World {
  /** Texts by the IVs of what they knew, and by the versions that hold them today; what is missing could not be decrypted. */
  readonly then?: Readonly<Record<number, string>>
  readonly now?: Readonly<Record<number, string>>
  readonly places?: readonly Place[]
  readonly all?: readonly KnownValue[]
  /** What stands in the clear, in a file that came in the commit in which this one went. */
  readonly clear?: string
  readonly whyNotClear?: string
}

function told(question: Partial<Question>, { then = { 1: 'old' }, now = { 0: 'new' }, places = [], all = [was], clear, whyNotClear }: World): unknown {
  const digests = (text: string | undefined): Digests | null => (text === undefined ? null : digestsOf(text))
  const of = ({ iv }: { readonly iv: number }): Digests | null => digests(then[iv])
  const at = ({ version }: Place): Digests | null => digests(now[version])
  const areOne = (one: Digests | null, other: Digests): boolean => one?.spellings.some((each) => other.spellings.includes(each)) === true
  const decrypted: Decrypted = {
    at, of, same: (list, value) => list.filter((one) => areOne(of(one), value)), find: (list, value) => list.filter((place) => areOne(at(place), value)),
    lackOf: (list) => (list.every((one) => of(one) !== null) ? null : 'is closed'), lackAt: (list) => (list.every((one) => at(one) !== null) ? null : 'is closed'),
    inTheClear: (_, { spellings: [text] }) => (clear !== undefined && text === digest(clear) ? 'plain.env' : null), isClear: () => clear !== undefined, whyNotClear: () => whyNotClear ?? null,
    nameOf: ({ version }) => `place ${version}`, nameOfKnown: ({ iv }) => `value ${iv}`,
  }
  const asked: Question = {
    now: [here], within: question.now ?? [here], known: [was], own: [was], byLength: { places: (of) => (of === size ? places : []), comments: () => [], known: (of) => (of === size ? all : []) },
    clear: [], went: null, isHere: ({ version }) => version === 0, otherwise: 'changed', untold, ...question,
  }
  const { state, reason } = answer(asked, decrypted) ?? {}
  return [state, reason]
}

test.each<[string, Partial<Question>, World, unknown]>([
  ['another value', {}, {}, ['changed', null]],
  ['the same value', {}, { now: { 0: 'old' } }, ['current', null]],
  ['a value that they know from another name', {}, { all: [was, known(2)], then: { 1: 'old', 2: 'new' } }, ['current', 'it is a value that they know from value 2']],
  ['one as long that they know from another name, and that is another', {}, { all: [was, known(2)], then: { 1: 'old', 2: 'third' } }, ['changed', null]],
  ['one as long that they know from another name, and that nothing opens', {}, { all: [was, known(2)] }, ['unknown', 'a value as long that they knew from another name is closed']],
  ['a value that they only perhaps know from another name', {}, { all: [was, known(2, { knowing: 'perhaps' })], then: { 1: 'old', 2: 'new' } }, ['unknown', untold]],
  ['the same value in quotes', {}, { now: { 0: '"old"' } }, ['current', 'it is a value that they know, written another way']],
  ['a value that they know from another name, in quotes', {}, { all: [was, known(2)], then: { 1: 'old', 2: 'new' }, now: { 0: '"new"' } }, ['current', 'it is a value that they know from value 2, written another way']],
  ['the old one, which is closed', {}, { then: {} }, ['unknown', 'an earlier value of it is closed']],
  ['the new one, which is closed', {}, { now: {} }, ['unknown', 'the file is closed']],
  ['the old value, that stands elsewhere', {}, { places: [elsewhere], now: { 0: 'new', 1: 'old' } }, ['current', 'a value of it that they knew stands at place 1']],
  ['the old value, that stands elsewhere in quotes', {}, { places: [elsewhere], now: { 0: 'new', 1: '"old"' } }, ['current', 'a value of it that they knew stands at place 1, written another way']],
  ['a value elsewhere, that is closed', {}, { places: [elsewhere] }, ['unknown', 'a file that may hold it now is closed']],
])('at its name stands %s', (_, question, world, expected) => {
  expect(told(question, world)).toEqual(expected)
})

const [two, url] = ['DB=S3cretValue\nKEY=other-secret\n', 'postgres://app:pw@host/db']
const lines = (count: number): string => Array.from({ length: count }, (_, at) => `line ${at} of ${count}`).join('\n')
test.each<[string, Partial<Question>, World, unknown]>([
  ['with a line more', {}, { then: { 1: two }, now: { 0: `${two}LOG=debug\n` } }, ['unknown', 'it has another value, but 2 of the 2 lines that they knew still stand in it: look which of them are secrets']],
  ['with one of its lines', {}, { then: { 1: two }, now: { 0: 'DB=S3cretValue\nKEY=fresh-secret\n' } }, ['unknown', 'it has another value, but 1 of the 2 lines that they knew still stands in it: look which of them are secrets']],
  ['with none of its lines', {}, { then: { 1: two }, now: { 0: 'DB=fresh-one\nKEY=fresh-secret\n' } }, ['changed', null]],
  ['of many lines, now of one of them', {}, { then: { 1: two }, now: { 0: 'S3cretValue' } }, ['unknown', expect.stringContaining('1 of the 2 lines')]],
  ['as a line of another one', {}, { then: { 1: 'S3cretValue' }, now: { 0: two } }, ['current', 'it has another value, but the one that they knew still stands in it as a part']],
  ['laid out anew', {}, { then: { 1: '{"a":"S3cretValue","b":1}' }, now: { 0: '{\n "b": 1,\n "a": "S3cretValue"\n}\n' } }, ['current', 'it is a value that they know, written another way']],
  ['with a part of its JSON', {}, { then: { 1: '{"a":"S3cretValue","b":1}' }, now: { 0: '{"a":"S3cretValue","b":2}' } }, ['unknown', 'it has another value, but the value that they knew still stands in it: look which of them are secrets']],
  ['with the password of its URL', {}, { then: { 1: url }, now: { 0: 'postgres://app:pw@other-host/db' } }, ['current', 'it has another value, but the password in it is still the one that they knew']],
  ['with another password in its URL', {}, { then: { 1: url }, now: { 0: 'postgres://app:wp@host/db' } }, ['changed', null]],
  ['of more lines than are compared', {}, { then: { 1: two }, now: { 0: lines(10_001) } }, ['unknown', expect.stringContaining('has more parts than are compared')]],
  ['that was theirs when they were there no more', { known: [known(1, { knowing: 'spliced', state: 'changed-too-early' })] }, { then: { 1: url }, now: { 0: 'postgres://app:pw@other-host/db' } }, ['changed-too-early', expect.stringContaining('the password in it')]],
  ['that only perhaps was theirs', { known: [was, known(2, { knowing: 'perhaps' })] }, { then: { 1: 'x', 2: two }, now: { 0: `${two}LOG=debug\n` } }, ['unknown', untold]],
  ['and one of another length, that nothing opens', { known: [was, known(2, { size: 500 })] }, { now: { 0: two } }, ['unknown', 'an earlier value of it is closed']],
])('what stood at its name stands there %s', (_, question, world, expected) => {
  expect(told(question, world)).toEqual(expected)
})

const resorted = { now: [], within: [here, elsewhere], otherwise: 'unknown', untold: 'it is kept otherwise' } as const
test.each<[string, World, unknown]>([
  ['lines of it', { then: { 1: two }, now: { 0: 'S3cretValue', 1: 'fresh-secret' } }, ['unknown', 'it is kept otherwise; 1 of the 2 lines that they knew still stands in it: look which of them are secrets']],
  ['it among others', { then: { 1: 'S3cretValue' }, now: { 0: two } }, ['current', 'it is kept otherwise; the one that they knew still stands in it as a part']],
  ['nothing of it', { then: { 1: two }, now: { 0: 'fresh-secret' } }, ['unknown', 'it is kept otherwise']],
  ['what nothing opens', { then: { 1: two }, now: {} }, ['unknown', 'it is kept otherwise']],
])('where a file is encrypted as another sort, there stands %s', (_, world, expected) => {
  expect(told(resorted, world)).toEqual(expected)
})

test('a value below 8 bytes proves nothing where it stands under another name, and is never called gone then', () => {
  const [short, other] = [known(1, { size: 7 }), known(2, { size: 7 })]
  const at = { ...here, size: 7 }
  const byLength = { places: () => [{ ...elsewhere, size: 7 }], comments: () => [], known: () => [short, other] }
  const question = { now: [at], known: [short], own: [short], byLength }
  const chance = 'that is too short to be the same for sure, and not by chance'
  expect(told(question, { now: { 0: 'new', 1: 'old' }, then: { 1: 'old', 2: 'x' } })).toEqual(['unknown', `the same as a value of it that they knew stands at place 1, and ${chance}`])
  expect(told(question, { now: { 0: 'new', 1: 'x' }, then: { 1: 'old', 2: 'new' } })).toEqual(['unknown', `it is the same as what they know from value 2, and ${chance}`])
  expect(told(question, { now: { 0: 'new', 1: 'x' }, then: { 1: 'old', 2: 'y' } })).toEqual(['changed', null])
})

const gone = { now: [], otherwise: 'removed' } as const
test.each<[string, Partial<Question>, World, unknown]>([
  ['nowhere', gone, {}, ['removed', null]],
  ['elsewhere', gone, { places: [elsewhere], now: { 1: 'old' } }, ['current', 'a value of it that they knew stands at place 1']],
  ['perhaps elsewhere, where nothing opens', gone, { places: [elsewhere], now: {} }, ['unknown', 'a file that may hold it now is closed']],
  ['perhaps elsewhere, and what it was is closed', gone, { places: [elsewhere], now: { 1: 'old' }, then: {} }, ['unknown', 'an earlier value of it is closed']],
  ['in the clear, in its own file', { ...gone, clear: [elsewhere] }, { now: { 1: 'old' } }, ['current', 'a value of it that they knew stands at place 1, in the clear']],
  ['in the clear, in a file that came as it went', { ...gone, went: 3 }, { clear: 'old' }, ['current', 'a value of it that they knew stands in the clear in plain.env']],
  ['nowhere in the clear', { ...gone, went: 3 }, { clear: 'x' }, ['removed', null]],
  ['perhaps among more files than are looked at', { ...gone, went: 3 }, { whyNotClear: 'too many' }, ['unknown', 'too many']],
  ['nowhere, if it was theirs at all', { ...gone, otherwise: 'unknown' }, {}, ['unknown', untold]],
])('what is gone from its name stands %s', (_, question, world, expected) => {
  expect(told(question, world)).toEqual(expected)
})
