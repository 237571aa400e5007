// The pull request of the demo: shown, and held against what it says.
import type { ActionRun } from '../__tests__/support/action.ts'
import type { GitHubServer } from '../__tests__/support/github-server.ts'
import type { Company } from './company.ts'
import { canary, paths, withoutBob } from './company.ts'
import { claim, heading, markdown } from './page.ts'

/** Prints the pull request and checks its commit, which `company` has fetched. `head`: where the checkout was before the run. */
export function showPullRequest(company: Company, github: GitHubServer, run: ActionRun, head: string): void {
  const [pull] = github.pulls
  if (pull === undefined || github.pulls.length > 1) throw new Error(`There are ${github.pulls.length} pull requests.`)
  heading(`The pull request: ${pull.branch} → ${pull.base}`)
  markdown(`${pull.title}\n\n${pull.body ?? ''}`)

  const changed = company.git('diff', '--name-only', 'main', pull.branch).split('\n')
  const wanted = ['.sops.yaml', ...paths.filter((path) => !path.startsWith('finance/'))]
  const commits = company.git('rev-list', '--count', `main..${pull.branch}`)
  claim(`one commit, and in it ${wanted.length} files: .sops.yaml and the ${wanted.length - 1} that bob could read`,
    commits === '1' && changed.join() === wanted.join(), `${commits} commits: ${changed.join(', ')}`)

  const config = company.git('show', `${pull.branch}:.sops.yaml`)
  claim('.sops.yaml lost what was about bob, and no other byte',
    config === withoutBob(company.git('show', 'main:.sops.yaml')), config)
  claim('the checkout of the run is as it was',
    company.git('status', '--porcelain') === '' && company.git('rev-parse', 'HEAD') === head)

  const said = [run.log, run.summary, JSON.stringify([run.outputs, run.report, github.requests, github.pulls])].join('\n')
  claim('no value of a secret stands in the log, the summary, the outputs, the report or a request to GitHub',
    paths.every((path) => said.includes(path)) && !said.includes(canary))
}
