import { describe, expect, test } from '@jest/globals'
import { readConfiguredRecipients } from '../../src/model/sops-file/updatekeys-output.ts'

const alice = 'age1qx0a4eukz6qvy2ga5qg7l0hf5a8kwy6vq6slwq3ykzp5spjm5gvs0k5pdr'
const bob = 'age1h8nhfzgseqqa6dxdc0ysl7a8tqnq6hvlzewqaacunqy8kvv33sgqc39q2c'
const question = (lines: string): string => `The following changes will be made to the file's groups:\n${lines}\nIs this okay? (y/n):`
const at = '2026/11/23 19:34:24 '

describe('what sops prints of a batch', () => {
  test('is told apart file by file', () => {
    const stdout = question(`Group 1\n    ${alice}\n--- ${bob}`) + question(`Group 1\n    ${alice}\n+++ ${bob}`)
    const stderr = [
      `${at}Syncing keys for file /t/a`, `${at}File /t/a left unchanged`,
      `${at}Syncing keys for file /t/b`, '[CMD]\t time="2026-11-23T19:34:24Z" level=error msg="error loading config: no matching creation rules found"',
      `${at}Syncing keys for file /t/c`, `${at}File /t/c already up to date`,
      `${at}Syncing keys for file /t/d`, `${at}File /t/d left unchanged`,
      `${at}Syncing keys for file /t/e`, '[CMD]\t time="x" level=error msg="error loading config: \\"x\\""', 'failed updating 2 key(s)', '',
    ].join('\n')
    const found = readConfiguredRecipients(['/t/a', '/t/b', '/t/c', '/t/d', '/t/e'], stdout, stderr)
    const one = { kind: 'age', id: alice }
    expect([...found]).toEqual([
      ['/t/a', { kind: 'different', current: [[one, { kind: 'age', id: bob }]], groups: [[one]], thresholdChanges: false }],
      ['/t/b', { kind: 'no-rule' }],
      ['/t/c', { kind: 'same' }],
      ['/t/d', { kind: 'different', current: [[one]], groups: [[one, { kind: 'age', id: bob }]], thresholdChanges: false }],
      ['/t/e', { kind: 'unreadable', reason: 'error loading config: "x"' }],
    ])
  })

  test('says where groups and the threshold change', () => {
    const stderr = `${at}Syncing keys for file /t/a\n${at}File /t/a left unchanged\n`
    const read = (lines: string): unknown => readConfiguredRecipients(['/t/a'], question(lines), stderr).get('/t/a')
    expect(read(`shamir_threshold: 2\nGroup 1\n    ${alice}\nGroup 2\n+++ ${bob}`)).toMatchObject({ groups: [[{ id: alice }], [{ id: bob }]], thresholdChanges: false })
    expect(read(`+++ shamir_threshold: 1\n--- shamir_threshold: 2\nGroup 1\n    ${alice}\nGroup 2\n--- ${bob}`)).toMatchObject({ groups: [[{ id: alice }]], thresholdChanges: true })
  })

  test.each(['A27381B4', '0x3d16cee4a27381b4', '3D16CEE4A27381B4!', 'a'.repeat(64)])('names a PGP key by any id that gpg takes: %s', (id) => {
    const stderr = `${at}Syncing keys for file /t/a\n${at}File /t/a left unchanged\n`
    expect(readConfiguredRecipients(['/t/a'], question(`Group 1\n+++ ${id}`), stderr).get('/t/a')).toMatchObject({ groups: [[{ kind: 'pgp', id }]] })
  })

  test('a key of a kind that is not known makes one file unreadable, and not the others', () => {
    const stdout = question('Group 1\n+++ quantum:7') + question(`Group 1\n    ${alice}`)
    const stderr = ['a', 'b'].map((name) => `${at}Syncing keys for file /t/${name}\n${at}File /t/${name} left unchanged\n`).join('')
    const found = readConfiguredRecipients(['/t/a', '/t/b'], stdout, stderr)
    expect(found.get('/t/a')).toEqual({ kind: 'unreadable', reason: 'sops names a recipient of a kind that is not known: quantum:7' })
    expect(found.get('/t/b')).toMatchObject({ kind: 'different' })
  })

  test.each<[string, string, string]>([
    ['a file it never came to', '', ''],
    ['a question without a file', question('Group 1'), `${at}Syncing keys for file /t/a\n${at}File /t/a already up to date\n`],
    ['a file without its question', '', `${at}Syncing keys for file /t/a\n${at}File /t/a left unchanged\n`],
    ['a line that is not known', question('Gruppe 1'), `${at}Syncing keys for file /t/a\n${at}File /t/a left unchanged\n`],
  ])('is rejected with %s', (_, stdout, stderr) => {
    expect(() => readConfiguredRecipients(['/t/a'], stdout, stderr)).toThrow()
  })
})
