import type { BrowserContext, Page } from 'playwright-core'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { cameraPhoto, landscape } from '../../../test/support/photos'
import { doubleTap, drawn, findings, hash, listSynthetic, phone, pictures, startApp, swipe, touch, upload, visit, type VisitOptions } from './visit'

const app = startApp()
/** Of somebody who has a few photos. */
let owner: Awaited<ReturnType<BrowserContext['storageState']>>
let ids: string[]

beforeAll(async () => {
  const { page, leave } = await visit(app)
  const camera = await cameraPhoto()
  const panorama = await landscape(app.browser, 7, 3000, 300)
  for (const { name, type, bytes } of [panorama, camera]) await upload(page, [{ name, mimeType: type, buffer: bytes }])
  await upload(page)
  ids = (await listed(page)).map(({ id }) => id)
  owner = await page.context().storageState()
  await leave()
})

async function listed(page: Page): Promise<{ id: string; title: string }[]> {
  return (await (await page.context().request.get(`${app.server.url}/api/photos`)).json()).photos
}

const tile = (page: Page, index: number) => page.locator(`.gallery a[data-index="${index}"]`)
const focused = (page: Page) => page.evaluate(() => (document.activeElement as HTMLElement).dataset.index)
const announced = (page: Page) => page.locator('.pswp [role=status]').textContent()
const opened = (page: Page) => page.locator('.pswp--open.pswp--ui-visible').waitFor()
const closed = (page: Page) => page.locator('.pswp').waitFor({ state: 'detached' })
/** How wide the photo is drawn; 0 before it is. */
const zoom = (page: Page) => page.evaluate(() => (document.querySelector('.pswp__item[aria-hidden=false] .pswp__img:not(.pswp__img--placeholder)')?.getBoundingClientRect().width ?? 0))

