// What each of several people could read → one list, in which an entry stands for all of whom it is true.
// Pure. Must never say of a secret that it is done with where that is true of some of them alone.
import { severity } from './exposure-answer.ts'
import { versionsReadBy } from './history.ts'
import type { History } from './history.ts'
import { ownerOf } from '../owners/owners.ts'
import type { OwnedRecipient } from '../owners/owners.ts'
import { canonicalId } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import type { ExposedSecret } from '../report.ts'

/** The keys of each person among `keys`; of those who could read the very same versions, all together. */
export function personsAmong(keys: readonly Recipient[], owners: readonly OwnedRecipient[], history: History): readonly (readonly Recipient[])[] {
  const persons = [...Map.groupBy(keys, (one) => ownerOf(owners, one) ?? canonicalId(one)).values()]
  if (persons.length < 2) return persons
  return [...Map.groupBy(persons, (person) => versionsReadBy(history, person).join()).values()].map((same) => same.flat())
}

/** The lists of several people: an entry for each of whom something else has become of a secret. In the order of files and of names in them. */
export function mergedPeople(each: readonly (readonly ExposedSecret[])[]): readonly ExposedSecret[] {
  const [only, ...more] = each
  if (only !== undefined && more.length === 0) return only
  const entries = [...Map.groupBy(each.flat(), ({ file, key, state, reason }) => JSON.stringify([file, key, state, reason])).values()].flatMap(mergedSecret)
  const byFile = [...Map.groupBy(entries, ({ file }) => file)].sort(([a], [b]) => (a < b ? -1 : 1))
  return byFile.flatMap(([, inside]) => [...Map.groupBy(inside, ({ key }) => key).values()].flat())
}

/** One entry a file and name, with all that read it, over the whole time; the state of the worst of them. */
export function mergedSecrets(secrets: readonly ExposedSecret[]): readonly ExposedSecret[] {
  const byFile = [...Map.groupBy(secrets, ({ file }) => file).values()]
  return byFile.flatMap((inside) => {
    const keys = new Set(inside.map(({ key }) => key))
    return keys.size === inside.length ? inside : [...Map.groupBy(inside, ({ key }) => key).values()].flatMap(mergedSecret)
  })
}

/** The same file and name. */
function mergedSecret(same: readonly ExposedSecret[]): readonly ExposedSecret[] {
  if (same.length === 1) return same
  const [worst] = same.toSorted((a, b) => severity(a.state) - severity(b.state))
  if (worst === undefined) return []
  const ends = same.map(({ until }) => until)
  return [{ ...worst, readBy: [...new Set(same.flatMap(({ readBy }) => readBy))], since: earliest(same.map(({ since }) => since)), until: ends.includes(null) ? null : ends.toSorted().at(-1) ?? null }]
}

function earliest(times: readonly (string | null)[]): string | null {
  return times.includes(null) ? null : times.toSorted()[0] ?? null
}
