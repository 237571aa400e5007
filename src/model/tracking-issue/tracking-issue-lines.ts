// The lines of a tracking issue's list: what one stands for, how it is written, how it is told from a person's own words.
// A line says in words what was last known of its secret, so that a tick beside other words is a person's.
import { nameLimit } from '../markdown/markdown-headline.ts'
import { grouped, listed } from '../markdown/markdown-paths.ts'
import { isDone } from '../report.ts'
import type { ExposedSecret } from '../report.ts'
import { code, plain } from '../safe-text.ts'

/** What has a line of its own: a secret, a file, a folder so many names deep (0: all files together). */
export type Grain = 'secret' | 'file' | number

/** From many lines to one. */
export const grains: readonly Grain[] = ['secret', 'file', 6, 4, 3, 2, 1, 0]

export interface Entry {
  /** The file as Markdown, where secrets stand below it; else empty. */
  readonly group: string
  /** As Markdown. Two names that look the same once they are shortened share a line. */
  readonly label: string
  readonly secrets: readonly ExposedSecret[]
}

/** An item's line, cut up; put together again it is the line. */
export interface Item {
  readonly indent: string
  readonly ticked: boolean
  readonly label: string
  /** Our words; null where a person took them out. */
  readonly words: string | null
  /** A person's, and the end of the line. */
  readonly note: string
}

/** The name of a file above its secrets. */
export interface Header {
  readonly before: string
  readonly label: string
  readonly count: string | null
  readonly note: string
}

const byPerson = ', but ticked by a person'
const allDone = 'all changed or gone'
const itemLine = /^(\s*[-*+] )\[([ xX])\] (<code>.*?<\/code>|the root|all files)(?: <em>(.*?)<\/em>)?(.*)$/s
const headerLine = /^(\s*[-*+] |<details><summary>)(<code>.*?<\/code>)( \((?:\d+ of \d+ left|done)\))?(.*)$/s
const anyTask = /^\s*[-*+] \[ \] /

export function entriesOf(exposure: readonly ExposedSecret[], grain: Grain): readonly Entry[] {
  const groupOf = ({ file }: ExposedSecret): string => (grain === 'secret' ? nameAt(file, grain) : '')
  const labelOf = ({ file, key }: ExposedSecret): string => (grain === 'secret' ? code(key) : nameAt(file, grain))
  const groups = grouped(exposure, (secret) => `${groupOf(secret)}\0${labelOf(secret)}`)
  return [...groups].map(([key, secrets]) => {
    const [group = '', label = ''] = key.split('\0')
    return { group, label, secrets }
  })
}

/** What stands for a file: above its secrets, or else on the line that it shares with others. */
export function nameAt(file: string, grain: Grain): string {
  if (grain === 'secret' || grain === 'file') return code(file)
  if (grain === 0) return 'all files'
  const folder = file.split('/').slice(0, -1).slice(0, grain).map((name) => `${name}/`).join('')
  return folder === '' ? 'the root' : code(folder)
}

/** What is known of the entry. `readers` are all that could read anything; who alone could read this is named. */
export function wordsOf({ secrets }: Entry, readers: readonly string[], tickedByPerson: boolean): string {
  const left = secrets.filter((secret) => !isDone(secret)).length
  const [only] = secrets
  const said = secrets.length === 1 && only !== undefined ? `${stateWords(only)}${some(only, readers)}`
    : left === 0 ? allDone : `${left} of ${secrets.length} to change`
  return tickedByPerson ? `${said}${byPerson}` : said
}

function stateWords({ state, reason }: ExposedSecret): string {
  switch (state) {
    case 'current': return 'still in use'
    case 'changed-too-early': return 'changed too early: the new value could be read too'
    case 'unknown': return `not known${reason === null ? '' : ` (${plain(reason, 200)})`}`
    case 'changed': return 'changed'
    case 'removed': return 'no longer there'
  }
}

function some({ readBy }: ExposedSecret, readers: readonly string[]): string {
  return readBy.length < readers.length ? `, read by ${listed(readBy.map((reader) => plain(reader, nameLimit)))} only` : ''
}

/** How many secrets the words leave to be changed; more than any number where there are no words. */
export function leftIn(words: string | null): number {
  if (words === null) return Infinity
  const is = (said: string): boolean => words === said || words.startsWith(`${said},`)
  if (is('changed') || is('no longer there') || is(allDone)) return 0
  return Number(/^(\d+) of \d+ to change/.exec(words)?.[1] ?? 1)
}

export function isTooEarly(words: string | null): boolean {
  return words?.startsWith('changed too early') === true
}

/** Whether an earlier run already saw that a person ticked it. */
export function isSeenTick(words: string | null): boolean {
  return words?.endsWith(byPerson) === true
}

export function parseItem(line: string): Item | null {
  const [, indent, box, label, words = null, note] = itemLine.exec(line) ?? []
  if (indent === undefined || label === undefined || note === undefined) return null
  return { indent, ticked: box !== ' ', label, words, note }
}

export function itemText({ indent, ticked, label, words, note }: Item): string {
  return `${indent}[${ticked ? 'x' : ' '}] ${label}${words === null ? '' : ` <em>${words}</em>`}${note}`
}

export function parseHeader(line: string): Header | null {
  const [, before, label, count = null, note] = headerLine.exec(line) ?? []
  return before === undefined || label === undefined || note === undefined ? null : { before, label, count, note }
}

export function headerText({ before, label, count, note }: Header): string {
  return `${before}${label}${count ?? ''}${note}`
}

export function countText(left: number, all: number): string {
  return left === 0 ? ' (done)' : ` (${left} of ${all} left)`
}

/** Also one of a person's own. */
export function isOpenTask(line: string): boolean {
  return anyTask.test(line)
}
