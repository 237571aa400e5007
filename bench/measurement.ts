// Pairs of runs side by side → a line of the table. Pure.
import type { ActionCost } from './ours.ts'

export interface Pair {
  /** What the other side took; null where there is none. */
  readonly guideSeconds: number | null
  readonly ours: ActionCost
}

export interface Measurement {
  readonly name: string
  readonly pairs: readonly Pair[]
  /** The most that is wanted: a ratio of ours to the guide's, seconds, megabytes, or requests to GitHub's API; null: to be known. */
  readonly wanted: { readonly ratio: number } | { readonly seconds: number } | { readonly megabytes: number } | { readonly calls: number } | null
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low = NaN, high = NaN] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  return (low + high) / 2
}

/** Each pair's own ratio: what slows the machine down for a while slows both of its sides. */
export function ratios(pairs: readonly Pair[]): readonly number[] {
  return pairs.flatMap(({ guideSeconds, ours }) => (guideSeconds === null ? [] : [ours.seconds / guideSeconds]))
}

/** The table, one line a measurement, in Markdown. */
export function renderTable(measurements: readonly Measurement[]): string {
  const rows = measurements.map(({ name, pairs, wanted }) => {
    const guide = pairs.flatMap(({ guideSeconds }) => guideSeconds ?? [])
    const peaks = pairs.flatMap(({ ours }) => ours.peakMegabytes ?? [])
    const peak = peaks.length === 0 ? null : Math.max(...peaks)
    const all = ratios(pairs)
    const calls = pairs.flatMap(({ ours }) => ours.calls ?? [])
    const seconds = median(pairs.map(({ ours }) => ours.seconds))
    const reached = wanted === null ? null
      : 'ratio' in wanted ? median(all) <= wanted.ratio
      : 'seconds' in wanted ? seconds <= wanted.seconds
      : 'calls' in wanted ? calls.length > 0 && Math.max(...calls) <= wanted.calls
      : peak === null ? null : peak < wanted.megabytes
    const limit = wanted === null ? ''
      : 'ratio' in wanted ? `≤ ${wanted.ratio}`
      : 'seconds' in wanted ? `≤ ${wanted.seconds} s`
      : 'calls' in wanted ? `≤ ${wanted.calls} calls`
      : `< ${wanted.megabytes} MB`
    return [
      name,
      guide.length === 0 ? '' : median(guide).toFixed(2),
      seconds.toFixed(2),
      all.length === 0 ? '' : `${median(all).toFixed(3)} [${Math.min(...all).toFixed(3)}–${Math.max(...all).toFixed(3)}]`,
      `${limit}${reached === null ? '' : reached ? ', met' : ', MISSED'}`,
      median(pairs.map(({ ours }) => ours.sopsPerFile)).toFixed(3),
      peak === null ? 'only on Linux' : peak.toFixed(0),
      calls.length === 0 ? '' : String(Math.max(...calls)),
    ]
  })
  const head = ['case', 'guide s', 'ours s', 'ratio [min–max]', 'wanted', 'sops processes a file', 'peak memory MB', 'API calls']
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)))
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
