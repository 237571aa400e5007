// The git program at one repository: runs a command, in an environment that is built for it.
// Must never pass on what git says without making it safe, nor take a command that failed for one that went well.
import { Failure } from '../model/failure.ts'
import { visible } from '../model/safe-text.ts'
import { runChild } from './child.ts'
import type { ChildResult } from './child.ts'
import { gitEnvironment } from './environment.ts'

export interface ProgramOptions {
  /** Absolute path of the git program. */
  readonly program: string
  /** Root of the working tree, absolute. */
  readonly root: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface GitCall {
  readonly input?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
  /** Configuration for this call alone. */
  readonly settings?: readonly (readonly [string, string])[]
  readonly onStdout?: (piece: Buffer) => void
}

export class GitProgram {
  readonly root: string
  readonly #program: string
  readonly #environment: ProgramOptions['environment']

  constructor({ program, root, environment }: ProgramOptions) {
    this.root = root
    this.#program = program
    this.#environment = environment
  }

  async try(args: readonly string[], options: GitCall = {}): Promise<ChildResult> {
    return await runChild(this.#program, args, {
      cwd: this.root,
      env: { ...gitEnvironment(this.#environment, this.root, options.settings ?? []), ...options.env },
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.onStdout === undefined ? {} : { onStdout: options.onStdout }),
    })
  }

  async run(args: readonly string[], options: GitCall = {}): Promise<Buffer> {
    const { exitCode, stdout, stderr, overdue } = await this.try(args, options)
    if (exitCode === 0) return stdout
    const how = overdue === null ? `failed with ${exitCode ?? 'a signal'}` : `did not finish within ${overdue} s, and was ended`
    throw new Failure('git-failed', `git ${args[0] ?? ''} ${how}: ${visible(stderr.trim())}`)
  }

  async line(args: readonly string[], options: GitCall = {}): Promise<string> {
    return (await this.run(args, options)).toString().trim()
  }
}

/** Of output that is `-z`. */
export function pathsIn(output: Buffer): string[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    return decoder.decode(output).split('\0').slice(0, -1)
  } catch (cause) {
    const name = output.toString().split('\0').find((one) => one.includes('\u{fffd}'))?.replace(/^.*\t/, '') ?? ''
    throw new Failure('git-failed', `A tracked file has a name that is not UTF-8, and sops could not be told of it: ${visible(name)}.`, {
      advice: 'Rename it.', cause,
    })
  }
}
