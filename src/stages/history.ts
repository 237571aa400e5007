// Checkout → its history as the model knows it. Uses no key.
// Must never change the checkout: what a shallow one lacks is fetched beside it.
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../model/failure.ts'
import { mended, readVersion } from '../model/file-version.ts'
import type { Change, History, HistoryReach } from '../model/history.ts'
import { HistoryBuilder } from '../model/history.ts'
import type { Survey } from '../model/survey.ts'
import type { Git, Remote } from '../tools/git.ts'
import { readBlobs, readMissing, readRevisions, readTree } from '../tools/git-history.ts'

export interface HistoryOptions {
  /** Every file that ever was, whatever its name; else just what led to the encrypted files of the base. */
  readonly everything: boolean
  /** Paths of the base that are wanted too, though they are not encrypted now. */
  readonly also?: ReadonlySet<string>
  /** Where to fetch from what a shallow checkout lacks; null: nowhere. */
  readonly remote: Remote | null
  /** Where temporary folders are made. */
  readonly temporary: string
}

/** A history, and the versions in it, until it is disposed of. */
export class OpenHistory {
  readonly history: History
  /** Where its objects are. */
  readonly git: Git
  /** Ids of objects that a partial clone left out: to ask git for one of them fails. */
  readonly missing: ReadonlySet<string>
  readonly #folder: string | null

  constructor(history: History, git: Git, missing: ReadonlySet<string>, folder: string | null) {
    this.history = history
    this.git = git
    this.missing = missing
    this.#folder = folder
  }

  /** The bytes of some versions, each once; they are ciphertext. */
  async read(versions: readonly number[], visit: (version: number, bytes: Buffer) => void): Promise<void> {
    const byBlob = new Map(versions.map((version) => [this.history.versions[version]?.blob ?? '', version]))
    await readBlobs(this.git, [...byBlob.keys()], (blob, bytes) => visit(byBlob.get(blob) ?? -1, bytes))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
}

/** A history that is read once, and only if somebody asks for it. */
export class HistoryOnDemand {
  readonly #read: () => Promise<OpenHistory>
  #open: Promise<OpenHistory> | null = null

  constructor(read: () => Promise<OpenHistory>) {
    this.#read = read
  }

