import { describe, expect, test } from '@jest/globals'
import type { OwnedRecipient } from '../../src/model/owners/owners.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'
import type { RemovedRecord } from '../../src/model/owners/owners-file.ts'
import { pastOwners } from '../../src/model/owners/past-owner.ts'
import type { Survey } from '../../src/model/survey.ts'
import { openHistory } from '../../src/stages/history.ts'
import { pathsOfOwners, readPast } from '../../src/stages/past-owners.ts'
import type { Past, ResolvedRequest } from '../../src/stages/request.ts'
import { resolveRequest, resolveWithPast } from '../../src/stages/request.ts'
import { surveyRepository } from '../../src/stages/survey.ts'
import { Chronicle } from '../support/history.ts'

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
    const past: Past = { owners: [{ ...then, next: [] }], known: [then.recipient], unseen: null }
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
    const past: Past = { owners: [{ ...then, next: [] }], known: [primary, gone], unseen: null }
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
    const past: Past = { owners: [{ ...then, next: [] }], known: [gone], unseen: null }
    return (await resolveWithPast(inputs, surveyOf(`keys:\n  - ${now.id} # Bob <bob@x.org>\n`), () => Promise.resolve(past))).earlier.map(({ recipient }) => recipient)
  }
  for (const name of ['bob', 'Bob (bob@X.org)', 'Bob <bob@y.org> <bob@x.org>']) expect(await earlier(name)).toEqual([gone])
  for (const name of ['Bob <bob@y.org>', 'Bob (bob@y.org)', 'Bobby']) expect(await earlier(name)).toEqual([])
})

