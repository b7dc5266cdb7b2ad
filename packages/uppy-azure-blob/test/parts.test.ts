import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { blockId, blockSizeFor, cut, maxBlocks, maxBlockSize } from '../src/blocks.js'
import { checksum } from '../src/checksum.js'
import { ServerClock } from '../src/clock.js'
import { errorFromAnswer, parseRetryAfter, UploadError } from '../src/errors.js'
import { GrantKeeper, withoutQuery, withQuery } from '../src/grant.js'
import { Limiter } from '../src/limiter.js'
import { checkSigning } from '../src/options.js'
import { withRetry } from '../src/retry.js'
import { Introduction } from '../src/valetkey.js'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('blocks', () => {
  it('gives ids of one length that sort like their numbers', () => {
    const ids = [0, 1, 9, 10, 99_99, maxBlocks - 1].map(blockId)
    expect(ids[0]).toBe('MDAwMDAw')
    expect(new Set(ids.map((id) => id.length)).size).toBe(1)
    expect(ids.map(atob)).toEqual([...ids].map(atob).sort())
  })
  it('refuses a number past the last block', () => {
    expect(() => blockId(maxBlocks)).toThrow(RangeError)
    expect(() => blockId(-1)).toThrow(RangeError)
    expect(() => blockId(0.5)).toThrow(RangeError)
  })
  it('grows the block only when 50,000 do not suffice', () => {
    expect(blockSizeFor(maxBlocks * 1024, 1024)).toBe(1024)
    const grown = blockSizeFor(maxBlocks * 1024 + 1, 1024)
    expect(grown % 1_048_576).toBe(0)
    expect(Math.ceil((maxBlocks * 1024 + 1) / grown)).toBeLessThanOrEqual(maxBlocks)
    expect(() => blockSizeFor(maxBlocks * maxBlockSize + 1, 1024)).toThrow(RangeError)
  })
  it('cuts without gap or overlap', () => {
    expect(cut(0, 4)).toEqual([])
    expect(cut(8, 4).map(({ start, end }) => [start, end])).toEqual([[0, 4], [4, 8]])
    expect(cut(9, 4).map(({ start, end }) => [start, end])).toEqual([[0, 4], [4, 8], [8, 9]])
  })
})

describe('checksums', () => {
  it('knows the check value of CRC-64/NVME', async () => {
    const digest = Buffer.from(await checksum(new Blob(['123456789']), 'crc64'), 'base64')
    expect(digest.readBigUInt64LE().toString(16)).toBe('ae8b14860a799888')
  })
  it('is the MD5 that everybody else computes, at every length around a block', async () => {
    for (const size of [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 1000, 1_048_576, 1_048_577, 2_200_003]) {
      const bytes = Buffer.alloc(size, 'valet')
      expect(await checksum(new Blob([bytes]), 'md5')).toBe(createHash('md5').update(bytes).digest('base64'))
    }
  })
  it('does not depend on where the pieces end', async () => {
    const bytes = Uint8Array.from({ length: 1_048_576 + 13 }, (_, i) => (i * 7919) >> 3)
    const { Crc64 } = await import('../src/crc64.js')
    const byteByByte = new Crc64()
    for (let i = 0; i < bytes.length; i++) byteByByte.update(bytes.subarray(i, i + 1))
    expect(await checksum(new Blob([bytes]), 'crc64')).toBe(Buffer.from(byteByByte.digest()).toString('base64'))
  })
})

