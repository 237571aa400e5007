import { describe, expect, test } from '@jest/globals'
import type { FileVersion } from '../../src/model/data-key-age.ts'
import { versionsWithSameKey } from '../../src/model/data-key-age.ts'
import { parseKeyAge, reachesBackTo } from '../../src/model/key-age.ts'

describe('an age', () => {
  test.each([
    ['90d', '2026-08-25T10:00:00.000Z'], ['12w', '2026-08-31T10:00:00.000Z'], ['6m', '2026-05-23T10:00:00.000Z'], ['24m', '2024-11-23T10:00:00.000Z'],
  ])('of %s reaches back to %s', (text, then) => {
    const age = parseKeyAge(text)
    expect(age && reachesBackTo(age, new Date('2026-11-23T10:00:00Z')).toISOString()).toBe(then)
  })

  test('of months ends on the last day of a short one', () => {
    const age = parseKeyAge('1m')
    expect(age && reachesBackTo(age, new Date('2026-03-31T00:00:00Z')).toISOString()).toBe('2026-02-28T00:00:00.000Z')
  })

  test.each(['', '0d', '90', 'd', '-1d', '1.5m', '90 d', '90D', '1y', '99999d', '9０d'])('is not %j', (text) => {
    expect(parseKeyAge(text)).toBeNull()
  })
})

describe('a data key', () => {
  const dataKeySince = (versions: readonly FileVersion[]): number | null => versionsWithSameKey(versions).at(-1)?.time ?? null
  const metadata = { groups: [], shamirThreshold: null, lastModified: '', mac: '', version: '' }
  /** `values` like `1a 2b`: IV and ciphertext of each. */
  const file = (values: string): FileVersion['file'] => ({
    metadata,
    values: values.split(' ').map(([iv = '', data = '']) => ({ iv, data, tag: data, type: 'str' })),
  })

  test.each([
    ['its first version', ['1a'], 0],
    ['an edit that left the other values', ['1a 2a', '1a 3a', '4a 3a'], 0],
    ['a rotation', ['1a 2a', '1b 2b', '1b 3b'], 1],
    ['the last of two rotations', ['1a', '1b', '1c'], 2],
    ['a rotation with an edit at once', ['1a 2a', '1b 9b'], 1],
    ['the edit of its only value, which does not make it younger', ['1a', '2b', '3c'], 0],
  ])('is as old as %s', (_, versions, since) => {
    expect(dataKeySince(versions.map((values, time) => ({ time, file: file(values) })).reverse())).toBe(since)
  })

  test('is as old as the commit that encrypted a plaintext file', () => {
    expect(dataKeySince([{ time: 5, file: file('1a') }, { time: 1, file: null }])).toBe(5)
  })

  test('of no version has no age', () => {
    expect(dataKeySince([])).toBeNull()
  })
})
