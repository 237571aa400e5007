// Whether two names may be one person's: what is worth a look where somebody leaves by one of them.
// Must never be what takes a key out, or keeps it: like is not the same.
import { formsOf } from './owners.ts'

/**
 * Names with a form or an e-mail address in common, `bob` and `bob's yubikey` or `bob-laptop`, `bob@laptop` and `bob@desktop`.
 * Not `bob@acme.com` and `bob@example.org`.
 */
export function isLike(a: string, b: string): boolean {
  const [ours, theirs] = [formsOf(a), formsOf(b)]
  const emails = emailsIn(b)
  return emailsIn(a).some((email) => emails.includes(email))
    || ours.some((one) => theirs.some((other) => goesOn(one, other) || goesOn(other, one) || haveOneAccount(one, other)))
}

/** Whether a name is the other one, be it with something about it. */
function goesOn(short: string, long: string): boolean {
  return long.startsWith(short) && " _-'’@(".includes(long.charAt(short.length))
}

/** Of one user on two machines. What belongs to root is a machine's. */
function haveOneAccount(a: string, b: string): boolean {
  const user = userIn(a)
  return user !== null && user !== 'root' && userIn(b) === user
}

/** That of `user@machine`; null for any other name, an e-mail address too. */
function userIn(name: string): string | null {
  return /^([^\s@]+)@[^\s@.]+$/.exec(name)?.[1] ?? null
}

function emailsIn(name: string): readonly string[] {
  return name.toLowerCase().split(/[\s<>(),;]+/).filter((word) => /^[^@]+@[^@.]+\./.test(word))
}
