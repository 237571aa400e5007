import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import type { ExposedSecret, SecretState } from '../../src/model/report.ts'
import { mergeTrackingBody, newTrackingBody, trackingTitle } from '../../src/model/tracking-issue/tracking-issue.ts'
import type { MergedIssue, TrackedRemoval } from '../../src/model/tracking-issue/tracking-issue.ts'
import { trackingComment } from '../../src/model/tracking-issue/tracking-issue-comment.ts'
import type { TrackingMark } from '../../src/model/tracking-issue/tracking-issue-marker.ts'
import { isSameRemoval, readTrackingMarker, retiredBody, trackingMarker } from '../../src/model/tracking-issue/tracking-issue-marker.ts'

const bob = { kind: 'age', id: `age1${'q'.repeat(58)}`, owner: 'bob' } as const
const mark: TrackingMark = { removed: [`age:${bob.id}`], scope: '', commit: 'c1' }
const later: TrackingMark = { ...mark, commit: 'c2' }

function secret(file: string, key: string, state: SecretState = 'current', more: Partial<ExposedSecret> = {}): ExposedSecret {
  return { file, key, readBy: ['bob'], since: '2026-01-01T00:00:00Z', until: null, state, reason: null, ...more }
}

function removal(exposure: readonly ExposedSecret[], more: Partial<TrackedRemoval> = {}): TrackedRemoval {
  return { removed: [bob], scope: '', exposure, formerPaths: new Map(), partial: false, commit: 'c'.repeat(40), runUrl: 'https://github.com/acme/x/actions/runs/1', pullRequestUrl: null, ...more }
}

const start = [secret('a.yaml', 'db.password'), secret('a.yaml', 'token'), secret('b.env', 'KEY')]
const body = newTrackingBody(removal(start), mark)

/** `start` with the states given by key. */
function states(now: Readonly<Record<string, SecretState>>): readonly ExposedSecret[] {
  return start.map((one) => ({ ...one, state: now[one.key] ?? one.state, reason: now[one.key] === 'unknown' ? 'no key' : null }))
}

function merge(previous: string, exposure: readonly ExposedSecret[], more: Partial<TrackedRemoval> = {}): MergedIssue {
  return mergeTrackingBody(previous, removal(exposure, more), later)
}

function news({ verdicts }: MergedIssue): Readonly<Record<string, string>> {
  return Object.fromEntries(verdicts.flatMap(({ entry, news: kind }) => (kind === null ? [] : [[entry.label.replace(/<\/?code>/g, ''), kind]])))
}

/** The line of the list that is about this. */
function line(text: string, about: string): string {
  return text.split('\n').find((one) => one.includes(`<code>${about}</code>`)) ?? ''
}

function tick(text: string, about: string, box: 'x' | ' ' = 'x'): string {
  return text.replace(line(text, about), (one) => one.replace(/\[[ x]\]/, `[${box}]`))
}

