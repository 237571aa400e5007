import { describe, expect, test } from '@jest/globals'
import { formatByName, readEncryptedFile, secretNames, valuesIn } from '../../src/model/sops-file/encrypted-file.ts'
import type { EncryptedFile } from '../../src/model/sops-file/encrypted-file.ts'

const alice = 'age1qx0a4eukz6qvy2ga5qg7l0hf5a8kwy6vq6slwq3ykzp5spjm5gvs0k5pdr'
const bob = 'age1h8nhfzgseqqa6dxdc0ysl7a8tqnq6hvlzewqaacunqy8kvv33sgqc39q2c'
const value = (name: string, type = 'str'): string => `ENC[AES256_GCM,data:${btoa(name)},iv:${btoa(`iv ${name}`)},tag:${btoa(`tag ${name}`)},type:${type}]`
const mac = value('mac')

const yaml = `db:
    password: ${value('password')}
    hosts:
        - ${value('host')}
    #${value('remark', 'comment')}
    port: 5432
sops:
    age:
        - recipient: ${alice}
          enc: |
            -----BEGIN AGE ENCRYPTED FILE-----
            AAAA
            -----END AGE ENCRYPTED FILE-----
        - recipient: ${bob}
          enc: x
    lastmodified: "2026-11-23T19:33:51Z"
    mac: ${mac}
    version: 3.11.0
`
const json = JSON.stringify({
  a: { b: value('b') }, list: [value('c'), 1],
  sops: { age: [{ recipient: alice, enc: 'x' }], lastmodified: 't', mac, version: '3.11.0' },
}, null, '\t')
const dotenv = `#${value('remark', 'comment')}
TOKEN=${value('TOKEN')}
PLAIN=1
sops_age__list_0__map_enc=x\\n
sops_age__list_0__map_recipient=${alice}
sops_kms__list_0__map_arn=arn:aws:kms:eu-west-1:1:key/k
sops_kms__list_0__map_context__map_Env=prod
sops_lastmodified=t
sops_mac=${mac}
sops_version=3.11.0
`
const ini = `[db]
password = ${value('password')}

[sops]
age__list_0__map_recipient = ${alice}
lastmodified               = t
mac                        = ${mac}
version                    = 3.11.0
`

function read(path: string, text: string): ReturnType<typeof readEncryptedFile> {
  return readEncryptedFile(path, Buffer.from(text))
}

function whole(path: string, text: string): EncryptedFile {
  const file = read(path, text)
  if (file === null || !('metadata' in file)) throw new Error(JSON.stringify(file))
  return file
}

const readers = (file: EncryptedFile): string[] => file.metadata.groups.flat().map(({ id }) => id)

