import { createHash } from 'node:crypto'
import { FIRMWARE, forget, queueReport, type Cpe, type Transfer } from './cpe.ts'
import { applyConfiguration, readFile } from './device-files.ts'
import { fetchImage } from './fetch-image.ts'
import { putFile } from './put-file.ts'
import { carryOut, type Power } from './upgrade.ts'

/** Does what a Download, ScheduleDownload or Upload asked for. `open`: a window of a ScheduleDownload is open. */
export async function transferFile(cpe: Cpe, transfer: Transfer, open: boolean, power: Power): Promise<void> {
  if (!cpe.transfers.includes(transfer)) return
  if (transfer.method === 'Upload') return uploadFile(cpe, transfer, power)
  if (!open) {
    cpe.record({ what: 'download_failed', commandKey: transfer.commandKey, fault: 9020 })
    if (transfer.fileType === FIRMWARE) cpe.outcome = 'download_failed'
    return finish(cpe, transfer, 9020, power)
  }
  if (transfer.fileType === FIRMWARE) return carryOut(cpe, transfer, power)
  return fetchFile(cpe, transfer, power)
}

function finish(cpe: Cpe, transfer: Transfer, fault: number, power: Power): void {
  forget(cpe, transfer)
  queueReport(cpe, transfer, fault)
  power.contact()
}

/** The TransferComplete says whether it arrived. */
async function uploadFile(cpe: Cpe, transfer: Transfer, power: Power): Promise<void> {
  const { commandKey, fileType } = transfer
  begin(transfer)
  const file = readFile(cpe, fileType)
  const put = await putFile(transfer, file, cpe.settings, cpe.random, transfer.abort.signal)
  if (put.kind === 'aborted') return
  if (put.kind === 'sent') {
    cpe.record({ what: 'uploaded', commandKey, fileType, bytes: file.length, sha256: digest(file) })
  } else cpe.record({ what: 'upload_failed', commandKey, fault: put.fault })
  finish(cpe, transfer, put.kind === 'sent' ? 0 : put.fault, power)
}

/** Any file but firmware: fetched, its digest written down, and applied without a reboot. */
async function fetchFile(cpe: Cpe, transfer: Transfer, power: Power): Promise<void> {
  const { commandKey, fileType } = transfer
  begin(transfer)
  const fetched = await fetchImage(transfer, cpe.settings, cpe.random, transfer.abort.signal)
  if (fetched.kind === 'aborted') return
  if (fetched.kind === 'failed') {
    cpe.record({ what: 'download_failed', commandKey, fault: fetched.fault })
    return finish(cpe, transfer, fetched.fault, power)
  }
  const { image } = fetched
  cpe.record({ what: 'bytes_received', commandKey, bytes: image.length, sha256: digest(image) })
  const names = fileType === '3 Vendor Configuration File' ? applyConfiguration(cpe, image) : []
  cpe.record({ what: 'file_applied', commandKey, fileType, names })
  finish(cpe, transfer, 0, power)
}

function begin(transfer: Transfer): void {
  transfer.state = 'in_progress'
  transfer.startedAt = new Date().toISOString()
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
