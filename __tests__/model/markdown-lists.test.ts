import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { dataKeyAges } from '../../src/model/markdown/markdown-ages.ts'
import { checklist, stateCounts } from '../../src/model/markdown/markdown-checklist.ts'
import { findingLines } from '../../src/model/markdown/markdown-findings.ts'
import { renderPullRequestBody, renderSummary } from '../../src/model/markdown/markdown.ts'
import { byFolder, pathLines } from '../../src/model/markdown/markdown-paths.ts'
import type { Room } from '../../src/model/markdown/markdown-paths.ts'
import type { ExposedSecret, Finding, Report, ReportedFile, ReportedRecipient, SecretState } from '../../src/model/report.ts'

const alice: ReportedRecipient = { kind: 'age', id: `age1${'a'.repeat(58)}`, owner: 'alice' }
const bob: ReportedRecipient = { kind: 'age', id: `age1${'q'.repeat(58)}`, owner: 'bob' }
const room: Room = { files: 60, secrets: 60, diffLines: 60, picture: true }
const range = (length: number): number[] => Array.from({ length }, (_, at) => at)

describe('paths by folder', () => {
  const path = fc.array(fc.constantFrom('a', 'b', 'c', 'd.yaml'), { minLength: 1, maxLength: 20 }).map((parts) => parts.join('/'))

  test('each path is in exactly one folder, in as many as allowed', () => {
    fc.assert(fc.property(fc.uniqueArray(path), fc.integer({ min: 1, max: 20 }), (paths, limit) => {
      const folders = byFolder(paths, limit)
      expect(folders.flatMap((folder) => folder.paths).sort()).toEqual([...paths].sort())
      expect(folders.length).toBeLessThanOrEqual(limit)
      for (const { name, paths: inside } of folders) expect(inside.filter((one) => !one.startsWith(name))).toEqual([])
    }))
  })

  test.each<[string, readonly string[], number, readonly string[]]>([
    ['names all where there is room', ['a/1', 'a/2', 'b/c/3', 'd', 'e'], 9,
      ['- <code>a&#47;</code> (2): <code>1</code>, <code>2</code>', '- <code>b/c/3</code>', '- <code>d</code>, <code>e</code>']],
    ['counts by folder where there is not', [...range(5).map((at) => `a/b/${at}`), 'c/d/x'], 3,
      ['- <code>a/b&#47;</code> (5): <code>0</code>, <code>1</code>, <code>2</code> and 2 more', '- <code>c/d/x</code>']],
    ['goes up where there are too many folders', range(9).map((at) => `a/${at}/x`), 3,
      ['- <code>a&#47;</code> (9): <code>0/x</code>, <code>1/x</code>, <code>2/x</code> and 6 more']],
    ['up to all', range(9).map((at) => `${at}/x`), 3,
      ['- all folders (9): <code>0/x</code>, <code>1/x</code>, <code>2/x</code> and 6 more']],
    ['tells the root from all', [...range(4).map(String), ...range(4).map((at) => `a/${at}`)], 3,
      ['- the root (4): <code>0</code>, <code>1</code>, <code>2</code> and 1 more',
        '- <code>a&#47;</code> (4): <code>0</code>, <code>1</code>, <code>2</code> and 1 more']],
  ])('%s', (_, paths, limit, lines) => {
    expect(pathLines(paths, limit)).toEqual(lines)
  })
})

