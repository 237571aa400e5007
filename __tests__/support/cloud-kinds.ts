// The kinds of keys that live in a cloud, as a table: how each is started, who is let in, and how its keys are spelled.
// Must never hold what only one test needs.
import { execFile } from 'node:child_process'
import { azureVaultHost, startAzureVaultServer } from './azure-vault-server.ts'
import { startConnectProxy } from './connect-proxy.ts'
import { startGcpKmsServer } from './gcp-kms-server.ts'
import { startHuaweiKmsServer } from './huawei-kms-server.ts'
import { startKmsServer } from './kms-server.ts'
import type { Part } from './parts.ts'
import type { Repository, SopsResult } from './repository.ts'
import { sopsBinary } from './sops-binary.ts'

export interface CloudKey {
  /** As sops prints it, a file's metadata holds it and a report names it. */
  readonly id: string
  /** As a person names it in the config, where one string does. */
  readonly spelling: string
  /** The lines of a flat creation rule that name this key, without indentation. */
  readonly flat: readonly string[]
  /** The lines of a key group that name this key, without indentation. */
  readonly inGroup: readonly string[]
}

export interface RunningKind extends AsyncDisposable {
  /** What sops needs in its environment to use both keys. */
  readonly credentials: Readonly<Record<string, string>>
  /** The same way to the service, with credentials that it refuses: whoever has a key of another kind only. */
  readonly stranger: Readonly<Record<string, string>>
  readonly first: CloudKey
  readonly second: CloudKey
  /** The service refuses this key to everybody from now on, as if their right to it were taken away; null: none any more. */
  deny(key: CloudKey | null): void
}

export interface KeyKind {
  readonly name: string
  /** sops' name of the kind. */
  readonly kind: 'kms' | 'gcp_kms' | 'azure_keyvault' | 'hckms'
  readonly needs?: readonly Part[]
  readonly start: () => Promise<RunningKind>
}

async function startAws(): Promise<RunningKind> {
  const service = await startKmsServer()
  const key = (arn: string): CloudKey => ({ id: arn, spelling: arn, flat: [`kms: ${arn}`], inGroup: ['kms:', `  - arn: ${arn}`] })
  const credentials = service.environment()
  return {
    credentials,
    // The tests' service lets in whoever signs, so a stranger is somebody who finds nobody there.
    stranger: { ...credentials, AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:1', AWS_MAX_ATTEMPTS: '1' },
    first: key(service.createKey()), second: key(service.createKey()),
    deny(denied) {
      service.clearFaults()
      if (denied !== null) service.addFault({ error: 'AccessDeniedException', keyId: denied.id })
    },
    [Symbol.asyncDispose]: async () => await service[Symbol.asyncDispose](),
  }
}

async function startGcp(): Promise<RunningKind> {
  const proxy = await startConnectProxy()
  const service = await startGcpKmsServer(proxy)
  const inGroup = (id: string): string[] => ['gcp_kms:', `  - resource_id: ${id}`]
  const key = (id: string): CloudKey => ({ id, spelling: id, flat: [`gcp_kms: ${id}`], inGroup: inGroup(id) })
  const credentials = { ...proxy.environment(), ...service.environment() }
  return {
    credentials, stranger: { ...credentials, GOOGLE_OAUTH_ACCESS_TOKEN: 'of-somebody-else' },
    first: key(service.createKey()), second: key(service.createKey()),
    deny(denied) {
      service.clearFaults()
      if (denied !== null) service.addFault({ error: 'PERMISSION_DENIED', key: denied.id })
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await service[Symbol.asyncDispose]()
    },
  }
}

/** `spell`: a key's URL, as the config spells it. */
async function startAzure(spell: (url: string) => string): Promise<RunningKind> {
  const proxy = await startConnectProxy()
  const service = await startAzureVaultServer(proxy)
  const key = (id: string): CloudKey => {
    const spelling = spell(id)
    const [name = '', version] = spelling.replace(/^.*\/keys\//, '').split('/')
    const ofVersion = version === undefined ? [] : [`    version: ${version}`]
    return {
      id, spelling, flat: [`azure_keyvault: ${spelling}`],
      inGroup: ['azure_keyvault:', `  - vaultUrl: https://${azureVaultHost}`, `    key: ${name}`, ...ofVersion],
    }
  }
  const credentials = { ...proxy.environment(), ...service.environment() }
  return {
    credentials, stranger: { ...credentials, AZURE_CLIENT_SECRET: 'of-somebody-else' },
    first: key(service.createKey()), second: key(service.createKey()),
    deny(denied) {
      service.clearFaults()
      if (denied !== null) service.addFault({ error: 'Forbidden', key: denied.id.replace(/^.*\/keys\//, '') })
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await service[Symbol.asyncDispose]()
    },
  }
}

async function startHuawei(): Promise<RunningKind> {
  const proxy = await startConnectProxy()
  const service = await startHuaweiKmsServer(proxy)
  // A string would break the whole config, even in a flat rule.
  const flat = (id: string): string[] => ['hckms:', `  - ${id}`]
  const key = (id: string): CloudKey => ({ id, spelling: id, flat: flat(id), inGroup: ['hckms:', `  - key_id: ${id}`] })
  const credentials = { ...proxy.environment(), ...service.environment() }
  return {
    credentials, stranger: { ...credentials, HUAWEICLOUD_SDK_AK: 'OF-SOMEBODY-ELSE' },
    first: key(service.createKey()), second: key(service.createKey()),
    deny(denied) {
      service.clearFaults()
      if (denied !== null) service.addFault({ error: 'KMS.0401', key: denied.id.replace(/^.*:/, '') })
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await service[Symbol.asyncDispose]()
    },
  }
}

/** Every kind, and every way to spell it that sops treats in its own way. */
export const cloudKinds: readonly KeyKind[] = [
  { name: 'kms', kind: 'kms', start: startAws },
  { name: 'gcp_kms', kind: 'gcp_kms', needs: ['sops 3.11.0'], start: startGcp },
  { name: 'azure_keyvault', kind: 'azure_keyvault', start: async () => await startAzure((url) => url) },
  {
    name: 'azure_keyvault without a version', kind: 'azure_keyvault', needs: ['sops 3.11.0'],
    start: async () => await startAzure((url) => url.replace(/\/[^/]*$/, '')),
  },
  { name: 'hckms', kind: 'hckms', needs: ['sops 3.11.0'], start: startHuawei },
]

/** As `repository.sops`, for services that run in this very process and have to answer meanwhile. */
export async function sopsMeanwhile(
  repository: Repository, args: readonly string[], credentials: Readonly<Record<string, string>>,
): Promise<SopsResult> {
  const env = { PATH: process.env['PATH'], HOME: repository.home, SOPS_DISABLE_VERSION_CHECK: '1', ...credentials }
  return await new Promise((resolve) => {
    const child = execFile(sopsBinary(), args, { cwd: repository.root, env, timeout: 90_000 }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : typeof error.code === 'number' ? error.code : null, stdout, stderr })
    })
    child.stdin?.end()
  })
}
