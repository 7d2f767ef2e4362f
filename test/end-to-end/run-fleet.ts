import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFleet, type DeviceState, type Faults, type RecordLine } from '@sluice/device-simulator'
import { startProcess, waitUntil } from '@sluice/testbed'
import type { FleetOrder } from './fleet.main.ts'
import type { System } from './system.ts'

export interface RunningFleet {
  /** In the order of the faults that were given. */
  readonly names: readonly string[]
  /** What the devices sign in with. */
  readonly passwords: readonly string[]
  /** The devices' own record, JSON lines. */
  readonly record: string
  lines(): RecordLine[]
  /** Ends the devices and answers how each of them sees itself. */
  stop(): Promise<DeviceState[]>
  remove(): Promise<void>
}

export interface FleetOptions extends Partial<Omit<FleetOrder, 'acsUrl' | 'record' | 'statesFile'>> {
  readonly count: number
}

/** Brings the devices' credentials in, and starts them in a process of their own once the system knows them. */
export async function runFleet(system: System, options: FleetOptions): Promise<RunningFleet> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-fleet-'))
  const order: FleetOrder = {
    acsUrl: system.acsUrl,
    seed: 7,
    periodicInformMs: 1_500,
    timeScale: 0.02,
    startSpreadMs: 500,
    faults: [] as readonly Faults[],
    ...options,
    device: { rebootMs: 300, flashMs: 200, ...options.device },
    record: join(directory, 'record.jsonl'),
    statesFile: join(directory, 'states.jsonl'),
  }
  const { record, statesFile, faults: _, ...settings } = order
  // The same seed makes the same devices here as there.
  const twin = createFleet(settings)
  const credentials = twin.credentials()
  for (let from = 0; from < credentials.length; from += 1_000) {
    await system.client.call('importDevices', { body: { items: credentials.slice(from, from + 1_000) } })
  }
  const child = await startProcess({
    entry: 'test/end-to-end/fleet.main.ts',
    args: [JSON.stringify(order)],
    readyWhen: (output) => output.includes('fleet started'),
  })
  await waitUntil(async () => (await informedDevices(system, order.serialPrefix ?? 'SIM')) >= order.count, {
    deadlineMs: 20_000 + 3 * order.periodicInformMs!,
    everyMs: 200 + order.count / 2,
    describe: () => `not all of ${order.count} devices informed`,
  })
  const read = <T>(path: string): T[] =>
    existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as T)
      : []
  return {
    names: twin.devices.map((device) => device.deviceName),
    passwords: credentials.map(({ password }) => password),
    record,
    lines: () => read<RecordLine>(record),
    stop: async () => {
      await child.stop()
      return read<DeviceState>(statesFile)
    },
    remove: async () => {
      await child.kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function informedDevices(system: System, prefix: string): Promise<number> {
  let informed = 0
  let cursor: string | undefined
  do {
    const page = await system.client.call('listDevices', { query: { limit: 500, ...(cursor && { cursor }) } })
    informed += page.items.filter((one) => one.serialNumber.startsWith(prefix) && one.lastInformAt !== null).length
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return informed
}
