// Survey + tracked files + history → those that are not encrypted although the rule for them surely means it.
// Must never show a byte of what it reads.
import { configFor } from '../model/survey.ts'
import type { Survey } from '../model/survey.ts'
import { ruleFor } from '../model/sops-file/creation-rule.ts'
import type { CreationRule } from '../model/sops-file/creation-rule.ts'
import type { CheckFinding } from '../model/check/check.ts'
import { finding } from '../model/check/check-findings.ts'
import type { History } from '../model/exposure/history.ts'
import {
  canHoldSecret, encryptsSecrets, hasValues, holdsNamedSecret, isLikeSecrets, isMeant, isNamedEncrypted, isNamedForSecrets, isReadable, isSecretInTheClear,
} from '../model/check/meant-to-encrypt.ts'
import type { Meant } from '../model/check/meant-to-encrypt.ts'
import { holdsPrivateKey, privateKeyMarks } from '../model/check/private-key-text.ts'
import type { Renames } from '../model/check/renamed-plaintext.ts'
import type { SopsConfig } from '../model/sops-config/read.ts'
import type { Git } from '../tools/git.ts'
import { readUnlinked } from '../tools/staging.ts'
import { choose } from './chosen-files.ts'

/** A tracked file that is not encrypted, and the rule that matches it. */
export interface Unencrypted {
  readonly path: string
  readonly config: SopsConfig
  readonly rule: CreationRule
}

/** `globs` as for the survey. */
export async function unencryptedFiles(git: Git, survey: Survey, globs: readonly string[]): Promise<readonly Unencrypted[]> {
  const chosen = await choose(git.root, globs)
  const configs = new Map(survey.configs.map((config) => [config.path, config]))
  const names = new Set(configs.keys())
  const known = new Set([...survey.files, ...survey.others, ...survey.damaged, ...survey.skipped].map(({ path }) => path))
  if (survey.ownersFile !== null) known.add(survey.ownersFile.path)
  const tracked = await git.tracked()
  const plain = tracked.find((path) => !known.has(path) && !names.has(path) && chosen(path) && configFor(path, names) !== null)
  return plain.flatMap(({ path }) => {
    const config = configs.get(configFor(path, names) ?? '')
    const rule = config === undefined ? null : ruleFor(config, path)
    return config === undefined || rule === null ? [] : [{ path, config, rule }]
  })
}

/** Of which it is worth knowing whether they were encrypted once: under a rule for every file not the sources of a program. */
export function onceEncrypted(files: readonly Unencrypted[]): ReadonlySet<string> {
  return new Set(files.filter((one) => one.rule.regex !== null || isLikely(one) || keptSecret.test(one.path)).map(({ path }) => path))
}

/** Names of files that are secrets as a whole, beside those of the formats that sops knows. */
const keptSecret = /(?:^|\/)(?:\.env[^/]*|\.netrc|\.npmrc|\.pypirc|\.htpasswd|kubeconfig[^/]*|id_[a-z0-9]+|[^/]*\.(?:key|pem|p12|pfx|jks|kubeconfig|tfvars|tfstate|token|secrets?|credentials|properties|conf|enc))$/i

/** What of the files in the clear is known beside their names. */
export interface Known {
  readonly history: History
  /** Under which other name a file was encrypted. */
  readonly encryptedAs: ReturnType<Renames['encryptedAs']>
  /** Paths with a mark of a private key in them. */
  readonly withKey: ReadonlySet<string>
}

/** Of a folder, under one rule: how many files of a kind that secrets are kept in are encrypted, and how many are not. */
interface Beside {
  encrypted: number
  plain: number
}

export async function filesWithKey(git: Git): Promise<ReadonlySet<string>> {
  return new Set(await git.filesWith(...privateKeyMarks))
}

