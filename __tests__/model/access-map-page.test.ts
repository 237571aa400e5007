import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { accessMap } from '../../src/model/access/access-map.ts'
import { accessMapPage } from '../../src/model/access/access-map-page.ts'
import { script, scriptHash } from '../../src/model/access/access-map-script.ts'
import { style, styleHash } from '../../src/model/access/access-map-style.ts'
import { ageKey, companySurvey, encryptedTo, owned, surveyOf } from '../support/access-maps.ts'

const context = { repository: 'acme/infra', madeAt: '2026-11-24T01:02:03.456Z' }
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64')

describe('what the page is made of', () => {
  test('the hashes of its policy are those of its style and its script, so that a browser lets them work', () => {
    expect({ styleHash, scriptHash }).toEqual({ styleHash: sha256(style), scriptHash: sha256(script) })
    const page = accessMapPage(accessMap(companySurvey(5, 3)), context)
    expect(page).toContain(`<style>${style}</style>`)
    expect(page).toContain(`<script type="module">${script}</script>`)
    expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style>'))
  })

  test('its code is under 20 KB, names no address and makes no markup of text', () => {
    expect(style.length + script.length).toBeLessThan(20_000)
    const page = accessMapPage(accessMap(companySurvey(5, 3)), context)
    expect(page).not.toMatch(/https?:|\bsrc=|<link|url\(|@import| style=| on[a-z]+=/)
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function|fetch|import/)
  })

  test('the same map gives the same page, and 5,000 files of 60 people one of less than 2 MB', () => {
    const map = accessMap(companySurvey(5000, 60))
    const page = accessMapPage(map, context)
    expect(page.length).toBeLessThan(2_000_000)
    expect(accessMapPage(map, context)).toBe(page)
  })
})

describe('what stands on it', () => {
  test('commit, time and repository; without a name for the repository, none', () => {
    const map = accessMap(companySurvey(5, 3))
    const page = accessMapPage(map, context)
    expect(page).toContain('<h1>Who can read what in acme/infra</h1>')
    expect(page).toContain(`Commit <code>${map.base}</code>, `)
    expect(page).toContain('<time datetime="2026-11-24T01:02:03.456Z">2026-11-24 01:02:03 UTC</time>')
    expect(accessMapPage(map, { ...context, repository: null })).toContain('<h1>Who can read what</h1>')
  })

  test('what the map does not know, as far as it is about this map', () => {
    const people = accessMapPage(accessMap(surveyOf([encryptedTo('a.yaml', [ageKey(1), ageKey(2)])], [])), context)
    expect(people).toContain('Older commits stay readable')
    expect(people).not.toMatch(/IAM|several groups|could not be read/)
    const huawei = { kind: 'hckms', id: 'tr-west-1:6b1c8a3e-1d5e-4a8e-9d1c-0c2f0f5a7b11' } as const
    const all = accessMapPage(accessMap(surveyOf([encryptedTo('a.yaml', [[ageKey(1)], [huawei]])], [], {
      damaged: [{ path: 'x<y>.yaml', damage: 'it "ends" too early' }],
    })), context)
    expect(all).toContain('the service decides (in IAM) who may use it')
    expect(all).toContain('needs 2 of 2 key groups')
    expect(all).toContain('1 file may hold secrets and could not be read')
    expect(all).toContain('<bdi>x&lt;y&gt;.yaml</bdi>: it &quot;ends&quot; too early')
  })

  test('no private key that somebody wrote where a name belongs', () => {
    const secret = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`
    const survey = surveyOf([encryptedTo(`${secret}.yaml`, [ageKey(1)])], [owned(`bob ${secret}`, ageKey(1))])
    const page = accessMapPage(accessMap(survey), context)
    expect(page).not.toContain('AGE-SECRET-KEY')
    expect(page).toContain('(a private key)')
  })

  test('a map of nothing is a page all the same', () => {
    expect(accessMapPage(accessMap(surveyOf([], [])), context)).toContain('0 encrypted files')
  })
})
