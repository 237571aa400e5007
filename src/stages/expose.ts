// History + who loses access → the secrets they could read, and what has become of each; with a key where one is needed.
// Must never take for compared what was not decrypted.
import { traceExposure } from '../model/exposure/exposure.ts'
import type { Digests } from '../model/exposure/digests.ts'
import type { Decrypted, Question } from '../model/exposure/exposure-answer.ts'
import { answer, mayHoldParts, soughtOf } from '../model/exposure/exposure-answer.ts'
import { spelledKey } from '../model/exposure/file-version.ts'
import type { KnownValue, Place } from '../model/exposure/hiding-places.ts'
import type { History } from '../model/exposure/history.ts'
import type { Losing } from '../model/exposure/losing.ts'
import { mergedPeople, mergedSecrets, personsAmong } from '../model/exposure/merged-exposure.ts'
import { alikeSizes, isAlike } from '../model/exposure/spellings.ts'
import { isAsked } from '../model/exposure/traced-secret.ts'
import type { AskedSecret, TracedSecret } from '../model/exposure/traced-secret.ts'
import type { OwnedRecipient } from '../model/owners/owners.ts'
import { isDone } from '../model/report.ts'
import type { ExposedSecret, Finding } from '../model/report.ts'
import { DigestedVersions } from './digests.ts'
import type { Decryption } from './digests.ts'
import type { OpenHistory } from './history.ts'
import { mostPlainFiles, nothingPlain, readPlainFiles } from './plain-files.ts'
import type { PlainFiles } from './plain-files.ts'
import { tellDataKeys } from './told-keys.ts'

/**
 * What they could read and what has become of it, person by person: what one can read still, another may know of old. Those of whom
 * the same is true share an entry. `decryption`: null where no key may be used.
 */
export async function exposureOf(
  open: OpenHistory, owners: readonly OwnedRecipient[], losing: readonly Losing[], decryption: Decryption | null,
): Promise<readonly ExposedSecret[]> {
  const digests = decryption === null ? null : new DigestedVersions(open, decryption)
  const persons = losing.flatMap(({ people, only }) => personsAmong(people, owners, open.history).map((keys) => ({ keys, only })))
  const history = digests === null ? open.history : await tellDataKeys(open.history, persons.map(({ keys }) => keys), digests)
  const each = persons.map(({ keys, only }) => traceExposure(history, keys, owners).filter(({ file }) => only === null || only.has(file)))
  const settled = await settle(each.flat(), open, history, digests)
  return mergedPeople(each.map((traced) => mergedSecrets(traced.flatMap((one) => settled.get(one) ?? []))))
}

/** Says what the list can't know where not all of the history could be seen. */
export function partialExposure({ reach, tooLarge, unreadable }: History): Finding | null {
  const finding = (level: Finding['level'], message: string): Finding => ({ code: 'history-partial', level, path: null, message })
  if (reach.kind === 'partial') {
    return finding('warning', `${reach.why}: what could be read at commits that are not seen is not in the list of exposed secrets. Write \`fetch-depth: 0\` for actions/checkout`)
  }
  const unseen = [
    ...tooLarge > 0 ? [`contents larger than 64 MiB in the history were not looked at for secrets: ${tooLarge} of them`] : [],
    ...unreadable > 0 ? [`versions in the history that look encrypted with sops could not be read, so that what stood in them alone is not in the list of exposed secrets: ${unreadable} of them`] : [],
  ]
  return unseen.length === 0 ? null : finding('notice', unseen.join('; '))
}

/** Earlier versions, and files of the base that are looked at on the mere chance: no more of each than this, or than there are files to compare. */
const mostVersions = 500
const rounds = 3

type Settled = ReadonlyMap<TracedSecret, ExposedSecret | null>

