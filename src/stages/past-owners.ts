// History → who held which key at earlier commits, for a request that names someone who has left every file and config.
// Must never stop at what an earlier version has wrong.
import { Failure } from '../model/failure.ts'
import { readOwnersFile } from '../model/owners/owners-file.ts'
import type { RemovedRecord } from '../model/owners/owners-file.ts'
import type { OwnedRecipient } from '../model/owners/owners.ts'
import { readPublicKeys } from '../model/owners/owners.ts'
import { pastOwners, recordedOwners } from '../model/owners/past-owner.ts'
import type { PastOwner } from '../model/owners/past-owner.ts'
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
 * The names beside keys in every version of a config, of the owners file and of lists of public keys, each once a file, with the newest
 * commit that brought it; and all who stood in a config, could read a version of a file, or were recorded as removed. `open` has the texts at `pathsOfOwners`. `everywhere`: lists
 * of public keys are looked for in every file that ever was, and not just in those that are such lists now.
 */
export async function readPast(open: OpenHistory, survey: Survey, named: string | null, everywhere: boolean): Promise<Past> {
  const { git, history, missing } = open
  const unseen = history.reach.kind === 'whole' ? null : history.reach.why
  const ownersPath = ownersPathIn(survey, named)
  const versions = everywhere ? await everyText(open, survey.base) : open.texts
  const found: (Omit<Past, 'unseen'> & { readonly path: string })[] = []
  const newer = new Map<string, readonly OwnedRecipient[]>()
  await readBlobs(git, [...versions.keys()].filter((blob) => !missing.has(blob)), (blob, bytes) => {
    const version = versions.get(blob)
    if (version === undefined) return
    const { path, revision } = version
    const place = `${path} at ${revision.sha.slice(0, 12)} (${new Date(revision.time * 1000).toISOString().slice(0, 10)})`
    const past = read(path, ownersPath, bytes)
    if (past === null) return
    const named = structuredClone(past.owners)
    found.push({ path, known: past.known, owners: [...pastOwners(named, place, newer.get(path) ?? []), ...recordedOwners(structuredClone(past.removed), place)] })
    newer.set(path, named)
  })
  const owners = new Map<string, PastOwner>()
  for (const { path, owners: then } of found) {
    for (const owner of then) {
      const key = JSON.stringify([owner.name, canonicalId(owner.recipient), path])
      if (!owners.has(key)) owners.set(key, owner)
    }
  }
  return { owners: [...owners.values()], known: unique([...found.flatMap(({ known }) => known), ...history.recipients]), unseen }
}

async function everyText({ git, history, missing }: OpenHistory, base: string): Promise<ReadonlyMap<string, PastText>> {
  const texts = new Map<string, PastText>()
  try {
    await readRevisions(git, base, (revision, path, _, blob) => {
      if (blob !== null && !missing.has(blob) && !texts.has(blob)) texts.set(blob, { path, revision })
    })
  } catch (error) {
    // A clone without trees has no changes to tell; that is known already.
    if (history.reach.kind === 'whole' || !(error instanceof Failure) || error.code !== 'git-failed') throw error
  }
  return texts
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
      return { owners, removed: [], known: structuredClone(recipients) }
    }
    if (path === ownersPath) {
      const { owners, removed } = readOwnersFile(path, bytes.toString())
      // A key that only has an owner stood in nothing that anyone could have read.
      return { owners, removed, known: structuredClone(removed.map(({ recipient }) => recipient)) }
    }
    const text = bytes.toString()
    return publicKey.test(text) ? { owners: readPublicKeys(path, text), removed: [], known: [] } : null
  } catch {
    return null
  }
}
