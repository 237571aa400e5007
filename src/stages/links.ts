// The index → the links and submodules among the files of a run, which it leaves alone.
// Must never read what a link leads to.
import { realpathSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { SkippedFile, SurveyedFile } from '../model/survey.ts'
import type { TrackedPath } from '../tools/git.ts'

const symlink = '120000'
const submodule = '160000'

/** Those the globs name, and those that lead to an encrypted file. */
export function links(
  root: string, special: readonly TrackedPath[], files: readonly SurveyedFile[], chosen: ((path: string) => boolean) | null,
): readonly SkippedFile[] {
  const targets = new Set(files.map(({ path }) => path))
  const skipped: SkippedFile[] = []
  for (const { path, mode } of special) {
    if (mode === submodule) skipped.push({ path, reason: 'it is a submodule, a repository of its own: run there too', file: null })
    if (mode !== symlink) continue
    const target = chosen === null ? targetOf(root, path) : null
    if (chosen === null ? target !== null && targets.has(target) : chosen(path)) skipped.push({ path, reason: 'it is a symlink, and no link is followed', file: null })
  }
  return skipped
}

/** Where it leads in the end, by names alone; null where that is nowhere. */
function targetOf(root: string, path: string): string | null {
  try {
    return relative(root, realpathSync(join(root, path))).split(sep).join('/')
  } catch {
    return null
  }
}
