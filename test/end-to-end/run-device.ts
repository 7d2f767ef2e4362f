import { createFleet, type Device, type FleetSettings, type Happening, type RecordLine } from '@sluice/device-simulator'
import type { System } from './system.ts'

export interface RunningDevice {
  readonly device: Device
  readonly name: string
  /** What it wrote down. */
  readonly lines: readonly RecordLine[]
  /** The same, of one kind. */
  wrote<W extends Happening['what']>(what: W): Extract<RecordLine, { what: W }>[]
  stop(): Promise<void>
}

/** One device in this process, which comes only when it is asked to, and listens for that. */
export async function runDevice(
  system: System,
  serialPrefix: string,
  device: NonNullable<FleetSettings['device']> = {},
  faults: NonNullable<FleetSettings['faults']> = () => ({}),
): Promise<RunningDevice> {
  const login = { connectionRequestUsername: 'acs', connectionRequestPassword: `wake ${serialPrefix}` }
  const fleet = createFleet({
    acsUrl: system.acsUrl,
    count: 1,
    seed: 11,
    serialPrefix,
    periodicInformMs: 3_600_000,
    timeScale: 0.02,
    faults,
    device: { rebootMs: 300, flashMs: 200, listens: true, ...login, ...device },
  })
  // Fresh from the factory, it has no login that anybody could have brought in.
  const items = fleet.credentials().map(({ username, password, ...identity }) => ({
    ...identity,
    ...(device.startsAtFactory ? {} : { username, password }),
    ...login,
  }))
  await system.client.call('importDevices', { body: { items } })
  const lines: RecordLine[] = []
  fleet.onRecord((line) => lines.push(line))
  fleet.start()
  const [only] = fleet.devices
  return {
    device: only!,
    name: only!.deviceName,
    lines,
    wrote: (what) => lines.filter((line) => line.what === what) as never,
    stop: () => fleet.stop(1_000),
  }
}
