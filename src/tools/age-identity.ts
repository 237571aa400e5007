// Whose public key an X25519 identity of age is for, so that a lock-out is seen before it happens.
// Must never keep an identity, nor guess at one of another kind. Source: age's specification, C2SP age.md; BIP 173.
import { createPrivateKey, createPublicKey } from 'node:crypto'

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
/** What stands before the 32 bytes of a private key in PKCS #8. Source: RFC 8410. */
const pkcs8 = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** The `age1…` of an `AGE-SECRET-KEY-1…`; null for anything else, also for an identity of a plugin or a post-quantum one. */
export function recipientOfIdentity(identity: string): string | null {
  const secret = decode('age-secret-key-', identity)
  if (secret === null) return null
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, secret]), format: 'der', type: 'pkcs8' })
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return bech32('age', Buffer.from(x, 'base64url'))
}

/** The 32 bytes behind `prefix`; null where the text is not whole. */
function decode(prefix: string, text: string): Buffer | null {
  const lower = text.toLowerCase()
  if ((text !== lower && text !== text.toUpperCase()) || !lower.startsWith(`${prefix}1`)) return null
  const words = Array.from(lower.slice(prefix.length + 1), (letter) => alphabet.indexOf(letter))
  if (words.includes(-1) || polymod([...expand(prefix), ...words]) !== 1) return null
  const bits = words.slice(0, -6).map((word) => word.toString(2).padStart(5, '0')).join('')
  const bytes = bits.match(/.{8}/g) ?? []
  return bytes.length === 32 ? Buffer.from(bytes.map((byte) => parseInt(byte, 2))) : null
}

/** Bech32, without its limit of 90 characters, as age uses it. */
export function bech32(prefix: string, bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  const words = (bits.match(/.{1,5}/g) ?? []).map((word) => parseInt(word.padEnd(5, '0'), 2))
  const check = polymod([...expand(prefix), ...words, 0, 0, 0, 0, 0, 0]) ^ 1
  const checksum = [5, 4, 3, 2, 1, 0].map((at) => (check >> (5 * at)) & 31)
  return `${prefix}1${[...words, ...checksum].map((word) => alphabet.charAt(word)).join('')}`
}

function expand(prefix: string): number[] {
  const codes = Array.from(prefix, (letter) => letter.charCodeAt(0))
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)]
}

function polymod(words: readonly number[]): number {
  return words.reduce((sum, word) => {
    const top = sum >>> 25
    return generator.reduce((mixed, one, at) => ((top >> at) & 1 ? mixed ^ one : mixed), ((sum & 0x1ffffff) << 5) ^ word)
  }, 1)
}
