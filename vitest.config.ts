import { configDefaults, defineConfig } from 'vitest/config'
import { LongestFirst } from './packages/testbed/src/longest-first.ts'

const roots = ['packages', 'services', 'demo', 'test']
/** Their files share processes, which take longer to start than most of these files to run. Most of the others start systems, or databases that stay in memory. */
const shared = [
  'packages/audit-chain',
  'packages/campaign-report',
  'packages/cli',
  'packages/contracts',
  'packages/cwmp',
  'packages/device-simulator',
  'packages/firmware',
  'packages/hot-store',
  'packages/http-auth',
  'packages/image-store',
  'packages/model-profiles',
  'packages/rollout',
  'packages/runtime',
  'packages/targets',
  'packages/versions',
  'services/cwmp-gateway',
  'services/device-waker',
  'services/file-server',
].map((folder) => `${folder}/**/*.test.ts`)
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
  testTimeout: 120_000,
  hookTimeout: 120_000,
  teardownTimeout: 60_000,
  env: process.env['SLUICE_FIXTURES'] === undefined ? {} : { SLUICE_FIXTURES: process.env['SLUICE_FIXTURES'] },
} as const

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './packages/testbed/src/summary-reporter.ts'],
    globalSetup: ['packages/testbed/src/global-setup.ts'],
    projects: [
      {
        test: {
          ...everywhere,
          name: 'apart',
          include: roots.map((root) => `${root}/**/*.test.ts`),
          exclude: [...configDefaults.exclude, ...shared, ...alone],
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...everywhere, name: 'together', include: shared, isolate: false, sequence: { groupOrder: 1 } } },
      { test: { ...everywhere, name: 'alone', include: alone, sequence: { groupOrder: 2 } } },
    ],
  },
})
