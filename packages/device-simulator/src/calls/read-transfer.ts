import type { Cpe, Transfer } from '../cpe.ts'
import { textOf, type XmlElement } from '../read-xml.ts'
import { UNKNOWN_TIME } from '../write-soap.ts'

/** TR-069 A.3.2.8 asks for at least three. */
const MAX_QUEUED = 3

export function readTransfer(method: Transfer['method'], args: XmlElement): Transfer {
  return {
    method,
    commandKey: textOf(args, 'CommandKey') ?? '',
    fileType: textOf(args, 'FileType') ?? '',
    url: textOf(args, 'URL') ?? '',
    username: textOf(args, 'Username') ?? '',
    password: textOf(args, 'Password') ?? '',
    fileSize: Number(textOf(args, 'FileSize') || '0'),
    targetFileName: textOf(args, 'TargetFileName') ?? '',
    delaySeconds: Number(textOf(args, 'DelaySeconds') || '0'),
    windows: [],
    receivedAt: Date.now(),
    abort: new AbortController(),
    state: 'asked',
    startedAt: UNKNOWN_TIME,
  }
}

/** What is wrong with any transfer: lengths, the URL, its protocol, a full queue (TR-069 A.3.2.8, A.4.1.5, A.4.1.8). */
export function faultOfTransfer(cpe: Cpe, transfer: Transfer): number | undefined {
  const url = URL.parse(transfer.url)
  const { maxUrlLength = 256 } = cpe.settings.faults
  if (transfer.commandKey.length > 32 || transfer.url.length > maxUrlLength) return 9003
  if (transfer.username.length > 256 || transfer.password.length > 256) return 9003
  if (!isCount(transfer.delaySeconds) || !isCount(transfer.fileSize)) return 9003
  if (!url || url.username !== '' || url.password !== '') return 9003
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 9013
  if (cpe.transfers.length >= MAX_QUEUED) return 9004
  return undefined
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0
}
