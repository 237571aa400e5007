// Wrong input gets one sentence that names the input and what would be right, before anything runs.
import { mkdirSync, renameSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { makeAgeKey } from '../support/age-key.ts'
import { Company } from '../support/company.ts'
import { Repository } from '../support/repository.ts'
import { Team } from '../support/team.ts'
import { annotations, canary, refusalOf, runUnchanged } from '../support/unchanged.ts'

describe('a recipient', () => {
  test('that nobody knows: everybody who is there is listed, with their names', async () => {
    using company = new Company()
    const { sentence } = await refusalOf(company, { 'removed-recipient': 'eve' })
    expect(sentence).toContain('"eve" is neither a recipient here nor the name of one.')
    for (const name of ['alice', 'bob', 'ci'] as const) {
      expect(sentence).toMatch(new RegExp(`^ +${name} +${company[name].recipient} \\(\\.sops\\.yaml:\\d\\)$`, 'm'))
    }
    expect(sentence).toMatch(/Name one of them by its key/)
  })

  test('that is a key, but nobody’s here', async () => {
    using company = new Company()
    const stranger = makeAgeKey().recipient
    const { sentence } = await refusalOf(company, { 'removed-recipient': `bob, ${stranger}` })
    expect(sentence).toContain(`"${stranger}" is neither`)
    expect(sentence).toContain(company.alice.recipient)
  })

  test('whose name two different people have: both are listed, nobody else', async () => {
    using team = new Team()
    const [one, other] = [makeAgeKey(), makeAgeKey()]
    team.config({ bob: one, alice: team.alice, ci: team.ci }, 'web/.sops.yaml')
    team.config({ bob: other, ci: team.ci }, 'api/.sops.yaml')
    for (const path of ['web/a.yaml', 'api/b.yaml']) team.encrypt(path, `password: ${canary}\n`)
    team.commit()
    const { sentence } = await refusalOf(team, { 'removed-recipient': 'bob' })
    expect(sentence).toContain('"bob" could mean:')
    for (const { recipient } of [one, other]) expect(sentence).toContain(recipient)
    expect(sentence).not.toContain(team.alice.recipient)
  })
})

describe('an input', () => {
  const wrong: readonly (readonly [string, string, string])[] = [
    ['max-key-age', '90', 'like `max-key-age: 90d`, `12w` or `6m`'],
    ['max-key-age', '0d', 'like `max-key-age: 90d`'],
    ['max-key-age', '90 days', 'like `max-key-age: 90d`'],
    ['max-key-age', '1y', 'like `max-key-age: 90d`'],
    ['concurrency', '0', 'from 1 to 128, like `concurrency: 8`'],
    ['concurrency', '1.5', 'like `concurrency: 8`'],
    ['concurrency', '129', 'like `concurrency: 8`'],
    ['concurrency', 'many', 'like `concurrency: 8`'],
    ['dry-run', 'yes', 'Write `dry-run: true` or `dry-run: false`'],
    ['rotate-all', '1', 'Write `rotate-all: true` or `rotate-all: false`'],
    ['pull-request', 'no', 'Write `pull-request: true` or `pull-request: false`'],
    ['removed-recipient', ' , ', 'like `removed-recipient: bob`'],
    ['removed-recipient', '   ', 'like `removed-recipient: bob`'],
    ['on-closed', 'never', 'Write `on-closed: respect` or'],
    ['on-human-commits', 'never', 'Write `on-human-commits: fail` or'],
    ['commit-mode', 'ftp', 'Write `commit-mode: auto`'],
    ['working-directory', 'nowhere', 'Name the root of a checkout.'],
  ]
  const contradictions: readonly (readonly [Readonly<Record<string, string>>, readonly string[]])[] = [
    [{ 'rotate-all': 'true', 'max-key-age': '90d' }, ['`rotate-all: true`', '`max-key-age`', 'Leave out one']],
    [{ 'sops-version': '3.13.3' }, ['`sops-path`', '`sops-version`', 'Leave out one']],
    [{ labels: 'security' }, ['`labels`', '`pull-request: false`', 'Leave out `labels`']],
    [{ draft: 'true' }, ['`draft`', '`pull-request: false`', 'Leave out `draft`']],
    [{ 'on-closed': 'reopen' }, ['`on-closed`', '`pull-request: false`']],
    [{ 'on-human-commits': 'overwrite' }, ['`on-human-commits`', '`pull-request: false`']],
    [{ 'delete-branch': 'false' }, ['`delete-branch`', '`pull-request: false`']],
    [{ 'pull-request': 'true' }, ['`token`', 'github.token']],
  ]
  test('that is no such thing is named, with a right example; two that contradict each other are both named', async () => {
    using company = new Company()
    for (const [name, value, advice] of wrong) {
      const { sentence, run } = await refusalOf(company, { [name]: value })
      expect(sentence).toContain(`input \`${name}\``)
      expect(sentence).toContain(advice)
      expect(run).toMatchObject({ report: null, outputs: {} })
      expect(run.log).not.toContain('::group::')
    }
    for (const [inputs, parts] of contradictions) {
      const { sentence, run } = await refusalOf(company, inputs)
      for (const part of parts) expect(sentence).toContain(part)
      expect(run.report).toBeNull()
    }
  })
})

describe('a checkout', () => {
  test('without any .sops.yaml, or without one above a file', async () => {
    using company = new Company()
    company.git('rm', '--quiet', '.sops.yaml')
    company.commit()
    const { sentence } = await refusalOf(company, { 'removed-recipient': company.bob.recipient })
    expect(sentence).toContain('apps/api/config.json, apps/api/settings.ini, apps/api/tls.key and 2 more: no .sops.yaml stands in its folder or above')
    expect(sentence).not.toContain('prod/')

    company.git('rm', '--quiet', 'prod/.sops.yaml')
    company.commit()
    const none = await refusalOf(company, { 'removed-recipient': company.bob.recipient })
    expect(none.sentence).toContain('There are 8 encrypted files, and git tracks no .sops.yaml in any folder')
  })

  test('without an encrypted file is no failure, and says where was looked', async () => {
    using team = new Team()
    team.config({ alice: team.alice, ci: team.ci })
    team.write('README.md', 'No secrets: ENC[AES256_GCM, is only an example.\n')
    team.commit()
    const nothing = await runUnchanged(team, {})
    expect(nothing).toMatchObject({ exitCode: 0, outputs: { changed: 'false', 'files-matched': '0' } })
    expect(nothing.report).toMatchObject({ outcome: 'unchanged' })
    expect(annotations(nothing, 'notice')).toEqual([expect.stringContaining('every file that git tracks was looked at')])
    expect(annotations(nothing, 'error')).toEqual([])

    team.encrypt('app.yaml', `a: ${canary}\n`)
    team.commit()
    const elsewhere = await runUnchanged(team, { files: 'prod/**\n!prod/x' })
    expect(elsewhere).toMatchObject({ exitCode: 0, report: { outcome: 'unchanged' } })
    expect(annotations(elsewhere, 'notice')).toEqual(['No encrypted file matches `files` (prod/**, !prod/x).'])
  })

  test('with uncommitted changes to encrypted files or configs: modified, staged or deleted, they are listed', async () => {
    using company = new Company()
    company.encrypt('apps/web/secrets.yaml', 'db: changed\n')
    company.encrypt('apps/web/prod.env', 'A=b\n')
    company.git('add', 'apps/web/prod.env')
    rmSync(join(company.root, 'apps/api/tls.key'))
    company.git('rm', '--quiet', '--cached', 'prod/values.yaml.enc')
    company.write('prod/.sops.yaml', `${company.read('prod/.sops.yaml')}# more\n`)
    company.write('README.md', 'Not encrypted, and so nobody’s business.\n')
    const { sentence } = await refusalOf(company, { 'removed-recipient': 'bob' })
    expect(sentence).toBe('Not committed: apps/api/tls.key, apps/web/prod.env, apps/web/secrets.yaml, prod/.sops.yaml, '
      + 'prod/values.yaml.enc. Commit or discard these changes, and run again.')

    const narrowed = await refusalOf(company, { 'removed-recipient': 'bob', files: 'apps/web/*.env' })
    // What is gone, no glob can name: it counts.
    expect(narrowed.sentence).toContain('Not committed: apps/api/tls.key, apps/web/prod.env, prod/.sops.yaml.')
  })

  test('with changes of which git was told to say nothing', async () => {
    using company = new Company()
    const [path, other] = ['apps/web/secrets.yaml', 'apps/web/prod.env']
    company.git('update-index', '--assume-unchanged', path, other)
    company.write(path, 'in: the clear\n')
    const { sentence } = await refusalOf(company, { 'removed-recipient': 'bob' })
    expect(sentence).toContain(`Not committed: ${path}.`)
  })

  test('with uncommitted changes to other files only is worked on', async () => {
    using company = new Company()
    company.write('README.md', 'Changed.\n')
    company.write('untracked.txt', 'New.\n')
    // Reason enough for git to write its index, were it allowed to.
    utimesSync(join(company.root, 'src/main.ts'), 1, 1)
    expect(await runUnchanged(company, { 'removed-recipient': 'bob', 'dry-run': 'true' })).toMatchObject({ exitCode: 0 })
  })

  test('that is sparse could hide secrets', async () => {
    using company = new Company()
    company.git('sparse-checkout', 'set', '--no-cone', '/apps/', '/.sops.yaml')
    const { sentence } = await refusalOf(company, { 'removed-recipient': 'bob' })
    expect(sentence).toContain('The checkout is sparse')
    expect(sentence).toContain('6 tracked files are not there')
  })
})

describe('a working-directory', () => {
  test('that is no git repository, or one without a commit', async () => {
    using company = new Company()
    const outside = await refusalOf(company, { 'working-directory': company.home })
    expect(outside.sentence).toContain(`${company.home} is no git checkout with a commit.`)
    expect(outside.sentence).toContain('Run actions/checkout before this step')

    using empty = new Repository()
    expect((await refusalOf(empty, {})).sentence).toContain('is no git checkout with a commit.')
  })

  test('that is a folder of a checkout', async () => {
    using company = new Company()
    const { sentence } = await refusalOf(company, { 'working-directory': 'apps', 'removed-recipient': 'bob' })
    expect(sentence).toContain(`${join(company.root, 'apps')} lies inside of the checkout ${company.root}`)
    expect(sentence).toContain('Point `working-directory` at the root of the checkout')
  })

  test('below the workspace is worked on', async () => {
    using company = new Company()
    renameSync(company.root, join(company.path, 'checkout'))
    mkdirSync(company.root)
    renameSync(join(company.path, 'checkout'), join(company.root, 'checkout'))
    company.git('init', '--quiet')
    const run = await runUnchanged(company, { 'removed-recipient': 'bob', 'dry-run': 'true', 'working-directory': 'checkout' })
    expect(run.exitCode).toBe(0)
    expect(run.report?.files).toHaveLength(8)
  })
})

describe('a run', () => {
  test('that was started by somebody’s pull request is given no key; a dry run needs none', async () => {
    using company = new Company()
    for (const event of ['pull_request_target', 'pull_request', 'pull_request_review', 'pull_request_review_comment']) {
      const { sentence, run } = await refusalOf(company, { 'removed-recipient': 'bob' }, { env: { GITHUB_EVENT_NAME: event } })
      expect(sentence).toContain(`started by \`${event}\``)
      expect(sentence).toContain('Run on `workflow_dispatch`, `schedule` or `push`')
      expect(run.report).toBeNull()
    }
    const env = { GITHUB_EVENT_NAME: 'pull_request' }
    const planned = await runUnchanged(company, { 'removed-recipient': 'bob', 'dry-run': 'true' }, { env })
    expect(planned).toMatchObject({ exitCode: 0, report: { outcome: 'planned' } })
  })
})
