import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import { renderPullRequestBody, renderSummary } from '../../src/model/markdown/markdown.ts'
import type { MarkdownContext } from '../../src/model/markdown/markdown.ts'
import type { FileAction, Report, ReportedFile, ReportedRecipient } from '../../src/model/report.ts'

const person = (owner: string | null, letter: string): ReportedRecipient =>
  ({ kind: 'age', id: `age1${letter.repeat(58)}`, owner })
const [alice, bob, carol] = [person('alice', 'a'), person('bob', 'q'), person('carol', 'c')]
// As the first sentence shows them.
const bobInFull = '**bob** (<code>age1qqqqqq…qqqq</code>)'
const carolInFull = '**carol** (<code>age1cccccc…cccc</code>)'
const cloud: ReportedRecipient = { kind: 'kms', id: 'arn:aws:kms:eu-west-1:111122223333:key/1', owner: null }

function file(path: string, action: FileAction, before = [alice, bob], after = [alice]): ReportedFile {
  const changed = action !== 'unchanged' && action !== 'skipped' && action !== 'failed'
  return {
    path, format: 'yaml', config: '.sops.yaml', action, reason: action === 'skipped' ? 'It is a symlink.' : 'asked for',
    recipients: { before, after }, dataKey: action.includes('rotated') ? 'new' : 'same', keySince: null, verified: changed, values: 3,
  }
}

const several = (number: number, make: (index: number) => ReportedFile): ReportedFile[] =>
  Array.from({ length: number }, (_, index) => make(index))

const empty: Report = {
  schema: 1, outcome: 'published', request: { removed: [], added: [], rotateAll: false, maxKeyAge: null },
  base: '0123456789abcdef0123456789abcdef01234567', startedAt: '2026-01-02T03:04:05Z', finishedAt: '2026-01-02T03:04:06Z',
  runId: '1', sops: { version: '3.13.3', sha256: '00' }, configs: [], files: [], exposure: [], findings: [], sopsCalls: 0,
}

function removal(number: number, secretsEach = 2): Report {
  const files = several(number, (index) => file(`secrets/app-${index}.enc.yaml`, 'updated+rotated'))
  return {
    ...empty,
    request: { ...empty.request, removed: [bob] },
    configs: [{ path: '.sops.yaml', diff: ' creation_rules:\n-  - age: alice,bob\n+  - age: alice\n' }],
    files: [...files, file('old.yaml', 'unchanged', [alice], [alice]), file('link.yaml', 'skipped', [], [])],
    exposure: files.flatMap(({ path }) => Array.from({ length: secretsEach }, (_, key) => (
      { file: path, key: `db.password_${key}`, readBy: ['bob'], since: null, until: null, state: 'current' as const, reason: null }))),
  }
}

const rotation: Report = {
  ...empty,
  request: { ...empty.request, rotateAll: true },
  files: several(3, (index) => file(`${index}.yaml`, 'rotated', [alice], [alice])),
}

const nowhere: MarkdownContext = { bodyHeader: null, fingerprint: null, runUrl: null, pullRequestUrl: null, reportPath: null }
const body = (report: Report, context: Partial<MarkdownContext> = {}): string =>
  renderPullRequestBody(report, { ...nowhere, ...context })
const summary = (report: Report, context: Partial<MarkdownContext> = {}): string =>
  renderSummary(report, { ...nowhere, ...context })
const honest = 'Git history stays readable'

