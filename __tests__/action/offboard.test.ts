// The main job: bob leaves, and his old key opens nothing any more, whatever he kept.
import { describe, expect, test } from '@jest/globals'
import { parse, parseDocument } from 'yaml'
import type { YAMLSeq } from 'yaml'
import { runAction } from '../support/action.ts'
import { Company, secrets } from '../support/company.ts'

const paths = Object.keys(secrets)
const typeOf = (path: string): string[] => (path.endsWith('.enc') ? ['--input-type', 'yaml', '--output-type', 'yaml'] : [])

/** Takes the key stanza of bob out of `old` and puts it first among those of `fresh`. */
function splice(old: string, fresh: string, bob: string): string {
  const stanza = (parse(old) as { sops: { age: { recipient: string }[] } }).sops.age.find(({ recipient }) => recipient === bob)
  if (stanza === undefined) throw new Error('There is nothing to splice.')
  const spliced = parseDocument(fresh)
  const keys = spliced.getIn(['sops', 'age']) as YAMLSeq
  keys.items.unshift(spliced.createNode(stanza))
  return spliced.toString({ lineWidth: 0 })
}

describe('when bob leaves', () => {
  test('every file he could read loses him and gets a new data key, with the same values', async () => {
    using company = new Company()
    const before = new Map(paths.map((path) => [path, company.decrypt(path, company.credentials, ...typeOf(path)).stdout]))
    const bob = { SOPS_AGE_KEY: company.bob.identity }
    for (const path of paths) expect(company.decrypt(path, bob, ...typeOf(path)).exitCode).toBe(0)

    const run = await runAction(company, { 'removed-recipient': 'bob' })
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })

    for (const path of paths) {
      expect(company.decrypt(path, bob, ...typeOf(path)).exitCode).toBe(128)
      expect(company.decrypt(path, { SOPS_AGE_KEY: company.alice.identity }, ...typeOf(path))).toMatchObject({ exitCode: 0, stdout: before.get(path) })
      expect(company.read(path)).not.toContain(company.bob.recipient)
    }
    expect(company.git('diff', '--name-only', '-z').split('\0').filter((path) => path !== '').sort())
      .toEqual(['.sops.yaml', 'prod/.sops.yaml', ...paths].sort())
    expect(company.git('diff', '--summary')).toBe('')
    expect(run.outputs).toMatchObject({
      changed: 'true', 'files-matched': '8', 'files-changed': '7', 'files-updated': '7', 'files-rotated': '7', 'files-unchanged': '1',
      'files-skipped': '0', 'exposed-secrets': '15', 'pull-request-operation': 'none',
    })
    expect(run.report?.files.every(({ verified, action }) => verified === (action !== 'unchanged'))).toBe(true)
  })

  test('his old key stanza, spliced into the new file, opens nothing; also not a value that is set afterwards', async () => {
    using company = new Company()
    const path = 'apps/web/secrets.yaml'
    const old = company.read(path)
    const bob = { SOPS_AGE_KEY: company.bob.identity }
    expect((await runAction(company, { 'removed-recipient': 'bob' })).exitCode).toBe(0)

    company.write('spliced.yaml', splice(old, company.read(path), company.bob.recipient))
    expect(company.decrypt('spliced.yaml', bob)).toMatchObject({ exitCode: 25, stdout: '', stderr: expect.stringContaining('message authentication failed') })

    expect(company.sops(['set', path, '["future"]', '"made after bob left"']).exitCode).toBe(0)
    company.write('spliced.yaml', splice(old, company.read(path), company.bob.recipient))
    const future = company.sops(['decrypt', '--ignore-mac', '--extract', '["future"]', 'spliced.yaml'], { credentials: bob })
    expect(future.exitCode).not.toBe(0)
    expect(future.stdout).toBe('')
  })

  test('and updatekeys alone would not have kept him out: the same splice opens a future secret', () => {
    using company = new Company()
    const path = 'apps/web/secrets.yaml'
    const old = company.read(path)
    company.write('.sops.yaml', company.read('.sops.yaml').replace('          - *bob\n', ''))
    expect(company.sops(['updatekeys', '--yes', path]).exitCode).toBe(0)
    expect(company.sops(['set', path, '["future"]', '"made after bob left"']).exitCode).toBe(0)
    company.write('spliced.yaml', splice(old, company.read(path), company.bob.recipient))
    expect(company.decrypt('spliced.yaml', { SOPS_AGE_KEY: company.bob.identity }).stdout).toContain('made after bob left')
  })

  test('the configs lose the lines about him and no other byte', async () => {
    using company = new Company()
    const [root, prod] = [company.read('.sops.yaml'), company.read('prod/.sops.yaml')]
    await runAction(company, { 'removed-recipient': 'bob' })
    expect(company.read('.sops.yaml')).toBe(root.split('\n').filter((line) => !line.includes('bob')).join('\n'))
    expect(company.read('prod/.sops.yaml')).toBe(prod.replace(`,\n      ${company.bob.recipient}`, ''))
  })

  test('a dry run says the same, needs no key and changes nothing', async () => {
    using company = new Company()
    company.credentials = {}
    const run = await runAction(company, { 'removed-recipient': 'bob', 'dry-run': 'true' })
    expect(run.exitCode).toBe(0)
    expect(company.git('status', '--porcelain')).toBe('')
    expect(run.report).toMatchObject({ outcome: 'planned' })
    expect(run.report?.files.filter(({ action }) => action === 'updated+rotated')).toHaveLength(7)
    expect(run.report?.files.some(({ verified }) => verified)).toBe(false)
    expect(run.outputs).toMatchObject({ changed: 'false', 'files-changed': '0', 'exposed-secrets': '15' })
  })
})