describe('the lightbox', () => {
  it('goes by keys to neighbours and ends, keeps the focus in it, and gives it back to the last photo', async () => {
    const { page, complaints, leave } = await visit(app, { storageState: owner })
    await tile(page, 1).focus()
    await page.keyboard.press('Enter')
    await opened(page)
    const wanted = async (n: number) => expect.poll(() => announced(page)).toMatch(new RegExp(`, ${n} / 6$`))
    await wanted(2)
    for (const [key, n] of [['ArrowRight', 3], ['ArrowLeft', 2], ['End', 6], ['Home', 1], ['ArrowRight', 2], ['ArrowRight', 3]] as const) {
      await page.keyboard.press(key)
      await wanted(n)
    }
    const inside = () => page.evaluate(() => document.querySelector('.pswp')!.contains(document.activeElement))
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press('Tab')
      // Past the last button the page has no focus at all, the browser has.
      expect(await inside() || (await page.evaluate(() => document.activeElement === document.body))).toBe(true)
    }
    await page.keyboard.press('Escape')
    await closed(page)
    await expect.poll(() => focused(page)).toBe('2')
    expect(complaints).toEqual([])
    await leave()
  })

  it('has its neighbours ready before they are wanted', async () => {
    const asked: string[] = []
    const { page, leave } = await visit(app, { storageState: owner, prepare: async (page) => page.on('request', (request) => asked.push(request.url())) })
    await page.locator('.tile img.is-loaded').nth(5).waitFor()
    const before = asked.length
    await tile(page, 1).click()
    await opened(page)
    for (const neighbour of [ids[0]!, ids[2]!]) await expect.poll(() => asked.slice(before).some((url) => url.includes(neighbour)) || page.evaluate((id) => [...document.querySelectorAll<HTMLImageElement>('.pswp__img')].some(({ src }) => src.includes(id)), neighbour)).toBe(true)
    await leave()
  })

  it('zooms by wheel, click and key', async () => {
    const { page, leave } = await visit(app, { storageState: owner, viewport: { width: 700, height: 500 } })
    await tile(page, 0).click()
    await opened(page)
    await expect.poll(() => zoom(page)).toBeGreaterThan(0)
    const fit = await zoom(page)
    const isFit = () => expect.poll(() => zoom(page)).toBeCloseTo(fit, 0)
    // The wheel is turned on: while the lightbox is not drawn, what lies below it is scrolled.
    const wheel = async (by: number) => (await page.mouse.wheel(0, by), zoom(page))
    await page.mouse.move(350, 250)
    await expect.poll(() => wheel(-400)).toBeGreaterThan(fit)
    await expect.poll(() => wheel(4000)).toBeCloseTo(fit, 0)
    await page.mouse.click(350, 250)
    await expect.poll(() => zoom(page)).toBeGreaterThan(fit)
    await page.mouse.click(350, 250)
    await isFit()
    await page.keyboard.press('z')
    await expect.poll(() => zoom(page)).toBeGreaterThan(fit)
    await page.keyboard.press('z')
    await isFit()
    await leave()
  })

  it('is swiped, double-tapped and pinched on a phone', async () => {
    const { page, leave } = await visit(app, { storageState: owner, ...phone })
    await tile(page, 0).tap()
    await opened(page)
    await swipe(page, 'left')
    await expect.poll(() => announced(page)).toMatch(/, 2 /)
    await swipe(page, 'right')
    await expect.poll(() => announced(page)).toMatch(/, 1 /)
    await expect.poll(() => zoom(page)).toBeGreaterThan(0)
    const fit = await zoom(page)
    // On a busy machine two taps may still come too far apart, which hides the buttons or shows them: then again.
    const tapTwice = async () => (await doubleTap(page, 195, 400), zoom(page))
    await expect.poll(tapTwice).toBeGreaterThan(fit * 1.3)
    await expect.poll(tapTwice).toBeCloseTo(fit, 0)
    await touch(page, Array.from({ length: 8 }, (_, i) => [{ x: 180 - i * 12, y: 400 }, { x: 210 + i * 12, y: 400 }]))
    await expect.poll(() => zoom(page)).toBeGreaterThan(fit * 1.3)
    await leave()
  })

  it('has an address for each photo: back closes it, forward and a reload open it again', async () => {
    const { page, leave } = await visit(app, { storageState: owner })
    await tile(page, 1).click()
    await opened(page)
    expect(await hash(page)).toBe(`#photo/${ids[1]}`)
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => hash(page)).toBe(`#photo/${ids[2]}`)
    await page.goBack()
    await closed(page)
    await expect.poll(() => hash(page)).toBe('')
    await page.goForward()
    await opened(page)
    await page.reload()
    await opened(page)
    await expect.poll(() => announced(page)).toMatch(/, 3 \/ 6$/)
    await page.keyboard.press('Escape')
    await closed(page)
    await expect.poll(() => hash(page)).toBe('')
    await leave()
  })

  it('opens by a link, and leaves the app open when it is closed', async () => {
    const { page, leave } = await visit(app, { storageState: owner, path: `/#photo/${ids[3]}` })
    await opened(page)
    await page.keyboard.press('Escape')
    await closed(page)
    await expect.poll(() => page.url()).toBe(`${app.server.url}/`)
    await page.goto(`${app.server.url}/#photo/0nobody`)
    await page.getByText('This photo is not here any more.').waitFor()
    expect(await page.locator('.pswp').count()).toBe(0)
    await leave()
  })

  it('deletes the photo that it shows, though another has come in before it', async () => {
    const { page, leave } = await visit(app)
    await upload(page, pictures.slice(0, 2))
    await tile(page, 1).click()
    await opened(page)
    const shown = (await announced(page))!.split(',')[0]!
    await page.evaluate((base64) => {
      const clipboardData = new DataTransfer()
      clipboardData.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], 'later.png', { type: 'image/png' }))
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    }, pictures[3]!.buffer.toString('base64'))
    await expect.poll(() => page.locator('.tile').count(), { timeout: 60_000 }).toBe(3)
    await page.keyboard.press('Delete')
    await closed(page)
    await expect.poll(() => page.locator('.tile').count()).toBe(2)
    expect(await page.locator('.tile img').evaluateAll((all) => all.map((img) => (img as HTMLImageElement).alt))).not.toContain(shown)
    await expect.poll(() => focused(page)).toBeDefined()
    await leave()
  })

  it('shows animations moving', async () => {
    const { page, leave } = await visit(app)
    const frames = await Promise.all(['#e33', '#33e'].map((background) => sharp({ create: { width: 60, height: 40, channels: 3, background } }).png().toBuffer()))
    const gif = await sharp(frames, { join: { animated: true } }).gif({ delay: [100, 100] }).toBuffer()
    await upload(page, [{ name: 'moving.gif', mimeType: 'image/gif', buffer: gif }])
    await tile(page, 0).click()
    await opened(page)
    await expect.poll(() => page.locator('.pswp__item[aria-hidden=false] img.pswp__img').evaluateAll((all) => all.map((img) => new URL((img as HTMLImageElement).src).pathname.split('/').at(-1)))).toContain('original.gif')
    await leave()
  })
})

