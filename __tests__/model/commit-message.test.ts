import { describe, expect, test } from '@jest/globals'
import { commitMessage, readTrailers } from '../../src/model/publishing/commit-message.ts'

const ours = 'Sops-Rekey-Fingerprint: f00d\nSops-Rekey-Tree: beef\n'
const bob = { name: 'bob', email: 'bob@example.com' }
const write = (message: string, signoff: typeof bob | null = null): string => commitMessage({ message, fingerprint: 'f00d', signoff }, 'beef')

describe('a message', () => {
  test.each([
    ['chore: rotate', `chore: rotate\n\n${ours}`],
    ['chore: rotate\n\nFor the audit.\n', `chore: rotate\n\nFor the audit.\n\n${ours}`],
    ['chore: rotate\n\nFor the audit.\n\nCo-authored-by: x <x@y>\nRefs: 12', `chore: rotate\n\nFor the audit.\n\nCo-authored-by: x <x@y>\nRefs: 12\n${ours}`],
    ['chore: rotate\n\nCo-authored-by: x <x@y>\nand others', `chore: rotate\n\nCo-authored-by: x <x@y>\nand others\n\n${ours}`],
  ])('%j ends in one block', (message, whole) => {
    expect(write(message)).toBe(whole)
    expect(readTrailers(whole)).toEqual({ fingerprint: 'f00d', tree: 'beef' })
  })

  test('is signed off in that block', () => {
    expect(write('chore: rotate', bob)).toBe(`chore: rotate\n\nSigned-off-by: bob <bob@example.com>\n${ours}`)
    expect(readTrailers(write('chore: rotate', bob))).toEqual({ fingerprint: 'f00d', tree: 'beef' })
  })

  test.each(['chore: rotate', ours, `${write('chore: rotate')}\nMore.`, write('chore: rotate').replace('beef', 'bee!'), write('chore: rotate').replace('\nSops-Rekey-Tree', ' Sops-Rekey-Tree')])(
    '%j is none of ours', (message) => {
      expect(readTrailers(message)).toBeNull()
    })
})
