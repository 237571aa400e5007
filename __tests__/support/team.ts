// Three people with age keys and an empty repository: each test lays out what it is about.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { AgeKey } from './age-key.ts'
import { makeAgeKey } from './age-key.ts'
import { Repository } from './repository.ts'
import { sopsBinary } from './sops-binary.ts'

export class Team extends Repository {
  readonly alice: AgeKey = makeAgeKey()
  readonly bob: AgeKey = makeAgeKey()
  /** Whose key the runner has. */
  readonly ci: AgeKey = makeAgeKey()

  constructor() {
    super()
    this.credentials = { SOPS_AGE_KEY: this.ci.identity }
  }

  /** A config with one rule for everything below it; `people` stand on lines of their own, with their names. */
  config(people: Readonly<Record<string, AgeKey>>, path = '.sops.yaml'): void {
    const lines = Object.entries(people).map(([name, { recipient }]) => `          - ${recipient} # ${name}\n`)
    this.write(path, `creation_rules:\n  - key_groups:\n      - age:\n${lines.join('')}`)
  }

  /** Who can read `path` with their own key, by name. */
  readersOf(path: string, people: Readonly<Record<string, AgeKey>>, ...args: readonly string[]): string[] {
    const opens = (identity: string): boolean => this.decrypt(path, { SOPS_AGE_KEY: identity }, ...args).exitCode === 0
    return Object.entries(people).filter(([, { identity }]) => opens(identity)).map(([name]) => name)
  }

  /** As `encrypt`, for a key service that runs in this very process and has to answer meanwhile. */
  async encryptMeanwhile(path: string, text: string): Promise<void> {
    this.write(path, text)
    const env = { PATH: process.env['PATH'], HOME: this.home, SOPS_DISABLE_VERSION_CHECK: '1', ...this.credentials }
    const args = ['encrypt', '--in-place', '--', join(this.root, path)]
    await promisify(execFile)(sopsBinary(), args, { cwd: this.root, env, timeout: 30_000 })
  }
}
