// The globs of `files` → which paths they choose.
// Must never follow a link.
import { join, relative, sep } from 'node:path'
import { create } from '@actions/glob'

/** Which paths `globs` choose; all of them where there are none. */
export async function choose(root: string, globs: readonly string[]): Promise<(path: string) => boolean> {
  if (globs.length === 0) return () => true
  const paths = await matching(root, globs.every((glob) => glob.startsWith('!')) ? ['**', ...globs] : globs)
  return (path) => paths.has(path)
}

/** Those of `globs` that match none of `paths`, where some do. */
export async function unmatched(root: string, globs: readonly string[], paths: readonly string[]): Promise<readonly string[]> {
  const wanted = globs.filter((glob) => !glob.startsWith('!'))
  if (wanted.length < 2) return []
  const found = await Promise.all(wanted.map(async (glob) => ({ glob, own: await matching(root, [glob]) })))
  return found.filter(({ own }) => !paths.some((path) => own.has(path))).map(({ glob }) => glob)
}

async function matching(root: string, globs: readonly string[]): Promise<ReadonlySet<string>> {
  // The root is a path, whatever it is called.
  const literal = root.replace(/[[?*]/g, '[$&]')
  const rooted = globs.map((glob) => (glob.startsWith('!') ? `!${join(literal, glob.slice(1))}` : join(literal, glob)))
  const globber = await create(rooted.join('\n'), { followSymbolicLinks: false, matchDirectories: false })
  return new Set((await globber.glob()).map((path) => relative(root, path).split(sep).join('/')))
}
