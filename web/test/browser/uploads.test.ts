import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { landscape } from '../../../test/support/photos'
import { temporaryFolder } from '../../../test/support/process'
import { noise } from './png'
import { fileInput, phone, pictures, startApp, visit } from './visit'

const app = startApp()

const added = (page: Page, photos: number) => expect.poll(() => page.locator('.tile').count(), { timeout: 100_000 }).toBe(photos)
const listed = async (page: Page) => (await (await page.context().request.get(`${app.server.url}/api/photos`)).json()).photos

/** Lets no upload be completed until the returned function is called. */
async function hold(page: Page): Promise<() => void> {
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  await page.route('**/api/uploads/*/complete', async (route) => (await held, route.continue()))
  return release
}

/** A folder with another in it; in both a photo of the same name, size and time. */
async function photoFolder() {
  const folder = await temporaryFolder()
  const trip = path.join(folder.path, 'trip')
  await mkdir(path.join(trip, 'day 2'), { recursive: true })
  await writeFile(path.join(trip, 'same.png'), noise(60, 40, 'one'))
  await writeFile(path.join(trip, 'day 2', 'same.png'), noise(60, 40, 'two'))
  await writeFile(path.join(trip, '.DS_Store'), 'x')
  return { trip, remove: folder.remove }
}

describe('whole folders', () => {
  it('are dropped, with the folders in them', async () => {
    const folder = await photoFolder()
    const { page, leave } = await visit(app)
    await page.locator('.empty').waitFor()
    const session = await page.context().newCDPSession(page)
    const data = { items: [], files: [folder.trip], dragOperationsMask: 1 }
    const drag = (type: 'dragEnter' | 'dragOver' | 'drop') => session.send('Input.dispatchDragEvent', { type, x: 400, y: 400, data })
    await drag('dragEnter')
    await page.locator('.drop[data-on=true]').waitFor()
    await drag('dragOver')
    await drag('drop')
    await added(page, 2)
    await leave()
    await folder.remove()
  })

  it('are chosen', async () => {
    const folder = await photoFolder()
    const { page, leave } = await visit(app)
    const chosen = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Add a folder' }).click()
    await (await chosen).setFiles(folder.trip)
    await added(page, 2)
    await leave()
    await folder.remove()
  })
})

describe('duplicates', () => {
  it('are recognised by what is in them, among the chosen and in the gallery', async () => {
    const { page, leave } = await visit(app)
    const copy = { ...pictures[0]!, name: 'copy.png' }
    await fileInput(page).setInputFiles([pictures[0]!, pictures[1]!, copy])
    await page.getByText('One photo was chosen twice').waitFor()
    await added(page, 2)
    await page.getByText('2 photos added').first().waitFor()
    await fileInput(page).setInputFiles([{ ...copy, name: 'again.png' }])
    await page.getByText('One photo is in your gallery already').waitFor()
    await page.locator('.toast', { hasText: 'already' }).getByRole('button', { name: 'Add anyway' }).click()
    await added(page, 3)
    await leave()
  })
})

