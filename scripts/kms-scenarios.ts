// What is asked of two key services to see whether they speak one protocol, request by request and through sops.
// Must never look at which of the two it talks to.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sopsBinary } from '../__tests__/support/sops-binary.ts'

const run = promisify(execFile)

export type Call = (operation: string, body: object, headers?: Record<string, string>) => Promise<Answered>

export interface Answered {
  readonly status: number
  readonly type: string | null
  readonly fields: readonly string[]
  readonly requestId: boolean
  readonly contentType: string | null
  readonly body: Readonly<Record<string, string | undefined>>
}

/** A service under comparison, with keys in the same states on both sides. */
export interface Side {
  readonly call: Call
  readonly environment: Record<string, string>
  readonly key: string
  readonly other: string
  readonly disabled: string
  readonly alias: string
}

const secret = Buffer.from('a data key of thirty-two bytes..').toString('base64')
const context = { Environment: 'prod', Team: 'pay' }

async function wrapped(side: Side, extra: object = {}): Promise<string> {
  const { body } = await side.call('Encrypt', { KeyId: side.key, Plaintext: secret, ...extra })
  return body.CiphertextBlob ?? ''
}

/** By name: what is asked of a side, and what of the answer has to be the same on both. */
export const scenarios: Readonly<Record<string, (side: Side) => Promise<unknown>>> = {
  'content type': async (side) => (await side.call('Encrypt', { KeyId: side.key, Plaintext: secret })).contentType,
  'encrypt answers its fields': async (side) => shape(await side.call('Encrypt', { KeyId: side.key, Plaintext: secret })),
  'encrypt answers the key\'s ARN': async (side) =>
    (await side.call('Encrypt', { KeyId: side.key, Plaintext: secret })).body.KeyId === side.key,
  'decrypt answers its fields': async (side) => shape(await side.call('Decrypt', { CiphertextBlob: await wrapped(side) })),
  'round trip': async (side) =>
    (await side.call('Decrypt', { KeyId: side.key, CiphertextBlob: await wrapped(side) })).body.Plaintext === secret,
  'two wraps of one plaintext differ': async (side) => (await wrapped(side)) !== (await wrapped(side)),
  'context: right': async (side) => {
    const CiphertextBlob = await wrapped(side, { EncryptionContext: context })
    const EncryptionContext = { Team: 'pay', Environment: 'prod' } // another order is the same context
    return (await side.call('Decrypt', { KeyId: side.key, CiphertextBlob, EncryptionContext })).body.Plaintext === secret
  },
  'context: another value': async (side) => {
    const CiphertextBlob = await wrapped(side, { EncryptionContext: context })
    return shape(await side.call('Decrypt', { CiphertextBlob, EncryptionContext: { ...context, Team: 'x' } }))
  },
  'context: missing': async (side) =>
    shape(await side.call('Decrypt', { CiphertextBlob: await wrapped(side, { EncryptionContext: context }) })),
  'context: where there was none': async (side) =>
    shape(await side.call('Decrypt', { CiphertextBlob: await wrapped(side), EncryptionContext: context })),
  'unknown key: encrypt': async (side) => shape(await side.call('Encrypt', { KeyId: unknown(side), Plaintext: secret })),
  'unknown key: decrypt': async (side) =>
    shape(await side.call('Decrypt', { KeyId: unknown(side), CiphertextBlob: await wrapped(side) })),
  'unknown alias': async (side) => shape(await side.call('Encrypt', { KeyId: `${side.alias}-none`, Plaintext: secret })),
  'key by its id': async (side) => {
    const KeyId = side.key.replace(/.*\//, '')
    return (await side.call('Encrypt', { KeyId, Plaintext: secret })).body.KeyId === side.key
  },
  'alias: round trip': async (side) => {
    const { body } = await side.call('Encrypt', { KeyId: side.alias, Plaintext: secret })
    return (await side.call('Decrypt', { KeyId: side.alias, CiphertextBlob: body.CiphertextBlob })).body.Plaintext === secret
  },
  'alias: answers the key\'s ARN': async (side) =>
    (await side.call('Encrypt', { KeyId: side.alias, Plaintext: secret })).body.KeyId === side.key,
  'disabled key: encrypt': async (side) => shape(await side.call('Encrypt', { KeyId: side.disabled, Plaintext: secret })),
  'another key than the ciphertext\'s': async (side) =>
    shape(await side.call('Decrypt', { KeyId: side.other, CiphertextBlob: await wrapped(side) })),
  'malformed ciphertext': async (side) =>
    shape(await side.call('Decrypt', { KeyId: side.key, CiphertextBlob: Buffer.alloc(120, 7).toString('base64') })),
  'flipped bit in the ciphertext': async (side) => {
    const blob = Buffer.from(await wrapped(side), 'base64')
    blob[blob.length - 1] = (blob.at(-1) ?? 0) ^ 1
    return shape(await side.call('Decrypt', { KeyId: side.key, CiphertextBlob: blob.toString('base64') }))
  },
  'empty plaintext': async (side) => shape(await side.call('Encrypt', { KeyId: side.key, Plaintext: '' })),
  'plaintext over 4096 bytes': async (side) =>
    shape(await side.call('Encrypt', { KeyId: side.key, Plaintext: Buffer.alloc(4097).toString('base64') })),
  'no signature': async (side) =>
    shape(await side.call('Encrypt', { KeyId: side.key, Plaintext: secret }, { authorization: '' })),
  'sops encrypts and decrypts': (side) => throughSops(side),
  'sops with a context': (side) => throughSops(side, ['--encryption-context', 'Environment:prod']),
}

function unknown(side: Side): string {
  return side.key.replace(/[^/]*$/, '00000000-0000-4000-8000-000000000000')
}

/** What a client sees of an answer, without the parts that are free to differ. */
function shape({ status, type, fields, requestId }: Answered): object {
  return { status, type, fields, requestId }
}

async function throughSops(side: Side, extra: readonly string[] = []): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'sops-rekey-moto-'))
  try {
    const path = join(directory, 'a.yaml')
    writeFileSync(path, 'password: hunter2\n')
    const env = { ...side.environment, HOME: directory, XDG_CONFIG_HOME: directory, SOPS_DISABLE_VERSION_CHECK: '1' }
    const sops = async (...args: string[]): Promise<string> =>
      (await run(sopsBinary(), args, { env, cwd: directory, timeout: 30_000 })).stdout
    await sops('encrypt', '-i', '--kms', side.key, ...extra, path)
    return await sops('decrypt', path)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Asks the service at `url` as a client would, with a signature in form only. */
export function caller(url: string): Call {
  const credential = 'AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/kms/aws4_request'
  const signed = { authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0` }
  return async (operation, body, headers = signed) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}`, ...headers },
      body: JSON.stringify(body),
    })
    const answered = object(await response.text())
    return {
      status: response.status,
      type: answered.__type ?? null,
      fields: Object.keys(answered).sort(),
      requestId: response.headers.has('x-amzn-requestid'),
      contentType: response.headers.get('content-type'),
      body: answered,
    }
  }
}

/** {} for what is not JSON: a few answers have no body, and a crashed server sends a page. */
function object(text: string): Answered['body'] {
  try {
    return (JSON.parse(text) ?? {}) as Answered['body']
  } catch {
    return {}
  }
}
