// A small company whose secrets are kept in git with sops: three people, two environments, every format.
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import type { AgeKey } from './age-key.ts'
import { makeAgeKey } from './age-key.ts'
import { Repository } from './repository.ts'

/** What the company keeps; `bob` reads all of it, save what lies under `finance`. */
export const secrets: Readonly<Record<string, string>> = {
  'apps/web/secrets.yaml': '# the web shop\ndb:\n  password: hunter2\n  hosts: [a, b]\nempty: ""\nport: 5432\n',
  'apps/web/prod.env': '# comment\nTOKEN=s3cret\nEMPTY=\n',
  'apps/api/config.json': '{"api": {"key": "abc", "retries": 3, "on": true, "none": null}}\n',
  'apps/api/settings.ini': '[mail]\npassword = pssst\nuser = app\n',
  'apps/api/tls.key': '-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n',
  'prod/ключи и.yaml': 'token: naïve ☃\n',
  'prod/values.yaml.enc': 'password: prod-password\n',
}

export class Company extends Repository {
  readonly alice: AgeKey = makeAgeKey()
  readonly bob: AgeKey = makeAgeKey()
  readonly ci: AgeKey = makeAgeKey()

  constructor() {
    super()
    const { alice, bob, ci } = this
    this.credentials = { SOPS_AGE_KEY: ci.identity }
    this.write('.sops.yaml', `# Who can read what.
keys:
  - &alice ${alice.recipient}
  # bob left the on-call rotation in May
  - &bob ${bob.recipient}
  - &ci ${ci.recipient}
creation_rules:
  - path_regex: ^finance/
    age: ${alice.recipient},${ci.recipient}
  - path_regex: ^apps/
    key_groups:
      - age:
          - *alice
          - *bob
          - *ci
`)
    this.write('prod/.sops.yaml', `creation_rules:
  - age: >-
      ${alice.recipient},
      ${ci.recipient},
      ${bob.recipient}
`)
    for (const [path, text] of Object.entries(secrets)) this.encrypt(path, text, ...(path.endsWith('.yaml.enc') ? ['--input-type', 'yaml', '--output-type', 'yaml'] : []))
    this.encrypt('finance/payroll.yaml', 'salary: 1\n')
    this.write('README.md', 'Nothing to see here.\n')
    this.write('src/main.ts', 'console.log(1)\n')
    chmodSync(join(this.root, 'apps/api/tls.key'), 0o755)
    this.commit()
  }
}
