// The page of the access map in a real browser: what a person sees, types and clicks, and that nothing leaves it.
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect } from '@jest/globals'
import axe from 'axe-core'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { accessMap } from '../../src/model/access/access-map.ts'
import { accessMapPage } from '../../src/model/access/access-map-page.ts'
import type { Survey } from '../../src/model/survey.ts'
import { ageKey, companySurvey, encryptedTo, owned, surveyOf } from '../support/access-maps.ts'
import { shownFiles, startBrowser } from '../support/browser.ts'
import { where } from '../support/parts.ts'
import { TemporaryFolder } from '../support/repository.ts'

const { afterAll, beforeAll, describe, test } = where('chromium')

let browser: Browser
let folder: TemporaryFolder
/** What a page asked for, and what it had to say. */
let requests: string[]
let complaints: string[]

beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(async () => {
  await browser.close()
})
beforeEach(() => {
  folder = new TemporaryFolder()
  requests = []
  complaints = []
})
afterEach(async () => {
  await Promise.all(browser.contexts().map(async (context) => await context.close()))
  folder[Symbol.dispose]()
})

function write(survey: Survey): string {
  const path = join(folder.path, 'map.html')
  writeFileSync(path, accessMapPage(accessMap(survey), { repository: 'acme/infra', madeAt: '2026-11-24T01:02:03Z' }))
  return pathToFileURL(path).href
}

async function open(address: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  page.on('request', (request) => requests.push(request.url()))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.goto(address)
  return page
}

