import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { blockId } from '../src/blocks.js'
import { createLanes, upload, UploadError, type UploadOptions, type ResumeState } from '../src/core.js'
import { azureError, startStorage, type Storage } from './support/storage.js'

const bytes = (size: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255)

let storage: Storage
beforeEach(async () => {
  storage = await startStorage()
})
afterEach(() => storage.stop())

const options = (more: Partial<UploadOptions> = {}): UploadOptions =>
  ({
    getUpload: () => ({ url: `${storage.url}/images/a?sp=rw&sig=1` }),
    blockSize: 1000,
    retryDelays: [1, 1, 1],
    ...more,
  }) as UploadOptions

describe('upload in blocks', () => {
  it('sends every byte once and commits the blocks in order', async () => {
    const data = bytes(10_500)
    const progress: number[] = []
    const result = await upload(new Blob([data]), options({ onProgress: (sent) => progress.push(sent) }))
    expect(storage.committed!.equals(data)).toBe(true)
    expect(storage.received.filter((request) => request.query.get('comp') === 'block')).toHaveLength(11)
    expect(result.location).toBe(`${storage.url}/images/a`)
    expect(progress.at(-1)).toBe(10_500)
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
  })

  it('keeps to the limit, and uses it', async () => {
    // Nothing is answered before three requests are there: fewer at a time would wait for ever.
    const held: ServerResponse[] = []
    storage.trouble = (request, response) => {
      if (request.query.get('comp') !== 'block') return false
      storage.blocks.set(request.query.get('blockid')!, request.body)
      held.push(response)
      if (held.length === 3) for (const each of held.splice(0)) each.writeHead(201).end()
      return true
    }
    await upload(new Blob([bytes(30_000)]), options({ limit: 3, stallTimeout: 0 }))
    expect(storage.busiest).toBe(3)
  })

  it('sends only what is missing or of the wrong size when it resumes', async () => {
    const data = bytes(5000)
    for (const number of [0, 2, 4]) storage.blocks.set(blockId(number), Buffer.from(data.subarray(number * 1000, number * 1000 + 1000)))
    storage.blocks.set(blockId(1), Buffer.from('half a block'))
    const resume: ResumeState = { id: 'a', url: `${storage.url}/images/a`, size: 5000, blockSize: 1000 }
    await upload(new Blob([data]), options({ resume }))
    const sent = storage.received.filter((request) => request.query.get('comp') === 'block')
    expect(sent.map((request) => atob(request.query.get('blockid')!)).sort()).toEqual(['000001', '000003'])
    expect(storage.committed!.equals(data)).toBe(true)
  })

  it('does not resume onto a file of another size', async () => {
    storage.blocks.set(blockId(0), Buffer.alloc(1000))
    const resume: ResumeState = { id: 'a', url: `${storage.url}/images/a`, size: 9999, blockSize: 1000 }
    const data = bytes(2000)
    await upload(new Blob([data]), options({ resume }))
    expect(storage.committed!.equals(data)).toBe(true)
  })

  it('tries one block again, not the file', async () => {
    let failures = 2
    storage.trouble = (request, response) => {
      if (request.query.get('blockid') !== blockId(3) || failures-- <= 0) return false
      if (failures === 1) {
        response.destroy()
        return true
      }
      return azureError(response, 503, 'ServerBusy')
    }
    const data = bytes(6000)
    await upload(new Blob([data]), options())
    expect(storage.received.filter((request) => request.query.get('comp') === 'block')).toHaveLength(8)
    expect(storage.committed!.equals(data)).toBe(true)
  })

  it('fetches one new signature for all blocks that were refused', async () => {
    let signature = 0
    storage.trouble = (request, response) =>
      request.query.get('sig') === '1' && azureError(response, 403, 'AuthenticationFailed')
    const getUpload = () => ({ url: `${storage.url}/images/a?sp=w&sig=${++signature}` })
    await upload(new Blob([bytes(6000)]), options({ getUpload }))
    expect(signature).toBe(2)
    expect(storage.committed).toHaveLength(6000)
  })

  it('gives up when fresh signatures are refused as well', async () => {
    storage.trouble = (_, response) => azureError(response, 403, 'AuthenticationFailed')
    await expect(upload(new Blob([bytes(3000)]), options({ limit: 1 }))).rejects.toMatchObject({ kind: 'expired' })
    expect(storage.received).toHaveLength(3)
  })

  it('does not ask again when the permission is wrong', async () => {
    storage.trouble = (_, response) => azureError(response, 403, 'AuthorizationPermissionMismatch')
    await expect(upload(new Blob([bytes(3000)]), options({ limit: 1 }))).rejects.toMatchObject({
      kind: 'refused',
      code: 'AuthorizationPermissionMismatch',
    })
    expect(storage.received).toHaveLength(1)
  })

  it('renews before the expiry that the SAS states', async () => {
    let signature = 0
    const lifetimes = [-1, 600]
    const getUpload = () => {
      const expires = new Date(Date.now() + (lifetimes[signature++] ?? 600_000)).toISOString()
      return { url: `${storage.url}/images/a?sp=w&sig=${signature}&se=${encodeURIComponent(expires)}` }
    }
    await upload(new Blob([bytes(2000)]), options({ getUpload }))
    // One that had expired on arrival is used until it is refused: the clocks may differ.
    expect(signature).toBe(1)
  })

  it('notices a connection that stands still', async () => {
    let stalled = false
    storage.trouble = () => !stalled && (stalled = true)
    const kinds: string[] = []
    await upload(new Blob([bytes(900)]), options({ inBlocks: true, stallTimeout: 2000, onRetry: (error) => kinds.push(error.kind) }))
    expect(kinds).toEqual(['stalled'])
    expect(storage.committed).toHaveLength(900)
  })

  it('stops when it is cancelled, with the reason that was given', async () => {
    const stop = new AbortController()
    storage.trouble = () => {
      stop.abort(new Error('enough'))
      return true
    }
    const states: ResumeState[] = []
    await expect(
      upload(new Blob([bytes(5000)]), options({ signal: stop.signal, limit: 1, onState: (state) => states.push(state) })),
    ).rejects.toThrow('enough')
    expect(states.at(-1)).toEqual({ id: expect.any(String), url: `${storage.url}/images/a`, size: 5000, blockSize: 1000 })
    expect(JSON.stringify(states)).not.toContain('sig')
  })

  it('takes a commit whose answer was lost for done', async () => {
    let commits = 0
    storage.trouble = (request, response) => {
      if (request.query.get('comp') !== 'blocklist') return false
      if (commits++ > 0) return azureError(response, 409, 'BlobAlreadyExists')
      response.destroy()
      return true
    }
    await expect(upload(new Blob([bytes(3000)]), options())).resolves.toMatchObject({ location: `${storage.url}/images/a` })
    expect(commits).toBe(2)
  })

  it('does not take another blob of that name for its own', async () => {
    storage.trouble = (request, response) =>
      request.query.get('comp') === 'blocklist' && azureError(response, 409, 'BlobAlreadyExists')
    await expect(upload(new Blob([bytes(3000)]), options())).rejects.toMatchObject({ code: 'BlobAlreadyExists' })
  })

  it('lets a backend commit instead of the browser', async () => {
    const result = await upload(
      new Blob([bytes(2500)]),
      options({ completeUpload: (_file: unknown, { blockIds }: { blockIds: readonly string[] }) => ({ blockIds }) } as never),
    )
    expect(result.body).toEqual({ blockIds: [0, 1, 2].map(blockId) })
    expect(storage.received.some((request) => request.query.get('comp') === 'blocklist')).toBe(false)
  })

  it('carries a checksum for every block when asked', async () => {
    await upload(new Blob([bytes(2500)]), options({ integrity: 'crc64' }))
    const sums = storage.received.filter((request) => request.query.get('comp') === 'block').map((request) => request.headers['x-ms-content-crc64'])
    expect(sums).toHaveLength(3)
    for (const sum of sums) expect(sum).toMatch(/^[A-Za-z0-9+/]{11}=$/)
  })
})

