// A git repository in a temporary folder, with files encrypted by real sops.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sopsBinary } from './sops-binary.ts'

export interface SopsResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder that is gone when it is disposed of. */
export class TemporaryFolder {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'sops-rekey-test-')));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5 })
  }
}

export class Repository extends TemporaryFolder {
  readonly root = join(this.path, 'repository')
  /** A home without keys or configuration, for git and sops. */
  readonly home = join(this.path, 'home')
  /** Credentials that sops gets besides; a test sets them. */
  credentials: Record<string, string> = {}

  constructor(branch = 'main') {
    super()
    mkdirSync(this.root)
    mkdirSync(this.home)
    this.git('init', '--quiet', '--initial-branch', branch)
    this.git('config', 'user.name', 'alice')
    this.git('config', 'user.email', 'alice@example.com')
  }

  git(...args: readonly string[]): string {
    return execFileSync('git', args, {
      cwd: this.root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28,
      env: { PATH: process.env['PATH'], HOME: this.home, GIT_CONFIG_NOSYSTEM: '1' },
    }).trim()
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8')
  }

  write(path: string, text: string | Buffer, mode = 0o644): void {
    const place = join(this.root, path)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, text)
    chmodSync(place, mode)
  }

  /** Runs sops in the repository and returns whatever it exits with. */
  sops(args: readonly string[], options: { credentials?: Record<string, string>; cwd?: string; input?: string } = {}): SopsResult {
    const { status, stdout, stderr } = spawnSync(sopsBinary(), args, {
      cwd: options.cwd ?? this.root, encoding: 'utf8', input: options.input ?? '', maxBuffer: 1 << 28,
      env: { PATH: process.env['PATH'], HOME: this.home, SOPS_DISABLE_VERSION_CHECK: '1', ...(options.credentials ?? this.credentials) },
    })
    return { exitCode: status, stdout, stderr }
  }

  /** Writes `text` and has sops encrypt it in place, by the rule of the config above it. Throws where sops fails. */
  encrypt(path: string, text: string | Buffer, ...args: readonly string[]): void {
    this.write(path, text)
    const { exitCode, stderr } = this.sops(['encrypt', '--in-place', ...args, '--', join(this.root, path)], { cwd: dirname(join(this.root, path)) })
    if (exitCode !== 0) throw new Error(`sops encrypt ${path}: ${stderr}`)
  }

  /** What `path` decrypts to, as sops exits. */
  decrypt(path: string, credentials: Record<string, string>, ...args: readonly string[]): SopsResult {
    return this.sops(['decrypt', ...args, '--', path], { credentials })
  }

  commit(message = 'chore: add secrets'): string {
    this.git('add', '--all', '.')
    this.git('commit', '--quiet', '--message', message)
    return this.git('rev-parse', 'HEAD')
  }
}
