// The company of the demo: three people with age keys, a CI with a KMS key an environment, and secrets in every sops format.
// Must never use a key or a service of whoever runs the demo.
import { execFile } from 'node:child_process'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { makeAgeKey } from '../__tests__/support/age-key.ts'
import type { KmsServer } from '../__tests__/support/kms-server.ts'
import { Repository } from '../__tests__/support/repository.ts'
import type { SopsResult } from '../__tests__/support/repository.ts'
import { sopsBinary } from '../__tests__/support/sops-binary.ts'

/** What every value of the secrets below holds, so that it can be looked for. */
export const canary = 'made-up'

/** Path → plaintext. bob reads staging and prod, not finance. */
export const secrets: Readonly<Record<string, string>> = {
  'finance/payroll.yaml': 'iban: made-up-4711\n',
  'prod/api.json': '{\n\t"payments": {\n\t\t"key": "made-up-payments-key"\n\t}\n}\n',
  'prod/app.yaml': '# made-up remark\ndb:\n    user: made-up-user\n    password: made-up-prod-password\n',
  'prod/mail.ini': '[smtp]\npassword = made-up-smtp-password\n',
  'prod/tls.key': 'made-up-private-key\n',
  'staging/app.yaml': 'db:\n    user: made-up-user\n    password: made-up-staging-password\n',
  'staging/web.env': 'SESSION_SECRET=made-up-session-secret\n',
}

export const paths: readonly string[] = Object.keys(secrets)

/** The company's `.sops.yaml` as a careful person would leave it after taking bob out by hand. */
export function withoutBob(config: string): string {
  return config.replace(', *bob', '').split('\n').filter((line) => !line.includes('bob')).join('\n')
}

/** Path → reader → the plaintext that reader gets; null where none of its keys can be used. */
export type Access = ReadonlyMap<string, Readonly<Record<string, string | null>>>

export class Company extends Repository {
  readonly alice = makeAgeKey()
  readonly bob = makeAgeKey()
  readonly carol = makeAgeKey()
  /** The bare repository that everybody pushes to. */
  readonly remote: string
  /** Who there is → the credentials that person or system has, and no other. */
  readonly readers: Readonly<Record<'alice' | 'bob' | 'carol' | 'CI', Record<string, string>>>
  readonly #kms: KmsServer

  constructor(kms: KmsServer) {
    super()
    this.#kms = kms
    this.remote = join(this.path, 'remote.git')
    const { alice, bob, carol } = this
    this.credentials = kms.environment()
    this.readers = {
      alice: { SOPS_AGE_KEY: alice.identity }, bob: { SOPS_AGE_KEY: bob.identity }, carol: { SOPS_AGE_KEY: carol.identity },
      CI: this.credentials,
    }
  }

  /** Writes and encrypts everything, and pushes it. */
  async open(): Promise<void> {
    const { alice, bob, carol } = this
    const [staging, prod] = [this.#kms.createKey(), this.#kms.createKey()]
    this.write('.sops.yaml', `# Who reads what. CI has no age key: it decrypts through KMS.
keys:
  - &alice ${alice.recipient}
  - &bob ${bob.recipient}  # on call
  - &carol ${carol.recipient}
creation_rules:
  - path_regex: ^staging/
    key_groups:
      - age: [*alice, *bob, *carol]
        kms:
          - arn: ${staging}
  - path_regex: ^prod/
    key_groups:
      - age:
          - *alice
          - *bob
        kms:
          - arn: ${prod}
  - path_regex: ^finance/
    age: >-
      ${alice.recipient},
      ${carol.recipient}
    kms: ${prod}
`)
    for (const [path, text] of Object.entries(secrets)) {
      this.write(path, text)
      await this.succeed(this.credentials, ['encrypt', '--in-place', path])
    }
    this.commit()
    this.git('init', '--quiet', '--bare', '--initial-branch', 'main', this.remote)
    this.git('push', '--quiet', this.remote, 'main')
  }

  /** A fresh clone of a branch of the remote. */
  clone(branch: string, name: string): string {
    const folder = join(this.path, name)
    this.git('clone', '--quiet', '--branch', branch, this.remote, folder)
    return folder
  }

  /**
   * Runs sops with these credentials and no others, and returns whatever it exits with. Not `sops` of the base class: that
   * blocks this process, in which the key service has to answer.
   */
  async run(credentials: Readonly<Record<string, string>>, args: readonly string[], folder = this.root): Promise<SopsResult> {
    const env = {
      PATH: process.env['PATH'], HOME: this.home, SOPS_DISABLE_VERSION_CHECK: '1', AWS_ENDPOINT_URL_KMS: this.#kms.url,
      AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: devNull, AWS_SHARED_CREDENTIALS_FILE: devNull, ...credentials,
    }
    return await new Promise((resolve) => {
      const child = execFile(sopsBinary(), args, { cwd: folder, env, encoding: 'utf8' }, (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : null
        resolve({ exitCode, stdout, stderr })
      })
      child.stdin?.end()
    })
  }

  /** As `run`, where it has to succeed. */
  async succeed(credentials: Readonly<Record<string, string>>, args: readonly string[], folder = this.root): Promise<void> {
    const { exitCode, stderr } = await this.run(credentials, args, folder)
    if (exitCode !== 0) throw new Error(`sops ${args.join(' ')}: ${stderr}`)
  }

  /** Tries every file of `folder` with each reader's credentials. */
  async whoReads(folder: string): Promise<Access> {
    const found = new Map<string, Readonly<Record<string, string | null>>>()
    for (const path of paths) {
      const texts = await Promise.all(Object.entries(this.readers).map(async ([reader, credentials]) => {
        const { exitCode, stdout, stderr } = await this.run(credentials, ['decrypt', path], folder)
        // 128: none of the keys could be used. Anything else is no answer to who reads what.
        if (exitCode !== 0 && exitCode !== 128) throw new Error(`sops decrypt ${path} as ${reader}: ${stderr}`)
        return [reader, exitCode === 0 ? stdout : null] as const
      }))
      found.set(path, Object.fromEntries(texts))
    }
    return found
  }
}
