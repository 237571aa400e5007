// History → who held which key at earlier commits, for a request that names someone who has left every file and config.
// Must never stop at what an earlier version has wrong.
import { Failure } from '../model/failure.ts'
import { readOwnersFile } from '../model/owners-file.ts'
import type { OwnedRecipient } from '../model/owners.ts'
import { readPublicKeys } from '../model/owners.ts'
import { canonicalId } from '../model/recipient.ts'
import { readSopsConfig } from '../model/sops-config/read.ts'
import type { Survey } from '../model/survey.ts'
import { unique } from '../model/survey.ts'
import type { Revision } from '../tools/git-history.ts'
import { readBlobs, readRevisions } from '../tools/git-history.ts'
import type { OpenHistory } from './history.ts'
import type { Past } from './request.ts'
import { usualOwnersFile } from './survey.ts'

const publicKey = /^(?:age1[0-9a-z]{20}|ssh-(?:ed25519|rsa) AAAA)/m

/**
 * The names beside keys in every version of a config, of the owners file and of lists of public keys, each once, with the newest
 * commit that brought it; and all who could read a version of a file. `named` is the path of the owners file, where it was given.
 * `everywhere`: lists of public keys are looked for in every file that ever was, and not just in those that are such lists now.
 */
export async function readPast(
  open: OpenHistory, { base, ownersFile, owners: present }: Survey, named: string | null, everywhere: boolean,
): Promise<Past> {
  const { git, history, missing } = open
  const lists = new Set(present.flatMap(({ from, path }) => (from === 'public-keys' ? [path] : [])))
  const unseen = history.reach.kind === 'whole' ? null : history.reach.why
  const ownersPath = ownersFile?.path ?? named ?? usualOwnersFile
  const versions = new Map<string, { readonly path: string; readonly revision: Revision }>()
  try {
    await readRevisions(git, base, (revision, path, _, blob) => {
      if (blob === null || missing.has(blob) || versions.has(blob)) return
      if (everywhere || path === ownersPath || lists.has(path) || isConfig(path)) versions.set(blob, { path, revision })
    })
  } catch (error) {
    // A clone without trees has no changes to tell; that is known already.
    if (unseen === null || !(error instanceof Failure) || error.code !== 'git-failed') throw error
  }
  const found: Omit<Past, 'unseen'>[] = []
  await readBlobs(git, [...versions.keys()], (blob, bytes) => {
    const version = versions.get(blob)
    if (version === undefined) return
    const { path, revision } = version
    const past = read(path, ownersPath, bytes)
    const place = `${path} at ${revision.sha.slice(0, 12)} (${new Date(revision.time * 1000).toISOString().slice(0, 10)})`
    if (past !== null) found.push({ known: past.known, owners: past.owners.map((owner) => ({ ...structuredClone(owner), path: place })) })
  })
  const owners = new Map<string, OwnedRecipient>()
  for (const owner of found.flatMap((past) => past.owners)) {
    const key = `${owner.name}\n${canonicalId(owner.recipient)}`
    if (!owners.has(key)) owners.set(key, owner)
  }
  return { owners: [...owners.values()], known: unique([...found.flatMap(({ known }) => known), ...history.recipients]), unseen }
}

function isConfig(path: string): boolean {
  return path === '.sops.yaml' || path.endsWith('/.sops.yaml')
}

function read(path: string, ownersPath: string, bytes: Buffer): Omit<Past, 'unseen'> | null {
  try {
    if (isConfig(path)) {
      const { owners, recipients } = readSopsConfig(path, bytes.toString())
      return { owners, known: structuredClone(recipients) }
    }
    if (path === ownersPath) {
      const { owners, removed } = readOwnersFile(path, bytes.toString())
      const left = removed.flatMap(({ recipient, owner, line }): OwnedRecipient[] =>
        owner === null ? [] : [{ recipient, name: owner, from: 'owners-file', path, line }])
      return { owners: [...owners, ...left], known: structuredClone([...owners, ...removed].map(({ recipient }) => recipient)) }
    }
    const text = bytes.toString()
    return publicKey.test(text) ? { owners: readPublicKeys(path, text), known: [] } : null
  } catch {
    return null
  }
}
