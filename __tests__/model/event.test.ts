import { describe, expect, test } from '@jest/globals'
import { eventRefusal } from '../../src/model/publishing/event.ts'
import type { StartedBy } from '../../src/model/publishing/event.ts'

const repository = { full_name: 'acme/infra', default_branch: 'main' }

function startedBy(event: string, more: Partial<StartedBy> = {}): StartedBy {
  return { event, ref: 'refs/heads/main', payload: { repository }, ...more }
}

function workflowRun(earlier: unknown): StartedBy {
  return startedBy('workflow_run', { payload: { repository, workflow_run: earlier } })
}

const ours = { full_name: 'acme/infra' }
const fork = { full_name: 'mallory/infra' }

describe('keys are given to a run started by', () => {
  test.each<[string, StartedBy, string | null]>([
    ['the clock', startedBy('schedule', { payload: null }), null],
    ['hand', startedBy('workflow_dispatch', { payload: null }), null],
    ['hand on another branch', startedBy('workflow_dispatch', { ref: 'refs/heads/release/1' }), null],
    ['hand on a tag', startedBy('workflow_dispatch', { ref: 'refs/tags/v1' }), null],
    ['the API', startedBy('repository_dispatch'), null],
    ['a caller, should the runner say so', startedBy('workflow_call'), null],
    ['a push to the default branch', startedBy('push'), null],
    ['a push to a default branch that is not main', startedBy('push', {
      ref: 'refs/heads/trunk', payload: { repository: { ...repository, default_branch: 'trunk' } },
    }), null],
    ['a push to the branch in `base`', startedBy('push', { ref: 'refs/heads/release/1' }), 'release/1'],
    ['a push to the branch in `base`, without a payload', startedBy('push', { payload: null }), 'main'],
    ['a push to the default branch, while `base` is another', startedBy('push'), 'release/1'],
    ['a push to a branch that only sounds like a pull request', startedBy('push', { ref: 'refs/heads/refs/pull/1/merge' }), 'refs/pull/1/merge'],
    ['a run here that was started by a push', workflowRun({ event: 'push', head_repository: ours }), null],
    ['a run here, in other letters', workflowRun({ event: 'schedule', head_repository: { full_name: 'Acme/Infra' } }), null],
  ])('%s', (_, started, base) => {
    expect(eventRefusal(started, base)).toBeNull()
  })
})

