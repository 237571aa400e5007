// What is measured: each case makes its repository, runs both sides on it in turns, and answers what they took.
import { EncryptedTree } from './encrypted-tree.ts'
import { offboardAsTheGuide, searchWithGit } from './guide.ts'
import { startKeyService } from './key-service.ts'
import type { Measurement, Pair } from './measurement.ts'
import { offboardWithAction, readHistoryWithAction } from './ours.ts'
import { publishWithAction } from './publishing.ts'
import { RevisedTree } from './revised-tree.ts'

export interface BenchOptions {
  readonly pairs: number
  /** Also what a whole rekey of thousands of files takes, which is minutes. */
  readonly full: boolean
  readonly say: (line: string) => void
}

type Case = (options: BenchOptions) => Promise<readonly Measurement[]>

export const cases: Readonly<Record<string, Case>> = {
  age: async (options) => {
    using tree = new EncryptedTree({ encrypted: 200 })
    const pairs = await inTurns(options, tree, offboardAsTheGuide, false)
    return [{ name: '200 files, age', pairs, wanted: { ratio: 0.65 } }]
  },

  kms: async (options) => {
    await using keyService = await startKeyService(50)
    using tree = new EncryptedTree({ encrypted: 100, keyService })
    const pairs = await inTurns(options, tree, offboardAsTheGuide, false)
    return [{ name: '100 files, KMS at 50 ms a call', pairs, wanted: { ratio: 0.12 } }]
  },

  survey: async (options) => {
    using tree = new EncryptedTree({ encrypted: 1000, plain: 99_000 })
    searchWithGit(tree) // both sides find the files in memory, not on the disk
    const pairs = await inTurns(options, tree, searchWithGit, true)
    const surveys = pairs.map(({ guideSeconds, ours }): Pair =>
      ({ guideSeconds, ours: { ...ours, seconds: ours.secondsToSurvey ?? NaN, sopsPerFile: 0 } }))
    return [
      { name: 'survey of 100,000 files, 1,000 encrypted, from the start of the process', pairs: surveys, wanted: { ratio: 3 } },
      { name: 'the same, to the end of the dry run: history, plan, report', pairs, wanted: null },
    ]
  },

  history: async () => {
    using tree = new RevisedTree({ files: 1000, revisions: 10_000 })
    const ours = await readHistoryWithAction(tree)
    const name = '10,000 revisions of 1,000 files, dry run'
    return [{ name, pairs: [{ guideSeconds: null, ours }], wanted: { seconds: 20 } }, { name, pairs: [{ guideSeconds: null, ours }], wanted: { megabytes: 250 } }]
  },

  memory: async (options) => {
    using tree = new EncryptedTree({ encrypted: 5000 })
    const wanted = { megabytes: 250 }
    const plan: Pair = { guideSeconds: null, ours: await offboardWithAction(tree, true) }
    const measurements: Measurement[] = [{ name: '5,000 files, dry run', pairs: [plan], wanted }]
    if (!options.full) return measurements
    const rekey: Pair = { guideSeconds: null, ours: await offboardWithAction(tree, false) }
    return [...measurements, { name: '5,000 files, rekey', pairs: [rekey], wanted }]
  },

  // What must not grow with the files are the calls; a whole rekey of thousands comes before they can be published.
  publish: async ({ full }) => {
    const measurements: Measurement[] = []
    for (const encrypted of full ? [200, 5000] : [200]) {
      using tree = new EncryptedTree({ encrypted })
      const ours = await publishWithAction(tree)
      const name = `${encrypted.toLocaleString('en')} files, from proof to pull request`
      measurements.push({ name, pairs: [{ guideSeconds: null, ours }], wanted: { calls: 15 } })
    }
    return measurements
  },
}

/** The other side, then ours, again and again, each on the tree as it was committed. The first run of ours is not counted. */
async function inTurns(
  { pairs: count, say }: BenchOptions, tree: EncryptedTree, other: (tree: EncryptedTree) => number, dryRun: boolean,
): Promise<Pair[]> {
  await offboardWithAction(tree, true)
  const pairs: Pair[] = []
  for (let at = 1; at <= count; at += 1) {
    tree.reset()
    const guideSeconds = other(tree)
    tree.reset()
    const ours = await offboardWithAction(tree, dryRun)
    pairs.push({ guideSeconds, ours })
    const ratio = ours.seconds / guideSeconds
    say(`  ${at}/${count}: guide ${guideSeconds.toFixed(2)} s, ours ${ours.seconds.toFixed(2)} s, ${ratio.toFixed(3)}`)
  }
  return pairs
}
