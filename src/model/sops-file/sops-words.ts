// What of sops' words about a file may be shown: sops quotes the line, or the decrypted value, that it could not take.
// Must never pass on a piece of a file's content: what is not known here to be without it is left out.

/** Each with what it means; of the words themselves only a place in the file is kept. */
const known: readonly (readonly [RegExp, (place: string) => string])[] = [
  [/does not match sops' data format/, () => 'a value that has to be encrypted stands in the clear'],
  [/line (\d+): mapping key .* already defined/, (line) => `line ${line} has a name that stands there already`],
  [/yaml: (?:unmarshal errors:\s*)?line (\d+): /, (line) => `it is no YAML at line ${line}`],
  [/Error unmarshalling input yaml|yaml: /, () => 'it is no YAML that sops takes'],
  [/unexpected end of JSON input|unexpected EOF/, () => 'its JSON ends too early'],
  [/Error unmarshalling input json|invalid character/, () => 'it is no JSON'],
  [/key-value delimiter not found/, () => 'a line has no `=`'],
  [/unclosed section/, () => 'the name of a section is not closed'],
  [/invalid dotenv input line/, () => 'a line is no NAME=value'],
  [/Version string empty/, () => 'its metadata has no version'],
  [/parsing time/, () => 'its metadata has a `lastmodified` or a `created_at` that is no time'],
  [/sops metadata not found/, () => 'it has no metadata'],
]

/** Why sops can't read a file, as a clause; null where nothing is known that may be said. */
export function reasonOf(said: string): string | null {
  for (const [words, meaning] of known) {
    const [found, place = ''] = words.exec(said) ?? []
    if (found !== undefined) return meaning(place)
  }
  return null
}

/** sops reads the config first, and says so. */
const ofConfig = /^(?:error loading config|config file|could not load config|can ?not compile regexp|error parsing regexp)/i
/** Words about keys, rules and key services, which hold nothing of a file's content. */
const ofKeys = /recipient|public key|master key|data key|creation.?rule|key ?group|shamir|arn:|vault|kms|fingerprint|gpg|identit/i

const untold = 'sops gave a reason that may hold a part of the file, and that is not shown'

/** Of a file that was not decrypted: `said` where it is about its config or its keys, else what `reasonOf` makes of it. */
export function shownReason(said: string): string {
  if (ofConfig.test(said)) return said
  return reasonOf(said) ?? (ofKeys.test(said) ? said : untold)
}

/** Of what sops did with keys: a cloud may use the same words as a parser. */
export function shownOfKeys(said: string): string {
  return ofKeys.test(said) ? said : reasonOf(said) ?? untold
}

/** Which keys are missing to decrypt a file, of which one key will do, or several groups where it has a Shamir threshold. */
export function missingKeys(said: string): { readonly problem: string; readonly advice: string } {
  const [, threshold = '', usable = '0'] = /Shamir threshold of\s+(\d+), but only\s+(\d+)\s/.exec(said) ?? []
  if (threshold === '') return { problem: 'none of its keys could be used', advice: 'Give the job the credentials of one of these keys.' }
  return {
    problem: `${usable === '0' ? 'none' : usable} of its key groups could be used, and ${threshold} are needed`,
    advice: `Give the job the credentials of a key in ${usable === '0' ? `${threshold} of these groups` : `${Number(threshold) - Number(usable)} more of its groups`}.`,
  }
}

/**
 * sops' account of a data key it could not get, one `key: reason` each, unfolded; a reason that several keys share is given
 * once, and one that only says that no age identity fits comes last and short, so that what a cloud said is not lost behind it.
 */
export function reasonsByKey(said: string): string {
  const reasons = new Map<string, string[]>()
  for (const [, key = '', block = ''] of said.matchAll(/^ {2}(\S.*): FAILED\n((?: {4}.*\n?)+)/gm)) {
    // Azure rules lines off between its sentences.
    const reason = block.replace(/^ {4}(?:- | {2})\| ?/gm, '').replace(/-{10,}/g, '').replace(/\s+/g, ' ').trim()
    // sops tells where it looked also where it found one.
    const short = /identity (?:did not match|matched) any of the recipients/i.test(reason) ? ofAnother
      : /did not find keys in locations/i.test(reason) ? notFound : reason.slice(0, 500)
    reasons.set(short, [...(reasons.get(short) ?? []), key.length > 100 ? `${key.slice(0, 20)}…` : key])
  }
  if (reasons.size === 0) return shownOfKeys(said)
  return [...reasons].sort(([a], [b]) => rank(a) - rank(b))
    .map(([reason, keys]) => `${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ` and ${keys.length - 3} more` : ''}: ${reason}`).join('; ')
}

function rank(reason: string): number {
  return [ofAnother, notFound].indexOf(reason)
}

const ofAnother = "the job's age identity is of another key"
const notFound = 'no age identity was found'
