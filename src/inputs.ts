// Every input, read once, checked, as one readonly value.
// Must refuse what is no such thing or contradicts itself before anything else runs.
import { getInput, setSecret } from '@actions/core'
import { Failure } from './model/failure.ts'
import { isBranchName } from './model/publishing/branch-name.ts'
import type { FailOn } from './model/check/check.ts'
import type { Inputs, Job, PullRequestInputs } from './model/inputs.ts'
import type { KeyAge } from './model/exposure/key-age.ts'
import { parseKeyAge } from './model/exposure/key-age.ts'
import { privateKeys, visible } from './model/safe-text.ts'
import { parseShard } from './model/plan/shard.ts'
import type { TemplateInput } from './model/publishing/template.ts'
import { fillTemplate, templateVariables, variablesIn } from './model/publishing/template.ts'

function wrong(name: string, value: string, advice: string): Failure {
  return new Failure('input', `The input \`${name}\` is ${value === '' ? 'empty' : `"${visible(value, 80)}"`}.`, { advice })
}

function text(name: string): string | null {
  const value = getInput(name)
  return value === '' ? null : value
}

function lines(name: string): string[] {
  return getInput(name).split('\n').map((line) => line.trim()).filter((line) => line !== '')
}

/** `! a` is `!a`. */
function globs(): string[] {
  return lines('files').map((line) => line.replace(/^!\s+/, '!'))
}

/** One a line or separated by commas. */
function list(name: string): string[] {
  return lines(name).flatMap((line) => line.split(',')).map((item) => item.trim()).filter((item) => item !== '')
}

function flag(name: string, standard: boolean): boolean {
  const value = getInput(name)
  if (value === '') return standard
  if (/^(?:true|True|TRUE)$/.test(value)) return true
  if (/^(?:false|False|FALSE)$/.test(value)) return false
  throw wrong(name, value, `Write \`${name}: true\` or \`${name}: false\`.`)
}

function concurrency(): number | null {
  const value = getInput('concurrency')
  if (value === '') return null
  if (/^[1-9]\d{0,2}$/.test(value) && Number(value) <= 128) return Number(value)
  throw wrong('concurrency', value, 'Write a whole number from 1 to 128, like `concurrency: 8`.')
}

function maxKeyAge(): KeyAge | null {
  const value = getInput('max-key-age')
  const age = parseKeyAge(value)
  if (value !== '' && age === null) throw wrong('max-key-age', value, 'Write days, weeks or months, like `max-key-age: 90d`, `12w` or `6m`.')
  return age
}

/** What no input is for: a private key in it is not used, and hidden from here on. */
function refusePrivateKeys(): void {
  for (const name of ['removed-recipient', 'added-recipient', 'same-access-as', 'required-recipient', 'exposed-to']) {
    const found = getInput(name).match(privateKeys)
    if (found === null) continue
    for (const key of found) setSecret(key)
    throw new Failure('input', `The input \`${name}\` holds a private key, which was not used.`, {
      advice: 'Write the public one (`age1…`). The log of a run may keep its inputs: take that key for known, and replace it.',
    })
  }
}

