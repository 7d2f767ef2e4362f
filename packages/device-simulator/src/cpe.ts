import type { DataModel } from './data-model.ts'
import type { EventQueue } from './event-queue.ts'
import type { Faults } from './faults.ts'
import type { ImageHeader } from './image.ts'
import type { Happening } from './record.ts'
import type { DeviceSettings } from './settings.ts'

/** What came of fetching and judging an image. `faults` are the device's own and those a bad release brings. */
export type Obtained =
  | { readonly kind: 'installable'; readonly header: ImageHeader; readonly faults: Faults }
  | { readonly kind: 'failed'; readonly fault: number }
  | { readonly kind: 'cancelled' }

/** A Download the CPE holds (TR-069 A.3.2.8). */
export interface Transfer {
  readonly commandKey: string
  readonly fileType: string
  readonly url: string
  readonly username: string
  readonly password: string
  readonly delaySeconds: number
  readonly abort: AbortController
  state: 'asked' | 'planned' | 'in_progress' | 'applying'
  startedAt: string
  /** Set when it was fetched during the session already. */
  obtained?: Obtained
  /** The ACS was told already: by Status 0, by a fault, or by a TransferComplete in the same session. */
  told?: boolean
}

/** A TransferComplete that waits for its answer. */
export interface TransferReport {
  readonly commandKey: string
  readonly fault: number
  readonly startedAt: string
  readonly completedAt: string
  repeatsLeft: number
}

export type DeviceOutcome =
  | 'untouched'
  | 'in_progress'
  | 'cancelled'
  | 'download_failed'
  | 'refused'
  | 'running_new'
  | 'running_new_settings_lost'
  | 'fell_back'
  | 'silent'

/** One CPE's memory, shared by what it does. */
export interface Cpe {
  readonly settings: DeviceSettings
  readonly deviceName: string
  readonly random: () => number
  readonly model: DataModel
  readonly events: EventQueue
  readonly downloadsReceived: Map<string, number>
  transfers: Transfer[]
  reports: TransferReport[]
  /** What the ACS asked for and the end of the session starts. */
  readonly asked: {
    reboots: string[]
    factoryReset: boolean
    informs: { commandKey: string; delaySeconds: number }[]
  }
  outcome: DeviceOutcome
  settingsLost: boolean
  messageCount: number
  record(happening: Happening): void
}

/** The key as the device repeats it. */
export function keyToReport(cpe: Cpe, commandKey: string): string {
  return cpe.settings.faults.blanksCommandKey ? '' : commandKey
}

/** Queues a TransferComplete and the events that announce it (TR-069 3.7.1.5). */
export function queueReport(cpe: Cpe, transfer: Transfer, fault: number): void {
  const { faults } = cpe.settings
  if (faults.neverSendsTransferComplete) return
  const commandKey = keyToReport(cpe, transfer.commandKey)
  cpe.reports.push({
    commandKey,
    fault,
    startedAt: transfer.startedAt,
    completedAt: new Date().toISOString(),
    repeatsLeft: faults.repeatsTransferComplete ?? 0,
  })
  cpe.events.add('7 TRANSFER COMPLETE')
  cpe.events.add('M Download', commandKey)
}

export function forget(cpe: Cpe, transfer: Transfer): void {
  cpe.transfers = cpe.transfers.filter((one) => one !== transfer)
}
