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
