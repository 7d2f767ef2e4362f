import { configDefaults, defineConfig } from 'vitest/config'

const roots = ['packages', 'services', 'demo', 'test']
/** Two thousand devices, whose time-outs are seconds, keep two cores busy: after all others, with nothing beside them. */
const alone = ['test/chaos/**/*.test.ts']

const everywhere = {
  pool: 'forks',
  maxWorkers: 2,
  testTimeout: 30_000,
  hookTimeout: 30_000,
  teardownTimeout: 60_000,
  env: process.env['SLUICE_FIXTURES'] === undefined ? {} : { SLUICE_FIXTURES: process.env['SLUICE_FIXTURES'] },
} as const

export default defineConfig({
  test: {
    reporters: ['default', './packages/testbed/src/summary-reporter.ts'],
    projects: [
      {
        test: {
          ...everywhere,
          name: 'together',
          include: roots.map((root) => `${root}/**/*.test.ts`),
          exclude: [...configDefaults.exclude, ...alone],
          globalSetup: ['packages/testbed/src/global-setup.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...everywhere, name: 'alone', include: alone, sequence: { groupOrder: 2 } } },
    ],
  },
})
