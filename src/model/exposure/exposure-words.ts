// Why nothing is told of a secret without a key, as a report says it.
// Pure. Must never hold a value, nor say more than is known.
import type { History } from './history.ts'

export const undecided = 'its IV is another one: only a decryption can tell whether the value is'
export const elsewhere = 'a value that is as long stands elsewhere, and is not known to be another: only a decryption can tell whether it is this one'
export const inTheClear = 'a value stands in the clear at its name: only a decryption can tell whether it is this one'
export const stoodInTheClear = 'a value stood in the clear at its name: only a decryption can tell whether it is still this one'
export const wasInTheClear = 'it stood in the clear at an earlier commit'
export const clearedHere = 'a value that is as long came to stand in the clear in its file: only a decryption can tell whether it is this one'
export const notEncrypted = 'the file is there, but is no longer one that sops can read'
export const leftInTheClear = 'it stood in the clear before it went: only a decryption can tell whether it still does elsewhere'
export const valueByValue = 'the file is kept value by value now, and no longer as a whole'
export const asOne = 'the file is kept as a whole now, and no longer value by value'
export const nameless = 'an encrypted comment has no name by which it could be compared with what it was'

/** Why it is not known whether they could read something at all. */
export function untoldDataKey({ wasTried }: Pick<History, 'wasTried'>): string {
  const then = wasTried ? 'and this runner could not try whether the data key is one that they had' : 'so that without a key nobody can tell whether the data key is one that they had'
  return `it is not known whether they could read its last value: one commit changed all of the values and the recipients, ${then}`
}
