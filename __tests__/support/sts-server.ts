// A token service that speaks AWS STS' query protocol over HTTP, as far as sops uses it: AssumeRole.
// Hands out credentials that are told apart again by their access key. Must listen on loopback only.
import { randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface StsCall {
  readonly role: string
  readonly session: string
  /** The access key that the caller signed with. */
  readonly caller: string
  readonly ok: boolean
}

export interface StsServer extends AsyncDisposable {
  readonly url: string
  readonly calls: readonly StsCall[]
  /** A role that any caller may assume, or only the one with the access key `only`; answers its ARN. */
  createRole(name: string, only?: string): string
  /** Whose role the credentials with this access key are of; null for credentials from elsewhere. */
  roleOf(accessKeyId: string): string | null
  /** What a client needs in its environment besides what it signs with. */
  environment(): Record<string, string>
}

/** Starts a service on a free loopback port. */
export async function startStsServer(): Promise<StsServer> {
  const roles = new Map<string, string | null>()
  const issued = new Map<string, string>()
  const calls: StsCall[] = []

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const query = new URLSearchParams(Buffer.concat(chunks).toString())
    const caller = /^AWS4-HMAC-SHA256 Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? ''
    const [role, session] = [query.get('RoleArn') ?? '', query.get('RoleSessionName') ?? '']
    const ok = query.get('Action') === 'AssumeRole' && caller !== '' && session !== '' && roles.has(role) && (roles.get(role) ?? caller) === caller
    calls.push({ role, session, caller, ok })
    response.writeHead(ok ? 200 : 403, { 'content-type': 'text/xml' })
    response.end(ok ? assumed(role, session) : denied(role))
  }

  function assumed(role: string, session: string): string {
    const id = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`
    issued.set(id, role)
    const name = role.split('/').at(-1) ?? ''
    return envelope('AssumeRoleResponse', `<AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA:${session}</AssumedRoleId>`
      + `<Arn>arn:aws:sts::111122223333:assumed-role/${name}/${session}</Arn></AssumedRoleUser>`
      + `<Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${randomBytes(20).toString('hex')}</SecretAccessKey>`
      + `<SessionToken>${randomBytes(32).toString('hex')}</SessionToken>`
      + `<Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials></AssumeRoleResult>`)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    calls,
    createRole(name, only) {
      const arn = `arn:aws:iam::111122223333:role/${name}`
      roles.set(arn, only ?? null)
      return arn
    },
    roleOf: (accessKeyId) => issued.get(accessKeyId) ?? null,
    environment: () => ({ AWS_ENDPOINT_URL_STS: url }),
    [Symbol.asyncDispose]: () => new Promise((done) => {
      server.close(() => done())
      server.closeAllConnections()
    }),
  }
}

function envelope(name: string, content: string): string {
  return `<${name} xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${content}`
    + `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${name}>`
}

function denied(role: string): string {
  return envelope('ErrorResponse', '<Error><Type>Sender</Type><Code>AccessDenied</Code>'
    + `<Message>The caller is not authorized to perform: sts:AssumeRole on resource: ${role}</Message></Error>`)
}