describe('keys are not given to a run started by', () => {
  test.each([
    'pull_request', 'pull_request_target', 'pull_request_review', 'pull_request_review_comment', 'pull_request_comment', 'pull_request_new',
  ])('%s', (event) => {
    const refusal = eventRefusal(startedBy(event), null)
    expect(refusal?.code).toBe('event')
    expect(refusal?.message).toMatch(`This run was started by \`${event}\`, whose content its author controls; it is not given keys. Run on`)
  })

  test.each([
    'merge_group', 'issue_comment', 'issues', 'discussion', 'discussion_comment', 'fork', 'watch', 'gollum', 'label', 'create', 'delete',
    'release', 'status', 'check_run', 'check_suite', 'deployment', 'deployment_status', 'registry_package', 'page_build', 'public',
    'branch_protection_rule', 'milestone', 'project', 'Push', 'push ', 'schedule\n', 'toString', 'constructor',
  ])('%j, which is not on the list', (event) => {
    const refusal = eventRefusal(startedBy(event), 'main')
    expect(refusal?.code).toBe('event')
    expect(refusal?.message).toContain('none of the events')
    for (const served of ['workflow_dispatch', 'schedule', 'push', 'repository_dispatch', 'workflow_call', 'workflow_run']) {
      expect(refusal?.message).toContain(`\`${served}\``)
    }
  })

  test('what is not said', () => {
    expect(eventRefusal(startedBy(''), 'main')?.message).toContain('GITHUB_EVENT_NAME')
  })

  test.each(['schedule', 'workflow_dispatch', 'push', 'repository_dispatch', 'workflow_call', 'workflow_run'])('%s for a merge ref', (event) => {
    const payload = { repository, workflow_run: { event: 'push', head_repository: ours } }
    for (const ref of ['refs/pull/7/merge', 'refs/pull/7/head', 'refs/heads/gh-readonly-queue/main/pr-7-0123abc']) {
      const base = ref.replace('refs/heads/', '')
      expect(eventRefusal(startedBy(event, { ref, payload }), base)?.message).toContain(ref)
    }
  })

  test.each<[string, StartedBy, string | null, string]>([
    ['to another branch', startedBy('push', { ref: 'refs/heads/feature' }), null, 'refs/heads/feature, which is neither the default branch (main)'],
    ['to the branch of its own pull request', startedBy('push', { ref: 'refs/heads/sops-rekey/remove-bob' }), 'main', 'neither'],
    ['of a tag named like the branch', startedBy('push', { ref: 'refs/tags/main' }), 'main', 'refs/tags/main'],
    ['to a branch whose name only ends like it', startedBy('push', { ref: 'refs/heads/x/main' }), 'main', 'neither'],
    ['to nowhere', startedBy('push', { ref: '' }), null, 'neither'],
    ['without a payload', startedBy('push', { payload: null }), null, 'does not say which branch is the default one'],
    ['with a payload that is no event', startedBy('push', { payload: 'main' }), null, 'does not say which branch'],
    ['with a name of its own for the default branch', startedBy('push', { payload: { repository: { default_branch: ['main'] } } }), null, 'does not say'],
  ])('a push %s', (_, started, base, sentence) => {
    expect(eventRefusal(started, base)?.message).toContain(sentence)
  })

  test.each<[string, StartedBy, string]>([
    ['a fork', workflowRun({ event: 'push', head_repository: fork }), 'after a run of the fork mallory/infra'],
    ['a fork whose name starts alike', workflowRun({ event: 'push', head_repository: { full_name: 'acme/infra2' } }), 'the fork acme/infra2'],
    ['a fork that was deleted', workflowRun({ event: 'push', head_repository: null }), 'does not name'],
    ['a pull request from here', workflowRun({ event: 'pull_request', head_repository: ours }), 'that `pull_request` had started'],
    ['`pull_request_target`', workflowRun({ event: 'pull_request_target', head_repository: ours }), 'that `pull_request_target` had started'],
    ['a comment', workflowRun({ event: 'issue_comment', head_repository: ours }), 'that `issue_comment` had started'],
    ['another `workflow_run`, whose start is out of sight', workflowRun({ event: 'workflow_run', head_repository: ours }), '`workflow_run` had started'],
    ['nobody knows what', workflowRun({ head_repository: ours }), 'an unnamed event'],
    ['nothing', workflowRun(undefined), 'does not name'],
    ['somewhere', startedBy('workflow_run', { payload: { workflow_run: { event: 'push', head_repository: ours } } }), 'in which repository'],
    ['an unreadable event', startedBy('workflow_run', { payload: null }), 'in which repository'],
  ])('`workflow_run` after %s', (_, started, sentence) => {
    const refusal = eventRefusal(started, 'main')
    expect(refusal?.code).toBe('event')
    expect(refusal?.message).toContain(sentence)
  })
})

test.each<[string, StartedBy]>([
  ['event', startedBy('a\n::set-output name=x::y')],
  ['kind of pull request', startedBy('pull_request_a\n::b')],
  ['ref', startedBy('push', { ref: 'refs/heads/a\n::b' })],
  ['merge ref', startedBy('push', { ref: 'refs/pull/a\n::b' })],
  ['queue', startedBy('push', { ref: 'refs/heads/gh-readonly-queue/a\n::b' })],
  ['default branch', startedBy('push', { ref: 'refs/heads/b', payload: { repository: { default_branch: 'a\n::b' } } })],
  ['fork', workflowRun({ event: 'push', head_repository: { full_name: 'a\n::b' } })],
  ['earlier event', workflowRun({ event: 'a\n::b', head_repository: ours })],
])('a refusal is one line of harmless text, whatever the %s is called', (_, started) => {
  const message = eventRefusal(started, null)?.message ?? ''
  expect(message).toContain('a\\n::')
  expect(message).not.toContain('\n')
})
