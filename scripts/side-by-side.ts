// `node scripts/side-by-side.ts NAME …`: runs these scripts of package.json at once, and shows what each said when it has ended.
// Must never end well where one of them did not.
import { spawn } from 'node:child_process'

async function run(name: string): Promise<boolean> {
  const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' })
  const said: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => said.push(piece))
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  process.stdout.write(Buffer.concat(said))
  if (exitCode !== 0) console.error(`npm run ${name} ended with ${exitCode ?? 'a signal'}`)
  return exitCode === 0
}

const done = await Promise.all(process.argv.slice(2).map(run))
if (done.length === 0 || done.includes(false)) process.exitCode = 1
