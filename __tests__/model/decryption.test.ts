import { expect, test } from '@jest/globals'
import type { Recipient } from '../../src/model/recipient.ts'
import type { Runner } from '../../src/model/plan/runner.ts'
import { decryptionRefusal } from '../../src/model/plan/runner.ts'

const own: Recipient = { kind: 'age', id: `age1${'q'.repeat(58)}` }
const other: Recipient = { kind: 'age', id: `age1${'c'.repeat(58)}` }
const vault: Recipient = { kind: 'hc_vault', id: 'https://vault.example.com/v1/transit/keys/k' }
const plugin: Recipient = { kind: 'age-plugin', id: 'age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t' }
const runner: Runner = { recipients: [own], complete: true, vault: { address: null, token: true }, agePlugins: [] }

test.each([
  [[own, other], {}, null], [[other], {}, 'none of its keys is the runner\'s'], [[other], { complete: false }, null],
  [[own, vault], {}, 'its Vault is not the runner\'s'], [[own, vault], { vault: { address: 'https://vault.example.com', token: true } }, null],
  [[own, plugin], {}, 'it needs a plugin that may not be run'], [[own, plugin], { agePlugins: ['yubikey'] }, null],
] as const)('an earlier version for %j is decrypted by %j: %s', (readers, change, refusal) => {
  expect(decryptionRefusal(readers, { ...runner, ...change })).toBe(refusal)
})
