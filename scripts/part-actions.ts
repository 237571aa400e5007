// Writes plan/, rotate/, publish/ and check/action.yml: the parts of the action that run as jobs of their own, and the check.
// What they share with the whole one is taken from action.yml as it stands there.
// Must never say of an input what action.yml does not say of it.
import { writeFileSync, readFileSync } from 'node:fs'

type Blocks = ReadonlyMap<string, string>

const request = ['removed-recipient', 'added-recipient', 'same-access-as', 'rotate-all', 'max-key-age', 'working-directory', 'files', 'owners-file']
const conditions = ['sops-version', 'sops-path', 'required-recipient', 'policy', 'age-plugins']
interface Part {
  readonly description: string
  readonly inputs: (all: readonly string[]) => readonly string[]
  readonly ownInputs: string
  readonly outputs: (all: readonly string[]) => readonly string[]
  readonly ownOutputs: string
}

/** What is about the pull request stands last in action.yml. */
const fromPullRequest = (all: readonly string[]): readonly string[] => all.slice(all.indexOf('pull-request'))

const parts: Readonly<Record<string, Part>> = {
  plan: {
    description: 'Plans a change of who can read which sops file, without a key, and says how many jobs it is worth.',
    inputs: () => [...request, ...conditions, 'token', 'base', 'branch', 'on-closed', 'on-human-commits', 'delete-branch', 'require-verified'],
    ownInputs: "  shards:\n    description: The most jobs that the rotation is to be spread over.\n    default: '8'\n",
    outputs: () => ['files-matched', 'exposed-secrets', 'report-path', 'access-map-path', 'pull-request-number', 'pull-request-url', 'pull-request-operation'],
    ownOutputs: '  shards:\n    description: \'For a matrix: a JSON list like `["1/3","2/3","3/3"]`; `[]` where there is nothing to rotate.\'\n',
  },
  rotate: {
    description: 'Gives one part of the planned files new keys, proves them, and leaves the ciphertext in a folder for another job.',
    inputs: () => [...request, ...conditions, 'concurrency', 'base'],
    ownInputs: "  shard:\n    description: 'Which part, like `3/8`: one of the list that the plan gave.'\n    default: 1/1\n"
      + '  rotated-path:\n    description: The folder that gets the rotated ciphertext. Upload it as an artifact.\n    required: true\n',
    outputs: () => ['files-matched', 'files-changed', 'files-updated', 'files-rotated', 'report-path'],
    ownOutputs: '  rotated-path:\n    description: The folder that holds the rotated ciphertext.\n',
  },
  publish: {
    description: 'Takes the ciphertext that other jobs rotated, proves every file again, and opens the pull request.',
    inputs: (all) => [...request, ...conditions, 'concurrency', ...fromPullRequest(all)],
    ownInputs: '  rotated-path:\n    description: The folder that the artifacts of the rotate jobs were downloaded to.\n    required: true\n',
    outputs: (all) => all,
    ownOutputs: '',
  },
  check: {
    description: 'Looks, without a key, for what is wrong with who can read which sops file, like drift, plaintext and keys that came back.',
    inputs: () => ['working-directory', 'files', 'owners-file', 'policy', 'sops-version', 'sops-path'],
    ownInputs: "  fail-on:\n    description: 'From which level on a finding fails the run: `error`, `warning`, `notice` or `never`.'\n"
      + '    default: error\n'
      + '  required-recipient:\n    description: Recipients or owners that every file must have (break-glass), one a line or separated by commas.\n'
      + "  max-key-age:\n    description: 'Names the files whose data key is older: `90d`, `12w`, `6m`. "
      + "Needs the whole history (`fetch-depth: 0`).'\n"
      + '  exposed-to:\n    description: Owners or recipients whose secrets are listed in the summary and the report.\n',
    outputs: () => ['access-map-path'],
    ownOutputs: '  findings:\n    description: How many findings there are, of every level.\n'
      + '  errors:\n    description: How many of them are errors.\n  warnings:\n    description: How many of them are warnings.\n'
      + '  report-path:\n    description: Path of the JSON report.\n'
      + '  sarif-path:\n    description: Path of the SARIF report, to upload to code scanning.\n',
  },
}

/** The text of each part's action.yml by its path, from the text of the whole one. */
export function partActions(action: string): ReadonlyMap<string, string> {
  const [, inputs = '', outputs = '', runs = ''] = /^inputs:\n([^]*)^outputs:\n([^]*)^(runs:[^]*)/m.exec(action) ?? []
  const [ofInputs, ofOutputs] = [blocks(inputs), blocks(outputs)]
  return new Map(Object.entries(parts).map(([name, part]) => [`${name}/action.yml`, [
    `name: sops-rekey ${name}\ndescription: ${part.description}\nauthor: sops-rekey\ninputs:\n`,
    ...part.inputs([...ofInputs.keys()]).map((input) => pick(ofInputs, input)),
    part.ownInputs,
    `  job:\n    description: Which part of the work this action does. Leave it as it is.\n    default: ${name}\noutputs:\n`,
    part.ownOutputs,
    ...part.outputs([...ofOutputs.keys()]).map((output) => pick(ofOutputs, output)),
    runs.replace('main: dist/', 'main: ../dist/'),
  ].join('')]))
}

function blocks(text: string): Blocks {
  return new Map(text.split(/^(?= {2}[a-z-]+:\n)/m).map((block) => [/^ {2}([a-z-]+):/.exec(block)?.[1] ?? '', block]))
}

function pick(all: Blocks, name: string): string {
  const block = all.get(name)
  if (block === undefined) throw new Error(`action.yml has no ${name}.`)
  return block
}

if (import.meta.main) {
  const root = new URL('../', import.meta.url)
  for (const [path, text] of partActions(readFileSync(new URL('action.yml', root), 'utf8'))) writeFileSync(new URL(path, root), text)
}
