interface Waiting {
  priority: number
  start: () => void
}

/** Runs at most `limit` tasks at a time. A lower priority number goes first, so early files finish first. */
export class Limiter {
  readonly limit: number
  #running = 0
  #waiting: Waiting[] = []

  constructor(limit: number) {
    if (!(limit >= 1)) throw new RangeError(`limit ${limit} is not at least 1`)
    this.limit = limit
  }

  /** Runs `task` when a slot is free; rejects with the signal's reason when it is aborted while waiting. */
  async run<T>(priority: number, signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    await this.#acquire(priority, signal)
    try {
      return await task()
    } finally {
      this.#running--
      this.#waiting.shift()?.start()
    }
  }

  async #acquire(priority: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.#running < this.limit) {
      this.#running++
      return
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1)
        reject(signal!.reason)
      }
      const entry: Waiting = {
        priority,
        start: () => {
          signal?.removeEventListener('abort', onAbort)
          this.#running++
          resolve()
        },
      }
      const after = this.#waiting.findIndex((other) => other.priority > priority)
      this.#waiting.splice(after < 0 ? this.#waiting.length : after, 0, entry)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }
}

/** What several uploads share. */
export interface Lanes {
  /** Files under way: those whose bytes are in flight, and the next ones, already granted. */
  files: Limiter
  /** Blocks whose checksum is being computed or known, and which have not arrived. */
  blocks: Limiter
  /** Requests with bytes in flight. */
  requests: Limiter
  /** Commits being waited for. */
  commits: Limiter
}

/**
 * Lanes for uploads that keep to one `limit` together. Requests that share a link tend to end at once: as many others are
 * made ready meanwhile, so that no lane idles while somebody signs or computes a checksum.
 */
export function createLanes(limit: number): Lanes {
  const ready = 2 * limit
  return { files: new Limiter(ready), blocks: new Limiter(ready), requests: new Limiter(limit), commits: new Limiter(limit) }
}
