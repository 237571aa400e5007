import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import { code, fenced, link, parted, plain, visible } from '../../src/model/safe-text.ts'

interface Node {
  type: string
  value?: string
  children?: Node[]
}

// Links addresses in the text nodes too, after entities have been read: as strict as GitHub's own renderer, or stricter.
function parsed(markdown: string): Node {
  return fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] })
}

function nodes(tree: Node): Node[] {
  return [tree, ...(tree.children ?? []).flatMap(nodes)]
}

function textOf(tree: Node): string {
  return nodes(tree).map(({ type, value }) => (type === 'text' ? value ?? '' : '')).join('')
}

const hostile = fc.string({ unit: fc.constantFrom(
  ...Array.from('|`*_~[]()<>&@#:;!\\"\'$-+=./ \t\n\r\0\u202e\u200b\u2028\ud800😀éaZ0'),
  '::', '##[', 'www.a.co', 'https://', 'http://a.b/',
  'x@y.zz', 'mailto:', '@org/team', '#12', 'GH-1', ':x:', '&amp;', '&#64;', '<img onerror=1>', '</code>', '<!--', '-->', '```',
  '1. ', '- ', '    ',
), maxLength: 24 })

describe('visible text', () => {
  test.each([
    ['secrets/app.enc.yaml', 'secrets/app.enc.yaml'],
    ['naïve 日本 😀', 'naïve 日本 😀'],
    ['a\nb\tc\rd', 'a\\nb\\tc\\rd'],
    ['\x1b[31m', '\\x1b[31m'],
    ['\u0085\u007f', '\\x85\\x7f'],
    ['app\u202Efdp.yaml', 'app\\u202efdp.yaml'],
    ['a\u2066b\u2028c\u200Bd\uFEFF', 'a\\u2066b\\u2028c\\u200bd\\ufeff'],
    ['a\u3164b\uFFF9', 'a\\u3164b\\ufff9'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\ud800x', '\\ud800x'],
    ['::set-output name=a::b', '\\x3a:set-output name=a::b'],
    [' \u3000::error::x', ' \u3000\\x3a:error::x'],
    ['x ##[error]y', 'x #\\x23[error]y'],
    ['x\n::set-output', 'x\\n::set-output'],
  ])('of %j', (text, shown) => {
    expect(visible(text)).toBe(shown)
  })

  test('is cut with an ellipsis, never inside an escape', () => {
    expect(visible('a'.repeat(300))).toBe('a'.repeat(300))
    expect(visible('a'.repeat(301))).toBe(`${'a'.repeat(299)}…`)
    expect(visible('ab\u202e', 5)).toBe('ab…')
    expect(visible('ab😀cd', 4)).toBe('ab…')
  })

  test('is one line, no command, no longer than asked, and the same when made visible again', () => {
    fc.assert(fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' })), fc.integer({ min: 10, max: 60 }), (text, limit) => {
      const shown = visible(text, limit)
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      expect(shown).not.toMatch(/^\s*::|##\[/)
      expect(shown.length).toBeLessThanOrEqual(limit)
      expect(visible(shown, limit)).toBe(shown)
    }), { numRuns: 300 })
  })
})

