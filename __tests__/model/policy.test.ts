import { describe, expect, test } from '@jest/globals'
import type { Groups } from '../../src/model/plan/plan.ts'
import { environmentOf, missingRequired, policyFindings } from '../../src/model/plan/policy.ts'
import type { GovernedFile } from '../../src/model/plan/policy.ts'
import { parseRecipient } from '../../src/model/recipient.ts'
import type { Recipient } from '../../src/model/recipient.ts'

function key(text: string): Recipient {
  const recipient = parseRecipient(text)
  if (recipient === null) throw new Error(`${text} is no recipient`)
  return recipient
}

const [alice, bob] = [key(`age1${'a'.repeat(58)}`), key(`age1${'q'.repeat(58)}`)]
const plugin = key('age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t')
const ssh = key('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK1dOZZ8Wz0CE2m4EWKc9zGPGfBNZBNHKO6nCtL4bFq bob@laptop')
const pgp = key('FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4')
const arn = 'arn:aws:kms:eu-west-1:111122223333:key/k'
const [kms, kmsInContext] = [key(arn), key(`${arn}|Env:prod`)]
const otherKms = key('arn:aws:kms:us-east-1:111122223333:key/k')
const gcp = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'
const azure = 'https://vault.vault.azure.net/keys/sops'
const vault = key('https://vault.example.com/v1/transit/keys/sops')
const huawei = key('tr-west-1:6b1c8a3e-1d5e-4a8e-9d1c-0c2f0f5a7b11')

const file = (path: string, groups: Groups, rest: Partial<GovernedFile> = {}): GovernedFile =>
  ({ path, config: '.sops.yaml', rule: { line: 12 }, groups, ...rest })
const codes = (...files: readonly GovernedFile[]): readonly string[] => policyFindings(files, 'warning').map(({ path, code }) => `${path ?? ''} ${code}`)

describe('two kinds of keys', () => {
  test.each<[string, Groups, boolean]>([
    ['age keys only', [[alice, bob]], false],
    ['age, an age plugin and SSH', [[alice, plugin, ssh]], false],
    ['two keys of one cloud', [[kms, otherKms]], false],
    ['age and PGP', [[alice, pgp]], true],
    ['age and KMS', [[alice, kms]], true],
    ['two clouds', [[kms, key(gcp)]], true],
    ['Vault and Huawei', [[vault, huawei]], true],
    ['one kind in each of two groups', [[alice, bob], [kms, otherKms]], true],
  ])('%s', (_, groups, enough) => {
    expect(codes(file('a.yaml', groups))).toEqual(enough ? [] : ['a.yaml single-key-kind'])
  })

  test('the finding names the file, the rule and the way out', () => {
    expect(policyFindings([file('a.yaml', [[alice, bob]])], 'error')).toEqual([{
      code: 'single-key-kind', level: 'error', path: 'a.yaml',
      message: 'only age keys open it: add a key of another kind in the rule at .sops.yaml:12, so that losing one does not lose the file',
    }])
  })

  test.each<[Partial<GovernedFile>, string]>([
    [{ rule: null }, 'another kind in .sops.yaml,'],
    [{ config: null, rule: null }, 'another kind in a .sops.yaml rule of its own,'],
  ])('where %j is known of the rule', (rest, said) => {
    expect(policyFindings([file('a.yaml', [[alice, bob]], rest)], 'warning')[0]?.message).toContain(said)
  })
})