describe('an encrypted file', () => {
  test.each([
    ['a.yaml', yaml, 'yaml', false, ['db.password', 'db.hosts[0]', '(comments)']],
    ['a.yaml.enc', yaml, 'yaml', true, ['db.password', 'db.hosts[0]', '(comments)']],
    ['A.YAML', yaml, 'yaml', true, ['db.password', 'db.hosts[0]', '(comments)']],
    ['a.json', json, 'json', false, ['a.b', 'list[0]']],
    ['a.yaml', json, 'yaml', false, ['a.b', 'list[0]']],
    ['a.enc', json, 'json', true, ['a.b', 'list[0]']],
    ['prod.env', dotenv, 'dotenv', false, ['TOKEN', '(comments)']],
    ['.env.prod', dotenv, 'dotenv', true, ['TOKEN', '(comments)']],
    ['a.ini', ini, 'ini', false, ['db.password']],
    ['config.toml', ini, 'ini', true, ['db.password']],
  ])('%s is read by its content', (path, text, format, explicitType, names) => {
    const file = whole(path, text)
    expect([file.format, file.explicitType]).toEqual([format, explicitType])
    expect(readers(file)[0]).toBe(alice)
    expect(secretNames(file, Buffer.from(text))).toEqual(names)
  })

  test('of any name that holds an envelope of data is binary', () => {
    const envelope = JSON.stringify({ data: value('all'), sops: { age: [{ recipient: alice, enc: 'x' }], mac, version: '1' } })
    const file = whole('tls.key', envelope)
    expect([file.format, file.explicitType]).toEqual(['binary', false])
    expect(secretNames(file, Buffer.from(envelope))).toEqual(['(whole file)'])
    expect(whole('a.json', envelope).format).toBe('json')
  })

  test('names every recipient, with a KMS key as sops prints it', () => {
    expect(readers(whole('a.yaml', yaml))).toEqual([alice, bob])
    expect(readers(whole('prod.env', dotenv))).toEqual([alice, 'arn:aws:kms:eu-west-1:1:key/k|Env:prod'])
  })

  test('reads a fingerprint that YAML would take for a number as it is written', () => {
    const fingerprint = '0x9D3C5E0C4F1A2B3C4D5E6F708192A3B4C5D6989F'
    expect(readers(whole('a.yaml', yaml.replace('    lastmodified', `    pgp:\n        - fp: ${fingerprint}\n    lastmodified`)))).toContain(fingerprint)
  })

  test('keeps its key groups and their threshold', () => {
    const grouped = json.replace(/"age": \[[^\]]*\]/, `"shamir_threshold": 2, "key_groups": [
      {"hc_vault": [{"vault_address": "https://v:8200", "engine_path": "transit", "key_name": "k"}], "age": []},
      {"pgp": [{"fp": "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"}], "azure_kv": [{"vault_url": "https://v.vault.azure.net", "name": "k", "version": "1"}],
       "gcp_kms": [{"resource_id": "projects/p/locations/l/keyRings/r/cryptoKeys/k"}], "hckms": [{"key_id": "r:1"}]}]`)
    const { groups, shamirThreshold } = whole('a.json', grouped).metadata
    expect(shamirThreshold).toBe(2)
    expect(groups.map((group) => group.map(({ kind }) => kind).sort())).toEqual([['hc_vault'], ['azure_keyvault', 'gcp_kms', 'hckms', 'pgp']])
    expect(groups[0]).toEqual([{ kind: 'hc_vault', id: 'https://v:8200/v1/transit/keys/k' }])
  })

  test('counts neither the MAC nor plain values among its values', () => {
    expect(whole('a.yaml', yaml)).toMatchObject({ valueCount: 2, encryptsComments: true })
    expect(valuesIn(whole('a.yaml', yaml), Buffer.from(yaml)).map(({ type }) => type)).toEqual(['str', 'str', 'comment'])
  })

  test('reads YAML that was laid out by someone else the same', () => {
    const quoted = yaml.replace(/^sops:/m, '"sops":')
    const first = `sops:${yaml.split('\nsops:')[1] ?? ''}${yaml.split('sops:')[0] ?? ''}`
    for (const text of [quoted, first, yaml.replaceAll('\n', '\r\n'), `---\n${yaml}`]) expect(whole('a.yaml', text).metadata).toEqual(whole('a.yaml', yaml).metadata)
  })

  test('of several documents is read when they agree', () => {
    const metadata = yaml.slice(yaml.indexOf('sops:'))
    expect(whole('a.yaml', `${yaml}---\nb: ${value('b')}\n${metadata}`).valueCount).toBe(3)
    expect(read('a.yaml', `${yaml}---\nb: 1\n${metadata.replace(bob, alice)}`)).toMatchObject({ damage: expect.stringContaining('different sops metadata') })
  })
})

