// Whether a plaintext file was surely meant to be encrypted, by the words of the rule that matches it and by what it holds.
// Must never call a file plaintext because a rule merely matches it: most rules match more than their authors mean.
import { RE2JS } from 're2js'
import { formatByName } from '../sops-file/encrypted-file.ts'

/** `error`: the rule names the file; `warning`: it names a folder or a kind of file that secrets are kept in. */
export type Meant = 'error' | 'warning'

/** `token`: the rule names a folder, and the name of the file says nothing: it is a secret if it is nothing but one word. */
type Told = Meant | 'token'

const spoken = /secret|sops|encrypt|credential|password/i
const spokenWhole = /^(?:enc|private|vault|keys?|env)$/i
/** The ending of a whole kind of files. */
const kindOfFile = /^env$/i

/** Files with secrets in them that sops would take as a whole. */
const keyFiles = /\.(?:pem|key|p12|pfx|jks|keystore|kubeconfig|tfvars|toml|properties|conf)$|(?:^|\/)\.env\.[^/]+$/i

/** By name: what git, sops and people need to read, what shows how a secret would look, and public keys. */
const readable = [
  /(?:^|\/)(?:\.sops\.ya?ml|\.git[^/]*|\.editorconfig|\.helmignore|kustomization\.ya?ml|Chart\.ya?ml|default\.nix)$/,
  /(?:^|\/)(?:README|LICENSE|CODEOWNERS|OWNERS|CHANGELOG)[^/]*$/i,
  /\.(?:md|mdx|rst|adoc|pub|tpl|tmpl|j2|jinja2?|gotmpl|erb)$/i,
  // As a folder, or as the last of the names that a file is made of, before its endings.
  /(?:^|\/)(?:examples?|samples?|templates?|fixtures?)\//i,
  /(?:^|[^a-z])(?:examples?|samples?|templates?|dist|schema|fixtures?)(?:\.[^/]*)?$/i,
  /(?:^|\/)examples?[^a-z/][^/]*$/i,
]

/** What GitHub has to read, whatever word is in its name; a rule that names the folder means it. */
const ofGitHub = /(?:^|\/)\.github\//

/**
 * How surely the author of `regex` (a `path_regex`; null: for every file) meant `path`, as seen from the config's folder, to be
 * encrypted; null where the regex does not say so. It says so by a word like `secrets`, `enc` or `sops` that the path has too,
 * or by naming one file of one folder whole. docs/check.md has the rule and the figures.
 */
export function isMeant(regex: string | null, path: string): Told | null {
  if (regex === null || isReadable(path) || (ofGitHub.test(path) && !regex.includes('github'))) return null
  const told = alternatives(regex).filter((one) => matches(one, path)).map((one) => toldBy(one, path))
  return (['error', 'warning', 'token'] as const).find((one) => told.includes(one)) ?? null
}

/** Whether a file of this name is there to be read, whatever is in it. */
export function isReadable(path: string): boolean {
  return readable.some((name) => name.test(path))
}

/** Whether a file of this name can be one of secrets among others that are encrypted: of a format that sops reads in parts. */
export function isLikeSecrets(path: string): boolean {
  return formatByName(path) !== 'binary' && !isReadable(path)
}

function toldBy(pattern: string, path: string): Told | null {
  // A class may hold a slash, which parts nothing.
  const plain = pattern.replace(/\[[/\\]+\]|\\\//g, '/').replace(/\[\^[^\][]*\]/g, '.')
  const [, folders = '', last = ''] = /^(.*\/)?(.*)$/s.exec(plain) ?? []
  const [, folder = '', name = ''] = /^(.*\/)?(.*)$/s.exec(path) ?? []
  // What comes after the last wildcard is spelled out.
  const ending = last.replace(/^.*[*+}]\??/s, '')
  if (speaks(ending, name, kindOfFile)) return 'error'
  if (ending === last && /[a-z0-9]\/$/i.test(folders) && wordsIn(last).length > 1) return 'error'
  // Anything may lie beside secrets; an ending that the rule itself spells out was meant.
  const isOther = formatByName(path) === 'binary' && !keyFiles.test(path) && wordsIn(ending).length === 0
  if (isOther && name.includes('.')) return null
  // Without a folder in it, a regex may find its words anywhere in the path.
  const isSpoken = speaks(last, folders === '' ? path : name) || speaks(folders, folder)
  return !isSpoken ? null : isOther ? 'token' : 'warning'
}

