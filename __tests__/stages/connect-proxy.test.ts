import { X509Certificate } from 'node:crypto'
import { request } from 'node:http'
import { expect, test } from '@jest/globals'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { makeCertificateAuthority } from '../support/test-certificates.ts'
import { askService, startTlsService } from '../support/tls-service.ts'

/** The status that the proxy answers `CONNECT target` with. */
async function connect(proxyUrl: string, target: string): Promise<number> {
  const { hostname, port } = new URL(proxyUrl)
  return await new Promise((resolve, reject) => {
    request({ host: hostname, port, method: 'CONNECT', path: target, agent: false })
      .on('connect', (response, socket) => {
        socket.destroy()
        resolve(response.statusCode ?? 0)
      })
      .on('error', reject).end()
  })
}

test('the proxy leads to hosts that a test serves, refuses every other, and remembers which', async () => {
  await using proxy = await startConnectProxy()
  const hosts = ['kms.example.com', '*.vault.example.com']
  await using service = await startTlsService(proxy, hosts, () => ({ status: 200, body: {} }))
  expect(service.port).toBeGreaterThan(0)
  const { HTTPS_PROXY = '' } = proxy.environment()
  expect(await connect(HTTPS_PROXY, 'kms.example.com:443')).toBe(200)
  expect(await connect(HTTPS_PROXY, 'acme.vault.example.com:443')).toBe(200)
  expect(await connect(HTTPS_PROXY, 'kms.example.com:80')).toBe(403)
  expect(await connect(HTTPS_PROXY, 'example.org:443')).toBe(403)
  expect(proxy.strangers).toEqual(['kms.example.com:80', 'example.org:443'])
})

test('a certificate is good for the hosts it was made for and no other, and only to who trusts the authority', async () => {
  await using proxy = await startConnectProxy()
  await using other = await startConnectProxy()
  const hosts = ['kms.example.com', '127.0.0.1']
  await using service = await startTlsService(proxy, hosts, () => ({ status: 200, body: { hello: 'world' } }))
  const ask = async (authority: string, url: string): Promise<unknown> => (await askService(authority, service.port, url)).body
  expect(await ask(proxy.authority.cert, 'https://kms.example.com/')).toEqual({ hello: 'world' })
  const [stranger, foreign] = ['https://kms.example.org/', other.authority.cert]
  await expect(ask(proxy.authority.cert, stranger)).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  await expect(ask(foreign, 'https://kms.example.com/')).rejects.toMatchObject({ code: 'CERT_SIGNATURE_FAILURE' })
})

// Signatures differ in length, and with them the last line of the PEM text: none of the lengths may break it.
test('every certificate can be read', () => {
  const authority = makeCertificateAuthority()
  for (let length = 1; length <= 64; length++) {
    const { cert } = authority.certificateFor(['a'.repeat(length)])
    const certificate = new X509Certificate(cert)
    expect(certificate.verify(new X509Certificate(authority.cert).publicKey)).toBe(true)
    expect(certificate.checkHost('a'.repeat(length))).toBe('a'.repeat(length))
  }
})
