// Files that came beside one that somebody could read, like it and for other people: copies under its data key, or new files.
// Pure. Must never say which of the two: without a key nothing tells.
import { versionsReadBy } from './history.ts'
import type { History } from './history.ts'
import { StandingFiles } from './standing-files.ts'
import type { Recipient } from '../recipient.ts'
import type { Finding } from '../report.ts'

/** Paths of the base that nobody of `people` is known to have the data key of, each with what it was made like, which they could read. */
function alike(history: History, people: readonly Recipient[]): ReadonlyMap<string, string> {
  const { changes, versions, base } = history
  const theirs = new Set(versionsReadBy(history, people).map((version) => history.dataKey(version)))
  const inUse = Map.groupBy(base, ([, version]) => history.dataKey(version))
  const found = new Map<string, string>()
  const [standing, seen] = [new StandingFiles((version) => versions[version]?.leaves ?? []), new Set<number>()]
  const pathOf = new Map<number, string>()
  for (const inCommit of theirs.size === 0 ? [] : [...Map.groupBy(changes, ({ commit }) => commit).values()].reverse()) {
    for (const { path, before, after } of inCommit) {
      const key = after === null ? null : history.dataKey(after)
      if (before !== null || after === null || key === null || seen.has(key) || theirs.has(key)) continue
      const ivs = new Set(versions[after]?.leaves.map(({ iv }) => iv))
      // A value that stayed the same would have told, by its ciphertext.
      const old = standing.mostLike(path, after).find((one) => theirs.has(history.dataKey(one)) && versions[one]?.leaves.some(({ iv }) => ivs.has(iv)) === false)
      if (old !== undefined) for (const [at] of inUse.get(key) ?? []) found.set(at, pathOf.get(old) ?? '')
    }
    for (const { path, after } of inCommit) {
      standing.put(path, after)
      if (after === null) continue
      pathOf.set(after, path)
      seen.add(history.dataKey(after))
    }
  }
  return found
}

const most = 3

/** The notice about all of them; null where there is none. */
export function madeAlike(history: History, people: readonly Recipient[]): Finding | null {
  const found = [...alike(history, people)].sort(([a], [b]) => (a < b ? -1 : 1))
  const [first] = found
  if (first === undefined) return null
  const some = found.slice(0, most).map(([path, like]) => `${path} (like ${like})`).join(', ')
  const all = found.length > most ? `${some} and ${found.length - most} more` : some
  return {
    code: 'made-alike', level: 'notice', path: found.length === 1 ? first[0] : null,
    message: `${all}: came in one commit, with the value names of a file that whoever is removed could read, and for other people. If it was copied from that (\`cp\`, then \`sops edit\` and \`sops updatekeys\`), it still has the data key that they know; if it was encrypted anew, it has not, and without a key nobody can tell. Where it may be a copy, rotate it: \`rotate-all: true\` with its path in \`files\``,
  }
}
