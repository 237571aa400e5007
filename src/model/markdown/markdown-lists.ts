// The parts of a summary or pull request that grow with the repository: files, diffs, reasons.
// Must never drop an item without saying how many were dropped.
import { without } from './markdown-account.ts'
import type { Account, Voice } from './markdown-account.ts'
import type { Namer } from './markdown-headline.ts'
import { count, folded, grouped, listed, pathLines } from './markdown-paths.ts'
import type { Room } from './markdown-paths.ts'
import type { Report, ReportedFile, ReportedRecipient } from '../report.ts'
import { code, fenced, plain } from '../safe-text.ts'

/** A table says the same again in each row; beyond so many files, what they have in common is said once. */
const tableLimit = 20

interface Change {
  readonly recipients: string
  readonly dataKey: string
  readonly proof: string
}

function changeOf(file: ReportedFile, name: Namer, voice: Voice): Change {
  const { before, after } = file.recipients
  const signed = (sign: string) => (recipient: ReportedRecipient): string => `${sign}${name(recipient)}`
  const moves = [...without(before, after).map(signed('−')), ...without(after, before).map(signed('+'))]
  const unproven = voice === 'would' ? 'to come' : voice === 'open' ? 'in the pull request' : '✖ none'
  return {
    recipients: listed(moves, 4) || 'as before',
    dataKey: file.dataKey === 'new' ? 'new data key' : 'as before',
    proof: file.verified ? 'same values ✔' : unproven,
  }
}

/** A table of the changed files, or what is done to how many of them, folder by folder. */
export function changedFiles({ changed, voice }: Account, name: Namer, room: Room): string {
  if (changed.length === 0) return ''
  if (room.files === 0) return `The report lists the ${count(changed.length, 'file')}.`
  const rows = changed.map((file) => ({ path: file.path, change: changeOf(file, name, voice) }))
  if (rows.length <= Math.min(tableLimit, room.files)) {
    return [
      '| File | Recipients | Data key | Proof |',
      '| --- | --- | --- | --- |',
      ...rows.map(({ path, change }) => `| ${[code(path), change.recipients, change.dataKey, change.proof].join(' | ')} |`),
    ].join('\n')
  }
  const kinds = [...grouped(rows, ({ change }) => JSON.stringify(change)).values()].sort((a, b) => b.length - a.length)
  const parts = kinds.slice(0, room.files).map((kind) => {
    const lines = pathLines(kind.map(({ path }) => path), room.files).join('\n')
    return kinds.length === 1 ? lines : `**${kindOf(kind)}**\n\n${lines}`
  })
  const left = kinds.slice(room.files).reduce((sum, kind) => sum + kind.length, 0)
  if (left > 0) parts.push(`and ${count(left, 'more file')} with other changes, see the report.`)
  else if (changed.length > room.files) parts.push('The report names every file.')
  const [only = []] = kinds
  return folded(kinds.length === 1 ? kindOf(only) : count(changed.length, 'file'), parts.join('\n\n'))
}

/** `60 files: −bob, new data key, same values ✔`, for files that all changed in the same way. */
function kindOf(files: readonly { readonly change: Change }[]): string {
  const parts = files.slice(0, 1).flatMap(({ change: { recipients, dataKey, proof } }) => [
    recipients === 'as before' ? 'recipients as before' : recipients,
    dataKey === 'as before' ? 'data key as before' : dataKey,
    proof === 'to come' || proof === '✖ none' ? `proof: ${proof}` : proof,
  ])
  return `${count(files.length, 'file')}: ${parts.join(', ')}`
}

export function configDiffs({ configs }: Report, room: Room): string {
  const shown = configs.slice(0, room.files).map(({ path, diff }) => {
    const lines = diff.replace(/\n$/, '').split('\n')
    const left = lines.length - room.diffLines
    const block = fenced('diff', lines.slice(0, room.diffLines))
    return `${code(path)}\n\n${block}${left > 0 ? `\n\nand ${count(left, 'more line')} of it.` : ''}`
  })
  const left = configs.length - shown.length
  if (left > 0) shown.push(`${shown.length === 0 ? count(left, 'config') : `and ${count(left, 'more config')}`}, see the report.`)
  return shown.join('\n\n')
}

/** Files with the same reason are named together, with `namesOf` how many of them at most. */
export function reasons(files: readonly ReportedFile[], room: Room, namesOf = room.files): string {
  const groups = [...grouped(files, ({ reason }) => reason)]
  const shown = groups.slice(0, room.files)
  const lines = shown.map(([reason, same]) => {
    const paths = same.map(({ path }) => path)
    if (same.length <= 3) return `- ${listed(paths.map((path) => code(path)))}: ${plain(reason)}`
    const nested = namesOf === 0 ? '' : `\n${pathLines(paths, namesOf).map((line) => `  ${line}`).join('\n')}`
    return `- ${count(same.length, 'file')}: ${plain(reason)}${nested}`
  })
  const left = files.length - shown.reduce((sum, [, same]) => sum + same.length, 0)
  if (left > 0) lines.push(`${lines.length === 0 ? count(left, 'file') : `\nand ${count(left, 'more file')}`}, see the report.`)
  return lines.join('\n')
}
