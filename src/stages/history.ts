// Checkout → its history as the model knows it. Uses no key.
// Must never change the checkout: what a shallow one lacks is fetched beside it.
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../model/failure.ts'
import { ClearPaths } from '../model/exposure/clear-paths.ts'
import type { FoundChange } from '../model/exposure/clear-paths.ts'
import type { Digests } from '../model/exposure/digests.ts'
import { clearTexts, mended, readVersion } from '../model/exposure/file-version.ts'
import type { Change, History, HistoryReach } from '../model/exposure/history.ts'
import { HistoryBuilder } from '../model/exposure/history-builder.ts'
import { mayHoldSecrets } from '../model/exposure/plain-scalars.ts'
import { historyLine } from '../model/run-words.ts'
import type { Survey } from '../model/survey.ts'
import type { Git } from '../tools/git.ts'
import type { Remote } from '../tools/git-remote.ts'
import { readBlobs, readMissing, readRevisions, readTree } from '../tools/git-history.ts'
import type { Revision } from '../tools/git-history.ts'
import type { Log } from '../tools/log.ts'
import { digestMaker } from './value-digests.ts'

/** A text of some commit, by the path that it had there. */
export interface PastText {
  readonly path: string
  readonly revision: Revision
}

export interface HistoryOptions {
  /** Every file that ever was, whatever its name; else just what led to the encrypted files of the base. */
  readonly everything: boolean
  /** Paths of the base that are wanted too, though they are not encrypted now. */
  readonly also?: ReadonlySet<string>
  /** Paths of which every version is to be known as a text too. */
  readonly texts?: (path: string) => boolean
  /** Is told each change of a regular file that led to the base, the newest first; git's ids of the bytes, null: none. */
  readonly onChange?: (commit: string, path: string, before: string | null, after: string | null) => void
  /** Where to fetch from what a shallow checkout lacks; null: nowhere. */
  readonly remote: Remote | null
  /** Where temporary folders are made. */
  readonly temporary: string
}

/** A history, and the versions in it, until it is disposed of. */
export class OpenHistory {
  readonly history: History
  /** What was asked for by its path: each blob, with the newest commit that brought it. */
  readonly texts: ReadonlyMap<string, PastText>
  /** Where its objects are. */
  readonly git: Git
  /** The commit that it led to. */
  readonly base: string
  /** Ids of objects that a partial clone left out: to ask git for one of them fails. */
  readonly missing: ReadonlySet<string>
  /** Makes of a value what can be compared with what the history keeps of others. */
  readonly digestsOf: (value: string) => Digests
  readonly #folder: string | null

