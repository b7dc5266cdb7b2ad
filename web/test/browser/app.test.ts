import { createHash } from 'node:crypto'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { avifPhoto, heicPhoto } from '../../../test/support/photos'
import { noise } from './png'
import { closeTray, fileInput, findings, listSynthetic, phone, pictures, startApp, upload, type Visit, visit as visitApp, type VisitOptions } from './visit'

const app = startApp()

/** How many photos the server has of a visitor. */
const listed = async (page: Page): Promise<number> => (await (await page.context().request.get(`${app.server.url}/api/photos`)).json()).photos.length

/** A visitor of their own, who has so many photos. */
async function visit(options: VisitOptions = {}, photos = 0): Promise<Visit> {
  const visit = await visitApp(app, options)
  if (photos > 0) await upload(visit.page, pictures.slice(0, photos))
  return visit
}

const looks: [string, VisitOptions][] = [
  ['light', {}],
  ['dark, in Arabic', { colorScheme: 'dark', locale: 'ar' }],
  ['light on a phone, in Arabic', { ...phone, locale: 'ar' }],
  ['dark on a phone', { ...phone, colorScheme: 'dark' }],
]

describe.each(looks)('the app, %s', (_, options) => {
  it('gives axe nothing to find, on any of its faces', async () => {
    const { page, complaints, leave } = await visit(options)
    const clean = async (what: string) => expect(await findings(page), what).toEqual([])
    await page.locator('.empty').waitFor()
    await clean('empty')
    // Held back, so that the uploads are seen under way.
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    await page.route('**/api/uploads/*/complete', async (route) => (await held, route.continue()))
    await fileInput(page).setInputFiles([
      pictures[0]!,
      { name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('These are notes.') },
      { name: 'drawing.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') },
    ])
    await page.locator('[data-status=finishing]').nth(1).waitFor()
    await page.locator('.tray-header .icon-button').last().click()
    await page.locator('.tray-question').waitFor()
    await clean('uploading, and asked about it')
    await page.locator('.tray-question .text-button').last().click()
    release()
    await page.locator('[data-status=failed]').nth(1).waitFor()
    await page.locator('.tile img.is-loaded').waitFor()
    await clean('failed uploads and a gallery')
    await closeTray(page)
    await page.locator('.gallery a').first().focus()
    await page.keyboard.press('x')
    await page.locator('.selection-bar').waitFor()
    await clean('selecting')
    await page.keyboard.press('Escape')
    await page.locator('.selection-bar').waitFor({ state: 'detached' })
    await page.locator('.gallery a').first().click()
    await page.locator('.pswp--ui-visible').waitFor()
    await clean('lightbox')
    await page.locator('.pswp__button--details').click()
    await page.locator('.details').waitFor()
    await clean('details')
    await page.keyboard.press('Escape')
    await page.locator('.details').waitFor({ state: 'detached' })
    await page.keyboard.press('Delete')
    await page.locator('.toast').waitFor()
    await page.locator('.pswp').waitFor({ state: 'detached' })
    await clean('deleted')
    await page.goto(`${app.server.url}/#public`)
    // The other face is empty as well by now.
    await page.locator('.tabs a[href="#public"][aria-current=page]').waitFor()
    await page.locator('.empty').waitFor()
    await clean('public')
    // The browser itself tells of the refusals: 415 of the SVG, 422 of the notes.
    expect(complaints.filter((text) => !/status of (415|422)/.test(text))).toEqual([])
    await page.route('**/api/photos?*', (route) => route.abort())
    await page.reload()
    await page.locator('.notice').waitFor()
    await clean('no answer')
    await leave()
  })

  it('never scrolls sideways', async () => {
    const { page, leave } = await visit(options, 2)
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
    await leave()
  })
  it('fits the narrowest phone, with all its buttons', async () => {
    const { page, leave } = await visit({ ...options, ...phone, viewport: { width: 320, height: 568 } }, 1)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
    for (const button of await page.locator('.header').getByRole('button').all()) {
      if (!(await button.isVisible())) continue
      const { x, width } = (await button.boundingBox())!
      expect(x).toBeGreaterThanOrEqual(0)
      expect(x + width).toBeLessThanOrEqual(320)
    }
    await leave()
  })
})

