import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const api = process.env.VALETKEY_URL ?? 'http://127.0.0.1:8080'

/** Changes with what the service worker keeps for when there is no network. */
const offline = createHash('sha256')
for (const name of ['offline.html', 'offline.css', 'icon.svg']) offline.update(readFileSync(new URL(`public/${name}`, import.meta.url)))

export default defineConfig({
  define: { OFFLINE_VERSION: JSON.stringify(offline.digest('hex').slice(0, 8)) },
  resolve: {
    // The plugin's source, so that the app builds whether or not the package was built before.
    alias: { 'uppy-azure-blob': fileURLToPath(new URL('../packages/uppy-azure-blob/src/index.ts', import.meta.url)) },
    dedupe: ['preact'],
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    // dist/ also holds the placeholder that a fresh clone has; `npm run build` removes the old assets itself.
    emptyOutDir: false,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: Object.fromEntries(
        Object.entries({ index: 'index.html', sas: 'sas.html', sw: 'src/sw.ts' }).map(([name, file]) => [name, fileURLToPath(new URL(file, import.meta.url))]),
      ),
      // A service worker keeps its address: browsers look there for the next one.
      output: { entryFileNames: ({ name }) => (name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js') },
    },
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': api, '/.auth': api } },
})
