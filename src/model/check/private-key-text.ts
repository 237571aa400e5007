// Whether a text holds a private key that anybody who reads it can use: one of PEM, OpenSSH or PGP, or one of age.
// Pure, in linear time. Must never take the mere mention of one (in a page, a script, a template) for a key.

/** For git to find the few files that are worth a closer look. */
export const privateKeyMarks = ['PRIVATE KEY(?: BLOCK)?-----', 'AGE-SECRET-KEY-'] as const

const pem = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----/g
/** What no word of a language is as long as: a line of base64. */
const body = /[A-Za-z0-9+/]{40}/
const age = /AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58}/

export function holdsPrivateKey(text: string): boolean {
  return age.test(text) || [...text.matchAll(pem)].some(({ index, 0: { length } }) => body.test(text.slice(index + length, endOf(text, index + length))))
}

/** Where the next line of dashes begins. */
function endOf(text: string, from: number): number | undefined {
  const end = text.indexOf('-----', from)
  return end < 0 ? undefined : end
}
