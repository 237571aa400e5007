// A link or a submodule among the matches is skipped and said; what it leads to is never read, nor written.
import { linkSync, mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import { Company } from '../support/company.ts'
import { annotations, expectNothingLeaked, expectNothingLeft, refusalOf, treeOf } from '../support/unchanged.ts'

/** The company, and beside its repository a folder with a file that bob can read as well. */
class CompanyWithNeighbour extends Company {
  readonly outside = join(this.path, 'outside')

  constructor() {
    super()
    mkdirSync(this.outside)
    this.write('../outside/secrets.yaml', this.read('apps/web/secrets.yaml'))
  }
}

async function removeBob(company: CompanyWithNeighbour, inputs: Readonly<Record<string, string>> = {}): Promise<ActionRun> {
  const outside = treeOf(company.outside)
  const run = await runAction(company, { 'removed-recipient': 'bob', ...inputs })
  expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
  expect(treeOf(company.outside)).toEqual(outside)
  expectNothingLeft(run)
  expectNothingLeaked(run)
  return run
}

function skippedIn(run: ActionRun): readonly string[] {
  const skipped = run.report?.files.filter(({ action }) => action === 'skipped') ?? []
  expect(run.outputs['files-skipped']).toBe(String(skipped.length))
  const notice = annotations(run, 'notice').find((text) => text.startsWith('Skipped: ')) ?? ''
  for (const { path, reason } of skipped) expect(notice).toContain(`${path} (${reason})`)
  return skipped.map(({ path, reason }) => `${path}: ${reason}`)
}

describe('a symlink', () => {
  test('to an encrypted file of the repository is skipped; the file itself is not', async () => {
    using company = new CompanyWithNeighbour()
    symlinkSync('../apps/web/secrets.yaml', join(company.root, 'prod/link.yaml'))
    symlinkSync('link.yaml', join(company.root, 'prod/to-link.yaml'))
    symlinkSync(join(company.root, 'apps/web/prod.env'), join(company.root, 'absolute'))
    symlinkSync('README.md', join(company.root, 'readme-link'))
    company.commit()
    const run = await removeBob(company)
    expect(skippedIn(run)).toEqual(['absolute', 'prod/link.yaml', 'prod/to-link.yaml'].map((path) => `${path}: it is a symlink, and no link is followed`))
    const own = run.report?.files.find(({ path }) => path === 'apps/web/secrets.yaml')
    expect(own).toMatchObject({ action: 'updated+rotated', verified: true })
    expect(treeOf(company.root)['prod/link.yaml']).toBe('120777 ../apps/web/secrets.yaml')
  })

  const globs = ['', 'apps/**', 'apps/web/*.yaml\napps/web/link*']
  test.each(globs)('that leads out of the repository, with `files: %s`', async (files) => {
    using company = new CompanyWithNeighbour()
    symlinkSync(join(company.outside, 'secrets.yaml'), join(company.root, 'apps/web/link.yaml'))
    symlinkSync(company.outside, join(company.root, 'apps/folder'))
    company.commit()
    const run = await removeBob(company, { files, policy: 'off' })
    const skipped = skippedIn(run)
    if (files !== '') expect(skipped).toContain('apps/web/link.yaml: it is a symlink, and no link is followed')
    expect(run.report?.files.filter(({ path }) => path.startsWith('apps/folder/'))).toEqual([])
    expect(run.report?.files.find(({ path }) => path === 'apps/web/secrets.yaml')).toMatchObject({ verified: true })
  })

  test('in the place of a tracked folder stops the run', async () => {
    using company = new CompanyWithNeighbour()
    renameSync(join(company.root, 'apps/web'), join(company.outside, 'web'))
    symlinkSync(join(company.outside, 'web'), join(company.root, 'apps/web'))
    const outside = treeOf(company.outside)
    for (const files of ['', 'apps/**']) {
      const { sentence } = await refusalOf(company, { 'removed-recipient': 'bob', files })
      expect(sentence).toContain('Not committed: apps/web/prod.env, apps/web/secrets.yaml.')
    }
    expect(treeOf(company.outside)).toEqual(outside)
  })

  test('in the place of a folder, also when git does not look, is not followed', async () => {
    using company = new CompanyWithNeighbour()
    company.git('update-index', '--assume-unchanged', 'apps/web/prod.env', 'apps/web/secrets.yaml')
    renameSync(join(company.root, 'apps/web'), join(company.outside, 'web'))
    symlinkSync(join(company.outside, 'web'), join(company.root, 'apps/web'))
    const run = await removeBob(company)
    expect(run.report?.files.filter(({ path, action }) => path.startsWith('apps/web/') && action !== 'skipped')).toEqual([])
  })

  test('that a config is stops the run', async () => {
    using company = new CompanyWithNeighbour()
    renameSync(join(company.root, 'prod/.sops.yaml'), join(company.outside, 'sops.yaml'))
    symlinkSync(join(company.outside, 'sops.yaml'), join(company.root, 'prod/.sops.yaml'))
    company.commit()
    const { sentence } = await refusalOf(company, { 'removed-recipient': 'bob' })
    expect(sentence).toBe('prod/.sops.yaml is a symlink; sops would follow it out of what git tracks. Make it a regular file.')
  })
})

describe('a hard link', () => {
  test.each(['', 'apps/**'])('to a file elsewhere is not written through, with `files: %s`', async (files) => {
    using company = new CompanyWithNeighbour()
    linkSync(join(company.root, 'apps/web/prod.env'), join(company.outside, 'prod.env'))
    const run = await removeBob(company, { files, policy: 'off' })
    expect(skippedIn(run)).toEqual(['apps/web/prod.env: it is a hard link, and to write it would write its other name too'])
    // bob keeps what was skipped, and nobody may think otherwise.
    expect(run.report?.findings).toContainEqual(expect.objectContaining({
      code: 'still-reads', level: 'warning', path: 'apps/web/prod.env', message: expect.stringContaining('the removed recipient still reads it'),
    }))
    expect(annotations(run, 'warning')).toEqual([expect.stringContaining('the removed recipient still reads it')])
    expect(run.summary).toContain('✖ 1 matched file is still encrypted to')
    expect(company.git('status', '--porcelain')).not.toContain('prod.env')
  })
})

describe('a submodule', () => {
  test('is named and left alone', async () => {
    using company = new CompanyWithNeighbour()
    using other = new Company()
    company.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', other.root, 'vendor/other')
    company.commit()
    const before = treeOf(join(company.root, 'vendor/other'))
    const run = await removeBob(company)
    expect(skippedIn(run)).toEqual(['vendor/other: it is a submodule, a repository of its own: run there too'])
    expect(treeOf(join(company.root, 'vendor/other'))).toEqual(before)
  })
})
