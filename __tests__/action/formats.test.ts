// Every format of sops under every kind of name, and every way to leave part of a file in the clear: bob goes from each, the
// values stay, and the names of the secrets are those that people know them by.
import { describe, expect, test } from '@jest/globals'
import { runAction } from '../support/action.ts'
import { Team } from '../support/team.ts'

interface Sample {
  readonly path: string
  readonly text: string | Buffer
  /** What the name does not tell. */
  readonly type?: string
  /** Keys of the creation rule beside the recipients. */
  readonly rule?: string
  /** The secrets as the report names them. */
  readonly names: readonly string[]
}

const long = 'x'.repeat(200_000)
const samples: readonly Sample[] = [
  {
    path: 'all.yaml', names: ['text', 'number', 'float', 'yes', 'nested.list[0]', 'nested.list[1].deep', 'ключ ☃', 'lines', '"quoted \\"key\\""', '(comments)'],
    text: '# a comment\ntext: naïve ☃ 🔑\nnumber: 42\nfloat: 1.50\nyes: true\nnothing: null\nempty: ""\nnested:\n    list:\n        - one # beside\n        - deep: "two: # no comment"\nключ ☃: x\nlines: |\n    first\n    second\n"quoted \\"key\\"": y\n',
  },
  { path: 'documents.yaml', text: 'a: 1\n---\nb: two\n---\nc:\n    - three\n', names: ['a', 'b (document 2)', 'c[0] (document 3)'] },
  { path: 'all.json', text: '{"text": "é☃", "number": 42, "float": 1.5, "yes": true, "nothing": null, "empty": "", "list": ["a", {"b": "c"}], "a.b": "dotted"}\n', names: ['text', 'number', 'float', 'yes', 'list[0]', 'list[1].b', '"a.b"'] },
  { path: 'all.env', text: '# comment\nTOKEN=s3=cret value\nEMPTY=\nUNICODE=é☃\n', names: ['TOKEN', 'UNICODE', '(comments)'] },
  { path: 'all.ini', text: '; comment\ntop = 1\n\n[db]\npassword = p = q\nempty =\n', names: ['top', 'db.password', '(comments)'] },
  { path: 'tls.key', text: '-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n', names: ['(whole file)'] },
  { path: 'bytes', text: Buffer.from([0, 255, 254, 13, 10, 0, 128]), names: ['(whole file)'] },
  { path: 'config.toml', text: 'password = "in TOML, which sops keeps as it is"\n', names: ['(whole file)'] },
  { path: 'values.yaml.enc', type: 'yaml', text: 'password: p\n', names: ['password'] },
  { path: '.env.prod', type: 'dotenv', text: 'TOKEN=t\n', names: ['TOKEN'] },
  { path: 'A.YAML', type: 'yaml', text: 'password: p\n', names: ['password'] },
  { path: 'settings', type: 'json', text: '{"password": "p"}\n', names: ['password'] },
  { path: 'my.cnf', type: 'ini', text: '[client]\npassword = p\n', names: ['client.password'] },
  { path: 'regex.yaml', rule: 'encrypted_regex: ^(data|stringData)$', text: 'kind: Secret\nmetadata:\n    name: x\ndata:\n    password: cA==\n', names: ['data.password'] },
  { path: 'not-regex.yaml', rule: 'unencrypted_regex: ^(kind|metadata)$', text: 'kind: Secret\nmetadata:\n    name: x\nstringData:\n    password: p\n', names: ['stringData.password'] },
  { path: 'suffix.yaml', rule: 'unencrypted_suffix: _clear', text: 'user_clear: app\npassword: p\n', names: ['password'] },
  { path: 'only-suffix.yaml', rule: 'encrypted_suffix: _secret', text: 'user: app\npassword_secret: p\n', names: ['password_secret'] },
  { path: 'mac-only.yaml', rule: 'encrypted_regex: ^password$\n    mac_only_encrypted: true', text: 'user: app\npassword: p\n', names: ['password'] },
  { path: 'long.yaml', text: `certificate: ${long}\nafter: a\n`, names: ['certificate', 'after'] },
  { path: 'large.yaml', text: Array.from({ length: 25_000 }, (_, at) => `key${at}: ${'v'.repeat(60)}\n`).join(''), names: Array.from({ length: 25_000 }, (_, at) => `key${at}`) },
]

const typesOf = ({ type }: Sample): string[] => (type === undefined ? [] : ['--input-type', type, '--output-type', type])

describe('bob goes from a file of every format', () => {
  test('and every value stays, byte for byte', async () => {
    using team = new Team()
    const { alice, bob, ci } = team
    const keys = [alice, bob, ci].map(({ recipient }) => recipient).join(',')
    const rules = samples.map(({ path, rule }) => `  - path_regex: ^${path.replaceAll('.', '\\.')}$\n    age: ${keys}\n${rule === undefined ? '' : `    ${rule}\n`}`)
    team.write('.sops.yaml', `creation_rules:\n${rules.join('')}`)
    for (const sample of samples) team.encrypt(sample.path, sample.text, ...typesOf(sample))
    team.commit()
    const before = new Map(samples.map((sample) => [sample.path, team.decrypt(sample.path, team.credentials, ...typesOf(sample)).stdout]))

    const run = await runAction(team, { 'removed-recipient': bob.recipient })
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
    expect(run.report?.files.map(({ path, action, verified }) => [path, action, verified]).sort())
      .toEqual(samples.map(({ path }) => [path, 'updated+rotated', true]).sort())
    for (const sample of samples) {
      const now = team.decrypt(sample.path, { SOPS_AGE_KEY: alice.identity }, ...typesOf(sample))
      expect([sample.path, now.exitCode, now.stdout === before.get(sample.path)]).toEqual([sample.path, 0, true])
      expect([sample.path, team.decrypt(sample.path, { SOPS_AGE_KEY: bob.identity }, ...typesOf(sample)).exitCode]).toEqual([sample.path, 128])
      const names = run.report?.exposure.filter(({ file }) => file === sample.path).map(({ key }) => key)
      expect([sample.path, names]).toEqual([sample.path, sample.names])
    }
    expect(run.summary.length).toBeLessThan(1_048_576)
  }, 120_000)
})
