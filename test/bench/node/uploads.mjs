// Uploads from Chromium for the suite "uploads": reads lines "WAY COUNT" and answers each with the seconds it took.
// Usage: node uploads.mjs APP MIDDLEWARE. The page is the app's own, with a script of this one's in it.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'vite';
import { openPage } from './page.mjs';

const [app, middleware] = process.argv.slice(2);

const source = `
  import { BlockBlobClient } from '@azure/storage-blob';
  import { createLanes, upload } from 'uppy-azure-blob/core';

  const size = 4_000_000;
  const photo = () => {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i += 65536) crypto.getRandomValues(bytes.subarray(i, Math.min(i + 65536, size)));
    return new File([bytes], crypto.randomUUID() + '.jpg', { type: 'image/jpeg' });
  };
  const files = Array.from({ length: 20 }, photo);
  const credentials = async () => (await fetch('${app}/api/credentials')).json();
  const name = () => crypto.randomUUID() + '.jpg';

  // One upload each. Photos are not completed: what checking them costs is measured elsewhere.
  const ways = {
    plugin: {
      atOnce: Infinity, // the lanes see to it
      begin: () => createLanes(6),
      one: (file, lanes) => upload(file, { getUpload: grant, inBlocks: false, lanes }),
    },
    plugin1: {
      atOnce: Infinity,
      begin: async () => ({ lanes: createLanes(6), granted: await credentials() }),
      one: (file, { lanes, granted }) => upload(file, { getCredentials: () => granted, container: 'images', inBlocks: false, lanes }),
    },
    fetch: {
      atOnce: 6,
      begin: credentials,
      one: (file, { sasKey, url }) => put(url + '/images/' + name() + '?' + sasKey, file),
    },
    asking: {
      atOnce: 6,
      begin: () => undefined,
      one: async (file) => put((await grant(file)).url, file),
    },
    tutorial: { atOnce: 1, begin: () => undefined, one: tutorial },
    tutorial6: { atOnce: 6, begin: () => undefined, one: tutorial },
    middleware: {
      atOnce: 6,
      begin: () => undefined,
      one: async (file) => {
        const form = new FormData();
        form.append('file', file, name());
        const answer = await fetch('${middleware}', { method: 'POST', body: form });
        if (!answer.ok) throw new Error(await answer.text());
      },
    },
  };

  async function grant({ type, size }) {
    const answer = await fetch('/api/uploads', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ type, size }) });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  async function put(url, file) {
    const answer = await fetch(url, { method: 'PUT', body: file, headers: { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2023-11-03' } });
    if (!answer.ok) throw new Error(await answer.text());
  }

  async function tutorial(file) {
    const { sasKey, url } = await credentials();
    await new BlockBlobClient(url + '/images/' + name() + '?' + sasKey).uploadBrowserData(file);
  }

  window.run = async (way, count) => {
    const { atOnce, begin, one } = ways[way];
    const began = performance.now();
    const ready = await begin();
    let next = 0;
    await Promise.all(Array.from({ length: Math.min(atOnce, count) }, async () => {
      while (next < count) await one(files[next++ % files.length], ready);
    }));
    return (performance.now() - began) / 1000;
  };
`;

async function bundle() {
  const folder = await mkdtemp(path.join(import.meta.dirname, '.bundle-'));
  try {
    const entry = path.join(folder, 'page.js');
    await writeFile(entry, source);
    await build({
      root: folder, logLevel: 'error', configFile: false, define: { 'process.env.NODE_ENV': '"production"' },
      build: { outDir: 'out', lib: { entry, formats: ['es'], fileName: () => 'bundle.js' } },
    });
    return await readFile(path.join(folder, 'out/bundle.js'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const script = await bundle();
const page = await openPage(app);
await page.evaluate(`new Promise((resolve, reject) => {
  const element = document.createElement('script');
  element.type = 'module';
  element.src = URL.createObjectURL(new Blob([${JSON.stringify(script)}], { type: 'text/javascript' }));
  element.onload = () => resolve();
  element.onerror = () => reject(new Error('the script did not load'));
  document.head.append(element);
})`);
console.log(`listening on ${app}`);
for await (const line of createInterface({ input: process.stdin })) {
  const [way, count] = line.split(' ');
  console.log(await page.evaluate(`run(${JSON.stringify(way)}, ${Number(count)})`));
}
await page.close();
