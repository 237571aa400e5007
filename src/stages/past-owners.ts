// History → who held which key at earlier commits, for a request that names someone who has left every file and config.
// Must never stop at what an earlier version has wrong.
import { Failure } from '../model/failure.ts'
import { readOwnersFile } from '../model/owners/owners-file.ts'
import type { RemovedRecord } from '../model/owners/owners-file.ts'
import type { OwnedRecipient } from '../model/owners/owners.ts'
import { pastOwners, recordedOwners } from '../model/owners/past-owner.ts'
import type { PastOwner } from '../model/owners/past-owner.ts'
import { readPublicKeys } from '../model/owners/public-keys.ts'
import { canonicalId } from '../model/recipient.ts'
import type { Recipient } from '../model/recipient.ts'
import { readSopsConfig } from '../model/sops-config/read.ts'
import type { Survey } from '../model/survey.ts'
import { unique } from '../model/survey.ts'
import { readBlobs, readRevisions } from '../tools/git-history.ts'
import type { OpenHistory, PastText } from './history.ts'
import type { Past } from './request.ts'
import { usualOwnersFile } from './survey.ts'

const publicKey = /^(?:age1[0-9a-z]{20}|ssh-(?:ed25519|rsa) AAAA)/m

/** The paths that say who holds which key, or say it at the base: configs, the owners file (`named`, where it was given) and lists of public keys. */
export function pathsOfOwners(survey: Survey, named: string | null): (path: string) => boolean {
  const lists = new Set(survey.owners.flatMap(({ from, path }) => (from === 'public-keys' ? [path] : [])))
  const ownersPath = ownersPathIn(survey, named)
  return (path) => path === ownersPath || lists.has(path) || isConfig(path)
}

function ownersPathIn({ ownersFile }: Survey, named: string | null): string {
  return ownersFile?.path ?? named ?? usualOwnersFile
}

/**
 * The names beside keys in every version of a config, of the owners file and of lists of public keys, each once, with the newest
 * commit that brought it and the keys that came in its place; and all who stood in a config, could read a version of a file, or were recorded as removed. `open` has the texts at `pathsOfOwners`. `everywhere`: lists
 * of public keys are looked for in every file that ever was, and not just in those that are such lists now.
 */
export async function readPast(open: OpenHistory, survey: Survey, named: string | null, everywhere: boolean): Promise<Past> {
  const { git, history, missing } = open
  const unseen = history.reach.kind === 'whole' ? null : history.reach.why
  const ownersPath = ownersPathIn(survey, named)
  const { versions, followed } = everywhere ? await everyText(open, survey.base, pathsOfOwners(survey, named)) : { versions: open.texts, followed: new Map<string, never>() }
  const found = new Map<string, Read & { readonly place: string }>()
  await readBlobs(git, [...versions.keys()].filter((blob) => !missing.has(blob)), (blob, bytes) => {
    const version = versions.get(blob)
    if (version === undefined) return
    const { path, revision } = version
    const past = read(path, ownersPath, bytes)
    const place = `${path} at ${revision.sha.slice(0, 12)} (${new Date(revision.time * 1000).toISOString().slice(0, 10)})`
    if (past !== null) found.set(blob, { ...structuredClone(past), place })
  })
  const owners = new Map<string, PastOwner>()
  for (const [blob, { place, ...then }] of found) {
    const after = [...followed.get(blob) ?? []].map((other) => found.get(other)?.owners ?? [])
    for (const owner of [...pastOwners(then.owners, place, after), ...recordedOwners(then.removed, place)]) {
      const key = `${owner.name}\n${canonicalId(owner.recipient)}`
      const newest = owners.get(key) ?? owner
      owners.set(key, { ...newest, next: unique([...newest.next, ...owner.next]) })
    }
  }
  return { owners: [...owners.values()], known: unique([...[...found.values()].flatMap(({ known }) => known), ...history.recipients]), unseen }
}

interface EveryText {
  readonly versions: ReadonlyMap<string, PastText>
  /** Of the versions of what `says` who holds which key, each with those that came in its place. */
  readonly followed: ReadonlyMap<string, ReadonlySet<string>>
}

async function everyText({ git, history, missing }: OpenHistory, base: string, says: (path: string) => boolean): Promise<EveryText> {
  const versions = new Map<string, PastText>()
  const followed = new Map<string, Set<string>>()
  try {
    await readRevisions(git, base, (revision, path, before, after) => {
      if (after === null) return
      if (!missing.has(after) && !versions.has(after)) versions.set(after, { path, revision })
      if (before !== null && says(path)) followed.set(before, (followed.get(before) ?? new Set()).add(after))
    })
  } catch (error) {
    // A clone without trees has no changes to tell; that is known already.
    if (history.reach.kind === 'whole' || !(error instanceof Failure) || error.code !== 'git-failed') throw error
  }
  return { versions, followed }
}

function isConfig(path: string): boolean {
  return path === '.sops.yaml' || path.endsWith('/.sops.yaml')
}

interface Read {
  readonly owners: readonly OwnedRecipient[]
  readonly removed: readonly RemovedRecord[]
  readonly known: readonly Recipient[]
}

function read(path: string, ownersPath: string, bytes: Buffer): Read | null {
  try {
    if (isConfig(path)) {
      const { owners, recipients } = readSopsConfig(path, bytes.toString())
      return { owners, removed: [], known: recipients }
    }
    if (path === ownersPath) {
      const { owners, removed } = readOwnersFile(path, bytes.toString())
      // A key that only has an owner stood in nothing that anyone could have read.
      return { owners, removed, known: removed.map(({ recipient }) => recipient) }
    }
    const text = bytes.toString()
    return publicKey.test(text) ? { owners: readPublicKeys(path, text).owners, removed: [], known: [] } : null
  } catch {
    return null
  }
}
