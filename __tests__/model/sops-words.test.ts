import { describe, expect, test } from '@jest/globals'
import { missingKeys, reasonOf, reasonsByKey, shownOfKeys, shownReason } from '../../src/model/sops-file/sops-words.ts'

const secret = 'hunter2'

describe('of what sops says of a file', () => {
  test.each([
    [`Could not decrypt value: strconv.Atoi: parsing "${secret}": invalid syntax`, null],
    [`Input string ${secret} does not match sops' data format`, 'a value that has to be encrypted stands in the clear'],
    [`key-value delimiter not found: ${secret}`, 'a line has no `=`'],
    [`invalid dotenv input line: ${secret}`, 'a line is no NAME=value'],
    [`Error unmarshalling input yaml: yaml: line 3: ${secret}`, 'it is no YAML at line 3'],
    [`Error unmarshalling input yaml: yaml: unmarshal errors: line 2: mapping key "${secret}" already defined at line 1`,
      'line 2 has a name that stands there already'],
    [`Error unmarshalling input json: invalid character 'h' after ${secret}`, 'it is no JSON'],
    [`parsing time "${secret}" as "2006"`, 'its metadata has a `lastmodified` or a `created_at` that is no time'],
    [`panic: ${secret}`, null],
  ])('only what it means is shown: %s', (said, meaning) => {
    expect(reasonOf(said)).toBe(meaning)
    for (const shown of [shownReason(said), shownOfKeys(said)]) expect(shown).not.toContain(secret)
  })

  test.each([
    'error loading config: error unmarshalling config file: yaml: line 3: did not find expected key',
    'failed to parse input as Bech32-encoded age public key "age1x": malformed recipient',
  ])('what is about its config or its keys is shown whole: %s', (said) => {
    expect(shownReason(said)).toBe(said)
  })

  test('what a cloud says of a key is not taken for a parser’s word', () => {
    const said = 'failed to encrypt new data key with master key "arn:aws:kms:eu-west-1:1:key/k": unexpected EOF'
    expect(shownOfKeys(said)).toBe(said)
  })
})

describe('of a file that could not be decrypted', () => {
  /** As sops 3.11 ends, with so many groups usable. */
  const shamir = (usable: number): string => 'Recovery failed because the file was encrypted with a Shamir threshold of\n'
    + `2, but only ${usable} part(s) were successfully recovered, one for each successful\nkey group.`

  test.each([
    ['Recovery failed because no master key was able to decrypt the file.', 'none of its keys could be used', 'of one of these keys.'],
    [shamir(1), '1 of its key groups could be used, and 2 are needed', 'in 1 more of its groups.'],
    [shamir(0), 'none of its key groups could be used, and 2 are needed', 'in 2 of these groups.'],
  ])('what is missing is said: %j', (said, problem, end) => {
    expect(missingKeys(said)).toEqual({ problem, advice: expect.stringMatching(new RegExp(`^Give the job .* ${end}$`)) as unknown })
  })

  test('an identity of another key is told from none', () => {
    const block = (key: string, why: string): string => `  ${key}: FAILED\n    - | ${why}\n      | Did not find keys in locations 'SOPS_AGE_KEY_FILE'.\n`
    expect(reasonsByKey(`Group 0: FAILED\n${block('age1a', 'age: identity did not match any of the recipients: incorrect')}`))
      .toBe("age1a: the job's age identity is of another key")
    expect(reasonsByKey(`Group 0: FAILED\n${block('age1a', 'failed to load age identities')}${block('age1b', 'failed to load age identities')}`))
      .toBe('age1a, age1b: no age identity was found')
    expect(reasonsByKey(`Group 0: FAILED\n${block('age1a', 'failed to load age identities')}${block('arn:aws:kms:x', 'AccessDenied').replace(/ {6}\|.*\n/, '')}`))
      .toBe('arn:aws:kms:x: AccessDenied; age1a: no age identity was found')
  })
})
