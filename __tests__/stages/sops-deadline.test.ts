// A key service that takes the call and never answers.
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Sops } from '../../src/tools/sops.ts'
import type { KmsServer } from '../support/kms-server.ts'
import { startKmsServer } from '../support/kms-server.ts'
import { sopsBinary } from '../support/sops-binary.ts'
import { Team } from '../support/team.ts'

let team: Team
let server: KmsServer

beforeEach(async () => {
  team = new Team()
  server = await startKmsServer()
  team.credentials = server.environment()
  team.write('.sops.yaml', `creation_rules:\n  - kms: ${server.createKey()}\n    age: ${team.alice.recipient},${team.bob.recipient}\n`)
  for (const path of ['a.yaml', 'b.yaml']) await team.encryptMeanwhile(path, 'x: y\n')
  team.write('.sops.yaml', team.read('.sops.yaml').replace(`,${team.bob.recipient}`, ''))
  server.setDelay(4000)
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  team[Symbol.dispose]()
})

test('ends the call in time, and the failure names the file', async () => {
  const sops = new Sops({
    program: sopsBinary(), root: team.root, workspace: join(team.root, 'elsewhere'), environment: { HOME: team.home, ...team.credentials },
    path: '', onCall: () => undefined, deadline: 1000,
  })
  const file = (path: string) => ({ path, format: 'yaml', explicitType: false, config: '.sops.yaml' }) as const
  const expected = (path: string): unknown => expect.objectContaining({
    code: 'key-service', path, message: expect.stringMatching(new RegExp(`^${path}: sops did not come to an end within [\\d.]+ s, and was ended`)),
  })
  await expect(sops.plaintextDigest(file('a.yaml'))).rejects.toEqual(expected('a.yaml'))
  await expect(sops.rotate(file('b.yaml'))).rejects.toEqual(expected('b.yaml'))
  await expect(sops.updatekeys('.sops.yaml', [file('a.yaml'), file('b.yaml')])).rejects.toEqual(expected('a.yaml'))
})
