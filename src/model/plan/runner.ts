// What the runner itself can use, and which plans that rules out.
// Must never take what it does not know for certain for a lock-out: the final bytes decide that.
import { foreignVaults, pluginName } from './trusted-keys.ts'
import { canonicalId, sameRecipient, shortForm } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import type { SurveyedFile } from '../survey.ts'

export interface Runner {
  /** Its own age recipients as far as its environment tells; `complete` where it can have no other of that kind. */
  readonly recipients: readonly Recipient[]
  readonly complete: boolean
  /** The only Vault that is its own, and whether it has a token that sops would send. */
  readonly vault: { readonly address: string | null; readonly token: boolean }
  /** Names of age plugins that may be run. */
  readonly agePlugins: readonly string[]
}

type Groups = readonly (readonly Recipient[])[]

/** Why sops is not let loose on `file` to make its groups `after`; null where nothing speaks against it. */
export function runnerRefusal(file: SurveyedFile, after: Groups, runner: Runner): string | null {
  return locksOut(file, after, runner) ?? sendsAbroad(file, after, runner) ?? runsPlugin(after, runner)
}

/** Why sops is not let loose on a version that only has to be decrypted; null where nothing speaks against it. */
export function decryptionRefusal(readers: readonly Recipient[], { vault, agePlugins, complete, recipients }: Runner): string | null {
  if (complete && readers.every((one) => one.kind === 'age' && !recipients.some((own) => sameRecipient(own, one)))) return 'none of its keys is the runner\'s'
  if (foreignVaults(readers, vault.address ?? undefined).length > 0) return 'its Vault is not the runner\'s'
  return readers.map(pluginName).some((one) => one !== null && !agePlugins.includes(one)) ? 'it needs a plugin that may not be run' : null
}

/** What the runner could open before and surely not after. */
function locksOut(file: SurveyedFile, after: Groups, runner: Runner): string | null {
  // Any other kind may be one that the runner has the credentials of.
  if (!runner.complete || !after.flat().every(({ kind }) => kind === 'age')) return null
  const own = new Set(runner.recipients.map(canonicalId))
  const opens = (groups: Groups): boolean => groups.some((group) => group.some((one) => own.has(canonicalId(one))))
  if (!opens(file.metadata.groups) || opens(after)) return null
  return 'the runner itself could no longer decrypt it: its own key is the one that would go. Give the job the key of a recipient that stays'
}

/** The address of a Vault stands in the file, which anyone could have written: to encrypt to it is to send it the data key. */
function sendsAbroad({ metadata: { groups } }: SurveyedFile, after: Groups, { vault }: Runner): string | null {
  const [foreign] = foreignVaults([...after.flat(), ...(vault.token ? groups.flat() : [])], vault.address ?? undefined)
  if (foreign === undefined) return null
  const known = vault.address === null ? 'VAULT_ADDR does not say which Vault is yours. Set it to the address of that server'
    : `VAULT_ADDR says that yours is ${vault.address}`
  return `the Vault of its key ${shortForm(foreign)} would be sent a data key or the Vault token, and ${known}`
}

/** To encrypt to the recipient of a plugin is to run the plugin. */
function runsPlugin(after: Groups, { agePlugins }: Runner): string | null {
  const name = after.flat().map(pluginName).find((one) => one !== null && !agePlugins.includes(one)) ?? null
  return name === null ? null : `to encrypt to it needs the program age-plugin-${name}, and no plugin is run that is not named in \`age-plugins\``
}
