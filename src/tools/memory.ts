// How much memory V8 takes for what is young.
import { setFlagsFromString } from 'node:v8'

/** With fewer files the memory does not grow to where it matters. */
const manyFiles = 500

/**
 * Where there are many files: keeps the room for young objects as it is from here on. V8 doubles it again and again as long as
 * some survive, up to a hundred megabytes that hold next to nothing but garbage. It reads this flag whenever the room would grow,
 * so that it may be set late.
 */
export function spareMemory(files: number): void {
  if (files >= manyFiles) setFlagsFromString('--semi-space-growth-factor=1')
}
