// A vault that speaks the Key Vault REST API as far as sops uses it (get key, encrypt, decrypt), and the login service before it.
// Wraps with RSA-OAEP-256 and remembers every call. Must never answer a caller without a token that it gave out itself.
// Held against the published description of the API (azure-rest-api-specs, keyvault data plane, Keys: KeyBundle,
// KeyOperationsParameters, KeyOperationResult, KeyVaultError), and for the login against OpenID Connect Discovery and the
// client credentials grant of the Microsoft identity platform.
import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes, randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { ConnectProxy } from './connect-proxy.ts'
import type { Fault, ServiceAnswer, ServiceRequest } from './tls-service.ts'
import { Faults, jsonObject, startTlsService } from './tls-service.ts'

export const azureVaultHost = 'acme.vault.azure.net'
export const azureLoginHost = 'login.microsoftonline.com'

export type AzureOperation = 'get' | 'encrypt' | 'decrypt' | 'login'
export type AzureError = 'Forbidden' | 'Throttled' | 'InternalError'
export type AzureFault = Fault<AzureOperation, AzureError>

export interface AzureVaultCall {
  readonly operation: AzureOperation
  /** `NAME/VERSION`, as the caller spelled it; empty for a login. */
  readonly key: string
  readonly status: number
}

export interface AzureVaultServer extends AsyncDisposable {
  readonly port: number
  readonly calls: readonly AzureVaultCall[]
  /** A new key, random and of this process only; answers the URL of its first version. */
  createKey(name?: string): string
  /** A new version, which is what the key without a version then means; answers its URL. */
  createVersion(url: string): string
  /** What a client needs in its environment to be let in, besides the way here. */
  environment(): Record<string, string>
  setDelay(milliseconds: number): void
  addFault(fault: AzureFault): void
  clearFaults(): void
}

interface Version {
  readonly id: string
  readonly name: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const vault = `https://${azureVaultHost}`
const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }

function refusal(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): ServiceAnswer {
  return { status, headers, body: { error: { code, message } } }
}

