// What was asked for, in names → the keys that are meant. Throws where that is not exactly one thing.
import type { Inputs } from '../model/inputs.ts'
import { Failure } from '../model/failure.ts'
import { ownerOf, resolveRecipients, resolveRequired } from '../model/owners.ts'
import type { OwnedRecipient, Resolution } from '../model/owners.ts'
import { asSeen } from '../model/owners-candidates.ts'
import type { RekeyRequest } from '../model/plan.ts'
import { canonicalId, isMeantBy, parseRecipient, sameRecipient } from '../model/recipient.ts'
import type { Recipient } from '../model/recipient.ts'
import type { NewRecipient } from '../model/sops-config/edit.ts'
import type { Survey } from '../model/survey.ts'
import { visible } from '../model/safe-text.ts'
import { knownRecipients, nameOf, unique } from '../model/survey.ts'

export type RequestedRecipients = Pick<RekeyRequest, 'removed' | 'added' | 'like' | 'required'>

/** Who held which key at earlier commits, and every recipient that stood in a file or config then. */
export interface Past {
  readonly owners: readonly OwnedRecipient[]
  readonly known: readonly Recipient[]
  /** Why only part of it could be seen; null where it is whole. */
  readonly unseen: string | null
}

/**
 * As `resolveRequest`, also for who was removed before: the record in the owners file knows them, or `past`, which is asked only
 * where nothing else does. `owners` are the names by which those are known who stand nowhere any more.
 */
export async function resolveWithPast(
  inputs: Parameters<typeof resolveRequest>[0], survey: Survey, past: () => Promise<Past>,
): Promise<{ readonly asked: RequestedRecipients; readonly owners: readonly OwnedRecipient[] }> {
  const told = (asked: RequestedRecipients, { owners }: Past): Awaited<ReturnType<typeof resolveWithPast>> =>
    ({ asked, owners: owners.filter((owner) => asked.removed.some((one) => sameRecipient(owner.recipient, one) && ownerOf(survey.owners, one) === null)) })
  const records = recordedIn(survey)
  try {
    return told(resolveRequest(inputs, survey, records), records)
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'recipient-unknown' || inputs.removedRecipients.length === 0) throw error
    const { owners, known, unseen } = await past()
    const all = { owners: [...records.owners, ...owners], known: [...records.known, ...known], unseen }
    try {
      return told(resolveRequest(inputs, survey, all), all)
    } catch (still) {
      if (unseen === null || !(still instanceof Failure) || still.code !== 'recipient-unknown') throw still
      const seen = `Whoever was removed before may stand in the part of the history that could not be seen: ${visible(unseen, 1000)}.`
      throw new Failure(still.code, `${still.message}\n${seen}`, { advice: 'Write `fetch-depth: 0` for actions/checkout.', cause: still })
    }
  }
}

function recordedIn({ ownersFile }: Survey): Past {
  const removed = ownersFile?.removed ?? []
  const owners = removed.flatMap(({ recipient, owner, line }): OwnedRecipient[] =>
    owner === null ? [] : [{ recipient, name: owner, from: 'owners-file', path: ownersFile?.path ?? '', line }])
  return { owners, known: removed.map(({ recipient }) => recipient), unseen: null }
}

