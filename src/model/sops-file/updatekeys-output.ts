// What `sops updatekeys` prints when every question is answered `n`: the recipients it would add and remove.
// This is how sops itself says which rule governs a file. Must reject any output it does not fully understand.
import type { Recipient } from '../recipient.ts'
import { parsePgpId, parseRecipient } from '../recipient.ts'
import { shownReason } from './sops-words.ts'

/** What sops would make of a file's recipients under its config. */
export type ConfiguredRecipients =
  | { readonly kind: 'same' }
  | {
      readonly kind: 'different'
      /** The groups as sops reads them from the file now. */
      readonly current: readonly (readonly Recipient[])[]
      /** The groups as the config wants them. */
      readonly groups: readonly (readonly Recipient[])[]
      /** sops lowers a file's threshold to the number of groups; this is set where it would change. */
      readonly thresholdChanges: boolean
    }
  /** No creation rule matches. */
  | { readonly kind: 'no-rule' }
  /** sops can't work with the file or its rule. `reason` are sops' own words, as far as they hold nothing of the file. */
  | { readonly kind: 'unreadable'; readonly reason: string }

const timeStamp = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /

/** sops has no code for this; were it worded otherwise, the file would be refused as unreadable. */
const noRule = /no matching creation rules found|does not contain any creation rule/

/**
 * Reads the two streams of one call over `paths`, in that order; each must be a path as sops prints it, without line
 * breaks. sops announces every file on stderr, and prints the question for one that would change on stdout.
 * Throws an Error that says which line was not expected. Source: `subcommand/updatekeys`, `PrettyPrintDiffs`.
 */
export function readConfiguredRecipients(
  paths: readonly string[], stdout: string, stderr: string,
): ReadonlyMap<string, ConfiguredRecipients> {
  const questions = stdout.split("The following changes will be made to the file's groups:\n").slice(1)
  const lines = stderr.split('\n')
  const found = new Map<string, ConfiguredRecipients>()
  // The same few keys, and questions, stand in the answers of thousands of files.
  const keys = new Map<string, Recipient>()
  const answers = new Map<string, ConfiguredRecipients>()
  let at = 0
  let asked = 0
  for (const [index, path] of paths.entries()) {
    at = expectLine(lines, at, `Syncing keys for file ${path}`)
    const next = paths[index + 1]
    const end = next === undefined ? lines.length : expectLine(lines, at, `Syncing keys for file ${next}`) - 1
    const said = lines.slice(at, end).map((line) => line.replace(timeStamp, ''))
    at = end
    if (said.includes(`File ${path} already up to date`)) found.set(path, { kind: 'same' })
    else if (said.includes(`File ${path} left unchanged`)) {
      const question = questions[asked]
      if (question === undefined) throw new Error('sops asked about fewer files than it left unchanged')
      asked += 1
      const answer = answers.get(question) ?? answerTo(question, keys)
      answers.set(question, answer)
      found.set(path, answer)
    } else {
      const reason = reasonIn(said)
      found.set(path, noRule.test(reason) ? { kind: 'no-rule' } : { kind: 'unreadable', reason: shownReason(reason) })
    }
  }
  if (asked !== questions.length) throw new Error('sops asked about more files than it left unchanged')
  return found
}

/** The position behind the line that ends with `text` after sops' time stamp. */
function expectLine(lines: readonly string[], from: number, text: string): number {
  for (let at = from; at < lines.length; at += 1) {
    if (lines[at]?.replace(timeStamp, '') === text) return at + 1
  }
  throw new Error(`sops did not say "${text}"`)
}

function reasonIn(said: readonly string[]): string {
  for (const line of said) {
    const message = /level=error msg=("(?:[^"\\]|\\.)*"|\S+)/.exec(line)?.[1]
    if (message !== undefined) return message.startsWith('"') ? message.slice(1, -1).replaceAll('\\"', '"') : message
  }
  return said.map((line) => line.trim()).filter((line) => line !== '').join(' ') || 'sops gave no reason'
}

/** A key of a kind that is not known makes one file unreadable, not all. */
function answerTo(question: string, keys: Map<string, Recipient>): ConfiguredRecipients {
  try {
    return readQuestion(question, keys)
  } catch (error) {
    if (error instanceof UnknownKey) return { kind: 'unreadable', reason: error.message }
    throw error
  }
}

class UnknownKey extends Error {}

function readQuestion(question: string, keys: Map<string, Recipient>): ConfiguredRecipients {
  const [current, groups]: [Recipient[][], Recipient[][]] = [[], []]
  let thresholdChanges = false
  for (const line of question.split('\n')) {
    if (line === '' || line.startsWith('Is this okay? (y/n):')) continue
    if (/^Group \d+$/.test(line)) for (const side of [current, groups]) side.push([])
    else if (/^(?:\+\+\+|---) shamir_threshold: \d+$/.test(line)) thresholdChanges = true
    else if (!/^shamir_threshold: \d+$/.test(line)) {
      const [, sign, key = ''] = /^(\+\+\+ |--- | {4})(.+)$/.exec(line) ?? []
      const [had, gets] = [current.at(-1), groups.at(-1)]
      if (sign === undefined || had === undefined || gets === undefined) throw new Error(`sops printed a line that is not known: ${line}`)
      const recipient = keys.get(key) ?? readKey(key)
      keys.set(key, recipient)
      if (sign !== '+++ ') had.push(recipient)
      if (sign !== '--- ') gets.push(recipient)
    }
  }
  const filled = (all: Recipient[][]): Recipient[][] => all.filter((group) => group.length > 0)
  return { kind: 'different', current: filled(current), groups: filled(groups), thresholdChanges }
}

function readKey(key: string): Recipient {
  // sops also takes the short id of a PGP key.
  const recipient = parseRecipient(key) ?? parsePgpId(key)
  if (recipient !== null) return recipient
  throw new UnknownKey(`sops names a recipient of a kind that is not known: ${key}`)
}
