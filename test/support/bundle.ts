import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'vite';
import { root } from './process.ts';

/** Bundles a page's script with the packages it imports for the browser: `/NAME.js` and the workers it starts, by their paths. */
export async function bundle(name: string, source: string): Promise<Map<string, string>> {
  const folder = await mkdtemp(path.join(root, 'test/.bundle-'));
  try {
    const entry = path.join(folder, 'page.js');
    await writeFile(entry, source);
    await build({
      root: folder,
      logLevel: 'error',
      configFile: false,
      build: { outDir: 'out', lib: { entry, formats: ['es'], fileName: () => `${name}.js` }, minify: false },
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    const out = path.join(folder, 'out');
    const files = (await readdir(out, { recursive: true })).filter((file) => file.endsWith('.js'));
    return new Map(await Promise.all(files.map(async (file) => [`/${file}`, await readFile(path.join(out, file), 'utf8')] as const)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
