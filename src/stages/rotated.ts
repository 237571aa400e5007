// Verified ciphertext that travels from the job that rotated it to the job that publishes it, in a folder of its own.
// Must never carry plaintext or a key, nor be believed: whoever takes it proves every file again.
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../model/failure.ts'
import type { Plan } from '../model/plan/plan.ts'
import { count } from '../model/markdown/markdown-paths.ts'
import { visible } from '../model/safe-text.ts'
import type { Shard } from '../model/plan/shard.ts'
import type { Git } from '../tools/git.ts'
import type { Log } from '../tools/log.ts'
import type { Sops } from '../tools/sops.ts'
import { sha256Of } from '../tools/staging.ts'
import type { Staging } from '../tools/staging.ts'
import { inParallel } from './in-parallel.ts'
import { nothingKept, sayKept } from './publishing/kept.ts'
import type { Kept } from './publishing/kept.ts'
import { assertKnownHead } from './publishing/known-head.ts'
import type { Publisher } from './publishing/publish.ts'
import { nothingPublished } from './publishing/publish.ts'
import type { Rekeyed } from './rotate.ts'

/** What a job rotated, for whom. Files stand beside it under the SHA-256 of their bytes: an artifact takes few names. */
interface Manifest {
  readonly schema: 1
  /** SHA-256 of the plan's identity. */
  readonly plan: string
  readonly base: string
  readonly files: Readonly<Record<string, string>>
}

const manifestName = /^sops-rekey-rotated-\d+-of-\d+\.json$/
const sha256 = /^[0-9a-f]{64}$/

/** Leaves the rotated files of a shard in `folder`, and touches nothing else. `startedFor` as in `assertKnownHead`. */
export function folderPublisher(git: Git, folder: string, { index, of }: Shard, startedFor: string | null): Publisher {
  let [plan, base] = ['', '']
  return {
    find: async (planned) => {
      ;[plan, base] = [sha256Of(planned.identity), planned.base]
      await assertKnownHead(git, base, startedFor)
      return null
    },
    earlier: () => Promise.resolve(nothingKept),
    settle: () => Promise.resolve(null),
    publish: async (verified, staging) => {
      mkdirSync(folder, { recursive: true })
      const files: Record<string, string> = {}
      for (const { planned: { file: { path } } } of verified.files) {
        const bytes = staging.read(path)
        files[path] = sha256Of(bytes)
        writeFileSync(join(folder, files[path]), bytes)
      }
      const manifest: Manifest = { schema: 1, plan, base, files }
      writeFileSync(join(folder, `sops-rekey-rotated-${index}-of-${of}.json`), `${JSON.stringify(manifest)}\n`)
      return await Promise.resolve(nothingPublished)
    },
  }
}

/**
 * Puts what other jobs rotated, found in `folder` or the folders right below it, in the place of the staged files, after each
 * of these was decrypted as it is; `kept` goes before it, so that what was published stays as it is. Throws `rotated-missing` where
 * the folder does not hold exactly what `plan` needs.
 */
export async function takeRotated(
  sops: Sops, staging: Staging, plan: Plan, identity: string, base: string, folder: string, kept: Kept, atOnce: number, log: Log,
): Promise<Rekeyed> {
  const rotated = readRotated(folder, sha256Of(identity), base)
  const missing = plan.changes.filter(({ file: { path } }) => !rotated.has(path)).map(({ file: { path } }) => path)
  const planned = new Set(plan.changes.map(({ file: { path } }) => path))
  const foreign = [...rotated.keys()].filter((path) => !planned.has(path))
  if (missing.length + foreign.length > 0) {
    const [what, path = ''] = missing.length > 0 ? [`lacks ${missing.length} of the ${planned.size} files of this plan`, missing[0]]
      : [`holds ${foreign.length} files that are not in this plan`, foreign[0]]
    throw unusable(folder, `${what}, like ${visible(path)}`)
  }
  const plaintextBefore = await log.group(`Decrypt ${count(plan.changes.length, 'file')} as they are`, async () => {
    const done = log.progress(plan.changes.length)
    return new Map(await inParallel(plan.changes, atOnce, async ({ file }) => {
      const digest = await sops.plaintextDigest(file)
      done(file.path)
      return [file.path, digest] as const
    }))
  })
  sayKept(kept, log)
  for (const [path, place] of rotated) staging.write(path, { bytes: kept.get(path) ?? place.read(), executable: false })
  return { plan, plaintextBefore, folder }
}

interface RotatedFile {
  readonly read: () => Buffer
}

function readRotated(folder: string, plan: string, base: string): ReadonlyMap<string, RotatedFile> {
  const found = new Map<string, RotatedFile>()
  for (const place of foldersIn(folder)) {
    for (const name of readdirSync(place).filter((one) => manifestName.test(one))) {
      const manifest = readManifest(join(place, name))
      if (manifest === null) throw unusable(folder, `has a ${visible(name)} that is no list of rotated files`)
      if (manifest.plan !== plan || manifest.base !== base) {
        const why = manifest.base === base ? 'it was made at the same commit, but from other inputs, or before one more file was due'
          : `it was made at ${visible(manifest.base.slice(0, 12))}, and this run stands on ${base.slice(0, 12)}`
        throw unusable(folder, `is of another plan: ${why}`)
      }
      for (const [path, digest] of Object.entries(manifest.files)) {
        if (found.has(path)) throw unusable(folder, `holds ${visible(path)} twice`)
        found.set(path, {
          read: () => {
            const bytes = bytesOf(join(place, digest))
            if (bytes === null) throw unusable(folder, `lacks the bytes of ${visible(path)}, which its list names`)
            if (sha256Of(bytes) !== digest) throw unusable(folder, `holds other bytes for ${visible(path)} than its list says`)
            return bytes
          },
        })
      }
    }
  }
  return found
}

/** null where there is no file. A link is none: it could lead to what never ends. */
function bytesOf(path: string): Buffer | null {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(path) : null
}

function foldersIn(folder: string): readonly string[] {
  try {
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name))
    return [folder, ...below]
  } catch (cause) {
    throw new Failure('input', `The input \`rotated-path\` names ${visible(folder)}, which is not there.`, { advice: 'Download the artifacts of the rotate jobs to it first.', cause })
  }
}

function readManifest(path: string): Manifest | null {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<Manifest>
    const { schema, plan, base, files } = value
    const whole = schema === 1 && typeof plan === 'string' && typeof base === 'string' && typeof files === 'object'
      && Object.values(files).every((digest) => sha256.test(digest))
    return whole ? { schema, plan, base, files } : null
  } catch {
    return null
  }
}

function unusable(folder: string, what: string): Failure {
  return new Failure('rotated-missing', `The folder ${visible(folder)} ${what}.`, {
    advice: 'Run all jobs of the workflow again, on one commit and with the same inputs.',
  })
}
