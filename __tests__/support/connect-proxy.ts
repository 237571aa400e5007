// An HTTP CONNECT proxy that stands for the internet: named hosts lead to TLS servers of the tests, every other is refused.
// Must never open a connection that leaves this machine, nor look into what it carries.
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { TemporaryFolder } from './repository.ts'
import type { CertificateAuthority } from './test-certificates.ts'
import { makeCertificateAuthority } from './test-certificates.ts'

/** `refused`: the proxy has no way there. `reset`: the connection breaks. `silent`: nobody ever answers. */
export type Away = 'refused' | 'reset' | 'silent'

export interface ConnectProxy extends AsyncDisposable {
  readonly authority: CertificateAuthority
  /** Hosts (with their port) that somebody asked for in vain because no test serves them, in order. */
  readonly strangers: readonly string[]
  /** Leads `host` (any of its subdomains for `*.host`) at port 443 to a TLS server on loopback. */
  route(host: string, port: number): void
  /** What happens to new connections to `host`; null: they arrive again. */
  setAway(host: string, how: Away | null): void
  /** What a client needs in its environment to go through here and to trust who answers. */
  environment(): Record<string, string>
}

const reasons = { 403: 'Forbidden', 502: 'Bad Gateway' } as const

/** Starts a proxy on a free loopback port, with a certificate authority that it writes to a temporary folder. */
export async function startConnectProxy(): Promise<ConnectProxy> {
  const folder = new TemporaryFolder()
  const authority = makeCertificateAuthority()
  const trusted = authority.writeTo(folder.path)
  const routes = new Map<string, number>()
  const away = new Map<string, Away>()
  const strangers: string[] = []
  const sockets = new Set<Duplex>()

  const portOf = (host: string): number | undefined => routes.get(host) ?? routes.get(host.replace(/^[^.]*/, '*'))
  const keep = (socket: Duplex): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
  }
  const refuse = (socket: Duplex, status: keyof typeof reasons): void => {
    socket.end(`HTTP/1.1 ${status} ${reasons[status]}\r\ncontent-length: 0\r\n\r\n`)
  }

  const server = createServer((_, response) => response.writeHead(405).end())
  server.on('connect', (request, client: Socket) => {
    keep(client)
    const target = request.url ?? ''
    const [host = '', port] = target.split(':')
    const to = portOf(host)
    if (to === undefined || port !== '443') {
      strangers.push(target)
      refuse(client, 403)
      return
    }
    const how = away.get(host)
    if (how === 'reset') client.resetAndDestroy()
    if (how === 'refused') refuse(client, 502)
    if (how !== undefined) return
    const upstream = connect(to, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    keep(upstream)
    upstream.on('close', () => client.destroy())
    client.on('close', () => upstream.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    authority, strangers,
    route: (host, port) => void routes.set(host, port),
    setAway(host, how) {
      if (how === null) away.delete(host)
      else away.set(host, how)
    },
    environment: () => ({ HTTPS_PROXY: url, SSL_CERT_FILE: trusted }),
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        for (const socket of sockets) socket.destroy()
      })
      folder[Symbol.dispose]()
    },
  }
}
