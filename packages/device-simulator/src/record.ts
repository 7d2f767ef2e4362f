import { closeSync, openSync, writeSync } from 'node:fs'
import type { UnitResult } from './write-reports.ts'

/** What can happen to a device, as it sees it itself. */
export type Happening =
  | {
      readonly what: 'informed'
      readonly events: readonly string[]
      readonly retryCount: number
      readonly version: string
      /** What the ACS said in UseCWMPVersion. */
      readonly useVersion?: string
    }
  /** `waitSeconds`: protocol seconds until it is tried again (TR-069 3.2.1.1). */
  | { readonly what: 'session_failed'; readonly reason: string; readonly waitSeconds: number }
  | { readonly what: 'redirected'; readonly urlHost: string }
  | { readonly what: 'called'; readonly method: string; readonly fault?: number }
  /** Download, or ScheduleDownload: the latter's answer has no Status. */
  | {
      readonly what: 'download_received'
      readonly commandKey: string
      readonly urlHost: string
      readonly argumentNames: readonly string[]
    }
  | {
      readonly what: 'download_answered'
      readonly commandKey: string
      readonly status?: 0 | 1
      readonly fault?: number
      readonly dropped?: true
    }
  | { readonly what: 'bytes_received'; readonly commandKey: string; readonly bytes: number; readonly sha256: string }
  | { readonly what: 'download_failed'; readonly commandKey: string; readonly fault: number }
  | { readonly what: 'image_refused'; readonly commandKey: string; readonly fault: number; readonly why: string }
  | { readonly what: 'flashed'; readonly commandKey: string; readonly version: string }
  | { readonly what: 'booted'; readonly version: string }
  | { readonly what: 'transfer_complete_sent'; readonly commandKey: string; readonly fault: number }
  | { readonly what: 'transfer_complete_answered'; readonly commandKey: string; readonly fault: number }
  | { readonly what: 'settings_lost'; readonly how: 'reset' | 'silently' | 'factory_reset' }
  | { readonly what: 'settings_regained' }
  | { readonly what: 'service_broken'; readonly name: string }
  | { readonly what: 'fell_back'; readonly from: string; readonly to: string }
  | { readonly what: 'silent' }
  | { readonly what: 'cancelled'; readonly commandKey: string }
  | { readonly what: 'parameters_set'; readonly names: readonly string[] }
  | { readonly what: 'attributes_set'; readonly names: readonly string[] }
  | { readonly what: 'object_added'; readonly path: string; readonly alias?: string }
  | { readonly what: 'object_deleted'; readonly path: string }
  /** By another hand than the ACS's. */
  | { readonly what: 'value_changed'; readonly name: string }
  | { readonly what: 'acs_changed'; readonly urlHost: string }
  | { readonly what: 'login_changed' }
  /** A file that is no firmware; `names` are the parameters a configuration set. */
  | {
      readonly what: 'file_applied'
      readonly commandKey: string
      readonly fileType: string
      readonly names: readonly string[]
    }
  | {
      readonly what: 'uploaded'
      readonly commandKey: string
      readonly fileType: string
      readonly bytes: number
      readonly sha256: string
    }
  | { readonly what: 'upload_failed'; readonly commandKey: string; readonly fault: number }
  | { readonly what: 'units_changed'; readonly commandKey: string; readonly results: readonly UnitResult[] }
  | { readonly what: 'vouchers_set'; readonly count: number; readonly sha256: string }
  /** A call of the ACS other than TransferComplete. */
  | { readonly what: 'report_sent'; readonly call: string; readonly commandKey: string; readonly fault: number }
  | {
      readonly what: 'report_answered'
      readonly call: string
      readonly commandKey: string
      readonly methods?: readonly string[]
      readonly nextUrl?: string
    }
  /** `fault`: the ACS's (TR-069 A.5.2). */
  | { readonly what: 'report_refused'; readonly call: string; readonly commandKey: string; readonly fault: number }
  /** `status`: the HTTP status it answered; over UDP 200 for one that holds, 0 for one that was ignored. */
  | { readonly what: 'connection_request'; readonly over: 'http' | 'udp'; readonly status: number }
  /** What STUN told of its address. */
  | { readonly what: 'binding_learnt'; readonly address: string; readonly natDetected: boolean }
  | { readonly what: 'stun_failed'; readonly reason: string }
  | { readonly what: 'notified_lightly'; readonly names: readonly string[] }
  | { readonly what: 'standby_entered' }
  | { readonly what: 'standby_left'; readonly wakeup: boolean }
  | { readonly what: 'defect'; readonly reason: string }

/** One line of the record. `at` is RFC 3339 in UTC. */
export type RecordLine = { readonly at: string; readonly serial: string; readonly deviceName: string } & Happening

export interface RecordFile {
  append(line: RecordLine): void
  close(): void
}

/** JSON lines, appended and written at once: the record outlives the process. */
export function openRecordFile(path: string): RecordFile {
  const file = openSync(path, 'a')
  let open = true
  return {
    append: (line) => {
      if (open) writeSync(file, `${JSON.stringify(line)}\n`)
    },
    close: () => {
      if (open) closeSync(file)
      open = false
    },
  }
}
