import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Failure } from '../../src/model/failure.ts'
import { readOwnersFile } from '../../src/model/owners/owners-file.ts'
import { editOwnersFile } from '../../src/model/owners/owners-file-edit.ts'
import type { OwnersChange } from '../../src/model/owners/owners-file-edit.ts'
import { canonicalId, parseRecipient } from '../../src/model/recipient.ts'
import type { Recipient } from '../../src/model/recipient.ts'

function key(text: string): Recipient {
  const recipient = parseRecipient(text)
  if (recipient === null) throw new Error(`${text} is no recipient`)
  return recipient
}

const [alice, bob, bobToo, carol] = ['a', 'q', 'w', 'c'].map((letter) => key(`age1${letter.repeat(58)}`)) as
  [Recipient, Recipient, Recipient, Recipient]
const kms = key('arn:aws:kms:eu-west-1:111122223333:key/k|App:a,Env:prod')
const ssh = key('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK1dOZZ8Wz0CE2m4EWKc9zGPGfBNZBNHKO6nCtL4bFq bob@laptop')
const pgp = key('FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4')
const day = { date: '2026-11-23', by: 'octocat' }
const none: OwnersChange = { removed: [], added: [], ...day }
const edit = (text: string, change: Partial<OwnersChange>): string | null => editOwnersFile('o.yaml', text, { ...none, ...change })

const recordOf = (recipient: Recipient, owner: string | null, pad = '  ', eol = '\n'): string => [
  ...owner === null ? [] : [`owner: ${owner}`], `recipient: ${recipient.id}`, 'date: 2026-11-23', 'by: octocat',
].map((field, at) => `${pad}${at === 0 ? '- ' : '  '}${field}${eol}`).join('')

const text = `# Who holds what
owners:
  # The platform team
  alice:
    - ${alice.id} # laptop
  bob:
  -   ${bob.id}   # phone
  -   "${bobToo.id}"
  ci: [ "${kms.id}", ${pgp.id} ]   # robots

# What was
removed:
  - recipient: ${carol.id}
    date: 2020-01-01
    # nobody remembers why
`

describe('a removed key', () => {
  test.each<[string, readonly Recipient[], string, string]>([
    ['goes with its line', [bob], text.replace(`  -   ${bob.id}   # phone\n`, ''), recordOf(bob, 'bob')],
    ['goes from its list', [kms], text.replace(`"${kms.id}", `, ''), `  - owner: ci\n    recipient: "${kms.id}"\n    date: 2026-11-23\n    by: octocat\n`],
    ['is found in any spelling', [{ kind: 'pgp', id: pgp.id.toLowerCase() }], text.replace(`, ${pgp.id} ]`, ' ]'),
      recordOf({ kind: 'pgp', id: pgp.id.toLowerCase() }, 'ci')],
    ['takes an owner without keys along', [bob, bobToo], text.replace(/ {2}bob:\n.*\n.*\n/, ''), recordOf(bob, 'bob') + recordOf(bobToo, 'bob')],
    ['that nobody holds is recorded', [ssh], text, recordOf(ssh, null)],
    ['given twice is recorded once', [ssh, ssh], text, recordOf(ssh, null)],
  ])('%s', (_, removed, left, records) => {
    // The record comes after the last one, and the comment below that stays below.
    expect(edit(text, { removed })).toBe(left.replace('    # nobody', `${records}    # nobody`))
  })

  test('that is recorded already is not recorded again', () => {
    expect(edit(text, { removed: [carol] })).toBeNull()
    const back = text.replace('# The platform team', `# The platform team\n  carol: [${carol.id}]`)
    expect(edit(back, { removed: [carol], date: '2030-01-01' })).toBe(text)
  })

  test('gets the owner that is known from elsewhere, unless the file knows one', () => {
    const after = edit(text, { removed: [ssh, bob], ownerOf: () => 'somebody' }) ?? ''
    expect(readOwnersFile('o.yaml', after).removed.map(({ owner }) => owner)).toEqual([null, 'somebody', 'bob'])
  })

  describe('in another spelling than its entry', () => {
    const azure = (version: string): Recipient => key(`https://v.vault.azure.net/keys/sops${version}`)
    const [first, second] = [azure(`/${'a'.repeat(32)}`), azure(`/${'b'.repeat(32)}`)]
    const owned = (entry: string): string => `owners:\n  carol: [${carol.id}]\n  ops: ["${entry}"]\n`

    test.each<[string, string, Recipient]>([
      ['a PGP key by the end of its fingerprint', pgp.id.slice(-16), pgp],
      ['or just its subkey', `${pgp.id}!`, pgp],
      ['an Azure key in any version', azure('').id, first],
    ])('%s goes', (_, entry, removed) => {
      const { owners, removed: records } = readOwnersFile('o.yaml', edit(owned(entry), { removed: [removed] }) ?? '')
      expect(owners.map(({ name }) => name)).toEqual(['carol'])
      expect(records.map(({ owner, recipient }) => [owner, recipient.id])).toEqual([['ops', removed.id]])
    })

    test('an entry stays that means one that stays too', () => {
      const after = edit(owned(azure('').id), { removed: [first], staying: [second] }) ?? ''
      expect(readOwnersFile('o.yaml', after)).toMatchObject({ owners: [{ name: 'carol' }, { name: 'ops' }], removed: [{ recipient: first }] })
      expect(edit(owned(first.id), { removed: [first], staying: [azure('')] })).not.toContain('ops: [')
    })
  })

  test('of an owner that YAML could take for something else', () => {
    const after = edit(`owners:\n  "null": [${alice.id}]\n  "yes": [${bob.id}]\n`, { removed: [alice, bob] }) ?? ''
    expect(after).toContain('owner: "null"')
    expect(after).toContain('owner: "yes"')
    expect(readOwnersFile('o.yaml', after).removed.map(({ owner }) => owner)).toEqual(['null', 'yes'])
  })

  test('by nobody in particular', () => {
    expect(edit('', { removed: [alice], by: null })).toBe(`removed:\n  - recipient: ${alice.id}\n    date: 2026-11-23\n`)
  })

  test('leaves every comment that has a line of its own', () => {
    const before = `owners:\n  # The team\n  bob: [${bob.id}]\n\n  # Robots\n  ci:\n    # the old one\n    - ${kms.id.split('|')[0] ?? ''}\n    # both\n    - ${pgp.id}\n`
    const after = edit(before, { removed: [bob, key(kms.id.split('|')[0] ?? '')] }) ?? ''
    expect(after.split('removed:')[0]).toBe(`owners:\n  # The team\n\n  # Robots\n  ci:\n    # the old one\n    # both\n    - ${pgp.id}\n`)
  })
})

