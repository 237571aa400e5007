// Several jobs share the work: one plans, several rotate a part each, one proves all of it again and publishes.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import { sha256Of } from '../../src/tools/staging.ts'
import type { AgeKey } from '../support/age-key.ts'
import { Company, secrets } from '../support/company.ts'
import { Team } from '../support/team.ts'
import { expectNothingLeaked, refusalOf, runUnchanged } from '../support/unchanged.ts'

const paths = Object.keys(secrets)
const typeOf = (path: string): string[] => (path.endsWith('.enc') ? ['--input-type', 'yaml', '--output-type', 'yaml'] : [])
const removal = { 'removed-recipient': 'bob' }

function expectDone(run: ActionRun): ActionRun {
  expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
  expectNothingLeaked(run)
  return run
}

/** Two jobs rotate a half each; what they left lies in a folder below the one that is returned, as artifacts are downloaded. */
async function rotateInHalves(company: Company): Promise<string> {
  const artifacts = join(company.path, 'artifacts')
  for (const half of [1, 2]) {
    const folder = join(artifacts, `half-${half}`)
    const run = expectDone(await runUnchangedTree(company, { ...removal, job: 'rotate', shard: `${half}/2`, 'rotated-path': folder }))
    expect(run.outputs['rotated-path']).toBe(folder)
  }
  return artifacts
}

/** A job that changes nothing in its checkout, though it did something. */
async function runUnchangedTree(company: Company, inputs: Readonly<Record<string, string>>): Promise<ActionRun> {
  const run = await runAction(company, inputs)
  expect(company.git('status', '--porcelain')).toBe('')
  return run
}

const publish = (folder: string): Readonly<Record<string, string>> => ({ ...removal, job: 'publish', 'rotated-path': folder })

describe('several jobs', () => {
  test('come to what one comes to', async () => {
    using company = new Company()
    const before = new Map(paths.map((path) => [path, company.decrypt(path, company.credentials, ...typeOf(path)).stdout]))
    const planned = await runUnchanged(company, { ...removal, job: 'plan', shards: '4' })
    expect(planned.outputs['shards']).toBe('["1/1"]')
    expect(planned.report).toMatchObject({ outcome: 'planned' })

    const artifacts = await rotateInHalves(company)
    const rotated = readdirSync(artifacts, { recursive: true, encoding: 'utf8' }).filter((name) => /[0-9a-f]{64}$/.test(name))
    expect(rotated).toHaveLength(paths.length)
    for (const name of rotated) expect(readFileSync(join(artifacts, name), 'utf8')).not.toContain(company.bob.recipient)

    const run = expectDone(await runAction(company, publish(artifacts)))
    expect(run.outputs).toMatchObject({ 'files-changed': '7', 'files-rotated': '7' })
    expect(run.report?.files.filter(({ verified }) => verified)).toHaveLength(7)
    for (const path of paths) {
      expect(company.decrypt(path, { SOPS_AGE_KEY: company.bob.identity }, ...typeOf(path)).exitCode).toBe(128)
      expect(company.decrypt(path, { SOPS_AGE_KEY: company.alice.identity }, ...typeOf(path)).stdout).toBe(before.get(path))
    }
    expect(company.read('.sops.yaml')).not.toContain('bob')
  })

  test('are one where only a config is to be changed, which has nothing to rotate', async () => {
    using team = new Team()
    const { alice, bob, ci } = team
    team.write('.sops.yaml', `creation_rules:\n  - path_regex: ^new/\n    age: ${bob.recipient},${ci.recipient}\n  - age: ${alice.recipient},${ci.recipient}\n`)
    team.encrypt('a.yaml', 'password: s3cret\n')
    team.commit()
    const request = { 'removed-recipient': bob.recipient, policy: 'off' }
    expect((await runAction(team, { ...request, job: 'plan' })).outputs['shards']).toBe('["1/1"]')
    const folder = join(team.path, 'rotated')
    expectDone(await runAction(team, { ...request, job: 'rotate', shard: '1/1', 'rotated-path': folder }))
    expectDone(await runAction(team, { ...request, job: 'publish', 'rotated-path': folder }))
    expect(team.read('.sops.yaml')).not.toContain(bob.recipient)
  })

  test('are none where there is nothing to do', async () => {
    using company = new Company()
    expect((await runUnchanged(company, { job: 'plan' })).outputs['shards']).toBe('[]')
  })
})

