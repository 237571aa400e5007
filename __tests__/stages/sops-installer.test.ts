import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { FailureCode } from '../../src/model/failure.ts'
import { installSops } from '../../src/tools/sops-installer.ts'
import type { SopsWanted } from '../../src/tools/sops-installer.ts'
import { officialReleases, versionIn, versionRefusal } from '../../src/tools/sops-releases.ts'
import { sopsBinary } from '../support/sops-binary.ts'

let root: string
let workspace: string
let bin: string
let requests: string[]
let served: Buffer
let server: Server
let wanted: SopsWanted

const script = (version: string): string => `#!/bin/sh\necho 'sops ${version}'\n`
const digest = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')
const official = Buffer.from(script('3.13.3 (latest)'))
const before = { cache: process.env.RUNNER_TOOL_CACHE, temp: process.env.RUNNER_TEMP }

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'sops rekey-install-')))
  workspace = join(root, 'checkout')
  bin = join(root, 'bin')
  await Promise.all([mkdir(workspace), mkdir(bin), mkdir(join(root, 'temp'))])
  process.env.RUNNER_TOOL_CACHE = join(root, 'cache')
  process.env.RUNNER_TEMP = join(root, 'temp')
  requests = []
  served = official
  server = createServer((request, response) => {
    requests.push(request.url ?? '')
    if (request.url?.endsWith('/asset') === true) response.end(served)
    else response.writeHead(404).end()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  wanted = {
    workspace,
    pathVariable: bin,
    platform: 'linux',
    arch: 'x64',
    releases: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    table: { '3.13.3': { 'linux-x64': { asset: 'asset', sha256: digest(official) } } },
  }
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  process.env.RUNNER_TOOL_CACHE = before.cache ?? ''
  process.env.RUNNER_TEMP = before.temp ?? ''
  await rm(root, { recursive: true })
})

async function program(folder: string, content: string): Promise<string> {
  const path = join(folder, 'sops')
  await mkdir(folder, { recursive: true })
  await writeFile(path, content)
  await chmod(path, 0o755)
  return path
}

async function refusal(promise: Promise<unknown>, code: FailureCode): Promise<string> {
  const error: unknown = await promise.then(() => null, (reason: unknown) => reason)
  expect(error).toMatchObject({ name: 'Failure', code })
  return (error as Error).message
}

describe('a sops that is there', () => {
  test('is the real one of PATH, with its version and checksum, and nothing is fetched', async () => {
    const path = join(bin, 'sops')
    await copyFile(sopsBinary(), path)
    await chmod(path, 0o755)
    const sops = await installSops(wanted)
    expect(sops).toEqual({ path, version: sops.version, sha256: digest(await readFile(path)), from: 'PATH' })
    expect(sops.version).toMatch(/^3\.1\d\.\d+$/)
    expect(requests).toEqual([])
  })

  test('further along PATH is taken where the first is not acceptable', async () => {
    await program(bin, script('3.13.2'))
    const path = await program(join(root, 'second'), script('3.12.2'))
    const sops = await installSops({ ...wanted, pathVariable: [bin, join(root, 'second')].join(delimiter) })
    expect(sops).toMatchObject({ path, version: '3.12.2', from: 'PATH' })
  })

  test('named in sops-path is used before PATH, also inside the checkout', async () => {
    await program(bin, script('3.12.2'))
    const path = await program(join(workspace, 'tools'), script('3.11.0'))
    expect(await installSops({ ...wanted, sopsPath: 'tools/sops' })).toMatchObject({ path, version: '3.11.0', from: 'sops-path' })
  })

  test.each([
    ['is sops 3.13.2', script('3.13.2')],
    ['is sops 3.10.1, older than 3.10.2', script('3.10.1')],
    ['is no sops that runs', '#!/bin/sh\necho hello\n'],
    ['is no sops that runs', '#!/bin/sh\necho sops 3.12.2; exit 1\n'],
  ])('named in sops-path that %s is refused, and nothing else is tried', async (reason, content) => {
    await program(bin, script('3.12.2'))
    const path = await program(workspace, content)
    const message = await refusal(installSops({ ...wanted, sopsPath: path }), 'sops-missing')
    expect(message).toContain(`\`sops-path\`: ${path} ${reason}`)
    expect(requests).toEqual([])
  })

  test('is asked for its version with nothing of our environment and without calling home', async () => {
    process.env.SOPS_AGE_KEY = 'canary'
    try {
      await program(bin, `#!/bin/sh\n/usr/bin/env > '${root}/seen'; echo "$@" >> '${root}/seen'; echo sops 3.12.2\n`)
      await installSops(wanted)
    } finally {
      delete process.env.SOPS_AGE_KEY
    }
    const seen = await readFile(join(root, 'seen'), 'utf8')
    expect(seen).toContain('SOPS_DISABLE_VERSION_CHECK=1')
    expect(seen).toContain('--version --disable-version-check')
    expect(seen).not.toContain('canary')
  })
})

