import { defineConfig } from 'vitest/config'

const roots = ['packages', 'services', 'demo', 'test']

export default defineConfig({
  test: {
    include: roots.map((root) => `${root}/**/*.test.ts`),
    globalSetup: ['packages/testbed/src/global-setup.ts'],
    reporters: ['default', './packages/testbed/src/summary-reporter.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 60_000,
    env: process.env['SLUICE_FIXTURES'] === undefined ? {} : { SLUICE_FIXTURES: process.env['SLUICE_FIXTURES'] },
  },
})