const [alice, bob, carol] = [ageKey(1), ageKey(2), ageKey(3)]
const pgp = { kind: 'pgp', id: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4' } as const
/** Small enough to be checked by hand: bob has an age key and a PGP key, and nobody knows carol's. */
const small = surveyOf([
  encryptedTo('prod/db.yaml', [alice, bob]), encryptedTo('prod/tls.yaml', [alice, bob]), encryptedTo('prod/root.yaml', [alice]),
  encryptedTo('dev/db.yaml', [alice, bob, carol]), encryptedTo('notes.yaml', [pgp, carol]),
], [owned('alice', alice), owned('bob', bob), owned('bob', pgp)])

const readerField = (page: Page): Locator => page.getByLabel('Reader', { exact: true })

describe('the filters', () => {
  test.each<[string, (page: Page) => Promise<unknown>, readonly string[], string]>([
    [
      'who can read production', async (page) => await page.getByLabel('Environment').selectOption('prod'),
      ['prod/db.yaml', 'prod/tls.yaml', 'prod/root.yaml'], 'alice (3), bob (2)',
    ],
    [
      'what bob can read', async (page) => await readerField(page).selectOption('bob'),
      ['notes.yaml', 'dev/db.yaml', 'prod/db.yaml', 'prod/tls.yaml'], 'bob (4), alice (3), age1aaeqqq…qaae (2)',
    ],
    [
      'what only one person can read', async (page) => await page.getByLabel('Only what depends on one reader').check(),
      ['prod/root.yaml'], 'alice (1)',
    ],
    [
      'where a key is whose owner nobody knows',
      async (page) => await readerField(page).selectOption('any key without a known owner'),
      ['notes.yaml', 'dev/db.yaml'], 'bob (2), age1aaeqqq…qaae (2), alice (1)',
    ],
    [
      'what a PGP key opens', async (page) => await page.getByLabel('Kind of key').selectOption('PGP'),
      ['notes.yaml'], 'bob (1), age1aaeqqq…qaae (1)',
    ],
    [
      'a part of the path', async (page) => await page.getByLabel('Path contains').fill('PROD/d'),
      ['prod/db.yaml'], 'alice (1), bob (1)',
    ],
  ])('%s', async (_, ask, files, readers) => {
    const page = await open(write(small))
    expect(await shownFiles(page)).toHaveLength(5)
    await ask(page)
    expect(await shownFiles(page)).toEqual(files)
    expect(await page.locator('#shown-readers').textContent()).toBe(`Read by: ${readers}`)
    expect(await page.getByRole('status').textContent()).toMatch(new RegExp(`^${files.length} of 5 files shown \\(.+\\)\\.$`))
    expect(complaints).toEqual([])
  })

  test('a kind asked for beside a reader has to be a key of that reader', async () => {
    const page = await open(write(small))
    await readerField(page).selectOption('bob')
    await page.getByLabel('Kind of key').selectOption('PGP')
    expect(await shownFiles(page)).toEqual(['notes.yaml'])
    await readerField(page).selectOption('alice')
    expect(await shownFiles(page)).toEqual([])
    await readerField(page).selectOption('any key without a known owner')
    expect(await shownFiles(page)).toEqual([])
    expect(await page.getByText('No file is what the filter asks for.').isVisible()).toBe(true)
  })

  test('a file that depends on one reader is not shown for another', async () => {
    const owners = [owned('alice', alice), owned('bob', bob), owned('carol', carol)]
    const shamir = surveyOf([encryptedTo('a.yaml', [[alice, bob], [carol]])], owners)
    const page = await open(write(shamir))
    await page.getByLabel('Only what depends on one reader').check()
    await readerField(page).selectOption('alice')
    expect(await shownFiles(page)).toEqual([])
    await readerField(page).selectOption('carol')
    expect(await shownFiles(page)).toEqual(['a.yaml'])
  })
})

describe('the address', () => {
  test('keeps the filter, and whoever opens it sees the same', async () => {
    const page = await open(write(small))
    await readerField(page).selectOption('bob')
    await page.getByLabel('Environment').selectOption('prod')
    await page.getByLabel('Path contains').fill('t&=l#s')
    await page.getByLabel('Path contains').fill('tls')
    expect(await page.getByText('Without JavaScript').isVisible()).toBe(false)
    const other = await open(page.url())
    expect(await shownFiles(other)).toEqual(['prod/tls.yaml'])
    expect(await other.getByLabel('Path contains').inputValue()).toBe('tls')
    await other.getByRole('button', { name: 'Show all' }).click()
    await other.waitForURL((url) => url.hash === '')
    expect(await shownFiles(other)).toHaveLength(5)
  })

  test('of someone who is not on the map shows nothing, not everything', async () => {
    const page = await open(`${write(small)}#reader=owner%3Amallory`)
    expect(await shownFiles(page)).toEqual([])
    expect(await page.getByRole('status').textContent()).toBe('0 of 5 files shown (reader: owner:mallory (not here)).')
  })

  test('a number in the table of readers is a link to its files, and back leads back', async () => {
    const page = await open(write(small))
    await page.getByRole('row', { name: /^bob/ }).getByRole('link', { name: '2' }).click()
    await page.getByText('2 of 5 files shown').waitFor()
    expect(await shownFiles(page)).toEqual(['prod/db.yaml', 'prod/tls.yaml'])
    await page.goBack()
    await page.getByText('All 5 files').waitFor()
    expect(await shownFiles(page)).toHaveLength(5)
  })
})

describe('the keyboard', () => {
  test('leads from the skip links through every filter, each with a focus that is seen', async () => {
    const page = await open(write(small))
    const seen: string[] = []
    for (let step = 0; step < 9; step += 1) {
      await page.keyboard.press('Tab')
      seen.push(await page.evaluate<string>(`(() => {
        const active = document.activeElement
        const { outlineStyle, outlineWidth } = getComputedStyle(active)
        const box = active.getBoundingClientRect()
        const isSeen = outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2 && box.top >= 0 && box.width > 0
        return (active.name || active.textContent) + (isSeen ? '' : ' (not seen)')
      })()`))
    }
    expect(seen).toEqual([
      'Skip to the readers', 'Skip to the files', 'What this page does not know',
      'reader', 'environment', 'key', 'path', 'lone', 'Show all',
    ])
  })

  test('a skip link moves the focus and leaves the filter in the address', async () => {
    const page = await open(`${write(small)}#environment=prod`)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('files')
    await page.getByRole('link', { name: 'What this page does not know' }).click()
    expect(await page.evaluate('document.activeElement.id')).toBe('limits')
    expect(new URL(page.url()).hash).toBe('#environment=prod')
    expect(await shownFiles(page)).toHaveLength(3)
  })
})

describe('everyone can use it', () => {
  const wide = { width: 1280, height: 900 }
  test.each<[string, BrowserContextOptions]>([
    ['light', { colorScheme: 'light', viewport: wide }],
    ['dark', { colorScheme: 'dark', viewport: wide }],
    ['light, on a phone', { colorScheme: 'light', viewport: { width: 375, height: 812 } }],
    ['dark, on a phone', { colorScheme: 'dark', viewport: { width: 375, height: 812 } }],
  ])('%s: axe finds nothing, and nothing is wider than the screen', async (_, options) => {
    const survey = companySurvey(8, 4)
    const vault = { kind: 'hc_vault', id: `https://${'vault'.repeat(12)}.example.com/v1/transit/keys/k` } as const
    const long = encryptedTo(`qa/${'long'.repeat(50)}.yaml`, [[alice], [bob, vault]])
    const page = await open(write({ ...survey, others: [long], damaged: [{ path: 'x.yaml', damage: 'it is damaged' }] }), options)
    await page.evaluate(axe.source)
    for (const [filter, status] of [['', 'All 10 files'], ['#reader=owner%3Amallory', '0 of 10 files']] as const) {
      await page.evaluate(`location.hash = '${filter}'`)
      await page.getByText(status).waitFor()
      const found = await page.evaluate<AxeResults>('axe.run()')
      expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
      // So that an empty answer means something.
      expect(found.passes.map(({ id }) => id)).toEqual(expect.arrayContaining(['color-contrast', 'label', 'select-name']))
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
    }
    // Not every browser lets the keyboard scroll what says nothing of it.
    expect(await page.locator('.scroll[tabindex="0"]').count()).toBe(1)
  })

  test.each([1280, 390])('the table of readers ends in the middle of a row where there are more, %i wide', async (width) => {
    const page = await open(write(companySurvey(400, 12)), { viewport: { width, height: 900 } })
    const seen = await page.evaluate<number>(`(() => {
      const { bottom } = document.querySelector('.scroll').getBoundingClientRect()
      const boxes = [...document.querySelectorAll('.overview tbody tr')].map((row) => row.getBoundingClientRect())
      const last = boxes.find((box) => box.bottom > bottom)
      return (bottom - last.top) / last.height
    })()`)
    expect([seen > 0.4, seen < 0.8]).toEqual([true, true])
  })

  test('dark is dark, and paper is white whatever the screen is', async () => {
    const page = await open(write(small), { colorScheme: 'dark' })
    const back = async (): Promise<string> => await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    expect(await back()).toBe('rgb(13, 17, 23)')
    await page.emulateMedia({ media: 'print' })
    expect(await back()).toBe('rgb(255, 255, 255)')
    expect(await page.locator('form').isVisible()).toBe(false)
    expect(await shownFiles(page)).toHaveLength(5)
    expect((await page.pdf()).length).toBeGreaterThan(1000)
  })

  test('without JavaScript every row stands there, and no filter that does nothing', async () => {
    const page = await open(write(small), { javaScriptEnabled: false })
    expect(await page.locator('.map .files li:visible').allTextContents())
      .toEqual(['notes.yaml', 'db.yaml', 'db.yaml', 'tls.yaml', 'root.yaml'])
    expect(await page.locator('form').isVisible()).toBe(false)
    expect(await page.getByText('Without JavaScript this page shows everything').isVisible()).toBe(true)
  })
})

describe('hostile names', () => {
  const hostile = [
    '</script><script>alert(1)</script>', '<img src=x onerror=alert(2)>', '"><svg onload=alert(3)>', "' onmouseover='alert(4)",
    '</td></table><h1>x',
    '</style><script>alert(5)</script>', '<!--', '&lt;b&gt;', 'javascript:alert(6)', '${alert(7)}', '`', '\\', ']]>',
    'evil\u202egnp.yaml', 'a\nb\tc\0',
    'עברית', '__proto__', 'constructor', '\u2028', '%3Cscript%3E', '#reader=x&environment=prod', '\ud800', '::error::x',
  ]

  test('are text and nothing else, in files, folders, owners and keys', async () => {
    const files = hostile.map((name, at) => encryptedTo(
      `${name.replaceAll('/', '∕')}/${name}`, [ageKey(at), { kind: 'hc_vault', id: `https://x/v1/${name}/keys/k` }],
    ))
    const page = await open(write(surveyOf(files, hostile.map((name, at) => owned(name, ageKey(at))), {
      damaged: hostile.map((name) => ({ path: name, damage: name })), base: hostile.join(''),
    })))
    expect(await page.locator('script').count()).toBe(1)
    expect(await page.locator('img, svg, h1:nth-of-type(2), [onerror], [onload], [onmouseover], td td').count()).toBe(0)
    expect(await page.locator('.map .files li').count()).toBe(hostile.length)
    // Letters that run from right to left stay inside their own name.
    const bare = '.files li:not(:has(> bdi)), .readers li:not(:has(> bdi)), tbody th:not(:has(bdi))'
    expect(await page.locator(bare).count()).toBe(0)
    const options = await readerField(page).locator('option').allTextContents()
    expect(options).toEqual(expect.arrayContaining(['<img src=x onerror=alert(2)>', '&lt;b&gt;', '__proto__']))
    // Every one of them can be asked for, and the address that this makes be opened.
    for (const option of options) {
      await readerField(page).selectOption({ label: option })
      const files = await shownFiles(page)
      expect(files.length).toBeGreaterThan(0)
    }
    const other = await open(page.url())
    expect(await shownFiles(other)).toEqual(await shownFiles(page))
    expect(complaints).toEqual([])
    expect(await page.evaluate('document.body.innerText')).not.toMatch(/[\u202e\u2028\0]/)
  })

  test('a fragment that was made up is text too', async () => {
    const image = encodeURIComponent('<img src=x onerror=alert(1)>')
    const page = await open(`${write(small)}#reader=${image}&environment=%E0%A4%A&path=<script>alert(2)</script>`)
    expect(await page.locator('img').count()).toBe(0)
    expect(await shownFiles(page)).toEqual([])
    expect(complaints).toEqual([])
  })
})

describe('the network', () => {
  test('nothing but the file itself is asked for, and the policy stops whatever would be', async () => {
    const reached: string[] = []
    const server = createServer(({ url }, response) => {
      reached.push(url ?? '')
      response.setHeader('access-control-allow-origin', '*').end('x')
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const map = write(small)
      const page = await open(map)
      await readerField(page).selectOption('bob')
      await readerField(page).selectOption('')
      expect(requests).toEqual([map])
      expect(complaints).toEqual([])
      const outcome = await page.evaluate(`(async (target) => {
        const fetched = await fetch(target + '/fetch').then(() => 'reached', () => 'stopped')
        const loaded = await new Promise((done) => {
          const image = new Image()
          image.onload = image.onerror = (event) => done(event.type)
          image.src = target + '/image'
        })
        const form = document.body.appendChild(document.createElement('form'))
        form.action = target + '/form'
        form.submit()
        navigator.sendBeacon(target + '/beacon')
        return { fetched, loaded }
      })('${address}')`)
      expect(outcome).toEqual({ fetched: 'stopped', loaded: 'error' })
      await page.waitForTimeout(300)
      expect(page.url()).toBe(map)
      expect(reached).toEqual([])
    } finally {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    }
  })
})

test('5,000 files of 60 people are there, and a letter typed finds one', async () => {
  const address = write(companySurvey(5000, 60))
  const page = await open(address)
  await page.getByLabel('Path contains').waitFor()
  await page.getByLabel('Path contains').fill('-4999.')
  expect(await shownFiles(page)).toHaveLength(1)
})
