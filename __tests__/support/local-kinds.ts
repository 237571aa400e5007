// The kinds of keys that need no cloud, as a table: how each is started, who is let in, and how its keys are spelled.
// Must never hold what only one test needs.
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { generateHybridIdentity, identityToRecipient } from 'age-encryption'
import type { RecipientKind } from '../../src/model/recipient.ts'
import { parseRecipient } from '../../src/model/recipient.ts'
import { AgePlugin } from './age-plugin.ts'
import { Gnupg } from './gnupg.ts'
import { startKmsServer } from './kms-server.ts'
import { startOpenbao } from './openbao.ts'
import type { Part } from './parts.ts'
import { TemporaryFolder } from './repository.ts'
import { startStsServer } from './sts-server.ts'

export interface LocalKey {
  /** As sops prints it, a file's metadata holds it and a report names it. */
  readonly id: string
  /** As a person may ask for it. */
  readonly spelling: string
  /** The lines of a flat creation rule that name this key, without indentation; null where no flat rule can. */
  readonly flat: readonly string[] | null
  /** The lines of a key group that name this key, without indentation; the first is the name of a list, the others an item. */
  readonly inGroup: readonly string[]
}

export interface RunningLocalKind extends AsyncDisposable {
  /** What sops needs in its environment to use both keys. */
  readonly credentials: Readonly<Record<string, string>>
  /** What the action has to be told besides. */
  readonly inputs?: Readonly<Record<string, string>>
  /** The same without the right to use either. */
  readonly stranger: Readonly<Record<string, string>>
  readonly first: LocalKey
  readonly second: LocalKey
}

export interface LocalKind {
  readonly name: string
  /** sops' name of the kind. */
  readonly kind: RecipientKind
  readonly needs?: readonly Part[]
  /** What the use of both of its keys in one run needs besides. */
  readonly needsForBoth?: readonly Part[]
  start(): Promise<RunningLocalKind>
}

/** A key that one string names, in a rule as in a group. */
function named(flat: string, inGroup: string, id: string, spelling = id): LocalKey {
  return { id, spelling, flat: [`${flat}: ${id}`], inGroup: [`${inGroup}:`, `  - ${id}`] }
}

async function startPgp(): Promise<RunningLocalKind> {
  const [gnupg, other] = [new Gnupg(), new Gnupg()]
  const [first, second] = [gnupg.makeKey('Bob <bob@example.com>'), gnupg.makeKey('Carol <carol@example.com>')]
  for (const key of [first, second]) other.import(gnupg, key)
  const key = ({ fingerprint }: { fingerprint: string }): LocalKey => named('pgp', 'pgp', fingerprint, fingerprint.toLowerCase())
  return await Promise.resolve({
    credentials: gnupg.credentials,
    // Who has the public keys can encrypt to them.
    stranger: other.credentials, first: key(first), second: key(second),
    async [Symbol.asyncDispose]() {
      gnupg[Symbol.dispose]()
      other[Symbol.dispose]()
      await Promise.resolve()
    },
  })
}

async function startVault(): Promise<RunningLocalKind> {
  const vault = await startOpenbao()
  const key = (uri: string): LocalKey => named('hc_vault_transit_uri', 'hc_vault', uri)
  return {
    credentials: vault.credentials, stranger: { ...vault.credentials, VAULT_TOKEN: 'of-somebody-else' },
    first: key(await vault.createKey('first')), second: key(await vault.createKey('second', 'teams/a/transit')),
    [Symbol.asyncDispose]: async () => await vault[Symbol.asyncDispose](),
  }
}

/** `context`: the keys can stand in groups only. */
async function startKmsWithRole(context: boolean): Promise<RunningLocalKind> {
  const [kms, sts] = [await startKmsServer(), await startStsServer()]
  const credentials = { ...kms.environment(), ...sts.environment() }
  const role = sts.createRole('deploy', credentials['AWS_ACCESS_KEY_ID'])
  const key = (arn: string): LocalKey => {
    const [lines, suffix] = context ? [['    context: {Team: pay, App: web}'], '|App:web,Team:pay'] : [[], '']
    const id = `${arn}+${role}${suffix}`
    return { id, spelling: id, flat: context ? null : [`kms: ${id}`], inGroup: ['kms:', `  - arn: ${arn}`, `    role: ${role}`, ...lines] }
  }
  return {
    credentials,
    // The token service knows who may assume the role; the key service takes whoever signs.
    stranger: { ...credentials, AWS_ACCESS_KEY_ID: 'AKIAOFSOMEBODYELSE00' },
    first: key(kms.createKey()), second: key(kms.createKey()),
    async [Symbol.asyncDispose]() {
      await kms[Symbol.asyncDispose]()
      await sts[Symbol.asyncDispose]()
    },
  }
}

