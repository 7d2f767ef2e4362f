import { ok, refuse, type Answered } from '../answered.ts'
import { FIRMWARE, forget, queueReport, type Cpe, type Transfer } from '../cpe.ts'
import { obtainImage } from '../obtain-image.ts'
import type { XmlElement } from '../read-xml.ts'
import { tag, UNKNOWN_TIME } from '../write-soap.ts'
import { faultOfTransfer, readTransfer } from './read-transfer.ts'

const MINIMAL = ['CommandKey', 'FileType', 'URL', 'DelaySeconds']
const ALL = [...MINIMAL, 'Username', 'Password', 'FileSize', 'TargetFileName', 'SuccessURL', 'FailureURL']
const FILE_TYPES = [FIRMWARE, '2 Web Content', '3 Vendor Configuration File', '4 Tone File', '5 Ringer File']

export function isFileType(fileType: string): boolean {
  return FILE_TYPES.includes(fileType) || /^X [0-9A-Z_-]+ .+$/.test(fileType)
}

/** Accepts a Download for after the session (Status 1), or refuses it, or misbehaves as ordered (TR-069 A.3.2.8). */
export async function answerDownload(cpe: Cpe, args: XmlElement): Promise<Answered> {
  const { faults } = cpe.settings
  const transfer = readTransfer('Download', args)
  const { commandKey } = transfer
  const argumentNames = args.children.map((child) => child.name)
  const { host: urlHost } = URL.parse(transfer.url) ?? { host: '' }
  cpe.downloadsReceived.set(commandKey, (cpe.downloadsReceived.get(commandKey) ?? 0) + 1)
  cpe.record({ what: 'download_received', commandKey, urlHost, argumentNames })

  if (faults.dropsAfterDownload) {
    if (faults.dropsAfterDownload === 'performs') accept(cpe, transfer)
    cpe.record({ what: 'download_answered', commandKey, dropped: true })
    return { kind: 'dropped' }
  }
  const fault = objection(cpe, transfer, argumentNames)
  if (fault !== undefined) return faulty(cpe, commandKey, fault)
  accept(cpe, transfer)
  if (transfer.fileType !== FIRMWARE) return status(cpe, transfer, 1)
  if (faults.appliesInSession) return applyNow(cpe, transfer)
  if (faults.transferCompleteInSameSession) await fetchNow(cpe, transfer)
  return status(cpe, transfer, 1)
}

function objection(cpe: Cpe, transfer: Transfer, argumentNames: string[]): number | undefined {
  const { faults } = cpe.settings
  const has = (name: string): boolean => argumentNames.includes(name)
  if (faults.minimalDownloadOnly && (argumentNames.length !== MINIMAL.length || !MINIMAL.every(has)))
    return faults.minimalDownloadOnly === true ? 9003 : faults.minimalDownloadOnly
  if (faults.fullDownloadOnly && !ALL.every(has)) return 9003
  if (!MINIMAL.slice(0, 3).every(has) || argumentNames.some((name) => !ALL.includes(name))) return 9003
  if (!isFileType(transfer.fileType)) return 9003
  return faultOfTransfer(cpe, transfer)
}

function accept(cpe: Cpe, transfer: Transfer): void {
  cpe.transfers.push(transfer)
  if (transfer.fileType === FIRMWARE) cpe.outcome = 'in_progress'
}

async function fetchNow(cpe: Cpe, transfer: Transfer): Promise<void> {
  transfer.obtained = await obtainImage(cpe, transfer)
  transfer.state = 'asked'
  queueReport(cpe, transfer, transfer.obtained.kind === 'failed' ? transfer.obtained.fault : 0)
  transfer.told = true
}

async function applyNow(cpe: Cpe, transfer: Transfer): Promise<Answered> {
  transfer.obtained = await obtainImage(cpe, transfer)
  transfer.state = 'asked'
  transfer.told = true
  if (transfer.obtained.kind !== 'failed') return status(cpe, transfer, 0)
  forget(cpe, transfer)
  // Only these faults may answer a Download (TR-069 A.3.2.8); the others belong to TransferComplete.
  return faulty(cpe, transfer.commandKey, transfer.obtained.fault === 9012 ? 9012 : 9010)
}

function status(cpe: Cpe, transfer: Transfer, value: 0 | 1): Answered {
  cpe.record({ what: 'download_answered', commandKey: transfer.commandKey, status: value })
  const times = value === 0 ? [transfer.startedAt, new Date().toISOString()] : [UNKNOWN_TIME, UNKNOWN_TIME]
  return ok('Download', tag('Status', value) + tag('StartTime', times[0] ?? '') + tag('CompleteTime', times[1] ?? ''))
}

function faulty(cpe: Cpe, commandKey: string, fault: number): Answered {
  cpe.record({ what: 'download_answered', commandKey, fault })
  return refuse(fault, 'The simulated device cannot do this download')
}
