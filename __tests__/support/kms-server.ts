// A key service that speaks the AWS KMS JSON protocol over HTTP, as far as sops uses it: Encrypt and Decrypt.
// Wraps for real and remembers every call. Must import nothing that has to be installed, and listen on loopback only.
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { devNull } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

export type KmsOperation = 'Encrypt' | 'Decrypt'

export type FaultType =
  | 'AccessDeniedException'
  | 'DisabledException'
  | 'NotFoundException'
  | 'ThrottlingException'
  | 'KMSInternalException'

export interface KmsCall {
  readonly operation: string
  /** As the caller spelled it; empty where it gave none. */
  readonly keyId: string
  /** The access key that the caller signed with; empty where it did not sign. */
  readonly caller: string
  /** Milliseconds since the epoch, when the request had been read. */
  readonly at: number
  readonly ok: boolean
}

/** An answer to give instead of doing the work. Without `keyId` or `operation` it meets every key or operation. */
export interface KmsFault {
  readonly error: FaultType
  readonly keyId?: string
  readonly operation?: KmsOperation
  /** How many matching calls go through before the first one fails. Default 0. */
  readonly skip?: number
  /** How many calls fail. Default: all. */
  readonly times?: number
}

export interface KmsServer extends AsyncDisposable {
  readonly url: string
  readonly calls: readonly KmsCall[]
  /** A new key, random and of this process only, of several regions where its id begins with `mrk-`; answers its ARN. */
  createKey(region?: string, account?: string, severalRegions?: boolean): string
  /** An alias `alias/<name>` beside the key it stands for; answers the alias' ARN. */
  createAlias(name: string, keyArn: string): string
  /** What a client needs in its environment to talk to this service and to nothing else. */
  environment(): Record<string, string>
  /** How long each call takes, in milliseconds. */
  setDelay(milliseconds: number): void
  addFault(fault: KmsFault): void
  clearFaults(): void
  /** `refused`: nothing listens. `reset`: the connection breaks without an answer. null: back at the same address. */
  setAway(how: 'refused' | 'reset' | null): Promise<void>
}

interface Key {
  readonly arn: string
  readonly material: Buffer
}

type Answer = Readonly<Record<string, string>>
type ErrorType =
  | FaultType
  | 'IncorrectKeyException'
  | 'InvalidCiphertextException'
  | 'MissingAuthenticationTokenException'
  | 'SerializationException'
  | 'UnknownOperationException'
  | 'ValidationException'

interface Refusal {
  readonly error: ErrorType
  readonly message?: string
}

const layout = { version: 1, id: 37, iv: 49, tag: 65 } // where each part of a ciphertext blob ends
const region = 'us-east-1'
const algorithm = { EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }
const foreignCiphertext = 'The ciphertext refers to a key that does not exist, or that you are not allowed to access.'