describe('what other jobs left is not believed', () => {
  let company: Company
  let rotated = ''
  let artifacts = ''
  let copies = 0
  beforeAll(async () => {
    company = new Company()
    rotated = await rotateInHalves(company)
  })
  beforeEach(() => {
    artifacts = join(company.path, `copy-${copies += 1}`)
    cpSync(rotated, artifacts, { recursive: true })
  })
  afterAll(() => company[Symbol.dispose]())

  test.each<[string, (folder: string) => void, RegExp]>([
    ['other bytes than its list says', (folder) => writeFileSync(firstRotated(folder), 'changed: yes\n'), /holds other bytes for .* than its list says/],
    ['no bytes for what its list says', (folder) => rmSync(firstRotated(folder)), /lacks the bytes of /],
    ['a folder in their place', (folder) => {
      rmSync(firstRotated(folder))
      mkdirSync(firstRotated(folder))
    }, /lacks the bytes of /],
    ['a link in their place', (folder) => {
      renameSync(firstRotated(folder), join(folder, 'elsewhere'))
      symlinkSync(join(folder, 'elsewhere'), firstRotated(folder))
    }, /lacks the bytes of /],
    ['a part that is missing', (folder) => rmSync(join(folder, 'half-2'), { recursive: true }), /lacks 3 of the 7 files of this plan/],
    ['a part that is there twice', (folder) => cpSync(join(folder, 'half-1'), join(folder, 'again'), { recursive: true }), /holds .* twice/],
    ['a file that nobody asked for', (folder) => rewrite(folder, (text) => text.replace(/"files":\{/, `"files":{"README.md":"${'0'.repeat(64)}",`)), /holds 1 files that are not in this plan/],
    ['a list that is none', (folder) => writeFileSync(join(folder, 'sops-rekey-rotated-3-of-3.json'), '{"schema":1}'), /is no list of rotated files/],
    ['a list that leads elsewhere', (folder) => rewrite(folder, (text) => text.replace(/"[0-9a-f]{64}"\}/, '"../../../etc/passwd"}')), /is no list of rotated files/],
    ['another plan', (folder) => rewrite(folder, (text) => text.replace(/"plan":"[0-9a-f]{4}/, '"plan":"____')), /is of another plan: it was made at the same commit, but from other inputs/],
    ['another commit', (folder) => rewrite(folder, (text) => text.replace(/"base":"[0-9a-f]{4}/, '"base":"____')), /is of another plan: it was made at ____/],
  ])('%s', async (_, spoil, sentence) => {
    spoil(artifacts)
    const { sentence: said } = await refusalOf(company, publish(artifacts))
    expect(said).toMatch(sentence)
    expect(said).toContain('Run all jobs of the workflow again')
  })

  const path = 'apps/web/secrets.yaml'
  test.each<[string, () => string, RegExp]>([
    ['the old file as it was', () => company.read(path), /can be read with age:.*which was not planned/],
    ['a file encrypted to someone else as well', () => encryptedBeside(company, [company.alice, company.ci, company.bob], secrets[path] ?? ''), /can be read with age:.*which was not planned/],
    ['other values, rightly encrypted', () => encryptedBeside(company, [company.alice, company.ci], 'db:\n  password: planted\n'), /decrypted content is not what it was/],
  ])('also not where its list says so: %s', async (_, forge, sentence) => {
    plant(artifacts, path, forge())
    const { sentence: said } = await refusalOf(company, publish(artifacts))
    expect(said).toMatch(sentence)
    expect(said).toMatch(/^What other jobs left in .*Run all jobs of the workflow again/)
  })
})

describe('the parts of the action', () => {
  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['a part that is none', { job: 'rotate', shard: '9/8', 'rotated-path': 'x' }, /`shard` is "9\/8"/],
    ['no folder', { job: 'rotate' }, /`rotated-path` is empty/],
    ['a folder that is not there', { ...publish('/nowhere') }, /`rotated-path` names \/nowhere/],
    ['a number that is none', { job: 'plan', shards: 'many' }, /`shards` is "many"/],
  ])('refuse %s', async (_, inputs, sentence) => {
    using company = new Company()
    expect((await refusalOf(company, { ...removal, ...inputs })).sentence).toMatch(sentence)
  })
})

function encryptedBeside(company: Company, people: readonly AgeKey[], text: string): string {
  const folder = mkdtempSync(join(company.path, 'forged-'))
  writeFileSync(join(folder, 'forged.yaml'), text)
  const { exitCode, stdout, stderr } = company.sops(['encrypt', '--age', people.map(({ recipient }) => recipient).join(','), 'forged.yaml'], { cwd: folder })
  if (exitCode !== 0) throw new Error(stderr)
  return stdout
}

function listIn(folder: string): string {
  const name = readdirSync(join(folder, 'half-1')).find((one) => one.endsWith('.json')) ?? ''
  return join(folder, 'half-1', name)
}

function rewrite(folder: string, change: (text: string) => string): void {
  const text = readFileSync(listIn(folder), 'utf8')
  expect(change(text)).not.toBe(text)
  writeFileSync(listIn(folder), change(text))
}

function firstRotated(folder: string): string {
  const { files } = JSON.parse(readFileSync(listIn(folder), 'utf8')) as { files: Record<string, string> }
  return join(folder, 'half-1', Object.values(files)[0] ?? '')
}

/** Puts `text` in the place of a rotated file, list and all. */
function plant(folder: string, path: string, text: string): void {
  for (const half of ['half-1', 'half-2']) {
    const place = join(folder, half)
    const list = join(place, readdirSync(place).find((one) => one.endsWith('.json')) ?? '')
    const manifest = JSON.parse(readFileSync(list, 'utf8')) as { files: Record<string, string> }
    if (manifest.files[path] === undefined) continue
    const digest = sha256Of(text)
    writeFileSync(join(place, digest), text)
    writeFileSync(list, JSON.stringify({ ...manifest, files: { ...manifest.files, [path]: digest } }))
  }
}