describe('with the keyboard alone', () => {
  it('one walks, opens, reads, renames and comes back', async () => {
    const { page, leave } = await visit({}, 4)
    await page.locator('.gallery a').first().focus()
    await page.keyboard.press('ArrowRight')
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.index)
    await expect.poll(focused).toBe('1')
    await page.keyboard.press('Enter')
    await page.locator('.pswp--open.pswp--ui-visible').waitFor()
    await page.getByRole('button', { name: 'Details' }).focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('Title').fill('At the pier')
    await page.keyboard.press('Enter')
    await page.getByRole('img', { name: 'At the pier' }).first().waitFor()
    await page.locator('.details').getByRole('button', { name: 'Close' }).focus()
    await page.keyboard.press('Enter')
    await page.locator('.details').waitFor({ state: 'detached' })
    await page.keyboard.press('Escape')
    await page.locator('.pswp').waitFor({ state: 'detached' })
    await expect.poll(focused).toBe('1')
    await leave()
  })

  it('one selects, deletes and takes it back', async () => {
    const { page, leave } = await visit({}, 3)
    await page.locator('.gallery a').first().focus()
    await page.keyboard.press('x')
    await page.locator('.selection-bar').getByText('1 selected').waitFor()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('x')
    await page.locator('.selection-bar').getByText('2 selected').waitFor()
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
    await expect.poll(() => listed(page)).toBe(1)
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
      fileInput(page).evaluate((input: HTMLInputElement, { base64, name }) => {
        const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
        const transfer = new DataTransfer()
        transfer.items.add(new File([bytes], name, { type: 'image/png', lastModified: 1_700_000_000_000 }))
        input.files = transfer.files
        input.dispatchEvent(new Event('change', { bubbles: true }))
      }, { base64: file.buffer.toString('base64'), name: file.name })
    await choose()
    await expect.poll(() => page.locator('.tile').count(), { timeout: 60_000 }).toBe(1)
    await choose()
    await page.getByText('One photo is in your gallery already').waitFor()
    expect(await page.locator('.tile').count()).toBe(1)
    await page.getByRole('button', { name: 'Add anyway' }).click()
    await expect.poll(() => page.locator('.tile').count(), { timeout: 60_000 }).toBe(2)
    await leave()
  })
})

describe('formats that this browser cannot show', () => {
  it('are taken and shown as what it can, and downloaded as they were', async () => {
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
    const { photos } = (await (await page.context().request.get(`${app.server.url}/api/photos`)).json()) as { photos: { original: { type: string; bytes: number; url: string } }[] }
    const { original } = photos[0]!
    expect(original.type).toBe('image/heic')
    const served = await page.context().request.get(original.url)
    expect(served.headers()).toMatchObject({
      'content-type': 'image/heic',
      'content-disposition': 'attachment; filename="From the phone.heic"',
    })
    expect((await served.body()).length).toBe(original.bytes)
    await photo.click()
    await expect.poll(() => page.locator('.lightbox img.pswp__img').evaluateAll((all) => (all as HTMLImageElement[]).filter((img) => img.naturalWidth === 512).length)).toBeGreaterThan(0)
    expect(await page.locator('img').evaluateAll((all) => (all as HTMLImageElement[]).map((img) => `${img.src} ${img.srcset}`).filter((at) => at.includes('original')))).toEqual([])
    expect(await page.locator('.lightbox a[download]').getAttribute('href')).toContain('/original.heic?')
    expect(complaints).toEqual([])
    await leave()
  })

  it('are shown upright, and as the browser itself shows them', async () => {
    const { page, complaints, leave } = await visit()
    const { name, type, bytes, width, height } = await avifPhoto()
    await page.locator('input[type=file]').first().setInputFiles([{ name, mimeType: type, buffer: bytes }])
    const photo = page.getByRole('img', { name: 'Mirrored' }).first()
    await photo.waitFor({ timeout: 90_000 })
    await page.locator('.tile img.is-loaded').waitFor()
    const quadrants = (img: HTMLImageElement) => {
      const canvas = document.createElement('canvas')
      canvas.width = img.naturalWidth
      canvas.height = img.naturalHeight
      const context = canvas.getContext('2d', { willReadFrequently: true })!
      context.drawImage(img, 0, 0)
      return [[1, 1], [3, 1], [1, 3], [3, 3]].map(([x, y]) =>
        [...context.getImageData((canvas.width * x!) / 4, (canvas.height * y!) / 4, 1, 1).data.subarray(0, 3)])
    }
    const { photos } = (await (await page.context().request.get(`${app.server.url}/api/photos`)).json()) as {
      photos: { width: number; height: number; variants: { url: string }[]; original: { url: string } }[]
    }
    expect([photos[0]!.width, photos[0]!.height]).toEqual([width, height])
    const published = async ({ url }: { url: string }) => (await page.context().request.get(url)).body()
    const shown = async (data: Buffer, of: string) => {
      const img = await page.evaluateHandle(async (url) => {
        const img = new Image()
        img.src = url
        await img.decode()
        return img
      }, `data:${of};base64,${data.toString('base64')}`)
      return img.evaluate(quadrants)
    }
    const ours = await shown(await published(photos[0]!.variants.at(-1)!), 'image/webp')
    const original = await shown(await published(photos[0]!.original), type)
    const browsers = await shown(bytes, type)
    const want = [[204, 51, 51], [51, 204, 51], [51, 51, 204], [204, 204, 204]]
    for (const got of [ours, original, browsers])
      got.forEach((colour, i) => colour.forEach((value, k) => expect(Math.abs(value - want[i]![k]!), `quadrant ${i}`).toBeLessThan(20)))
    expect(complaints).toEqual([])
    await leave()
  })

  it('are refused in clear words where the server does not take them', async () => {
    const { page, leave } = await visit()
    await fileInput(page).setInputFiles([
      { name: 'drawing.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') },
      { name: 'broken.heic', mimeType: 'image/heic', buffer: Buffer.from('These are notes.') },
    ])
    await page.getByText('This kind of file is not accepted. JPEG, PNG').waitFor()
    await page.getByText('This is not an image that we know.').waitFor()
    expect(await page.locator('.tile').count()).toBe(0)
    await leave()
  })

  it('are refused in the reader’s language by what is wrong with each', async () => {
    const { page, leave } = await visit({ locale: 'ar' })
    const [photo] = pictures
    await fileInput(page).setInputFiles([
      { name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('These are notes.') },
      { ...photo!, name: 'half.png', buffer: photo!.buffer.subarray(0, photo!.buffer.length / 2) },
    ])
    const says = (name: string) => page.locator('.tray-row', { hasText: name }).innerText()
    await expect.poll(() => says('notes.jpg')).toContain('هذا الملف ليس صورة.')
    await expect.poll(() => says('half.png')).toContain('جزء من هذا الملف مفقود')
    await leave()
  })
})