describe('the pull request of a removal', () => {
  test('says what a reviewer needs, in this order', () => {
    const runUrl = 'https://github.com/o/r/actions/runs/1'
    const text = body(removal(2), { bodyHeader: 'Ticket 7', fingerprint: 'ab12', runUrl })
    const order = [
      'Ticket 7', `${bobInFull} was removed from 2 files; 2 new data keys, values unchanged, verified ✔.`,
      '| File | Recipients | Data key | Proof |',
      '| <code>secrets/app-0.enc.yaml</code> | −bob | new data key | same values ✔ |', '```diff\n creation_rules:',
      '### What was proven', 'For each of the 2 verified files:', 'It decrypts.', 'byte for byte', 'exactly those planned',
      'not among them',
      'opens nothing', '### Secrets bob could read', '4 secrets in 2 files at <code>0123456789ab</code>.',
      '<code>secrets/app-0.enc.yaml</code> (2)\n  - [ ] <code>db.password_0</code>\n', honest,
      'each secret listed above must itself be changed',
      '### Skipped', '- <code>link.yaml</code>: It is a symlink', '4 matched = 2 changed + 1 unchanged + 1 skipped + 0 failed',
      '[this run](<https://github.com/o/r/actions/runs/1>)', '<!-- sops-rekey fingerprint=ab12 -->',
    ]
    const places = order.map((part) => text.indexOf(part))
    expect(order.filter((_, index) => (places[index] ?? -1) < 0)).toEqual([])
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  test('speaks of key services only when one is involved', () => {
    expect(body(removal(1))).not.toContain('one recipient but many people')
    const inCloud = { ...removal(1), files: [file('a', 'rotated', [bob, cloud], [cloud])] }
    expect(body(inCloud)).toContain('one recipient but many people')
  })

  test('says which files the departed can still read, and does not claim the contrary', () => {
    const skipped = file('x/link.yaml', 'skipped', [alice, bob], [alice, bob])
    const text = body({ ...removal(1), files: [file('a', 'rotated'), skipped] })
    expect(text).toContain('✖ 1 matched file is still encrypted to **bob**')
    const half = body({ ...removal(1), files: [file('a', 'rotated', [bob], [bob])] })
    expect(half).toContain('was removed from 0 files')
    expect(half).not.toContain('not among them')
  })

  test('never says verified of a file that is not', () => {
    const text = body({ ...removal(1), files: [file('a', 'rotated'), { ...file('b', 'rotated'), verified: false }] })
    expect(text).toContain('✖ 1 of 2 changed files not verified')
    expect(text).toContain('| <code>b</code> | −bob | new data key | ✖ none |')
    expect(text).toContain('For the one verified file')
    expect(text).not.toContain('verified ✔')
  })

  test('names the key where an owner has two', () => {
    const second = person('bob', 'z')
    const request = { ...empty.request, removed: [bob, second] }
    const text = body({ ...removal(1), request, files: [file('a', 'rotated', [bob, second, alice])] })
    expect(text).toContain('**bob** (<code>age1qqqqqq…qqqq</code> and <code>age1zzzzzz…zzzz</code>) was removed from 1 file;')
    expect(text).toContain('−bob <code>age1qqqqqq…qqqq</code> and −bob <code>age1zzzzzz…zzzz</code>')
  })

  test('names the reader where several left', () => {
    const exposure = [
      { file: 'a', key: 'k', readBy: ['bob'], since: null, until: null, state: 'current' as const, reason: null },
      { file: 'a', key: 'l', readBy: ['bob', 'carol'], since: null, until: null, state: 'current' as const, reason: null },
    ]
    const text = body({ ...removal(1), request: { ...empty.request, removed: [bob, carol] }, exposure })
    expect(text).toContain('### Secrets bob and carol could read')
    expect(text).toContain('<code>k</code> (bob)\n  - [ ] <code>l</code>\n')
  })
})

const drift: Report = {
  ...empty,
  files: [
    file('a.yaml', 'updated+rotated'),
    file('b.yaml', 'updated', [alice], [alice, carol]),
    file('c.yaml', 'unchanged', [alice], [alice]),
  ],
}

const replacement: Report = {
  ...removal(1),
  request: { ...empty.request, removed: [bob], added: [carol] },
  files: [file('a', 'rotated', [bob], [carol])],
}

const addition: Report = {
  ...empty,
  request: { ...empty.request, added: [carol] },
  files: several(2, (index) => file(`${index}.yaml`, 'updated', [alice], [alice, carol])),
}

describe('the first sentence', () => {
  test.each<[string, Report, string]>([
    ['rotate-all', rotation, '3 files got a new data key; values unchanged, verified ✔.'],
    ['old keys', { ...rotation, request: { ...empty.request, maxKeyAge: '90d' } },
      '3 files whose data key was older than 90d got a new data key;'],
    ['drift', drift,
      '2 files were brought back to the <code>.sops.yaml</code> (1 lost a recipient, 1 gained a recipient); 1 new data key'],
    ['replacement', replacement,
      `${carolInFull} took the place of ${bobInFull} in 1 file; 1 new data key, values unchanged, verified ✔.`],
    ['a replacement of some only',
      { ...replacement, files: [file('a', 'rotated', [bob], [carol]), file('b', 'rotated', [bob, alice], [alice])] },
      `${bobInFull} was removed from 2 files and ${carolInFull} was added to 1 file; 2 new data keys, values unchanged`],
    ['addition', addition, `${carolInFull} was added to 2 files; data keys as before, values unchanged, verified ✔.`],
    ['an addition that is done',
      { ...addition, outcome: 'unchanged', files: [file('a', 'unchanged', [alice, carol], [alice, carol])] },
      `Nothing to change in 1 matched file: ${carolInFull} can read each that was asked for already.`],
    ['another spelling', { ...empty, files: [file('a', 'updated', [alice], [alice])] },
      '1 file was brought back to the <code>.sops.yaml</code> (with the same readers); data keys as before, values'],
    ['dry run', { ...removal(2), outcome: 'planned' },
      `**Dry run.** ${bobInFull} would be removed from 2 files; 2 new data keys. No key was used and nothing was changed.`],
    ['nothing', { ...removal(0), outcome: 'unchanged', configs: [] },
      'Nothing to change in 2 matched files: none is encrypted to **bob**'],
    ['a config alone', removal(0), 'Only <code>.sops.yaml</code> changed, no matched file.'],
    ['no file', { ...empty, outcome: 'unchanged' }, 'Nothing to change in 0 matched files.'],
    ['the same plan again', { ...removal(2), outcome: 'unchanged' },
      'Nothing new: the pull request already holds this plan for 2 files.'],
    ['a config alone again', { ...removal(0), outcome: 'unchanged' },
      'Nothing new: the pull request already holds this plan for <code>.sops.yaml</code>.'],
  ])('of %s', (_, report, sentence) => {
    expect(summary(report)).toContain(`## sops-rekey\n\n${sentence}`)
  })
})

test('a rotation without a removal claims nobody left', () => {
  const text = body(rotation)
  expect(text).not.toMatch(/Secrets|not among them|whoever held/)
  expect(text).toContain('Older commits still open with their older data keys.')
})

describe('what re-encryption cannot do', () => {
  const whoever = (report: Report): string[] => body(report).match(/^- (?:Git history|Older commits|Whoever)[^:.]*/gm) ?? []

  test.each<[string, Report, readonly string[]]>([
    ['a removal', removal(1), ['- Git history stays readable to whoever held the key']],
    ['a replacement', replacement, ['- Git history stays readable to whoever held the key']],
    ['an addition', addition, ['- Whoever was added has the data key that these files have had since they last got a new one']],
    ['an addition with a rotation', { ...addition, files: [...addition.files, file('c', 'rotated', [alice], [alice])] },
      ['- Older commits still open with their older data keys',
        '- Whoever was added has the data key that 2 of these files have had since they last got a new one']],
    ['a dry run of an addition', { ...addition, outcome: 'planned' },
      ['- Whoever is added has the data key that these files have had since they last got a new one']],
    ['another spelling', { ...empty, files: [file('a', 'updated', [alice], [alice])] }, []],
    ['rotate-all', rotation, ['- Older commits still open with their older data keys']],
  ])('after %s', (_, report, words) => {
    expect(whoever(report)).toEqual(words)
  })

  test('who was added is said to be among the recipients of those files only', () => {
    expect(body(addition)).toContain(`- ${carolInFull} is among them, and nobody else came.`)
    expect(body({ ...addition, files: [...addition.files, file('c', 'rotated', [alice], [alice])] }))
      .toContain(`- ${carolInFull} is among them (in 2 files), and nobody else came.`)
    expect(body({ ...addition, files: [file('a', 'updated', [alice], [alice, carol, bob])] })).not.toContain('nobody else came')
  })
})

test('a dry run claims no proof', () => {
  const report = removal(2)
  const text = summary({ ...report, outcome: 'planned', files: report.files.map((one) => ({ ...one, verified: false })) })
  expect(text).toContain('4 matched = 2 would change + 1 unchanged + 1 skipped + 0 failed')
  expect(text).toContain('| new data key | to come |')
  expect(text).not.toMatch(/✔|✖|It decrypts/)
})

test.each<[Report['outcome'], string]>([['refused', '**✖ Refused.**'], ['failed', '**✖ Failed.**']])(
  'a run that was %s says what stopped it, and shows no change', (outcome, title) => {
    const failed = { ...file('bad.yaml', 'failed', [alice, bob], [alice, bob]), reason: 'The MAC does not match.' }
    const findings = [
      { code: 'policy', level: 'warning' as const, message: 'One kind of key only.', path: null },
      { code: 'damaged-file', level: 'error' as const, message: 'The file was tampered with.', path: 'bad.yaml' },
    ]
    const report = removal(2)
    const text = summary({ ...report, outcome, files: [...report.files, failed], findings })
    expect(text).toContain(`${title} Nothing was changed`)
    expect(text.indexOf('✖ error: The file was tampered with')).toBeLessThan(text.indexOf('warning: One kind'))
    expect(text).toContain('- <code>bad.yaml</code>: The MAC does not match')
    expect(text).toContain('5 matched = 0 changed + 3 unchanged + 1 skipped + 1 failed')
    expect(text).not.toMatch(/✔|new data key|was removed/)
    expect(summary({ ...empty, outcome })).toContain('The log of the run says why.')
  },
)

describe('size', () => {
  const large = removal(5000, 10)
  const bytes = (text: string): number => new TextEncoder().encode(text).length

  test.each<[string, (report: Report) => string, number]>([['pull request', body, 60_000], ['summary', summary, 1_048_576]])(
    'of a %s with 5,000 files stays within the limit, counts and words whole', (_, render, limit) => {
      const text = render(large)
      expect(bytes(text)).toBeLessThan(limit)
      expect(text).toContain('was removed from 5000 files; 5000 new data keys')
      expect(text).toContain('5002 matched = 5000 changed + 1 unchanged + 1 skipped + 0 failed')
      expect(text).toContain('50000 secrets in 5000 files')
      expect(text).toContain(honest)
      expect(text).toContain('<details><summary>5000 files: −bob, new data key, same values ✔</summary>')
      const files = text.slice(text.indexOf('5000 files: −bob'), text.indexOf('</details>'))
      expect((files.match(/<code>app-/g)?.length ?? 0) + Number(/and (\d+) more$/m.exec(files)?.[1] ?? 0)).toBe(5000)
      const boxes = text.match(/^ *- \[ \] .*$/gm) ?? []
      const secrets = boxes.map((box) => Number(/\((\d+) secrets/.exec(box)?.[1] ?? 1)).reduce((sum, one) => sum + one, 0)
      expect(secrets).toBe(50_000)
    },
  )

  test('holds for names that grow most when escaped, in every list at once', () => {
    const name = (index: number): string => `${index}${'@|'.repeat(400)}`
    const people = Array.from({ length: 40 }, (_, index) => ({ ...person(name(index), 'q'), id: name(index) }))
    const files = several(400, (index) => ({ ...file(name(index), 'rotated', people, []), reason: name(index) }))
    const report: Report = {
      ...empty,
      request: { ...empty.request, removed: people },
      files: [...files, ...files.map((one) => ({ ...one, action: 'skipped' as const }))],
      configs: files.map(({ path }) => ({ path, diff: `-${name(1)}\n`.repeat(50) })),
      exposure: files.map(({ path }) => ({ file: path, key: path, readBy: [name(1)], since: null, until: null, state: 'current', reason: null })),
      findings: files.map(({ path }) => ({ code: 'x', level: 'error', message: '@|'.repeat(600), path })),
    }
    const text = body(report, { bodyHeader: 'h'.repeat(9000), fingerprint: 'ab', runUrl: 'https://a.b/c' })
    expect(bytes(text)).toBeLessThan(60_000)
    expect(text).toContain(honest)
    for (const left of ['400 files, see the report.', 'and 397 more)', '400 configs, see', '400 secrets in 400 files']) {
      expect(text).toContain(left)
    }
    expect(text).toContain('800 matched = 400 changed + 0 unchanged + 400 skipped + 0 failed')
  })

  test('a long diff is cut, and says by how much', () => {
    const report = removal(1)
    const text = body({ ...report, configs: [{ path: '.sops.yaml', diff: `-${'x'.repeat(99)}\n`.repeat(1000) }] })
    expect(bytes(text)).toBeLessThan(60_000)
    const lines = text.match(/^-x+$/gm)?.length ?? 0
    expect(text).toContain(`and ${1000 - lines} more lines of it.`)
  })

  test('a long table is folded, a short one is not', () => {
    expect(body(removal(20, 0))).not.toContain('<details>')
    expect(body(removal(21, 0))).toContain(
      '<details><summary>21 files: −bob, new data key, same values ✔</summary>\n\n' +
      '- <code>secrets&#47;</code> (21): <code>app-0',
    )
  })

  test('leaves out a body header that takes the room of the rest', () => {
    const text = body(rotation, { bodyHeader: 'h'.repeat(10_001) })
    expect(text).toContain('(The body header has 10001 characters and was left out.)')
  })
})

test('a fingerprint that could end the marker is refused', () => {
  expect(() => body(rotation, { fingerprint: 'ab --> x' })).toThrow(RangeError)
})

test('the summary shows the pull request and the report', () => {
  const text = summary(rotation, { pullRequestUrl: 'https://github.com/o/r/pull/1', reportPath: '/tmp/a_b/report.json' })
  expect(text).toContain('[The pull request](<https://github.com/o/r/pull/1>)')
  expect(text).toContain('The report: <code>/tmp/a_b/report.json</code>')
})

describe('hostile names', () => {
  interface Node {
    type: string
    value?: string
    children?: Node[]
  }
  const nodes = (tree: Node): Node[] => [tree, ...(tree.children ?? []).flatMap(nodes)]
  const outline = (markdown: string): string[] =>
    nodes(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }) as Node)
      .filter(({ type, value }) => type !== 'text' && value !== '<!-- -->')
      .map(({ type, value }) => (type === 'html' ? (value ?? '').replace(/(?<=<code>).*?(?=<\/code>)/g, '') : type))

  function named(name: string): Report {
    const eve = { ...bob, owner: name }
    const [path, reason] = [name, `a${name}`]
    return {
      ...empty, request: { ...empty.request, removed: [eve] },
      configs: [{ path, diff: `-${name.replaceAll(/[\r\n]/g, '_')}\n+x\n` }],
      files: [file(path, 'updated+rotated', [eve, alice]), { ...file(`${name}2`, 'skipped', [], []), reason }],
      exposure: Array.from({ length: 61 }, () => ({ file: path, key: name, readBy: [name], since: null, until: null, state: 'current' as const, reason: null })),
      findings: [{ code: 'x', level: 'warning', message: reason, path }],
    }
  }
  const quiet = outline(body(named('quiet')))
  const context = { fingerprint: 'ab' }

  test.each(['a|b', 'x\n::set-output', '<img onerror>', '@org/team', '```', '</details>', '-->', '- [x] a', 'x\n\n# y',
    'a@b.cd', 'www.a.bc'])(
    '%j changes nothing but text', (name) => {
      expect(outline(body(named(name)))).toEqual(quiet)
      expect(body(named(name), context).replace(/```diff[^]*?\n```/, '')).not.toMatch(/^\s*::|@\w/m)
    },
  )

  test('nor does any other', () => {
    const unit = fc.constantFrom(...Array.from('|`*_~[]()<>&@#:!\\"-+=. \t\n\u202eaZ0'),
      '<!--', '-->', '</code>', '</summary>', '```', '\n\n', '1. ', 'http://a.bc')
    fc.assert(fc.property(fc.string({ unit, minLength: 1, maxLength: 16 }), (name) => {
      expect(outline(body(named(name)))).toEqual(quiet)
    }), { numRuns: 60 })
  })
})
