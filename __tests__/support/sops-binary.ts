// Which sops the tests run. Must never fall back to one that happens to be on PATH: a run names its sops.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

const fetched = resolve(import.meta.dirname, '../../.sops-bin/sops')

/** The absolute path of the sops to test with: SOPS_REKEY_TEST_SOPS, else what `npm run sops` fetched. Throws without either. */
export function sopsBinary(): string {
  const named = process.env.SOPS_REKEY_TEST_SOPS
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`SOPS_REKEY_TEST_SOPS names ${named}, which is not there.`)
    return resolve(named)
  }
  if (existsSync(fetched)) return fetched
  throw new Error('There is no sops to test with. Fetch one with `npm run sops`, or name one in SOPS_REKEY_TEST_SOPS.')
}
