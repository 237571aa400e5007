// X25519 identities and recipients of age, as `age-keygen` makes them; without npm packages, since the demo runs before an install.
import { generateKeyPairSync } from 'node:crypto'

export interface AgeKey {
  /** `age1…` */
  readonly recipient: string
  /** `AGE-SECRET-KEY-1…` */
  readonly identity: string
}

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

/** Bech32 of BIP 173, which is what age uses, without its limit of 90 characters. */
export function bech32(prefix: string, bytes: Uint8Array): string {
  const words: number[] = []
  let [value, bits] = [0, 0]
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; bits -= 5) words.push((value >> (bits - 5)) & 31)
  }
  if (bits > 0) words.push((value << (5 - bits)) & 31)
  const letters = Array.from(Buffer.from(prefix))
  const all = [...letters.map((letter) => letter >> 5), 0, ...letters.map((letter) => letter & 31), ...words]
  const check = polymod([...all, 0, 0, 0, 0, 0, 0]) ^ 1
  const checksum = [0, 1, 2, 3, 4, 5].map((at) => (check >> (5 * (5 - at))) & 31)
  return `${prefix}1${[...words, ...checksum].map((word) => alphabet[word]).join('')}`
}

function polymod(values: readonly number[]): number {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
  return values.reduce((sum, value) => {
    const top = sum >>> 25
    return generator.reduce((mixed, word, at) => ((top >> at) & 1 ? mixed ^ word : mixed), ((sum & 0x1ffffff) << 5) ^ value)
  }, 1)
}

export function makeAgeKey(): AgeKey {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const raw = (part: string | undefined): Buffer => Buffer.from(part ?? '', 'base64url')
  return {
    recipient: bech32('age', raw(publicKey.export({ format: 'jwk' }).x)),
    identity: bech32('age-secret-key-', raw(privateKey.export({ format: 'jwk' }).d)).toUpperCase(),
  }
}
