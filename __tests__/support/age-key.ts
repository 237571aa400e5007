// X25519 identities and recipients of age, as `age-keygen` makes them; without npm packages, since the demo runs before an install.
import { generateKeyPairSync } from 'node:crypto'
import { bech32 } from '../../src/tools/age-identity.ts'

export { bech32 }

export interface AgeKey {
  /** `age1…` */
  readonly recipient: string
  /** `AGE-SECRET-KEY-1…` */
  readonly identity: string
}

export function makeAgeKey(): AgeKey {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const raw = (part: string | undefined): Buffer => Buffer.from(part ?? '', 'base64url')
  return {
    recipient: bech32('age', raw(publicKey.export({ format: 'jwk' }).x)),
    identity: bech32('age-secret-key-', raw(privateKey.export({ format: 'jwk' }).d)).toUpperCase(),
  }
}
