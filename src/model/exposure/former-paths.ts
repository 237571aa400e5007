// Under which paths the secrets of a file stood before: where it was renamed from, and copies of it that are gone.
// Pure. Must never be taken for what a path is about today: another file may stand there.
import type { History } from './history.ts'
import { lineageOf } from './lineage.ts'

/** For the file of an exposed secret the other paths that its changes were made at. */
export type FormerPaths = ReadonlyMap<string, ReadonlySet<string>>

export function formerPaths(history: History): FormerPaths {
  const { homes } = lineageOf(history)
  const found = new Map<string, Set<string>>()
  history.changes.forEach(({ path }, at) => {
    const home = homes[at] ?? path
    if (home !== path) found.set(home, (found.get(home) ?? new Set()).add(path))
  })
  return found
}
