import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/never-twice.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    // On machines of others something else may take the processor for seconds; here a test has to pass at once. Where
    // test/never-twice.ts says so, it has to do so everywhere.
    // oxlint-disable-next-line node/no-process-env -- the configuration of the tests, not of the product
    retry: process.env.CI === undefined ? 0 : 1,
    hookTimeout: 60_000,
    env: { NODE_ENV: 'test' },
  },
})
