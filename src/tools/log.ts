// The log of a run: groups and progress, one harmless line each.
// Must never print text from outside that has not been made visible, nor anything secret.
import { endGroup, info, startGroup } from '@actions/core'
import { visible } from '../model/safe-text.ts'

/** How often a long piece of work says where it is, in milliseconds. */
const interval = 1000

export class Log {
  line(text: string): void {
    for (const line of text.split('\n')) info(visible(line, 2000))
  }

  /** Runs `work` inside a folded group of the log. */
  async group<T>(title: string, work: () => Promise<T>): Promise<T> {
    startGroup(visible(title))
    try {
      return await work()
    } finally {
      endGroup()
    }
  }

  /** Counts pieces of work: `12/60 secrets/app.yaml`, the last always, the others at most once a second. */
  progress(total: number): (done: string) => void {
    let count = 0
    let last = 0
    return (done) => {
      count += 1
      const now = performance.now()
      if (count < total && now - last < interval && last !== 0) return
      last = now
      this.line(`${count}/${total} ${visible(done)}`)
    }
  }
}