/** A recipient may itself hold a comma (a KMS encryption context), so only lines split where one is spelled out. */
function recipients(name: string, example: string): string[] {
  const found = lines(name).flatMap((line) => (/^(?:[^,|=]+=)?(?:arn:|ssh-)/.test(line) && line.includes('|') ? [line] : line.match(/\s*"[^"]*"\s*(?=,|$)|[^,]+/g) ?? []))
    .map((item) => item.trim().replace(/^"(.*)"$/, '$1').trim()).filter((item) => item !== '')
  // Nobody would mean another job: to bring files in line with their configs.
  const given = getInput(name, { trimWhitespace: false })
  if (found.length === 0 && given !== '') throw wrong(name, given, `Write ${example}.`)
  return found
}

function policy(): Inputs['policy'] {
  const value = getInput('policy') || 'warn'
  if (value === 'off' || value === 'warn' || value === 'enforce') return value
  throw wrong('policy', value, 'Write `policy: off`, `policy: warn` or `policy: enforce`.')
}

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

function ownersFile(): string | null {
  const value = text('owners-file')
  if (value === null || value === '.sops-owners.yaml') return null
  if (/^(?!\/|\.\.?(?:\/|$))(?:[^/\\]+\/)*[^/\\]+$/.test(value)) return value
  throw wrong('owners-file', value, 'Write a path inside of the checkout, like `owners-file: .sops-owners.yaml`.')
}

function agePlugins(): string[] {
  const names = list('age-plugins')
  const bad = names.find((name) => !/^[a-z0-9][a-z0-9.+_-]*$/.test(name))
  if (bad !== undefined) throw wrong('age-plugins', bad, 'Write names of plugins, like `age-plugins: yubikey` for the program age-plugin-yubikey.')
  return names
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

function branchName(name: 'base' | 'branch'): string | null {
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

function pullRequest(): PullRequestInputs | null {
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

function refuseContradictingAccess({ removedRecipients: removed, addedRecipients: added, sameAccessAs }: Inputs): void {
  const contradict = (what: string, advice: string): Failure => new Failure('input', what, { advice })
  if (added.length > 0 && removed.length === 0 && sameAccessAs === null) {
    throw contradict('The input `added-recipient` does not say what the new recipient gets access to.',
      'Write whose access it gets, like `same-access-as: alice`, or `same-access-as: "*"` for every rule; or name in `removed-recipient` whose place it takes.')
  }
  if (sameAccessAs !== null && added.length === 0) {
    throw contradict('The input `same-access-as` needs `added-recipient`: it says whose access the new recipient gets.', 'Write who comes, like `added-recipient: carol=age1…`.')
  }
  if (sameAccessAs !== null && removed.length > 0) {
    throw contradict('The inputs `same-access-as` and `removed-recipient` contradict each other: the new recipient takes the place of the removed one.', 'Leave out `same-access-as`, or run twice.')
  }
  if (removed.length > 1 && added.length > 1) {
    throw contradict('The inputs `removed-recipient` and `added-recipient` both name several, and do not say who takes whose place: each who comes would get the access of all who go.',
      'Run once for each who goes, with who takes that place in `added-recipient`.')
  }
}

/** A name or a sentence with a hole in it says something else. */
function refuseEmptyVariables({ removedRecipients, addedRecipients, pullRequest: wanted }: Inputs): void {
  const templates = {
    branch: wanted?.branch, title: wanted?.title, 'commit-message': wanted?.commitMessage, 'body-header': wanted?.bodyHeader,
  }
  const empty = [...(removedRecipients.length === 0 ? ['removed'] : []), ...(addedRecipients.length === 0 ? ['added'] : [])]
  for (const [name, value] of Object.entries(templates)) {
    const hole = variablesIn(value ?? '').find((variable) => empty.includes(variable))
    if (hole === undefined) continue
    throw new Failure('input', `The input \`${name}\` holds {${hole}}, but \`${hole}-recipient\` is not given.`, {
      advice: `Leave {${hole}} out of \`${name}\`, or give \`${hole}-recipient\`.`,
    })
  }
}

function failOn(): FailOn {
  const value = getInput('fail-on') || 'error'
  if (value === 'error' || value === 'warning' || value === 'notice' || value === 'never') return value
  throw wrong('fail-on', value, 'Write `fail-on: error`, `fail-on: warning`, `fail-on: notice` or `fail-on: never`.')
}

/** The actions below the root name their part of the story themselves, by a default of `job`. */
function job(): Job {
  const kind = getInput('job') || 'all'
  const folder = getInput('rotated-path')
  if (kind === 'all') return { kind }
  if (kind === 'check') return { kind, failOn: failOn(), exposedTo: recipients('exposed-to', 'whose secrets to list, like `exposed-to: bob`') }
  if (kind === 'plan') {
    const shards = getInput('shards') || '8'
    if (!/^[1-9]\d{0,2}$/.test(shards) || Number(shards) > 256) throw wrong('shards', shards, 'Write a whole number from 1 to 256, like `shards: 8`.')
    return { kind, shards: Number(shards) }
  }
  if (kind !== 'rotate' && kind !== 'publish') throw wrong('job', kind, 'Leave it out.')
  if (folder === '') throw wrong('rotated-path', folder, 'Write a folder, like `rotated-path: ${{ runner.temp }}/rotated`.')
  if (kind === 'publish') return { kind, folder }
  const shard = parseShard(getInput('shard') || '1/1')
  if (shard === null) throw wrong('shard', getInput('shard'), 'Write which part of how many, like `shard: 3/8`.')
  return { kind, shard, folder, base: branchName('base') }
}

/** Throws Failure `input`, naming the input and giving a right example. */
export function readInputs(): Inputs {
  refusePrivateKeys()
  const own = job()
  const inputs: Inputs = {
    job: own,
    removedRecipients: recipients('removed-recipient', 'who leaves, like `removed-recipient: bob`'),
    addedRecipients: recipients('added-recipient', 'who comes, like `added-recipient: carol=age1…`'),
    sameAccessAs: text('same-access-as'),
    requiredRecipients: recipients('required-recipient', 'who has to stay, like `required-recipient: break-glass`'),
    policy: policy(),
    ownersFile: ownersFile(),
    agePlugins: agePlugins(),
    rotateAll: flag('rotate-all', false),
    maxKeyAge: maxKeyAge(),
    workingDirectory: getInput('working-directory') || '.',
    files: globs(),
    dryRun: flag('dry-run', false),
    concurrency: concurrency(),
    sopsVersion: text('sops-version'),
    sopsPath: text('sops-path'),
    token: getInput('token'),
    trackingIssue: own.kind !== 'check' && flag('tracking-issue', false),
    pullRequest: own.kind === 'rotate' || own.kind === 'check' ? null : pullRequest(),
  }
  refuseContradictingAccess(inputs)
  refuseEmptyVariables(inputs)
  if (inputs.sopsPath !== null && inputs.sopsVersion !== null) {
    throw new Failure('input', 'The inputs `sops-path` and `sops-version` contradict each other: a binary that is named is used as it is.', {
      advice: 'Leave out one of them.',
    })
  }
  if (inputs.rotateAll && inputs.maxKeyAge !== null) {
    throw new Failure('input', 'The inputs `rotate-all: true` and `max-key-age` contradict each other: the first gives every file a new data key, whatever its age.', {
      advice: 'Leave out one of them.',
    })
  }
  if (inputs.token === '' && !inputs.dryRun && (inputs.pullRequest !== null || inputs.trackingIssue)) {
    throw new Failure('input', 'The input `token` is empty.', { advice: 'Write `token: ${{ github.token }}`, or leave it out.' })
  }
  return inputs
}
