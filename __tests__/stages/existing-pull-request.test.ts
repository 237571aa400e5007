import { describe, expect, test } from '@jest/globals'
import { settledBody, withMarks } from '../../src/model/publishing/body-marks.ts'
import type { Existing, Found, Politeness } from '../../src/stages/publishing/existing-pull-request.ts'
import { assertStillOpen, decideExisting } from '../../src/stages/publishing/existing-pull-request.ts'
import type { AnyPullRequest } from '../../src/tools/github.ts'

const fingerprint = 'f00d'
const [ours, older, theirs] = [{ sha: 'aaa', madeFor: fingerprint }, { sha: 'bbb', madeFor: 'beef' }, { sha: 'ccc', madeFor: null }]

function pull(state: AnyPullRequest['state'], more: Partial<AnyPullRequest> = {}): AnyPullRequest {
  return { number: 1, url: '', title: '', body: withMarks('Done.', { fingerprint }), headSha: 'aaa', base: 'main', state, ...more }
}

function decide(found: Partial<Found>, polite: Partial<Politeness> = {}): Existing {
  return decideExisting(
    { base: 'main', branch: 'b', fingerprint, request: null, head: ours, pullRequests: [], closedFor: new Map(), ...found }, { onClosed: 'respect', onHumanCommits: 'fail', ...polite },
  )
}

const other = { body: withMarks('', { fingerprint: 'beef' }) }
const settled = { body: settledBody('', fingerprint) }
const unmarked = { body: 'Mine.' }
const shown = { body: '```diff\n+ # <!-- sops-rekey request=dead -->\n  # <!-- sops-rekey fingerprint=beef -->\n```' }
const forThisPlan = new Map([[1, fingerprint]])
const ofRequest = (request: string): { body: string } => ({ body: withMarks('', { fingerprint: 'beef', request }) })