/** The secrets with their states; null: nothing to report. What only a decryption can tell is `unknown` where nothing may be, or can be, decrypted. */
async function settle(traced: readonly TracedSecret[], open: OpenHistory, history: History, digests: DigestedVersions | null): Promise<Settled> {
  const asked = traced.filter(isAsked)
  const settled = new Map<TracedSecret, ExposedSecret | null>(traced.flatMap((one) => (isAsked(one) ? [] : [[one, one]])))
  if (digests === null) return new Map([...settled, ...asked.map((one) => [one, one.untold] as const)])
  const decrypted = await decryptFor(asked, open, history, digests)
  for (const one of asked) {
    const told = answer(one.question, decrypted)
    settled.set(one, told === null ? null : one.answered(told))
  }
  return settled
}

/** Decrypts what the questions turn on, as little as can be. */
async function decryptFor(asked: readonly AskedSecret[], open: OpenHistory, history: History, digests: DigestedVersions): Promise<Decrypted> {
  const questions = asked.map(({ question }) => question)
  // Each file of the base at most once, however many they are.
  const today = await digests.take(versionsOf(questions.flatMap(({ now, within, clear }) => [now, within, clear])), Infinity)
  const most = Math.max(mostVersions, 2 * today)
  const plain = await plainFilesFor(questions, open)
  const told = (): Decrypted => decryptedBy(digests, history, most, plain)
  /** What would be done with, if what it was not held against yet is another value. */
  const doubtful = (): readonly Question[] => {
    const soFar = { ...told(), lackOf: () => null, lackAt: () => null, whyNotClear: () => null }
    return questions.filter((question) => isDone({ state: answer(question, soFar)?.state ?? 'unknown' }))
  }
  let left = most
  const takeOld = async (wanted: () => Iterable<KnownValue>): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      const ivs = new Set([...wanted()].flatMap(({ iv }) => (digests.of(iv) === null ? [iv] : [])))
      const versions = cover(ivs, history, digests, left)
      // Where not one of them opened, no older one will.
      if (versions.length === 0 || await digests.take(versions, left) === 0) return
      left = Math.max(0, left - versions.length)
    }
  }
  const inParts = (some: readonly Question[]): readonly Question[] => some.filter((question) => question.otherwise !== 'removed' && mayHoldParts(question, told()))
  await takeOld(() => questions.flatMap((question) => [...soughtOf(question, told()), ...asLongAs(question)]))
  // The last one that they knew has most in common with today's.
  await takeOld(() => inParts(questions).flatMap(({ known: [newest] }) => newest ?? []))
  await takeOld(() => inParts(doubtful()).flatMap(({ known }) => known))
  await takeOld(() => {
    const lists = new Set(doubtful().flatMap(({ now, otherwise, byLength }) => (otherwise === 'changed' ? now.map(({ size }) => byLength.known(size)) : [])))
    return [...lists].flat()
  })
  await digests.take(versionsOf(new Set(doubtful().flatMap(({ own, byLength }) => own.map(({ size }) => byLength.places(size))))), most)
  return told()
}

function versionsOf(lists: Iterable<readonly Place[]>): readonly number[] {
  const versions = new Set<number>()
  for (const list of lists) for (const { version } of list) versions.add(version)
  return [...versions]
}

/** What they knew at the name that can be what stands there now. */
function asLongAs({ now, known }: Question): readonly KnownValue[] {
  return known.filter(({ size }) => now.some((place) => isAlike(place.size, size)))
}

/** What came in the clear since one of the files went that are asked about. */
async function plainFilesFor(questions: readonly Question[], open: OpenHistory): Promise<PlainFiles> {
  const gone = questions.filter(({ went }) => went !== null)
  const sizes = new Set(gone.flatMap(({ own }) => own.flatMap(({ size }) => alikeSizes(size))))
  const first = gone.reduce((commit, { went }) => Math.max(commit, went ?? 0), 0)
  return gone.length === 0 ? nothingPlain : await readPlainFiles(open, first, sizes, open.digestsOf)
}