/** Whether a word that secrets are called by, and that is none of `save`, stands in both. */
function speaks(pattern: string, text: string, save: RegExp = /$^/): boolean {
  return wordsIn(pattern).some((word) => {
    if (save.test(word)) return false
    if (spoken.test(word)) return text.toLowerCase().includes(word.toLowerCase())
    return spokenWhole.test(word) && new RegExp(`(?:^|[^a-z])${word}(?:[^a-z]|$)`, 'i').test(text)
  })
}

/** The literal words of a regex: letters that are no escape, flag or class. */
function wordsIn(pattern: string): readonly string[] {
  return pattern.replace(/\\[a-zA-Z]|\(\?[a-zA-Z:<>=!-]*|\[[^\][]*\]|[a-zA-Z]\?/g, ' ').match(/[a-zA-Z]+/g) ?? []
}

/** The parts between the bars that stand in no group. */
function alternatives(regex: string): readonly string[] {
  const found = ['']
  let [depth, inClass] = [0, false]
  for (const [token] of regex.matchAll(/\\[^]|[^]/g)) {
    if (token === '[') inClass = true
    if (token === ']') inClass = false
    if (token === '(' && !inClass) depth += 1
    if (token === ')' && !inClass) depth -= 1
    if (token === '|' && depth === 0 && !inClass) found.push('')
    else found.push((found.pop() ?? '') + token)
  }
  return found
}

const compiled = new Map<string, RE2JS | null>()

function matches(pattern: string, path: string): boolean {
  const known = compiled.get(pattern)
  const regex = known === undefined ? compile(pattern) : known
  compiled.set(pattern, regex)
  return regex?.test(path) ?? false
}

function compile(pattern: string): RE2JS | null {
  try {
    return RE2JS.compile(pattern)
  } catch {
    return null
  }
}

const kindOf = /^kind:[ \t]*["']?(\w+)/m
/** Kinds of Kubernetes with values of secrets in them, beside `Secret`: of an operator for sops, and with the keys of a cluster. */
const withSecrets = /^(?:SopsSecret|Config|EncryptionConfig(?:uration)?)$/

/**
 * Whether `text` can hold a secret that should be encrypted: it has values, and is no Kubernetes manifest of other kinds than those
 * for secrets, which holds settings, or the name of a secret that is kept elsewhere. A `token` is one word.
 */
export function canHoldSecret(text: string, meant: Told): boolean {
  if (!hasValues(text)) return false
  if (meant === 'token') return /^(?!age1)\S{8,500}$/.test(text.trim())
  const documents = text.split(/^---.*$/m).filter((one) => !one.split('\n').every(saysNothing))
  return documents.some((one) => {
    const [, kind = 'Secret'] = /^apiVersion:/m.test(one) ? kindOf.exec(one) ?? [] : []
    return kind === 'Secret' || (meant === 'error' && (withSecrets.test(kind) || (/^(?:Secret)?List$/.test(kind) && /^\s.*kind:[ \t]*["']?Secret\b/m.test(one))))
  })
}

/** Whether `text` has values of its own: it is not empty or only comments, no template whose values all come from elsewhere, no public key. */
export function hasValues(text: string): boolean {
  if (text.split('\n').every(saysNothing) || isTemplate(text)) return false
  return !/^-----BEGIN (?:PGP |RSA )?(?:PUBLIC KEY|CERTIFICATE)/.test(text) || text.includes('PRIVATE KEY')
}

/** Whether a file's name says that it is encrypted, whatever is in it; not only that it is about secrets. */
export function isNamedEncrypted(path: string): boolean {
  return /(?:^|[^a-z])(?:enc|sops|encrypted)(?:[^a-z/][^/]*)?$/i.test(path)
}

/** A manifest has values of its own, like its name: there it takes a template in the place of one that is secret. */
function isTemplate(text: string): boolean {
  const rest = text.replace(/\{\{[^{}\n]*\}\}|<%[^%\n]*%>/g, '')
  if (rest === text) return false
  return secretData(rest) === null ? !rest.split('\n').some((line) => !saysNothing(line) && isFilled(line)) : !isSecretInTheClear(rest)
}

/** Whether a line has a value: behind a colon or a sign, as an item, or by itself. */
function isFilled(line: string): boolean {
  const [, value = ''] = /^\s*(?:-\s+)?(?:[^\s:=]+\s*[:=])?(.*)$/.exec(line) ?? []
  return /[a-z0-9]/i.test(value)
}

/** Of the Secrets of Kubernetes in `text` the lines below `data` and `stringData`; null where there is no Secret. */
function secretData(text: string): readonly string[] | null {
  const secrets = text.split(/^---.*$/m).filter((one) => /^apiVersion:/m.test(one) && /^kind:[ \t]*["']?Secret["']?[ \t]*$/m.test(one))
  if (secrets.length === 0) return null
  let inside = false
  return secrets.join('\n').split('\n').filter((line) => {
    if (/^\S/.test(line) && !line.startsWith('#')) inside = /^(?:data|stringData):/.test(line)
    return inside
  })
}

/** Whether a rule with this `encrypted_regex` has the values of a Secret of Kubernetes encrypted. */
export function encryptsSecrets(encryptedRegex: string | null): boolean {
  return encryptedRegex !== null && (matches(encryptedRegex, 'data') || matches(encryptedRegex, 'stringData'))
}

/** Whether a Secret of Kubernetes in `text` has a value of its own, and none that is put in later. */
export function isSecretInTheClear(text: string): boolean {
  return secretData(text)?.some((line) => !saysNothing(line) && isFilled(line.replace(/\$\{[^}]*\}/g, ''))) === true
}

/** Names that files have for the secrets in them. */
const namedForSecrets = /(?:^|\/)(?:[^/]*\.env|\.env\.[^/]+|secrets?\.[^/]+|credentials?\.[^/]+)$/i
const secretName = /passw(?:or)?d|passphrase|secret|token|credential|(?:api|access|private|signing|encryption)[_-]?key/i
/** What stands there until somebody writes a value, or says where it comes from. */
const placeholder = /^$|^(?:null|true|false|none|changeme|change[-_]me|todo|x+|\*+|\.+)$|^[$<%{]|^(?:your|example|dummy|replace|insert|path)\b|^[./~]/i

/** Whether a file is called after the secrets in it, and has a value under a name like `password` or `API_TOKEN`. */
export function isNamedForSecrets(path: string): boolean {
  return namedForSecrets.test(path)
}

export function holdsNamedSecret(text: string): boolean {
  return text.split('\n').some((line) => {
    const at = line.search(/[:=]/)
    if (at < 0 || saysNothing(line) || !secretName.test(line.slice(0, Math.min(at, 200)))) return false
    const value = line.slice(at + 1, at + 200).trim().replace(/^["']|["',]+$/g, '')
    return value.length >= 4 && !placeholder.test(value)
  })
}

/** Whether a line is blank, a comment, the start or end of a document, or the whole or a part of one that is empty. */
function saysNothing(line: string): boolean {
  const said = line.trim().replace(/^---\s*/, '')
  return said.startsWith('#') || said.startsWith(';') || /^(?:[{}[\]\s]*|null|~|\.\.\.)$/.test(said)
}
