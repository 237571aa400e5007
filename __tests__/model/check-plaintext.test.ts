// When a plaintext file was surely meant to be encrypted: by the words of its rule, and by what it holds.
import { describe, expect, test } from '@jest/globals'
import { canHoldSecret, holdsNamedSecret, isMeant, isNamedForSecrets, isSecretInTheClear } from '../../src/model/check/meant-to-encrypt.ts'
import { holdsPrivateKey } from '../../src/model/check/private-key-text.ts'

describe('a rule that names the file', () => {
  test.each([
    [String.raw`.*\.sops\.yaml$`, 'a/b.sops.yaml'],
    [String.raw`(bootstrap|kubernetes)/.*\.sops\.ya?ml`, 'kubernetes/apps/x.sops.yml'],
    [String.raw`\.enc\.(json|yaml)$`, 'terraform/app.enc.json'],
    [String.raw`^(.*/)?.*(secrets|.*\.sops)\.(ya?ml|json)$`, 'a/b.sops.yaml'],
    [String.raw`^secrets.yaml$`, 'secrets.yaml'],
    [String.raw`hosts/alcyone/secrets.ya?ml$`, 'hosts/alcyone/secrets.yml'],
    [String.raw`hosts/ace.yml$`, 'hosts/ace.yml'],
    [String.raw`docs/hosts/craig.sops$`, 'docs/hosts/craig.sops'],
    [String.raw`^modules/secrets/private_key.der$`, 'modules/secrets/private_key.der'],
    [String.raw`infra[\\/]secrets\.enc[\\/].*\.enc\.yaml$`, 'infra/secrets.enc/a.enc.yaml'],
    [String.raw`.*\.json$|.*\.enc\.yaml$`, 'a.enc.yaml'],
    [String.raw`(?i)\.SOPS\.yaml$`, 'a.sops.yaml'],
    [String.raw`^\.github/secrets\.yaml$`, '.github/secrets.yaml'],
    // Words that examples have too.
    [String.raw`\.enc\.yaml$`, 'secrets/schema-registry.enc.yaml'], [String.raw`\.enc\.yaml$`, 'dist/db.enc.yaml'], [String.raw`\.enc\.yaml$`, 'sample-service.enc.yaml'],
  ])('%s means %s', (regex, path) => {
    expect(isMeant(regex, path)).toBe('error')
  })
})

describe('a rule that names a folder or a word', () => {
  test.each([
    [String.raw`secrets/.*`, 'secrets/app.yaml'],
    [String.raw`secrets/.*`, 'secrets/tls.pem'],
    [String.raw`deployments/.*/secrets/.*`, 'deployments/a/secrets/staging.yaml'],
    [String.raw`secrets/[^/]+\.(yaml|json|env|ini)$`, 'secrets/prod.env'],
    [String.raw`secrets/[^/]+.umbriel`, 'secrets/token.umbriel'],
    [String.raw`.*secret.*`, 'config/clusters/a/enc-b.secret.values.yaml'],
    [String.raw`.*secret.*`, 'secrets/a/app.yaml'],
    [String.raw`private/.*\.ya?ml`, 'private/a.yaml'],
    [String.raw`^(.*/)?.*(secrets|.*\.sops)\.(ya?ml|json)$`, 'a/my-secrets.yaml'],
    [String.raw`.*\.env$`, 'apps/web/prod.env'],
  ])('%s surely means %s, but may mean less', (regex, path) => {
    expect(isMeant(regex, path)).toBe('warning')
  })
})

describe('a rule says nothing of', () => {
  test.each([
    [null, 'secrets/app.yaml'],
    [String.raw`.*.yaml`, 'secrets/app.yaml'],
    [String.raw`.*\.ya?ml$`, 'app.yaml'],
    [String.raw`\.(json|yaml|ini)$`, 'app.ini'],
    [String.raw`clusters/production/.*\.yaml$`, 'clusters/production/deployment.yaml'],
    [String.raw`values\.yaml$`, 'charts/app/values.yaml'],
    ['.*', 'secrets/app.yaml'],
    // What lies beside secrets.
    ['secrets/.*', 'secrets/README.md'], ['secrets/.*', 'secrets/default.nix'], ['secrets/.*', 'secrets/kustomization.yaml'],
    ['secrets/.*', 'secrets/make.sh'], ['secrets/.*', 'secrets/.gitignore'], ['secrets/.*', 'secrets/ci.pub'],
    ['secrets/.*', 'secrets/app.example.yaml'], ['.*secret.*', 'docs/send-secrets.md'],
    ['.*secret.*', 'src/secretary.ts'],
    [String.raw`.*secrets?\.ya?ml$`, '.github/workflows/scan-secrets.yml'],
    [String.raw`\.sops\.yaml$`, '.sops.yaml'], [String.raw`\.sops\.yaml$`, 'a/.sops.yaml'],
    // Words of another word, of an escape, of a flag or of a class.
    [String.raw`enc.*/.*\.yaml`, 'encounter/x.yaml'], [String.raw`[secrt]+/.*\.yaml`, 'secret/a.yaml'],
    [String.raw`.*\.sops\.yaml$`, 'a.yaml'],
    // Another part of it says so, and that one does not match.
    [String.raw`.*\.yaml$|.*\.sops\.json$`, 'sops.yaml'],
    ['(', 'secrets/a.yaml'],
    // What shows how a secret would look.
    [String.raw`\.enc\.yaml$`, 'examples/db.enc.yaml'], [String.raw`\.enc\.yaml$`, 'charts/app/templates/db.enc.yaml'], [String.raw`\.env$`, 'app.sample.env'],
    [String.raw`\.enc\.yaml$`, 'db-example.enc.yaml'], [String.raw`\.enc\.yaml$`, 'example-db.enc.yaml'], [String.raw`secrets/.*`, 'secrets/values.schema.json'],
  ])('%s: %s', (regex, path) => {
    expect(isMeant(regex, path)).toBeNull()
  })
})

