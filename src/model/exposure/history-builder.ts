// The versions of a repository's encrypted files, read one by one → its history.
// Pure. Must never keep a version's text, nor a value that stood in the clear.
import type { Digests } from './digests.ts'
import type { ClearText, ClearValue, FileVersion } from './file-version.ts'
import { History } from './history.ts'
import type { HistoryParts, KnownLeaf, StoredVersion } from './history.ts'
import type { Recipient } from '../recipient.ts'
import { canonicalId } from '../recipient.ts'

/** Takes versions one by one as they are read, so that none has to be kept. */
export class HistoryBuilder {
  readonly #versions: StoredVersion[] = []
  readonly #numbers = new Map<string, number>()
  readonly #parents: number[] = []
  readonly #owners = new Map<string, number>()
  readonly #ivs = new Map<string, number>()
  readonly #keys = new Map<string, string>()
  readonly #leaves: KnownLeaf[] = []
  readonly #clear = new Map<string, readonly ClearValue[]>()
  readonly #clearLeaves = new Map<string, readonly KnownLeaf[]>()
  readonly #clearDigests = new Map<number, Digests>()
  readonly #digestsOf: ((text: string) => Digests) | null
  readonly #readers = new Map<string, number>()
  readonly #recipients: Recipient[] = []
  #unreadable = 0

  /** `digestsOf`: makes of what stands in the clear what is kept of it; null: that is of no interest. */
  constructor(digestsOf: ((text: string) => Digests) | null = null) {
    this.#digestsOf = digestsOf
  }

  /** `blob` is git's id of the version's bytes. */
  add(blob: string, version: FileVersion): void {
    const number = this.#versions.length
    this.#numbers.set(blob, number)
    this.#parents.push(number)
    const leaves = version.leaves.map(({ key, iv, size }) => this.#leafOf(key, numberOf(this.#ivs, iv), size))
    const readers = version.readers.map((one) => this.#readerOf(one))
    this.#versions.push({ blob, format: version.format, explicitType: version.explicitType, readers, leaves, clear: this.#clearOf(version.clear) })
    this.addClear(blob, version.clear)
    for (const token of [...version.marks, ...version.leaves.map((leaf) => leaf.token)]) {
      const owner = this.#owners.get(token)
      if (owner === undefined) this.#owners.set(ownText(token), number)
      else this.#parents[this.#root(number)] = this.#root(owner)
    }
  }

  /** Takes what stands in the clear, under names that something newer has encrypted. */
  addClear(blob: string, texts: readonly ClearText[]): void {
    const digestsOf = this.#digestsOf
    if (digestsOf === null) return
    const leaves = texts.filter(({ key, size }) => size > 0 && this.#keys.has(key)).map(({ key, size, text }) => {
      const digests = digestsOf(text)
      const leaf = this.#leafOf(key, numberOf(this.#ivs, `${digests.spellings[0] ?? ''} ${key}`), size)
      this.#clearDigests.set(leaf.iv, digests)
      return leaf
    })
    if (leaves.length > 0) this.#clearLeaves.set(blob, leaves)
  }

  hasClear(): boolean {
    return this.#clearLeaves.size > 0
  }

  /** What `addClear` has taken of a blob. */
  clearLeavesOf(blob: string): readonly KnownLeaf[] {
    return this.#clearLeaves.get(blob) ?? []
  }

  /** Takes note of a version that is sops' by its looks and can't be read. */
  addUnreadable(): void {
    this.#unreadable += 1
  }

  /** null: no encrypted file. */
  numberOf(blob: string): number | null {
    return this.#numbers.get(blob) ?? null
  }

  finish(rest: Pick<HistoryParts, 'reach' | 'tooLarge' | 'changes' | 'base' | 'plain'> & Partial<Pick<HistoryParts, 'decrypted' | 'cameInTheClear' | 'clearVersions'>>): History {
    return new History({
      decrypted: new Set(), cameInTheClear: new Map(), clearVersions: [], ...rest, clearDigests: this.#clearDigests, unreadable: this.#unreadable, versions: this.#versions, recipients: this.#recipients, dataKeys: this.#versions.map((_, at) => this.#root(at)),
    })
  }

  /** One for the many versions that have it. */
  #leafOf(key: string, iv: number, size: number): KnownLeaf {
    const known = this.#leaves[iv]
    if (known?.key === key) return known
    const leaf = { key: this.#keys.get(key) ?? ownText(key), iv, size }
    this.#keys.set(leaf.key, leaf.key)
    return (this.#leaves[iv] = leaf)
  }

  /** Most versions of a file leave the same in the clear. */
  #clearOf(clear: readonly ClearText[]): readonly ClearValue[] {
    const text = JSON.stringify(clear.map(({ key, size }) => ({ key, size })))
    const known = this.#clear.get(text) ?? JSON.parse(text) as readonly ClearValue[]
    this.#clear.set(text, known)
    return known
  }

  #readerOf(recipient: Recipient): number {
    const before = this.#recipients.length
    const number = numberOf(this.#readers, canonicalId(recipient))
    if (number === before) this.#recipients.push(structuredClone(recipient))
    return number
  }

  #root(of: number): number {
    let root = of
    while (this.#parents[root] !== root) root = this.#parents[root] ?? root
    for (let at = of; at !== root;) {
      const next = this.#parents[at] ?? root
      this.#parents[at] = root
      at = next
    }
    return root
  }
}

function numberOf(numbers: Map<string, number>, text: string): number {
  const known = numbers.get(text) ?? numbers.size
  if (known === numbers.size) numbers.set(ownText(text), known)
  return known
}

/** A piece of a text keeps all of it in memory; this does not. */
function ownText(text: string): string {
  return Buffer.from(text).toString()
}
