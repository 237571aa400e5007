// The access map of a run: the page, the table in the summary, and a browser that opens what the run left.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from '@jest/globals'
import { runAction } from '../support/action.ts'
import { shownFiles, startBrowser } from '../support/browser.ts'
import { Company, secrets } from '../support/company.ts'
import { where } from '../support/parts.ts'

where('chromium').test('a dry run without a key leaves a page of every file and its readers, which a browser shows', async () => {
  using company = new Company()
  company.credentials = {}
  const run = await runAction(company, { 'dry-run': 'true' })
  expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
  const path = run.outputs['access-map-path'] ?? ''
  expect(path).toBe(join(run.temporary, 'sops-rekey-access-map.html'))
  expect(readFileSync(path, 'utf8')).not.toContain(company.ci.identity)

  const browser = await startBrowser()
  try {
    const page = await browser.newPage()
    await page.goto(pathToFileURL(path).href)
    expect(await page.locator('h1').textContent()).toBe('Who can read what in acme/infra')
    expect(await page.locator('header code').textContent()).toBe(company.git('rev-parse', 'HEAD'))
    expect((await shownFiles(page)).toSorted()).toEqual([...Object.keys(secrets), 'finance/payroll.yaml'].sort())
    await page.getByLabel('Reader', { exact: true }).selectOption('bob')
    expect((await shownFiles(page)).toSorted()).toEqual(Object.keys(secrets).sort())
  } finally {
    await browser.close()
  }
})

test('the summary has the table, with the readers as they were before the run', async () => {
  using company = new Company()
  const { exitCode, summary } = await runAction(company, { 'removed-recipient': 'bob' })
  expect(exitCode).toBe(0)
  const [, table = ''] = summary.split('### Who can read what before this run\n\n')
  expect(table.split('\n').slice(0, 4)).toEqual([
    '| Reader | prod | no environment | Files |', '| --- | ---: | ---: | ---: |',
    '| alice and ci | 3 | 5 | 8 |', '| bob | 3 | 4 | 7 |',
  ])
})

test('a run that failed before it knew who reads what has no page', async () => {
  using company = new Company()
  company.write('.sops.yaml', 'creation_rules: [')
  company.commit()
  const run = await runAction(company, {})
  expect(run.exitCode).toBe(1)
  expect(run.outputs['access-map-path']).toBe('')
  expect(existsSync(join(run.temporary, 'sops-rekey-access-map.html'))).toBe(false)
})
