// The hidden mark in a tracking issue that tells which removal it is for, and the marks around its list.
// Must never hold more than names of keys, a commit and a version: no value of a secret, no hash of one.

/** What the mark says. */
export interface TrackingMark {
  /** Canonical ids of the removed recipients, sorted; what stands for them where those would be too long. */
  readonly removed: readonly string[]
  /** Canonical ids of keys that the removed held before, whose secrets are in the list too. Not what tells one issue from another. */
  readonly earlier?: readonly string[]
  /** What narrows the removal (a base, globs), in words of the caller; empty where nothing does. */
  readonly scope: string
  /** The commit at which the issue was last changed by a run. */
  readonly commit: string
}

export interface FoundMark extends TrackingMark {
  /** Of the form of the issue. One that is not `trackingVersion` was written by another release. */
  readonly version: number
}

export const trackingVersion = 1

const start = '<!-- sops-rekey tracking '
const retired = '<!-- sops-rekey duplicate '
const marks = /<!-- sops-rekey tracking (\{[^\n]*?\}) -->/g

/** One HTML comment on one line. What could end it, or is not ASCII, stands as a JSON escape. */
export function trackingMarker({ removed, earlier = [], scope, commit }: TrackingMark): string {
  const json = JSON.stringify({ version: trackingVersion, removed, ...(earlier.length === 0 ? {} : { earlier }), scope, commit })
  return `${start}${json.replace(/[^ -~]|[-<>&]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)} -->`
}

/** The last mark in the text; null where there is none that can be read. */
export function readTrackingMarker(body: string): FoundMark | null {
  const [, json = ''] = [...body.matchAll(marks)].at(-1) ?? []
  try {
    const { version, removed, earlier = [], scope, commit } = JSON.parse(json) as Readonly<Record<string, unknown>>
    const areTexts = (list: unknown): list is readonly string[] => Array.isArray(list) && list.every((one) => typeof one === 'string')
    const whole = Number.isInteger(version) && typeof scope === 'string' && typeof commit === 'string' && areTexts(removed) && areTexts(earlier)
    return whole ? { version: Number(version), removed, ...(earlier.length === 0 ? {} : { earlier }), scope, commit } : null
  } catch {
    return null
  }
}

/** Whether both are for the same removal, whatever the commit. */
export function isSameRemoval(a: TrackingMark, b: TrackingMark): boolean {
  return JSON.stringify([a.removed, a.scope]) === JSON.stringify([b.removed, b.scope])
}

/** The text with this mark in the place of the one it has. */
export function withTrackingMarker(body: string, mark: TrackingMark): string {
  return body.replace(marks, () => trackingMarker(mark))
}

/** The text of an issue that is given up for another one: its mark is no longer found. */
export function retiredBody(body: string): string {
  return body.replaceAll(start, retired)
}
