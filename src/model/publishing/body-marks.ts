// The hidden lines below the text of a pull request: for which plan and request it is, which title we gave it, what it got besides.
// Must never take for ours what stands in a line with other words, as in the diff of a config, nor lose a word of a person's.

/**
 * `fingerprint`: of the plan, while the pull request is open or where a person closed it. `settled`: the same, where we closed it.
 * `request`: whatever the plan. `title`: the one we gave it. `added`: the labels, people and milestone that it got.
 */
export type MarkName = 'fingerprint' | 'settled' | 'request' | 'title' | 'added'

/** Hexadecimal values. */
export type Marks = Readonly<Partial<Record<MarkName, string>>>

const marks = /^<!-- sops-rekey ([a-z]+)=([0-9a-f]+) -->[ \t]*\r?$/gm

/** Of each name the last: a person may have copied others above it. */
export function marksIn(body: string): Marks {
  return Object.fromEntries([...body.matchAll(marks)].map(([, name = '', value = '']) => [name, value]))
}

/** Whether the text no longer says for which plan it is, because a person wrote it anew. */
export function lacksPlan(body: string): boolean {
  const { fingerprint, settled } = marksIn(body)
  return fingerprint === undefined && settled === undefined
}

/** `body` with `wanted` at its end, in the place of those that it has of these names. */
export function withMarks(body: string, wanted: Marks): string {
  const text = without(body, Object.keys(wanted)).trimEnd()
  const lines = Object.entries(wanted).map(([name, value]) => `<!-- sops-rekey ${name}=${value} -->`)
  const between = text === '' ? '' : /^<!-- sops-rekey [a-z]+=[0-9a-f]+ -->$/.test(text.slice(text.lastIndexOf('\n') + 1)) ? '\n' : '\n\n'
  return `${text}${between}${lines.join('\n')}\n`
}

/** The body of a pull request that we close ourselves: it no longer counts as one that a person closed. */
export function settledBody(body: string, fingerprint: string): string {
  return withMarks(without(body, ['fingerprint']), { settled: fingerprint })
}

function without(body: string, names: readonly string[]): string {
  return body.replace(new RegExp(`${marks.source}\\n?`, 'gm'), (line, name: string) => (names.includes(name) ? '' : line))
}
