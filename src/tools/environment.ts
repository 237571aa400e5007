// The environments of our children, built from a list instead of inherited.
// Must never pass on what could make sops or git run a program, read another configuration, or talk to another service.
import { accessSync, constants, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve, sep } from 'node:path'
import { trustedVaults } from '../model/plan/trusted-keys.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** What every child needs to run at all and to find the network. */
const base = [
  'HOME', 'USERPROFILE', 'SYSTEMROOT', 'TEMP', 'TMP', 'TMPDIR', 'APPDATA', 'LOCALAPPDATA', 'XDG_CONFIG_HOME', 'USER', 'LANG', 'LC_ALL',
  'HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'https_proxy', 'http_proxy', 'no_proxy', 'SSL_CERT_FILE', 'SSL_CERT_DIR',
]

/** Besides, what curl knows in git: a proxy for every scheme, and the authority of a server of one's own. */
const gitNetwork = ['ALL_PROXY', 'all_proxy', 'GIT_SSL_CAINFO', 'GIT_SSL_CAPATH']

/** Each of these makes sops run a program, use another service or rule, or trust a server that it should not. */
const withheld = [
  'SOPS_AGE_KEY_CMD', 'SOPS_AGE_SSH_PRIVATE_KEY_CMD', 'SOPS_GPG_EXEC', 'SOPS_KEYSERVICE', 'SOPS_ENABLE_LOCAL_KEYSERVICE', 'SOPS_CONFIG',
  'SOPS_DECRYPTION_ORDER',
  'SOPS_HC_VAULT_ALLOWLIST', 'VAULT_AGENT_ADDR', 'VAULT_PROXY_ADDR', 'VAULT_HTTP_PROXY', 'VAULT_SKIP_VERIFY', 'VAULT_SRV_LOOKUP',
]

/** The credentials of each kind of key. */
const credentials = [
  'SOPS_AGE_KEY', 'SOPS_AGE_KEY_FILE', 'SOPS_AGE_SSH_PRIVATE_KEY_FILE',
  'GNUPGHOME',
  'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE',
  'AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_ROLE_ARN', 'AWS_ROLE_SESSION_NAME', 'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CA_BUNDLE', 'AWS_EC2_METADATA_DISABLED', 'AWS_SDK_LOAD_CONFIG', 'AWS_STS_REGIONAL_ENDPOINTS', 'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT', 'AWS_MAX_ATTEMPTS', 'AWS_RETRY_MODE', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_KMS', 'AWS_ENDPOINT_URL_STS',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'GOOGLE_CREDENTIALS', 'GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_OAUTH_ACCESS_TOKEN', 'CLOUDSDK_CONFIG', 'GCE_METADATA_HOST',
  'SOPS_GCP_KMS_CLIENT_TYPE', 'SOPS_GCP_KMS_ENDPOINT', 'SOPS_GCP_KMS_UNIVERSE_DOMAIN',
  'AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PATH', 'AZURE_CLIENT_CERTIFICATE_PASSWORD',
  'AZURE_CLIENT_SEND_CERTIFICATE_CHAIN', 'AZURE_ADDITIONALLY_ALLOWED_TENANTS',
  'AZURE_FEDERATED_TOKEN_FILE', 'AZURE_AUTHORITY_HOST', 'AZURE_TOKEN_CREDENTIALS', 'AZURE_CONFIG_DIR', 'IDENTITY_ENDPOINT', 'IDENTITY_HEADER',
  'MSI_ENDPOINT', 'MSI_SECRET',
  'VAULT_TOKEN', 'VAULT_NAMESPACE', 'VAULT_CACERT', 'VAULT_CACERT_BYTES', 'VAULT_CAPATH', 'VAULT_CLIENT_CERT', 'VAULT_CLIENT_KEY',
  'VAULT_TLS_SERVER_NAME', 'VAULT_CLIENT_TIMEOUT', 'VAULT_MAX_RETRIES', 'VAULT_RATE_LIMIT', 'VAULT_DISABLE_REDIRECTS',
  'HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_SK', 'HUAWEICLOUD_SDK_PROJECT_ID', 'HUAWEICLOUD_SDK_CREDENTIALS_FILE',
  // Keys that expire, and the exchange of a job's own identity for them: without these only a permanent key could be used.
  'HUAWEICLOUD_SDK_SECURITY_TOKEN', 'HUAWEICLOUD_SDK_IDP_ID', 'HUAWEICLOUD_SDK_ID_TOKEN_FILE',
]

/** What is set in `environment`, and would change what sops does if it were passed on. */
export function ignoredVariables(environment: Environment): readonly string[] {
  return withheld.filter((name) => (environment[name] ?? '') !== '')
}

function pick(environment: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const value = environment[name]
    return value === undefined || value === '' ? [] : [[name, value]]
  }))
}

/**
 * PATH without relative folders, what lies in `workspace` or GITHUB_WORKSPACE (by its name or behind links), and what a
 * package manager put in front.
 */
