// What the product reads in a repository, held against `git grep` and against sops' own keyless answers.
// Must never use the product's word as the judge of itself.
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { RE2JS } from 're2js'
import type { Format } from '../src/model/sops-file/encrypted-file.ts'
import type { Groups, SopsAnswer } from '../src/model/plan/plan.ts'
import { canonicalId } from '../src/model/recipient.ts'
import { recipientsIn } from '../src/model/sops-config/keys.ts'
import { readTree } from '../src/model/sops-config/tree.ts'
import type { SopsConfig } from '../src/model/sops-config/read.ts'
import type { Survey, SurveyedFile } from '../src/model/survey.ts'

export interface Checked {
  /** What has to be true and is not. */
  readonly violations: readonly string[]
  /** What differs for a reason that sops confirms, or is worth a look. */
  readonly notes: readonly string[]
}

export type Answers = ReadonlyMap<string, SopsAnswer>

/** Every recipient group in one spelling; the order in a group does not count, that of the groups does. */
export function spelled(groups: Groups): string {
  const filled = groups.filter((group) => group.length > 0)
  return JSON.stringify(filled.map((group) => [...new Set(group.map(canonicalId))].sort()))
}

/** A MAC as any format has it: `mac: ENC[…`, `"mac": "ENC[…`, `sops_mac=ENC[…`, `mac = ENC[…`. */
const macLine = String.raw`(^|[^[:alnum:]_]|sops_)mac["']?[[:space:]]*[:=][[:space:]]*["']?ENC\[AES256_GCM,`
const formats: readonly Format[] = ['yaml', 'json', 'dotenv', 'ini', 'binary']

/** Every tracked file with a MAC is one of the survey's, or none to sops either; and the survey has no other. */
export function checkFound(root: string, survey: Survey, sopsProgram: string): Checked {
  const macs = new Set(filesWith(root, macLine))
  const readable = [...survey.files, ...survey.others].map(({ path }) => path)
  const accounted = new Set([...readable, ...[...survey.damaged, ...survey.skipped].map(({ path }) => path)])
  const violations = readable.filter((path) => !macs.has(path))
    .map((path) => `${path}: the survey has it, git grep finds no MAC in it`)
  const notes: string[] = []
  for (const path of [...macs].filter((one) => !accounted.has(one))) {
    const taken = formats.filter((format) => isEncrypted(root, path, format, sopsProgram))
    if (taken.length > 0) violations.push(`${path}: the survey leaves it out, and to sops it is encrypted (${taken.join(', ')})`)
    else notes.push(`${path}: has a MAC and is not encrypted, to sops neither`)
  }
  return { violations, notes }
}

/** Who reads each file by its metadata is who reads it by sops; what the survey calls damaged is no use to sops either. */
export function checkRead(root: string, survey: Survey, answers: Answers, sopsProgram: string): Checked {
  const violations = survey.files.flatMap(({ path, metadata }) => {
    const current = answers.get(path)?.current ?? null
    if (current === null) return [`${path}: sops lists nobody`]
    const [ours, theirs] = [spelled(metadata.groups), spelled(current)]
    return ours === theirs ? [] : [`${path}: read ${ours}, sops lists ${theirs}`]
  })
  const notes: string[] = []
  for (const { path, damage } of survey.damaged) {
    const taken = formats.some((format) => isEncrypted(root, path, format, sopsProgram))
    notes.push(`${path}: damaged, ${damage}; to sops it is ${taken ? '' : 'not '}encrypted`)
  }
  return { violations, notes }
}

export interface Drift {
  readonly inLine: number
  readonly drifted: number
  readonly withoutRule: number
  /** sops has no answer under the config: a rule that it would have to ask a cloud about, say. */
  readonly unanswered: number
}

/** The recipients of the first rule that matches, as we read the config, are those that sops would give each file. */
export function checkDrift(survey: Survey, answers: Answers): Checked & { readonly drift: Drift } {
  const drift = { inLine: 0, drifted: 0, withoutRule: 0, unanswered: 0 }
  const violations: string[] = []
  const notes: string[] = []
  for (const file of survey.files) {
    const config = survey.configs.find(({ path }) => path === file.config) ?? null
    const answer = answers.get(file.path)?.configured ?? { kind: 'no-rule' }
    const wanted = config === null ? null : groupsOfRule(config, file)
    if (answer.kind === 'unreadable') {
      drift.unanswered += 1
      notes.push(`${file.path}: ${answer.reason}`)
      continue
    }
    const sops = answer.kind === 'no-rule' ? null : spelled(answer.kind === 'same' ? file.metadata.groups : answer.groups)
    const ours = wanted === null ? null : spelled(wanted)
    if (sops !== ours) violations.push(`${file.path}: we read ${ours ?? 'no rule'}, sops ${sops ?? 'no rule'}`)
    if (sops === null) drift.withoutRule += 1
    else drift[answer.kind === 'same' ? 'inLine' : 'drifted'] += 1
  }
  return { violations, notes, drift }
}

interface Rule {
  readonly path_regex?: string
  readonly key_groups?: readonly unknown[]
  readonly aws_profile?: string
  readonly [field: string]: unknown
}

const flatKeys = ['age', 'pgp', 'kms', 'gcp_kms', 'azure_keyvault', 'hc_vault_transit_uri', 'hckms']

/** By sops' own account: the first rule found in the path below the config's folder, its key groups before its flat keys. */
function groupsOfRule(config: SopsConfig, file: SurveyedFile): Groups | null {
  const value = readTree(config.path, config.text).value as { creation_rules?: readonly Rule[] | string } | null
  const rules = value?.creation_rules
  const below = file.path.slice(config.path.lastIndexOf('/') + 1)
  const matches = ({ path_regex: regex = '' }: Rule): boolean => regex === '' || RE2JS.compile(regex).test(below)
  // An empty value is an empty text.
  const rule = typeof rules === 'string' ? undefined : rules?.find(matches)
  if (rule === undefined) return null
  if (rule.key_groups !== undefined && rule.key_groups.length > 0) return rule.key_groups.map((group) => recipientsIn(group))
  const flat = Object.fromEntries([...flatKeys, 'aws_profile'].map((name) => [name, rule[name]]))
  return [recipientsIn(flat)]
}

function filesWith(root: string, expression: string): readonly string[] {
  const grep = ['grep', '-z', '--text', '--files-with-matches', '-E', '-e', expression]
  const { status, stdout, stderr } = spawnSync('git', grep, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 })
  // 1: nothing was found.
  if (status !== 0 && status !== 1) throw new Error(`git grep: ${stderr}`)
  return stdout.split('\0').slice(0, -1)
}

function isEncrypted(root: string, path: string, format: Format, program: string): boolean {
  try {
    const said = execFileSync(program, ['filestatus', '--input-type', format, join(root, path)], {
      encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: { SOPS_DISABLE_VERSION_CHECK: '1' }, timeout: 10_000,
    })
    return (JSON.parse(said) as { encrypted: boolean }).encrypted
  } catch {
    return false
  }
}
