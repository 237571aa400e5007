// Values → digests by which they can be compared, under a key that lives as long as the history they are of.
// Must never keep a value, nor give out the key.
import { createHmac, randomBytes } from 'node:crypto'
import { digestsBy } from '../model/exposure/digests.ts'
import type { Digests } from '../model/exposure/digests.ts'

/** Digests that were made by one and the same of these can be compared with each other, and with no others. */
export function digestMaker(): (value: string) => Digests {
  const secret = randomBytes(32)
  return digestsBy((text) => createHmac('sha256', secret).update(text).digest('base64'))
}
