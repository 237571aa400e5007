// The access map as one HTML page that stands alone: it fetches nothing, and without its script still shows every row.
// Must never let a name be anything but text, nor shorten the list of what the map does not know.
import type { AccessMap, FileAccess, Reader } from './access-map.ts'
import { folderOf, isSharedKey } from './access-map.ts'
import { script, scriptHash } from './access-map-script.ts'
import { style, styleHash } from './access-map-style.ts'
import { count, grouped } from '../markdown/markdown-paths.ts'
import { shortForm } from '../recipient.ts'
import type { RecipientKind } from '../recipient.ts'
import { visible } from '../safe-text.ts'

export interface PageContext {
  /** Like `acme/infra`; null where it has no such name. */
  readonly repository: string | null
  /** When the map was made, ISO 8601, UTC. */
  readonly madeAt: string
}

const kindNames: Readonly<Record<RecipientKind, string>> = {
  age: 'age', 'age-ssh': 'age (SSH)', 'age-plugin': 'age (plugin)', pgp: 'PGP', kms: 'AWS KMS', gcp_kms: 'GCP KMS',
  azure_keyvault: 'Azure Key Vault', hc_vault: 'Vault', hckms: 'Huawei Cloud KMS',
}

/** Nothing may be fetched, sent or embedded; only the page's own style and script are let work. */
const policy = [
  "default-src 'none'", `style-src 'sha256-${styleHash}'`, `script-src 'sha256-${scriptHash}'`,
  "base-uri 'none'", "form-action 'none'",
].join('; ')

const nameLimit = 200
const pathLimit = 4096

const marks = new Map([['&', '&amp;'], ['<', '&lt;'], ['>', '&gt;'], ['"', '&quot;'], ["'", '&#39;']])

