// What a repository's commits tell of its encrypted files: which version stood where from when, and which share a data key.
// Pure. Must never take a history that is cut off for the whole one.
import type { FileVersion } from './file-version.ts'
import type { Recipient } from './recipient.ts'
import { canonicalId } from './recipient.ts'

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

interface StoredVersion extends Pick<FileVersion, 'format' | 'explicitType' | 'clear'> {
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
  readonly recipients: readonly Recipient[]
  readonly #dataKeys: readonly number[]
  readonly #perhaps = new Map<number, Set<number>>()
  readonly #births = new Map<number, number>()

  constructor(parts: HistoryParts) {
    this.reach = parts.reach
    this.tooLarge = parts.tooLarge
    this.unreadable = parts.unreadable
    this.changes = parts.changes
    this.versions = parts.versions
    this.base = parts.base
    this.plain = parts.plain
    this.recipients = parts.recipients
    this.#dataKeys = parts.dataKeys
    for (const { after, time } of parts.changes) {
      if (after === null) continue
      const key = this.dataKey(after)
      this.#births.set(key, Math.min(this.#births.get(key) ?? Infinity, time))
    }
    this.#linkTheUntold()
  }

  /** A number per data key. */
  dataKey(version: number): number {
    return this.#dataKeys[version] ?? -1
  }

  /** The data keys that may be this one, as far as anyone can tell without a key; itself not among them. */
  perhapsSame(dataKey: number): ReadonlySet<number> {
    const found = new Set(this.#perhaps.get(dataKey))
    found.delete(dataKey)
    return found
  }

  /** When the data key that the file at the base has first stood in a commit, in seconds; rather too early than too late. */
  keySince(path: string): number | null {
    const version = this.base.get(path)
    if (version === undefined) return null
    const key = this.dataKey(version)
    const births = [key, ...this.perhapsSame(key)].flatMap((one) => this.#births.get(one) ?? [])
    return births.length === 0 ? null : Math.min(...births)
  }

  /**
   * One commit that changed every value and the recipients too may have rotated or not, also where it brought the file to another
   * path, or back to its own. Where the recipients stayed, nothing but a rotation wraps the data key anew; where an IV stayed, its
   * ciphertext tells.
   */
  #linkTheUntold(): void {
    const told = new Set(this.changes.filter(({ isMerge }) => !isMerge).map(({ after }) => after))
    const stood = new Map<string, number>()
    for (const changes of [...Map.groupBy(this.changes, ({ commit }) => commit).values()].reverse()) {
      const went = changes.flatMap(({ before, after }) => (after === null && before !== null ? [before] : []))
      const came = changes.flatMap(({ before, after }) => (before === null && after !== null ? [after] : []))
      const heirs = new Set(went.length === 0 ? [] : came.flatMap((version) => this.#traces(version)))
      const isInherited = (version: number): boolean => this.#traces(version).some((trace) => heirs.has(trace))
      const sources = new Set(went.flatMap((version) => this.#traces(version)))
      const orphans: number[] = []
      for (const { path, before, after, isMerge } of changes) {
        if (after === null || (isMerge && told.has(after))) continue
        const isOrphan = before === null && !this.#traces(after).some((trace) => sources.has(trace))
        const old = before ?? (isOrphan ? stood.get(path) : undefined)
        if (old !== undefined) this.#linkUntold([old], [after])
        if (isOrphan) orphans.push(after)
      }
      this.#linkUntold(went.filter((version) => !isInherited(version)), orphans)
      for (const { path, before, after } of changes) {
        // What lives on at another path does not come back to this one.
        if (after === null && before !== null && !isInherited(before)) stood.set(path, before)
        else stood.delete(path)
      }
    }
  }

  /** What another version shares with this one where its data key is the same, or is known to be another. */
  #traces(version: number): readonly number[] {
    // Both are numbers from 0 on.
    return [-1 - this.dataKey(version), ...this.versions[version]?.leaves.map(({ iv }) => iv) ?? []]
  }

  /** Links each of `before` to each of `after` that differs from it in all that would tell. */
  #linkUntold(before: readonly number[], after: readonly number[]): void {
    const byReaders = (versions: readonly number[]): readonly (readonly [string, readonly number[]])[] =>
      [...Map.groupBy(new Set(versions), (version) => [...this.versions[version]?.readers ?? []].sort((a, b) => a - b).join())]
    for (const [had, olds] of byReaders(before)) {
      for (const [have, news] of byReaders(after)) {
        const [old = -1] = olds
        const [fresh = -1] = news
        if (had === have || (olds.length + news.length === 2 && this.#tells(old, fresh))) continue
        // Whatever may be the same as one may be the same as all: a chain of links is as good as all pairs.
        for (const one of olds) this.#link(this.dataKey(one), this.dataKey(fresh))
        for (const one of news) this.#link(this.dataKey(old), this.dataKey(one))
      }
    }
  }

  #tells(old: number, fresh: number): boolean {
    const traces = new Set(this.#traces(old))
    return this.#traces(fresh).some((trace) => traces.has(trace))
  }

  #link(one: number, other: number): void {
    const [mine, others] = [this.#perhaps.get(one) ?? new Set([one]), this.#perhaps.get(other) ?? new Set([other])]
    const [small, large] = mine.size < others.size ? [mine, others] : [others, mine]
    for (const key of small) large.add(key)
    for (const key of [one, other, ...small]) this.#perhaps.set(key, large)
  }
}

interface HistoryParts extends Pick<History, 'reach' | 'tooLarge' | 'unreadable' | 'changes' | 'versions' | 'base' | 'plain' | 'recipients'> {
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
  readonly #clear = new Map<string, FileVersion['clear']>()
  readonly #readers = new Map<string, number>()
  readonly #recipients: Recipient[] = []
  #unreadable = 0

  /** `blob` is git's id of the version's bytes. */
  add(blob: string, version: FileVersion): void {
    const number = this.#versions.length
    this.#numbers.set(blob, number)
    this.#parents.push(number)
    const leaves = version.leaves.map(({ key, iv, size }) => this.#leafOf(key, numberOf(this.#ivs, iv), size))
    const readers = version.readers.map((one) => this.#readerOf(one))
    this.#versions.push({ blob, format: version.format, explicitType: version.explicitType, readers, leaves, clear: this.#clearOf(version.clear) })
    for (const token of [...version.marks, ...version.leaves.map((leaf) => leaf.token)]) {
      const owner = this.#owners.get(token)
      if (owner === undefined) this.#owners.set(ownText(token), number)
      else this.#parents[this.#root(number)] = this.#root(owner)
    }
  }

  /** Takes note of a version that is sops' by its looks and can't be read. */
  addUnreadable(): void {
    this.#unreadable += 1
  }

  /** null: no encrypted file. */
  numberOf(blob: string): number | null {
    return this.#numbers.get(blob) ?? null
  }

  finish(rest: Pick<HistoryParts, 'reach' | 'tooLarge' | 'changes' | 'base' | 'plain'>): History {
    return new History({
      ...rest, unreadable: this.#unreadable, versions: this.#versions, recipients: this.#recipients, dataKeys: this.#versions.map((_, at) => this.#root(at)),
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
  #clearOf(clear: FileVersion['clear']): FileVersion['clear'] {
    const text = JSON.stringify(clear)
    const known = this.#clear.get(text) ?? JSON.parse(text) as FileVersion['clear']
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
