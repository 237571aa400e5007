import { describe, expect, test } from '@jest/globals'
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { recipientOfIdentity } from '../../src/tools/age-identity.ts'

describe('the recipient of an identity', () => {
  test('is what age says', async () => {
    for (let round = 0; round < 200; round += 1) {
      const identity = await generateX25519Identity()
      const recipient = await identityToRecipient(identity)
      expect(recipientOfIdentity(identity)).toBe(recipient)
      expect(recipientOfIdentity(identity.toLowerCase())).toBe(recipient)
    }
  })

  test('is not told of anything but a whole identity of that kind', async () => {
    const identity = await generateX25519Identity()
    const at = identity.length - 10
    const other = identity[at] === 'Q' ? 'P' : 'Q'
    const wrong = [
      '', 'AGE-SECRET-KEY-1', identity.slice(0, -1), `${identity}Q`, identity.slice(0, at) + other + identity.slice(at + 1),
      identity.replace('AGE', 'age'), identity.replace('AGE-SECRET-KEY-', 'AGE-PLUGIN-X-'), await identityToRecipient(identity),
      await generateHybridIdentity(), 'AGE-PLUGIN-YUBIKEY-1QQPQQQQQQ',
    ]
    expect(wrong.map(recipientOfIdentity)).toEqual(wrong.map(() => null))
  })
})
