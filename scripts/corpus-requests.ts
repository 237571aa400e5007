// Who could be asked for in a repository, what sops makes of an edit for them, and the words that a line about them can hold.
// Must never trust the edit's own proof: sops is asked again, and the words are told anew.
import { Failure } from '../src/model/failure.ts'
import { resolveRecipients } from '../src/model/owners/owners.ts'
import { canonicalId, shortForm } from '../src/model/recipient.ts'
import type { Recipient } from '../src/model/recipient.ts'
import type { ConfigEdit } from '../src/model/sops-config/edit.ts'
import type { SopsConfig } from '../src/model/sops-config/read.ts'
import type { Survey } from '../src/model/survey.ts'
import { knownRecipients } from '../src/model/survey.ts'
import { askSops } from '../src/stages/stage.ts'
import type { Sops } from '../src/tools/sops.ts'
import type { Staging } from '../src/tools/staging.ts'
import { spelled } from './corpus-reading.ts'
import type { Answers } from './corpus-reading.ts'
import { plain } from './corpus-lines.ts'

export interface Someone {
  readonly who: string
  readonly recipients: readonly Recipient[]
}

export interface Outcomes {
  readonly asked: number
  /** Configs, summed over the requests. */
  readonly edited: number
  readonly untouched: number
  readonly refused: ReadonlyMap<string, number>
  readonly violations: readonly string[]
}

export interface Trial {
  /** As a violation says it. */
  readonly what: string
  readonly edit: (config: SopsConfig) => ConfigEdit
  /** The changed lines that an edit may not have changed. */
  readonly stray: (path: string, before: string, after: string) => readonly string[]
  /** What a key group of a rule has to become. */
  readonly expected: (group: readonly Recipient[]) => readonly Recipient[]
}

/** Each name that stands for somebody, and each key; those that come to the same only once. */
export function everyone(survey: Survey): readonly Someone[] {
  const known = knownRecipients(survey)
  const named = [...new Set(survey.owners.map(({ name }) => name))].flatMap((name): Someone[] => {
    const found = resolveRecipients([name], survey.owners, known)
    return found.kind === 'resolved' ? [{ who: name, recipients: found.recipients }] : []
  })
  // A name says more than its only key: the last one stays.
  const all = [...known.map((one) => ({ who: shortForm(one), recipients: [one] })), ...named]
  return [...new Map(all.map((one) => [one.recipients.map(canonicalId).sort().join('\n'), one])).values()]
}

/** `staging` holds a copy of the survey's files and configs, and holds it again afterwards; `before` is what sops says of them as they are. */
export async function tryEdits(
  survey: Survey, before: Answers, trials: readonly Trial[], sops: Sops, staging: Staging,
): Promise<Outcomes> {
  const counts = { edited: 0, untouched: 0 }
  const refused = new Map<string, number>()
  const violations: string[] = []
  for (const trial of trials) {
    const edits = survey.configs.flatMap((config): ConfigEdit[] => {
      try {
        return [trial.edit(config)]
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        violations.push(`${trial.what}: ${error.message}`)
        return []
      }
    })
    for (const edit of edits) {
      if (edit.kind !== 'refused') counts[edit.kind] += 1
      else {
        const kind = edit.reason.replace(/path_regex .*? (would|has|is)\b/s, 'path_regex … $1').replace(/\d+/g, 'N')
        refused.set(kind, (refused.get(kind) ?? 0) + 1)
      }
      if (edit.kind !== 'edited') continue
      staging.write(edit.path, { bytes: Buffer.from(edit.after), executable: false })
      violations.push(...trial.stray(edit.path, edit.before, edit.after).map((line) => `${trial.what}: ${edit.path}: ${line}`))
    }
    if (edits.some(({ kind }) => kind === 'edited')) {
      const disagreements = await sopsDisagrees(survey, before, edits, trial.expected, sops, staging)
      violations.push(...disagreements.map((one) => `${trial.what}: ${one}`))
    }
    for (const { path, text } of survey.configs) staging.write(path, { bytes: Buffer.from(text), executable: false })
  }
  return { asked: trials.length, ...counts, refused, violations }
}