describe('a new text', () => {
  test('has a line for each secret below its file', () => {
    expect(body).toContain([
      '<!-- sops-rekey list=secret -->', '**3 of 3 secrets are left to change.** <!-- sops-rekey count -->', '',
      '- <code>a.yaml</code> (2 of 2 left)', '  - [ ] <code>db.password</code> <em>still in use</em>', '  - [ ] <code>token</code> <em>still in use</em>',
      '- <code>b.env</code> (1 of 1 left)', '  - [ ] <code>KEY</code> <em>still in use</em>', '', '<!-- sops-rekey list end -->',
    ].join('\n'))
    expect(body).toContain('**bob**')
  })

  test('stands under a heading for each environment that paths speak of; what is new comes under its own', () => {
    const some = [secret('prod/a.yaml', 'p'), secret('dev/b.yaml', 'd'), secret('x.yaml', 'x')]
    const text = newTrackingBody(removal(some), mark)
    const list = (of: string): readonly string[] => (/-->\n\n([^]*?)\n\n<!-- sops-rekey list end/.exec(of)?.[1] ?? '').split('\n').map((one) => one.replace(/ <em>.*| \(\d.*/, ''))
    expect(list(text)).toEqual([
      '**dev**', '', '- <code>dev/b.yaml</code>', '  - [ ] <code>d</code>', '', '**prod**', '', '- <code>prod/a.yaml</code>', '  - [ ] <code>p</code>', '',
      '**Elsewhere**', '', '- <code>x.yaml</code>', '  - [ ] <code>x</code>',
    ])
    const more = [...some, secret('dev/c.yaml', 'c'), secret('y.yaml', 'y'), secret('staging/s.yaml', 's'), secret('prod/a.yaml', 'new')]
    const merged = merge(text, more)
    expect(list(merged.body)).toEqual([
      '**dev**', '', '- <code>dev/b.yaml</code>', '  - [ ] <code>d</code>', '- <code>dev/c.yaml</code>', '  - [ ] <code>c</code>', '',
      '**prod**', '', '- <code>prod/a.yaml</code>', '  - [ ] <code>new</code>', '  - [ ] <code>p</code>', '',
      '**Elsewhere**', '', '- <code>x.yaml</code>', '  - [ ] <code>x</code>', '- <code>y.yaml</code>', '  - [ ] <code>y</code>', '',
      '**staging**', '', '- <code>staging/s.yaml</code>', '  - [ ] <code>s</code>',
    ])
    expect(merge(merged.body, more).body.replace('"c2"', '')).toBe(merged.body.replace('"c2"', ''))
    // A list without headings gets none.
    expect(list(merge(body, [...start, secret('prod/a.yaml', 'p')]).body)).toEqual(expect.arrayContaining(['- <code>b.env</code>', '- <code>prod/a.yaml</code>']))
    expect(list(merge(body, [...start, secret('prod/a.yaml', 'p')]).body).filter((one) => one.startsWith('**'))).toEqual([])
  })

  test('ticks what is done already, says why the rest is not, and who alone could read what', () => {
    const text = newTrackingBody(removal([
      secret('a', 'k1', 'changed'), secret('a', 'k2', 'removed'), secret('a', 'k3', 'changed-too-early'),
      secret('a', 'k4', 'unknown', { reason: 'no <key> of @it' }), secret('a', 'k5', 'changed', { readBy: ['bob', 'eve'] }),
    ]), mark)
    expect(line(text, 'k1')).toBe('  - [x] <code>k1</code> <em>changed, read by bob only</em>')
    expect(line(text, 'k2')).toBe('  - [x] <code>k2</code> <em>no longer there, read by bob only</em>')
    expect(line(text, 'k3')).toMatch(/\[ \] .*changed too early: the new value could be read too, read by bob only/)
    expect(line(text, 'k4')).toMatch(/\[ \] .*not known \(no &#60;key&#62; of &#64;&#8203;it\)/)
    expect(line(text, 'k5')).toBe('  - [x] <code>k5</code> <em>changed</em>')
    expect(text).toContain('**2 of 5 secrets are left to change.**')
  })

  test('read again at the same place is the same text, and nothing is new', () => {
    const some = secret('c', 'k', 'changed', { readBy: ['eve', 'bob'] })
    for (const exposure of [start, states({ token: 'changed', KEY: 'unknown' }), [some, ...states({ token: 'changed', KEY: 'removed' })]]) {
      const text = newTrackingBody(removal(exposure), mark)
      const again = mergeTrackingBody(text, removal(exposure), mark)
      expect(again).toMatchObject({ body: text, changed: false, appended: false, shortened: null, complete: false })
      expect(news(again)).toEqual({})
      expect(trackingComment(again, removal(exposure), null)).toBeNull()
    }
  })

  test('says that part of the history was missing', () => {
    const text = newTrackingBody(removal(start, { partial: true }), mark)
    expect(text).toContain('Only part of the git history was there')
    expect(merge(text, start).body).not.toContain('Only part of the git history')
  })
})

describe('brought up to date', () => {
  test.each<[string, Readonly<Record<string, SecretState>>, string, Readonly<Record<string, string>>]>([
    ['a changed one is ticked', { token: 'changed' }, '  - [x] <code>token</code> <em>changed</em>', { token: 'done' }],
    ['one that is gone is ticked', { token: 'removed' }, '  - [x] <code>token</code> <em>no longer there</em>', { token: 'done' }],
    ['one that is not known is not', { token: 'unknown' }, '  - [ ] <code>token</code> <em>not known (no key)</em>', {}],
    ['one changed too early is not, and is told', { token: 'changed-too-early' }, '  - [ ] <code>token</code> <em>changed too early: the new value could be read too</em>', { token: 'too-early' }],
  ])('%s', (_, now, wanted, told) => {
    const merged = merge(body, states(now))
    expect([line(merged.body, 'token'), news(merged), merged.changed]).toEqual([wanted, told, true])
    expect(news(merge(merged.body, states(now)))).toEqual({})
  })

  test('counts what is left, by file and in all', () => {
    const { body: text } = merge(body, states({ token: 'changed', KEY: 'removed' }))
    expect(text).toContain('- <code>a.yaml</code> (1 of 2 left)')
    expect(text).toContain('- <code>b.env</code> (done)')
    expect(text).toContain('**1 of 3 secrets is left to change.**')
  })

  test('a value that came back is open again', () => {
    const done = merge(body, states({ token: 'changed' })).body
    const merged = merge(done, start)
    expect(line(merged.body, 'token')).toBe('  - [ ] <code>token</code> <em>still in use</em>')
    expect([news(merged), merged.complete]).toEqual([{ token: 'back' }, false])
  })

  test('what was done is not taken back by a run that can only tell less: its words and tick stay, and nothing is said', () => {
    const done = merge(body, states({ token: 'changed', KEY: 'removed', 'db.password': 'changed' })).body
    const merged = merge(done, states({ token: 'unknown', KEY: 'unknown', 'db.password': 'unknown' }))
    expect([merged.changed, news(merged), merged.complete]).toEqual([false, {}, true])
    const mixed = merge(done, states({ token: 'unknown', KEY: 'current', 'db.password': 'changed' }))
    expect([line(mixed.body, 'token'), news(mixed)]).toEqual(['  - [x] <code>token</code> <em>changed</em>', { KEY: 'back' }])
    const unticked = tick(done, 'token', ' ')
    const left = merge(unticked, states({ token: 'unknown', KEY: 'unknown', 'db.password': 'unknown' }))
    expect([line(left.body, 'token'), news(left), left.complete]).toEqual(['  - [ ] <code>token</code> <em>changed</em>', {}, false])
  })

  test('names the commit in the mark, which alone is no change', () => {
    expect(readTrackingMarker(merge(body, start).body)?.commit).toBe('c2')
    expect(merge(body, start).changed).toBe(false)
  })

  test('is complete once each is changed, gone or ticked by a person, if the whole history was there', () => {
    const all = states({ token: 'changed', 'db.password': 'removed' })
    expect(merge(body, all).complete).toBe(false)
    expect(merge(tick(body, 'KEY'), all).complete).toBe(true)
    expect(merge(tick(body, 'KEY'), all, { partial: true }).complete).toBe(false)
  })

  test('gets new secrets above the others of their file, new files at the end, and nothing that is done already', () => {
    const merged = merge(body, [secret('c', 'new', 'changed'), secret('a.yaml', 'fresh'), ...start, secret('d', 'k')])
    expect(merged.body).toContain([
      '- <code>a.yaml</code> (3 of 3 left)', '  - [ ] <code>fresh</code> <em>still in use</em>', '  - [ ] <code>db.password</code> <em>still in use</em>',
      '  - [ ] <code>token</code> <em>still in use</em>', '- <code>b.env</code> (1 of 1 left)', '  - [ ] <code>KEY</code> <em>still in use</em>',
      '- <code>d</code> (1 of 1 left)', '  - [ ] <code>k</code> <em>still in use</em>', '', '<!-- sops-rekey list end -->',
    ].join('\n'))
    expect(news(merged)).toEqual({ fresh: 'added', k: 'added' })
  })

  test('a name in two files is two secrets', () => {
    const two = [secret('a', 'k'), secret('b', 'k')]
    const merged = merge(newTrackingBody(removal(two), mark), [secret('a', 'k'), secret('b', 'k', 'changed')])
    expect(merged.body.match(/\[.\] <code>k<.*/g)).toEqual(['[ ] <code>k</code> <em>still in use</em>', '[x] <code>k</code> <em>changed</em>'])
  })
})

describe('what people did', () => {
  test('a tick stays while the value is in use; that is said once', () => {
    const first = merge(tick(body, 'token'), start)
    expect(line(first.body, 'token')).toBe('  - [x] <code>token</code> <em>still in use, but ticked by a person</em>')
    expect(news(first)).toEqual({ token: 'ticked' })
    const second = merge(first.body, start)
    expect([second.changed, news(second)]).toEqual([false, {}])
    expect(first.body).toContain('**2 of 3 secrets are left to change.**')
  })

  test('a tick that is taken back is open again', () => {
    const ticked = merge(tick(body, 'token'), start).body
    expect(line(merge(tick(ticked, 'token', ' '), start).body, 'token')).toBe('  - [ ] <code>token</code> <em>still in use</em>')
  })

  test('a tick of a person does not hold for a value that changed and came back', () => {
    const changed = merge(merge(tick(body, 'token'), start).body, states({ token: 'changed' })).body
    expect(line(changed, 'token')).toBe('  - [x] <code>token</code> <em>changed</em>')
    expect(line(merge(changed, start).body, 'token')).toContain('[ ]')
  })

  test('a tick taken from what is done stays away, and holds the issue open', () => {
    const done = states({ token: 'changed', KEY: 'changed', 'db.password': 'changed' })
    const unticked = tick(merge(body, done).body, 'token', ' ')
    const merged = merge(unticked, done)
    expect([line(merged.body, 'token'), merged.complete]).toEqual(['  - [ ] <code>token</code> <em>changed</em>', false])
  })

  test('words before, behind, between and after stay, in their order', () => {
    const edited = `Dear all,\n\n${body.replace('still in use</em>\n', 'still in use</em> asked @dana, ends Friday\n    - see the vault\n')
      .replace('- <code>b.env</code> (1 of 1 left)', 'Half time.\n\n* <code>b.env</code> (1 of 1 left) of the shop')
      .replace('Each run ticks', 'Each run never ticks')}\n\nYours\n`
    const merged = merge(edited, [secret('a.yaml', 'fresh'), ...states({ 'db.password': 'changed', KEY: 'changed' })])
    const expected = edited.replace('[ ] <code>db.password</code> <em>still in use</em>', '[x] <code>db.password</code> <em>changed</em>')
      .replace('[ ] <code>KEY</code> <em>still in use</em>', '[x] <code>KEY</code> <em>changed</em>')
      .replace('(2 of 2 left)\n', '(2 of 3 left)\n  - [ ] <code>fresh</code> <em>still in use</em>\n').replace('(1 of 1 left)', '(done)')
      .replace('3 of 3', '2 of 4').replace('"commit":"c1"', '"commit":"c2"')
    expect(merged.body).toBe(expected)
  })

  test('lines in another order are still known', () => {
    const lines = body.split('\n')
    const at = lines.findIndex((one) => one.includes('db.password'))
    const swapped = lines.toSpliced(at, 2, lines[at + 1] ?? '', lines[at] ?? '').join('\n')
    expect(merge(swapped, states({ token: 'changed' })).body).toContain([
      '  - [x] <code>token</code> <em>changed</em>', '  - [ ] <code>db.password</code> <em>still in use</em>',
    ].join('\n'))
  })

  test('a mark of theirs above the list is not taken for the end of it', () => {
    const edited = `<!-- sops-rekey list end -->\n${body}`
    const merged = merge(edited, states({ token: 'changed' }))
    expect(merged).toMatchObject({ appended: false })
    expect(merged.body).toBe(`<!-- sops-rekey list end -->\n${merge(body, states({ token: 'changed' })).body}`)
  })

  test('of a line that stands twice the first is kept up', () => {
    const copy = body.replace('- <code>b.env', '- <code>a.yaml</code>\n  - [ ] <code>token</code> later\n- <code>b.env')
    expect(merge(copy, states({ token: 'changed' })).body).toContain('- <code>a.yaml</code>\n  - [ ] <code>token</code> later\n')
  })

  test('a line that was deleted comes back while it is open, and stays away once it is done', () => {
    const without = body.replace(`${line(body, 'token')}\n`, '')
    expect(news(merge(without, start))).toEqual({ token: 'added' })
    expect(merge(without, states({ token: 'changed' })).body).not.toContain('token')
  })

  test('words or counts that were taken out: the words come back, and a tick is taken for a person\'s', () => {
    const bare = tick(body, 'token').replace('<code>token</code> <em>still in use</em>', '<code>token</code>').replace(' (2 of 2 left)', '')
    const merged = merge(bare, start)
    expect(line(merged.body, 'token')).toBe('  - [x] <code>token</code> <em>still in use, but ticked by a person</em>')
    expect(merged.body).toContain('- <code>a.yaml</code>\n')
  })

  test('a task of their own in the list holds the issue open', () => {
    const own = body.replace('- <code>b.env', '  - [ ] tell the auditor\n- <code>b.env')
    const done = states({ token: 'changed', KEY: 'changed', 'db.password': 'changed' })
    expect([merge(own, done).complete, merge(own.replace('[ ] tell', '[x] tell'), done).complete]).toEqual([false, true])
  })

  test('line ends of the editor stay', () => {
    const edited = body.replaceAll('\n', '\r\n')
    expect(merge(edited, start)).toMatchObject({ changed: false, appended: false })
    const merged = merge(edited, states({ token: 'changed' }))
    expect(merged.body.replaceAll('\r\n', '\n')).toBe(merge(body, states({ token: 'changed' })).body)
    expect(merged.body).not.toMatch(/[^\r]\n/)
  })

  test.each(['<!-- sops-rekey list=secret -->\n', '<!-- sops-rekey list end -->\n'])('without the mark %j the list is added at the end, with the ticks', (gone) => {
    const merged = merge(tick(body.replace(gone, ''), 'token'), start)
    expect(merged).toMatchObject({ appended: true })
    expect(merged.body.match(/list=secret|list end/g)).toEqual(['list=secret', 'list end'])
    expect(merged.body.slice(merged.body.indexOf('list=secret'))).toContain('- [x] <code>token</code> <em>still in use, but ticked by a person</em>')
    expect(trackingComment(merged, removal(start), null)).toContain('added again at the end')
    expect(merge(merged.body, start)).toMatchObject({ changed: false, appended: false })
  })
})

describe('many secrets', () => {
  const many = (files: number, each: number, state: SecretState = 'current'): readonly ExposedSecret[] => Array.from(
    { length: files * each }, (_, at) => secret(`teams/t${(at % files) % 7}/f${at % files}.yaml`, `key.${Math.floor(at / files)}`, state))

  test('beyond sixty are folded by file, and still brought up to date', () => {
    const text = newTrackingBody(removal(many(10, 10)), mark)
    expect(text).toContain('<details><summary><code>teams/t0/f0.yaml</code> (10 of 10 left)</summary>\n\n- [ ] <code>key.0</code>')
    const merged = merge(text, [...many(10, 10).map((one, at) => ({ ...one, state: at === 0 ? 'changed' as const : one.state })), secret('new', 'k')])
    expect(merged.body).toContain('<code>teams/t0/f0.yaml</code> (9 of 10 left)</summary>\n\n- [x] <code>key.0</code> <em>changed</em>')
    expect(merged.body).toContain('<details><summary><code>new</code> (1 of 1 left)</summary>\n\n- [ ] <code>k</code>')
    expect(merge(merged.body, [...many(10, 10), secret('new', 'k')])).toMatchObject({ appended: false })
  })

  test.each([[100, 10, 'list=file', '- [ ] <code>teams/t0/f0.yaml</code> <em>10 of 10 to change</em>'],
    [3000, 2, 'list=6', '- [ ] <code>teams/t0&#47;</code> <em>858 of 858 to change</em>']])('%i files of %i get fewer lines', (files, each, list, wanted) => {
    const exposure = many(files, each)
    const text = newTrackingBody(removal(exposure), mark)
    expect(text.length).toBeLessThan(60_000)
    expect(text).toContain(list)
    expect(text).toContain(wanted)
    expect(mergeTrackingBody(text, removal(exposure), mark)).toMatchObject({ changed: false })
  })

  test('a line for a file is ticked once all in it is done, and open again when there is more than before', () => {
    const exposure = many(100, 10)
    const text = newTrackingBody(removal(exposure), mark)
    const but = (left: number): readonly ExposedSecret[] => {
      return exposure.map((one) => (one.file === 'teams/t0/f0.yaml' && Number(one.key.slice(4)) >= left ? { ...one, state: 'changed' } : one))
    }
    const half = merge(text, but(5))
    expect([line(half.body, 'teams/t0/f0.yaml'), news(half)]).toEqual(['- [ ] <code>teams/t0/f0.yaml</code> <em>5 of 10 to change</em>', {}])
    const done = merge(half.body, but(0))
    expect(line(done.body, 'teams/t0/f0.yaml')).toBe('- [x] <code>teams/t0/f0.yaml</code> <em>all changed or gone</em>')
    const noted = half.body.replace('- [ ] <code>teams/t0/f0', '- <code>note</code>\n- [ ] <code>teams/t0/f0')
    expect(line(merge(noted, but(0)).body, 'teams/t0/f0.yaml')).toContain('[x]')
    const untold = merge(done.body, exposure.map((one) => ({ ...one, state: one.file === 'teams/t0/f0.yaml' ? 'unknown' : one.state })))
    expect([line(untold.body, 'teams/t0/f0.yaml'), news(untold)]).toEqual([line(done.body, 'teams/t0/f0.yaml'), {}])
    // A person's tick was for what there was then.
    const ticked = merge(tick(half.body, 'teams/t0/f0.yaml'), but(5))
    expect(line(ticked.body, 'teams/t0/f0.yaml')).toContain('[x]')
    expect(line(merge(ticked.body, but(6)).body, 'teams/t0/f0.yaml')).toBe('- [ ] <code>teams/t0/f0.yaml</code> <em>6 of 10 to change</em>')
    expect(line(merge(ticked.body, but(4)).body, 'teams/t0/f0.yaml')).toContain('[x]')
  })

  test('a list that grows too long is written anew, with what people ticked, and never back', () => {
    const few = many(3, 2)
    const ticked = tick(tick(newTrackingBody(removal(few), mark), 'key.0'), 'key.1')
    const grown = merge(ticked, [...few, ...many(400, 2).map((one) => ({ ...one, file: `more/${one.file}` }))])
    expect(grown.shortened).not.toBeNull()
    expect(grown.body.length).toBeLessThan(60_000)
    expect(trackingComment(grown, removal(few), null)).toContain('written anew with a line for each folder')
    const shrunk = merge(grown.body, few)
    expect(shrunk.shortened).toBeNull()
    expect(shrunk.body).not.toContain('list=secret')
    // All of a file was ticked by a person, and so is its line.
    const byFile = merge(ticked, [...few, ...many(350, 1).map((one) => ({ ...one, file: `more/${one.file}`, key: 'x'.repeat(200) }))])
    expect(byFile.body).toContain('list=file')
    expect(line(byFile.body, 'teams/t0/f0.yaml')).toBe('- [x] <code>teams/t0/f0.yaml</code> <em>2 of 2 to change, but ticked by a person</em>')
    expect(line(byFile.body, 'teams/t1/f1.yaml')).toContain('[ ]')
  })

  test.each([[350, 'x'.repeat(250)], [900, 'k']])('%i lines, %j long, are too many at first and when they have grown', (number, key) => {
    const exposure = Array.from({ length: number }, (_, at) => secret(`f${at % 3}`, `${key}${at}`))
    const text = newTrackingBody(removal(exposure), mark)
    expect(text).toContain('list=file')
    expect(text.length).toBeLessThan(60_000)
    const grown = merge(newTrackingBody(removal(exposure.slice(0, 20)), mark), exposure)
    expect(grown).toMatchObject({ shortened: 'file' })
    expect(grown.body.length).toBeLessThan(60_000)
  })

  test('100,000 take a moment', () => {
    const exposure = many(5000, 20)
    const text = newTrackingBody(removal(exposure), mark)
    expect(merge(text, exposure)).toMatchObject({ changed: false })
  })
})

describe('the comment', () => {
  test('says each thing under its heading, with the run and the pull request', () => {
    const merged = merge(tick(merge(body, states({ KEY: 'changed' })).body, 'token'), [...states({ 'db.password': 'changed' }), secret('n', 'new')])
    const text = trackingComment(merged, removal(start, { pullRequestUrl: 'https://github.com/acme/x/pull/7' }), 'reopen') ?? ''
    expect(text.match(/^\*\*.*/gm)).toEqual([
      expect.stringMatching(/Opened again/), expect.stringMatching(/a value that could be read is in use again/), expect.stringMatching(/New in the list/),
      expect.stringMatching(/Ticked by a person/), expect.stringMatching(/Done/),
    ])
    expect(text).toContain('- <code>b.env</code> <code>KEY</code>: still in use')
    expect(text).toContain('(<https://github.com/acme/x/pull/7>)')
  })

  test('of hundreds names some', () => {
    const exposure = Array.from({ length: 300 }, (_, at) => secret('f', `k${at}`))
    const merged = merge(newTrackingBody(removal(exposure), mark), exposure.map((one) => ({ ...one, state: 'changed' })))
    const text = trackingComment(merged, removal(exposure), 'close') ?? ''
    expect(text).toContain('and 280 more')
    expect(text).toContain('Closed.')
  })
})

describe('the mark', () => {
  test('cannot be ended by what it holds, and is read back', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('-', '>', '!', '<', '"', '\n', '\\') }))
    fc.assert(fc.property(fc.array(text), text, (removed, scope) => {
      const marker = trackingMarker({ removed, scope, commit: 'c' })
      expect(marker.slice(4, -3)).not.toMatch(/--|>|[^ -~]/)
      expect(readTrackingMarker(`x\n${marker}\ny`)).toEqual({ version: 1, removed, scope, commit: 'c' })
    }))
    const earlier = ['age:x']
    expect(readTrackingMarker(trackingMarker({ ...mark, earlier }))).toEqual({ version: 1, ...mark, earlier })
    expect(isSameRemoval(mark, { ...mark, earlier })).toBe(true)
    expect(readTrackingMarker(trackingMarker({ removed: ['--> <script>'], scope: '', commit: '' }))?.removed).toEqual(['--> <script>'])
  })

  test.each(['', '<!-- sops-rekey tracking {} -->', '<!-- sops-rekey tracking {"version":1} -->', '<!-- sops-rekey tracking {oops} -->', retiredBody(body)])(
    'is not found in %j', (text) => {
      expect(readTrackingMarker(text)).toBeNull()
    })

  test('is for one removal and scope, whatever the commit', () => {
    expect(isSameRemoval(mark, later)).toBe(true)
    expect(isSameRemoval(mark, { ...mark, scope: 'x' })).toBe(false)
    expect(isSameRemoval(mark, { ...mark, removed: [] })).toBe(false)
  })
})

