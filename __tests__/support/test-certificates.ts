// A certificate authority of the tests' own, and server certificates for the host names a test asks for, made on the spot.
// Must never write a private key to disk, nor make a certificate that outlives the day.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'

export interface ServerCertificate {
  /** PEM, as node's TLS servers take them. */
  readonly cert: string
  readonly key: string
}

export interface CertificateAuthority {
  /** PEM. */
  readonly cert: string
  certificateFor(hosts: readonly string[]): ServerCertificate
  /** Writes the authority's certificate, and no key, into `folder`; returns the path, which SSL_CERT_FILE can name. */
  writeTo(folder: string): string
}

const day = 24 * 60 * 60 * 1000

/** DER, the few types a certificate is made of: X.690 for the encoding, RFC 5280 for what stands where. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const low = body.length & 0xff
  const length = body.length < 0x80 ? [low] : body.length < 0x100 ? [0x81, low] : [0x82, body.length >> 8, low]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)
const octets = (part: Uint8Array): Buffer => der(0x04, part)
const bits = (part: Uint8Array): Buffer => der(0x03, Buffer.from([0]), part)
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const time = (at: number): Buffer => der(0x17, Buffer.from(new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '').slice(2)))
const name = (text: string): Buffer => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(text)))))
const yes = der(0x01, Buffer.from([0xff]))

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
const critical = (id: string, value: Buffer): Buffer => sequence(oid(id), yes, octets(value))
const mayIssue = [critical('551d13', sequence(yes)), critical('551d0f', der(0x03, Buffer.from([2, 0x04])))]
const serves = (hosts: readonly string[]): Buffer[] => [
  sequence(oid('551d25'), octets(sequence(oid('2b06010505070301')))),
  sequence(oid('551d11'), octets(sequence(...hosts.map((host) => (
    isIPv4(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host))
  ))))),
]

interface Certified {
  readonly subject: string
  readonly publicKey: KeyObject
  readonly extensions: readonly Buffer[]
}

const issuer = 'sops-rekey tests'

function certificate({ subject, publicKey, extensions }: Certified, issuerKey: KeyObject): string {
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(15)])
  const toSign = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), der(0x02, serial), ecdsaWithSha256, name(issuer),
    sequence(time(Date.now() - day), time(Date.now() + day)), name(subject),
    publicKey.export({ type: 'spki', format: 'der' }), der(0xa3, sequence(...extensions)),
  )
  const signed = sequence(toSign, ecdsaWithSha256, bits(sign('sha256', toSign, issuerKey)))
  const lines = signed.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

export function makeCertificateAuthority(): CertificateAuthority {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const cert = certificate({ subject: issuer, publicKey: authority.publicKey, extensions: mayIssue }, authority.privateKey)
  return {
    cert,
    certificateFor(hosts) {
      const server = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const [subject = 'nobody'] = hosts
      return {
        cert: certificate({ subject, publicKey: server.publicKey, extensions: serves(hosts) }, authority.privateKey),
        key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      }
    },
    writeTo(folder) {
      const path = join(folder, 'test-authority.pem')
      writeFileSync(path, cert)
      return path
    },
  }
}