describe('the camera', () => {
  it('has a button on phones alone', async () => {
    for (const [options, shown] of [[{}, false], [phone, true]] as const) {
      const { page, leave } = await visit(options)
      await page.locator('.empty').waitFor()
      expect(await page.getByRole('button', { name: 'Take a photo' }).isVisible()).toBe(shown)
      await leave()
    }
  })

  it('sends what it takes', async () => {
    const { page, leave } = await visit(phone)
    const chosen = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Take a photo' }).click()
    const camera = await chosen
    expect(await camera.element().getAttribute('capture')).toBe('environment')
    await camera.setFiles(pictures[0]!)
    await page.locator('.tile img.is-loaded').waitFor()
    await leave()
  })
})

/** As another app does it that shares a photo. */
async function share(page: Page, photo: Buffer): Promise<void> {
  await page.evaluate((base64) => {
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
  }, photo.toString('base64'))
}

describe('installed', () => {
  it('takes photos that another app shares into it', async () => {
    const { page, leave } = await visit()
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.reload()
    await share(page, pictures[0]!.buffer)
    await page.getByRole('img', { name: 'shared' }).first().waitFor()
    expect(await page.evaluate(() => location.search)).toBe('')
    await leave()
  })

  it('has what is shared before its service worker is there chosen again', async () => {
    const { page, leave } = await visit({ serviceWorkers: 'block' })
    await page.locator('.empty').waitFor()
    await share(page, noise(900, 900, 'shared early'))
    await page.getByText('What was shared could not be kept. Choose it here instead.').waitFor()
    expect(await page.evaluate(() => location.pathname + location.search)).toBe('/')
    await leave()
  })

  it.each(looks)('says so when it is opened offline, %s', async (_, options) => {
    const { page, leave } = await visit(options)
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.context().setOffline(true)
    await page.goto(app.server.url)
    await page.getByRole('heading', { name: 'You are offline' }).waitFor()
    await page.getByText('أنت غير متصل بالإنترنت').waitFor()
    expect(await findings(page)).toEqual([])
    await leave()
  })

  it('keeps nothing but what it shows offline: a newer version is never hidden by an older one', async () => {
    const { page, leave } = await visit({}, 1)
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.reload()
    await page.locator('.tile img.is-loaded').waitFor()
    const kept = await page.evaluate(async () => {
      const urls = []
      for (const name of await caches.keys()) for (const { url } of await (await caches.open(name)).keys()) urls.push(new URL(url).pathname)
      return urls.sort()
    })
    expect(kept).toEqual(['/icon.svg', '/offline.css', '/offline.html'])
    for (const path of ['/', '/sw.js']) expect((await fetch(app.server.url + path)).headers.get('cache-control')).toBe('no-cache')
    await leave()
  })

  it('stands between the app and the network for nothing else', async () => {
    const { page, leave } = await visit()
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.reload()
    await page.locator('.empty').waitFor()
    expect(await page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true)
    /** Who answered a request of the page, as the browser notes it. */
    const source = (path: string) => page.evaluate(async (path) => {
      await (await fetch(path)).text()
      const entries = performance.getEntriesByType('resource').filter(({ name }) => new URL(name).pathname === path)
      return (entries.at(-1) as PerformanceEntry & { workerMatchedSourceType?: string }).workerMatchedSourceType
    }, path)
    expect(await source('/offline.css')).toBe('fetch-event')
    for (const path of ['/api/photos', '/.auth/me', '/app.webmanifest']) expect(await source(path)).toBe('network')
    await leave()
  })

  it('names what it keeps by its content, so that a newer offline page takes its place', async () => {
    const hash = createHash('sha256')
    for (const name of ['offline.html', 'offline.css', 'icon.svg']) hash.update(Buffer.from(await (await fetch(`${app.server.url}/${name}`)).arrayBuffer()))
    expect(await (await fetch(`${app.server.url}/sw.js`)).text()).toContain(hash.digest('hex').slice(0, 8))
  })

  it('says so when what is shared cannot be kept', async () => {
    const { page, leave } = await visit({ path: '/?shared=failed' })
    await page.getByText('What was shared could not be kept').waitFor()
    await expect.poll(() => page.url()).toBe(`${app.server.url}/`)
    await leave()
  })

  it('describes itself with icons that exist', async () => {
    const manifest = (await (await fetch(`${app.server.url}/app.webmanifest`)).json()) as { icons: { src: string }[] }
    for (const { src } of manifest.icons) expect((await fetch(app.server.url + src)).status, src).toBe(200)
  })
})