test('the title names three at most, harmlessly and short', () => {
  const named = ['b\u202eob', 'carol', 'x'.repeat(500), 'eve'].map((owner) => ({ ...bob, owner }))
  expect(trackingTitle(named)).toMatch(/^Change the secrets that b\\u202eob, carol, x+… and 1 more could read$/)
  expect(trackingTitle(named).length).toBeLessThan(256)
  expect(trackingTitle([{ ...bob, owner: null }])).toBe('Change the secrets that age1qqqqqq…qqqq could read')
})

describe('whatever names, reasons and people\'s words hold', () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.constantFrom('</code>', '</em>', '-->', '<!-- sops-rekey list end -->', '@all', '- [x] y', 'a\nb', ', but ticked by a person', '`', '[x](y)', 'k'.repeat(400)),
  )
  const anySecret = fc.record({
    file: name, key: name, readBy: fc.array(name, { minLength: 1, maxLength: 3 }), since: fc.constant(null), until: fc.constant(null),
    state: fc.constantFrom<SecretState>('current', 'changed', 'changed-too-early', 'removed', 'unknown'), reason: fc.option(name),
  })

  test('the text holds as many tasks as secrets and no mention, and comes back to the same', () => {
    fc.assert(fc.property(fc.uniqueArray(anySecret, { selector: ({ file, key }) => `${file}\0${key}`, maxLength: 8 }), (exposure) => {
      const text = newTrackingBody(removal(exposure), mark)
      expect(mergeTrackingBody(text, removal(exposure), mark)).toMatchObject({ body: text, changed: false, appended: false })
      expect(text.match(/list end -->/g)).toHaveLength(1)
      expect(text).not.toMatch(/@/)
      const tree = JSON.stringify(fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }))
      const names = new Set(text.match(/\[[ x]\] <code>/g))
      expect(tree.match(/"checked":(?:true|false)/g)?.length ?? 0).toBe(exposure.length === 0 ? 0 : text.match(/^ *- \[[ x]\] /gm)?.length)
      expect(names.size).toBeLessThanOrEqual(2)
      expect(tree).not.toContain('"type":"link","title":null,"url":"y"')
    }), { numRuns: 60 })
  })

  test('states of any two runs: what is done is ticked, what is open is not, unless by a person', () => {
    const two = fc.array(fc.tuple(fc.constantFrom<SecretState>('current', 'changed', 'changed-too-early', 'removed', 'unknown'),
      fc.constantFrom<SecretState>('current', 'changed', 'changed-too-early', 'removed', 'unknown'), fc.boolean()), { minLength: 1, maxLength: 6 })
    fc.assert(fc.property(two, (pairs) => {
      const of = (which: 0 | 1): readonly ExposedSecret[] => pairs.map((pair, at) => secret('f', `k${at}`, pair[which]))
      let text = newTrackingBody(removal(of(0)), mark)
      for (const [at, [, , byHand]] of pairs.entries()) if (byHand) text = tick(text, `k${at}`)
      const merged = merge(text, of(1))
      for (const [at, [before, now, byHand]] of pairs.entries()) {
        const isDone = (state: SecretState): boolean => state === 'changed' || state === 'removed'
        const kept = byHand && !isDone(before)
        const stands = isDone(before) && now === 'unknown'
        expect(line(merged.body, `k${at}`).includes('[x]')).toBe(isDone(now) || kept || stands)
      }
      expect(news(merge(merged.body, of(1)))).toEqual({})
    }))
  })
})
