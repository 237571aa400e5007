// A temporary tree of ciphertext, laid out like the repository, in which sops works; gone when it is disposed of.
// Must never hold plaintext, follow a link, or write outside of its own folder.
import { createHash } from 'node:crypto'
import {
  chmodSync, closeSync, constants, fstatSync, mkdirSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { Failure } from '../model/failure.ts'
import { visible } from '../model/safe-text.ts'

/** The bytes of a regular file, and whether it may be executed. */
export interface FileBytes {
  readonly bytes: Buffer
  readonly executable: boolean
}

const maxBytes = 64 * 1024 * 1024

/** A regular file, and whether it has another name as well, so that a write would go there too. */
export interface LocalFile extends FileBytes {
  readonly hardLink: boolean
}

/**
 * Reads `path` below `root` without following a link; what it is instead where it is a symlink, lies behind one, is no regular
 * file, or none that anyone keeps secrets in. Synchronous, as the rest of this file: for many small files that is several times faster.
 */
export function readUnlinked(root: string, path: string): LocalFile | 'symlink' | 'special file' | 'larger than 64 MiB' {
  const place = join(root, ...path.split('/'))
  if (realpathSync.native(dirname(place)) !== dirname(place)) return 'symlink'
  let file: number
  try {
    file = openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return 'symlink'
    throw error
  }
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) return 'special file'
    if (stat.size > maxBytes) return 'larger than 64 MiB'
    return { bytes: readFileSync(file), executable: (stat.mode & 0o111) !== 0, hardLink: stat.nlink > 1 }
  } finally {
    closeSync(file)
  }
}

/** The bytes of a regular file that has to be as it was. Throws `changed-underneath` where its SHA-256 is another. */
export function readAsItWas(root: string, { path, sha256 }: { readonly path: string; readonly sha256: string }): LocalFile {
  const read = readUnlinked(root, path)
  if (typeof read !== 'string' && sha256Of(read.bytes) === sha256) return read
  throw new Failure('changed-underneath', `${visible(path)} was changed during the run.`, { path, advice: 'Run again.' })
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export class Staging {
  /** The staged tree, an absolute path without links. */
  readonly root: string
  readonly #folder: string
  readonly #folders = new Set<string>()

  private constructor(folder: string) {
    this.#folder = folder
    this.root = join(folder, 'tree')
  }

  /** Makes an empty tree in a new folder of `parent` that only this user can read. */
  static create(parent: string): Staging {
    const staging = new Staging(realpathSync(mkdtempSync(join(parent, 'sops-rekey-'))))
    mkdirSync(staging.root, { mode: 0o700 })
    return staging
  }

  /** A path for a file that belongs to the run and not to the tree. */
  beside(name: string): string {
    return join(this.#folder, name)
  }

  write(path: string, { bytes, executable }: FileBytes): void {
    const place = this.#place(path)
    if (!this.#folders.has(dirname(place))) mkdirSync(dirname(place), { recursive: true, mode: 0o700 })
    this.#folders.add(dirname(place))
    writeFileSync(place, bytes)
    // Who may look is decided by the folder above.
    chmodSync(place, executable ? 0o755 : 0o644)
  }

  read(path: string): Buffer {
    return readFileSync(this.#place(path))
  }

  remove(path: string): void {
    rmSync(this.#place(path), { force: true })
  }

  #place(path: string): string {
    const place = join(this.root, ...path.split('/'))
    if (!place.startsWith(this.root + sep)) throw new Failure('refused', `${visible(path)} leads out of the repository.`, { path })
    return place
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
}
