// Who loses access by a plan: who was named, and whom the configs leave out already.
// Pure. Must never take a key that its owner exchanged for a person who left.
import { ownerOf } from '../owners/owners.ts'
import type { OwnedRecipient } from '../owners/owners.ts'
import type { Plan } from '../plan/plan.ts'
import type { Recipient } from '../recipient.ts'
import { canonicalId, sameRecipient } from '../recipient.ts'
import type { Survey } from '../survey.ts'
import { readersOf, unique } from '../survey.ts'

/** Who loses access: to everything they could ever read, or (`only`) to these files. */
export interface Losing {
  readonly people: readonly Recipient[]
  readonly only: ReadonlySet<string> | null
}

/** Those who were named, and whoever else `plan` takes out of a file: of that file alone. */
export function whoLoses(plan: Plan, named: readonly Recipient[]): readonly Losing[] {
  const others = [...Map.groupBy(drifted(plan, named), ({ recipient }) => canonicalId(recipient)).values()].map((lost): Losing =>
    ({ people: lost.slice(0, 1).map(({ recipient }) => recipient), only: new Set(lost.map(({ path }) => path)) }))
  return [...named.length === 0 ? [] : [{ people: named, only: null }], ...others]
}

/**
 * The keys of each person whom nobody named, and whom `plan` takes out of the last file that they could read, since a config leaves
 * them out. `owners`: of earlier commits too, for a config that leaves out a key leaves out whose it was.
 */
export function goneByConfig(plan: Plan, { others, skipped }: Survey, named: readonly Recipient[], owners: readonly OwnedRecipient[]): readonly (readonly Recipient[])[] {
  const left = unique(drifted(plan, named).map(({ recipient }) => recipient))
  if (left.length === 0) return []
  const untouched = [...plan.unchanged.map(({ file }) => file), ...others, ...skipped.flatMap(({ file }) => file ?? [])]
  const staying = unique([...plan.changes.flatMap(({ after }) => after.flat()), ...untouched.flatMap(readersOf)])
  const names = new Set([...staying, ...named].map((one) => ownerOf(owners, one)))
  const gone = left.filter((one) => {
    const name = ownerOf(owners, one)
    return !staying.some((other) => sameRecipient(one, other)) && (name === null || !names.has(name))
  })
  return [...Map.groupBy(gone, (one) => ownerOf(owners, one) ?? canonicalId(one)).values()]
}

function drifted(plan: Plan, named: readonly Recipient[]): readonly { readonly recipient: Recipient; readonly path: string }[] {
  return plan.changes.flatMap(({ file, after }) => readersOf(file)
    .filter((one) => ![...after.flat(), ...named].some((other) => sameRecipient(one, other))).map((recipient) => ({ recipient, path: file.path })))
}
