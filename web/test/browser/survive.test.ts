import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchBrowser, type MortalBrowser, startMortalBrowser } from '../../../test/support/browser'
import { Running, temporaryFolder } from '../../../test/support/process'
import { binary } from '../../../test/support/servers'
import { ThrottledLink } from '../../../test/support/throttled-link'
import { noise, writeNoise } from './png'

const MiB = 1024 * 1024
/** Megabytes of the file that meets one trouble at a time; the one that meets them all has 300. */
const megabytes = Number(process.env.VALETKEY_TEST_SURVIVE_MB ?? 20)
const scale = Math.max(1, megabytes / 20)
/** Requests with bytes in flight that the plugin has at once. */
const limit = 6

interface Chosen {
  path: string
  name: string
  bytes: number
  sha256: string
  blockSize: number
}

type Folder = Awaited<ReturnType<typeof temporaryFolder>>

let browser: Browser
let files: Folder
let small: Chosen
let data: Folder
/** Of the app, and of the embedded Blob service. The browser reaches the second through `link` alone. */
let ports: [number, number]
let link: ThrottledLink
let server: Running
let context: BrowserContext
let page: Page
/** How often each block was acknowledged to the page. */
let acknowledged: Map<string, number>
let grants: number
/** Blocks that came too late for their SAS. */
let refusals: number

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

async function make(name: string, size: number, blockSize: number): Promise<Chosen> {
  const file = path.join(files.path, `${name}.png`)
  return { path: file, name, blockSize, ...(await writeNoise(file, size, name)) }
}

async function start(file: Chosen, ...args: string[]): Promise<void> {
  server = Running.start(
    binary,
    [
      'serve', '--listen', `127.0.0.1:${ports[0]}`, '--storage-listen', `127.0.0.1:${ports[1]}`, '--data', data.path,
      '--block-size', `${file.blockSize / 1024}KiB`, '--max-upload', '400MiB', '--variant-width', '320', ...args,
    ],
    { AZURE_STORAGE_CONNECTION_STRING: undefined, VALETKEY_STORAGE: undefined },
  )
  await server.says(/App and API\s+(\S+)\n/)
}

async function openPage(into: BrowserContext): Promise<void> {
  context = into
  page = context.pages()[0] ?? (await context.newPage())
  page.on('response', (response) => {
    const url = new URL(response.url())
    const block = url.searchParams.get('blockid')
    const method = response.request().method()
    if (block && method === 'PUT' && response.status() === 201) acknowledged.set(block, (acknowledged.get(block) ?? 0) + 1)
    if (block && method === 'PUT' && response.status() === 403) refusals++
    if (method === 'GET' && url.pathname.startsWith('/api/uploads/')) grants++
  })
  await page.goto(`http://127.0.0.1:${ports[0]}`)
}

const choose = (file: Chosen): Promise<void> => page.locator('input[type=file]').first().setInputFiles(file.path)

const blocksOf = (file: Chosen): number => Math.ceil(file.bytes / file.blockSize)

/** Lets so much of a file arrive, from 0 to 1, and holds back the rest: however late a trouble comes, it meets an upload. */
const arrived = (file: Chosen, part: number) =>
  expect.poll(() => {
    const so = acknowledged.size / blocksOf(file)
    if (so < part) link.allow(2 * limit * file.blockSize)
    return so
  }, { timeout: 100_000 * scale, interval: 10 }).toBeGreaterThanOrEqual(part)

/** Waits until the browser holds by itself what a reload goes on with: the file's bytes and where they were going. */
const kept = () =>
  expect.poll(() => page.evaluate(
    () => new Promise<boolean>((resolve, reject) => {
      const opening = indexedDB.open('uppy-blobs')
      opening.onerror = reject
      opening.onsuccess = () => {
        const reading = opening.result.transaction(['files', 'metadata'])
        const files = reading.objectStore('files').count()
        const states = reading.objectStore('metadata').getAll()
        reading.oncomplete = () => resolve(files.result === 1 && JSON.stringify(states.result).includes('azureBlob'))
        opening.result.close()
      }
    }),
  ), { timeout: 60_000, interval: 50 }).toBe(true)

