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

/** A stretch of both texts: offsets of lines, the ends not included. */
interface Box {
  readonly from: readonly [a: number, b: number]
  readonly to: readonly [a: number, b: number]
}

/**
 * Myers' search in linear space: what both begin and end with is the same; of the rest the middle of a shortest way is found
 * from both ends, and each half is searched anew. Of what takes each other's place the old lines come first.
 */
function shortestScript(a: readonly string[], b: readonly string[]): DiffLine[] {
  const numbers = new Map<string, number>()
  const numbered = (lines: readonly string[]): Int32Array => Int32Array.from(lines, (line) => {
    const number = numbers.get(line) ?? numbers.size
    numbers.set(line, number)
    return number
  })
  const [left, right] = [numbered(a), numbered(b)]
  const size = a.length + b.length + 3
  const [reachA, reachB] = [new Int32Array(2 * size), new Int32Array(2 * size)]
  const [gone, come] = [new Uint8Array(a.length), new Uint8Array(b.length)]
  const waiting: Box[] = [{ from: [0, 0], to: [a.length, b.length] }]
  for (let box = waiting.pop(); box !== undefined; box = waiting.pop()) {
    const { from: [fromA, fromB], to: [toA, toB] } = trimmed(left, right, box)
    if (fromA === toA || fromB === toB) {
      gone.fill(1, fromA, toA)
      come.fill(1, fromB, toB)
      continue
    }
    const { from, to } = middle(left, right, { from: [fromA, fromB], to: [toA, toB] }, reachA, reachB)
    waiting.push({ from: [fromA, fromB], to: from }, { from: to, to: [toA, toB] })
  }
  const script: DiffLine[] = []
  for (let [x, y] = [0, 0]; x < a.length || y < b.length;) {
    if (gone[x] === 1) script.push({ op: '-', line: a[x++] ?? '' })
    else if (come[y] === 1) script.push({ op: '+', line: b[y++] ?? '' })
    else {
      script.push({ op: ' ', line: a[x++] ?? '' })
      y += 1
    }
  }
  return script
}

function trimmed(a: Int32Array, b: Int32Array, { from, to }: Box): Box {
  let [[fromA, fromB], [toA, toB]] = [from, to]
  for (; fromA < toA && fromB < toB && a[fromA] === b[fromB]; fromA += 1) fromB += 1
  for (; fromA < toA && fromB < toB && a[toA - 1] === b[toB - 1]; toA -= 1) toB -= 1
  return { from: [fromA, fromB], to: [toA, toB] }
}

/** The lines that are the same in the middle of a shortest way through the box, from which both ways to the ends are shorter. */
function middle(a: Int32Array, b: Int32Array, { from, to }: Box, forward: Int32Array, backward: Int32Array): Box {
  const [[fromA, fromB], [toA, toB]] = [from, to]
  const [width, height] = [toA - fromA, toB - fromB]
  const [skew, zero] = [width - height, forward.length >> 1]
  const start = (reach: Int32Array, k: number, d: number): number => {
    const [below, above] = [reach[zero + k - 1] ?? 0, reach[zero + k + 1] ?? 0]
    return k === -d || (k !== d && below < above) ? above : below + 1
  }
  forward[zero + 1] = 0
  backward[zero + 1] = 0
  for (let d = 0; ; d += 1) {
    for (let k = -d; k <= d; k += 2) {
      const first = start(forward, k, d)
      let x = first
      while (x < width && x - k < height && a[fromA + x] === b[fromB + x - k]) x += 1
      forward[zero + k] = x
      if (skew % 2 === 0 || Math.abs(skew - k) > d - 1 || x + (backward[zero + skew - k] ?? 0) < width) continue
      return { from: [fromA + first, fromB + first - k], to: [fromA + x, fromB + x - k] }
    }
    for (let k = -d; k <= d; k += 2) {
      const first = start(backward, k, d)
      let x = first
      while (x < width && x - k < height && a[toA - 1 - x] === b[toB - 1 - x + k]) x += 1
      backward[zero + k] = x
      if (skew % 2 !== 0 || Math.abs(skew - k) > d || x + (forward[zero + skew - k] ?? 0) < width) continue
      return { from: [toA - x, toB - x + k], to: [toA - first, toB - first + k] }
    }
  }
}