describe('details', () => {
  it('say by the camera’s clock when and with what a photo was taken, beside the photo; Escape leads back', async () => {
    const { page, leave } = await visit(app, { storageState: owner, timezoneId: 'Asia/Tokyo', path: `/#photo/${ids[4]}` })
    await opened(page)
    await page.keyboard.press('i')
    const details = page.locator('.details')
    await details.getByText('Apple').waitFor()
    const { photos } = await (await page.context().request.get(`${app.server.url}/api/photos`)).json()
    const [, hour, minute] = /T(\d\d):(\d\d)/.exec(photos[4].details.takenAt)!
    await details.getByText(`${Number(hour) % 12 || 12}:${minute}`, { exact: false }).first().waitFor()
    const rightEdge = () => page.evaluate(() => Math.max(...[...document.querySelectorAll('.pswp__item[aria-hidden=false] .pswp__img')].map((img) => img.getBoundingClientRect().right)))
    await expect.poll(rightEdge).toSatisfy((right: number) => right > 0 && right <= 1280 - 340)
    await page.getByLabel('Title').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Delete')
    await page.keyboard.press('Escape')
    await details.waitFor({ state: 'detached' })
    // Neither key turned the page or closed it.
    expect(await hash(page)).toBe(`#photo/${ids[4]}`)
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-expanded'))).toBe('false')
    await leave()
  })

  it('of a public photo are no more than everybody sees', async () => {
    const { page, leave } = await visit(app)
    const { url, sasKey } = await (await page.context().request.get(`${app.server.url}/api/credentials`)).json()
    const { bytes } = await cameraPhoto()
    const put = await fetch(`${url}/images/public.jpg?${sasKey}`, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2021-12-02' }, body: new Uint8Array(bytes) })
    expect(put.status).toBe(201)
    await page.getByRole('link', { name: 'Public' }).click()
    await expect.poll(async () => (await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))), page.locator('.tile').count()), { timeout: 60_000 }).toBe(1)
    await tile(page, 0).click()
    await opened(page)
    await page.getByRole('button', { name: 'Details' }).click()
    const text = await page.locator('.details').innerText()
    expect(text).toContain('Dimensions')
    expect(text).not.toMatch(/Apple|Camera|Taken|Save/)
    expect(await page.getByRole('button', { name: 'Delete' }).count()).toBe(0)
    await leave()
  })
})

describe('where one reads from the right', () => {
  const arabic: VisitOptions = { locale: 'ar' }
  const number = (n: number) => new Intl.NumberFormat('ar-u-nu-arab').format(n)

  it('the next photo is to the left: for arrows, buttons and fingers', async () => {
    const { page, leave } = await visit(app, { storageState: owner, ...phone, ...arabic })
    await tile(page, 0).focus()
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => focused(page)).toBe('1')
    await page.keyboard.press('Enter')
    await opened(page)
    const wanted = (n: number) => expect.poll(() => announced(page)).toContain(`, ${number(n)} / ${number(6)}`)
    await wanted(2)
    await page.keyboard.press('ArrowLeft')
    await wanted(3)
    await swipe(page, 'right')
    await wanted(4)
    expect(await page.locator('.pswp__button--arrow--prev').getAttribute('aria-label')).toBe('الصورة التالية')
    await leave()
  })

  it('pages go on as more photos are fetched', async () => {
    const { page, leave } = await visit(app, { ...arabic, prepare: (page) => listSynthetic(page, 300), path: `/#photo/${String(58).padStart(26, '0')}` })
    await opened(page)
    for (const n of [59, 60, 61, 62]) {
      // Only what has been fetched can be turned to.
      await page.locator(`.pswp img[alt="Photo ${n}"]`).first().waitFor({ state: 'attached' })
      await page.keyboard.press('ArrowLeft')
      await expect.poll(() => announced(page)).toContain(`Photo ${n},`)
      await expect.poll(() => page.locator('.pswp__item[aria-hidden=false] img[alt]').last().getAttribute('alt')).toBe(`Photo ${n}`)
    }
    await leave()
  })
})

