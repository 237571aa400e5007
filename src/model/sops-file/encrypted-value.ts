// The ENC[…] values of a file as sops writes them, and what two versions of them say about the data key.
// Must never need a key.

/** One encrypted value; `data`, `iv` and `tag` are Base64 as written, `type` is sops' own (`str`, `int`, `comment`, …). */
export interface EncryptedValue {
  readonly data: string
  readonly iv: string
  readonly tag: string
  readonly type: string
}

const value = /ENC\[AES256_GCM,data:([A-Za-z0-9+/=]*),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:([a-z]+)\]/g

/** Every encrypted value of `text` in order, the MAC (which is one too) left out. */
export function encryptedValues(text: string, mac: string): readonly EncryptedValue[] {
  const values: EncryptedValue[] = []
  for (const [whole, data = '', iv = '', tag = '', type = ''] of text.matchAll(value)) {
    if (whole !== mac) values.push({ data, iv, tag, type })
  }
  return values
}

/** Whether a whole string is one encrypted value. */
export function isEncryptedValue(text: string): boolean {
  return text.startsWith('ENC[AES256_GCM,data:') && text.endsWith(']')
}

export function isEncryptedComment(item: unknown): boolean {
  return typeof item === 'string' && isEncryptedValue(item) && item.endsWith(',type:comment]')
}

/**
 * Compares the data keys of two versions of one file whose decrypted content is known to be equal.
 * sops keeps the IV of a value it re-encrypts at the same path, and AES-GCM is deterministic given key, IV, path and
 * plaintext: same IV and other ciphertext is another key, same IV and same ciphertext is the same key.
 * `unproven` where no IV stands in both, as in a file without any encrypted value.
 */
export function compareDataKeys(
  before: readonly EncryptedValue[],
  after: readonly EncryptedValue[],
): 'new' | 'same' | 'unproven' {
  const earlier = new Map(before.map((one) => [one.iv, one]))
  let compared = 0
  for (const { iv, data, tag } of after) {
    const same = earlier.get(iv)
    if (same === undefined) continue
    if (same.data === data && same.tag === tag) return 'same'
    compared += 1
  }
  return compared > 0 ? 'new' : 'unproven'
}

/**
 * Whether two versions of one file hold the same values, as far as that can be told without a key, under whatever data key: sops
 * keeps the IV of each. (Of equal ones in a list, it keeps one for all.) Comments do not count: older versions left them in the clear.
 */
export function haveSameValues(before: readonly EncryptedValue[], after: readonly EncryptedValue[]): boolean {
  const [earlier, later] = [before, after].map((values) => values.filter(({ type }) => type !== 'comment')) as [EncryptedValue[], EncryptedValue[]]
  const types = new Map(earlier.map(({ iv, type }) => [iv, type]))
  return earlier.length === later.length && later.every(({ iv, type }) => types.get(iv) === type)
}
