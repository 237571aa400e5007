// Versions → digests of their values, which are decrypted in memory.
// Must never keep a plaintext, nor write a digest down.
import { randomUUID } from 'node:crypto'
import type { Digests } from '../model/exposure/digests.ts'
import { mended, scalarsIn } from '../model/exposure/file-version.ts'
import type { Place } from '../model/exposure/hiding-places.ts'
import type { Runner } from '../model/plan/runner.ts'
import { decryptionRefusal } from '../model/plan/runner.ts'
import { withKeysOf } from '../model/exposure/spliced-version.ts'
import type { Sops } from '../tools/sops.ts'
import type { Staging } from '../tools/staging.ts'
import type { OpenHistory } from './history.ts'
import { inParallel } from './in-parallel.ts'

/** What decrypts old and new versions. */
export interface Decryption {
  readonly sops: Sops
  readonly staging: Staging
  readonly runner: Runner
  readonly atOnce: number
}

/** Digests of versions, made as they are asked for. */
export class DigestedVersions {
  readonly #folder = `.sops-rekey-history-${randomUUID()}`
  readonly #byVersion = new Map<number, ReadonlyMap<string, Digests> | null>()
  readonly #byIv = new Map<number, Digests>()
  readonly #tried = new Set<number>()
  readonly #open: OpenHistory
  readonly #decryption: Decryption

  constructor(open: OpenHistory, decryption: Decryption) {
    this.#open = open
    this.#decryption = decryption
  }

  /** Whether the version was looked at. */
  has(version: number): boolean {
    return this.#byVersion.has(version)
  }

  /** Whether it could be decrypted. */
  opened(version: number): boolean {
    return (this.#byVersion.get(version) ?? null) !== null
  }

  at({ version, key }: Pick<Place, 'version' | 'key'>): Digests | null {
    return this.#byVersion.get(version)?.get(key) ?? null
  }

  of(iv: number): Digests | null {
    return this.#byIv.get(iv) ?? this.#open.history.clearDigests.get(iv) ?? null
  }

  /** Whether a version was looked at that has it. */
  wasTried(iv: number): boolean {
    return this.#tried.has(iv)
  }

  /** Decrypts what the runner can and may of the first `most`, and returns how many it could. What fails is remembered, and fails nothing else. */
  async take(versions: readonly number[], most: number): Promise<number> {
    const { history } = this.#open
    const { sops, staging, atOnce } = this.#decryption
    const fresh = versions.filter((version) => !this.has(version)).slice(0, Math.max(0, most))
    for (const version of fresh) {
      this.#byVersion.set(version, null)
      for (const { iv } of history.versions[version]?.leaves ?? []) this.#tried.add(iv)
    }
    const allowed = fresh.filter((version) => this.#mayOpen(version))
    await this.#open.read(allowed, (version, bytes) => staging.write(this.#path(version), { bytes: mended(bytes), executable: false }))
    await inParallel(allowed, atOnce, async (version) => {
      const { format = 'binary', leaves = [] } = history.versions[version] ?? {}
      const file = { path: this.#path(version), format, explicitType: true, config: null }
      const digests = await sops.decryptInto(file, format === 'ini' ? 'json' : format, (plaintext) =>
        new Map(scalarsIn(format, plaintext.toString(format === 'binary' ? 'latin1' : 'utf8')).map(([key, value]) => [key, this.#open.digestsOf(value)]))).catch(() => null)
      staging.remove(file.path)
      this.#byVersion.set(version, digests)
      for (const { key, iv } of leaves) {
        const digest = digests?.get(key)
        if (digest !== undefined) this.#byIv.set(iv, digest)
      }
    })
    return fresh.filter((version) => this.opened(version)).length
  }

  /**
   * Whether two versions have one data key, as whoever kept the wrapped one of the older would find out: put into the newer, it opens
   * that or not. null where the runner cannot open both.
   */
  async haveOneDataKey(old: number, fresh: number): Promise<boolean | null> {
    await this.take([fresh], 1)
    const { format } = this.#open.history.versions[fresh] ?? {}
    if (format === undefined || !this.opened(fresh) || !this.#mayOpen(old) || this.#open.history.versions[old]?.format !== format) return null
    const { sops, staging } = this.#decryption
    const texts = new Map<number, string>()
    await this.#open.read([old, fresh], (version, bytes) => texts.set(version, mended(bytes).toString()))
    const path = `${this.#folder}/${fresh}-with-${old}`
    try {
      const spliced = withKeysOf(format, texts.get(fresh) ?? '', texts.get(old) ?? '')
      if (spliced === null) return null
      staging.write(path, { bytes: Buffer.from(spliced), executable: false })
      return await sops.isAuthentic({ path, format, explicitType: true, config: null })
    } catch {
      // No key of the older one is the runner's, or sops makes nothing of it.
      return null
    } finally {
      staging.remove(path)
    }
  }

  #mayOpen(version: number): boolean {
    const { history } = this.#open
    const readers = (history.versions[version]?.readers ?? []).flatMap((one) => history.recipients[one] ?? [])
    return decryptionRefusal(readers, this.#decryption.runner) === null
  }

  #path(version: number): string {
    return `${this.#folder}/${version}`
  }
}
