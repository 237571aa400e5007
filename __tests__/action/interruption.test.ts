// Whenever a run is stopped, and however: every file is as it was, or every file is new. Nothing lies about afterwards.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { bundle, runAction } from '../support/action.ts'
import type { ActionRun } from '../support/action.ts'
import { TemporaryFolder } from '../support/repository.ts'
import { Team } from '../support/team.ts'
import { putBack } from '../../src/tools/swap.ts'
import { annotations, canary, expectNothingLeaked, expectNothingLeft, refusalOf, treeOf } from '../support/unchanged.ts'

const files = Array.from({ length: 12 }, (_, at) => `secrets/${at}.yaml`)

function repository(): Team {
  const team = new Team()
  const { alice, bob, ci } = team
  team.config({ alice, bob, ci })
  team.encrypt('secrets/0.yaml', `password: ${canary}\n`)
  for (const path of files) team.write(path, team.read('secrets/0.yaml'))
  team.commit()
  return team
}

/** Waits for whatever works in `folder` (the swap, a sops that lost its parent) to come to its end. */
async function atRestIn(folder: string): Promise<void> {
  if (!existsSync('/proc/self/cwd')) {
    await sleep(3000)
    return
  }
  const works = (id: string): boolean => {
    try {
      return readlinkSync(`/proc/${id}/cwd`).startsWith(folder)
    } catch {
      return false
    }
  }
  while (readdirSync('/proc').some((id) => /^\d+$/.test(id) && works(id))) await sleep(10)
}

/** Which of the two states `team` is in; fails where it is in neither. */
function stateOf(team: Team, old: Readonly<Record<string, string>>): 'old' | 'new' {
  expect(team.git('ls-files', '--others')).toBe('')
  const changed = team.git('diff', '--name-only', '-z').split('\0').filter((path) => path !== '')
  if (changed.length === 0) {
    const tree = treeOf(team.root)
    for (const path of ['.sops.yaml', ...files]) expect(tree[path]).toBe(old[path])
    return 'old'
  }
  expect(changed.sort()).toEqual(['.sops.yaml', ...files].sort())
  for (const path of changed) expect(team.read(path)).not.toContain(team.bob.recipient)
  for (const path of files) {
    const opened = team.decrypt(path, { SOPS_AGE_KEY: team.alice.identity })
    expect(opened).toMatchObject({ exitCode: 0, stdout: `password: ${canary}\n` })
  }
  return 'new'
}

/** Runs the action with a signal after `delay` milliseconds, or once `ready` says so, and waits until all is quiet. */
async function stopped(team: Team, signal: NodeJS.Signals, delay: number, ready: () => boolean = () => true): Promise<ActionRun> {
  const run = await runAction(team, { 'removed-recipient': 'bob' }, {
    onStart: (child) => {
      void sleep(delay).then(async () => {
        while (child.exitCode === null && !ready()) await sleep(1)
        child.kill(signal)
      })
    },
  })
  await atRestIn(run.temporary)
  return run
}

/** Moments spread over `duration`, in milliseconds. */
function moments(duration: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => Math.round((duration * (at + 0.5)) / count))
}

describe('a run that is stopped', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)('by %s at any moment', async (signal) => {
    using team = repository()
    const old = treeOf(team.root)
    const start = performance.now()
    expect((await runAction(team, { 'removed-recipient': 'bob' })).exitCode).toBe(0)
    const duration = performance.now() - start
    expect(stateOf(team, old)).toBe('new')

    const ends = new Set<string>()
    for (const delay of moments(duration * 1.05, 8)) {
      team.git('reset', '--quiet', '--hard')
      const run = await stopped(team, signal, delay)
      const state = stateOf(team, old)
      ends.add(state)
      expectNothingLeaked(run)
      if (signal === 'SIGKILL') continue
      expectNothingLeft(run)
      // Who is told that nothing was changed, or that all was, can rely on it.
      if (run.signal === null) expect([[0, 'new'], [1, 'old']]).toContainEqual([run.exitCode, state])
      if (run.exitCode === 1) expect(annotations(run, 'error')).toEqual(['The run was stopped by SIGTERM. Nothing was changed.'])
    }
    expect(ends).toContain('old')
  })

  test.each(['SIGTERM', 'SIGKILL'] as const)('by %s while files are being replaced: all of them are', async (signal) => {
    using team = repository()
    const old = treeOf(team.root)
    const replacing = (): boolean => readdirSync(join(team.root, 'secrets')).some((name) => name.includes('.new-'))
    const run = await stopped(team, signal, 0, replacing)
    expect(stateOf(team, old)).toBe('new')
    expectNothingLeaked(run)
  })
})

