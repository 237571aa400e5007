import { describe, expect, test } from '@jest/globals'
import { accessMap } from '../../src/model/access/access-map.ts'
import { accessTable } from '../../src/model/markdown/markdown-access.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import { ageKey, companySurvey, encryptedTo, owned, surveyOf } from '../support/access-maps.ts'

const [alice, bob, carol] = [ageKey(1), ageKey(2), ageKey(3)]
const owners = [owned('alice', alice), owned('bob', bob)]
const kms: Recipient = { kind: 'kms', id: 'arn:aws:kms:eu-west-1:1:key/k' }
const room = { files: Infinity, secrets: Infinity, diffLines: Infinity, picture: true }

const rows = (text: string): readonly string[] => text.split('\n').filter((line) => line.startsWith('| ')).slice(2)

describe('the table', () => {
  test('counts the files of each reader by environment, with marks for what is no person', () => {
    expect(accessTable(accessMap(surveyOf([
      encryptedTo('prod/a.yaml', [alice, kms]), encryptedTo('prod/b.yaml', [alice, bob]), encryptedTo('dev/c.yaml', [alice, bob, carol]), encryptedTo('d.yaml', [bob]),
    ], owners)), room)).toBe(`| Reader | prod | dev | no environment | Files |
| --- | ---: | ---: | ---: | ---: |
| alice | 2 | 1 | – | 3 |
| bob | 1 | 1 | 1 | 3 |
| <code>age1aaeqqq…qaae</code> (no known owner) | – | 1 | – | 1 |
| <code>eu-west-1&#58;1&#58;key/k</code> (no known owner, key service) | 1 | – | – | 1 |

- 1 file opens only with the key of one reader: if that is lost, so is it.
  - <code>d.yaml</code>
- 2 keys have no known owner.
- A key of a key service is one reader but many people: the service decides (in IAM) who may use it.`)
  })

  test('readers of the same files share a row, those without an owner not with people', () => {
    expect(rows(accessTable(accessMap(surveyOf([encryptedTo('a.yaml', [alice, bob, carol])], owners)), room))).toEqual([
      '| alice and bob | 1 | 1 |', '| <code>age1aaeqqq…qaae</code> (no known owner) | 1 | 1 |',
    ])
  })

  test('a part of a file is not taken for the file', () => {
    const text = accessTable(accessMap(surveyOf([encryptedTo('a.yaml', [[alice], [bob]])], owners)), room)
    expect(rows(text)).toEqual(['| alice and bob (of some only a part) | 1 | 1 |'])
    expect(text).toContain('1 file takes keys of several groups')
    const second = ageKey(4)
    const both = accessMap(surveyOf([encryptedTo('a.yaml', [[alice], [second], [bob]], 2)], [...owners, owned('alice', second)]))
    expect(rows(accessTable(both, room))).toEqual(['| alice | 1 | 1 |', '| bob (of some only a part) | 1 | 1 |'])
  })

  test('60 people are folded away, and no reader is lost when there is less room', () => {
    const map = accessMap(companySurvey(400, 60))
    const readers = map.readers.length
    expect(readers).toBeGreaterThan(40)
    const whole = accessTable(map, room)
    expect(whole.split('\n', 1)).toEqual([`<details><summary>401 files, ${readers} readers</summary>`])
    const few = accessTable(map, { ...room, files: 10 })
    expect(rows(few)).toHaveLength(10)
    const named = rows(few).reduce((sum, line) => sum + (line.replace(/\(.*?\)/, '').match(/, | and /g)?.length ?? 0) + 1, 0)
    expect(Number(/and (\d+) more readers/.exec(few)?.[1])).toBe(readers - named)
    expect(accessTable(map, { ...room, files: 0 })).toMatch(new RegExp(`^401 files, ${readers} readers\\.\n\n- 1 file opens`))
  })

  test('no name or path is more than text, and files that were not read are said', () => {
    const text = accessTable(accessMap(surveyOf([encryptedTo('a|b`<img src=x>\n.yaml', [alice])], [owned('@bob | <b>x</b>\n# y', alice)], {
      damaged: [{ path: 'x.yaml', damage: 'it is broken' }],
    })), room)
    expect(text).not.toMatch(/<img|<b>|@bob|^# /m)
    expect(rows(text)).toHaveLength(1)
    expect(text).toContain('1 file could not be read')
  })

  test('without an encrypted file there is none', () => {
    expect(accessTable(accessMap(surveyOf([], owners)), room)).toBe('')
  })
})
