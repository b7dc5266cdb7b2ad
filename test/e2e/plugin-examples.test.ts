import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import {
  BlobSASPermissions, BlobServiceClient, type ContainerClient, StorageSharedKeyCredential, generateBlobSASQueryParameters,
} from '@azure/storage-blob';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { bundle } from '../support/bundle.ts';
import { type Photo, drawnPhoto } from '../support/photos.ts';
import { root } from '../support/process.ts';
import { type Server, startValetkey, storages } from '../support/servers.ts';

/** The plugin's examples as they stand, each in a page of its own, as somebody's site would have them. */
const examples = ['valetkey', 'container-sas', 'own-backend'] as const;

/** What the own backend's page uploads: several blocks. */
const bytes = randomBytes(9_000_000);

const scripts = new Map<string, string>();
beforeAll(async () => {
  for (const name of examples) for (const [file, code] of await bundle(name, script(name))) scripts.set(file, code);
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

  const open = async (name: (typeof examples)[number], prepare?: (page: Page) => Promise<void>): Promise<Page> => {
    const page = await browser.newPage();
    page.on('pageerror', (error) => expect.fail(`${name}: ${error}`));
    await prepare?.(page);
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

  describe('own-backend.ts', () => {
    let container: ContainerClient;
    let signed: { blobName: string; type: string; size: number }[];

    beforeAll(async () => {
      const key = new StorageSharedKeyCredential(new URL(server.blobUrl).pathname.slice(1), server.accountKey);
      container = new BlobServiceClient(server.blobUrl, key).getContainerClient('own');
      await container.create();
      site.sign = (wish) => {
        signed.push(wish);
        const expiresOn = new Date(Date.now() + 15 * 60_000);
        const sas = generateBlobSASQueryParameters(
          { containerName: 'own', blobName: wish.blobName, permissions: BlobSASPermissions.parse('rw'), expiresOn }, key);
        return { url: `${container.getBlobClient(wish.blobName).url}?${sas}`, expiresAt: expiresOn.toISOString() };
      };
    });
    beforeEach(() => {
      signed = [];
      site.policy = '';
    });

    /** Uploads with the page; says what carried the checksums, and how often the page itself read bytes. */
    const upload = async (integrity: 'crc64' | 'md5') => {
      const headers = new Set<string>();
      const workers: string[] = [];
      const page = await open('own-backend', async (page) => {
        page.on('worker', (worker) => workers.push(new URL(worker.url()).pathname));
        page.on('request', (request) => {
          for (const name of ['x-ms-content-crc64', 'content-md5']) if (request.headers()[name]) headers.add(name);
        });
        await page.addInitScript(() => {
          const read = Blob.prototype.arrayBuffer;
          Object.assign(window, { reads: 0 });
          Blob.prototype.arrayBuffer = function () {
            (window as unknown as { reads: number }).reads++;
            return read.call(this);
          };
        });
      });
      const { failed, reads } = await page.evaluate(async (integrity) => {
        const { uppy } = window as unknown as { uppy: import('@uppy/core').default };
        uppy.getPlugin('AzureBlob')!.setOptions({ integrity });
        uppy.addFile({ name: 'film.bin', type: 'application/octet-stream', data: await (await fetch('/film.bin')).blob() });
        const failed = (await uppy.upload())?.failed?.map(({ error }) => error);
        return { failed, reads: (window as unknown as { reads: number }).reads };
      }, integrity);
      expect(failed).toEqual([]);
      expect(signed).toMatchObject([{ type: 'application/octet-stream', size: bytes.length }]);
      const stored = container.getBlockBlobClient(signed[0]!.blobName);
      expect((await stored.downloadToBuffer()).equals(bytes)).toBe(true);
      expect((await stored.getBlockList('committed')).committedBlocks!.length).toBeGreaterThan(1);
      await page.close();
      return { headers: [...headers], workers, reads };
    };

    // Azurite refuses CRC-64: a site that is tried out with it has its blocks checked by MD5.
    test.skipIf(storage === 'azurite')('computes the CRC-64 of its blocks in a worker', async () => {
      const { headers, workers, reads } = await upload('crc64');
      expect(headers).toEqual(['x-ms-content-crc64']);
      expect(workers).toEqual([expect.stringMatching(/checksum-worker/)]);
      expect(reads).toBe(0);
    });

    test('computes their MD5 in a worker', async () => {
      const { headers, workers, reads } = await upload('md5');
      expect(headers).toEqual(['content-md5']);
      expect(workers).toEqual([expect.stringMatching(/checksum-worker/)]);
      expect(reads).toBe(0);
    });

    test('computes them by itself where the page’s policy forbids workers', async () => {
      site.policy = "worker-src 'none'";
      const { headers, reads } = await upload('md5');
      expect(headers).toEqual(['content-md5']);
      expect(reads).toBeGreaterThanOrEqual(9); // a MiB at a time
    });
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
  /** The pages' Content-Security-Policy; none when empty. */
  policy: string;
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
    if (pathname === '/film.bin') return void response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(bytes);
    const code = scripts.get(pathname);
    if (code !== undefined) return void response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(code);
    response.writeHead(200, { 'Content-Type': 'text/html', ...(site.policy && { 'Content-Security-Policy': site.policy }) }).end(
      `<!doctype html><meta charset="utf-8"><title>Example</title><link rel="icon" href="data:,">
       <progress value="0"></progress><input type="file"><script type="module" src="${pathname}.js"></script>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const site: Site = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    apiUrl: '',
    policy: '',
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
