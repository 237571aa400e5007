// What sops is let run: the programs that are allowed by name, whatever else is on PATH and whatever a file asks for.
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { runChild } from '../../src/tools/child.ts'
import type { ChildResult } from '../../src/tools/child.ts'
import { programFolder, sopsEnvironment } from '../../src/tools/environment.ts'
import { makeAgeKey } from '../support/age-key.ts'
import { AgePlugin } from '../support/age-plugin.ts'
import { Gnupg } from '../support/gnupg.ts'
import { where } from '../support/parts.ts'
import { Repository } from '../support/repository.ts'
import { sopsBinary } from '../support/sops-binary.ts'

type Environment = Readonly<Record<string, string>>

function pathOf(repository: Repository, plugins: readonly string[], environment: Environment, name = 'programs'): string {
  return programFolder(join(repository.path, name), environment, repository.root, plugins)
}

async function sops(repository: Repository, args: readonly string[], environment: Environment, path: string): Promise<ChildResult> {
  const env = sopsEnvironment({ HOME: repository.home, ...environment }, repository.root, { path })
  return await runChild(sopsBinary(), args, { cwd: repository.root, env })
}

function rule(repository: Repository, line: string): void {
  repository.write('.sops.yaml', `creation_rules:\n  - ${line}\n`)
  repository.write('app.yaml', 'password: hunter2\n')
}

describe('age plugins', () => {
  test('that are allowed encrypt, rotate and decrypt, though they need more of PATH themselves', async () => {
    using repository = new Repository()
    const plugin = new AgePlugin(join(repository.path, 'plugins'), 'test')
    const [key, alice] = [plugin.makeKey(), makeAgeKey()]
    const environment = { PATH: [join(repository.path, 'plugins'), process.env['PATH']].join(delimiter), SOPS_AGE_KEY: key.identity }
    const path = pathOf(repository, ['test'], environment)
    rule(repository, `age: ${key.recipient},${alice.recipient}`)
    for (const command of ['encrypt', 'rotate']) {
      expect(await sops(repository, [command, '--in-place', 'app.yaml'], environment, path)).toMatchObject({ exitCode: 0, stderr: '' })
    }
    const { exitCode, stdout } = await sops(repository, ['decrypt', 'app.yaml'], environment, path)
    expect([exitCode, stdout.toString()]).toEqual([0, 'password: hunter2\n'])
    // encrypt; unwrap and wrap; unwrap.
    expect(plugin.runs).toBe(4)
    expect(repository.decrypt('app.yaml', { SOPS_AGE_KEY: alice.identity }).stdout).toBe('password: hunter2\n')
  })

  test('that are not allowed never run, neither for a recipient nor for an identity', async () => {
    using repository = new Repository()
    const evil = new AgePlugin(join(repository.path, 'plugins'), 'evil')
    new AgePlugin(join(repository.path, 'plugins'), 'test')
    const [key, alice] = [evil.makeKey(), makeAgeKey()]
    const environment = { PATH: [join(repository.path, 'plugins'), process.env['PATH']].join(delimiter), SOPS_AGE_KEY: `${key.identity}\n` }
    rule(repository, `age: ${key.recipient},${alice.recipient}`)
    const closed = pathOf(repository, ['test'], environment)
    expect((await sops(repository, ['encrypt', '--in-place', 'app.yaml'], environment, closed)).exitCode).toBe(1)
    expect(evil.runs).toBe(0)

    const open = pathOf(repository, ['evil'], environment, 'open')
    expect((await sops(repository, ['encrypt', '--in-place', 'app.yaml'], environment, open)).exitCode).toBe(0)
    expect(evil.runs).toBe(1)
    for (const command of [['decrypt', 'app.yaml'], ['rotate', '--in-place', 'app.yaml']]) {
      expect((await sops(repository, command, environment, closed)).exitCode).toBe(128)
    }
    expect(evil.runs).toBe(1)
  })
})

where('gpg').test('gpg works from the folder alone: it finds its agent by itself', async () => {
  using repository = new Repository()
  using gnupg = new Gnupg()
  const { fingerprint } = gnupg.makeKey('Bob <bob@example.com>')
  const environment = { PATH: process.env['PATH'] ?? '', ...gnupg.credentials }
  const path = pathOf(repository, [], environment)
  rule(repository, `pgp: ${fingerprint}`)
  for (const command of ['encrypt', 'rotate']) {
    expect(await sops(repository, [command, '--in-place', 'app.yaml'], environment, path)).toMatchObject({ exitCode: 0 })
  }
  expect((await sops(repository, ['decrypt', 'app.yaml'], environment, path)).stdout.toString()).toBe('password: hunter2\n')
})

describe('the folder of programs', () => {
  const install = (repository: Repository, place: string, name: string): void => {
    mkdirSync(join(repository.path, place), { recursive: true })
    writeFileSync(join(repository.path, place, name), '#!/bin/sh\necho "$PATH|$0|$1"\n', { mode: 0o755 })
  }

  test('holds what is allowed and there, and is closed to others', () => {
    using repository = new Repository()
    for (const name of ['gpg', 'az', 'curl', 'age-plugin-a', 'age-plugin-b', 'age-plugin-c']) install(repository, 'tools', name)
    const path = pathOf(repository, ['a', 'c', 'not-there'], { PATH: join(repository.path, 'tools') })
    expect(path).toBe(join(repository.path, 'programs'))
    expect(readdirSync(path).sort()).toEqual(['age-plugin-a', 'age-plugin-c', 'az', 'gpg'])
    expect(statSync(path).mode & 0o777).toBe(0o700)
  })

  test('gives a program the trusted PATH and its own name, however these are spelled', async () => {
    using repository = new Repository()
    install(repository, "it's \"$HOME\" `x`", 'gpg')
    const trusted = [join(repository.path, "it's \"$HOME\" `x`"), '/usr/bin'].join(delimiter)
    const path = pathOf(repository, [], { PATH: [join(repository.root, 'bin'), trusted].join(delimiter) })
    const { stdout } = await runChild(join(path, 'gpg'), ['a b'], { cwd: repository.root, env: { PATH: path } })
    expect(stdout.toString()).toBe(`${trusted}|${join(repository.path, "it's \"$HOME\" `x`", 'gpg')}|a b\n`)
  })

  test('never holds what lies in the checkout, nor a plugin whose name leads elsewhere', () => {
    using repository = new Repository()
    install(repository, 'repository/bin', 'age-plugin-a')
    install(repository, 'tools', 'gpg')
    install(repository, 'tools/age-plugin-', 'x')
    const folders = [join(repository.root, 'bin'), join(repository.path, 'tools')]
    const path = pathOf(repository, ['a', '/x', '../gpg', ''], { PATH: folders.join(delimiter) })
    expect(readdirSync(path)).toEqual(['gpg'])
  })
})
