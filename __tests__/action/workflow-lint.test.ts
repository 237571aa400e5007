// What README and docs tell people to copy, and the workflows of this repository itself, pass actionlint and zizmor.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { documentedWorkflows } from '../support/documented-workflows.ts'
import { where } from '../support/parts.ts'
import { TemporaryFolder } from '../support/repository.ts'
import { workflowProgram } from '../support/workflow-runner.ts'

const linters = where('actionlint', 'zizmor')

const product = resolve(import.meta.dirname, '../..')

// Whoever copies a workflow puts their own owner and a commit there; everything else is named by a commit already.
// `./` in place of the newer `$/`: it is what older GitHub Enterprise Servers know too.
const settings = `rules:
  unpinned-uses:
    config:
      policies:
        "OWNER/*": ref-pin
        "*": hash-pin
  self-repository:
    disable: true
`

interface Lint {
  readonly exitCode: number | null
  readonly said: string
}

/** Lints what `fill` puts into the `.github/workflows` of a repository; both programs get that folder and no network. */
function lint(fill: (workflows: string) => void): Readonly<Record<'actionlint' | 'zizmor', Lint>> {
  using folder = new TemporaryFolder()
  const workflows = join(folder.path, '.github/workflows')
  mkdirSync(workflows, { recursive: true })
  mkdirSync(join(folder.path, '.git'))
  writeFileSync(join(folder.path, 'zizmor.yml'), settings)
  fill(workflows)
  const run = (program: 'actionlint' | 'zizmor', ...args: readonly string[]): Lint => {
    const options = { cwd: folder.path, encoding: 'utf8', timeout: 30_000, env: {} } as const
    const { status, stdout, stderr } = spawnSync(workflowProgram(program), args, options)
    return { exitCode: status, said: stdout + stderr }
  }
  return {
    // What PATH may hold besides would make the answer another one on each machine.
    actionlint: run('actionlint', '-no-color', '-shellcheck=', '-pyflakes='),
    zizmor: run('zizmor', '--offline', '--quiet', '--color=never', '--config', 'zizmor.yml', '.github/workflows'),
  }
}

const clean = {
  actionlint: { exitCode: 0, said: '' },
  zizmor: { exitCode: 0, said: expect.stringContaining('No findings to report') as unknown },
}

/** The workflow of the README, with `one` in the place of `other`. */
function changed(one: RegExp, other: string): (workflows: string) => void {
  const [first] = documentedWorkflows()
  const text = first?.text.replace(one, other) ?? ''
  expect(text).not.toBe(first?.text)
  return (workflows) => writeFileSync(join(workflows, 'changed.yml'), text)
}

linters.describe('the linters are content with', () => {
  test('every workflow of README and docs', () => {
    const workflows = documentedWorkflows()
    const names = workflows.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['sops-rekey.yml', 'sops-rekey-merged.yml', 'sops-rekey-caller.yml']))
    // One would hide the other.
    expect(new Set(names).size).toBe(names.length)
    expect(lint((folder) => {
      for (const { name, text } of workflows) writeFileSync(join(folder, name), text)
    })).toMatchObject(clean)
  })

  test('the workflows of this repository', () => {
    expect(lint((folder) => cpSync(join(product, '.github/workflows'), folder, { recursive: true }))).toMatchObject(clean)
  })
})

linters.describe('the linters would see', () => {
  test('a misspelled context', () => {
    expect(lint(changed(/inputs\.removed-recipient/, 'inputs.removed-recipients')).actionlint).toMatchObject({
      exitCode: 1, said: expect.stringContaining('removed-recipients') as unknown,
    })
  })

  test.each([
    ['an action that is named by a tag', /@[0-9a-f]{40} # v[\d.]+/, '@v6', 'unpinned-uses'],
    ['text of outsiders in a script', /- uses: actions.*/, '- run: echo ${{ github.event.client_payload.a }}', 'template-injection'],
    ['an event that outsiders cause', /schedule:\n {4}- cron: .*/, 'pull_request_target:', 'dangerous-triggers'],
    ['more permissions than are needed', /permissions:\n(?: {6}[a-z-]+: write.*\n)+/, 'permissions: write-all\n', 'excessive-permissions'],
  ])('%s', (_, one, other, rule) => {
    const { zizmor } = lint(changed(one, other))
    expect(zizmor.said).toContain(rule)
    expect(zizmor.exitCode).not.toBe(0)
  })
})

test('the workflows of README and docs give inputs that there are', () => {
  const jobs = documentedWorkflows().flatMap(({ text }) => Object.values((parse(text) as Workflow).jobs))
  const steps = jobs.flatMap((job) => job.steps ?? []).filter(({ uses }) => uses?.startsWith('OWNER/sops-rekey') === true)
  expect(steps.length).toBeGreaterThan(3)
  for (const { uses = '', with: given = {} } of steps) {
    const folder = /^OWNER\/sops-rekey(\/[\w/-]+)?@v1$/.exec(uses)?.[1] ?? ''
    const { inputs } = parse(readFileSync(join(product, folder, 'action.yml'), 'utf8')) as { inputs: object }
    expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(given)))
  }
})

interface Step {
  readonly uses?: string
  readonly with?: object
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps?: readonly Step[] }>>
}
