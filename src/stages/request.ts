// What was asked for, in names → the keys that are meant. Throws where that is not exactly one thing.
import type { Inputs } from '../model/inputs.ts'
import { Failure } from '../model/failure.ts'
import { haveOtherEmails } from '../model/owners/email.ts'
import { eachKeyOnce, formsOf, ownerOf, resolveRecipients, resolveRequired, withSubkeys } from '../model/owners/owners.ts'
import type { OwnedRecipient, Resolution } from '../model/owners/owners.ts'
import { asSeen, candidateLines } from '../model/owners/owners-candidates.ts'
import type { RemovedRecord } from '../model/owners/owners-file.ts'
import { inUseToday, lastNamed, recordedOwners } from '../model/owners/past-owner.ts'
import type { PastOwner } from '../model/owners/past-owner.ts'
import { mentionLines, untoldAs, untoldLines } from '../model/owners/untold.ts'
import type { Mention } from '../model/owners/untold.ts'
import type { RekeyRequest } from '../model/plan/plan.ts'
import { canonicalId, isMeantBy, parsePgpId, parseRecipient, sameRecipient } from '../model/recipient.ts'
import type { Recipient } from '../model/recipient.ts'
import type { NewRecipient } from '../model/sops-config/edit.ts'
import { mentionsOf } from '../model/sops-config/mentions.ts'
import type { Survey } from '../model/survey.ts'
import { visible } from '../model/safe-text.ts'
import { knownRecipients, nameOf, unique } from '../model/survey.ts'

export type RequestedRecipients = Pick<RekeyRequest, 'removed' | 'added' | 'like' | 'required'>

/** Who held which key at earlier commits, and every recipient that stood in a file or config then. */
export interface Past {
  readonly owners: readonly PastOwner[]
  readonly known: readonly Recipient[]
  /** Why only part of it could be seen; null where it is whole. */
  readonly unseen: string | null
}

/** Who is meant, now and before. */
export interface ResolvedRequest {
  readonly asked: RequestedRecipients
  /** Keys that whoever is removed by name held before, and that open no file any more or stand in a config: what they opened was read too. */
  readonly earlier: readonly OwnedRecipient[]
  /** The names by which the keys of both are known that nothing names any more. */
  readonly owners: readonly OwnedRecipient[]
}

/**
 * As `resolveRequest`, also for who was removed before: the record in the owners file knows them, or `past`. That is asked for what
 * stood `everywhere` only where nothing else knows them, and for the earlier keys of a name.
 */
export async function resolveWithPast(
  inputs: Parameters<typeof resolveRequest>[0], survey: Survey, past: (everywhere: boolean) => Promise<Past>,
): Promise<ResolvedRequest> {
  const names = inputs.removedRecipients.filter(isName)
  const told = (asked: RequestedRecipients, { owners }: Past): ResolvedRequest => {
    const theirs = earlierKeys(names, asked, survey, owners)
    const left = new Set(theirs.filter(({ recipient }) => isLeftInFiles(recipient, asked, survey)))
    const nameless = [...asked.removed, ...theirs.map(({ recipient }) => recipient)].filter((one) => ownerOf(survey.owners, one) === null)
    const removed = [...asked.removed, ...[...left].map(({ recipient }) => recipient)]
    const earlier = theirs.filter((one) => !left.has(one))
    return { asked: { ...asked, removed }, earlier, owners: owners.filter((owner) => nameless.some((one) => sameRecipient(owner.recipient, one))) }
  }
  const records = recordedIn(survey)
  try {
    const asked = resolveRequest(inputs, survey, records)
    if (asked.removed.length > 0) await refuseReturned(asked.added, survey, past)
    return told(asked, names.length === 0 ? records : { ...records, owners: [...records.owners, ...(await past(false)).owners] })
  } catch (error) {
    if (!mayHaveGone(error) || inputs.removedRecipients.length === 0) throw error
    const { owners, known, unseen } = await past(true)
    const all = { owners: [...records.owners, ...owners], known: [...records.known, ...known], unseen }
    try {
      return told(resolveRequest(inputs, survey, all), all)
    } catch (still) {
      if (unseen === null || !mayHaveGone(still)) throw still
      const seen = `Whoever was removed before may stand in the part of the history that could not be seen: ${visible(unseen, 1000)}.`
      throw new Failure(still.code, `${still.message}\n${seen}`, { advice: 'Write `fetch-depth: 0` for actions/checkout.', cause: still })
    }
  }
}

