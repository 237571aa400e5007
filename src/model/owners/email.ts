// The e-mail addresses in a name.
// Must never take `user@machine` for one: that is an account, and its holder has others.
import { asSeen } from './owners-candidates.ts'

/** As seen, in lower case, each once: what is in `<>`, and any other word with a domain. */
export function emailsIn(name: string): readonly string[] {
  const seen = asSeen(name).normalize('NFC').toLowerCase()
  const words = seen.split(/[\s<>(),;]+/).filter((word) => /^[^@]+@[^@.]+\./.test(word))
  return [...new Set([emailInBrackets(seen) ?? [], words].flat())]
}

/** That by which somebody may be asked for. */
export function emailInBrackets(name: string): string | null {
  return /<([^<>\s@]+@[^<>\s]+)>/.exec(name)?.[1] ?? null
}

/** Whether both names, or all of several for one, say an e-mail address and none that the other has. */
export function haveOtherEmails(ones: readonly string[], others: readonly string[]): boolean {
  const [ours, theirs] = [ones.flatMap(emailsIn), others.flatMap(emailsIn)]
  return ours.length > 0 && theirs.length > 0 && !ours.some((email) => theirs.includes(email))
}
