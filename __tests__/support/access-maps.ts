// Surveys for tests of the access map: files with the readers they are said to have, without any encryption.
import type { EncryptedFile } from '../../src/model/sops-file/encrypted-file.ts'
import type { OwnedRecipient } from '../../src/model/owners/owners.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import type { Survey } from '../../src/model/survey.ts'

const letters = 'acdefghjklmnpqrstuvwxyz023456789'

/** An age key, the same for the same number. */
export function ageKey(number: number): Recipient {
  const digits = [1024, 32, 1].map((unit) => letters[Math.floor(number / unit) % 32] ?? '').join('')
  return { kind: 'age', id: `age1${digits}${'q'.repeat(52)}${digits}` }
}

export function owned(name: string, recipient: Recipient): OwnedRecipient {
  return { name, recipient, from: 'owners-file', path: '.sops-owners.yaml', line: 1 }
}

/** Key groups, or the keys of the only one. */
export type Keys = readonly Recipient[] | readonly (readonly Recipient[])[]

export function encryptedTo(path: string, groups: Keys, threshold: number | null = null): EncryptedFile {
  const nested = groups.map((one) => ('kind' in one ? null : one))
  const flat = groups.flatMap((one) => ('kind' in one ? [one] : []))
  return {
    path, format: 'yaml', explicitType: false, valueCount: 1, encryptsComments: false,
    metadata: {
      groups: flat.length > 0 ? [flat] : nested.flatMap((one) => (one === null ? [] : [one])), shamirThreshold: threshold,
      lastModified: '2026-11-01T00:00:00Z', mac: 'ENC[AES256_GCM,data:x]', version: '3.13.3',
    },
  }
}

export function surveyOf(files: readonly EncryptedFile[], owners: readonly OwnedRecipient[], rest: Partial<Survey> = {}): Survey {
  return {
    base: '0123456789abcdef0123456789abcdef01234567', configs: [], ignoredConfigs: [], others: [], damaged: [], skipped: [], unsure: [], unmatchedGlobs: [],
    ownersFile: null,
    files: files.map((file) => ({ ...file, config: '.sops.yaml', blob: '', sha256: '' })), owners, ...rest,
  }
}

/** `count` files of a company with `people` people, two clouds, a shared old key, and one file that only one of them opens. */
export function companySurvey(count: number, people: number): Survey {
  const names = ['alice', 'bob', 'carol', 'dan', 'erin', 'frank', 'grace', 'heidi']
  const nameOf = (at: number): string => `${names[at % names.length] ?? ''}${at < names.length ? '' : `.${at}`}`
  const staff = Array.from({ length: people }, (_, at) => owned(nameOf(at), ageKey(at)))
  const keyOf = (at: number): Recipient => ageKey(at % people)
  const kms = (environment: string): Recipient => ({ kind: 'kms', id: `arn:aws:kms:eu-west-1:111122223333:alias/${environment}` })
  const pgp: Recipient = { kind: 'pgp', id: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4' }
  const stages = ['prod', 'staging', 'dev', 'shared']
  const services = ['web', 'api', 'billing', 'search', 'mail', 'auth', 'queue', 'reports']
  const files = Array.from({ length: count }, (_, at) => {
    const stage = stages[at % 4] ?? ''
    const service = Math.floor(at / 4) % (count > 1000 ? 200 : 8)
    const step = stage === 'prod' ? 1 : 2
    const team = Array.from({ length: Math.min(people, 3 + (service % 5)) }, (_, one) => keyOf(service * 7 + one * step))
    const readers = [...new Map([...team, keyOf(0)].map((one) => [one.id, one])).values()]
    const folder = `${stage}/${services[service % 8] ?? ''}${service < 8 ? '' : service}`
    const name = `${['app', 'db', 'tls'][at % 3] ?? ''}-${at}.enc.yaml`
    return encryptedTo(`${folder}/${name}`, [...readers, stage === 'shared' ? pgp : kms(stage)])
  })
  return surveyOf(
    [...files, encryptedTo('prod/break-glass.yaml', [keyOf(0)])],
    [...staff, owned('ops-prod', kms('prod')), owned('ops-staging', kms('staging'))],
  )
}
