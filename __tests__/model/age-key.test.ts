import { expect, test } from '@jest/globals'
import { identityToRecipient } from 'age-encryption'
import { parseRecipient } from '../../src/model/recipient.ts'
import { makeAgeKey } from '../support/age-key.ts'

test('the keys of the test suite are keys of age', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { identity, recipient } = makeAgeKey()
    expect(await identityToRecipient(identity)).toBe(recipient)
    expect(parseRecipient(recipient)).toEqual({ kind: 'age', id: recipient })
  }
})
