// The inputs about the pull request.
// Must never let one go by unseen where there is to be no pull request.
import { getInput } from '@actions/core'
import { flag, list, text, wrong } from './input-values.ts'
import { Failure } from './model/failure.ts'
import type { PullRequestInputs } from './model/inputs.ts'
import { isBranchName } from './model/publishing/branch-name.ts'
import type { TemplateInput } from './model/publishing/template.ts'
import { fillTemplate, templateVariables, variablesIn } from './model/publishing/template.ts'

function onClosed(): PullRequestInputs['onClosed'] {
  const value = getInput('on-closed') || 'respect'
  if (value === 'respect' || value === 'reopen') return value
  throw wrong('on-closed', value, 'Write `on-closed: respect` or `on-closed: reopen`.')
}

function onHumanCommits(): PullRequestInputs['onHumanCommits'] {
  const value = getInput('on-human-commits') || 'fail'
  if (value === 'fail' || value === 'overwrite') return value
  throw wrong('on-human-commits', value, 'Write `on-human-commits: fail` or `on-human-commits: overwrite`.')
}

function template(name: TemplateInput): string | null {
  const value = text(name)
  const known: readonly string[] = templateVariables[name]
  const strange = variablesIn(value ?? '').find((variable) => !known.includes(variable))
  if (strange === undefined) return value
  throw new Failure('input', `The input \`${name}\` holds {${strange}}, which stands for nothing there.`, {
    advice: `There ${known.length === 1 ? 'is' : 'are'} ${known.map((one) => `{${one}}`).join(', ')}; write \`{{${strange}}}\` for the text itself.`,
  })
}

export function branchName(name: 'base' | 'branch'): string | null {
  const value = template(name)
  if (value === null) return null
  const filled = fillTemplate(value, Object.fromEntries(variablesIn(value).map((variable) => [variable, 'x'])))
  if (!isBranchName(filled)) throw wrong(name, value, `Write the name of a branch, like \`${name}: ${name === 'base' ? 'main' : 'sops-rekey/offboarding'}\`.`)
  return value
}

/** More would not leave room for the report in a pull request's body. */
const longestHeader = 10_000

function bodyHeader(): string | null {
  const value = template('body-header')
  if (value === null || Buffer.byteLength(value) <= longestHeader) return value
  throw new Failure('input', `The input \`body-header\` has ${Buffer.byteLength(value)} bytes, and at most ${longestHeader} fit.`, { advice: 'Link to the rest.' })
}

function commitMode(requireVerified: boolean): PullRequestInputs['commitMode'] {
  const value = getInput('commit-mode') || 'auto'
  if (value === 'git' && requireVerified) {
    throw new Failure('input', 'The inputs `commit-mode: git` and `require-verified: true` contradict each other: GitHub signs only what is committed through its API.', {
      advice: 'Write `commit-mode: api`, or leave out `require-verified`.',
    })
  }
  if (value === 'auto' || value === 'api' || value === 'git') return value
  throw wrong('commit-mode', value, 'Write `commit-mode: auto`, `commit-mode: api` or `commit-mode: git`.')
}

const onlyForPullRequests = [
  'base', 'branch', 'commit-message', 'title', 'body-header', 'labels', 'assignees', 'reviewers', 'team-reviewers', 'milestone', 'draft',
  'signoff', 'commit-mode', 'require-verified', 'on-closed', 'on-human-commits', 'delete-branch',
] as const

/** What action.yml gives where nothing is written. */
const standards: Readonly<Record<string, string>> = {
  draft: 'false', signoff: 'false', 'require-verified': 'false', 'delete-branch': 'true', 'commit-mode': 'auto', 'on-closed': 'respect', 'on-human-commits': 'fail',
}

/** What action.yml gives by itself does not count. */
function isGiven(name: typeof onlyForPullRequests[number]): boolean {
  const value = getInput(name)
  return value !== '' && value.toLowerCase() !== standards[name]
}

/** null where there is to be none. */
export function pullRequest(): PullRequestInputs | null {
  const requireVerified = flag('require-verified', false)
  // Each is checked also where there is no pull request to use it for.
  const wanted: PullRequestInputs = {
    base: branchName('base'), branch: branchName('branch'),
    commitMessage: template('commit-message'), title: template('title'), bodyHeader: bodyHeader(),
    labels: list('labels'), assignees: list('assignees'), reviewers: list('reviewers'), teamReviewers: list('team-reviewers'),
    milestone: text('milestone'), draft: flag('draft', false), signoff: flag('signoff', false),
    onClosed: onClosed(), onHumanCommits: onHumanCommits(), deleteBranch: flag('delete-branch', true),
    commitMode: commitMode(requireVerified), requireVerified,
  }
  if (flag('pull-request', true)) return wanted
  const [given] = onlyForPullRequests.filter(isGiven)
  if (given === undefined) return null
  throw new Failure('input', `The inputs \`${given}\` and \`pull-request: false\` contradict each other: there is no pull request to use it for.`, {
    advice: `Leave out \`${given}\`, or write \`pull-request: true\`.`,
  })
}