describe('a damaged file is told from one that is none', () => {
  test.each([
    ['no metadata left', 'a.yaml', yaml.slice(0, yaml.indexOf('sops:'))],
    ['cut inside the metadata', 'a.yaml', yaml.slice(0, yaml.indexOf('    mac:'))],
    ['no recipients', 'a.yaml', yaml.replace(/ {4}age:[^]*(?= {4}lastmodified)/, '')],
    ['JSON cut off', 'a.json', json.slice(0, -20)],
    ['JSON with a byte order mark', 'a.json', `\u{feff}${json}`],
    ['ENV with CRLF', 'a.env', dotenv.replaceAll('\n', '\r\n')],
    ['key groups beside keys', 'a.json', json.replace('"age"', '"key_groups": [{"age": [{"recipient": "age1x", "enc": "x"}]}], "age"')],
    ['values written with escapes', 'a.json', json.replaceAll('ENC[', '\\u0045NC[')],
    ['a recipient with a line break', 'a.json', json.replace(alice, 'age1x\\nage1y')],
  ])('%s', (_, path, text) => {
    const file = read(path, text)
    expect(file).toMatchObject({ path, damage: expect.any(String) })
    expect(JSON.stringify(file)).not.toContain('ENC[')
  })

  test.each([
    ['secrets.yaml.enc', yaml], ['k.json.enc', json], ['.env.prod', dotenv], ['db.conf', ini],
    ['tls.pem', JSON.stringify({ data: value('key'), sops: { age: [], lastmodified: 't', mac, version: '3' } }, null, 2)],
  ])('what is left of %s, wherever behind the beginning of a value it was cut', (path, text) => {
    const first = text.indexOf(',data:') + 10
    const last = text.lastIndexOf('AES256_GCM')
    for (let at = first; at < last; at += 1) {
      const file = read(path, text.slice(0, at))
      expect({ at, damage: file !== null && 'damage' in file }).toEqual({ at, damage: true })
    }
  })

  test('a value that was cut, under a name that says the format', () => {
    for (const at of [40, 60]) expect(read('app.yaml', yaml.slice(0, at))).toMatchObject({ damage: expect.stringContaining('no sops metadata') })
  })

  test('ENV with CRLF, whatever its name', () => {
    expect(read('.env.prod', dotenv.replaceAll('\n', '\r\n'))).toMatchObject({ damage: expect.stringContaining('CRLF') })
  })

  test.each([
    ['a page with the beginning of an example', 'README', `# Example\n\nLooks like this.\n\npassword: ${value('x')}\n`],
    ['a program with a value in it', 'main_test.go', `package main\n\nfunc Test() {\n\tx := "${value('x')}"\n}\n`],
    ['a script with a value in it', 'check.py', `import re\nx = {"a": "${value('x')}"}\nprint(x)\n`],
    ['a build file with a value in it', 'Dockerfile', `FROM x\nENV A=${value('x')}\nRUN y\n`],
    ['a chart with a version for sops', 'values.yaml', 'sops:\n  version: 3.11.0\n'],
    ['versions of programs', 'versions.env', 'go_version=1.26\nsops_version=3.11.0\n'],
    ['a list of tools', 'mise.toml', '[tools]\nnode = "24"\n\n[sops]\nversion = "3.11.0"\n'],
    ['a package that has an entry called sops', 'package.json', '{"sops": {"version": "3.11.0"}}'],
    ['a workflow with a value in a comment', 'ci.yaml', `# ${value('x')}\na: &a x\nb: [${'*a, '.repeat(300)}]\n`],
    ['a page that shows an example', 'README.md', `# Example\n\n\`\`\`yaml\n${yaml}\`\`\`\n`],
    ['a program that makes one', 'main.go', `var x = \`${dotenv}\``],
    ['a chart with a key called sops', 'values.yaml', 'sops:\n  enabled: true\n'],
    ['anything else', 'a.txt', 'hello'],
    ['JSON about sops', 'a.json', '{"sops": {"enabled": true}}'],
  ])('%s is not sops’', (_, path, text) => {
    expect(read(path, text)).toBeNull()
  })

  test('UTF-16, which sops would read and git grep would not', () => {
    for (const text of [yaml, json]) expect(readEncryptedFile('a.yaml', Buffer.from(`\u{feff}${text}`, 'utf16le'))).toMatchObject({ damage: expect.stringContaining('UTF-16') })
    expect(readEncryptedFile('a.txt', Buffer.from('\u{feff}hello', 'utf16le'))).toBeNull()
  })

  test('an example inside of a value is not a value', () => {
    expect(read('docs.yaml', `example: |\n  password: ${value('x')}\n`)).toBeNull()
  })

  test('a file beyond 64 MiB is not read', () => {
    expect(readEncryptedFile('a.yaml', Buffer.alloc(64 * 1024 * 1024 + 1))).toMatchObject({ damage: expect.stringContaining('64 MiB') })
  })
})

test.each([['a.yaml', 'yaml'], ['a.yml', 'yaml'], ['a.json', 'json'], ['.env', 'dotenv'], ['a.ini', 'ini'], ['A.YAML', 'binary'], ['a.toml', 'binary']])(
  'by its name %s is %s to sops', (path, format) => expect(formatByName(path)).toBe(format))
