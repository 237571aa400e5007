import { describe, expect, test } from '@jest/globals'
import type { OwnedRecipient } from '../../src/model/owners/owners.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'
import type { Survey } from '../../src/model/survey.ts'
import { resolveRequest, resolveWithPast } from '../../src/stages/request.ts'

const [gone, now] = ['q', 'a'].map((letter): Recipient => ({ kind: 'age', id: `age1${letter.repeat(58)}` })) as [Recipient, Recipient]

function surveyOf(config: string, more: readonly OwnedRecipient[] = [], removed: NonNullable<Survey['ownersFile']>['removed'] = []): Survey {
  const read = readSopsConfig('.sops.yaml', config)
  return {
    base: 'c', configs: [read], ignoredConfigs: [], files: [], others: [], damaged: [], skipped: [], unsure: [], unmatchedGlobs: [],
    owners: [...read.owners, ...more], untold: read.untold, ownersFile: { path: '.sops-owners.yaml', text: '', removed },
  }
}

/** Who is meant by bob, where another key of his was recorded as removed; `more` say whose keys are, besides the config. */
function removedByName(config: string, more: readonly OwnedRecipient[] = [], recorded: Recipient | null = gone): readonly Recipient[] {
  const removed = recorded === null ? [] : [{ recipient: recorded, owner: 'bob', date: '2026-02-10', by: null, line: 3 }]
  const survey = surveyOf(config, more, removed)
  return resolveRequest({ removedRecipients: ['bob'], addedRecipients: [], sameAccessAs: null, requiredRecipients: [] }, survey).removed
}

describe('a name under which another key was removed before', () => {
  const anchored = `keys:\n  - &bob ${now.id}\n`

  test.each([['a comment', `keys:\n  - ${now.id} # bob\n`], ['an anchor', anchored], ['both', `keys:\n  - &bob ${now.id} # bob\n`]])(
    'is nobody’s by %s alone', (_, config) => {
      expect(() => removedByName(config)).toThrow(expect.objectContaining({
        code: 'recipient-ambiguous', advice: expect.stringContaining('Name the key that is meant, spelled in full.'),
        message: expect.stringMatching(/^"bob" could mean who was removed on 2026-02-10, by the record in \.sops-owners\.yaml:3, or whoever a comment or an anchor calls so now:\n.*age1a/),
      }))
    })

  test('is whose the owners file says it is', () => {
    expect(removedByName(anchored, [{ recipient: now, name: 'bob', from: 'owners-file', path: '.sops-owners.yaml', line: 1 }])).toEqual([now])
  })

  test('is that of the same key, come back', () => {
    expect(removedByName(anchored, [], now)).toEqual([now])
  })
})

test('who goes by a name goes by the subkeys too, by the keyring', () => {
  const [primary, subkey, others] = ['AB', 'CD', 'EF'].map((pair): Recipient => ({ kind: 'pgp', id: pair.repeat(20) })) as [Recipient, Recipient, Recipient]
  const keyring = [primary, subkey, others].map((recipient): OwnedRecipient => ({
    recipient, name: 'Robert Smith', from: 'keyring', path: 'keyring', line: 0, primary: (recipient === others ? others : primary).id,
  }))
  const config = (bobs: string): string => `creation_rules:\n  - pgp:\n      - ${bobs} # bob\n  - pgp: ${subkey.id},${others.id}\n`
  expect(removedByName(config(primary.id), keyring, null)).toEqual([primary, subkey])
  expect(removedByName(config(primary.id), [], null)).toEqual([primary])
  // sops has gpg use that one alone.
  expect(removedByName(config(`${primary.id}!`), keyring, null)).toEqual([{ kind: 'pgp', id: `${primary.id}!` }])
})

describe('a name in a comment that may be about one key or another', () => {
  const inputs = { removedRecipients: ['Bob'], addedRecipients: [], sameAccessAs: null, requiredRecipients: [] }
  const survey = surveyOf(`keys:\n  - ${gone.id}\n  # bob\n  - ${now.id}\n`)

  test('is nobody’s, and the refusal says where it stands and what to write', () => {
    expect(() => resolveRequest(inputs, survey)).toThrow(expect.objectContaining({
      code: 'recipient-unknown',
      message: expect.stringMatching(/^"Bob" is neither[^]*\nThe comment in \.sops\.yaml:3 says "bob", and may be about the key above it or about the one below: write the name beside its key \(`age1… # bob`\), as an anchor \(`&bob age1…`\), or in the owners file\.$/),
    }))
    const many = surveyOf(`keys:\n${`  - ${gone.id}\n  # Bob S.\n`.repeat(7)}`)
    expect(() => resolveRequest({ ...inputs, removedRecipients: ['Bob S.'] }, many)).toThrow(expect.objectContaining({
      message: expect.stringMatching(/only it has\.(?:\nThe comment in \.sops\.yaml:\d+ says "Bob S\.".*: write the name beside its key \(`age1… # Bob S\.`\), or in the owners file\.){5}$/),
    }))
    expect(() => resolveRequest({ ...inputs, removedRecipients: ['carol'] }, survey)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('The comment') }))
  })

  test('is not looked up in the past: who had the name then may be another, or have another key', async () => {
    const then: OwnedRecipient = { recipient: { kind: 'age', id: `age1${'c'.repeat(58)}` }, name: 'bob', from: 'comment', path: '.sops.yaml at 0', line: 2 }
    const past = { owners: [then], known: [then.recipient], unseen: null }
    await expect(resolveWithPast(inputs, survey, () => Promise.resolve(past))).rejects.toMatchObject({ code: 'recipient-unknown' })
    const told = await resolveWithPast(inputs, surveyOf(`keys:\n  - ${gone.id}\n`), () => Promise.resolve(past))
    expect(told.asked.removed).toEqual([then.recipient])
  })
})

