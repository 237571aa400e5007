// The list of secrets in a tracking issue: written anew, or brought up to date in the lines that are there.
// Must never change a line that is not ours, nor take away a tick that a person set while nothing got worse.
import type { FormerPaths } from '../exposure/former-paths.ts'
import { folded, grouped } from '../markdown/markdown-paths.ts'
import { environmentOf } from '../plan/policy.ts'
import { isDone } from '../report.ts'
import type { ExposedSecret } from '../report.ts'
import {
  countText, entriesOf, headerText, isOpenTask, isSeenTick, isTooEarly, itemText, leftIn, parseHeader, parseItem, wordsOf,
} from './tracking-issue-lines.ts'
import type { Entry, Grain, Item } from './tracking-issue-lines.ts'
import { renamesIn } from './tracking-issue-renames.ts'

/** What is worth telling people about a line; in the order in which it is told. */
export const newsKinds = ['back', 'added', 'too-early', 'ticked', 'done'] as const
export type NewsKind = (typeof newsKinds)[number]

export interface Verdict {
  readonly entry: Entry
  readonly ticked: boolean
  readonly words: string
  readonly news: NewsKind | null
}

export interface MergedList {
  readonly lines: readonly string[]
  readonly verdicts: readonly Verdict[]
  /** Nothing is left to be ticked, tasks of a person's own among the lines included. */
  readonly complete: boolean
}

const foldBeyond = 60

/** `prior` is the line of the last run, with what people did to it; null where there is none. */
export function judge(entry: Entry, prior: Item | null, readers: readonly string[]): Verdict {
  const left = entry.secrets.filter((secret) => !isDone(secret)).length
  const tell = (ticked: boolean, news: NewsKind | null): Verdict =>
    ({ entry, ticked, news, words: wordsOf(entry, readers, ticked && left > 0) })
  if (prior === null) return left === 0 ? tell(true, null) : tell(false, 'added')
  const leftBefore = leftIn(prior.words)
  // A tick that a person took from what is done stays away.
  if (left === 0) return leftBefore === 0 ? tell(prior.ticked, null) : tell(true, 'done')
  // What an earlier run was sure of, one that can tell no more (its key is another) does not take back.
  const isUntold = entry.secrets.every((secret) => isDone(secret) || secret.state === 'unknown')
  if (leftBefore === 0 && isUntold && prior.words !== null) return { entry, ticked: prior.ticked, news: null, words: prior.words }
  if (left > leftBefore) return tell(false, 'back')
  if (prior.ticked) return tell(true, isSeenTick(prior.words) ? null : 'ticked')
  const { words } = tell(false, null)
  return tell(false, isTooEarly(words) && !isTooEarly(prior.words) ? 'too-early' : null)
}

/**
 * Brings `lines` up to date: the ticks and words of lines that stand for a secret, the counts beside files. What has no line
 * yet gets one, above the others of its file or at the end, unless it is done. A file's lines under a path that it had before are
 * its lines, under the path that it has now; where it has others already, they are done when those are. All else stays, in its order.
 */
export function mergeList(
  lines: readonly string[], exposure: readonly ExposedSecret[], grain: Grain, readers: readonly string[], former: FormerPaths,
): MergedList {
  const entries = new Map(entriesOf(exposure, grain).map((entry) => [keyOf(entry.group, entry.label), entry]))
  const { nameNow, heirsOf } = renamesIn(lines, entries.values(), grain, former)
  const verdicts = new Map<string, Verdict>()
  const followed: Counted[] = []
  const firstOf = new Map<string, { readonly at: number; readonly indent: string }>()
  let group = ''
  const merged = lines.map((line, at) => {
    const item = parseItem(line)
    if (item === null) {
      const header = grain === 'secret' ? parseHeader(line) : null
      if (header === null) return line
      group = nameNow(header.label)
      // Without a count, and without a line of ours below it, it is a person's word about the file.
      const isOurs = header.count !== null || parseItem(lines[at + 1] ?? '') !== null
      return isOurs && group !== header.label ? headerText({ ...header, label: group }) : line
    }
    if (!firstOf.has(group)) firstOf.set(group, { at, indent: item.indent })
    const label = grain === 'secret' ? item.label : nameNow(item.label)
    const key = keyOf(group, label)
    const entry = entries.get(key)
    if (entry === undefined) {
      const heirs = grain === 'secret' ? heirsOf(group).map((name) => keyOf(name, label)) : heirsOf(label).map((name) => keyOf(group, name))
      const said = follow(item, heirs.flatMap((one) => entries.get(one) ?? []), readers)
      if (said === null) return line
      followed.push({ group, ticked: said.ticked })
      return itemText(said)
    }
    if (verdicts.has(key)) return line
    const verdict = judge(entry, item, readers)
    verdicts.set(key, verdict)
    return itemText({ ...item, label, ticked: verdict.ticked, words: verdict.words })
  })
  const missing = [...entries].filter(([key]) => !verdicts.has(key)).map(([, entry]) => judge(entry, null, readers))
  const added = [...grouped(missing.filter(({ ticked }) => !ticked), ({ entry }) => entry.group)]
  const listed = [...verdicts.values(), ...added.flatMap(([, fresh]) => fresh)]
  // From the end, so that the places of those before stay.
  const places = added.map(([name, fresh]) => ({ fresh, first: firstOf.get(name) }))
  for (const { fresh, first } of places.sort((a, b) => (b.first?.at ?? -1) - (a.first?.at ?? -1))) {
    if (first !== undefined) merged.splice(first.at, 0, ...fresh.map((one) => lineOf(one, first.indent)))
  }
  const isFolded = lines.some((line) => line.startsWith('<details>'))
  const blocks = places.filter(({ first }) => first === undefined).flatMap(({ fresh }) => fresh)
  const last = merged.findLastIndex((line) => line.trim() !== '') + 1
  if (blocks.length > 0 && !headings(listed).some((one) => merged.some((line) => line.trim() === one))) merged.splice(last, 0, ...fileLines(blocks, isFolded))
  else addBelowHeadings(merged, blocks, isFolded)
  const whole = counted(merged, [...listed.map(({ entry, ticked }): Counted => ({ group: entry.group, ticked })), ...followed])
  return {
    lines: whole, verdicts: [...listed, ...missing.filter(({ ticked }) => ticked)],
    complete: listed.every(({ ticked }) => ticked) && !whole.some(isOpenTask),
  }
}

