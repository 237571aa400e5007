// No key of a file is believed about where it is kept or what it needs.
import { describe, expect, test } from '@jest/globals'
import type { Recipient } from '../../src/model/recipient.ts'
import { foreignVaults, pluginName, trustedVaults } from '../../src/model/plan/trusted-keys.ts'

const at = (address: string): Recipient => ({ kind: 'hc_vault', id: `${address}/v1/transit/keys/k` })

describe('the Vault of the runner', () => {
  test.each([
    ['https://vault.example.com:8200', ['https://vault.example.com:8200']],
    ['https://vault.example.com:8200/', ['https://vault.example.com:8200']],
    [' http://127.0.0.1:8200/v1 ', ['http://127.0.0.1:8200']],
    ['https://vault.example.com', ['https://vault.example.com', 'https://vault.example.com:443']],
    ['http://vault.example.com:80', ['http://vault.example.com', 'http://vault.example.com:80']],
    ['HTTPS://Vault:1', ['HTTPS://Vault:1', 'https://vault:1']],
    ['https://[::1]:8200', ['https://[::1]:8200']],
    ['', []],
    [undefined, []],
    ['vault.example.com:8200', []],
    ['unix:///run/vault.sock', []],
    // Would otherwise be taken for a list, or for another host, by someone who reads it.
    ['https://a.example,https://b.example', []],
    ['https://a.example@b.example', []],
    ['https://a.example\\@b.example', []],
    ['all', []],
  ])('%j may be spelled %j', (address, spellings) => {
    expect(trustedVaults(address)).toEqual(spellings)
  })

  test.each([
    ['https://vault.example.com:8200', 'https://vault.example.com:8200', false],
    ['https://vault.example.com:443', 'https://vault.example.com', false],
    ['https://vault.example.com', 'https://vault.example.com:443/', false],
    ['https://vault.example.com:8200/@evil.example', 'https://vault.example.com:8200', false],
    ['http://vault.example.com:8200', 'https://vault.example.com:8200', true],
    ['https://vault.example.com:82000', 'https://vault.example.com:8200', true],
    ['https://vault.example.com.evil.example:8200', 'https://vault.example.com', true],
    ['https://vault.example.com:8200@evil.example', 'https://vault.example.com:8200', true],
    ['https://vault.example.com:8200\\@evil.example', 'https://vault.example.com:8200', true],
    ['https://evil.example', undefined, true],
    ['https://evil.example', 'not an address', true],
    ['https://vault.example.com:8200', '', true],
  ])('a key at %s, the token for %s: foreign is %s', (address, own, foreign) => {
    const keys = [at(address), { kind: 'age', id: 'age1x' } as const]
    expect(foreignVaults(keys, own)).toEqual(foreign ? [keys[0]] : [])
  })
})

describe('the plugin of an age key', () => {
  test.each([
    ['age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t', 'yubikey'],
    ['age1a-b.c+1d_1qwt50d05', 'a-b.c+1d_'],
    // Older programs ran whatever stands here.
    ['age1../../bin/evil1qwt50d05', '../../bin/evil'],
    ['age11qqqqqq', ''],
  ])('%s is %j', (id, name) => {
    expect(pluginName({ kind: 'age-plugin', id })).toBe(name)
  })

  test('is none where age itself knows the key', () => {
    expect(pluginName({ kind: 'age', id: `age1pq1${'q'.repeat(1952)}` })).toBeNull()
    expect(pluginName({ kind: 'age-ssh', id: 'ssh-ed25519 AAAA' })).toBeNull()
  })
})
