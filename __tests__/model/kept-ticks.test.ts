import { describe, expect, test } from '@jest/globals'
import { keepTicks } from '../../src/model/tracking-issue/kept-ticks.ts'
import { code } from '../../src/model/safe-text.ts'

const open = ['- <code>a/app.yaml</code> (2)', '  - [ ] <code>password</code>', '  - [ ] <code>token</code> (dave)'].join('\n')
const list = (...lines: readonly string[]): string => lines.join('\n')

describe('a tick of a person', () => {
  test.each<[string, string, string, string]>([
    ['stays', open.replace('[ ]', '[x]'), open, open.replace('[ ]', '[x]')],
    ['stays however it was written', open.replace('[ ]', '[X]').replaceAll('\n', '\r\n'), open, open.replace('[ ]', '[x]')],
    ['stays where the file is in a folder of its own by now', open.replace('[ ]', '[x]'),
      list(`<details><summary>${code('a/')} (2)</summary>`, '', open.replace('a/app', 'app'), '', '</details>'),
      list(`<details><summary>${code('a/')} (2)</summary>`, '', open.replace('a/app', 'app').replace('[ ]', '[x]'), '', '</details>')],
    ['stays where the file has that folder for itself', open.replace('[ ]', '[x]'),
      list('<details><summary><code>a/app.yaml</code> (2)</summary>', open.replace('a/app', 'app')),
      list('<details><summary><code>a/app.yaml</code> (2)</summary>', open.replace('a/app', 'app').replace('[ ]', '[x]'))],
    ['stays in a header of their own', '- [x] tell bob', '- [ ] tell bob', '- [x] tell bob'],
    ['is not one for another file', open.replace('[ ]', '[x]'), open.replace('app', 'web'), open.replace('app', 'web')],
    ['is not one after a folder has ended', list(`<details><summary>${code('b/')}</summary>`, '</details>', open.replace('[ ]', '[x]')), open, open.replace('[ ]', '[x]')],
    ['goes where something else is said now', open.replace('[ ]', '[x]'), open.replace('password</code>', 'password</code> (changed too early)'),
      open.replace('password</code>', 'password</code> (changed too early)')],
    ['for a whole file goes where there is more in it now', '- [x] <code>a.yaml</code> (3 secrets)', '- [ ] <code>a.yaml</code> (4 secrets)', '- [ ] <code>a.yaml</code> (4 secrets)'],
    ['of ours stays as it is', open, open.replace('[ ]', '[x]'), open.replace('[ ]', '[x]')],
  ])('%s', (_, before, text, kept) => {
    expect(keepTicks(before, text)).toBe(kept)
  })
})