export function trustedPath(environment: Environment, workspace: string): string {
  const checkouts = [workspace, environment['GITHUB_WORKSPACE'] ?? ''].filter((folder) => folder !== '')
    .flatMap((folder) => [resolve(folder), real(folder)])
  const planted = (folder: string): boolean => folder.includes(`node_modules${sep}.bin`)
    || checkouts.some((checkout) => folder === checkout || folder.startsWith(checkout.endsWith(sep) ? checkout : checkout + sep))
  return (environment['PATH'] ?? environment['Path'] ?? '').split(delimiter).filter((folder) => {
    if (folder === '' || folder !== resolve(folder) && folder !== resolve(folder) + sep) return false
    return !planted(resolve(folder)) && !planted(real(folder))
  }).join(delimiter)
}

/** Where `folder` really is; of one that is not there, what its name says. */
function real(folder: string): string {
  try {
    return realpathSync.native(folder)
  } catch {
    return resolve(folder)
  }
}

/** The absolute path of a program on a PATH; null where it has none. */
export function findProgram(name: string, path: string): string | null {
  const file = process.platform === 'win32' ? `${name}.exe` : name
  for (const folder of path.split(delimiter)) {
    const program = join(folder, file)
    try {
      accessSync(program, constants.X_OK)
      return program
    } catch {
      continue
    }
  }
  return null
}

/** What sops may run besides plugins: gpg, the Azure CLI, and the shell in which AWS' `credential_process` is started. */
const allowedPrograms = ['gpg', 'az', 'sh']

/**
 * Makes `folder` (not there yet) and fills it with the programs that sops may run, of those that are on the trusted PATH: those
 * above, and `age-plugin-NAME` for each of `plugins`. Returns what to give sops as its PATH: this folder alone, so that no
 * recipient of a file can name another program. Each program is entered by a script of two lines, which gives it the
 * trusted PATH back; a link would not do, since some look for their parts beside the name they were called by.
 * On Windows, where a script is no program: the folders in which the programs lie.
 */
export function programFolder(folder: string, environment: Environment, workspace: string, plugins: readonly string[]): string {
  const path = trustedPath(environment, workspace)
  const names = plugins.filter((name) => /^[a-z0-9.+_-]+$/i.test(name)).map((name) => `age-plugin-${name}`)
  const found = [...allowedPrograms, ...names].flatMap((name) => {
    const program = findProgram(name, path)
    return program === null ? [] : [{ name, program }]
  })
  mkdirSync(folder, { mode: 0o700 })
  if (process.platform === 'win32') return [folder, ...new Set(found.map(({ program }) => dirname(program)))].join(delimiter)
  for (const { name, program } of found) {
    writeFileSync(join(folder, name), `#!/bin/sh\nPATH=${quoted(path)} exec ${quoted(program)} "$@"\n`, { mode: 0o700 })
  }
  return folder
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/**
 * For sops: the runner's own credentials and nothing that changes what sops does. `path` (of `programFolder`) in place of the
 * trusted PATH. Where sops knows how (3.13), it talks to no Vault but that of VAULT_ADDR.
 */
export function sopsEnvironment(
  environment: Environment, workspace: string, { path }: { readonly path?: string } = {},
): Record<string, string> {
  return {
    ...pick(environment, [...base, ...credentials]),
    SOPS_HC_VAULT_ALLOWLIST: trustedVaults(environment['VAULT_ADDR']).join(',') || 'none',
    PATH: path ?? trustedPath(environment, workspace),
    SOPS_DISABLE_VERSION_CHECK: '1',
    // One short-lived process a file: collecting garbage costs more than it frees.
    GOGC: 'off',
    GOMEMLIMIT: '1GiB',
    NO_COLOR: '1',
  }
}

/** For gpg, to list public keys: where they are, and nothing else. */
export function gpgEnvironment(environment: Environment, path: string): Record<string, string> {
  return { ...pick(environment, [...base, 'GNUPGHOME']), PATH: path, LC_ALL: 'C' }
}

/** What the configuration of the user or of the checkout may not decide: it would change what is read or what is pushed. */
const ownSettings = [
  ['core.fsmonitor', 'false'], ['core.hooksPath', '/dev/null'],
  // Else part of an index of ours, wherever that lies, would be left beside the user's.
  ['core.splitIndex', 'false'],
  // Stronger than `color.ui`; no other command here colours what it writes with -z or --porcelain.
  ['color.grep', 'false'],
  ['log.showRoot', 'true'], ['log.showSignature', 'false'], ['i18n.commitEncoding', 'UTF-8'],
  ['push.followTags', 'false'], ['push.recurseSubmodules', 'no'], ['push.gpgSign', 'false'], ['push.pushOption', ''],
] as const

/** For git: no credentials but those given, no prompt, no hook, no file watcher. `settings` never reach argv or a file. */
export function gitEnvironment(
  environment: Environment, workspace: string, settings: readonly (readonly [string, string])[],
): Record<string, string> {
  const all = [['safe.directory', workspace], ...ownSettings, ...settings] as const
  return {
    ...pick(environment, [...base, ...gitNetwork]),
    PATH: trustedPath(environment, workspace),
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    LC_ALL: 'C',
    GIT_CONFIG_COUNT: String(all.length),
    ...Object.fromEntries(all.flatMap(([key, value], at) => [[`GIT_CONFIG_KEY_${at}`, key], [`GIT_CONFIG_VALUE_${at}`, value]])),
  }
}
