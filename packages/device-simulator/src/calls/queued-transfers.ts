import { ok, refuse, type Answered } from '../answered.ts'
import { FIRMWARE, forget, type Cpe, type Transfer } from '../cpe.ts'
import { textOf, type XmlElement } from '../read-xml.ts'
import { list, tag } from '../write-soap.ts'

const STATES = { asked: 1, planned: 1, in_progress: 2, applying: 3 } as const

/** TR-069 A.4.1.1. */
export function getQueuedTransfers(cpe: Cpe): Answered {
  const held = cpe.transfers.map(
    ({ commandKey, state }) =>
      `<QueuedTransferStruct>${tag('CommandKey', commandKey)}${tag('State', STATES[state])}</QueuedTransferStruct>`,
  )
  return ok('GetQueuedTransfers', list('TransferList', 'cwmp:QueuedTransferStruct', held))
}

/** TR-069 A.4.1.7. */
export function getAllQueuedTransfers(cpe: Cpe): Answered {
  const held = cpe.transfers.map(
    (one) =>
      `<AllQueuedTransferStruct>${tag('CommandKey', one.commandKey)}${tag('State', STATES[one.state])}${tag('IsDownload', one.method === 'Upload' ? 0 : 1)}` +
      `${tag('FileType', listedType(one))}${tag('FileSize', one.fileSize)}${tag('TargetFileName', one.targetFileName)}</AllQueuedTransferStruct>`,
  )
  return ok('GetAllQueuedTransfers', list('TransferList', 'cwmp:AllQueuedTransferStruct', held))
}

/** Uploads have other numbers in this list than in the call (TR-069 table 62). */
function listedType({ method, fileType }: Transfer): string {
  if (method !== 'Upload') return fileType
  return fileType.replace(/^3 (Vendor Configuration File \d+)$/, '6 $1').replace(/^4 (Vendor Log File \d+)$/, '7 $1')
}

/** A key nobody knows is no error; what is being applied cannot be undone (TR-069 A.4.1.9). */
export function cancelTransfer(cpe: Cpe, args: XmlElement): Answered {
  const commandKey = textOf(args, 'CommandKey') ?? ''
  const matching = cpe.transfers.filter((transfer) => transfer.commandKey === commandKey)
  const fixed = (state: string): boolean => cpe.settings.faults.refusesCancel === true || state === 'applying'
  for (const transfer of matching.filter(({ state }) => !fixed(state))) {
    transfer.abort.abort()
    forget(cpe, transfer)
    if (transfer.fileType === FIRMWARE) cpe.outcome = 'cancelled'
    cpe.record({ what: 'cancelled', commandKey })
  }
  if (matching.some(({ state }) => fixed(state))) return refuse(9021, 'Cannot be cancelled now')
  return ok('CancelTransfer')
}