/** Links are not followed; a file over 64 MiB is none that sops takes. */
export function findPlaintext(git: Git, survey: Survey, files: readonly Unencrypted[], known: Known): readonly CheckFinding[] {
  const places = new Map<string, Beside>()
  const besideAt = (place: string): Beside => {
    const beside = places.get(place) ?? { encrypted: 0, plain: 0 }
    places.set(place, beside)
    return beside
  }
  for (const { path, config } of survey.files) {
    const rule = ruleIn(survey, config, path)
    if (rule !== null) besideAt(placeIn(config ?? '', rule, path)).encrypted += 1
  }
  for (const one of files) if (isLikely(one)) besideAt(placeIn(one.config.path, one.rule, one.path)).plain += 1
  return files.flatMap((one): readonly CheckFinding[] => {
    const { path, config, rule } = one
    const found = judge(git.root, one, besideAt(placeIn(config.path, rule, path)), known)
    if (found === null) return []
    const which = `the rule at ${config.path}:${rule.line} is for it (${rule.regex === null ? 'without a path_regex' : `path_regex ${rule.regex}`})`
    return [finding('plaintext', found.level, path, `${which}${found.why}`)]
  })
}

function judge(root: string, one: Unencrypted, beside: Beside, known: Known): { readonly level: Meant; readonly why: string } | null {
  const { path, config, rule } = one
  // Of what was encrypted once nobody has to ask whether that was meant.
  if (known.history.plain.has(path)) return { level: 'error', why: ', it was encrypted at an earlier commit, and is not any more' }
  const bytes = onDemand(() => {
    const read = readUnlinked(root, path)
    return typeof read === 'string' ? null : read.bytes
  })
  const text = (): string => bytes()?.toString() ?? ''
  const former = known.encryptedAs(path, () => bytes() ?? Buffer.of())
  if (former !== null && hasValues(text())) {
    return { level: 'error', why: `, it was encrypted at an earlier commit as ${former}, and is not any more` }
  }
  if (known.withKey.has(path) && rule.regex !== null && !isReadable(path) && holdsPrivateKey(text())) {
    return { level: 'error', why: ', and it is not encrypted, and holds a private key' }
  }
  // Where most files of a folder under the rule are encrypted, one that is not was forgotten.
  const isForgotten = rule.regex !== null && isLikely(one) && beside.encrypted > beside.plain
  const told = isMeant(rule.regex, path.slice(config.path.lastIndexOf('/') + 1)) ?? (isForgotten ? 'warning' : null)
  if (told !== null && (told === 'error' && isNamedEncrypted(path) ? hasValues(text()) : canHoldSecret(text(), told))) {
    // What is called after secrets is one of them where it has one, or where all that lies beside it is encrypted.
    const isSure = isNamedForSecrets(path) && (holdsNamedSecret(text()) || (beside.encrypted > 0 && beside.plain === 1))
    return { level: told === 'error' || isSure ? 'error' : 'warning', why: ', and it is not encrypted' }
  }
  // A rule for the values of Secrets means each Secret, whatever it says of paths.
  if (!encryptsSecrets(rule.encryptedRegex) || !isLikely(one) || !isSecretInTheClear(text())) return null
  const how = `encrypted_regex ${rule.encryptedRegex ?? ''}`
  return { level: 'warning', why: ` and has the values of a Secret encrypted (${how}), and it is a Secret in the clear` }
}

/** Reads once. */
function onDemand<T>(read: () => T): () => T {
  const known: T[] = []
  return () => {
    if (known.length === 0) known.push(read())
    return known[0] as T
  }
}

function isLikely({ path, config }: Unencrypted): boolean {
  return isLikeSecrets(path.slice(config.path.lastIndexOf('/') + 1))
}

function ruleIn({ configs }: Survey, config: string | null, path: string): CreationRule | null {
  const governing = configs.find((one) => one.path === config)
  return governing === undefined ? null : ruleFor(governing, path)
}

/** The same for files of one folder, under one rule. */
function placeIn(config: string, { line }: CreationRule, path: string): string {
  return `${path.slice(0, path.lastIndexOf('/') + 1)}\0${config}\0${line}`
}
