import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../test/support/process'
import { noise } from './png'
import { fileInput, startApp, visit } from './visit'

const app = startApp()

let folder: Awaited<ReturnType<typeof temporaryFolder>>
/** Photos on disk: chosen again, they are the same files. */
let photos: string[]

beforeAll(async () => {
  folder = await temporaryFolder()
  photos = ['one', 'two', 'three'].map((name) => path.join(folder.path, `${name}.png`))
  for (const photo of photos) await writeFile(photo, noise(300, 200, photo))
})
afterAll(() => folder?.remove())

const tiles = (page: Page, count: number) => expect.poll(() => page.locator('.tile').count(), { timeout: 100_000 }).toBe(count)

/** Holds back the bytes of every file but the first so many, until `open`. Counts the files whose bytes were let through. */
async function gate(page: Page, through = 0) {
  const sent = new Set<string>()
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  await page.route(/[?&]comp=block&/, async (route) => {
    const { pathname } = new URL(route.request().url())
    if (!sent.has(pathname) && sent.size >= through) await opened
    sent.add(pathname)
    await route.continue().catch(() => undefined) // the page that asked has gone
  })
  return { sent, open }
}

/** Waits until so many files are kept with their bytes, and what is kept of all of them says so. */
const kept = (page: Page, files: number, says: string) =>
  expect.poll(() => page.evaluate(
    () => new Promise<[number, string]>((resolve, reject) => {
      const opening = indexedDB.open('uppy-blobs')
      opening.onerror = reject
      opening.onsuccess = () => {
        const reading = opening.result.transaction(['files', 'metadata'])
        const count = reading.objectStore('files').count()
        const states = reading.objectStore('metadata').getAll()
        reading.oncomplete = () => resolve([count.result, JSON.stringify(states.result).replaceAll('\\', '')])
        opening.result.close()
      }
    }),
  ), { timeout: 60_000 }).toEqual([files, expect.stringContaining(says)])

/** What a browser does that has no room for a file: it keeps what it knows of it, without the bytes. */
const loseFirst = (page: Page) =>
  page.evaluate(() => new Promise<void>((resolve, reject) => {
    const opening = indexedDB.open('uppy-blobs')
    opening.onerror = reject
    opening.onsuccess = () => {
      const writing = opening.result.transaction('files', 'readwrite')
      const cursor = writing.objectStore('files').openCursor()
      cursor.onsuccess = () => {
        const { fileID } = (cursor.result?.value ?? {}) as { fileID?: string }
        if (fileID?.includes('one')) cursor.result!.delete()
        else cursor.result?.continue()
      }
      writing.oncomplete = () => resolve()
      opening.result.close()
    }
  }))

describe('a page that is loaded again', () => {
  it('goes on with the uploads that are left, beside one that was done', async () => {
    const { page, complaints, leave } = await visit(app)
    const bytes = await gate(page, 1)
    await fileInput(page).setInputFiles(photos)
    await page.locator('.tray-row[data-status=done]').waitFor()
    await kept(page, 2, '"uploadComplete":true')
    await page.reload()
    await page.getByText('Going on with 2 uploads').waitFor()
    bytes.open()
    await tiles(page, 3)
    expect(complaints).toEqual([])
    await leave()
  })

  it('takes a file whose bytes were lost when it is chosen again, and goes on with the others at once', async () => {
    const { page, complaints, leave } = await visit(app)
    const bytes = await gate(page)
    await fileInput(page).setInputFiles(photos.slice(0, 2))
    await page.locator('.tray-row').nth(1).waitFor()
    await kept(page, 2, '"azureBlob"')
    await loseFirst(page)
    bytes.open()
    await page.reload()
    await page.locator('.tray-row[data-status=ghost]').waitFor()
    await tiles(page, 1)
    await fileInput(page).setInputFiles(photos[0]!)
    await tiles(page, 2)
    expect(complaints).toEqual([])
    await leave()
  })

  it('shows what had failed, and does not try it unasked', async () => {
    const { page, leave } = await visit(app)
    let refuses = true
    let asked = 0
    await page.route('**/api/uploads', (route) => {
      asked++
      if (!refuses) return route.continue()
      return route.fulfill({ status: 403, contentType: 'application/problem+json', json: { type: 'urn:valetkey:problem:quota', title: 'x', status: 403 } })
    })
    await fileInput(page).setInputFiles(photos[0]!)
    await page.locator('.tray-row[data-status=failed]').waitFor()
    await kept(page, 1, '"error"')
    refuses = false
    await page.reload()
    await page.locator('.tray-row[data-status=failed]').waitFor()
    expect(asked).toBe(1)
    await page.getByRole('button', { name: 'Try again: one.png' }).click()
    await tiles(page, 1)
    await leave()
  })

  it('does not take a photo that was deleted just before for one that is there', async () => {
    const { page, leave } = await visit(app)
    await fileInput(page).setInputFiles(photos[0]!)
    await tiles(page, 1)
    await page.getByText('Photo added').first().waitFor()
    await page.locator('.gallery a').first().click()
    await page.locator('.pswp--open').waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    await tiles(page, 0)
    await page.reload()
    await page.locator('.empty').waitFor()
    await fileInput(page).setInputFiles(photos[0]!)
    await tiles(page, 1)
    await leave()
  })
})

describe('a browser', () => {
  it('that cannot list what it keeps goes on, too', async () => {
    const { page, leave } = await visit(app, { prepare: (page) => page.addInitScript(() => Reflect.deleteProperty(IDBFactory.prototype, 'databases')) })
    const bytes = await gate(page)
    await fileInput(page).setInputFiles(photos[0]!)
    await page.locator('.tray-row').waitFor()
    await kept(page, 1, '"azureBlob"')
    await page.reload()
    await page.getByText('Going on with').waitFor()
    bytes.open()
    await tiles(page, 1)
    await leave()
  })

  it('that may keep nothing uploads all the same', async () => {
    const { page, leave } = await visit(app, {
      prepare: (page) => page.addInitScript(() => {
        IDBFactory.prototype.open = () => {
          throw new DOMException('forbidden', 'SecurityError')
        }
      }),
    })
    await fileInput(page).setInputFiles(photos[0]!)
    await tiles(page, 1)
    await leave()
  })
})

describe('two tabs', () => {
  it('send nothing twice, and neither forgets the uploads of the other', async () => {
    const { page, leave } = await visit(app)
    const bytes = await gate(page)
    await fileInput(page).setInputFiles(photos[0]!)
    await page.locator('.tray-row').waitFor()
    await kept(page, 1, '"azureBlob"')

    const other = await page.context().newPage()
    const othersBytes = await gate(other)
    othersBytes.open()
    await other.goto(app.server.url)
    await fileInput(other).setInputFiles(photos[1]!)
    await tiles(other, 1)
    await other.getByText('Photo added').first().waitFor()
    expect(othersBytes.sent.size).toBe(1)
    await other.close()

    bytes.open()
    await page.reload()
    await tiles(page, 2)
    expect(bytes.sent.size).toBe(1)
    await leave()
  })
})
