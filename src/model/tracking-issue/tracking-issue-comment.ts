// What a run says in a tracking issue: one comment about what is new, or none.
// Must never speak where nothing happened: a schedule would fill the issue.
import { count } from '../markdown/markdown-paths.ts'
import { link } from '../safe-text.ts'
import type { MergedIssue, TrackedRemoval } from './tracking-issue.ts'
import { newsKinds } from './tracking-issue-list.ts'
import type { NewsKind, Verdict } from './tracking-issue-list.ts'

const mostNames = 20

const headings: Readonly<Record<NewsKind, string>> = {
  back: 'Open again, because a value that could be read is in use again, or there is more to change than before:',
  added: 'New in the list:',
  'too-early': 'Changed, but while the new value could still be read, so to be changed once more:',
  ticked: 'Ticked by a person, though the value in the file is not known to be another. The tick stays:',
  done: 'Done:',
}

/** Markdown; null where there is nothing to say. `move` is what becomes of the issue. */
export function trackingComment(merged: MergedIssue, removal: TrackedRemoval, move: 'close' | 'reopen' | null): string | null {
  const { verdicts, appended, shortened } = merged
  const { runUrl, pullRequestUrl, commit } = removal
  const parts = [
    move === 'close' ? '**Every secret is changed, gone or ticked by a person.** Closed.' : '',
    move === 'reopen' ? '**Opened again.**' : '',
    ...newsKinds.map((kind) => about(headings[kind], verdicts.filter(({ news }) => news === kind))),
    appended ? 'The hidden marks around the list were gone, so it was added again at the end; the old one is as it was.' : '',
    shortened === null ? '' : `The list had become too long, so it was written anew with a line for each ${what(shortened)}; `
      + 'notes behind its lines are in the edit history.',
  ].filter((part) => part !== '')
  if (parts.length === 0) return null
  const run = runUrl === null ? 'a run' : link('this run', runUrl)
  const pull = pullRequestUrl === null ? '' : `, see also ${link('the pull request', pullRequestUrl)}`
  return `${[...parts, `As of commit ${commit.slice(0, 12)}, by ${run} of sops-rekey${pull}.`].join('\n\n')}\n`
}

function what(grain: 'secret' | 'file' | number): string {
  return typeof grain === 'number' ? 'folder' : grain
}

function about(heading: string, verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return ''
  const names = verdicts.slice(0, mostNames).map(({ entry: { group, label }, words }) => {
    return `- ${group === '' ? '' : `${group} `}${label}: ${words}`
  })
  const left = verdicts.length - names.length
  return [`**${heading}**`, '', ...names, ...(left > 0 ? [`- and ${count(left, 'more', 'more')}`] : [])].join('\n')
}
