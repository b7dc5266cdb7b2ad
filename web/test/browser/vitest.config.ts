import { defineConfig } from 'vitest/config'

// The built app in a real browser, served by the built binary. One file after the other: they share the machine.
export default defineConfig({
  test: { include: ['*.test.ts'], fileParallelism: false, testTimeout: 120_000, hookTimeout: 60_000 },
})
