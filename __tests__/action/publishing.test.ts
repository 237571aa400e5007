// What may go wrong between verified bytes and their pull request: filters, other people's work, configuration, cut-off pushes.
import { execFileSync, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ActionRun } from '../support/action.ts'
import { bundle, runAction } from '../support/action.ts'
import type { GitHubServer } from '../support/github-server.ts'
import { gitHubSays, startGitHubServer } from '../support/github-server.ts'
import { openapiValidator } from '../support/openapi-validation.ts'
import { TemporaryFolder } from '../support/repository.ts'
import { Team } from '../support/team.ts'
import { annotations } from '../support/unchanged.ts'

const token = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'
const branch = 'sops-rekey/remove-bob'
const receivePack = /\/git-receive-pack$/

let team: Team
let server: GitHubServer

beforeEach(async () => {
  team = new Team()
  const { alice, bob, ci } = team
  team.config({ alice, bob, ci })
  team.encrypt('a.yaml', 'password: s3cret\n')
  server = await startGitHubServer({ token, repo: 'infra', validate: openapiValidator() })
  push()
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  team[Symbol.dispose]()
})

/** Commits what is there, and puts it on `name` of the remote. */
function push(name = 'main'): void {
  if (team.git('status', '--porcelain') !== '') team.commit()
  team.git('push', '--quiet', server.repository, `HEAD:refs/heads/${name}`)
}