/** The one key goes by an alias, the other is one that AWS keeps in several regions. */
async function startKmsByOtherNames(): Promise<RunningLocalKind> {
  const kms = await startKmsServer()
  const key = (arn: string): LocalKey => ({ ...named('kms', 'kms', arn), inGroup: ['kms:', `  - arn: ${arn}`] })
  const credentials = kms.environment()
  return {
    credentials,
    // The service takes whoever signs: a stranger is somebody who finds nobody there.
    stranger: { ...credentials, AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:1', AWS_MAX_ATTEMPTS: '1' },
    first: key(kms.createAlias('secrets/ci', kms.createKey())), second: key(kms.createKey('eu-west-1', '111122223333', true)),
    [Symbol.asyncDispose]: async () => await kms[Symbol.asyncDispose](),
  }
}

/** A private key in PEM and its public half as in `authorized_keys`. */
function makeSshKey(type: 'ed25519' | 'rsa'): { readonly pem: string; readonly line: string } {
  const word = (bytes: Buffer | string): Buffer => {
    const content = Buffer.from(bytes)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(content.length)
    return Buffer.concat([length, content])
  }
  const part = (text = ''): Buffer => Buffer.from(text, 'base64url')
  const { publicKey, privateKey } = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519')
  const { x, n, e } = publicKey.export({ format: 'jwk' })
  // A leading zero keeps the modulus positive.
  const blob = type === 'rsa' ? [word('ssh-rsa'), word(part(e)), word(Buffer.concat([Buffer.alloc(1), part(n)]))] : [word('ssh-ed25519'), word(part(x))]
  return { pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), line: `ssh-${type} ${Buffer.concat(blob).toString('base64')}` }
}

async function startSsh(type: 'ed25519' | 'rsa'): Promise<RunningLocalKind> {
  const folder = new TemporaryFolder()
  const [mine, home] = [makeSshKey(type), makeSshKey(type)]
  mkdirSync(join(folder.path, '.ssh'))
  writeFileSync(join(folder.path, 'key'), mine.pem, { mode: 0o600 })
  // sops takes one key from a variable, and those of HOME besides.
  writeFileSync(join(folder.path, '.ssh', `id_${type}`), home.pem, { mode: 0o600 })
  const key = (line: string, name: string): LocalKey => named('age', 'age', `${line} ${name}`, line)
  return await Promise.resolve({
    credentials: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: join(folder.path, 'key'), HOME: folder.path }, stranger: {},
    first: key(mine.line, 'bob@laptop'), second: key(home.line, 'carol'),
    async [Symbol.asyncDispose]() {
      folder[Symbol.dispose]()
      await Promise.resolve()
    },
  })
}

async function startPostQuantum(): Promise<RunningLocalKind> {
  const identities = [await generateHybridIdentity(), await generateHybridIdentity()]
  const [first = '', second = ''] = await Promise.all(identities.map(async (identity) => await identityToRecipient(identity)))
  return {
    credentials: { SOPS_AGE_KEY: identities.join('\n') }, stranger: {},
    first: named('age', 'age', first), second: named('age', 'age', second),
    [Symbol.asyncDispose]: async () => await Promise.resolve(),
  }
}

async function startPlugin(): Promise<RunningLocalKind> {
  const folder = new TemporaryFolder()
  const plugin = new AgePlugin(join(folder.path, 'plugins'), 'test')
  const [first, second] = [plugin.makeKey(), plugin.makeKey()]
  const path = { PATH: [join(folder.path, 'plugins'), process.env['PATH']].join(delimiter) }
  return await Promise.resolve({
    credentials: { ...path, SOPS_AGE_KEY: `${first.identity}\n${second.identity}` }, stranger: path, inputs: { 'age-plugins': 'test' },
    first: named('age', 'age', first.recipient), second: named('age', 'age', second.recipient),
    async [Symbol.asyncDispose]() {
      folder[Symbol.dispose]()
      await Promise.resolve()
    },
  })
}

/** Every kind, and every way to hold or spell it that sops treats in its own way. */
export const localKinds: readonly LocalKind[] = [
  { name: 'pgp', kind: 'pgp', needs: ['gpg'], start: startPgp },
  { name: 'hc_vault', kind: 'hc_vault', needs: ['bao'], start: startVault },
  { name: 'kms with a role', kind: 'kms', start: async () => await startKmsWithRole(false) },
  { name: 'kms with a role and a context', kind: 'kms', start: async () => await startKmsWithRole(true) },
  { name: 'kms by an alias, and in several regions', kind: 'kms', start: startKmsByOtherNames },
  { name: 'age with an Ed25519 key of SSH', kind: 'age-ssh', needsForBoth: ['sops 3.11.0'], start: async () => await startSsh('ed25519') },
  { name: 'age with an RSA key of SSH', kind: 'age-ssh', needsForBoth: ['sops 3.11.0'], start: async () => await startSsh('rsa') },
  { name: 'post-quantum age', kind: 'age', needs: ['sops 3.11.0'], start: startPostQuantum },
  { name: 'an age plugin', kind: 'age-plugin', start: startPlugin },
]

/** The credentials of several people or services in one environment; age identities come together. */
export function together(...all: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const identities = all.flatMap(({ SOPS_AGE_KEY }) => SOPS_AGE_KEY ?? [])
  return { ...Object.assign({}, ...all) as Record<string, string>, ...(identities.length > 0 ? { SOPS_AGE_KEY: identities.join('\n') } : {}) }
}

/** What the test is named after has to be what the product reads: the kind of each spelling. */
export function kindOf(key: LocalKey): RecipientKind | null {
  return parseRecipient(key.spelling)?.kind ?? null
}
