// Programs that some tests need and a machine may lack: where one is missing these tests are skipped, and the run says so.
// Must never skip on CI, where each has to be there.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, test } from '@jest/globals'

/** What `npm test` fetched, by its name below `.sops-bin`; gpg is the machine's own. */
export type Part = 'gpg' | 'bao' | 'act' | 'actionlint' | 'zizmor' | 'chromium'

interface Words {
  readonly describe: typeof describe
  readonly test: typeof test
  readonly beforeAll: typeof beforeAll
  readonly afterAll: typeof afterAll
}

function isThere(part: Part): boolean {
  if (part !== 'gpg') return existsSync(resolve(import.meta.dirname, '../../.sops-bin', part))
  return spawnSync('gpg', ['--version'], { stdio: 'ignore' }).status === 0
}

/** jest's words for tests that need these parts. */
export function where(...parts: readonly Part[]): Words {
  const missing = process.env['CI'] === undefined ? parts.filter((part) => !isThere(part)) : []
  if (missing.length === 0) return { describe, test, beforeAll, afterAll }
  console.warn(`Skipped, because this machine lacks ${missing.join(' and ')}: some tests of this file.`)
  const none = (): void => undefined
  return { describe: describe.skip as typeof describe, test: test.skip as typeof test, beforeAll: none, afterAll: none }
}
