import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { upload, type UploadError, type UploadOptions } from '../src/core.js'
import { send, type SendRequest } from '../src/transport.js'

/** XMLHttpRequest as far as the transport uses it; what the network does, the test does. */
class FakeXHR {
  static sent: FakeXHR[] = []
  upload: { onprogress?: (event: { loaded: number }) => void } = {}
  onprogress?: () => void
  onload?: () => void
  onerror?: () => void
  onabort?: () => void
  status = 0
  responseText = ''
  responseType = ''
  url = ''
  body: unknown
  aborted = false
  readonly headers: Record<string, string> = {}

  open(_method: string, url: string): void {
    this.url = url
  }
  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value
  }
  send(body: unknown): void {
    this.body = body
    FakeXHR.sent.push(this)
  }
  getAllResponseHeaders(): string {
    return 'Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nx-ms-request-id: r:1\r\n'
  }
  abort(): void {
    this.aborted = true
    this.onabort?.()
  }
  answers(status: number): void {
    this.status = status
    this.onload?.()
  }
}

beforeEach(() => {
  FakeXHR.sent = []
  vi.stubGlobal('XMLHttpRequest', FakeXHR)
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** The next request, as soon as it was sent. */
const sent = (number: number): Promise<FakeXHR> => vi.waitUntil(() => FakeXHR.sent[number])
const outcome = <T>(promise: Promise<T>): Promise<T | UploadError> => promise.catch((error: UploadError) => error)

describe('a request by XMLHttpRequest', () => {
  const body = new Blob(['0123456789'])
  const request = (more: Partial<SendRequest> = {}) =>
    send({ method: 'PUT', url: 'https://a.example/c/b?sig=x', headers: { 'x-ms-version': '1' }, body, stallTimeout: 1000, ...more })

  it('hands over the body as it is, tells of each byte that left, and reads the headers', async () => {
    const progress: number[] = []
    const answer = request({ onProgress: (loaded) => progress.push(loaded) })
    const [xhr] = FakeXHR.sent
    expect(xhr).toMatchObject({ url: 'https://a.example/c/b?sig=x', headers: { 'x-ms-version': '1' } })
    expect(xhr!.body).toBe(body)
    for (const loaded of [3, 7, 10]) xhr!.upload.onprogress!({ loaded })
    xhr!.answers(201)
    const { status, header } = await answer
    expect(progress).toEqual([3, 7, 10])
    expect([status, header('X-MS-Request-Id'), header('etag')]).toEqual([201, 'r:1', null])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is given up when no byte moved for so long, and not while bytes move', async () => {
    const answer = outcome(request())
    const [xhr] = FakeXHR.sent
    for (const loaded of [1, 2, 3]) {
      vi.advanceTimersByTime(999)
      xhr!.upload.onprogress!({ loaded })
    }
    vi.advanceTimersByTime(999)
    xhr!.onprogress!() // the answer begins to come in
    vi.advanceTimersByTime(999)
    expect(xhr!.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(xhr!.aborted).toBe(true)
    expect(await answer).toMatchObject({ kind: 'stalled', retryable: true, message: 'No byte moved for 1 seconds' })
  })

  it('is never given up with a stall timeout of 0', async () => {
    const answer = request({ stallTimeout: 0 })
    expect(vi.getTimerCount()).toBe(0)
    FakeXHR.sent[0]!.answers(200)
    await answer
  })

  it('takes an abort that nobody asked for, as Safari calls a dropped connection, for a network error', async () => {
    const answer = outcome(request({ signal: new AbortController().signal }))
    FakeXHR.sent[0]!.onabort!()
    expect(await answer).toMatchObject({ name: 'UploadError', kind: 'network', retryable: true, status: 0 })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends with the reason of whoever aborted it', async () => {
    const stop = new AbortController()
    const answer = request({ signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(answer).rejects.toThrow('enough')
    expect(FakeXHR.sent[0]!.aborted).toBe(true)
  })
})

describe('an upload by XMLHttpRequest', () => {
  const start = (more: Partial<UploadOptions> = {}) =>
    upload(new Blob(['x'.repeat(25)]), {
      getUpload: () => ({ url: 'https://a.example/c/b?sp=w' }), blockSize: 10, limit: 1, stallTimeout: 1000, retryDelays: [10], ...more,
    } as UploadOptions)

  it('tries a block again whose connection Safari dropped, and counts its bytes once', async () => {
    const progress: number[] = []
    const kinds: string[] = []
    const done = start({ onProgress: (bytes) => progress.push(bytes), onRetry: ({ kind }) => kinds.push(kind) })
    ;(await sent(0)).answers(201)
    const dropped = await sent(1)
    dropped.upload.onprogress!({ loaded: 6 })
    dropped.onabort!()
    const again = await sent(2)
    expect(again.url).toBe(dropped.url)
    again.upload.onprogress!({ loaded: 4 })
    again.answers(201)
    for (const number of [3, 4]) (await sent(number)).answers(201)
    await done
    expect(kinds).toEqual(['network'])
    expect(progress).toEqual([0, 10, 16, 10, 14, 20, 25])
    expect(FakeXHR.sent).toHaveLength(5)
  })

  it('tries a block again that stood still', async () => {
    const kinds: string[] = []
    const done = start({ inBlocks: false, onRetry: ({ kind }) => kinds.push(kind) })
    const stalled = await sent(0)
    await vi.advanceTimersByTimeAsync(1000)
    expect(stalled.aborted).toBe(true)
    ;(await sent(1)).answers(201)
    await done
    expect(kinds).toEqual(['stalled'])
  })

  it('tries nothing again once the user has aborted it', async () => {
    const stop = new AbortController()
    const retried = vi.fn()
    const done = start({ signal: stop.signal, onRetry: retried })
    const first = await sent(0)
    const failed = expect(done).rejects.toThrow('enough')
    stop.abort(new Error('enough'))
    await failed
    await vi.advanceTimersByTimeAsync(60_000)
    expect(first.aborted).toBe(true)
    expect(retried).not.toHaveBeenCalled()
    expect(FakeXHR.sent).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})