describe('what stands there', () => {
  test.each<[string, Partial<Found>, Partial<Politeness>, Partial<Existing>]>([
    ['nothing', { head: null }, {}, { kind: 'publish', head: null, pullRequest: null, overwritten: null }],
    ['our branch alone', {}, {}, { kind: 'publish', head: 'aaa', pullRequest: null, overwritten: null }],
    ['an open one for this plan', { pullRequests: [pull('open')] }, {}, { kind: 'up-to-date', head: 'aaa' }],
    ['an open one for this plan, with an older commit', { head: older, pullRequests: [pull('open')] }, {}, { kind: 'publish', head: 'bbb' }],
    ['an open one for another plan', { pullRequests: [pull('open', other)] }, {}, { kind: 'publish', head: 'aaa', overwritten: null }],
    ['one that a person closed', { head: null, pullRequests: [pull('closed')] }, {}, { kind: 'closed-by-hand' }],
    ['one that a person closed, with the branch', { pullRequests: [pull('closed')] }, {}, { kind: 'closed-by-hand' }],
    ['one that a person closed, and more commits', { head: theirs, pullRequests: [pull('closed')] }, {}, { kind: 'closed-by-hand' }],
    ['one that a person closed, to be opened anew', { pullRequests: [pull('closed')] }, { onClosed: 'reopen' }, { kind: 'publish', head: 'aaa' }],
    ['one that we closed', { head: null, pullRequests: [pull('closed', settled)] }, {}, { kind: 'publish' }],
    ['one for another plan that a person closed', { head: null, pullRequests: [pull('closed', other)] }, {}, { kind: 'publish' }],
    ['one into another base that a person closed', { head: null, pullRequests: [pull('closed', { base: 'x' })] }, {}, { kind: 'publish' }],
    ['one that was merged', { head: null, pullRequests: [pull('merged')] }, {}, { kind: 'publish' }],
    ['an open one, and one before it that was closed', { pullRequests: [pull('open'), pull('closed')] }, {}, { kind: 'up-to-date' }],
    ['commits on our open one, to be overwritten', { head: theirs, pullRequests: [pull('open')] }, { onHumanCommits: 'overwrite' },
      { kind: 'publish', head: 'ccc', overwritten: 'ccc' }],
    ['an open one for this plan, whose text a person wrote anew', { pullRequests: [pull('open', unmarked)] }, {}, { kind: 'up-to-date' }],
    ['an older one, whose text a person wrote anew', { head: older, pullRequests: [pull('open', unmarked)] }, {}, { kind: 'publish', head: 'bbb' }],
    ['one that a person closed after they wrote its text anew', { pullRequests: [pull('closed', unmarked)], closedFor: forThisPlan }, {},
      { kind: 'closed-by-hand' }],
    ['one that a person closed so, with the branch deleted', { head: null, pullRequests: [pull('closed', unmarked)], closedFor: forThisPlan }, {},
      { kind: 'closed-by-hand' }],
    ['one that a person closed so for another plan', { pullRequests: [pull('closed', unmarked)], closedFor: new Map([[1, 'beef']]) }, {}, { kind: 'publish' }],
    ['one that says it is for another plan than its commit', { pullRequests: [pull('closed', other)], closedFor: forThisPlan }, {}, { kind: 'publish' }],
    ['one that shows marks in a diff alone', { pullRequests: [pull('open', shown)] }, {}, { kind: 'up-to-date' }],
    ['one of this request that shows another in a diff', { request: 'abc1', pullRequests: [pull('open', { body: `${shown.body}\n${ofRequest('abc1').body}` })] }, {},
      { kind: 'publish' }],
    ['one that we closed, with the branch kept', { pullRequests: [pull('closed', settled)] }, {}, { kind: 'publish' }],
    ['an open one of this request', { request: 'abc1', pullRequests: [pull('open', ofRequest('abc1'))] }, {}, { kind: 'publish' }],
    ['an open one that does not say its request', { request: 'abc1', pullRequests: [pull('open', other)] }, {}, { kind: 'publish' }],
    ['an open one of another request, on a branch that is named after this one', { pullRequests: [pull('open', ofRequest('def2'))] }, {}, { kind: 'publish' }],
    ['our own commit, where others would be overwritten', { pullRequests: [pull('open')] }, { onHumanCommits: 'overwrite' }, { kind: 'up-to-date' }],
  ])('%s', (_, found, polite, decided) => {
    expect(decide(found, polite)).toMatchObject(decided)
  })

  test.each<[string, Partial<Found>, Partial<Politeness>, RegExp]>([
    ['commits of others', { head: theirs, pullRequests: [pull('open')] }, {}, /not ours \(ccc\).*`on-human-commits: overwrite`/],
    ['a branch that was never ours', { head: theirs }, { onHumanCommits: 'overwrite' }, /not ours \(ccc\).*give another one in `branch`/],
    ['a pull request that was never ours', { head: theirs, pullRequests: [pull('open', unmarked)] }, { onHumanCommits: 'overwrite' }, /not ours/],
    ['a branch that was ours until a person closed its pull request', { head: theirs, pullRequests: [pull('closed', other)] },
      { onHumanCommits: 'overwrite' }, /not ours/],
    ['a pull request of another request', { request: 'abc1', pullRequests: [pull('open', ofRequest('def2'))] }, { onHumanCommits: 'overwrite' },
      /another request \(#1\).*`branch: .*\{removed\}`/],
    ['our branch, on its way elsewhere', { pullRequests: [pull('open', { base: 'release', number: 7 })] }, {}, /into release \(#7\).*for main/],
  ])('%s: refused', (_, found, polite, sentence) => {
    expect(() => decide(found, polite)).toThrow(expect.objectContaining({ code: 'branch-foreign', message: expect.stringMatching(sentence) }))
  })
})

describe('a pull request that was open', () => {
  test.each<[string, AnyPullRequest | null, AnyPullRequest[], Politeness['onClosed']]>([
    ['and is', pull('open'), [pull('open')], 'respect'],
    ['and was closed, where that is not respected', pull('open'), [pull('closed')], 'reopen'],
    ['nowhere', null, [pull('closed')], 'respect'],
    ['and was closed with its branch moved, which is another error', pull('open'), [pull('closed', { headSha: 'ddd' })], 'respect'],
  ])('%s: the run goes on', (_, seen, now, onClosed) => {
    expect(() => assertStillOpen(seen, now, { onClosed, onHumanCommits: 'fail' })).not.toThrow()
  })

  test.each<[AnyPullRequest['state'], RegExp]>([
    ['closed', /#1 was closed during the run.*`on-closed: reopen`/],
    ['merged', /#1 was merged during the run.*Run again/],
  ])('and was %s meanwhile: nothing is pushed', (state, sentence) => {
    expect(() => assertStillOpen(pull('open'), [pull(state)], { onClosed: 'respect', onHumanCommits: 'fail' }))
      .toThrow(expect.objectContaining({ code: 'changed-underneath', message: expect.stringMatching(sentence) }))
  })
})