/** Starts a vault and its login service, which `proxy` leads to as acme.vault.azure.net and login.microsoftonline.com. */
export async function startAzureVaultServer(proxy: ConnectProxy): Promise<AzureVaultServer> {
  const versions = new Map<string, Version>() // by `NAME/VERSION`
  const latest = new Map<string, Version>()
  const calls: AzureVaultCall[] = []
  const faults = new Faults<AzureOperation, AzureError>()
  const [tenant, client, secret] = [randomUUID(), randomUUID(), randomBytes(20).toString('hex')]
  const token = `eyJ${randomBytes(24).toString('base64url')}`
  const authority = `https://${azureLoginHost}/${tenant}`

  function login({ method, url, text }: ServiceRequest): ServiceAnswer {
    // Asked first, to learn whether the authority is one of Microsoft's and by which names it goes.
    if (url.pathname === '/common/discovery/instance') {
      const [network, cache] = [azureLoginHost, 'login.windows.net']
      const metadata = [{ preferred_network: network, preferred_cache: cache, aliases: [network, cache] }]
      const endpoint = `${authority}/v2.0/.well-known/openid-configuration`
      return { status: 200, body: { tenant_discovery_endpoint: endpoint, 'api-version': '1.1', metadata } }
    }
    if (url.pathname === `/${tenant}/v2.0/.well-known/openid-configuration`) {
      return { status: 200, body: {
        issuer: `${authority}/v2.0`, authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
        token_endpoint: `${authority}/oauth2/v2.0/token`,
        jwks_uri: `${authority}/discovery/v2.0/keys`, response_types_supported: ['code'], subject_types_supported: ['pairwise'],
      } }
    }
    if (method !== 'POST' || url.pathname !== `/${tenant}/oauth2/v2.0/token`) return refusal(404, 'NotFound', 'Not found.')
    const form = new URLSearchParams(text)
    const scopes = form.get('scope')?.split(' ') ?? []
    if (form.get('grant_type') !== 'client_credentials' || !scopes.includes('https://vault.azure.net/.default')) {
      return { status: 400, body: { error: 'invalid_scope', error_description: 'AADSTS70011: The scope is not valid.' } }
    }
    if (form.get('client_id') !== client || form.get('client_secret') !== secret) {
      return { status: 401, body: { error: 'invalid_client', error_description: 'AADSTS7000215: The secret is not valid.' } }
    }
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: token } }
  }

  function perform(operation: AzureOperation, key: string, request: ServiceRequest): ServiceAnswer {
    if (request.token !== token) {
      // The client learns from this challenge where to log in, and sends its body only to who asks for its own domain.
      const challenge = `Bearer authorization="${authority}", resource="https://vault.azure.net"`
      const message = 'AKV10000: Request is missing a Bearer or PoP token.'
      return refusal(401, 'Unauthorized', message, { 'www-authenticate': challenge })
    }
    const fault = faults.next(operation, key)
    if (fault !== null) return failure(fault, operation, key)
    const [name = '', id = ''] = key.split('/')
    const version = id === '' ? latest.get(name) : versions.get(key)
    if (version === undefined) {
      return refusal(404, 'KeyNotFound', `A key with (name/id) ${id === '' ? name : key} was not found in this key vault.`)
    }
    const kid = `${vault}/keys/${version.name}/${version.id}`
    if (operation === 'get') {
      const { n, e } = version.publicKey.export({ format: 'jwk' })
      const shown = { kid, kty: 'RSA', key_ops: ['encrypt', 'decrypt'], n, e }
      return { status: 200, body: { key: shown, attributes: { enabled: true } } }
    }
    const body = jsonObject(request.text)
    if (body?.['alg'] !== 'RSA-OAEP-256' || typeof body['value'] !== 'string') {
      return refusal(400, 'BadParameter', 'Property alg or value has an invalid value.')
    }
    const value = Buffer.from(body['value'], 'base64url')
    try {
      const result = operation === 'encrypt' ? publicEncrypt({ key: version.publicKey, ...oaep }, value)
        : privateDecrypt({ key: version.privateKey, ...oaep }, value)
      return { status: 200, body: { kid, value: result.toString('base64url') } }
    } catch {
      return refusal(400, 'BadParameter', 'The parameter is incorrect.')
    }
  }

  const service = await startTlsService(proxy, [azureVaultHost, azureLoginHost], (request) => {
    const { method, url } = request
    if (url.hostname === azureLoginHost) {
      const answer = login(request)
      if (method === 'POST') calls.push({ operation: 'login', key: '', status: answer.status })
      return answer
    }
    const [, key, action] = /^\/keys\/([^/]+(?:\/[^/]*)?)(?:\/(encrypt|decrypt))?$/.exec(url.pathname) ?? []
    const operation = action === 'encrypt' || action === 'decrypt' ? action : 'get'
    const expected = operation === 'get' ? 'GET' : 'POST'
    if (key === undefined || method !== expected || !url.searchParams.has('api-version')) {
      return refusal(400, 'BadParameter', 'Not understood.')
    }
    const answer = perform(operation, key, request)
    calls.push({ operation, key: key.replace(/\/$/, ''), status: answer.status })
    return answer
  })
  const createVersion = (name: string): string => {
    const version = { id: randomBytes(16).toString('hex'), name, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) }
    versions.set(`${name}/${version.id}`, version)
    latest.set(name, version)
    return `${vault}/keys/${name}/${version.id}`
  }
  return {
    port: service.port,
    calls,
    createKey: (name = `key-${latest.size + 1}`) => createVersion(name),
    createVersion: (url) => createVersion(url.split('/')[4] ?? ''),
    environment: () => ({
      // Named, because the chain would else go on to the machine's metadata service and to programs on PATH.
      AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential',
      AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: client, AZURE_CLIENT_SECRET: secret,
    }),
    setDelay: (milliseconds) => service.setDelay(milliseconds),
    addFault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    [Symbol.asyncDispose]: async () => await service[Symbol.asyncDispose](),
  }
}

function failure(error: AzureError, operation: AzureOperation, key: string): ServiceAnswer {
  switch (error) {
    case 'Forbidden':
      return refusal(403, error, 'Caller is not authorized to perform action on resource.\r\n'
        + `Action: 'Microsoft.KeyVault/vaults/keys/${operation === 'get' ? 'read' : `${operation}/action`}'\r\n`
        + `Resource: '${key}'`)
    case 'Throttled':
      return refusal(429, error, 'Too many requests.', { 'retry-after': '1' })
    case 'InternalError':
      return refusal(500, error, 'An unexpected error occurred.')
  }
}
