// A part of a plan, for one of several jobs that share it.
import type { Plan } from './plan.ts'

/** The `index`th of `of` parts, from 1. */
export interface Shard {
  readonly index: number
  readonly of: number
}

/** `3/8`; null for any other text. GitHub runs at most 256 jobs of a matrix. */
export function parseShard(text: string): Shard | null {
  const [, index = '', of = ''] = /^([1-9]\d{0,2})\/([1-9]\d{0,2})$/.exec(text) ?? []
  const shard = { index: Number(index), of: Number(of) }
  return shard.index >= 1 && shard.index <= shard.of && shard.of <= 256 ? shard : null
}

/** What one job has to do: every `of`th file of the plan, so that large neighbours are spread; the texts are for who publishes. */
export function partOf(plan: Plan, { index, of }: Shard): Plan {
  const own = (_: unknown, at: number): boolean => at % of === index - 1
  const others = plan.changes.filter((change, at) => !own(change, at)).map(({ file }) => ({ file, reason: 'another job gives it new keys' }))
  return { ...plan, changes: plan.changes.filter(own), unchanged: [...plan.unchanged, ...others], configs: [], record: null }
}

/** As many shards as are worth a job of their own, `most` at most; one for a plan that only edits texts, none for one without an edit. */
export function shardsFor({ changes, configs }: Plan, most: number): readonly string[] {
  const of = Math.min(most, Math.max(Math.ceil(changes.length / filesWorthAJob), configs.length > 0 ? 1 : 0))
  return Array.from({ length: of }, (_, at) => `${at + 1}/${of}`)
}

/** A job takes some twenty seconds to start, in which this many files are rotated. */
const filesWorthAJob = 100
