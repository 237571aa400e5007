// Which versions of a file share the data key it has now, read without any key.
import type { EncryptedFile } from './encrypted-file.ts'
import { compareDataKeys } from './encrypted-value.ts'
import type { EncryptedValue } from './encrypted-value.ts'

/** A version of a file as a commit brought it, `null` where it was no encrypted file then. */
export interface FileVersion {
  /** The commit's time, in seconds since 1970. */
  readonly time: number
  readonly file: Pick<EncryptedFile, 'metadata'> & { readonly values: readonly EncryptedValue[] } | null
}

/**
 * The versions, newest first, that surely or possibly have the data key of the newest: going back until no ciphertext
 * survived, or to the file's birth. An edit gives the value it changes another IV; only a new data key gives a value other
 * ciphertext under the same. Where no IV stands in both, the key is taken to be the same: rather too old than too young.
 */
export function versionsWithSameKey(versions: readonly FileVersion[]): readonly FileVersion[] {
  const other = versions.findIndex(({ file }, at) => {
    const newer = versions[at - 1]
    return newer !== undefined && (file === null || newer.file === null || compareDataKeys(file.values, newer.file.values) === 'new')
  })
  return other < 0 ? versions : versions.slice(0, other)
}
