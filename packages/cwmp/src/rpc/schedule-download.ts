import { integerArgument, listArgument, textArgument, unsignedArgument } from '../argument.ts'
import { CwmpError } from '../cwmp-error.ts'
import { element, type Xml } from '../xml-writer.ts'

/** TR-069 A.4.1.8: fetched and applied within the windows, never within the session. */
export interface ScheduleDownload {
  readonly kind: 'schedule_download'
  /** At most 32 characters. */
  readonly commandKey: string
  /** For example `1 Firmware Upgrade Image`. */
  readonly fileType: string
  readonly url: string
  readonly username?: string
  readonly password?: string
  /** Bytes; 0 where not known. */
  readonly fileSize?: number
  readonly targetFileName?: string
  /** One or two, in order, not overlapping. */
  readonly windows: readonly TimeWindow[]
}

export interface TimeWindow {
  /** Seconds after the request was received. */
  readonly start: number
  /** Seconds after the request was received; greater than `start`. */
  readonly end: number
  /** `1 At Any Time`, `2 Immediately`, `3 When Idle`, `4 Confirmation Needed`, or a vendor's `X ...`. */
  readonly mode: string
  /** Shown to the subscriber; may be empty. At most 256 characters. */
  readonly userMessage: string
  /** -1 leaves it to the CPE. */
  readonly maxRetries: number
}

export interface ScheduleDownloadResponse {
  readonly kind: 'schedule_download_response'
}

export function encodeScheduleDownload(message: ScheduleDownload): Xml {
  refuseOverlap(message.windows)
  const windows = message.windows.map(encodeWindow)
  return element('cwmp:ScheduleDownload', [
    textArgument('CommandKey', message.commandKey, 32),
    textArgument('FileType', message.fileType, 64),
    textArgument('URL', message.url, 256),
    textArgument('Username', message.username ?? '', 256),
    textArgument('Password', message.password ?? '', 256),
    unsignedArgument('FileSize', message.fileSize ?? 0),
    textArgument('TargetFileName', message.targetFileName ?? '', 256),
    listArgument('TimeWindowList', 'cwmp:TimeWindowStruct', windows, { min: 1, max: 2 }),
  ])
}

/** A CPE answers windows that overlap or end before they start with 9003: not worth a session. */
function refuseOverlap(windows: readonly TimeWindow[]): void {
  let free = 0
  for (const { start, end } of windows) {
    if (start < free || end <= start) throw new CwmpError('argument_out_of_range', 'TimeWindowList is not in order')
    free = end
  }
}

function encodeWindow(window: TimeWindow): Xml {
  return element('TimeWindowStruct', [
    unsignedArgument('WindowStart', window.start),
    unsignedArgument('WindowEnd', window.end),
    textArgument('WindowMode', window.mode, 64),
    textArgument('UserMessage', window.userMessage, 256),
    integerArgument('MaxRetries', window.maxRetries, -1, 2_147_483_647),
  ])
}

export function decodeScheduleDownloadResponse(): ScheduleDownloadResponse {
  return { kind: 'schedule_download_response' }
}