/**
 * One that stands nowhere and stood somewhere before has left: the request is an old one, asked for again, and would let it in again.
 * What was brought back by itself is meant.
 */
async function refuseReturned(added: RequestedRecipients['added'], survey: Survey, past: (everywhere: boolean) => Promise<Past>): Promise<void> {
  const here = knownRecipients(survey)
  const fresh = added.map(({ recipient }) => recipient).filter((one) => !here.some((other) => isMeantBy(other, one)))
  if (fresh.length === 0) return
  const { known } = await past(false)
  const back = fresh.find((one) => known.some((other) => isMeantBy(other, one)))
  if (back === undefined) return
  throw new Failure('refused', `The input \`added-recipient\` names ${visible(back.id)}, which stood in files or configs at earlier commits and stands in none any more: it has left before, and would come back in the place of another one.`, {
    advice: 'Add a new key instead. If it is to come back, add it by itself, with `same-access-as`.',
  })
}

/** There is nobody but the new one: then who goes may have gone before. */
class BothNamed extends Failure {}

function mayHaveGone(error: unknown): error is Failure {
  return error instanceof BothNamed || (error instanceof Failure && error.code === 'recipient-unknown')
}

function isName(asked: string): boolean {
  const said = asSeen(asked).trim()
  return parseRecipient(said) === null && parsePgpId(said) === null
}

/** Each once. Not those that somebody else holds by now, nor those of a namesake with another e-mail. */
function earlierKeys(
  names: readonly string[], { removed, added }: RequestedRecipients, { owners }: Survey, past: readonly OwnedRecipient[],
): readonly OwnedRecipient[] {
  const asked = new Set(names.flatMap((name) => formsOf(name).slice(0, 1)))
  const isAsked = (name: string): boolean => formsOf(name).some((form) => asked.has(form))
  const theirs = owners.filter(({ recipient }) => removed.some((one) => sameRecipient(recipient, one))).map(({ name }) => name)
  const others = [...removed, ...added.map(({ recipient }) => recipient)]
  const found = past.filter(({ name, recipient }) => {
    const holder = ownerOf(owners, recipient)
    return isAsked(name) && !haveOtherEmails([name], theirs) && (holder === null || isAsked(holder)) && !others.some((one) => sameRecipient(one, recipient))
  })
  return [...new Map(found.toReversed().map((owner) => [canonicalId(owner.recipient), owner])).values()].toReversed()
}

/** In no config: a file was forgotten, or brought back. Not what has to stay. */
function isLeftInFiles(one: Recipient, { required }: RequestedRecipients, survey: Survey): boolean {
  const isIn = (recipients: readonly Recipient[]): boolean => recipients.some((other) => isMeantBy(other, one))
  return isIn(knownRecipients(survey)) && !isIn(survey.configs.flatMap(({ recipients }) => recipients)) && !isIn(required)
}

function recordedIn({ ownersFile }: Survey): Past {
  const { removed = [], path = '' } = ownersFile ?? {}
  return { owners: recordedOwners(removed, path), known: removed.map(({ recipient }) => recipient), unseen: null }
}

const noPast: Past = { owners: [], known: [], unseen: null }

/** Throws `config-missing`, or `recipient-unknown` or `recipient-ambiguous`, listing who there is. */
export function resolveRequest(
  inputs: Pick<Inputs, 'removedRecipients' | 'addedRecipients' | 'sameAccessAs' | 'requiredRecipients'>, survey: Survey,
  past: Past = noPast,
): RequestedRecipients {
  if (survey.files.length > 0 && survey.configs.length === 0) {
    throw new Failure('config-missing', `There are ${survey.files.length} encrypted files, and git tracks no .sops.yaml in any folder, so that nothing says who should read them.`, {
      advice: 'Add a .sops.yaml with creation_rules at the root (.sops.yml is not read by sops).',
    })
  }
  const known = knownRecipients(survey)
  const added = inputs.addedRecipients.map((one) => newRecipient(one, survey, known))
  const comes = added.map(({ recipient }) => recipient)
  // Whoever takes someone's place needs that place to be there; who has it already took it from someone who is gone.
  const before = comes.every((one) => known.some((other) => sameRecipient(one, other))) ? past : noPast
  const removed = unique(inputs.removedRecipients.flatMap((one) => whoGoes(one, survey, known, comes, before)))
  const required = resolved(resolveRequired(inputs.requiredRecipients, survey.owners, known), survey)
  const needed = removed.find((one) => required.some((other) => isMeantBy(other, one)))
  if (needed !== undefined) {
    throw new Failure('input', `The inputs \`removed-recipient\` and \`required-recipient\` both name ${visible(nameOf(survey, [needed]))}.`, { advice: 'Who has to stay cannot go: leave it out of one of them.' })
  }
  const like = inputs.sameAccessAs === null ? removed : inputs.sameAccessAs === '*' ? 'every rule' : resolve([inputs.sameAccessAs], survey, known)
  return { removed, added, like, required }
}

