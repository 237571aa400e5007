import { expect, test } from '@jest/globals'
import { isBranchName } from '../../src/model/publishing/branch-name.ts'

test.each(['main', 'sops-rekey/remove-bob', 'a/-b', 'a@b', 'zürich/鍵', 'a.b', 'a.lockb/c', 'HEAD/x', 'x'.repeat(244)])('%s is one', (name) => {
  expect(isBranchName(name)).toBe(true)
})

test.each([
  '', '@', 'HEAD', 'a b', 'a..b', 'a@{b', 'a//b', '/a', 'a/', '-a', '.a', 'a/.b', 'a.', 'a.lock', 'a.lock/b', 'a~1', 'a^', 'a:b', 'a?', 'a*', 'a[b', 'a\\b', 'a\x7f', 'a\nb',
  'refs/heads/a', '0123456789abcdef0123456789abcdef01234567', 'x'.repeat(245), 'é'.repeat(123),
])('%j is none', (name) => {
  expect(isBranchName(name)).toBe(false)
})
