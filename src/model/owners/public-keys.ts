// A list of public keys, a line each, with the names that stand beside and above them.
// Must never let a name below one key pass for that of the next one.
import { nameInComment } from './owners.ts'
import type { OwnedRecipient } from './owners.ts'
import type { UntoldName } from './untold.ts'
import { parseRecipient } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import { nameOnLine } from '../sops-config/names.ts'

export interface PublicKeys {
  readonly owners: readonly OwnedRecipient[]
  /** Names on lines of their own, where these may be about the keys above or below them, or about several. */
  readonly untold: readonly UntoldName[]
}

interface Line {
  readonly at: number
  readonly kind: 'key' | 'comment' | 'end'
  /** null for a comment, and for what looks like a key and is none that is known here. */
  readonly recipient: Recipient | null
  readonly name: string | null
}

/**
 * The keys with their names: `age1… bob`, `age1… # bob`, `ssh-… AAAA bob@laptop`, or `# bob` on the line above. A key without a
 * name, and every line that does not begin with a key, is left out. Lines of their own name nobody in a file where one of them
 * stands behind the last key of a block of lines or over several, or where a key in a block with some has none above it.
 */
export function readPublicKeys(path: string, text: string): PublicKeys {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/).map(lineOf)
  const told = blocksOf(lines).every(areAbove)
  const owners: OwnedRecipient[] = []
  const untold: UntoldName[] = []
  for (const [index, { at, kind, recipient, name }] of lines.entries()) {
    if (kind === 'comment' && name !== null && !told) untold.push({ name, path, line: at })
    if (kind !== 'key' || recipient === null) continue
    const [above, before] = [lines[index - 1], lines[index - 2]]
    const label = told && above?.kind === 'comment' && !(before?.kind === 'comment' && before.name !== null) ? above.name : null
    const its = name ?? label
    if (its !== null) owners.push({ recipient, name: its, from: 'public-keys', path, line: at })
  }
  return { owners, untold }
}

/** Parted by empty lines, and by those that are neither. */
function blocksOf(lines: readonly Line[]): readonly (readonly Line[])[] {
  const blocks: Line[][] = [[]]
  for (const line of lines) {
    if (line.kind === 'end') blocks.push([])
    else blocks.at(-1)?.push(line)
  }
  return blocks
}

/** Whether the comments among the keys of a block, if any, can only be about the one key right below each. */
function areAbove(block: readonly Line[]): boolean {
  const isLabel = (line: Line | undefined): boolean => line?.kind === 'comment' && line.name !== null
  const last = block.findLastIndex(({ kind }) => kind === 'key')
  if (last === -1 || !block.some(isLabel)) return true
  return !block.slice(last).some(isLabel)
    && block.every((line, at) => line.kind !== 'key' || line.name !== null || isLabel(block[at - 1]))
}

function lineOf(line: string, index: number): Line {
  const at = index + 1
  const [said, isComment] = [line.trim().replace(/^#[#\s]*/, ''), /^\s*#/.test(line)]
  const [recipient, beside] = keyAndRest(said)
  if (!isComment && recipient !== null) return { at, kind: 'key', recipient, name: beside }
  // One that is commented out, or of another program: names may stand above and below it all the same.
  if (recipient !== null || looksLikeKey.test(said)) return { at, kind: 'key', recipient: null, name: beside }
  return { at, kind: isComment ? 'comment' : 'end', recipient: null, name: isComment ? nameOnLine(line) : null }
}

const looksLikeKey = /^age1\S|^\S{40}|AAAA[A-Za-z0-9+/]{30}/

function keyAndRest(line: string): readonly [Recipient | null, string | null] {
  const spelled = /^(ssh-\S+\s+\S+|(?:0x)?[0-9A-Fa-f](?: ?[0-9A-Fa-f]){39}(?=\s|$)|\S+)([^]*)$/.exec(line)
  const recipient = parseRecipient(spelled?.[1] ?? '')
  return [recipient, recipient === null ? null : nameInComment(spelled?.[2] ?? '')]
}
