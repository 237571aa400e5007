// What the runner can use, told from its environment: its own age recipients, its Vault.
// Must never let an identity leave this file.
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Runner } from '../model/plan/runner.ts'
import { parseRecipient } from '../model/recipient.ts'
import { recipientOfIdentity } from './age-identity.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The recipients of SOPS_AGE_KEY and SOPS_AGE_KEY_FILE. `complete` where the environment names no other place for age
 * identities and each of these was understood; other kinds of keys are not told from here.
 */
export function runnerOf(environment: Environment, agePlugins: readonly string[]): Runner {
  return { ...ageRecipients(environment), vault: vaultOf(environment), agePlugins }
}

/** sops takes the token from its environment, else from where `vault login` leaves it. */
function vaultOf(environment: Environment): Runner['vault'] {
  const address = environment['VAULT_ADDR'] ?? ''
  const token = (environment['VAULT_TOKEN'] ?? '') !== '' || existsSync(join(environment['HOME'] ?? homedir(), '.vault-token'))
  return { address: address === '' ? null : address, token }
}

function ageRecipients(environment: Environment): Pick<Runner, 'recipients' | 'complete'> {
  const home = environment['HOME'] ?? homedir()
  const elsewhere = [
    join(home, '.ssh', 'id_ed25519'), join(home, '.ssh', 'id_rsa'),
    join(environment['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'sops', 'age', 'keys.txt'),
    join(home, 'Library', 'Application Support', 'sops', 'age', 'keys.txt'),
  ]
  let complete = (environment['SOPS_AGE_SSH_PRIVATE_KEY_FILE'] ?? '') === '' && !elsewhere.some((path) => existsSync(path))
  const file = environment['SOPS_AGE_KEY_FILE'] ?? ''
  let text = environment['SOPS_AGE_KEY'] ?? ''
  if (file !== '') {
    try {
      text += `\n${readFileSync(file, 'utf8')}`
    } catch {
      complete = false
    }
  }
  const identities = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  const known = identities.flatMap((identity) => parseRecipient(recipientOfIdentity(identity) ?? '') ?? [])
  return { recipients: known, complete: complete && known.length === identities.length }
}
