// Development only: draws a Markdown file as a picture, roughly as GitHub would show it, so that a person can look at it.
// Must never be called by the product.
import { readFileSync } from 'node:fs'
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'
import { startBrowser } from '../__tests__/support/browser.ts'

const style = `
  body { font: 14px/1.5 "Noto Sans", "DejaVu Sans", sans-serif; color: #1f2328 }
  body { max-width: 860px; margin: 24px auto; padding: 0 24px }
  h2, h3 { margin: 24px 0 12px; padding-bottom: 4px; line-height: 1.25 }
  h2 { border-bottom: 1px solid #d1d9e0 }
  p, ul, pre, table { margin: 0 0 14px }
  ul { padding-left: 28px }
  li:has(> input) { list-style: none; margin-left: -20px }
  code { font: 12px "Noto Sans Mono", "DejaVu Sans Mono", monospace; background: #eff1f3; border-radius: 6px; padding: 2px 5px }
  pre { background: #f6f8fa; border-radius: 6px; padding: 12px; overflow: auto }
  pre code { background: none; padding: 0 }
  table { border-collapse: collapse; display: block; overflow: auto }
  th, td { border: 1px solid #d1d9e0; padding: 5px 12px; text-align: left }
  tr:nth-child(even) td { background: #f6f8fa }
`

const usage = 'Usage: node scripts/render-markdown.ts FILE.md PICTURE.png [width] [height]'
const [source, picture, width = '960', height = '1600'] = process.argv.slice(2)
if (source === undefined || picture === undefined) throw new Error(usage)

const options = { allowDangerousHtml: true, extensions: [gfm()], htmlExtensions: [gfmHtml()] }
const body = micromark(readFileSync(source, 'utf8'), options)
const browser = await startBrowser()
try {
  const page = await browser.newPage({ viewport: { width: Number(width), height: Number(height) } })
  await page.setContent(`<!doctype html><meta charset="utf-8"><style>${style}</style>${body}`)
  await page.screenshot({ path: picture, fullPage: true })
} finally {
  await browser.close()
}