test('a regex that would hang another matcher takes no time', () => {
  expect(isMeant('(secrets/)?(a+)+$', `secrets/${'a'.repeat(200)}!.yaml`)).toBeNull()
  const long = ['('.repeat(2000), '|'.repeat(5000), '['.repeat(5000), `${'.*'.repeat(500)}secret`, '(a|'.repeat(500)]
  for (const regex of long) isMeant(regex, `${'a/'.repeat(500)}secret.yaml`)
  for (const regex of ['['.repeat(500_000), `${String.raw`\[`.repeat(200_000)}secret`]) isMeant(regex, 'secret.yaml')
})

describe('what a file holds', () => {
  const manifest = (kind: string): string => `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: a\nstringData:\n  a: b\n`
  test.each([
    ['a value', 'password: x\n', true, true],
    ['nothing', '', false, false],
    ['comments only', '---\n# a\n; b\n\n', false, false],
    ['a comment beside the start of a document', '--- # a\n', false, false],
    ['a banner above a value', `${'#'.repeat(80)}\n# Secrets of the app\n${'#'.repeat(80)}\npassword: x\n`, true, true],
    ['a banner', `${'#'.repeat(80)}\n# Secrets of the app\n${'#'.repeat(80)}\n`, false, false],
    ['many blanks before a value', `${' '.repeat(200_000)}password: x\n`, true, true],
    ['many comments with semicolons', `${'# see the docs; ask ops\n'.repeat(10_000)}password: x\n`, true, true],
    ['a template', 'password: {{ .Values.password }}\n', false, false],
    ['a template in part', 'password: {{ .Values.password }}\ntoken: hunter2\n', true, true],
    ['a template of lines and items', '{{- if .x }}\nlist:\n    - {{ .a }}\n    - "<%= b %>"\n{{ end }}\n', false, false],
    ['JSON as a template', '{\n  "a": "{{ .a }}"\n}\n', false, false],
    ['what begins like a template', 'password: "a<%b"\nother: "{{"\n', true, true],
    ['a Secret as a template', manifest('Secret').replace('a: b', 'a: {{ .b }}'), false, false],
    ['a Secret as a template in part', manifest('Secret').replace('a: b', 'a: {{ .b }}\n  c: hunter2'), true, true],
    ['a public key', '-----BEGIN PUBLIC KEY-----\nMC\n', false, false],
    ['a private key behind its certificate', '-----BEGIN CERTIFICATE-----\nMC\n-----BEGIN PRIVATE KEY-----\n', true, true],
    ['a Secret of Kubernetes', manifest('Secret'), true, true],
    ['another manifest', manifest('ExternalSecret'), false, false],
    ['several of them, with a comment', `# a\n---\n${manifest('SealedSecret')}---\n${manifest('Task')}---\n# b\n`, false, false],
    ['a Secret behind another manifest', `${manifest('Namespace')}---\n${manifest('Secret')}`, true, true],
    ['a document that is none behind a manifest', `${manifest('Namespace')}---\npassword: x\n`, true, true],
    ['the keys of a cluster', manifest('EncryptionConfiguration'), true, false],
    ['a Secret for an operator', manifest('SopsSecret'), true, false],
    ['a list with a Secret in it', 'apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Secret\n', true, false],
    ['a list of others', 'apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: ConfigMap\n', false, false],
    ['an empty map', '---\n{}\n', false, false],
    ['an empty list', '[\n]\n', false, false],
    ['null', 'null\n...\n', false, false],
    ['a value in braces', '{a: b}\n', true, true],
    ['a kind that is none of Kubernetes', 'kind: Kustomization\n', true, true],
  ])('%s', (_, text, named, inFolder) => {
    expect([canHoldSecret(text, 'error'), canHoldSecret(text, 'warning')]).toEqual([named, inFolder])
  })
})

test('a Secret of Kubernetes is in the clear where it has a value of its own, that nothing is put in for later', () => {
  const secret = (data: string): string => `apiVersion: v1\nkind: Secret\nmetadata:\n    name: a\n${data}`
  expect([secret('stringData:\n    a: b\n'), `kind: Other\n---\n${secret('# a comment\ndata:\n    # another\n    a: Yg==\n')}`, secret('data: {a: Yg==}\n')].map(isSecretInTheClear)).toEqual([true, true, true])
  expect([secret(''), secret('data:\n'), secret('stringData:\n    a: ${A}\n    b: ""\ntype: Opaque\n'), secret('data:\n    a: b\n').replace('Secret', 'ConfigMap'), 'data:\n    a: b\n'].map(isSecretInTheClear))
    .toEqual([false, false, false, false, false])
})

test('a file without an ending, in a folder of secrets, is one where it is nothing but one word', () => {
  expect(['secrets/token', 'secrets/deploy/token'].map((path) => isMeant('secrets/.*', path))).toEqual(['token', 'token'])
  expect([isMeant('secrets/.*', 'secrets/a.txt'), isMeant('.*', 'secrets/token')]).toEqual([null, null])
  expect(['hunter2hunter2\n', 'two words\n', '#!/bin/sh', 'short', `age1${'q'.repeat(58)}\n`, ''].map((text) => canHoldSecret(text, 'token')))
    .toEqual([true, false, false, false, false, false])
})

describe('a private key', () => {
  const base64 = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7'
  const pem = (kind: string): string => `-----BEGIN ${kind}-----\n${base64}\n-----END ${kind}-----\n`
  test.each<[string, string]>([
    ['of PEM', pem('PRIVATE KEY')], ['of RSA', pem('RSA PRIVATE KEY')], ['of OpenSSH', pem('OPENSSH PRIVATE KEY')], ['of PGP', pem('PGP PRIVATE KEY BLOCK')],
    ['with headers', pem('EC PRIVATE KEY').replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n')],
    ['in YAML', `tls:\n  key: |\n${pem('PRIVATE KEY').replace(/^/gm, '    ')}`], ['in JSON', JSON.stringify({ key: pem('PRIVATE KEY') })],
    ['behind one that is left out', `-----BEGIN PRIVATE KEY-----\n...\n${pem('PRIVATE KEY')}`],
    ['of age', `# public key: age1\nAGE-SECRET-KEY-1${'Q'.repeat(58)}\n`], ['of age, after quantum computers', `AGE-SECRET-KEY-PQ-1${'Q'.repeat(58)}`],
  ])('%s', (_, text) => {
    expect(holdsPrivateKey(text)).toBe(true)
  })

  test.each<[string, string]>([
    ['a public one', pem('PUBLIC KEY')], ['a certificate', pem('CERTIFICATE')], ['one that is left out', pem('PRIVATE KEY').replace(base64, '...')],
    ['a mention', `if (text.includes('-----BEGIN PRIVATE KEY-----')) throw new Error('${base64.slice(0, 30)}')\n`],
    ['a template', pem('PRIVATE KEY').replace(base64, '{{ .Values.key | indent 4 }}')], ['the beginning of one of age', 'AGE-SECRET-KEY-1QQQ'],
  ])('not %s', (_, text) => {
    expect(holdsPrivateKey(text)).toBe(false)
  })

  test('is looked for in no time in what has very many beginnings of one', () => {
    expect(holdsPrivateKey('-----BEGIN PRIVATE KEY-----\n'.repeat(200_000))).toBe(false)
    expect(holdsPrivateKey(`-----BEGIN ${'A '.repeat(1_000_000)}`)).toBe(false)
  })
})

test('what is called after secrets, and has one', () => {
  expect(['.env', 'a/prod.env', '.env.production', 'a/secrets.yaml', 'secret.json', 'credentials.ini', 'a.yaml', 'environment', 'secrets/a.yaml'].map(isNamedForSecrets))
    .toEqual([true, true, true, true, true, true, false, false, false])
  const held = ['DB_PASSWORD=hunter2', 'password: "hunter2"', '  "apiKey": "abcdef",', 'export API_TOKEN=abcdef']
  const not = [
    'PASSWORD=', 'USE_PASSWORD=yes', 'PASSWORD=changeme', 'PASSWORD=${PASSWORD}', 'token: {{ .token }}', '# token: abcdef', 'TOKEN_FILE=/run/token', 'LEVEL=debugging', 'token', 'url: token:abcdef',
    'SECRET=<your secret>', `${'x'.repeat(300)}token=abcdef`,
  ]
  expect([...held, ...not].filter(holdsNamedSecret)).toEqual(held)
  expect(holdsNamedSecret('token'.repeat(1_000_000))).toBe(false)
})
