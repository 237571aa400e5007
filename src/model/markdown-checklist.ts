// The secrets someone could read, to be ticked off one by one; where there are too many, by file or by folder.
// Must never leave a secret out of its count.
import { byFolder, count, folded, grouped, listed } from './markdown-paths.ts'
import type { Folder, Room } from './markdown-paths.ts'
import { nameLimit } from './markdown-headline.ts'
import type { ExposedSecret } from './report.ts'
import { code, plain } from './safe-text.ts'

const foldBeyond = 60
const mostFolders = 200
const mostFolded = 40

/** A task list. Secrets that only some of `readers` could read say who, as long as there is a line for each secret. */
export function checklist(exposure: readonly ExposedSecret[], readers: readonly string[], room: Room): string {
  const files = grouped(exposure, ({ file }) => file)
  const each = 'Tick each once its value has been changed.'
  if (room.secrets === 0) return 'The report lists them.'
  if (exposure.length <= room.secrets) return `${each}\n\n${bySecret(files, readers, exposure.length > foldBeyond)}`
  const what = files.size <= room.secrets ? 'file' : 'folder'
  const lines = what === 'file'
    ? [...files].map(([file, secrets]) => `- [ ] ${code(file)} (${count(secrets.length, 'secret')})`)
    : byFolder([...files.keys()], Math.min(room.secrets, mostFolders)).map((folder) => `- [ ] ${titleOf(folder, files)}`)
  const list = lines.length > foldBeyond ? folded(count(lines.length, what), lines.join('\n')) : lines.join('\n')
  return `Tick each ${what} once every value in it has been changed; the report names them.\n\n${list}`
}

/** Beyond `foldBeyond` secrets a folder is opened one at a time. */
function bySecret(files: ReadonlyMap<string, readonly ExposedSecret[]>, readers: readonly string[], fold: boolean): string {
  const item = ({ key, readBy }: ExposedSecret): string => {
    const some = readBy.length < readers.length ? ` (${listed(readBy.map((reader) => plain(reader, nameLimit)))})` : ''
    return `- [ ] ${code(key)}${some}`
  }
  const list = (paths: readonly string[], from: number): string => paths.map((path) => {
    const secrets = files.get(path) ?? []
    return [`- ${code(path.slice(from))} (${secrets.length})`, ...secrets.map((one) => `  ${item(one)}`)].join('\n')
  }).join('\n')
  if (!fold) return list([...files.keys()], 0)
  const folders = byFolder([...files.keys()], mostFolded)
  return folders.map((folder) => folded(titleOf(folder, files), list(folder.paths, folder.name.length))).join('\n\n')
}

function titleOf({ title, paths }: Folder, files: ReadonlyMap<string, readonly ExposedSecret[]>): string {
  const secrets = paths.reduce((sum, path) => sum + (files.get(path)?.length ?? 0), 0)
  const [only = ''] = paths
  return paths.length === 1 ? `${code(only)} (${count(secrets, 'secret')})`
    : `${title} (${count(secrets, 'secret')} in ${count(paths.length, 'file')})`
}
