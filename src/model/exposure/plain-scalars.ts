// The values that a text in the clear holds, whatever it is: to be held against secrets that may have been written there.
// Pure. Must never keep a text longer than it takes to read it.
import { formatByName } from '../sops-file/encrypted-file.ts'
import { scalarsIn } from './file-version.ts'

/** By its name not what anyone keeps a secret in: pages, pictures, what git and sops read. */
const noSecrets = /\.(?:md|mdx|rst|adoc|html?|png|jpe?g|gif|svg|ico|webp|pdf)$|(?:^|\/)\.(?:sops(?:-owners)?\.ya?ml|git[^/]*)$/i

export function mayHoldSecrets(path: string): boolean {
  return !noSecrets.test(path)
}

/** Of a format that sops reads in parts its scalars; of any other text, and of one that is not whole, what stands in quotes or behind a sign. */
export function scalarsOf(path: string, text: string): readonly string[] {
  const format = formatByName(path)
  return [...format === 'binary' ? [] : parsed(format, text), ...loose(text)]
}

function parsed(format: ReturnType<typeof formatByName>, text: string): readonly string[] {
  try {
    return scalarsIn(format, text).map(([, value]) => value)
  } catch {
    return []
  }
}

function loose(text: string): readonly string[] {
  const behind = [...text.matchAll(/[:=][^\S\n]*([^\s:=][^\n]*)/g)].map(([, value = '']) => value.trim())
  const quoted = [...text.matchAll(/"([^"\n]*)"|'([^'\n]*)'/g)].map(([, double, single = '']) => double ?? single)
  return [...behind, ...quoted]
}
