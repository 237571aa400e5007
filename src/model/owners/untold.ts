// Names in comments that may be about one key or another: nobody can be asked for by them.
// Must never say whose they are.
import { formsOf } from './owners.ts'

export interface UntoldName {
  readonly name: string
  readonly path: string
  /** That of the comment, from 1. */
  readonly line: number
}

export function untoldAs(asked: string, untold: readonly UntoldName[]): readonly UntoldName[] {
  const [whole] = formsOf(asked)
  return untold.filter(({ name }) => whole !== undefined && formsOf(name).includes(whole))
}

/** Why a name that stands there is nobody's, a line for each of the first places, with what to write; none where it stands nowhere. */
export function untoldLines(asked: string, untold: readonly UntoldName[]): readonly string[] {
  return untoldAs(asked, untold).slice(0, 5).map(({ name, path, line }) => {
    const anchor = /^[\w-]+$/.test(name) ? `as an anchor (\`&${name} age1…\`), ` : ''
    return `The comment in ${path}:${line} says "${name}", and may be about the key above it or about the one below: write the name beside its key (\`age1… # ${name}\`), ${anchor}or in the owners file.`
  })
}
