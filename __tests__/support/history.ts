// A repository whose history is written step by step, by real sops and git, on days that the test names.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Recipient } from '../../src/model/recipient.ts'
import type { ExposedSecret, SecretState } from '../../src/model/report.ts'
import type { HistoryOptions, OpenHistory } from '../../src/stages/history.ts'
import { openHistory } from '../../src/stages/history.ts'
import { exposureOf } from '../../src/stages/expose.ts'
import { surveyRepository } from '../../src/stages/survey.ts'
import { findProgram } from '../../src/tools/environment.ts'
import { Git } from '../../src/tools/git.ts'
import { runnerOf } from '../../src/tools/runner-keys.ts'
import { Sops } from '../../src/tools/sops.ts'
import { Staging } from '../../src/tools/staging.ts'
import type { AgeKey } from './age-key.ts'
import { sopsBinary } from './sops-binary.ts'
import { Team } from './team.ts'

export interface Told {
  readonly state: SecretState
  /** Days like `2026-03-01`. */
  readonly since: string | null
  readonly until: string | null
}

/** The people of a rule for everything. */
export type People = Readonly<Record<string, AgeKey>>

export class Chronicle extends Team {
  readonly everyone: People = { alice: this.alice, bob: this.bob, ci: this.ci }
  readonly withoutBob: People = { alice: this.alice, ci: this.ci }
  /** How often sops was asked in the last `tell`. */
  calls = 0

  /** The config, and `files` encrypted by it; the first commit. */
  begin(day: string, files: Readonly<Record<string, string | Buffer>>, people: People = this.everyone): this {
    this.config(people)
    for (const [path, text] of Object.entries(files)) this.encrypt(path, text)
    this.commitOn(day)
    return this
  }

  commitOn(day: string): string {
    this.git('add', '--all', '.')
    return this.gitOn(day, 'commit', '--quiet', '--allow-empty', '--message', day)
  }

  /** git as on `day`, at noon, UTC. */
  gitOn(day: string, ...args: readonly string[]): string {
    const date = `${day}T12:00:00Z`
    const env = { PATH: process.env['PATH'], HOME: this.home, GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date }
    return execFileSync('git', args, { cwd: this.root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env })
  }

  /** sops in place; throws where it fails. */
  run(...args: readonly string[]): this {
    const { exitCode, stderr } = this.sops(args)
    if (exitCode !== 0) throw new Error(`sops ${args.join(' ')}: ${stderr}`)
    return this
  }

  set(path: string, key: string, value: string): this {
    return this.run('set', path, key, JSON.stringify(value))
  }

  /** Has sops' editor put `text` in the place of the plaintext. */
  edit(path: string, text: string): this {
    const edited = join(this.path, 'edited')
    writeFileSync(edited, text)
    const { exitCode, stderr } = this.sops(['edit', path], { credentials: { ...this.credentials, EDITOR: `cp ${edited}` } })
    if (exitCode !== 0) throw new Error(`sops edit ${path}: ${stderr}`)
    return this
  }

  rotate(path: string): this {
    return this.run('rotate', '--in-place', path)
  }

  /** Wraps the data key for `people`, who are then those of the config, and does no more. */
  updatekeys(people: People, ...paths: readonly string[]): this {
    this.config(people)
    for (const path of paths) this.run('updatekeys', '--yes', path)
    return this
  }

  /** As every file should be left: without bob, with a new data key. */
  offboard(day: string, ...paths: readonly string[]): this {
    this.updatekeys(this.withoutBob, ...paths)
    for (const path of paths) this.rotate(path)
    this.commitOn(day)
    return this
  }

  move(from: string, to: string): this {
    mkdirSync(dirname(join(this.root, to)), { recursive: true })
    renameSync(join(this.root, from), join(this.root, to))
    return this
  }

  checkout(): Git {
    const program = findProgram('git', process.env['PATH'] ?? '')
    if (program === null || !existsSync(this.root)) throw new Error('There is no git, or nothing to look at.')
    return new Git({ program, root: this.root, environment: { PATH: process.env['PATH'], HOME: this.home } })
  }

  async open(options: Partial<HistoryOptions> = {}): Promise<OpenHistory> {
    const git = this.checkout()
    return await openHistory(git, await surveyRepository(git, []), { everything: true, remote: null, temporary: this.path, ...options })
  }

  /** What bob (or `people`) could read, and what has become of it. `identity`: what the runner can decrypt with; null: nothing is decrypted. */
  async secrets(
    identity: string | null = null, options: Partial<HistoryOptions> = {}, people: readonly AgeKey[] = [this.bob],
  ): Promise<readonly ExposedSecret[]> {
    const git = this.checkout()
    const survey = await surveyRepository(git, [])
    await using open = await openHistory(git, survey, { everything: true, remote: null, temporary: this.path, ...options })
    const losing = [{ people: people.map((one): Recipient => ({ kind: 'age', id: one.recipient })), only: null }]
    if (identity === null) return await exposureOf(open, survey.owners, losing, null)
    await using staging = Staging.create(this.path)
    const environment = { PATH: process.env['PATH'], HOME: this.home, SOPS_AGE_KEY: identity }
    this.calls = 0
    const sops = new Sops({
      program: sopsBinary(), root: staging.root, workspace: this.root, environment, path: mkdtempSync(join(this.path, 'path-')),
      onCall: () => (this.calls += 1),
    })
    return await exposureOf(open, survey.owners, losing, { sops, staging, runner: runnerOf(environment, []), atOnce: 2 })
  }

  /** The same as `file key` → state and days. */
  async tell(identity: string | null = null, options: Partial<HistoryOptions> = {}): Promise<Readonly<Record<string, Told>>> {
    return Object.fromEntries((await this.secrets(identity, options)).map(({ file, key, state, since, until }) => [
      `${file} ${key}`, { state, since: since?.slice(0, 10) ?? null, until: until?.slice(0, 10) ?? null },
    ]))
  }
}
