// A key service that speaks HuaweiCloud's KMS v1.0 as far as sops uses it: encrypt-data and decrypt-data.
// Wraps for real and remembers every call. Must never answer a caller whose access key it did not give out.
// Held against the API reference of Data Encryption Workshop (EncryptData, DecryptData) and the models of its Go client.
// That client takes no notice of HTTPS_PROXY: it gets here by a regions file in HOME, its own way to name an endpoint.
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConnectProxy } from './connect-proxy.ts'
import { TemporaryFolder } from './repository.ts'
import type { Fault, ServiceAnswer, ServiceRequest } from './tls-service.ts'
import { Faults, jsonObject, startTlsService } from './tls-service.ts'

export type HuaweiOperation = 'encrypt' | 'decrypt'
/** Stands for a denial; which number the real service would give is not known here. */
export type HuaweiError = 'KMS.0401'

export interface HuaweiKmsCall {
  readonly operation: HuaweiOperation
  /** The key's UUID, as the caller spelled it. */
  readonly key: string
  readonly status: number
}

export interface HuaweiKmsServer extends AsyncDisposable {
  readonly calls: readonly HuaweiKmsCall[]
  /** A new key, random and of this process only; answers `region:uuid`. */
  createKey(): string
  /** What a client needs in its environment to find the service and be let in; HOME is one of them. */
  environment(): Record<string, string>
  addFault(fault: Fault<HuaweiOperation, HuaweiError>): void
  clearFaults(): void
}

type Fields = Readonly<Record<string, unknown>>

const region = 'tr-west-1'
const loopback = '127.0.0.1'

function refusal(status: number, code: string, message: string): ServiceAnswer {
  return { status, body: { error: { error_code: code, error_msg: message } } }
}

/** Starts a service whose certificate is of the proxy's authority. */
export async function startHuaweiKmsServer(proxy: ConnectProxy): Promise<HuaweiKmsServer> {
  const keys = new Map<string, Buffer>()
  const calls: HuaweiKmsCall[] = []
  const faults = new Faults<HuaweiOperation, HuaweiError>()
  const random = (bytes: number): string => randomBytes(bytes).toString('hex')
  const [accessKey, secretKey, project] = [random(10).toUpperCase(), random(20), random(16)]
  const signed = new RegExp(`^SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=\\S+, Signature=[0-9a-f]{64}$`)

  function perform(operation: HuaweiOperation, key: string, body: Fields, { authorization }: ServiceRequest): ServiceAnswer {
    // The signature itself is not checked: nothing here may depend on not signing, and the key names who signs.
    if (!signed.test(authorization)) return refusal(401, 'APIGW.0301', 'Incorrect IAM authentication information: ak is invalid')
    if (faults.next(operation, key) !== null) return refusal(403, 'KMS.0401', 'The caller is not authorized to use this key.')
    const material = keys.get(key)
    if (material === undefined) return refusal(404, 'KMS.0404', 'The key does not exist.')
    if (operation === 'encrypt') {
      return { status: 200, body: { key_id: key, cipher_text: wrap(material, String(body['plain_text'])) } }
    }
    const plaintext = unwrap(material, String(body['cipher_text']))
    if (plaintext === null) return refusal(400, 'KMS.0400', 'The ciphertext is invalid.')
    const inBase64 = Buffer.from(plaintext).toString('base64')
    return { status: 200, body: { key_id: key, plain_text: plaintext, plain_text_base64: inBase64 } }
  }

  const service = await startTlsService(proxy, [loopback], (request) => {
    const [, operation] = new RegExp(`^/v1\\.0/${project}/kms/(encrypt|decrypt)-data$`).exec(request.url.pathname) ?? []
    const body = jsonObject(request.text)
    if (request.method !== 'POST' || body === null || (operation !== 'encrypt' && operation !== 'decrypt')) {
      return refusal(404, 'APIGW.0101', 'The API does not exist.')
    }
    const key = String(body['key_id'])
    const answer = perform(operation, key, body, request)
    calls.push({ operation, key, status: answer.status })
    return answer
  })
  const home = new TemporaryFolder()
  mkdirSync(join(home.path, '.huaweicloud'))
  const regions = `KMS:\n  - id: ${region}\n    endpoint: https://${loopback}:${service.port}\n`
  writeFileSync(join(home.path, '.huaweicloud/regions.yaml'), regions)
  return {
    calls,
    createKey() {
      const id = randomUUID()
      keys.set(id, randomBytes(32))
      return `${region}:${id}`
    },
    environment: () => ({
      HOME: home.path, HUAWEICLOUD_SDK_AK: accessKey, HUAWEICLOUD_SDK_SK: secretKey, HUAWEICLOUD_SDK_PROJECT_ID: project,
    }),
    addFault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]()
      home[Symbol.dispose]()
    },
  }
}

/** IV (12 bytes), tag (16), sealed; in base64. */
function wrap(material: Buffer, plaintext: string): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', material, iv)
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64')
}

/** null where the bytes or the key are not those it was wrapped with. */
function unwrap(material: Buffer, text: string): string | null {
  const blob = Buffer.from(text, 'base64')
  if (blob.length < 28) return null
  const decipher = createDecipheriv('aes-256-gcm', material, blob.subarray(0, 12)).setAuthTag(blob.subarray(12, 28))
  try {
    return Buffer.concat([decipher.update(blob.subarray(28)), decipher.final()]).toString()
  } catch {
    return null
  }
}
