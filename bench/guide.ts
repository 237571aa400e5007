// What we are measured against: the guide's shell loop, and git's own search.
import { spawnSync } from 'node:child_process'
import { delimiter } from 'node:path'
import type { EncryptedTree } from './encrypted-tree.ts'

/** The guide's steps 1, 2, 3 and 5, in sops' present spelling, for every file instead of one in step 5. */
const loop = `
sed -i.before "s/,$BOB//" .sops.yaml && rm .sops.yaml.before
find . -name '*.enc.yaml' -exec sops updatekeys --yes {} \\;
find . -name '*.enc.yaml' -exec sops rotate --in-place {} \\;
find . -name '*.enc.yaml' -exec sops decrypt {} \\; > /dev/null
`

/** Offboards bob as the guide does. Answers the seconds it took; throws where it did not do it. */
export function offboardAsTheGuide(tree: EncryptedTree): number {
  const [seconds] = timed(tree, 'sh', ['-ec', loop])
  tree.assertOffboarded()
  return seconds
}

/** Has git name the files with a value of sops. Answers the seconds it took. */
export function searchWithGit(tree: EncryptedTree): number {
  const [seconds, output] = timed(tree, 'git', ['grep', '--files-with-matches', '--extended-regexp', 'ENC\\[AES256_GCM'])
  const found = output.split('\n').length - 1
  if (found !== tree.files.size) throw new Error(`git grep found ${found} files instead of ${tree.files.size}.`)
  return seconds
}

function timed(tree: EncryptedTree, program: string, args: readonly string[]): [number, string] {
  const started = performance.now()
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: tree.root, encoding: 'utf8', maxBuffer: 1 << 28,
    env: {
      PATH: `${tree.programs}${delimiter}${process.env['PATH'] ?? ''}`, HOME: tree.home,
      BOB: tree.bob.recipient, ...tree.credentials,
    },
  })
  const seconds = (performance.now() - started) / 1000
  if (status !== 0) throw new Error(`${program} ended with ${status ?? 'a signal'}: ${stderr.slice(-2000)}`)
  return [seconds, stdout]
}