/** A line whose secret is told on those of `heirs`; as it is until each of them is done. null where there is none. */
function follow(item: Item, heirs: readonly Entry[], readers: readonly string[]): Item | null {
  const [first] = heirs
  if (first === undefined) return null
  if (!heirs.every(({ secrets }) => secrets.every(isDone))) return item
  const { ticked, words } = judge(first, item, readers)
  return { ...item, ticked, words }
}

/** The list as it is first written; a line is ticked where all its secrets are among `ticked`. */
export function renderList(
  exposure: readonly ExposedSecret[], grain: Grain, readers: readonly string[], ticked: ReadonlySet<ExposedSecret>,
): readonly string[] {
  const verdicts = entriesOf(exposure, grain).map((entry): Verdict => {
    const all = entry.secrets.every((secret) => ticked.has(secret))
    const open = entry.secrets.some((secret) => !isDone(secret))
    return { entry, ticked: all, words: wordsOf(entry, readers, all && open), news: null }
  })
  return listLines(verdicts, grain === 'secret' && verdicts.length > foldBeyond)
}

function keyOf(group: string, label: string): string {
  return `${group}\0${label}`
}

function lineOf({ entry: { label }, ticked, words }: Verdict, indent: string): string {
  return itemText({ indent, ticked, label, words, note: '' })
}

/** By environment, each under a heading, where the paths of files speak of any. */
function listLines(verdicts: readonly Verdict[], fold: boolean): readonly string[] {
  const found = headings(verdicts)
  if (found.every((one) => one === elsewhere)) return fileLines(verdicts, fold)
  const lines = found.flatMap((heading) => ['', heading, '', ...fileLines(verdicts.filter((one) => headingOf(one) === heading), fold)])
  return lines.slice(1)
}

const elsewhere = '**Elsewhere**'

function headingOf({ entry: { group, secrets: [first] } }: Verdict): string {
  const environment = group === '' || first === undefined ? null : environmentOf(first.file)
  return environment === null ? elsewhere : `**${environment}**`
}

/** In order, what is of no environment last. */
function headings(verdicts: readonly Verdict[]): readonly string[] {
  return [...new Set(verdicts.map(headingOf))].sort((a, b) => (a === elsewhere ? 1 : b === elsewhere ? -1 : a < b ? -1 : 1))
}

/** Puts files at the end of what stands under their heading; a heading that is not there comes last. */
function addBelowHeadings(lines: string[], verdicts: readonly Verdict[], fold: boolean): void {
  const all = headings(verdicts)
  for (const heading of all) {
    const inside = fileLines(verdicts.filter((one) => headingOf(one) === heading), fold)
    const at = lines.findIndex((line) => line.trim() === heading)
    const next = at < 0 ? -1 : lines.findIndex((line, place) => place > at && anyHeading.test(line))
    const end = lines.findLastIndex((line, place) => line.trim() !== '' && (next < 0 || place < next)) + 1
    lines.splice(end, 0, ...(at < 0 ? ['', heading, ''] : []), ...inside)
  }
}

const anyHeading = /^\*\*[^*]+\*\*\s*$/

function fileLines(verdicts: readonly Verdict[], fold: boolean): readonly string[] {
  return [...grouped(verdicts, ({ entry }) => entry.group)].flatMap(([group, inside]) => {
    if (group === '') return inside.map((one) => lineOf(one, '- '))
    const title = `${group}${countText(inside.filter(({ ticked }) => !ticked).length, inside.length)}`
    if (!fold) return [`- ${title}`, ...inside.map((one) => lineOf(one, '  - '))]
    return ['', ...folded(title, inside.map((one) => lineOf(one, '- ')).join('\n')).split('\n')]
  })
}

/** A line that counts beside the file above it. */
interface Counted {
  readonly group: string
  readonly ticked: boolean
}

/** The counts beside files as they are now; one that a person took out stays out. */
function counted(lines: readonly string[], all: readonly Counted[]): readonly string[] {
  const groups = grouped(all, ({ group }) => group)
  return lines.map((line) => {
    const header = parseItem(line) === null ? parseHeader(line) : null
    const inside = groups.get(header?.label ?? '') ?? []
    if (header === null || header.count === null || inside.length === 0) return line
    return headerText({ ...header, count: countText(inside.filter(({ ticked }) => !ticked).length, inside.length) })
  })
}
