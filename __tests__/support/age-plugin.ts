// An age plugin in a folder of its own, as a person installs one: it wraps with a key that lies beside it, like a token's.
// Leaves a line in `ran` each time it is started.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgeKey } from './age-key.ts'
import { bech32 } from '../../src/tools/age-identity.ts'

/** Both state machines of C2SP's age-plugin.md; a stanza is a line `-> type arguments` and a body in Base64, 64 letters a line. */
const program = (folder: string): string => `#!/usr/bin/env node
const { createCipheriv, createDecipheriv, createHash, randomBytes } = require('node:crypto')
const { appendFileSync, readFileSync } = require('node:fs')
const lines = require('node:readline').createInterface({ input: process.stdin })[Symbol.asyncIterator]()
appendFileSync(${JSON.stringify(join(folder, 'ran'))}, process.argv.slice(1).join(' ') + '\\n')

async function read() {
  const [type, ...args] = (await lines.next()).value.slice(3).split(' ')
  let body = ''
  for (let full = true; full;) {
    const { value } = await lines.next()
    body += value
    full = value.length === 64
  }
  return { type, args, body: Buffer.from(body, 'base64') }
}
async function all() {
  const found = []
  for (let one = await read(); one.type !== 'done'; one = await read()) found.push(one)
  return found
}
function write(head, body = Buffer.alloc(0)) {
  const text = body.toString('base64').replace(/=+$/, '')
  process.stdout.write('-> ' + head + '\\n' + (text.match(/.{64}/g) ?? []).map((line) => line + '\\n').join('') + text.slice(text.length - text.length % 64) + '\\n')
}
const secretOf = (name) => JSON.parse(readFileSync(${JSON.stringify(join(folder, 'keys.json'))}, 'utf8'))[name.toLowerCase()]
const tagOf = (secret) => createHash('sha256').update(secret).digest('hex').slice(0, 16)

async function wrap() {
  const asked = await all()
  const fileKey = asked.find(({ type }) => type === 'wrap-file-key').body
  for (const { args: [recipient] } of asked.filter(({ type }) => type === 'add-recipient')) {
    const secret = secretOf(recipient)
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', Buffer.from(secret, 'hex'), iv)
    const sealed = Buffer.concat([cipher.update(fileKey), cipher.final()])
    write('recipient-stanza 0 test ' + tagOf(secret), Buffer.concat([iv, cipher.getAuthTag(), sealed]))
    await read()
  }
}
async function unwrap() {
  const asked = await all()
  for (const { args: [identity] } of asked.filter(({ type }) => type === 'add-identity')) {
    const secret = secretOf(identity)
    const own = asked.find(({ type, args }) => type === 'recipient-stanza' && args[1] === 'test' && args[2] === tagOf(secret))
    if (own === undefined) continue
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(secret, 'hex'), own.body.subarray(0, 12)).setAuthTag(own.body.subarray(12, 28))
    write('file-key 0', Buffer.concat([decipher.update(own.body.subarray(28)), decipher.final()]))
    await read()
  }
}
(process.argv[2] === '--age-plugin=recipient-v1' ? wrap() : unwrap()).then(() => {
  write('done')
  process.exit(0)
})
`

export class AgePlugin {
  readonly name: string
  readonly #folder: string
  readonly #keys: Record<string, string> = {}

  /** `age-plugin-NAME` in `folder`, which is made and can then be put on PATH. */
  constructor(folder: string, name: string) {
    this.name = name
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `age-plugin-${name}`), program(folder), { mode: 0o755 })
  }

  makeKey(): AgeKey {
    const recipient = bech32(`age1${this.name}`, randomBytes(32))
    const identity = bech32(`age-plugin-${this.name}-`, randomBytes(16)).toUpperCase()
    const secret = randomBytes(32).toString('hex')
    this.#keys[recipient] = secret
    this.#keys[identity.toLowerCase()] = secret
    writeFileSync(join(this.#folder, 'keys.json'), JSON.stringify(this.#keys))
    return { recipient, identity }
  }

  /** How often it was started. */
  get runs(): number {
    const file = join(this.#folder, 'ran')
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0
  }
}