const many = 400

/** A working tree and a staged tree of `many` files, and the order to put the one into the other, as the run gives it. */
class Swap extends TemporaryFolder {
  readonly root = join(this.path, 'root')
  readonly staged = join(this.path, 'staged')
  readonly note = join(this.path, 'note')
  readonly paths = Array.from({ length: many }, (_, at) => `folder-with-a-long-name-${at % 7}/file-with-a-long-name-${at}.yaml`)

  constructor() {
    super()
    this.lay(this.root, 'old')
    this.lay(this.staged, 'new')
  }

  lay(folder: string, text: string): void {
    for (const path of this.paths) {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(join(folder, path), `${text} ${path}`)
    }
  }

  /** Starts a process that gives the order, as the action does; it leads a group of processes. */
  start(): ReturnType<typeof spawn> {
    const replacements = this.paths.map((path) => ({ path, sha256: createHash('sha256').update(`old ${path}`).digest('hex') }))
    const order = JSON.stringify({ root: this.root, staged: this.staged, replacements, note: this.note })
    const module = new URL('../../src/tools/swap.ts', import.meta.url).href
    const script = `import { swap } from ${JSON.stringify(module)}; await swap(${JSON.stringify(bundle)}, ${order})`
    return spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'ignore', detached: true })
  }

  state(): string {
    expect(readdirSync(this.path).sort()).toEqual(['root', 'staged'])
    const names = this.paths.flatMap((path) => readdirSync(join(this.root, path, '..')))
    expect(names.filter((name) => name.startsWith('.'))).toEqual([])
    const states = new Set(this.paths.map((path) => readFileSync(join(this.root, path), 'utf8').slice(0, 3)))
    expect(states.size).toBe(1)
    return [...states].join()
  }
}

function takeAway(path: string): boolean {
  try {
    rmSync(path)
    return true
  } catch {
    return false
  }
}

async function ended(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve))
}

/** The ids of the processes that work in `folder`. */
function workersIn(folder: string): number[] {
  return readdirSync('/proc').filter((id) => /^\d+$/.test(id)).filter((id) => {
    try {
      return readlinkSync(`/proc/${id}/cwd`) === folder
    } catch {
      return false
    }
  }).map(Number)
}

test('a run that finds another one killed halfway puts its files back first; a dry run asks for that', async () => {
  using team = repository()
  const note = join(team.root, '.git', 'sops-rekey-swap')
  const old = team.read('secrets/1.yaml')
  writeFileSync(join(team.root, 'secrets', '.1.yaml.old-m-0'), old)
  team.write('secrets/1.yaml', 'half: done\n')
  writeFileSync(note, JSON.stringify({ mark: 'm', paths: ['secrets/1.yaml'] }))
  const { sentence } = await refusalOf(team, { 'removed-recipient': 'bob', 'dry-run': 'true' })
  expect(sentence).toContain('An earlier run was killed while it replaced files')
  const run = await runAction(team, { 'removed-recipient': 'bob' })
  expect(run.exitCode === 0 ? '' : run.log).toBe('')
  expect(run.log).toContain('they are as they were before it')
  expect(team.git('status', '--porcelain').split('\n')).toHaveLength(files.length + 1)
})

