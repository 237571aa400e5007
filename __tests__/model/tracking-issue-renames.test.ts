import { describe, expect, test } from '@jest/globals'
import type { ExposedSecret, SecretState } from '../../src/model/report.ts'
import { mergeTrackingBody, newTrackingBody } from '../../src/model/tracking-issue/tracking-issue.ts'
import type { MergedIssue, TrackedRemoval } from '../../src/model/tracking-issue/tracking-issue.ts'
import type { TrackingMark } from '../../src/model/tracking-issue/tracking-issue-marker.ts'

const bob = { kind: 'age', id: `age1${'q'.repeat(58)}`, owner: 'bob' } as const
const mark: TrackingMark = { removed: [`age:${bob.id}`], scope: '', commit: 'c1' }

type Paths = Readonly<Record<string, readonly string[]>>

function secrets(file: string, states: Readonly<Record<string, SecretState>>): readonly ExposedSecret[] {
  return Object.entries(states).map(([key, state]) => ({ file, key, readBy: ['bob'], since: '2026-01-01T00:00:00Z', until: null, state, reason: null }))
}

function removal(exposure: readonly ExposedSecret[], former: Paths = {}): TrackedRemoval {
  const formerPaths = new Map(Object.entries(former).map(([path, before]) => [path, new Set(before)]))
  return { removed: [bob], scope: '', exposure, formerPaths, partial: false, commit: 'c'.repeat(40), runUrl: null, pullRequestUrl: null }
}

function merge(previous: string, exposure: readonly ExposedSecret[], former: Paths): MergedIssue {
  return mergeTrackingBody(previous, removal(exposure, former), mark)
}

function list({ body }: Pick<MergedIssue, 'body'>): readonly string[] {
  return (/count -->\n\n([^]*?)\n\n<!-- sops-rekey list end/.exec(body)?.[1] ?? '').replace(/<\/?(?:code|em)>/g, '').split('\n')
}

const open = { a: 'current', b: 'current' } as const
const changed = { a: 'changed', b: 'changed' } as const
const start = newTrackingBody(removal(secrets('app.yaml', open)), mark)

