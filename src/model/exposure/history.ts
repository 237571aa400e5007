// What a repository's commits tell of its encrypted files: which version stood where from when, and which share a data key.
// Pure. Must never take a history that is cut off for the whole one.
import { perhapsReached, stillUntold, untoldLinks } from './data-key-links.ts'
import type { DataKeyLink } from './data-key-links.ts'
import type { Digests } from './exposure-answer.ts'
import type { ClearText, ClearValue, FileVersion } from './file-version.ts'
import type { Recipient } from '../recipient.ts'
import { canonicalId } from '../recipient.ts'

/** How far back commits could be read, and whether every file in them. */
export type HistoryReach = { readonly kind: 'whole' } | { readonly kind: 'partial'; readonly why: string }

/** A path that a commit changed, compared with its first parent. Versions are numbers of `History`; null: nothing encrypted. */
export interface Change {
  /** A number per commit. */
  readonly commit: number
  readonly path: string
  /** In seconds since 1970, by the clock of who committed. */
  readonly time: number
  readonly isMerge: boolean
  readonly before: number | null
  readonly after: number | null
}

/** A value of a version, its texts as numbers that are the same for the same text. */
export interface KnownLeaf {
  readonly key: string
  readonly iv: number
  readonly size: number
}

/** What stood in the clear from one commit to another under names that something encrypted has had too: whoever has the repository knows it. */
export interface ClearVersion {
  /** By its place in `changes`: the one that this is a part of, or else the next that brought the file encrypted. */
  readonly change: number
  readonly leaves: readonly KnownLeaf[]
  /** In seconds since 1970; `until` is `Infinity` for what stands at the base. */
  readonly since: number
  readonly until: number
}

interface StoredVersion extends Pick<FileVersion, 'format' | 'explicitType'> {
  readonly clear: readonly ClearValue[]
  readonly blob: string
  readonly readers: readonly number[]
  readonly leaves: readonly KnownLeaf[]
}

/**
 * Two versions have the same data key where they share the ciphertext of a value, a wrapped data key or the MAC, whatever path,
 * branch or merge they stand on: an edit keeps what it does not touch and every wrapped key, updatekeys keeps every value, a
 * rotation changes all of it. A version that someone made of parts of two others (a merge by hand) makes their data keys one:
 * sops can't read it, but rather too much is then taken for readable than too little.
 */
export class History {
  readonly reach: HistoryReach
  /** How many versions were left out since they are larger than any file with secrets. */
  readonly tooLarge: number
  /** How many versions look like sops' and could not be read. */
  readonly unreadable: number
  /** Newest first; no commit before what follows from it. Only those in which a version comes or goes. */
  readonly changes: readonly Change[]
  readonly versions: readonly StoredVersion[]
  /** The encrypted files at the base. */
  readonly base: ReadonlyMap<string, number>
  /** Every path of the base, encrypted or not, that some version once stood at. */
  readonly plain: ReadonlySet<string>
  /** Paths at which a plaintext once took the place of a version. */
  readonly decrypted: ReadonlySet<string>
  /** By commit: files of the base in the clear that came in it, where an encrypted one went in it. */
  readonly cameInTheClear: ReadonlyMap<number, readonly string[]>
  readonly clearVersions: readonly ClearVersion[]
  /** Of the values in those, by their IVs, which are made up. */
  readonly clearDigests: ReadonlyMap<number, Digests>
  readonly recipients: readonly Recipient[]
  /** What one commit left untold of data keys, the oldest first. */
  readonly links: readonly DataKeyLink[]
  /** Whether a key was tried on what is still untold. */
  readonly wasTried: boolean
  readonly #parts: HistoryParts
  readonly #births = new Map<number, number>()
  #sizes: readonly number[] | null = null
  #earliest: ReadonlyMap<number, number> | null = null

