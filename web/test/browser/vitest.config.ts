import { defineConfig } from 'vitest/config'

// The built app in a real browser, served by the built binary. One file after the other: they share the machine, which may be
// busy with others: what is polled for gets longer than Vitest's one second.
export default defineConfig({
  test: { include: ['*.test.ts'], fileParallelism: false, testTimeout: 240_000, hookTimeout: 240_000, expect: { poll: { timeout: 20_000 } } },
})
