// Survey + tracked files → those that are not encrypted although the rule for them surely means it.
// Must never show a byte of what it reads.
import { configFor } from '../model/survey.ts'
import type { Survey } from '../model/survey.ts'
import { ruleFor } from '../model/creation-rule.ts'
import type { CheckFinding } from '../model/check.ts'
import { finding } from '../model/check-findings.ts'
import { canHoldSecret, isMeant } from '../model/meant-to-encrypt.ts'
import type { Git } from '../tools/git.ts'
import { readUnlinked } from '../tools/staging.ts'
import { choose } from './survey.ts'

/** `globs` as for the survey. Links are not followed; a file over 64 MiB is none that sops takes. */
export async function findPlaintext(git: Git, survey: Survey, globs: readonly string[]): Promise<readonly CheckFinding[]> {
  const chosen = await choose(git.root, globs)
  const configs = new Map(survey.configs.map((config) => [config.path, config]))
  const names = new Set(configs.keys())
  const known = new Set([...survey.files, ...survey.others, ...survey.damaged, ...survey.skipped].map(({ path }) => path))
  if (survey.ownersFile !== null) known.add(survey.ownersFile.path)
  const tracked = await git.tracked()
  const plain = tracked.find((path) => !known.has(path) && !names.has(path) && chosen(path) && configFor(path, names) !== null)
  return plain.flatMap(({ path }): readonly CheckFinding[] => {
    const config = configs.get(configFor(path, names) ?? '')
    const rule = config === undefined ? null : ruleFor(config, path)
    if (config === undefined || rule === null) return []
    const meant = isMeant(rule.regex, path.slice(config.path.lastIndexOf('/') + 1))
    const read = meant === null ? null : readUnlinked(git.root, path)
    if (meant === null || read === null || typeof read === 'string' || !canHoldSecret(read.bytes.toString(), meant)) return []
    const which = `the rule at ${config.path}:${rule.line} is for it (path_regex ${rule.regex ?? ''})`
    return [finding('plaintext', meant, path, `${which}, and it is not encrypted`)]
  })
}

/** Whether a path is among what the globs name; without globs every path is. */
