import { describe, expect, test } from '@jest/globals'
import { parseKeyAge, reachesBackTo } from '../../src/model/exposure/key-age.ts'

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
