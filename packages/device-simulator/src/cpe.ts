import type { DataModel } from './model/data-model.ts'
import type { CpeEvent, EventQueue } from './event-queue.ts'
import type { Faults } from './faults.ts'
import type { ImageHeader } from './image.ts'
import type { Happening } from './record.ts'
import type { DeviceSettings } from './settings.ts'
import type { XmlElement } from './read-xml.ts'
import { faultStruct, tag } from './write-soap.ts'

/** What came of fetching and judging an image. `faults` are the device's own and those a bad release brings. */
export type Obtained =
  | { readonly kind: 'installable'; readonly header: ImageHeader; readonly faults: Faults }
  | { readonly kind: 'failed'; readonly fault: number }
  | { readonly kind: 'cancelled' }

export interface TimeWindow {
  readonly startSeconds: number
  readonly endSeconds: number
  readonly mode: string
}

/** A transfer the CPE was told to make (TR-069 A.3.2.8, A.4.1.5, A.4.1.8). */
export interface Transfer {
  readonly method: 'Download' | 'ScheduleDownload' | 'Upload'
  readonly commandKey: string
  readonly fileType: string
  readonly url: string
  readonly username: string
  readonly password: string
  readonly fileSize: number
  readonly targetFileName: string
  readonly delaySeconds: number
  /** Of ScheduleDownload: one or two, in order. */
  readonly windows: readonly TimeWindow[]
  /** Real milliseconds since the epoch. */
  readonly receivedAt: number
  readonly abort: AbortController
  state: 'asked' | 'planned' | 'in_progress' | 'applying'
  startedAt: string
  /** Set when it was fetched during the session already. */
  obtained?: Obtained
  /** The ACS was told already: by Status 0, by a fault, or by a TransferComplete in the same session. */
  told?: boolean
}

export const FIRMWARE = '1 Firmware Upgrade Image'

/** What the CPE calls the ACS for by itself. */
export type ReportMethod =
  | 'TransferComplete'
  | 'AutonomousTransferComplete'
  | 'RequestDownload'
  | 'DUStateChangeComplete'
  | 'AutonomousDUStateChangeComplete'
  | 'Kicked'
  | 'GetRPCMethods'

/** A call of the ACS that waits for its answer. */
export interface Report {
  readonly method: ReportMethod
  readonly content: string
  readonly commandKey: string
  readonly fault: number
  /** What announces it, and is settled by its answer (TR-069 3.7.1.5, table 8). */
  readonly events: readonly CpeEvent[]
  repeatsLeft: number
}

/** Software that is installed beside the firmware (TR-157 Amendment 3, Appendix II). */
export interface DeploymentUnit {
  readonly uuid: string
  version: string
  url: string
  /** Path of its instance in the data model. */
  readonly path: string
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
  /** Another one after a factory reset. */
  model: DataModel
  readonly events: EventQueue
  readonly downloadsReceived: Map<string, number>
  transfers: Transfer[]
  reports: Report[]
  /** Values that changed by another hand than the ACS's and wait to be told in an Inform (TR-069 A.3.2.4). */
  readonly changed: Set<string>
  /** The same, waiting for a UDP Lightweight Notification. */
  readonly changedLightly: Set<string>
  readonly deploymentUnits: DeploymentUnit[]
  /** What the ACS asked for and the end of the session starts. */
  readonly asked: {
    reboots: string[]
    factoryReset: boolean
    informs: { commandKey: string; delaySeconds: number }[]
    unitChanges: { commandKey: string; operations: readonly XmlElement[] }[]
    /** Another ACS URL was set: the next session is a first contact. */
    otherAcs: boolean
    /** Something made it reboot in the middle of the session. */
    crash: boolean
  }
  /** How many vouchers it holds. */
  vouchers: number
  /** When it was last switched on, in real milliseconds since the epoch. */
  bootedAt: number
  /** What it would upload as its log: the last happenings. */
  readonly log: string[]
  /** Waits in real milliseconds; rejects when the device is switched off. */
  wait(ms: number): Promise<void>
  outcome: DeviceOutcome
  settingsLost: boolean
  /** The version in the namespace of its messages, in this session. */
  namespace: string
  /** Cookies of the session before. */
  readonly cookies: Map<string, string>
  /** How often it hung up on purpose. */
  hangUps: number
  messageCount: number
  record(happening: Happening): void
}

/** The key as the device repeats it, in the report or in its event. */
function keyToReport(cpe: Cpe, commandKey: string, where: 'report' | 'event'): string {
  const blank = cpe.settings.faults.blanksCommandKey
  return blank === true || blank === where ? '' : commandKey
}

/** Queues a TransferComplete and the events that announce it (TR-069 3.7.1.5). */
export function queueReport(cpe: Cpe, transfer: Transfer, fault: number): void {
  const { faults } = cpe.settings
  if (faults.neverSendsTransferComplete) return
  const commandKey = keyToReport(cpe, transfer.commandKey, 'report')
  const silent = faults.transferCompleteWithoutEvent === true
  addReport(cpe, {
    method: 'TransferComplete',
    commandKey,
    fault,
    content:
      tag('CommandKey', commandKey) +
      faultStruct(fault, fault === 0 ? '' : 'The simulated device could not install the file') +
      tag('StartTime', transfer.startedAt) +
      tag('CompleteTime', new Date().toISOString()),
    events: silent
      ? []
      : [
          { code: '7 TRANSFER COMPLETE', commandKey: '' },
          { code: `M ${transfer.method}`, commandKey: keyToReport(cpe, transfer.commandKey, 'event') },
        ],
    repeatsLeft: faults.repeatsTransferComplete ?? 0,
  })
  if (silent) cpe.events.add('2 PERIODIC')
}

export function addReport(cpe: Cpe, report: Report): void {
  cpe.reports.push(report)
  for (const { code, commandKey } of report.events) cpe.events.add(code, commandKey)
}

export function forget(cpe: Cpe, transfer: Transfer): void {
  cpe.transfers = cpe.transfers.filter((one) => one !== transfer)
}
