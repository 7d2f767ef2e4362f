import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@sluice/client'
import { openEmbedded } from '@sluice/sql'
import { freePort, type HistorySources, prepareEmbedded, startProcess, type StartedProcess } from '@sluice/testbed'
import type { System } from './system.ts'

export interface EmbeddedSystem extends System {
  /** kill -9, with everything under way. */
  kill(): Promise<void>
  /** On the same state and the same ports. */
  startAgain(): Promise<void>
}

export interface EmbeddedOptions {
  readonly labNetworks?: string
  /** Where its spans go; nowhere unless told. */
  readonly tracesTo?: string
}

/** Reads what a one-process system that has stopped left in its state directory. */
export async function readEmbedded<T>(
  stateDirectory: string,
  read: (sql: HistorySources['sql']) => Promise<T>,
): Promise<T> {
  const sql = await openEmbedded({ directory: join(stateDirectory, 'database') })
  try {
    return await read({ query: (text, values) => sql.query(text, values) })
  } finally {
    await sql.close()
  }
}

/** The one-process system as users start it. */
export async function startEmbeddedSystem(options: EmbeddedOptions = {}): Promise<EmbeddedSystem> {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'sluice-e2e-'))
  prepareEmbedded(join(stateDirectory, 'database'))
  const [cwmpPort, filesPort, apiPort, stunPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const launch = (): Promise<StartedProcess> =>
    startProcess({
      entry: 'services/standalone/src/main.ts',
      env: {
        SLUICE_STATE_DIRECTORY: stateDirectory,
        SLUICE_CWMP_PORT: String(cwmpPort),
        SLUICE_FILES_PORT: String(filesPort),
        SLUICE_API_PORT: String(apiPort),
        SLUICE_ADMIN_PORT: '0',
        SLUICE_LAB_NETWORKS: options.labNetworks ?? '',
        SLUICE_STUN_PORT: String(stunPort),
        SLUICE_NOTIFICATIONS_PORT: '0',
        ...(options.tracesTo !== undefined && { SLUICE_OTLP_ENDPOINT: options.tracesTo }),
      },
      readyWhen: (output) => output.includes('standalone.system.started'),
      deadlineMs: 60_000,
    })
  let running = await launch()
  const apiUrl = `http://127.0.0.1:${apiPort}`
  const token = readFileSync(join(stateDirectory, 'operator-token'), 'utf8').trim()
  return {
    topology: 'embedded',
    stunPort,
    acsUrl: `http://127.0.0.1:${cwmpPort}/`,
    apiUrl,
    client: createClient({ url: apiUrl, token }),
    capsOfAll: {},
    output: () => running.output(),
    stop: () => running.stop(),
    kill: () => running.kill(),
    startAgain: async () => {
      running = await launch()
    },
    quiet: () => sleep(1_000),
    readJournals: (read) => readEmbedded(stateDirectory, read),
    remove: async () => {
      await running.kill()
      rmSync(stateDirectory, { recursive: true, force: true })
    },
  }
}