describe('the lines of a file that was renamed', () => {
  test('are its lines under the path that it has now, with what people did to them, and nothing is new', () => {
    const mine = start.replace('[ ] <code>a</code> <em>still in use</em>', '[x] <code>a</code> <em>still in use</em> @ann revoked it')
    const moved = merge(mine, secrets('apps/app.yaml', open), { 'apps/app.yaml': ['app.yaml'] })
    expect(list(moved)).toEqual([
      '- apps/app.yaml (1 of 2 left)', '  - [x] a still in use, but ticked by a person @ann revoked it', '  - [ ] b still in use',
    ])
    expect([moved.verdicts.map(({ news }) => news), moved.complete]).toEqual([['ticked', null], false])
    const done = merge(moved.body, secrets('apps/app.yaml', changed), { 'apps/app.yaml': ['app.yaml'] })
    expect(list(done)).toEqual(['- apps/app.yaml (done)', '  - [x] a changed @ann revoked it', '  - [x] b changed'])
    expect(done.complete).toBe(true)
  })

  test('are found also where it was renamed more than once, or changed before the next run', () => {
    const merged = merge(start, secrets('c/app.yaml', { a: 'changed', b: 'removed', new: 'current' }), { 'c/app.yaml': ['b/app.yaml', 'app.yaml'] })
    expect(list(merged)).toEqual(['- c/app.yaml (1 of 3 left)', '  - [ ] new still in use', '  - [x] a changed', '  - [x] b no longer there'])
  })

  test('stay as they are without it, and where a path is that of the file still', () => {
    for (const former of [{ 'other.yaml': ['before.yaml'] }, { 'not-told.yaml': ['app.yaml'] }]) {
      expect(list(merge(start, secrets('other.yaml', { c: 'changed' }), former))).toEqual(list({ body: start }))
    }
    const both = [...secrets('app.yaml', { a: 'current' }), ...secrets('prod.yaml', open)]
    expect(list(merge(start, both, { 'prod.yaml': ['app.yaml'] }))).toEqual([
      '- app.yaml (2 of 2 left)', '  - [ ] a still in use', '  - [ ] b still in use',
      '- prod.yaml (2 of 2 left)', '  - [ ] a still in use', '  - [ ] b still in use',
    ])
  })

  test('are no lines of a file that has its own, nor of one of several; they are done when those are', () => {
    const copied = newTrackingBody(removal([...secrets('app.yaml', open), ...secrets('copy.yaml', open)]), mark)
    const former = { 'app.yaml': ['copy.yaml'] }
    const half = merge(copied, secrets('app.yaml', { ...open, a: 'changed' }), former)
    expect(list(half)).toEqual([
      '- app.yaml (1 of 2 left)', '  - [x] a changed', '  - [ ] b still in use', '- copy.yaml (1 of 2 left)', '  - [x] a changed', '  - [ ] b still in use',
    ])
    expect(half.complete).toBe(false)
    const whole = merge(half.body, secrets('app.yaml', changed), former)
    expect([list(whole)[3], whole.complete]).toEqual(['- copy.yaml (done)', true])

    const two = { 'x.yaml': ['app.yaml'], 'y.yaml': ['app.yaml'] }
    const torn = merge(start, [...secrets('x.yaml', changed), ...secrets('y.yaml', { ...changed, b: 'current' })], two)
    expect(list(torn)).toEqual(['- app.yaml (1 of 2 left)', '  - [x] a changed', '  - [ ] b still in use', '- y.yaml (1 of 1 left)', '  - [ ] b still in use'])
  })

  test('of two files that became one are its lines once', () => {
    const two = newTrackingBody(removal([...secrets('x.yaml', open), ...secrets('y.yaml', open)]), mark)
    const former = { 'z.yaml': ['x.yaml', 'y.yaml'] }
    const one = merge(two, secrets('z.yaml', open), former)
    expect(list(one).filter((line) => line.startsWith('-'))).toEqual(['- z.yaml (2 of 2 left)', '- y.yaml (2 of 2 left)'])
    expect(merge(one.body, secrets('z.yaml', changed), former).complete).toBe(true)
  })

  test('and a person\'s words about the old path stay', () => {
    const noted = start.replace('- <code>app.yaml', '- <code>app.yaml</code> is what ann looks after\n\n- <code>app.yaml')
      .replace('\n\n<!-- sops-rekey list end', '\n- <code>old.yaml</code> was here\n\n<!-- sops-rekey list end')
    const moved = merge(noted, secrets('new.yaml', open), { 'new.yaml': ['app.yaml', 'old.yaml'] })
    expect(list(moved)).toEqual([
      '- app.yaml is what ann looks after', '', '- new.yaml (2 of 2 left)', '  - [ ] a still in use', '  - [ ] b still in use', '- old.yaml was here',
    ])
    // A count that they took out is no sign of that.
    expect(list(merge(start.replace(' (2 of 2 left)', ''), secrets('new.yaml', open), { 'new.yaml': ['app.yaml'] }))[0]).toBe('- new.yaml')
  })
})

test('a folded file, a line for a file and one for a folder take the new name too', () => {
  const many = (folder: string, files: number, each: number, state: SecretState = 'current'): readonly ExposedSecret[] =>
    Array.from({ length: files }, (_, at) => secrets(`${folder}/f${at}.yaml`, Object.fromEntries(Array.from({ length: each }, (__, key) => [`k${key}`, state])))).flat()
  const former = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`new/f${at}.yaml`, [`old/f${at}.yaml`]]))
  for (const [files, each] of [[10, 10], [100, 10], [500, 2]] as const) {
    const text = newTrackingBody(removal(many('old', files, each)), mark)
    const moved = merge(text, many('new', files, each), former)
    const renamed = text.replaceAll('<code>old', '<code>new')
    expect([renamed === text, moved.body, moved.shortened]).toEqual([false, renamed, null])
    expect(merge(text, many('new', files, each, 'changed'), former)).toMatchObject({ complete: true })
  }
})
