// `npm run bench -- [case …] [--pairs N] [--full]`: measures the built action beside the guide's loop and prints a table.
// Works below TMPDIR, on whose disk much depends. Must end loudly where a side did not do its work: a bench of work not
// done is worth nothing.
import { execFileSync } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { sopsBinary } from '../__tests__/support/sops-binary.ts'
import { cases } from './cases.ts'
import type { Measurement } from './measurement.ts'
import { renderTable } from './measurement.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { pairs: { type: 'string', default: '3' }, full: { type: 'boolean', default: false } },
})
if (!/^[1-9]\d*$/.test(values.pairs)) throw new Error(`--pairs is "${values.pairs}"; write a number, like --pairs 5.`)
const unknown = positionals.filter((name) => !(name in cases))
if (unknown.length > 0) throw new Error(`There is no case ${unknown.join(', ')}; there are ${Object.keys(cases).join(', ')}.`)

const load = (): string => `load ${loadavg().map((one) => one.toFixed(2)).join(' ')}`
const [version = ''] = execFileSync(sopsBinary(), ['--disable-version-check', '--version'], { encoding: 'utf8' }).split('\n')
console.log(`${version}, node ${process.versions.node}, ${availableParallelism()} cores, ${load()}`)

const measurements: Measurement[] = []
for (const [name, measure] of Object.entries(cases)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  console.log(`${name} …`)
  measurements.push(...await measure({ pairs: Number(values.pairs), full: values.full, say: (line) => console.log(line) }))
}
console.log(`\n${renderTable(measurements)}\n\n${load()}`)
