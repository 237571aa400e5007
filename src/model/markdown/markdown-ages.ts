// How old the data keys are, file by file, the oldest first.
// Must never call a key young of which the history says nothing.
import { count, folded, grouped, pathLines } from './markdown-paths.ts'
import type { Room } from './markdown-paths.ts'
import type { ReportedFile } from '../report.ts'

const foldBeyond = 20
const day = 24 * 60 * 60 * 1000

type AgedFile = Pick<ReportedFile, 'path' | 'keySince' | 'dataKey'>

/** Empty where no history was asked. Of a file that gets a new data key it tells the age of the old one. */
export function dataKeyAges({ files, startedAt }: { readonly files: readonly AgedFile[]; readonly startedAt: string }, room: Pick<Room, 'files'>): string {
  const known = files.filter(({ keySince }) => keySince !== null)
  if (known.length === 0) return ''
  if (room.files === 0) return `The report gives the ages of ${count(known.length, 'data key')}.`
  const days = [...grouped(known, ({ keySince }) => keySince?.slice(0, 10) ?? '')].sort(([a], [b]) => (a < b ? -1 : 1))
  const shown = days.slice(0, room.files)
  const lines = shown.map(([since, same]) => {
    const age = Math.floor((Date.parse(startedAt) - Date.parse(since)) / day)
    const names = pathLines(same.map(({ path }) => path), room.files)
    const made = renewed(same)
    const [only = ''] = names
    const list = names.length === 1 ? ` ${only.slice(2)}` : `\n${names.map((name) => `  ${name}`).join('\n')}`
    return `- since ${since} (${count(age, 'day')})${made}:${list}`
  })
  const left = known.length - shown.reduce((sum, [, same]) => sum + same.length, 0)
  const text = [...lines, ...(left > 0 ? [`- and ${count(left, 'file')} with younger ones, see the report`] : [])].join('\n')
  return known.length > foldBeyond ? folded(count(known.length, 'file'), text) : text
}

function renewed(files: readonly AgedFile[]): string {
  const made = files.filter(({ dataKey }) => dataKey === 'new').length
  return made === 0 ? '' : made === files.length ? ', new with this run' : `, new with this run in ${count(made, 'file')}`
}