function resolve(asked: readonly string[], survey: Survey, known: readonly Recipient[]): readonly Recipient[] {
  return resolved(resolveRecipients(asked, survey.owners, known), survey)
}

/**
 * By what stands in the repository now, and is not to come; only of whom that knows nothing, by the past. A name that stands for the
 * key that has taken a place stood for another one before.
 */
function whoGoes(asked: string, survey: Survey, known: readonly Recipient[], comes: readonly Recipient[], past: Past): readonly Recipient[] {
  const inFull = parseRecipient(asked)
  const fresh = newKeys(comes, known, survey)
  const isOld = (one: Recipient): boolean => !fresh.has(canonicalId(one))
  const others = known.filter(isOld)
  if (inFull !== null && comes.some((one) => sameRecipient(one, inFull))) throw bothNamed(inFull, 'Leave it out of one of them.')
  const now = resolveRecipients([asked], survey.owners, others)
  const gone = now.kind === 'resolved' ? recordOf(asked, now.recipients, survey) : null
  if (now.kind === 'resolved' && gone !== null) {
    throw new Failure('recipient-ambiguous', [
      `"${asked}" could mean who was removed on ${gone.date}, by the record in ${survey.ownersFile?.path ?? ''}:${gone.line}, or whoever a comment or an anchor calls so now:`,
      ...candidateLines('', survey.owners, [...now.recipients, gone.recipient]),
    ].map((line) => visible(line, 1000)).join('\n'), {
      advice: 'Name the key that is meant, spelled in full. Where the name is right, enter it under `owners` in that file.',
    })
  }
  // What a comment may be saying of someone who is still there is not looked up in the past.
  const untold = untoldAs(asked, survey.untold ?? [])
  const mentions = now.kind === 'unknown' && untold.length === 0 && isName(asked) ? unread(asked, survey) : []
  if (now.kind !== 'unknown' || untold.length + mentions.length > 0) return withSubkeys(resolved(now, survey, mentions), survey.owners, others)
  const ever = past.known.filter(isOld)
  const owners = lastNamed(asked, past.owners.filter(({ recipient }) => isOld(recipient)), ever)
  // A keyring has no past, and may know a key that nothing else names.
  const keyring = survey.owners.filter(({ from }) => from === 'keyring')
  const then = [owners, keyring].map((named) => resolveRecipients([asked], named, ever)).find(({ kind }) => kind !== 'unknown')
  if (then?.kind === 'resolved') refuseInUse(asked, then.recipients, owners, survey, comes)
  if (then !== undefined) return withSubkeys(resolved(then, survey), keyring, ever)
  const whole = comes.length === 0 ? now : resolveRecipients([asked], survey.owners, known)
  const [both] = whole.kind === 'resolved' ? whole.recipients : []
  if (both === undefined) return resolved(now, survey)
  throw bothNamed(both, 'Nothing tells of another key whose place it took. Name the key that is to go, spelled in full.')
}

/** Where configs mention a name, but where it is read as that of a key: one that comes, or is somebody else's by the owners file. */
function unread(asked: string, { configs, owners }: Survey): readonly Mention[] {
  const [whole = ''] = formsOf(asked)
  const read = owners.filter(({ name }) => formsOf(name).includes(whole))
  const isRead = ({ path, line, text }: Mention): boolean => read.some((owner) => owner.path === path
    && (owner.line === line || text.split(/[,;/]/).some((part) => formsOf(part).includes(whole))))
  return configs.flatMap((config) => mentionsOf(asked, config)).filter((one) => !isRead(one))
}

