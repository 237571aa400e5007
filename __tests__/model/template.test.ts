import { describe, expect, test } from '@jest/globals'
import { fillTemplate, variablesIn } from '../../src/model/publishing/template.ts'

describe('a template', () => {
  test.each([
    ['chore: {removed} left', ['removed'], 'chore: bob left'],
    ['{removed}{removed} {date}', ['removed', 'date'], 'bobbob {base}'],
    ['{{removed}} and {{{removed}}}', [], '{removed} and {{removed}}'],
    ['{ removed } {Removed} {} {a-b} { "a": 1 }', [], '{ removed } {Removed} {} {a-b} { "a": 1 }'],
    ['${removed}', ['removed'], '$bob'],
    ['none', [], 'none'],
  ])('%j', (text, variables, filled) => {
    expect(variablesIn(text)).toEqual(variables)
    // A value that looks like a variable, or like a mark of a replacement, is neither.
    expect(fillTemplate(text, { removed: 'bob', date: '{base}', base: '$&' })).toBe(filled)
  })

  test('takes a value as it is, whatever a replacement would make of it', () => {
    expect(fillTemplate('<{removed}>', { removed: '$& $1 $`' })).toBe('<$& $1 $`>')
  })

  test.each(['unknown', 'constructor'])('without a value for {%s} is a mistake', (name) => {
    expect(() => fillTemplate(`{${name}}`, { removed: 'bob' })).toThrow(RangeError)
  })
})
