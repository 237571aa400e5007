// Values → digests by which they can be compared, under a key that lives as long as the history they are of.
// Must never keep a value, nor give out the key.
import { createHmac, randomBytes } from 'node:crypto'
import type { Digests } from '../model/exposure/exposure-answer.ts'
import { spellingsOf } from '../model/exposure/spellings.ts'

/** Digests that were made by one and the same of these can be compared with each other, and with no others. */
export function digestMaker(): (value: string) => Digests {
  const secret = randomBytes(32)
  return (value) => spellingsOf(value).map((one) => createHmac('sha256', secret).update(one).digest('base64'))
}