/** Not of a key that is nobody's by today's names, and that the owners file says to be gone, or whose place who comes has taken elsewhere. */
function refuseInUse(asked: string, keys: readonly Recipient[], past: readonly PastOwner[], survey: Survey, comes: readonly Recipient[]): void {
  const records = survey.ownersFile?.removed ?? []
  const isGone = (one: Recipient): boolean => records.some(({ recipient }) => isMeantBy(recipient, one))
    || past.some(({ recipient, next }) => isMeantBy(recipient, one) && next.some((other) => comes.some((fresh) => sameRecipient(fresh, other))))
  const mayGo = (one: Recipient): boolean => ownerOf(survey.owners, one) === null && isGone(one)
  const why = inUseToday(asked, keys.filter((one) => !mayGo(one)), past, survey)
  if (why.length === 0) return
  throw new Failure('recipient-ambiguous', [`"${asked}" is the name of no key today, and who had it before cannot be told from others:`, ...why]
    .map((line) => visible(line, 1000)).join('\n'), { advice: 'Name the key that is to go, spelled in full.' })
}

function bothNamed(one: Recipient, advice: string): Failure {
  return new BothNamed('input', `The inputs \`removed-recipient\` and \`added-recipient\` both name ${visible(one.id)}.`, { advice })
}

/** The ids of those that come; where a config names an Azure key without a version, also of the one that files have for it. */
function newKeys(comes: readonly Recipient[], known: readonly Recipient[], { configs }: Survey): ReadonlySet<string> {
  const written = new Set(configs.flatMap(({ recipients }) => recipients).map(canonicalId))
  const inFiles = known.filter((one) => !written.has(canonicalId(one)))
  const versions = comes.filter((one) => written.has(canonicalId(one))).flatMap((one) => inFiles.filter((other) => isMeantBy(one, other)))
  return new Set([...comes, ...versions].map(canonicalId))
}

/** The record of another key, removed from whoever had the name then, where no more than comments and anchors give it to someone now. */
function recordOf(asked: string, now: readonly Recipient[], { owners, ownersFile }: Survey): RemovedRecord | null {
  const bears = (name: string | null): boolean => name !== null && formsOf(name).some((form) => formsOf(asked).includes(form))
  const sources = owners.filter(({ name, recipient }) => bears(name) && now.some((one) => isMeantBy(recipient, one)))
  if (sources.length === 0 || sources.some(({ from }) => from !== 'comment' && from !== 'anchor')) return null
  const records = ownersFile?.removed ?? []
  if (records.some(({ recipient }) => now.some((one) => isMeantBy(recipient, one)))) return null
  return records.findLast(({ owner }) => bears(owner)) ?? null
}

function resolved(resolution: Resolution, { untold = [] }: Survey, mentions: readonly Mention[] = []): readonly Recipient[] {
  if (resolution.kind === 'resolved') return resolution.recipients
  const why = resolution.kind === 'unknown' ? [...untoldLines(resolution.asked, untold), ...mentionLines(resolution.asked, mentions)] : []
  throw new Failure(`recipient-${resolution.kind}`, [...resolution.message.split('\n'), ...why].map((line) => visible(line, 1000)).join('\n'))
}

/** A key in full, `name=key`, or the name of someone whose one key is written down, as in a public-keys file. */
function newRecipient(asked: string, survey: Survey, known: readonly Recipient[]): NewRecipient {
  const whole = parseRecipient(asked)
  if (whole !== null) return { recipient: spelled(whole, known), name: ownerOf(survey.owners, whole) }
  const [, name = '', key = ''] = /^([^=]+)=(.+)$/.exec(asked) ?? []
  const recipient = parseRecipient(key)
  if (recipient !== null && name.trim() !== '') return { recipient: spelled(recipient, known), name: name.trim() }
  const written = unique([...known, ...survey.owners.map((owner) => owner.recipient)])
  const [only, ...more] = eachKeyOnce(resolve([asked], survey, written), survey.owners, known)
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
export function whoIsMeant({ asked: { removed, added }, earlier }: Pick<ResolvedRequest, 'asked' | 'earlier'>, { owners }: Survey): readonly string[] {
  const line = (sign: string) => (recipient: Recipient): string => {
    const named = owners.filter((owner) => isMeantBy(recipient, owner.recipient))
    const sources = named.map(({ name, path, line: at }) => `${asSeen(name)}, by ${path}${at > 0 ? `:${at}` : ''}`)
    return `${sign} ${recipient.id}${sources.length === 0 ? '' : ` (${[...new Set(sources)].join('; ')})`}`
  }
  const before = earlier.map(({ name, recipient, path }) =>
    `  ${recipient.id}, an earlier key of ${asSeen(name)}, by ${path}: what it could read is looked at too`)
  return [...removed.map(line('−')), ...before, ...added.map(({ recipient }) => recipient).map(line('+'))]
}
