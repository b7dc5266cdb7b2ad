import { UploadError } from './errors.js'

export interface RetryOptions {
  /** Milliseconds before each further attempt; as many attempts as there are numbers, plus the first. */
  delays: readonly number[]
  /** A server that asks to wait longer than this, in milliseconds, is taken to mean no. */
  maxRetryAfter: number
  signal?: AbortSignal | undefined
  onRetry?: ((error: UploadError, attempt: number) => void) | undefined
  /** From 0 to below 1; spreads the delays. Default `Math.random`. */
  random?: () => number
}

export const defaultRetryDelays: readonly number[] = [500, 1000, 3000, 5000, 10_000, 20_000]

/** Calls `attempt` until it succeeds, fails for good, or the delays are used up. Time offline is not counted. */
export async function withRetry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let failures = 0; ; ) {
    options.signal?.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!(error instanceof UploadError) || !error.retryable) throw error
      if (error.status === 0 && isOffline()) {
        await online(options.signal)
        continue
      }
      const delay = options.delays[failures]
      if (delay === undefined || (error.retryAfter ?? 0) > options.maxRetryAfter) throw error
      failures++
      options.onRetry?.(error, failures)
      await sleep(jittered(delay, error.retryAfter, options.random), options.signal)
    }
  }
}

/** Spreads `delay` over 50-150 %, and never comes back sooner than the server asked, but up to a quarter later. */
function jittered(delay: number, retryAfter = 0, random = Math.random): number {
  const chance = random()
  return Math.max(delay * (0.5 + chance), retryAfter * (1 + chance / 4))
}

function isOffline(): boolean {
  return typeof navigator !== 'undefined' && navigator.onLine === false
}

/** Resolves when the browser says that it is online again. */
function online(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      globalThis.removeEventListener('online', done)
      signal?.removeEventListener('abort', done)
      if (signal?.aborted) reject(signal.reason)
      else resolve()
    }
    globalThis.addEventListener('online', done)
    signal?.addEventListener('abort', done)
  })
}

/** Resolves after `milliseconds`, or rejects with the signal's reason as soon as it is aborted. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal!.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