describe('findings', () => {
  const finding = (code: string, level: Finding['level'], message: string, path: string | null): Finding =>
    ({ code, level, message, path })
  const many = range(5000).map((at) => finding('drift', 'notice', 'differs', `f${at}`))

  test('thousands of one kind are one line, after what is graver', () => {
    const lines = findingLines([
      ...many,
      finding('config-ignored', 'warning', 'ignored', 'x.yml'),
      finding('still-reads', 'warning', 'reads it', 'old.yaml'),
      finding('damaged', 'error', 'bad', 'bad.yaml'),
    ], room).split('\n')
    expect(lines).toEqual([
      '- ✖ error: bad (<code>bad.yaml</code>)',
      '- warning: reads it (<code>old.yaml</code>)',
      '- warning: ignored (<code>x.yml</code>)',
      '- notice: differs (<code>f0</code>, <code>f1</code>, <code>f2</code> and 4997 more)',
    ])
  })

  test('of the same code in many words are told by an example', () => {
    expect(findingLines(many.map((one, at) => ({ ...one, message: `differs ${at}` })), room))
      .toBe('- notice: differs 0 (<code>f0</code>), and 4999 more of the kind <code>drift</code>: '
        + '<code>f1</code>, <code>f2</code>, <code>f3</code> and 4996 more')
    const three = many.slice(0, 3).map((one, at) => ({ ...one, message: `differs ${at}` }))
    expect(findingLines(three, room).split('\n')).toHaveLength(3)
  })

  test('what someone can still read is named at length', () => {
    const still = range(40).map((at) => finding('still-reads', 'warning', 'reads it', `old/${at}`))
    expect(findingLines(still, room).match(/<code>old/g)).toHaveLength(40)
  })

  test('without a file they are counted', () => {
    const said = finding('x', 'warning', 'said', null)
    expect(findingLines([said, said], room)).toBe('- warning: said (2 times)')
  })

  test('beyond the room they are counted', () => {
    const kinds = range(12).map((at) => finding(`code-${at}`, 'warning', 'said', null))
    expect(findingLines(kinds, { ...room, files: 3 })).toContain('and 7 more findings, see the report.')
  })
})

const file = (path: string, action: ReportedFile['action'], reason: string, reader = alice): ReportedFile => ({
  path, format: 'yaml', config: '.sops.yaml', action, reason, recipients: { before: [reader], after: [reader] },
  dataKey: 'same', keySince: null, verified: false, values: 1,
})
const report = (files: readonly ReportedFile[], rest: Partial<Report> = {}): Report => ({
  schema: 1, outcome: 'unchanged', request: { removed: [], added: [], rotateAll: false, maxKeyAge: null }, base: '0'.repeat(40),
  startedAt: '', finishedAt: '', runId: null, sops: null, configs: [], files, exposure: [], findings: [], sopsCalls: 0, ...rest,
})

describe('the states of secrets', () => {
  const secret = (file: string, key: string, state: SecretState, more: Partial<ExposedSecret> = {}): ExposedSecret =>
    ({ file, key, readBy: ['bob'], since: '2024-05-06T07:08:09Z', until: null, state, reason: null, ...more })
  const known = [
    secret('prod/a.yaml', 'a', 'current', { since: '2024-03-01T00:00:00Z' }), secret('prod/a.yaml', 'b', 'changed-too-early'), secret('prod/a.yaml', 'c', 'changed'),
    secret('dev/b.yaml', 'd', 'removed'), secret('dev/b.yaml', 'e', 'changed'), secret('x.yaml', 'f', 'unknown', { reason: 'the runner has *no* key for it' }),
  ]

  test('are counted, and ticked only where the value is out of use, an environment at a time', () => {
    expect(stateCounts(known)).toBe('1 in use as they knew it, 1 changed while they could read the new value too, 1 not to be told, 2 changed, 1 removed')
    expect(checklist(known, ['bob'], room)).toBe([
      'Tick each once its value has been changed.\n',
      '**dev** (2 secrets, 2 done)\n',
      '- <code>dev/b.yaml</code> (2, since 2024-05-06)',
      '  - [x] <code>d</code> (removed)',
      '  - [x] <code>e</code> (changed)\n',
      '**prod** (3 secrets, 1 done)\n',
      '- <code>prod/a.yaml</code> (3, since 2024-03-01)',
      '  - [ ] <code>a</code>',
      '  - [ ] <code>b</code> (changed too early: the new value could be read too)',
      '  - [x] <code>c</code> (changed)\n',
      '**Elsewhere** (1 secret)\n',
      '- <code>x.yaml</code> (1, since 2024-05-06)',
      '  - [ ] <code>f</code> (not to be told: the runner has &#42;no&#42; key for it)',
    ].join('\n'))
  })

  test('in use elsewhere say where', () => {
    const moved = secret('a.yaml', 'old', 'current', { reason: 'a value of it that they knew stands at new in *b*.yaml' })
    expect(checklist([moved], ['bob'], room)).toContain('- [ ] <code>old</code> (a value of it that they knew stands at new in &#42;b&#42;.yaml)')
  })

  test('of a file or a folder are ticked together only when all are done', () => {
    expect(checklist(known, ['bob'], { ...room, secrets: 4 })).toContain(
      '- [ ] <code>prod/a.yaml</code> (3 secrets, 1 done)\n- [x] <code>dev/b.yaml</code> (2 secrets, 2 done)\n- [ ] <code>x.yaml</code> (1 secret)')
    expect(checklist(known, ['bob'], { ...room, secrets: 2 })).toMatch(/- \[ \] .*6 secrets in 3 files, 3 done/)
  })
})

