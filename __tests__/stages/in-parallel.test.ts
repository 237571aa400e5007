import { describe, expect, test } from '@jest/globals'
import { inParallel, inPieces, Places } from '../../src/stages/in-parallel.ts'

/** Work that ends when it is told to, and a record of what was started. */
function bench(): { readonly started: string[]; readonly work: (name: string) => () => Promise<string>; readonly end: (name: string, failure?: Error) => Promise<void> } {
  const started: string[] = []
  const endings = new Map<string, (failure?: Error) => void>()
  return {
    started,
    work: (name) => async () => {
      started.push(name)
      await new Promise<void>((resolve, reject) => endings.set(name, (failure) => (failure === undefined ? resolve() : reject(failure))))
      return name
    },
    end: async (name, failure) => {
      endings.get(name)?.(failure)
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

describe('places for work', () => {
  test('are as many as asked for, and go to what waits in its order, to urgent work first', async () => {
    const { started, work, end } = bench()
    const places = new Places(2)
    const works = places.all([places.run(work('a')), places.run(work('b')), places.run(work('c')), places.run(work('d')), places.run(work('e'), true)])
    await end('none')
    expect(started).toEqual(['a', 'b'])
    await end('b')
    expect(started).toEqual(['a', 'b', 'e'])
    for (const name of ['a', 'e', 'c', 'd']) await end(name)
    expect(started).toEqual(['a', 'b', 'e', 'c', 'd'])
    expect(await works).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('start nothing after a failure, and wait for what runs', async () => {
    const { started, work, end } = bench()
    const places = new Places(2)
    let ended = false
    const works = places.all(['a', 'b', 'c'].map(async (name) => await places.run(work(name)))).finally(() => (ended = true))
    const outcome = expect(works).rejects.toThrow('a broke')
    await end('none')
    await end('a', new Error('a broke'))
    expect([started, ended]).toEqual([['a', 'b'], false])
    await expect(places.run(work('later'))).rejects.toThrow('a broke')
    await end('b')
    await outcome
    expect(started).toEqual(['a', 'b'])
  })

  test('give the first failure, whichever work it was', async () => {
    const { work, end } = bench()
    const places = new Places(2)
    const outcome = expect(places.all([places.run(work('a')), places.run(work('b'))])).rejects.toThrow('b broke')
    await end('none')
    await end('b', new Error('b broke'))
    await end('a', new Error('a broke'))
    await outcome
  })
})

test('work on many things keeps their order', async () => {
  const result = await inParallel([3, 1, 2], 2, async (ms) => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return ms * 10
  })
  expect(result).toEqual([30, 10, 20])
  expect(await inParallel([], 2, () => Promise.reject(new Error('no')))).toEqual([])
})

test.each([[[], []], [[1, 2, 3], [[1, 2], [3]]], [[1, 2], [[1, 2]]]])('%j in pieces of two is %j', (items, pieces) => {
  expect(inPieces(items, 2)).toEqual(pieces)
})
