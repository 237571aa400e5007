// A key service that speaks Cloud KMS' REST v1 as far as sops uses it: encrypt and decrypt of a CryptoKey.
// Wraps for real and remembers every call. Must never answer a caller without the token it gave out.
// Held against google/cloud/kms/v1/service.proto (messages EncryptRequest to DecryptResponse, with their checksums) and the
// JSON mapping of protobuf: bytes in base64, 64-bit integers as strings. Errors: google.rpc.Status in `error`.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { ConnectProxy } from './connect-proxy.ts'
import type { Fault, ServiceAnswer, ServiceRequest } from './tls-service.ts'
import { Faults, jsonObject, startTlsService } from './tls-service.ts'

export const gcpKmsHost = 'cloudkms.googleapis.com'

export type GcpOperation = 'encrypt' | 'decrypt'
export type GcpError = 'PERMISSION_DENIED' | 'RESOURCE_EXHAUSTED' | 'INTERNAL' | 'UNAVAILABLE'
export type GcpFault = Fault<GcpOperation, GcpError>

export interface GcpKmsCall {
  readonly operation: GcpOperation
  /** The resource name, as the caller spelled it. */
  readonly key: string
  readonly status: number
}

export interface GcpKmsServer extends AsyncDisposable {
  readonly port: number
  readonly calls: readonly GcpKmsCall[]
  /** A new key, random and of this process only; answers its resource name. */
  createKey(name?: string): string
  /** A new primary version; what older ones wrapped still opens. */
  createVersion(key: string): void
  /** Takes the material of a version away for good. Versions count from 1. */
  destroyVersion(key: string, version: number): void
  /** What a client needs in its environment to be let in, besides the way here. */
  environment(): Record<string, string>
  setDelay(milliseconds: number): void
  addFault(fault: GcpFault): void
  clearFaults(): void
}

type State = 'ENABLED' | 'DESTROYED'
interface Version {
  readonly material: Buffer
  readonly state: State
}

const httpStatus = {
  INVALID_ARGUMENT: 400, FAILED_PRECONDITION: 400, UNAUTHENTICATED: 401, PERMISSION_DENIED: 403, NOT_FOUND: 404,
  RESOURCE_EXHAUSTED: 429, INTERNAL: 500, UNAVAILABLE: 503,
} as const

function refusal(status: keyof typeof httpStatus, message: string): ServiceAnswer {
  return { status: httpStatus[status], body: { error: { code: httpStatus[status], message, status } } }
}

const versionName = (key: string, number: number): string => `${key}/cryptoKeyVersions/${number}`

function destroyed(key: string, number: number): ServiceAnswer {
  return refusal('FAILED_PRECONDITION', `${versionName(key, number)} is not enabled, current state is: DESTROYED.`)
}

function fromBase64(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : '', 'base64')
}

const resource = /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/:]+):(encrypt|decrypt)$/

/** CRC-32C (Castagnoli), which Cloud KMS checks requests and answers with. */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0x82f63b78 & -(crc & 1))
  }
  return ~crc >>> 0
}

