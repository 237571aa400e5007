// Runs work on many things, a bounded number at once; the first failure keeps the rest from starting.

interface Waiting {
  readonly start: () => void
  readonly giveUp: (failure: unknown) => void
}

/** Places for work, `atOnce` of them. After the first failure nothing more is started: what still waits fails with it. */
export class Places {
  #free: number
  readonly #waiting: Waiting[] = []
  #failure: { readonly cause: unknown } | null = null

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  /** Runs `work` when a place is free: `urgent` work before all that waits, the rest in its order. */
  async run<T>(work: () => Promise<T>, urgent = false): Promise<T> {
    await this.#place(urgent)
    try {
      return await work()
    } catch (cause) {
      this.#failure ??= { cause }
      for (const { giveUp } of this.#waiting.splice(0)) giveUp(this.#failure.cause)
      throw cause
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next.start()
    }
  }

  async #place(urgent: boolean): Promise<void> {
    if (this.#failure !== null) throw this.#failure.cause
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    await new Promise<void>((start, giveUp) => {
      if (urgent) this.#waiting.unshift({ start, giveUp })
      else this.#waiting.push({ start, giveUp })
    })
  }

  /** The results of work that runs here, in its order. Rejects with the first failure, after all that had started came to its end. */
  async all<T>(works: readonly Promise<T>[]): Promise<T[]> {
    await Promise.allSettled(works)
    if (this.#failure !== null) throw this.#failure.cause
    return await Promise.all(works)
  }
}

/** The results in the order of `items`. Rejects with the first failure, after what had started came to its end. */
export async function inParallel<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const places = new Places(atOnce)
  return await places.all(items.map(async (item) => await places.run(async () => await work(item))))
}

/** `items` in pieces of at most `size`. */
export function inPieces<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size))
}
