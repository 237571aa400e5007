// What the log says of a run, a sentence for each step of the story.
// Must never name a value, nor say of a plan that it is done.
import { Failure } from './failure.ts'
import { count, listed } from './markdown/markdown-paths.ts'
import type { History } from './exposure/history.ts'
import type { Plan } from './plan/plan.ts'
import { isDone } from './report.ts'
import type { ExposedSecret, Report } from './report.ts'
import { visible } from './safe-text.ts'
import type { Survey } from './survey.ts'

export function surveyLine({ base, files, configs, skipped }: Survey): string {
  const left = skipped.length === 0 ? '' : `; ${count(skipped.length, 'file')} skipped`
  return `${base.slice(0, 12)}: ${count(files.length, 'encrypted file')}, ${count(configs.length, 'config')}${left}.`
}

export function historyLine({ versions, changes, reach }: History): string {
  const commits = new Set(changes.map(({ commit }) => commit)).size
  return `History: ${count(versions.length, 'version')} of encrypted files in ${count(commits, 'commit')}${reach.kind === 'whole' ? '' : ', as far as it can be seen'}.`
}

export function exposureLine(exposure: readonly ExposedSecret[]): string {
  const open = exposure.filter((secret) => !isDone(secret)).length
  return `Exposure: ${count(exposure.length, 'secret')} could be read by who loses access; ${open} not known to be changed.`
}

export function planLine({ changes, unchanged, configs, refusals }: Plan): string {
  const of = (one: 'updatekeys' | 'rotate'): number => changes.filter((change) => change[one]).length
  return [
    `Plan: other recipients for ${count(of('updatekeys'), 'file')}, a new data key for ${count(of('rotate'), 'file')}`,
    `${count(configs.length, 'config')} to edit`, `${count(unchanged.length, 'file')} to leave alone`,
    ...(refusals.length === 0 ? [] : [count(refusals.length, 'refusal')]),
  ].join('; ') + '.'
}

/** The last line of a run that did not fail. `url` is that of the pull request. */
export function endingLine({ outcome, files, configs }: Report, url: string | null): string {
  const changed = files.filter(({ action }) => action !== 'unchanged' && action !== 'skipped').length
  const done = [...(changed === 0 ? [] : [count(changed, 'file')]), ...(configs.length === 0 ? [] : [count(configs.length, 'config')])].join(' and ')
  if (outcome === 'planned') return `Planned, and nothing changed: ${done === '' ? 'nothing is to be done' : done}.`
  if (outcome === 'changed') return `Changed in the working tree, not committed: ${done}.`
  if (outcome === 'published') return `Published: ${done}, in ${url ?? 'a branch'}`
  return url === null ? 'Nothing to do.' : `Nothing new to do: ${url}`
}

/** Files with the same reason are named together. */
export function refusalOf({ refusals }: Plan): Failure {
  const alike = [...Map.groupBy(refusals, ({ reason }) => reason)]
  const reasons = alike.slice(0, 20).map(([reason, same]) => {
    const paths = same.flatMap(({ path }) => (path === null ? [] : [visible(path)]))
    return `${paths.length === 0 ? '' : `${listed(paths, 3)}: `}${visible(reason, 1000).replace(/\.$/, '')}`
  })
  const more = alike.length > reasons.length ? `; and ${alike.length - reasons.length} more reasons, see the report` : ''
  const path = refusals[0]?.path ?? null
  return new Failure('refused', `Nothing was changed, because ${reasons.join('; ')}${more}.`, path === null ? {} : { path })
}

/** Not one of ours: a full disk, a folder that may not be written, a mistake in this program. */
export function unexpected(error: unknown): Failure {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
  const what = code === null ? `Something went wrong that should not: ${String(error)}.` : `The runner said ${code}: ${String(error)}.`
  return new Failure('unexpected', visible(what, 600), {
    advice: code === null ? 'Nothing was changed. Please report this.' : 'Nothing was changed.', cause: error,
  })
}
