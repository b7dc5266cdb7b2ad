import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import lighthouse, { desktopConfig, type Flags } from 'lighthouse';
import { type BrowserContext, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { browserOptions, launchBrowser } from '../support/browser.ts';
import { landscape } from '../support/photos.ts';
import { root, temporaryFolder } from '../support/process.ts';
import { type Server, startValetkey } from '../support/servers.ts';

/** Judged here: the rest, performance, is a matter of the machine's time, and is reported. */
const judged = ['accessibility', 'best-practices', 'seo'];
const photoCount = 12;

async function report(name: string, result: object): Promise<void> {
  const folder = path.join(root, 'test/results');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, name), JSON.stringify(result));
}

describe('Lighthouse', () => {
  let server: Server;
  let profile: Awaited<ReturnType<typeof temporaryFolder>>;
  let context: BrowserContext;
  let port: number;

  beforeAll(async () => {
    server = await startValetkey('embedded');
    profile = await temporaryFolder();
    const { args, ...options } = browserOptions();
    // Lighthouse opens a page of its own in this profile, which has the owner's cookie.
    context = await chromium.launchPersistentContext(profile.path, { ...options, args: [...args, '--remote-debugging-port=0'] });
    port = Number((await readFile(path.join(profile.path, 'DevToolsActivePort'), 'utf8')).split('\n')[0]);
    const browser = await launchBrowser();
    const photos = [];
    for (let seed = 0; seed < photoCount; seed++) photos.push(await landscape(browser, seed + 3, seed % 3 ? 1600 : 1067, seed % 3 ? 1067 : 1600));
    await browser.close();
    const page = await context.newPage();
    await page.goto(server.url);
    await page.locator('input[type=file]').first().setInputFiles(photos.map(({ name, type, bytes }) => ({ name, mimeType: type, buffer: bytes })));
    const published = async () => (await (await context.request.get(`${server.url}/api/photos`)).json()).photos.length;
    await vi.waitUntil(async () => (await published()) === photoCount, { timeout: 200_000, interval: 200 });
    await page.close();
  });
  afterAll(async () => {
    await context?.close();
    await server?.close();
    await profile?.remove();
  });

  describe.each([['a phone', undefined], ['a desktop', desktopConfig]] as const)('on %s', (name, config) => {
    test.each([
      ['gallery', '/', []],
      // Lighthouse asks for robots.txt from inside the page, which here may connect to nothing: see connect-src in sas.html.
      ['SAS explainer', '/sas', ['robots-txt']],
    ])('finds nothing to better in the %s', async (what, page, skipAudits) => {
      // Storage is kept: the cookie in it is the owner's, and with it go the photos.
      const flags: Flags = { port, output: 'json', disableStorageReset: true, skipAudits, logLevel: 'error' };
      const { lhr } = (await lighthouse(server.url + page, flags, config))!;
      await report(`lighthouse ${what} on ${name}.json`.replaceAll(' ', '-'), lhr);
      const { performance, ...scores } = Object.fromEntries(Object.entries(lhr.categories).map(([id, { score }]) => [id, score]));
      const shift = lhr.audits['cumulative-layout-shift']!.numericValue!;
      console.log(`${what} on ${name}: performance ${performance}, layout shift ${shift}`, scores);
      const failing = Object.entries(lhr.categories).filter(([id]) => judged.includes(id)).flatMap(([, { auditRefs }]) =>
        auditRefs.filter(({ id, weight }) => weight > 0 && (lhr.audits[id]!.score ?? 1) < 1).map(({ id }) => id));
      for (const id of judged) expect(scores[id], `${id}: ${failing}`).toBeGreaterThanOrEqual(0.95);
      expect(shift).toBe(0);
    });
  });
});
