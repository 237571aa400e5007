// A real OpenBao server with transit engines, on a free loopback port, in memory, gone when it is disposed of.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { TemporaryFolder } from './repository.ts'

const binary = resolve(import.meta.dirname, '../../.sops-bin/bao')

export interface Openbao extends AsyncDisposable {
  readonly address: string
  /** What a client needs in its environment to talk to this server. */
  readonly credentials: Readonly<Record<string, string>>
  /** A new key of a transit engine, which is mounted where it is not yet; answers the key's URI as it stands in a rule. */
  createKey(name: string, engine?: string): Promise<string>
  /** From now on nobody can decrypt what this key wrapped. */
  deleteKey(uri: string): Promise<void>
}

/** Throws where the server is not there (`npm run openbao` fetches it) or is not up within 20 s. */
export async function startOpenbao(): Promise<Openbao> {
  if (!existsSync(binary)) throw new Error('There is no OpenBao to test with. Fetch it with `npm run openbao`.')
  const home = new TemporaryFolder()
  const address = `http://127.0.0.1:${await freePort()}`
  const token = randomUUID()
  const listen = `-dev-listen-address=${address.replace('http://', '')}`
  const child = spawn(binary, ['server', '-dev', '-dev-no-store-token', `-dev-root-token-id=${token}`, listen], {
    env: { HOME: home.path, PATH: process.env['PATH'] }, stdio: 'ignore',
  })
  const ended = new Promise((done) => child.once('exit', done))
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    home[Symbol.dispose]()
  }
  const call = async (method: string, path: string, body: object = {}): Promise<void> => {
    const response = await fetch(`${address}/v1/${path}`, { method, headers: { 'x-vault-token': token }, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`OpenBao answered ${response.status} to ${method} ${path}: ${await response.text()}`)
  }
  const up = async (): Promise<boolean> => await fetch(`${address}/v1/sys/health`).then(({ ok }) => ok, () => false)
  for (let tries = 0; !await up(); tries += 1) {
    if (tries === 400 || child.exitCode !== null) {
      await stop()
      throw new Error('OpenBao did not come up.')
    }
    await sleep(50)
  }
  const engines = new Set<string>()
  return {
    address,
    credentials: { VAULT_ADDR: address, VAULT_TOKEN: token, VAULT_MAX_RETRIES: '0' },
    async createKey(name, engine = 'transit') {
      if (!engines.has(engine)) await call('POST', `sys/mounts/${engine}`, { type: 'transit' })
      engines.add(engine)
      await call('POST', `${engine}/keys/${name}`)
      return `${address}/v1/${engine}/keys/${name}`
    },
    async deleteKey(uri) {
      const path = uri.slice(`${address}/v1/`.length)
      await call('POST', `${path}/config`, { deletion_allowed: true })
      await call('DELETE', path)
    },
    [Symbol.asyncDispose]: stop,
  }
}

/** Someone else's server, that remembers who came and with what token. */
export async function startStub(): Promise<AsyncDisposable & { readonly address: string; readonly tokens: readonly string[] }> {
  const tokens: string[] = []
  const server = createHttpServer((request, response) => {
    tokens.push(String(request.headers['x-vault-token'] ?? 'none'))
    response.end('{"data":{"ciphertext":"vault:v1:x"}}')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { address, tokens, [Symbol.asyncDispose]: () => new Promise((done) => {
    server.close(() => done())
    server.closeAllConnections()
  }) }
}
