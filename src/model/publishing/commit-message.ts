// The message of a commit of ours: a person's words, and at the end for which plan it was made and what it held when it was made.
// Must never take another end for ours.

export interface Identity {
  readonly name: string
  readonly email: string
}

/** Whose name the commits bear that git makes for us. */
export const bot: Identity = { name: 'github-actions[bot]', email: '41898282+github-actions[bot]@users.noreply.github.com' }

export interface CommitWords {
  readonly message: string
  readonly fingerprint: string
  /** Whose `Signed-off-by` it ends with; null: nobody's. */
  readonly signoff: Identity | null
}

const trailers = ['Sops-Rekey-Fingerprint', 'Sops-Rekey-Tree'] as const
const ending = new RegExp(`\\n${trailers.map((name) => `${name}: ([0-9a-f]+)`).join('\\n')}\\s*$`)

/** `tree` is the id of the tree that is committed. */
export function commitMessage({ message, fingerprint, signoff }: CommitWords, tree: string): string {
  const [, ...paragraphs] = message.trim().split(/\n\s*\n/)
  const last = paragraphs.at(-1)?.split('\n') ?? []
  // After lines like `Co-authored-by: …` ours have to follow at once: only the last block of such lines counts for git.
  const continues = last.length > 0 && last.every((line) => /^(?:[A-Za-z0-9-]+: |\s)\S/.test(line))
  const own = [
    ...(signoff === null ? [] : [`Signed-off-by: ${signoff.name} <${signoff.email}>`]),
    `${trailers[0]}: ${fingerprint}`, `${trailers[1]}: ${tree}`,
  ]
  return `${message.trim()}\n${continues ? '' : '\n'}${own.join('\n')}\n`
}

/** What the end of a message of ours says; null for any other message. */
export function readTrailers(message: string): { readonly fingerprint: string; readonly tree: string } | null {
  const [, fingerprint, tree] = ending.exec(message) ?? []
  return fingerprint === undefined || tree === undefined ? null : { fingerprint, tree }
}