  constructor(parts: HistoryParts, told: ToldLinks | null = null) {
    this.reach = parts.reach
    this.tooLarge = parts.tooLarge
    this.unreadable = parts.unreadable
    this.changes = parts.changes
    this.versions = parts.versions
    this.base = parts.base
    this.plain = parts.plain
    this.decrypted = parts.decrypted
    this.cameInTheClear = parts.cameInTheClear
    this.clearVersions = parts.clearVersions
    this.clearDigests = parts.clearDigests
    this.recipients = parts.recipients
    this.#parts = parts
    this.wasTried = told !== null
    const links = told?.links ?? untoldLinks({ changes: parts.changes, versions: parts.versions, dataKey: (version) => this.dataKey(version) })
    this.links = stillUntold(links, (old, fresh) => this.dataKey(old) === this.dataKey(fresh) || told?.areDifferent(old, fresh) === true)
    for (const { after, time } of parts.changes) {
      if (after === null) continue
      const key = this.dataKey(after)
      this.#births.set(key, Math.min(this.#births.get(key) ?? Infinity, time))
    }
  }

  /** A number per data key. */
  dataKey(version: number): number {
    return this.#parts.dataKeys[version] ?? -1
  }

  /** The data keys that may be one of `dataKeys`, as far as anyone can tell without a key; those themselves not among them. */
  perhapsSame(dataKeys: Iterable<number>): ReadonlySet<number> {
    return perhapsReached(this.links, (version) => this.dataKey(version), dataKeys)
  }

  /** The same history where a key was tried on the links: on each pair of versions whether they have one data key, or null. */
  told(isSame: (old: number, fresh: number) => boolean | null): History {
    const dataKeys = [...this.#parts.dataKeys]
    for (const { olds, news } of this.links) {
      for (const old of olds) {
        for (const fresh of news) {
          const [one, other] = [dataKeys[old] ?? -1, dataKeys[fresh] ?? -1]
          if (one !== other && isSame(old, fresh) === true) dataKeys.forEach((key, at) => { if (key === other) dataKeys[at] = one })
        }
      }
    }
    return new History({ ...this.#parts, dataKeys }, { links: this.links, areDifferent: (old, fresh) => isSame(old, fresh) === false })
  }

  /** In bytes; the plaintext of an IV is as long as its ciphertext. */
  sizeOf(iv: number): number {
    this.#sizes ??= [...this.versions, ...this.clearVersions].reduce<number[]>((sizes, { leaves }) => {
      for (const leaf of leaves) sizes[leaf.iv] = leaf.size
      return sizes
    }, [])
    return this.#sizes[iv] ?? 0
  }

  /**
   * When the data key that the file at the base has first stood in a commit, in seconds. Where it may be an older one: `earliest` is
   * when that did, rather too early than too late.
   */
  keySince(path: string): { readonly surely: number; readonly earliest: number } | null {
    const version = this.base.get(path)
    const surely = version === undefined ? undefined : this.#births.get(this.dataKey(version))
    if (version === undefined || surely === undefined) return null
    this.#earliest ??= this.#earliestBirths()
    return { surely, earliest: Math.min(surely, this.#earliest.get(this.dataKey(version)) ?? surely) }
  }

  /** Of data keys that may be older ones. */
  #earliestBirths(): ReadonlyMap<number, number> {
    const earliest = new Map(this.#births)
    const of = (version: number): number => earliest.get(this.dataKey(version)) ?? Infinity
    for (const { olds, news } of this.links) {
      const first = Math.min(...olds.map(of))
      for (const fresh of news) earliest.set(this.dataKey(fresh), Math.min(of(fresh), first))
    }
    return earliest
  }
}

interface ToldLinks {
  readonly links: readonly DataKeyLink[]
  readonly areDifferent: (old: number, fresh: number) => boolean
}

interface HistoryParts extends Pick<History, 'reach' | 'tooLarge' | 'unreadable' | 'changes' | 'versions' | 'base' | 'plain' | 'decrypted' | 'cameInTheClear' | 'clearVersions' | 'clearDigests' | 'recipients'> {
  readonly dataKeys: readonly number[]
}

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
      const leaf = this.#leafOf(key, numberOf(this.#ivs, `${digests[0] ?? ''} ${key}`), size)
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
