import { describe, expect, test } from '@jest/globals'
import { nameInComment, ownerOf, resolveRecipients, resolveRequired, sourceOf } from '../../src/model/owners/owners.ts'
import type { OwnedRecipient } from '../../src/model/owners/owners.ts'
import type { Recipient } from '../../src/model/recipient.ts'

const age = (letter: string): Recipient => ({ kind: 'age', id: `age1${letter.repeat(58)}` })
const [alice, bob, bobToo, carol] = [age('a'), age('q'), age('w'), age('c')]
const pgp: Recipient = { kind: 'pgp', id: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4' }
const ssh: Recipient = { kind: 'age-ssh',
  id: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK1dOZZ8Wz0CE2m4EWKc9zGPGfBNZBNHKO6nCtL4bFq dave@laptop' }
const arn = 'arn:aws:kms:eu-west-1:111122223333:key/b'
const kms: Recipient = { kind: 'kms', id: `${arn}|Env:prod` }

let line = 0
const owned = (name: string, recipient: Recipient, path = '.sops.yaml',
  from: OwnedRecipient['from'] = 'comment'): OwnedRecipient =>
  ({ name, recipient, path, from, line: line += 1 })

test('the owner of a key is told by anchors before comments before public-keys before its own comment', () => {
  const all = [owned('from keys', ssh, 'keys.txt', 'public-keys'), owned('from comment', ssh), owned('from anchor', ssh, 'x',
    'anchor')]
  expect(ownerOf(all, ssh)).toBe('from anchor')
  expect(ownerOf(all.slice(0, 2), ssh)).toBe('from comment')
  expect(ownerOf(all.slice(0, 1), ssh)).toBe('from keys')
  expect(ownerOf([], ssh)).toBe('dave@laptop')
  expect(ownerOf(all, alice)).toBeNull()
})

test('the owner of a key is who holds just this version of it before who holds another spelling', () => {
  const key = (version: string): Recipient => ({ kind: 'azure_keyvault', id: `https://v.vault.azure.net/keys/k${version}` })
  const all = [owned('any', key('')), owned('first', key('/1'))]
  expect(['/1', '/2', ''].map((version) => ownerOf(all, key(version)))).toEqual(['first', 'any', 'any'])
})

describe('who is asked for', () => {
  const known = [alice, bob, bobToo, carol, pgp, ssh, kms]
  const resolved = (asked: string, owners: readonly OwnedRecipient[] = []): unknown => {
    const result = resolveRecipients([asked], owners, known)
    return result.kind === 'resolved' ? result.recipients : result.kind
  }

  test('an anchor has no blank: a name of two words is meant by it, where it is no comment', () => {
    const owners = [owned('bob-laptop', bob, '.sops.yaml', 'anchor'), owned('carol-phone', carol)]
    expect(resolved('Bob laptop', owners)).toEqual([bob])
    expect(resolved('bob-laptop', owners)).toEqual([bob])
    expect(['carol phone', 'boblaptop', 'bob'].map((asked) => resolved(asked, owners))).toEqual(['unknown', 'unknown', 'unknown'])
  })

  test.each([
    ['a key', bob.id, bob],
    ['a fingerprint in another spelling', 'fbc7 b9e2 a4f9 289a c0c1 d484 3d16 cee4 a273 81b4', pgp],
    ['an SSH key without its comment', ssh.id.replace(' dave@laptop', ''), ssh],
    ['an SSH key\'s own comment', 'Dave@laptop', ssh],
    ['a KMS key in full', kms.id, kms],
  ])('%s', (_, asked, wanted) => {
    expect(resolved(asked)).toEqual([wanted])
  })

  test.each(['Bob Smith (laptop)', 'Bob Smith <bob@x.org>', 'Bob Smith - contractor', 'BOB SMITH', 'bob smith'])('%s by name',
    (name) => {
    expect(resolved('bob smith', [owned('Alice', alice), owned(name, bob)])).toEqual([bob])
    expect(resolved(name, [owned(name, bob)])).toEqual([bob])
  })

  test('by e-mail', () => {
    expect(resolved('BOB@x.org', [owned('Bob Smith <bob@x.org>', bob)])).toEqual([bob])
  })

  test.each([
    ['a part of a name', 'bob', [owned('bobby', bob), owned('Bob Smith', carol), owned('jim-bob', alice)]],
    ['a part of an e-mail', 'bob@x', [owned('Bob <bob@x.org>', bob)]],
    ['a PGP id of 8 digits', pgp.id.slice(-8), []],
    ['nothing that can be seen', '\u200b', [owned('\u200b', bob)]],
    ['a truncated key', bob.id.slice(0, 20), []],
    ['a KMS key without its context', arn, []],
    ['a key nobody has', age('z').id, [owned('zoe', age('z'))]],
    ['a name whose key nobody has', 'zoe', [owned('zoe', age('z'))]],
    ['nothing', '', [owned('bob', bob)]],
  ])('%s is unknown', (_, asked, owners) => {
    expect(resolved(asked, owners)).toBe('unknown')
  })

  test('several keys of a name in one file are all meant', () => {
    const both = [owned('Bob (laptop)', bob), owned('bob', bobToo, '.sops.yaml', 'anchor')]
    expect(resolved('bob', both)).toEqual([bob, bobToo])
    expect(resolved('bob', [...both, owned('bob', bobToo, 'infra/.sops.yaml')])).toEqual([bob, bobToo])
  })

  test('a key that nobody has any more makes nothing ambiguous', () => {
    const both = [owned('bob', bob), owned('bob', bobToo)]
    expect(resolved('bob', [...both, owned('bob', age('z'), 'keys.txt', 'public-keys')])).toEqual([bob, bobToo])
  })

  test('one key in several files is one key', () => {
    expect(resolved('bob', [owned('bob', bob), owned('bob', bob, 'infra/.sops.yaml'), owned('Bob', bob, 'keys.txt',
      'public-keys')])).toEqual([bob])
  })

  test('different keys in different files are ambiguous, and so are two people of one name', () => {
    expect(resolved('bob', [owned('bob', bob), owned('bob', bobToo, 'infra/.sops.yaml')])).toBe('ambiguous')
    const bobs = [owned('Bob <bob@x.org>', bob), owned('Bob <bob@y.org>', carol)]
    expect(resolved('bob', bobs)).toBe('ambiguous')
    expect(resolved('bob@y.org', bobs)).toEqual([carol])
    expect(resolved('bob', [owned('Bob (bob@x.org)', bob), owned('Bob - bob@y.org', carol)])).toBe('ambiguous')
    const both = [owned('Bob <bob@x.org>', bob), owned('Bob <BOB@x.org> (bob@y.org)', bobToo), owned('Bob <bob@laptop>', carol)]
    expect(resolved('bob', both.slice(0, 2))).toEqual([bob, bobToo])
    expect(resolved('bob', both)).toBe('ambiguous')
    expect(resolved('bob', [owned('Bob - bob@desktop', bob), owned('Bob - bob@laptop', bobToo)])).toEqual([bob, bobToo])
  })

  test.each([pgp.id.slice(-16), `0x${pgp.id.slice(-16).toLowerCase()}`, `${pgp.id}!`])('a PGP key by its id %s', (asked) => {
    expect(resolved(asked)).toEqual([pgp])
  })

  test('a PGP key that stands by an id is meant by its fingerprint, and by the names of the keyring', () => {
    const [byId, by8] = [`0x${pgp.id.slice(-16).toLowerCase()}`, pgp.id.slice(-8)].map((id): Recipient => ({ kind: 'pgp', id }))
    const keyring = [pgp.id, `${pgp.id}!`].map((id) => owned('Bob <bob@x.org>', { kind: 'pgp', id }, 'GNUPGHOME', 'keyring'))
    const told = (asked: string, present: readonly Recipient[]): unknown => resolveRecipients([asked], keyring, present)
    const here = [pgp, byId, by8].flatMap((one) => one ?? [])
    expect(told(pgp.id, here)).toEqual({ kind: 'resolved', recipients: here.slice(0, 2) })
    expect(told('bob@x.org', here)).toEqual({ kind: 'resolved', recipients: here.slice(0, 2) })
    expect(told(pgp.id.slice(-8).toLowerCase(), here)).toEqual({ kind: 'resolved', recipients: here.slice(2) })
    expect(told('bob@x.org', here.slice(2))).toMatchObject({ kind: 'unknown' })
    expect(here.map((one) => ownerOf(keyring, one))).toEqual(['Bob <bob@x.org>', 'Bob <bob@x.org>', null])
  })

  test('the end of two PGP keys is ambiguous, and a word that could be an id may be a name', () => {
    const other: Recipient = { kind: 'pgp', id: pgp.id.replace(/^FB/, 'AA') }
    expect(resolveRecipients([pgp.id.slice(-16)], [], [pgp, other])).toMatchObject({ kind: 'ambiguous' })
    expect(resolveRecipients([pgp.id], [], [pgp, other])).toEqual({ kind: 'resolved', recipients: [pgp] })
    expect(resolved('Deadbeef', [owned('deadbeef', bob)])).toEqual([bob])
  })

  test('all keys that bear a name, whatever says so: also the SSH key whose own comment it is', () => {
    const bobs = [owned('dave@laptop', bob, '.sops.yaml', 'anchor')]
    expect(resolved('dave@laptop', bobs)).toEqual([bob, ssh])
    expect(resolved('dave@laptop', [...bobs, owned('dave@laptop', bob, 'infra/.sops.yaml')])).toEqual([bob, ssh])
    // Its comment may be about another Dave as soon as there is more than one way to tell.
    expect(resolved('dave@laptop', [...bobs, owned('carol', ssh)])).toBe('ambiguous')
    expect(resolved('dave@laptop', [...bobs, owned('dave@laptop', carol, 'infra/.sops.yaml')])).toBe('ambiguous')
    const second = { ...ssh, id: ssh.id.replace('4bFq', '4bFr') }
    expect(resolveRecipients(['dave@laptop'], bobs, [...known, second])).toMatchObject({ kind: 'ambiguous' })
    expect(resolveRecipients(['dave@laptop'], bobs, [bob, { ...ssh, id: `${ssh.id} (old)` }])).toMatchObject({ recipients: [bob, ssh].map(({ kind }) => ({ kind })) })
  })

  describe('with an owners file', () => {
    const listed = (name: string, recipient: Recipient): OwnedRecipient => owned(name, recipient, '.sops-owners.yaml', 'owners-file')

    test('is who it says, where others say otherwise', () => {
      const comments = [owned('bob', bob), owned('bob', carol, 'infra/.sops.yaml')]
      expect(resolved('bob', [listed('bob', bob), listed('robert', carol), ...comments])).toEqual([bob])
      expect(resolved('dave@laptop', [listed('dave@laptop', bob), listed('carol', ssh)])).toEqual([bob])
      expect(resolved('bob', [listed('robert', bob), listed('rob', carol), ...comments])).toBe('unknown')
    })

    test('is who it says in another spelling of the key', () => {
      const byId: Recipient = { kind: 'pgp', id: pgp.id.slice(-16) }
      const told = resolveRecipients(['bob'], [listed('robert', pgp), owned('bob', byId), owned('bob', bob)], [byId, bob])
      expect(told).toEqual({ kind: 'resolved', recipients: [bob] })
    })

    test('is also a key that it does not know, if the name is certainly one person\'s', () => {
      expect(resolved('bob', [listed('bob', bob), owned('bob', bob), owned('bob', bobToo)])).toEqual([bob, bobToo])
      expect(resolved('bob', [listed('bob', bob), owned('bob', bobToo)])).toBe('ambiguous')
    })

    test('is one person whom it lists once, and none of two whom it lists apart', () => {
      const mails = [owned('Bob <bob@x.org>', bob), owned('Bob <bob@y.org>', bobToo)]
      expect(resolved('bob', [listed('bob', bob), listed('bob', bobToo), ...mails])).toEqual([bob, bobToo])
      const two = [listed('Bob (ops)', bob), listed('Bob (web)', carol)]
      expect(resolved('bob', two)).toBe('ambiguous')
      expect(resolved('bob (ops)', two)).toEqual([bob])
      expect(resolved('bob', [listed('bob', bobToo), ...two])).toEqual([bobToo])
    })
  })

  test.each(['bo\u200bb', '\u202ebob', 'bob\ufeff', 'b\u00adob', 'bob\ufe0f'])('what cannot be seen is no part of a name: %j', (name) => {
    expect(resolved('bob', [owned(name, bob)])).toEqual([bob])
    expect(resolved(name, [owned('bob', bob)])).toEqual([bob])
    expect(resolveRecipients([name], [], [{ ...ssh, id: ssh.id.replace('dave@laptop', name) }]).kind).toBe('resolved')
    expect(nameInComment(`# ${name}`)).toBe('bob')
    expect(ownerOf([owned(name, bob)], bob)).toBe('bob')
    expect(ownerOf([], { ...ssh, id: ssh.id.replace('dave@laptop', name) })).toBe('bob')
  })

  test('a letter is the same however its accent is put together', () => {
    expect(resolved('Ren\u00e9', [owned('Rene\u0301', bob)])).toEqual([bob])
  })

  test('each recipient comes once, and the first that cannot be told decides', () => {
    const owners = [owned('bob', bob)]
    expect(resolveRecipients(['bob', bob.id, ' alice ', alice.id], [...owners, owned('alice', alice)], known))
      .toEqual({ kind: 'resolved', recipients: [bob, alice] })
    expect(resolveRecipients(['bob', 'eve', 'mallory'], owners, known)).toMatchObject({ kind: 'unknown', asked: 'eve' })
  })
})

test('what has to stay stays as it was asked for, where any version will do', () => {
  const azure = (version: string): Recipient => ({ kind: 'azure_keyvault', id: `https://v.vault.azure.net/keys/k${version}` })
  const known = [ssh, azure('/1'), azure('/2')]
  const owners = [owned('ci', azure(''), '.sops-owners.yaml', 'owners-file')]
  for (const asked of [azure('').id, 'ci']) {
    expect(resolveRequired([asked], owners, known)).toEqual({ kind: 'resolved', recipients: [azure('')] })
    expect(resolveRecipients([asked], owners, known)).toEqual({ kind: 'resolved', recipients: known.slice(1) })
  }
  expect(resolveRequired([azure('/1').id, 'dave@laptop'], owners, known)).toEqual({ kind: 'resolved', recipients: [azure('/1'), ssh] })
  expect(resolveRequired([ssh.id.replace(' dave@laptop', '')], owners, known)).toEqual({ kind: 'resolved', recipients: [ssh] })
  expect(resolveRequired(['eve'], owners, known)).toMatchObject({ kind: 'unknown' })
})

test('where a name was read is the most telling place', () => {
  const owners = [{ ...owned('Carol (ops)', carol, 'keys.txt', 'public-keys'), line: 2 }, { ...owned('caro\u200bl', carol, 'infra/.sops.yaml'), line: 7 },
    { ...owned('Dave', pgp, 'GNUPGHOME', 'keyring'), line: 0 }]
  expect(sourceOf(owners, carol, 'carol')).toBe('infra/.sops.yaml:7')
  expect(sourceOf(owners.slice(0, 1), carol, 'CAROL')).toBe('keys.txt:2')
  expect(sourceOf(owners, { ...pgp, id: pgp.id.toLowerCase() }, 'dave')).toBe('GNUPGHOME')
  expect(sourceOf(owners, carol, 'dave')).toBeNull()
  expect(sourceOf(owners, bob, 'carol')).toBeNull()
})

describe('the message', () => {
  const message = (asked: string, owners: readonly OwnedRecipient[], known: readonly Recipient[]): readonly string[] => {
    const result = resolveRecipients([asked], owners, known)
    return result.kind === 'resolved' ? [] : result.message.split('\n')
  }
  const at = (name: string, recipient: Recipient, where: number): OwnedRecipient =>
    ({ name, recipient, path: '.sops.yaml', from: 'anchor', line: where })

  test('lists everyone there is, the closest first, and says what to do', () => {
    expect(message('bib', [at('alice', alice, 3), at('bob', bob, 4)], [alice, bob, pgp])).toEqual([
      '"bib" is neither a recipient here nor the name of one. There are:',
      `  bob  ${bob.id} (.sops.yaml:4)`,
      `  alice  ${alice.id} (.sops.yaml:3)`,
      `  ${pgp.id}`,
      'Name one of them by its key, spelled in full, or by a name that only it has.',
    ])
  })

  test.each([
    ['short PGP id', pgp.id.slice(-8).toLowerCase(), pgp],
    ['truncated age key', carol.id.slice(0, 12), carol],
    ['ARN without its context', arn, kms],
  ])('%s: the key it could have meant comes first', (_, asked, first) => {
    expect(message(asked, [at('alice', alice, 3)], [alice, bob, kms, carol, pgp])[1]).toContain(first.id)
  })

  test('tells a name without a key here, and a key that the owners file gives to another, from a name that is nowhere', () => {
    const zoe = { ...at('zoe', age('z'), 5), path: '.sops-owners.yaml' }
    expect(message('Zoe', [zoe], [alice])[0]).toBe('"Zoe" is in .sops-owners.yaml:5, but none of its keys stands in any file or config. There are:')
    const robert: OwnedRecipient = { ...at('robert', bob, 3), path: '.sops-owners.yaml', from: 'owners-file' }
    expect(message('bob', [robert, at('bo\u200bb', bob, 4)], [alice, bob])).toEqual([
      '"bob" has no key: .sops-owners.yaml:3 says that the key of that name is robert\'s. There are:',
      `  bob  ${bob.id} (.sops.yaml:4)`, `  robert  ${bob.id} (.sops-owners.yaml:3)`, `  ${alice.id}`, expect.any(String),
    ])
    const byId: Recipient = { kind: 'pgp', id: pgp.id.slice(-16) }
    expect(message('eve', [at('erin', pgp, 6)], [byId])[1]).toBe(`  erin  ${byId.id} (.sops.yaml:6)`)
    expect(message('eve', [{ ...at('bob', bob, 0), path: 'GNUPGHOME' }], [bob])[1]).toBe(`  bob  ${bob.id} (GNUPGHOME)`)
  })

  test('lists only those it could mean where it is ambiguous', () => {
    const lines = message('bob', [at('bob', bob, 4), { ...at('bob', bobToo, 9), path: 'infra/.sops.yaml' }, at('alice', alice,
      3)], [alice, bob, bobToo])
    expect(lines).toEqual(['"bob" could mean:', `  bob  ${bob.id} (.sops.yaml:4)`, `  bob  ${bobToo.id} (infra/.sops.yaml:9)`,
      lines[3]])
  })

  test('shortens only what no one copies, and lets no control character through', () => {
    const long: Recipient = { kind: 'age', id: `age1pq1${'q'.repeat(1952)}` }
    expect(message('x\n::set-output', [at('a\u001b[31m', long, 1)], [long])).toEqual([
      '"x ::set-output" is neither a recipient here nor the name of one. There are:', '  a [31m  age1pq1qqq…qqqq (.sops.yaml:1)',
        expect.any(String),
    ])
    expect(message('x', [], [])).toEqual(['"x" is unknown: no file and no .sops.yaml here has any recipient.'])
  })
})
