// The files that stand in a repository, commit by commit: which of them one that comes is most like, if it was made as a copy.
// Pure. Must never take for the same what is only alike.
import type { KnownLeaf } from './history.ts'

interface Named {
  readonly names: ReadonlySet<string>
  /** Path → the version that stands there. */
  readonly standing: Map<string, number>
}

export class StandingFiles {
  readonly #leavesOf: (version: number) => readonly KnownLeaf[]
  readonly #files = new Map<string, Named>()
  readonly #byNames = new Map<string, Named>()
  /** All that ever had a name. */
  readonly #byName = new Map<string, Named[]>()

  constructor(leavesOf: (version: number) => readonly KnownLeaf[]) {
    this.#leavesOf = leavesOf
  }

  put(path: string, version: number | null): void {
    this.#files.get(path)?.standing.delete(path)
    if (version === null) {
      this.#files.delete(path)
      return
    }
    const named = this.#namedLike(this.#leavesOf(version).map(({ key }) => key))
    named.standing.set(path, version)
    this.#files.set(path, named)
  }

  /** Those that have most names of values in common with `version`, no less than half of all that either has; of several those nearest to `path`. */
  mostLike(path: string, version: number): readonly number[] {
    const names = new Set(this.#leavesOf(version).map(({ key }) => key))
    const shared = new Map<Named, number>()
    for (const name of names) for (const named of this.#byName.get(name) ?? []) shared.set(named, (shared.get(named) ?? 0) + 1)
    let [most, found]: [number, [string, number][]] = [0.5, []]
    for (const [named, count] of shared) {
      const share = count / Math.max(names.size, named.names.size)
      if (share < most || named.standing.size === 0) continue
      if (share > most) [most, found] = [share, []]
      for (const one of named.standing) found.push(one)
    }
    const nearest = Math.max(...found.map(([other]) => nearness(path, other)))
    return found.flatMap(([other, standing]) => (nearness(path, other) === nearest ? [standing] : []))
  }

  #namedLike(keys: readonly string[]): Named {
    const text = keys.join('\n')
    const known = this.#byNames.get(text)
    if (known !== undefined) return known
    const named = { names: new Set(keys), standing: new Map<string, number>() }
    this.#byNames.set(text, named)
    for (const name of named.names) {
      const others = this.#byName.get(name)
      if (others === undefined) this.#byName.set(name, [named])
      else others.push(named)
    }
    return named
  }
}

/** A file of the same name in another folder is nearer than one of the same folder, and that than any other. Asked for each pair of files. */
function nearness(path: string, other: string): number {
  let folders = 0
  for (let at = 0; at < path.length && path[at] === other[at]; at++) if (path[at] === '/') folders += 1
  return (nameIn(path) === nameIn(other) ? 1000 : 0) + folders
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
