// The workflows of README and docs as they stand there, in a real workflow runner: from the event to the pull request.
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, expect } from '@jest/globals'
import { Company } from '../support/company.ts'
import { documentedWorkflows } from '../support/documented-workflows.ts'
import type { GitHubServer } from '../support/github-server.ts'
import { startGitHubServer } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'
import { where } from '../support/parts.ts'
import { runWorkflow } from '../support/workflow-runner.ts'
import type { WorkflowRun, WorkflowStart } from '../support/workflow-runner.ts'

const { describe, test } = where('act')

const token = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'
const inputs = { 'removed-recipient': 'bob' }

let company: Company
let server: GitHubServer

beforeEach(async () => {
  company = new Company()
  for (const { name, text } of documentedWorkflows()) company.write(`.github/workflows/${name}`, text)
  company.commit('ci: add workflows')
  // The runner takes the repository's name from it; nothing is fetched from there.
  company.git('remote', 'add', 'origin', 'https://github.com/acme/infra.git')
  server = await startGitHubServer({ token, repo: 'infra', validate: openapiValidator() })
  company.git('push', '--quiet', server.repository, 'main')
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  company[Symbol.dispose]()
})

async function run(workflow: string, event: string, more: Pick<WorkflowStart, 'inputs' | 'payload'> = {}): Promise<WorkflowRun> {
  return await runWorkflow(company, server, token, { workflow, event, secrets: { SOPS_AGE_KEY: company.ci.identity }, ...more })
}

/** bob is out of both configs on the default branch, and still in the files. */
function mergeConfigsWithoutBob(): void {
  const { alice, bob, ci } = company
  const config = company.read('.sops.yaml').replace(`  - &bob ${bob.recipient}\n`, '').replace('          - *bob\n', '')
  company.write('.sops.yaml', config)
  company.write('prod/.sops.yaml', `creation_rules:\n  - age: ${alice.recipient},${ci.recipient}\n`)
  company.commit('chore: bob left')
  company.git('push', '--quiet', server.repository, 'main')
}

/** The run ended well, in one pull request on `branch`, whose one commit alice can read and bob can't; nothing was given away. */
function expectPullRequest({ exitCode, log }: WorkflowRun, branch: string): void {
  expect(exitCode === 0 ? '' : log).toBe('')
  expect(log).toMatch(/OWNER\/sops-rekey(?:\/publish)?@v1/)
  expect(server.pulls).toMatchObject([{ base: 'main', branch, state: 'open' }])
  const count = ['--git-dir', server.repository, 'rev-list', '--count', `main..${branch}`]
  expect(execFileSync('git', count, { encoding: 'utf8' }).trim()).toBe('1')
  company.git('fetch', '--quiet', server.repository, branch)
  company.git('checkout', '--quiet', 'FETCH_HEAD')
  for (const path of ['apps/web/secrets.yaml', 'prod/ключи и.yaml']) {
    expect(company.decrypt(path, { SOPS_AGE_KEY: company.bob.identity }).exitCode).toBe(128)
    expect(company.decrypt(path, { SOPS_AGE_KEY: company.alice.identity }).exitCode).toBe(0)
  }
  for (const secret of [token, company.ci.identity, 'hunter2', 's3cret']) expect(log).not.toContain(secret)
}

describe('the workflow of the README ends in a pull request', () => {
  test('when it is run by hand, and leaves its report and the access map as an artifact', async () => {
    const result = await run('sops-rekey.yml', 'workflow_dispatch', { inputs })
    expectPullRequest(result, 'sops-rekey/remove-bob')
    expect(result.artifacts).toEqual(['sops-rekey/sops-rekey-access-map.html', 'sops-rekey/sops-rekey-report.json'])
  })

  test('when its time has come', async () => {
    mergeConfigsWithoutBob()
    expectPullRequest(await run('sops-rekey.yml', 'schedule', { payload: { schedule: '17 5 * * 1' } }), 'sops-rekey/rotate-90d')
  })
})

describe('the workflow of the docs ends in a pull request', () => {
  test('when a .sops.yaml is merged', async () => {
    mergeConfigsWithoutBob()
    const payload = { ref: 'refs/heads/main', repository: { full_name: 'acme/infra', default_branch: 'main' } }
    expectPullRequest(await run('sops-rekey-merged.yml', 'push', { payload }), 'sops-rekey/align')
  })

  test('when another system asks for it', async () => {
    const payload = { action: 'offboard', client_payload: { leaves: 'bob' } }
    expectPullRequest(await run('sops-rekey-offboard.yml', 'repository_dispatch', { payload }), 'sops-rekey/remove-bob')
  })

  test('when a workflow calls the reusable one', async () => {
    expectPullRequest(await run('sops-rekey-caller.yml', 'workflow_dispatch', { inputs }), 'sops-rekey/remove-bob')
  })
})

test('the jobs of the sharded workflow, with what they pass on by the artifact server, come to one pull request', async () => {
  // More than one job is worth.
  for (let at = 0; at < 95; at += 1) company.write(`apps/many/${at}.yaml`, company.read('apps/web/secrets.yaml'))
  company.commit('feat: many apps')
  company.git('push', '--quiet', server.repository, 'main')
  const result = await run('sops-rekey-sharded.yml', 'workflow_dispatch', { inputs })
  expect(result.log).not.toContain('::error::')
  for (const job of ['plan', 'rotate-1', 'rotate-2', 'publish']) expect(result.log).toMatch(new RegExp(`/${job} *\\].*Job succeeded`))
  expectPullRequest(result, 'sops-rekey/remove-bob')
  for (const at of [0, 50, 94]) expect(company.decrypt(`apps/many/${at}.yaml`, { SOPS_AGE_KEY: company.bob.identity }).exitCode).toBe(128)
})

test('a request that names nobody stops before this action, which would do another job', async () => {
  mergeConfigsWithoutBob()
  const payload = { action: 'offboard', client_payload: { leaves: ' ' } }
  const { exitCode, log } = await run('sops-rekey-offboard.yml', 'repository_dispatch', { payload })
  expect(exitCode).toBe(1)
  expect(log).not.toContain('OWNER/sops-rekey@v1')
  expect(server.pulls).toEqual([])
})

test('a workflow that a push to another branch starts fails before it asks GitHub anything', async () => {
  const path = '.github/workflows/sops-rekey-merged.yml'
  company.write(path, company.read(path).replace('    branches: [main]\n', ''))
  mergeConfigsWithoutBob()
  company.git('checkout', '--quiet', '-b', 'feature')
  const payload = { ref: 'refs/heads/feature', repository: { full_name: 'acme/infra', default_branch: 'main' } }
  const { exitCode, log } = await run('sops-rekey-merged.yml', 'push', { payload })
  expect(exitCode).toBe(1)
  // The runner may lose the last lines of a program that ends, so what it says is held in `events.test.ts`.
  expect(log).toContain('Failure - Main OWNER/sops-rekey@v1')
  expect(server.requests.filter(({ path }) => path.startsWith('/repos/'))).toEqual([])
})