describe('while uploads are under way', () => {
  it('the keyboard stays where it was, or goes to what comes next', async () => {
    const { page, leave } = await visit(app)
    await page.route(/[?&]comp=block&/, () => undefined) // held for ever
    await fileInput(page).setInputFiles(pictures.slice(0, 2))
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))
    const press = async (name: string, then: string) => {
      await page.getByRole('button', { name, exact: true }).focus()
      await page.keyboard.press('Enter')
      await expect.poll(focused).toBe(then)
    }
    await press('Pause: noise 0.png', 'Resume: noise 0.png')
    await press('Resume: noise 0.png', 'Pause: noise 0.png')
    await press('Pause all', 'Resume all')
    await press('Cancel: noise 0.png', 'Cancel: noise 1.png')
    await page.getByRole('button', { name: 'Cancel all' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('alertdialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('alertdialog').waitFor({ state: 'detached' })
    expect(await focused()).toBe('Cancel all')
    await leave()
  })

  it('the screen is kept awake, the page asks before it is left, and a screen reader is told; afterwards no more', async () => {
    const { page, leave } = await visit(app, {
      prepare: (page) => page.addInitScript(() => {
        const seen = { locks: 0, released: 0, said: [] as string[] }
        Object.assign(globalThis, { seen })
        // The browser's own locks, counted; one without a screen refuses them, which is no fault of the page.
        const request = WakeLock.prototype.request
        WakeLock.prototype.request = async function (type) {
          seen.locks++
          const lock = await request.call(this, type).catch(() => Object.assign(new EventTarget(), { released: false, release: async () => undefined }) as unknown as WakeLockSentinel)
          const release = lock.release.bind(lock)
          lock.release = () => (seen.released++, release())
          return lock
        }
        new MutationObserver(() => {
          const text = document.querySelector('div.visually-hidden[role=status]')?.textContent
          if (text && text !== seen.said.at(-1)) seen.said.push(text)
        }).observe(document, { subtree: true, childList: true, characterData: true })
      }),
    })
    const seen = () => page.evaluate(() => (globalThis as unknown as { seen: { locks: number; released: number; said: string[] } }).seen)
    const release = await hold(page)
    await fileInput(page).setInputFiles(pictures.slice(0, 2))
    await page.locator('[data-status=finishing]').nth(1).waitFor()
    await expect.poll(async () => (await seen()).said[0]).toMatch(/^Uploading 0 of 2/)
    expect(await seen()).toMatchObject({ locks: 1, released: 0 })

    const asked = page.waitForEvent('dialog')
    const leaving = page.evaluate(() => void setTimeout(() => location.reload()))
    const dialog = await asked
    expect(dialog.type()).toBe('beforeunload')
    await dialog.dismiss()
    await leaving

    // It stays while one looks around.
    await page.getByRole('link', { name: 'Public' }).click()
    await page.getByRole('heading', { name: 'Nothing public yet' }).waitFor()
    expect(await page.locator('.tray').isVisible()).toBe(true)
    await page.getByRole('link', { name: 'My photos' }).click()
    release()
    await added(page, 2)
    await expect.poll(async () => (await seen()).released).toBe(1)
    await expect.poll(async () => (await seen()).said.at(-1)).toBe('2 photos added')
    page.on('dialog', () => expect.fail('asked again'))
    await page.reload()
    await added(page, 2)
    await leave()
  })
})

describe('a file that can never be taken', () => {
  it('is not offered to be tried again', async () => {
    const { page, leave } = await visit(app)
    await fileInput(page).setInputFiles([{ name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('These are notes.') }])
    await page.getByText('This is not an image that we know.').waitFor()
    expect(await page.locator('.tray-row button').evaluateAll((all) => all.map((button) => button.getAttribute('aria-label')))).toEqual(['Remove: notes.jpg'])
    await leave()
  })
})

describe('smaller copies', () => {
  it('are chosen before the first upload, and keep what the owner likes to know', async () => {
    const { page, leave } = await visit(app, phone)
    const { bytes } = await landscape(app.browser, 5, 3200, 2400)
    const exif = { IFD0: { Make: 'Apple', Model: 'iPhone 6' }, IFD2: { DateTimeOriginal: '2016:01:02 03:04:05' } }
    const photo = await sharp(bytes).jpeg({ quality: 98 }).withExif(exif).toBuffer()
    await page.locator('.footer').getByLabel('Send smaller copies').check()
    await fileInput(page).setInputFiles([{ name: 'large.jpg', mimeType: 'image/jpeg', buffer: photo }])
    await added(page, 1)
    const [{ width, details }] = await listed(page)
    expect(width).toBe(2560)
    expect(details).toMatchObject({ camera: expect.stringContaining('iPhone 6'), takenAt: expect.stringContaining('2016-01-02T03:04:05') })
    await leave()
  })
})
