import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { landscape } from '../support/photos.ts';
import { root } from '../support/process.ts';
import { type Server, startValetkey } from '../support/servers.ts';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const shapes = [[1600, 1067], [1200, 1600], [1600, 900], [1500, 1500], [2000, 1000], [1067, 1600], [1600, 1200], [1800, 1200]] as const;

// UPDATE_SCREENSHOTS=1 renews the pictures that the documentation shows.
const folder = path.join(root, process.env.UPDATE_SCREENSHOTS ? 'docs' : 'test/results');

describe('the app', () => {
  let browser: Browser;
  let server: Server;
  let cookies: Awaited<ReturnType<BrowserContext['cookies']>>;

  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
    server = await startValetkey('embedded');
    browser = await launchBrowser();
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.url);
    const photos = [];
    for (const [seed, [width, height]] of shapes.entries()) photos.push(await landscape(browser, seed + 3, width, height));
    await page.locator('input[type=file]').first().setInputFiles(photos.map(({ name, type, bytes }) => ({ name, mimeType: type, buffer: bytes })));
    const published = async () => (await (await context.request.get(`${server.url}/api/photos`)).json()).photos.length;
    await vi.waitUntil(async () => (await published()) === photos.length, { timeout: 200_000, interval: 200 });
    cookies = await context.cookies();
    await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test.each([
    { name: 'gallery', width: 1280, height: 800, colorScheme: 'light' },
    { name: 'gallery-dark', width: 1280, height: 800, colorScheme: 'dark' },
    { name: 'gallery-phone', width: 390, height: 844, colorScheme: 'light' },
    { name: 'gallery-phone-dark', width: 390, height: 844, colorScheme: 'dark' },
  ] as const)('$name: nothing for axe-core to find, nothing wider than the screen', async ({ name, width, height, colorScheme }) => {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, bypassCSP: true }); // for axe, which brings its own script
    await context.addCookies(cookies);
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(server.url);
    const images = page.getByRole('img', { name: /Landscape/ });
    await expect.poll(() => images.count()).toBeGreaterThan(3);
    await expect.poll(() => images.evaluateAll((all: HTMLImageElement[]) => all.filter((image) => image.loading !== 'lazy' || image.complete).every((image) => image.complete))).toBe(true);
    await page.waitForLoadState('networkidle');
    await page.screenshot({ path: path.join(folder, `${name}.png`) });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.addScriptTag({ path: axe });
    const found = await page.evaluate(async () => {
      const { violations } = await (window as unknown as { axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe.run();
      return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
    });
    expect(found).toEqual([]);
    expect(errors).toEqual([]);
    await context.close();
  });

  test('works with the keyboard alone', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    await context.addCookies(cookies);
    const page = await context.newPage();
    await page.goto(server.url);
    await page.getByRole('img', { name: /Landscape/ }).first().waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.closest('a')?.querySelector('img')?.alt ?? '');
    for (let i = 0; i < 30 && !/Landscape/.test(await focused()); i++) await page.keyboard.press('Tab');
    const opened = await focused();
    expect(opened).toMatch(/Landscape/);
    await page.keyboard.press('Enter');
    const lightbox = page.getByRole('dialog');
    await lightbox.waitFor();
    // It takes no keys while it opens.
    await expect.poll(async () => (await page.keyboard.press('Escape'), lightbox.count())).toBe(0);
    await expect.poll(focused).toBe(opened);
    await context.close();
  });
});
