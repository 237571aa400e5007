// The merge commits that a branch or pull request brings, and what each did to some files. Git plumbing, read only.
// Must never take a commit whose parents are cut off for one that has none.
import { Failure } from '../model/failure.ts'
import { visible } from '../model/safe-text.ts'
import { runChild } from './child.ts'
import { gitEnvironment } from './environment.ts'
import type { GitOptions } from './git.ts'

/** A path in a merge commit; blobs by id, null where the path is not there. */
export interface MergedPath {
  readonly commit: string
  readonly path: string
  /** In the best common ancestor; null also where there is none. */
  readonly base: string | null
  /** In each parent, in their order. */
  readonly sides: readonly (string | null)[]
  readonly result: string | null
}

export interface Merges {
  /** Commits from the newest on. */
  readonly looked: readonly string[]
  /** How many more there are. */
  readonly left: number
  /** HEAD is a merge whose parents this clone does not have. */
  readonly cutOff: boolean
}

export class GitMerges {
  readonly #options: GitOptions

  constructor(options: GitOptions) {
    this.#options = options
  }

  async #run(args: readonly string[], answers: readonly number[] = [0]): Promise<string> {
    const { program, root, environment } = this.#options
    // A partial clone would fetch what is missing, with the credentials that the checkout left.
    const env = { ...gitEnvironment(environment, root, [['protocol.allow', 'never']]), GIT_NO_LAZY_FETCH: '1' }
    const { exitCode, stdout, stderr } = await runChild(program, args, { cwd: root, env })
    if (exitCode !== null && answers.includes(exitCode)) return stdout.toString()
    throw new Failure('git-failed', `git ${args[0] ?? ''} failed with ${exitCode ?? 'a signal'}: ${visible(stderr.trim())}`)
  }

  /**
   * HEAD, where it is a merge, and the merges that came in by it: on the merge ref of a pull request, those of its commits.
   * Where HEAD is none (on a schedule, or after a squash): the newest that led to it, of which none are counted as left.
   */
  async brought(limit: number): Promise<Merges> {
    const none = { looked: [], left: 0, cutOff: false }
    // As it is stored: a shallow clone shows its last commit without parents.
    const [head = ''] = (await this.#run(['cat-file', 'commit', 'HEAD'])).split('\n\n', 1)
    const parents = [...head.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, id = '']) => id)
    if (parents.length < 2) return { ...none, looked: await this.#merges(`--max-count=${limit}`, 'HEAD') }
    const known = (await this.#run(['rev-list', '--no-walk', '--parents', 'HEAD'])).trim().split(' ').length - 1
    if (known < parents.length) return { ...none, cutOff: true }
    const all = await this.#merges('HEAD', '^HEAD^1')
    return { looked: all.slice(0, limit), left: Math.max(0, all.length - limit), cutOff: false }
  }

  async #merges(...which: readonly string[]): Promise<readonly string[]> {
    return (await this.#run(['rev-list', '--merges', ...which])).split('\n').filter((line) => line !== '')
  }

  /** Those of `wanted` in which the result of the merge is not what every parent has. */
  async changedIn(commit: string, wanted: ReadonlySet<string>): Promise<readonly MergedPath[]> {
    const [, ...parents] = (await this.#run(['rev-list', '--no-walk', '--parents', commit])).trim().split(' ')
    const common = (await this.#run(['merge-base', '--octopus', ...parents], [0, 1])).trim()
    const [fromBase, ...fromSides] = await Promise.all([common, ...parents].map(async (one) =>
      (one === '' ? null : await this.#before(one, commit, wanted))))
    const paths = new Set(fromSides.flatMap((side) => [...side?.keys() ?? []]))
    return [...paths].map((path) => {
      const result = fromSides.map((side) => side?.get(path)).find((found) => found !== undefined)?.after ?? null
      // What does not differ from the result is the result.
      const blobIn = (side: ReadonlyMap<string, Pair> | null | undefined): string | null => {
        const pair = side?.get(path)
        return pair === undefined ? result : pair.before
      }
      return { commit, path, base: fromBase === null ? null : blobIn(fromBase), sides: fromSides.map(blobIn), result }
    })
  }

  async #before(from: string, to: string, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, Pair>> {
    const args = ['diff-tree', '-r', '-z', '--no-commit-id', '--raw', '--no-abbrev', '--no-renames', from, to]
    const fields = (await this.#run(args)).split('\0')
    const found = new Map<string, Pair>()
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [, , before = '', after = ''] = (fields[at] ?? '').split(' ')
      const path = fields[at + 1] ?? ''
      if (wanted.has(path)) found.set(path, { before: idOf(before), after: idOf(after) })
    }
    return found
  }
}

interface Pair {
  readonly before: string | null
  readonly after: string | null
}

/** git writes zeros for what is not there. */
function idOf(field: string): string | null {
  return /^0+$/.test(field) ? null : field
}