  constructor(
    history: History, texts: ReadonlyMap<string, PastText>, git: Git, base: string, missing: ReadonlySet<string>, digestsOf: (value: string) => Digests,
    folder: string | null,
  ) {
    this.history = history
    this.texts = texts
    this.git = git
    this.base = base
    this.missing = missing
    this.digestsOf = digestsOf
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

  constructor(read: () => Promise<OpenHistory>, log: Log) {
    this.#read = async () => {
      const open = await read()
      log.line(historyLine(open.history))
      return open
    }
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
  const digestsOf = digestMaker()
  const encrypted = new Set([...survey.files, ...survey.others, ...survey.skipped.flatMap(({ file }) => file ?? [])].map(({ path }) => path))
  try {
    const [tree, isPartial] = await Promise.all([readBase(git, survey.base, encrypted), git.isPartialClone()])
    const missing = isPartial ? await readMissing(git, survey.base) : new Set<string>()
    const wantedPaths = options.everything ? null : new Set([...encrypted, ...options.also ?? []])
    const { found, texts, cameAsOneWent } = await readChanges(git, survey.base, tree.plain, wantedPaths, options)
    const wanted = wantedBlobs(found, tree)
    const builder = new HistoryBuilder(digestsOf)
    const clear = new ClearPaths(found)
    const atBase = new Set(tree.encrypted.values())
    const tooLarge = await readBlobs(git, [...wanted.keys()].filter((blob) => !missing.has(blob)), (blob, raw) => {
      const bytes = mended(raw)
      const stood = wanted.get(blob) ?? []
      if (!bytes.includes('ENC[AES256_GCM,')) {
        const format = clear.formatOf(stood, bytes.length)
        if (format !== null) builder.addClear(blob, clearTexts(format, bytes))
        return
      }
      const version = readVersion(stood[0] ?? '', bytes)
      // What stands at the base has been told by the survey.
      if (version === 'unreadable' && !atBase.has(blob)) builder.addUnreadable()
      if (version === null || version === 'unreadable') return
      builder.add(blob, version)
      for (const path of stood) clear.isEncrypted(path, version.format)
    })
    const changes = found.map(({ before, after, ...rest }): Change => ({ ...rest, before: numberOf(builder, before), after: numberOf(builder, after) }))
      .filter(({ before, after }) => before !== null || after !== null)
    const base = new Map([...tree.encrypted].flatMap(([path, blob]): [string, number][] => {
      const number = builder.numberOf(blob)
      return number === null ? [] : [[path, number]]
    }))
    const paths = new Set(changes.flatMap(({ path }) => (base.has(path) ? [] : [path])))
    const wentIn = new Set(changes.flatMap(({ commit, after }) => (after === null ? [commit] : [])))
    const came = [...cameAsOneWent].filter(([commit]) => wentIn.has(commit))
    const present = await presentAmong(git, survey.base, new Set([...paths, ...came.flatMap(([, some]) => some.filter((path) => !base.has(path)))]))
    const plain = new Set([...paths].filter((path) => present.has(path)))
    const cameInTheClear = new Map(came.map(([commit, some]) => [commit, some.filter((path) => present.has(path) && !base.has(path))]))
    const decrypted = new Set(found.flatMap(({ path, before, after }) => (numberOf(builder, before) !== null && after !== null && numberOf(builder, after) === null ? [path] : [])))
    const lost = [...wanted.keys()].filter((blob) => missing.has(blob)).length
    const reach = reachOf([why, lost > 0 ? `the clone is a partial one (\`filter\` or \`sparse-checkout\` of actions/checkout), which leaves out contents (${lost} of them)` : null])
    const clearVersions = clear.versionsOf(builder)
    const history = builder.finish({ reach, tooLarge: tooLarge.length, changes, base, plain, decrypted, cameInTheClear, clearVersions })
    return new OpenHistory(history, texts, git, survey.base, missing, digestsOf, folder)
  } catch (error) {
    if (folder !== null) await rm(folder, { recursive: true, force: true })
    if (!(error instanceof Failure) || error.code !== 'git-failed') throw error
    const nothing = new HistoryBuilder().finish({ reach: reachOf([error.message]), tooLarge: 0, changes: [], base: new Map(), plain: new Set() })
    return new OpenHistory(nothing, new Map(), checkout, survey.base, new Set(), digestsOf, null)
  }
}

/** The files of the base: the encrypted ones by their paths; of the others, which can be very many, the blobs alone. */
interface BaseTree {
  readonly encrypted: ReadonlyMap<string, string>
  /** No blob of an encrypted file is among them. */
  readonly plain: ReadonlySet<string>
}

async function readBase(git: Git, base: string, paths: ReadonlySet<string>): Promise<BaseTree> {
  const [encrypted, plain] = [new Map<string, string>(), new Set<string>()]
  await readTree(git, base, (path, blob) => {
    if (paths.has(path)) encrypted.set(path, blob)
    else plain.add(blob)
  })
  for (const blob of encrypted.values()) plain.delete(blob)
  return { encrypted, plain }
}

/** Which of `paths` are files of the base. */
async function presentAmong(git: Git, base: string, paths: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  if (paths.size === 0) return found
  await readTree(git, base, (path) => {
    if (paths.has(path)) found.add(path)
  })
  return found
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

/** Of the files that came in the clear as another one went, more are of no interest. */
const mostCame = 200

/**
 * Every change that can be about an encrypted file, or just those of `paths` and of what they can have been renamed from: what went
 * in the commit in which one of them came. And the versions of each text that is asked for; and by commit, of every change, what came in
 * it that can hold secrets, where something went in it that may have been encrypted.
 */
async function readChanges(
  git: Git, base: string, plain: ReadonlySet<string>, paths: ReadonlySet<string> | null,
  { texts: isText = () => false, onChange }: Pick<HistoryOptions, 'texts' | 'onChange'>,
): Promise<{
  readonly found: readonly FoundChange[]; readonly texts: ReadonlyMap<string, PastText>; readonly cameAsOneWent: ReadonlyMap<number, readonly string[]>
}> {
  const found: FoundChange[] = []
  const cameAsOneWent = new Map<number, readonly string[]>()
  let [came, hasWent]: [string[], boolean] = [[], false]
  const texts = new Map<string, PastText>()
  const wanted = new Set(paths)
  let pending: FoundChange[] = []
  let [commit, sha] = [0, '']
  const close = (): void => {
    if (paths !== null && pending.some(({ path, before }) => before === null && wanted.has(path))) {
      for (const { path, after } of pending) if (after === null) wanted.add(path)
    }
    for (const change of pending) if (paths === null || wanted.has(change.path)) found.push(change)
    pending = []
    if (hasWent && came.length > 0) cameAsOneWent.set(commit, came)
    ;[came, hasWent] = [[], false]
  }
  const isPlain = (blob: string | null): boolean => blob === null || plain.has(blob)
  await readRevisions(git, base, (revision, path, before, after) => {
    if (revision.sha !== sha) {
      close()
      sha = revision.sha
      commit += 1
    }
    onChange?.(revision.sha, path, before, after)
    if (after !== null && isText(path) && !texts.has(after)) texts.set(after, { path, revision })
    if (paths === null && before === null && came.length < mostCame && mayHoldSecrets(path)) came.push(path)
    if (paths === null && isPlain(before) && isPlain(after)) return
    if (paths === null && after === null) hasWent = true
    pending.push({ commit, path, time: revision.time, isMerge: revision.isMerge, before, after })
  })
  close()
  return { found, texts, cameAsOneWent }
}

/** Each version's blob with the paths that it stood at; without those that the survey has found to be no encrypted file. */
function wantedBlobs(changes: readonly FoundChange[], { encrypted, plain }: BaseTree): ReadonlyMap<string, readonly string[]> {
  const wanted = new Map<string, string[]>()
  const add = (blob: string, path: string): void => {
    const paths = wanted.get(blob)
    if (paths === undefined) wanted.set(blob, [path])
    else if (paths.at(-1) !== path) paths.push(path)
  }
  for (const [path, blob] of encrypted) add(blob, path)
  // What followed at a path is read first.
  for (const { path, after } of changes) if (after !== null && !plain.has(after)) add(after, path)
  for (const { path, before } of changes) if (before !== null && !plain.has(before)) add(before, path)
  return wanted
}
