// Builds the bundle anew in a temporary folder and compares it byte for byte with the one that is committed.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const built = mkdtempSync(join(tmpdir(), 'sops-rekey-dist-'))
try {
  const node = (...args: readonly string[]): unknown => execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json')
  node('node_modules/@vercel/ncc/dist/ncc/cli.js', 'build', 'lib/index.js', '-o', built, '--no-cache', '--license', 'licenses.txt')
  const names = [...new Set([...readdirSync(built), ...readdirSync(join(root, 'dist'))])].sort()
  const different = names.filter((name) => {
    try {
      return !readFileSync(join(built, name)).equals(readFileSync(join(root, 'dist', name)))
    } catch {
      return true
    }
  })
  if (different.length > 0) {
    console.error(`dist is not what src builds to (${different.join(', ')}). Run: npm run build`)
    process.exitCode = 1
  } else console.log(`dist is what src builds to: ${names.join(', ')}`)
} finally {
  rmSync(built, { recursive: true, force: true })
}
