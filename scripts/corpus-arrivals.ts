// A new key beside every owner and every key of a repository in turn, and then in its place: in sops' eyes and line by line.
// Must never let a line change that is not about whoever comes or goes.
import { canonicalId, parseRecipient } from '../src/model/recipient.ts'
import type { Recipient } from '../src/model/recipient.ts'
import { editConfig } from '../src/model/sops-config/edit.ts'
import type { NewRecipient } from '../src/model/sops-config/edit.ts'
import type { Survey } from '../src/model/survey.ts'
import type { Sops } from '../src/tools/sops.ts'
import type { Staging } from '../src/tools/staging.ts'
import { strayLines, strayOfArrival } from './corpus-lines.ts'
import type { Answers } from './corpus-reading.ts'
import { everyone, tryEdits, wordsFor } from './corpus-requests.ts'
import type { Outcomes, Trial } from './corpus-requests.ts'

/** Public halves of keys whose other half nobody kept, of the kinds that sops lists without a call to anybody. */
const newKeys = [
  'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg',
  '85D77543B3D624B63CEA9E6DBC17301B491B3F21',
  'arn:aws:kms:eu-central-1:656532927350:key/920aff2e-c5f1-4040-943a-047fa387b27e',
]
const name = 'zzNewcomer'

/** The additions, and then the replacements; as `checkRemovals`. */
export async function checkArrivals(survey: Survey, before: Answers, sops: Sops, staging: Staging): Promise<readonly [Outcomes, Outcomes]> {
  const newcomers = newKeys.flatMap((key): NewRecipient[] => {
    const recipient = parseRecipient(key)
    if (recipient === null) throw new Error(`${key} is no recipient`)
    return isKnown(survey, recipient) ? [] : [{ recipient, name }]
  })
  const models = everyone(survey)
  const trialsOf = (doesGo: boolean): readonly Trial[] => models.flatMap(({ who, recipients }, at): Trial[] => {
    const added = newcomers[at % newcomers.length]
    if (added === undefined) return []
    const ids = new Set(recipients.map(canonicalId))
    const isModel = (one: Recipient): boolean => ids.has(canonicalId(one))
    const { recipient: { kind, id } } = added
    return [{
      what: `${kind} ${doesGo ? 'for' : 'beside'} ${who}`,
      edit: (config) => editConfig(config, { removed: doesGo ? recipients : [], added: [added], like: recipients }, survey.owners),
      stray: (path, old, edited) => {
        const stray = strayOfArrival(old, edited, [id, name])
        const left = doesGo ? new Set(strayLines(old, edited, wordsFor(survey, path, recipients))) : null
        return stray.filter((line) => left?.has(line) !== false)
      },
      expected: (group) => (group.some(isModel) ? [...group.filter((one) => !doesGo || !isModel(one)), added.recipient] : group),
    }]
  })
  return [
    await tryEdits(survey, before, trialsOf(false), sops, staging), await tryEdits(survey, before, trialsOf(true), sops, staging),
  ]
}

function isKnown({ files, configs }: Survey, recipient: Recipient): boolean {
  const known = [...files.flatMap(({ metadata }) => metadata.groups.flat()), ...configs.flatMap(({ recipients }) => recipients)]
  return known.some((one) => canonicalId(one) === canonicalId(recipient))
}
