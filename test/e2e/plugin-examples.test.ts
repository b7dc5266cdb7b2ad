import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import {
  BlobSASPermissions, BlobServiceClient, StorageSharedKeyCredential, generateBlobSASQueryParameters,
} from '@azure/storage-blob';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { bundle } from '../support/bundle.ts';
import { type Photo, drawnPhoto } from '../support/photos.ts';
import { root } from '../support/process.ts';
import { type Server, startValetkey, storages } from '../support/servers.ts';

/** The plugin's examples as they stand, each in a page of its own, as somebody's site would have them. */
const examples = ['valetkey', 'container-sas', 'own-backend'] as const;

const scripts = new Map<string, string>();
beforeAll(async () => {
  for (const name of examples) scripts.set(`/${name}.js`, await bundle(script(name)));
});

describe.each(storages)('the plugin’s examples on %s', (storage) => {
  let browser: Browser;
  let server: Server;
  let site: Site;
  let photo: Photo;

  beforeAll(async () => {
    site = await startSite();
    server = await startValetkey(storage, ['--origin', site.url, '--landing-poll', '200ms']);
    site.apiUrl = server.url;
    browser = await launchBrowser();
    photo = await drawnPhoto(browser, 'image/png', 600, 450);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await server?.close();
  });

  const open = async (name: (typeof examples)[number]): Promise<Page> => {
    const page = await browser.newPage();
    page.on('pageerror', (error) => expect.fail(`${name}: ${error}`));
    await page.goto(`${site.url}/${name}`);
    return page;
  };
  const choose = (page: Page) => page.setInputFiles('input', { name: photo.name, mimeType: photo.type, buffer: photo.bytes });

  test('valetkey.ts', async () => {
    const page = await open('valetkey');
    await choose(page);
    await page.getByText(`${photo.name} is at /api/photos/`).waitFor();
    const { photos } = (await (await page.request.get(`${site.url}/api/photos`)).json()) as Photos;
    expect(photos).toHaveLength(1);
    expect(await download(photos[0]!.original.url)).toEqual(photo.bytes);
  });

  test('container-sas.ts', async () => {
    const page = await open('container-sas');
    await choose(page);
    await page.getByText(`The picture is at ${server.blobUrl}/images/`).waitFor();
    await expect.poll(() => page.locator('progress').evaluate((bar: HTMLProgressElement) => bar.value)).toBe(1);
    const published = async () => ((await (await fetch(`${server.url}/api/photos?owner=public`)).json()) as Photos).photos;
    await expect.poll(published, { timeout: 20_000 }).toHaveLength(1);
    expect(await download((await published())[0]!.original.url)).toEqual(photo.bytes);
  });

  // Its blocks carry a CRC-64, which Azurite refuses.
  test.skipIf(storage === 'azurite')('own-backend.ts', async () => {
    const key = new StorageSharedKeyCredential(new URL(server.blobUrl).pathname.slice(1), server.accountKey);
    const container = new BlobServiceClient(server.blobUrl, key).getContainerClient('own');
    await container.create();
    const signed: { blobName: string; type: string; size: number }[] = [];
    site.sign = (wish) => {
      signed.push(wish);
      const expiresOn = new Date(Date.now() + 15 * 60_000);
      const sas = generateBlobSASQueryParameters(
        { containerName: 'own', blobName: wish.blobName, permissions: BlobSASPermissions.parse('rw'), expiresOn }, key);
      return { url: `${container.getBlobClient(wish.blobName).url}?${sas}`, expiresAt: expiresOn.toISOString() };
    };
    const page = await open('own-backend');
    const bytes = randomBytes(9_000_000); // several blocks
    const transfer = await page.evaluateHandle((text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), bytes.toString('base64'));
    const failed = await page.evaluate(async (data) => {
      const { uppy } = window as unknown as { uppy: import('@uppy/core').default };
      uppy.addFile({ name: 'film.bin', type: 'application/octet-stream', data: new Blob([data as BlobPart]) });
      return (await uppy.upload())?.failed?.map(({ error }) => error);
    }, transfer);
    expect(failed).toEqual([]);
    expect(signed).toMatchObject([{ type: 'application/octet-stream', size: bytes.length }]);
    const stored = container.getBlockBlobClient(signed[0]!.blobName);
    expect((await stored.downloadToBuffer()).equals(bytes)).toBe(true);
    expect((await stored.getBlockList('committed')).committedBlocks!.length).toBeGreaterThan(1);
  });
});

interface Photos {
  photos: { original: { url: string } }[];
}

async function download(url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer());
}

/** An example's file, and for one that leaves the rest to the page a way to reach what it exports. */
function script(name: string): string {
  const file = JSON.stringify(path.join(root, 'packages/uppy-azure-blob/examples', `${name}.ts`));
  return `import * as example from ${file}; Object.assign(window, example);`;
}

interface Site {
  url: string;
  /** Where calls below /api/ go. */
  apiUrl: string;
  /** The site's own backend. */
  sign: (wish: { blobName: string; type: string; size: number }) => { url: string; expiresAt: string };
  close: () => Promise<void>;
}

/** Somebody's site: pages, a backend that signs, and Valetkey's API under the same origin. */
async function startSite(): Promise<Site> {
  const server = createServer(async (incoming, response) => {
    const { pathname } = new URL(incoming.url!, 'http://-');
    if (pathname.startsWith('/api/')) return pass(site.apiUrl, incoming, response);
    if (pathname === '/sign') {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const answer = site.sign(JSON.parse(Buffer.concat(chunks).toString()) as Parameters<Site['sign']>[0]);
      return void response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
    }
    const code = scripts.get(pathname);
    if (code !== undefined) return void response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(code);
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(
      `<!doctype html><meta charset="utf-8"><title>Example</title><link rel="icon" href="data:,">
       <progress value="0"></progress><input type="file"><script type="module" src="${pathname}.js"></script>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const site: Site = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    apiUrl: '',
    sign: () => {
      throw new Error('nobody signs');
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return site;
}

function pass(to: string, incoming: IncomingMessage, response: ServerResponse) {
  const outgoing = request(to + incoming.url, { method: incoming.method, headers: incoming.headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  incoming.pipe(outgoing);
}