describe('uploads that share lanes', () => {
  /** Keeps what is sent waiting for an answer until it is let go. */
  const hold = (): (() => void) => {
    const held: ServerResponse[] = []
    storage.trouble = (request, response) => {
      storage.blocks.set(request.query.get('blockid')!, request.body)
      held.push(response)
      return true
    }
    return () => {
      storage.trouble = undefined
      for (const each of held) each.writeHead(201).end()
    }
  }

  it('have the next files signed while the bytes of the ones before are in flight', async () => {
    const letGo = hold()
    const lanes = createLanes(3)
    let signed = 0
    const getUpload = () => ({ url: `${storage.url}/images/${++signed}?sp=c` })
    const done = Promise.all(Array.from({ length: 20 }, () => upload(new Blob([bytes(500)]), { getUpload, lanes, stallTimeout: 0 })))
    await expect.poll(() => [storage.received.length, signed]).toEqual([3, 6])
    letGo()
    await done
    expect(signed).toBe(20)
    expect(storage.received).toHaveLength(20)
    expect(storage.busiest).toBe(3)
  })

  it('compute the next checksums while the bytes of the blocks before are in flight, and read ahead for nothing else', async () => {
    for (const [integrity, begun] of [['crc64', [0, 1000]], [false, [0]]] as const) {
      storage.received.length = 0
      const letGo = hold()
      const file = new Blob([bytes(5000)])
      const cuts: number[] = []
      const slice = file.slice.bind(file)
      file.slice = (start, end, type) => {
        cuts.push(start!)
        return slice(start, end, type)
      }
      const done = upload(file, options({ integrity, limit: 1, stallTimeout: 0 }))
      await expect.poll(() => storage.received.length).toBe(1)
      expect(cuts).toEqual(begun)
      letGo()
      await done
      expect(cuts).toEqual([0, 1000, 2000, 3000, 4000])
    }
  })
})

