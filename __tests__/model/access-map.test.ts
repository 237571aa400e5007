import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { AccessMap } from '../../src/model/access/access-map.ts'
import { accessMap, isSharedKey } from '../../src/model/access/access-map.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import { canonicalId } from '../../src/model/recipient.ts'
import type { Keys } from '../support/access-maps.ts'
import { ageKey, companySurvey, encryptedTo, owned, surveyOf } from '../support/access-maps.ts'

const [alice, bob, carol] = [ageKey(1), ageKey(2), ageKey(3)]
const pgp: Recipient = { kind: 'pgp', id: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4' }
const kms: Recipient = { kind: 'kms', id: 'arn:aws:kms:eu-west-1:111122223333:key/k' }
const ssh = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK1dOZZ8Wz0CE2m4EWKc9zGPGfBNZBNHKO6nCtL4bFq'
const owners = [owned('alice', alice), owned('bob', bob)]

/** `path: alice, bob (a part)`, a line for each file. */
function lines({ files, readers }: AccessMap): readonly string[] {
  return files.map(({ path, grants }) =>
    `${path}: ${grants.map(({ reader, alone }) => `${readers[reader]?.name ?? ''}${alone ? '' : ' (a part)'}`).join(', ')}`)
}

function lone({ files, readers }: AccessMap): readonly string[] {
  return files.flatMap(({ indispensable }) => indispensable.map((at) => readers[at]?.name ?? ''))
}

describe('the readers', () => {
  test('all keys with one owner are one reader; a key without an owner is one of its own, after all owners', () => {
    const map = accessMap(surveyOf(
      [encryptedTo('a.yaml', [carol, bob, alice, pgp])], [...owners, owned('alice', pgp)],
    ))
    expect(map.readers.map(({ name, owned: known, keys }) => [name, known, keys.map(({ kind }) => kind)])).toEqual([
      ['alice', true, ['age', 'pgp']], ['bob', true, ['age']], ['age1aaeqqq…qaae', false, ['age']],
    ])
    expect(map.files[0]?.grants).toEqual([
      { reader: 0, kinds: ['age', 'pgp'], alone: true },
      { reader: 1, kinds: ['age'], alone: true },
      { reader: 2, kinds: ['age'], alone: true },
    ])
  })

  test('keys with the same short form are told apart, and none of them from an owner of that name', () => {
    const one: Recipient = { kind: 'pgp', id: pgp.id.replace('FBC7', 'AAAA') }
    const other: Recipient = { kind: 'pgp', id: pgp.id.replace('FBC7', 'BBBB') }
    const map = accessMap(surveyOf([encryptedTo('a.yaml', [one, other, alice])], [owned('3D16CEE4A27381B4', alice)]))
    expect(map.readers.map(({ name, owned: known }) => [name, known])).toEqual([
      ['3D16CEE4A27381B4', true], [one.id, false], [other.id, false],
    ])
  })

  test('an SSH key that has its owner as its comment in one file has it in every file', () => {
    const map = accessMap(surveyOf(
      [encryptedTo('a.yaml', [{ kind: 'age-ssh', id: ssh }]), encryptedTo('b.yaml', [{ kind: 'age-ssh', id: `${ssh} dan` }])], [],
    ))
    expect(lines(map)).toEqual(['a.yaml: dan', 'b.yaml: dan'])
  })

  test('the key of a key service is told from one that a person holds', () => {
    const map = accessMap(surveyOf([encryptedTo('a.yaml', [alice, kms])], owners))
    expect(map.readers.map(isSharedKey)).toEqual([false, true])
  })
})

describe('the files', () => {
  test('every encrypted file counts: matched, left out by the globs, and one that is skipped', () => {
    const map = accessMap(surveyOf([encryptedTo('a.yaml', [alice])], owners, {
      others: [encryptedTo('other.yaml', [bob])],
      skipped: [
        { path: 'hard.yaml', reason: 'it is a hard link', file: encryptedTo('hard.yaml', [alice, bob]) },
        { path: 'link.yaml', reason: 'it is a symlink', file: null },
      ],
      damaged: [{ path: 'broken.yaml', damage: 'sops.mac is missing' }],
    }))
    expect(lines(map)).toEqual(['a.yaml: alice', 'hard.yaml: alice, bob', 'other.yaml: bob'])
    expect(map.unread).toEqual([
      { path: 'broken.yaml', reason: 'sops.mac is missing' }, { path: 'link.yaml', reason: 'it is a symlink' },
    ])
  })

  test('they stand folder by folder, and their environments in the order that matters', () => {
    const map = accessMap(surveyOf(['a/z.yaml', 'a-b/c.yaml', 'dev/x.yaml', 'prod/x.yaml', 'a/b/c.yaml', 'z.yaml', 'a/a.yaml']
      .map((path) => encryptedTo(path, [alice])), owners))
    expect(map.files.map(({ path }) => path)).toEqual(
      ['z.yaml', 'a-b/c.yaml', 'a/a.yaml', 'a/z.yaml', 'a/b/c.yaml', 'dev/x.yaml', 'prod/x.yaml'])
    expect(map.environments).toEqual(['prod', 'dev', null])
  })
})

describe('who is needed', () => {
  const two = [[alice, bob], [carol]]
  test.each<[string, Keys, number | null, string, readonly string[], object | null]>([
    ['one reader', [alice], null, 'alice', ['alice'], null],
    ['two keys of one reader', [alice, pgp], null, 'alice', ['alice'], null],
    ['two readers', [alice, bob], null, 'alice, bob', [], null],
    ['two groups, both needed', two, null, 'alice (a part), bob (a part), carol (a part)', ['carol'], { groups: 2, of: 2 }],
    ['two groups, one needed', two, 1, 'alice, bob, carol', [], null],
    ['a reader with keys of both groups', [[alice], [pgp]], 2, 'alice', ['alice'], { groups: 2, of: 2 }],
    ['two of three', [[alice], [bob], [carol]], 2, 'alice (a part), bob (a part), carol (a part)', [], { groups: 2, of: 3 }],
  ])('%s', (_, groups, threshold, readers, needed, needs) => {
    const map = accessMap(surveyOf(
      [encryptedTo('a.yaml', groups, threshold)], [...owners, owned('carol', carol), owned('alice', pgp)],
    ))
    expect(lines(map)).toEqual([`a.yaml: ${readers}`])
    expect(lone(map)).toEqual(needed)
    expect(map.files[0]?.needs).toEqual(needs)
  })
})

test('each file has exactly the readers whose keys its groups hold', () => {
  const key = fc.integer({ min: 0, max: 9 })
  const file = fc.array(fc.array(key, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })
  const owner = fc.tuple(key, fc.constantFrom('x', 'y', 'z'))
  fc.assert(fc.property(fc.array(file, { minLength: 1, maxLength: 8 }), fc.array(owner), (files, names) => {
    const said = new Map(names)
    const map = accessMap(surveyOf(
      files.map((groups, at) => encryptedTo(`${at}.yaml`, groups.map((group) => group.map(ageKey)))),
      [...said].map(([number, name]) => owned(name, ageKey(number))),
    ))
    for (const { path, grants } of map.files) {
      const numbers = (files[Number(path.slice(0, -5))] ?? []).flat()
      const expected = new Set(numbers.map((number) => said.get(number) ?? canonicalId(ageKey(number))))
      const found = grants.flatMap(({ reader }) => map.readers.slice(reader, reader + 1))
        .map(({ name, owned: known, keys }) => (known ? name : keys.map(canonicalId).join('')))
      expect(new Set(found)).toEqual(expected)
      expect(found).toHaveLength(expected.size)
    }
    expect(map.files).toHaveLength(files.length)
  }))
})

test('holds 5,000 files of 60 people', () => {
  const map = accessMap(companySurvey(5000, 60))
  expect(map.files).toHaveLength(5001)
})