/** Waits for the photo and compares every byte of what is published with what was chosen. */
async function photoIsWhole(file: Chosen): Promise<void> {
  await page.getByRole('img', { name: file.name }).first().waitFor({ timeout: 90_000 * scale })
  const answer = await context.request.get(`http://127.0.0.1:${ports[0]}/api/photos`)
  const { photos } = (await answer.json()) as { photos: { original: { url: string; bytes: number } }[] }
  expect(photos).toHaveLength(1)
  const hash = createHash('sha256')
  for await (const bytes of (await fetch(photos[0]!.original.url)).body!) hash.update(bytes)
  expect(hash.digest('hex')).toBe(file.sha256)
}

const bytesSent = (block: string): number => [...link.bodies].reduce((sum, [key, bytes]) => (key.endsWith(` ${block}`) ? sum + bytes : sum), 0)

/** What had arrived when troubles began, by the bytes that each block took up to then. */
let finished: { trouble: string; sent: Map<string, number> }[]

function trouble(name: string): void {
  finished.push({ trouble: name, sent: new Map([...acknowledged.keys()].map((block) => [block, bytesSent(block)])) })
}

/** Of a block that had arrived not one more byte was sent, and of the others at most what was in flight or was refused. */
function nothingSentTwice(file: Chosen): void {
  for (const { trouble, sent } of finished) {
    const after = new Map([...sent.keys()].map((block) => [block, bytesSent(block)]))
    expect(after, `after: ${trouble}`).toEqual(sent)
  }
  expect([...acknowledged].filter(([, times]) => times > 1)).toEqual([])
  const total = [...link.bodies.values()].reduce((sum, bytes) => sum + bytes)
  expect(total).toBeGreaterThanOrEqual(file.bytes)
  expect(total).toBeLessThanOrEqual(file.bytes + (finished.length * limit + refusals) * file.blockSize)
}

/** Makes Chromium take the link wherever a page names the Blob service. */
const throughLink = (): string => `--host-resolver-rules=MAP 127.0.0.1:${ports[1]} 127.0.0.1:${link.port}`

beforeAll(async () => {
  files = await temporaryFolder()
  small = await make('noise', megabytes, MiB / 4)
  ports = [await freePort(), await freePort()]
  link = await ThrottledLink.start(ports[1], 1)
  browser = await launchBrowser(throughLink())
})
afterAll(async () => {
  await browser?.close()
  await link?.close()
  await files?.remove()
})
beforeEach(async () => {
  data = await temporaryFolder()
  link.bytesPerSecond = 10 * MiB * scale
  link.allow(0)
  link.bodies.clear()
  acknowledged = new Map()
  finished = []
  grants = 0
  refusals = 0
})
afterEach(async () => {
  link.mend()
  link.allow(Infinity) // a server that stops waits for what is held
  await context?.close()
  await server?.stop()
  await data.remove()
})

