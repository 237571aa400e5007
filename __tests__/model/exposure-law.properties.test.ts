// The law of exposure, held against histories made at random with copies, moves, merges, values written in another way, files in the clear that
// are encrypted, and files encrypted anew, of any size: what bob knows and is in use is never said to be changed or removed, nor left out; with a key that opens all, some, or none of it.
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ClearPaths } from '../../src/model/exposure/clear-paths.ts'
import type { FoundChange } from '../../src/model/exposure/clear-paths.ts'
import { traceExposure } from '../../src/model/exposure/exposure.ts'
import { answer } from '../../src/model/exposure/exposure-answer.ts'
import type { Digests } from '../../src/model/exposure/digests.ts'
import type { Answer, Decrypted } from '../../src/model/exposure/exposure-answer.ts'
import { HistoryBuilder } from '../../src/model/exposure/history-builder.ts'
import type { Change, History } from '../../src/model/exposure/history.ts'
import { knownTo } from '../../src/model/exposure/known-values.ts'
import { spellingsOf } from '../../src/model/exposure/spellings.ts'
import { isAsked } from '../../src/model/exposure/traced-secret.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import { isDone } from '../../src/model/report.ts'

const recipient = (letter: string): Recipient => ({ kind: 'age', id: `age1${letter.repeat(58)}` })
const [alice, bob] = [recipient('a'), recipient('q')]
const names = ['k', 'l', 'm'] as const
/** Some as long as others, some too short to be told from another by chance. */
const plains = ['a', 'b', ...Array.from({ length: 8 }, (_, at) => `value-${at}`), 'value-10', 'value-11'] as const

/** One value is one whatever it is written like. */
interface Value { readonly plain: string; readonly written: string; readonly iv: number }
const ways: readonly ((text: string) => string)[] = [
  (text) => text, (text) => `${text}\n`, (text) => `"${text}"`, (text) => (text.length < 6 ? text : Buffer.from(text).toString('base64')),
]
interface File {
  readonly dataKey: number
  readonly bob: boolean
  /** Not encrypted. */
  readonly clear?: true
  readonly wrapping: number
  readonly mac: number
  readonly values: Readonly<Record<string, Value>>
}
type State = Readonly<Record<string, File>>

const kinds = [
  'add', 'edit', 'respell', 'unset', 'renameKey', 'moveValue', 'rotate', 'updatekeys', 'offboard', 'rename', 'copy', 'delete', 'restore', 'addClear', 'encrypt', 'anew', 'anewElsewhere', 'wrapAndEdit',
] as const
interface Step {
  readonly kind: (typeof kinds)[number]
  readonly path: number
  readonly to: number
  readonly name: (typeof names)[number]
  readonly other: (typeof names)[number]
  readonly plain: (typeof plains)[number]
  readonly flag: boolean
  /** Whether a commit ends with it. */
  readonly commit: boolean
}
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds, 'edit', 'edit', 'edit', 'offboard', 'offboard', 'add'), path: fc.nat(7), to: fc.nat(7), name: fc.constantFrom(...names), other: fc.constantFrom(...names),
  plain: fc.constantFrom(...plains), flag: fc.boolean(), commit: fc.integer({ min: 0, max: 3 }).map((at) => at > 0),
})

const one = (kind: Step['kind'], path: number, rest: Partial<Step> = {}): Step => ({ kind, path, to: 0, name: 'k', other: 'k', plain: 'a', flag: false, commit: true, ...rest })
/** Too rare to be met by chance: a file was moved after a value of it had been changed, and that came back in another one at its path. */
const leftBehind = [one('add', 2, { to: 1, flag: true }), one('add', 2), one('rename', 2, { to: 3, commit: false }), one('add', 2, { name: 'l', plain: 'b' })]
/** What stood in the clear was encrypted and copied; the copy alone is left. */
const leftAsCopy = [one('addClear', 0), one('encrypt', 0), one('restore', 0, { to: 1 }), one('delete', 0, { commit: false }), one('addClear', 0)]

let fresh = 0
const next = (): number => (fresh += 1)

