// Runs a workflow file as GitHub would, on this very machine: act in host mode, without containers and without a network.
// A checkout is a copy of the repository's working tree; what `npm run workflow-runner` fetched is used, nothing from PATH.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import type { GitHubServer } from './github-server.ts'
import type { Repository } from './repository.ts'
import { sopsBinary } from './sops-binary.ts'

const product = resolve(import.meta.dirname, '../..')

export interface WorkflowRun {
  readonly exitCode: number | null
  readonly log: string
}

export interface WorkflowStart {
  /** Its file below `.github/workflows` of the repository. */
  readonly workflow: string
  readonly event: string
  /** What a person types in for `workflow_dispatch`. */
  readonly inputs?: Readonly<Record<string, string>>
  /** What GITHUB_EVENT_PATH holds. */
  readonly payload?: object
  readonly secrets?: Readonly<Record<string, string>>
}

/** The path of a program that works on workflows. Throws where it was not fetched. */
export function workflowProgram(name: 'act' | 'actionlint' | 'zizmor'): string {
  const path = join(product, '.sops-bin', name)
  if (existsSync(path)) return path
  throw new Error(`There is no ${name} to test with. Fetch it with \`npm run workflow-runner\`.`)
}

/** Runs every job of the workflow. `OWNER/sops-rekey@v1` is this product, as the runner would have it. */
export async function runWorkflow(
  repository: Repository, server: GitHubServer, token: string, start: WorkflowStart,
): Promise<WorkflowRun> {
  const place = mkdtempSync(join(repository.path, 'workflow-'))
  const [action, programs, home] = ['action', 'programs', 'home'].map((name) => join(place, name)) as [string, string, string]
  for (const folder of [action, programs, home]) mkdirSync(folder)
  for (const name of ['action.yml', 'plan', 'rotate', 'publish', 'dist']) cpSync(join(product, name), join(action, name), { recursive: true })
  symlinkSync(sopsBinary(), join(programs, 'sops'))
  const file = (name: string, text: string): string => {
    writeFileSync(join(place, name), text)
    return join(place, name)
  }
  const lines = (values: Readonly<Record<string, string>>): string => {
    return Object.entries(values).map(([name, value]) => `${name}=${value}\n`).join('')
  }
  const payload = { ...start.payload, ...(start.inputs === undefined ? {} : { inputs: start.inputs }) }
  const args = [
    start.event, '--workflows', join('.github/workflows', start.workflow),
    '--platform', 'ubuntu-latest=-self-hosted', '--no-cache-server', '--action-offline-mode', '--local-repository', `OWNER/sops-rekey@v1=${action}`,
    ...artifactActions(repository, start.workflow, place).flatMap((one) => ['--local-repository', one]),
    '--secret-file', file('secrets', lines({ GITHUB_TOKEN: token, ...start.secrets })),
    '--eventpath', file('event.json', JSON.stringify(payload)),
    '--env-file', file('environment', lines({
      GITHUB_API_URL: server.apiUrl, GITHUB_GRAPHQL_URL: server.graphqlUrl, GITHUB_SERVER_URL: server.serverUrl,
    })),
  ]
  const path = [dirname(process.execPath), programs, process.env['PATH']].join(delimiter)
  return await new Promise((done, reject) => {
    const child = spawn(workflowProgram('act'), args, {
      cwd: repository.root, env: { PATH: path, HOME: home, GIT_CONFIG_NOSYSTEM: '1' },
      stdio: ['ignore', 'pipe', 'pipe'], timeout: 50_000,
    })
    let log = ''
    child.stdout.on('data', (piece: Buffer) => (log += piece.toString()))
    child.stderr.on('data', (piece: Buffer) => (log += piece.toString()))
    child.on('error', reject)
    child.on('close', (exitCode) => done({ exitCode, log }))
  })
}

/** The inputs of actions/upload-artifact and actions/download-artifact that the docs use, and what comes of them. */
const transfers = {
  'upload-artifact': { inputs: ['name', 'path', 'retention-days'], program: "cpSync(input('path'), join(store, input('name')), { recursive: true })" },
  'download-artifact': {
    inputs: ['pattern', 'path'],
    program: "for (const name of globSync(input('pattern'), { cwd: store })) cpSync(join(store, name), join(input('path'), name), { recursive: true })",
  },
} as const

/**
 * `name@commit=folder` for each of these that the workflow uses. They can't be fetched here, and the runner's own artifact
 * service does not take what GitHub's client uploads, so that a folder stands in the place of both.
 */
function artifactActions(repository: Repository, workflow: string, place: string): readonly string[] {
  const text = repository.read(join('.github/workflows', workflow))
  return Object.entries(transfers).flatMap(([name, { inputs, program }]) => {
    const commit = new RegExp(`uses: actions/${name}@([0-9a-f]{40})`).exec(text)?.[1]
    if (commit === undefined) return []
    const folder = join(place, name)
    mkdirSync(folder)
    const declared = inputs.map((input) => `  ${input}: {description: x}\n`).join('')
    writeFileSync(join(folder, 'action.yml'), `name: ${name}\ndescription: x\ninputs:\n${declared}runs: {using: node24, main: index.mjs}\n`)
    writeFileSync(join(folder, 'index.mjs'), `import { cpSync, globSync } from 'node:fs'
import { join } from 'node:path'
const store = ${JSON.stringify(join(place, 'artifacts'))}
const input = (name) => process.env['INPUT_' + name.toUpperCase()] ?? ''
${program}
`)
    return [`actions/${name}@${commit}=${folder}`]
  })
}
