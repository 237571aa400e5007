import { describe, expect, test } from '@jest/globals'
import { readPublicKeys } from '../../src/model/owners/public-keys.ts'

// In the texts A, B and C stand for age keys, X for a key of a kind that is not known here.
const letters: Readonly<Record<string, string>> = {
  A: `age1${'a'.repeat(58)}`, B: `age1${'q'.repeat(58)}`, C: `age1${'c'.repeat(58)}`, X: `ecdsa-sha2-nistp256 AAAA${'E'.repeat(60)}`,
}
const full = (text: string): string => text.replace(/\b[ABCX]\b/g, (letter) => letters[letter] ?? letter)
const short = (id: string): string => Object.entries(letters).find(([, key]) => key === id)?.[0] ?? id
const ssh = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK1dOZZ8Wz0CE2m4EWKc9zGPGfBNZBNHKO6nCtL4bFq'
const grouped = 'FBC7 B9E2 A4F9 289A C0C1 D484 3D16 CEE4 A273 81B4'

function read(text: string): readonly string[] {
  return readPublicKeys('keys.txt', full(text)).owners.map(({ name, recipient, line }) => `${line}: ${name} = ${short(recipient.id)}`)
}

describe('a public-keys file', () => {
  test.each([
    ['a name behind the key', 'A alice\nB\tBob Smith\n', ['1: alice = A', '2: Bob Smith = B']],
    ['in a comment', '\nA # alice\r\n', ['2: alice = A']],
    ['above the key', '# the team\n# alice\nA\n# bob\nB\n', ['3: alice = A', '5: bob = B']],
    ['above the key, in the manner of a list', '# - alice\nA\n# 2. bob\nB\n', ['2: alice = A', '4: bob = B']],
    ['above wins nothing over behind', '# people\nA alice\n', ['2: alice = A']],
    ['above, among keys that have theirs behind', 'A alice\n# bob\nB\nC # carol\n', ['1: alice = A', '3: bob = B', '4: carol = C']],
    ['not above an empty line', '# bob\n\nA\n', []],
    ['above, in blocks', '# alice\nA\n\nC\n\n# Bob Smith - contractor (2024)\nB\n', ['2: alice = A', '7: Bob Smith - contractor (2024) = B']],
    ['above, where a setting or a sentence follows', '# alice\nA\n# see the wiki for more\n# vim: ft=conf\n', ['2: alice = A']],
    ['above, under a long heading', '# Whoever is on call this year, by name\n# alice\nA\n# bob\nB\n', ['3: alice = A', '5: bob = B']],
    ['none of two on top of each other', '# Falcon\n# alice\nA\n# bob\nB\n', ['5: bob = B']],
    ['of an SSH key', `${ssh} dave@laptop\n`, [`1: dave@laptop = ${ssh}`]],
    ['of a fingerprint in groups', `${grouped} erin\n`, [`1: erin = ${grouped}`]],
    ['what is no key', 'alice A\nage1short bob\n# public key: A\nB\n', []],
  ])('%s', (_, text, wanted) => {
    expect(read(text)).toEqual(wanted)
  })

  test.each([
    ['below', 'A\n# alice\nB\n# bob\n', 'alice bob'],
    ['below, under a heading', '# Falcon\nA\n# alice\nB\n# bob\n', 'Falcon alice bob'],
    ['below, in blocks', 'A\n# alice\n\nB\n# bob\n', 'alice bob'],
    ['below in one block, above in another', 'A\n# alice\n\n# bob\nB\n', 'alice bob'],
    ['below or above, the last or the first without', 'A\n# alice\nB\n# bob\nC\n', 'alice bob'],
    ['so, where that one is of a kind that is not known', '# alice\nA\n\nX\n# bob\nB\n', 'alice bob'],
    ['so, where that one has options before it', 'no-pty X\n# bob\nB\n', 'bob'],
    ['so, where that one is commented out', '# X\n# bob\nB\n', 'bob'],
    ['over several', '# alice\nA\nC\n# bob\nB\n', 'alice bob'],
    ['parted from the key', '# alice\nA\n# bob\n# ----\nB\n', 'alice bob'],
  ])('names nobody by lines of their own that stand %s, and says which', (_, text, untold) => {
    expect(read(`${text}\nC # carol\n`)).toEqual([expect.stringMatching(/: carol = C$/)])
    const names = readPublicKeys('keys.txt', full(text)).untold
    expect(names.map(({ name }) => name).join(' ')).toBe(untold)
    for (const { name, path, line } of names) expect([path, text.split('\n')[line - 1]]).toEqual(['keys.txt', `# ${name}`])
  })
})