function remote(...args: readonly string[]): string {
  return execFileSync('git', ['--git-dir', server.repository, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

function heads(): string[] {
  return remote('for-each-ref', '--format=%(refname:short)').split('\n')
}

async function run(
  inputs: Readonly<Record<string, string>> = {}, env: Readonly<Record<string, string>> = {}, onStart?: (child: ChildProcess) => void,
): Promise<ActionRun> {
  return await runAction(team, { 'removed-recipient': 'bob', policy: 'off', 'pull-request': 'true', token, ...inputs }, {
    env: { GITHUB_SERVER_URL: server.serverUrl, GITHUB_API_URL: server.apiUrl, GITHUB_REF: 'refs/heads/main', ...env },
    ...(onStart === undefined ? {} : { onStart }),
  })
}

async function done(inputs: Readonly<Record<string, string>> = {}, env: Readonly<Record<string, string>> = {}): Promise<ActionRun> {
  const result = await run(inputs, env)
  expect(result.exitCode === 0 ? '' : result.log).toBe('')
  return result
}

/** A run that fails before it needs a key, and with every branch as it was. */
async function refused(inputs: Readonly<Record<string, string>> = {}, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const refs = remote('for-each-ref')
  const credentials = team.credentials
  team.credentials = {}
  const result = await run(inputs, env)
  team.credentials = credentials
  expect(result.exitCode).toBe(1)
  expect(remote('for-each-ref')).toBe(refs)
  return annotations(result, 'error').join('\n')
}

describe('what is committed is what was verified', () => {
  test('also where a filter would make something else of it', async () => {
    // It changes only what bob cannot read: nothing before the run, all that the run makes.
    team.write('../home/clean', `#!/bin/sh\ntext=$(cat; echo .)\ncase $text in *${team.bob.recipient}*) printf %s "\${text%.}";; *) echo pointer;; esac\n`, 0o755)
    team.write('../home/.gitconfig', `[filter "large"]\n\tclean = ${team.home}/clean\n`)
    team.write('.gitattributes', '*.yaml filter=large\n')
    push()
    await done()
    expect(remote('show', `${branch}:a.yaml`)).toContain(team.alice.recipient)
  })

  test('under any name and mode', async () => {
    const names = ['we"ird\nname\\.yaml', 'carriage\r.yaml', '-x.yaml', 'sub folder/é.yaml']
    for (const name of names) team.write(name, team.read('a.yaml'), 0o755)
    push()
    await done()
    for (const name of names) {
      expect(remote('cat-file', 'blob', `${branch}:${name}`)).not.toContain(team.bob.recipient)
      expect(remote('ls-tree', '-z', branch, '--', name)).toMatch(/^100755 /)
    }
  })

  test('or nothing is, where a filter changes a file between commit and checkout', async () => {
    const real = team.read('a.yaml')
    team.write('../home/clean', '#!/bin/sh\ncat >/dev/null\necho pointer\n', 0o755)
    team.write('../home/.gitconfig', `[filter "large"]\n\tclean = ${team.home}/clean\n`)
    team.write('.gitattributes', 'a.yaml filter=large\n')
    // Else git could take it for the one that it has looked at before.
    team.write('a.yaml', real)
    push()
    expect([team.git('show', 'HEAD:a.yaml'), team.read('a.yaml')]).toEqual(['pointer', real])
    const sentence = await refused()
    expect(sentence).toContain('not what is committed, byte for byte: a.yaml.')
    expect(sentence).toContain('.gitattributes')
  })

  test.each(['a.yaml', '.sops.yaml'])('or nothing is, where line ends of %s are changed', async (path) => {
    team.write('.gitattributes', `${path} text eol=crlf\n`)
    push()
    team.git('rm', '--quiet', '--cached', path)
    team.git('reset', '--quiet', '--hard')
    expect(team.read(path)).toContain('\r\n')
    expect(await refused()).toContain(`byte for byte: ${path}.`)
  })
})

describe('the branch is left as it is', () => {
  test.each<[string, (tree: string) => readonly string[], string | null]>([
    ['when someone put more into our commit', () => ['main^{tree}'], 'github-actions[bot]'],
    ['when someone else made our commit anew', (tree) => [tree], null],
    ['when it is a merge of more than the base', () => ['main^{tree}', '-p', branch], 'github-actions[bot]'],
  ])('%s', async (_, parts, name) => {
    await done()
    const message = remote('log', '-1', '--format=%B', branch)
    const email = name === null ? 'mallory@example.com' : '41898282+github-actions[bot]@users.noreply.github.com'
    const who = ['-c', `user.name=${name ?? 'mallory'}`, '-c', `user.email=${email}`]
    const theirs = remote(...who, 'commit-tree', ...parts(`${branch}^{tree}`), '-p', 'main', '-m', message)
    remote('update-ref', `refs/heads/${branch}`, theirs)
    expect(await refused()).toContain('ends in a commit that is not ours')
    expect(remote('rev-parse', branch)).toBe(theirs)
  })

  test('when someone made a commit in our name that is not the plan, also where GitHub signed it for a workflow of theirs', async () => {
    await done()
    const tree = remote('rev-parse', 'main^{tree}')
    const message = remote('log', '-1', '--format=%B', branch).replace(/(?<=\nSops-Rekey-Tree: ).*/, tree)
    const bot = ['-c', 'user.name=github-actions[bot]', '-c', 'user.email=41898282+github-actions[bot]@users.noreply.github.com']
    const theirs = remote(...bot, 'commit-tree', tree, '-p', 'main', '-m', message)
    remote('update-ref', `refs/heads/${branch}`, theirs)
    expect(await refused()).toContain('ends in a commit that is not ours')
    const made = await fetch(`${server.apiUrl}/repos/acme/infra/git/commits`, {
      method: 'POST', headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ message, tree, parents: [remote('rev-parse', 'main')] }),
    })
    const { sha, verification } = await made.json() as { readonly sha: string; readonly verification: { readonly verified: boolean } }
    expect(verification.verified).toBe(true)
    remote('update-ref', `refs/heads/${branch}`, sha)
    expect(await refused({ 'require-verified': 'true' })).toContain('ends in a commit that is not ours')
  })

  test('when its pull request goes into another base', async () => {
    push('release')
    await done({ branch: 'security/bob' })
    expect(await refused({ branch: 'security/bob', base: 'release' })).toContain('has a pull request into main (#1)')
    await done({ base: 'release' })
    expect(server.pulls.map(({ base, branch: from }) => `${from} → ${base}`))
      .toEqual(['security/bob → main', 'sops-rekey/remove-bob-into-release → release'])
  })
})

test.each(['sops-rekey', `${branch}/of-carol`])('a branch %s, beside which ours cannot be, is named before a key is used', async (name) => {
  push(name)
  expect(await refused()).toContain(`There is a branch ${name}, beside which git can have no ${branch}. Nothing was pushed. `
    + 'Rename or delete it, or give another branch in `branch`.')
  await done({ branch: 'rekey' })
})

test('two requests never share a branch', async () => {
  const { alice, bob, ci } = team
  team.config({ 'Bob B': alice, 'bob-b': bob, 'bob': ci })
  push()
  const inputs = ['Bob B', 'bob-b', alice.recipient].map((who) => ({ 'removed-recipient': who }))
  for (const one of inputs) await done(one)
  await done({ 'removed-recipient': 'bob-b', files: 'a.*' })
  await done({ 'removed-recipient': 'bob-b', 'rotate-all': 'true' })
  await done({ 'removed-recipient': '', 'rotate-all': 'true' })
  await done({ 'removed-recipient': 'Bob B\nbob-b' })
  team.config({ rotate: alice, bob, ci })
  push()
  await done({ 'rotate-all': 'true' })
  await done({ 'removed-recipient': 'bob\nrotate' })
  const names = server.pulls.map((one) => one.branch)
  expect(new Set(names).size).toBe(9)
  expect(names[0]).toMatch(/^sops-rekey\/remove-bob-b-[0-9a-f]{8}$/)
  expect(names[5]).toBe('sops-rekey/rotate')
})

describe('the checkout', () => {
  test('that has commits which the base does not have is refused: they would come along', async () => {
    team.write('more.txt', 'not on main\n')
    team.commit()
    expect(await refused()).toMatch(/is not the tip of main .*Check out main, and run again/)
  })

  test('that the base has moved on from is fine where that can be seen', async () => {
    team.write('more.txt', 'on main\n')
    push()
    team.git('checkout', '--quiet', '-B', 'main', 'HEAD^')
    await done()
    expect(remote('diff', '--name-only', `main...${branch}`)).toBe('.sops.yaml\na.yaml')
  })

  /** Somebody's commit on the base, which the checkout does not have. */
  function movesOn(tree = 'main^{tree}'): void {
    remote('update-ref', 'refs/heads/main', remote('-c', 'user.name=x', '-c', 'user.email=x@y', 'commit-tree', tree, '-p', 'main', '-m', 'x'))
  }

  test('without a branch, of a tag that the base has moved on from, is fine where GitHub knows that', async () => {
    movesOn()
    team.git('checkout', '--quiet', '--detach')
    await done({}, { GITHUB_REF: 'refs/tags/v1' })
    expect(server.pulls).toMatchObject([{ base: 'main', branch }])
  })

  test('is refused where GitHub has others of the files of the run, knows of no way to the base, or of no base', async () => {
    movesOn('4b825dc642cb6eb9a060e54bf8d69288fbee4904')
    expect(await refused()).toContain('main has got others of the files of this run meanwhile: .sops.yaml, a.yaml. Nothing was published.')
    server.refuse('GET', /\/compare\//, gitHubSays.notFound)
    expect(await refused()).toContain('is not the tip of main')
    expect(await refused({ base: 'gone' })).toContain('There is no branch gone')
  })
})

describe('a base that moves during the run', () => {
  /** Somebody changes a file on the base when all but the move of the branch is done. */
  function changesMeanwhile(path: string): void {
    server.before('POST', /\/git\/commits$/, async () => {
      const before = team.git('rev-parse', 'HEAD')
      team.write(path, 'theirs\n')
      push()
      team.git('reset', '--quiet', '--hard', before)
      await Promise.resolve()
    })
  }

  test('in a file of the pull request stops it: it would conflict', async () => {
    changesMeanwhile('a.yaml')
    const result = await run()
    expect(annotations(result, 'error')).toEqual(['main has got others of the files of this run meanwhile: a.yaml. Nothing was published. '
      + 'Check out main as it is now, and run again.'])
    expect(heads()).toEqual(['main'])
    expect(result.outputs).toMatchObject({ changed: 'false' })
  })

  test('in another file does not matter', async () => {
    changesMeanwhile('README.md')
    expect(annotations(await done(), 'warning')).toEqual([])
    expect(heads()).toEqual(['main', branch])
  })

  test('and cannot be compared is a warning', async () => {
    changesMeanwhile('README.md')
    server.refuse('GET', /\/compare\//, gitHubSays.notByIntegration)
    expect(annotations(await done(), 'warning')).toEqual([expect.stringContaining('main has moved on during the run')])
  })
})

describe('the configuration of the user does not decide', () => {
  test('what is found and what is pushed', async () => {
    team.git('tag', '--annotate', '--message', 'mine', 'v1')
    team.write('../home/.gitconfig', `[color]\n\tui = always\n\tgrep = always\n\tstatus = always\n\tdiff = always\n\tpush = always
[push]\n\tfollowTags = true\n\trecurseSubmodules = only\n\tgpgSign = true\n\tpushOption = x
[i18n]\n\tcommitEncoding = ISO-8859-1\n[url "/nowhere/"]\n\tinsteadOf = ${server.serverUrl}\n\tpushInsteadOf = ${server.serverUrl}/\n`)
    await done({ 'commit-message': 'chore: für bob' })
    expect(heads()).toEqual(['main', branch])
    expect(remote('cat-file', 'commit', branch)).not.toContain('encoding')
  })

  test.each([
    '[push]\n\tfollowTags = true', '[push]\n\trecurseSubmodules = only', '[push]\n\tgpgSign = true', '[push]\n\tpushOption = x', '[color]\n\tui = always',
  ])('with %j', async (lines) => {
    team.git('tag', '--annotate', '--message', 'mine', 'v1')
    team.write('../home/.gitconfig', `${lines}\n`)
    await done()
    expect(heads()).toEqual(['main', branch])
  })

  test('where a push goes to', async () => {
    team.write('../home/.gitconfig', `[url "/nowhere/"]\n\tinsteadOf = ${server.serverUrl}\n`)
    await done()
    expect(heads()).toEqual(['main', branch])
  })
})

test('a git that lies in the checkout is not run, also behind a link or beside the working directory', async () => {
  const ran = join(team.path, 'ran')
  team.write('tools/git', `#!/bin/sh\ntouch '${ran}'\nexec /usr/bin/env -S PATH=/usr/bin:/bin git "$@"\n`, 0o755)
  push()
  const link = join(team.path, 'innocent')
  symlinkSync(join(team.root, 'tools'), link)
  const behind = join(team.path, 'workspace')
  symlinkSync(team.root, behind)
  const path = process.env['PATH'] ?? ''
  await done({}, { PATH: `${link}:${path}` })
  await done({}, { PATH: `${join(behind, 'tools')}:${path}` })
  const above = { GITHUB_WORKSPACE: team.path, PATH: `${join(team.path, 'bin')}:${path}` }
  mkdirSync(join(team.path, 'bin'))
  writeFileSync(join(team.path, 'bin/git'), team.read('tools/git'), { mode: 0o755 })
  await done({ 'working-directory': 'repository' }, above)
  expect(existsSync(ran)).toBe(false)
})

test('what GitHub says of the pull request is told, waited for, or looked up, and the next run goes on from there', async () => {
  // Its diff alone is longer than what GitHub takes.
  const rule = team.read('.sops.yaml').replace('creation_rules:\n  - ', '    ')
  const rules = Array.from({ length: 150 }, (_, at) => `  - path_regex: ^team-${at}-${'x'.repeat(250)}/\n${rule}`)
  team.write('.sops.yaml', `creation_rules:\n${rules.join('')}  - ${rule.trimStart()}`)
  push()
  server.refuse('POST', /\/pulls$/, gitHubSays.notByPersonalToken, { times: 1 })
  const first = await run()
  expect(annotations(first, 'error')).toEqual([expect.stringMatching(/the token lacks a permission \(403\)\. Give it `pull-requests: write` in the settings of the token/)])
  expect(first.outputs).toMatchObject({ changed: 'true', 'pull-request-branch': branch, 'pull-request-number': '' })
  expect(first.outputs['compare-url']).toContain(`main...${branch}`)
  expect(heads()).toEqual(['main', branch])

  server.refuse('POST', /\/pulls$/, { status: 502, body: { message: 'Server Error' } }, { times: 1, afterwards: true })
  server.refuse('POST', /\/labels$/, gitHubSays.labelNotYet, { times: 1 })
  const second = await done({ labels: 'security', reviewers: 'github-actions[bot]' })
  expect(annotations(second, 'warning')).toEqual([expect.stringContaining('Review cannot be requested from pull request author.')])
  expect(second.outputs).toMatchObject({ 'pull-request-operation': 'created', 'pull-request-number': '1' })
  expect(server.pulls).toMatchObject([{ state: 'open', labels: ['security'] }])
  expect(server.pulls[0]?.body?.length).toBeLessThan(60_000)
})

test('a pull request that somebody opens in the same moment is the one', async () => {
  server.before('POST', /\/pulls$/, async () => {
    const body = JSON.stringify({ title: 'Bob leaves', head: branch, base: 'main' })
    await fetch(`${server.apiUrl}/repos/acme/infra/pulls`, { method: 'POST', headers: { authorization: `token ${token}` }, body })
  })
  expect((await done()).outputs).toMatchObject({ 'pull-request-operation': 'updated', 'pull-request-number': '1' })
  expect(server.pulls).toMatchObject([{ title: 'Bob leaves', body: expect.stringContaining('<!-- sops-rekey fingerprint=') }])
})

describe('after a push has begun', () => {
  test('an answer that is lost is no failure', async () => {
    server.refuse('POST', receivePack, { status: 0, body: null }, { afterwards: true })
    const result = await done({ 'commit-mode': 'git' })
    expect(result.outputs).toMatchObject({ 'pull-request-operation': 'created', 'pull-request-head-sha': remote('rev-parse', branch) })
  })

  test('a push that did not arrive leaves nothing, and says so', async () => {
    server.refuse('POST', receivePack, { status: 0, body: null })
    const result = await run({ 'commit-mode': 'git' })
    expect(result.exitCode).toBe(1)
    const [sentence] = annotations(result, 'error')
    expect(sentence).toContain(`The branch ${branch} could not be pushed`)
    expect(sentence).toMatch(/ Run again\. Nothing was published; the branch sops-rekey\/remove-bob and its pull request are as they were\.$/)
    expect(result.outputs).toMatchObject({ changed: 'false', 'pull-request-branch': '' })
    expect(heads()).toEqual(['main'])
  })

  test('one that nobody can be asked about may have arrived, and the outputs say where', async () => {
    server.before('POST', receivePack, async () => {
      server.refuse('GET', /\/git\/ref\/|\/info\/refs$/, { status: 500, body: null })
      await Promise.resolve()
    })
    server.refuse('POST', receivePack, { status: 0, body: null }, { afterwards: true })
    const result = await run({ 'commit-mode': 'git' })
    expect(annotations(result, 'error')).toEqual([expect.stringContaining('It may have been pushed')])
    expect(result.outputs).toMatchObject({ changed: 'true', 'pull-request-branch': branch })
  })

  test('a run that is stopped does not say that nothing was changed', async () => {
    let child: ChildProcess | null = null
    server.before('POST', receivePack, async () => {
      child?.kill('SIGTERM')
      await Promise.resolve()
    })
    const result = await run({ 'commit-mode': 'git' }, {}, (started) => {
      child = started
    })
    expect(result.exitCode).toBe(1)
    expect(annotations(result, 'error')).toEqual([expect.stringMatching(/The run was stopped while the branch .* being pushed\. It (is|may have been) pushed/)])
    expect(result.log).not.toContain('Nothing was changed')
    expect(result.outputs['pull-request-branch']).toBe(branch)
    expect(result.outputs['compare-url']).toContain(branch)
  })

  test('what was verified stays in the report, and the text for the pull request lies beside it', async () => {
    server.refuse('POST', /\/pulls$/, gitHubSays.settingForbids)
    const result = await run()
    expect(result.exitCode).toBe(1)
    expect(result.report).toMatchObject({
      outcome: 'failed', files: [{ path: 'a.yaml', action: 'updated+rotated', dataKey: 'new', verified: true }],
      exposure: [{ file: 'a.yaml', key: 'password' }], configs: [{ path: '.sops.yaml' }],
      findings: [{ code: 'github-setting', level: 'error' }],
    })
    const path = join(result.temporary, 'sops-rekey-pull-request.md')
    expect(readFileSync(path, 'utf8')).toContain('- [ ] <code>password</code>')
    // Whoever opens the pull request with it, a later run knows it again.
    expect(readFileSync(path, 'utf8')).toMatch(/\n<!-- sops-rekey fingerprint=\w+ -->\n<!-- sops-rekey request=\w+ -->\n/)
    expect(result.log).toContain(path)
    for (const said of ['- [ ] <code>password</code>', 'Allow GitHub Actions to create', path]) expect(result.summary).toContain(said)
    expect(result.summary + result.log).not.toContain('Nothing was changed')
    expect(result.outputs).toMatchObject({ changed: 'true', 'files-rotated': '1', 'exposed-secrets': '1' })
  })
})

describe('the files of the runner', () => {
  test('that cannot be written stop the run before anything is published', async () => {
    const gone = join(team.path, 'gone/output')
    expect(await refused({}, { GITHUB_OUTPUT: gone })).toContain(`GITHUB_OUTPUT leads to ${gone}, which cannot be written (ENOENT)`)
    const occupied = join(team.path, 'occupied')
    mkdirSync(join(occupied, 'sops-rekey-report.json'), { recursive: true })
    expect(await refused({}, { RUNNER_TEMP: occupied })).toContain('which cannot be written (EISDIR)')
    expect(await refused({}, { RUNNER_TEMP: join(team.path, 'nowhere') })).toMatch(/^RUNNER_TEMP names .*nowhere, which is not there/)
  })

  test('for the summary may be missing', async () => {
    const result = await done({}, { GITHUB_STEP_SUMMARY: join(team.path, 'gone/summary') })
    expect(annotations(result, 'warning')).toEqual([expect.stringContaining('The summary could not be written')])
    expect(heads()).toEqual(['main', branch])
  })
})

test('a working tree that cannot be written is said in one sentence, with the place and what to do', () => {
  using folder = new TemporaryFolder()
  const [root, staged] = [join(folder.path, 'root'), join(folder.path, 'staged')]
  for (const [place, text] of [[root, 'old'], [staged, 'new']] as const) {
    mkdirSync(join(place, 'closed'), { recursive: true })
    writeFileSync(join(place, 'closed/a.yaml'), text)
  }
  chmodSync(folder.path, 0o755)
  chmodSync(join(root, 'closed'), 0o555)
  mkdirSync(join(folder.path, 'open'))
  chmodSync(join(folder.path, 'open'), 0o777)
  const [replacements, note] = [[{ path: 'closed/a.yaml', sha256: createHash('sha256').update('old').digest('hex') }], join(folder.path, 'open/note')]
  const module = new URL('../../src/tools/swap.ts', import.meta.url).href
  const script = `import { swap } from ${JSON.stringify(module)}
await swap(${JSON.stringify(bundle)}, ${JSON.stringify({ root, staged, replacements, note })}).catch((error) => console.log(error.message))`
  // Whom everything is allowed to would not be refused.
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8', cwd: folder.path, ...nobody })
  chmodSync(join(root, 'closed'), 0o755)
  expect(stdout).toMatch(/^The working tree could not be changed, and is as it was: the system said EACCES at closed\/\S+\. Let the runner write there: .*\n$/)
  expect(readdirSync(join(root, 'closed'))).toEqual(['a.yaml'])
  expect(readFileSync(join(root, 'closed/a.yaml'), 'utf8')).toBe('old')
})
