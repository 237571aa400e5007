import { describe, expect, test } from '@jest/globals'
import { reasonOf, shownOfKeys, shownReason } from '../../src/model/sops-words.ts'

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