describe('a replacement that is asked for again', () => {
  const [old, fresh, alice, older] = ['q', 'z', 'a', 'w'].map((letter): Recipient => ({ kind: 'age', id: `age1${letter.repeat(58)}` })) as
    [Recipient, Recipient, Recipient, Recipient]
  const rule = (...keys: readonly string[]): string => `creation_rules:\n  - key_groups:\n      - age:\n${keys.map((one) => `          - ${one}\n`).join('')}`
  const done = rule(alice.id, `${fresh.id} # bob`)
  const inRequest = {
    removedRecipients: ['bob'], addedRecipients: [`bob=${fresh.id}`], sameAccessAs: null, requiredRecipients: [] as readonly string[],
  }

  /** By versions of configs, the newest first, in which names stand beside keys. */
  function pastOf(...versions: readonly (readonly [path: string, text: string])[]): Past {
    const configs = versions.map(([path, text]) => readSopsConfig(path, text))
    const owners = configs.flatMap(({ owners: then, path }, at) =>
      pastOwners(then, `${path} at ${configs.length - at}`, configs.slice(0, at).filter((one) => one.path === path).slice(-1).map((one) => one.owners)))
    return { owners, known: configs.flatMap(({ recipients }) => recipients), unseen: null }
  }

  async function again(
    configs: readonly (readonly [path: string, text: string])[], past: Past, request: Partial<typeof inRequest> = {}, more: Partial<Survey> = {},
  ): Promise<ResolvedRequest> {
    const read = configs.map(([path, text]) => readSopsConfig(path, text))
    const survey: Survey = {
      base: 'c', configs: read, ignoredConfigs: [], files: [], others: [], damaged: [], skipped: [], unsure: [], unmatchedGlobs: [], ownersFile: null,
      ...more, owners: [...read.flatMap(({ owners }) => owners), ...more.owners ?? []],
    }
    return await resolveWithPast({ ...inRequest, ...request }, survey, async () => await Promise.resolve(past))
  }

  const before = pastOf(['.sops.yaml', done], ['.sops.yaml', rule(alice.id, `${old.id} # bob`)])

  test.each<[string, Partial<typeof inRequest>, string]>([
    ['by the name that the new one has now', {}, done],
    ['by a name and a bare key', { addedRecipients: [fresh.id] }, done],
    ['by a name that nobody has any more', { addedRecipients: [`zoe=${fresh.id}`] }, rule(alice.id, `${fresh.id} # zoe`)],
    ['by keys in full', { removedRecipients: [old.id], addedRecipients: [fresh.id] }, done],
    ['by an anchor', {}, `keys:\n  - &bob ${fresh.id}\n${rule(alice.id, '*bob')}`],
  ])('%s names whose place was taken', async (_, request, config) => {
    const { asked, earlier } = await again([['.sops.yaml', config]], before, request)
    expect(asked).toMatchObject({ removed: [old], added: [{ recipient: fresh }], like: [old] })
    expect(earlier).toEqual([])
  })

  test('that is done in one config and not in another names the old key alone', async () => {
    const half = [['.sops.yaml', done], ['prod/.sops.yaml', rule(`${old.id} # bob`)]] as const
    expect((await again(half, before)).asked).toMatchObject({ removed: [old], like: [old] })
    expect((await again([['.sops.yaml', rule(`${old.id} # bob`, `${fresh.id} # bob`)]], before)).asked.removed).toEqual([old])
  })

  test('that is done in one config, and not in another that names nobody, names the old key alone', async () => {
    const nameless = ['prod/.sops.yaml', rule(old.id)] as const
    expect((await again([['.sops.yaml', done], nameless], before)).asked).toMatchObject({ removed: [old], like: [old] })
    // Somebody else's by now, or never replaced by the one who comes.
    await expect(again([['.sops.yaml', done], ['prod/.sops.yaml', rule(`${old.id} # carol`)]], before)).rejects.toMatchObject({ code: 'recipient-ambiguous' })
    await expect(again([['.sops.yaml', rule(alice.id, `${fresh.id} # zoe`)], nameless], pastOf(['.sops.yaml', rule(`${old.id} # bob`)]))).rejects.toMatchObject({ code: 'recipient-ambiguous' })
  })

  test('names the key that went last, and those before it as earlier ones', async () => {
    const versions = [done, rule(`${old.id} # bob`), rule(`${older.id} # bob`)].map((text) => ['.sops.yaml', text] as const)
    const { asked, earlier } = await again([['.sops.yaml', done]], pastOf(...versions))
    expect([asked.removed, earlier.map(({ recipient }) => recipient)]).toEqual([[old], [older]])
    const alone = await again([['.sops.yaml', rule(alice.id)]], pastOf(...versions.slice(1)), { addedRecipients: [] })
    expect([alone.asked.removed, alone.earlier.map(({ recipient }) => recipient)]).toEqual([[old], [older]])
  })

  test('names all keys that one name stood for at a time', async () => {
    const past = pastOf(['.sops.yaml', rule(alice.id)], ['.sops.yaml', rule(`${older.id} # bob`, `${old.id} # bob`)], ['.sops.yaml', rule(`${older.id} # bob`)])
    expect((await again([['.sops.yaml', done]], past)).asked.removed).toEqual([older, old])
  })

  test('does not take a key that stood nowhere for one that took a place', async () => {
    const past = pastOf(['.sops.yaml', rule(`${older.id} # bob`)], ['.sops.yaml', rule(`${old.id} # bob`)])
    expect((await again([['.sops.yaml', done]], { ...past, known: [old] })).asked.removed).toEqual([old])
  })

  describe('whose name only the past knows', () => {
    const alone = { addedRecipients: [] }
    const then = pastOf(['.sops.yaml', rule(`${old.id} # bob`)])
    const ownersFile = { path: '.sops-owners.yaml', text: '', removed: [{ recipient: old, owner: 'bob', date: '2026-02-10', by: null, line: 3 }] }

    test.each<[string, string, string, Partial<Survey>]>([
      ['under another name', rule(alice.id, `${old.id} # carol`), "and is carol's, by .sops.yaml:5.", {}],
      ['without a name', rule(alice.id, old.id), 'and nothing says whose it is.', {}],
      ['under another name, though recorded as removed', rule(alice.id, `${old.id} # carol`), "and is carol's, by .sops.yaml:5.", { ownersFile }],
      ['under that name, which the owners file gives to another', rule(`${old.id} # bob`), "and is bob's, by .sops.yaml:4; carol's, by .sops-owners.yaml:2.",
        { owners: [{ recipient: old, name: 'carol', from: 'owners-file', path: '.sops-owners.yaml', line: 2 }] }],
    ])('does not take out a key that stands in a config of today %s', async (_, config, whose, more) => {
      const where = more.ownersFile === ownersFile ? '.sops-owners.yaml:3' : '.sops.yaml at 1:4'
      await expect(again([['.sops.yaml', config]], then, alone, more)).rejects.toMatchObject({
        code: 'recipient-ambiguous', advice: 'Name the key that is to go, spelled in full.',
        message: expect.stringContaining(`\n${old.id} was that of "bob" by ${where}. Today it stands in .sops.yaml, ${whose}`),
      })
      expect((await again([['.sops.yaml', config]], then, { ...alone, removedRecipients: [old.id] }, more)).asked.removed).toEqual([old])
    })

    test.each<[string, string, string]>([
      ['of fewer names than keys', `creation_rules:\n  - age: ${alice.id},${older.id},${now.id},${fresh.id} # alice, bob, ci\n`, 'comment in .sops.yaml:2'],
      ['that says more', `creation_rules:\n  - age: ${alice.id},${older.id} # alice, Bob's new laptop\n`, 'comment in .sops.yaml:2'],
      ['of prose', `# There is no key here\n\ncreation_rules:\n  # ask (bob) or alice\n  - age: ${older.id}\n`, 'comment in .sops.yaml:4'],
      ['of an anchor', `keys:\n  - |\n    a text\n  - &user_bob ${older.id}\n${rule('*user_bob')}`, 'anchor in .sops.yaml:4'],
    ])('is unknown where it is a word %s', async (_, config, where) => {
      await expect(again([['.sops.yaml', config]], then, alone)).rejects.toMatchObject({
        code: 'recipient-unknown',
        message: expect.stringMatching(new RegExp(`\\nThe ${where} has "bob" in it, and cannot be read as the name of a key: write the name beside its key .*, or name the key that is meant, spelled in full\\.$`)),
      })
      expect((await again([['.sops.yaml', config]], then, { ...alone, removedRecipients: [old.id] })).asked.removed).toEqual([old])
    })

    test.each(['# bobby, bob2 and kebob', `# - ${old.id}`, '- "# bob"', "- '&bob'", '- |\n    # bob\n    &bob', '- x#bob'])('is not where none of its words is that: %s', async (text) => {
      const config = `keys:\n  ${text}\n${rule(alice.id)}`
      for (const name of ['bob', old.id]) expect((await again([['.sops.yaml', config]], then, { ...alone, removedRecipients: [name] })).asked.removed).toEqual([old])
    })

    test.each<[string, string]>([
      ['beside it', done], ['above it', rule('# alice', alice.id, '# bob', fresh.id).replaceAll('- #', '#')],
      ['among others', `creation_rules:\n  - age: ${alice.id},${fresh.id} # alice, bob (new)\n`],
    ])('is not where it is that of the key that came in place %s, but anywhere else', async (_, config) => {
      expect((await again([['.sops.yaml', config]], then)).asked.removed).toEqual([old])
      for (const more of ['# or of bob since May', `# - &bob-2 ${older.id}`]) {
        await expect(again([['.sops.yaml', `${config}${more}\n`]], then)).rejects.toMatchObject({ code: 'recipient-unknown', message: expect.stringContaining('The comment in .sops.yaml:') })
      }
    })

    test('is not where it is read whole, commas and all', async () => {
      const named = (id: string): string => rule(alice.id, `${id} # Smith, Bob`)
      const request = { removedRecipients: ['Smith, Bob'], addedRecipients: [`Smith, Bob=${fresh.id}`] }
      expect((await again([['.sops.yaml', named(fresh.id)]], pastOf(['.sops.yaml', named(old.id)]), request)).asked.removed).toEqual([old])
    })

    test('takes out a key that is left in files alone, and one that came back as nobody’s since it was recorded as removed', async () => {
      const file = { path: 'a.yaml', metadata: { groups: [[old]] } } as unknown as Survey['others'][number]
      expect((await again([['.sops.yaml', rule(alice.id)]], then, alone, { others: [file] })).asked.removed).toEqual([old])
      expect((await again([['.sops.yaml', rule(alice.id, old.id)]], then, alone, { ownersFile })).asked.removed).toEqual([old])
    })
  })

  test('is refused once the new key has left in its turn', async () => {
    const config = rule(alice.id, `${older.id} # bob`)
    const past = pastOf(['.sops.yaml', config], ['.sops.yaml', done], ['.sops.yaml', rule(alice.id, `${old.id} # bob`)])
    for (const removedRecipients of [['bob'], [older.id]]) {
      await expect(again([['.sops.yaml', config]], past, { removedRecipients })).rejects.toMatchObject({
        code: 'refused', advice: 'Add a new key instead. If it is to come back, add it by itself, with `same-access-as`.',
        message: expect.stringContaining(`names ${fresh.id}, which stood in files or configs at earlier commits and stands in none any more: it has left before`),
      })
    }
    // By itself it may come back; and so may one that still opens a file.
    expect((await again([['.sops.yaml', config]], past, { removedRecipients: [] })).asked.added).toMatchObject([{ recipient: fresh }])
    const file = { path: 'a.yaml', metadata: { groups: [[fresh]] } } as unknown as Survey['others'][number]
    expect((await again([['.sops.yaml', config]], past, {}, { others: [file] })).asked.removed).toEqual([older])
  })

  test('takes out an earlier key that still opens a file and stands in no config, and puts nobody beside it', async () => {
    const config = rule(alice.id, `${old.id} # bob`)
    const past = pastOf(['.sops.yaml', config], ['.sops.yaml', rule(alice.id, `${older.id} # bob`)])
    const of = (one: Recipient): Partial<Survey> => ({ others: [{ path: 'a.yaml', metadata: { groups: [[one]] } } as unknown as Survey['others'][number]] })
    const keys = async (text: string, more: Partial<Survey>, requiredRecipients: readonly string[] = []): Promise<unknown> => {
      const { asked, earlier, owners } = await again([['.sops.yaml', text]], past, { requiredRecipients }, more)
      expect([asked.like, owners.map(({ name, recipient }) => [name, recipient])]).toEqual([[old], [['bob', older]]])
      return [asked.removed, earlier.map(({ recipient }) => recipient)]
    }
    expect(await keys(config, of(older))).toEqual([[old, older], []])
    expect(await keys(config, of(alice))).toEqual([[old], [older]])
    expect(await keys(rule(alice.id, `${old.id} # bob`, older.id), of(older))).toEqual([[old], [older]])
    expect(await keys(config, of(older), [older.id])).toEqual([[old], [older]])
  })

  test('asks which one is meant of two that came in each other’s place', async () => {
    const versions = [alice, old, older, old].map(({ id }) => ['.sops.yaml', rule(`${id} # ${id === alice.id ? 'alice' : 'bob'}`)] as const)
    await expect(again([['.sops.yaml', rule(`${fresh.id} # zoe`)]], pastOf(...versions))).rejects.toMatchObject({ code: 'recipient-ambiguous' })
  })

  test.each<[string, readonly (readonly [string, string])[]]>([
    ['in two files', [['a/.sops.yaml', rule(`${old.id} # bob`)], ['b/.sops.yaml', rule(`${older.id} # bob`)]]],
    ['of whom one came after the other had gone', [rule(`${old.id} # bob`), rule(alice.id), rule(`${older.id} # bob`)].map((text) => ['.sops.yaml', text])],
  ])('asks which one is meant of two of the name %s', async (_, versions) => {
    await expect(again([['.sops.yaml', done]], pastOf(...versions))).rejects.toMatchObject({ code: 'recipient-ambiguous' })
  })

  test('knows by every commit which key took the place of which', async () => {
    using team = new Chronicle()
    for (const [at, keys] of [[`${older.id} # bob`], [`${old.id} # bob`], []].entries()) {
      team.write('.sops.yaml', rule(alice.id, ...keys))
      // One that he lost without another key.
      team.write('prod/.sops.yaml', rule(alice.id, ...at < 2 ? [`${older.id} # bob`] : []) + '#'.repeat(at))
      team.commitOn(`2026-0${at + 1}-10`)
    }
    const git = team.checkout()
    const survey = await surveyRepository(git, [])
    await using open = await openHistory(git, survey, { everything: true, texts: pathsOfOwners(survey, null), remote: null, temporary: team.path })
    const resolved = await resolveWithPast({ ...inRequest, addedRecipients: [] }, survey, async (everywhere) => await readPast(open, survey, null, everywhere))
    expect([resolved.asked.removed, resolved.earlier.map(({ recipient }) => recipient)]).toEqual([[old], [older]])
  })

  test('goes by the record in an owners file, the last of them', async () => {
    const record = (recipient: Recipient, date: string): RemovedRecord => ({ recipient, owner: 'bob', date, by: null, line: 1 })
    const removed = [record(older, '2026-01-02'), record(old, '2026-03-04')]
    const ownersFile = { path: '.sops-owners.yaml', text: '', removed }
    const nothing = pastOf()
    const { asked, earlier } = await again([['.sops.yaml', done]], nothing, {}, { ownersFile })
    expect([asked.removed, earlier.map(({ recipient }) => recipient)]).toEqual([[old], [older]])
  })

  test('knows a key by a keyring that nothing in the repository names any more', async () => {
    const pgp: Recipient = { kind: 'pgp', id: 'AB'.repeat(20) }
    const keyring: OwnedRecipient = { recipient: pgp, name: 'Bob <bob@x.org>', from: 'keyring', path: 'keyring', line: 0 }
    const past = pastOf(['.sops.yaml', `creation_rules:\n  - pgp: ${pgp.id}\n`])
    expect((await again([['.sops.yaml', done]], past, {}, { owners: [keyring] })).asked.removed).toEqual([pgp])
  })

  test('leaves the version that files have for an Azure key without one', async () => {
    const [vault, oldVault] = ['new', 'old'].map((name): Recipient => ({ kind: 'azure_keyvault', id: `https://v.vault.azure.net/keys/${name}` })) as [Recipient, Recipient]
    const [version, before] = ['1', '2'].map((digit): Recipient => ({ ...vault, id: `${vault.id}/${digit.repeat(32)}` })) as [Recipient, Recipient]
    const of = (recipient: Recipient): string => `creation_rules:\n  - azure_keyvault:\n      - ${recipient.id} # bob\n`
    const file = { path: 'a.yaml', metadata: { groups: [[version]] } } as unknown as Survey['others'][number]
    const past = pastOf(['.sops.yaml', of(vault)], ['.sops.yaml', of(oldVault)])
    const request = { addedRecipients: [`bob=${vault.id}`] }
    expect((await again([['.sops.yaml', of(vault)]], { ...past, known: [...past.known, before, version] }, request, { others: [file] })).asked.removed).toEqual([oldVault])
  })

  test('leaves an SSH key that bears the name in itself', async () => {
    const ssh = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK1dOZZ8Wz0CE2m4EWKc9zGPGfBNZBNHKO6nCtL4bFq bob'
    const past = pastOf(['.sops.yaml', rule(ssh)], ['.sops.yaml', rule(`${old.id} # bob`)])
    expect((await again([['.sops.yaml', rule(ssh)]], past, { addedRecipients: [ssh] })).asked.removed).toEqual([old])
  })

  test.each<[string, Partial<typeof inRequest>, string, Past, object]>([
    ['whose new key nobody has yet', { removedRecipients: ['robert'] }, rule(alice.id), pastOf(['.sops.yaml', rule(`${old.id} # robert`)]), { code: 'recipient-unknown' }],
    ['of a key that nobody ever knew', {}, done, pastOf(['.sops.yaml', done]), { code: 'input', message: expect.stringMatching(/both name age1z+\. Nothing tells of another key/) }],
    ['of a key by itself', { removedRecipients: [fresh.id] }, done, before, { code: 'input', advice: 'Leave it out of one of them.' }],
    ['of a key that a shallow clone hides', {}, done, { ...pastOf(), unseen: 'It is shallow' }, { code: 'input', message: expect.stringMatching(/both name.*\n.*It is shallow\. Write `fetch-depth: 0`/) }],
  ])('is refused: one %s', async (_, request, config, past, failure) => {
    await expect(again([['.sops.yaml', config]], past, request)).rejects.toEqual(expect.objectContaining(failure))
  })
})
