// Names that stood for one key, and stand for another one that came when that had left: perhaps two people of one name.
// Must never decide which of them is meant.
import type { History } from './history.ts'
import { asSeen } from '../owners/owners-candidates.ts'
import { formsOf } from '../owners/owners.ts'
import type { OwnedRecipient } from '../owners/owners.ts'
import { isMeantBy, shortForm } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import type { Finding } from '../report.ts'

/** When a key could first read a file, and when it last lost the last one, by the order of commits; null: never. */
interface Stay {
  readonly came: number | null
  readonly left: { readonly order: number; readonly time: number } | null
}

/** For each of the `earlier` keys of a name that had left before any of the `removed` keys of that name came. */
export function namesakes(
  history: History, removed: readonly Recipient[], earlier: readonly OwnedRecipient[], owners: readonly OwnedRecipient[],
): readonly Finding[] {
  return earlier.flatMap(({ name, recipient }): readonly Finding[] => {
    const forms = formsOf(name)
    const bears = (one: Recipient): boolean => owners.some((owner) => isMeantBy(owner.recipient, one) && formsOf(owner.name).some((form) => forms.includes(form)))
    const now = removed.filter(bears)
    const { left } = stayOf(history, recipient)
    if (left === null || now.length === 0) return []
    const cameLater = now.every((one) => (stayOf(history, one).came ?? Infinity) > left.order)
    const [until, keys] = [new Date(left.time * 1000).toISOString().slice(0, 10), now.map(shortForm).join(', ')]
    return !cameLater ? [] : [{
      code: 'namesake', level: 'warning', path: null,
      message: `${asSeen(name)} stood for ${shortForm(recipient)} until ${until}, and now stands for ${keys}, which came later: perhaps it is another person. Only ${keys} is taken out`,
    }]
  })
}

function stayOf({ changes, versions, recipients }: History, recipient: Recipient): Stay {
  const meant = recipients.map((one) => isMeantBy(recipient, one))
  const reads = (version: number | null): boolean => versions[version ?? -1]?.readers.some((one) => meant[one]) === true
  const files = new Set<string>()
  let [came, left]: [Stay['came'], Stay['left']] = [null, null]
  const commits = meant.includes(true) ? [...Map.groupBy(changes, ({ commit }) => commit).values()].reverse() : []
  for (const [order, inCommit] of commits.entries()) {
    const had = files.size > 0
    for (const { path, after } of inCommit) {
      if (reads(after)) files.add(path)
      else files.delete(path)
    }
    if (files.size > 0) {
      came ??= order
      left = null
    } else if (had) left = { order, time: inCommit[0]?.time ?? 0 }
  }
  return { came, left }
}
