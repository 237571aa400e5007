// What some tests need and a machine may lack, a program or a newer sops: without it they are skipped, and the run says so.
// Must never skip on CI for want of a program: there each has to be there.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { versionIn } from '../../src/tools/sops-releases.ts'
import { sopsBinary } from './sops-binary.ts'

type Program = 'gpg' | 'bao' | 'act' | 'actionlint' | 'zizmor' | 'chromium'

/** A program that `npm test` fetched, by its name below `.sops-bin`, while gpg is the machine's own; or the first sops that will do. */
export type Part = Program | `sops ${number}.${number}.${number}`

interface Words {
  readonly describe: typeof describe
  readonly test: typeof test
  readonly beforeAll: typeof beforeAll
  readonly afterAll: typeof afterAll
}

const numberOf = (version: string): number => version.split('.').reduce((sum, one) => sum * 1000 + Number(one), 0)

function isThere(part: Part): boolean {
  if (isSops(part)) {
    const said = execFileSync(sopsBinary(), ['--version', '--disable-version-check'], { encoding: 'utf8' })
    return numberOf(versionIn(said) ?? '0.0.0') >= numberOf(part.slice('sops '.length))
  }
  if (part !== 'gpg') return existsSync(resolve(import.meta.dirname, '../../.sops-bin', part))
  return spawnSync('gpg', ['--version'], { stdio: 'ignore' }).status === 0
}

function isSops(part: Part): part is Exclude<Part, Program> {
  return part.startsWith('sops ')
}

/** jest's words for tests that need these parts. */
export function where(...parts: readonly Part[]): Words {
  const missing = parts.filter((part) => (isSops(part) || process.env['CI'] === undefined) && !isThere(part))
  if (missing.length === 0) return { describe, test, beforeAll, afterAll }
  console.warn(`Skipped, because this machine lacks ${missing.join(' and ')}: some tests of this file.`)
  const none = (): void => undefined
  return { describe: describe.skip as typeof describe, test: test.skip as typeof test, beforeAll: none, afterAll: none }
}