/** What the step makes of the tree; the same tree where it can do nothing. `past`: trees that there were. */
function after(state: State, past: readonly State[], size: number, { kind, path: from, to: where, name, other, plain, flag }: Step): State {
  const [path, to] = [`f${from % size}`, `f${where % size}`]
  const [file, target] = [state[path], state[to]]
  const rest = Object.fromEntries(Object.entries(state).filter(([other]) => other !== path))
  const value = (text: string, how = 0): Value => ({ plain: text, written: ways[how % ways.length]?.(text) ?? text, iv: next() })
  const anew = (values: Readonly<Record<string, Value>>, forBob: boolean): File => ({
    dataKey: next(), wrapping: next(), mac: next(), bob: forBob, values: Object.fromEntries(Object.entries(values).map(([key, one]) => [key, value(one.plain)])),
  })
  if (kind === 'restore') {
    const old = past[where % Math.max(1, past.length)]?.[path]
    return old === undefined ? state : { ...state, [to]: old }
  }
  if (file === undefined && kind === 'addClear') return { ...state, [path]: { ...anew({ [name]: value(plain, where), [other]: value(plains[where % plains.length] ?? plain) }, false), clear: true } }
  if (file === undefined) return kind === 'add' ? { ...state, [path]: anew({ [name]: value(plain), ...flag ? { [other]: value(plains[where % plains.length] ?? plain) } : {} }, flag) } : state
  if (file.clear === true && !['edit', 'respell', 'unset', 'rename', 'delete', 'encrypt'].includes(kind)) return state
  const put = (changed: Partial<File>): State => ({ ...rest, [path]: { ...file, ...changed } })
  const edited = (values: File['values']): Partial<File> => ({ mac: next(), values })
  const { [name]: own, ...others } = file.values
  const rotated = { dataKey: next(), wrapping: next(), mac: next() }
  switch (kind) {
    case 'add': case 'edit': return own?.plain === plain ? state : put(edited({ ...file.values, [name]: value(plain) }))
    case 'respell': return own === undefined || own.written === value(own.plain, where).written ? state : put(edited({ ...file.values, [name]: value(own.plain, where) }))
    case 'unset': return own === undefined || Object.keys(others).length === 0 ? state : put(edited(others))
    case 'renameKey': return own === undefined || name === other ? state : put(edited({ ...others, [other]: value(own.plain) }))
    case 'moveValue': return own === undefined || target === undefined || path === to || Object.keys(others).length === 0 ? state
      : { ...put(edited(others)), [to]: { ...target, mac: next(), values: { ...target.values, [other]: value(own.plain, from) } } }
    case 'rotate': return put(rotated)
    case 'updatekeys': return put({ bob: !file.bob, wrapping: next() })
    case 'offboard': return file.bob ? put({ ...rotated, bob: false }) : state
    case 'rename': return target === undefined ? { ...rest, [to]: flag ? { ...file, ...rotated, bob: false } : file } : state
    case 'copy': return target === undefined ? { ...state, [to]: file } : state
    case 'addClear': return state
    case 'encrypt': return file.clear === true ? { ...rest, [path]: anew(file.values, flag) } : state
    case 'delete': return rest
    case 'anew': return put(anew(flag && own !== undefined ? { ...file.values, [name]: value(plain) } : file.values, flag ? false : file.bob))
    case 'anewElsewhere': return target === undefined ? { ...rest, [to]: anew(file.values, flag ? false : file.bob) } : state
    // All in one commit, so that nothing stays by which the data key could be told.
    case 'wrapAndEdit': return put({ bob: !file.bob, wrapping: next(), mac: next(), values: Object.fromEntries(Object.keys(file.values).map((key) => [key, value(plain)])) })
  }
}

interface Commit { readonly before: State; readonly after: State; readonly isMerge: boolean }

function commits(start: State, past: State[], size: number, steps: readonly Step[]): readonly Commit[] {
  const found: Commit[] = []
  let [last, state] = [start, start]
  const commit = (): void => {
    if (state === last) return
    state = settled(last, state)
    found.push({ before: last, after: state, isMerge: false })
    past.push(state)
    last = state
  }
  for (const one of steps) {
    state = after(state, past, size, one)
    // A copy, or an old version, of which nothing is left in the commit that brought it is a file like any other to whoever looks at it.
    if (one.commit || ['copy', 'restore'].includes(one.kind)) commit()
  }
  return found
}

/** Who came and went again between two commits leaves no trace: that nobody can tell. */
function settled(before: State, now: State): State {
  return Object.fromEntries(Object.entries(now).map(([path, file]) => {
    const same = Object.values(before).find((old) => old.dataKey === file.dataKey && old.bob === file.bob)
    return [path, same === undefined || same.wrapping === file.wrapping ? file : { ...file, wrapping: same.wrapping }]
  }))
}

/** Two lines of commits from one on, put together again; where both changed a file, one of them is taken. */
function merged(base: State, main: State, side: State, takesSide: boolean): State {
  const paths = new Set([...Object.keys(base), ...Object.keys(main), ...Object.keys(side)])
  return Object.fromEntries([...paths].flatMap((path) => {
    const one = side[path] === base[path] || (main[path] !== base[path] && !takesSide) ? main[path] : side[path]
    return one === undefined ? [] : [[path, one] as const]
  }))
}

const blobOf = (file: File): string => JSON.stringify(file)
const keyOf = (name: string): string => JSON.stringify([0, name])

