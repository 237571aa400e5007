// How else a value can be written and still be the same to whoever uses it: in quotes, with a line break behind it, in Base64, as a number.
// Pure. Must never keep a value, nor take for another spelling what nobody would read as the same.

/**
 * The value itself, then what it reads as without what was only put around it. Two values are one, written in two ways, where they
 * have one of these in common.
 */
export function spellingsOf(value: string): readonly string[] {
  const bare = unquoted(value.trim()).trim()
  const decoded = decodedFrom(bare)
  const number = decimal.test(bare) ? String(Number(bare)) : bare
  return [...new Set([value, bare, number, ...decoded === null ? [] : [decoded, unquoted(decoded.trim()).trim()]])]
}

/** No more digits than a number keeps; sops writes large fractions with an exponent. */
const decimal = /^[+-]?(?=[\d.]{1,15}(?:e|$))\d+(?:\.\d+)?(?:e[+-]?\d{1,2})?$/i

/** Without quotes around it. */
export function unquoted(text: string): string {
  const [, inside] = /^"([^]*)"$/.exec(text) ?? /^'([^]*)'$/.exec(text) ?? []
  return inside ?? text
}

/** What is shorter is a word like any other. */
const shortestBase64 = 8

/** null for what is no Base64. Of bytes that are no text, a character each. */
function decodedFrom(text: string): string | null {
  const joined = text.replace(/\s+/g, '')
  if (joined.length < shortestBase64 || !/^(?:[A-Za-z0-9+/]+={0,2}|[\w-]+={0,2})$/.test(joined)) return null
  const bytes = Buffer.from(joined, 'base64')
  const without = joined.replace(/=+$/, '')
  // Another text than what is encoded from the same bytes is none.
  if (bytes.toString('base64url') !== without.replaceAll('+', '-').replaceAll('/', '_')) return null
  const decoded = bytes.toString()
  return Buffer.from(decoded).equals(bytes) ? decoded : bytes.toString('latin1')
}

/** Whether a value of `one` bytes can be another spelling of one of `other`. */
export function isAlike(one: number, other: number): boolean {
  const [less, more] = one < other ? [one, other] : [other, one]
  // A line break or two, or a pair of quotes.
  return more - less <= 2 || encodedSizes(less).includes(more)
}

/** How long other spellings of a value of `size` bytes can be; `size` is among them. */
export function alikeSizes(size: number): readonly number[] {
  const decoded = Array.from({ length: Math.ceil(size / 20) + 5 }, (_, at) => Math.floor(0.7 * size) - 4 + at)
  const near = [-2, -1, 0, 1, 2].map((by) => size + by)
  return [...new Set([...near, ...encodedSizes(size), ...decoded])].filter((one) => one >= 0 && isAlike(one, size))
}

/** In Base64, with or without the line break that came into it, or behind it; and in lines of 76. */
function encodedSizes(size: number): readonly number[] {
  return [size, size + 1].map((bytes) => 4 * Math.ceil(bytes / 3)).flatMap((one) => [one, one + Math.floor((one - 1) / 76)])
    .flatMap((one) => [one, one + 1]).filter((one) => one >= shortestBase64)
}
