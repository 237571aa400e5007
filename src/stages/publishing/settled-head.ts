// A commit in our name of which no plan is left to compare it with → whether it can be let go, told without a key.
// Must never call a commit ours that holds anything but other readers and data keys: nobody would look for the rest any more.
import { mkdirSync } from 'node:fs'
import { readEncryptedFile, valuesIn } from '../../model/sops-file/encrypted-file.ts'
import { haveSameValues } from '../../model/sops-file/encrypted-value.ts'
import { Failure } from '../../model/failure.ts'
import type { Git } from '../../tools/git.ts'
import { readBlobs, readDifference } from '../../tools/git-history.ts'
import { areCleanMerges } from './clean-merges.ts'
import type { Head } from './earlier-run.ts'
import { isOnBase } from './unvouched-head.ts'
import type { Look, LookPlace } from './unvouched-head.ts'

/**
 * Whether our commit has, in the place of what its parent has, which is part of the base, nothing but other texts of the configs and
 * of the owners file, and encrypted files with the same values; and the merges on top of it nothing else. `base` is the commit that
 * the run is for.
 */
export async function lookAtSettled(place: LookPlace, base: string, { commit, merges }: Pick<Head, 'commit' | 'merges'>, ownersFile: string): Promise<Look> {
  const { git, remote, log, staging } = place
  const parent = commit.parents[0] ?? ''
  if (!await areCleanMerges(place, base, commit, merges)) return 'other'
  const folder = staging.beside('settled')
  mkdirSync(folder, { mode: 0o700 })
  try {
    const aside = await git.with(remote, commit.sha, base, folder)
    const isPart = await isOnBase(place, aside, base, parent)
    if (isPart === null) return 'unknown'
    return isPart && await onlyRekeys(aside, parent, commit.sha, ownersFile) ? 'planned' : 'other'
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'git-failed') throw error
    log.line(`The commit on the branch could not be looked into. ${error.message}`)
    return 'unknown'
  }
}

async function onlyRekeys(aside: Git, parent: string, head: string, ownersFile: string): Promise<boolean> {
  const changes = [...await readDifference(aside, parent, head)].filter(([path, change]) => change === null || !isText(path, ownersFile))
  const pathOf = new Map(changes.flatMap(([path, change]) => (change === null ? [] : [[change.before, path], [change.after, path]])))
  const values = new Map<string, ReturnType<typeof valuesIn>>()
  await readBlobs(aside, [...pathOf.keys()], (blob, bytes) => {
    const file = readEncryptedFile(pathOf.get(blob) ?? '', bytes)
    if (file !== null && !('damage' in file)) values.set(blob, valuesIn(file, Buffer.from(bytes)))
  })
  return changes.every(([, change]) => {
    const [before, after] = [change?.before, change?.after].map((blob) => values.get(blob ?? ''))
    return before !== undefined && after !== undefined && haveSameValues(before, after)
  })
}

/** What a run of ours edits as a text. */
function isText(path: string, ownersFile: string): boolean {
  return path === ownersFile || path === '.sops.yaml' || path.endsWith('/.sops.yaml')
}