describe('errors', () => {
  const answer = (status: number, text: string, headers: Record<string, string>) => ({
    status,
    text,
    header: (name: string) => headers[name] ?? null,
  })
  it('says what a problem document says', () => {
    const text = JSON.stringify({ type: 'https://x/too-large', title: 'Too large', detail: '50 MB at most', reason: 'too-large', requestId: 'q' })
    const error = errorFromAnswer(answer(413, text, { 'content-type': 'application/problem+json' }), 'POST')
    expect(error).toMatchObject({
      message: 'Too large: 50 MB at most', kind: 'refused', status: 413, code: 'https://x/too-large',
      title: 'Too large', reason: 'too-large', requestId: 'q', retryable: false,
    })
  })
  it("says what Azure's XML says, even when CORS hides the header", () => {
    const text = '<?xml version="1.0"?><Error><Code>InvalidBlockId</Code><Message>Bad id.\nRequestId:1</Message></Error>'
    const error = errorFromAnswer(answer(400, text, { 'content-type': 'application/xml' }), 'PUT')
    expect(error).toMatchObject({ code: 'InvalidBlockId', title: 'Bad id.', retryable: false })
  })
  it('survives a body that is not what its type says', () => {
    const error = errorFromAnswer(answer(502, '<html>', { 'content-type': 'application/json' }), 'PUT')
    expect(error).toMatchObject({ kind: 'server', retryable: true, title: undefined })
  })
  it('reads Retry-After in seconds and as a date', () => {
    const now = Date.parse('2026-01-01T00:00:00Z')
    expect(parseRetryAfter('3', now)).toBe(3000)
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:10 GMT', now)).toBe(10_000)
    expect(parseRetryAfter('Thu, 01 Jan 2020 00:00:10 GMT', now)).toBe(0)
    expect(parseRetryAfter('soon', now)).toBeUndefined()
    expect(parseRetryAfter(null, now)).toBeUndefined()
  })
})

describe('the server clock', () => {
  const at = (time: string): number => Date.parse(`2026-01-01T${time}Z`)
  it('measures how far the two clocks are apart, the closer the more answers there are', () => {
    const clock = new ServerClock()
    clock.observe('Thu, 01 Jan 2026 01:00:00 GMT', at('00:00:00'), at('00:00:01'))
    expect(clock.skew).toBe(3_600_000)
    clock.observe('Thu, 01 Jan 2026 01:00:10 GMT', at('00:00:00'), at('00:00:30'))
    expect(clock.skew).toBe(3_600_000)
    clock.observe('Thu, 01 Jan 2026 01:00:09 GMT', at('00:00:09.7'), at('00:00:09.7'))
    expect(clock.skew).toBe(3_599_800)
  })
  it('takes clocks for the same while they can be, however slow an answer', () => {
    const clock = new ServerClock()
    clock.observe('Thu, 01 Jan 2026 00:00:00 GMT', at('00:00:00.9'), at('00:00:05'))
    expect(clock.skew).toBe(0)
  })
  it('follows a clock that is set', () => {
    const clock = new ServerClock()
    clock.observe('Thu, 01 Jan 2026 01:00:00 GMT', at('00:00:00'), at('00:00:00'))
    clock.observe('Thu, 01 Jan 2026 01:00:05 GMT', at('01:00:05'), at('01:00:05'))
    expect(clock.skew).toBe(0)
  })
  it('ignores what is hidden or no date', () => {
    const clock = new ServerClock()
    clock.observe(null, 0, 1)
    clock.observe('yesterday', 0, 1)
    expect(clock.skew).toBe(0)
  })
})

describe('the limiter', () => {
  it('never runs more than its limit and lets the lower priority number go first', async () => {
    const limiter = new Limiter(2)
    let running = 0
    let most = 0
    const order: number[] = []
    const task = (priority: number) =>
      limiter.run(priority, undefined, async () => {
        most = Math.max(most, ++running)
        order.push(priority)
        await Promise.resolve()
        running--
      })
    await Promise.all([task(9), task(8), task(7), task(1), task(3), task(1)])
    expect(most).toBe(2)
    expect(order).toEqual([9, 8, 1, 1, 3, 7])
  })
  it('frees the place of one who stops waiting', async () => {
    const limiter = new Limiter(1)
    let release = (): void => undefined
    const first = limiter.run(0, undefined, () => new Promise<void>((resolve) => (release = resolve)))
    const stop = new AbortController()
    const second = limiter.run(0, stop.signal, async () => 'second')
    const third = limiter.run(0, undefined, async () => 'third')
    stop.abort(new Error('changed my mind'))
    await expect(second).rejects.toThrow('changed my mind')
    release()
    await first
    await expect(third).resolves.toBe('third')
  })
})