/** What a history is made of, read as the stage reads it: the newest first. */
function historyOf(all: readonly Commit[]): { readonly history: History; readonly fileOf: ReadonlyMap<number, File> } {
  const [builder, fileOf, blobs] = [new HistoryBuilder(digestsOf), new Map<number, File>(), new Map<string, File>()]
  const blob = (file: File | undefined): string | null => {
    if (file !== undefined) blobs.set(blobOf(file), file)
    return file === undefined ? null : blobOf(file)
  }
  const found = all.flatMap(({ before, after: now, isMerge }, commit): FoundChange[] => [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((path) => before[path] !== now[path])
    .map((path) => ({ commit: all.length - commit, path, time: 1_700_000_000 + commit * 86_400, isMerge, before: blob(before[path]), after: blob(now[path]) }))).reverse()
  const paths = new ClearPaths(found)
  const stood = Map.groupBy(found.flatMap(({ path, before, after: now }) => [now, before].flatMap((one) => (one === null ? [] : [{ one, path }]))), ({ one }) => one)
  const base = Object.entries(all.at(-1)?.after ?? {}).filter(([, { clear }]) => clear !== true)
  for (const one of [...base.map(([, file]) => blobOf(file)), ...found.flatMap(({ after: now }) => now ?? []), ...found.flatMap(({ before }) => before ?? [])]) {
    const file = blobs.get(one)
    if (file === undefined || builder.numberOf(one) !== null) continue
    const { dataKey, bob: reads, wrapping, mac, values, clear } = file
    const at = (stood.get(one) ?? []).map(({ path }) => path)
    if (clear === true) {
      if (paths.formatOf(at, 1) !== null) builder.addClear(one, Object.entries(values).map(([name, { written }]) => ({ key: keyOf(name), size: written.length, text: written })))
      continue
    }
    builder.add(one, {
      format: 'yaml', explicitType: false, readers: reads ? [alice, bob] : [alice], marks: [`enc ${wrapping}`, `mac ${mac} ${dataKey}`], clear: [],
      leaves: Object.entries(values).map(([name, { iv, written }]) => ({ key: keyOf(name), iv: `${iv}`, token: `${iv} ${dataKey}`, size: written.length })),
    })
    fileOf.set(builder.numberOf(one) ?? -1, file)
    for (const path of at) paths.isEncrypted(path, 'yaml')
  }
  const number = (one: string | null): number | null => (one === null ? null : builder.numberOf(one))
  const changes = found.map(({ before, after: now, ...rest }): Change => ({ ...rest, before: number(before), after: number(now) }))
    .filter(({ before, after: now }) => before !== null || now !== null)
  const history = builder.finish({
    reach: { kind: 'whole' }, tooLarge: 0, changes, base: new Map(base.map(([path, file]) => [path, number(blobOf(file)) ?? -1])), plain: new Set(),
    clearVersions: paths.versionsOf(builder),
  })
  return { history, fileOf }
}

function digestsOf(value: string): Digests {
  return { spellings: spellingsOf(value), parts: null }
}

/** What could be decrypted: nothing under the data keys that are `closed`. */
function decryptedBy(history: History, fileOf: ReadonlyMap<number, File>, closed: (dataKey: number) => boolean): Decrypted {
  const at: Decrypted['at'] = ({ version, key }) => {
    const file = fileOf.get(version)
    const value = file?.values[(JSON.parse(key) as [number, string])[1]]
    return file === undefined || value === undefined || closed(file.dataKey) ? null : digestsOf(value.written)
  }
  const byIv = new Map(history.versions.flatMap(({ leaves }, version) => leaves.flatMap(({ key, iv, size }): [number, Digests][] => {
    const value = at({ version, key, size })
    return value === null ? [] : [[iv, value]]
  })))
  const of: Decrypted['of'] = ({ iv }) => byIv.get(iv) ?? history.clearDigests.get(iv) ?? null
  return {
    at, of, same: (known, value) => known.filter((one) => areOne(of(one), value)), find: (places, value) => places.filter((place) => areOne(at(place), value)),
    lackOf: (known) => (known.some((one) => of(one) === null) ? 'closed' : null), lackAt: (places) => (places.some((one) => at(one) === null) ? 'closed' : null),
    whyNotClear: () => null, inTheClear: () => null, isClear: () => false, nameOf: () => '', nameOfKnown: () => '',
  }
}

function areOne(one: Digests | null, other: Digests): boolean {
  return one?.spellings.some((each) => other.spellings.includes(each)) === true
}

function valuesIn(files: Iterable<File>): readonly string[] {
  return [...files].flatMap(({ values }) => Object.values(values).map(({ plain }) => plain))
}

/** What stood in the clear under a name that the commit encrypted. */
function clearBefore({ before, after: now }: Commit): readonly string[] {
  return Object.entries(before).flatMap(([path, { clear, values }]) => {
    const file = now[path]
    return clear !== true || file === undefined || file.clear === true ? [] : Object.entries(values).flatMap(([name, { plain }]) => (name in file.values ? [plain] : []))
  })
}

/** Commits made by `steps`: a trunk, two branches from it, a merge, and what came after. */
function committed(size: number, [trunk, main, side, later]: readonly [readonly Step[], readonly Step[], readonly Step[], readonly Step[]], takesSide: boolean): readonly Commit[] {
  const past: State[] = []
  const first = commits({}, past, size, trunk)
  const fork = first.at(-1)?.after ?? {}
  const [ours, theirs] = [commits(fork, past, size, main), commits(fork, past, size, side)]
  const [before, other] = [ours.at(-1)?.after ?? fork, theirs.at(-1)?.after ?? fork]
  const merge = theirs.length === 0 ? [] : [{ before, after: merged(fork, before, other, takesSide), isMerge: true }]
  return [...first, ...theirs, ...ours, ...merge, ...commits(merge[0]?.after ?? before, past, size, later)]
}

const kindsOfKey = ['none', 'some', 'all'] as const

test('what bob knows and is in use is never said to be changed or removed, nor left out', () => {
  const seen = new Map<string, number>()
  const steps = (most: number): fc.Arbitrary<Step[]> => fc.array(step, { maxLength: most })
  const lines = fc.tuple(steps(16), steps(4), steps(4), steps(12))
  fc.assert(fc.property(fc.integer({ min: 1, max: 8 }), lines, fc.boolean(), fc.constantFrom(...kindsOfKey), (size, each, takesSide, key) => {
    const all = committed(size, each, takesSide)
    const base = all.at(-1)?.after ?? {}
    const files = all.flatMap(({ after: now }) => Object.values(now)).filter(({ clear }) => clear !== true)
    const bobs = new Set(files.flatMap(({ dataKey, bob: reads }) => (reads ? [dataKey] : [])))
    const known = new Set([...valuesIn(files.filter(({ dataKey }) => bobs.has(dataKey))), ...all.flatMap(clearBefore)])

    const { history: untold, fileOf } = historyOf(all)
    const closed = (dataKey: number): boolean => key === 'some' && dataKey % 3 === 0
    const history = key === 'none' ? untold : untold.told((old, now) => {
      const [a, b] = [fileOf.get(old)?.dataKey ?? 0, fileOf.get(now)?.dataKey ?? 0]
      return closed(a) || closed(b) ? null : a === b
    })
    const decrypted = decryptedBy(history, fileOf, closed)
    const plainOf = new Map(files.flatMap(({ values }) => Object.values(values).map(({ iv, plain }) => [iv, plain])))
    const plainOfText = new Map(all.flatMap(({ after: now }) => Object.values(now).flatMap(({ values }) => Object.values(values).map(({ plain, written }) => [written, plain]))))
    const ivs = new Map([...fileOf].flatMap(([version, { values }]) => (history.versions[version]?.leaves ?? []).map(({ key, iv }) => [iv, values[(JSON.parse(key) as [number, string])[1]]?.iv])))
    const { byHome } = knownTo([bob], history)
    /** What the list says is, or may be, in use: all that he knew under a name that is not done with. */
    const told = new Set<string | null | undefined>()
    for (const one of traceExposure(history, [bob], [])) {
      const answered: Answer | null = isAsked(one) && key !== 'none' ? answer(one.question, decrypted) : null
      const secret = !isAsked(one) ? one : key === 'none' ? one.untold : answered === null ? null : one.answered(answered)
      if (secret === null) continue
      seen.set(secret.state, (seen.get(secret.state) ?? 0) + 1)
      const here = base[secret.file]?.values[secret.key]?.plain
      if (secret.state === 'changed') expect(known).not.toContain(here)
      if (isDone(secret)) continue
      told.add(here)
      for (const iv of byHome.get(secret.file)?.get(keyOf(secret.key))?.ivs ?? []) told.add(plainOf.get(ivs.get(iv) ?? -1) ?? plainOfText.get(history.clearDigests.get(iv)?.spellings[0] ?? ''))
    }
    const inUse = new Set(valuesIn(Object.values(base).filter(({ clear }) => clear !== true)))
    expect([...known].filter((plain) => inUse.has(plain) && !told.has(plain))).toEqual([])
  }), { numRuns: 3000, examples: [leftBehind, leftAsCopy].flatMap((some) => kindsOfKey.map((key) => [5, [some, [], [], []], false, key])) })
  for (const state of ['current', 'changed-too-early', 'unknown', 'changed', 'removed']) expect(seen.get(state)).toBeGreaterThan(5)
})