/** Throws `config-missing`, or `recipient-unknown` or `recipient-ambiguous`, listing who there is. */
export function resolveRequest(
  inputs: Pick<Inputs, 'removedRecipients' | 'addedRecipients' | 'sameAccessAs' | 'requiredRecipients'>, survey: Survey,
  past: Past = { owners: [], known: [], unseen: null },
): RequestedRecipients {
  if (survey.files.length > 0 && survey.configs.length === 0) {
    throw new Failure('config-missing', `There are ${survey.files.length} encrypted files, and git tracks no .sops.yaml in any folder, so that nothing says who should read them.`, {
      advice: 'Add a .sops.yaml with creation_rules at the root (.sops.yml is not read by sops).',
    })
  }
  const known = knownRecipients(survey)
  // Whoever takes someone's place needs that place to be there.
  const removed = inputs.addedRecipients.length > 0 ? resolve(inputs.removedRecipients, survey, known)
    : unique(inputs.removedRecipients.flatMap((one) => whoGoes(one, survey, known, past)))
  const added = inputs.addedRecipients.map((one) => newRecipient(one, survey, known))
  const both = removed.find((one) => added.some(({ recipient }) => sameRecipient(recipient, one)))
  if (both !== undefined) {
    throw new Failure('input', `The inputs \`removed-recipient\` and \`added-recipient\` both name ${visible(both.id)}.`, { advice: 'Leave it out of one of them.' })
  }
  const required = resolved(resolveRequired(inputs.requiredRecipients, survey.owners, known))
  const needed = removed.find((one) => required.some((other) => isMeantBy(other, one)))
  if (needed !== undefined) {
    throw new Failure('input', `The inputs \`removed-recipient\` and \`required-recipient\` both name ${visible(nameOf(survey, [needed]))}.`, { advice: 'Who has to stay cannot go: leave it out of one of them.' })
  }
  const like = inputs.sameAccessAs === null ? removed : inputs.sameAccessAs === '*' ? 'every rule' : resolve([inputs.sameAccessAs], survey, known)
  return { removed, added, like, required }
}

function resolve(asked: readonly string[], survey: Survey, known: readonly Recipient[]): readonly Recipient[] {
  return resolved(resolveRecipients(asked, survey.owners, known))
}

/** By what stands in the repository now; only of whom that knows nothing, by the past. */
function whoGoes(asked: string, survey: Survey, known: readonly Recipient[], past: Past): readonly Recipient[] {
  const now = resolveRecipients([asked], survey.owners, known)
  if (now.kind !== 'unknown') return resolved(now)
  const then = resolveRecipients([asked], past.owners, past.known)
  return resolved(then.kind === 'unknown' ? now : then)
}

function resolved(resolution: Resolution): readonly Recipient[] {
  if (resolution.kind === 'resolved') return resolution.recipients
  throw new Failure(`recipient-${resolution.kind}`, resolution.message.split('\n').map((line) => visible(line, 1000)).join('\n'))
}

/** A key in full, `name=key`, or the name of someone whose one key is written down, as in a public-keys file. */
function newRecipient(asked: string, survey: Survey, known: readonly Recipient[]): NewRecipient {
  const whole = parseRecipient(asked)
  if (whole !== null) return { recipient: spelled(whole, known), name: ownerOf(survey.owners, whole) }
  const [, name = '', key = ''] = /^([^=]+)=(.+)$/.exec(asked) ?? []
  const recipient = parseRecipient(key)
  if (recipient !== null && name.trim() !== '') return { recipient: spelled(recipient, known), name: name.trim() }
  const written = unique([...known, ...survey.owners.map((owner) => owner.recipient)])
  const [only, ...more] = resolve([asked], survey, written)
  if (only === undefined || more.length > 0) {
    throw new Failure('recipient-ambiguous', `"${asked}" stands for ${more.length + 1} keys, and a new recipient is one.`, { advice: 'Name it by its key, spelled in full, like `added-recipient: carol=age1…`.' })
  }
  return { recipient: only, name: ownerOf(survey.owners, only) }
}

/** As the repository spells it already, where it does. */
function spelled(recipient: Recipient, known: readonly Recipient[]): Recipient {
  return known.find((one) => canonicalId(one) === canonicalId(recipient)) ?? recipient
}

/** Who is meant, a line each, with where their name was read: what anyone can have written into any tracked file. */
export function whoIsMeant({ removed, added }: RequestedRecipients, { owners }: Survey): readonly string[] {
  const line = (sign: string) => (recipient: Recipient): string => {
    const named = owners.filter((owner) => isMeantBy(recipient, owner.recipient))
    const sources = named.map(({ name, path, line: at }) => `${asSeen(name)}, by ${path}${at > 0 ? `:${at}` : ''}`)
    return `${sign} ${recipient.id}${sources.length === 0 ? '' : ` (${[...new Set(sources)].join('; ')})`}`
  }
  return [...removed.map(line('−')), ...added.map(({ recipient }) => recipient).map(line('+'))]
}
