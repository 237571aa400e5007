// Names in comments that may be about one key or another, or are no more than words there: nobody can be asked for by them.
// Must never say whose they are.
import { formsOf } from './owners.ts'

export interface UntoldName {
  readonly name: string
  readonly path: string
  /** That of the comment, from 1. */
  readonly line: number
}

/** A comment, or the name of an anchor, with a word of which nothing tells that it is the name of a key. */
export interface Mention {
  readonly kind: 'comment' | 'anchor'
  readonly path: string
  /** From 1. */
  readonly line: number
  readonly text: string
}

export function untoldAs(asked: string, untold: readonly UntoldName[]): readonly UntoldName[] {
  const [whole] = formsOf(asked)
  return untold.filter(({ name }) => whole !== undefined && formsOf(name).includes(whole))
}

/** Why a name that stands there is nobody's, a line for each of the first places, with what to write; none where it stands nowhere. */
export function untoldLines(asked: string, untold: readonly UntoldName[]): readonly string[] {
  return untoldAs(asked, untold).slice(0, 5).map(({ name, path, line }) =>
    `The comment in ${path}:${line} says "${name}", and may be about the key above it or about the one below: ${whatToWrite(name)}.`)
}

/** The same for what no more than mentions it. */
export function mentionLines(asked: string, mentions: readonly Mention[]): readonly string[] {
  return mentions.slice(0, 5).map(({ kind, path, line }) =>
    `The ${kind} in ${path}:${line} has "${asked}" in it, and cannot be read as the name of a key: ${whatToWrite(asked)}, or name the key that is meant, spelled in full.`)
}

function whatToWrite(name: string): string {
  const anchor = /^[\w-]+$/.test(name) ? `as an anchor (\`&${name} age1…\`), ` : ''
  return `write the name beside its key (\`age1… # ${name}\`), ${anchor}or in the owners file`
}
