// A commit on our branch, which anybody who can push or start a workflow could have made → whether it holds the plan, told without a key.
// Must never take its own word for it: every path is compared, and who reads each file.
import { mkdirSync } from 'node:fs'
import { Failure } from '../../model/failure.ts'
import { readOwnersFile } from '../../model/owners/owners-file.ts'
import type { EditedText, PlannedFile } from '../../model/plan/plan.ts'
import { sameRecipient } from '../../model/recipient.ts'
import { blobId } from '../../tools/git-commit.ts'
import type { Git } from '../../tools/git.ts'
import type { Remote } from '../../tools/git-remote.ts'
import { compareCommits } from '../../tools/github-git.ts'
import type { GitHub } from '../../tools/github.ts'
import { readBlobs, readDifference } from '../../tools/git-history.ts'
import type { Log } from '../../tools/log.ts'
import type { Staging } from '../../tools/staging.ts'
import { dataKeyIn } from './kept.ts'
import type { Planned } from './publish.ts'

/** `planned`: the plan and nothing else. `unknown`: that could not be seen. */
export type Look = 'planned' | 'other' | 'unknown'

export interface LookPlace {
  readonly git: Git
  readonly github: GitHub
  readonly remote: Remote
  readonly log: Log
  /** Holds the bytes that were surveyed. */
  readonly staging: Staging
  /** Where the base is at. */
  readonly tip: string
}

/** Whether `head` has, in the place of what `against` has, what is planned; and `against` is part of the base. */
export async function lookAt(place: LookPlace, planned: Planned, head: string, against: string): Promise<Look> {
  const { git, remote, log, staging } = place
  const folder = staging.beside('looked-at')
  mkdirSync(folder, { mode: 0o700 })
  try {
    const aside = await git.with(remote, head, planned.base, folder)
    const isPart = await isOnBase(place, aside, planned.base, against)
    if (isPart === null) return 'unknown'
    return isPart && await holdsPlan(aside, staging, planned, head, against) ? 'planned' : 'other'
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'git-failed') throw error
    log.line(`The commit on the branch could not be looked into. ${error.message}`)
    return 'unknown'
  }
}

/** Null where that cannot be told. */
export async function isOnBase({ github, tip }: LookPlace, aside: Git, base: string, commit: string): Promise<boolean | null> {
  if (commit === base || commit === tip || await aside.isPartOf(commit, base)) return true
  return (await compareCommits(github, commit, tip))?.isAhead ?? null
}

async function holdsPlan(aside: Git, staging: Staging, planned: Planned, head: string, against: string): Promise<boolean> {
  const { changes, configs, record } = planned.plan
  const there = await readDifference(aside, against, head)
  const before = (path: string): string | undefined => there.get(path)?.before
  const isFrom = ({ path, before: text }: EditedText): boolean => before(path) === blobId(Buffer.from(text), head)
  const isExact = (text: EditedText): boolean => isFrom(text) && there.get(text.path)?.after === blobId(Buffer.from(text.after), head)
  if (!configs.every(isExact) || (record !== null && !isFrom(record))) return false
  if (changes.some(({ file }) => before(file.path) !== file.blob)) return false

  const wanted = Map.groupBy(changes, ({ file }) => there.get(file.path)?.after ?? '')
  const recorded = record === null ? undefined : there.get(record.path)?.after
  let seen = 0
  await readBlobs(aside, [...new Set([...wanted.keys(), ...recorded === undefined ? [] : [recorded]])], (blob, bytes) => {
    for (const change of wanted.get(blob) ?? []) if (isAsPlanned(change, staging.read(change.file.path), bytes)) seen += 1
    if (record !== null && blob === recorded && isRecord(planned, record, bytes.toString())) seen += 1
  })
  // Whatever else changed is not in the plan.
  return seen === there.size - configs.length
}

function isAsPlanned(change: PlannedFile, before: Buffer, bytes: Buffer): boolean {
  const dataKey = dataKeyIn(change, before, bytes)
  return dataKey !== null && dataKey !== (change.rotate ? 'same' : 'new')
}

/** The day and the person in it are those of the run that made it. */
function isRecord({ recordOf }: Planned, { path, before, after }: EditedText, text: string): boolean {
  if (text === after) return true
  try {
    const known = readOwnersFile(path, before).removed
    const fresh = readOwnersFile(path, text).removed.find(({ recipient }) => !known.some((one) => sameRecipient(one.recipient, recipient)))
    return fresh !== undefined && recordOf(fresh.date, fresh.by) === text
  } catch (error) {
    if (error instanceof Failure) return false
    throw error
  }
}
