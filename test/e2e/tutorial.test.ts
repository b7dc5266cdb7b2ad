import { type Server as HttpServer, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { bundle } from '../support/bundle.ts';
import { type Photo, cameraPhoto } from '../support/photos.ts';
import { type Server, startValetkey, storages } from '../support/servers.ts';

// A page as the tutorial has it: it asks for credentials, builds the blob's URL itself and uploads with the SDK.
const page = `<!doctype html><meta charset="utf-8"><title>Upload</title>
<input type="file" id="file"><p id="status"></p><script type="module" src="page.js"></script>`;

const script = (api: string) => `
  import { BlockBlobClient } from '@azure/storage-blob';
  document.querySelector('#file').addEventListener('change', async (event) => {
    const status = document.querySelector('#status');
    try {
      const file = event.target.files[0];
      const { sasKey, url } = await (await fetch('${api}/api/credentials')).json();
      const client = new BlockBlobClient(\`\${url}/images/\${encodeURIComponent(file.name)}?\${sasKey}\`);
      await client.uploadBrowserData(file, { blobHTTPHeaders: { blobContentType: file.type } });
      status.textContent = file.name + ' uploaded';
    } catch (error) {
      status.textContent = String(error);
    }
  });`;

describe.each(storages)('the tutorial’s page on %s', (storage) => {
  let browser: Browser;
  let server: Server;
  let pages: HttpServer;
  let pagesUrl: string;
  let photo: Photo;

  beforeAll(async () => {
    const files = new Map<string, string>();
    pages = createServer((request, response) => {
      const body = files.get(request.url ?? '');
      response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': request.url?.endsWith('.js') ? 'text/javascript' : 'text/html' });
      response.end(body);
    });
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    pagesUrl = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
    server = await startValetkey(storage, ['--origin', pagesUrl, '--landing-poll', '200ms']);
    files.set('/', page);
    for (const [file, code] of await bundle('page', script(server.url))) files.set(file, code);
    browser = await launchBrowser();
    photo = await cameraPhoto();
  });
  afterAll(async () => {
    await browser?.close();
    pages?.close();
    await server?.close();
  });

  test('uploads, and the picture is checked and shows up under Public', async () => {
    const tutorial = await browser.newPage();
    await tutorial.goto(pagesUrl);
    const send = async (name: string, buffer: Buffer) => {
      await tutorial.setInputFiles('#file', { name, mimeType: photo.type, buffer });
      await tutorial.waitForFunction((name) => document.querySelector('#status')!.textContent === `${name} uploaded`, name);
    };
    await send('Grüße vom Meer.jpg', photo.bytes);
    await send('no photo.jpg', Buffer.from('not a photo'));
    await expect.poll(() => publicPhotos(server), { timeout: 20_000 }).toHaveLength(1);
    const [published] = await publicPhotos(server);
    expect(published).toMatchObject({ title: 'Grüße vom Meer', width: photo.width, height: photo.height });

    const app = await browser.newPage();
    await app.goto(server.url);
    await app.getByRole('tab', { name: 'Public' }).or(app.getByRole('link', { name: 'Public' })).click();
    const image = app.getByRole('img', { name: /Grüße vom Meer/ }).first();
    await image.waitFor();
    // A srcset's naturalWidth is that of the layout, so only the shape tells.
    await expect
      .poll(() => image.evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth / img.naturalHeight))
      .toBeCloseTo(photo.width / photo.height, 1);
    await app.close();
    await tutorial.close();
  });
});

interface Published {
  title: string;
  width: number;
  height: number;
}

async function publicPhotos(server: Server): Promise<Published[]> {
  const answer = await fetch(`${server.url}/api/photos?owner=public`);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { photos: Published[] }).photos;
}