describe('a key for each environment', () => {
  test.each<[string, readonly [string, Recipient], readonly [string, Recipient], boolean]>([
    ['one KMS key', ['prod/a.yaml', kms], ['dev/a.yaml', kms], true],
    ['one KMS key with and without a context', ['prod/a.yaml', kmsInContext], ['dev/a.yaml', kms], true],
    ['versions of one GCP key', ['prod/a.yaml', key(`${gcp}/cryptoKeyVersions/1`)], ['dev/a.yaml', key(gcp)], true],
    ['versions of one Azure key', ['prod/a.yaml', key(`${azure}/0a1b`)], ['dev/a.yaml', key(`${azure}/2c3d`)], true],
    ['one Vault key', ['prod/a.yaml', vault], ['dev/a.yaml', vault], true],
    ['one Huawei key', ['prod/a.yaml', huawei], ['dev/a.yaml', huawei], true],
    ['KMS keys of two regions', ['prod/a.yaml', kms], ['dev/a.yaml', otherKms], false],
    ['one environment under two names', ['prod/a.yaml', kms], ['production/b.yaml', kms], false],
    ['a file without an environment', ['prod/a.yaml', kms], ['shared/a.yaml', kms], false],
    ['a PGP key', ['prod/a.yaml', pgp], ['dev/a.yaml', pgp], false],
  ])('%s', (_, [path, one], [otherPath, other], shared) => {
    const found = [`${otherPath} shared-environment-key`, `${path} shared-environment-key`]
    expect(codes(file(path, [[alice, one]]), file(otherPath, [[alice, other]]))).toEqual(shared ? found : [])
  })

  test('an age key may open what it likes', () => {
    expect(codes(file('prod/a.yaml', [[alice, kms]]), file('dev/a.yaml', [[alice, otherKms]]))).toEqual([])
  })

  test('the finding names the key, the other environments with a file each, the rule and the way out', () => {
    const files = [['staging/a.yaml', 3], ['dev/b.yaml', 2], ['dev/a.yaml', 2], ['prod/a.yaml', 1]] as const
    const findings = policyFindings(files.map(([path, line]) => file(path, [[alice, kms]], { rule: { line } })), 'warning')
    expect(findings.map(({ path }) => path)).toEqual(['dev/a.yaml', 'dev/b.yaml', 'prod/a.yaml', 'staging/a.yaml'])
    expect(findings[2]?.message).toBe('its key eu-west-1:111122223333:key/k opens files of prod and of dev (dev/a.yaml), '
      + 'staging (staging/a.yaml): give prod a key of its own in the rule at .sops.yaml:1')
  })

  test.each([
    ['prod/app.yaml', 'prod'], ['PRODUCTION/app.yaml', 'prod'], ['app.prod.yaml', 'prod'], ['secrets-staging.env', 'staging'],
    ['clusters/stage/x.yaml', 'staging'], ['.env.dev', 'dev'], ['qa_1/x.yaml', 'qa'], ['sandbox.yaml', 'sandbox'],
    ['pre-prod/x.yaml', 'preprod'], ['preprod/x.yaml', 'preprod'],
    // A folder's whole name tells more than a word, and the file's own name more than a word in a folder's.
    ['prod/apps/test-app/x.yaml', 'prod'], ['prod/test.yaml', 'prod'], ['apps/test-app/prod.yaml', 'prod'],
    ['secrets/app.yaml', null], ['product/x.yaml', null], ['developers.yaml', null], ['latest/x.yaml', null], ['non-prod/x.yaml', null],
    ['test/dev/x.yaml', null], ['dev-test.yaml', null],
  ])('%s speaks of %s', (path, environment) => {
    expect(environmentOf(path)).toBe(environment)
  })
})

describe('two who can open it', () => {
  const both = [[alice, kms]] as const
  test.each<[string, Groups, number | null, boolean]>([
    ['two', both, null, true],
    ['one', [[alice]], null, false],
    ['one, spelled twice', [[pgp, { ...pgp, id: pgp.id.toLowerCase() }]], null, false],
    ['nobody', [], null, false],
    ['two groups of two', [...both, [bob, pgp]], 2, true],
    ['two groups, one of them of one', [...both, [pgp]], 2, false],
    ['two groups of one, of which one is enough', [[alice], [pgp]], 1, true],
    ['three groups of one, of which two are enough', [[alice], [pgp], [kms]], 2, true],
    ['three groups of one, one person in two of them', [[alice], [alice], [kms]], 2, false],
    ['all of the groups, where no threshold is given', [[alice, bob], [pgp]], null, false],
    ['fewer groups than the threshold', both, 2, false],
  ])('%s', (_, groups, threshold, enough) => {
    expect(codes(file('a.yaml', groups, { threshold })).filter((found) => found.endsWith('few-survivors')))
      .toEqual(enough ? [] : ['a.yaml few-survivors'])
  })

  test('the finding says what to do', () => {
    const said = (groups: Groups): unknown => policyFindings([file('a.yaml', groups)], 'warning').at(-1)?.message
    expect(said([[alice]])).toBe('fewer than two recipients could open it: add another one in the rule at .sops.yaml:12')
    expect(said([[alice, bob], [pgp]])).toBe('without 3D16CEE4A27381B4 fewer than the 2 key groups it takes could open it: '
      + 'add a second recipient to the groups that have only one in the rule at .sops.yaml:12')
  })
})

test('the order of the findings does not depend on the order of the files', () => {
  const files = [file('b.yaml', [[alice]]), file('prod/a.yaml', [[kms]]), file('dev/a.yaml', [[kms]]), file('a.yaml', [[alice]])]
  const found = policyFindings(files, 'warning')
  expect(policyFindings(files.toReversed(), 'warning')).toEqual(found)
  expect(found.map(({ path, code }) => `${path ?? ''} ${code}`)).toEqual([
    'a.yaml single-key-kind', 'a.yaml few-survivors', 'b.yaml single-key-kind', 'b.yaml few-survivors',
    'dev/a.yaml single-key-kind', 'dev/a.yaml shared-environment-key', 'dev/a.yaml few-survivors',
    'prod/a.yaml single-key-kind', 'prod/a.yaml shared-environment-key', 'prod/a.yaml few-survivors',
  ])
})

test('what is required and missing is looked for in every group, in any spelling', () => {
  const groups = [[alice], [{ ...pgp, id: pgp.id.toLowerCase() }]]
  expect(missingRequired(groups, [alice, pgp, kms])).toEqual([kms])
  expect(missingRequired(groups, [])).toEqual([])
})
