// A temporary tree of ciphertext, laid out like the repository, in which sops works; gone when it is disposed of.
// Must never hold plaintext, follow a link, or write outside of its own folder.
import { constants, mkdtempSync, realpathSync } from 'node:fs'
import { chmod, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { Failure } from '../model/failure.ts'
import { visible } from '../model/safe-text.ts'

/** The bytes of a regular file that has no other name, and whether it may be executed. */
export interface FileBytes {
  readonly bytes: Buffer
  readonly executable: boolean
}

/**
 * Reads `path` below `root` without following a link in its last step; `linked` where it is a symlink, a hard link, or
 * no regular file.
 */
export async function readUnlinked(root: string, path: string): Promise<FileBytes | 'symlink' | 'hard link' | 'not a regular file'> {
  const place = join(root, ...path.split('/'))
  const inside = relative(root, realpathSync(dirname(place)))
  if (inside !== relative(root, dirname(place))) return 'symlink'
  let file
  try {
    file = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return 'symlink'
    throw error
  }
  try {
    const stat = await file.stat()
    if (!stat.isFile()) return 'not a regular file'
    if (stat.nlink > 1) return 'hard link'
    return { bytes: await file.readFile(), executable: (stat.mode & 0o111) !== 0 }
  } finally {
    await file.close()
  }
}

export class Staging {
  /** The staged tree, an absolute path without links. */
  readonly root: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.root = join(folder, 'tree')
  }

  /** Makes an empty tree in a new folder of `parent` that only this user can read. */
  static async create(parent: string): Promise<Staging> {
    const staging = new Staging(realpathSync(mkdtempSync(join(parent, 'sops-rekey-'))))
    await mkdir(staging.root, { mode: 0o700 })
    return staging
  }

  /** A path for a file that belongs to the run and not to the tree. */
  beside(name: string): string {
    return join(this.#folder, name)
  }

  async write(path: string, { bytes, executable }: FileBytes): Promise<void> {
    const place = this.#place(path)
    await mkdir(dirname(place), { recursive: true, mode: 0o700 })
    await writeFile(place, bytes, { mode: executable ? 0o700 : 0o600 })
    await chmod(place, executable ? 0o755 : 0o644)
  }

  async read(path: string): Promise<Buffer> {
    return await readFile(this.#place(path))
  }

  async remove(path: string): Promise<void> {
    await rm(this.#place(path), { force: true })
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
