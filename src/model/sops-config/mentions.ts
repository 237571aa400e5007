// Where a word stands in the comments and the names of anchors of a `.sops.yaml`, whether or not it is read there as a key's name.
// Must never say whose key is meant by it.
import { CST, Lexer } from 'yaml'
import { formsOf } from '../owners/owners.ts'
import type { Mention } from '../owners/untold.ts'
import type { SopsConfig } from './read.ts'

/** Those of a name as one or several whole words. */
export function mentionsOf(name: string, { path, text }: Pick<SopsConfig, 'path' | 'text'>): readonly Mention[] {
  const asked = wordsOf(name)
  const found: Mention[] = []
  let line = 1
  for (const source of new Lexer().lex(text)) {
    const type = CST.tokenType(source)
    if ((type === 'comment' || type === 'anchor') && asked !== '  ' && wordsOf(source).includes(asked)) {
      found.push({ kind: type, path, line, text: source.replace(/^[&#\s]+/, '') })
    }
    line += source.split('\n').length - 1
  }
  return found
}

/** In one case, a blank around each; nothing but letters and digits is part of a word. */
function wordsOf(text: string): string {
  const [folded = ''] = formsOf(text)
  return ` ${folded.split(/[^\p{L}\p{M}\p{N}]+/u).filter(Boolean).join(' ')} `
}
