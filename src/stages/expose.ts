// History + who loses access → the secrets they could read, and what has become of each; with a key where one is needed.
// Must never keep a plaintext: it is compared by digests under a key that lives as long as the comparison.
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import type { TracedSecret } from '../model/exposure.ts'
import { isAsked, mergedSecrets, traceExposure } from '../model/exposure.ts'
import type { Decrypted, Known, Question } from '../model/exposure-answer.ts'
import { answer } from '../model/exposure-answer.ts'
import { mended, scalarsIn, spelledKey } from '../model/file-version.ts'
import type { Place } from '../model/hiding-places.ts'
import type { History } from '../model/history.ts'
import type { Plan } from '../model/plan.ts'
import type { Recipient } from '../model/recipient.ts'
import { canonicalId, sameRecipient } from '../model/recipient.ts'
import { isDone } from '../model/report.ts'
import type { ExposedSecret, Finding } from '../model/report.ts'
import type { Runner } from '../model/runner.ts'
import { decryptionRefusal } from '../model/runner.ts'
import type { Survey } from '../model/survey.ts'
import { readersOf } from '../model/survey.ts'
import type { Sops } from '../tools/sops.ts'
import type { Staging } from '../tools/staging.ts'
import type { OpenHistory } from './history.ts'
import { inParallel } from './in-parallel.ts'

/** Who loses access: to everything they could ever read, or (`only`) to these files. */
export interface Losing {
  readonly people: readonly Recipient[]
  readonly only: ReadonlySet<string> | null
}

/** Those who were named, and whoever else `plan` takes out of a file: of that file alone. */
export function whoLoses(plan: Plan, named: readonly Recipient[]): readonly Losing[] {
  const drifted = plan.changes.flatMap(({ file, after }) => readersOf(file)
    .filter((one) => ![...after.flat(), ...named].some((other) => sameRecipient(one, other))).map((recipient) => ({ recipient, path: file.path })))
  const others = [...Map.groupBy(drifted, ({ recipient }) => canonicalId(recipient)).values()].map((lost): Losing =>
    ({ people: lost.slice(0, 1).map(({ recipient }) => recipient), only: new Set(lost.map(({ path }) => path)) }))
  return [...named.length === 0 ? [] : [{ people: named, only: null }], ...others]
}

