// The pull request, from the built bundle, real git and a server that is held against GitHub's own description of its API.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ActionRun } from '../support/action.ts'
import { runAction } from '../support/action.ts'
import { Company } from '../support/company.ts'
import type { GitHubServer } from '../support/github-server.ts'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'

const token = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'
const branch = 'sops-rekey/remove-bob'

let company: Company
let server: GitHubServer

beforeEach(async () => {
  company = new Company()
  server = await startGitHubServer({ token, repo: 'infra', collaborators: ['alice', 'carol'], validate: openapiValidator() })
  company.git('push', '--quiet', server.repository, 'main')
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  company[Symbol.dispose]()
})

/** git in the bare repository of the server. */
function remote(...args: readonly string[]): string {
  return execFileSync('git', ['--git-dir', server.repository, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

function heads(): string {
  return remote('for-each-ref', '--format=%(refname)')
}

async function run(inputs: Readonly<Record<string, string>> = {}, env: Readonly<Record<string, string>> = {}): Promise<ActionRun> {
  return await runAction(company, { 'removed-recipient': 'bob', 'pull-request': 'true', token, ...inputs }, {
    env: { GITHUB_SERVER_URL: server.serverUrl, GITHUB_API_URL: server.apiUrl, GITHUB_REF: 'refs/heads/main', ...env },
  })
}

/** What the checkout was like before must be what it is like after. */
function checkout(): string {
  return ['status --porcelain --ignored', 'stash list', 'config --list --local', 'for-each-ref', 'rev-parse HEAD', 'ls-files -s']
    .map((args) => company.git(...args.split(' '))).join('\n') + readFileSync(join(company.root, '.git/index')).toString('base64')
}

describe('the pull request', () => {
  test('keeps the owners file up to date, also one that came after it was opened', async () => {
    expect((await run()).outputs).toMatchObject({ 'pull-request-operation': 'created' })
    company.write('.sops-owners.yaml', `owners:\n  alice:\n    - ${company.alice.recipient}\n  bob:\n    - ${company.bob.recipient}\n`)
    company.commit('docs: who owns what')
    company.git('push', '--quiet', server.repository, 'main')
    const updated = await run({}, { GITHUB_ACTOR: 'octocat' })
    expect(updated.exitCode === 0 ? '' : updated.log).toBe('')
    expect(updated.outputs).toMatchObject({ 'pull-request-operation': 'updated' })
    const text = remote('show', `${branch}:.sops-owners.yaml`)
    expect(text).toMatch(new RegExp(`removed:\\n(?:.*\\n)*.*${company.bob.recipient}`))
    expect(text).toContain('octocat')
    expect(text.split('removed:')[0]).not.toContain(company.bob.recipient)
    expect((await run({}, { GITHUB_ACTOR: 'octocat' })).outputs).toMatchObject({ 'pull-request-operation': 'unchanged' })
  })

  test('holds one commit with what was verified, and says what was done', async () => {
    const before = checkout()
    const result = await run({ labels: 'security\noffboarding', assignees: 'alice', reviewers: 'carol', draft: 'true', 'body-header': 'Ticket 4711' })
    expect(result.exitCode === 0 ? '' : result.log).toBe('')
    expect(checkout()).toBe(before)
    expect(heads()).toBe(`refs/heads/main\nrefs/heads/${branch}`)

    const head = remote('rev-parse', branch)
    expect(remote('rev-list', '--count', `main..${branch}`)).toBe('1')
    expect(remote('log', '-1', '--format=%s|%an|%ae', branch))
      .toBe('chore: rotate keys after team member offboarding|github-actions[bot]|41898282+github-actions[bot]@users.noreply.github.com')
    expect(remote('diff-tree', '-r', '--no-commit-id', '--name-status', '-z', 'main', branch).split('\0').filter((_, at) => at % 2 === 0).join('')).toBe('MMMMMMMMM')
    expect(remote('ls-tree', branch, 'apps/api/tls.key')).toMatch(/^100755 /)

    company.git('fetch', '--quiet', server.repository, branch)
    company.git('checkout', '--quiet', 'FETCH_HEAD')
    expect(company.decrypt('apps/web/secrets.yaml', { SOPS_AGE_KEY: company.bob.identity }).exitCode).toBe(128)
    expect(company.decrypt('apps/web/secrets.yaml', { SOPS_AGE_KEY: company.alice.identity }).stdout).toContain('hunter2')

    expect(server.pulls).toMatchObject([{
      base: 'main', branch, title: 'chore: rotate keys after team member offboarding', state: 'open', draft: true,
      labels: ['security', 'offboarding'], assignees: ['alice'], reviewers: ['carol'],
    }])
    const body = server.pulls[0]?.body ?? ''
    expect(body.startsWith('Ticket 4711')).toBe(true)
    expect(body).toContain('- [ ] <code>db.password</code>')
    expect(body).toContain('−bob')
    expect(body).not.toMatch(/hunter2|s3cret|pssst|prod-password/)
    expect(result.outputs).toMatchObject({
      changed: 'true', 'pull-request-operation': 'created', 'pull-request-number': '1', 'pull-request-branch': branch,
      'pull-request-head-sha': head, 'compare-url': `${server.serverUrl}/acme/infra/compare/main...sops-rekey/remove-bob?expand=1`,
    })
    expect(result.report).toMatchObject({ outcome: 'published' })
  })

  test('is left alone by a second run, which uses no key', async () => {
    expect((await run()).exitCode).toBe(0)
    const head = remote('rev-parse', branch)
    const requests = server.requests.length
    company.credentials = {}
    const second = await run()
    expect(second.exitCode === 0 ? '' : second.log).toBe('')
    expect(second.outputs).toMatchObject({ changed: 'false', 'pull-request-operation': 'unchanged', 'pull-request-number': '1', 'pull-request-head-sha': head })
    expect(remote('rev-parse', branch)).toBe(head)
    // A fetch is a POST too.
    expect(server.requests.slice(requests).filter(({ method, path }) => method !== 'GET' && !path.endsWith('/git-upload-pack'))).toEqual([])
  })

  test('is updated when a file has changed on the base meanwhile', async () => {
    expect((await run()).exitCode).toBe(0)
    company.encrypt('apps/web/new.yaml', 'a: 1\n')
    company.commit('feat: a new secret')
    company.git('push', '--quiet', server.repository, 'main')
    const second = await run()
    expect(second.outputs).toMatchObject({ 'pull-request-operation': 'updated', 'pull-request-number': '1', 'files-changed': '8' })
    expect(remote('rev-list', '--count', `main..${branch}`)).toBe('1')
    expect(server.pulls).toHaveLength(1)
  })

  test('is opened for a branch that an earlier run pushed before it was stopped', async () => {
    expect((await run()).exitCode).toBe(0)
    const copy = await startGitHubServer({ token, repo: 'infra', repository: server.repository, validate: openapiValidator() })
    const second = await run({}, { GITHUB_SERVER_URL: copy.serverUrl, GITHUB_API_URL: copy.apiUrl })
    expect(second.outputs).toMatchObject({ 'pull-request-operation': 'created' })
    await copy[Symbol.asyncDispose]()
  })

  test('is not put on a branch of someone else', async () => {
    company.git('push', '--quiet', server.repository, `main:refs/heads/${branch}`)
    const before = remote('rev-parse', branch)
    const result = await run()
    expect(result.exitCode).toBe(1)
    expect(result.log).toMatch(/^::error::The branch sops-rekey\/remove-bob ends in a commit that is not ours/m)
    expect(remote('rev-parse', branch)).toBe(before)
    expect(server.pulls).toHaveLength(0)
  })

  test('that the repository’s setting forbids leaves the branch, names the setting, and gives the address to open it by hand', async () => {
    server.refuse('POST', /\/pulls$/, gitHubSays.settingForbids)
    const result = await run()
    expect(result.exitCode).toBe(1)
    expect(result.log).toContain('Allow GitHub Actions to create and approve pull requests')
    const address = `${server.serverUrl}/acme/infra/compare/main...sops-rekey/remove-bob?expand=1`
    expect(result.outputs).toMatchObject({ 'compare-url': address, 'pull-request-branch': branch })
    expect(result.log).toContain(address)
    expect(heads()).toContain(branch)
  })

  test('gets a warning, not a failure, for a reviewer GitHub does not know', async () => {
    const result = await run({ reviewers: 'mallory' })
    expect(result.exitCode).toBe(0)
    expect(result.log).toMatch(/^::warning::.*reviewers/m)
  })

  test.each(['base', 'branch', 'title', 'commit-message'])('takes the input %s', async (name) => {
    company.git('push', '--quiet', server.repository, 'main:refs/heads/stable')
    const value = name === 'base' ? 'stable' : name === 'branch' ? 'team/éclair' : 'security: bob left'
    const result = await run({ [name]: value })
    expect(result.exitCode === 0 ? '' : result.log).toBe('')
    const [pull] = server.pulls
    const subject = remote('log', '-1', '--format=%s', pull?.branch ?? '')
    expect({ base: pull?.base, branch: pull?.branch, title: pull?.title, 'commit-message': subject }).toMatchObject({ [name]: value })
  })
})

describe('the token', () => {
  test('stands neither in the log nor in a file, and a wrong one in the checkout is not used', async () => {
    company.git('config', `http.${server.serverUrl}/.extraheader`, 'AUTHORIZATION: basic bm9wZTpub3Bl')
    const result = await run()
    expect(result.exitCode === 0 ? '' : result.log).toBe('')
    expect(result.log.replaceAll(`::add-mask::${token}`, '')).not.toContain(token)
    const encoded = Buffer.from(`x-access-token:${token}`).toString('base64')
    for (const text of [JSON.stringify(result.outputs), result.summary, JSON.stringify(result.report), company.git('config', '--list')]) {
      expect(text).not.toContain(token)
      expect(text).not.toContain(encoded)
    }
  })

  test.each([
    ['that GitHub does not know', gitHubSays.badCredentials, /GitHub does not know the token/],
    ['that may not see the repository', gitHubSays.notFound, /the token cannot see it/],
    ['without the permission', gitHubSays.notByIntegration, /Give it `contents: read` to plan and, to publish, `contents: write`/],
  ])('%s fails the run before a key is used', async (_, answer, sentence) => {
    server.refuse('GET', /./, answer)
    company.credentials = {}
    const result = await run()
    expect(result.exitCode).toBe(1)
    expect(result.log).toMatch(sentence)
    expect(heads()).toBe('refs/heads/main')
  })
})

test('a commit beside that changed the branch meanwhile wins; nothing is overwritten', async () => {
  expect((await run()).exitCode).toBe(0)
  company.encrypt('apps/web/new.yaml', 'a: 1\n')
  company.commit('feat: a new secret')
  company.git('push', '--quiet', server.repository, 'main')
  server.before('GET', /\/git\/commits\//, async () => {
    remote('update-ref', `refs/heads/${branch}`, remote('rev-parse', 'main'))
    await Promise.resolve()
  })
  const result = await run()
  expect(result.exitCode).toBe(1)
  expect(result.log).toMatch(/^::error::The branch sops-rekey\/remove-bob was moved by someone else/m)
  expect(remote('rev-parse', branch)).toBe(remote('rev-parse', 'main'))
})
