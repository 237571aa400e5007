// The README says what action.yml says, and its workflow uses nothing else. SECURITY.md names tests that there are.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { partActions } from '../../scripts/part-actions.ts'
import { withTables } from '../../scripts/readme-tables.ts'

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const readme = read('README.md')
const action = read('action.yml')
const markers = '<!-- inputs -->\n<!-- /inputs -->\n<!-- outputs -->\n<!-- /outputs -->\n'

describe('the README', () => {
  test('has the tables that `npm run readme` writes', () => {
    expect(readme).toBe(withTables(readme, action))
  })

  test('uses in its workflow only inputs that there are', () => {
    const { inputs } = parse(action) as { inputs: object }
    const blocks = [...readme.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']) => text)
    const uses = blocks.filter((block) => block.includes('uses: OWNER/sops-rekey@v1'))
    expect(uses.length).toBeGreaterThan(0)
    for (const block of uses) {
      const { jobs } = parse(block) as { jobs: Record<string, { steps: { uses?: string; with?: object }[] }> }
      const steps = Object.values(jobs).flatMap((job) => job.steps).filter((step) => step.uses?.startsWith('OWNER/sops-rekey@'))
      expect(steps).toHaveLength(1)
      for (const step of steps) expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(step.with ?? {})))
    }
  })
})

test('SECURITY.md names a test for every threat, and each is there', () => {
  const rows = read('SECURITY.md').split('\n').filter((line) => line.startsWith('| ') && !/^\| (?:Threat|---) /.test(line))
  expect(rows.length).toBeGreaterThan(10)
  for (const row of rows) {
    const named = [...row.matchAll(/`([a-z]+\/[\w.-]+\.test\.ts)`: ((?:"[^"]+"(?:, )?)+)/g)]
    expect({ row, named: named.length > 0 }).toEqual({ row, named: true })
    for (const [, file = '', names = ''] of named) {
      for (const [, name = ''] of names.matchAll(/"([^"]+)"/g)) expect(read(`__tests__/${file}`)).toContain(name)
    }
  }
})

test('the parts of the action say what the whole one says: `npm run readme` writes them', () => {
  const parts = partActions(action)
  expect([...parts.keys()]).toEqual(['plan/action.yml', 'rotate/action.yml', 'publish/action.yml', 'check/action.yml'])
  for (const [path, text] of parts) expect([path, read(path)]).toEqual([path, text])
})

describe('the tables', () => {
  test('have a row each, on one line, in which a bar does not end the cell', () => {
    const text = 'inputs:\n  a:\n    description: "one\\ntwo | three"\n    default: x\noutputs:\n  b:\n    description: four\n'
    expect(withTables(`before\n${markers}after\n`, text)).toBe(`before
<!-- inputs -->
| Input | Default | Meaning |
| --- | --- | --- |
| \`a\` | \`x\` | one two \\| three |
<!-- /inputs -->
<!-- outputs -->
| Output | Meaning |
| --- | --- |
| \`b\` | four |
<!-- /outputs -->
after
`)
  })

  test('are written again without a trace of the old ones', () => {
    const once = withTables(markers, action)
    expect(withTables(once, action)).toBe(once)
    expect(withTables(once, 'inputs: {}\noutputs: {}\n')).not.toContain('removed-recipient')
  })

  test.each([
    ['is missing', markers.replace('<!-- /inputs -->\n', '')],
    ['stands twice', markers + markers],
    ['ends twice', markers.replace('<!-- /inputs -->\n', '<!-- /inputs -->\n<!-- /inputs -->\n')],
    ['comes too early', '<!-- /inputs -->\n<!-- inputs -->\n<!-- outputs -->\n<!-- /outputs -->\n'],
  ])('are not written where a marker %s', (_, text) => {
    expect(() => withTables(text, action)).toThrow(/<!-- inputs -->/)
  })
})
