// Runs a workflow file as GitHub would, on this very machine: act in host mode, without containers and without a network.
// A checkout is a copy of the repository's working tree; what `npm run workflow-runner` fetched is used, nothing from PATH.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve, sep } from 'node:path'
import { freePort } from './free-port.ts'
import type { GitHubServer } from './github-server.ts'
import type { Repository } from './repository.ts'
import { sopsBinary } from './sops-binary.ts'

const product = resolve(import.meta.dirname, '../..')

export interface WorkflowRun {
  readonly exitCode: number | null
  readonly log: string
  /** What the artifact server keeps in the end, by name. */
  readonly artifacts: readonly string[]
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
    '--artifact-server-path', join(place, 'artifacts'), '--artifact-server-addr', '127.0.0.1', '--artifact-server-port', String(await freePort()),
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
    child.on('close', (exitCode) => done({ exitCode, log, artifacts: filesBelow(join(place, 'artifacts')) }))
  })
}

/**
 * GitHub's two actions for artifacts cannot be fetched here, and what they speak by now the runner's own artifact server does not know.
 * These speak what it knows, with the inputs that the docs use.
 */
const transfers = {
  'upload-artifact': {
    inputs: ['name', 'path', 'retention-days', 'if-no-files-found', 'overwrite'],
    program: `
// The runner leaves \`strategy.job-index\` empty.
const name = input('name').replace(/-$/, () => '-' + randomUUID())
const { fileContainerResourceUrl: place } = await ask(artifacts, { method: 'POST', body: JSON.stringify({ Type: 'actions_storage', Name: name }) })
const files = input('path').split('\\n').map((path) => path.trim()).filter((path) => path !== '' && existsSync(path)).flatMap((path) =>
  statSync(path).isFile() ? [[basename(path), path]]
    : readdirSync(path, { recursive: true }).map((file) => [file, join(path, file)]).filter(([, whole]) => statSync(whole).isFile()))
for (const [file, whole] of files) {
  await ask(place + '?itemPath=' + encodeURIComponent(name + '/' + file), { method: 'PUT', body: readFileSync(whole) })
}`,
  },
  'download-artifact': {
    inputs: ['pattern', 'path'],
    program: `
for (const { name, fileContainerResourceUrl } of (await ask(artifacts)).value) {
  if (!matchesGlob(name, input('pattern'))) continue
  for (const { path, contentLocation } of (await ask(fileContainerResourceUrl + '?itemPath=' + encodeURIComponent(name))).value) {
    const place = join(input('path'), path)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, Buffer.from(await (await fetch(contentLocation)).arrayBuffer()))
  }
}`,
  },
} as const

/** `name@commit=folder` for each of these that the workflow uses. */
function artifactActions(repository: Repository, workflow: string, place: string): readonly string[] {
  const text = repository.read(join('.github/workflows', workflow))
  return Object.entries(transfers).flatMap(([name, { inputs, program }]) => {
    const commit = new RegExp(`uses: actions/${name}@([0-9a-f]{40})`).exec(text)?.[1]
    if (commit === undefined) return []
    const folder = join(place, name)
    mkdirSync(folder)
    const declared = inputs.map((input) => `  ${input}: {description: x}\n`).join('')
    writeFileSync(join(folder, 'action.yml'), `name: ${name}\ndescription: x\ninputs:\n${declared}runs: {using: node24, main: index.mjs}\n`)
    writeFileSync(join(folder, 'index.mjs'), `import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, matchesGlob } from 'node:path'
const input = (name) => process.env['INPUT_' + name.toUpperCase()] ?? ''
const { ACTIONS_RUNTIME_URL: server, GITHUB_RUN_ID: run } = process.env
const artifacts = server + '_apis/pipelines/workflows/' + run + '/artifacts?api-version=6.0-preview'
const ask = async (url, options) => {
  const answer = await fetch(url, options)
  if (!answer.ok) throw new Error(url + ': ' + answer.status)
  return await answer.json()
}
${program}
`)
    return [`actions/${name}@${commit}=${folder}`]
  })
}

/** The server keeps them by run, and what it compresses with a suffix of its own. */
function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.split(sep).slice(1).join('/').replace(/\.gz__$/, '')).sort()
}
