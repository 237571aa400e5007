// Which secrets some people could read at any commit, and what has become of each: names only, as far as no key is needed.
// Pure. What only a decryption can tell stays a question, and must never be taken for an answer.
import { untoldDataKey } from './exposure-words.ts'
import { placeOf, spelledKey } from './file-version.ts'
import { byLength, lastWith } from './hiding-places.ts'
import type { History, KnownLeaf } from './history.ts'
import { knownTo } from './known-values.ts'
import type { KnownSecret, KnownValues } from './known-values.ts'
import type { TracedSecret } from './traced-secret.ts'
import { ValuesOfName } from './values-of-name.ts'
import type { Secrets, World } from './values-of-name.ts'
import type { OwnedRecipient } from '../owners/owners.ts'
import { ownerOf } from '../owners/owners.ts'
import type { Recipient } from '../recipient.ts'
import { shortForm } from '../recipient.ts'

/**
 * Every secret that any of `people` could read at a commit of `history`, by its file and name at the base, or the last it had.
 * Someone who stands in one key group counts as a reader, whatever threshold the file has. Times are those of commits: what a
 * side branch kept for longer than the line it was merged into is over with that line's change.
 */
export function traceExposure(history: History, people: readonly Recipient[], owners: readonly OwnedRecipient[]): readonly TracedSecret[] {
  const known = knownTo(people, history)
  const atBase = new Set([...history.base.values()].flatMap((version) => history.versions[version]?.leaves.map(({ iv }) => iv) ?? []))
  const homes = new Set([...history.base.keys(), ...known.byHome.keys()])
  const placeOfKey = remembered(placeOf)
  const world: World = {
    history, known, atBase, byLength: byLength(history, known), lastWith: lastWith(history), wentIn: wentIn(history), untold: untoldDataKey(history), namesOf: namesIn(people, owners), spelledAs: remembered(spelledKey),
    timeOf: remembered((seconds) => new Date(seconds * 1000).toISOString()),
  }
  const found: TracedSecret[] = []
  for (const home of [...homes].sort()) {
    const version = history.base.get(home) ?? null
    const leaves = version === null ? [] : history.versions[version]?.leaves ?? []
    const secrets = known.byHome.get(home) ?? nothing
    if (stillAsKnown(leaves, secrets, known)) {
      for (const secret of new ValuesOfName(world, home, version, leaves, secrets).present()) found.push(secret)
      continue
    }
    for (const group of byPlace(leaves, secrets, placeOfKey)) {
      const traced = new ValuesOfName(world, home, version, group.leaves, group.secrets)
      for (const secret of traced.present()) found.push(secret)
      for (const secret of traced.gone()) found.push(secret)
    }
  }
  return found
}

const nothing: Secrets = new Map()

/** Whether each name has the one value that it always had, so that nothing can have changed places. */
function stillAsKnown(leaves: readonly KnownLeaf[], secrets: Secrets, { byIv }: KnownValues): boolean {
  return leaves.length === secrets.size && leaves.every(({ key, iv }) => {
    const { ivs = [] } = secrets.get(key) ?? {}
    return ivs.length === 1 && ivs[0] === iv && byIv.get(iv) !== 'perhaps'
  })
}

interface AtOnePlace {
  readonly leaves: KnownLeaf[]
  readonly secrets: Map<string, KnownSecret>
}

function byPlace(leaves: readonly KnownLeaf[], secrets: Secrets, placeOfKey: (key: string) => string): Iterable<AtOnePlace> {
  const groups = new Map<string, AtOnePlace>()
  const groupOf = (key: string): AtOnePlace => {
    const group = groups.get(placeOfKey(key)) ?? { leaves: [], secrets: new Map() }
    groups.set(placeOfKey(key), group)
    return group
  }
  for (const leaf of leaves) groupOf(leaf.key).leaves.push(leaf)
  for (const [key, secret] of secrets) groupOf(key).secrets.set(key, secret)
  return groups.values()
}

/** Thousands of secrets share a few answers. */
function remembered<K, V>(find: (of: K) => V): (of: K) => V {
  const found = new Map<K, V>()
  return (of) => {
    const known = found.get(of)
    if (known !== undefined) return known
    const fresh = find(of)
    found.set(of, fresh)
    return fresh
  }
}

function namesIn(people: readonly Recipient[], owners: readonly OwnedRecipient[]): World['namesOf'] {
  const names = new Map(people.map((one) => [one, ownerOf(owners, one) ?? shortForm(one)]))
  return remembered((readers) => [...new Set([...readers].flatMap((one) => names.get(one) ?? []))])
}

function wentIn({ changes }: History): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const { path, after, commit } of changes) if (after === null && !found.has(path)) found.set(path, commit)
  return found
}
