// Puts verified bytes into the working tree, all of them or none, whatever happens to the run meanwhile.
// The work is done by a process of its own session that acts only on a complete order: a kill of the run leaves all old
// (order not complete) or all new. Where that process is killed itself, a note tells the run, or the next one, to put all back.
// Must never replace a file that is not the one that was verified.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  chmodSync, closeSync, copyFileSync, existsSync, fsyncSync, linkSync, lstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync,
} from 'node:fs'
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
  /** Where it is noted what is being done; nothing that is tracked. */
  readonly note: string
}

/** What stands in the note: where the files are, and what marks those beside them. */
interface Note {
  readonly mark: string
  readonly paths: readonly string[]
}

/** The name of the note, in git's own folder. */
export const swapNote = 'sops-rekey-swap'

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
  if (exitCode === 0) return
  putBack(order.root, order.note)
  throw failureOf(said, order.root)
}

/** Whether a replacement was killed halfway, and nobody has put it back. */
export function isHalfway(note: string): boolean {
  return existsSync(note) || existsSync(doneNote(note))
}

/**
 * Puts back what a replacement that was killed halfway left, by its `note`; where only the clearing up was left to do, does that.
 * Returns whether there was anything to do.
 */
export function putBack(root: string, note: string): boolean {
  if (!isHalfway(note)) return false
  const isDone = existsSync(doneNote(note))
  const { mark, paths } = JSON.parse(readFileSync(isDone ? doneNote(note) : note, 'utf8')) as Note
  for (const { place, fresh, kept } of movesOf(root, mark, paths)) {
    // With the new one still beside it, it was not replaced, and may be someone's own by now.
    if (!isDone && existsSync(kept) && !existsSync(fresh)) renameSync(kept, place)
    // Where both are names of one file, a rename leaves both.
    for (const path of [kept, fresh]) rmSync(path, { force: true })
  }
  for (const path of [note, doneNote(note)]) rmSync(path, { force: true })
  return true
}

/** The note, once every file is new. */
function doneNote(note: string): string {
  return `${note}-done`
}

interface Move {
  readonly path: string
  readonly place: string
  readonly fresh: string
  readonly kept: string
}

function movesOf(root: string, mark: string, paths: readonly string[]): readonly Move[] {
  return paths.map((path, at) => {
    const place = join(root, path)
    // Cut, because a name has at most 255 bytes; numbered, because two may have the same beginning.
    const beside = (kind: string): string => join(dirname(place), `.${basename(place).slice(0, 40)}.${kind}-${mark}-${at}`)
    return { path, place, fresh: beside('new'), kept: beside('old') }
  })
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
  const { root, staged, replacements, note } = JSON.parse(text) as SwapOrder
  const [mark, paths] = [randomUUID(), replacements.map(({ path }) => path)]
  const moves = movesOf(root, mark, paths)
  // Complete, or not there at all.
  writeFileSync(`${note}-${mark}`, JSON.stringify({ mark, paths } satisfies Note))
  synced(`${note}-${mark}`)
  renameSync(`${note}-${mark}`, note)
  try {
    for (const { path, place, fresh, kept } of moves) {
      copyFileSync(join(staged, path), fresh)
      chmodSync(fresh, lstatSync(place).mode & 0o777)
      synced(fresh)
      linkSync(place, kept)
    }
    for (const [at, { path, place }] of moves.entries()) {
      if (sha256Of(readFileSync(place)) !== replacements[at]?.sha256) throw new Error(`${path} was changed during the run`)
    }
    for (const { fresh, place } of moves) renameSync(fresh, place)
    renameSync(note, doneNote(note))
  } finally {
    putBack(root, note)
  }
}

function synced(path: string): void {
  const file = openSync(path, 'r')
  fsyncSync(file)
  closeSync(file)
}
