// Finds or fetches a sops that is good enough, and says which one it is.
// Must never run a binary that the checkout supplies unasked, nor a download whose checksum it has not seen.
import { getExecOutput } from '@actions/exec'
import * as toolCache from '@actions/tool-cache'
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, chmod, open, realpath, rm, stat } from 'node:fs/promises'
import { basename, delimiter, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { Failure } from '../model/failure.ts'
import { officialReleases, pinnedVersion, releasesAddress, versionIn, versionRefusal } from './sops-releases.ts'
import type { ReleaseTable } from './sops-releases.ts'

export interface SopsWanted {
  /** The checkout's root: nothing below it is taken for sops, unless `sopsPath` says so. */
  readonly workspace: string
  /** The PATH to search, as the operating system spells it. */
  readonly pathVariable: string
  /** A binary to use as it is, relative to the workspace or absolute. */
  readonly sopsPath?: string | null
  /** The release to fetch where PATH has nothing acceptable. */
  readonly version?: string
  readonly platform?: NodeJS.Platform
  readonly arch?: string
  /** Where releases are fetched from; below it `v<version>/<asset>`. */
  readonly releases?: string
  readonly table?: ReleaseTable
}

export interface SopsBinary {
  /** Absolute. */
  readonly path: string
  /** Like `3.13.3`. */
  readonly version: string
  readonly sha256: string
  readonly from: 'sops-path' | 'PATH' | 'tool-cache' | 'download'
}

const toolName = 'sops-rekey-sops' // our own place in the tool cache: other actions keep other layouts under `sops`

/**
 * In this order: `sopsPath`; the first acceptable sops on PATH; the tool cache; the official release.
 * Throws Failure `input` (a version without checksums), `sops-missing` (none acceptable, and what was found where)
 * or `sops-checksum` (a cached or downloaded file is not the release's).
 */
export async function installSops(wanted: SopsWanted): Promise<SopsBinary> {
  const { version = pinnedVersion, table = officialReleases } = wanted
  if (!Object.hasOwn(table, version) || versionRefusal(version) !== null) {
    throw new Failure('input', `\`sops-version\` is ${version}, which has no checksums here.`, {
      advice: `Give one of ${Object.keys(table).join(', ')}, or name a binary in \`sops-path\`.`,
    })
  }
  if (wanted.sopsPath) return named(resolve(wanted.workspace, wanted.sopsPath))
  const rejected: string[] = []
  return (await onPath(wanted, rejected)) ?? (await release(wanted, version, table, rejected))
}

async function named(path: string): Promise<SopsBinary> {
  const checked = await check(path)
  if (typeof checked !== 'string') return { ...checked, from: 'sops-path' }
  throw new Failure('sops-missing', `\`sops-path\`: ${checked}.`, {
    advice: 'Name a sops of version 3.10.2 or newer, other than 3.13.2.',
  })
}

/** The first acceptable sops on PATH, or null; adds to `rejected` what was found and not taken. */
async function onPath(wanted: SopsWanted, rejected: string[]): Promise<SopsBinary | null> {
  const name = (wanted.platform ?? process.platform) === 'win32' ? 'sops.exe' : 'sops'
  for (const folder of wanted.pathVariable.split(delimiter)) {
    if (!isAbsolute(folder)) continue // relative to the working directory, which is the checkout
    const path = join(folder, name)
    if (!(await isExecutable(path))) continue
    if (await isFromCheckout(path, wanted.workspace)) {
      rejected.push(`${path} comes from the checkout`)
      continue
    }
    const checked = await check(path)
    if (typeof checked !== 'string') return { ...checked, from: 'PATH' }
    rejected.push(checked)
  }
  return null
}

async function release(
  wanted: SopsWanted,
  version: string,
  table: ReleaseTable,
  rejected: readonly string[],
): Promise<SopsBinary> {
  const { platform = process.platform, arch = process.arch, releases = releasesAddress } = wanted
  const missing = (what: string, cause?: unknown): Failure =>
    new Failure('sops-missing', [`No acceptable sops on PATH${list(rejected)}.`, what].join(' '), {
      advice: 'Put sops 3.10.2 or newer (not 3.13.2) on PATH, or name one in `sops-path`.',
      cause,
    })
  const entry = table[version]?.[`${platform}-${arch}`]
  if (entry === undefined) throw missing(`sops ${version} is not downloaded: no checksum is known for ${platform} ${arch}.`)
  const name = platform === 'win32' ? 'sops.exe' : 'sops'
  const found = { version, sha256: entry.sha256 }
  const url = `${releases}/v${version}/${entry.asset}`

  const cached = toolCache.find(toolName, version, arch)
  if (cached !== '') {
    const path = join(cached, name)
    await expectChecksum(path, entry.sha256, `The cached ${path}`, `Delete ${cached} and run again.`)
    return { ...found, path, from: 'tool-cache' }
  }

  const file = await toolCache.downloadTool(url).catch((cause: unknown) => {
    throw missing(`sops ${version} could not be downloaded from ${url}: ${sentence(cause)}.`, cause)
  })
  try {
    await expectChecksum(file, entry.sha256, `What ${url} serves`, 'Do not use it; find out who changed it.')
    await chmod(file, 0o755)
    const path = join(await toolCache.cacheFile(file, name, toolName, version, arch), name)
    return { ...found, path, from: 'download' }
  } finally {
    await rm(file, { force: true })
  }
}

async function expectChecksum(path: string, wanted: string, what: string, advice: string): Promise<void> {
  const actual = await sha256(path).catch(() => 'unreadable')
  if (actual === wanted) return
  throw new Failure('sops-checksum', `${what} is not the official release: its SHA-256 is ${actual}, not ${wanted}.`, { advice })
}

/** The binary with its version and checksum, or what is wrong with it as a clause. */
async function check(path: string): Promise<Omit<SopsBinary, 'from'> | string> {
  const version = await versionOf(path)
  if (version === null) return `${path} is no sops that runs`
  const refusal = versionRefusal(version)
  return refusal === null ? { path, version, sha256: await sha256(path) } : `${path} is sops ${version}, ${refusal}`
}

/** null where it does not run or is not sops. Both flag and variable, because without them sops calls home. */
async function versionOf(path: string): Promise<string | null> {
  const { SystemRoot } = process.env // without it no program starts on Windows
  const env = { SOPS_DISABLE_VERSION_CHECK: '1', ...(SystemRoot === undefined ? {} : { SystemRoot }) }
  try {
    const command = `"${path.replaceAll('"', '\\"')}"` // exec splits its first argument like a shell
    const { stdout } = await getExecOutput(command, ['--version', '--disable-version-check'], { env, silent: true })
    return versionIn(stdout)
  } catch {
    return null
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/** Whether the name or what it leads to lies in the checkout, or where packages put their programs. */
async function isFromCheckout(path: string, workspace: string): Promise<boolean> {
  const root = await realpath(workspace)
  for (const place of [join(await realpath(dirname(path)), basename(path)), await realpath(path)]) {
    if (`${sep}${place}`.includes(join(sep, 'node_modules', '.bin', sep))) return true
    const way = relative(root, place)
    if (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)) return true
  }
  return false
}

/** Through one buffer: a stream would leave the whole binary to the garbage collector. */
async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.alloc(1024 * 1024)
  await using file = await open(path)
  for (;;) {
    const { bytesRead } = await file.read(buffer)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, bytesRead))
  }
}

function list(rejected: readonly string[]): string {
  return rejected.length === 0 ? '' : ` (${rejected.join('; ')})`
}

function sentence(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
