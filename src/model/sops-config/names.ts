// Which comments of a `.sops.yaml` are names of who holds a key, and which are prose, headings or YAML that was taken out.
// Must never take for a name what may be anything else: a wrong name takes the wrong key out.
import { nameInComment } from '../owners.ts'

/** Words that speak of a key, a file or a stage of it; no one who holds a key is called so. */
const notNames = new Set([
  'prod', 'production', 'live', 'staging', 'stage', 'preview', 'sandbox', 'dev', 'development', 'local', 'test', 'testing',
  'tests', 'qa', 'uat', 'main', 'master', 'default', 'backup', 'backups', 'old', 'new', 'legacy', 'current', 'previous',
  'former', 'primary', 'secondary', 'temporary', 'temp', 'deprecated', 'unused', 'todo', 'fixme', 'note', 'notes', 'a',
  'an', 'and', 'or', 'the', 'this', 'these', 'all', 'both', 'each', 'every', 'everyone', 'everybody', 'nobody', 'none',
  'only', 'other', 'others', 'any', 'in', 'on', 'at', 'by', 'for', 'from', 'of', 'to', 'with', 'is', 'are', 'do', 'not',
  'no', 'see', 'ask', 'keep', 'add', 'remove', 'page', 'key', 'keys', 'secret', 'secrets', 'rule', 'rules', 'team', 'teams',
  'yes',
])

/** Words of which none is one of the above, up to three, without the signs of a sentence. */
export function isLabel(comment: string): boolean {
  const text = comment.replace(/^[\s#]+/, '').replace(/(?<![\s:])[\s:]+$/, '')
  const words = text.split(/ +/)
  const signs = /[:;?!=*&{}[\]"]/.test(text) || (text.endsWith('.') && !/ (?:\p{Lu}|Jr|Sr)\.$/u.test(text))
  return !signs && words.length <= 3 && words.every((word, at) => (at === 0 ? /^[\p{L}\p{N}]/u : /^[\p{L}\p{N}<(]/u).test(word)
    && !notNames.has(word.toLowerCase().replace(/[,.]$/, ''))) && nameInComment(text) !== null
}

/** One that must be a name: a word, or several in capitals (`Carol S.`, `Bob <bob@x.org>`), as it takes to name by position. */
export function isName(comment: string): boolean {
  return isLabel(comment) && !/[:,]\s*$/.test(comment) && !/ \p{Ll}/u.test(comment.replace(/^[\s#]+/, ''))
}
