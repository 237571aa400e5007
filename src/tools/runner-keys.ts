// The runner's own age recipients, told from its environment, to see a lock-out before it happens.
// Must never let an identity leave this file.
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { identityToRecipient } from 'age-encryption'
import type { RunnerKeys } from '../model/plan.ts'
import { parseRecipient } from '../model/recipient.ts'

/**
 * The recipients of SOPS_AGE_KEY and SOPS_AGE_KEY_FILE. `complete` where the environment names no other place for age
 * identities and each of these was understood; other kinds of keys are not told from here.
 */
export async function runnerKeys(environment: Readonly<Record<string, string | undefined>>): Promise<RunnerKeys> {
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
  const recipients = await Promise.all(identities.map(async (identity) => {
    try {
      return parseRecipient(await identityToRecipient(identity))
    } catch {
      return null
    }
  }))
  const known = recipients.filter((one) => one !== null)
  return { recipients: known, complete: complete && known.length === identities.length }
}
