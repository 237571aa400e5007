// Puts verified bytes into the working tree, all of them or none, whatever happens to the run meanwhile.
// The work is done by a process of its own session that acts only on a complete order: a kill of the run leaves all old
// (order not complete) or all new. Must never replace a file that is not the one that was verified.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmodSync, closeSync, copyFileSync, fsyncSync, linkSync, lstatSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { Failure } from '../model/failure.ts'
import { visible } from '../model/safe-text.ts'
import { sha256Of } from './staging.ts'

export interface Replacement {
  readonly path: string
  /** SHA-256 of the bytes that are to be replaced. */
  readonly sha256: string
}

export interface SwapOrder {
  /** Root of the working tree. */
  readonly root: string
  /** Root of the staged tree. */
  readonly staged: string
  readonly replacements: readonly Replacement[]
}

/** The argument that makes the program carry out an order given on its standard input. */
export const swapArgument = 'swap'

/** What stopped an order: the system's own code where it has one, and where. */
interface Problem {
  readonly code: string | null
  readonly path: string | null
  readonly what: string
}

const noRoom = ['ENOSPC', 'EDQUOT']
const notAllowed = ['EACCES', 'EPERM', 'EROFS']

/** Has `order` carried out. Throws `changed-underneath` or `unexpected` with every file as it was. */
export async function swap(program: string, order: SwapOrder): Promise<void> {
  const [exitCode, said] = await new Promise<[number | null, string]>((resolve, reject) => {
    const child = spawn(process.execPath, [program, swapArgument], { cwd: order.staged, env: {}, detached: true, stdio: ['pipe', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()))
    child.stdin.on('error', () => undefined)
    child.on('error', reject)
    child.on('close', (code) => resolve([code, stderr]))
    child.stdin.end(JSON.stringify(order))
  })
  if (exitCode !== 0) throw failureOf(said, order.root)
}

function failureOf(said: string, root: string): Failure {
  const { code, path, what } = problemIn(said)
  const start = 'The working tree could not be changed, and is as it was'
  if (code === null) return new Failure('changed-underneath', `${start}: ${visible(what)}.`, { advice: 'Run again.' })
  const place = path === null ? '' : ` at ${visible(relative(root, path))}`
  return new Failure('unexpected', `${start}: the system said ${visible(code)}${place}.`, {
    advice: notAllowed.includes(code) ? 'Let the runner write there: each file is replaced in its own folder.'
      : noRoom.includes(code) ? 'Make room on the disk: every changed file is there twice for a moment.'
      : 'Look at that place, and run again.',
  })
}

/** The last line of a process, which may have been ended before it could say anything. */
function problemIn(said: string): Problem {
  try {
    return JSON.parse(said.trim().split('\n').at(-1) ?? '') as Problem
  } catch {
    return { code: null, path: null, what: said.trim() === '' ? 'the process that does it was ended' : said.trim() }
  }
}

/** Carries out an order. Null when all of it is done; else every file is as it was, and the text says why to who ordered it. */
export function carryOut(text: string): string | null {
  try {
    replace(text)
    return null
  } catch (error) {
    const { code = null, path = null, dest = path, message } = error as NodeJS.ErrnoException & { readonly dest?: string }
    return `${JSON.stringify({ code, path: dest, what: message } satisfies Problem)}\n`
  }
}

/** Throws an Error with every file as it was. */
function replace(text: string): void {
  // Throws where the order was cut off.
  const { root, staged, replacements } = JSON.parse(text) as SwapOrder
  const mark = randomUUID()
  const moves = replacements.map(({ path, sha256 }, at) => {
    const place = join(root, path)
    // Cut, because a name has at most 255 bytes; numbered, because two may have the same beginning.
    const beside = (kind: string): string => join(dirname(place), `.${basename(place).slice(0, 40)}.${kind}-${mark}-${at}`)
    return { path, sha256, place, fresh: beside('new'), kept: beside('old') }
  })
  const replaced: typeof moves = []
  try {
    for (const { path, place, fresh, kept } of moves) {
      copyFileSync(join(staged, path), fresh)
      chmodSync(fresh, lstatSync(place).mode & 0o777)
      const file = openSync(fresh, 'r')
      fsyncSync(file)
      closeSync(file)
      linkSync(place, kept)
    }
    for (const { path, place, sha256 } of moves) {
      if (sha256Of(readFileSync(place)) !== sha256) throw new Error(`${path} was changed during the run`)
    }
    for (const move of moves) {
      renameSync(move.fresh, move.place)
      replaced.push(move)
    }
  } catch (error) {
    for (const { kept, place } of replaced) renameSync(kept, place)
    throw error
  } finally {
    for (const { fresh, kept } of moves) {
      rmSync(fresh, { force: true })
      rmSync(kept, { force: true })
    }
  }
}
