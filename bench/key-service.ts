// The KMS of the measurements, in a process of its own so that it answers while we wait for a child.
// Run as a program it is that process; it ends when its standard input does.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startKmsServer } from '../__tests__/support/kms-server.ts'

export interface KeyService extends AsyncDisposable {
  readonly arn: string
  /** What sops needs to reach it. */
  readonly environment: Readonly<Record<string, string>>
}

/** Starts a service with one key whose calls take `delay` milliseconds each. */
export async function startKeyService(delay: number): Promise<KeyService> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), String(delay)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line') as Promise<[string]>,
    ended.then((): never => { throw new Error('The key service ended before it listened.') }),
  ])
  const { arn, environment } = JSON.parse(line) as Pick<KeyService, 'arn' | 'environment'>
  return {
    arn,
    environment,
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await ended
    },
  }
}

if (import.meta.main) {
  await using server = await startKmsServer({ delay: Number(process.argv[2]) })
  console.log(JSON.stringify({ arn: server.createKey(), environment: server.environment() }))
  await once(process.stdin.resume(), 'end')
}