/** What they could read. No key is used. */
export function expose(history: History, { owners }: Pick<Survey, 'owners'>, losing: readonly Losing[]): readonly TracedSecret[] {
  return losing.flatMap(({ people, only }) =>
    traceExposure(history, people, owners).filter(({ file }) => only === null || only.has(file)))
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

/** What decrypts old and new versions. */
export interface Decryption {
  readonly sops: Sops
  readonly staging: Staging
  readonly runner: Runner
  readonly atOnce: number
}

/** Earlier versions, and files of the base that are looked at on the mere chance: no more of each than this, or than there are files to compare. */
const mostVersions = 500
const rounds = 3
const beyond = 'not looked at'

/** The secrets with their states: what only a decryption can tell is `unknown` where `decryption` is null, or where it fails. */
export async function settle(traced: readonly TracedSecret[], open: OpenHistory, decryption: Decryption | null): Promise<readonly ExposedSecret[]> {
  const questions = traced.flatMap((one) => (isAsked(one) ? [one.question] : []))
  if (decryption === null || questions.length === 0) return mergedSecrets(traced.flatMap((one) => (isAsked(one) ? one.untold ?? [] : one)))
  const digests = new Digests(open, decryption)
  // Each file of the base at most once, however many they are.
  const today = await digests.take([...new Set(questions.flatMap(({ now, suspects }) => [...now, ...suspects].map(({ version }) => version)))], Infinity)
  const most = Math.max(mostVersions, 2 * today)
  let left = most
  for (let round = 0; round < rounds; round += 1) {
    const versions = cover(stillWanted(questions, digests), open.history, digests)
    // Where not one of them opened, no older one will.
    if (versions.length === 0 || await digests.take(versions, left) === 0) break
    left = Math.max(0, left - versions.length)
  }
  const decrypted = decryptedBy(digests, open.history, most)
  const done = questions.filter((question) => question.elsewhere.length > 0 && isDone({ state: answer(question, decrypted)?.state ?? 'unknown' }))
  await digests.take([...new Set(done.flatMap(({ elsewhere }) => elsewhere.flatMap((places) => places.map(({ version }) => version))))], most)
  const settled = decryptedBy(digests, open.history, most)
  return mergedSecrets(traced.flatMap((one) => {
    if (!isAsked(one)) return one
    const told = answer(one.question, settled)
    return told === null ? [] : one.answered(told)
  }))
}

/** Many questions ask about the same values and places: each list of them is gone through once. */
function decryptedBy(digests: Digests, { base }: History, most: number): Decrypted {
  const known = new Map<readonly Known[], Map<string, Known[]>>()
  const places = new Map<readonly Place[], Map<string, Place>>()
  const paths = new Map([...base].map(([path, version]) => [version, path]))
  return {
    at: ({ version, key }) => digests.at(version, key),
    of: ({ iv }) => digests.of(iv),
    whyNot: (closed) => (closed.every(({ iv }) => digests.wasTried(iv)) ? 'an earlier value of it cannot be decrypted by this runner' : `an earlier value of it was ${beyond}: more than ${most} versions`),
    same: (list, digest) => {
      const index = known.get(list) ?? Map.groupBy(list, ({ iv }) => digests.of(iv) ?? '')
      known.set(list, index)
      return index.get(digest) ?? []
    },
    find: (list, digest) => {
      const index = places.get(list) ?? new Map(list.map((place) => [digests.at(place.version, place.key) ?? '', place]))
      places.set(list, index)
      return index.get(digest) ?? null
    },
    nameOf: ({ version, key }) => `${spelledKey(key)} in ${paths.get(version) ?? 'another file'}`,
  }
}

/** The IVs that a question still turns on. */
function stillWanted(questions: readonly Question[], digests: Digests): readonly number[] {
  return [...new Set([...new Set(questions.flatMap(({ now, known }) => (now.some(({ version, key }) => digests.at(version, key) === null) ? [] : [known])))]
    .flatMap((known) => known.flatMap(({ iv }) => (digests.of(iv) === null ? [iv] : []))))]
}

/** As few versions as hold all of `ivs`, as far as the greedy way finds them; the newer of two, which the runner rather opens. */
function cover(ivs: readonly number[], history: History, digests: Digests): readonly number[] {
  if (ivs.length === 0) return []
  const left = new Set(ivs)
  const order = [...new Set(history.changes.flatMap(({ after }) => after ?? []))].filter((version) => !digests.has(version))
  const held = new Map(order.map((version) => [version, (history.versions[version]?.leaves ?? []).map(({ iv }) => iv).filter((iv) => left.has(iv))]))
  const chosen: number[] = []
  while (left.size > 0) {
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

/** Digests of values, none of them known outside of this run, none of them ever written down. */
class Digests {
  readonly #secret = randomBytes(32)
  readonly #folder = `.sops-rekey-history-${randomUUID()}`
  readonly #byVersion = new Map<number, ReadonlyMap<string, string> | null>()
  readonly #byIv = new Map<number, string>()
  readonly #tried = new Set<number>()
  readonly #open: OpenHistory
  readonly #decryption: Decryption

  constructor(open: OpenHistory, decryption: Decryption) {
    this.#open = open
    this.#decryption = decryption
  }

  has(version: number): boolean {
    return this.#byVersion.has(version)
  }

  at(version: number, key: string): string | null {
    return this.#byVersion.get(version)?.get(key) ?? null
  }

  of(iv: number): string | null {
    return this.#byIv.get(iv) ?? null
  }

  /** Whether a version was looked at that has it. */
  wasTried(iv: number): boolean {
    return this.#tried.has(iv)
  }

  /** Decrypts what the runner can and may of the first `most`, and returns how many it could. What fails is remembered, and fails nothing else. */
  async take(versions: readonly number[], most: number): Promise<number> {
    const { history } = this.#open
    const { sops, staging, runner, atOnce } = this.#decryption
    const fresh = versions.filter((version) => !this.has(version)).slice(0, Math.max(0, most))
    for (const version of fresh) {
      this.#byVersion.set(version, null)
      for (const { iv } of history.versions[version]?.leaves ?? []) this.#tried.add(iv)
    }
    const allowed = fresh.filter((version) => {
      const readers = (history.versions[version]?.readers ?? []).flatMap((one) => history.recipients[one] ?? [])
      return decryptionRefusal(readers, runner) === null
    })
    await this.#open.read(allowed, (version, bytes) => staging.write(this.#path(version), { bytes: mended(bytes), executable: false }))
    await inParallel(allowed, atOnce, async (version) => {
      const { format = 'binary', leaves = [] } = history.versions[version] ?? {}
      const file = { path: this.#path(version), format, explicitType: true, config: null }
      const digests = await sops.decryptInto(file, format === 'ini' ? 'json' : format, (plaintext) =>
        new Map(scalarsIn(format, plaintext.toString(format === 'binary' ? 'latin1' : 'utf8')).map(([key, value]) => [key, this.#digest(value)]))).catch(() => null)
      staging.remove(file.path)
      this.#byVersion.set(version, digests)
      for (const { key, iv } of leaves) {
        const digest = digests?.get(key)
        if (digest !== undefined) this.#byIv.set(iv, digest)
      }
    })
    return fresh.filter((version) => this.#byVersion.get(version) !== null).length
  }

  #path(version: number): string {
    return `${this.#folder}/${version}`
  }

  #digest(value: string): string {
    return createHmac('sha256', this.#secret).update(value).digest('base64')
  }
}
