import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'contract/**/*.test.ts', 'tests/**/*.test.ts', 'web/**/*.test.ts'],
    // Real servers, encoders and browsers run in these tests; two cores are shared by all of them.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
