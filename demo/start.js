// Starts the demo: finds a Node that runs TypeScript as it is, has a sops put there, and hands over.
// Plain JavaScript without packages, because it has to run on Node 20 before any install.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
/** The Node that action.yml names. */
const wanted = '24'
let child = null

/** Its path and not `npx … node demo.ts`: a signal then reaches the demo itself, which has something to clean up. */
function findNode() {
  if (process.versions.node.split('.')[0] === wanted) return process.execPath
  console.log(`Node ${process.versions.node} is here; the action runs on Node ${wanted}, which npm fetches now.`)
  const args = ['--yes', '--package', `node@${wanted}`, '--', 'node', '--print', 'process.execPath']
  return execFileSync('npx', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
}

/** Ends this process with the exit code of `script`, unless that is 0. */
async function run(node, script) {
  child = spawn(node, ['--disable-warning=ExperimentalWarning', script], { cwd: root, stdio: 'inherit' })
  const [code, signal] = await once(child, 'close')
  if (code !== 0) process.exit(code ?? 128 + constants.signals[signal])
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child?.kill(signal))
const node = findNode()
await run(node, 'scripts/sops-for-development.ts')
await run(node, 'demo/demo.ts')