describe('smaller copies', () => {
  it('are sent when wished for', async () => {
    const { page, leave } = await visit({}, 1)
    await page.evaluate(() => localStorage.setItem('valetkey.smaller', '1'))
    await page.reload()
    const large = noise(3000, 300, 'large')
    await fileInput(page).setInputFiles({ name: 'large.png', mimeType: 'image/png', buffer: large })
    await expect.poll(() => page.locator('.tile').count(), { timeout: 60_000 }).toBe(2)
    const { photos } = (await (await page.context().request.get(`${app.server.url}/api/photos`)).json()) as { photos: { width: number }[] }
    expect(photos[0]!.width).toBe(2560)
    await leave()
  })
})

describe('ten thousand photos', () => {
  it('scroll with few elements on the page, and few of them made anew', async () => {
    const { page, leave } = await visit({ prepare: (page) => listSynthetic(page, 10_000) })
    await page.locator('.tile').first().waitFor()
    await page.evaluate(() => {
      const made = { tiles: 0 }
      Object.assign(globalThis, { made })
      new MutationObserver((records) => {
        for (const { addedNodes } of records) {
          for (const node of addedNodes) if (node instanceof Element) made.tiles += node.matches('.tile') ? 1 : node.querySelectorAll('.tile').length
        }
      }).observe(document.querySelector('.gallery')!, { childList: true, subtree: true })
    })
    let most = 0
    let steps = 0
    const last = page.locator('a[data-index="9999"]')
    await expect.poll(async () => {
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight))
      steps++
      most = Math.max(most, await page.locator('.tile').count())
      return last.count()
    }, { timeout: 100_000 }).toBe(1)
    expect(most).toBeLessThan(150)
    // A step draws a window of tiles anew, at most, however many photos there are; it may come with a new page of photos.
    expect(await page.evaluate(() => (globalThis as unknown as { made: { tiles: number } }).made.tiles) / steps).toBeLessThan(150)
    await leave()
  })
})
