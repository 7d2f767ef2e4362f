import { configDefaults, defineConfig } from 'vitest/config'
import { LongestFirst } from './packages/testbed/src/longest-first.ts'

const roots = ['packages', 'services', 'demo', 'test']
/** They start nothing and keep nothing between calls: their files share processes, which takes longer to start than most of them to run. */
const pure = [
  'audit-chain',
  'contracts',
  'cwmp',
  'firmware',
  'http-auth',
  'image-store',
  'model-profiles',
  'rollout',
  'targets',
  'versions',
].map((name) => `packages/${name}/**/*.test.ts`)
/** Two thousand devices, whose time-outs are seconds, keep two cores busy: after all others, with nothing beside them. */
const alone = ['test/chaos/**/*.test.ts']

/** Seven hundred files, which every test file would load anew: half a second each. They are made one. */
const bundled = ['typebox', 'typebox/compile', 'typebox/format', 'typebox/value'].map(
  (name) => `@sluice/contracts > ${name}`,
)

const everywhere = {
  pool: 'forks',
  maxWorkers: 2,
  deps: { optimizer: { ssr: { enabled: true, include: bundled } } },
  // Beside a system of a dozen processes on two cores, even what takes a second may take half a minute.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  teardownTimeout: 60_000,
  env: process.env['SLUICE_FIXTURES'] === undefined ? {} : { SLUICE_FIXTURES: process.env['SLUICE_FIXTURES'] },
} as const

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './packages/testbed/src/summary-reporter.ts'],
    projects: [
      {
        test: {
          ...everywhere,
          name: 'together',
          include: roots.map((root) => `${root}/**/*.test.ts`),
          exclude: [...configDefaults.exclude, ...pure, ...alone],
          globalSetup: ['packages/testbed/src/global-setup.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...everywhere, name: 'pure', include: pure, isolate: false, sequence: { groupOrder: 1 } } },
      { test: { ...everywhere, name: 'alone', include: alone, sequence: { groupOrder: 2 } } },
    ],
  },
})
