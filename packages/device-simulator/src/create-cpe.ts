import type { Cpe } from './cpe.ts'
import { createEventQueue } from './event-queue.ts'
import { createDataModel, type SubscriberSettings } from './model/data-model.ts'
import type { Happening } from './record.ts'
import type { DeviceSettings } from './settings.ts'

export interface CpeParts {
  readonly settings: DeviceSettings
  readonly deviceName: string
  readonly random: () => number
  record(happening: Happening): void
  wait(ms: number): Promise<void>
}

/** What PeriodicInformInterval says at the factory, in protocol seconds. */
export function informSecondsOf({ periodicInformMs, timeScale }: DeviceSettings): number {
  return Math.max(1, Math.round(periodicInformMs / 1000 / timeScale))
}

/** One CPE's memory as it is when it is first switched on. */
export function createCpe(parts: CpeParts): Cpe {
  const { settings } = parts
  const log: string[] = []
  return {
    ...parts,
    model: createDataModel(settings, informSecondsOf(settings)),
    events: createEventQueue(),
    downloadsReceived: new Map(),
    transfers: [],
    reports: [],
    changed: new Set(),
    changedLightly: new Set(),
    deploymentUnits: [],
    asked: { reboots: [], factoryReset: false, informs: [], unitChanges: [], otherAcs: false, crash: false },
    vouchers: 0,
    bootedAt: 0,
    log,
    outcome: 'untouched',
    settingsLost: false,
    namespace: settings.cwmp,
    cookies: new Map(),
    hangUps: 0,
    messageCount: 0,
  }
}

/** Everything the ACS or a subscriber set is gone; the firmware stays (TR-069 A.4.1.6). */
export function resetToFactory(cpe: Cpe): void {
  const { settings } = cpe
  const version = cpe.model.software()
  const factory = { ...settings, version, startsAtFactory: true, subscriber: factorySettings(cpe) }
  cpe.model = createDataModel(factory, informSecondsOf(settings))
  cpe.deploymentUnits.length = 0
  cpe.vouchers = 0
  firstContact(cpe)
}

/** 0 BOOTSTRAP instead of everything that was not delivered (TR-069 3.7.1.5). */
export function firstContact(cpe: Cpe): void {
  cpe.reports = []
  cpe.changed.clear()
  cpe.events.bootstrap()
}

export function factorySettings(cpe: Cpe): SubscriberSettings {
  const tail = cpe.settings.identity.serialNumber.slice(-4)
  return { ssid: `factory-${tail}`, username: 'admin', password: 'admin', provisioningCode: '' }
}
