// Histories made at random by a model of sops that follows the rules of data-key.test.ts. What bob knows follows from the model's
// own state, which has the plaintexts and data keys that the code under test never sees.
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { traceExposure } from '../../src/model/exposure/exposure.ts'
import type { Digests } from '../../src/model/exposure/digests.ts'
import { answer } from '../../src/model/exposure/exposure-answer.ts'
import type { Decrypted } from '../../src/model/exposure/exposure-answer.ts'
import type { FileVersion } from '../../src/model/exposure/file-version.ts'
import { HistoryBuilder } from '../../src/model/exposure/history-builder.ts'
import type { Change, History } from '../../src/model/exposure/history.ts'
import { mergedSecrets } from '../../src/model/exposure/merged-exposure.ts'
import { isAsked } from '../../src/model/exposure/traced-secret.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import type { ExposedSecret } from '../../src/model/report.ts'

const recipient = (letter: string): Recipient => ({ kind: 'age', id: `age1${letter.repeat(58)}` })
const [alice, bob] = [recipient('a'), recipient('q')]
const names = ['k', 'l', 'm'] as const

interface Value { readonly plain: number; readonly iv: number }
interface File {
  readonly id: number
  readonly dataKey: number
  readonly bob: boolean
  /** One per wrapping for all. */
  readonly wrapping: number
  readonly mac: number
  readonly values: Readonly<Record<string, Value>>
}
type State = Readonly<Record<string, File>>

const kinds = ['add', 'edit', 'unset', 'rotate', 'updatekeys', 'offboard', 'rename', 'renameAndRotate', 'delete'] as const
interface Step { readonly kind: (typeof kinds)[number]; readonly path: string; readonly to: string; readonly name: string; readonly plain: number }

const paths = ['p', 'q', 'r']
const goneBefore = (['add l', 'add k', 'unset k', 'updatekeys k'] as const).map((text): Step =>
  ({ kind: text.slice(0, -2) as Step['kind'], path: 'q', to: 'p', name: text.slice(-1), plain: 0 }))
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds, 'edit', 'updatekeys', 'add'), path: fc.constantFrom(...paths), to: fc.constantFrom(...paths), name: fc.constantFrom(...names), plain: fc.nat(2),
})

let fresh = 0
const next = (): number => (fresh += 1)

/** What the step makes of the tree; the same tree where it can do nothing. */
function after(state: State, { kind, path, to, name, plain }: Step): State {
  const file = state[path]
  const rest = Object.fromEntries(Object.entries(state).filter(([other]) => other !== path))
  if (file === undefined) {
    if (kind !== 'add') return state
    return { ...state, [path]: { id: next(), dataKey: next(), wrapping: next(), mac: next(), bob: plain > 0, values: { [name]: { plain, iv: next() } } } }
  }
  const put = (changed: Partial<File>, at = path): State => ({ ...rest, [at]: { ...file, ...changed } })
  const rotated = { dataKey: next(), wrapping: next(), mac: next() }
  switch (kind) {
    case 'add': return file.values[name] === undefined ? put({ mac: next(), values: { ...file.values, [name]: { plain, iv: next() } } }) : state
    case 'edit': return file.values[name] === undefined || file.values[name].plain === plain ? state
      : put({ mac: next(), values: { ...file.values, [name]: { plain, iv: next() } } })
    case 'unset': {
      const { [name]: gone, ...left } = file.values
      return gone === undefined || Object.keys(left).length === 0 ? state : put({ mac: next(), values: left })
    }
    case 'rotate': return put(rotated)
    case 'updatekeys': return put({ bob: !file.bob, wrapping: next() })
    case 'offboard': return file.bob ? put({ ...rotated, bob: false }) : state
    case 'rename': return state[to] === undefined ? put({}, to) : state
    case 'renameAndRotate': return state[to] === undefined ? put({ ...rotated, bob: false }, to) : state
    case 'delete': return rest
  }
}

function versionOf({ dataKey, bob: reads, wrapping, mac, values }: File): FileVersion {
  return {
    format: 'yaml', explicitType: false, readers: reads ? [alice, bob] : [alice], marks: [`enc ${wrapping}`, `mac ${mac}`],
    leaves: Object.entries(values).map(([name, { iv }]) => ({ key: JSON.stringify([0, name]), iv: `${iv}`, token: `${iv} ${dataKey}`, size: 1 })),
    clear: [],
  }
}

const blobOf = (file: File): string => JSON.stringify({ ...file, id: 0 })
const secondsAt = (commit: number): number => 1_700_000_000 + commit * 86_400

function historyOf(states: readonly State[]): History {
  const builder = new HistoryBuilder()
  const number = (file: File | undefined): number | null => {
    if (file === undefined) return null
    if (builder.numberOf(blobOf(file)) === null) builder.add(blobOf(file), versionOf(file))
    return builder.numberOf(blobOf(file))
  }
  const changes = states.flatMap((state, commit): Change[] => {
    const before = states[commit - 1] ?? {}
    return [...new Set([...Object.keys(before), ...Object.keys(state)])].filter((path) => before[path] !== state[path])
      .map((path) => ({ commit, path, time: secondsAt(commit), isMerge: false, before: number(before[path]), after: number(state[path]) }))
  })
  const base = new Map(Object.entries(states.at(-1) ?? {}).map(([path, file]) => [path, number(file) ?? -1]))
  const history = builder.finish({ reach: { kind: 'whole' }, tooLarge: 0, changes: changes.reverse(), base, plain: new Set() })
  // Where nothing tells a new file from an old one that was edited and wrapped anew, be it moved or copied, a key does.
  const keyOf = (version: number): unknown => (JSON.parse(history.versions[version]?.blob ?? '') as File).dataKey
  return history.told((old, now) => keyOf(old) === keyOf(now))
}