describe(`an upload of ${megabytes} MB`, { timeout: 240_000 * scale }, () => {
  it('goes on after the page was reloaded', async () => {
    await start(small)
    await openPage(await browser.newContext())
    await choose(small)
    await arrived(small, 0.25)
    await kept()
    trouble('the page was reloaded')
    await page.reload()
    link.allow(Infinity)
    await photoIsWhole(small)
    expect(grants).toBe(1)
    nothingSentTwice(small)
    // The next page has nothing to go on with, and need not load the uploader to find that out.
    await expect.poll(() => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name))).not.toContain('valetkey-uploads-pending')
  })

  it('goes on in a new tab after its tab was closed', async () => {
    await start(small)
    await openPage(await browser.newContext())
    await choose(small)
    await arrived(small, 0.25)
    await kept()
    trouble('the tab was closed')
    await page.close()
    await openPage(context)
    link.allow(Infinity)
    await photoIsWhole(small)
    expect(grants).toBe(1)
    nothingSentTwice(small)
  })

  it('goes on beside files that are added as soon as the page is back, each sent once', async () => {
    await start(small)
    await openPage(await browser.newContext())
    await choose(small)
    await arrived(small, 0.25)
    await kept()
    await page.reload()
    link.allow(Infinity)
    const beside = { name: 'beside.png', mimeType: 'image/png', buffer: noise(300, 200, 'beside') }
    await page.locator('input[type=file]').first().setInputFiles(beside)
    for (const name of ['noise', 'beside']) await page.getByRole('img', { name }).first().waitFor({ timeout: 90_000 * scale })
    await page.getByText('2 photos added').or(page.getByText('Photo added')).first().waitFor()
    const { photos } = (await (await context.request.get(`http://127.0.0.1:${ports[0]}/api/photos`)).json()) as { photos: { title: string }[] }
    expect(photos.map(({ title }) => title).sort()).toEqual(['beside', 'noise'])
  })

  it('goes on after the device was offline for a while', async () => {
    await start(small)
    await openPage(await browser.newContext())
    await choose(small)
    await arrived(small, 0.25)
    trouble('the device was offline')
    await context.setOffline(true)
    await page.getByText('You are offline').waitFor()
    await context.setOffline(false)
    link.allow(Infinity)
    await photoIsWhole(small)
    nothingSentTwice(small)
  })

  it('renews a SAS that expires on the way', async () => {
    link.bytesPerSecond = 4 * MiB * scale
    link.allow(Infinity)
    await start(small, '--upload-life', '3s')
    await openPage(await browser.newContext())
    await choose(small)
    await photoIsWhole(small)
    expect(grants).toBeGreaterThanOrEqual(1)
    nothingSentTwice(small)
  })

  it('goes on after the server was killed and started again', async () => {
    await start(small)
    await openPage(await browser.newContext())
    await choose(small)
    await arrived(small, 0.25)
    trouble('the server was killed')
    await server.stop('SIGKILL')
    await start(small)
    link.allow(Infinity)
    await photoIsWhole(small)
    nothingSentTwice(small)
  })

  it('pauses, resumes, and cancels', async () => {
    await start(small)
    await openPage(await browser.newContext())
    await choose(small)
    await arrived(small, 0.1)
    trouble('paused')
    await page.getByRole('button', { name: 'Pause all' }).click()
    await page.locator('.tray').getByText(/^Paused$/).waitFor()
    await page.getByRole('button', { name: 'Resume all' }).click()
    await arrived(small, 0.4)
    for (const [block, bytes] of finished[0]!.sent) expect(bytesSent(block)).toBe(bytes)
    const deleted = page.waitForResponse((response) => response.request().method() === 'DELETE')
    await page.getByRole('button', { name: 'Cancel: noise.png' }).click()
    expect((await deleted).status()).toBe(204)
    await page.locator('.tray').waitFor({ state: 'detached' })
  })
})

describe('an upload in a browser that is killed', () => {
  let large: Chosen
  let mortal: MortalBrowser
  let profile: Folder

  const restart = async (): Promise<void> => {
    mortal = await startMortalBrowser(profile.path, throughLink())
    await openPage(mortal.context)
  }

  /** Someone who was here before: Chromium writes a new cookie to disk after half a minute, or when it is closed. */
  const beKnown = async (): Promise<void> => {
    await restart()
    await page.evaluate(() => fetch('/api/uploads', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"size":1}' }))
    await mortal.close()
  }

  beforeAll(async () => {
    large = await make('large', 300, MiB)
  })
  beforeEach(async () => {
    profile = await temporaryFolder()
  })
  afterEach(async () => {
    await mortal?.kill()
    await profile.remove()
  })

  it('goes on even if it had just begun', async () => {
    await start(small)
    await beKnown()
    await restart()
    await choose(small)
    await arrived(small, 0.1)
    await kept()
    trouble('the browser was killed')
    await mortal.kill()
    await restart()
    link.allow(Infinity)
    await photoIsWhole(small)
    nothingSentTwice(small)
  }, 240_000)

  it('survives a cut, a reload, a SAS that expires, a browser and a server that are killed', async () => {
    link.bytesPerSecond = 50 * MiB
    const args = ['--upload-life', '4s']
    await start(large, ...args)
    await beKnown()
    await restart()
    await choose(large)

    await arrived(large, 0.1)
    trouble('the network was cut')
    link.cut()
    await page.getByText('The connection is shaky').waitFor()
    link.mend()

    await arrived(large, 0.3)
    await kept()
    trouble('the page was reloaded')
    await page.reload()

    await arrived(large, 0.5)
    trouble('the browser was killed')
    await mortal.kill()
    await restart()

    await arrived(large, 0.7)
    trouble('the server was killed')
    await server.stop('SIGKILL')
    await start(large, ...args)
    link.allow(Infinity)

    await photoIsWhole(large)
    nothingSentTwice(large)
    // Two to resume, after the reload and the crash; what is more renewed a SAS of four seconds.
    expect(grants).toBeGreaterThan(2)
  }, 480_000)
})
