// A gpg keyring of its own in a temporary folder, with keys without passphrase.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'

export interface PgpKey {
  /** Of the primary key, 40 hexadecimal digits in upper case. */
  readonly fingerprint: string
  /** Of the subkeys, in the order in which they were made; the first encrypts. */
  readonly subkeys: readonly string[]
  readonly userId: string
}

export class Gnupg {
  /** Short, because the path of the agent's socket below it may have no more than 107 bytes. */
  readonly home = mkdtempSync('/tmp/gnupg-')
  readonly credentials: Readonly<Record<string, string>> = { GNUPGHOME: this.home }

  run(...args: readonly string[]): string {
    return this.#execute('gpg', ['--batch', '--quiet', '--charset', 'utf-8', '--passphrase', '', ...args])
  }

  /** `userId` as in `Bob <bob@example.com>`. */
  makeKey(userId: string): PgpKey {
    this.run('--quick-generate-key', userId, 'future-default', 'default', 'never')
    return { ...this.#keyOf(userId), userId }
  }

  addSubkey({ fingerprint, userId }: PgpKey): PgpKey {
    this.run('--quick-add-key', fingerprint, 'cv25519', 'encr', 'never')
    return { ...this.#keyOf(fingerprint), userId }
  }

  /** Takes the public key of `other` in, as one does with a colleague's. */
  import(other: Gnupg, { fingerprint }: PgpKey): void {
    const armored = other.run('--armor', '--export', fingerprint)
    this.#execute('gpg', ['--batch', '--quiet', '--import'], armored)
  }

  #keyOf(name: string): Omit<PgpKey, 'userId'> {
    const listing = this.run('--with-colons', '--list-keys', '--', name)
    const [fingerprint = '', ...subkeys] = [...listing.matchAll(/^fpr:+([0-9A-F]{40}):/gm)].map(([, found = '']) => found)
    return { fingerprint, subkeys }
  }

  #execute(program: string, args: readonly string[], input = ''): string {
    const env = { PATH: process.env['PATH'], HOME: this.home, GNUPGHOME: this.home }
    return execFileSync(program, args, { env, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
  }

  /** Ends the agent, which would otherwise stay. */
  [Symbol.dispose](): void {
    this.#execute('gpgconf', ['--homedir', this.home, '--kill', 'all'])
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 })
  }
}
