// Who can read how many files of each environment, as a table for the summary.
// Must never let a reader or a file go uncounted, nor take a part of a file for the whole of it.
import type { AccessMap, Reader } from '../access/access-map.ts'
import { isSharedKey } from '../access/access-map.ts'
import { count, folded, grouped, listed, pathLines } from './markdown-paths.ts'
import type { Room } from './markdown-paths.ts'
import { code, plain } from '../safe-text.ts'

const nameLimit = 60
/** A longer table is folded away. */
const openRows = 12
const mostRows = 200
const namesInRow = 20

interface Row {
  readonly readers: readonly Reader[]
  /** One a column of the map's environments. */
  readonly files: readonly number[]
  readonly total: number
  readonly some: boolean
}

/**
 * A table of readers by environments; readers of the very same files share a row, those who read most come first. Then what of
 * it calls for a look. Empty where nothing is encrypted.
 */
export function accessTable(map: AccessMap, room: Room): string {
  const { files, environments, readers } = map
  if (files.length === 0) return ''
  const all = rowsOf(map)
  const rows = all.slice(0, Math.min(room.files, mostRows))
  const left = all.slice(rows.length).reduce((sum, row) => sum + row.readers.length, 0)
  const table = rows.length === 0 ? '' : [
    `| Reader | ${environments.map((one) => one ?? 'no environment').join(' | ')} | Files |`,
    `| --- |${' ---: |'.repeat(environments.length + 1)}`,
    ...rows.map((row) =>
      `| ${[namesOf(row), ...[...row.files, row.total].map((number) => (number === 0 ? '–' : number))].join(' | ')} |`),
  ].join('\n')
  const more = left === 0 ? '' : `and ${count(left, 'more reader')}.`
  const counts = `${count(files.length, 'file')}, ${count(readers.length, 'reader')}`
  const parts = [table, more].filter((part) => part !== '').join('\n\n')
  return [
    table === '' ? `${counts}.` : rows.length > openRows ? folded(counts, parts) : parts,
    notes(map, room),
  ].filter((part) => part !== '').join('\n\n')
}

function rowsOf({ files, environments, readers }: AccessMap): readonly Row[] {
  const columns = new Map(environments.map((one, at) => [one, at]))
  const own = readers.map((): { path: string; column: number; alone: boolean }[] => [])
  for (const { path, environment, grants } of files) {
    for (const { reader, alone } of grants) own[reader]?.push({ path, column: columns.get(environment) ?? 0, alone })
  }
  const rows = readers.map((reader, at) => {
    const reads = own[at] ?? []
    const row: Row = {
      readers: [reader],
      files: environments.map((_, column) => reads.filter((one) => one.column === column).length),
      total: reads.length,
      some: reads.some(({ alone }) => !alone),
    }
    // A key that nobody is known to hold does not hide among those of people.
    return { row, what: JSON.stringify([reader.owned, isSharedKey(reader), reads.map(({ path, alone }) => [path, alone])]) }
  })
  return [...grouped(rows, ({ what }) => what).values()]
    .flatMap((same) => same.slice(0, 1).map(({ row }) => ({ ...row, readers: same.flatMap((one) => one.row.readers) })))
    .sort((a, b) => b.total - a.total)
}

function namesOf({ readers, some }: Row): string {
  const names = listed(readers.map(({ name, owned }) => (owned ? plain(name, nameLimit) : code(name, 80))), namesInRow)
  const [first] = readers
  const marks = [
    ...(first?.owned === false ? ['no known owner'] : []),
    ...(first !== undefined && isSharedKey(first) ? ['key service'] : []),
    ...(some ? ['of some only a part'] : []),
  ]
  return marks.length === 0 ? names : `${names} (${marks.join(', ')})`
}

function notes({ files, readers, unread }: AccessMap, room: Room): string {
  const lone = files.filter(({ indispensable }) => indispensable.length > 0).map(({ path }) => path)
  const nameless = readers.filter(({ owned }) => !owned).length
  const parts = files.filter(({ needs }) => needs !== null).length
  const few = Math.min(room.files, 20)
  return [
    ...(lone.length === 0 ? [] : [
      `- ${count(lone.length, 'file opens', 'files open')} only with the key of one reader: `
        + `if that is lost, so ${lone.length === 1 ? 'is it' : 'are they'}.`,
      ...(few === 0 ? [] : pathLines(lone, few).map((line) => `  ${line}`)),
    ]),
    ...(nameless === 0 ? [] : [`- ${count(nameless, 'key has', 'keys have')} no known owner.`]),
    ...(readers.some(isSharedKey)
      ? ['- A key of a key service is one reader but many people: the service decides (in IAM) who may use it.'] : []),
    ...(parts === 0 ? []
      : [`- ${count(parts, 'file takes', 'files take')} keys of several groups: a reader of one may hold only a part.`]),
    ...(unread.length === 0 ? [] : [`- ${count(unread.length, 'file')} could not be read, so that their readers are not in it.`]),
  ].join('\n')
}
