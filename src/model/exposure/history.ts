// What a repository's commits tell of its encrypted files: which version stood where from when, and which share a data key.
// Pure. Must never take a history that is cut off for the whole one.
import { perhapsReached, stillUntold, untoldLinks } from './data-key-links.ts'
import type { DataKeyLink } from './data-key-links.ts'
import type { Digests } from './digests.ts'
import type { ClearValue, FileVersion } from './file-version.ts'
import { isMeantBy } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'

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

export interface StoredVersion extends Pick<FileVersion, 'format' | 'explicitType'> {
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

export interface HistoryParts extends Pick<History, 'reach' | 'tooLarge' | 'unreadable' | 'changes' | 'versions' | 'base' | 'plain' | 'decrypted' | 'cameInTheClear' | 'clearVersions' | 'clearDigests' | 'recipients'> {
  readonly dataKeys: readonly number[]
}

/** The versions that one of `people` could read as a recipient, by their numbers. */
export function versionsReadBy({ recipients, versions }: Pick<History, 'recipients' | 'versions'>, people: readonly Recipient[]): readonly number[] {
  const meant = recipients.map((one) => people.some((own) => isMeantBy(own, one)))
  return versions.flatMap(({ readers }, version) => (readers.some((one) => meant[one]) ? [version] : []))
}
