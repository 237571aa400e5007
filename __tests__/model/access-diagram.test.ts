import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { accessDiagram } from '../../src/model/access/access-diagram.ts'
import type { ReportedFile, ReportedRecipient } from '../../src/model/report.ts'

const person = (owner: string, letter: string): ReportedRecipient => ({ kind: 'age', id: `age1${letter.repeat(58)}`, owner })
const [alice, bob, carol] = [person('alice', 'a'), person('bob', 'q'), person('carol', 'c')]
const ownerOf = ({ owner }: ReportedRecipient): string => owner ?? ''

function file(path: string, before: readonly ReportedRecipient[], after: readonly ReportedRecipient[]): ReportedFile {
  return {
    path, format: 'yaml', config: null, action: 'updated', reason: '', recipients: { before, after }, dataKey: 'same', keySince: null,
    verified: true, values: 1,
  }
}

interface Chart {
  readonly labels: readonly string[]
  /** Like `alice lost a.yaml`. */
  readonly links: readonly string[]
  readonly styled: readonly (readonly [string, readonly number[]])[]
}

const labelled = /^ {2}([rf]\d+)\["((?:[\p{L}\p{N} /]|(?<=[\p{L}\p{N}])[._-](?=[\p{L}\p{N}])|#\d+;)*)"\]$/u

/** Knows the few statements the flowchart is made of, and throws at everything else. */
function read(source: string): Chart {
  const [head, ...lines] = source.split('\n')
  if (head !== 'flowchart LR') throw new Error(`not a flowchart: ${head ?? ''}`)
  const nodes = new Map<string, string>()
  const links: string[] = []
  const styled: (readonly [string, readonly number[]])[] = []
  for (const line of lines) {
    const [, id, label] = labelled.exec(line) ?? []
    const [, from, arrow, to] = /^ {2}(r\d+) (-->|-\.->\|no longer\||==>\|new\|) (f\d+)$/.exec(line) ?? []
    const [, list, color] = /^ {2}linkStyle (\d+(?:,\d+)*) stroke:(#[0-9a-f]{6})$/.exec(line) ?? []
    if (id !== undefined && label !== undefined && !nodes.has(id) && links.length === 0) {
      nodes.set(id, label.replace(/#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code))))
    } else if (from !== undefined && to !== undefined && nodes.has(from) && nodes.has(to)) {
      const word = arrow === '-->' ? 'keeps' : arrow === '==>|new|' ? 'gains' : 'loses'
      links.push(`${nodes.get(from) ?? ''} ${word} ${nodes.get(to) ?? ''}`)
    } else if (list !== undefined && color !== undefined) styled.push([color, list.split(',').map(Number)])
    else throw new Error(`not a statement: ${line}`)
  }
  return { labels: [...nodes.values()], links, styled }
}

function draw(files: readonly ReportedFile[]): Chart {
  const source = accessDiagram(files, ownerOf)
  if (source === null) throw new Error('nothing was drawn')
  return read(source)
}

test('files with the same readers are one node; what is lost and gained is told apart', () => {
  expect(draw([
    file('apps/web/a.yaml', [alice, bob], [alice, carol]),
    file('apps/api/b.yaml', [alice, bob], [alice, carol]),
    file('ops/c.yaml', [alice], [alice]),
  ])).toEqual({
    labels: ['alice', 'bob', 'carol', '2 files in apps/', 'ops/c.yaml'],
    links: [
      'alice keeps 2 files in apps/', 'bob loses 2 files in apps/', 'carol gains 2 files in apps/', 'alice keeps ops/c.yaml',
    ],
    styled: [['#cf222e', [1]], ['#1a7f37', [2]]],
  })
})

test('groups that would be called the same say a file of theirs', () => {
  const { labels } = draw([
    file('a/1', [alice, bob], [alice]), file('a/2', [alice, bob], [alice]), file('ab/5', [carol], [carol]),
    file('a/3', [alice], [alice]), file('a/4', [alice], [alice]), file('b', [carol], [carol]),
  ])
  expect(labels.slice(3)).toEqual(['2 files in a/, like a/1', '2 files', '2 files in a/, like a/3'])
})

describe('nothing is drawn', () => {
  const others = (number: number): ReportedRecipient[] =>
    Array.from({ length: number }, (_, at) => ({ kind: 'age', id: `${at}`, owner: `${at}` }))
  const pairs = (number: number): ReportedFile[] => others(number).map((one, at) => file(`${at}`, [alice, one], [alice]))

  test.each<[string, readonly ReportedFile[], readonly ReportedFile[]]>([
    ['where nobody gains or loses', [file('a', [alice], [alice])], [file('a', [alice, bob], [alice])]],
    ['of more than 12 recipients', [file('a', others(13), others(12))], [file('a', others(12), others(11))]],
    ['of more than 12 groups', [...others(12).map((one, at) => file(`${at}`, [one], [])), file('x', others(2), [])],
      others(12).map((one, at) => file(`${at}`, [one], []))],
    ['of more than 40 links',
      [...pairs(7), file('b', others(11), []), file('c', others(11), others(9)), file('d', others(11), others(8))],
      [...pairs(7), file('b', others(11), []), file('c', others(11), others(9))]],
  ])('%s', (_, without, drawn) => {
    expect(accessDiagram(without, ownerOf)).toBeNull()
    expect(accessDiagram(drawn, ownerOf)).not.toBeNull()
  })
})

describe('a name is text', () => {
  const named = (name: string): Chart => {
    const eve = { ...bob, owner: name }
    return draw([file(name, [alice, eve], [alice]), file(`x/${name}`, [eve], [eve]), file('y', [alice], [alice, carol])])
  }
  const shape = ({ labels, links, styled }: Chart): unknown => [labels.length, links.length, styled]
  const quiet = shape(named('quiet'))

  test.each(['a"]', 'end', 'r0 --> f0', '%%{init: {"theme":"dark"}}%%', '%% x', 'a\n  r9["b"]', 'click r0 href',
    '`**a**`', '#quot;', '<b>x</b>', '$$x$$', '---\ntitle: x\n---', 'www.a.bc', '1. a', '- a', 'style r0 fill:#f00;',
    'ﬂ°°34¶ß', '```', '\u202e', 'x\\n', 'classDef a b:#1;'])(
    '%j changes only labels', (name) => {
      const chart = named(name)
      expect(shape(chart)).toEqual(quiet)
      const source = accessDiagram([file('f', [bob, alice], [alice])], ({ owner }) => (owner === 'bob' ? name : ''))
      expect(source).not.toMatch(/%|`|\$|www\.|<|\\/)
    },
  )

  test('whatever it is', () => {
    const marks = Array.from('"[](){}|<>-=.#;:%&`\\/\n\r\t $@^~*_!?,\'a0é漢\u0301')
    const unit = fc.oneof(fc.constantFrom(...marks, 'end', 'click ', '%%{', '}%%', '-->', '#quot;', 'www.'),
      fc.string({ unit: 'binary', maxLength: 2 }))
    fc.assert(fc.property(fc.string({ unit, minLength: 1, maxLength: 30 }), (name) => {
      expect(shape(named(name))).toEqual(quiet)
    }), { numRuns: 300 })
  })

  test('and can still be read', () => {
    expect(named('a "b" <c>; ü-1.yaml').labels).toContain('a "b" <c>; ü-1.yaml')
    expect(named('ﬂ°°34¶ß').labels).toContain('ﬂ °°34¶ß')
    expect(named('n'.repeat(100)).labels).toContain(`${'n'.repeat(59)}…`)
  })
})
