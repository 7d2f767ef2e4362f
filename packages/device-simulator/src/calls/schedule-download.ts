import { ok, refuse, type Answered } from '../answered.ts'
import { FIRMWARE, type Cpe, type TimeWindow } from '../cpe.ts'
import { childOf, textOf, type XmlElement } from '../read-xml.ts'
import { isFileType } from './download.ts'
import { readWhole } from './read-arguments.ts'
import { faultOfTransfer, readTransfer } from './read-transfer.ts'

/** Confirmation by a user is no mode of this device. */
const MODES = ['1 At Any Time', '2 Immediately', '3 When Idle']

/** Downloads and applies within one or two windows (TR-069 A.4.1.8). */
export function scheduleDownload(cpe: Cpe, args: XmlElement): Answered {
  const windows = (childOf(args, 'TimeWindowList')?.children ?? []).map(readWindow)
  const transfer = { ...readTransfer('ScheduleDownload', args), windows }
  const { commandKey } = transfer
  const { host: urlHost } = URL.parse(transfer.url) ?? { host: '' }
  const argumentNames = args.children.map((child) => child.name)
  cpe.record({ what: 'download_received', commandKey, urlHost, argumentNames })
  const refusal = (fault: number): Answered => {
    cpe.record({ what: 'download_answered', commandKey, fault })
    return refuse(fault, 'The simulated device cannot do this download')
  }
  if (!isFileType(transfer.fileType) || !areWindows(windows)) return refusal(9003)
  const fault = faultOfTransfer(cpe, transfer)
  if (fault !== undefined) return refusal(fault)
  cpe.downloadsReceived.set(commandKey, (cpe.downloadsReceived.get(commandKey) ?? 0) + 1)
  cpe.transfers.push(transfer)
  if (transfer.fileType === FIRMWARE) cpe.outcome = 'in_progress'
  cpe.record({ what: 'download_answered', commandKey })
  return ok('ScheduleDownload')
}

function readWindow(element: XmlElement): TimeWindow {
  return {
    startSeconds: readWhole(element, 'WindowStart') ?? NaN,
    endSeconds: readWhole(element, 'WindowEnd') ?? NaN,
    mode: textOf(element, 'WindowMode') ?? '',
  }
}

function areWindows([first, second, ...more]: readonly TimeWindow[]): boolean {
  if (!first || more.length > 0) return false
  const all = second ? [first, second] : [first]
  return (
    all.every(({ startSeconds, endSeconds, mode }) => startSeconds < endSeconds && MODES.includes(mode)) &&
    (!second || second.startSeconds >= first.endSeconds)
  )
}
