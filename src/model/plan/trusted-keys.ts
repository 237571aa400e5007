// Which keys may be used at all: what a recipient would make sops run, or send the runner's token and a data key to.
// Pure. Must never take a recipient's word for where it is kept.
import type { Recipient } from '../recipient.ts'

/**
 * How the address of the one Vault server that the runner's token is for may be spelled: as in VAULT_ADDR, in lower case, and
 * with or without the port that goes without saying. No path, no slash at the end. Empty where there is no usable address.
 */
export function trustedVaults(vaultAddress: string | undefined): readonly string[] {
  const [origin = ''] = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?(?=\/|$)/i.exec(vaultAddress?.trim() ?? '') ?? []
  if (origin === '') return []
  const usual = origin.toLowerCase().startsWith('https:') ? ':443' : ':80'
  const spellings = [origin, origin.toLowerCase()].flatMap((one) => {
    const bare = one.endsWith(usual) ? one.slice(0, -usual.length) : one
    return /:\d+$/.test(bare) ? [bare] : [bare, bare + usual]
  })
  return [...new Set(spellings)]
}

/**
 * The Vault keys that are not on the server of `vaultAddress` (the runner's VAULT_ADDR); all of them where that names none.
 * sops would send VAULT_TOKEN, or what `~/.vault-token` holds, to the address in the file, and to encrypt it sends the data
 * key itself, with or without a token. So a run with any of these has to be refused before sops works on the file.
 */
export function foreignVaults(recipients: readonly Recipient[], vaultAddress: string | undefined): readonly Recipient[] {
  const trusted = trustedVaults(vaultAddress)
  // The text up to a slash is the server to every reader of addresses; what comes behind can't change it.
  return recipients.filter(({ kind, id }) => kind === 'hc_vault' && !trusted.some((server) => id.startsWith(`${server}/`)))
}

/**
 * The NAME of the program `age-plugin-NAME` that sops runs for the recipient, whatever characters it has; null for one that
 * needs none.
 */
export function pluginName({ kind, id }: Recipient): string | null {
  return kind === 'age-plugin' ? id.slice('age1'.length, Math.max('age1'.length, id.lastIndexOf('1'))) : null
}
