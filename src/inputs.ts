// Every input, read once, checked, as one readonly value.
// Must refuse what is no such thing or contradicts itself before anything else runs.
import { getInput, setSecret } from '@actions/core'
import { refuseContradictions } from './contradictions.ts'
import { flag, lines, list, recipients, text, wrong } from './input-values.ts'
import { Failure } from './model/failure.ts'
import type { FailOn } from './model/check/check.ts'
import type { Inputs, Job } from './model/inputs.ts'
import type { KeyAge } from './model/exposure/key-age.ts'
import { parseKeyAge } from './model/exposure/key-age.ts'
import { privateKeys } from './model/safe-text.ts'
import { parseShard } from './model/plan/shard.ts'
import { branchName, pullRequest } from './pull-request-inputs.ts'

/** `! a` is `!a`. */
function globs(): string[] {
  return lines('files').map((line) => line.replace(/^!\s+/, '!'))
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

function policy(): Inputs['policy'] {
  const value = getInput('policy') || 'warn'
  if (value === 'off' || value === 'warn' || value === 'enforce') return value
  throw wrong('policy', value, 'Write `policy: off`, `policy: warn` or `policy: enforce`.')
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
  refuseContradictions(inputs)
  return inputs
}
