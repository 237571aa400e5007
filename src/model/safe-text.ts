// Makes text from outside (names of files, keys and people) harmless: in a log line, in Markdown code, in running Markdown.
// Must never change what a harmless text says.

// Control, format (bidi, zero-width, tags), line and paragraph separators, lone surrogates, and all else that has no glyph.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u

/** What opens files and must never be shown, wherever somebody put it by mistake. */
export const privateKeys = /AGE-SECRET-KEY-[A-Z0-9-]+|age-secret-key-[a-z0-9-]+|AGE-PLUGIN-[A-Z0-9.+_]+-1[A-Z0-9]+|-----BEGIN [A-Z ]*PRIVATE KEY[^]*/g

const short = new Map([['\n', '\\n'], ['\r', '\\r'], ['\t', '\\t']])

function escapeUnseen(character: string): string {
  if (!unseen.test(character)) return character
  const known = short.get(character)
  if (known !== undefined) return known
  const hex = (character.codePointAt(0) ?? 0).toString(16)
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`
}

/**
 * `text` as one line without any character that cannot be seen: those stand as escapes (`\n`, `\x1b`, `\u202e`).
 * The runner takes a line for a command when it starts with `::` after white space, or has `##[` anywhere
 * (ActionCommand.cs of actions/runner); both are broken with an escape. Longer than `limit` UTF-16 units: cut, ends with `…`.
 * Applied twice it gives the same, so a message may be made of parts that went through it.
 */
export function visible(text: string, limit = 300): string {
  const broken = text.replace(privateKeys, '(a private key)').replace(/^(\s*):(?=:)/, '$1\\x3a').replaceAll('##[', '#\\x23[')
  if (broken.length <= limit && !unseen.test(broken)) return broken
  let shown = ''
  let fitting = ''
  for (const character of broken) {
    shown += escapeUnseen(character)
    if (shown.length > limit) return `${fitting}…`
    if (shown.length < limit) fitting = shown
  }
  return shown
}

// All ASCII punctuation, save what means nothing before a letter or digit: a dot, slash, hyphen or underscore (which could
// open emphasis there but never close it). So most paths stay readable in the source as well.
const punctuation = /(?![./_-][A-Za-z0-9])[!-/:-@[-`{-~]/g

function entities(text: string): string {
  return text.replace(punctuation, (character) => `&#${character.charCodeAt(0)};`)
}

/**
 * One `<code>` element whose text is `visible(text)`, for any place in Markdown or HTML, table cells included.
 * GitHub's renderer reads Markdown inside inline HTML, so every mark is an entity; it also links addresses after the
 * entities have been read (cmark-gfm, autolink.c), so an empty comment parts what could become one.
 */
export function code(text: string, limit = 300): string {
  const parted = entities(visible(text, limit).replace(/@|:(?=\/)|www(?=\.)/gi, '$&\0')).replaceAll('\0', '<!-- -->')
  return `<code>${parted}</code>`
}

/**
 * `visible(text)` for running Markdown. `@name`, `#12`, `GH-12`, `:x:` and addresses take effect outside code whatever the
 * spelling, because GitHub looks for them in the finished HTML; a zero-width space after the mark stops that, and only there
 * (so `kms:Decrypt` can still be copied).
 */
export function plain(text: string, limit = 300): string {
  const parted = visible(text, limit).replace(/@|#(?=\d)|:(?=[\w+-]+:|\/)|www(?=\.)|\bGH-(?=\d)/gi, '$&\0')
  // A space at either end would be dropped, or four of them would make a code block.
  return entities(parted).replace(/^ +| +$/g, (spaces) => '&#32;'.repeat(spaces.length)).replaceAll('\0', '&#8203;')
}

/** Each of these with a bracket around it keeps workflows from running, as does the last word with a colon at a message's end. */
const skipsChecks = /\b(?:(?:skip(?= ci\b| actions\b)|(?:ci|actions)(?= skip\b)|no(?= ci\b))|skip-checks(?=:))/

const heeded = new RegExp(`@|#(?=\\d)|:(?=/)|\\bGH-(?=\\d)|${skipsChecks.source}`, 'gi')

/**
 * `visible(text)` for a text without Markdown that GitHub reads all the same, as it does a commit's message: a zero-width space
 * parts what would be a mention of somebody or of an issue, which `fixes` before it would close, or a word like `[skip ci]`. The
 * brackets do not count: they may stand around the text.
 */
export function parted(text: string, limit = 300): string {
  return visible(text, limit).replace(heeded, '$&\u200b')
}

/** A link with our own `text`; an address that is not plainly http(s) is shown, not linked. */
export function link(text: string, address: string): string {
  return /^https?:\/\/[\w.~:/?#@!$&*+,;=%-]+$/.test(address) ? `[${text}](<${address}>)` : `${text} ${code(address)}`
}

/** `lines` as a fenced block that no line can close. Lines are shown as by `visible`. */
export function fenced(language: string, lines: readonly string[]): string {
  const shown = lines.map((line) => visible(line))
  const longest = Math.max(2, ...shown.flatMap((line) => line.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return [`${fence}${language}`, ...shown, fence].join('\n')
}
