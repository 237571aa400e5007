// A private key that stands in a `.sops.yaml` as if it were somebody's public one.
// Must never repeat it.
import { visit } from 'yaml'
import { Failure } from '../failure.ts'
import { visible } from '../safe-text.ts'
import type { ConfigTree } from './tree.ts'

/** Whole ones: a `path_regex` may speak of a file that is called like the beginning of one. */
const privateKey = /(?:AGE-SECRET-KEY-(?:PQ-)?|age-secret-key-(?:pq-)?)1[A-Za-z0-9]{40}|AGE-PLUGIN-[A-Z0-9.+_]+-1[A-Z0-9]{6}|-----BEGIN [A-Z ]*PRIVATE KEY-----/

/** Throws Failure `config-unreadable`, with the line. What stands in comments is nothing that sops would take for a recipient. */
export function refusePrivateKey(path: string, tree: ConfigTree): void {
  const found: number[] = []
  visit(tree.contents, { Scalar: (_, { value, range }) => {
    if (typeof value !== 'string' || !privateKey.test(value)) return
    const [start, end] = range ?? [0, 0]
    found.push(start + Math.max(0, tree.text.slice(start, end).search(privateKey)))
  } })
  const [first] = found
  if (first === undefined) return
  throw new Failure('config-unreadable', `${visible(path)}:${tree.lineOf(first)} holds a private key where the public one of a recipient belongs.`, {
    path, advice: 'Take it out, and treat it as leaked, since every clone keeps it: have its holder replaced by another key '
      + '(`removed-recipient` is the public key, `added-recipient` the new one), and change the secrets that it opens.',
  })
}
