import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'plugin',
          root: 'packages/uppy-azure-blob',
          include: ['test/*.test.ts'],
          environment: 'node',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // The machine may be busy with others.
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        resolve: { alias: { 'uppy-azure-blob': fileURLToPath(new URL('packages/uppy-azure-blob/src/index.ts', import.meta.url)) } },
        test: { name: 'web', root: 'web', include: ['test/*.test.ts'], environment: 'node', testTimeout: 60_000 },
      },
    ],
  },
})