/** Every file has to become what is expected of what it would have become; under a config that stayed, just that. */
async function sopsDisagrees(
  survey: Survey, before: Answers, edits: readonly ConfigEdit[], expected: Trial['expected'], sops: Sops, staging: Staging,
): Promise<readonly string[]> {
  const edited = new Set(edits.flatMap((edit) => (edit.kind === 'edited' ? [edit.path] : [])))
  try {
    const answers = await askSops(sops, survey, edits, staging, 2)
    return survey.files.flatMap((file) => {
      const [was, is] = [before, answers].map((all) => {
        const answer = all.get(file.path)?.configured ?? { kind: 'no-rule' }
        return answer.kind === 'same' ? file.metadata.groups : answer.kind === 'different' ? answer.groups : null
      })
      const wanted = was?.map((group) => (edited.has(file.config ?? '') ? expected(group) : group)) ?? null
      const [now, then] = [is ?? null, wanted].map((groups) => (groups === null ? 'no answer' : spelled(groups)))
      return now === then ? [] : [`${file.path}: sops would make it ${now ?? ''}, not ${then ?? ''}`]
    })
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [error.message]
  }
}

/**
 * The texts that a line about the recipients can hold: their keys, the anchors of their keys, the names that other files give
 * them, and what the config's own lines say of them as anyone would see it, told without the product's reading of comments.
 */
export function wordsFor(survey: Survey, path: string, recipients: readonly Recipient[]): readonly string[] {
  const ids = new Set(recipients.map(canonicalId))
  const config = survey.configs.find((one) => one.path === path)
  const present = (config?.recipients ?? []).filter((one) => ids.has(canonicalId(one)))
  // A KMS key's role, context and profile stand on lines of their own.
  const spellings = present.map(({ id }) => id.replace(/[+|].*$/, ''))
  const elsewhere = survey.owners.filter((owner) => owner.path !== path && ids.has(canonicalId(owner.recipient)))
  const anchors = anchorsOf(config, spellings)
  const said = (config?.text ?? '').split(/\r?\n/).flatMap((line, at, lines) =>
    saidBy(line, lines[at - 1] ?? '', [...spellings, ...anchors], config?.recipients ?? []))
  const words = [...spellings, ...elsewhere.map(({ name }) => name), ...anchors, ...anchors.map((anchor) => anchor.slice(1)), ...said]
  return words.map(plain)
}

/**
 * The comment beside the key where it has its line to itself, that above it where the key has no anchor and the comment could be
 * a name but for its plural, and of names parted like the keys on their line that in its place.
 */
function saidBy(line: string, above: string, mine: readonly string[], all: readonly Recipient[]): readonly string[] {
  const holds = (text: string, word: string): boolean => plain(text).includes(plain(word))
  const comment = /(?:^|\s)#+\s*(.*)$/.exec(line)?.[1] ?? ''
  const content = line.slice(0, line.length - comment.length)
  if (/^\s*#/.test(line) || !mine.some((word) => holds(content, word))) return []
  const over = /^\s*#+\s*(.*)$/.exec(above)?.[1] ?? ''
  const keys = content.split(/[,[\]]/).filter((part) => part.includes('*') || all.some(({ id }) => holds(part, id.replace(/[+|].*$/, ''))))
  if (keys.length > 1) {
    return [comment, over].map((text) => text.split(/, ?| and | \+ /)).filter(({ length }) => length === keys.length)
      .flatMap((names) => names.filter((_, at) => mine.some((word) => holds(keys[at] ?? '', word))))
  }
  const label = content.includes('&') || over.split(' ').length > 3 || /s$/i.test(over) ? '' : over
  return [comment, label]
}

function anchorsOf(config: SopsConfig | undefined, keys: readonly string[]): readonly string[] {
  const anchored = (config?.text ?? '').matchAll(/&([^\s:]+)\s+(?:[>|][+-]?\s+)?["']?(.+)/g)
  return [...anchored].filter(([, , value = '']) => keys.some((key) => plain(value).includes(plain(key))))
    .flatMap(([, anchor = '']) => [`*${anchor}`, `&${anchor}`])
}