describe(`the replacement of ${many} files`, () => {
  test('is all or nothing, whenever the run that ordered it is killed', async () => {
    using swap = new Swap()
    const start = performance.now()
    await ended(swap.start())
    const duration = performance.now() - start
    expect(swap.state()).toBe('new')
    const states: string[] = []
    for (const delay of moments(duration, 7)) {
      swap.lay(swap.root, 'old')
      const child = swap.start()
      await sleep(delay)
      // With all its group, as a terminal or a runner may do it; unless it has already ended.
      if (child.exitCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL')
      await ended(child)
      await atRestIn(swap.staged)
      states.push(swap.state())
    }
    expect(new Set(states)).toEqual(new Set(['old', 'new']))
  })

  test('goes on when it is itself asked to stop', async () => {
    if (!existsSync('/proc/self/cwd')) return
    using swap = new Swap()
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      swap.lay(swap.root, 'old')
      const child = swap.start()
      const begun = (): boolean => readdirSync(join(swap.root, swap.paths[0] ?? '', '..')).some((name) => name.includes('.new-'))
      while (!begun()) await sleep(1)
      for (const id of workersIn(swap.staged)) process.kill(id, signal)
      await ended(child)
      expect(swap.state()).toBe('new')
    }
  })

  test('is undone by whoever ordered it, where it is killed itself', async () => {
    if (!existsSync('/proc/self/cwd')) return
    using swap = new Swap()
    const start = performance.now()
    await ended(swap.start())
    const duration = performance.now() - start
    const states: string[] = []
    for (const delay of moments(duration, 7)) {
      swap.lay(swap.root, 'old')
      const child = swap.start()
      await sleep(delay)
      for (const id of workersIn(swap.staged)) process.kill(id, 'SIGKILL')
      await ended(child)
      states.push(swap.state())
    }
    expect(states).toContain('old')
  })

  test('is put back by the next run, where everything is killed', async () => {
    if (!existsSync('/proc/self/cwd')) return
    using swap = new Swap()
    let halfway = 0
    for (let attempt = 0; attempt < 20 && halfway < 3; attempt += 1) {
      swap.lay(swap.root, 'old')
      const child = swap.start()
      const isNew = (path: string): boolean => readFileSync(join(swap.root, path), 'utf8').startsWith('new')
      while (!isNew(swap.paths[0] ?? '') && child.exitCode === null) await sleep(0)
      process.kill(-(child.pid ?? 0), 'SIGKILL')
      for (const id of workersIn(swap.staged)) process.kill(id, 'SIGKILL')
      await atRestIn(swap.staged)
      const replaced = swap.paths.filter(isNew).length
      if (replaced > 0 && replaced < many) halfway += 1
      // The last file may be new, and the note not yet that of what is done.
      const done = replaced === many && !existsSync(swap.note)
      putBack(swap.root, swap.note)
      expect(swap.state()).toBe(done ? 'new' : 'old')
      expect(putBack(swap.root, swap.note)).toBe(false)
    }
    expect(halfway).toBe(3)
  })

  test('leaves what somebody else wrote meanwhile', () => {
    using swap = new Swap()
    const [path = ''] = swap.paths
    const beside = (kind: string): string => join(swap.root, path, '..', `.${basename(path).slice(0, 40)}.${kind}-m-0`)
    writeFileSync(swap.note, JSON.stringify({ mark: 'm', paths: [path] }))
    for (const kind of ['new', 'old']) writeFileSync(beside(kind), kind)
    writeFileSync(join(swap.root, path), 'mine')
    expect(putBack(swap.root, swap.note)).toBe(true)
    expect(readFileSync(join(swap.root, path), 'utf8')).toBe('mine')
    expect([beside('new'), beside('old'), swap.note].map((one) => existsSync(one))).toEqual([false, false, false])
  })

  test('is undone where it fails halfway', async () => {
    using swap = new Swap()
    const last = swap.paths.at(-1) ?? ''
    let taken = false
    for (let attempt = 0; attempt < 20 && !taken; attempt += 1) {
      swap.lay(swap.root, 'old')
      const child = swap.start()
      const folder = join(swap.root, last, '..')
      const beside = (kind: string): string | undefined =>
        readdirSync(folder).find((name) => name.startsWith(`.${basename(last).slice(0, 40)}.${kind}-`))
      // The old file is kept after the new one was laid beside it, and before any is replaced.
      while (beside('old') === undefined && child.exitCode === null) await sleep(0)
      const name = beside('new')
      // Once it is in its place it is too late to take it away.
      taken = name !== undefined && takeAway(join(folder, name))
      await ended(child)
      if (taken) expect(child.exitCode).not.toBe(0)
      expect(swap.state()).toBe(taken ? 'old' : 'new')
    }
    expect(taken).toBe(true)
  })

  test('is none where one of them is not what was verified', async () => {
    using swap = new Swap()
    const [first = '', last = ''] = [swap.paths[0], swap.paths.at(-1)]
    writeFileSync(join(swap.root, last), 'old, but edited meanwhile')
    const child = swap.start()
    await ended(child)
    expect(child.exitCode).not.toBe(0)
    expect(swap.state()).toBe('old')
    expect(readFileSync(join(swap.root, first), 'utf8')).toBe(`old ${first}`)
    expect(readFileSync(join(swap.root, last), 'utf8')).toBe('old, but edited meanwhile')
  })
})
