// Which event may have started a run that is given keys: an allowlist, held against what the runner says of it.
// Must never take what is missing or unreadable for consent.
import { Failure } from '../failure.ts'
import { visible } from '../safe-text.ts'

export interface StartedBy {
  /** GITHUB_EVENT_NAME; in a reusable workflow that of its caller. */
  readonly event: string
  /** GITHUB_REF. */
  readonly ref: string
  /** What GITHUB_EVENT_PATH holds, parsed; null where it can't be read. */
  readonly payload: unknown
}

/** Events that the clock or someone with write access causes, and that run on a branch of the repository itself. */
const direct: readonly string[] = ['workflow_dispatch', 'schedule', 'push', 'repository_dispatch', 'workflow_call']

const advice = 'Run on `workflow_dispatch`, `schedule` or `push` to the default branch, `repository_dispatch`, `workflow_call` from '
  + 'one of these, or `workflow_run` after one of these; `dry-run: true` needs no key and runs on any event.'

/**
 * Why a run is given no key, as a Failure `event`; null where it is. `base` is the input of that name: a push to that branch is
 * served as one to the default branch is.
 */
export function eventRefusal(started: StartedBy, base: string | null): Failure | null {
  const reason = reasonAgainst(started, base)
  return reason === null ? null : new Failure('event', `This run ${reason}; it is not given keys.`, { advice })
}

function reasonAgainst({ event, ref, payload }: StartedBy, base: string | null): string | null {
  if (event === '') return 'does not say by GITHUB_EVENT_NAME what started it'
  const name = visible(event, 60)
  if (/^pull_request(?:_|$)/.test(event)) return `was started by \`${name}\`, whose content its author controls`
  if (event !== 'workflow_run' && !direct.includes(event)) {
    return `was started by \`${name}\`, which is none of the events that only the clock or someone with write access can cause`
  }
  // Whatever the event is called: these hold commits that are on no branch yet.
  const shown = visible(ref, 120)
  if (/^refs\/pull\//.test(ref)) return `is for ${shown}, whose content the author of a pull request controls`
  if (/^refs\/heads\/gh-readonly-queue\//.test(ref)) return `is for ${shown}, a merge that is not on its branch yet`
  if (event === 'workflow_run') return againstEarlierRun(payload)
  return event === 'push' ? againstPush(ref, payload, base) : null
}

/** The run before may have left artifacts, or name commits for the checkout, of whoever started it. */
function againstEarlierRun(payload: unknown): string | null {
  const started = 'was started by `workflow_run`'
  const earlier = field(payload, 'workflow_run')
  const from = field(field(earlier, 'head_repository'), 'full_name')
  const here = field(field(payload, 'repository'), 'full_name')
  if (typeof here !== 'string') return `${started}, and the event does not say in which repository`
  // null where the fork was deleted.
  if (typeof from !== 'string') return `${started} after a run of a repository that the event does not name`
  if (from.toLowerCase() !== here.toLowerCase()) return `${started} after a run of the fork ${visible(from, 120)}`
  const first = field(earlier, 'event')
  if (typeof first !== 'string') return `${started} after a run that an unnamed event had started`
  return direct.includes(first) ? null : `${started} after a run that \`${visible(first, 60)}\` had started`
}

/**
 * On another branch stands what nobody has reviewed yet, like the branch of a pull request: that of this action's own among them,
 * for which it would then open another one.
 */
function againstPush(ref: string, payload: unknown, base: string | null): string | null {
  if (base !== null && ref === `refs/heads/${base}`) return null
  const standard = field(field(payload, 'repository'), 'default_branch')
  if (typeof standard !== 'string') return 'was started by `push`, and the event does not say which branch is the default one'
  if (ref === `refs/heads/${standard}`) return null
  return `was started by a \`push\` to ${visible(ref, 120)}, which is neither the default branch (${visible(standard, 80)}) `
    + 'nor the one in `base`'
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}
