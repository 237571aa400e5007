// The issues of the GitHub of the tests: listed among pull requests as GitHub does, made, changed, labelled and commented on.
// Must never import what has to be installed: the demo runs it as it is.
import type { Answer, ApiRequest, Handler, Json } from './github-server.ts'

export interface IssueState {
  readonly number: number
  readonly author: string
  readonly title: string
  readonly body: string
  readonly state: 'open' | 'closed'
  readonly stateReason: 'completed' | 'reopened' | 'not_planned' | 'duplicate' | null
  readonly labels: readonly string[]
  readonly comments: readonly string[]
  readonly locked: boolean
}

export type Draft = { -readonly [key in keyof IssueState]: IssueState[key] } & { createdAt: string; closedAt: string | null }

export interface IssuePlace {
  /** Whom the token belongs to. */
  readonly login: string
  readonly api: string
  readonly html: string
  readonly user: (login: string) => Json
  readonly label: (name: string) => Json
  readonly now: () => string
  /** Issues and pull requests are counted together. */
  readonly nextNumber: () => number
  /** The pull requests, as the list of issues has them. */
  readonly pulls: () => readonly Json[]
  readonly refuse: (status: number, message: string) => Answer
  readonly tooLong: (body: unknown) => Answer | null
}

export interface IssueData {
  readonly issues: Draft[]
  readonly open: (issue: Partial<IssueState>) => Draft
  /** Each answers null for the number of a pull request. */
  readonly handlers: readonly (readonly [string, RegExp, Handler])[]
}

export function issueData(place: IssuePlace): IssueData {
  const { api, html, user, label, now, refuse } = place
  const issues: Draft[] = []
  const open: IssueData['open'] = (issue) => {
    const made: Draft = {
      number: place.nextNumber(), author: place.login, title: '', body: '', state: 'open', stateReason: null,
      labels: [], comments: [], locked: false, createdAt: now(), closedAt: null, ...issue,
    }
    issues.push(made)
    return made
  }
  const answerOf = (issue: Draft): Json => {
    const { number, title, body, state, locked } = issue
    const url = `${api}/issues/${number}`
    return {
      id: number, node_id: `I_${number}`, number, title, body, state, state_reason: issue.stateReason, locked, url,
      html_url: `${html}/issues/${number}`, repository_url: api, labels_url: `${url}/labels{/name}`,
      comments_url: `${url}/comments`, events_url: `${url}/events`, comments: issue.comments.length, user: user(issue.author), labels: issue.labels.map(label),
      assignee: null, assignees: [], milestone: null, author_association: 'NONE', created_at: issue.createdAt,
      updated_at: issue.createdAt, closed_at: issue.closedAt,
    }
  }
  const list = ({ query }: ApiRequest): Answer => {
    const { state = 'open', creator, labels, direction = 'desc', per_page: size = '30', page = '1' } = query
    const names = (one: Json): readonly unknown[] => (one['labels'] as readonly Json[]).map(({ name }) => name)
    const wanted = [...place.pulls(), ...issues.map(answerOf)].filter((one) => (state === 'all' || one['state'] === state)
      && (creator === undefined || (one['user'] as Json)['login'] === creator)
      && (labels?.split(',').every((name) => names(one).includes(name)) ?? true))
      .sort((a, b) => (Number(a['number']) - Number(b['number'])) * (direction === 'asc' ? 1 : -1))
    const start = (Number(page) - 1) * Number(size)
    return { status: 200, body: wanted.slice(start, start + Number(size)) }
  }
  const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])
  const withIssue = (handler: (issue: Draft, body: Json) => Answer): Handler => ([number], { body }) => {
    const issue = issues.find((one) => `${one.number}` === number)
    return issue === undefined ? null : handler(issue, body ?? {})
  }
  const change = (issue: Draft, body: Json): Answer => {
    const refused = place.tooLong(body['body'])
    if (refused !== null) return refused
    const state = body['state'] as IssueState['state'] | undefined
    const reason = body['state_reason'] as IssueState['stateReason'] | undefined
    if (typeof body['body'] === 'string') issue.body = body['body']
    if (state !== undefined && state !== issue.state) {
      issue.closedAt = state === 'closed' ? now() : null
      Object.assign(issue, { state, stateReason: state === 'open' ? 'reopened' : reason ?? 'completed' })
    }
    return { status: 200, body: answerOf(issue) }
  }
  return {
    issues, open,
    handlers: [
      ['GET', /^\/issues$/, (_, request) => list(request)],
      ['POST', /^\/issues$/, (_, { body }) => {
        const refused = place.tooLong(body?.['body'])
        if (refused !== null) return refused
        const text = typeof body?.['body'] === 'string' ? body['body'] : ''
        const made = open({ title: String(body?.['title']), body: text, labels: texts(body?.['labels']) })
        return { status: 201, body: answerOf(made) }
      }],
      ['PATCH', /^\/issues\/(\d+)$/, withIssue(change)],
      ['POST', /^\/issues\/(\d+)\/labels$/, withIssue((issue, body) => {
        issue.labels = [...new Set([...issue.labels, ...texts(body['labels'])])]
        return { status: 200, body: issue.labels.map(label) }
      })],
      ['POST', /^\/issues\/(\d+)\/comments$/, withIssue((issue, body) => {
        if (issue.locked) return refuse(403, 'Unable to create comment because issue is locked.')
        issue.comments = [...issue.comments, String(body['body'])]
        const id = issue.comments.length
        return {
          status: 201, body: {
            created_at: now(), updated_at: now(), id, node_id: `IC_${id}`, body: body['body'], user: user(place.login),
            url: `${api}/issues/comments/${id}`, html_url: `${html}/issues/${issue.number}#issuecomment-${id}`,
            issue_url: `${api}/issues/${issue.number}`, author_association: 'NONE',
          },
        }
      })],
    ],
  }
}