/** `visible(text)` for any place in HTML, attributes in quotes included. */
function safe(text: string, limit = nameLimit): string {
  return visible(text, limit).replace(/[&<>"']/g, (mark) => marks.get(mark) ?? '')
}

/** Letters of another direction stay inside. */
function name(text: string, limit = nameLimit): string {
  return `<bdi>${safe(text, limit)}</bdi>`
}

function mark(kind: string, text: string): string {
  return ` <small class="mark ${kind}">${text}</small>`
}

/** What stands for a reader in the address. */
function valueOf({ name, owned }: Reader): string {
  return `${owned ? 'owner' : 'key'}:${name}`
}

function marksOf(reader: Reader): string {
  return `${reader.owned ? '' : mark('nameless', 'no known owner')}${isSharedKey(reader) ? mark('service', 'key service') : ''}`
}

const environmentText = (environment: string | null): string => environment ?? 'no environment'
const environmentValue = (environment: string | null): string => environment ?? 'none'

function option(value: string, text: string): string {
  return `<option value="${safe(value, pathLimit)}">${safe(text)}</option>`
}

function choice(field: string, label: string, any: string, options: string): string {
  return `<p><label for="by-${field}">${label}</label>`
    + `<select id="by-${field}" name="${field}"><option value="">${any}</option>${options}</select></p>`
}

function filters({ readers, environments }: AccessMap): string {
  const kinds = (Object.entries(kindNames) as [RecipientKind, string][])
    .filter(([kind]) => readers.some(({ keys }) => keys.some((one) => one.kind === kind)))
  const group = (label: string, own: readonly Reader[]): string => (own.length === 0 ? ''
    : `<optgroup label="${label}">${own.map((one) => option(valueOf(one), one.name)).join('')}</optgroup>`)
  const nameless = readers.filter(({ owned }) => !owned)
  return `<form hidden role="search" aria-label="Filter the files">
${choice('reader', 'Reader', 'anyone', [
  nameless.length === 0 ? '' : option('nameless', 'any key without a known owner'),
  group('Owners', readers.filter(({ owned }) => owned)),
  group('Keys without a known owner', nameless),
].join(''))}
${choice('environment', 'Environment', 'any', environments.map((one) =>
  option(environmentValue(one), environmentText(one))).join(''))}
${choice('key', 'Kind of key', 'any', kinds.map(([kind, text]) => option(kind, text)).join(''))}
<p><label for="by-path">Path contains</label>
<input id="by-path" name="path" type="search" autocomplete="off" spellcheck="false"></p>
<label class="check"><input name="lone" type="checkbox"> Only what depends on one reader</label>
<button type="reset">Show all</button>
</form>`
}

function overview({ readers, files, environments }: AccessMap): string {
  const total = readers.map(() => 0)
  const perEnvironment = readers.map(() => new Map<string | null, number>())
  for (const { environment, grants } of files) {
    for (const { reader } of grants) {
      const own = perEnvironment[reader]
      total[reader] = (total[reader] ?? 0) + 1
      own?.set(environment, (own.get(environment) ?? 0) + 1)
    }
  }
  const heads = environments.map((one) =>
    `<th scope="col" class="number" data-environment="${environmentValue(one)}">${environmentText(one)}</th>`)
  const rows = readers.map((reader, at) => {
    const cells = environments.map((one) => {
      const own = perEnvironment[at]?.get(one) ?? 0
      return own === 0 ? '<td class="number soft">–</td>' : `<td class="number">${own}</td>`
    })
    const keys = reader.keys.map((key) => `<li>${kindNames[key.kind]} ${reader.owned ? name(shortForm(key)) : ''}</li>`)
    return `<tr data-reader="${safe(valueOf(reader), pathLimit)}">`
      + `<th scope="row"><span>${name(reader.name)}</span>${marksOf(reader)}</th>${cells.join('')}`
      + `<td class="number">${total[at] ?? 0}</td><td class="keys"><ul>${keys.join('')}</ul></td></tr>`
  })
  return `<div class="scroll" role="region" aria-labelledby="readers" tabindex="0"><table class="overview">
<thead><tr><th scope="col">Reader</th>${heads.join('')}
<th scope="col" class="number">All files</th><th scope="col">Keys</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`
}

/** Files of one folder with the same readers share a row. */
function folder(title: string, files: readonly FileAccess[], readers: readonly Reader[]): string {
  const rows = [...grouped(files, ({ environment, grants, needs }) => JSON.stringify([environment, grants, needs])).values()]
  const head = title === '' ? '(root)' : name(title, pathLimit)
  return `<tbody data-folder="${safe(title, pathLimit)}">
<tr><th class="folder" scope="rowgroup" colspan="2">${head}</th></tr>
${rows.map((same) => row(same, title, readers)).join('\n')}</tbody>`
}

function row(files: readonly FileAccess[], within: string, readers: readonly Reader[]): string {
  return files.slice(0, 1).map(({ environment, grants, indispensable, needs }) => {
    const names = grants.flatMap(({ reader, alone }) => readers.slice(reader, reader + 1).map((one) =>
      `<li>${name(one.name)}${marksOf(one)}${alone ? '' : mark('part', 'a part')}</li>`))
    const keys = safe(JSON.stringify(grants.flatMap(({ reader, kinds }) => kinds.map((kind) => [reader, kind]))), Infinity)
    const about = [
      environment === null ? '' : mark(environment === 'prod' ? 'prod' : 'environment', environment),
      indispensable.length === 0 ? '' : mark('lone', 'depends on one reader'),
      needs === null ? '' : mark('part', `needs ${needs.groups} of ${needs.of} key groups`),
    ].join('')
    const lone = JSON.stringify(indispensable)
    return `<tr data-environment="${environmentValue(environment)}" data-keys="${keys}" data-lone="${lone}">`
      + `<td>${about === '' ? '' : `<div class="about">${about}</div>`}`
      + `<ul class="files">${files.map(({ path }) => `<li>${name(path.slice(within.length), pathLimit)}</li>`).join('')}</ul>`
      + `</td><td><ul class="readers">${names.join('')}</ul></td></tr>`
  }).join('')
}

function limits({ readers, files, unread }: AccessMap): string {
  const words = [
    ...(readers.some(isSharedKey)
      ? ['A key of a key service (KMS, Key Vault, Vault) is one reader here but many people: the service decides (in IAM) who '
        + 'may use it, and these files do not say.']
      : []),
    'It shows one commit. Older commits stay readable to whoever held a key of theirs; so does every clone of them.',
    'Who holds a key is what the owners file, .sops.yaml, lists of public keys and the keys themselves say. Nobody proved it, '
      + 'and a key may have been copied.',
    'A file’s environment is told from words in its path, and from nothing else.',
    ...(files.some(({ needs }) => needs !== null)
      ? ['Where a file needs keys of several groups, a reader with a part opens it only together with others.'] : []),
  ]
  const list = unread.map(({ path, reason }) => `<li>${name(path, pathLimit)}: ${safe(reason, 1000)}</li>`)
  return `<h2 id="limits" tabindex="-1">What this page does not know</h2>
<ul class="limits">${words.map((one) => `<li>${one}</li>`).join('\n')}</ul>
${unread.length === 0 ? '' : `<h2>Not read</h2>
<p>${count(unread.length, 'file')} may hold secrets and could not be read:</p>
<ul class="limits">${list.join('\n')}</ul>`}`
}

/** The whole page. Pure: the same map and context give the same bytes. */
export function accessMapPage(map: AccessMap, { repository, madeAt }: PageContext): string {
  const { readers, files, unread } = map
  const nameless = readers.filter(({ owned }) => !owned).length
  const lone = files.filter(({ indispensable }) => indispensable.length > 0).length
  const facts = [
    count(files.length, 'encrypted file'), count(readers.length - nameless, 'owner'),
    count(nameless, 'key without a known owner', 'keys without a known owner'),
    count(lone, 'file that depends on one reader', 'files that depend on one reader'),
    ...(unread.length === 0 ? [] : [count(unread.length, 'file that could not be read', 'files that could not be read')]),
  ]
  const title = `Who can read what${repository === null ? '' : ` in ${safe(repository)}`}`
  const made = madeAt.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC')
  const folders = [...grouped(files, ({ path }) => folderOf(path))].map(([path, own]) => folder(path, own, readers))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#readers">Skip to the readers</a>
<a class="skip" href="#files">Skip to the files</a>
<header>
<h1>${title}</h1>
<p class="soft">Commit <code>${safe(map.base)}</code>, <time datetime="${safe(madeAt)}">${safe(made)}</time>, by sops-rekey.
<a href="#limits">What this page does not know</a></p>
<p>${facts.join(' · ')}</p>
</header>
<main>
${filters(map)}
<p id="no-script">Without JavaScript this page shows everything, and cannot filter.</p>
<p role="status" id="status" data-files="${files.length}"></p>
<p id="shown-readers"></p>
<h2 id="readers" tabindex="-1">Readers</h2>
<p class="soft">How many files each can read, of each environment.</p>
${overview(map)}
<h2 id="files" tabindex="-1">Files</h2>
<p id="nothing" hidden>No file is what the filter asks for.</p>
<table class="map">
<thead><tr><th scope="col">File</th><th scope="col">Read by</th></tr></thead>
${folders.join('\n')}
</table>
${limits(map)}
</main>
<script type="module">${script}</script>
</body>
</html>
`
}
