// Which recipients a merge lost on the way: those that the two sides together have, and the result has not.
// Must never take a removal on one side for a loss: that is what the merge is for.
import type { SopsAnswer } from '../plan/plan.ts'
import { canonicalId } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import type { SopsConfig } from '../sops-config/read.ts'

/**
 * What a merge of sets would keep, and `result` lacks: who is in both sides, and who is in one and was not in `base` yet, so that
 * this side added them. Who is in one side and in `base` was removed by the other. `base` is empty where the sides have no
 * common past. More than two sides: everybody who no side removed.
 */
export function droppedByMerge(
  base: readonly Recipient[], sides: readonly (readonly Recipient[])[], result: readonly Recipient[],
): readonly Recipient[] {
  const [before, after] = [idsOf(base), idsOf(result)]
  const had = sides.map(idsOf)
  const everybody = new Map(sides.flat().map((one) => [canonicalId(one), one]))
  const kept = (id: string): boolean => !before.has(id) || had.every((ids) => ids.has(id))
  return [...everybody].filter(([id]) => !after.has(id) && kept(id)).map(([, one]) => one)
}

/** Whom the rule for a file that `present` can read wants in it, by sops' own answer; where there is none, whom any rule of the config may want. */
export function wantedIn(present: readonly Recipient[], config: Pick<SopsConfig, 'recipients'> | null, answer: SopsAnswer | null): ReadonlySet<string> {
  const configured = answer?.configured
  return idsOf(configured?.kind === 'same' ? present : configured?.kind === 'different' ? configured.groups.flat() : config?.recipients ?? [])
}

function idsOf(recipients: readonly Recipient[]): ReadonlySet<string> {
  return new Set(recipients.map(canonicalId))
}
