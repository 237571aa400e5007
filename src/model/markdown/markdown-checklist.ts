// The secrets someone could read, to be ticked off one by one; where there are too many, by file or by folder.
// Must never leave a secret out of its count, nor tick what is not known to be changed.
import { byFolder, count, folded, grouped, listed } from './markdown-paths.ts'
import type { Folder, Room } from './markdown-paths.ts'
import { nameLimit } from './markdown-headline.ts'
import { environmentOf } from '../plan/policy.ts'
import { isDone } from '../report.ts'
import type { ExposedSecret, SecretState } from '../report.ts'
import { code, plain } from '../safe-text.ts'

const foldBeyond = 60
const mostFolders = 200
const mostFolded = 40

const counted: Readonly<Record<SecretState, string>> = {
  current: 'in use as they knew it', 'changed-too-early': 'changed while they could read the new value too', unknown: 'not to be told',
  changed: 'changed', removed: 'removed',
}

/** How many are in which state, the open ones first: `3 in use as they knew it, 1 changed`. */
export function stateCounts(exposure: readonly ExposedSecret[]): string {
  const by = grouped(exposure, ({ state }) => state)
  return (Object.entries(counted) as [SecretState, string][])
    .flatMap(([state, words]) => (by.has(state) ? [`${by.get(state)?.length ?? 0} ${words}`] : [])).join(', ')
}

/** A task list. Secrets that only some of `readers` could read say who, as long as there is a line for each secret. */
export function checklist(exposure: readonly ExposedSecret[], readers: readonly string[], room: Room): string {
  const files = grouped(exposure, ({ file }) => file)
  const each = 'Tick each once its value has been changed.'
  if (room.secrets === 0) return 'The report lists them.'
  if (exposure.length <= room.secrets) {
    const reasons = oftenGiven(exposure)
    const legend = [...reasons].map(([reason, mark]) => `\n\nNot to be told${mark}: ${plain(reason, 400)}.`).join('')
    return `${each}${legend}\n\n${byEnvironment(files, (paths) => bySecret(paths, { readers, reasons }, exposure.length > foldBeyond))}`
  }
  const what = files.size <= room.secrets ? 'file' : 'folder'
  const lines = what === 'file'
    ? [...files].map(([file, secrets]) => `${box(secrets)} ${code(file)} (${secretCount(secrets)})`)
    : byFolder([...files.keys()], Math.min(room.secrets, mostFolders)).map((folder) => `${box(secretsOf(folder, files))} ${titleOf(folder, files)}`)
  const list = lines.length > foldBeyond ? folded(count(lines.length, what), lines.join('\n')) : lines.join('\n')
  return `Tick each ${what} once every value in it has been changed; the report names them.\n\n${list}`
}

type Secrets = ReadonlyMap<string, readonly ExposedSecret[]>

/** What is said above the list, so that its lines need not say it again. */
interface Told {
  readonly readers: readonly string[]
  /** By reason, what a line has in its place. */
  readonly reasons: ReadonlyMap<string, string>
}

/** More lines than this with the same reason, and it is said once. */
const mostRepeats = 3

/** The reasons that many give, each with a letter where there are several. */
function oftenGiven(exposure: readonly ExposedSecret[]): Told['reasons'] {
  const untold = exposure.filter(({ state, reason }) => state === 'unknown' && reason !== null)
  const often = [...grouped(untold, ({ reason }) => reason ?? '')].filter(([, secrets]) => secrets.length > mostRepeats).map(([reason]) => reason)
  return new Map(often.map((reason, at) => [reason, often.length === 1 ? '' : ` (${String.fromCharCode(97 + at % 26)})`]))
}

/** Under a heading each, where paths speak of environments at all. */
function byEnvironment(files: Secrets, list: (files: Secrets) => string): string {
  const environments = grouped([...files], ([file]) => environmentOf(file) ?? '')
  if (environments.size === 1 && environments.has('')) return list(files)
  const inOrder = [...environments].sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1))
  return inOrder.map(([environment, inside]) => {
    const secrets = inside.flatMap(([, each]) => each)
    return `**${environment === '' ? 'Elsewhere' : environment}** (${secretCount(secrets)})\n\n${list(new Map(inside))}`
  }).join('\n\n')
}

/** Beyond `foldBeyond` secrets a folder is opened one at a time. */
function bySecret(files: Secrets, { readers, reasons }: Told, fold: boolean): string {
  const item = (secret: ExposedSecret): string => {
    const { key, readBy } = secret
    const notes = [...(readBy.length < readers.length ? [listed(readBy.map((reader) => plain(reader, nameLimit)))] : []), ...noteOn(secret, reasons)]
    return `${box([secret])} ${code(key)}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`
  }
  const list = (paths: readonly string[], from: number): string => paths.map((path) => {
    const secrets = files.get(path) ?? []
    return [`- ${code(path.slice(from))} (${secrets.length}${sinceOf(secrets)})`, ...secrets.map((one) => `  ${item(one)}`)].join('\n')
  }).join('\n')
  if (!fold) return list([...files.keys()], 0)
  const folders = byFolder([...files.keys()], mostFolded)
  return folders.map((folder) => folded(titleOf(folder, files), list(folder.paths, folder.name.length))).join('\n\n')
}

function noteOn({ state, reason }: ExposedSecret, reasons: Told['reasons']): readonly string[] {
  // That it stands elsewhere now is the one thing to say of a value in use.
  if (state === 'current') return reason === null ? [] : [plain(reason, 200)]
  const mark = reasons.get(reason ?? '')
  if (state === 'unknown') return [mark === undefined ? `not to be told: ${plain(reason ?? '', 120)}` : `not to be told${mark}`]
  return [state === 'changed-too-early' ? 'changed too early: the new value could be read too' : state]
}

/** The day from which on any of them could be read. */
function sinceOf(secrets: readonly ExposedSecret[]): string {
  const [first] = secrets.flatMap(({ since }) => since ?? []).sort()
  return first === undefined ? '' : `, since ${first.slice(0, 10)}`
}

/** Ticked is what is done with altogether. */
function box(secrets: readonly ExposedSecret[]): string {
  return secrets.every(isDone) ? '- [x]' : '- [ ]'
}

function secretCount(secrets: readonly ExposedSecret[]): string {
  const done = secrets.filter(isDone).length
  return `${count(secrets.length, 'secret')}${done === 0 ? '' : `, ${done} done`}`
}

function secretsOf({ paths }: Folder, files: Secrets): readonly ExposedSecret[] {
  return paths.flatMap((path) => files.get(path) ?? [])
}

function titleOf(folder: Folder, files: Secrets): string {
  const secrets = secretsOf(folder, files)
  const [only = ''] = folder.paths
  return folder.paths.length === 1 ? `${code(only)} (${secretCount(secrets)})`
    : `${folder.title} (${count(secrets.length, 'secret')} in ${count(folder.paths.length, 'file')}${secrets.some(isDone) ? `, ${secrets.filter(isDone).length} done` : ''})`
}
