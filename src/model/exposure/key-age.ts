// A length of time like `90d`, `12w` or `6m`, and the moment it reaches back to.

export interface KeyAge {
  /** As it was given. */
  readonly text: string
  readonly count: number
  readonly unit: 'd' | 'w' | 'm'
}

/** null where `text` is no age: a whole number from 1 to 9999 and `d` (days), `w` (weeks) or `m` (calendar months). */
export function parseKeyAge(text: string): KeyAge | null {
  const [, count = '', unit = ''] = /^([1-9]\d{0,3})([dwm])$/.exec(text.trim()) ?? []
  return unit === 'd' || unit === 'w' || unit === 'm' ? { text: text.trim(), count: Number(count), unit } : null
}

/** The moment that lies `age` before `now`, in UTC; the last day of a month that is too short. */
export function reachesBackTo(age: KeyAge, now: Date): Date {
  const then = new Date(now)
  if (age.unit !== 'm') {
    then.setUTCDate(then.getUTCDate() - age.count * (age.unit === 'w' ? 7 : 1))
    return then
  }
  const day = then.getUTCDate()
  then.setUTCDate(1)
  then.setUTCMonth(then.getUTCMonth() - age.count)
  const lastDay = new Date(Date.UTC(then.getUTCFullYear(), then.getUTCMonth() + 1, 0)).getUTCDate()
  then.setUTCDate(Math.min(day, lastDay))
  return then
}
