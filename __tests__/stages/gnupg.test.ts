// PGP with gpg itself: whose key it is by the keyring's word, and how sops treats keys and subkeys.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import { resolveRecipients, resolveRequired } from '../../src/model/owners/owners.ts'
import { keyringOwners, readKeyring } from '../../src/tools/keyring.ts'
import { Gnupg } from '../support/gnupg.ts'
import { where } from '../support/parts.ts'
import { Repository, TemporaryFolder } from '../support/repository.ts'

const { describe, test } = where('gpg')

const path = process.env['PATH'] ?? ''

describe('the keyring', () => {
  test('tells whose a key is, and each subkey of it', async () => {
    using gnupg = new Gnupg()
    const bob = gnupg.addSubkey(gnupg.makeKey('Bob: B. (ops) <bob@example.com>'))
    const alice = gnupg.makeKey('Älice <alice@example.com>')
    gnupg.run('--quick-add-uid', bob.fingerprint, 'Robert <rob@example.com>')
    expect(bob.subkeys).toHaveLength(2)
    const owners = await keyringOwners({ GNUPGHOME: gnupg.home }, path)
    const namesOf = (id: string): string[] => owners.filter(({ recipient }) => recipient.id === id).map(({ name }) => name)
    for (const id of [bob.fingerprint, ...bob.subkeys, ...bob.subkeys.map((one) => `${one}!`)]) {
      expect(namesOf(id).sort()).toEqual(['Bob: B. (ops) <bob@example.com>', 'Robert <rob@example.com>'])
    }
    expect(namesOf(alice.fingerprint)).toEqual(['Älice <alice@example.com>'])
    expect(new Set(owners.map(({ from, path: place, line }) => `${from} ${place} ${line}`))).toEqual(new Set(['keyring GNUPGHOME 0']))

    const known = [alice.fingerprint, bob.fingerprint.toLowerCase(), `${bob.subkeys[1] ?? ''}!`].map((id) => ({ kind: 'pgp', id } as const))
    for (const asked of ['bob@example.com', 'Rob@example.com', 'bob: b.']) {
      expect(resolveRecipients([asked], owners, known)).toEqual({ kind: 'resolved', recipients: known.slice(1) })
    }
    expect(resolveRecipients(['carol@example.com'], owners, known).kind).toBe('unknown')
    // Who asks for the fingerprint of a subkey means it with and without the `!`.
    expect(resolveRecipients([bob.subkeys[1] ?? ''], [], known)).toEqual({ kind: 'resolved', recipients: known.slice(2) })
    // With the keyring all that gpg may choose from are meant, whichever of them stands where; with a `!` just that one.
    for (const asked of [bob.fingerprint, bob.subkeys[0] ?? '', bob.subkeys[1] ?? '']) {
      const { recipients = [] } = resolveRecipients([asked], owners, known) as { recipients?: typeof known }
      expect(new Set(recipients)).toEqual(new Set(known.slice(1)))
      expect(resolveRecipients([asked], owners, known.slice(2))).toEqual({ kind: 'resolved', recipients: known.slice(2) })
    }
    expect(resolveRecipients([`${bob.subkeys[0] ?? ''}!`], owners, known).kind).toBe('unknown')
    expect(resolveRecipients([`${bob.subkeys[1] ?? ''}!`], owners, known)).toEqual({ kind: 'resolved', recipients: known.slice(2) })
    // What has to stay is what was written, where it stands.
    expect(resolveRequired([bob.fingerprint], owners, known)).toEqual({ kind: 'resolved', recipients: known.slice(1, 2) })
  })

  test('is that of HOME where no other is named', async () => {
    using folder = new TemporaryFolder()
    expect(await keyringOwners({ HOME: folder.path }, path)).toEqual([])
    // gpg makes one that is not there as soon as it is asked.
    expect(existsSync(join(folder.path, '.gnupg'))).toBe(false)
  })

  test('tells nothing without gpg, and when gpg fails or writes without end', async () => {
    using gnupg = new Gnupg()
    using repository = new Repository()
    gnupg.makeKey('Bob <bob@example.com>')
    expect(await keyringOwners({ GNUPGHOME: gnupg.home }, '/nowhere')).toEqual([])
    const key = 'pub:\nfpr:::::::::FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4:\nuid:::::::::bob:'
    repository.write('fails/gpg', `#!/bin/sh\necho '${key}'\nexit 2\n`, 0o755)
    expect(await keyringOwners({ GNUPGHOME: gnupg.home }, join(repository.root, 'fails'))).toEqual([])
    repository.write('floods/gpg', `#!/bin/sh\necho '${key}'\n/usr/bin/head -c 20000000 /dev/zero\n`, 0o755)
    expect(await keyringOwners({ GNUPGHOME: gnupg.home }, join(repository.root, 'floods'))).toEqual([])
    repository.write('works/gpg', `#!/bin/sh\necho '${key}'\n`, 0o755)
    expect(await keyringOwners({ GNUPGHOME: gnupg.home }, join(repository.root, 'works'))).toHaveLength(2)
  })

  test('gives a name without what could break a line', () => {
    const listing = 'pub:u:\nfpr:::::::::FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4:\nuid:::::::::bob\\x0a\\x3a\\x3aerror\\x5c:\n'
    expect(readKeyring(listing)[0]?.name).toBe('bob ::error\\')
  })
})

describe('sops', () => {
  test('takes any spelling of a fingerprint, keeps it, and asks gpg for the person rather than the subkey', () => {
    using repository = new Repository()
    using gnupg = new Gnupg()
    const { fingerprint, subkeys: [first = '', second = ''] } = gnupg.addSubkey(gnupg.makeKey('Bob <bob@example.com>'))
    repository.credentials = { ...gnupg.credentials }
    const spaced = fingerprint.toLowerCase().replace(/(.{4})/g, '$1 ').trim()
    const recipientOf = (spelling: string, written: string): string => {
      repository.write('.sops.yaml', `creation_rules:\n  - pgp: '${spelling}'\n`)
      repository.encrypt('app.yaml', 'a: 1\n')
      expect(/fp: (.*)/.exec(repository.read('app.yaml'))?.[1]).toBe(written)
      const message = /-----BEGIN PGP[^]*?-----END PGP MESSAGE-----/.exec(repository.read('app.yaml'))?.[0].replace(/^ +/gm, '') ?? ''
      repository.write('message.asc', `${message}\n`)
      return /keyid ([0-9A-F]{16})/.exec(gnupg.run('--list-packets', join(repository.root, 'message.asc')))?.[1] ?? ''
    }
    // Which of the person's subkeys gpg prefers depends on the second they were made in.
    const preferred = recipientOf(fingerprint, fingerprint)
    const others = [[spaced, fingerprint.toLowerCase()], [`0x${fingerprint}`, `0x${fingerprint}`], [first, first], [second, second]] as const
    for (const [spelling, written] of others) expect(recipientOf(spelling, written)).toBe(preferred)
    for (const one of [first, second]) expect(recipientOf(`${one}!`, `${one}!`)).toBe(one.slice(-16))
  })
})
