// Which files in the clear became encrypted ones: at their own path, or at another one that the same commit brought.
// Pure. Must never keep a text, nor have one parsed that nothing encrypted came of.
import type { Change, ClearVersion } from './history.ts'
import type { HistoryBuilder } from './history-builder.ts'
import type { Format } from '../sops-file/encrypted-file.ts'

/** A change, with the blobs in the place of versions. */
export type FoundChange = Omit<Change, 'before' | 'after'> & { readonly before: string | null; readonly after: string | null }

/** In bytes; larger is no text that people wrote. */
const mostInTheClear = 1024 * 1024

/** Told as the versions are read, the newer ones first. */
export class ClearPaths {
  readonly #found: readonly FoundChange[]
  /** Of a path that went: those that came in its place, in which commit. */
  readonly #heirs: ReadonlyMap<string, { readonly commit: number; readonly paths: readonly string[] }>
  readonly #formats = new Map<string, Format>()

  /** `found`: every change, newest first. */
  constructor(found: readonly FoundChange[]) {
    this.#found = found
    this.#heirs = heirsIn(found)
  }

  /** Takes note of an encrypted version. */
  isEncrypted(path: string, format: Format): void {
    this.#formats.set(path, format)
  }

  /** As what a text of `size` bytes that stood at `paths` was encrypted later; null: not at all, or it is too large. */
  formatOf(paths: readonly string[], size: number): Format | null {
    if (size > mostInTheClear) return null
    for (const path of paths) {
      const [format] = [path, ...this.#heirs.get(path)?.paths ?? []].flatMap((one) => this.#formats.get(one) ?? [])
      if (format !== undefined) return format
    }
    return null
  }

  /** What stood in the clear, from each commit that put it there to the one that followed at its path. */
  versionsOf(builder: HistoryBuilder): readonly ClearVersion[] {
    if (!builder.hasClear()) return []
    const isVersion = (blob: string | null): boolean => blob !== null && builder.numberOf(blob) !== null
    // Only these are among the changes of a history.
    const places = new Map(this.#found.filter(({ before, after }) => isVersion(before) || isVersion(after)).map((one, at) => [one, at]))
    const came = new Map([...places].flatMap(([{ commit, path, after }, at]) => (isVersion(after) ? [[`${commit} ${path}`, at] as const] : [])))
    const clear: ClearVersion[] = []
    const newer = new Map<string, { readonly time: number; readonly change: number | null }>()
    for (const one of this.#found) {
      const { path, time, after } = one
      if (this.formatOf([path], 0) === null) continue
      const next = newer.get(path) ?? { time: Infinity, change: null }
      const { commit, paths = [] } = after === null ? this.#heirs.get(path) ?? {} : {}
      const [heir] = one.commit === commit ? paths.flatMap((other) => came.get(`${commit} ${other}`) ?? []) : []
      const change = isVersion(after) ? places.get(one) ?? null : heir ?? next.change
      const leaves = after === null ? [] : builder.clearLeavesOf(after)
      if (change !== null && leaves.length > 0) clear.push({ change, leaves, since: time, until: next.time })
      newer.set(path, { time, change })
    }
    return clear
  }
}

function heirsIn(found: readonly FoundChange[]): ReadonlyMap<string, { readonly commit: number; readonly paths: readonly string[] }> {
  const heirs = new Map<string, { readonly commit: number; readonly paths: readonly string[] }>()
  for (const [commit, changes] of Map.groupBy(found, (one) => one.commit)) {
    const went = changes.filter(({ after }) => after === null)
    if (went.length === 0) continue
    const came = Map.groupBy(changes.flatMap(({ path, before }) => (before === null ? [path] : [])), stem)
    for (const { path } of went) {
      const paths = came.get(stem(path))
      if (paths !== undefined && !heirs.has(path)) heirs.set(path, { commit, paths })
    }
  }
  return heirs
}

/** What `app.yaml` has in common with `app.enc.yaml`, and `.env` with `secrets/.env.sops`. */
function stem(path: string): string {
  return /^\.?[^.]*/.exec(path.slice(path.lastIndexOf('/') + 1))?.[0] ?? ''
}
