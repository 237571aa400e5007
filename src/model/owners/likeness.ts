// Whether two names may be one person's: what is worth a look where somebody leaves by one of them.
// Must never be what takes a key out, or keeps it: like is not the same.
import { emailsIn } from './email.ts'
import { formsOf } from './owners.ts'
import { isNobody } from '../sops-config/names.ts'

/** What a person has several of, a key on each. */
const devices = new Set([
  'laptop', 'notebook', 'desktop', 'computer', 'pc', 'workstation', 'tower', 'phone', 'mobile', 'iphone', 'android', 'pixel', 'galaxy', 'tablet', 'ipad',
  'mac', 'macbook', 'macbookpro', 'macbookair', 'mbp', 'mba', 'imac', 'macmini', 'thinkpad', 'framework', 'xps', 'surface', 'chromebook',
  'yubikey', 'yubikeys', 'nitrokey', 'solokey', 'onlykey', 'titan', 'trezor', 'ledger', 'token', 'smartcard', 'card', 'usb', 'tpm', 'enclave',
  'hardware', 'hw', 'security', 'linux', 'windows', 'macos', 'ubuntu', 'debian', 'fedora', 'nixos', 'wsl', 'home', 'work', 'office', 'private',
  'personal', 'travel', 'remote', 'gpg', 'pgp', 'age', 'ssh', 'key',
])

/** What tells one from another, of a person's keys and of machines. */
const tellers = new Set([
  'old', 'new', 'newer', 'older', 'backup', 'spare', 'recovery', 'emergency', 'primary', 'secondary', 'main', 'second', 'first', 'third', 'other',
  'temp', 'temporary', 'tmp', 'legacy', 'current', 'previous', 'former', 'nano', 'mini', 'pro', 'air', 'x1', '5c', 'nfc', 'bio', 'i', 'ii', 'iii',
])

/** What there are many of under one name, none of them a person. */
const machines = new Set([
  'web', 'www', 'db', 'database', 'api', 'app', 'ci', 'cd', 'node', 'host', 'server', 'srv', 'cluster', 'worker', 'runner', 'agent', 'builder',
  'service', 'deploy', 'deployer', 'bot', 'robot', 'vm', 'box', 'nas', 'router', 'gateway', 'proxy', 'edge', 'k8s', 'kube', 'kubernetes', 'flux', 'argo',
  'argocd', 'jenkins', 'github', 'gitlab', 'terraform', 'vault', 'kms', 'backend', 'frontend', 'system', 'machine', 'eu', 'us', 'region', 'zone', 'site', 'env',
])

/** Longer ones are no names. */
const longest = 200

/**
 * Names with a form or an e-mail address in common, also without what tells one key of a person from the next: `bob` and `bob's yubikey`
 * or `bob-laptop`, `bob laptop` and `bob yubikey`, `bob1` and `bob2`, `bob@laptop` and `bob@desktop`. Not `bob@acme.com` and
 * `bob@example.org`, nor `web-1` and `web-2`.
 */
export function isLike(a: string, b: string): boolean {
  const [ours, theirs] = [a, b].map((name) => formsOf(name).flatMap((form) => [form, holderIn(form)])) as [string[], string[]]
  const emails = emailsIn(b)
  return emailsIn(a).some((email) => emails.includes(email))
    || ours.some((one) => theirs.some((other) => goesOn(one, other) || goesOn(other, one) || haveOneAccount(one, other)))
}

/** Whether a name is the other one, be it with something about it. */
function goesOn(short: string, long: string): boolean {
  return long.startsWith(short) && " _-'’@(".includes(long.charAt(short.length))
}

/** The name without the devices, numbers and the like at its end; as it is where what is left speaks of nobody. */
function holderIn(name: string): string {
  // Nobody's name is a page; for each word that goes the rest is looked through.
  if (name.length > longest) return name
  let [holder, isPersonal] = [name, false]
  for (;;) {
    const found = /(?:[\s_.,(/#-]([\p{L}\d]+)|(?<=\p{L})(\d{1,4}))\)?$/u.exec(holder)
    const word = found?.[1] ?? found?.[2] ?? ''
    const isDevice = devices.has(word) || devices.has(word.replace(/\d+$/, ''))
    if (found === null || !(isDevice || tellers.has(word) || /^v?\d+$/.test(word))) break
    isPersonal ||= isDevice
    holder = holder.slice(0, found.index).replace(/[\s_.,(/#-]+$/, '')
  }
  holder = holder.replace(/['’]s?$/, '')
  const words = holder.split(/[^\p{L}\d]+/u).filter((word) => word !== '')
  const isOf = (word: string): boolean => !isNobody(word) && !machines.has(word) && !devices.has(word) && !tellers.has(word)
  return words.some(isOf) && (isPersonal || isOf(words.at(-1) ?? '')) ? holder : name
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
