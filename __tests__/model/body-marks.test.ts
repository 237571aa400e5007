import { describe, expect, test } from '@jest/globals'
import { lacksPlan, marksIn, settledBody, withMarks } from '../../src/model/publishing/body-marks.ts'

const mark = (name: string, value = 'f00d'): string => `<!-- sops-rekey ${name}=${value} -->`

describe('the marks of a body', () => {
  test.each<[string, string, object]>([
    ['at its end', `Done.\n\n${mark('fingerprint')}\n${mark('request', 'beef')}\n`, { fingerprint: 'f00d', request: 'beef' }],
    ['with other ends of lines', `Done.\r\n${mark('fingerprint')}\r\n${mark('title')}\r\n`, { fingerprint: 'f00d', title: 'f00d' }],
    ['above what a person wrote below them', `Done.\n${mark('added')}\n\nThanks!`, { added: 'f00d' }],
    ['the last where there are several', `${mark('request', 'dead')}\nDone.\n${mark('request')}\n`, { request: 'f00d' }],
    ['not in a diff', `\`\`\`diff\n+   # ${mark('request', 'dead')}\n ${mark('fingerprint', 'dead')}\n\`\`\`\n`, {}],
    ['not with other words', `${mark('fingerprint')} and more\nsee ${mark('request')}`, {}],
    ['none that are no hexadecimal number', mark('request', 'nope'), {}],
  ])('are found %s', (_, body, found) => {
    expect(marksIn(body)).toEqual(found)
  })

  test('lack the plan only where it is neither open nor settled', () => {
    expect([mark('request'), 'Mine.', ''].map(lacksPlan)).toEqual([true, true, true])
    expect([mark('fingerprint'), mark('settled')].map(lacksPlan)).toEqual([false, false])
  })

  test.each([
    ['Mine.', `Mine.\n\n${mark('request', 'beef')}\n`],
    ['', `${mark('request', 'beef')}\n`],
    [`Mine.\n\n${mark('title')}`, `Mine.\n\n${mark('title')}\n${mark('request', 'beef')}\n`],
    [`Mine.\n${mark('request')}\n${mark('title')}\n`, `Mine.\n${mark('title')}\n${mark('request', 'beef')}\n`],
    [`${mark('request')} is what it was.`, `${mark('request')} is what it was.\n\n${mark('request', 'beef')}\n`],
  ])('are put below %j', (body, marked) => {
    expect(withMarks(body, { request: 'beef' })).toBe(marked)
    expect(withMarks(marked, { request: 'beef' })).toBe(marked)
  })

  test('are those of one that we closed', () => {
    const body = settledBody(`Done.\n\n${mark('fingerprint')}\n${mark('request')}\n`, 'f00d')
    expect(marksIn(body)).toEqual({ settled: 'f00d', request: 'f00d' })
    expect(marksIn(settledBody('A person’s words.', 'f00d'))).toEqual({ settled: 'f00d' })
    expect(lacksPlan(body)).toBe(false)
  })
})
