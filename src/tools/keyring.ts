// The public keys of the runner's gpg keyring with the names of whose they are, so that a PGP key can be asked for by name.
// Must never change the keyring, nor fail the run: a name it can't tell is a name nobody knows.
import { existsSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../model/failure.ts'
import type { OwnedRecipient } from '../model/owners/owners.ts'
import { runChild } from './child.ts'
import { findProgram, gpgEnvironment } from './environment.ts'

type Environment = Readonly<Record<string, string | undefined>>

const tenSeconds = 10_000
/** Some ten thousand keys. */
const maxBytes = 16 * 1024 * 1024

/**
 * Every key and subkey of the keyring, in both spellings that sops knows, with every user id of it. `path` is the PATH on which
 * gpg is looked for. Empty where there is no gpg or no keyring, or where gpg fails, takes too long or writes too much. Throws
 * only Failure `interrupted`.
 */
export async function keyringOwners(environment: Environment, path: string): Promise<readonly OwnedRecipient[]> {
  const gpg = findProgram('gpg', path)
  const named = environment['GNUPGHOME'] ?? ''
  // gpg would make one that is not there.
  if (gpg === null || !existsSync(named === '' ? join(environment['HOME'] ?? homedir(), '.gnupg') : named)) return []
  const pieces: Buffer[] = []
  let left = maxBytes
  const args = ['--batch', '--quiet', '--no-auto-check-trustdb', '--with-colons', '--fingerprint', '--fingerprint', '--list-keys']
  try {
    const { exitCode } = await runChild(gpg, args, {
      cwd: tmpdir(), env: gpgEnvironment(environment, path), deadline: tenSeconds,
      onStdout: (piece) => {
        left -= piece.byteLength
        if (left >= 0) pieces.push(piece)
      },
    })
    return exitCode === 0 && left >= 0 ? readKeyring(Buffer.concat(pieces).toString()) : []
  } catch (error) {
    if (error instanceof Failure && error.code !== 'interrupted') return []
    throw error
  }
}

/** Reads what gpg lists with colons. Source: GnuPG's `doc/DETAILS`. */
export function readKeyring(listing: string): readonly OwnedRecipient[] {
  const owners: OwnedRecipient[] = []
  let [fingerprints, names]: [string[], string[]] = [[], []]
  const finish = (): void => {
    // In a config a key may stand with a `!`, which makes gpg take just this one of its owner's.
    for (const id of fingerprints.flatMap((one) => [one, `${one}!`])) {
      for (const name of names) owners.push({ recipient: { kind: 'pgp', id }, name, from: 'keyring', path: 'GNUPGHOME', line: 0, primary: fingerprints[0] ?? id })
    }
    [fingerprints, names] = [[], []]
  }
  for (const line of listing.split('\n')) {
    const fields = line.split(':')
    const value = fields[9] ?? ''
    if (fields[0] === 'pub') finish()
    if (fields[0] === 'fpr' && /^[0-9A-F]{40}$/.test(value)) fingerprints.push(value)
    if (fields[0] === 'uid' && value !== '') names.push(unescaped(value))
  }
  finish()
  return owners
}

/** A line break, which gpg escapes as it does colons, is not let back into a name. */
function unescaped(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    .replace(/\p{Cc}+/gu, ' ')
}
