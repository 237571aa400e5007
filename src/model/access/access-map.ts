// Who can read what at the base: every encrypted file of a survey with its readers, by owner, environment and kind of key.
// Must never leave out a file that someone can read, nor take a key whose owner is not known for a person's.
import type { EncryptedFile } from '../sops-file/encrypted-file.ts'
import { ownerOf } from '../owners/owners.ts'
import { environmentNames, environmentOf } from '../plan/policy.ts'
import { canonicalId, shortForm } from '../recipient.ts'
import type { Recipient, RecipientKind } from '../recipient.ts'
import type { Survey } from '../survey.ts'

/** Everyone who goes by one owner's name, or a key that nobody is known to hold. */
export interface Reader {
  /** The owner's name, or a form of the key that no other such key here has. Not yet made safe. */
  readonly name: string
  readonly owned: boolean
  /** Each key once, in the order in which the files name them. */
  readonly keys: readonly Recipient[]
}

export interface Grant {
  /** Position in the map's `readers`. */
  readonly reader: number
  /** The kinds of the keys that this reader has here. */
  readonly kinds: readonly RecipientKind[]
  /** Whether this reader can open the file without anyone else; false where it takes more key groups than they have keys of. */
  readonly alone: boolean
}

export interface FileAccess {
  readonly path: string
  /** As the path tells it; null where it does not. */
  readonly environment: string | null
  /** By the position of the reader. */
  readonly grants: readonly Grant[]
  /** The readers, by position, without any one of whom the others could not open the file. */
  readonly indispensable: readonly number[]
  /** How many of its key groups it takes; null where any key of it is enough. */
  readonly needs: { readonly groups: number; readonly of: number } | null
}

export interface AccessMap {
  /** The commit it was made from. */
  readonly base: string
  /** Owners by name, then keys without a known owner. Each can read a file, or a part of it. */
  readonly readers: readonly Reader[]
  /** Folder by folder. */
  readonly files: readonly FileAccess[]
  /** Those that files are of, the one that matters most first, null last. */
  readonly environments: readonly (string | null)[]
  /** What may hold secrets and could not be read, with the reason, a clause. */
  readonly unread: readonly { readonly path: string; readonly reason: string }[]
}

/** Whether one of the reader's keys is held by a key service, where many people may be let use it. */
export function isSharedKey({ keys }: Pick<Reader, 'keys'>): boolean {
  return keys.some(({ kind }) => kind.endsWith('kms') || kind === 'azure_keyvault' || kind === 'hc_vault')
}

/** The folder of a path, ending with a slash; empty for the root. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1)
}

/** All encrypted files of the repository, whatever the run was narrowed to. */
export function accessMap(survey: Survey): AccessMap {
  const files = [...survey.files, ...survey.others, ...survey.skipped.flatMap(({ file }) => file ?? [])]
  const [readers, readerOf] = readersOf(files, survey)
  const mapped = files.map((file) => accessTo(file, readerOf))
    .sort((a, b) => order(folderOf(a.path), folderOf(b.path)) || order(a.path, b.path))
  const found = new Set(mapped.map(({ environment }) => environment))
  return {
    base: survey.base,
    readers,
    files: mapped,
    environments: [...environmentNames, null].filter((one) => found.has(one)),
    unread: [
      ...survey.damaged.map(({ path, damage }) => ({ path, reason: damage })),
      ...survey.skipped.filter(({ file }) => file === null).map(({ path, reason }) => ({ path, reason })),
    ].sort((a, b) => order(a.path, b.path)),
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

type Positions = (recipient: Recipient) => number

function readersOf(files: readonly EncryptedFile[], { owners }: Survey): readonly [readonly Reader[], Positions] {
  const keys = new Map<string, { recipient: Recipient; owner: string | null }>()
  const spellings = new Set<string>()
  for (const recipient of files.flatMap(({ metadata }) => metadata.groups.flat())) {
    // Thousands of files name the same few keys.
    const spelling = `${recipient.kind} ${recipient.id}`
    if (spellings.has(spelling)) continue
    spellings.add(spelling)
    const known = keys.get(canonicalId(recipient))
    // An SSH key may be spelled with its comment in one file and without it in another.
    if (known === undefined) keys.set(canonicalId(recipient), { recipient, owner: ownerOf(owners, recipient) })
    else known.owner ??= ownerOf(owners, recipient)
  }
  const byOwner = new Map<string, Recipient[]>()
  for (const { recipient, owner } of keys.values()) {
    if (owner !== null) byOwner.set(owner, [...byOwner.get(owner) ?? [], recipient])
  }
  const nameless = [...keys.values()].flatMap(({ recipient, owner }) => (owner === null ? [recipient] : []))
  const shorts = nameless.map(shortForm)
  const nameOf = (recipient: Recipient): string => {
    const short = shortForm(recipient)
    return shorts.indexOf(short) === shorts.lastIndexOf(short) ? short : recipient.id
  }
  const byName = (a: Reader, b: Reader): number => order(a.name.toLowerCase(), b.name.toLowerCase()) || order(a.name, b.name)
  const readers = [
    ...[...byOwner].map(([name, own]): Reader => ({ name, owned: true, keys: own })).sort(byName),
    ...nameless.map((one): Reader => ({ name: nameOf(one), owned: false, keys: [one] })).sort(byName),
  ]
  const positions = new Map(readers.flatMap((reader, at) => reader.keys.map((key) => [canonicalId(key), at])))
  return [readers, (recipient) => positions.get(canonicalId(recipient)) ?? -1]
}

function accessTo({ path, metadata: { groups, shamirThreshold } }: EncryptedFile, readerOf: Positions): FileAccess {
  const groupReaders = groups.map((group) => new Set(group.map(readerOf)))
  // Of one group any key will do, and without a threshold sops wants every group.
  const needed = groups.length < 2 ? 1 : shamirThreshold ?? groups.length
  const kinds = new Map<number, Set<RecipientKind>>()
  for (const one of groups.flat()) kinds.set(readerOf(one), (kinds.get(readerOf(one)) ?? new Set()).add(one.kind))
  const grants = [...kinds].sort(([a], [b]) => a - b).map(([reader, own]): Grant => ({
    reader, kinds: [...own], alone: groupReaders.filter((group) => group.has(reader)).length >= needed,
  }))
  const openWithout = (reader: number): number => groupReaders.filter((group) => group.size > (group.has(reader) ? 1 : 0)).length
  return {
    path,
    environment: environmentOf(path),
    grants,
    indispensable: grants.map(({ reader }) => reader).filter((reader) => openWithout(reader) < needed),
    needs: needed > 1 ? { groups: needed, of: groups.length } : null,
  }
}
