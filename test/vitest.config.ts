import { defineConfig } from 'vitest/config';

// The end-to-end tests: a real browser, real SDKs and tools against the built binary. They share two cores with the
// browser, so one file runs after the other, and what is polled for gets longer than Vitest's one second.
export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