describe('what an untrusted checkout supplies', () => {
  const places: [string, () => Promise<string>][] = [
    ['in the checkout', async () => program(join(workspace, 'bin'), script('3.12.2'))],
    ['beside installed packages', async () => program(join(root, 'node_modules', '.bin'), script('3.12.2'))],
    ['behind a link to the checkout', async () => {
      await symlink(await program(workspace, script('3.12.2')), join(bin, 'sops'))
      return join(bin, 'sops')
    }],
    ['as a link in the checkout that picks a program elsewhere', async () => {
      await symlink(await program(join(root, 'elsewhere'), script('3.12.2')), join(workspace, 'sops'))
      await symlink(workspace, join(root, 'linked'))
      return join(root, 'linked', 'sops')
    }],
    ['in a folder that links to the checkout', async () => {
      await program(workspace, script('3.12.2'))
      await symlink(workspace, join(root, 'linked'))
      return join(root, 'linked', 'sops')
    }],
  ]

  test.each(places)('is not taken from PATH: %s', async (_, place) => {
    const path = await place()
    const folder = path.slice(0, -'/sops'.length)
    expect(await installSops({ ...wanted, pathVariable: folder })).toMatchObject({ from: 'download' })
    const message = await refusal(installSops({ ...wanted, pathVariable: folder, arch: 'mips' }), 'sops-missing')
    expect(message).toContain(`${path} comes from the checkout`)
  })

  test('is not taken from a relative entry of PATH', async () => {
    await program(join(root, 'relative'), script('3.12.2'))
    const cwd = process.cwd()
    process.chdir(root)
    try {
      expect(await installSops({ ...wanted, pathVariable: `relative${delimiter}` })).toMatchObject({ from: 'download' })
    } finally {
      process.chdir(cwd)
    }
  })

  test('does not spoil a folder whose name only begins like the checkout', async () => {
    const path = await program(join(root, 'checkout-tools'), script('3.12.2'))
    expect(await installSops({ ...wanted, pathVariable: join(root, 'checkout-tools') })).toMatchObject({ path, from: 'PATH' })
  })
})

describe('a release', () => {
  test('is fetched once, checked, made executable and cached', async () => {
    const first = await installSops(wanted)
    expect(first).toMatchObject({ version: '3.13.3', sha256: digest(official), from: 'download' })
    expect(requests).toEqual(['/v3.13.3/asset'])
    expect(await readdir(join(root, 'temp'))).toEqual([])
    server.close()
    expect(await installSops(wanted)).toEqual({ ...first, from: 'tool-cache' })
    expect(await installSops({ ...wanted, sopsPath: first.path })).toMatchObject({ version: '3.13.3' })
  })

  test('has its Windows name on Windows', async () => {
    const table = { '3.13.3': { 'win32-arm64': { asset: 'asset', sha256: digest(official) } } }
    const sops = await installSops({ ...wanted, platform: 'win32', arch: 'arm64', table })
    expect(sops.path).toMatch(/sops\.exe$/)
  })

  test('with a flipped byte is refused and leaves nothing behind', async () => {
    served = Buffer.from(official)
    served[3] = (served[3] ?? 0) ^ 1
    const message = await refusal(installSops(wanted), 'sops-checksum')
    expect(message).toContain(digest(served))
    expect(message).toContain(digest(official))
    expect(await readdir(join(root, 'temp'))).toEqual([])
    await refusal(installSops(wanted), 'sops-checksum') // not cached either
    expect(requests).toHaveLength(2)
  })

  test.each(['overwritten', 'removed'])('that was %s in the cache is refused, with the folder to delete', async (how) => {
    const { path } = await installSops(wanted)
    if (how === 'removed') await rm(path)
    else await writeFile(path, script('3.13.3 (evil)'))
    const message = await refusal(installSops(wanted), 'sops-checksum')
    expect(message).toContain(`Delete ${path.slice(0, -'/sops'.length)} and run again.`)
  })

  test('that cannot be had is an error that says what was found and what to do', async () => {
    const old = await program(bin, script('3.9.0'))
    const table = { '3.13.3': { 'linux-x64': { asset: 'gone', sha256: digest(official) } } }
    const message = await refusal(installSops({ ...wanted, table }), 'sops-missing')
    expect(message).toContain(`${old} is sops 3.9.0, older than 3.10.2`)
    expect(message).toContain('/v3.13.3/gone: Unexpected HTTP response: 404.')
    expect(message).toMatch(/name one in `sops-path`\.$/)
  })

  test.each(['3.13.2', '3.9.0', 'latest', '__proto__'])('of version %s is refused by the input\'s name', async (version) => {
    const table = { ...wanted.table, '3.13.2': {} }
    await program(bin, script('3.12.2'))
    expect(await refusal(installSops({ ...wanted, table, version }), 'input')).toContain('`sops-version`')
  })

  test('has a checksum for every platform that is promised, and a name that carries its version', () => {
    const assets = Object.entries(officialReleases).flatMap(([version, entries]) =>
      Object.entries(entries).map(([platform, { asset, sha256 }]) => ({ version, platform, asset, sha256 })))
    const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-arm64']
    expect(assets.map(({ platform }) => platform)).toEqual(platforms)
    for (const { version, asset, sha256 } of assets) {
      expect(asset).toContain(`v${version}.`)
      expect(sha256).toMatch(/^[0-9a-f]{64}$/)
    }
    expect(new Set(assets.map(({ sha256 }) => sha256)).size).toBe(assets.length)
  })
})

describe('a version', () => {
  test.each([
    ['sops 3.11.0 (latest)\n', '3.11.0'],
    ['sops 3.13.3\n', '3.13.3'],
    ['sops 3.10.2\n[warning] failed to retrieve latest version', '3.10.2'],
    ['age 1.3.1\n', null],
    ['sops 3.11\n', null],
  ])('in %j is %s', (output, version) => expect(versionIn(output)).toBe(version))

  test.each([
    ['2.99.99', false], ['3.9.4', false], ['3.10.1', false], ['3.10.2', true], ['3.11.0', true],
    ['3.13.1', true], ['3.13.2', false], ['3.13.3', true], ['4.0.0', true],
  ])('%s is acceptable: %s', (version, acceptable) => expect(versionRefusal(version) === null).toBe(acceptable))
})
