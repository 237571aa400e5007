// A repository to measure on: files that bob can read, kept as the guide keeps them, put back after every run.
// Its own checks decide whether a run did the work; they must hold whichever side ran.
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { makeAgeKey } from '../__tests__/support/age-key.ts'
import { Repository } from '../__tests__/support/repository.ts'
import { sopsBinary } from '../__tests__/support/sops-binary.ts'
import type { KeyService } from './key-service.ts'

export interface TreeOptions {
  readonly encrypted: number
  /** Files without secrets, a multiple of `encrypted`. Default: none. */
  readonly plain?: number
  /** The runner's only key; by default it has an age key. */
  readonly keyService?: KeyService
}

interface Secret {
  readonly plaintext: string
  readonly ciphertext: string
}

/** sops works as long on a copy as on a file of its own, so a few are enough for any number. */
const distinct = 5
const filesPerFolder = 100

export class EncryptedTree extends Repository {
  readonly alice = makeAgeKey()
  readonly bob = makeAgeKey()
  /** A folder with nothing but sops, for a PATH. */
  readonly programs = join(this.path, 'programs')
  /** The encrypted files as they were committed. */
  readonly files: ReadonlyMap<string, Secret>

  constructor({ encrypted, plain = 0, keyService }: TreeOptions) {
    super()
    mkdirSync(this.programs)
    symlinkSync(sopsBinary(), join(this.programs, 'sops'))
    this.git('config', 'gc.auto', '0') // it would run beside what is measured
    const people = [this.alice.recipient, this.bob.recipient]
    if (keyService === undefined) {
      const ci = makeAgeKey()
      this.credentials = { SOPS_AGE_KEY: ci.identity }
      this.write('.sops.yaml', `creation_rules:\n  - age: ${[...people, ci.recipient].join(',')}\n`)
    } else {
      this.credentials = keyService.environment
      this.write('.sops.yaml', `creation_rules:\n  - kms: ${keyService.arn}\n    age: ${people.join(',')}\n`)
    }
    this.write('team-public-keys.txt', `${this.alice.recipient} alice\n${this.bob.recipient} bob\n`)
    this.files = this.#fill(encrypted, plain)
    this.commit()
  }

  #fill(encrypted: number, plain: number): ReadonlyMap<string, Secret> {
    const secrets = Array.from({ length: distinct }, (_, at): Secret => {
      this.encrypt('seed.yaml', secretText(at))
      return { plaintext: secretText(at), ciphertext: this.read('seed.yaml') }
    })
    this.git('clean', '--quiet', '--force', 'seed.yaml')
    const files = new Map<string, Secret>()
    for (let at = 0; at < encrypted + plain; at += 1) {
      const place = `apps/${Math.floor(at / filesPerFolder)}/${at % filesPerFolder}`
      if (at % (1 + plain / encrypted) !== 0) this.write(`${place}.ts`, codeText(at % 97))
      else {
        const secret = secrets[files.size % distinct] as Secret
        files.set(`${place}.enc.yaml`, secret)
        this.write(`${place}.enc.yaml`, secret.ciphertext)
      }
    }
    return files
  }

  /** Puts back what is committed; throws where that does not make the tree clean. */
  reset(): void {
    this.git('checkout', '--quiet', '--', '.')
    this.assertUntouched()
  }

  assertUntouched(): void {
    const status = this.git('status', '--porcelain')
    if (status !== '') throw new Error(`The tree is not as it was committed:\n${status.slice(0, 1000)}`)
  }

  /** Throws unless every file lost bob and got a new data key, and samples open for the runner and not for bob. */
  assertOffboarded(): void {
    const mac = (text: string): string | undefined => /^ +mac: (.+)$/m.exec(text)?.[1]
    for (const [path, { ciphertext }] of this.files) {
      const now = this.read(path)
      if (now.includes(this.bob.recipient)) throw new Error(`${path} is still encrypted to bob.`)
      if (mac(now) === undefined || mac(now) === mac(ciphertext)) throw new Error(`${path} was not rotated.`)
    }
    const all = [...this.files]
    const middle = all.length / 2
    for (const [path, { plaintext }] of [...all.slice(0, 1), ...all.slice(middle, middle + 1), ...all.slice(-1)]) {
      if (this.decrypt(path, this.credentials).stdout !== plaintext) throw new Error(`${path} does not open for the runner.`)
      const { exitCode } = this.decrypt(path, { SOPS_AGE_KEY: this.bob.identity })
      if (exitCode === 0) throw new Error(`${path} still opens for bob.`)
    }
    const changed = this.git('diff', '--name-only').split('\n').length
    if (changed !== all.length + 1) throw new Error(`${changed} files were changed, not ${all.length} and .sops.yaml.`)
  }
}

function secretText(seed: number): string {
  const entries = ['database', 'queue', 'mail', 'payments'].map((name, at) =>
    `${name}:\n    host: ${name}-${seed}.internal\n    user: app\n    password: ${'correct horse '.repeat(at + 1)}${seed}\n`)
  return entries.join('')
}

/** About a kilobyte that looks like code and mentions no key. */
function codeText(seed: number): string {
  return Array.from({ length: 20 }, (_, at) => `export const value${at} = compute(${seed}, ${at * seed}, 'label')\n`).join('')
}