describe('the age of data keys', () => {
  const aged = (path: string, keySince: string | null, dataKey: 'new' | 'same' = 'same'): ReportedFile =>
    ({ ...file(path, dataKey === 'new' ? 'rotated' : 'unchanged', ''), keySince, dataKey })
  const at = (files: readonly ReportedFile[]): Report => report(files, { startedAt: '2026-11-24T10:00:00Z' })

  test('is told by day, the oldest first, and what becomes new', () => {
    const files = [aged('b.yaml', '2026-11-20T23:00:00Z'), aged('a.yaml', '2026-08-01T00:00:00Z', 'new'), aged('d/c.yaml', '2026-11-20T01:00:00Z'), aged('x.yaml', null)]
    expect(dataKeyAges(at(files), room)).toBe([
      '- since 2026-08-01 (115 days), new with this run: <code>a.yaml</code>',
      '- since 2026-11-20 (4 days):',
      '  - <code>b.yaml</code>',
      '  - <code>d/c.yaml</code>',
    ].join('\n'))
    expect(dataKeyAges(at([aged('x.yaml', null)]), room)).toBe('')
  })

  test('of many files is folded, and cut from the young end', () => {
    const files = range(70).map((one) => aged(`${one}.yaml`, new Date(Date.UTC(2026, 0, 1 + one)).toISOString()))
    const text = dataKeyAges(at(files), room)
    expect(text).toMatch(/^<details><summary>70 files<[^]*- and 10 files with younger ones, see the report/)
    expect(text).toContain('since 2026-01-01')
    expect(text).not.toContain('since 2026-03-05')
    expect(dataKeyAges(at(files), { ...room, files: 0 })).toBe('The report gives the ages of 70 data keys.')
  })
})