/** By the file's own number, not by a path: what is true, told by the state alone. */
function truth(states: readonly State[]): Readonly<Record<string, unknown>> {
  const files = states.map((state) => Object.entries(state).map(([path, file]) => ({ path, file })))
  const firstListed = new Map<number, number>()
  files.forEach((at, commit) => at.forEach(({ file }) => {
    if (file.bob && !firstListed.has(file.dataKey)) firstListed.set(file.dataKey, commit)
  }))
  const told: Record<string, unknown> = {}
  for (const id of new Set(files.flatMap((at) => at.map(({ file }) => file.id)))) {
    const then = files.map((at) => at.find(({ file }) => file.id === id))
    const now = then.at(-1)
    for (const name of names) {
      const reads = then.map((one) => one?.file.values[name] !== undefined && firstListed.has(one.file.dataKey))
      if (!reads.includes(true)) continue
      const known = new Map<number, { plain: number; listed: boolean }>()
      let since = Infinity
      then.forEach((one, commit) => {
        const value = one?.file.values[name]
        if (one === undefined || value === undefined || reads[commit] !== true) return
        const first = firstListed.get(one.file.dataKey) ?? Infinity
        since = Math.min(since, Math.max(commit, first))
        known.set(value.iv, { plain: value.plain, listed: known.get(value.iv)?.listed === true || one.file.bob || commit < first })
      })
      const until = reads.flatMap((one, commit) => (!one && reads[commit - 1] === true ? [commit] : [])).at(-1) ?? null
      const value = now?.file.values[name]
      const same = [...known.values()].filter(({ plain }) => plain === value?.plain)
      const byIv = value === undefined ? undefined : known.get(value.iv)
      const wasAnother = [...known].some(([iv, { listed }]) => listed && iv !== value?.iv)
      const isListed = byIv === undefined ? same.some(({ listed }) => listed) : byIv.listed
      const state = value === undefined ? 'removed' : same.length === 0 ? 'changed' : isListed || !wasAnother ? 'current' : 'changed-too-early'
      const path = now?.path ?? then.findLast((one) => one !== undefined)?.path ?? ''
      // A name that files had one after another is one file to whoever reads the report.
      if (`${path} ${name}` in told || (now === undefined && states.at(-1)?.[path] !== undefined)) return { ambiguous: true }
      // What was gone before bob was given its data key, he could read from then on, in an old version: over as soon as it began.
      told[`${path} ${name}`] = { state, since, until: reads.at(-1) === true ? null : Math.max(until ?? since, since) }
    }
  }
  return told
}

function traced(history: History, states: readonly State[]): Readonly<Record<string, unknown>> {
  // No two names have a value in common here: that is what the law of exposure is held against.
  const plains = new Map(states.flatMap((state) => Object.values(state).flatMap((file) =>
    Object.entries(file.values).map(([name, { plain }]) => [`${history.versions.findIndex(({ blob }) => blob === blobOf(file))} ${JSON.stringify([0, name])}`, `${file.id} ${name} ${plain}`]))))
  const plainOfIv = new Map(history.versions.flatMap(({ leaves }, version) => leaves.map(({ key, iv }) => [iv, plains.get(`${version} ${key}`)])))
  const of = ({ iv }: { readonly iv: number }): string => plainOfIv.get(iv) ?? ''
  const digestsOf = (plain: string): Digests => ({ spellings: [plain], parts: null })
  const decrypted: Decrypted = {
    at: ({ version, key }) => digestsOf(plains.get(`${version} ${key}`) ?? ''), of: (known) => digestsOf(of(known)), nameOf: () => '', nameOfKnown: () => '',
    same: (known, { spellings: [digest] }) => known.filter((one) => of(one) === digest), find: () => [],
    lackOf: () => null, lackAt: () => null, whyNotClear: () => null, inTheClear: () => null, isClear: () => false,
  }
  const secrets = traceExposure(history, [bob], []).flatMap((one): ExposedSecret[] => {
    if (!isAsked(one)) return [one]
    const told = answer(one.question, decrypted)
    return told === null ? [] : [one.answered(told)]
  })
  const commit = (time: string | null): number | null => time === null ? null : (Date.parse(time) / 1000 - secondsAt(0)) / 86_400
  return Object.fromEntries(mergedSecrets(secrets).map(({ file, key, state, since, until }) => [`${file} ${key}`, { state, since: commit(since), until: commit(until) }]))
}

test('what bob knows, since when, until when and what became of it is what the history was made of', () => {
  let compared = 0
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
    const states: State[] = []
    for (const one of steps) {
      const state = after(states.at(-1) ?? {}, one)
      if (state !== states.at(-1)) states.push(state)
    }
    const expected = truth(states)
    if ('ambiguous' in expected) return
    compared += 1
    expect(traced(historyOf(states), states)).toEqual(expected)
  }), { numRuns: 3000, examples: [[goneBefore]] })
  expect(compared).toBeGreaterThan(1000)
})

test('a data key of the base is as old as the first commit that had it', () => {
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
    const states = steps.reduce<State[]>((all, one) => [...all, after(all.at(-1) ?? {}, one)], [])
    const history = historyOf(states)
    for (const [path, { dataKey }] of Object.entries(states.at(-1) ?? {})) {
      const born = states.findIndex((state) => Object.values(state).some((file) => file.dataKey === dataKey))
      expect(history.keySince(path)?.earliest).toBe(secondsAt(born))
    }
  }), { numRuns: 1000 })
})