describe('the grant keeper', () => {
  it('renews once for all who wait, before the expiry', async () => {
    vi.useFakeTimers({ now: 0 })
    let fetched = 0
    const keeper = new GrantKeeper(new ServerClock(), async () => ({ url: `u${++fetched}`, expiresAt: Date.now() + 600_000 }))
    expect((await keeper.current()).url).toBe('u1')
    vi.setSystemTime(539_000)
    expect((await keeper.current()).url).toBe('u1')
    vi.setSystemTime(541_000)
    const grants = await Promise.all(Array.from({ length: 20 }, () => keeper.current()))
    expect(new Set(grants.map((grant) => grant.url))).toEqual(new Set(['u2']))
    expect(fetched).toBe(2)
  })
  it('goes on with a grant that still holds when renewing fails', async () => {
    vi.useFakeTimers({ now: 0 })
    const keeper = new GrantKeeper(new ServerClock(), async () => Promise.reject(new Error('down')))
    keeper.hold({ url: 'old', expiresAt: 600_000 })
    vi.setSystemTime(590_000)
    expect((await keeper.current()).url).toBe('old')
    vi.setSystemTime(600_001)
    await expect(keeper.current()).rejects.toThrow('down')
  })
  it('is not emptied by a refusal of a grant it has already replaced', async () => {
    let fetched = 0
    const keeper = new GrantKeeper(new ServerClock(), async () => ({ url: `u${++fetched}` }))
    const old = await keeper.current()
    keeper.refused(old)
    await keeper.current()
    keeper.refused(old)
    expect((await keeper.current()).url).toBe('u2')
  })
  it('renews one that had expired on arrival where the server’s time was measured: the answer was late', async () => {
    vi.useFakeTimers({ now: 0 })
    const clock = new ServerClock()
    let fetched = 0
    const keeper = new GrantKeeper(clock, async () => ({ url: `u${++fetched}`, expiresAt: Date.now() + 4000 }))
    // Asked for at 0, signed at once for four seconds, read nine seconds later by a page that was busy.
    vi.setSystemTime(9000)
    clock.observe('Thu, 01 Jan 1970 00:00:00 GMT', 0, 9000)
    keeper.hold({ url: 'late', expiresAt: 4000 })
    expect((await keeper.current()).url).toBe('u1')
    expect((await keeper.current()).url).toBe('u1')
  })
  it('does not renew on every block when the local clock is far ahead', async () => {
    let fetched = 0
    const keeper = new GrantKeeper(new ServerClock(), async () => ({ url: `u${++fetched}`, expiresAt: Date.now() - 3_600_000 }))
    await keeper.current()
    await keeper.current()
    expect(fetched).toBe(1)
  })
})

