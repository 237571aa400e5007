// sops, one method per thing asked of it, on files of a staged tree only.
// Must never print or return what it decrypts: plaintext leaves here as a digest.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Format } from '../model/sops-file/encrypted-file.ts'
import { Failure } from '../model/failure.ts'
import { visible } from '../model/safe-text.ts'
import { missingKeys, reasonOf, reasonsByKey, shownOfKeys, shownReason } from '../model/sops-file/sops-words.ts'
import { readConfiguredRecipients } from '../model/sops-file/updatekeys-output.ts'
import type { ConfiguredRecipients } from '../model/sops-file/updatekeys-output.ts'
import { runChild } from './child.ts'
import type { ChildOptions, ChildResult } from './child.ts'
import { sopsEnvironment } from './environment.ts'

export interface SopsOptions {
  readonly program: string
  /** Root of the staged tree, absolute. */
  readonly root: string
  readonly workspace: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where sops finds the programs that it may run, and no others. */
  readonly path: string
  /** Told of every process that is started. */
  readonly onCall: () => void
  /** How long sops may work on one file, in milliseconds. Default: three minutes. */
  readonly deadline?: number
}

/** A file of the staged tree and how sops has to read it. */
export interface StagedFile {
  readonly path: string
  readonly format: Format
  readonly explicitType: boolean
  /** The staged config whose `stores` settings apply; without one sops would look for it above the staged tree. */
  readonly config: string | null
}

/** One file, every key of it tried, a cloud that is away and the SDK's own three attempts. */
const threeMinutes = 180_000

function tooLong(path: string, given: number): Failure {
  return new Failure('key-service', `${visible(path)}: sops did not come to an end within ${given} s, and was ended. It may wait for a key service that does not answer.`, {
    path, advice: 'See whether each of the key services that the file names can be reached from the runner.',
  })
}

export class Sops {
  readonly #options: SopsOptions

  constructor(options: SopsOptions) {
    this.#options = options
  }

