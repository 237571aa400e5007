import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { Failure } from '../../src/model/failure.ts'
import { readOwnersFile } from '../../src/model/owners/owners-file.ts'

const age = (letter: string): string => `age1${letter.repeat(58)}`
const fingerprint = '1022470430103330454560000550500700010100'
const arn = 'arn:aws:kms:eu-west-1:111122223333:key/k|App:a,Env:prod'
const ssh = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK1dOZZ8Wz0CE2m4EWKc9zGPGfBNZBNHKO6nCtL4bFq bob@laptop'

function failureOf(text: string): Failure {
  try {
    readOwnersFile('.sops-owners.yaml', text)
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error(`${text.slice(0, 100)} was read`)
}

describe('an owners file', () => {
  test('says who holds which key, and which keys were removed', () => {
    const text = `# Who holds what
owners:
  alice: # since 2020
    - ${age('a')}
    - ${fingerprint}
  CI of "web": ["${arn}"]
  "1234": [${ssh}]
  nobody:
removed:
  - owner: bob
    recipient: ${age('q')}
    date: 2026-02-28
    by: octocat
  - {recipient: '${age('c')}', date: 2024-02-29, owner: null, by: }
`
    const owner = (name: string, kind: string, id: string, line: number): unknown =>
      ({ name, recipient: { kind, id }, from: 'owners-file', path: 'o.yaml', line })
    expect(readOwnersFile('o.yaml', text)).toEqual({
      owners: [
        owner('alice', 'age', age('a'), 4), owner('alice', 'pgp', fingerprint, 5), owner('CI of "web"', 'kms', arn, 6),
        owner('1234', 'age-ssh', ssh, 7),
      ],
      removed: [
        { owner: 'bob', recipient: { kind: 'age', id: age('q') }, date: '2026-02-28', by: 'octocat', line: 10 },
        { owner: null, recipient: { kind: 'age', id: age('c') }, date: '2024-02-29', by: null, line: 14 },
      ],
    })
  })

  test.each(['', '# nothing yet\n', '---\n', '{}', 'owners:\n', 'owners: ~\nremoved: []\n', '\uFEFFowners: {}\r\nremoved:\r\n'])('%j is one without entries', (text) => {
    expect(readOwnersFile('o.yaml', text)).toEqual({ owners: [], removed: [] })
  })

  test('may say that a removed key is held again', () => {
    const text = `owners: {bob: [${age('q')}]}\nremoved: [{recipient: ${age('q')}, date: 2026-11-23}]`
    expect(readOwnersFile('o.yaml', text)).toMatchObject({ owners: [{ name: 'bob' }], removed: [{ owner: null, by: null }] })
  })
})

const record = (fields: string): string => `removed:\n  - ${fields}\n`
const bomb = `a: &a [x]\n${Array.from('bcdefghij').map((name, at) => `${name}: &${name} [${`*${'abcdefghi'[at] ?? ''},`.repeat(9)}]\n`).join('')}`

describe('what is refused, with its line', () => {
  test.each<[string, string, number | null, RegExp]>([
    ['a broken line', `owners:\n  alice: [${age('a')}\nremoved: []\n`, 3, /not valid YAML/],
    ['a name given twice', `owners:\n  alice: []\n  alice: []\n`, 3, /not valid YAML: Map keys must be unique/],
    ['two documents', 'owners: {}\n---\nowners: {}\n', 2, /more than one document/],
    ['a list', '- alice\n', 1, /`name: …` is expected/],
    ['a text', 'alice\n', 1, /`name: …` is expected/],
    ['an unknown field', 'owners: {}\nremove: []\n', 2, /no field "remove", only owners, removed/],
    ['a field that is no text', '? [owners]\n: {}\n', 1, /no field/],
    ['a list of owners', `owners:\n  - ${age('a')}\n`, 2, /`name: …` is expected/],
    ['a key that is not in a list', `owners:\n  alice: ${age('a')}\n`, 2, /list is expected/],
    ['no recipient', `owners:\n  alice:\n    - ${age('a')}\n    - age1alice\n`, 4, /under "alice" is no recipient/],
    ['two keys in one item', `owners:\n  alice:\n    - ${age('a')}, ${age('q')}\n`, 3, /is no recipient/],
    ['an item without anything', 'owners:\n  alice:\n    -\n', 3, /is no recipient/],
    ['a map where a key belongs', 'owners:\n  alice:\n    - arn: x\n', 3, /is no recipient/],
    ['one key of two owners', `owners:\n  alice: [${fingerprint}]\n  bob: [0x${fingerprint}]\n`, 3, /under "bob" is "alice"'s already/],
    ['one key twice', `owners:\n  alice:\n    - ${ssh}\n    - ${ssh.replace(' bob@laptop', '')}\n`, 4, /stands twice under "alice"/],
    ['names that differ in case', `owners:\n  bob: []\n  Bob: []\n`, 3, /"bob" and "Bob" mean the same/],
    ['a key for a name', `owners:\n  ${age('a')}: [alice]\n`, 2, /a key stands where the name/],
    ['no name', 'owners:\n  "": []\n', 2, /a name is missing/],
    ['a name with a line break', 'owners:\n  "a\\nb": []\n', 2, /one line of at most 200/],
    ['a name that turns the reading direction', 'owners:\n  "a\\u202Eb": []\n', 2, /characters that can be seen/],
    ['a name with a blank at its end', 'owners:\n  "a ": []\n', 2, /one line/],
    ['a name of 201 characters', `owners:\n  ${'a'.repeat(201)}: []\n`, 2, /at most 200/],
    ['a merge', `owners:\n  <<: {alice: []}\n`, 2, /merge has no place/],
    ['an alias for a list', `owners:\n  a: &a [${age('a')}]\n  b: *a\n`, 3, /alias has no place/],
    ['an alias for the owners', 'owners: &a\nremoved: *a\n', 2, /alias has no place/],
    ['an alias for a key', `owners:\n  a: [&k ${age('a')}]\n  b: [*k]\n`, 3, /is no recipient/],
    ['aliases that multiply', `owners:\n${bomb.replace(/^/gm, '  ').trimEnd()}\n`, 2, /is no recipient/],
    ['lists without end', '['.repeat(100_000), null, /beyond any use|not valid YAML/],
    ['a text as a record', 'removed:\n  - bob\n', 2, /no record/],
    ['a map of records', `removed:\n  bob: ${age('q')}\n`, 2, /list is expected/],
    ['a record with another field', record(`{recipient: ${age('q')}, date: 2026-11-23, who: bob}`), 2, /no field "who", only owner, recipient, date, by/],
    ['a record without a key', record('date: 2026-11-23'), 2, /of the record is no recipient/],
    ['a record without a date', record(`recipient: ${age('q')}`), 2, /needs the date/],
    ['a date in another order', record(`recipient: ${age('q')}\n    date: 23.11.2026`), 3, /year-month-day/],
    ['a date with a time', record(`recipient: ${age('q')}\n    date: 2026-11-23T00:00:00Z`), 3, /year-month-day/],
    ['a day that is not', record(`recipient: ${age('q')}\n    date: 2026-02-29`), 3, /a day that there is/],
    ['a month that is not', record(`recipient: ${age('q')}\n    date: 2026-13-01`), 3, /a day that there is/],
    ['a key that had it removed', record(`{recipient: ${age('q')}, date: 2026-11-23, by: ${age('a')}}`), 2, /a key stands where the name/],
    ['a list that had it removed', record(`{recipient: ${age('q')}, date: 2026-11-23, by: [alice]}`), 2, /a name is missing/],
    ['more than 1 MiB', `# ${'ü'.repeat(512 * 1024)}\n`, null, /larger than 1 MiB/],
  ])('%s', (_, text, line, what) => {
    const failure = failureOf(text)
    expect(failure).toMatchObject({ code: 'owners-file', path: '.sops-owners.yaml' })
    expect(failure.message).toMatch(what)
    if (line !== null) expect(failure.message).toMatch(new RegExp(`^\\.sops-owners\\.yaml:${line}: `))
    // The example that stands in the message is right.
    const example = failure.message.split('Right is, for example: ')[1] ?? 'none'
    expect(() => readOwnersFile('example', example)).not.toThrow()
  })

  test.each([
    `owners:\n  alice: [AGE-SECRET-KEY-1CANARY]\n`, 'owners:\n  alice: [CANARY]\n', 'owners:\n  alice: CANARY\n', 'CANARY\n',
    'owners: {}\nCANARY\n', 'owners:\n  alice: [a] "CANARY"\n', 'owners: "CANARY\n', 'owners: {}\n]CANARY\n', '@CANARY', 'a: b\n "CANARY" x: y\n',
    'owners: !CANARY! {}\n', 'owners: {}}CANARY', 'owners: |CANARY\n', 'owners: "\\CANARY"\n', record(`{recipient: ${age('q')}, date: CANARY}`),
    'AGE-SECRET-KEY-1CANARY: [a]\n', 'owners: {}\nremoved: [&CANARY *CANARY]\n',
  ])('%j is not repeated in the message', (text) => {
    expect(failureOf(text).message).not.toContain('CANARY')
  })

  test('a private key is called what it is', () => {
    expect(failureOf('owners:\n  alice: [AGE-SECRET-KEY-1XYZ]\n').message).toContain('a private key. Consider it public from now on')
  })
})

test('the examples in docs/owners-file.md are valid', () => {
  const text = readFileSync(new URL('../../docs/owners-file.md', import.meta.url), 'utf8')
  const examples = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
  expect(examples.length).toBeGreaterThan(0)
  for (const example of examples) expect(readOwnersFile('docs/owners-file.md', example).owners.length).toBeGreaterThan(0)
})
