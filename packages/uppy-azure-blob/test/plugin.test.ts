import { randomBytes } from 'node:crypto'
import Uppy from '@uppy/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import AzureBlob from '../src/index.js'
import { type BlobService, startAzurite } from './support/blob-service.js'
import { type StandIn, startStandIn } from './support/valetkey.js'

let azurite: BlobService
let valetkey: StandIn

beforeAll(async () => {
  azurite = await startAzurite()
  valetkey = await startStandIn(azurite)
})
afterAll(async () => {
  await valetkey?.stop()
  await azurite?.stop()
})
beforeEach(() => {
  valetkey.calls = []
  valetkey.blockSize = 64 * 1024
})

const newUppy = () => new Uppy().use(AzureBlob, { endpoint: valetkey.endpoint, limit: 2, retryDelays: [1] })
const picture = (size: number, name = 'picture.jpg', type = 'image/jpeg') => ({
  name, type, data: new Blob([randomBytes(size) as Buffer<ArrayBuffer>], { type }),
})
const download = (id: string) => azurite.service.getContainerClient('images').getBlobClient(id).downloadToBuffer()

describe('the Uppy plugin', () => {
  it('uploads many files and reports each', async () => {
    const uppy = newUppy()
    for (let i = 0; i < 5; i++) uppy.addFile(picture(100_000 + i, `p${i}.jpg`))
    const result = await uppy.upload()
    expect(result!.failed).toEqual([])
    expect(result!.successful).toHaveLength(5)
    for (const file of result!.successful!) {
      const id = (file.response!.body as unknown as { id: string }).id
      expect(Buffer.from(await (file.data as Blob).arrayBuffer()).equals(await download(id))).toBe(true)
      expect(file.progress).toMatchObject({ uploadComplete: true, bytesUploaded: file.size })
      expect(file.uploadURL).toBe(`${valetkey.endpoint}/photos/${id}`)
    }
  })

  it('reports what the server says, and the others go on', async () => {
    const uppy = newUppy()
    uppy.addFile(picture(10, 'a.pdf', 'application/pdf'))
    uppy.addFile(picture(1000))
    const result = await uppy.upload()
    expect(result!.successful).toHaveLength(1)
    expect(result!.failed![0]!.error).toContain('This is not a picture')
  })

  it('pauses, and resumes without sending a finished block again', async () => {
    const uppy = newUppy()
    const id = uppy.addFile(picture(64 * 1024 * 6))
    const numbers: number[] = []
    uppy.on('azure-blob:block-uploaded', (_, { number }) => {
      numbers.push(number)
      if (numbers.length === 2) uppy.pauseResume(id)
    })
    const done = uppy.upload()
    await expect.poll(() => uppy.getFile(id).isPaused).toBe(true)
    uppy.pauseResume(id)
    const result = await done
    expect(result!.successful).toHaveLength(1)
    // What was in flight may have arrived after all; then it is found staged and not sent again either.
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(valetkey.calls.filter((call) => call.startsWith('GET'))).toHaveLength(1)
    const body = result!.successful![0]!.response!.body as unknown as { id: string }
    expect(Buffer.from(await (uppy.getFile(id).data as Blob).arrayBuffer()).equals(await download(body.id))).toBe(true)
  })

  it('forgets the upload when the file is removed', async () => {
    const uppy = newUppy()
    const id = uppy.addFile(picture(64 * 1024 * 4))
    uppy.on('azure-blob:block-uploaded', () => uppy.getFile(id) && uppy.removeFile(id))
    await uppy.upload()
    await expect.poll(() => valetkey.calls.filter((call) => call.startsWith('DELETE /api/uploads/'))).toHaveLength(1)
    expect(valetkey.calls.some((call) => call.endsWith('/complete'))).toBe(false)
  })

  it('forgets all of them when everything is cancelled', async () => {
    const uppy = newUppy()
    uppy.addFile(picture(64 * 1024 * 4, 'a.jpg'))
    uppy.addFile(picture(64 * 1024 * 4, 'b.jpg'))
    let granted = 0
    uppy.on('azure-blob:block-uploaded', () => ++granted === 3 && uppy.cancelAll())
    await uppy.upload()
    await expect.poll(() => valetkey.calls.filter((call) => call.startsWith('DELETE'))).toHaveLength(2)
  })

  it('keeps what is needed to resume on the file, without a signature', async () => {
    const uppy = newUppy()
    const id = uppy.addFile(picture(64 * 1024 * 3))
    let kept = ''
    uppy.on('azure-blob:block-uploaded', (file) => (kept ||= JSON.stringify((file as { azureBlob?: unknown }).azureBlob)))
    await uppy.upload()
    expect(JSON.parse(kept)).toMatchObject({ size: 64 * 1024 * 3, blockSize: 64 * 1024 })
    expect(kept).not.toContain('sig=')
    expect((uppy.getFile(id) as { azureBlob?: unknown }).azureBlob).toBeUndefined()
  })

  it('retries a failed file from where it was', async () => {
    const uppy = new Uppy().use(AzureBlob, { endpoint: valetkey.endpoint, limit: 1, retryDelays: [] })
    const id = uppy.addFile(picture(64 * 1024 * 4))
    const file = uppy.getFile(id).data as Blob
    const slice = file.slice.bind(file)
    let broken = true
    file.slice = (start, end, type) => {
      if (broken && start === 64 * 1024 * 2) throw new Error('disk trouble')
      return slice(start, end, type)
    }
    expect((await uppy.upload())!.failed).toHaveLength(1)
    broken = false
    const numbers: number[] = []
    uppy.on('azure-blob:block-uploaded', (_, { number }) => numbers.push(number))
    const result = await uppy.retryUpload(id)
    expect(result!.successful).toHaveLength(1)
    expect(numbers).toEqual([2, 3])
  })

  it('gives each signer its own options and refuses two', () => {
    expect(() => new Uppy().use(AzureBlob, { endpoint: '/api', getCredentials: async () => ({ sasKey: '', url: '' }) } as never)).toThrow('exactly one')
  })

  it('uses one container SAS for all files', async () => {
    let asked = 0
    const uppy = new Uppy().use(AzureBlob, {
      getCredentials: () => ({ sasKey: azurite.containerSas('images', 'c'), url: (asked++, azurite.endpoint) }),
    })
    for (let i = 0; i < 4; i++) uppy.addFile(picture(1000 + i, `c${i}.jpg`))
    const result = await uppy.upload()
    expect(result!.successful).toHaveLength(4)
    expect(asked).toBe(1)
  })
})
