import type { KeyObject } from 'node:crypto'
import { createDevice, type Device, type DeviceState } from './device.ts'
import type { Faults } from './faults.ts'
import { openRecordFile, type RecordLine } from './record.ts'
import { draw, hexDigits, seededRandom } from './seeded.ts'
import { deviceNameOf, type DeviceSettings, type Identity } from './settings.ts'
import { testVendorKey } from './vendor-key.ts'

export interface FleetSettings {
  readonly acsUrl: string
  readonly count: number
  /** Decides passwords, jitter, waits and who suffers a bad release. The same seed makes the same fleet. */
  readonly seed: number
  readonly model?: Partial<Omit<Identity, 'serialNumber'>>
  /** Serial numbers are this and a running number of six digits. */
  readonly serialPrefix?: string
  readonly version?: string
  readonly auth?: DeviceSettings['auth']
  readonly periodicInformMs?: number
  readonly timeScale?: number
  /** The devices start at times spread over this long. */
  readonly startSpreadMs?: number
  readonly faults?: (index: number) => Faults
  /** Absent: the test vendor's. */
  readonly vendorPublicKey?: KeyObject
  /** Path of a JSON lines file to append to. */
  readonly record?: string
  /** Everything else a device can be told, for all of them. */
  readonly device?: Partial<Omit<DeviceSettings, FleetDecided>>
}

/** What the fleet decides for each device by itself. */
type FleetDecided = 'acsUrl' | 'identity' | 'seed' | 'faults' | 'timeScale' | 'startAfterMs' | 'vendorPublicKey'

/** What an ACS must know to let a device in. */
export interface DeviceCredentials {
  readonly manufacturer: string
  readonly oui: string
  readonly productClass: string
  readonly serialNumber: string
  readonly username: string
  readonly password: string
  /** What it expects of who wakes it; absent where it listens for nobody. */
  readonly connectionRequestUsername?: string
  readonly connectionRequestPassword?: string
}

export interface Fleet {
  readonly devices: readonly Device[]
  start(): void
  stop(drainMs?: number): Promise<void>
  states(): DeviceState[]
  onRecord(listener: (line: RecordLine) => void): void
  credentials(): DeviceCredentials[]
}

export function createFleet(settings: FleetSettings): Fleet {
  const devices = Array.from({ length: settings.count }, (_, index) => createDevice(settingsOf(settings, index)))
  const file = settings.record === undefined ? undefined : openRecordFile(settings.record)
  if (file) for (const device of devices) device.onRecord((line) => file.append(line))
  return {
    devices,
    start: () => {
      for (const device of devices) device.start()
    },
    stop: async (drainMs) => {
      await Promise.all(devices.map((device) => device.stop(drainMs)))
      file?.close()
    },
    states: () => devices.map((device) => device.finalState()),
    onRecord: (listener) => {
      for (const device of devices) device.onRecord(listener)
    },
    credentials: () =>
      devices.map(({ settings }) => {
        const { manufacturer, oui, productClass, serialNumber } = settings.identity
        const { username, password, connectionRequestUsername, connectionRequestPassword } = settings
        return {
          manufacturer,
          oui,
          productClass,
          serialNumber,
          username,
          password,
          ...(connectionRequestUsername !== undefined && { connectionRequestUsername }),
          ...(connectionRequestPassword !== undefined && { connectionRequestPassword }),
        }
      }),
  }
}

function settingsOf(fleet: FleetSettings, index: number): DeviceSettings {
  const { seed } = fleet
  const serialNumber = `${fleet.serialPrefix ?? 'SIM'}${String(index + 1).padStart(6, '0')}`
  const identity = {
    manufacturer: 'Simulated Devices',
    oui: '02A1B2',
    productClass: 'SimGateway',
    hardwareVersion: '1.0',
    ...fleet.model,
    serialNumber,
  }
  return {
    acsUrl: fleet.acsUrl,
    identity,
    version: fleet.version ?? '1.0.0',
    root: 'Device',
    username: deviceNameOf(identity),
    password: hexDigits(seededRandom('password', seed, serialNumber), 24),
    auth: fleet.auth ?? 'challenge',
    seed,
    periodicInformMs: fleet.periodicInformMs ?? 300_000,
    timeScale: fleet.timeScale ?? 1,
    startAfterMs: (fleet.startSpreadMs ?? 0) * draw('start', seed, serialNumber),
    startsAtAnyPhase: false,
    rebootMs: 2_000,
    flashMs: 1_000,
    timeoutMs: 30_000,
    resumes: 0,
    maxImageBytes: 128 * 1024 * 1024,
    missingFileFault: 9016,
    cwmp: '1-2',
    subscriber: {
      ssid: `home-${serialNumber}`,
      username: `owner-${serialNumber}`,
      password: hexDigits(seededRandom('subscriber', seed, serialNumber), 12),
      provisioningCode: 'provisioned',
    },
    ...(fleet.device?.listens === true && {
      connectionRequestUsername: 'acs',
      connectionRequestPassword: hexDigits(seededRandom('connection request', seed, serialNumber), 16),
    }),
    vendorPublicKey: fleet.vendorPublicKey ?? testVendorKey().publicKey,
    faults: fleet.faults?.(index) ?? {},
    ...fleet.device,
  }
}
