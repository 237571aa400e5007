// `node scripts/corpus.ts [OWNER/NAME | NAME=PATH | PATH …]`: the product's reading and editing on public repositories.
// Must never write into a repository that it is given, use a key, or keep anything of one but counts.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { sopsBinary } from '../__tests__/support/sops-binary.ts'
import { Failure } from '../src/model/failure.ts'
import { surveyRepository } from '../src/stages/survey.ts'
import { askSops, stageCopies } from '../src/stages/stage.ts'
import { findProgram, trustedPath } from '../src/tools/environment.ts'
import { Git } from '../src/tools/git.ts'
import { Sops } from '../src/tools/sops.ts'
import { Staging } from '../src/tools/staging.ts'
import { checkArrivals } from './corpus-arrivals.ts'
import { checkDrift, checkFound, checkRead } from './corpus-reading.ts'
import { checkRemovals } from './corpus-removals.ts'
import type { Outcomes } from './corpus-requests.ts'

/** Sops trees of several shapes: one owner or many, one rule or dozens, every format, and what only looks encrypted. */
const usual = [
  '2i2c-org/infrastructure', 'truxnell/nix-config', 'berkeley-dsep-infra/datahub', 'Tanguille/cluster', 'nix-community/infra',
  'fluxcd/kustomize-controller', 'getsops/sops', 'Mic92/dotfiles', 'Mic92/sops-nix', 'carlpett/terraform-provider-sops',
  'jkroepke/helm-secrets', 'operate-first/apps', 'TUM-DSE/doctor-cluster-config', 'Misterio77/nix-config',
  'hmcts/sds-flux-config', 'NixOS/infra', 'clan-lol/clan-infra', 'OlafRadicke/daytona_beach',
  '15cm/nixfiles', '0xFlicker/0xflick-com',
]

interface Outcome {
  readonly cells: readonly (string | number)[]
  readonly violations: readonly string[]
  readonly notes: readonly string[]
}

const columns = [
  'repository', 'commit', 'tracked', 'encrypted', 'formats', 'kinds of keys', 'configs', 'damaged',
  'in line', 'drifted', 'no rule', 'unanswered',
  'removals', 'edits', 'refused', 'untouched', 'additions', 'edits', 'refused', 'replacements', 'edits', 'refused', 'violations',
]

/** Nothing of the user's own takes part: no filters, hooks, keys or credentials; and nothing is asked of a network. */
function environmentOf(home: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '', HOME: home,
    GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0',
    // A key without a version would be asked for; a closed port says at once that it can't.
    HTTPS_PROXY: 'http://127.0.0.1:9',
  }
}

function checkOut(source: string, folder: string, environment: Record<string, string>): void {
  const path = resolve(source)
  const remote = !existsSync(path)
  if (remote && !/^[\w.-]+\/[\w.-]+$/.test(source)) throw new Error(`${source} is neither a path nor OWNER/NAME`)
  const from = remote ? ['--depth', '1', `https://github.com/${source}`] : ['--shared', path]
  // To clone is the one thing that may need the network, and so the user's own way to it.
  const env = { ...environment, HTTPS_PROXY: process.env['HTTPS_PROXY'] ?? process.env['https_proxy'] ?? '' }
  const clone = ['-c', 'core.hooksPath=/dev/null', 'clone', '--quiet', ...from, folder]
  const { status, stderr } = spawnSync('git', clone, { env, encoding: 'utf8' })
  if (status !== 0) throw new Failure('git-failed', `it could not be checked out: ${stderr.trim().split('\n', 1).join('')}`)
}

async function check(name: string, source: string): Promise<Outcome> {
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'sops-rekey-corpus-')))
  try {
    const [root, home] = [join(place, 'repository'), join(place, 'home')]
    mkdirSync(home)
    const environment = environmentOf(home)
    checkOut(source, root, environment)
    const git = new Git({ program: findProgram('git', environment['PATH'] ?? '') ?? 'git', root, environment })
    const survey = await surveyRepository(git, [])
    await using staging = Staging.create(place)
    const program = sopsBinary()
    const path = trustedPath(environment, root)
    const sops = new Sops({ program, root: staging.root, workspace: root, environment, path, onCall: () => undefined })
    stageCopies(root, survey, [], staging)
    const answers = await askSops(sops, survey, [], staging, 2)
    const found = checkFound(root, survey, program)
    const read = checkRead(root, survey, answers, program)
    const drift = checkDrift(survey, answers)
    const removals = await checkRemovals(survey, answers, sops, staging)
    const [additions, replacements] = await checkArrivals(survey, answers, sops, staging)
    const violations = [found, read, drift, removals, additions, replacements].flatMap((one) => one.violations)
    const refusals = Object.entries({ removal: removals, addition: additions, replacement: replacements })
      .flatMap(([what, { refused }]) => [...refused].map(([reason, count]) => `${count} × ${what} refused: ${reason}`))
    const { inLine, drifted, withoutRule, unanswered } = drift.drift
    return {
      violations,
      notes: [...[found, read, drift].flatMap((one) => one.notes), ...refusals],
      cells: [
        name, survey.base.slice(0, 12), (await git.tracked()).find(() => true).length, survey.files.length,
        counted(survey.files.map(({ format }) => format)),
        counted(survey.files.flatMap(({ metadata }) => [...new Set(metadata.groups.flat().map(({ kind }) => kind))])),
        survey.configs.length, survey.damaged.length, inLine, drifted, withoutRule, unanswered,
        removals.asked, removals.edited, refusedIn(removals), removals.untouched,
        ...[additions, replacements].flatMap((one) => [one.asked, one.edited, refusedIn(one)]), violations.length,
      ],
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { cells: [name], violations: [`${error.code}: ${error.message}`], notes: [] }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function refusedIn({ refused }: Outcomes): number {
  return [...refused.values()].reduce((sum, one) => sum + one, 0)
}

/** `yaml 12, json 1` */
function counted(words: readonly string[]): string {
  return [...Map.groupBy(words, (word) => word)].map(([word, all]) => `${word} ${all.length}`).join(', ')
}

async function main(): Promise<void> {
  const named = process.argv.slice(2)
  const outcomes: Outcome[] = []
  for (const one of named.length > 0 ? named : usual) {
    const [name = '', source = name] = one.split('=', 2)
    const outcome = await check(name, source)
    outcomes.push(outcome)
    console.log(`${name}: ${outcome.violations.length} violations`)
    for (const violation of outcome.violations) console.log(`  VIOLATION ${violation}`)
    for (const note of outcome.notes) console.log(`  ${note}`)
  }
  const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
  console.log(`\n${row(columns)}\n${row(columns.map(() => '---'))}\n${outcomes.map(({ cells }) => row(cells)).join('\n')}`)
  process.exitCode = outcomes.some(({ violations }) => violations.length > 0) ? 1 : 0
}

await main()
