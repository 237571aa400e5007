// What changed between two texts, line by line, for the report and for the proof of an edit.
// Must never be applied as a patch: it shows lines without their line ends.

export interface DiffLine {
  readonly op: ' ' | '-' | '+'
  readonly line: string
}

/** The lines of both texts in order (without CR and LF), in the fewest insertions and deletions. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)]
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1
  const same = (line: string): DiffLine => ({ op: ' ', line })
  return [
    ...a.slice(0, head).map(same),
    ...shortestScript(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(same),
  ]
}

/**
 * The change as people read it: lines that start with ' ', '-' or '+', two lines of context, '@@' between hunks.
 * Empty when nothing differs; no newline at the end.
 */
export function lineDiff(before: string, after: string): string {
  const lines = diffLines(before, after)
  const near = (at: number): boolean => lines.slice(Math.max(0, at - 2), at + 3).some(({ op }) => op !== ' ')
  const shown: string[] = []
  let last = -1
  for (const [at, { op, line }] of lines.entries()) {
    if (!near(at)) continue
    if (last >= 0 && at !== last + 1) shown.push('@@')
    shown.push(op + line)
    last = at
  }
  return shown.join('\n')
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** Myers' greedy search: for each number of edits, how far each diagonal gets; then the way back. */
function shortestScript(a: readonly string[], b: readonly string[]): DiffLine[] {
  const reach = new Map<number, number>([[1, 0]])
  const steps: Map<number, number>[] = []
  const down = (at: Map<number, number>, k: number, d: number): boolean =>
    k === -d || (k !== d && (at.get(k - 1) ?? -1) < (at.get(k + 1) ?? -1))
  for (let d = 0, done = false; !done; d += 1) {
    steps.push(new Map(reach))
    for (let k = -d; k <= d && !done; k += 2) {
      let x = down(reach, k, d) ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1
      reach.set(k, x)
      done = x >= a.length && x - k >= b.length
    }
  }
  const script: DiffLine[] = []
  let [x, y] = [a.length, b.length]
  for (let d = steps.length - 1; d >= 0; d -= 1) {
    const at = steps[d] ?? new Map<number, number>()
    const k = x - y
    const from = down(at, k, d) ? k + 1 : k - 1
    const [startX, startY] = [at.get(from) ?? 0, (at.get(from) ?? 0) - from]
    for (; x > startX && y > startY && x > 0 && y > 0; x -= 1, y -= 1) script.push({ op: ' ', line: a[x - 1] ?? '' })
    if (d === 0) break
    script.push(x === startX ? { op: '+', line: b[startY] ?? '' } : { op: '-', line: a[startX] ?? '' })
    x = startX
    y = startY
  }
  return script.reverse()
}
