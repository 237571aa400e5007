// Names in a tracking issue's list that its files do not have any more → those that they have now.
// Must never give a line to a file that has one of its own, nor to one of several that it may be about.
import type { FormerPaths } from '../exposure/former-paths.ts'
import { nameAt, parseHeader, parseItem } from './tracking-issue-lines.ts'
import type { Entry, Grain } from './tracking-issue-lines.ts'

export interface Renames {
  /** What a line or a group of lines under this name is called now; the same where nothing else has it for sure. */
  readonly nameNow: (name: string) => string
  /** The names that secrets once under this one are told under. */
  readonly heirsOf: (name: string) => readonly string[]
}

/** A name is that of a file above its secrets, or else the one on the line of a file or folder. */
export function renamesIn(lines: readonly string[], entries: Iterable<Entry>, grain: Grain, former: FormerPaths): Renames {
  const told = new Set([...entries].map(({ group, label }) => (grain === 'secret' ? group : label)))
  const heirs = new Map<string, Set<string>>()
  for (const [path, before] of former) {
    const name = nameAt(path, grain)
    if (!told.has(name)) continue
    for (const one of before) {
      const old = nameAt(one, grain)
      if (old !== name) heirs.set(old, (heirs.get(old) ?? new Set()).add(name))
    }
  }
  const taken = namesIn(lines, grain)
  const names = new Map<string, string>()
  for (const old of [...taken]) {
    const [heir, ...others] = [...heirs.get(old) ?? []].filter((name) => !taken.has(name))
    if (told.has(old) || heir === undefined || others.length > 0) continue
    names.set(old, heir)
    taken.add(heir)
  }
  return { nameNow: (name) => names.get(name) ?? name, heirsOf: (name) => [...heirs.get(name) ?? []] }
}

/** Of those that have a line, in their order. */
function namesIn(lines: readonly string[], grain: Grain): Set<string> {
  const found = new Set<string>()
  let group = ''
  for (const line of lines) {
    const item = parseItem(line)
    if (item !== null) found.add(grain === 'secret' ? group : item.label)
    else group = parseHeader(line)?.label ?? group
  }
  return found
}