/** Starts a service on a free loopback port. `delay` in milliseconds a call, 0 by default. */
export async function startKmsServer(options: { readonly delay?: number } = {}): Promise<KmsServer> {
  const keys = new Map<string, Key>() // by every name a caller may give: ARN, id, alias ARN
  const calls: KmsCall[] = []
  let faults: { fault: KmsFault; skip: number; times: number }[] = []
  let delay = options.delay ?? 0
  let reset = false

  function faultFor(operation: string, keyId: string): Refusal | null {
    for (const entry of faults) {
      const { fault } = entry
      if (fault.operation !== undefined && fault.operation !== operation) continue
      if (fault.keyId !== undefined && fault.keyId !== keyId) continue
      if (entry.skip-- > 0) continue
      if (entry.times-- > 0) return { error: fault.error, message: sentence(fault.error, operation, keyId) }
    }
    return null
  }

  function perform(operation: string, body: Request): Answer | Refusal {
    const keyId = body.KeyId ?? ''
    if (operation !== 'Encrypt' && operation !== 'Decrypt') return { error: 'UnknownOperationException' }
    const fault = faultFor(operation, keyId)
    if (fault !== null) return fault
    const key = keys.get(keyId)
    if (keyId !== '' && key === undefined) {
      return { error: 'NotFoundException', message: sentence('NotFoundException', operation, keyId) }
    }
    const context = serialized(body.EncryptionContext ?? {})
    if (operation === 'Encrypt') {
      const plaintext = Buffer.from(body.Plaintext ?? '', 'base64')
      if (key === undefined) return { error: 'ValidationException', message: missing('keyId') }
      if (plaintext.length < 1 || plaintext.length > 4096) return { error: 'ValidationException', message: missing('plaintext') }
      return { ...algorithm, CiphertextBlob: wrap(key, plaintext, context).toString('base64'), KeyId: key.arn }
    }
    const blob = Buffer.from(body.CiphertextBlob ?? '', 'base64')
    if (blob.length <= layout.tag || blob[0] !== 1) return { error: 'InvalidCiphertextException' }
    const wrappedBy = keys.get(blob.toString('latin1', layout.version, layout.id))
    if (wrappedBy === undefined) return { error: 'AccessDeniedException', message: foreignCiphertext }
    if (key !== undefined && key !== wrappedBy) {
      return { error: 'IncorrectKeyException', message: 'The key ID in the request is not that of the ciphertext.' }
    }
    const plaintext = unwrap(wrappedBy, blob, context)
    if (plaintext === null) return { error: 'InvalidCiphertextException' }
    return { ...algorithm, KeyId: wrappedBy.arn, Plaintext: plaintext.toString('base64') }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    // Only once the client has sent everything: a reset in the middle is now a failed write to it, now a failed read.
    if (reset) {
      request.socket.resetAndDestroy()
      return
    }
    const operation = String(request.headers['x-amz-target']).replace(/^TrentService\./, '')
    const at = Date.now()
    const body = parsed(Buffer.concat(chunks).toString())
    if (delay > 0) await sleep(delay)
    // A client that does not sign would be refused by the real service: nothing here may depend on not signing.
    const caller = /^AWS4-HMAC-SHA256 Credential=([^/]*)/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    const result: Answer | Refusal = caller === ''
      ? { error: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' }
      : body === null ? { error: 'SerializationException' } : perform(operation, body)
    const refused = 'error' in result
    calls.push({ operation, keyId: body?.KeyId ?? '', caller, at, ok: !refused })
    const status = !refused ? 200 : result.error === 'KMSInternalException' ? 500 : 400
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() })
    response.end(JSON.stringify(refused ? { __type: result.error, message: result.message } : result))
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy())
  })
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  await listen(0)
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`

  return {
    url,
    calls,
    createKey(inRegion = region, account = '111122223333', severalRegions = false) {
      const id = severalRegions ? `mrk-${randomUUID().replaceAll('-', '')}` : randomUUID()
      const arn = `arn:aws:kms:${inRegion}:${account}:key/${id}`
      const key = { arn, material: randomBytes(32) }
      keys.set(id, key).set(arn, key)
      return arn
    },
    createAlias(name, keyArn) {
      const key = keys.get(keyArn)
      if (key === undefined) throw new Error(`There is no key ${keyArn}.`)
      const alias = keyArn.replace(/:key\/.*$/, `:alias/${name}`)
      keys.set(alias, key)
      return alias
    },
    environment: () => ({
      AWS_ENDPOINT_URL_KMS: url,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: randomBytes(20).toString('hex'), // only there because clients insist on signing
      AWS_REGION: region,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
    }),
    setDelay(milliseconds) {
      delay = milliseconds
    },
    addFault(fault) {
      faults.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? Infinity })
    },
    clearFaults() {
      faults = []
    },
    async setAway(how) {
      reset = how === 'reset'
      if (how === 'refused' && server.listening) await close()
      if (how !== 'refused' && !server.listening) await listen(port)
    },
    [Symbol.asyncDispose]: close,
  }
}

interface Request {
  readonly KeyId?: string
  readonly Plaintext?: string
  readonly CiphertextBlob?: string
  readonly EncryptionContext?: Readonly<Record<string, string>>
}

function parsed(text: string): Request | null {
  try {
    return JSON.parse(text) as Request
  } catch {
    return null
  }
}

/** The same bytes for the same pairs, whatever their order: that is what binds the context. */
function serialized(context: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))))
}

function wrap(key: Key, plaintext: Buffer, context: Buffer): Buffer {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key.material, iv).setAAD(context)
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([Buffer.from([1]), Buffer.from(key.arn.slice(-36)), iv, cipher.getAuthTag(), sealed])
}

/** null where the bytes, the key or the context are not those it was wrapped with. */
function unwrap(key: Key, blob: Buffer, context: Buffer): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', key.material, blob.subarray(layout.id, layout.iv))
  decipher.setAAD(context).setAuthTag(blob.subarray(layout.iv, layout.tag))
  try {
    return Buffer.concat([decipher.update(blob.subarray(layout.tag)), decipher.final()])
  } catch {
    return null
  }
}

function missing(member: string): string {
  return `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must have another length`
}

function sentence(error: FaultType, operation: string, keyId: string): string {
  switch (error) {
    case 'AccessDeniedException':
      return `User: arn:aws:iam::111122223333:user/ci is not authorized to perform: kms:${operation} on resource: ${keyId}`
    case 'DisabledException':
      return `${keyId} is disabled.`
    case 'NotFoundException':
      return keyId.includes(':alias/') ? `Alias ${keyId} is not found.` : `Key '${keyId}' does not exist`
    case 'ThrottlingException':
      return 'Rate exceeded'
    case 'KMSInternalException':
      return 'The request was rejected because an internal exception occurred.'
  }
}
