// Survey + tracked files + history → those that are not encrypted although the rule for them surely means it.
// Must never show a byte of what it reads.
import { configFor } from '../model/survey.ts'
import type { Survey } from '../model/survey.ts'
import { ruleFor } from '../model/sops-file/creation-rule.ts'
import type { CreationRule } from '../model/sops-file/creation-rule.ts'
import type { CheckFinding } from '../model/check/check.ts'
import { finding } from '../model/check/check-findings.ts'
import type { History } from '../model/exposure/history.ts'
import { canHoldSecret, encryptsSecrets, isLikeSecrets, isMeant, isSecretInTheClear } from '../model/check/meant-to-encrypt.ts'
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
  return new Set(files.filter((one) => one.rule.regex !== null || isLikely(one)).map(({ path }) => path))
}

/** Links are not followed; a file over 64 MiB is none that sops takes. */
export function findPlaintext(git: Git, survey: Survey, files: readonly Unencrypted[], { plain }: History): readonly CheckFinding[] {
  const beside = new Map<string, number>()
  const count = (where: string, by: 1 | -1): unknown => beside.set(where, (beside.get(where) ?? 0) + by)
  for (const { path, config } of survey.files) {
    const rule = ruleIn(survey, config, path)
    if (rule !== null) count(placeIn(config ?? '', rule, path), 1)
  }
  for (const one of files) if (isLikely(one)) count(placeIn(one.config.path, one.rule, one.path), -1)
  return files.flatMap((one): readonly CheckFinding[] => {
    const { path, config, rule } = one
    const which = `the rule at ${config.path}:${rule.line} is for it (${rule.regex === null ? 'without a path_regex' : `path_regex ${rule.regex}`})`
    // Of what was encrypted once nobody has to ask whether that was meant.
    if (plain.has(path)) return [finding('plaintext', 'error', path, `${which}, it was encrypted at an earlier commit, and is not any more`)]
    // Where most files of a folder under the rule are encrypted, one that is not was forgotten.
    const isForgotten = rule.regex !== null && isLikely(one) && (beside.get(placeIn(config.path, rule, path)) ?? 0) > 0
    const meant = isMeant(rule.regex, path.slice(config.path.lastIndexOf('/') + 1)) ?? (isForgotten ? 'warning' : null)
    // A rule for the values of Secrets means each Secret, whatever it says of paths.
    const isForSecrets = encryptsSecrets(rule.encryptedRegex) && isLikely(one)
    const read = meant === null && !isForSecrets ? null : readUnlinked(git.root, path)
    if (read === null || typeof read === 'string') return []
    const text = read.bytes.toString()
    if (meant !== null && canHoldSecret(text, meant)) return [finding('plaintext', meant, path, `${which}, and it is not encrypted`)]
    return isForSecrets && isSecretInTheClear(text)
      ? [finding('plaintext', 'warning', path, `${which} and has the values of a Secret encrypted (encrypted_regex ${rule.encryptedRegex ?? ''}), and it is a Secret in the clear`)] : []
  })
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
