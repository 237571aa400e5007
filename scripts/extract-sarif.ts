// Cuts the published JSON schema of SARIF 2.1.0 down to what a validator needs: no descriptions.
// Must never weaken a rule: what is required, allowed and of which type stays as published.
// Use: npm i --prefix "$(mktemp -d)" @microsoft/jest-sarif, then
// node scripts/extract-sarif.ts FOLDER/node_modules/@microsoft/jest-sarif __tests__/support/fixtures/sarif-2.1.0.json
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [packageFolder, target] = process.argv.slice(2)
if (packageFolder === undefined || target === undefined) {
  throw new Error('Wanted: the folder of @microsoft/jest-sarif, and the file to write.')
}
const text = readFileSync(join(packageFolder, 'lib/schemas/sarif-2.1.0-rtm.5.json'), 'utf8')
const source = JSON.parse(text) as Readonly<Record<string, unknown>>

/** Below `properties` and `definitions`, what is called `description` is a name. */
function cut(value: unknown, names: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => cut(item, false))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => names || name !== 'description')
    .map(([name, item]) => [name, cut(item, !names && (name === 'properties' || name === 'definitions'))]))
}

// A dialect that validators of today no longer know; nothing in this schema is read otherwise in the newer ones.
const rest = Object.entries(source).filter(([name]) => name !== '$schema' && name !== 'id')
writeFileSync(target, `${JSON.stringify(cut(Object.fromEntries(rest), false))}\n`)