describe('selecting', () => {
  it('takes ranges with shift, whole days, and all there are', async () => {
    const { page, leave } = await visit(app, { prepare: (page) => listSynthetic(page, 300) })
    const bar = page.locator('.selection-bar')
    await tile(page, 1).hover()
    await page.locator('.tile').nth(1).getByRole('checkbox').click()
    await tile(page, 4).click({ modifiers: ['Shift'] })
    await bar.getByText('4 selected').waitFor()
    await tile(page, 2).click()
    await bar.getByText('3 selected').waitFor()
    await tile(page, 2).focus()
    await page.keyboard.press('Shift+X')
    await bar.getByText('4 selected').waitFor()
    await page.keyboard.press('Escape')
    await bar.waitFor({ state: 'detached' })
    const day = page.locator('.select-day').first()
    const count = Number(/\d+/.exec(await page.locator('.day span').first().innerText())![0])
    await day.click()
    await bar.getByText(`${count} selected`).waitFor()
    expect(await day.getAttribute('aria-checked')).toBe('true')
    await page.getByRole('button', { name: 'Select all' }).click()
    await bar.getByText('300 selected').waitFor()
    expect(await findings(page)).toEqual([])
    await leave()
  })

  it('begins with a long press on a phone', async () => {
    const { page, leave } = await visit(app, { storageState: owner, ...phone })
    const box = (await tile(page, 1).boundingBox())!
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    const session = await page.context().newCDPSession(page)
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] })
    await page.locator('.selection-bar').getByText('1 selected').waitFor()
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    await tile(page, 0).tap()
    await page.locator('.selection-bar').getByText('2 selected').waitFor()
    expect(await page.locator('.pswp').count()).toBe(0)
    await leave()
  })

  it('saves all that is selected, one after the other', async () => {
    const { page, leave } = await visit(app, { storageState: owner })
    const saved: string[] = []
    page.on('download', (download) => saved.push(download.suggestedFilename()))
    await tile(page, 0).focus()
    for (const n of [1, 2, 3]) {
      await page.keyboard.press('x')
      await page.locator('.selection-bar').getByText(`${n} selected`).waitFor()
      await page.keyboard.press('ArrowRight')
      await expect.poll(() => focused(page)).toBe(`${n}`)
    }
    await page.getByRole('button', { name: 'Download' }).click()
    await expect.poll(() => saved.length).toBe(3)
    expect(saved.every((name) => /^noise \d\.png$/.test(name))).toBe(true)
    await leave()
  })

  it('leaves the focus on what takes the place of what was deleted, and on what comes back', async () => {
    const { page, leave } = await visit(app, { storageState: owner })
    await tile(page, 1).focus()
    await page.keyboard.press('x')
    await page.keyboard.press('Delete')
    await expect.poll(() => page.locator('.tile').count()).toBe(5)
    await expect.poll(() => focused(page)).toBe('1')
    await page.getByRole('button', { name: 'Undo' }).focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('.tile').count()).toBe(6)
    await expect.poll(() => focused(page)).toBe('1')
    await leave()
  })
})

/** Scrolls on, half a window at a time, until all photos have come in and the last one is in sight. */
async function scrollThrough(page: Page): Promise<void> {
  await tile(page, 0).waitFor()
  await expect.poll(async () => {
    await page.evaluate(() => scrollBy(0, innerHeight / 2))
    await drawn(page)
    return tile(page, 299).count()
  }, { timeout: 100_000, interval: 1 }).toBe(1)
  await page.locator('.footer').waitFor()
}

describe('the gallery', () => {
  it('is one stop of the Tab key, and asks for pictures as wide as they are drawn', async () => {
    const { page, leave } = await visit(app, { storageState: owner })
    await page.locator('.tile').nth(5).waitFor()
    expect(await page.locator('.gallery a').evaluateAll((all) => all.filter((each) => (each as HTMLElement).tabIndex === 0).length)).toBe(1)
    const panorama = page.getByRole('img', { name: 'Landscape 7' })
    const [sizes, height] = await panorama.evaluate((img: HTMLImageElement) => [parseInt(img.sizes), img.getBoundingClientRect().height] as const)
    expect(sizes).toBeGreaterThanOrEqual(Math.floor(height * 10))
    await leave()
  })

  it.each([
    ['as photos are shown', async (page: Page) => page.locator('.tile img.is-loaded').nth(5).waitFor(), {}],
    ['as more of them come in and one scrolls through them', scrollThrough, { prepare: (page: Page) => listSynthetic(page, 300) }],
  ])('shifts nothing %s', async (_, look, { prepare }: VisitOptions) => {
    const { page, leave } = await visit(app, {
      storageState: owner,
      prepare: async (page) => {
        await prepare?.(page)
        await page.addInitScript(() => {
          const shifts: number[] = []
          Object.assign(globalThis, { shifts })
          new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ startTime }) => startTime))).observe({ type: 'layout-shift', buffered: true })
        })
      },
    })
    await look(page)
    await drawn(page)
    // One of the test's own: the page hears of shifts some time after them, and in their order.
    const begun = await page.evaluate(() => {
      document.body.style.paddingTop = '200px'
      return performance.now()
    })
    const shifts = () => page.evaluate(() => (globalThis as unknown as { shifts: number[] }).shifts)
    await expect.poll(async () => (await shifts()).at(-1)).toBeGreaterThan(begun)
    expect((await shifts()).filter((at) => at <= begun)).toEqual([])
    await leave()
  })

  it('says that there is a newer version where a part of this one is gone', async () => {
    const { page, leave } = await visit(app, { storageState: owner, prepare: (page) => page.route('**/assets/lightbox-*.js', (route) => route.fulfill({ status: 404 })) })
    await tile(page, 0).click()
    await page.getByText('there may be a newer version').waitFor()
    await page.unroute('**/assets/lightbox-*.js')
    const reloaded = page.waitForEvent('load')
    await page.getByRole('button', { name: 'Reload' }).click()
    await reloaded
    await tile(page, 0).click()
    await opened(page)
    await leave()
  })
})

