// Issues as GitHub's API has them: who we are there, which issues there are, making, changing and commenting on one.
// Must never ask twice for what must not be made twice, nor trust that GitHub heeded a filter.
import { onlyOnce, responseOf } from './github-client.ts'
import { GitHubFailure } from './github.ts'
import type { GitHub, Purpose } from './github.ts'

export interface Issue {
  readonly number: number
  readonly url: string
  readonly body: string
  readonly state: 'open' | 'closed'
  /** Open again, after it was closed. */
  readonly reopened: boolean
  /** The login as REST has it, for an App `name[bot]`; null for a ghost. */
  readonly author: string | null
  readonly labels: readonly string[]
}

export interface NewIssue {
  readonly title: string
  readonly body: string
  readonly labels: readonly string[]
}

export interface IssueChange {
  readonly body?: string
  readonly state?: 'open' | 'closed'
  /** `duplicate` and `completed` for one that is closed, `reopened` for one that is opened. */
  readonly reason?: 'completed' | 'duplicate' | 'reopened'
}

const permission = 'issues: write'
const pageSize = 100
const viewer = 'query { viewer { login databaseId } }'

/** Whom the token belongs to, as the author of its issues. */
export async function ownLogin(github: GitHub): Promise<string> {
  return (await ownAccount(github)).login
}

export interface Account {
  readonly login: string
  /** null where GitHub does not say it. */
  readonly databaseId: number | null
}

/** Whom the token belongs to. `GET /user` refuses the token of an App; GraphQL does not. */
export async function ownAccount(github: GitHub): Promise<Account> {
  const found = await github.ask({ action: 'ask whose the token is', permission }, async (octokit) => {
    try {
      return { data: await octokit.graphql<{ readonly viewer: Account }>(viewer) }
    } catch (error) {
      throw withStatus(error)
    }
  })
  return found.viewer
}

/** The newest issues of a label or an author, pull requests left out: at most `pages` hundreds of both. */
export async function listIssues(
  github: GitHub, by: { readonly labels: string } | { readonly creator: string }, pages: number,
): Promise<readonly Issue[]> {
  const { owner, repo } = github
  const purpose = { action: 'look for the tracking issue', permission }
  const found: Issue[] = []
  for (let page = 1; page <= pages; page += 1) {
    const listed = await askIssues(github, purpose, async () => await github.ask(purpose, ({ rest }) => rest.issues.listForRepo({
      owner, repo, ...by, state: 'all', sort: 'created', direction: 'desc', per_page: pageSize, page,
    })))
    found.push(...listed.filter(({ pull_request: pull }) => pull === undefined).map(issueOf))
    if (listed.length < pageSize) break
  }
  return found
}

/** Asks once: after an answer that was lost the issue may be there. */
export async function createIssue(github: GitHub, { title, body, labels }: NewIssue): Promise<Issue> {
  const { owner, repo } = github
  const purpose = { action: 'open the tracking issue', permission }
  return issueOf(await askIssues(github, purpose, async () => await github.ask(purpose, ({ rest }) => {
    return rest.issues.create({ owner, repo, ...onlyOnce, title, body, labels: [...labels] })
  })))
}

export async function changeIssue(github: GitHub, number: number, { body, state, reason }: IssueChange): Promise<void> {
  const { owner, repo } = github
  await github.ask({ action: `update issue #${number}`, permission }, ({ rest }) => rest.issues.update({
    owner, repo, issue_number: number, ...(body === undefined ? {} : { body }), ...(state === undefined ? {} : { state }),
    ...(reason === undefined ? {} : { state_reason: reason }),
  }))
}

/** Asks once: said twice would be worse than a warning that it may not have been said. */
export async function commentOnIssue(github: GitHub, number: number, body: string): Promise<void> {
  const { owner, repo } = github
  const purpose = { action: `comment on issue #${number}`, permission }
  await github.ask(purpose, ({ rest }) => rest.issues.createComment({ owner, repo, ...onlyOnce, issue_number: number, body }))
}

export async function labelIssue(github: GitHub, number: number, label: string): Promise<void> {
  const { owner, repo } = github
  const purpose = { action: `label issue #${number}`, permission }
  await github.ask(purpose, ({ rest }) => rest.issues.addLabels({ owner, repo, issue_number: number, labels: [label] }))
}

/** What is only used of an issue as the API has it. */
interface ApiIssue {
  readonly number: number
  readonly html_url: string
  readonly body?: string | null | undefined
  readonly state: string
  readonly state_reason?: string | null | undefined
  readonly user: { readonly login: string } | null
  readonly labels: readonly (string | { readonly name?: string | undefined })[]
}

function issueOf({ number, html_url: url, body, state, state_reason: reason, user, labels }: ApiIssue): Issue {
  return {
    number, url, body: body ?? '', state: state === 'open' ? 'open' : 'closed', reopened: reason === 'reopened',
    author: user?.login ?? null,
    labels: labels.map((label) => (typeof label === 'string' ? label : label.name ?? '')),
  }
}

/** A repository whose issues are turned off has 410 for its list. */
async function askIssues<T>(github: GitHub, { action }: Purpose, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof GitHubFailure) || error.status !== 410) throw error
    const what = `Could not ${action} in ${github.owner}/${github.repo}: the repository has no issues (410).`
    throw new GitHubFailure('github-setting', what, error.status, error.said, {
      advice: 'Turn them on in Settings → General → Features, or leave `tracking-issue` out.',
    })
  }
}

/** GraphQL refuses with an answer of 200, whose words are not where REST has them. */
function withStatus(error: unknown): unknown {
  const refused = typeof error === 'object' && error !== null && 'errors' in error ? error.errors : null
  if (!Array.isArray(refused) || typeof responseOf(error)?.status === 'number') return error
  return { response: { status: 200, headers: {}, data: { message: 'refused', errors: refused as readonly unknown[] } } }
}