describe('an added key', () => {
  test.each<[string, OwnersChange['added'], string]>([
    ['comes to the keys of its owner', [{ recipient: ssh, name: 'alice' }], text.replace('# laptop\n', `# laptop\n    - ${ssh.id}\n`)],
    ['comes into its owner’s list in brackets', [{ recipient: ssh, name: 'ci' }], text.replace(`${pgp.id} ]`, `${pgp.id}, ${ssh.id} ]`)],
    ['finds its owner in any case', [{ recipient: ssh, name: 'ALICE' }], text.replace('# laptop\n', `# laptop\n    - ${ssh.id}\n`)],
    ['of a new owner comes last', [{ recipient: ssh, name: 'dora' }], text.replace('# robots\n', `# robots\n  dora:\n    - ${ssh.id}\n`)],
    ['of an owner with an odd name', [{ recipient: ssh, name: 'null # : "x"' }],
      text.replace('# robots\n', `# robots\n  "null # : \\"x\\"":\n    - ${ssh.id}\n`)],
  ])('%s', (_, added, after) => {
    expect(edit(text, { added })).toBe(after)
    expect(edit(after, { added })).toBeNull()
  })

  test('without a name, or one that stands there, changes nothing', () => {
    expect(edit(text, { added: [{ recipient: ssh, name: null }, { recipient: alice, name: 'alice' }, { recipient: bob, name: null }] })).toBeNull()
  })

  test.each<[string, OwnersChange['added'], RegExp]>([
    ['that is another owner’s', [{ recipient: alice, name: 'bob' }], /the key that was added for bob is alice's in it/],
    ['for two owners at once', [{ recipient: ssh, name: 'x' }, { recipient: ssh, name: 'y' }], /is x's in it/],
    ['for a name that is a key', [{ recipient: ssh, name: bob.id }], /would not be valid/],
    ['for a name of two lines', [{ recipient: ssh, name: 'a\nb' }], /would not be valid/],
  ])('%s fails', (_, added, what) => {
    expect(() => edit(text, { added })).toThrow(what)
    expect(() => edit(text, { added })).toThrow(Failure)
  })
})

describe('a key that replaces another', () => {
  const replaced = text.replace(bob.id, carol.id).replace('    # nobody', `${recordOf(bob, 'bob')}    # nobody`)
  test.each([null, 'bob', 'Bob'])('stands in its place, named %j', (name) => {
    const change = { removed: [bob], added: [{ recipient: carol, name }] }
    expect(edit(text, change)).toBe(replaced)
    expect(edit(replaced, change)).toBeNull()
  })

  test('takes several away', () => {
    const after = edit(text, { removed: [bob, bobToo], added: [{ recipient: ssh, name: null }] }) ?? ''
    expect(readOwnersFile('o.yaml', after).owners.filter(({ name }) => name === 'bob').map(({ recipient }) => recipient.id)).toEqual([ssh.id])
    expect(after).toContain(`  -   ${ssh.id}   # phone\n  ci:`)
  })

  test('of somebody else goes to that one', () => {
    const after = edit(text, { removed: [bob], added: [{ recipient: ssh, name: 'alice' }] }) ?? ''
    expect(after).toContain(`# laptop\n    - ${ssh.id}\n  bob:\n  -   "${bobToo.id}"\n`)
  })

  test('is the owner’s whom the file does not know yet, where one is known from elsewhere', () => {
    const named = { removed: [bob], added: [{ recipient: ssh, name: null }], ownerOf: () => 'bob' }
    const after = `owners:\n  bob:\n    - ${ssh.id}\nremoved:\n${recordOf(bob, 'bob')}`
    expect(edit('', named)).toBe(after)
    expect(edit(after, { ...named, ownerOf: () => null })).toBeNull()
    // By the record, where the key came back.
    expect(edit(`removed:\n${recordOf(bob, 'Bob')}`, { ...named, ownerOf: () => 'robert' })).toBe(`removed:\n${recordOf(bob, 'Bob')}owners:\n  Bob:\n    - ${ssh.id}\n`)
    expect(edit(`owners:\n  Bob: [${alice.id}]\n`, { ...named, removed: [alice, bob] })).toContain(`Bob: [${ssh.id}]`)
    expect(edit(`owners:\n  Bob: [${bobToo.id}]\n`, named)).toContain(`Bob: [${bobToo.id}, ${ssh.id}]`)
  })

  test.each(['n'.repeat(201), 'two\nlines', ' blanks ', '<<', alice.id, ''])('is nobody’s where the file could not hold the name: %j', (name) => {
    expect(edit('', { removed: [bob], added: [{ recipient: ssh, name: null }], ownerOf: () => name })).toBe(`removed:\n${recordOf(bob, null)}`)
  })

  test('of two owners has no owner that anyone could tell', () => {
    expect(edit(text, { removed: [alice, bob], added: [{ recipient: ssh, name: null }] })).not.toContain(ssh.id)
    expect(edit(text, { removed: [alice, pgp], added: [{ recipient: ssh, name: null }], ownerOf: () => 'carol' })).not.toContain(ssh.id)
    expect(edit('', { removed: [alice, bob], added: [{ recipient: ssh, name: null }], ownerOf: ({ id }) => (id === bob.id ? 'bob' : 'alice') })).not.toContain(ssh.id)
  })
})

describe('a file laid out otherwise', () => {
  const change = { removed: [bob], added: [{ recipient: ssh, name: 'dora' }] }
  const flowRecord = `{recipient: ${bob.id}, date: 2026-11-23, by: octocat}`
  const blocks = `owners:\n  dora:\n    - ${ssh.id}\nremoved:\n${recordOf(bob, null)}`
  test.each([
    ['nothing', '', blocks],
    ['a comment only', '# Owners', `# Owners\n${blocks.trimEnd()}`],
    ['a document start', '---\n', `---\n${blocks}`],
    ['an end in a comment', `owners:\n  alice: [${alice.id}]\n# the end\n`,
      `owners:\n  alice: [${alice.id}]\n  dora:\n    - ${ssh.id}\n# the end\nremoved:\n${recordOf(bob, null)}`],
    ['a document end', `owners: {}\n...\n`, `owners: {dora: [${ssh.id}]}\nremoved:\n${recordOf(bob, null)}...\n`],
    ['no end of the last line', `owners:\n  alice: [${alice.id}]`,
      `owners:\n  alice: [${alice.id}]\n  dora:\n    - ${ssh.id}\nremoved:\n${recordOf(bob, null).trimEnd()}`],
    ['no end of the last line, which goes', `owners:\n  alice: [${alice.id}]\n\n  bob: [${bob.id}]`,
      `owners:\n  alice: [${alice.id}]\n\n  dora:\n    - ${ssh.id}\nremoved:\n${recordOf(bob, 'bob').trimEnd()}`],
    ['empty fields', 'removed:  # gone\nowners:\n', `removed:  # gone\n${recordOf(bob, null)}owners:\n  dora:\n    - ${ssh.id}\n`],
    ['null fields', 'removed: ~ # gone\nowners: null\n', `removed: [${flowRecord}] # gone\nowners: {dora: [${ssh.id}]}\n`],
    ['braces around it all', `{"owners": {"bob": ["${bob.id}"]}}`,
      `{"owners": {dora: [${ssh.id}]}, removed: [${flowRecord.replace('{', '{owner: bob, ')}]}`],
    ['empty braces', '{}', `{owners: {dora: [${ssh.id}]}, removed: [${flowRecord}]}`],
    ['a list over lines', `owners:\n  dora: [\n    ${alice.id}, # old\n  ]\nremoved: []\n`,
      `owners:\n  dora: [\n    ${alice.id}, ${ssh.id}, # old\n  ]\nremoved: [${flowRecord}]\n`],
    ['a key folded over lines', `owners:\n  bob:\n    - >-\n      ${bob.id}\n  dora:\n    - |\n      ${alice.id}\n`,
      `owners:\n  dora:\n    - |\n      ${alice.id}\n    - ${ssh.id}\nremoved:\n${recordOf(bob, 'bob')}`],
    ['CRLF', `owners:\r\n  bob:\r\n    - ${bob.id}\r\n`, `owners:\r\n  dora:\r\n    - ${ssh.id}\r\nremoved:\r\n${recordOf(bob, 'bob', '  ', '\r\n')}`],
    ['a byte order mark', `\uFEFFowners:\n  bob:\n    - ${bob.id}\n`, `\uFEFFowners:\n  dora:\n    - ${ssh.id}\nremoved:\n${recordOf(bob, 'bob')}`],
    ['an indented document', `  owners:\n    bob:\n    - ${bob.id}\n`, `  owners:\n    dora:\n      - ${ssh.id}\n  removed:\n${recordOf(bob, 'bob', '    ')}`],
    ['an owner called like a field', `owners:\n  removed: [${bob.id}]\n  key_id: [${alice.id}]\n`,
      `owners:\n  key_id: [${alice.id}]\n  dora:\n    - ${ssh.id}\nremoved:\n${recordOf(bob, 'removed')}`],
  ])('%s', (_, before, after) => {
    expect(edit(before, change)).toBe(after)
    expect(edit(after, change)).toBeNull()
  })

  test('that is no owners file is not edited', () => {
    expect(() => edit('owners: []\n', change)).toThrow(/`name: …` is expected/)
  })

  test.each(['{owners, removed}', `owners: {bob}`, '---\n...\n'])('%j, which cannot be added to, fails', (before) => {
    expect(() => edit(before, change)).toThrow(/^o\.yaml could not be edited: the result would not be valid\. Bring it up to date by hand/)
  })

  test('a key that would not be read as it was written fails', () => {
    const spaced: Recipient = { kind: 'kms', id: 'arn:aws:kms:eu-west-1:111122223333:key/k|App:a  b' }
    expect(() => edit('', { removed: [spaced] })).toThrow(/would not mean what it meant/)
  })

  test('a date that is none fails', () => {
    expect(() => edit(text, { removed: [bob], date: 'today' })).toThrow(/would not be valid/)
  })
})

// A random file is made as an abstract value and written out in random style, each line with the keys that it is there for.
// What the edited text must mean, and which lines it must still have, then follows from the abstract value alone.

const keys = Array.from('acdefghjklmn', (letter) => key(`age1${letter.repeat(58)}`)).concat(kms, ssh, pgp)
const names = ['alice', 'bob', 'Carol <carol@example.com>', 'ci: web', '42', 'ünï']

interface Line { readonly text: string; readonly for: readonly Recipient[] }

const owner = fc.record({ keys: fc.nat(3), style: fc.nat(4), comment: fc.boolean(), blank: fc.boolean() })
const file = fc.record({
  order: fc.shuffledSubarray(keys, { minLength: keys.length }), owners: fc.array(owner, { maxLength: names.length }), recorded: fc.nat(2),
  removedFirst: fc.boolean(), removedStyle: fc.nat(2), eol: fc.constantFrom('\n', '\r\n'), lastEol: fc.boolean(),
})
const change = fc.record({
  removed: fc.shuffledSubarray([...keys.keys()], { maxLength: 5 }),
  added: fc.array(fc.record({ at: fc.nat(keys.length - 1), name: fc.option(fc.constantFrom(...names, 'dora', 'no')) }), { maxLength: 3 }),
})
type File = typeof file extends fc.Arbitrary<infer T> ? T : never

function held({ order, owners }: File): readonly (readonly [string, readonly Recipient[]])[] {
  let at = 0
  return owners.map(({ keys: count }, index) => [names[index] ?? '', order.slice(at, at += count)])
}

function render(value: File): readonly Line[] {
  const quote = (plain: string): string => /^[\w@|:/.ü ï-]+$/.test(plain) && !plain.includes(': ') && !plain.includes(',') ? plain : `'${plain}'`
  const owners = held(value).flatMap(([name, own], at): Line[] => {
    const { style = 0, comment = false, blank = false } = value.owners[at] ?? {}
    const head = `  ${style === 1 ? JSON.stringify(name) : quote(name)}:`
    const beside = comment ? ` # ${at} is here\t` : ''
    const above = [...blank ? [{ text: '', for: [] }] : [], ...comment ? [{ text: `  # About number ${at}`, for: [] }] : []]
    const ids = own.map(({ id }) => style === 2 ? JSON.stringify(id) : quote(id))
    if (style === 3 || own.length === 0) return [...above, { text: `${head} [${ids.join(', ')}]${beside}`, for: own }]
    const items = ids.map((id, index): Line => ({ text: `${style === 4 ? '  ' : '      '}- ${id}${beside}`, for: own.slice(index, index + 1) }))
    return [...above, { text: head + beside, for: own }, ...items]
  })
  const records = value.order.slice(-value.recorded).slice(0, value.recorded)
    .flatMap(({ id }): Line[] => [{ text: `- recipient: ${quote(id)} # gone`, for: [] }, { text: '  date: 2020-02-02', for: [] }])
  const removed: Line[] = [
    ...records.length > 0 || value.removedStyle > 0 ? [{ text: `removed:${records.length === 0 && value.removedStyle === 2 ? ' []' : ''}`, for: keys }] : [],
    ...records,
  ]
  const people = owners.length === 0 ? [] : [{ text: 'owners: # all of us', for: [] }, ...owners]
  return [{ text: '# Who holds what', for: [] }, { text: '', for: [] }, ...value.removedFirst ? [...removed, ...people] : [...people, ...removed]]
}

test('property: it means what it meant with the change, every other line is as it was, and a second time changes nothing', () => {
  fc.assert(fc.property(file, change, (value, asked) => {
    const lines = render(value)
    const before = lines.map((line) => line.text).join(value.eol) + (value.lastEol ? value.eol : '')
    const read = readOwnersFile('o.yaml', before)
    const removed = asked.removed.flatMap((at) => keys[at] ?? [])
    const isRemoved = (one: Recipient): boolean => removed.includes(one)
    const free = (at: number): boolean => !read.owners.some(({ recipient }) => canonicalId(recipient) === canonicalId(keys[at] ?? alice))
    const added = [...new Map(asked.added.map((one) => [one.at, one])).values()].filter(({ at }) => free(at) && !asked.removed.includes(at))
      .map(({ at, name }) => ({ recipient: keys[at] ?? alice, name }))
    const after = edit(before, { removed, added }) ?? before

    const leavers = new Set(held(value).filter(([, own]) => own.some(isRemoved)).map(([name]) => name))
    const heir = leavers.size === 1 ? [...leavers][0] : undefined
    const wanted = [
      ...held(value).flatMap(([name, own]) => own.filter((one) => !isRemoved(one)).map((one) => `${name} ${canonicalId(one)}`)),
      ...added.flatMap(({ recipient, name }) => (name ?? heir) === undefined ? [] : `${name ?? heir ?? ''} ${canonicalId(recipient)}`),
    ]
    const result = readOwnersFile('o.yaml', after)
    expect(result.owners.map(({ name, recipient }) => `${name} ${canonicalId(recipient)}`).sort()).toEqual(wanted.sort())
    const known = new Set(read.removed.map(({ recipient }) => canonicalId(recipient)))
    expect(result.removed.map(({ recipient }) => canonicalId(recipient)))
      .toEqual([...known, ...removed.map(canonicalId).filter((id) => !known.has(id))])

    const left = after.split(value.eol)
    let at = 0
    for (const line of lines.filter((one) => one.for.length === 0 || !one.for.some(isRemoved))) {
      // A list in brackets grows on its line.
      const kept = left.findIndex((other, index) => index >= at && (other === line.text || (line.text.includes('[') && other !== '' && added.length > 0
        && other.startsWith(line.text.slice(0, line.text.indexOf(']'))))))
      if (line.text.startsWith('removed:')) continue
      expect({ line: line.text, kept: kept >= at, after }).toEqual({ line: line.text, kept: true, after })
      at = kept + 1
    }
    if (value.lastEol) expect(after.endsWith(value.eol)).toBe(true)
    expect(edit(after, { removed, added })).toBeNull()
  }), { numRuns: 300 })
})
