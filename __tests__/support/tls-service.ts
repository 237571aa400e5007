// What the tests' key services have in common: JSON over TLS for named hosts, a log of calls, answers that go wrong on demand.
// Must never listen on anything but loopback, nor know what any one service does.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectProxy } from './connect-proxy.ts'

export interface ServiceRequest {
  readonly method: string
  readonly url: URL
  /** `Authorization`, empty without one. */
  readonly authorization: string
  /** The token of `Authorization: Bearer`, null without one. */
  readonly token: string | null
  readonly text: string
}

export interface ServiceAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

/** A service that is told to fail: which calls, how many of them go through before, and how many fail (default: all). */
export interface Fault<Operation extends string, Code extends string> {
  readonly error: Code
  readonly operation?: Operation
  readonly key?: string
  readonly skip?: number
  readonly times?: number
}

export class Faults<Operation extends string, Code extends string> {
  #entries: { readonly fault: Fault<Operation, Code>; skip: number; times: number }[] = []

  add(fault: Fault<Operation, Code>): void {
    this.#entries.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? Infinity })
  }

  clear(): void {
    this.#entries = []
  }

  /** What this call must fail with, null where it goes through; counts the call. */
  next(operation: Operation, key: string): Code | null {
    for (const entry of this.#entries) {
      if (entry.fault.operation !== undefined && entry.fault.operation !== operation) continue
      if (entry.fault.key !== undefined && entry.fault.key !== key) continue
      if (entry.skip-- > 0) continue
      if (entry.times-- > 0) return entry.fault.error
    }
    return null
  }
}

export interface TlsService extends AsyncDisposable {
  /** The loopback port, for a test that speaks to the service itself. */
  readonly port: number
  /** How long each call takes, in milliseconds. */
  setDelay(milliseconds: number): void
}

/** Serves `hosts` behind the proxy, with a certificate of its authority. */
export async function startTlsService(
  proxy: ConnectProxy, hosts: readonly string[], answer: (request: ServiceRequest) => ServiceAnswer,
): Promise<TlsService> {
  let delay = 0
  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    if (delay > 0) await sleep(delay)
    const { authorization = '' } = incoming.headers
    const { status, headers, body } = answer({
      method: incoming.method ?? '',
      url: new URL(incoming.url ?? '/', `https://${incoming.headers.host ?? ''}`),
      authorization,
      token: /^Bearer (.+)$/.exec(authorization)?.[1] ?? null,
      text: Buffer.concat(chunks).toString(),
    })
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(JSON.stringify(body))
  }
  const server = createServer(proxy.authority.certificateFor(hosts), (incoming, response) => {
    handle(incoming, response).catch(() => incoming.socket.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  for (const host of hosts) proxy.route(host, port)
  return {
    port,
    setDelay: (milliseconds) => void (delay = milliseconds),
    [Symbol.asyncDispose]: async () => await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}

/** The JSON object in `text`; null where it is none. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}

/** One call as any client makes it, without the proxy: `url` names the host that the certificate must be for. */
export async function askService(
  authority: string, port: number, url: string,
  options: { readonly method?: string; readonly token?: string; readonly body?: unknown; readonly text?: string } = {},
): Promise<ServiceAnswer> {
  const { hostname, pathname, search, host } = new URL(url)
  return await new Promise((resolve, reject) => {
    const call = request({
      host: '127.0.0.1', port, servername: hostname, ca: authority, method: options.method ?? 'POST', path: pathname + search,
      headers: { host, ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }) },
    }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString())
        resolve({ status: response.statusCode ?? 0, headers: response.headers as Record<string, string>, body })
      })
    })
    call.on('error', reject).end(options.text ?? (options.body === undefined ? '' : JSON.stringify(options.body)))
  })
}
