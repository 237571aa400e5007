// Holds our key service against moto's, so that we know it is true to the protocol.
// Must not hide a difference: each one that is accepted stands below with its reason, any other ends in exit 1.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startKmsServer } from '../__tests__/support/kms-server.ts'
import { caller, scenarios } from './kms-scenarios.ts'
import type { Side } from './kms-scenarios.ts'

/** Accepted differences, by the name of the scenario. */
const reasons: Readonly<Record<string, string>> = {
  'content type': 'moto sends text/html or application/json; the JSON 1.1 protocol has application/x-amz-json-1.1',
  'encrypt answers its fields': 'moto leaves out EncryptionAlgorithm, which the service\'s API reference has in the answer',
  'decrypt answers its fields': 'moto leaves out EncryptionAlgorithm, which the service\'s API reference has in the answer',
  'disabled key: encrypt': 'moto encrypts with a disabled key; the API reference names DisabledException for it',
  'another key than the ciphertext\'s': 'moto only says AccessDenied; the API reference names IncorrectKeyException for it',
  'malformed ciphertext': 'moto reads a key id out of any bytes and denies access to it; the API reference has InvalidCiphertext',
  'no signature': 'moto takes an unsigned request for one to its web page; the service wants every request signed',
}

async function startMoto(): Promise<{ side: Side; stop: () => void }> {
  const target = resolve(import.meta.dirname, '../.moto')
  if (!existsSync(join(target, 'moto'))) {
    const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', target]
    execFileSync('python3', [...args, 'moto[kms]', 'flask', 'flask-cors'], { stdio: 'inherit' })
  }
  const port = await freePort()
  const env = { ...process.env, PYTHONPATH: target }
  const child = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { env, stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  const call = caller(url)
  const stop = (): void => void child.kill()
  try {
    for (let waited = 0; !(await fetch(url).then(() => true, () => false)); waited += 100) {
      if (waited > 20_000 || child.exitCode !== null) throw new Error('moto did not start')
      await sleep(100)
    }
    const created = async (): Promise<string> => {
      const { KeyMetadata } = (await call('CreateKey', {})).body as unknown as { KeyMetadata: { Arn: string } }
      return KeyMetadata.Arn
    }
    const [key, other, disabled] = [await created(), await created(), await created()]
    await call('DisableKey', { KeyId: disabled })
    const alias = key.replace(/:key\/.*$/, ':alias/prod')
    await call('CreateAlias', { AliasName: 'alias/prod', TargetKeyId: key })
    const ours = await startKmsServer()
    const environment = { ...ours.environment(), AWS_ENDPOINT_URL_KMS: url }
    await ours[Symbol.asyncDispose]()
    return { side: { call, environment, key, other, disabled, alias }, stop }
  } catch (error) {
    stop()
    throw error
  }
}

function freePort(): Promise<number> {
  return new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => found(port))
    })
  })
}

async function main(): Promise<void> {
  const kms = await startKmsServer()
  const key = kms.createKey()
  const disabled = kms.createKey()
  kms.addFault({ error: 'DisabledException', keyId: disabled })
  const ours: Side = {
    call: caller(kms.url),
    environment: kms.environment(),
    key,
    other: kms.createKey(),
    disabled,
    alias: kms.createAlias('prod', key),
  }
  const moto = await startMoto()
  let unexplained = 0
  try {
    for (const [name, scenario] of Object.entries(scenarios)) {
      const [mine, theirs] = [JSON.stringify(await scenario(ours)), JSON.stringify(await scenario(moto.side))]
      const reason = reasons[name]
      if (mine === theirs) {
        console.log(`same       ${name}${reason === undefined ? '' : '  (listed as different: take it off the list)'}`)
      } else {
        console.log(`${reason === undefined ? 'DIFFERENT ' : 'different '} ${name}`)
        const lines = [`ours ${mine}`, `moto ${theirs}`, reason ?? 'no reason is listed']
        for (const line of lines) console.log(`             ${line}`)
      }
      if ((mine === theirs) !== (reason === undefined)) unexplained++
    }
  } finally {
    moto.stop()
    await kms[Symbol.asyncDispose]()
  }
  console.log(`\n${Object.keys(scenarios).length} scenarios, ${unexplained} that the list of reasons does not explain`)
  process.exitCode = unexplained === 0 ? 0 : 1
}

await main()
