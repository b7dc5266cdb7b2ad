import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import exifr from 'exifr';
import type { Browser, BrowserContext, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type Photo, cameraPhoto, drawnPhoto } from '../support/photos.ts';
import { root } from '../support/process.ts';
import { type Server, startValetkey, storages } from '../support/servers.ts';

interface PhotoJSON {
  id: string;
  title: string;
  width: number;
  height: number;
  variants: { width: number; height: number; type: string; url: string }[];
  original: { type: string; bytes: number; url: string };
}

describe.each(storages)('uploading from a browser to %s', (storage) => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let server: Server;
  let photos: Photo[];
  const requests: Request[] = [];
  const spoken: string[] = []; // every text that went over the wire or into the console
  const consoleErrors: string[] = [];
  const listening: Promise<void>[] = [];

  beforeAll(async () => {
    server = await startValetkey(storage);
    browser = await launchBrowser();
    photos = [
      await cameraPhoto(),
      await drawnPhoto(browser, 'image/png', 1600, 1100),
      await drawnPhoto(browser, 'image/webp', 2600, 1900),
    ];
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    page.on('console', (message) => {
      spoken.push(message.text());
      if (message.type() === 'error') consoleErrors.push(message.text());
    });
    page.on('pageerror', (error) => consoleErrors.push(String(error)));
    page.on('request', (request) => {
      requests.push(request);
      listening.push(listen(request));
    });
    await page.goto(server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Remembers a request's and its answer's texts; the images' bytes are looked at by themselves. */
  async function listen(request: Request) {
    spoken.push(request.url(), JSON.stringify(await request.allHeaders()));
    if (!toStorage(request)) spoken.push(request.postData() ?? '');
    const response = await request.response();
    if (!response) return;
    spoken.push(JSON.stringify(await response.allHeaders()));
    const type = response.headers()['content-type'] ?? '';
    if (/json|text|javascript|xml/.test(type)) spoken.push(await response.text().catch(() => ''));
  }

  const toStorage = (request: Request) => request.url().startsWith(server.blobUrl);
  const toApi = (request: Request) => new URL(request.url()).pathname.startsWith('/api/') && !toStorage(request);

  async function listed(): Promise<PhotoJSON[]> {
    const answer = await context.request.get(`${server.url}/api/photos`);
    return ((await answer.json()) as { photos: PhotoJSON[] }).photos;
  }

  test('shows progress and then the photos, upright', async () => {
    for (const photo of photos.slice(1)) expect(photo.bytes.length, photo.name).toBeGreaterThan(2_000_000);
    const link = await context.newCDPSession(page);
    const throttle = (uploadThroughput: number) =>
      link.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
    await throttle(3_000_000); // bytes a second: slow enough for progress to be seen
    await watchProgress(page);
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles(photos.map(({ name, type, bytes }) => ({ name, mimeType: type, buffer: bytes })));
    await expect.poll(listed, { timeout: 90_000 }).toHaveLength(photos.length);
    await throttle(-1);
    const seen = await page.evaluate(() => (window as unknown as { seen: number[] }).seen);
    expect(seen.filter((value) => value > 0 && value < 100).length, `progress seen: ${seen}`).toBeGreaterThan(3);

    for (const photo of photos) {
      const image = page.getByRole('img', { name: new RegExp(path.parse(photo.name).name) }).first();
      await image.waitFor();
      await expect
        .poll(() => image.evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth > 0 && img.naturalHeight > img.naturalWidth))
        .toBe(photo.height > photo.width);
    }
    const camera = (await listed()).find((photo) => photo.title === 'Holiday on the phone');
    expect(camera).toMatchObject({ width: 102, height: 205 });
    expect(await difference(page, photos[0]!, camera!.variants[0]!.url)).toBeLessThan(12);
    await screenshot(page, `gallery-${storage}`);
  });

  test('serves nothing that says where, when or with what a photo was taken', async () => {
    const before = await exifr.parse(photos[0]!.bytes, { gps: true });
    expect(before, 'the photo that was uploaded').toMatchObject({ Make: 'Apple' });
    expect(before.latitude).toBeTypeOf('number');
    for (const photo of await listed()) {
      for (const { url } of [...photo.variants, photo.original]) {
        const served = await fetch(url);
        expect(served.status).toBe(200);
        const bytes = Buffer.from(await served.arrayBuffer());
        const facts = (await exifr.parse(bytes, { gps: true, xmp: true, iptc: true, mergeOutput: true }).catch(() => undefined)) ?? {};
        for (const telling of ['latitude', 'longitude', 'GPSLatitude', 'Make', 'Model', 'DateTimeOriginal', 'LensModel', 'Software']) {
          expect(facts, `${photo.title}: ${url.split('?')[0]}`).not.toHaveProperty(telling);
        }
        for (const word of ['Apple', 'iPhone']) expect(bytes.includes(word)).toBe(false);
      }
    }
  });

  test('sends image bytes to the Blob endpoint only', async () => {
    await Promise.all(listening);
    const sent = requests.filter((request) => toStorage(request) && request.method() === 'PUT');
    expect(sent.length).toBeGreaterThanOrEqual(photos.length);
    for (const request of sent) {
      const query = new URL(request.url()).searchParams;
      expect(query.get('comp')).toBe('block');
      expect(query.get('sp')).toBe('w');
      expect(query.get('sr')).toBe('b');
    }
    const calls = requests.filter(toApi);
    expect(calls.length).toBeGreaterThanOrEqual(2 * photos.length);
    for (const call of calls) {
      expect((await call.sizes()).requestBodySize, call.url()).toBeLessThan(1000);
      expect((await call.response())?.headers()['content-type'] ?? '').not.toMatch(/^image/);
    }
  });

  test('lets the account key out nowhere', async () => {
    await Promise.all(listening);
    const everything = [...spoken, server.process.stdout, server.process.stderr].join('\n');
    expect(spoken.join('\n')).toContain('sig='); // or it listened to the wrong thing
    expect(everything).not.toContain(server.accountKey);
    expect(everything).not.toContain(encodeURIComponent(server.accountKey));
    expect(server.process.stderr).not.toContain('sig=');
  });

  test('says clearly why a file is refused', async () => {
    const before = (await listed()).length;
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles({ name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('These are notes, not a photo.') });
    await page.getByText(/not an image/i).first().waitFor();
    expect(await listed()).toHaveLength(before);
    await screenshot(page, `refused-${storage}`);
  });

  test('leaves the console clean', () => {
    // The browser itself reports the refusal's status; nothing else may be there.
    expect(consoleErrors.filter((text) => !/status of 422/.test(text))).toEqual([]);
  });
});

/** How far a served image is from the file, as the browser shows both: the mean over all pixels, of 255. */
function difference(page: Page, photo: Photo, url: string): Promise<number> {
  return page.evaluate(
    async ([base64, type, url]) => {
      const pixels = async (blob: Blob) => {
        const bitmap = await createImageBitmap(blob); // turns what carries an orientation
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const context = canvas.getContext('2d')!;
        context.drawImage(bitmap, 0, 0);
        return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
      };
      const file = new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type });
      const [before, after] = [await pixels(file), await pixels(await (await fetch(url, { cache: 'reload' })).blob())];
      if (before.length !== after.length) return 255;
      return before.reduce((sum, value, i) => sum + Math.abs(value - after[i]!), 0) / before.length;
    },
    [photo.bytes.toString('base64'), photo.type, url] as const,
  );
}

/** Collects all values that the page's progress bars have from now on, however seldom somebody looks. */
function watchProgress(page: Page): Promise<void> {
  return page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(window, { seen });
    new MutationObserver(() => {
      for (const bar of document.querySelectorAll('[role=progressbar]')) {
        const value = Number(bar.getAttribute('aria-valuenow'));
        if (!seen.includes(value)) seen.push(value);
      }
    }).observe(document, { subtree: true, childList: true, attributeFilter: ['aria-valuenow'] });
  });
}

async function screenshot(page: Page, name: string) {
  const folder = path.join(root, 'test/results');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}
