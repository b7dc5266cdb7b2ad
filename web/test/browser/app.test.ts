import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../../../test/support/browser'
import { heicPhoto } from '../../../test/support/photos'
import { type Server, startValetkey } from '../../../test/support/servers'
import { noise } from './png'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pictures = [
  [900, 600],
  [600, 900],
  [800, 800],
  [1000, 500],
].map(([width, height], i) => ({ name: `noise ${i}.png`, mimeType: 'image/png', buffer: noise(width, height, `app${i}`) }))

let browser: Browser
let server: Server

beforeAll(async () => {
  browser = await launchBrowser()
  server = await startValetkey('embedded')
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

/** A visitor of their own; `complaints` collects what the console was told. */
async function visit(options: BrowserContextOptions = {}, photos = 0): Promise<{ page: Page; complaints: string[]; leave: () => Promise<void> }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(server.url)
  if (photos > 0) {
    await page.locator('input[type=file]').first().setInputFiles(pictures.slice(0, photos))
    await expect.poll(() => page.locator('.tile img.is-loaded').count(), { timeout: 60_000 }).toBe(photos)
    await page.getByRole('region', { name: /Uploads|الرفع/ }).getByRole('button', { name: /^(Close|إغلاق)$/ }).click()
  }
  return { page, complaints, leave: () => context.close() }
}

/** What axe finds, a line each; empty when all is well. */
async function findings(page: Page): Promise<string[]> {
  // Through the debugger, which the page's content security policy does not bind.
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe.run()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`)
  })
}

const looks: [string, BrowserContextOptions][] = [
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['on a phone', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
  ['in Arabic', { locale: 'ar' }],
]

describe.each(looks)('the app, %s', (_, options) => {
  it('gives axe nothing to find, on any of its faces', async () => {
    const { page, complaints, leave } = await visit(options)
    await page.locator('.empty').waitFor()
    expect(await findings(page)).toEqual([])
    await page.locator('input[type=file]').first().setInputFiles([
      pictures[0]!,
      { name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('These are notes.') },
    ])
    await page.locator('[data-status=failed]').waitFor()
    await page.locator('.tile img.is-loaded').waitFor()
    expect(await findings(page)).toEqual([])
    await page.locator('.tray .icon-button').last().click()
    await page.locator('.gallery a').first().click()
    await page.locator('.pswp--ui-visible').waitFor()
    await page.locator('.pswp__button--details').click()
    await page.locator('.details').waitFor()
    expect(await findings(page)).toEqual([])
    expect(complaints.filter((text) => !/status of 422/.test(text))).toEqual([])
    await leave()
  })

  it('never scrolls sideways', async () => {
    const { page, leave } = await visit(options, 2)
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
    await leave()
  })
})

describe('with the keyboard alone', () => {
  it('one walks, opens, reads, renames and comes back', async () => {
    const { page, leave } = await visit({}, 4)
    await page.locator('.gallery a').first().focus()
    await page.keyboard.press('ArrowRight')
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.index)
    expect(await focused()).toBe('1')
    await page.keyboard.press('Enter')
    await page.locator('.pswp--open').waitFor()
    await page.getByRole('button', { name: 'Details' }).focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('Title').fill('At the pier')
    await page.keyboard.press('Enter')
    await page.getByRole('img', { name: 'At the pier' }).first().waitFor()
    await page.locator('.details').getByRole('button', { name: 'Close' }).focus()
    await page.keyboard.press('Enter')
    await page.keyboard.press('Escape')
    await page.locator('.pswp').waitFor({ state: 'detached' })
    expect(await focused()).toBe('1')
    await leave()
  })

  it('one selects, deletes and takes it back', async () => {
    const { page, leave } = await visit({}, 3)
    await page.locator('.gallery a').first().focus()
    await page.keyboard.press('x')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('x')
    await page.getByText('2 selected').waitFor()
    await page.keyboard.press('Delete')
    await expect.poll(() => page.locator('.tile').count()).toBe(1)
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => page.locator('.tile').count()).toBe(3)
    await leave()
  })
})

describe('deleting', () => {
  it('reaches the server when the page is left before the undo has passed', async () => {
    const { page, leave } = await visit({}, 2)
    await page.locator('.gallery a').first().click()
    await page.locator('.pswp--open').waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    await expect.poll(() => page.locator('.tile').count()).toBe(1)
    await page.reload()
    await page.locator('.tile img.is-loaded').waitFor()
    expect(await page.locator('.tile').count()).toBe(1)
    await leave()
  })
})

describe('files come in', () => {
  it('by dropping them anywhere, folders and strangers among them', async () => {
    const { page, leave } = await visit()
    await page.locator('.empty').waitFor()
    const drop = await page.evaluateHandle((base64) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
      const transfer = new DataTransfer()
      transfer.items.add(new File([bytes], 'dropped.png', { type: 'image/png' }))
      transfer.items.add(new File(['x'], 'list.txt', { type: 'text/plain' }))
      return transfer
    }, pictures[0]!.buffer.toString('base64'))
    await page.dispatchEvent('main', 'dragenter', { dataTransfer: drop })
    await page.locator('.drop[data-on=true]').waitFor()
    await page.dispatchEvent('main', 'drop', { dataTransfer: drop })
    await page.locator('.drop[data-on=false]').waitFor({ state: 'attached' })
    await page.getByText('list.txt is not a photo and was left out').waitFor()
    await page.getByRole('img', { name: 'dropped' }).first().waitFor()
    await leave()
  })

  it('by pasting a picture', async () => {
    const { page, leave } = await visit()
    await page.locator('.empty').waitFor()
    await page.evaluate((base64) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
      const clipboardData = new DataTransfer()
      clipboardData.items.add(new File([bytes], 'image.png', { type: 'image/png' }))
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    }, pictures[1]!.buffer.toString('base64'))
    await page.locator('.tile img.is-loaded').waitFor()
    await leave()
  })

  it('once: what was sent before is recognised, and sent again only when asked', async () => {
    const { page, leave } = await visit()
    const file = { name: 'twice.png', mimeType: 'image/png', buffer: pictures[2]!.buffer }
    const choose = () =>
      page.locator('input[type=file]').first().evaluate((input: HTMLInputElement, { base64, name }) => {
        const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
        const transfer = new DataTransfer()
        transfer.items.add(new File([bytes], name, { type: 'image/png', lastModified: 1_700_000_000_000 }))
        input.files = transfer.files
        input.dispatchEvent(new Event('change', { bubbles: true }))
      }, { base64: file.buffer.toString('base64'), name: file.name })
    await choose()
    await expect.poll(() => page.locator('.tile').count(), { timeout: 30_000 }).toBe(1)
    await choose()
    await page.getByText('One photo is in your gallery already').waitFor()
    expect(await page.locator('.tile').count()).toBe(1)
    await page.getByRole('button', { name: 'Add anyway' }).click()
    await expect.poll(() => page.locator('.tile').count(), { timeout: 30_000 }).toBe(2)
    await leave()
  })
})

describe('formats that this browser cannot show', () => {
  it('are taken, and published as what it can', async () => {
    const { page, complaints, leave } = await visit()
    await page.locator('.empty').waitFor()
    const { bytes } = await heicPhoto()
    // As Windows and Linux have it: without a type.
    const drop = await page.evaluateHandle((base64) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], 'From the phone.HEIC'))
      return transfer
    }, bytes.toString('base64'))
    await page.dispatchEvent('main', 'drop', { dataTransfer: drop })
    await page.locator('.tray .thumb .icon').waitFor()
    const photo = page.getByRole('img', { name: 'From the phone' }).first()
    await photo.waitFor({ timeout: 90_000 })
    await page.locator('.tile img.is-loaded').waitFor()
    expect(await photo.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(100)
    const { photos } = (await (await page.context().request.get(`${server.url}/api/photos`)).json()) as { photos: { original: { type: string } }[] }
    expect(photos.map(({ original }) => original.type)).toEqual(['image/jpeg'])
    expect(complaints).toEqual([])
    await leave()
  })

  it('are refused in clear words where the server does not take them', async () => {
    const { page, leave } = await visit()
    await page.locator('input[type=file]').first().setInputFiles([
      { name: 'drawing.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') },
      { name: 'broken.heic', mimeType: 'image/heic', buffer: Buffer.from('These are notes.') },
    ])
    await page.getByText('This kind of file is not accepted. JPEG, PNG').waitFor()
    await page.getByText('This is not an image, or it is damaged.').waitFor()
    expect(await page.locator('.tile').count()).toBe(0)
    await leave()
  })
})

describe('the camera', () => {
  it('has a button on phones alone', async () => {
    for (const [options, shown] of [[{}, false], [looks[2]![1], true]] as const) {
      const { page, leave } = await visit(options)
      await page.locator('.empty').waitFor()
      expect(await page.getByRole('button', { name: 'Take a photo' }).isVisible()).toBe(shown)
      await leave()
    }
  })

  it('sends what it takes', async () => {
    const { page, leave } = await visit(looks[2]![1])
    const chosen = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Take a photo' }).click()
    const camera = await chosen
    expect(await camera.element().getAttribute('capture')).toBe('environment')
    await camera.setFiles(pictures[0]!)
    await page.locator('.tile img.is-loaded').waitFor()
    await leave()
  })
})

describe('installed', () => {
  it('takes photos that another app shares into it', async () => {
    const { page, leave } = await visit()
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.reload()
    await page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
      const form = document.createElement('form')
      const input = document.createElement('input')
      const transfer = new DataTransfer()
      transfer.items.add(new File([bytes], 'shared.png', { type: 'image/png' }))
      Object.assign(form, { method: 'post', action: '/share', enctype: 'multipart/form-data' })
      Object.assign(input, { type: 'file', name: 'photos', files: transfer.files })
      form.append(input)
      document.body.append(form)
      form.submit()
    }, pictures[0]!.buffer.toString('base64'))
    await page.getByRole('img', { name: 'shared' }).first().waitFor()
    expect(new URL(page.url()).search).toBe('')
    await leave()
  })

  it('says so when it is opened offline', async () => {
    const { page, leave } = await visit()
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.context().setOffline(true)
    await page.goto(server.url)
    await page.getByRole('heading', { name: 'You are offline' }).waitFor()
    expect(await findings(page)).toEqual([])
    await leave()
  })

  it('describes itself with icons that exist', async () => {
    const manifest = (await (await fetch(`${server.url}/app.webmanifest`)).json()) as { icons: { src: string }[] }
    for (const { src } of manifest.icons) expect((await fetch(server.url + src)).status, src).toBe(200)
  })
})

describe('smaller copies', () => {
  it('are sent when wished for', async () => {
    const { page, leave } = await visit({}, 1)
    await page.evaluate(() => localStorage.setItem('valetkey.smaller', '1'))
    await page.reload()
    const large = noise(3000, 300, 'large')
    await page.locator('input[type=file]').first().setInputFiles({ name: 'large.png', mimeType: 'image/png', buffer: large })
    await expect.poll(() => page.locator('.tile').count(), { timeout: 30_000 }).toBe(2)
    const { photos } = (await (await page.context().request.get(`${server.url}/api/photos`)).json()) as { photos: { width: number }[] }
    expect(photos[0]!.width).toBe(2560)
    await leave()
  })
})

describe('ten thousand photos', () => {
  it('scroll with few elements on the page and little work', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    const page = await context.newPage()
    await page.route('**/api/photos?*', (route) => {
      const query = new URL(route.request().url()).searchParams
      const from = Number(query.get('cursor') ?? 0)
      const to = Math.min(from + Number(query.get('limit')), 10_000)
      const photos = Array.from({ length: to - from }, (_, i) => synthetic(from + i))
      return route.fulfill({ json: { photos, ...(to < 10_000 && { cursor: String(to) }) } })
    })
    await page.goto(server.url)
    await page.locator('.tile').first().waitFor()
    let most = 0
    // Time of the page's own thread, which other programs on the machine do not lengthen.
    const session = await context.newCDPSession(page)
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    const busy = async (): Promise<number> => {
      const { metrics } = await session.send('Performance.getMetrics')
      return metrics.find(({ name }) => name === 'TaskDuration')!.value * 1000
    }
    const before = await busy()
    let steps = 0
    const last = page.locator('a[data-index="9999"]')
    await expect.poll(async () => {
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight))
      steps++
      most = Math.max(most, await page.locator('.tile').count())
      return last.count()
    }, { timeout: 60_000 }).toBe(1)
    expect(most).toBeLessThan(150)
    // Each step draws a new window, and most fetch two hundred photos more and lay all of them out.
    expect((await busy() - before) / steps).toBeLessThan(100)
    await context.close()
  })
})

/** A photo as the API lists it, without a picture behind it but its placeholder. */
function synthetic(i: number) {
  const width = 600 + ((i * 137) % 900)
  return {
    id: String(i).padStart(26, '0'), title: `Photo ${i}`, width, height: 800, thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI',
    createdAt: new Date(Date.UTC(2026, 0, 1) - i * 3_600_000).toISOString(), bytes: 1000,
    variants: [{ width: 320, height: 240, type: 'image/webp', url: '/icon.svg' }],
    original: { type: 'image/jpeg', bytes: 1000, url: '/icon.svg' },
  }
}
