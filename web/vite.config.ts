import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const api = process.env.VALETKEY_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
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
