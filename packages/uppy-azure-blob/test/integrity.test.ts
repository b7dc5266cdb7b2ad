import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checksum } from '../src/checksum.js'

interface Job {
  id: number
  body: Blob
  kind: 'crc64' | 'md5'
}

/** A browser's worker as seen from its page; that the real one computes is tested in a browser. */
class FakeWorker {
  static started: FakeWorker[] = []
  onmessage?: (event: { data: { id: number; base64?: string; error?: string } }) => void
  onerror?: () => void
  terminated = false
  readonly jobs: Job[] = []

  constructor() {
    FakeWorker.started.push(this)
  }
  postMessage(job: Job): void {
    this.jobs.push(job)
  }
  terminate(): void {
    this.terminated = true
  }
}

let integrityHeaders: typeof import('../src/integrity.js').integrityHeaders
beforeEach(async () => {
  FakeWorker.started = []
  vi.resetModules()
  ;({ integrityHeaders } = await import('../src/integrity.js'))
})
afterEach(() => vi.unstubAllGlobals())

const body = new Blob(['123456789'])

describe('checksums in a worker', () => {
  it('are asked of one worker for all bodies, and each gets its own', async () => {
    vi.stubGlobal('Worker', FakeWorker)
    const headers = [integrityHeaders(body, 'crc64'), integrityHeaders(body, 'md5')]
    const [worker] = FakeWorker.started
    expect(worker!.jobs.map(({ body: sent, kind }) => [sent === body, kind])).toEqual([[true, 'crc64'], [true, 'md5']])
    const [first, second] = worker!.jobs
    worker!.onmessage!({ data: { id: second!.id, base64: 'M' } })
    worker!.onmessage!({ data: { id: first!.id, base64: 'C' } })
    expect(await Promise.all(headers)).toEqual([{ 'x-ms-content-crc64': 'C' }, { 'Content-MD5': 'M' }])
    expect(FakeWorker.started).toHaveLength(1)
  })

  it('fail when the worker could not read the body', async () => {
    vi.stubGlobal('Worker', FakeWorker)
    const headers = integrityHeaders(body, 'md5')
    const [worker] = FakeWorker.started
    worker!.onmessage!({ data: { id: worker!.jobs[0]!.id, error: 'NotReadableError' } })
    await expect(headers).rejects.toThrow('NotReadableError')
  })

  it('are computed by the page where its policy forbids workers, whether that is thrown or told later', async () => {
    const refused = vi.fn(function () {
      throw new DOMException('no', 'SecurityError')
    })
    vi.stubGlobal('Worker', refused)
    const expected = { 'Content-MD5': await checksum(body, 'md5') }
    for (let i = 0; i < 3; i++) expect(await integrityHeaders(body, 'md5')).toEqual(expected)
    expect(refused).toHaveBeenCalledTimes(1)

    vi.resetModules()
    ;({ integrityHeaders } = await import('../src/integrity.js'))
    vi.stubGlobal('Worker', FakeWorker)
    const headers = [integrityHeaders(body, 'md5'), integrityHeaders(body, 'md5')]
    FakeWorker.started[0]!.onerror!()
    expect(await Promise.all(headers)).toEqual([expected, expected])
    expect(FakeWorker.started[0]!.terminated).toBe(true)
    expect(await integrityHeaders(body, 'md5')).toEqual(expected)
    expect(FakeWorker.started).toHaveLength(1)
  })

  it('go to a new worker when one that had worked broke down', async () => {
    vi.stubGlobal('Worker', FakeWorker)
    const first = integrityHeaders(body, 'md5')
    FakeWorker.started[0]!.onmessage!({ data: { id: FakeWorker.started[0]!.jobs[0]!.id, base64: 'M' } })
    await first
    FakeWorker.started[0]!.onerror!()
    const second = integrityHeaders(body, 'md5')
    FakeWorker.started[1]!.onmessage!({ data: { id: FakeWorker.started[1]!.jobs[0]!.id, base64: 'N' } })
    expect(await second).toEqual({ 'Content-MD5': 'N' })
  })
})
