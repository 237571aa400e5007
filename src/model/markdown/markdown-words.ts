// The sentences that say what was proven, and what re-encryption cannot do. Each must be exactly true of the report.
// Must never say "verified" of a file that was not, nor grow with the number of files.
import { sharedKeys, without } from './markdown-account.ts'
import type { Account } from './markdown-account.ts'
import { who } from './markdown-headline.ts'
import { count } from './markdown-paths.ts'
import type { Report } from '../report.ts'

/** What holds for the files that passed every proof; for a dry run, that nothing does yet. */
export function proofs(report: Report, { voice, changed, unverified, remaining, come }: Account): string {
  if (changed.length === 0 || voice === 'open') return ''
  if (voice === 'would') return 'Nothing yet: a dry run uses no key. A real run proves every file before it changes anything.'
  const verified = changed.filter((file) => file.verified)
  const rotated = verified.filter(({ dataKey }) => dataKey === 'new')
  const { removed } = report.request
  const lines = [
    '- It decrypts.',
    '- Its plaintext is byte for byte the one before, compared by digest.',
    '- Its recipients are exactly those planned.',
  ]
  const { added } = report.request
  const holding = verified.filter(({ recipients: { after } }) => without(added, after).length === 0)
  if (added.length > 0 && holding.length > 0 && without(come, added).length === 0) {
    const which = holding.length === verified.length ? '' : ` (in ${count(holding.length, 'file')})`
    lines.push(`- ${who(added)} ${added.length === 1 ? 'is' : 'are'} among them${which}, and nobody else came.`)
  }
  if (removed.length > 0 && !verified.some((file) => remaining.includes(file))) {
    lines.push(`- ${who(removed)} ${removed.length === 1 ? 'is' : 'are'} not among them.`)
  }
  if (rotated.length > 0) {
    const which = rotated.length === verified.length ? '' : ` (${count(rotated.length, 'rotated file')})`
    const bare = rotated.some(({ values }) => values === 0)
      ? ' (where a file has no value to compare: its new MAC does not open with the old data key)'
      : ''
    lines.push(
      `- Its data key is another${which}: under the same IV the same plaintext has other ciphertext${bare}. ` +
      'So an old key stanza spliced into the new file opens nothing.',
    )
  }
  const not = count(unverified.length, 'changed file is', 'changed files are')
  const missing = unverified.length === 0 ? [] : [`**✖ ${not} not verified.**\n`]
  const scope = verified.length === 1 ? 'For the one verified file:' : `For each of the ${verified.length} verified files:`
  return [...missing, ...(verified.length === 0 ? [] : [scope, '', ...lines])].join('\n')
}

/** What stays true although every file was re-encrypted. */
export function honestWords(report: Report, { voice, changed, gone }: Account): string {
  const { request, files, exposure } = report
  const leaves = request.removed.length + gone.length > 0
  if (!leaves && changed.length === 0) return ''
  const words: string[] = []
  if (leaves) {
    const secrets = exposure.length > 0 ? 'each secret listed above' : 'every secret the key could open'
    words.push('- Git history stays readable to whoever held the key: it still opens older commits and every clone of them. ' +
      `Re-encryption takes nothing back, so ${secrets} must itself be changed.`)
  } else if (changed.some(({ dataKey }) => dataKey === 'new')) {
    words.push('- Older commits still open with their older data keys. A new one protects only what is written from now on.')
  }
  const opened = changed.filter(({ dataKey, recipients: { before, after } }) =>
    dataKey === 'same' && without(after, before).length > 0)
  if (opened.length > 0) {
    words.push(`- Whoever ${voice === 'would' ? 'is' : 'was'} added has the data key that ` +
      `${opened.length === changed.length ? 'these files' : `${opened.length} of these files`} have had ` +
      'since they last got a new one: it opens their older commits, back to that one, as well.')
  }
  const involved = files.flatMap(({ recipients: { before, after } }) => [...before, ...after])
  if (sharedKeys([...request.removed, ...request.added, ...involved]) > 0) {
    words.push('- A key in a key service (KMS, Key Vault, Vault) is one recipient but many people: who can read through it is ' +
      'decided there (in IAM), not in these files.')
  }
  return words.join('\n')
}