describe('the checklist', () => {
  test('says a reason that many lines share once, above them, and others where they stand', () => {
    const untold = (keys: string, reason: string): ExposedSecret[] => keys.split('').map((key) =>
      ({ file: `${key}.yaml`, key, readBy: ['bob'], since: null, until: null, state: 'unknown', reason }))
    const text = checklist([...untold('abcd', 'no key'), ...untold('e', 'no file')], ['bob'], room)
    expect(text).toContain('\n\nNot to be told: no key.\n\n')
    expect(text.match(/no key/g)).toHaveLength(1)
    expect(text.match(/<code>[a-d]<\/code> \(not to be told\)/g)).toHaveLength(4)
    expect(text).toContain('<code>e</code> (not to be told: no file)')
    const several = checklist([...untold('abcd', 'no key'), ...untold('efgh', 'no file')], ['bob'], room)
    expect(several).toContain('Not to be told (a): no key.\n\nNot to be told (b): no file.')
    expect(several).toContain('- [ ] <code>e</code> (not to be told (b))')
  })

  const exposure = (files: number, secrets: number): Parameters<typeof checklist>[0] => range(files).flatMap((at) =>
    range(secrets).map((key) => (
      { file: `apps/${at % 5}/${at}.yaml`, key: `k${key}`, readBy: ['bob'], since: null, until: null, state: 'current' as const, reason: null })))

  test('is by secret, by file or by folder, as there is room', () => {
    expect(checklist(exposure(2, 1), ['bob'], room))
      .toContain('each once its value has been changed.\n\n- <code>apps/0/0.yaml</code> (1)\n  - [ ] <code>k0</code>')
    expect(checklist(exposure(30, 3), ['bob'], room)).toContain('- [ ] <code>apps/0/0.yaml</code> (3 secrets)')
    expect(checklist(exposure(300, 3), ['bob'], room)).toContain('- [ ] <code>apps/0&#47;</code> (180 secrets in 60 files)')
    expect(checklist(exposure(1, 1), ['bob'], { ...room, secrets: 0 })).toBe('The report lists them.')
  })

  test('of many secrets is opened folder by folder', () => {
    const text = checklist(exposure(10, 7), ['bob'], { ...room, secrets: 1000 })
    expect(text.match(/<details><summary><code>apps\/\d&#47;<\/code> \(14 secrets in 2 files\)/g)).toHaveLength(5)
    expect(text.match(/- \[ \]/g)).toHaveLength(70)
  })
})

describe('files with the same reason', () => {
  const nowhere = { bodyHeader: null, fingerprint: null, runUrl: null, pullRequestUrl: null, reportPath: null }

  test('that stay unchanged are counted, not named', () => {
    const text = renderSummary(report(range(9).map((at) => file(`a/${at}`, 'unchanged', 'in line'))), nowhere)
    expect(text).toContain('### Unchanged\n\n- 9 files: in line\n')
    expect(text).not.toContain('<code>')
  })

  test('that stopped the run are named, and the error does not repeat them', () => {
    const files = range(9).map((at) => file(`a/${at}`, 'failed', 'it has drifted'))
    const because = [...files.slice(0, 5).map(({ path, reason }) => `${path}: ${reason}`), '.sops.yaml: line 3: bad'].join('; ')
    const message = `Nothing was changed, because ${because}; and 4 more.`
    const error: Finding = { code: 'refused', level: 'error', path: 'a/0', message }
    const text = renderSummary(report(files, { outcome: 'refused', findings: [error] }), nowhere)
    expect(text).toContain('because of the files below&#59; .sops.yaml&#58; line 3&#58; bad&#59; and 4 more')
    expect(text).toContain('- 9 files: it has drifted\n  - <code>a&#47;</code> (9): <code>0</code>, <code>1</code>')
    expect(text.match(/it has drifted/g)).toHaveLength(1)
  })

  test('a file the error has said all of is not said again', () => {
    const error: Finding = { code: 'damaged-file', level: 'error', path: 'a', message: 'a is damaged' }
    const text = renderSummary(report([file('a', 'failed', 'a is damaged')], { outcome: 'failed', findings: [error] }), nowhere)
    expect(text.match(/is damaged/g)).toHaveLength(1)
  })

  test('a finding about a file that is named as still readable is not repeated', () => {
    const linked = file('link.yaml', 'skipped', 'it is a hard link', bob)
    const message = 'the removed recipient still reads it'
    const findings = ['link.yaml', 'old.yaml'].map((path): Finding => ({ code: 'still-reads', level: 'warning', path, message }))
    const request = { removed: [bob], added: [], rotateAll: false, maxKeyAge: null }
    const text = renderPullRequestBody(report([linked], { outcome: 'published', request, findings }), nowhere)
    expect(text).toContain('1 matched file is still encrypted to **bob**')
    expect(text).toContain('**Look at this first:**\n\n- warning: the removed recipient still reads it (<code>old.yaml</code>)')
  })
})