/** Many questions ask about the same values and places: each list of them is gone through once. */
function decryptedBy(digests: DigestedVersions, { base }: History, most: number, plain: PlainFiles): Decrypted {
  const paths = new Map([...base].map(([path, version]) => [version, path]))
  const known = byDigest<KnownValue>(({ iv }) => digests.of(iv))
  const places = byDigest<Place>((place) => digests.at(place))
  const notLooked = (what: string): string => `was not looked at: more than ${most} ${what}`
  const closed = 'cannot be decrypted by this runner'
  const lackOf = once((list: readonly KnownValue[]): string | null => {
    const lacking = list.filter(({ iv }) => digests.of(iv) === null)
    return lacking.length === 0 ? null : lacking.every(({ iv }) => digests.wasTried(iv)) ? closed : notLooked('versions')
  })
  const lackAt = once((list: readonly Place[]): string | null => {
    const lacking = list.filter((place) => digests.at(place) === null)
    if (lacking.length === 0) return null
    if (lacking.some(({ version }) => !digests.has(version))) return notLooked('files')
    return lacking.some(({ version }) => !digests.opened(version)) ? closed : 'has it under another name once it is decrypted'
  })
  return {
    at: (place) => digests.at(place),
    of: ({ iv }) => digests.of(iv),
    same: (list, value) => known(list, value) as typeof list,
    find: places,
    lackOf, lackAt,
    inTheClear: (commit, value) => value.spellings.flatMap((digest) => plain.holding.get(digest) ?? []).find(({ came }) => came <= commit)?.path ?? null,
    isClear: (commit, size) => alikeSizes(size).some((one) => (plain.newest.get(one) ?? Infinity) <= commit),
    whyNotClear: () => (plain.tooMany ? `more than ${mostPlainFiles} files have come in the clear since it went, and not all were looked at` : null),
    nameOf: ({ version, key }) => `${spelledKey(key)} in ${paths.get(version) ?? 'another file'}`,
    nameOfKnown: ({ home, key }) => `${spelledKey(key)} in ${home}`,
  }
}

function byDigest<T>(digestsOf: (one: T) => Digests | null): (list: readonly T[], value: Digests) => readonly T[] {
  const index = once((list: readonly T[]) => {
    const found = new Map<string, T[]>()
    for (const one of list) {
      for (const digest of digestsOf(one)?.spellings ?? []) {
        const same = found.get(digest)
        if (same === undefined) found.set(digest, [one])
        else same.push(one)
      }
    }
    return found
  })
  return (list, value) => [...new Set(value.spellings.flatMap((digest) => index(list).get(digest) ?? []))]
}

function once<K extends object, V>(find: (of: K) => V): (of: K) => V {
  const found = new WeakMap<K, { readonly value: V }>()
  return (of) => {
    const known = found.get(of) ?? { value: find(of) }
    found.set(of, known)
    return known.value
  }
}

/** As few versions as hold all of `ivs`, as far as the greedy way finds them; the newer of two, which the runner rather opens. No more than `most`. */
function cover(ivs: ReadonlySet<number>, history: History, digests: DigestedVersions, most: number): readonly number[] {
  if (ivs.size === 0) return []
  const left = new Set(ivs)
  const order = [...new Set(history.changes.flatMap(({ after }) => after ?? []))].filter((version) => !digests.has(version))
  const held = new Map(order.map((version) => [version, (history.versions[version]?.leaves ?? []).map(({ iv }) => iv).filter((iv) => left.has(iv))]))
  const chosen: number[] = []
  while (left.size > 0 && chosen.length < most) {
    let best = { version: -1, count: 0 }
    for (const [version, own] of held) {
      const count = own.filter((iv) => left.has(iv)).length
      if (count === 0) held.delete(version)
      if (count > best.count) best = { version, count }
    }
    if (best.count === 0) return chosen
    chosen.push(best.version)
    for (const iv of held.get(best.version) ?? []) left.delete(iv)
  }
  return chosen
}