/** Starts a service that `proxy` leads to as cloudkms.googleapis.com. */
export async function startGcpKmsServer(proxy: ConnectProxy): Promise<GcpKmsServer> {
  const keys = new Map<string, Version[]>()
  const calls: GcpKmsCall[] = []
  const faults = new Faults<GcpOperation, GcpError>()
  const token = `ya29.${randomBytes(16).toString('hex')}`

  function perform(operation: GcpOperation, key: string, request: ServiceRequest): ServiceAnswer {
    if (request.token !== token) {
      return refusal('UNAUTHENTICATED', 'Request had invalid authentication credentials. Expected OAuth 2 access token.')
    }
    const fault = faults.next(operation, key)
    if (fault !== null) return refusal(fault, sentence(fault, operation, key))
    const versions = keys.get(key)
    if (versions === undefined) return refusal('NOT_FOUND', `CryptoKey ${key} not found.`)
    const body = jsonObject(request.text)
    const input = operation === 'encrypt' ? 'plaintext' : 'ciphertext'
    const bytes = fromBase64(body?.[input])
    const checksum = body?.[`${input}Crc32c`]
    if (checksum !== undefined && checksum !== String(crc32c(bytes))) {
      return refusal('INVALID_ARGUMENT', `The checksum in field ${input}_crc32c did not match the data in field ${input}.`)
    }
    const additional = fromBase64(body?.['additionalAuthenticatedData'])
    if (operation === 'encrypt') {
      const primary = versions.at(-1)
      if (primary?.state !== 'ENABLED') return destroyed(key, versions.length)
      if (bytes.length === 0 || bytes.length > 65_536) return refusal('INVALID_ARGUMENT', 'The plaintext has a wrong length.')
      const ciphertext = wrap(primary.material, versions.length, bytes, additional)
      return { status: 200, body: {
        name: versionName(key, versions.length),
        ciphertext: ciphertext.toString('base64'), ciphertextCrc32c: String(crc32c(ciphertext)),
        verifiedPlaintextCrc32c: checksum !== undefined, protectionLevel: 'SOFTWARE',
      } }
    }
    const number = bytes.length > 33 ? bytes.readUInt32BE(0) : 0
    const version = versions[number - 1]
    if (version?.state === 'DESTROYED') return destroyed(key, number)
    const plaintext = version === undefined ? null : unwrap(version.material, bytes, additional)
    if (plaintext === null) {
      return refusal('INVALID_ARGUMENT', "Decryption failed: verify that 'name' refers to the correct CryptoKey.")
    }
    return { status: 200, body: {
      plaintext: plaintext.toString('base64'), plaintextCrc32c: String(crc32c(plaintext)),
      usedPrimary: number === versions.length, protectionLevel: 'SOFTWARE',
    } }
  }

  const service = await startTlsService(proxy, [gcpKmsHost], (request) => {
    const [, key, operation] = resource.exec(decodeURIComponent(request.url.pathname)) ?? []
    if (request.method !== 'POST' || key === undefined || (operation !== 'encrypt' && operation !== 'decrypt')) {
      return refusal('NOT_FOUND', 'Not found.')
    }
    const answer = perform(operation, key, request)
    calls.push({ operation, key, status: answer.status })
    return answer
  })
  const versionsOf = (key: string): Version[] => {
    const versions = keys.get(key)
    if (versions === undefined) throw new Error(`There is no key ${key}.`)
    return versions
  }
  const fresh = (): Version => ({ material: randomBytes(32), state: 'ENABLED' })
  return {
    port: service.port,
    calls,
    createKey(name = `key-${keys.size + 1}`) {
      const key = `projects/acme/locations/europe-west3/keyRings/sops/cryptoKeys/${name}`
      keys.set(key, [fresh()])
      return key
    },
    createVersion: (key) => void versionsOf(key).push(fresh()),
    destroyVersion: (key, version) => void versionsOf(key).splice(version - 1, 1, { ...fresh(), state: 'DESTROYED' }),
    // REST, because the tests' service has no gRPC; sops before 3.12 does not know the choice and always takes gRPC.
    environment: () => ({ SOPS_GCP_KMS_CLIENT_TYPE: 'rest', GOOGLE_OAUTH_ACCESS_TOKEN: token }),
    setDelay: (milliseconds) => service.setDelay(milliseconds),
    addFault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    [Symbol.asyncDispose]: async () => await service[Symbol.asyncDispose](),
  }
}

/** version number (4 bytes), IV (12), tag (16), sealed. */
function wrap(material: Buffer, version: number, plaintext: Buffer, additional: Buffer): Buffer {
  const [number, iv] = [Buffer.alloc(4), randomBytes(12)]
  number.writeUInt32BE(version)
  const cipher = createCipheriv('aes-256-gcm', material, iv).setAAD(additional)
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([number, iv, cipher.getAuthTag(), sealed])
}

/** null where the bytes or the key are not those it was wrapped with. */
function unwrap(material: Buffer, blob: Buffer, additional: Buffer): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', material, blob.subarray(4, 16))
  decipher.setAAD(additional).setAuthTag(blob.subarray(16, 32))
  try {
    return Buffer.concat([decipher.update(blob.subarray(32)), decipher.final()])
  } catch {
    return null
  }
}

function sentence(error: GcpError, operation: GcpOperation, key: string): string {
  switch (error) {
    case 'PERMISSION_DENIED':
      return `Permission 'cloudkms.cryptoKeyVersions.useTo${operation === 'encrypt' ? 'Encrypt' : 'Decrypt'}' denied on resource`
        + ` '${key}' (or it may not exist).`
    case 'RESOURCE_EXHAUSTED':
      return "Quota exceeded for quota metric 'Cryptographic requests'."
    case 'INTERNAL':
      return 'Internal error encountered.'
    case 'UNAVAILABLE':
      return 'The service is currently unavailable.'
  }
}
