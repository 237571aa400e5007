// What a text has in it that may be a file of sops', or speak of who owns which key: what a search over all tracked files looks for.
// Pure. Must never miss what sops could read; what it finds too much costs only a closer look.

/** A letter in quotes, or what JSON and YAML let stand for it. */
const letter = (one: string): string => {
  const [high = '', low = ''] = one.charCodeAt(0).toString(16)
  return `(${one}|\\\\(x|u00|U000000)${high}[${low}${low.toUpperCase()}])`
}
/** What may carry sops metadata: a value of sops, the entry or names of its metadata, or text in UTF-16, which hides both. */
export const encrypted = [
  'ENC\\[AES256_GCM,', `"${Array.from('sops', letter).join('')}"`, "^[\"']?sops[\"']?[ \\t]*:", '^sops_(mac|version)=', '^\\[sops\\]', '^(\\xff\\xfe|\\xfe\\xff)',
]
/** A line that starts with a public key, as in a list of who owns which. */
export const publicKey = '^(age1[0-9a-z]{20}|ssh-(ed25519|rsa) AAAA)'

/** What stands in the place of a file that Git LFS keeps. */
export const lfsPointer = '^version https://git-lfs\\.github\\.com/spec/'

export function isPointer(bytes: Buffer): boolean {
  return new RegExp(lfsPointer).test(bytes.toString('latin1', 0, 100))
}

/** Whether sops could find something in a file of which nothing was found here: a list of keys, for one, has no word of it. */
export function mayHide(bytes: Buffer): boolean {
  return /ENC\[AES|sops|\\(?:x|u00|U000000)[67]|^(?:\xff\xfe|\xfe\xff)/i.test(bytes.toString('latin1'))
}
