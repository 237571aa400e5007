// Survey + what sops says of its files + the merges that came in → recipients that a merge lost, and that are still lost.
// Must never take a clone that is cut off for one without merges.
import type { CheckFinding } from '../model/check/check.ts'
import { finding } from '../model/check/check-findings.ts'
import { readEncryptedFile } from '../model/sops-file/encrypted-file.ts'
import { Failure } from '../model/failure.ts'
import { droppedByMerge, wantedIn } from '../model/check/merge-drop.ts'
import { removedForGood } from '../model/plan/plan-findings.ts'
import { canonicalId, shortForm } from '../model/recipient.ts'
import type { Recipient } from '../model/recipient.ts'
import { readSopsConfig } from '../model/sops-config/read.ts'
import { nameOf } from '../model/survey.ts'
import type { Survey } from '../model/survey.ts'
import type { Git } from '../tools/git.ts'
import { readBlobs } from '../tools/git-history.ts'
import type { GitMerges, MergedPath } from '../tools/git-merges.ts'
import type { KeylessAnswers } from './check-drift.ts'

const mostMerges = 50

export async function findMergeDrops(git: Git, merges: GitMerges, survey: Survey, { answers, untold }: KeylessAnswers): Promise<readonly CheckFinding[]> {
  const { looked, left, cutOff } = await merges.brought(mostMerges)
  if (cutOff) {
    return [finding('history-shallow', 'notice', null,
      'the commit is a merge whose parents are not here: whether it dropped a recipient was not looked at')]
  }
  const configs = new Map(survey.configs.map((config) => [config.path, config]))
  const files = new Map(survey.files.map((file) => [file.path, file]))
  const removed = new Set(removedForGood(survey).map(({ recipient }) => canonicalId(recipient)))
  const wanted = new Set([...configs.keys(), ...files.keys()])
  const found = new Map<string, CheckFinding>()
  for (const commit of looked) {
    const paths = await merges.changedIn(commit, wanted)
    const places = new Map(paths.flatMap(({ path, base, sides, result }) =>
      [base, ...sides, result].flatMap((id): [string, string][] => (id === null ? [] : [[id, path]]))))
    const readers = new Map<string, readonly Recipient[]>()
    await readBlobs(git, [...places.keys()], (id, bytes) => readers.set(id, readersIn(places.get(id) ?? '', bytes)))
    for (const merged of paths) {
      const { path } = merged
      const file = files.get(path)
      // Who is back by now, whom the rule for the file does not want, or who was removed on record, is missed by nobody.
      const present = new Set((file === undefined ? configs.get(path)?.recipients ?? [] : file.metadata.groups.flat()).map(canonicalId))
      const config = file?.config ?? ''
      const wantedBack = file === undefined ? null
        : wantedIn(file.metadata.groups.flat(), configs.get(config) ?? null, untold.has(config) ? null : answers.get(path) ?? null)
      for (const one of dropped(merged, readers)) {
        const id = canonicalId(one)
        if (present.has(id) || wantedBack?.has(id) === false || removed.has(id)) continue
        const message = `the merge ${commit.slice(0, 12)} dropped ${name(survey, one)}, whom no side of it had removed`
        found.set(`${path}\n${id}`, finding('merge-dropped', 'warning', path, message, { about: id }))
      }
    }
  }
  if (left === 0) return [...found.values()]
  const unseen = `the newest ${looked.length} merges were looked at, and ${left} older ones were not`
  return [...found.values(), finding('merges-left-out', 'notice', null, unseen)]
}

function name(survey: Survey, one: Recipient): string {
  const known = nameOf(survey, [one])
  return known === shortForm(one) ? known : `${known} (${shortForm(one)})`
}

function dropped({ base, sides, result }: MergedPath, readers: ReadonlyMap<string, readonly Recipient[]>): readonly Recipient[] {
  const at = (blob: string | null): readonly Recipient[] => readers.get(blob ?? '') ?? []
  return result === null ? [] : droppedByMerge(at(base), sides.map(at), at(result))
}

/** Nobody, where it is not readable: an older version may be anything. */
function readersIn(path: string, bytes: Buffer): readonly Recipient[] {
  try {
    if (/(?:^|\/)\.sops\.yaml$/.test(path)) return readSopsConfig(path, bytes.toString()).recipients
    const file = readEncryptedFile(path, bytes)
    return file === null || 'damage' in file ? [] : file.metadata.groups.flat()
  } catch (error) {
    if (error instanceof Failure) return []
    throw error
  }
}
