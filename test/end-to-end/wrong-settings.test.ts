import { startProcess } from '@sluice/testbed'
import { expect, test } from 'vitest'

const nats = 'SLUICE_NATS_URL'
const sql = [nats, 'SLUICE_POSTGRES_URL']

/** Each process, and the settings it cannot start without. */
const processes: readonly (readonly [entry: string, required: readonly string[]])[] = [
  ['packages/bus/src/main.ts', [nats]],
  ['services/cwmp-gateway/src/main.ts', [nats, 'SLUICE_REDIS_URL', 'SLUICE_CWMP_NONCE_SECRET', 'SLUICE_SNAPSHOT_KEY']],
  ['services/device-registry/src/main.ts', [...sql, 'SLUICE_SEAL_KEY']],
  [
    'services/artifact-resolver/src/main.ts',
    [
      ...sql,
      'SLUICE_IMAGES_DIRECTORY',
      'SLUICE_FILES_BASE_URL',
      'SLUICE_DOWNLOAD_KEY',
      'SLUICE_VERDICT_PUBLIC_KEY',
      'SLUICE_INTAKE_TOKEN',
    ],
  ],
  ['services/firmware-verifier/src/main.ts', [...sql, 'SLUICE_IMAGES_DIRECTORY', 'SLUICE_VERDICT_KEY']],
  ['services/file-server/src/main.ts', [nats, 'SLUICE_IMAGES_DIRECTORY', 'SLUICE_DOWNLOAD_KEY']],
  ['services/campaign-scheduler/src/main.ts', sql],
  ['services/operator-api/src/main.ts', [nats, 'SLUICE_API_TOKENS', 'SLUICE_INTAKE_TOKEN']],
  ['services/standalone/src/main.ts', []],
]

const wrong = {
  SLUICE_ADMIN_PORT: 'seventy',
  SLUICE_LOG_LEVEL: 'loud',
  SLUICE_OTLP_ENDPOINT: 'collector:4318',
}

test.each(processes)(
  '%s says each problem of its settings on a line of its own, and exits with 1',
  async (entry, required) => {
    const started = await startProcess({ entry, env: wrong })
    expect(await started.ended).toBe(1)
    const named = started
      .output()
      .trim()
      .split('\n')
      .map((line) => /^(SLUICE_[A-Z_]+): \S/.exec(line)?.[1] ?? `not a problem of a setting: ${line}`)
    expect(named.toSorted()).toEqual([...required, ...Object.keys(wrong)].toSorted())
  },
)

test('the value of a secret is not printed', async () => {
  const secret = 'not-sixty-four-hexadecimal-characters'
  const started = await startProcess({
    entry: 'services/device-registry/src/main.ts',
    env: { SLUICE_SEAL_KEY: secret },
  })
  expect(await started.ended).toBe(1)
  expect(started.output()).toContain('SLUICE_SEAL_KEY: ')
  expect(started.output()).not.toContain(secret)
})