describe('code', () => {
  test('keeps a usual path readable in the source', () => {
    expect(code('secrets/prod-eu/db_main.enc.yaml')).toBe('<code>secrets/prod-eu/db_main.enc.yaml</code>')
  })

  test.each(['a|b', 'x\n::set-output', '<img onerror>', '@org/team', '```', 'x@y.zz', 'http://a.bc', 'www.a.bc', '</code>**b**',
    '_a_', ''])(
    '%j is one element of text', (text) => {
      expectOneCode(text)
    },
  )

  function expectOneCode(text: string): void {
    const tree = parsed(`before ${code(text)} after`)
    const kinds = nodes(tree).filter(({ type, value }) => !(type === 'text' || value === '<!-- -->'))
    expect(kinds.map(({ type, value }) => value ?? type)).toEqual(['root', 'paragraph', '<code>', '</code>'])
    expect(textOf(tree)).toBe(`before ${visible(text)} after`)
  }

  test('of any text is one element whose text is the visible one', () => {
    fc.assert(fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' })), expectOneCode), { numRuns: 300 })
  })

  test('adds no cell to a table row', () => {
    fc.assert(fc.property(hostile, hostile, (a, b) => {
      const tree = parsed(`| A | B |\n| --- | --- |\n| ${code(a)} | x${plain(b)} |\n| 1 | 2 |`)
      const rows = nodes(tree).filter(({ type }) => type === 'tableRow')
      expect(rows.map(({ children }) => children?.length)).toEqual([2, 2, 2])
      expect(nodes(tree).some(({ type }) => type === 'link' || type === 'emphasis' || type === 'delete')).toBe(false)
    }), { numRuns: 500 })
  })
})

describe('plain text', () => {
  test('is nothing but text, wherever it stands', () => {
    fc.assert(fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' })), (text) => {
      for (const before of ['', 'x', '- ', '\n']) {
        const tree = parsed(`${before}${plain(text)}`)
        const kinds = new Set(nodes(tree).map(({ type }) => type))
        for (const kind of ['root', 'paragraph', 'text', ...(before === '- ' ? ['list', 'listItem'] : [])]) kinds.delete(kind)
        expect([...kinds]).toEqual([])
        expect(textOf(tree).replaceAll('\u200b', '')).toBe(`${before === 'x' ? before : ''}${visible(text)}`)
      }
    }), { numRuns: 300 })
  })

  // GitHub looks for these in the finished text, where an entity is no longer one.
  const linked = ['@bob', '@org/team', '#12', 'o/r#12', ':x:', ':+1:', 'GH-12', 'http://a.bc', 'x@y.zz', 'www.a.bc']
  test.each(linked)('parts %s', (text) => {
    const shown = textOf(parsed(plain(text)))
    expect(shown).not.toMatch(/@\w|#\d|:[\w+]+:|GH-\d|:\/\/|www\.\w/)
    expect(shown.replaceAll('\u200b', '')).toBe(text)
  })
})

describe('a fence', () => {
  test('is closed by nothing in it', () => {
    fc.assert(fc.property(fc.array(hostile, { minLength: 1 }), (lines) => {
      const tree = parsed(`${fenced('diff', lines)}\n\nafter`)
      expect(tree.children?.map(({ type }) => type)).toEqual(['code', 'paragraph'])
      expect(tree.children?.[0]?.value).toBe(lines.map((line) => visible(line)).join('\n'))
    }), { numRuns: 500 })
  })
})

test('plain text that takes no effect is copied as it is', () => {
  expect(textOf(parsed(plain('Give it kms:Decrypt, # and a: b.')))).toBe('Give it kms:Decrypt, # and a: b.')
})

test('a link is made of a plain http address alone', () => {
  expect(link('the run', 'https://github.com/o/r/actions/runs/1')).toBe('[the run](<https://github.com/o/r/actions/runs/1>)')
  for (const address of ['javascript:alert(1)', 'https://a.b/>x', 'https://a.b/ x', 'https://a.b/\n']) {
    expect(nodes(parsed(link('the run', address))).some(({ type }) => type === 'link')).toBe(false)
  }
})

describe('a private key', () => {
  test.each([
    ['AGE-SECRET-KEY-1QQPQQQ', '(a private key)'], ['my key: AGE-SECRET-KEY-PQ-1QQ!', 'my key: (a private key)!'],
    ['age-secret-key-1qq', '(a private key)'], ['AGE-PLUGIN-YUBIKEY-1QQPQ', '(a private key)'],
    ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl', '(a private key)'], ['the program age-plugin-yubikey', 'the program age-plugin-yubikey'],
  ])('in %j is not shown', (text, shown) => {
    expect(visible(text)).toBe(shown)
    expect(plain(text)).not.toContain('QQPQQQ')
    expect(code(text)).not.toContain('QQPQQQ')
  })
})

describe('a value in the message of a commit', () => {
  const skips = ['[skip ci]', '[ci skip]', '[no ci]', '[skip actions]', '[actions skip]', '[Skip CI]', 'skip ci', 'skip-checks: true', 'skip-checks:true']
  test.each(['@bob', 'fixes #12', 'GH-12', 'http://a.bc', ...skips])('%j takes no effect', (text) => {
    const shown = parted(text)
    expect(shown).not.toMatch(/@\w|#\d|GH-\d|:\/\/|skip ci|ci skip|no ci|skip actions|actions skip|skip-checks:/i)
    expect(shown.replaceAll('\u200b', '')).toBe(text)
  })

  test.each(['skip the cinema', 'no cider', 'Nikola Tesla (ops)', 'basic skipper'])('%j is as it was', (text) => {
    expect(parted(text)).toBe(text)
  })
})
