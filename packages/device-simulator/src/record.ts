import { closeSync, openSync, writeSync } from 'node:fs'

/** What can happen to a device, as it sees it itself. */
export type Happening =
  | {
      readonly what: 'informed'
      readonly events: readonly string[]
      readonly retryCount: number
      readonly version: string
    }
  | { readonly what: 'session_failed'; readonly reason: string }
  | { readonly what: 'called'; readonly method: string; readonly fault?: number }
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
  | { readonly what: 'fell_back'; readonly from: string; readonly to: string }
  | { readonly what: 'silent' }
  | { readonly what: 'cancelled'; readonly commandKey: string }
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
