// A real headless browser, the one that `npm run browser` fetched; nothing from PATH.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { chromium } from 'playwright-core'

const program = resolve(import.meta.dirname, '../../.sops-bin/chromium')

/** Throws where it was not fetched. */
export async function startBrowser(): Promise<Browser> {
  if (!existsSync(program)) throw new Error('There is no browser to test with. Fetch it with `npm run browser`.')
  return await chromium.launch({ executablePath: program })
}

/**
 * The paths that are to be seen on the page of an access map, in its order. What runs in the page is text, because Node's types
 * know no document.
 */
export async function shownFiles(page: Page): Promise<readonly string[]> {
  return await page.evaluate<string[]>(`[...document.querySelectorAll('.map .files li')].filter((item) => item.checkVisibility())
    .map((item) => item.closest('tbody').dataset.folder + item.textContent)`)
}