describe('retrying', () => {
  const failing = (error: UploadError, times: number) => {
    let calls = 0
    return async () => {
      if (calls++ < times) throw error
      return calls
    }
  }
  const network = new UploadError('cut', { kind: 'network', retryable: true })
  it('gives up when the delays are used up', async () => {
    await expect(withRetry(failing(network, 3), { delays: [1, 1], maxRetryAfter: 0 })).rejects.toBe(network)
    await expect(withRetry(failing(network, 2), { delays: [1, 1], maxRetryAfter: 0 })).resolves.toBe(3)
  })
  it('waits as long as the server asks, but not for ever', async () => {
    vi.useFakeTimers()
    const busy = new UploadError('busy', { kind: 'server', status: 503, retryable: true, retryAfter: 5000 })
    const patient = withRetry(failing(busy, 1), { delays: [1], maxRetryAfter: 5000 })
    let done = false
    void patient.then(() => (done = true))
    await vi.advanceTimersByTimeAsync(4999)
    expect(done).toBe(false)
    await vi.advanceTimersByTimeAsync(1252)
    expect(done).toBe(true)
    await expect(withRetry(failing(busy, 1), { delays: [1], maxRetryAfter: 4999 })).rejects.toBe(busy)
  })
  it('spreads each delay over 50 to 150 %, differently for each block that failed', async () => {
    vi.useFakeTimers()
    const waited = async (chances: (number | undefined)[], error = network): Promise<number[]> => {
      const began = Date.now()
      const waits = chances.map(async (chance) => {
        await withRetry(failing(error, 1), { delays: [1000], maxRetryAfter: 60_000, ...(chance !== undefined && { random: () => chance }) })
        return Date.now() - began
      })
      await vi.runAllTimersAsync()
      return Promise.all(waits)
    }
    expect(await waited([0, 0.25, 0.5, 0.999_999_9])).toEqual([500, 750, 1000, 1499])
    // By default no two waits are the same.
    expect(new Set(await waited(Array.from({ length: 20 }, () => undefined))).size).toBeGreaterThan(1)
    // Never sooner than the server asked; and not all at once then.
    const busy = new UploadError('busy', { kind: 'server', status: 503, retryable: true, retryAfter: 2000 })
    expect(await waited([0, 0.5, 0.999_999_9], busy)).toEqual([2000, 2250, 2499])
  })
  it('does not count the time offline', async () => {
    const page = Object.assign(new EventTarget(), { onLine: false })
    vi.stubGlobal('navigator', page)
    const listeners: (() => void)[] = []
    vi.stubGlobal('addEventListener', (_: string, listener: () => void) => listeners.push(listener))
    vi.stubGlobal('removeEventListener', () => undefined)
    const result = withRetry(failing(network, 1), { delays: [], maxRetryAfter: 0 })
    await vi.waitFor(() => expect(listeners).toHaveLength(1))
    page.onLine = true
    listeners[0]!()
    await expect(result).resolves.toBe(2)
  })
  it('stops at once when cancelled', async () => {
    const stop = new AbortController()
    const result = withRetry(failing(network, 9), { delays: [60_000], maxRetryAfter: 0, signal: stop.signal })
    queueMicrotask(() => stop.abort(new Error('cancelled')))
    await expect(result).rejects.toThrow('cancelled')
  })
})

describe('the introduction', () => {
  it('lets one go first, and the next one when that failed', async () => {
    const introduction = new Introduction()
    const log: string[] = []
    const begin = (name: string, fails = false) =>
      introduction.wait(async () => {
        log.push(`${name} begins`)
        await Promise.resolve()
        if (fails) throw new Error(name)
        log.push(`${name} ends`)
      })
    await Promise.allSettled([begin('a', true), begin('b'), begin('c'), begin('d')])
    expect(log.slice(0, 3)).toEqual(['a begins', 'b begins', 'b ends'])
    expect(log.slice(3, 5)).toEqual(['c begins', 'd begins'])
  })
})

describe('options and URLs', () => {
  it('wants exactly one signer', () => {
    expect(() => checkSigning({})).toThrow('exactly one')
    expect(() => checkSigning({ endpoint: '/api', getUpload: () => ({ url: '' }) })).toThrow('exactly one')
    expect(() => checkSigning({ endpoint: () => '/api' })).toThrow('must be a string')
    expect(() => checkSigning({ signRequest: 'x' })).toThrow('must be a function')
    expect(() => checkSigning({ endpoint: '/api' })).not.toThrow()
  })
  it('leaves the signature as it is', () => {
    expect(withQuery('http://h/a?sig=%2B%2F%3D', 'comp=block')).toBe('http://h/a?sig=%2B%2F%3D&comp=block')
    expect(withQuery('http://h/a', 'comp=block')).toBe('http://h/a?comp=block')
    expect(withoutQuery('http://h/a?sig=x')).toBe('http://h/a')
  })
})
