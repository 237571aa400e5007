// What someone who left can do with what he kept: his age key, and the old files in his clone. With and without a rotation.
// Works on a JSON file, because there the metadata is data.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Company } from './company.ts'
import { withoutBob } from './company.ts'
import { claim, heading, say } from './page.ts'

const path = 'prod/api.json'
const later = 'set after bob left'

interface SopsJson {
  readonly sops: { readonly age: readonly { readonly recipient: string }[] }
}

interface Attempt {
  /** How sops exits on the whole file; 25: a value does not belong to the data key. */
  readonly exitCode: number | null
  /** All that was to be had, also of the one later value, and without the MAC being looked at. */
  readonly gained: string
}

/** Puts bob's stanza of `old`, which wraps the data key the file had, into the file of `folder`, and tries his key on that. */
async function splice(company: Company, folder: string, old: string): Promise<Attempt> {
  const ofBob = ({ recipient }: { readonly recipient: string }): boolean => recipient === company.bob.recipient
  const stanza = (JSON.parse(old) as SopsJson).sops.age.filter(ofBob)
  if (stanza.length !== 1) throw new Error(`bob could not read the old ${path}.`)
  const fresh = JSON.parse(readFileSync(join(folder, path), 'utf8')) as SopsJson
  const age = [...stanza, ...fresh.sops.age.filter((one) => !ofBob(one))]
  writeFileSync(join(folder, 'spliced.json'), JSON.stringify({ ...fresh, sops: { ...fresh.sops, age } }))

  const bob = company.readers.bob
  const whole = await company.run(bob, ['decrypt', 'spliced.json'], folder)
  const unchecked = await company.run(bob, ['decrypt', '--ignore-mac', 'spliced.json'], folder)
  const value = await company.run(bob, ['decrypt', '--ignore-mac', '--extract', '["later"]', 'spliced.json'], folder)
  return { exitCode: whole.exitCode, gained: whole.stdout + unchecked.stdout + value.stdout }
}

/** alice sets a value, as on any other day. */
async function setLaterValue(company: Company, folder: string): Promise<void> {
  await company.succeed(company.readers.alice, ['set', path, '["later"]', JSON.stringify(later)], folder)
}

/** Tries it on `merged`, a clone with the pull request merged, and on a clone in which only updatekeys was run. */
export async function tryOldKey(company: Company, merged: string): Promise<void> {
  heading('What bob can do with what he kept: his key, and the old files in his clone')
  say(`He puts his old stanza of ${path}, which wraps the old data key, into the new file.\n`)
  const old = company.read(path)
  const seen = ({ exitCode, gained }: Attempt): string => `sops exits with ${exitCode ?? 'a signal'}; gained: ${gained}`

  say('After this action:')
  const now = await splice(company, merged, old)
  claim('it opens nothing: sops exits with 25, the values do not belong to his data key',
    now.exitCode === 25 && now.gained === '', seen(now))
  await setLaterValue(company, merged)
  const afterwards = await splice(company, merged, old)
  claim('nor a value that alice sets afterwards',
    afterwards.exitCode === 25 && afterwards.gained === '', seen(afterwards))

  say('\nAfter taking him out of .sops.yaml and `sops updatekeys` alone, for contrast:')
  const half = company.clone('main', 'updatekeys-alone')
  writeFileSync(join(half, '.sops.yaml'), withoutBob(readFileSync(join(half, '.sops.yaml'), 'utf8')))
  await company.succeed(company.readers.CI, ['updatekeys', '--yes', path], half)
  const direct = await company.run(company.readers.bob, ['decrypt', path], half)
  claim('his key does not open the file as it stands, so that all looks well',
    direct.exitCode === 128, `sops exits with ${direct.exitCode ?? 'a signal'}`)
  await setLaterValue(company, half)
  const leaked = await splice(company, half, old)
  claim('the same splice opens it, and with it the value that alice sets afterwards',
    leaked.exitCode === 0 && leaked.gained.includes(later), seen(leaked))
}