  async open(): Promise<OpenHistory> {
    return await (this.#open ??= this.#read())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What could not be read was said where it was asked for.
    await (await this.#open?.catch(() => null))?.[Symbol.asyncDispose]()
  }
}

/** Reads what led to the base of `survey`. What can't be read is said in the history's `reach`, and never stops the run. */
export async function openHistory(checkout: Git, survey: Survey, options: HistoryOptions): Promise<OpenHistory> {
  const { git, folder, why } = await reachBack(checkout, survey.base, options)
  const encrypted = new Set([...survey.files, ...survey.others, ...survey.skipped.flatMap(({ file }) => file ?? [])].map(({ path }) => path))
  try {
    const tree = await readTree(git, survey.base)
    const missing = await git.isPartialClone() ? await readMissing(git, survey.base) : new Set<string>()
    const found = await readChanges(git, survey.base, options.everything ? null : new Set([...encrypted, ...options.also ?? []]))
    const wanted = wantedBlobs(found, tree, encrypted)
    const builder = new HistoryBuilder()
    const atBase = new Set(tree.values())
    const tooLarge = await readBlobs(git, [...wanted.keys()].filter((blob) => !missing.has(blob)), (blob, raw) => {
      const bytes = mended(raw)
      if (!bytes.includes('ENC[AES256_GCM,')) return
      const version = readVersion(wanted.get(blob) ?? '', bytes)
      // What stands at the base has been told by the survey.
      if (version === 'unreadable' && !atBase.has(blob)) builder.addUnreadable()
      if (version !== null && version !== 'unreadable') builder.add(blob, version)
    })
    const changes = found.map(({ before, after, ...rest }): Change => ({ ...rest, before: numberOf(builder, before), after: numberOf(builder, after) }))
      .filter(({ before, after }) => before !== null || after !== null)
    const base = new Map([...tree].flatMap(([path, blob]): [string, number][] => {
      const number = encrypted.has(path) ? builder.numberOf(blob) : null
      return number === null ? [] : [[path, number]]
    }))
    const plain = new Set(changes.flatMap(({ path }) => (tree.has(path) && !base.has(path) ? [path] : [])))
    const lost = [...wanted.keys()].filter((blob) => missing.has(blob)).length
    const reach = reachOf([why, lost > 0 ? `the clone is a partial one (\`filter\` or \`sparse-checkout\` of actions/checkout), which leaves out contents (${lost} of them)` : null])
    return new OpenHistory(builder.finish({ reach, tooLarge: tooLarge.length, changes, base, plain }), git, missing, folder)
  } catch (error) {
    if (folder !== null) await rm(folder, { recursive: true, force: true })
    if (!(error instanceof Failure) || error.code !== 'git-failed') throw error
    const nothing = new HistoryBuilder().finish({ reach: reachOf([error.message]), tooLarge: 0, changes: [], base: new Map(), plain: new Set() })
    return new OpenHistory(nothing, checkout, new Set(), null)
  }
}

function numberOf(builder: HistoryBuilder, blob: string | null): number | null {
  return blob === null ? null : builder.numberOf(blob)
}

function reachOf(whys: readonly (string | null)[]): HistoryReach {
  const said = whys.filter((why) => why !== null)
  return said.length === 0 ? { kind: 'whole' } : { kind: 'partial', why: said.join('; ') }
}

interface Reach {
  readonly git: Git
  readonly folder: string | null
  readonly why: string | null
}

async function reachBack(checkout: Git, base: string, { remote, temporary }: HistoryOptions): Promise<Reach> {
  if (!await checkout.isShallow()) return { git: checkout, folder: null, why: null }
  if (remote === null) return { git: checkout, folder: null, why: 'the checkout is shallow' }
  const folder = realpathSync(mkdtempSync(join(temporary, 'sops-rekey-history-')))
  try {
    mkdirSync(join(folder, 'git'))
    return { git: await checkout.deepened(remote, base, join(folder, 'git')), folder, why: null }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    if (!(error instanceof Failure) || error.code !== 'git-failed') throw error
    return { git: checkout, folder: null, why: `the checkout is shallow. ${error.message}` }
  }
}

type FoundChange = Omit<Change, 'before' | 'after'> & { readonly before: string | null; readonly after: string | null }

/**
 * Every change, or just those of `paths` and of what they can have been renamed from: what went in the commit in which one of
 * them came.
 */
async function readChanges(git: Git, base: string, paths: ReadonlySet<string> | null): Promise<readonly FoundChange[]> {
  const found: FoundChange[] = []
  const wanted = new Set(paths)
  let pending: FoundChange[] = []
  let [commit, sha] = [0, '']
  const close = (): void => {
    if (paths !== null && pending.some(({ path, before }) => before === null && wanted.has(path))) {
      for (const { path, after } of pending) if (after === null) wanted.add(path)
    }
    for (const change of pending) if (paths === null || wanted.has(change.path)) found.push(change)
    pending = []
  }
  await readRevisions(git, base, (revision, path, before, after) => {
    if (revision.sha !== sha) {
      close()
      sha = revision.sha
      commit += 1
    }
    pending.push({ commit, path, time: revision.time, isMerge: revision.isMerge, before, after })
  })
  close()
  return found
}

/** Each version's blob with a path that it stood at; without those that the survey has found to be no encrypted file. */
function wantedBlobs(changes: readonly FoundChange[], tree: ReadonlyMap<string, string>, encrypted: ReadonlySet<string>): ReadonlyMap<string, string> {
  const wanted = new Map<string, string>()
  for (const path of encrypted) {
    const blob = tree.get(path)
    if (blob !== undefined) wanted.set(blob, path)
  }
  const plain = new Set([...tree].flatMap(([path, blob]) => (encrypted.has(path) || wanted.has(blob) ? [] : [blob])))
  for (const { path, before, after } of changes) {
    for (const blob of [after, before]) if (blob !== null && !wanted.has(blob) && !plain.has(blob)) wanted.set(blob, path)
  }
  return wanted
}