describe('a PGP key of which only the keyring says whose it is', () => {
  const [primary, subkey, other] = ['AB', 'CD', 'EF'].map((pair): Recipient => ({ kind: 'pgp', id: pair.repeat(20) })) as [Recipient, Recipient, Recipient]
  const keyOf = (name: string, ids: readonly Recipient[]): readonly OwnedRecipient[] => ids.flatMap(({ id }) => [id, `${id}!`]).map((id) => ({
    recipient: { kind: 'pgp', id }, name, from: 'keyring', path: 'GNUPGHOME', line: 0, primary: ids[0]?.id ?? '',
  }))
  const keyring = [...keyOf('Carol <carol@acme.com>', [primary, subkey]), ...keyOf('Dave <dave@acme.com>', [other])]
  const config = (...pgp: readonly Recipient[]): string => `creation_rules:\n  - age: ${now.id}\n    pgp: ${[...pgp, other].map(({ id }) => id).join(',')}\n`
  const nobody = { removedRecipients: [], addedRecipients: [], sameAccessAs: null, requiredRecipients: [] }

  test.each(['carol@acme.com', 'Carol', subkey.id])('was removed before: %s is known by what stood in history', async (asked) => {
    const past = { owners: [], known: [primary, subkey, now], unseen: null }
    const told = await resolveWithPast({ ...nobody, removedRecipients: [asked] }, surveyOf(config(), keyring), () => Promise.resolve(past))
    expect(new Set(told.asked.removed)).toEqual(new Set([primary, subkey]))
  })

  test('is not looked for where history itself says who had the name', async () => {
    const then: OwnedRecipient = { recipient: gone, name: 'carol', from: 'comment', path: '.sops.yaml at 0', line: 2 }
    const past = { owners: [then], known: [primary, gone], unseen: null }
    const told = await resolveWithPast({ ...nobody, removedRecipients: ['carol'] }, surveyOf(config(), keyring), () => Promise.resolve(past))
    expect(told.asked.removed).toEqual([gone])
  })

  test('comes as one key, with its subkeys: as it is written there already, else by its fingerprint', () => {
    const comes = (asked: string, text: string, more: readonly OwnedRecipient[] = []): readonly Recipient[] =>
      resolveRequest({ ...nobody, addedRecipients: [asked], sameAccessAs: '*' }, surveyOf(text, [...keyring, ...more])).added.map(({ recipient }) => recipient)
    expect(comes('carol@acme.com', config())).toEqual([primary])
    for (const id of [subkey.id, `${subkey.id}!`, primary.id.toLowerCase(), primary.id.slice(-16)]) {
      expect(comes('carol@acme.com', config({ kind: 'pgp', id }))).toEqual([{ kind: 'pgp', id }])
    }
    const namesake = keyOf('Carol (old) <carol@acme.com>', [{ kind: 'pgp', id: '12'.repeat(20) }])
    expect(() => comes('carol@acme.com', config(), namesake)).toThrow(expect.objectContaining({
      code: 'recipient-ambiguous', message: expect.stringMatching(/^"carol@acme\.com" stands for 2 keys, and a new recipient is one\./),
    }))
  })
})

test('a key from before is not that of a namesake with another e-mail', async () => {
  const inputs = { removedRecipients: ['bob'], addedRecipients: [], sameAccessAs: null, requiredRecipients: [] }
  const earlier = async (name: string): Promise<readonly Recipient[]> => {
    const then: OwnedRecipient = { recipient: gone, name, from: 'comment', path: '.sops.yaml at 0', line: 2 }
    const past = { owners: [then], known: [gone], unseen: null }
    return (await resolveWithPast(inputs, surveyOf(`keys:\n  - ${now.id} # Bob <bob@x.org>\n`), () => Promise.resolve(past))).earlier.map(({ recipient }) => recipient)
  }
  for (const name of ['bob', 'Bob (bob@X.org)', 'Bob <bob@y.org> <bob@x.org>']) expect(await earlier(name)).toEqual([gone])
  for (const name of ['Bob <bob@y.org>', 'Bob (bob@y.org)', 'Bobby']) expect(await earlier(name)).toEqual([])
})
