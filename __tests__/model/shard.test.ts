import { expect, test } from '@jest/globals'
import type { Plan } from '../../src/model/plan/plan.ts'
import { shardsFor } from '../../src/model/plan/shard.ts'

test.each<[number, number, number, readonly string[]]>([
  [0, 0, 8, []],
  [0, 1, 8, ['1/1']],
  [1, 1, 8, ['1/1']],
  [100, 0, 8, ['1/1']],
  [101, 2, 8, ['1/2', '2/2']],
  [5_000, 1, 3, ['1/3', '2/3', '3/3']],
])('%d files and %d configs to change are worth, at most %d, the jobs %j', (files, configs, most, shards) => {
  const plan = { changes: Array.from({ length: files }), configs: Array.from({ length: configs }) } as unknown as Plan
  expect(shardsFor(plan, most)).toEqual(shards)
})
