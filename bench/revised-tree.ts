// A repository with a long history: files that were edited again and again and rotated now and then, as ciphertext that no key
// opens, since nothing here decrypts. Its own check decides whether a run saw all of it.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { makeAgeKey } from '../__tests__/support/age-key.ts'
import { Repository } from '../__tests__/support/repository.ts'
import type { Report } from '../src/model/report.ts'

const leaves = 20
const rotatedEvery = 5

export class RevisedTree extends Repository {
  readonly alice = makeAgeKey()
  readonly bob = makeAgeKey()
  readonly #files: number

  constructor({ files, revisions }: { readonly files: number; readonly revisions: number }) {
    super()
    this.#files = files
    this.git('config', 'gc.auto', '0')
    const people = [this.alice, this.bob].map(({ recipient }) => recipient)
    const config = `creation_rules:\n  - age: ${people.join(',')}\n`
    const states = Array.from({ length: files }, () => new Ciphertext(people))
    const first = [`M 100644 inline .sops.yaml\n${data(config)}`, ...states.map((state, at) => change(at, state))]
    const stream = [commit(0, first)]
    for (let at = 1; at <= revisions - files; at += 1) {
      const state = states[at % files] as Ciphertext
      if (at % rotatedEvery === 0) state.rotate()
      else state.edit(at)
      stream.push(commit(at, [change(at % files, state)]))
    }
    execFileSync('git', ['fast-import', '--quiet'], { cwd: this.root, input: stream.join(''), maxBuffer: 1 << 28 })
    this.git('reset', '--quiet', '--hard', 'main')
  }

  /** Throws unless every secret of every file is in the report, with its time. */
  assertExposed({ exposure }: Report): void {
    const seen = exposure.filter(({ since, state }) => since !== null && state === 'current').length
    if (seen !== this.#files * leaves) throw new Error(`${seen} secrets are reported, not ${this.#files * leaves}.`)
  }
}

class Ciphertext {
  readonly #values = Array.from({ length: leaves }, () => ({ iv: random(32), data: random(18), tag: random(16) }))
  readonly #people: readonly string[]
  #wrapped: string[]

  constructor(people: readonly string[]) {
    this.#people = people
    this.#wrapped = people.map(() => random(200))
  }

  edit(at: number): void {
    this.#values[at % leaves] = { iv: random(32), data: random(18), tag: random(16) }
  }

  rotate(): void {
    for (const value of this.#values) Object.assign(value, { data: random(18), tag: random(16) })
    this.#wrapped = this.#people.map(() => random(200))
  }

  get text(): string {
    const values = this.#values.map(({ iv, data: text, tag }, at) => `${at % 4 === 0 ? `part${at}:\n` : ''}    key${at}: ENC[AES256_GCM,data:${text},iv:${iv},tag:${tag},type:str]\n`)
    const stanzas = this.#people.map((recipient, at) => `        - recipient: ${recipient}\n          enc: |\n            -----BEGIN AGE ENCRYPTED FILE-----\n${
      (this.#wrapped[at] ?? '').replace(/.{1,64}/g, '            $&\n')}            -----END AGE ENCRYPTED FILE-----\n`)
    return `${values.join('')}sops:\n    age:\n${stanzas.join('')}    lastmodified: "2026-11-24T01:46:29Z"\n    mac: ENC[AES256_GCM,data:${random(128)},iv:${random(32)},tag:${random(16)},type:str]\n    version: 3.13.3\n`
  }
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64')
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`
}

function change(file: number, { text }: Ciphertext): string {
  return `M 100644 inline apps/${Math.floor(file / 100)}/${file}.enc.yaml\n${data(text)}`
}

function commit(at: number, changes: readonly string[]): string {
  return `commit refs/heads/main\ncommitter alice <alice@example.com> ${1_700_000_000 + at * 60} +0000\n${data('chore: change secrets')}${changes.join('')}\n`
}
