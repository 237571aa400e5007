// What it means that a run left everything as it was and gave nothing away, checked in one place.
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import type { ActionOptions, ActionRun } from './action.ts'
import { runAction } from './action.ts'
import { secrets } from './company.ts'
import type { Repository } from './repository.ts'

/** Stands in the plaintext of every secret that a test makes up, and so must stand nowhere else. */
export const canary = 'canary-3f9c1e'

/** What the company keeps, where it is long enough to be looked for. */
const companySecrets = ['hunter2', 's3cret', 'pssst', 'MC4CAQ', 'naïve', 'prod-password']

/** Every file, link and folder below `root` with its mode and content, `.git` among them; no link is followed. */
export function treeOf(root: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  // In bytes, because a name need not be UTF-8.
  const walk = (folder: Buffer): void => {
    for (const name of readdirSync(folder, { encoding: 'buffer' })) {
      const place = Buffer.concat([folder, Buffer.from('/'), name])
      const stat = lstatSync(place)
      const content = stat.isSymbolicLink() ? readlinkSync(place)
        : stat.isFile() ? createHash('sha256').update(readFileSync(place)).digest('hex') : ''
      found[place.toString().slice(root.length + 1)] = `${stat.mode.toString(8)} ${content}`
      if (stat.isDirectory()) walk(place)
    }
  }
  walk(Buffer.from(root))
  return found
}

const leftBehind: readonly string[] = ['sops-rekey-access-map.html', 'sops-rekey-report.json']

/** The folder entries of RUNNER_TEMP that the action may leave are its report and the access map, and nothing else. */
export function expectNothingLeft(run: ActionRun): void {
  expect(readdirSync(run.temporary).filter((name) => !leftBehind.includes(name))).toEqual([])
}

/** No plaintext or identity stands where it could be read later, and every command in the log is one of the action's own. */
export function expectNothingLeaked(run: ActionRun): void {
  const left = readdirSync(run.temporary, { recursive: true, encoding: 'utf8' }).map((name) => join(run.temporary, name))
    .filter((path) => lstatSync(path).isFile()).map((path) => readFileSync(path, 'utf8'))
  const lines = run.log.split('\n')
  const unmasked = lines.filter((line) => !line.startsWith('::add-mask::'))
  const said = [...unmasked, run.summary, JSON.stringify(run.outputs), ...left].join('\n')
  for (const text of companySecrets) expect(Object.values(secrets).join()).toContain(text)
  for (const text of [canary, ...companySecrets, 'AGE-SECRET-KEY']) expect(said).not.toContain(text)
  const own = /^::(?:add-mask|group|endgroup|debug|error|warning|notice)::/
  expect(lines.filter((line) => /^\s*::/.test(line) && !own.test(line))).toEqual([])
  expect(run.log).not.toContain('##[')
}

/** The sentences of the annotations of one kind, as a person reads them. */
export function annotations(run: ActionRun, kind: 'error' | 'warning' | 'notice'): string[] {
  const [start, decode] = [`::${kind}::`, { '%0A': '\n', '%0D': '\r', '%25': '%' } as Readonly<Record<string, string>>]
  return run.log.split('\n').filter((line) => line.startsWith(start))
    .map((line) => line.slice(start.length).replace(/%(?:0A|0D|25)/g, (code) => decode[code] ?? code))
}

/** Runs the action, sees that it changed no byte, and left and leaked nothing, whatever it exits with. */
export async function runUnchanged(
  repository: Repository, inputs: Readonly<Record<string, string>>, options: ActionOptions = {},
): Promise<ActionRun> {
  // Without the refreshed index that it would otherwise write.
  const status = (): string => repository.git('--no-optional-locks', 'status', '--porcelain', '--ignored')
  const [before, tree] = [status(), treeOf(repository.root)]
  const run = await runAction(repository, inputs, options)
  expect(treeOf(repository.root)).toEqual(tree)
  expect(status()).toBe(before)
  expect(run.outputs['changed'] ?? 'false').toBe('false')
  expect(run.report?.files.filter(({ verified }) => verified) ?? []).toEqual([])
  expectNothingLeft(run)
  expectNothingLeaked(run)
  return run
}

/** A run that must refuse or fail: exit 1 and one error annotation, whose sentence is returned; everything is as it was. */
export async function refusalOf(
  repository: Repository, inputs: Readonly<Record<string, string>>, options: ActionOptions = {},
): Promise<{ readonly sentence: string; readonly run: ActionRun }> {
  const run = await runUnchanged(repository, inputs, options)
  const errors = annotations(run, 'error')
  expect({ exitCode: run.exitCode, errors: errors.length, log: run.exitCode === 1 ? '' : run.log })
    .toEqual({ exitCode: 1, errors: 1, log: '' })
  expect(['failed', 'refused', undefined]).toContain(run.report?.outcome)
  return { sentence: errors[0] ?? '', run }
}
