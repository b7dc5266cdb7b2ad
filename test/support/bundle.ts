import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'vite';
import { root } from './process.ts';

/** Bundles a page's script with the packages it imports for the browser. */
export async function bundle(source: string): Promise<string> {
  const folder = await mkdtemp(path.join(root, 'test/.bundle-'));
  try {
    const entry = path.join(folder, 'page.js');
    await writeFile(entry, source);
    await build({
      root: folder,
      logLevel: 'error',
      configFile: false,
      build: { outDir: 'out', lib: { entry, formats: ['es'], fileName: () => 'bundle.js' }, minify: false },
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    return await readFile(path.join(folder, 'out/bundle.js'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
