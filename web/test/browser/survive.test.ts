import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchBrowser } from '../../../test/support/browser'
import { Running, temporaryFolder } from '../../../test/support/process'
import { binary } from '../../../test/support/servers'
import { noise } from './png'

const MiB = 1024 * 1024
/** VALETKEY_TEST_SURVIVE_MB=300 sends a file of that size instead, by a link as many times faster. */
const megabytes = Number(process.env.VALETKEY_TEST_SURVIVE_MB ?? 21.6)
const width = Math.round(Math.sqrt((megabytes * 1e6) / 3 / 0.8))
const height = Math.round(width * 0.8)
/** How much longer or faster things are with a file that is larger than usual. */
const scale = Math.max(1, megabytes / 100)
/** Bytes a second that the emulated link lets through: the file takes a few seconds. */
const link = scale * 5 * MiB

const { png, pixels } = noise(width, height, 'survive')
const blocks = Math.ceil(png.length / MiB)

let browser: Browser
/** Where the file lies that is chosen. */
let chosen: Awaited<ReturnType<typeof temporaryFolder>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let ports: [number, number]
let server: Running
let context: BrowserContext
let page: Page
/** How often each block was acknowledged by the storage. */
let arrived: Map<string, number>
let renewals: number

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

async function start(...args: string[]): Promise<void> {
  server = Running.start(
    binary,
    [
      'serve', '--listen', `127.0.0.1:${ports[0]}`, '--storage-listen', `127.0.0.1:${ports[1]}`,
      '--data', folder.path, '--block-size', '1MiB', '--max-upload', '400MiB', ...args,
    ],
    { AZURE_STORAGE_CONNECTION_STRING: undefined, VALETKEY_STORAGE: undefined },
  )
  await server.says(/App and API\s+(\S+)\n/)
}

async function openPage(): Promise<void> {
  context = await browser.newContext()
  page = await context.newPage()
  arrived = new Map()
  renewals = 0
  page.on('response', (response) => {
    const url = new URL(response.url())
    const block = url.searchParams.get('blockid')
    const method = response.request().method()
    if (block && method === 'PUT' && response.status() === 201) arrived.set(block, (arrived.get(block) ?? 0) + 1)
    if (method === 'GET' && url.pathname.startsWith('/api/uploads/')) renewals++
  })
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', {
    offline: false, latency: 5, downloadThroughput: -1, uploadThroughput: link,
  })
  await page.goto(`http://127.0.0.1:${ports[0]}`)
}

const choose = (): Promise<void> =>
  page.locator('input[type=file]').first().setInputFiles(path.join(chosen.path, 'noise.png'))

const blocksArrived = (n: number) => expect.poll(() => arrived.size, { timeout: 60_000 * scale, interval: 20 }).toBeGreaterThanOrEqual(n)

/** Waits for the photo and compares every pixel of what is published with what was sent. */
async function photoIsWhole(): Promise<void> {
  await page.getByRole('img', { name: 'noise' }).first().waitFor({ timeout: 90_000 * scale })
  const photos = (await (await context.request.get(`http://127.0.0.1:${ports[0]}/api/photos`)).json()) as {
    photos: { original: { url: string } }[]
  }
  expect(photos.photos).toHaveLength(1)
  const differing = await page.evaluate(
    async ([url, size]) => {
      const bitmap = await createImageBitmap(await (await fetch(url!)).blob())
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
      const pen = canvas.getContext('2d')!
      pen.drawImage(bitmap, 0, 0)
      const { data } = pen.getImageData(0, 0, bitmap.width, bitmap.height)
      let a = 1
      let b = 0
      for (let i = 0; i < data.length; i++) {
        if (i % 4 === 3) continue
        a = (a + data[i]!) % 65521
        b = (b + a) % 65521
      }
      return [bitmap.width * bitmap.height * 3 - Number(size), a, b]
    },
    [photos.photos[0]!.original.url, String(pixels.length)] as const,
  )
  expect(differing).toEqual([0, ...adler(pixels)])
}

function adler(data: Buffer): [number, number] {
  let a = 1
  let b = 0
  for (const byte of data) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return [a, b]
}

/** Finished blocks were not sent again: none was acknowledged twice. */
function nothingSentTwice(): void {
  expect([...arrived].filter(([, times]) => times > 1)).toEqual([])
  expect(arrived.size).toBeLessThanOrEqual(blocks)
}

beforeAll(async () => {
  browser = await launchBrowser()
  chosen = await temporaryFolder()
  await writeFile(path.join(chosen.path, 'noise.png'), png)
})
afterAll(async () => {
  await browser?.close()
  await chosen?.remove()
})
beforeEach(async () => {
  folder = await temporaryFolder()
  ports = [await freePort(), await freePort()]
})
afterEach(async () => {
  await context?.close()
  await server?.stop()
  await folder.remove()
})

describe(`an upload of ${Math.round(png.length / MiB)} MiB in ${blocks} blocks`, { timeout: 120_000 * scale }, () => {
  it('goes on after the page was reloaded', async () => {
    await start()
    await openPage()
    await choose()
    await blocksArrived(Math.floor(blocks / 4))
    await page.reload()
    await photoIsWhole()
    expect(renewals).toBe(1)
    nothingSentTwice()
  })

  it('goes on beside files that are added as soon as the page is back, each sent once', async () => {
    await start()
    await openPage()
    await choose()
    await blocksArrived(Math.floor(blocks / 4))
    await page.reload()
    const small = noise(600, 400, 'beside').png
    await page.locator('input[type=file]').first().setInputFiles({ name: 'beside.png', mimeType: 'image/png', buffer: small })
    for (const name of ['noise', 'beside']) await page.getByRole('img', { name }).first().waitFor({ timeout: 90_000 })
    await page.getByText('2 photos added').or(page.getByText('Photo added')).first().waitFor()
    const { photos } = (await (await context.request.get(`http://127.0.0.1:${ports[0]}/api/photos`)).json()) as { photos: { title: string }[] }
    expect(photos.map(({ title }) => title).sort()).toEqual(['beside', 'noise'])
  })

  it('goes on after the network was gone for a while', async () => {
    await start()
    await openPage()
    await choose()
    await blocksArrived(Math.floor(blocks / 4))
    await context.setOffline(true)
    await page.getByText('You are offline').waitFor()
    await context.setOffline(false)
    await photoIsWhole()
    nothingSentTwice()
  })

  it('renews a SAS that expires on the way', async () => {
    await start('--upload-life', '2s')
    await openPage()
    await choose()
    await photoIsWhole()
    expect(renewals).toBeGreaterThanOrEqual(1)
    nothingSentTwice()
  })

  it('goes on after the server was killed and started again', async () => {
    await start()
    await openPage()
    await choose()
    await blocksArrived(Math.floor(blocks / 4))
    await server.stop('SIGKILL')
    await start()
    await photoIsWhole()
    nothingSentTwice()
  })

  it('pauses, resumes, and cancels', async () => {
    await start()
    await openPage()
    await choose()
    await blocksArrived(2)
    await page.getByRole('button', { name: 'Pause all' }).click()
    await page.locator('.tray').getByText(/^Paused$/).waitFor()
    await page.getByRole('button', { name: 'Resume all' }).click()
    await blocksArrived(8)
    nothingSentTwice()
    const deleted = page.waitForResponse((response) => response.request().method() === 'DELETE')
    await page.getByRole('button', { name: 'Cancel: noise.png' }).click()
    expect((await deleted).status()).toBe(204)
    await page.locator('.tray').waitFor({ state: 'detached' })
  })
})