  async #run(args: readonly string[], options: Partial<ChildOptions> = {}): Promise<ChildResult> {
    this.#options.onCall()
    const { program, root, workspace, environment, path } = this.#options
    return await runChild(program, args, { cwd: root, env: sopsEnvironment(environment, workspace, { path }), deadline: this.#deadline(1), ...options })
  }

  /** Of a batch each further file gets a sixth of it: that is enough for a cloud that answers. */
  #deadline(files: number): number {
    return (this.#options.deadline ?? threeMinutes) * (1 + (files - 1) / 6)
  }

  /**
   * What each of `files` (of one format) would become under `config`, as sops says without any key.
   * Changes nothing: every question is answered `n`.
   */
  async configuredRecipients(config: string, files: readonly StagedFile[]): Promise<ReadonlyMap<string, ConfiguredRecipients>> {
    const [first] = files
    if (first === undefined) return new Map()
    const { exitCode, stdout, stderr, overdue } = await this.#run(
      ['--config', config, 'updatekeys', ...inputType(first), '--', ...files.map(({ path }) => path)],
      { input: 'n\n'.repeat(files.length), deadline: this.#deadline(files.length) })
    if (overdue !== null) throw tooLong(config, overdue)
    const oneLine = (path: string): string => join(this.#options.root, path).replace(/[\r\n]/g, '?')
    // sops prints names as they are: one with a line break is put on one line before the lines are read.
    const lines = files.filter(({ path }) => /[\r\n]/.test(path))
      .reduce((text, { path }) => text.replaceAll(join(this.#options.root, path), oneLine(path)), stderr)
    try {
      const found = readConfiguredRecipients(files.map(({ path }) => oneLine(path)), stdout.toString(), lines)
      return new Map([...found.values()].map((value, at) => [files[at]?.path ?? '', this.#withoutRoot(value)]))
    } catch (cause) {
      throw new Failure('config-unreadable', `sops could not work with ${visible(config)}: ${this.#said(shownReason(stderr))}`, {
        path: config, advice: exitCode === 0 ? 'Its output was not understood; please report it.' : 'Mend the file and run again.', cause,
      })
    }
  }

  #withoutRoot(found: ConfiguredRecipients): ConfiguredRecipients {
    return found.kind === 'unreadable' ? { kind: 'unreadable', reason: this.#said(found.reason) } : found
  }

  /** Wraps the data key of `files` (of one format) for the recipients of their rule in `config`. */
  async updatekeys(config: string, files: readonly StagedFile[]): Promise<void> {
    const [first] = files
    if (first === undefined) return
    const { exitCode, stderr, overdue } = await this.#run(
      ['--config', config, 'updatekeys', '--yes', ...inputType(first), '--', ...files.map(({ path }) => path)],
      { deadline: this.#deadline(files.length) })
    if (exitCode === 0) return
    const begun = files.map(({ path }) => path).findLast((path) => stderr.includes(`Syncing keys for file ${join(this.#options.root, path)}\n`))
    if (overdue !== null) throw tooLong(begun ?? first.path, overdue)
    const failed = files.map(({ path }) => path).find((path) => updateFailed(stderr, join(this.#options.root, path)))
    throw this.#failure('updatekeys', exitCode, failed ?? first.path, failed === undefined ? stderr : saidOf(stderr, join(this.#options.root, failed)))
  }

  /** Gives the file a new data key. */
  async rotate(file: StagedFile): Promise<void> {
    const type = inputType(file)
    const output = file.explicitType ? ['--output-type', file.format] : []
    const { exitCode, stderr, overdue } = await this.#run([...configOf(file), 'rotate', '--in-place', ...type, ...output, '--', file.path])
    if (overdue !== null) throw tooLong(file.path, overdue)
    if (exitCode !== 0) throw this.#failure('rotate', exitCode, file.path, stderr)
  }

  /** Decrypts in memory, checks the MAC, and returns the SHA-256 of the plaintext. */
  async plaintextDigest(file: StagedFile): Promise<string> {
    const { exitCode, stderr, digest } = await this.#decrypt(file)
    if (exitCode !== 0) throw this.#failure('decrypt', exitCode, file.path, stderr)
    return digest
  }

  /** Whether the file decrypts; false where its values or MAC do not belong to its data key. */
  async isAuthentic(file: StagedFile): Promise<boolean> {
    const { exitCode, stderr } = await this.#decrypt(file)
    if (exitCode === 0) return true
    if (exitCode === 25 || exitCode === 51) return false
    throw this.#failure('decrypt', exitCode, file.path, stderr)
  }

  /**
   * Decrypts in memory, as `output`, and returns what `take` makes of it, which must be digests: the plaintext is wiped then.
   * Throws where sops can't decrypt it.
   */
  async decryptInto<T>(file: StagedFile, output: Format, take: (plaintext: Buffer) => T): Promise<T> {
    const pieces: Buffer[] = []
    const args = [...configOf(file), 'decrypt', ...inputType(file), '--output-type', output, '--', file.path]
    const { exitCode, stderr } = await this.#run(args, { onStdout: (piece) => pieces.push(piece) })
    if (exitCode !== 0) throw this.#failure('decrypt', exitCode, file.path, stderr)
    const plaintext = Buffer.concat(pieces)
    try {
      return take(plaintext)
    } finally {
      for (const piece of [...pieces, plaintext]) piece.fill(0)
    }
  }

  async #decrypt(file: StagedFile): Promise<ChildResult & { digest: string }> {
    const hash = createHash('sha256')
    const output = file.explicitType ? ['--output-type', file.format] : []
    const result = await this.#run([...configOf(file), 'decrypt', ...inputType(file), ...output, '--', file.path], { onStdout: (piece) => hash.update(piece) })
    if (result.overdue !== null) throw tooLong(file.path, result.overdue)
    return { ...result, digest: hash.digest('hex') }
  }

  #said(text: string): string {
    return visible(text.replaceAll(join(this.#options.root, '/'), '').replace(/\s+/g, ' ').trim(), 2000)
  }

  /** By sops' exit code; its words are only quoted. Source of the codes: `cmd/sops/codes/codes.go`. */
  #failure(command: string, exitCode: number | null, path: string, stderr: string): Failure {
    const shown = visible(path)
    if (exitCode === 128) {
      const { problem, advice } = missingKeys(stderr)
      return new Failure('no-usable-key', `${shown}: ${problem}. ${this.#said(reasonsByKey(stderr)).replace(/\.?$/, '.')}`, { path, advice })
    }
    if (exitCode === 51) {
      return new Failure('damaged-file', `${shown}: its MAC does not match its values; it was changed without sops.`, {
        path, advice: restore,
      })
    }
    if (exitCode === 25) {
      return new Failure('damaged-file', `${shown}: ${reasonOf(stderr) ?? 'a value does not belong to its data key, or is not as sops wrote it'}.`, { path, advice: restore })
    }
    if (command === 'decrypt') {
      // sops may quote what it has decrypted.
      const why = reasonOf(stderr) ?? `it exits with ${exitCode ?? 'a signal'}, and its words may hold a part of the file`
      return new Failure('damaged-file', `${shown}: sops could not read it: ${why}.`, { path, advice: restore })
    }
    return new Failure('key-service', `${shown}: sops ${command} failed with ${exitCode ?? 'a signal'}. ${this.#said(shownOfKeys(stderr))}`, {
      path, advice: 'Every recipient of the file must be reachable and allow encryption.',
    })
  }
}

const restore = 'Restore it from a commit at which it still decrypts; where you have a key, `sops decrypt` says more.'

function configOf({ config }: StagedFile): readonly string[] {
  return config === null ? [] : ['--config', config]
}

function inputType(file: StagedFile): readonly string[] {
  return file.explicitType ? ['--input-type', file.format] : []
}

/** Whether the log of a batch ends for this file with anything but success. */
function updateFailed(stderr: string, path: string): boolean {
  return stderr.includes(`Syncing keys for file ${path}\n`) && !stderr.includes(`File ${path} synced with new keys\n`)
    && !stderr.includes(`File ${path} already up to date\n`)
}

/** The part of a batch's log that is about one file: its error message, where there is one, without the rest of its line. */
function saidOf(stderr: string, path: string): string {
  const start = `Syncing keys for file ${path}\n`
  const [own = ''] = stderr.slice(stderr.indexOf(start) + start.length).split(/^\S+ \S+ Syncing keys for file /m)
  return /level=error msg="((?:[^"\\]|\\.)*)"/.exec(own)?.[1]?.replaceAll('\\"', '"') ?? own
}
