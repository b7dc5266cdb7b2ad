import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, vi } from 'vitest'
import { launchBrowser } from '../../../test/support/browser'
import { type Server, startValetkey } from '../../../test/support/servers'
import { noise } from './png'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const pictures = [
  [900, 600],
  [600, 900],
  [800, 800],
  [1000, 500],
].map(([width, height], i) => ({ name: `noise ${i}.png`, mimeType: 'image/png', buffer: noise(width!, height!, `app${i}`) }))

export const phone: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }

/** The built app, served to a real browser. */
export interface App {
  browser: Browser
  server: Server
}

/** Starts both for the tests of a file. */
export function startApp(): App {
  const app = {} as App
  beforeAll(async () => {
    app.browser = await launchBrowser()
    app.server = await startValetkey('embedded')
  })
  afterAll(async () => {
    await app.browser?.close()
    await app.server?.close()
  })
  return app
}

export interface Visit {
  page: Page
  /** What the console was told, warnings as well. */
  complaints: string[]
  leave: () => Promise<void>
}

export interface VisitOptions extends BrowserContextOptions {
  /** What follows the server's address. */
  path?: string
  /** Runs before the page is opened. */
  prepare?: (page: Page) => Promise<unknown>
}

/** A visitor; of their own unless `storageState` says whose. */
export async function visit({ browser, server }: App, { path = '/', prepare, ...options }: VisitOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options })
  context.setDefaultTimeout(100_000) // of a single step: half a minute may be too short when others use the machine
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.addInitScript(linger)
  await prepare?.(page)
  await page.goto(server.url + path)
  return { page, complaints, leave: () => context.close() }
}

/**
 * What the app takes away by itself, after six or seven seconds, stays ten times as long: a busy machine may need that long
 * until it has seen a message and pressed its button.
 */
function linger(): void {
  const setOnTime = setTimeout
  const late = (run: () => void, delay = 0, ...rest: []) => setOnTime(run, delay >= 6000 ? delay * 10 : delay, ...rest)
  Object.assign(globalThis, { setTimeout: late })
}

/** Which part of the app is shown, by its address: asked of the page, as the browser's own word of it comes later. */
export const hash = (page: Page) => page.evaluate(() => location.hash)

/** Waits until what the page shows now has been drawn. */
export const drawn = (page: Page) => page.evaluate(() => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))))

export const fileInput = (page: Page) => page.locator('input[type=file]').first()

/** Uploads pictures and closes the tray. */
export async function upload(page: Page, files = pictures): Promise<void> {
  const before = await page.locator('.tile').count()
  await fileInput(page).setInputFiles(files)
  await vi.waitUntil(async () => (await page.locator('.tile img.is-loaded').count()) === before + files.length, { timeout: 100_000 })
  await closeTray(page)
}

/** Closes the tray of uploads, once all of them have come to an end. */
export async function closeTray(page: Page): Promise<void> {
  const tray = page.getByRole('region', { name: /Uploads|الرفع/ })
  await tray.getByRole('button', { name: /^(Close|إغلاق)$/ }).click()
  await tray.waitFor({ state: 'detached' })
}

/** What axe finds, a line each; empty when all is well. */
export async function findings(page: Page): Promise<string[]> {
  // Through the debugger, which the page's content security policy does not bind.
  await page.evaluate(axe)
  return page.evaluate(async () => {
    type Axe = { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
    // Not among its rules unless asked for: WCAG 2.2, 24 by 24 pixels.
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run({ rules: { 'target-size': { enabled: true } } })
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`)
  })
}

/** Photos as the API lists them, without a picture behind them but their placeholders; `to` of them in all. */
export async function listSynthetic(page: Page, to: number): Promise<void> {
  await page.route('**/api/photos?*', (route) => {
    const query = new URL(route.request().url()).searchParams
    const from = Number(query.get('cursor') ?? 0)
    const end = Math.min(from + Number(query.get('limit')), to)
    const photos = Array.from({ length: end - from }, (_, i) => synthetic(from + i))
    return route.fulfill({ json: { photos, ...(end < to && { cursor: String(end) }) } })
  })
}

function synthetic(i: number) {
  const width = 600 + ((i * 137) % 900)
  return {
    id: String(i).padStart(26, '0'), title: `Photo ${i}`, width, height: 800, thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI',
    createdAt: new Date(Date.UTC(2026, 0, 1) - i * 3_600_000).toISOString(), bytes: 1000,
    variants: [{ width: 320, height: 240, type: 'image/webp', url: '/icon.svg' }],
    original: { type: 'image/jpeg', bytes: 1000, url: '/icon.svg' },
  }
}

/**
 * Touches the screen: each moment is where the fingers are; after the last one they are lifted. Every moment is drawn before
 * the next one comes, so that a slow page sees all of them.
 */
export async function touch(page: Page, moments: { x: number; y: number }[][]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await drawn(page)
  for (const [i, touchPoints] of moments.entries()) {
    await session.send('Input.dispatchTouchEvent', { type: i === 0 ? 'touchStart' : 'touchMove', touchPoints })
    await drawn(page)
  }
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  await session.detach()
}

/** A finger across a phone's screen: so far that it does not have to be fast. */
export const swipe = (page: Page, towards: 'left' | 'right') =>
  touch(page, Array.from({ length: 8 }, (_, i) => [{ x: towards === 'left' ? 370 - i * 50 : 20 + i * 50, y: 400 }]))

/** Taps twice. All is sent at once: a second tap that comes late is another one. */
export async function doubleTap(page: Page, x: number, y: number): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await drawn(page)
  await Promise.all([[{ x, y }], [], [{ x, y }], []].map((touchPoints) =>
    session.send('Input.dispatchTouchEvent', { type: touchPoints.length > 0 ? 'touchStart' : 'touchEnd', touchPoints })))
  await drawn(page)
  await session.detach()
}