describe('upload in one request', () => {
  it('sends a small file with one Put Blob that refuses to overwrite', async () => {
    await upload(new Blob([bytes(800)], { type: 'image/png' }), options({ meta: { 'file-name': 'ä.png' } }))
    expect(storage.received).toHaveLength(1)
    expect(storage.received[0]!.headers).toMatchObject({
      'x-ms-blob-type': 'BlockBlob',
      'x-ms-blob-content-type': 'image/png',
      'if-none-match': '*',
      'x-ms-meta-file_name': '%C3%A4.png',
    })
    expect(storage.committed).toHaveLength(800)
  })

  it('sends the file itself, but nothing that a backend has not signed', async () => {
    const file = new File([bytes(800)], 'a.png', { type: 'image/png' })
    file.slice = () => {
      throw new Error('cut')
    }
    await upload(file, options())
    const signRequest = () => ({ url: `${storage.url}/images/b?sp=cw` })
    await upload(new File([bytes(800)], 'b.png', { type: 'image/png' }), { signRequest })
    expect(storage.received.map(({ headers }) => headers['content-type'])).toEqual(['image/png', undefined])
  })

  it('does so for any size when the SAS may create and nothing else', async () => {
    const getCredentials = () => ({ sasKey: '?sp=c&sig=1', url: `${storage.url}/account` })
    const result = await upload(new File([bytes(5000)], 'Bild.JPG'), {
      getCredentials, blockSize: 1000, retryDelays: [],
    })
    expect(storage.received).toHaveLength(1)
    expect(storage.received[0]!.path).toMatch(/^\/account\/images\/[0-9a-f]{32}\.jpg$/)
    expect(result.location).toBe(storage.url + storage.received[0]!.path)
    expect(storage.committed).toHaveLength(5000)
  })

  it('takes its own blob, found after a lost answer, for success', async () => {
    let puts = 0
    storage.trouble = (_, response) => {
      if (puts++ > 0) return azureError(response, 403, 'UnauthorizedBlobOverwrite')
      response.destroy()
      return true
    }
    const getCredentials = () => ({ sasKey: 'sp=c&sig=1', url: storage.url })
    await expect(upload(new Blob([bytes(10)]), { getCredentials, retryDelays: [1] })).resolves.toBeDefined()
    expect(puts).toBe(2)
  })
})

describe('a signature for every request', () => {
  it('asks for each, and sends the headers that it covers', async () => {
    const asked: string[] = []
    await upload(new Blob([bytes(2500)]), {
      signRequest: (request) => {
        asked.push(request.operation)
        return { url: `${storage.url}/c/${request.blobName}?sig=x`, headers: { 'x-ms-client-request-id': request.operation } }
      },
      blobName: 'named',
      blockSize: 1000,
      limit: 1,
    })
    expect(asked).toEqual(['put-block-list', 'put-block', 'put-block', 'put-block', 'put-block-list'])
    expect(storage.received[0]!.headers['x-ms-client-request-id']).toBe('put-block')
    expect(storage.committed).toHaveLength(2500)
  })
})

describe('what a callback throws', () => {
  it('reaches the caller as it is', async () => {
    const mine = new Error('not signed in')
    await expect(upload(new Blob(['x']), { getUpload: () => Promise.reject(mine) })).rejects.toBe(mine)
  })
  it('is tried again when its own fetch failed', async () => {
    let calls = 0
    const getUpload = () => {
      if (calls++ === 0) throw new TypeError('Failed to fetch')
      return { url: `${storage.url}/images/a?sp=w` }
    }
    await upload(new Blob(['x']), { getUpload, retryDelays: [1] })
    expect(calls).toBe(2)
  })
  it('leaves a file that cannot be read alone', async () => {
    const broken = new Blob([bytes(10)])
    broken.slice = () => Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(new Error('gone')) })
    storage.trouble = (_, response) => {
      response.destroy()
      return true
    }
    await expect(upload(broken, options({ retryDelays: [] }))).rejects.toMatchObject({ kind: 'unreadable' } satisfies Partial<UploadError>)
  })
})
