// Since when a file has the data key it has, read from its earlier versions without any key.
import type { EncryptedFile } from './encrypted-file.ts'
import { compareDataKeys } from './encrypted-value.ts'

/** A version of a file as a commit brought it, `null` where it was no encrypted file then. */
export interface FileVersion {
  /** The commit's time, in seconds since 1970. */
  readonly time: number
  readonly file: EncryptedFile | null
}

/**
 * The time of the commit that brought the current data key: going back from the newest version, the one before which no
 * ciphertext survived, or the file's first. An edit gives the value it changes another IV; only a new data key gives a value
 * other ciphertext under the same. Where no IV stands in both, the key is taken to be the same: rather too old than too young.
 * `versions` are newest first and reach back to the file's birth. null for an empty list.
 */
export function dataKeySince(versions: Iterable<FileVersion>): number | null {
  let newer: FileVersion | null = null
  for (const version of versions) {
    if (newer !== null) {
      if (version.file === null || newer.file === null) break
      if (compareDataKeys(version.file.values, newer.file.values) === 'new') break
    }
    newer = version
  }
  return newer?.time ?? null
}

/** The versions, newest first, that surely or possibly have the data key of the newest. */
export function versionsWithSameKey(versions: readonly FileVersion[]): readonly FileVersion[] {
  const since = dataKeySince(versions)
  return versions.slice(0, versions.findLastIndex(({ time, file }) => time === since && file !== null) + 1)
}
